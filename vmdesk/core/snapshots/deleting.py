"""Deleting snapshots: one, or with its children leaf by leaf, each by the way that its plan says."""

from vmdesk.core.chains import Index
from vmdesk.core.jobs import to_its_end
from vmdesk.core.journal import LOST, Entry, Record
from vmdesk.core.snapshots import plan as plans
from vmdesk.core.snapshots.desk import Desk, View, refused, view
from vmdesk.core.snapshots.plan import SnapshotPlan, Way
from vmdesk.core.snapshots.taking import drop_unused
from vmdesk.model.chain import Role
from vmdesk.model.domain import State
from vmdesk.model.errors import VirtError
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.model.text import Text, text
from vmdesk.virt import blockjobs, domains, freezing, removing, snapshots
from vmdesk.virt import chains as virt_chains
from vmdesk.virt.connection import Connection

DELETE = "snapshot-delete"  # the journal's word
_BOOT, _TAKE_OUT, _FILE = "boot", "take-out", "file"


def plan(seen: View, name: str, children: bool = False) -> tuple[SnapshotPlan, ...]:
    """What deleting it means now, or it and its children, in the order in which they go."""
    uuid = seen.domain.uuid
    names = plans.delete_with_children(seen.files, uuid, seen.snapshots, name) if children else (name,)
    found = plans.delete_each(seen.files, uuid, seen.snapshots, names)
    whys = seen.offers.delete
    return tuple(
        one if (why := whys[one.name]) is None else SnapshotPlan(one.name, one.way, refused=why) for one in found
    )


async def delete(desk: Desk, name: str, children: bool = False) -> tuple[str, ...]:
    """Delete it; the names of what is gone, in that order. VirtError: what stands before it in that order is gone.

    children  and all that stand on it, the leaves first
    """
    desk.report(None, text("Looking at the disks"))
    seen = await view(desk.connection, desk.uuid)
    seen.named(name)
    names = plans.delete_with_children(seen.files, desk.uuid, seen.snapshots, name) if children else (name,)
    for number, one in enumerate(names):
        desk.report(number / len(names), text("Deleting the snapshot {snapshot}", snapshot=one))
        await _delete_one(desk, one)
    return names


async def _delete_one(desk: Desk, name: str) -> None:
    seen = await view(desk.connection, desk.uuid)
    found = plans.delete(seen.files, desk.uuid, seen.snapshots, name)
    if why := seen.offers.delete[name] or found.refused:
        raise refused(why)
    gone = [image.path for image in found.gone]
    entry = desk.journal.begin(
        DELETE,
        desk.connection.config_uri,
        seen.domain.name,
        uuid=desk.uuid,
        name=name,
        way=found.way.value,
        files=gone,
    )
    with entry.kept_if_lost():
        await to_its_end(_steps(desk, entry, seen, found, gone))


async def _steps(desk: Desk, entry: Entry, seen: View, found: SnapshotPlan, gone: list[str]) -> None:
    connection, uuid = desk.connection, desk.uuid
    if found.way is not Way.LIBVIRT:
        entry.step(_TAKE_OUT)
        await snapshots.delete(connection, uuid, found.name, metadata_only=True)
        for path in gone:
            entry.step(_FILE, path=path)
        await drop_unused(connection, gone)
        return
    external = seen.named(found.name).kind is Kind.EXTERNAL
    # libvirt cannot merge layers of a machine that is off ("could not find base disk source in disk source chain",
    # 9.0): it is started for that, and not one instruction of its guest runs.
    for disk in seen.named(found.name).disks:
        freezing.thaw(connection, disk.frozen)  # it may have been a base of clones once
    boots = external and not seen.domain.active
    if boots:
        number = entry.step(_BOOT)
        await domains.start(connection, uuid, paused=True)
        entry.did(number)
    try:
        entry.step(_TAKE_OUT)
        await snapshots.delete(connection, uuid, found.name)
    finally:
        if boots:
            await domains.destroy(connection, uuid)
    memory = seen.named(found.name).memory_file
    if memory:  # libvirt below 9.1 leaves it behind
        await removing.delete_path(connection, memory)
    if external:
        await _check(connection, seen, found)


async def _check(connection: Connection, seen: View, found: SnapshotPlan) -> None:
    """All that the disks stood on is there, but for what was merged."""
    now, before = Index(await virt_chains.files(connection)), Index(seen.files)
    merged = {image.path for image in found.gone}
    for use in now.of(seen.domain.uuid):
        if use.role is not Role.DISK or use.snapshot or use.live:
            continue
        old = next(
            (one.path for one in before.of(seen.domain.uuid) if one.target == use.target and not one.snapshot), ""
        )
        want = [path for path in before.chain(old) if path not in merged]
        if old and list(now.chain(use.path)) != want:
            raise refused(text("The chain of {disk} is not what it should be.", disk=use.target), "chain")


async def recover_delete(connection: Connection, record: Record) -> Text:
    """What the machine's disks read was changed by nothing. A merge that had begun is ended; files that go, go.

    Such a merge has written into what the snapshot kept: it must not stay as something to go back to.
    """
    uuid, name, title = record.data["uuid"], record.data["name"], record.title
    found, _gone = await domains.read(connection, [uuid])
    begun = {step.what for step in record.steps}
    if _BOOT in begun and found and found[0].state is State.PAUSED:
        await domains.destroy(connection, uuid)
    listed = await snapshots.snapshots(connection, uuid) if found else []
    left = next((one for one in listed if one.name == name), None)
    if left is not None and left.kind is Kind.EXTERNAL and _TAKE_OUT in begun:
        await _end_merge(connection, uuid, left)
    elif left is not None:
        return text(
            "Deleting the snapshot {snapshot} of {name} was cut off when VMDesk ended: it is still there.",
            snapshot=name,
            name=title,
        )
    await drop_unused(connection, list(record.data["files"]))
    return text("The snapshot {snapshot} of {name} had been deleted when VMDesk ended.", snapshot=name, name=title)


async def _end_merge(connection: Connection, uuid: str, left: Snapshot) -> None:
    (domain,), _gone = await domains.read(connection, [uuid])
    if domain.active:
        for disk in left.disks:
            await blockjobs.settle(connection, uuid, disk.target)
    else:
        await domains.start(connection, uuid, paused=True)
    try:
        await snapshots.delete(connection, uuid, left.name)
    except VirtError as error:
        if error.problem.name in LOST:
            raise
        # libvirt had come too far to begin again. The disk reads right as it is; the snapshot does not: it goes.
        await snapshots.delete(connection, uuid, left.name, metadata_only=True)
    finally:
        if not domain.active:
            await domains.destroy(connection, uuid)
    if left.memory_file:
        await removing.delete_path(connection, left.memory_file)
