"""Our marks in a machine's metadata: template, trash. An element of its own, beside the labels'.

`<vmdesk-marks:marks xmlns:vmdesk-marks="https://vmdesk.org/xmlns/marks/1" template="yes" trashed="1764000000"/>`
"""

from lxml import etree

from vmdesk.model.chain import Marks

NAMESPACE = "https://vmdesk.org/xmlns/marks/1"
PREFIX = "vmdesk-marks"
TAG = f"{{{NAMESPACE}}}marks"


def build(marks: Marks) -> str | None:
    """The element for virDomainSetMetadata, which adds the namespace itself; None when there is nothing to keep."""
    element = etree.Element("marks")
    if marks.template:
        element.set("template", "yes")
    if marks.trashed:
        element.set("trashed", f"{marks.trashed:.0f}")
        if marks.autostart:
            element.set("autostart", "yes")
    return etree.tostring(element, encoding="unicode") if element.attrib else None


def parse(domain: etree._Element) -> Marks:
    """The marks of a `<domain>` element."""
    element = domain.find(f"metadata/{TAG}")
    if element is None:
        return Marks()
    return Marks(element.get("template") == "yes", _seconds(element.get("trashed")), element.get("autostart") == "yes")


def _seconds(words: str | None) -> float:
    """A trash mark that somebody spoilt is a trash mark all the same."""
    if words is None:
        return 0.0
    try:
        return max(1.0, float(words))
    except ValueError:
        return 1.0
