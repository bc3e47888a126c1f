"""A definition from elsewhere is code: what in it reaches for the host, each thing to be allowed or taken out.

Nothing is trusted by being unknown: any other path on the host that stands in a definition is a finding too.
"""

from collections.abc import Collection
from dataclasses import dataclass

from lxml import etree

from vmdesk.model import names
from vmdesk.model.text import Text, text
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.review_rules import Found, cut, found_in, in_metadata

_MOST_DIGITS = 18
_MOST_VCPUS = 8192


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing.

    id     the same for the same text; what `apply` is told
    where  its XPath
    what   what it is; why: what it could do
    value  what it says, shortened; secrets are not shown
    """

    id: str
    where: str
    what: Text
    why: Text
    value: str = ""


def review(xml: str) -> tuple[Finding, ...]:
    """All that is to be ticked or taken out, in the order of the text. Raises XmlError."""
    domain = _domain(xml)
    return tuple(_public(domain, found) for found in found_in(domain))


def apply(xml: str, allowed: Collection[str], *, fresh: bool = False, name: str = "") -> str:
    """`xml` without the findings that are not in `allowed` (ids); the rest stays as it is. Raises XmlError.

    fresh  UUID and MAC addresses are taken out: libvirt makes new ones
    name   a new name, "" for its own
    """
    domain = _domain(xml)
    # All of them first: places change as soon as something is taken out.
    out = [found for found in found_in(domain) if _public(domain, found).id not in allowed]
    if not (out or fresh or name):
        return xml
    for found in out:
        if not found.attribute:
            _drop(found.remove)
        elif found.attribute in found.remove.attrib:
            del found.remove.attrib[found.attribute]
    if fresh:
        for path in ("uuid", "genid", "devices/interface/mac", "sysinfo/system/entry[@name='uuid']"):
            for element in domain.findall(path):
                _drop(element)
    if name:
        named = domain.find("name")
        if named is None:
            named = etree.Element("name")
            domain.insert(0, named)
        named.text = name
    return _written(domain, xml)


def problems(xml: str) -> tuple[Text, ...]:
    """Why it must not be shown to libvirt at all, whatever is taken out. Raises XmlError."""
    domain = _domain(xml)
    found = []
    if why := names.problem(domain.findtext("name") or ""):
        found.append(why)
    for element in domain.findall("name")[1:2]:
        found.append(text("The definition has more than one name ({name}).", name=cut(element.text or "")))
    for vcpu in domain.findall("vcpu"):
        for figure in (vcpu.text or "", vcpu.get("current") or "1"):
            if not figure.strip().isascii() or not figure.strip().isdigit() or not 0 < _number(figure) <= _MOST_VCPUS:
                found.append(text("{value} is not a number of processors.", value=cut(figure.strip() or "“”")))
    # WORKAROUND libvirt 9.0: numbers out of range end the daemon in several places.
    for element in domain.iter(etree.Element):
        if in_metadata(element):
            continue
        for value in (element.text or "", *map(str, element.attrib.values())):
            digits = value.strip().lstrip("+-")
            if digits.isdigit() and len(digits) > _MOST_DIGITS:
                found.append(text("{value} is too large a number.", value=cut(value.strip())))
    return tuple(dict.fromkeys(found))


def _public(domain: etree._Element, found: Found) -> Finding:
    where = domain.getroottree().getpath(found.element) + (f"/@{found.attribute}" if found.attribute else "")
    return Finding(f"{found.what.source}:{where}", where, found.what, found.why, found.value)


def _number(words: str) -> int:
    return int(words.strip()[:_MOST_DIGITS])


def _domain(xml: str) -> etree._Element:
    found = root(xml)
    if found.tag != "domain":
        raise XmlError("not a <domain>")
    return found


def _drop(element: etree._Element) -> None:
    """Remove it with the line it stands on, if it has not gone with what it stood in."""
    parent = element.getparent()
    if parent is None:
        return
    before, tail = element.getprevious(), element.tail
    last = element.getnext() is None
    parent.remove(element)
    if last and before is not None:
        before.tail = tail
    elif last and not len(parent) and (parent.text or "").isspace():
        parent.text = None


def _written(domain: etree._Element, xml: str) -> str:
    around = [*reversed(list(domain.itersiblings(preceding=True))), domain, *domain.itersiblings()]
    new = "\n".join(etree.tostring(one, encoding="unicode", with_tail=False) for one in around)
    return new + ("\n" if xml.endswith("\n") else "")
