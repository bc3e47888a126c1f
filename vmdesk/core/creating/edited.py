"""A definition that the person changed by hand before there was a machine: the change is carried over to the real one.

What is shown beforehand has no UUID, no MAC addresses, and paths that may come out differently.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text
from vmdesk.virtxml.build.prepared import Definitions


@dataclass(frozen=True, slots=True)
class Edited:
    """`shown`: what the person saw first; `text`: what became of it."""

    shown: str
    text: str


def carry_over(edited: Edited, real: Definitions) -> Definitions:
    """The real definitions with the person's changes. VirtError where both changed the same lines."""
    first = merge(edited.shown, edited.text, real.first)
    if first is None:
        raise VirtError(
            Problem(
                text("Your changes of the definition do not fit the machine as it is made."),
                text("They are on lines that were only filled in now, such as the path of a disk."),
                text("Undo the changes of those lines, and change them when the machine is there."),
                name="edited",
            )
        )
    # The stored one differs where the installer is: there the installer's absence wins.
    stored = merge(edited.shown, edited.text, real.stored, lenient=True)
    return Definitions(first, stored if stored is not None else first)


def merge(base: str, mine: str, other: str, *, lenient: bool = False) -> str | None:
    """Both changes of `base` in one text; None if they touch. lenient: then `other`'s stands."""
    lines = base.splitlines(keepends=True)
    ours, theirs = list(_changes(lines, mine)), list(_changes(lines, other))
    kept = []
    for start, end, new in ours:
        if (start, end, new) in theirs:
            continue
        clash = any(_touch(start, end, one[0], one[1]) for one in theirs)
        if clash and not lenient:
            return None
        if not clash:
            kept.append((start, end, new))
    found, at = [], 0
    for start, end, new in sorted([*kept, *theirs], key=lambda one: (one[0], one[1])):
        found += lines[at:start] + new
        at = end
    return "".join(found + lines[at:])


def _changes(lines: list[str], text_: str) -> Iterator[tuple[int, int, list[str]]]:
    new = text_.splitlines(keepends=True)
    for what, start, end, from_, to in SequenceMatcher(None, lines, new, autojunk=False).get_opcodes():
        if what != "equal":
            yield start, end, new[from_:to]


def _touch(start: int, end: int, other_start: int, other_end: int) -> bool:
    """Whether two changes have a line in common; what is put in beside a changed line does not."""
    if start == end:
        return other_start < start < other_end
    if other_start == other_end:
        return start < other_start < end
    return start < other_end and other_start < end
