"""Names of machines: which ones can be, and several at once.

"lab-{01..30}" is lab-01 to lab-30; "lab", three times, is lab-01, lab-02, lab-03.
"""

import re
import unicodedata
from typing import Protocol

from vmdesk.model.text import Text, text

MOST = 999
# In UTF-8. libvirt and its helpers make files of it with endings up to "_VARS.fd.new" and folders have 255: 243 works,
# 245 does not. We leave room for names of disks and copies.
LONGEST = 200
_PATTERN = re.compile(r"\{([0-9]{1,4})\.\.([0-9]{1,4})\}")
# They turn the direction of writing round: what is read is not what is there.
_TURNING = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Several(Protocol):
    """What names several machines: a wish."""

    @property
    def name(self) -> str: ...
    @property
    def count(self) -> int: ...


def names(wish: Several) -> tuple[str, ...]:
    """The names of all machines of the wish, at most `MOST` + 1; empty if the pattern runs backwards."""
    return expand(wish.name, wish.count)


def expand(name: str, count: int = 1) -> tuple[str, ...]:
    """A pattern says by itself how many; otherwise `count` does."""
    found = _PATTERN.search(name)
    if found is not None:
        first, last = found.groups()
        width = len(first) if first.startswith("0") else 0
        numbers = range(int(first), min(int(last), int(first) + MOST) + 1)
        return tuple(f"{name[: found.start()]}{number:0{width}d}{name[found.end() :]}" for number in numbers)
    if count <= 1:
        return (name,)
    width = max(2, len(str(count)))
    return tuple(f"{name}-{number:0{width}d}" for number in range(1, min(count, MOST + 1) + 1))


def is_pattern(name: str) -> bool:
    """Whether it stands for several names."""
    return _PATTERN.search(name) is not None


def problem(name: str) -> Text | None:
    """Why no machine may be called so; None if one may."""
    if not name.strip():
        return text("The machine needs a name.")
    # WORKAROUND libvirt 9.0: it takes the name for a folder. Defining "." deletes all machines' snapshots, defining
    # ".." its whole folder, with VALIDATE too.
    if name in (".", ".."):
        return text("A machine cannot be called {name}: libvirt would take that for a folder.", name=name)
    if "/" in name:
        return text("A name cannot have a slash (/).")
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or sign in _TURNING for sign in name):
        return text("The name has invisible characters: write it in one line of plain text.")
    if "\ufffe" in name or "\uffff" in name:
        return text("The name has invisible characters: write it in one line of plain text.")
    if name != name.strip():
        return text("A name cannot begin or end with a space.")
    if name.startswith("-"):
        return text("A name cannot begin with a dash: programs would take it for an option.")
    if len(name.encode()) > LONGEST:
        return text("The name is too long: {n} bytes of at most {most}.", n=len(name.encode()), most=LONGEST)
    return None


def warning(name: str) -> Text | None:
    """What is unwise about a name that can be."""
    if name.isdecimal():
        return text("The name is a number: virsh would take it for the number of a running machine.")
    if _UUID.fullmatch(name):
        return text("The name looks like a UUID: programs would take it for one.")
    return None
