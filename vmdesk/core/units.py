"""Numbers for people: the same width and unit from one second to the next, so that nothing jumps."""

import math

from vmdesk.model.text import in_language, tr

_BINARY = ("KiB", "MiB", "GiB", "TiB", "PiB")
_DECIMAL = ("B", "kB", "MB", "GB", "TB")
UNKNOWN = "–"


def percent(value: float) -> str:
    """`12 %`; the dash for NaN."""
    return UNKNOWN if math.isnan(value) else f"{value:.0f} %"


def _scaled(value: float, step: float, units: tuple[str, ...]) -> tuple[float, str]:
    at = 0
    # 999.5 would be written as 1000
    while value >= step * 0.9995 and at < len(units) - 1:
        value /= step
        at += 1
    return value, units[at]


def _digits(value: float) -> str:
    """Up to 9.9 with one decimal, above without: three characters at most below 1000."""
    return in_language(f"{value:.1f}") if 0 < value < 9.95 else f"{value:.0f}"


def kib(value: float) -> str:
    """An amount of memory in KiB: `512 MiB`, `1.2 GiB`; the dash for NaN and below zero (not told)."""
    if math.isnan(value) or value < 0:
        return UNKNOWN
    number, unit = _scaled(float(value), 1024.0, _BINARY)
    return f"{_digits(number)} {unit}"


def kib_of(part: float, whole: float) -> str:
    """`1.2 / 2.0 GiB`: both in the unit of the whole, so that the first can change without a jump."""
    if math.isnan(whole) or whole <= 0:
        return kib(part)
    if math.isnan(part) or part < 0:
        return kib(whole)
    number, unit = _scaled(float(whole), 1024.0, _BINARY)
    shown = part * number / whole
    decimals = 1 if unit not in ("KiB", "MiB") and number < 99.95 else 0
    if part and shown < 0.5 / 10**decimals:  # a little of very much is not nothing
        return f"{kib(part)} / {kib(whole)}"
    return in_language(f"{shown:.{decimals}f} / {number:.{decimals}f} {unit}")


def size(value: float) -> str:
    """A number of bytes on a disk: `4.3 GB`."""
    if math.isnan(value) or value < 0:
        return UNKNOWN
    number, unit = _scaled(float(value), 1000.0, _DECIMAL)
    return f"{_digits(number) if unit != 'B' else f'{number:.0f}'} {unit}"


def rate(value: float) -> str:
    """Bytes per second: `0 kB/s`, `340 MB/s`. Never below kB, which would only flicker."""
    if math.isnan(value) or value < 0:
        return UNKNOWN
    number, unit = _scaled(float(value) / 1000.0, 1000.0, _DECIMAL[1:])
    return f"{_digits(number) if number >= 0.05 else '0'} {unit}/s"


def duration(seconds: float) -> str:
    """How long: `42 s`, `5 min`, `3 h 07 min`, `12 d 4 h`."""
    if math.isnan(seconds) or seconds < 0:
        return UNKNOWN
    whole = int(seconds)
    if whole < 60:
        return tr("{n} s", n=whole)
    if whole < 3600:
        return tr("{n} min", n=whole // 60)
    if whole < 86400:
        return tr("{hours} h {minutes} min", hours=whole // 3600, minutes=f"{whole % 3600 // 60:02d}")
    return tr("{days} d {hours} h", days=whole // 86400, hours=whole % 86400 // 3600)
