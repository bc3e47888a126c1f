"""One thing that is wrong with a wish, and how bad that is."""

from dataclasses import dataclass
from enum import Enum

from vmdesk.model.sizes import GIB, KIB, MIB, TIB
from vmdesk.model.text import Text


class Weight(Enum):
    """ERROR: it cannot be. CONFIRM: only if the person says so once more. WARNING: it is told."""

    ERROR = "error"
    CONFIRM = "confirm"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Complaint:
    """`field`: of the wish, "disks[0].bytes", so that it stands beside what was typed."""

    field: str
    what: Text
    weight: Weight = Weight.ERROR


def unwritable(words: str) -> bool:
    """Whether XML cannot hold it, or it would break a line."""
    return any(sign < " " or sign == "\x7f" or "\ud800" <= sign <= "\udfff" or sign in "\ufffe\uffff" for sign in words)


def short(words: str) -> str:
    return words if len(words) <= 60 else words[:59] + "…"


def in_words(size: int) -> str:
    """In round figures, for sentences."""
    for unit, name in ((TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB")):
        if size >= unit:
            figure = f"{size / unit:.1f}".removesuffix(".0")
            return f"{figure} {name}"
    return f"{size // KIB} KiB"
