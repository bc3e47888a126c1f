"""What people write about a machine, in our own element of its metadata.

`<vmdesk:labels xmlns:vmdesk="https://vmdesk.org/xmlns/1">` holds notes, group and tags;
title and description are libvirt's own elements.
"""

from lxml import etree

from vmdesk.model.domain import Labels

NAMESPACE = "https://vmdesk.org/xmlns/1"
PREFIX = "vmdesk"
_LABELS = f"{{{NAMESPACE}}}labels"
# What XML 1.0 cannot hold. (A regular expression with such ranges takes milliseconds to be made, at each start.)
_FORBIDDEN = dict.fromkeys((*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF))


def clean(value: str) -> str:
    """`value` without the characters that XML cannot hold."""
    return value.translate(_FORBIDDEN)


def build(labels: Labels) -> str | None:
    """The element for virDomainSetMetadata, which adds the namespace itself; None when there is nothing to keep."""
    if not (labels.notes or labels.group or labels.tags):
        return None
    element = etree.Element("labels")
    for name, value in (("notes", labels.notes), ("group", labels.group)):
        if value:
            etree.SubElement(element, name).text = clean(value)
    for tag in labels.tags:
        etree.SubElement(element, "tag").text = clean(tag)
    return etree.tostring(element, encoding="unicode")


def element(labels: Labels) -> etree._Element:
    """The same as it stands in a definition's <metadata>, with its namespace; without children: nothing to keep."""
    made = etree.Element(_LABELS, nsmap={PREFIX: NAMESPACE})
    for child in etree.fromstring(build(labels) or "<labels/>"):
        etree.SubElement(made, f"{{{NAMESPACE}}}{child.tag}").text = child.text
    return made


def parse(domain: etree._Element) -> Labels:
    """The labels of a `<domain>` element."""
    notes, group, tags = "", "", []
    element = domain.find(f"metadata/{_LABELS}")
    # By name, because iterating would give comments too.
    for child in element.iterchildren("{*}*") if element is not None else ():
        value = child.text or ""
        match etree.QName(child).localname:
            case "notes":
                notes = value
            case "group":
                group = value.strip()
            case "tag" if value.strip():
                tags.append(value.strip())
    return Labels(domain.findtext("title") or "", domain.findtext("description") or "", notes, group, tuple(tags))
