"""XML as it is written: where its tags and attributes stand, in a text that may be half written. Offsets are in signs.

For an editor. What a text means is asked of `document`.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from vmdesk.model.text import Text, text

_NAME = r"[A-Za-z_\u0080-\uffff][\w:.\-\u0080-\uffff]*"
_MARK = re.compile(
    r"<!--(?:.*?-->|.*\Z)|<!\[CDATA\[(?:.*?\]\]>|.*\Z)|<\?(?:.*?\?>|.*\Z)|<![^>]*>?"
    rf"|<(?P<close>/?)(?P<name>{_NAME})?"
    r"(?P<inside>(?:[^<>\"'/]+|\"[^\"<]*\"|'[^'<]*'|/(?!>))*)(?P<end>/?>)?",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(rf"(?P<name>{_NAME})\s*=\s*(?P<value>\"[^\"<]*\"|'[^'<]*')")
_UNDONE = re.compile(rf"(?P<name>{_NAME})\s*=\s*(?P<quote>[\"'])(?P<value>[^\"'<>]*)\Z")
_WORD = re.compile(rf"(?:{_NAME})?\Z")


_SIGNS = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));")


def unescape(words: str) -> str:
    """What is meant by a value as it is written."""
    return _ENTITY.sub(_sign, words) if "&" in words else words


def _sign(found: re.Match[str]) -> str:
    if found[1]:
        return _SIGNS[found[1]]
    number = int(found[2]) if found[2] else int(found[3], 16)
    return chr(number) if number <= 0x10FFFF else found.group()


@dataclass(frozen=True, slots=True)
class Attribute:
    """`start` to `end` is all of it; `value_start` to `value_end` what is between the quotes."""

    name: str
    value: str
    start: int
    end: int
    value_start: int
    value_end: int


@dataclass(slots=True)
class Element:
    """start      its <
    head_end   after the > of its start tag
    close      the < of its end tag; -1 without one (<a/>, or never closed)
    end        after all of it; of what is never closed the end of what it stands in, of half a tag its own
    parent     its place among all elements, -1 for the outermost
    """

    name: str
    start: int
    head_end: int
    parent: int
    close: int = -1
    end: int = -1
    empty: bool = False
    open: bool = True  # no end tag was found


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong from `start` to `end`. by_schema: a newer libvirt's schema may know it."""

    start: int
    end: int
    what: Text
    by_schema: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A text, taken apart. `elements` in the order of their start tags."""

    text: str
    elements: tuple[Element, ...]
    mistakes: tuple[Mistake, ...]

    def attributes(self, element: Element) -> Iterator[Attribute]:
        for found in _ATTRIBUTE.finditer(self.text, element.start + 1 + len(element.name), element.head_end):
            start, end = found.span("value")
            value = unescape(self.text[start + 1 : end - 1])
            yield Attribute(found["name"], value, found.start(), found.end(), start + 1, end - 1)

    def content(self, element: Element) -> tuple[int, int]:
        """From where to where what is in it stands."""
        return (element.head_end, element.close) if element.close >= 0 else (element.head_end, element.head_end)

    def around(self, offset: int) -> Element | None:
        """The innermost element that holds the place: in its tags or between them."""
        found = None
        for element in self.elements:
            if element.start > offset:
                break
            if element.start < offset < element.end or (element.open and element.start < offset):
                found = element
        return found

    def tags_at(self, offset: int) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Where the two names of the pair of tags are of which one is at `offset`."""
        for element in self.elements:
            if element.start > offset:
                return None
            if element.close < 0 or element.end < offset:
                continue
            size = len(element.name)
            names = (element.start + 1, element.start + 1 + size), (element.close + 2, element.close + 2 + size)
            if element.start <= offset <= names[0][1] or element.close <= offset <= element.end:
                return names
        return None

    def line(self, offset: int) -> int:
        """From 1."""
        return self.text.count("\n", 0, offset) + 1

    def offset(self, line: int) -> int:
        """Where a line begins."""
        at = 0
        for _ in range(line - 1):
            at = self.text.find("\n", at) + 1
            if not at:
                return len(self.text)
        return at


def read(words: str) -> Source:
    """Any text; what is no XML in it is told in `mistakes`."""
    elements: list[Element] = []
    mistakes: list[Mistake] = []
    opened: list[int] = []
    for mark in _MARK.finditer(words):
        start, end = mark.span()
        name = mark["name"]
        if mark["inside"] is None:
            mistakes += _odd(mark)
            continue
        if not name:
            mistakes.append(Mistake(start, start + 1, text("A lone < stands for the start of a tag: write &lt;")))
        elif not mark["end"]:
            what = text("The tag <{name}> has no > at its end, or a quotation mark is missing.", name=name)
            mistakes.append(Mistake(start, start + 1 + len(mark["close"]) + len(name), what))
            if not mark["close"]:
                elements.append(Element(name, start, end, opened[-1] if opened else -1, end=end))
        elif mark["close"]:
            _close(words, elements, opened, mistakes, mark)
        else:
            if not opened and elements:
                what = text("Nothing may follow the end of <{name}>.", name=elements[0].name)
                mistakes.append(Mistake(start, start + 1 + len(name), what))
            made = Element(name, start, end, opened[-1] if opened else -1)
            elements.append(made)
            mistakes += _attributes_of(mark)
            if mark["end"] == "/>":
                made.end, made.empty, made.open = end, True, False
            else:
                opened.append(len(elements) - 1)
    for place in opened:
        elements[place].end = len(words)
        mistakes.append(_not_closed(elements[place]))
    return Source(words, tuple(elements), tuple(sorted(mistakes, key=lambda one: one.start)))


