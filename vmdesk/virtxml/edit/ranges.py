"""Figures that must not be shown to libvirt: some versions of its daemon end when they read them."""

from lxml import etree

from vmdesk.model import sizes
from vmdesk.model.text import Text, text
from vmdesk.virtxml.document import kibibytes
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
    found += _of_memory(domain)
    return tuple(dict.fromkeys(found))


def _of_memory(domain: etree._Element) -> list[Text]:
    """More than any processor can address; and a hard limit that the machine itself would not fit into."""
    figures = {tag: kibibytes(domain.find(tag)) for tag in ("memory", "currentMemory", "maxMemory")}
    found = [why for one in figures.values() if (why := sizes.too_much(one)) is not None]
    given = figures["currentMemory"] or figures["memory"]
    if why := too_tight(given, kibibytes(domain.find("memtune/hard_limit"))):
        found.append(why)
    return found


def too_tight(given: int, hard: int) -> Text | None:
    """Whether a hard limit is below what the guest may use (KiB): the kernel would end its process. 0: none."""
    if not 0 < hard < given:
        return None
    return text(
        "The hard limit of {limit} is below the machine's memory of {memory}: the host would end the machine. "
        "Raise the limit, with room for the hypervisor itself, or give the machine less memory first.",
        limit=_size(hard),
        memory=_size(given),
    )


def _size(kib_: int) -> str:
    return sizes.written(kib_ * sizes.KIB)


def _cut(words: str) -> str:
    return words if len(words) <= 60 else words[:59] + "…"
