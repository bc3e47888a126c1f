"""How fast it is: pictures a second, and how long a change takes to be seen."""

import time
from collections import deque
from dataclasses import dataclass

SPAN = 2.0  # seconds that are counted
_KEEP = 400  # paints kept at most
_KEY = 1.0  # seconds after a key in which a change may be its echo


@dataclass(frozen=True, slots=True)
class Speed:
    """frames a second; ms from a change to its being painted; ms from a key to the next change painted, 0 if none."""

    frames: float
    paint: float
    key: float


class Rates:
    """Told of every change, paint and key. Costs a few microseconds each."""

    def __init__(self) -> None:
        self._paints: deque[tuple[float, float]] = deque(maxlen=_KEEP)  # when, ms since its first change
        self._since = 0.0
        self._key_at = 0.0
        self._key_ms = 0.0

    def start(self) -> None:
        self._paints.clear()
        self._since = 0.0

    def changed(self, since: float) -> None:
        self._since = self._since or since

    def pressed(self) -> None:
        self._key_at = time.monotonic()

    def painted(self) -> None:
        """Paints without a change (a window moved over it) do not count."""
        if not self._since:
            return
        now = time.monotonic()
        self._paints.append((now, (now - self._since) * 1000))
        if self._key_at and self._since > self._key_at:
            if now - self._key_at < _KEY:
                self._key_ms = (now - self._key_at) * 1000
            self._key_at = 0.0
        self._since = 0.0

    def speed(self) -> Speed:
        now = time.monotonic()
        late = [ms for at, ms in self._paints if now - at <= SPAN]
        return Speed(len(late) / SPAN, sorted(late)[len(late) // 2] if late else 0.0, self._key_ms)
