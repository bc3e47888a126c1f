"""What is in a pattern, this side of the elements and attributes in it."""

from collections.abc import Iterator
from typing import TypeVar

from vmdesk.virtxml.rng.pattern import (
    TEXT,
    After,
    Attribute,
    Choice,
    Data,
    Element,
    Group,
    Interleave,
    More,
    Pattern,
    Several,
    Value,
)

P = TypeVar("P", bound=Pattern)


def parts(pattern: Pattern, kind: type[P], again: bool = False) -> Iterator[tuple[P, bool]]:
    """Each part of that kind, this side of elements and attributes; and whether it may come several times."""
    if isinstance(pattern, kind):
        yield pattern, again
    elif isinstance(pattern, Choice | Interleave):
        for part in pattern.parts:
            yield from parts(part, kind, again)
    elif isinstance(pattern, Group):
        yield from parts(pattern.first, kind, again)
        yield from parts(pattern.then, kind, again)
    elif isinstance(pattern, More):
        yield from parts(pattern.what, kind, True)
    elif isinstance(pattern, After):
        yield from parts(pattern.inner, kind, again)


def find(pattern: Pattern, kind: type[P]) -> Iterator[P]:
    """Each part of that kind."""
    return (one for one, _again in parts(pattern, kind))


def has_text(pattern: Pattern) -> bool:
    """Whether text may come."""
    return any(True for kind in (Data, Value, Several) for _ in find(pattern, kind)) or _holds_text(pattern)


def _holds_text(pattern: Pattern) -> bool:
    if isinstance(pattern, Choice | Interleave):
        return any(_holds_text(part) for part in pattern.parts)
    if isinstance(pattern, Group):
        return _holds_text(pattern.first) or _holds_text(pattern.then)
    return _holds_text(pattern.what) if isinstance(pattern, More) else pattern is TEXT


def values(pattern: Pattern) -> Iterator[str]:
    """The very texts that may come."""
    return (one.words for one in find(pattern, Value))


def needed(pattern: Pattern, kind: type[Element] | type[Attribute]) -> set[str]:
    """The names of what must come, whatever else does."""
    if isinstance(pattern, kind):
        return {name for _namespace, name in pattern.names.listed} if len(pattern.names.listed) == 1 else set()
    if isinstance(pattern, Choice):
        parts = [needed(part, kind) for part in pattern.parts]
        return set.intersection(*parts) if parts else set()
    if isinstance(pattern, Interleave):
        return set().union(*(needed(part, kind) for part in pattern.parts))
    if isinstance(pattern, Group):
        return needed(pattern.first, kind) | needed(pattern.then, kind)
    if isinstance(pattern, More):
        return needed(pattern.what, kind)
    return needed(pattern.inner, kind) if isinstance(pattern, After) else set()
