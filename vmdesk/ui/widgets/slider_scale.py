"""What the places of a slider stand for."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

_TENS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)
_EIGHTHS = (4, 5, 6, 7)


@dataclass(frozen=True)
class Scale:
    """From `low` to `high`: in even steps, or (step 0) each place about as much more than the one before.

    binary  round values are powers of two and quarters between them, else 1, 1.2, 1.5, 2, 2.5 ...
    """

    low: int
    high: int
    step: int = 0
    binary: bool = False

    @cached_property
    def values(self) -> tuple[int, ...]:
        """One for each place, ascending."""
        even = range(-(-self.low // self.step) * self.step, self.high + 1, self.step) if self.step else ()
        inner = even or self._growing()
        found = {value for value in inner if self.low <= value <= self.high}
        return tuple(sorted({self.low, *found, self.high}))

    def _growing(self) -> list[int]:
        found = []
        unit = 1
        while unit <= self.high:
            if self.binary:
                found += [unit * part // 4 for part in _EIGHTHS if unit * part % 4 == 0]
                unit *= 2
            else:
                found += [unit * part // 10 for part in _TENS if unit * part % 10 == 0]
                unit *= 10
        return found

    def place(self, value: float) -> int:
        """The place nearest to a value; beyond the ends: the ends."""
        values = self.values
        after = min(bisect_left(values, value), len(values) - 1)
        before = max(after - 1, 0)
        return after if values[after] - value <= value - values[before] else before
