"""The one way XML from outside is read."""

from lxml import etree

MAX_LENGTH = 4 * 1024 * 1024  # what libvirt itself takes in one string


class XmlError(ValueError):
    """Not XML that we read: broken, too long, or with a DOCTYPE."""


def root(xml: str) -> etree._Element:
    """The root element of `xml`. No DOCTYPE, no entities, no network. Raises XmlError."""
    if len(xml) > MAX_LENGTH:
        raise XmlError("longer than 4 MiB")
    # A DOCTYPE is where entity tricks live; libvirt never writes one.
    if "<!DOCTYPE" in xml:
        raise XmlError("has a DOCTYPE")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=False
    )
    try:
        found = etree.fromstring(xml.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        # Without lxml's " (<string>, line 3)": the sentence says the line already.
        raise XmlError(getattr(error, "msg", "") or str(error)) from None
    return found


def number(value: str | None, otherwise: int = 0) -> int:
    """The whole number in `value`, or `otherwise`."""
    try:
        return int((value or "").strip())
    except ValueError:
        return otherwise


# libvirt's units: KB is 1000 bytes, KiB and plain K 1024.
_UNITS = {"b": 1, "bytes": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "tb": 1000**4}
_UNITS |= {"k": 1024, "kib": 1024, "m": 1024**2, "mib": 1024**2, "g": 1024**3, "gib": 1024**3}
_UNITS |= {"t": 1024**4, "tib": 1024**4, "pb": 1000**5, "p": 1024**5, "pib": 1024**5}


def kibibytes(element: etree._Element | None) -> int:
    """The KiB of a size element: `<memory unit='MiB'>512</memory>`; libvirt's default unit is KiB."""
    if element is None:
        return 0
    factor = _UNITS.get((element.get("unit") or "KiB").lower(), 1024)
    return number(element.text) * factor // 1024


def size(element: etree._Element | None) -> int:
    """The bytes of a size element of storage, whose default unit is the byte."""
    if element is None:
        return 0
    return number(element.text) * _UNITS.get((element.get("unit") or "bytes").lower(), 1)
