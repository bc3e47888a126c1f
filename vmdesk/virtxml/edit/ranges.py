"""Figures that must not be shown to libvirt: some versions of its daemon end when they read them."""

from lxml import etree

from vmdesk.model.text import Text, text
from vmdesk.virtxml.edit.tree import Definition

MOST_VCPUS = 8192
_MOST_DIGITS = 18


def problems(xml: str, before: str = "") -> tuple[Text, ...]:
    """What is out of range in `xml` and was not so in `before`, the definition it was made of. Raises XmlError."""
    known = set(_problems(before)) if before else set()
    return tuple(one for one in _problems(xml) if one not in known)


def _problems(xml: str) -> tuple[Text, ...]:
    # WORKAROUND libvirt 9.0: numbers out of range end the daemon in several places.
    domain = Definition(xml).domain
    found = []
    for vcpu in domain.findall("vcpu"):
        for figure in (vcpu.text or "", vcpu.get("current") or "1"):
            said = figure.strip()
            if not (said.isascii() and said.isdigit()) or not 0 < int(said[:_MOST_DIGITS]) <= MOST_VCPUS:
                found.append(text("{value} is not a number of processors.", value=_cut(said) or "“”"))
    for element in domain.iter(etree.Element):
        if any(above.tag == "metadata" for above in element.iterancestors()):
            continue
        for value in (element.text or "", *map(str, element.attrib.values())):
            digits = value.strip().lstrip("+-")
            if digits.isdigit() and len(digits) > _MOST_DIGITS:
                found.append(text("{value} is too large a number.", value=_cut(value.strip())))
    return tuple(dict.fromkeys(found))


def _cut(words: str) -> str:
    return words if len(words) <= 60 else words[:59] + "…"
