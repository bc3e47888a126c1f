"""Definitions without their secrets: a mark stands for each, and each is put back where its mark still stands."""

import re
from collections.abc import Iterator

from vmdesk.model.text import text
from vmdesk.virtxml.secrets import OPTION
from vmdesk.virtxml.source import Mistake, Source, read, unescape

DOT = "•"
MARK = 8 * DOT
_MARK = re.compile(rf"{MARK}[0-9]*")
_SHORTEST = 3  # a secret that is to be found in any text
_ATTRIBUTES = ("passwd", "password")
_VARIABLE = re.compile(r"passw|secret|token", re.I)


class Vault:
    """The secrets of one machine's definitions while they are edited, and the mark of each. Never written anywhere."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}  # a secret as it is written -> its mark
        self._secrets: dict[str, str] = {}

    def hide(self, words: str) -> str:
        """A definition with marks in the place of its secrets. The same secret has the same mark every time."""
        return _changed(words, [(start, end, self._mark(words[start:end])) for start, end in secrets(read(words))])

    def reveal(self, words: str) -> str:
        """The opposite. Raises KeyError for a mark that stands for nothing: ask `problems` first."""
        found = []
        for start, end in secrets(read(words)):
            if _MARK.fullmatch(words[start:end]):
                secret = self._secrets[words[start:end]]
                found.append((start, end, secret.replace("'", "&apos;").replace('"', "&quot;")))
        return _changed(words, found)

    def censor(self, words: str) -> str:
        """Any text without the secrets known here, however it came by them."""
        for secret, mark in self._marks.items():
            for form in (secret, unescape(secret)):
                if len(form) >= _SHORTEST:
                    words = words.replace(form, mark)
        return words

    def problems(self, words: str) -> tuple[Mistake, ...]:
        """Marks that are spoilt, or stand where no secret stands."""
        places = secrets(source := read(words))
        found = []
        for start, end in places:
            value = words[start:end]
            if DOT in value and value not in self._secrets:
                what = text("The dots stand for a password. Leave them as they were, or write a new one without dots.")
                found.append(Mistake(start, end, what))
        for mark in re.finditer(re.escape(MARK), words):
            if not any(start <= mark.start() < end for start, end in places) and not _in_comment(source, mark.start()):
                what = text("The dots stand for a password, but none can stand here.")
                found.append(Mistake(mark.start(), mark.end(), what))
        return tuple(found)

    def _mark(self, secret: str) -> str:
        if _MARK.fullmatch(secret) and secret in self._secrets:
            return secret  # it is hidden already
        if secret not in self._marks:
            mark = MARK + (str(len(self._marks) + 1) if self._marks else "")
            self._marks[secret], self._secrets[mark] = mark, secret
        return self._marks[secret]


def hide(words: str) -> str:
    """For showing: nothing can be put back."""
    return Vault().hide(words)


def stand_in(words: str) -> str:
    """For a schema, to which a dot is no sign of a password: as long as before."""
    return words.replace(DOT, "x")


def secrets(source: Source) -> list[tuple[int, int]]:
    """Where secrets stand: a screen's passwords, cookies, and what looks like a password on QEMU's command line."""
    return [place for place in _places(source) if place[0] < place[1]]


def _places(source: Source) -> Iterator[tuple[int, int]]:
    for element in source.elements:
        name = element.name.rpartition(":")[2]
        attributes = {one.name: one for one in source.attributes(element)}
        for one in attributes.values():
            if one.name in _ATTRIBUTES:
                yield one.value_start, one.value_end
        value = attributes.get("value")
        if value is not None and ":" in element.name:
            start, end = value.value_start, value.value_end
            if name == "arg" and (found := OPTION.search(source.text[start:end])):
                yield start + found.start(2), start + found.end(2)
            elif name == "env" and "name" in attributes and _VARIABLE.search(attributes["name"].value):
                yield start, end
        if name == "cookie" and element.parent >= 0 and source.elements[element.parent].name == "cookies":
            yield source.content(element)


def _in_comment(source: Source, offset: int) -> bool:
    head = source.text.rfind("<!--", 0, offset)
    return head >= 0 and source.text.find("-->", head, offset) < 0


def _changed(words: str, changes: list[tuple[int, int, str]]) -> str:
    parts, at = [], 0
    for start, end, instead in sorted(changes):
        parts += [words[at:start], instead]
        at = end
    return "".join([*parts, words[at:]])
