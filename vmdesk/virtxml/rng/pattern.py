"""What may still come at one place of a document: patterns, each there once, so that they can be compared by identity.

After James Clark, "An algorithm for RELAX NG validation".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vmdesk.virtxml.rng.datatypes import Datatype

# A name with its namespace; "" is none.
Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """Which names: those listed, or every one but the excepted (`every`; of `namespace` only, if that is not None)."""

    listed: frozenset[Name] = frozenset()
    every: bool = False
    namespace: str | None = None
    but: "Names | None" = None

    def __contains__(self, name: Name) -> bool:
        if name in self.listed:
            return True
        if not self.every or (self.namespace is not None and name[0] != self.namespace):
            return False
        return self.but is None or name not in self.but


@dataclass(eq=False, slots=True)
class Pattern:
    """nullable: nothing more needs to come."""

    nullable: bool


@dataclass(eq=False, slots=True)
class Empty(Pattern):
    """Nothing comes."""


@dataclass(eq=False, slots=True)
class NotAllowed(Pattern):
    """What came should not have."""


@dataclass(eq=False, slots=True)
class Text(Pattern):
    """Any text."""


@dataclass(eq=False, slots=True)
class Choice(Pattern):
    """One of them."""

    parts: tuple[Pattern, ...]


@dataclass(eq=False, slots=True)
class Interleave(Pattern):
    """All of them, mixed in any order."""

    parts: tuple[Pattern, ...]


@dataclass(eq=False, slots=True)
class Group(Pattern):
    """One, then the other."""

    first: Pattern
    then: Pattern


@dataclass(eq=False, slots=True)
class More(Pattern):
    """Once or several times."""

    what: Pattern


@dataclass(eq=False, slots=True)
class After(Pattern):
    """`inner` until the element that is open ends, then `outer`."""

    inner: Pattern
    outer: Pattern


@dataclass(eq=False, slots=True)
class Attribute(Pattern):
    """An attribute."""

    names: Names
    value: Pattern


@dataclass(eq=False, slots=True)
class Element(Pattern):
    """An element; what is in it is worked out when it is first asked for: schemas are circular there."""

    names: Names
    make: Callable[[], Pattern]
    made: Pattern | None = None

    @property
    def content(self) -> Pattern:
        if self.made is None:
            self.made = self.make()
        return self.made


@dataclass(eq=False, slots=True)
class Data(Pattern):
    """Text of a kind."""

    kind: Datatype
    but: Pattern | None


@dataclass(eq=False, slots=True)
class Value(Pattern):
    """This very text."""

    words: str
    exact: bool  # spaces count


@dataclass(eq=False, slots=True)
class Several(Pattern):
    """Words, with spaces between them."""

    what: Pattern


EMPTY = Empty(True)
NONE = NotAllowed(False)
TEXT = Text(True)


class Patterns:
    """Makes compound patterns, and never the same one twice."""

    def __init__(self) -> None:
        self._made: dict[object, Pattern] = {}

    def choice(self, parts: Iterable[Pattern]) -> Pattern:
        flat: dict[Pattern, None] = {}
        for part in parts:
            if isinstance(part, Choice):
                flat.update(dict.fromkeys(part.parts))
            elif part is not NONE:
                flat[part] = None
        if any(part.nullable and part is not EMPTY for part in flat):
            flat.pop(EMPTY, None)
        if len(flat) < 2:
            return next(iter(flat), NONE)
        key = ("choice", frozenset(flat))
        return self._once(key, lambda: Choice(any(part.nullable for part in flat), tuple(flat)))

    def interleave(self, parts: Iterable[Pattern]) -> Pattern:
        flat: list[Pattern] = []
        for part in parts:
            if part is NONE:
                return NONE
            if isinstance(part, Interleave):
                flat += part.parts
            elif part is not EMPTY:
                flat.append(part)
        if len(flat) < 2:
            return flat[0] if flat else EMPTY
        flat.sort(key=id)
        return self._once(("interleave", *flat), lambda: Interleave(all(one.nullable for one in flat), tuple(flat)))

    def group(self, first: Pattern, then: Pattern) -> Pattern:
        if first is NONE or then is NONE:
            return NONE
        if first is EMPTY or then is EMPTY:
            return then if first is EMPTY else first
        return self._once(("group", first, then), lambda: Group(first.nullable and then.nullable, first, then))

    def more(self, what: Pattern) -> Pattern:
        if what in (NONE, EMPTY, TEXT) or isinstance(what, More):
            return what
        return self._once(("more", what), lambda: More(what.nullable, what))

    def any(self, what: Pattern) -> Pattern:
        """Never, once or several times."""
        return self.choice((self.more(what), EMPTY))

    def after(self, inner: Pattern, outer: Pattern) -> Pattern:
        if inner is NONE or outer is NONE:
            return NONE
        return self._once(("after", inner, outer), lambda: After(False, inner, outer))

    def _once(self, key: object, make: Callable[[], Pattern]) -> Pattern:
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = make()
        return found
