"""A definition that is written back as it was typed: only what was changed is spelled anew.

Comments, unknown elements, foreign namespaces, CDATA, quotes, spaces, line ends and the order of all things stay.
"""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from vmdesk.model.text import Text
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.metadata import clean

_TOKEN = re.compile(
    r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>|</[^>]*>"
    r"|<[^>\"']*(?:\"[^\"]*\"[^>\"']*|'[^']*'[^>\"']*)*>|[^<]+",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"(\s+)([^\s=]+)(\s*=\s*)(\"[^\"]*\"|'[^']*')", re.DOTALL)
_NOT_ELEMENTS: tuple[object, ...] = (etree.Comment, etree.ProcessingInstruction)
_STEP = "  "  # libvirt's indentation
# libvirt's own order below <domain>; what is new goes to its place in it.
_ORDER = (
    *("name", "uuid", "genid", "title", "description", "metadata", "maxMemory", "memory", "currentMemory"),
    *("memoryBacking", "vcpu", "vcpus", "iothreads", "iothreadids", "defaultiothread", "blkiotune", "memtune"),
    *("cputune", "numatune", "resource", "fibrechannel", "sysinfo", "bootloader", "bootloader_args", "os", "idmap"),
    *("features", "cpu", "clock", "on_poweroff", "on_reboot", "on_crash", "on_lockfailure", "pm", "perf", "devices"),
    *("seclabel", "keywrap", "launchSecurity"),
)


class EditError(ValueError):
    """It cannot be changed so. `why` is the sentence for people."""

    def __init__(self, why: Text) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(slots=True)
class _Raw:
    """How one node stood in the text, and what it said."""

    open: str
    attributes: tuple[tuple[str, str], ...]
    said: str | None
    tail_said: str | None
    text: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    close: str = ""
    children: int = 0


class Definition:
    """A `<domain>` (or what `tag` says) to be edited: change `domain`, then take `text`. Raises XmlError."""

    def __init__(self, xml: str, tag: str = "domain") -> None:
        self.domain = root(xml)
        if self.domain.tag != tag:
            raise XmlError(f"not a <{tag}>")
        self._crlf = "\r\n" in xml
        self._before, self._after = "", ""
        self._raws: dict[etree._Element, _Raw] = {}
        self._read(xml)
        quoted = re.search(r"<\w[^<>]*?=\s*(['\"])", xml)
        self._quote = quoted.group(1) if quoted else "'"

    @property
    def text(self) -> str:
        return f"{self._before}{self._written(self.domain)}{self._after}"

    # ---------------------------------------------------------------- reading

    def _read(self, xml: str) -> None:
        nodes = self.domain.iter()
        stack: list[_Raw] = []
        last: _Raw | None = None  # what was closed just now: text goes to its tail
        around: list[str] = []
        for token in _TOKEN.findall(xml):
            plain = not token.startswith("<") or token.startswith("<![CDATA[")
            if not stack and (plain or token.startswith(("<!", "<?"))):
                around.append(token)
                continue
            if plain:
                (stack[-1].text if last is None else last.tail).append(token)
                continue
            if token.startswith("</"):
                last = stack.pop()
                last.close = token
            else:
                node = next(nodes)
                raw = _Raw(token, tuple(map(_plain, node.attrib.items())), node.text, node.tail, children=len(node))
                self._raws[node] = raw
                last = raw
                if not token.startswith(("<!", "<?")) and not token.endswith("/>"):
                    stack.append(raw)
                    last = None
            if not stack:
                self._before, around = "".join(around), []
        self._after = "".join(around)

    # ---------------------------------------------------------------- writing

    def _written(self, node: etree._Element) -> str:
        raw = self._raws.get(node)
        if node.tag in _NOT_ELEMENTS:
            return raw.open if raw else etree.tostring(node, encoding="unicode", with_tail=False)
        inner = "".join(self._written(child) + self._tail(child) for child in node)
        said = "".join(raw.text) if raw and node.text == raw.said else self._escaped(node.text or "")
        opened = self._open(node, raw)
        if not inner and not said and (raw is None or not raw.close or raw.children):
            return f"{opened}/>"
        close = raw.close if raw and raw.close else f"</{_name(node)}>"
        return f"{opened.rstrip() if raw and not raw.close else opened}>{said}{inner}{close}"

    def _tail(self, node: etree._Element) -> str:
        raw = self._raws.get(node)
        return "".join(raw.tail) if raw and node.tail == raw.tail_said else self._escaped(node.tail or "")

    def _open(self, node: etree._Element, raw: _Raw | None) -> str:
        """The start tag without its end."""
        if raw is None:
            above = node.getparent()
            known = above.nsmap if above is not None else {}
            spaces = {prefix: uri for prefix, uri in node.nsmap.items() if known.get(prefix) != uri}
            declared = [(f"xmlns:{prefix}" if prefix else "xmlns", uri) for prefix, uri in spaces.items()]
            given = [(_attribute(node, name), value) for name, value in map(_plain, node.attrib.items())]
            return f"<{_name(node)}" + "".join(f" {self._said(*one)}" for one in (*declared, *given))
        body = raw.open.removesuffix("/>").removesuffix(">")
        now = dict(map(_plain, node.attrib.items()))
        if raw.attributes == tuple(now.items()):
            # The space before the end is the person's, too.
            return body
        body = body.rstrip()
        left = {_attribute(node, name): value for name, value in now.items()}
        old = {_attribute(node, name): value for name, value in raw.attributes}

        def again(found: "re.Match[str]") -> str:
            space, name, equals, quoted = found.groups()
            if name not in old:
                return found.group()  # a namespace
            if name not in left:
                return ""
            value = left.pop(name)
            if value == old[name]:
                return found.group()
            quote = quoted[0]
            return f"{space}{name}{equals}{quote}{self._in_attribute(value, quote)}{quote}"

        return _ATTRIBUTE.sub(again, body) + "".join(f" {self._said(*one)}" for one in left.items())

    def _said(self, name: str, value: str) -> str:
        return f"{name}={self._quote}{self._in_attribute(value, self._quote)}{self._quote}"

    def _in_attribute(self, value: str, quote: str) -> str:
        value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        value = value.replace(quote, "&quot;" if quote == '"' else "&apos;")
        return value.replace("\n", "&#10;").replace("\t", "&#9;").replace("\r", "&#13;")

    def _escaped(self, words: str) -> str:
        words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
        return words.replace("\n", "\r\n") if self._crlf else words


