"""A definition, checked step by step against a schema's patterns: where it is wrong, and why."""

from collections.abc import Iterator

from lxml import etree

from vmdesk.model.text import Text, text
from vmdesk.virtxml.rng.derive import Derive
from vmdesk.virtxml.rng.pattern import NONE, TEXT, After, Choice, Name, Pattern, Patterns
from vmdesk.virtxml.schema_words import incomplete, not_here, without, wrong_attribute, wrong_text
from vmdesk.virtxml.source import Element, Mistake, Source


class Check:
    """One walk through a document. After a mistake it goes on as if that had been right."""

    def __init__(self, start: Pattern, source: Source) -> None:
        self._start = start
        self._derive = Derive(Patterns())
        self._source = source
        self._written = iter(source.elements)  # in the same order as the document's
        self._found: list[Mistake] = []

    def run(self, root: etree._Element) -> list[Mistake]:
        self._walk(self._start, root, "")
        return self._found

    def _tell(self, start: int, end: int, what: Text) -> None:
        self._found.append(Mistake(start, end, what))

    def _walk(self, pattern: Pattern, element: etree._Element, above: str) -> Pattern:
        written = next(self._written)
        derive, name = self._derive, written.name
        opened = derive.open(pattern, _name(element.tag))
        head = written.start, written.start + 1 + len(name)
        if opened is NONE:
            self._tell(*head, not_here(pattern, element, name, above))
            for _ in range(sum(1 for _ in element.iterdescendants(etree.Element))):
                next(self._written)
            return pattern
        opened = self._walk_attributes(opened, element, written)
        closed = derive.close(opened)
        if closed is NONE:
            self._tell(*head, without(opened, name))
            closed = derive.close(opened, lenient=True)
        inside = self._walk_content(closed, element, written)
        ended = derive.end(inside)
        if ended is NONE:
            self._tell(*head, incomplete(inside, name))
            ended = derive.end(inside, lenient=True)
        return ended

    def _walk_attributes(self, opened: Pattern, element: etree._Element, written: Element) -> Pattern:
        derive, name = self._derive, written.name
        head = written.start, written.start + 1 + len(name)
        places = {one.name: (one.start, one.end) for one in self._source.attributes(written)}
        for key, value in element.attrib.items():
            attribute, words = _name(str(key)), str(value)
            taken = derive.attribute(opened, attribute, words)
            if taken is NONE:
                local = attribute[1]
                place = places.get(local) or next((at for one, at in places.items() if one.endswith(f":{local}")), head)
                self._tell(*place, wrong_attribute(opened, attribute, words, name))
                # Go on as if its value were right; if there is no such attribute, as if it were not there.
                taken = derive.attribute(opened, attribute, None)
                taken = opened if taken is NONE else taken
            opened = taken
        return opened

    def _walk_content(self, pattern: Pattern, element: etree._Element, written: Element) -> Pattern:
        derive, name = self._derive, written.name
        start, end = self._source.content(written)
        children = list(element.iterchildren(etree.Element))
        if not children:
            words = "".join(_texts(element))
            taken = derive.only_text(pattern, words)
            if taken is NONE or (derive.end(taken) is NONE and derive.end(pattern) is NONE and words.strip()):
                self._tell(start, max(end, start + 1), wrong_text(pattern, words, name))
                return _anything(pattern, self._derive)
            return taken
        for child in children:
            before = "".join(_before(child))
            if before.strip():
                pattern = self._text(pattern, before, start, name)
            pattern = self._walk(pattern, child, name)
        after = "".join(_after(children[-1]))
        return self._text(pattern, after, start, name) if after.strip() else pattern

    def _text(self, pattern: Pattern, words: str, start: int, name: str) -> Pattern:
        taken = self._derive.text(pattern, words)
        if taken is not NONE:
            return taken
        at = self._source.text.find(words.strip().splitlines()[0], start)
        at = at if at >= 0 else start
        what = text("There can be no text between the elements of <{name}>.", name=name)
        self._tell(at, at + len(words.strip().splitlines()[0]), what)
        return pattern


def _texts(element: etree._Element) -> Iterator[str]:
    yield element.text or ""
    for part in element:  # comments
        yield part.tail or ""


def _before(child: etree._Element) -> list[str]:
    """The text between it and the element before it, over comments."""
    found: list[str] = []
    one = child.getprevious()
    while one is not None:
        found.insert(0, one.tail or "")
        if _is_element(one):
            return found
        one = one.getprevious()
    above = child.getparent()
    return [above.text or "" if above is not None else "", *found]


def _after(child: etree._Element) -> list[str]:
    found = [child.tail or ""]
    one = child.getnext()
    while one is not None:
        found.append(one.tail or "")
        one = one.getnext()
    return found


def _is_element(node: etree._Element) -> bool:
    """And no comment."""
    tag: object = node.tag
    return isinstance(tag, str)


def _name(tag: str) -> Name:
    name = etree.QName(tag)
    return name.namespace or "", name.localname


def _anything(pattern: Pattern, derive: Derive) -> Pattern:
    """As if the text of the element that is open had been right."""
    if isinstance(pattern, After):
        return derive.patterns.after(TEXT, pattern.outer)
    if isinstance(pattern, Choice):
        return derive.patterns.choice([_anything(part, derive) for part in pattern.parts])
    return pattern
