"""What may come after something came: the derivatives of patterns."""

from collections.abc import Callable

from vmdesk.virtxml.rng.pattern import (
    EMPTY,
    NONE,
    TEXT,
    After,
    Attribute,
    Choice,
    Data,
    Element,
    Group,
    Interleave,
    More,
    Name,
    Pattern,
    Patterns,
    Several,
    Value,
)

_SPACES = " \t\r\n"


class Derive:
    """What it found out is remembered: definitions repeat themselves.

    `any_value` in `attribute`: as if its value were right. `lenient` in `close`: as if no attribute were missing.
    """

    def __init__(self, patterns: Patterns) -> None:
        self.patterns = patterns
        self._opened: dict[tuple[Pattern, Name], Pattern] = {}
        self._attributes: dict[tuple[Pattern, Name, str | None], Pattern] = {}
        self._closed: dict[tuple[Pattern, bool], Pattern] = {}
        self._texts: dict[tuple[Pattern, str], Pattern] = {}

    # ---------------------------------------------------------------- <name

    def open(self, pattern: Pattern, name: Name) -> Pattern:
        key = (pattern, name)
        found = self._opened.get(key)
        if found is None:
            found = self._opened[key] = self._open(pattern, name)
        return found

    def _open(self, pattern: Pattern, name: Name) -> Pattern:
        make = self.patterns
        if isinstance(pattern, Element):
            return make.after(pattern.content, EMPTY) if name in pattern.names else NONE
        if isinstance(pattern, Choice):
            return make.choice([self.open(part, name) for part in pattern.parts])
        if isinstance(pattern, Interleave):
            found = []
            for place, part in enumerate(pattern.parts):
                if (opened := self.open(part, name)) is not NONE:
                    rest = (*pattern.parts[:place], *pattern.parts[place + 1 :])
                    found.append(self._then(opened, self._mixed_with(rest)))
            return make.choice(found)
        if isinstance(pattern, More):
            again = make.choice((pattern, EMPTY))
            return self._then(self.open(pattern.what, name), lambda outer: make.group(outer, again))
        if isinstance(pattern, Group):
            first = self._then(self.open(pattern.first, name), lambda outer: make.group(outer, pattern.then))
            return make.choice((first, self.open(pattern.then, name))) if pattern.first.nullable else first
        if isinstance(pattern, After):
            return self._then(self.open(pattern.inner, name), lambda outer: make.after(outer, pattern.outer))
        return NONE

    def _mixed_with(self, rest: tuple[Pattern, ...]) -> Callable[[Pattern], Pattern]:
        return lambda outer: self.patterns.interleave((outer, *rest))

    def _then(self, pattern: Pattern, change: Callable[[Pattern], Pattern]) -> Pattern:
        """`pattern` with what comes after the open element changed."""
        if isinstance(pattern, After):
            return self.patterns.after(pattern.inner, change(pattern.outer))
        if isinstance(pattern, Choice):
            return self.patterns.choice([self._then(part, change) for part in pattern.parts])
        return NONE

    # ---------------------------------------------------------------- name="value"

    def attribute(self, pattern: Pattern, name: Name, value: str | None) -> Pattern:
        """`value` None: whatever it is, as if it were right."""
        key = (pattern, name, value)
        found = self._attributes.get(key)
        if found is None:
            found = self._attributes[key] = self._attribute(pattern, name, value)
        return found

    def _attribute(self, pattern: Pattern, name: Name, value: str | None) -> Pattern:
        make = self.patterns
        if isinstance(pattern, Attribute):
            right = name in pattern.names and (value is None or self._fits(pattern.value, value))
            return EMPTY if right else NONE
        if isinstance(pattern, Choice):
            return make.choice([self.attribute(part, name, value) for part in pattern.parts])
        if isinstance(pattern, Interleave):
            found = []
            for place, part in enumerate(pattern.parts):
                if (taken := self.attribute(part, name, value)) is not NONE:
                    found.append(make.interleave((taken, *pattern.parts[:place], *pattern.parts[place + 1 :])))
            return make.choice(found)
        if isinstance(pattern, More):
            again = make.choice((pattern, EMPTY))
            return make.group(self.attribute(pattern.what, name, value), again)
        if isinstance(pattern, Group):
            return make.choice(
                (
                    make.group(self.attribute(pattern.first, name, value), pattern.then),
                    make.group(pattern.first, self.attribute(pattern.then, name, value)),
                )
            )
        if isinstance(pattern, After):
            return make.after(self.attribute(pattern.inner, name, value), pattern.outer)
        return NONE

    # ---------------------------------------------------------------- >

    def close(self, pattern: Pattern, lenient: bool = False) -> Pattern:
        """The start tag ends: no more attributes."""
        key = (pattern, lenient)
        found = self._closed.get(key)
        if found is None:
            found = self._closed[key] = self._close(pattern, lenient)
        return found

    def _close(self, pattern: Pattern, lenient: bool) -> Pattern:
        make = self.patterns
        if isinstance(pattern, Attribute):
            return EMPTY if lenient else NONE
        if isinstance(pattern, Choice):
            return make.choice([self.close(part, lenient) for part in pattern.parts])
        if isinstance(pattern, Interleave):
            return make.interleave([self.close(part, lenient) for part in pattern.parts])
        if isinstance(pattern, More):
            return make.more(self.close(pattern.what, lenient))
        if isinstance(pattern, Group):
            return make.group(self.close(pattern.first, lenient), self.close(pattern.then, lenient))
        if isinstance(pattern, After):
            return make.after(self.close(pattern.inner, lenient), pattern.outer)
        return pattern

    # ---------------------------------------------------------------- text and </name>

    def text(self, pattern: Pattern, words: str) -> Pattern:
        key = (pattern, words)
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = self._text(pattern, words)
        return found

    def _text(self, pattern: Pattern, words: str) -> Pattern:
        make = self.patterns
        if pattern is TEXT:
            return TEXT
        if isinstance(pattern, Choice):
            return make.choice([self.text(part, words) for part in pattern.parts])
        if isinstance(pattern, Interleave):
            found = []
            for place, part in enumerate(pattern.parts):
                if (taken := self.text(part, words)) is not NONE:
                    found.append(make.interleave((taken, *pattern.parts[:place], *pattern.parts[place + 1 :])))
            return make.choice(found)
        if isinstance(pattern, More):
            return make.group(self.text(pattern.what, words), make.choice((pattern, EMPTY)))
        if isinstance(pattern, Group):
            first = make.group(self.text(pattern.first, words), pattern.then)
            return make.choice((first, self.text(pattern.then, words))) if pattern.first.nullable else first
        if isinstance(pattern, After):
            return make.after(self.text(pattern.inner, words), pattern.outer)
        if isinstance(pattern, Value):
            right = pattern.words == words if pattern.exact else pattern.words.split() == words.split()
            return EMPTY if right else NONE
        if isinstance(pattern, Data):
            but = pattern.but is not None and self.text(pattern.but, words).nullable
            return EMPTY if pattern.kind.accepts(words) and not but else NONE
        if isinstance(pattern, Several):
            return EMPTY if self._words(pattern.what, words) else NONE
        return NONE

    def _words(self, pattern: Pattern, words: str) -> bool:
        for word in words.split():
            pattern = self.text(pattern, word)
        return pattern.nullable

    def only_text(self, pattern: Pattern, words: str) -> Pattern:
        """An element without elements in it: if it is blank, that may be nothing, or it may be text."""
        taken = self.text(pattern, words)
        return self.patterns.choice((pattern, taken)) if not words.strip(_SPACES) else taken

    def _fits(self, pattern: Pattern, value: str) -> bool:
        if not value.strip(_SPACES) and pattern.nullable:
            return True
        return self.text(pattern, value).nullable

    def end(self, pattern: Pattern, lenient: bool = False) -> Pattern:
        """`lenient`: as if nothing were missing."""
        if isinstance(pattern, After):
            return pattern.outer if lenient or pattern.inner.nullable else NONE
        if isinstance(pattern, Choice):
            return self.patterns.choice([self.end(part, lenient) for part in pattern.parts])
        return NONE
