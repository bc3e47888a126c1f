"""Volumes of storage pools: `<volume>` to values and back."""

from lxml import etree

from vmdesk.model.storage import Volume
from vmdesk.virtxml import qcow2
from vmdesk.virtxml.document import XmlError, number, root, size

MOST_BYTES = 2**63 - 1  # libvirt reads sizes as signed 64-bit numbers


def parse(xml: str, pool: str) -> Volume:
    """Read a `<volume>` of that pool. Raises XmlError."""
    volume = root(xml)
    if volume.tag != "volume":
        raise XmlError("not a <volume>")
    below, rights = volume.find("backingStore"), volume.find("target/permissions")
    backing, backing_format = qcow2.backing_file(
        (below.findtext("path") or "") if below is not None else "", _format(below)
    )
    return Volume(
        pool=pool,
        name=volume.findtext("name") or "",
        path=volume.findtext("target/path") or volume.findtext("key") or "",
        kind=volume.get("type") or "file",
        format=_format(volume.find("target")),
        capacity=size(volume.find("capacity")),
        allocation=size(volume.find("allocation")),
        backing=backing,
        backing_format=backing_format,
        encrypted=volume.find("target/encryption") is not None,
        owner=_whole(rights, "owner", 10),
        mode=_whole(rights, "mode", 8),
        modified=_seconds(volume.findtext("target/timestamps/mtime")),
    )


def build(
    name: str,
    capacity: int,
    *,
    format: str = "",  # noqa: A002 - the word for it
    allocation: int = 0,
    backing: str = "",
    backing_format: str = "",
    secret: str = "",
) -> str:
    """A `<volume>` to be made. Sizes in bytes.

    format   qcow2, raw; "" where the pool knows none
    backing  the path of the file below it; its format must be said, so that nobody ever guesses it from the content
    secret   the UUID of libvirt's secret with its passphrase: it is encrypted (LUKS) then
    Raises XmlError if XML has no way to write the name or a path, if a size is out of range, or a format is missing.
    """
    if not 0 < capacity <= MOST_BYTES or not 0 <= allocation <= MOST_BYTES:
        raise XmlError("size out of range")
    if backing and not backing_format:
        raise XmlError("the format of the backing file is not said")
    volume = etree.Element("volume")
    _add(volume, "name", name)
    _add(volume, "capacity", str(capacity)).set("unit", "bytes")
    _add(volume, "allocation", str(allocation)).set("unit", "bytes")
    target = etree.SubElement(volume, "target")
    if format:
        etree.SubElement(target, "format", type=format)
    if format == "qcow2":
        # libvirt's own choice is version 2 (0.10), which cannot keep the bitmaps of incremental backups.
        _add(target, "compat", "1.1")
    if secret:
        encryption = etree.SubElement(target, "encryption", format="luks")
        etree.SubElement(encryption, "secret", type="passphrase", uuid=secret)
    if backing:
        below = etree.SubElement(volume, "backingStore")
        _add(below, "path", backing)
        etree.SubElement(below, "format", type=backing_format)
    return etree.tostring(volume, encoding="unicode", pretty_print=True)


def _add(parent: etree._Element, tag: str, words: str) -> etree._Element:
    element = etree.SubElement(parent, tag)
    try:
        element.text = words
    except ValueError as error:  # control characters
        raise XmlError(str(error)) from None
    return element


def _format(parent: etree._Element | None) -> str:
    found = parent.find("format") if parent is not None else None
    return (found.get("type") or "") if found is not None else ""


def _whole(parent: etree._Element | None, tag: str, base: int) -> int | None:
    words = ((parent.findtext(tag) if parent is not None else None) or "").strip()
    if base == 10:
        value = number(words, -1)
        return value if value >= 0 else None
    try:
        return int(words, base)
    except ValueError:
        return None


def _seconds(words: str | None) -> float | None:
    try:
        return float(words) if words else None
    except ValueError:
        return None