def _plain(pair: tuple[object, object]) -> tuple[str, str]:
    return str(pair[0]), str(pair[1])


def _name(node: etree._Element) -> str:
    local = etree.QName(node).localname
    return f"{node.prefix}:{local}" if node.prefix else local


def _attribute(node: etree._Element, name: str) -> str:
    """`{uri}name` as it is spelled there."""
    if not name.startswith("{"):
        return name
    uri, _, local = name[1:].partition("}")
    if uri == "http://www.w3.org/XML/1998/namespace":
        return f"xml:{local}"
    prefix = next((prefix for prefix, known in node.nsmap.items() if known == uri and prefix), None)
    return f"{prefix}:{local}" if prefix else local


# -------------------------------------------------------------------- changing


def put(parent: etree._Element, path: str, attribute: str | None, value: str | None) -> None:
    """Say `value` at `path` below `parent`, as text (attribute None) or in an attribute; None takes it away.

    What is missing on the way is made; what was made for it and says nothing any more goes with it.
    """
    element = parent.find(path)
    if value is None:
        if element is None:
            return
        if attribute is None:
            drop(element)
            _prune(parent, path.rpartition("/")[0])
        elif attribute in element.attrib:
            del element.attrib[attribute]
            _prune(parent, path)
        return
    if element is None:
        element = ensure(parent, path)
    if attribute is not None:
        element.set(attribute, clean(value))
    elif (element.text or "").strip() != value or len(element):
        for child in list(element):
            element.remove(child)
        element.text = clean(value)


def ensure(parent: etree._Element, path: str) -> etree._Element:
    """The element at that plain path, made where it is missing."""
    for name in path.split("/"):
        found = parent.find(name)
        parent = add(parent, name) if found is None else found
    return parent


def _prune(parent: etree._Element, path: str) -> None:
    """Drop what says nothing any more, from the end of `path` upwards; `parent` stays."""
    while path:
        element = parent.find(path)
        if element is None or len(element) or element.attrib or (element.text or "").strip():
            return
        drop(element)
        path = path.rpartition("/")[0]


def add(
    parent: etree._Element,
    what: "str | etree._Element",
    *,
    first: bool = False,
    after: etree._Element | None = None,
) -> etree._Element:
    """A new child, indented like its place: first, after another, else last (below <domain>: where libvirt has it)."""
    element = etree.Element(what) if isinstance(what, str) else what
    if parent.getparent() is None and not first and after is None and element.tag in _ORDER:
        after, first = _predecessor(parent, str(element.tag))
    place = 0 if first else len(parent) if after is None else parent.index(after) + 1
    depth = len(list(parent.iterancestors())) + 1
    if len(element):
        _indent(element, depth, _is_indented(parent))
    if not len(parent):
        if parent.text and not parent.text.strip():
            element.tail = parent.text  # so that dropping it gives back what was there
        elif not parent.text and _is_indented(parent):
            parent.text, element.tail = f"\n{_STEP * depth}", f"\n{_STEP * (depth - 1)}"
        parent.insert(0, element)
        return element
    lead = _lead(parent, place)
    if place < len(parent):
        tail = lead if _is_space(lead) else None
    else:
        last = parent[-1]
        tail = last.tail if _is_space(last.tail) else None
        if _is_space(last.tail):
            last.tail = parent.text if _is_space(parent.text) else last.tail
    parent.insert(place, element)
    element.tail = tail
    return element


