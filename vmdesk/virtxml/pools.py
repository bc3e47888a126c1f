"""Storage pools: `<pool>` to values and back."""

from lxml import etree

from vmdesk.model.storage import Pool
from vmdesk.virtxml.document import XmlError, root, size


def parse(xml: str, *, active: bool = True, autostart: bool = False, persistent: bool = True) -> Pool:
    """Read a `<pool>`; the flags are not in it. Raises XmlError."""
    pool = root(xml)
    if pool.tag != "pool":
        raise XmlError("not a <pool>")
    return Pool(
        name=pool.findtext("name") or "",
        uuid=pool.findtext("uuid") or "",
        kind=pool.get("type") or "dir",
        target=pool.findtext("target/path") or "",
        active=active,
        autostart=autostart,
        persistent=persistent,
        capacity=size(pool.find("capacity")) if active else 0,
        allocation=size(pool.find("allocation")) if active else 0,
        available=size(pool.find("available")) if active else 0,
    )


def parse_kinds(xml: str) -> tuple[str, ...]:
    """The kinds of pools that a host can have, from `<storagepoolCapabilities>`. Raises XmlError."""
    told = root(xml)
    if told.tag != "storagepoolCapabilities":
        raise XmlError("not <storagepoolCapabilities>")
    return tuple(one.get("type") or "" for one in told.findall("pool") if one.get("supported") == "yes")


def build(
    name: str,
    target: str = "",
    *,
    kind: str = "dir",
    host: str = "",
    folder: str = "",
    device: str = "",
    source: str = "",
    source_format: str = "",
) -> str:
    """A `<pool>` to be defined.

    target  the folder (or /dev/GROUP) of its volumes on the host
    host, folder, device, source, source_format  where it comes from, for kinds other than dir: a server, a folder
        there, a block device, the name of a volume group or the like, and nfs, lvm2, ext4, ...
    Raises XmlError if XML has no way to write one of them.
    """
    pool = etree.Element("pool", type=kind)
    try:
        etree.SubElement(pool, "name").text = name
        if host or folder or device or source or source_format:
            origin = etree.SubElement(pool, "source")
            if host:
                etree.SubElement(origin, "host", name=host)
            if folder:
                etree.SubElement(origin, "dir", path=folder)
            if device:
                etree.SubElement(origin, "device", path=device)
            if source:
                etree.SubElement(origin, "name").text = source
            if source_format:
                etree.SubElement(origin, "format", type=source_format)
        if target:
            etree.SubElement(etree.SubElement(pool, "target"), "path").text = target
    except ValueError as error:  # control characters
        raise XmlError(str(error)) from None
    return etree.tostring(pool, encoding="unicode", pretty_print=True)
