"""libvirt's own schema: what is wrong with a definition, where, in plain words; and what may be written at a place."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lxml import etree

from vmdesk.model.text import Text, text
from vmdesk.virtxml import document
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.rng.derive import Derive
from vmdesk.virtxml.rng.grammar import Grammar
from vmdesk.virtxml.rng.look import find, has_text, needed, parts, values
from vmdesk.virtxml.rng.pattern import NONE, Attribute, Element, Pattern, Patterns
from vmdesk.virtxml.schema_check import Check
from vmdesk.virtxml.source import Mistake, Place, Source, read

FOLDERS = (Path("/usr/share/libvirt/schemas"), Path("/usr/local/share/libvirt/schemas"))
PACKAGES = "libvirt0 (Debian, Ubuntu), libvirt-libs (Fedora), libvirt (Arch)"
MOST = 100  # mistakes told


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing that may be written. `needed`: something without it would be wrong."""

    words: str
    needed: bool = False
    leaf: bool = False  # an element that can have neither text nor elements in it


def load(name: str = "domain.rng", folders: Iterable[Path] = FOLDERS) -> "Schema | None":
    """The installed schema of that name; None where there is none. Takes a moment. XmlError if it is no schema."""
    for folder in folders:
        if (folder / name).is_file():
            try:
                return Schema(name, folder)
            except (OSError, etree.LxmlError) as error:
                raise XmlError(str(error)) from None
    return None


def missing() -> Text:
    """What to say where there is no schema."""
    return text(
        "Only the form of the XML is checked: libvirt's schemas are not on this computer. The package is {package}.",
        package=PACKAGES,
    )


def form(source: Source) -> tuple[Mistake, ...]:
    """What is wrong with the XML itself, whatever the schema says."""
    if source.mistakes:
        return source.mistakes[:MOST]
    words = source.text
    if not source.elements:
        return (Mistake(0, len(words), text("There is no element.")),)
    try:
        document.root(words)
    except XmlError as error:
        return (_of_parser(source, str(error)),)
    return ()


def _of_parser(source: Source, told: str) -> Mistake:
    """libxml2's own words, at the place it names."""
    found = re.search(r"line (\d+), column (\d+)", told)
    start = 0
    if found:
        start = source.offset(int(found[1])) + max(int(found[2]) - 2, 0)
    start = min(start, max(len(source.text) - 1, 0))
    words = re.sub(r", line \d+, column \d+.*", "", told)
    return Mistake(start, start + 1, text("It cannot be read: {words}", words=words))


class Schema:
    """Immutable but for what it remembers; one thread at a time may check, any may propose."""

    def __init__(self, name: str, folder: Path) -> None:
        self._grammar = Grammar(name, lambda file: (folder / file).read_bytes())
        self._whole = etree.RelaxNG(etree.parse(str(folder / name)))

    # ---------------------------------------------------------------- checking

    def mistakes(self, words: str) -> tuple[Mistake, ...]:
        """All that is wrong with a definition, in the order of the text."""
        source = read(words)
        if wrong := form(source):
            return wrong
        root = document.root(words)
        if self._whole.validate(root):  # libvirt's own judge
            return ()
        found = Check(self._grammar.start, source).run(root)
        if not found:
            told = next(iter(self._whole.error_log))
            start = source.offset(told.line)
            end = words.find("\n", start)
            what = text("libvirt's schema says: {words}", words=told.message)
            found = [Mistake(start, end if end >= 0 else len(words), what)]
        return tuple(replace(one, by_schema=True) for one in sorted(found[:MOST], key=lambda one: one.start))

    # ---------------------------------------------------------------- proposing

    def proposals(self, here: Place) -> tuple[Proposal, ...]:
        """What may be written there, all of it, whatever is written of the word."""
        if here.kind == "close":
            return (Proposal(here.path[-1][0]),) if here.path else ()
        derive = Derive(Patterns())
        above = here.path[:-1] if here.kind in ("attribute", "value") else here.path
        inside = self._inside(derive, above)
        if here.kind == "element":
            return tuple(self._elements(inside, here.beside))
        if here.kind == "content":
            return tuple(Proposal(value) for value in dict.fromkeys(values(inside)))
        own, pairs = here.path[-1] if here.path else ("", ())
        head = self._head(derive, inside, own, pairs)
        if here.kind == "attribute":
            return tuple(_attributes(head, here.beside))
        if here.kind == "value":
            parts_of = [one.value for one in find(head, Attribute) if ("", here.attribute) in one.names]
            return tuple(Proposal(word) for word in dict.fromkeys(word for one in parts_of for word in values(one)))
        return ()

    def _inside(self, derive: Derive, path: Iterable[tuple[str, tuple[tuple[str, str], ...]]]) -> Pattern:
        """All that may stand in the last element of the path, in whatever order."""
        inside = self._grammar.start
        for name, pairs in path:
            inside = self._head(derive, inside, name, pairs)
        return inside

    def _head(self, derive: Derive, inside: Pattern, name: str, pairs: Iterable[tuple[str, str]]) -> Pattern:
        """What may come in the element `name` with the attributes it has; those that do not fit are passed over."""
        make = Patterns()
        content = make.choice([one.content for one in find(inside, Element) if ("", name) in one.names])
        for attribute, value in pairs:
            taken = derive.attribute(content, ("", attribute), value)
            content = content if taken is NONE else taken
        return content

    def _elements(self, inside: Pattern, beside: Iterable[str]) -> Iterator[Proposal]:
        there, must = set(beside), needed(inside, Element)
        for one, again in parts(inside, Element):
            for _namespace, name in sorted(one.names.listed):
                if not _namespace and (again or name not in there):
                    there.add(name)
                    content = one.content
                    leaf = not any(True for _ in find(content, Element)) and not has_text(content)
                    yield Proposal(name, name in must, leaf)


def _attributes(head: Pattern, beside: Iterable[str]) -> Iterator[Proposal]:
    there, must = set(beside), needed(head, Attribute)
    for one in find(head, Attribute):
        for namespace, name in sorted(one.names.listed):
            if not namespace and name not in there:
                there.add(name)
                yield Proposal(name, name in must)
