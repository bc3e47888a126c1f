"""Numbers as people read them: short, with their unit, of a width that does not jump.

Sizes in binary units (1.2 GiB), rates in decimal ones (340 MB/s), as the field writes them. NaN is an em dash.
"""

from math import floor, isnan, log10

NONE = "—"
_SPACE = "\u00a0"  # a number is never parted from its unit
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_DECIMAL = ("", "k", "M", "G", "T", "P")


def size(count: float) -> str:
    """Bytes as "1.2 GiB"."""
    return _scaled(count, 1024, _BINARY)


def size_kib(kib: float) -> str:
    """KiB as "1.2 GiB"."""
    return size(kib * 1024)


def rate(per_second: float) -> str:
    """Bytes per second as "340 MB/s"."""
    return _scaled(per_second, 1000, tuple(f"{unit}B/s" for unit in _DECIMAL))


def per_second(count: float) -> str:
    """Events per second as "1.2 k/s"."""
    return _scaled(count, 1000, tuple(f"{unit}/s" for unit in _DECIMAL))


def percent(value: float) -> str:
    """A percentage as "12 %", with one decimal below 1."""
    if isnan(value):
        return NONE
    return f"{value:.1f}{_SPACE}%" if 0 < value < 0.95 else f"{value:.0f}{_SPACE}%"


def milliseconds(value: float) -> str:
    """A duration given in ms: "340 µs", "1.2 ms", "2.5 s"."""
    if isnan(value):
        return NONE
    if value >= 1000:
        return _number(value / 1000) + _SPACE + "s"
    if 0 < value < 0.995:
        return f"{value * 1000:.0f}{_SPACE}µs"
    return _number(value) + _SPACE + "ms"


def _number(value: float) -> str:
    """One decimal below 10, none above: three characters at most; a whole number stays whole."""
    return f"{value:.0f}" if abs(value) >= 9.95 or abs(value - round(value)) < 0.05 else f"{value:.1f}"


def _scaled(value: float, base: int, units: tuple[str, ...]) -> str:
    if isnan(value):
        return NONE
    step = 0
    # 999.6 would be written "1000": it belongs to the next unit.
    while abs(value) >= base - 0.5 and step < len(units) - 1:
        value /= base
        step += 1
    return _number(value) + _SPACE + units[step]


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
        step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999999)
    steps = [0.0]
    while steps[-1] < top * 0.999999:
        steps.append(len(steps) * step)
    return steps
