"""How the figures of limits are written, and read back from what a person types."""

import re
from dataclasses import dataclass

from vmdesk.model.text import in_language, tr

_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")
_TYPED = re.compile(r"([0-9]+(?:[.,][0-9]*)?)\s*([^\W\d]*|%)\s*(?:/\s*s)?", re.IGNORECASE)
_POWERS = {"": None, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4}


@dataclass(frozen=True, slots=True)
class Written:
    """One kind of figure.

    ending   what follows the number: "%", "ms"
    per      how many of the figure's units one of `ending` is (a period is kept in µs and written in ms)
    base     of a size: bytes in one of the figure's units; 0: no size
    """

    ending: str = ""
    per: int = 1
    base: int = 0
    a_second: bool = False
    decimals: int = 0

    def write(self, value: float) -> str:
        """ "50 %", "1.5 GiB", "10 MiB/s"."""
        words = self._size(value) if self.base else _figure(value / self.per, 3 if self.per > 1 else self.decimals)
        end = f" {self.ending}" if self.ending else ""
        return words + end + ("/s" if self.a_second else "")

    def _size(self, value: float) -> str:
        number, at = value * self.base, 0
        while number >= 1024 and at < len(_SIZES) - 1:
            number, at = number / 1024, at + 1
        return f"{_figure(number, 2)} {_SIZES[at]}"

    def read(self, words: str) -> float | None:
        """The figure, None if it cannot be read. A size without a unit is in the unit that it is usually shown in."""
        found = _TYPED.fullmatch(words.strip())
        if found is None:
            return None
        number = float(found[1].replace(",", "."))
        if self.base:
            return self._read_size(number, found[2].lower())
        if found[2] and found[2].lower() not in (self.ending.lower(), "s" if self.a_second else ""):
            return None
        value = number * self.per
        return round(value, self.decimals) if self.decimals else round(value)

    def _read_size(self, number: float, unit: str) -> float | None:
        first, rest = unit[:1], unit[1:]
        power = _POWERS.get(first, -1)
        if power == -1 or rest not in ("", "b", "ib"):
            return None
        return float(round(number * 1024.0 ** (2 if power is None else power) / self.base))


def _figure(value: float, decimals: int) -> str:
    words = f"{value:.{decimals}f}"
    return in_language(words.rstrip("0").rstrip(".") if "." in words else words)


def no_limit() -> str:
    return tr("no limit")


PERCENT = Written("%", decimals=1)
COUNT = Written()
REQUESTS = Written(a_second=True)
PERIOD = Written("ms", per=1000)
SECONDS = Written("s")
KIB = Written(base=1024)
KIB_A_SECOND = Written(base=1024, a_second=True)
BYTES = Written(base=1)
BYTES_A_SECOND = Written(base=1, a_second=True)
