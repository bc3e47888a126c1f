"""When something that fills up will be full, if it goes on as it did. Pure."""

from collections.abc import Sequence

LEAST = 3  # samples
SPAN = 3600.0  # seconds that they must cover: what happens within an hour is no trend
DAY = 86_400.0
SCARCE = 0.1  # of the whole
SOON = 7 * DAY


def full_in(samples: Sequence[tuple[float, float]], now: float) -> float | None:
    """Seconds from `now` until nothing is left, by the line that fits (time, left) best. None: never, or not known.

    0.0 where nothing is left already.
    """
    if samples and samples[-1][1] <= 0:
        return 0.0
    if len(samples) < LEAST or samples[-1][0] - samples[0][0] < SPAN:
        return None
    count = len(samples)
    middle = sum(at for at, _left in samples) / count
    level = sum(left for _at, left in samples) / count
    spread = sum((at - middle) ** 2 for at, _left in samples)
    slope = sum((at - middle) * (left - level) for at, left in samples) / spread
    if slope >= 0:
        return None
    return max(0.0, middle - level / slope - now)


def thinned(samples: Sequence[tuple[float, float]], now: float, gap: float, most: float) -> list[tuple[float, float]]:
    """Those of the last `most` seconds, at least `gap` apart, the first of each stretch kept; the newest stays."""
    found: list[tuple[float, float]] = []
    recent = [one for one in samples if 0 <= now - one[0] <= most]
    for one in recent:
        if not found or one[0] - found[-1][0] >= gap:
            found.append(one)
    if recent and found[-1] != recent[-1]:
        found.append(recent[-1])
    return found
