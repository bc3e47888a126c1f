"""What of a machine stays on disk when its definition is deleted."""

import os
from collections.abc import Iterator

import libvirt
from lxml import etree

from vmdesk.model.domain import File
from vmdesk.model.text import text
from vmdesk.virt.acting import look, name
from vmdesk.virt.connection import Connection
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.domain import disk_source


async def files(connection: Connection, uuid: str) -> list[File]:
    """Disks with their backing files, firmware variables, TPM state, what snapshots made, a saved state. Each once."""

    def find(domain: "libvirt.virDomain") -> list[File]:
        found: dict[str, str] = {}
        for path, kind in _named(domain):
            found.setdefault(path or f" {kind}", kind)
        conn = domain.connect()
        return [
            File("", kind) if path.startswith(" ") else File(path, kind, _size(connection, conn, path))
            for path, kind in found.items()
        ]

    doing = text("Looking for the files of {name}", name=name(connection, uuid))
    return await look(connection, uuid, find, doing, wire=connection.long)


async def here(connection: Connection, path: str) -> bool | None:
    """Whether this computer has something of that path. None: it is another's, or behind folders that are closed.

    In a worker: a network drive whose server is gone holds up whoever looks.
    """

    def look_for(_conn: "libvirt.virConnect") -> bool | None:
        try:
            os.stat(path)
        except PermissionError:
            return None
        except OSError:
            return False
        return True

    return await connection.long.call(look_for) if connection.local else None


def _named(domain: "libvirt.virDomain") -> Iterator[tuple[str, str]]:
    """(path, kind); a path of "" is not told by libvirt."""
    for flags in (libvirt.VIR_DOMAIN_XML_INACTIVE, 0):
        try:
            definition = root(domain.XMLDesc(flags))
        except (libvirt.libvirtError, XmlError):
            continue
        yield from in_definition(definition)
    for snapshot in _snapshots(domain):
        yield from in_snapshot(snapshot)
    try:
        if domain.hasManagedSaveImage():
            yield "", "saved-state"
    except libvirt.libvirtError:
        pass  # the driver has no such thing


def in_definition(domain: etree._Element) -> Iterator[tuple[str, str]]:
    """(path, kind) of what a `<domain>` names."""
    for disk in domain.findall("devices/disk"):
        kind = "cdrom" if disk.get("device") in ("cdrom", "floppy") else "disk"
        if path := disk_source(disk.find("source"), disk.get("type") or ""):
            yield path, kind
        layer = disk.find("backingStore")
        while layer is not None:
            if path := disk_source(layer.find("source"), layer.get("type") or ""):
                yield path, "backing"
            layer = layer.find("backingStore")
    if nvram := (domain.findtext("os/nvram") or "").strip():
        yield nvram, "nvram"
    if domain.find("devices/tpm/backend[@type='emulator']") is not None:
        yield "", "tpm"


def in_snapshot(snapshot: etree._Element) -> Iterator[tuple[str, str]]:
    """(path, kind) of what a `<domainsnapshot>` made outside the disks."""
    for disk in snapshot.findall("disks/disk[@snapshot='external']"):
        if path := disk_source(disk.find("source"), disk.get("type") or "file"):
            yield path, "snapshot"
    memory = snapshot.find("memory")
    if memory is not None and memory.get("snapshot") == "external":
        yield memory.get("file") or "", "memory"


def _snapshots(domain: "libvirt.virDomain") -> Iterator[etree._Element]:
    try:
        found = domain.listAllSnapshots(0)
    except libvirt.libvirtError:
        return  # the driver has none
    for snapshot in found:
        try:
            yield root(snapshot.getXMLDesc(0))
        except (libvirt.libvirtError, XmlError):
            continue


def _size(connection: Connection, conn: "libvirt.virConnect", path: str) -> int | None:
    """Bytes taken on disk: by its storage volume (works from afar), else by the file if it is here."""
    try:
        return int(conn.storageVolLookupByPath(path).info()[2])
    except libvirt.libvirtError:
        pass
    if not connection.local:
        return None
    try:
        return os.stat(path).st_blocks * 512
    except OSError:
        return None
