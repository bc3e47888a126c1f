"""Taking a snapshot: what libvirt would mix, or could not give back, is refused before."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from vmdesk.core.chains import Index
from vmdesk.core.jobs import to_its_end
from vmdesk.core.journal import LOST, Record
from vmdesk.core.snapshots.desk import Desk, View, beside, free_snapshot_name, refused, view
from vmdesk.core.snapshots.offers import written
from vmdesk.model.chain import Files, Role
from vmdesk.model.errors import VirtError
from vmdesk.model.snapshot import Kind, Snapshot, SnapshotDisk
from vmdesk.model.text import Text, text
from vmdesk.virt import chains, pools, removing, snapshots
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import snapshots as snapshots_xml

TAKE = "snapshot"  # the journal's word


@dataclass(frozen=True, slots=True)
class Wish:
    """What snapshot is wanted.

    name     "": one made of the time
    kind     internal, external, or "" for what is proposed
    memory   with the memory of a running machine: it goes on where it was after a revert
    quiesce  the guest's file systems at rest; VirtError "agent" if it does not answer
    """

    name: str = ""
    note: str = ""
    kind: Kind | None = None
    memory: bool = False
    quiesce: bool = False


async def take(desk: Desk, wish: Wish) -> str:
    """Take it; its name. VirtError, with the reason, if it cannot be taken here."""
    desk.report(None, text("Looking at the disks"))
    seen = await view(desk.connection, desk.uuid)
    name = wish.name or free_snapshot_name(seen.snapshots)
    if (wrong := name_problem(seen.domain.name, seen.snapshots, name)) is not None:
        raise refused(wrong, "name")
    kind = _kind(seen, wish)
    if kind is Kind.INTERNAL:
        desk.report(None, text("Taking the snapshot"))
        await snapshots.create(desk.connection, desk.uuid, snapshots_xml.build(name, wish.note))
    else:
        await _external(desk, seen, wish, name)
    return name


def name_problem(machine: str, taken: Sequence[Snapshot], name: str) -> Text | None:
    """Why a snapshot cannot be called so; None: it can."""
    if any(one.name == name for one in taken):
        return text("{name} has a snapshot {snapshot} already.", name=machine, snapshot=name)
    if not name.strip() or "/" in name or name.startswith(".") or not name.isprintable():
        return text("This cannot be the name of a snapshot.")
    return None


def _kind(seen: View, wish: Wish) -> Kind:
    told = seen.offers
    kind = wish.kind
    if kind is None:
        kind = Kind.INTERNAL if told.internal is None and not wish.quiesce else Kind.EXTERNAL
    why = told.internal if kind is Kind.INTERNAL else told.memory if wish.memory else told.external
    if why is None and wish.quiesce:
        why = told.quiesce if kind is Kind.EXTERNAL else text("Only external snapshots put the guest at rest first.")
    if why is None and wish.quiesce and wish.memory:
        why = text("With its memory a machine needs no rest: choose one of the two.")
    if why is not None:
        raise refused(why)
    return kind


async def _external(desk: Desk, seen: View, wish: Wish, name: str) -> None:
    folder = await _folder(desk.connection)
    disks = _disks(seen, name, folder)
    memory_file = ""
    if wish.memory:
        first = next(disk.overlay for disk in disks if disk.overlay)
        memory_file = beside(seen.files, first, seen.domain.name, "", name, "memory")
    xml = snapshots_xml.build(
        name, wish.note, disks=disks, memory="external" if memory_file else "no", memory_file=memory_file
    )
    made = [disk.overlay for disk in disks if disk.overlay] + ([memory_file] if memory_file else [])
    entry = desk.journal.begin(
        TAKE, desk.connection.config_uri, seen.domain.name, uuid=desk.uuid, name=name, files=made
    )
    try:
        entry.step("take")
        desk.report(None, text("Taking the snapshot"))
        await to_its_end(
            snapshots.create(
                desk.connection,
                desk.uuid,
                xml,
                disk_only=not memory_file,
                live=False,
                quiesce=wish.quiesce,
            )
        )
    except VirtError as error:
        if error.problem.name in LOST:
            entry.leave()
        else:
            await drop_unused(desk.connection, made)
            entry.close()
        raise
    except BaseException:
        entry.leave()
        raise
    entry.close()


async def _folder(connection: Connection) -> str:
    """Where overlays of disks that are no files go."""
    found = pools.preferred(await pools.pools(connection))
    return found.target + "/" if found else ""


def _disks(seen: View, name: str, folder: str) -> list[SnapshotDisk]:
    index = Index(seen.files)
    paths = {
        use.target: use.path
        for use in index.of(seen.domain.uuid)
        if use.role is Role.DISK and not use.snapshot and use.live == seen.domain.active
    }
    chosen = {disk.target for disk in written(seen.domain)}
    found = []
    for disk in seen.domain.definition.disks:
        if disk.target not in chosen:
            found.append(SnapshotDisk(disk.target, Kind.NONE))
            continue
        path = paths.get(disk.target, disk.source)
        image = index.image(path)
        where = folder + "x" if path.startswith("/dev/") or not path.startswith("/") else path
        if not where.startswith("/"):
            raise refused(text("There is no storage pool for what is on top of {disk}.", disk=disk.target))
        over = beside(seen.files, where, seen.domain.name, disk.target, name, "qcow2")
        found.append(SnapshotDisk(disk.target, Kind.EXTERNAL, path, disk.format or image.format, over, "qcow2"))
    return found


async def drop_unused(connection: Connection, paths: list[str], files: Files | None = None) -> list[str]:
    """Delete what a run made and nobody uses; what was deleted. What would not go stays, and is listed as orphan."""
    now = files or await chains.files(connection)
    index = Index(now)
    used = index.closure(use.path for use in now.uses if use.path)
    gone = []
    for path in paths:
        if path not in used and not index.above(path):
            with contextlib.suppress(VirtError):
                if await removing.delete_path(connection, path):
                    gone.append(path)
    return gone


async def recover_take(connection: Connection, record: Record) -> Text:
    """What a killed program left of it: the snapshot is there, or nothing of it is."""
    uuid, name, title = record.data["uuid"], record.data["name"], record.title
    made = list(record.data["files"])
    try:
        listed = await snapshots.snapshots(connection, uuid)
    except VirtError as error:
        if error.problem.name != "gone":
            raise
        listed = []
    if any(one.name == name for one in listed):
        return text("The snapshot {snapshot} of {name} had been taken when VMDesk ended.", snapshot=name, name=title)
    gone = await drop_unused(connection, made)
    if gone:
        return text(
            "The snapshot {snapshot} of {name} was cut off when VMDesk ended. Removed: {things}.",
            snapshot=name,
            name=title,
            things=", ".join(gone),
        )
    return text("The snapshot {snapshot} of {name} was cut off when VMDesk ended.", snapshot=name, name=title)
