"""A schema's files as patterns."""

from collections.abc import Callable, Iterator, Mapping

from lxml import etree

from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.rng.datatypes import Datatype
from vmdesk.virtxml.rng.pattern import (
    EMPTY,
    NONE,
    TEXT,
    Attribute,
    Data,
    Element,
    Names,
    Pattern,
    Patterns,
    Several,
    Value,
)

_RNG = "{http://relaxng.org/ns/structure/1.0}"
Read = Callable[[str], bytes]


class Grammar:
    """Of the schema in the file `name`; `read` gives the bytes of a file beside it. Raises XmlError, OSError."""

    def __init__(self, name: str, read: Read) -> None:
        self.patterns = Patterns()
        self._read = read
        self._defines: dict[str, list[etree._Element]] = {}
        self._combine: dict[str, str] = {}
        self._made: dict[etree._Element, Pattern] = {}
        self._named: dict[str, Pattern] = {}
        self._open: set[str] = set()
        start = [part for define in self._take(name, frozenset()) for part in _parts(define)]
        self.start = self.patterns.choice([self._pattern(part) for part in start])

    def _take(self, file: str, replaced: frozenset[str]) -> list[etree._Element]:
        """Note what a file defines, but for what includes of it replace; its <start>s."""
        try:
            root = etree.fromstring(self._read(file), etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError as error:
            raise XmlError(f"{file}: {error}") from None
        return self._take_in(root, replaced)

    def _take_in(self, root: etree._Element, replaced: frozenset[str]) -> list[etree._Element]:
        starts = []
        for part in _parts(root):
            if part.tag == f"{_RNG}include":
                here = frozenset(one.get("name") or "" for one in _parts(part) if one.tag == f"{_RNG}define")
                starts += self._take(part.get("href") or "", replaced | here)
                starts += self._take_in(part, replaced)
            elif part.tag == f"{_RNG}start":
                starts.append(part)
            elif part.tag == f"{_RNG}define" and (name := part.get("name") or "") not in replaced:
                self._defines.setdefault(name, []).append(part)
                if part.get("combine"):
                    self._combine[name] = part.get("combine") or ""
            elif part.tag == f"{_RNG}div":
                starts += self._take_in(part, replaced)
        return starts

    # ---------------------------------------------------------------- one element of the schema, as a pattern

    def _pattern(self, part: etree._Element) -> Pattern:
        found = self._made.get(part)
        if found is None:
            made = _MAKERS.get(str(part.tag).removeprefix(_RNG))
            if made is None:
                raise XmlError(f"cannot read <{part.tag}> in a schema")
            found = self._made[part] = made(self, part)
        return found

    def _ref(self, name: str) -> Pattern:
        found = self._named.get(name)
        if found is not None:
            return found
        if name in self._open or name not in self._defines:
            raise XmlError(f"“{name}” in a schema stands for nothing")
        self._open.add(name)
        parts = [self._all(define) for define in self._defines[name]]
        self._open.discard(name)
        together = self.patterns.interleave if self._combine.get(name) == "interleave" else self.patterns.choice
        found = self._named[name] = together(parts)
        return found

    def _all(self, part: etree._Element, skip: int = 0) -> Pattern:
        """What stands in it, one after the other."""
        made: Pattern = EMPTY
        for one in reversed(list(_parts(part))[skip:]):
            made = self.patterns.group(self._pattern(one), made)
        return made

    def _each(self, part: etree._Element) -> list[Pattern]:
        return [self._pattern(one) for one in _parts(part)]

    def _element(self, part: etree._Element) -> Pattern:
        names, skip = _names_of(part)
        return Element(False, names, lambda: self._all(part, skip))

    def _attribute(self, part: etree._Element) -> Pattern:
        names, skip = _names_of(part)
        value = self._all(part, skip) if len(list(_parts(part))) > skip else TEXT
        return Attribute(False, names, value)

    def _data(self, part: etree._Element) -> Pattern:
        facets, but = [], None
        for one in _parts(part):
            if one.tag == f"{_RNG}param":
                facets.append((one.get("name") or "", one.text or ""))
            elif one.tag == f"{_RNG}except":
                but = self.patterns.choice(self._each(one))
        return Data(False, Datatype(part.get("type") or "string", tuple(facets)), but)

    def _value(self, part: etree._Element) -> Pattern:
        return Value(False, part.text or "", part.get("type") == "string")


_MAKERS: Mapping[str, Callable[[Grammar, etree._Element], Pattern]] = {
    "empty": lambda grammar, part: EMPTY,
    "notAllowed": lambda grammar, part: NONE,
    "text": lambda grammar, part: TEXT,
    "ref": lambda grammar, part: grammar._ref(part.get("name") or ""),
    "choice": lambda grammar, part: grammar.patterns.choice(grammar._each(part)),
    "interleave": lambda grammar, part: grammar.patterns.interleave(grammar._each(part)),
    "group": lambda grammar, part: grammar._all(part),
    "optional": lambda grammar, part: grammar.patterns.choice((grammar._all(part), EMPTY)),
    "zeroOrMore": lambda grammar, part: grammar.patterns.any(grammar._all(part)),
    "oneOrMore": lambda grammar, part: grammar.patterns.more(grammar._all(part)),
    "mixed": lambda grammar, part: grammar.patterns.interleave((grammar._all(part), TEXT)),
    "list": lambda grammar, part: Several(False, grammar._all(part)),
    "element": Grammar._element,
    "attribute": Grammar._attribute,
    "data": Grammar._data,
    "value": Grammar._value,
}


def _parts(part: etree._Element) -> Iterator[etree._Element]:
    """The schema's own elements in it; what is not RELAX NG is a note."""
    return (one for one in part.iterchildren(etree.Element) if str(one.tag).startswith(_RNG))


def _names_of(part: etree._Element) -> tuple[Names, int]:
    """Which names an <element> or <attribute> is for, and how many of its children say so."""
    if (name := part.get("name")) is not None:
        namespace = part.get("ns") or ""
        if part.tag == f"{_RNG}element" and part.get("ns") is None:
            namespace = _inherited(part)
        return Names(frozenset({_resolved(part, name.strip(), namespace)})), 0
    return _class(next(_parts(part))), 1


def _class(part: etree._Element) -> Names:
    kind = str(part.tag).removeprefix(_RNG)
    inside = [_class(one) for one in _parts(part) if kind == "choice"]
    if kind == "name":
        return Names(frozenset({_resolved(part, (part.text or "").strip(), _inherited(part))}))
    if kind == "choice":
        return Names(frozenset().union(*(one.listed for one in inside)), any(one.every for one in inside))
    but = part.find(f"{_RNG}except")
    found = [_class(one) for one in _parts(but)] if but is not None else []
    listed = frozenset().union(*(one.listed for one in found)) if found else frozenset()
    excepted = Names(listed, any(one.every for one in found), _only([one.namespace for one in found]))
    return Names(every=True, namespace=_inherited(part) if kind == "nsName" else None, but=excepted if found else None)


def _only(values: list[str | None]) -> str | None:
    return next((value for value in values if value is not None), None)


def _inherited(part: etree._Element) -> str:
    above: etree._Element | None = part
    while above is not None:
        if above.get("ns") is not None:
            return above.get("ns") or ""
        above = above.getparent()
    return ""


def _resolved(part: etree._Element, name: str, namespace: str) -> tuple[str, str]:
    prefix, colon, local = name.partition(":")
    return (part.nsmap.get(prefix) or "", local) if colon else (namespace, name)
