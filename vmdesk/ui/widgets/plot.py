"""What a graph draws, worked out before any painting: pure arithmetic on times and values."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import floor, inf, isnan, log10, nan

from vmdesk.core.units import UNKNOWN
from vmdesk.model.text import in_language


@dataclass(frozen=True, slots=True)
class Line:
    """One curve. `times` are Unix seconds, ascending; NaN in `values` is a gap; `high` the maxima where known."""

    name: str
    times: Sequence[float] = ()
    values: Sequence[float] = ()
    high: Sequence[float] = ()

    def at(self, moment: float, hole: float) -> tuple[float, float]:
        """(value, maximum) of the reading nearest to `moment`, NaN where it is further than `hole` seconds away."""
        place = bisect_left(self.times, moment)
        near = [i for i in (place - 1, place) if 0 <= i < len(self.times)]
        if not near:
            return nan, nan
        best = min(near, key=lambda i: abs(self.times[i] - moment))
        if abs(self.times[best] - moment) > hole:
            return nan, nan
        return self.values[best], (self.high[best] if self.high else nan)


@dataclass(frozen=True, slots=True)
class Limit:
    """A level that cannot be passed, drawn as a dashed line."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without readings, and why."""

    start: float
    end: float
    name: str


@dataclass(slots=True)
class Run:
    """Joined points: times, means, maxima."""

    times: list[float] = field(default_factory=list)
    means: list[float] = field(default_factory=list)
    tops: list[float] = field(default_factory=list)


def runs(line: Line, start: float, end: float, bucket: float, hole: float) -> list[Run]:
    """The line between `start` and `end` as joined runs, readings within `bucket` seconds taken together.

    Buckets lie at multiples of `bucket`, so that a moving window does not make the curve flicker.
    """
    times, values, high = line.times, line.values, line.high or line.values
    first = max(bisect_left(times, start) - 1, 0)
    last = min(bisect_right(times, end) + 1, len(times))
    done: list[Run] = []
    run = Run()
    before = -inf
    slot, count, total, top, when = -1, 0, 0.0, -inf, 0.0
    for i in range(first, last):
        moment, value = times[i], values[i]
        broken = value != value  # NaN
        here = floor(moment / bucket) if bucket else i
        if count and (broken or here != slot or moment - before > hole):
            run.times.append(when / count)
            run.means.append(total / count)
            run.tops.append(top)
            count, total, top, when = 0, 0.0, -inf, 0.0
        if broken or moment - before > hole:
            if run.times:
                done.append(run)
                run = Run()
            before = moment
            if broken:
                continue
        slot, before = here, moment
        count += 1
        total += value
        when += moment
        if high[i] > top:
            top = high[i]
    if count:
        run.times.append(when / count)
        run.means.append(total / count)
        run.tops.append(top)
    if run.times:
        done.append(run)
    return done


def highest(line: Line, start: float, end: float) -> float:
    """The greatest value between two moments, 0 if there is none."""
    source = line.high or line.values
    part = source[bisect_left(line.times, start) : bisect_right(line.times, end)]
    return max((value for value in part if value == value), default=0.0)


def nice_steps(top: float, binary: bool, count: int = 4) -> list[float]:
    """Round values from 0 to at least `top`, about `count` steps: 1-2-5 (or powers of two in binary)."""
    if not top > 0:
        top = 1.0
    raw = top / count
    if binary:
        step = 1.0
        while step < raw:
            step *= 2
    else:
        power = 10.0 ** floor(log10(raw))
        step = next(factor * power for factor in (1, 2, 2.5, 5, 10, 20) if factor * power >= raw * 0.999999)
    steps = [0.0]
    while steps[-1] < top * 0.999999:
        steps.append(len(steps) * step)
    return steps


def per_second(count: float) -> str:
    """Events per second: `42 /s`, `1.2 k/s`."""
    if isnan(count):
        return UNKNOWN
    unit = ""
    for bigger in ("k", "M"):
        if count >= 999.5:
            count, unit = count / 1000, bigger
    digits = 1 if 0.05 <= count < 9.95 and count != round(count) else 0
    return in_language(f"{count:.{digits}f} {unit}/s")


def milliseconds(value: float) -> str:
    """A duration given in ms: `0.3 ms`, `12 ms`, `2.5 s`."""
    if isnan(value):
        return UNKNOWN
    if value >= 999.5:
        return in_language(f"{value / 1000:.1f} s")
    return in_language(f"{value:.{1 if 0.05 <= value < 9.95 else 0}f} ms")


MINUTE, HOUR, DAY = 60, 3600, 86400
_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * DAY for days in (1, 2, 7, 14, 30, 61, 91)),
)


def time_step(width: float, most: int) -> int:
    """The smallest round number of seconds of which at most `most` fit into `width`."""
    return next((step for step in _STEPS if width / step <= max(most, 1)), _STEPS[-1])


def time_ticks(start: float, end: float, step: int) -> Iterator[datetime]:
    """Round moments of local time between two Unix times; steps of a month or more fall on the first."""
    # All in naive local time, so that "every 6 hours" stays at 6, 12, 18 when the clocks change.
    midnight = datetime.fromtimestamp(start).replace(hour=0, minute=0, second=0, microsecond=0)
    if step >= 30 * DAY:
        months = max(round(step / (30.4 * DAY)), 1)
        tick = midnight.replace(day=1)
        while tick.timestamp() <= end:
            if tick.timestamp() >= start and (tick.month - 1) % months == 0:
                yield tick
            tick = (tick + timedelta(days=32)).replace(day=1)
        return
    if step >= DAY:
        # Counted from a fixed day, so that the marks stay on their days while time goes on.
        tick = midnight - timedelta(days=midnight.toordinal() % (step // DAY))
    else:
        tick = midnight
    while tick.timestamp() <= end:
        if tick.timestamp() >= start:
            yield tick
        tick += timedelta(seconds=step)
