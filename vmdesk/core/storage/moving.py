"""A running machine's disk moves to another storage pool while the guest works: copied, switched over, the old one
deleted. Written down before each step; a program that is killed in the midst of it leaves nothing half done.
"""

from dataclasses import dataclass

from vmdesk.core.chains import Index
from vmdesk.core.journal import LOST, Record
from vmdesk.core.snapshots.desk import Desk, refused
from vmdesk.core.snapshots.taking import drop_unused
from vmdesk.model.chain import Files, Image, Role, Use
from vmdesk.model.errors import VirtError
from vmdesk.model.storage import Pool
from vmdesk.model.text import Text, text
from vmdesk.virt import blockjobs, pools, volumes
from vmdesk.virt import chains as virt_chains
from vmdesk.virt.connection import Connection

MOVE = "move"  # the journal's word


@dataclass(frozen=True, slots=True)
class Moved:
    """Where the disk is now, and what was deleted of where it was."""

    path: str
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done, after all has been checked."""

    name: str
    source: Image
    chain: tuple[str, ...]
    format: str


def plan(files: Files, uuid: str, target: str, pool: Pool) -> _Plan:
    """What moving means. VirtError with the reason if it cannot be done."""
    index = Index(files)
    owner = files.owners.get(uuid)
    if owner is None:
        raise refused(text("The machine is not there any more."), "gone")
    if not owner.active:
        why = text("{name} is not running: copy the volume instead, or start it first.", name=owner.name)
        raise refused(why, "off")
    use = _top(files, uuid, target)
    if use is None:
        raise refused(text("There is no such disk."), "no-disk")
    source = index.image(use.path)
    if source.pool == pool.name:
        raise refused(text("It is in {pool} already.", pool=pool.name), "same")
    if not pool.active:
        raise refused(text("The storage pool {pool} is off.", pool=pool.name), "pool-off")
    if not source.capacity:
        raise refused(text("The size of {path} is not known.", path=use.path), "size")
    if use.shared or any(other.machine != uuid for other in index.uses(use.path)):
        raise refused(text("{path} is shared with other machines.", path=use.path), "shared")
    if names := list(dict.fromkeys(other.snapshot for other in index.of(uuid) if _frozen(other, target))):
        why = text("Snapshots need it where it is: {names}.", names=", ".join(names))
        raise refused(why, "snapshots", text("Delete the snapshots first."))
    if above := index.above(use.path):
        raise refused(text("{path} stands on it.", path=above[0]), "needed")
    if 0 < pool.available < (source.allocation or 0):
        raise refused(text("There is not enough room in {pool}.", pool=pool.name), "disk-full")
    kind = "" if not pool.keeps_files else "raw" if source.format == "raw" else "qcow2"
    return _Plan(owner.name, source, index.chain(use.path), kind)


async def move(desk: Desk, target: str, pool_name: str, keep: bool = False) -> Moved:
    """Move the disk; `keep`: the old file stays. Cancelled, the machine goes on with the old one."""
    connection = desk.connection
    pool = await pools.pool(connection, pool_name)
    planned = plan(await virt_chains.files(connection), desk.uuid, target, pool)
    name, source = planned.name, planned.source
    connection.names.setdefault(desk.uuid, name)
    stem, dot, suffix = (source.volume or source.path.rpartition("/")[2]).rpartition(".")
    if not pool.keeps_files or not dot:
        stem, dot, suffix = stem or suffix, "", ""
    new = await volumes.free_name(connection, pool.name, stem, f".{suffix}" if dot else "")
    entry = desk.journal.begin(
        MOVE,
        connection.config_uri,
        name,
        uuid=desk.uuid,
        target=target,
        old=source.path,
        pool=pool.name,
        volume=new,
        keep=keep,
    )
    doing = text("Copying {disk} to {pool}", disk=target, pool=pool.name)

    def tell(done: int, total: int) -> None:
        desk.report(done / total if total else None, doing)

    try:
        entry.step("volume")
        made = await volumes.create_volume(connection, pool, new, source.capacity or 0, format=planned.format)
        entry.step("copy", path=made.path)
        await blockjobs.copy(connection, desk.uuid, target, made, tell)
        entry.step("tidy", path=made.path)
        gone = [] if keep else await drop_unused(connection, [source.path])
    except VirtError as error:
        if error.problem.name in LOST:
            entry.leave()
        else:
            await _take_back(connection, pool.name, new)
            entry.close()
        raise
    except BaseException:
        # Cancelled: the block job is ended by now. What nobody uses goes: it is the copy, or nothing.
        await _take_back(connection, pool.name, new)
        entry.close()
        raise
    entry.close()
    return Moved(made.path, tuple(gone))


async def _take_back(connection: Connection, pool: str, volume: str) -> None:
    try:
        path = (await volumes.volume(connection, pool, volume)).path
    except VirtError:
        return
    await drop_unused(connection, [path])


async def recover_move(connection: Connection, record: Record) -> Text:
    """A copy that goes on is cancelled. If the machine is on the new file already the old one goes, else the new one:
    whichever nobody uses.
    """
    uuid, target, name = record.data["uuid"], record.data["target"], record.title
    try:
        await blockjobs.settle(connection, uuid, target)
    except VirtError as error:
        if error.problem.name not in ("gone", "state"):
            raise
    made = next((str(step.data["path"]) for step in record.steps if step.what == "copy"), "")
    if not made:
        try:
            made = (await volumes.volume(connection, record.data["pool"], record.data["volume"])).path
        except VirtError as error:
            if error.problem.name in LOST:
                raise
    files = await virt_chains.files(connection)
    moved = made and any(use.path == made and use.machine == uuid and use.role is Role.DISK for use in files.uses)
    if moved:
        if not record.data["keep"]:
            await drop_unused(connection, [record.data["old"]], files)
        return text("Moving {disk} of {name} had been done when VMDesk ended.", disk=target, name=name)
    if made:
        await drop_unused(connection, [made], files)
    return text("Moving {disk} of {name} was cut off when VMDesk ended: it is where it was.", disk=target, name=name)


def _top(files: Files, uuid: str, target: str) -> Use | None:
    """The running machine's own disk, not what a job copies it to."""
    for use in files.uses:
        if use.machine == uuid and use.role is Role.DISK and use.live and use.target == target and not use.snapshot:
            return use
    return None


def _frozen(use: Use, target: str) -> bool:
    return bool(use.snapshot) and use.target == target and use.role in (Role.FROZEN, Role.OVERLAY)
