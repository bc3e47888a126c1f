"""Making elements."""

from lxml import etree

from vmdesk.virtxml.metadata import clean


def add(parent: etree._Element, tag: str, content: str | None = None, /, **attributes: str | None) -> etree._Element:
    """A new last child; attributes that are None are left out."""
    element = etree.SubElement(parent, tag)
    for name, value in attributes.items():
        if value is not None:
            element.set(name, clean(value))
    if content is not None:
        element.text = clean(content)
    return element


def yes(on: bool) -> str:
    return "yes" if on else "no"
