"""How figures are packed for the archive: 16 bits each on a logarithmic scale, exact to 0.03 percent.

A chunk holds consecutive points of one machine in one resolution: for each series first all averages, then all maxima.
Code 0 is "unknown", so that an untouched chunk is all gaps. Because the scale is monotonic, the greatest code is the
code of the greatest value.
"""

import math
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from vmdesk.model.stats import NAN

SERIES = ("cpu", "memory", "read", "write", "rx", "tx")
WIDTH = 2 * len(SERIES)  # values of one point: average and maximum of each series
_SCALE = 65_533 / math.log1p(1e15)


@dataclass(frozen=True, slots=True)
class Tier:
    """One resolution. `step` seconds a point, `points` of a chunk, `keep` seconds until a chunk is thrown away."""

    number: int
    step: int
    points: int
    keep: int

    @property
    def span(self) -> int:
        """Seconds of a chunk."""
        return self.step * self.points

    def chunk(self, at: float) -> int:
        return int(at) // self.span

    def slot(self, at: float) -> int:
        return int(at) % self.span // self.step

    def empty(self) -> "array[int]":
        return array("H", bytes(2 * WIDTH * self.points))


DAY = 86_400
MINUTES = Tier(0, 60, 60, DAY + 3600)
QUARTERS = Tier(1, 900, 96, 31 * DAY)
QUARTER_DAYS = Tier(2, 21_600, 120, 366 * DAY)
TIERS = (MINUTES, QUARTERS, QUARTER_DAYS)


def encode(value: float) -> int:
    """The code of a figure; NaN is 0."""
    if value != value:
        return 0
    return min(2 + round(math.log1p(value) * _SCALE), 65_535) if value > 0 else 1


@cache
def decoding() -> "array[float]":
    """The figure of each code."""
    return array("f", [NAN, 0.0, *(math.expm1(n / _SCALE) for n in range(65_534))])


def point(series: "Sequence[array[float] | None]") -> "array[int] | None":
    """Average and maximum of the known values of each series; None where nothing is known."""
    codes = array("H")
    for values in series:
        known = [value for value in values if value == value] if values else None
        if known:
            codes.append(encode(sum(known) / len(known)))
            codes.append(encode(max(known)))
        else:
            codes.extend((0, 0))
    return codes if any(codes) else None


def put(chunk: "array[int]", tier: Tier, slot: int, codes: "array[int]") -> None:
    """Write one point into a chunk."""
    chunk[slot :: tier.points] = codes


def coarser(fine: "array[int]", tier: Tier, first: int, last: int) -> "array[int] | None":
    """The points [first, last) of a chunk as one: mean of averages, greatest of maxima. None if nothing is known."""
    decode = decoding()
    codes = array("H")
    for start in range(0, WIDTH * tier.points, 2 * tier.points):
        known = [decode[code] for code in fine[start + first : start + last] if code]
        codes.append(encode(sum(known) / len(known)) if known else 0)
        codes.append(max(fine[start + tier.points + first : start + tier.points + last]))
    return codes if any(codes) else None


def column(chunk: "array[int]", tier: Tier, series: int, maximum: bool) -> "array[int]":
    """All averages or maxima of one series in a chunk."""
    start = (2 * series + maximum) * tier.points
    return chunk[start : start + tier.points]


def pack(codes: "array[int]") -> bytes:
    """Bytes for the file, the same on every machine."""
    return _swapped(codes).tobytes()


def unpack(data: bytes, typecode: str = "H") -> "array[int]":
    """The codes back from the file; a length that does not fit raises ValueError."""
    codes = array(typecode)
    codes.frombytes(data)
    return _swapped(codes)


def _swapped(codes: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        codes = codes[:]
        codes.byteswap()
    return codes
