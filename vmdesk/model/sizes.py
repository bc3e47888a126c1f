"""Sizes as people type them: suffixes are binary; a bare memory figure is MiB, a bare disk size GiB."""

import re
from decimal import Decimal

from vmdesk.model.text import Text, text

KIB, MIB, GIB, TIB = 1024, 1024**2, 1024**3, 1024**4
MOST_MEMORY_KIB = 1 << 42  # 4 PiB: the 52 bits of an address that x86-64 and Arm have
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
# Two dozen digits are more than any disk has; more only costs time.
_SIZE = re.compile(r"([0-9]{1,24}(?:\.[0-9]{1,12})?)\s*([kmgtp]?)(i?b)?", re.IGNORECASE)
_SECTOR = 512


class SizeError(ValueError):
    """Not a size. `why` is the sentence for people."""

    def __init__(self, why: Text) -> None:
        super().__init__(str(why))
        self.why = why


def memory_kib(words: str) -> int:
    """KiB of "512" (MiB), "2G", "1.5GiB". Raises SizeError."""
    return _bytes(words, MIB) // KIB


def too_much(kib: int) -> Text | None:
    """Whether so many KiB of memory are more than a processor can address."""
    if kib <= MOST_MEMORY_KIB:
        return None
    most = written(MOST_MEMORY_KIB * KIB)
    return text(
        "{memory} of memory is more than any machine can have: at most {most}.", memory=written(kib * KIB), most=most
    )


def disk_bytes(words: str) -> int:
    """Bytes of "20" (GiB), "512M", "1.5T", in whole sectors. Raises SizeError."""
    return -(-_bytes(words, GIB) // _SECTOR) * _SECTOR


def written(size: int) -> str:
    """`size` bytes as one of these reads it back, exactly: "20G", "1536M", "3K"."""
    for suffix, unit in (("T", TIB), ("G", GIB), ("M", MIB)):
        if size and size % unit == 0:
            return f"{size // unit}{suffix}"
    # A fraction of a KiB is a multiple of 1/1024: ten decimals hold it exactly.
    return f"{Decimal(size) / KIB:f}K"


def _bytes(words: str, bare: int) -> int:
    typed = words.strip()
    if typed.startswith(("-", "−")):
        raise SizeError(text("A size cannot be negative: {size}.", size=_short(typed)))
    found = _SIZE.fullmatch(typed)
    if found is None:
        raise SizeError(text("{size} is not a size. Write it like 512M, 20G or 1.5T.", size=_short(typed) or "“”"))
    figure, suffix, unit = found.groups()
    if unit and not suffix and unit.lower() == "ib":
        raise SizeError(text("{size} is not a size. Write it like 512M, 20G or 1.5T.", size=_short(typed)))
    if unit and not suffix:
        factor = 1
    else:
        factor = 1024 ** _POWERS[suffix.lower()] if suffix else bare
    return int(Decimal(figure) * factor)


def _short(words: str) -> str:
    return words if len(words) <= 40 else words[:39] + "…"