def drop(element: etree._Element) -> None:
    """Remove it with the line it stands on."""
    parent = element.getparent()
    if parent is None:
        return
    place, tail = parent.index(element), element.tail
    lead = _lead(parent, place)
    last = place == len(parent) - 1
    parent.remove(element)
    if not _is_space(tail):
        left = (lead or "") + (tail or "")
    elif not last:
        left = lead or tail or ""
    elif place:
        left = (tail or "") if _is_space(lead) else (lead or "") + (tail or "")
    else:
        left = (lead or "") if lead == tail or not _is_space(lead) else ""
    _set_lead(parent, place, left or None)


def replace(old: etree._Element, new: etree._Element) -> None:
    """Put another element in its place."""
    parent = old.getparent()
    assert parent is not None
    if len(new):
        _indent(new, len(list(old.iterancestors())), _is_indented(parent))
    new.tail = old.tail
    parent.replace(old, new)
    old.tail = None


def take_over(xml: str, other: str, scope: Sequence[str]) -> str:
    """`xml` with all elements of these plain paths ("cputune", "devices/disk") as they stand in `other`."""
    definition, source = Definition(xml), Definition(other).domain
    for path in scope:
        above, _, tag = path.rpartition("/")
        theirs = source.find(above) if above else source
        wanted = theirs.findall(tag) if theirs is not None else []
        if above and wanted and definition.domain.find(above) is None:
            ensure(definition.domain, above)
        ours = definition.domain.find(above) if above else definition.domain
        if ours is None:
            continue
        _take_over(ours, theirs, ours.findall(tag), wanted)
        if above and theirs is None and not len(ours) and not ours.attrib and _is_space(ours.text):
            drop(ours)
    return definition.text


def _take_over(
    ours: etree._Element, theirs: etree._Element | None, have: list[etree._Element], want: list[etree._Element]
) -> None:
    if [_shape(one) for one in have] == [_shape(one) for one in want]:
        return
    if len(have) == len(want):
        for old, new in zip(have, want):
            replace_exactly(old, new)
        return
    for one in have:
        drop(one)
    for one in want:
        assert theirs is not None
        place = min(theirs.index(one), len(ours))
        before = _lead(theirs, theirs.index(one))
        copied = _copied(one)
        copied.tail = one.tail
        mine = _lead(ours, place)
        ours.insert(place, copied)
        if _is_space(mine) and _is_space(before):
            _set_lead(ours, place, before)


def replace_exactly(old: etree._Element, new: etree._Element) -> None:
    """Put a copy of another document's element in its place, with the spaces in it."""
    parent = old.getparent()
    assert parent is not None
    copied = _copied(new)
    copied.tail = old.tail
    parent.replace(old, copied)


def _copied(element: etree._Element) -> etree._Element:
    copied = copy.deepcopy(element)
    copied.tail = None
    return copied


def _shape(element: etree._Element) -> tuple[object, ...]:
    """All that canonical XML would have of it. (Not by writing and reading: not all that libxml2 writes it reads.)"""
    inner = tuple((*_shape(child), child.tail) for child in element)
    return element.tag, tuple(sorted(element.attrib.items())), element.text, inner


def _predecessor(parent: etree._Element, tag: str) -> tuple[etree._Element | None, bool]:
    """After which child it goes, and whether it is the first of all."""
    place = _ORDER.index(tag)
    known = [child for child in parent if child.tag in _ORDER]
    before = [child for child in known if _ORDER.index(str(child.tag)) <= place]
    if before:
        return before[-1], False
    return None, bool(known)


def _lead(parent: etree._Element, place: int) -> str | None:
    """What stands before the child at `place`."""
    return parent.text if place == 0 else parent[place - 1].tail


def _set_lead(parent: etree._Element, place: int, words: str | None) -> None:
    if place == 0:
        parent.text = words
    else:
        parent[place - 1].tail = words


def _is_space(words: str | None) -> bool:
    return not (words or "").strip()


def _is_indented(element: etree._Element) -> bool:
    """Whether the document puts elements on lines of their own, here."""
    if len(element):
        return "\n" in (element.text or "")
    above = element.getparent()
    return above is not None and "\n" in (above.text or "")


def _indent(element: etree._Element, depth: int, indented: bool) -> None:
    """Lay a new element out, unless it has been."""
    if not indented or not len(element) or not _is_space(element.text):
        return
    element.text = f"\n{_STEP * (depth + 1)}"
    for child in element:
        _indent(child, depth + 1, indented)
        child.tail = f"\n{_STEP * (depth + 1)}"
    element[-1].tail = f"\n{_STEP * depth}"
