"""Which CD a machine was installed from: our note in its metadata, so that it can be put into the drive again.

The stored definition of a new machine has its drive empty, so that the next cold start is the installed system's. An
installation that was cut off needs the CD once more.
"""

from lxml import etree

from vmdesk.virtxml.document import XmlError

# One namespace has one element in <metadata>: this is a third one, beside the labels' and the forwards'.
NAMESPACE = "https://vmdesk.org/xmlns/medium/1"
_MEDIUM = f"{{{NAMESPACE}}}medium"


def element(path: str, keep_owner: bool) -> etree._Element:
    """As it stands in <metadata>. keep_owner: a person's own file, which the hypervisor must not make its own."""
    made = etree.Element(_MEDIUM, nsmap={"vmdesk-medium": NAMESPACE})
    made.set("file", path)
    if keep_owner:
        made.set("keep-owner", "yes")
    return made


def remembered(domain: etree._Element) -> str:
    """The path of the CD, "" if there is none."""
    return _found(domain).get("file") or ""


def inserted(domain: etree._Element) -> str | None:
    """The <disk> of the first empty drive, with that CD in it; None: no drive is empty. XmlError: none remembered."""
    path = remembered(domain)
    if not path:
        raise XmlError("no medium is remembered")
    for disk in domain.findall("devices/disk[@device='cdrom']"):
        if disk.find("source") is not None:
            continue
        disk.set("type", "file")
        source = etree.Element("source")
        source.set("file", path)
        if _found(domain).get("keep-owner") == "yes":
            etree.SubElement(source, "seclabel", model="dac", relabel="no")
        target = disk.find("target")
        disk.insert(disk.index(target) if target is not None else 0, source)
        return etree.tostring(disk, encoding="unicode")
    return None


def _found(domain: etree._Element) -> etree._Element:
    found = domain.find(f"metadata/{_MEDIUM}")
    return found if found is not None else etree.Element(_MEDIUM)
