"""Snapshots of one machine through libvirt. Every function raises VirtError.

Only what libvirt does by itself; what takes several steps stands in core/snapshots.
"""

import contextlib
import os
from dataclasses import replace
from functools import partial

import libvirt

from vmdesk.model.host import Feature
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.model.text import text
from vmdesk.virt.acting import act, look, name
from vmdesk.virt.connection import Connection
from vmdesk.virt.things import unreadable
from vmdesk.virtxml import snapshots as snapshots_xml
from vmdesk.virtxml.document import XmlError

_SECURE = libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE
_CREATE = {
    "disk-only": libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY,
    "live": libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_LIVE,
    "quiesce": libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE,
}
# All disks or none.
_ATOMIC = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC


async def snapshots(connection: Connection, uuid: str) -> list[Snapshot]:
    """All of a machine, parents before their children, else the oldest first. [] where the driver has none."""
    doing = text("Listing the snapshots of {name}", name=name(connection, uuid))
    work = partial(_list, connection.local)
    return in_order(await look(connection, uuid, work, doing, Feature.SNAPSHOT, connection.long))


def in_order(found: list[Snapshot]) -> list[Snapshot]:
    """Parents before children; those of one parent by their time."""
    names = {one.name for one in found}
    children: dict[str, list[Snapshot]] = {}
    for one in sorted(found, key=lambda one: (one.created, one.name)):
        children.setdefault(one.parent if one.parent in names else "", []).append(one)
    ordered: list[Snapshot] = []
    waiting = children.pop("", [])[::-1]
    while waiting:
        one = waiting.pop()
        ordered.append(one)
        waiting += children.pop(one.name, [])[::-1]
    return ordered


async def create(
    connection: Connection, uuid: str, xml: str, *, disk_only: bool = False, live: bool = False, quiesce: bool = False
) -> None:
    """Make one. Cancelling does not stop it: ask for the job and abort that."""
    flags = _ATOMIC if disk_only or live else 0
    flags |= _CREATE["disk-only"] if disk_only else 0
    flags |= _CREATE["live"] if live else 0
    flags |= _CREATE["quiesce"] if quiesce else 0
    doing = text("Taking a snapshot of {name}", name=name(connection, uuid))

    def work(domain: "libvirt.virDomain") -> None:
        domain.snapshotCreateXML(xml, flags)

    await act(connection, uuid, work, doing, Feature.SNAPSHOT, connection.long)


async def revert(connection: Connection, uuid: str, called: str) -> None:
    """Let libvirt revert to it. What is now is lost."""
    doing = text("Reverting {name} to {snapshot}", name=name(connection, uuid), snapshot=called)

    def work(domain: "libvirt.virDomain") -> None:
        domain.revertToSnapshot(domain.snapshotLookupByName(called), 0)

    await act(connection, uuid, work, doing, Feature.SNAPSHOT, connection.long)


async def delete(connection: Connection, uuid: str, called: str, *, metadata_only: bool = False) -> bool:
    """Delete one; its children become its parent's. False if it was not there.

    metadata_only  libvirt forgets it, and all files stay
    """
    doing = text("Deleting the snapshot {snapshot} of {name}", snapshot=called, name=name(connection, uuid))
    flags = libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY if metadata_only else 0

    def work(domain: "libvirt.virDomain") -> bool:
        try:
            domain.snapshotLookupByName(called).delete(flags)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT:
                raise
            return False
        return True

    return await act(connection, uuid, work, doing, Feature.SNAPSHOT, connection.long)


async def xml(connection: Connection, uuid: str, called: str) -> str:
    """Its description, with passwords: not to be logged."""
    doing = text("Reading the snapshot {snapshot} of {name}", snapshot=called, name=name(connection, uuid))
    connection.may_write(doing)

    def work(domain: "libvirt.virDomain") -> str:
        return str(domain.snapshotLookupByName(called).getXMLDesc(_SECURE))

    return await look(connection, uuid, work, doing, Feature.SNAPSHOT, connection.long)


async def redefine(connection: Connection, uuid: str, described: str, *, current: bool) -> None:
    """Replace its description. `current`: it is the one that the machine stands on."""
    doing = text("Changing a snapshot of {name}", name=name(connection, uuid))
    flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
    flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT if current else 0

    def work(domain: "libvirt.virDomain") -> None:
        domain.snapshotCreateXML(described, flags)

    await act(connection, uuid, work, doing, Feature.SNAPSHOT, connection.long)


async def set_note(connection: Connection, uuid: str, called: str, note: str) -> None:
    """Write another note (its description)."""
    doing = text("Writing the note of {snapshot} of {name}", snapshot=called, name=name(connection, uuid))

    def work(domain: "libvirt.virDomain") -> None:
        found = domain.snapshotLookupByName(called)
        try:
            new = snapshots_xml.with_note(found.getXMLDesc(_SECURE), note)
        except XmlError as error:
            raise unreadable(error) from None
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
        # Without the flag libvirt takes the mark away.
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT if found.isCurrent() else 0
        domain.snapshotCreateXML(new, flags)

    await act(connection, uuid, work, doing, Feature.SNAPSHOT, connection.long)


def _list(local: bool, domain: "libvirt.virDomain") -> list[Snapshot]:
    try:
        listed = domain.listAllSnapshots(0)
        current = domain.snapshotCurrent().getName() if listed and domain.hasCurrentSnapshot() else ""
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            raise
        return []
    found = []
    for one in listed:
        try:
            read = snapshots_xml.parse(one.getXMLDesc(0), current=one.getName() == current)
            found.append(_sized(local, domain, read))
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT:
                raise
        except XmlError as error:
            raise unreadable(error) from None
    return found


def _sized(local: bool, domain: "libvirt.virDomain", snapshot: Snapshot) -> Snapshot:
    """With what it takes on disk alone: of an external one what was put on top, and its memory."""
    if snapshot.kind is not Kind.EXTERNAL:
        return snapshot
    conn, total = domain.connect(), 0
    for path in [*(disk.overlay for disk in snapshot.disks), snapshot.memory_file]:
        try:
            total += int(conn.storageVolLookupByPath(path).info()[2]) if path else 0
        except libvirt.libvirtError:
            # The pools do not know yet what QEMU made a moment ago.
            with contextlib.suppress(OSError):
                total += os.stat(path).st_blocks * 512 if local else 0
    return replace(snapshot, bytes=total or None)


async def restore_memory(connection: Connection, uuid: str, path: str, described: str, *, paused: bool) -> None:
    """Let a machine that is off go on from the memory that a snapshot kept.

    described  its definition as it ran then, on the disks that it is to have
    """
    doing = text("Restoring the memory of {name}", name=name(connection, uuid))
    connection.may_write(doing, Feature.SNAPSHOT)
    flags = libvirt.VIR_DOMAIN_SAVE_PAUSED if paused else libvirt.VIR_DOMAIN_SAVE_RUNNING

    def work(conn: "libvirt.virConnect") -> None:
        conn.restoreFlags(path, described, flags)

    await connection.long.call(work, doing)


async def stored(connection: Connection, uuid: str) -> str:
    """The stored definition, with passwords: not to be logged."""
    doing = text("Reading the definition of {name}", name=name(connection, uuid))
    connection.may_write(doing)
    flags = libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE
    return await look(connection, uuid, lambda domain: str(domain.XMLDesc(flags)), doing, wire=connection.long)