def _close(
    words: str, elements: list[Element], opened: list[int], mistakes: list[Mistake], mark: re.Match[str]
) -> None:
    name, start, end = mark["name"], *mark.span()
    depth = next((depth for depth in range(len(opened) - 1, -1, -1) if elements[opened[depth]].name == name), -1)
    if depth < 0:
        if opened:
            inner = elements[opened[-1]]
            what = text(
                "</{name}> ends nothing: <{inner}> of line {line} is open here.",
                name=name,
                inner=inner.name,
                line=words.count("\n", 0, inner.start) + 1,
            )
        else:
            what = text("</{name}> ends nothing.", name=name)
        mistakes.append(Mistake(start, end, what))
        return
    for place in opened[depth + 1 :]:
        elements[place].end = start
        mistakes.append(_not_closed(elements[place]))
    element = elements[opened[depth]]
    element.close, element.end, element.open = start, end, False
    del opened[depth:]


def _not_closed(element: Element) -> Mistake:
    what = text("<{name}> has no end: write </{name}>.", name=element.name)
    return Mistake(element.start, element.start + 1 + len(element.name), what)


def _odd(mark: re.Match[str]) -> list[Mistake]:
    """What is neither start nor end tag."""
    words, start = mark.group(), mark.start()
    for head, tail in (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")):
        if words.startswith(head):
            if words.endswith(tail) and len(words) >= len(head) + len(tail):
                return []
            return [Mistake(start, start + len(head), text("It has no end: {tail} is missing.", tail=tail))]
    return [Mistake(start, mark.end(), text("A definition has no DOCTYPE."))]


def _attributes_of(mark: re.Match[str]) -> list[Mistake]:
    """What is wrong between the name and the > of a start tag."""
    found, seen, at = [], set(), mark.start("inside")
    inside_end, words = mark.end("inside"), mark.string
    for one in _ATTRIBUTE.finditer(words, at, inside_end):
        found += _rest(words, at, one.start())
        if at == one.start() and at > mark.start("inside"):
            what = text("A space is missing before “{name}”.", name=one["name"])
            found.append(Mistake(one.start(), one.end("name"), what))
        if one["name"] in seen:
            what = text("“{name}” stands here twice.", name=one["name"])
            found.append(Mistake(one.start(), one.end("name"), what))
        seen.add(one["name"])
        at = one.end()
    return found + _rest(words, at, inside_end)


def _rest(words: str, start: int, end: int) -> list[Mistake]:
    rest = words[start:end]
    if not rest.strip():
        return []
    at = start + len(rest) - len(rest.lstrip())
    what = text("“{words}” is no attribute: write name='value'.", words=rest.strip())
    return [Mistake(at, at + len(rest.strip()), what)]


# ---------------------------------------------------------------- what is being written


@dataclass(frozen=True, slots=True)
class Place:
    """What is written at a place of a text.

    kind       "element" after <, "close" after </, "attribute", "value", "content", or "" where nothing can be proposed
    path       the elements it stands in, the outermost first, each with its attributes; for attributes and values the
               element itself is the last
    beside     names of elements that stand beside it, or of the attributes there are
    attribute  whose value it is
    written    what is there of the word, from `start`
    """

    kind: str
    path: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    beside: tuple[str, ...] = ()
    attribute: str = ""
    written: str = ""
    start: int = 0


def place(words: str, offset: int) -> Place:
    """What is being written at `offset`."""
    before = words[:offset]
    last = next(iter(deque(_MARK.finditer(before), 1)), None)
    if last is None or last["inside"] is None or last["end"]:
        if last is not None and last["inside"] is None and _odd(last) and last.end() == len(before):
            return Place("")  # in a comment
        return _content(words, offset)
    if before[last.end() :] and before[last.end()] not in "\"'":
        return Place("")
    source = read(words)
    at = last.start()
    if last["close"]:
        return Place("close", _path(source, at), (), "", last["name"] or "", at + 2)
    if not last["inside"] and (last["name"] or at + 1 == offset):
        above = _above(source, at)
        beside = tuple(one.name for one in source.elements if _parent(source, one) is above and one.start != at)
        return Place("element", _path(source, at), beside, "", last["name"] or "", at + 1)
    if not last["name"]:
        return Place("")
    own = next((one for one in source.elements if one.start == at), None)
    own_end = own.head_end if own is not None else offset
    end = _MARK.match(words, at)
    there = _pairs(words, at + 1 + len(last["name"]), end.end() if end else own_end)
    path = (*_path(source, at), (last["name"], there))
    names = tuple(name for name, _value in there)
    if value := _UNDONE.search(before, at):
        others = tuple(pair for pair in there if pair[0] != value["name"])
        path = (*path[:-1], (last["name"], others))
        return Place("value", path, names, value["name"], value["value"], value.start("value"))
    word = _WORD.search(before)
    start = word.start() if word else offset
    if before[start - 1 : start].isspace():
        return Place("attribute", path, names, "", before[start:], start)
    return Place("")


def _content(words: str, offset: int) -> Place:
    source = read(words)
    inner = source.around(offset)
    if inner is None:
        return Place("")
    names = tuple(one.name for one in source.elements if _parent(source, one) is inner)
    path = (*_path(source, inner.start), (inner.name, _attributes(source, inner)))
    start = inner.head_end
    written = words[start:offset]
    plain = not names and "<" not in written
    return Place("content", path, names, "", written if plain else "", start if plain else offset)


def _parent(source: Source, element: Element) -> Element | None:
    return source.elements[element.parent] if element.parent >= 0 else None


def _above(source: Source, start: int) -> Element | None:
    """The element in which a tag that starts at `start` stands."""
    found = None
    for element in source.elements:
        if element.start >= start:
            break
        if not element.empty and start < element.end:
            found = element
    return found


def _path(source: Source, start: int) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    found: list[tuple[str, tuple[tuple[str, str], ...]]] = []
    above = _above(source, start)
    while above is not None:
        found.append((above.name, _attributes(source, above)))
        above = _parent(source, above)
    return tuple(reversed(found))


def _attributes(source: Source, element: Element) -> tuple[tuple[str, str], ...]:
    return tuple((one.name, one.value) for one in source.attributes(element))


def _pairs(words: str, start: int, end: int) -> tuple[tuple[str, str], ...]:
    return tuple((one["name"], unescape(one["value"][1:-1])) for one in _ATTRIBUTE.finditer(words, start, end))


# ---------------------------------------------------------------- one line after the other, for colours


@dataclass(frozen=True, slots=True)
class Piece:
    """kind: "tag", "name" (of an attribute), "value", "comment", "entity", "wrong"."""

    start: int
    length: int
    kind: str


TEXT, COMMENT, CDATA, NOTE, TAG, DOUBLE, SINGLE = range(7)  # what a line can begin in
_ENDS = {COMMENT: "-->", CDATA: "]]>", NOTE: "?>", DOUBLE: '"', SINGLE: "'"}
_KINDS = {COMMENT: "comment", CDATA: "comment", NOTE: "comment", DOUBLE: "value", SINGLE: "value"}
_HEADS = (("<!--", COMMENT), ("<![CDATA[", CDATA), ("<?", NOTE), ('"', DOUBLE), ("'", SINGLE))
_IN_TEXT = re.compile(rf"<!--|<!\[CDATA\[|<\?|</?(?:{_NAME})?|&[#\w]+;|&|>")
_IN_TAG = re.compile(rf"/?>|\"|'|{_NAME}|</?(?:{_NAME})?")


def pieces(line: str, state: int) -> tuple[list[Piece], int]:
    """What a line has, that begins in `state`; and the state of the next one."""
    found: list[Piece] = []
    at = 0
    while at < len(line):
        if state in _ENDS:
            tail = line.find(_ENDS[state], at)
            end = len(line) if tail < 0 else tail + len(_ENDS[state])
            begun = found[-1] if found and found[-1].start + found[-1].length == at else None
            if begun is not None and begun.kind == _KINDS[state]:  # its opening sign
                found[-1] = Piece(begun.start, end - begun.start, begun.kind)
            else:
                found.append(Piece(at, end - at, _KINDS[state]))
            if tail < 0:
                return found, state
            state = TAG if state in (DOUBLE, SINGLE) else TEXT
            at = end
            continue
        mark = (_IN_TAG if state == TAG else _IN_TEXT).search(line, at)
        if mark is None:
            return found, state
        words, start, at = mark.group(), *mark.span()
        begins = next((kind for head, kind in _HEADS if words == head), None)
        if begins is not None:
            found.append(Piece(start, len(words), _KINDS[begins]))
            state = begins
        elif state == TAG and words.endswith(">"):
            found.append(Piece(start, len(words), "tag"))
            state = TEXT
        elif words.startswith("<"):
            found.append(Piece(start, len(words), "tag"))
            state = TAG
        elif state == TAG:
            found.append(Piece(start, len(words), "name"))
        elif words != ">":
            found.append(Piece(start, len(words), "entity" if len(words) > 1 else "wrong"))
    return found, state
