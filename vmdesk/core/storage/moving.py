"""A machine's disk moves to another storage pool: while the guest works copied and switched over by QEMU; of a machine
that is off copied by libvirt's storage, then its definition switched. The old one is deleted when all that was looked
at again. Written down before each step; a program that is killed in the midst of it leaves nothing half done.
"""

import asyncio
from dataclasses import dataclass

from vmdesk.core import start_check
from vmdesk.core.chains import Index
from vmdesk.core.jobs import to_its_end
from vmdesk.core.journal import LOST, Entry, Record
from vmdesk.core.snapshots.desk import Desk, refused
from vmdesk.core.snapshots.taking import drop_unused
from vmdesk.model.chain import Files, Image, Role, Use
from vmdesk.model.errors import VirtError
from vmdesk.model.storage import Pool, Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import blockjobs, defining, pools, volumes
from vmdesk.virt import chains as virt_chains
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import layers

MOVE = "move"  # the journal's word
# Their volumes are reached over the network, or come from elsewhere.
_NO_PLACE = ("rbd", "gluster", "sheepdog", "iscsi", "iscsi-direct", "scsi", "mpath")


@dataclass(frozen=True, slots=True)
class Moved:
    """Where the disk is now, and what was deleted of where it was."""

    path: str
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, after all has been checked. `running`: while the machine works; `format` of the copy."""

    name: str
    source: Image
    chain: tuple[str, ...]
    format: str
    running: bool


def plan(files: Files, uuid: str, target: str, pool: Pool, keep: bool = False) -> Plan:
    """What moving means. VirtError with the reason if it cannot be done."""
    index = Index(files)
    owner = files.owners.get(uuid)
    if owner is None:
        raise refused(text("The machine is not there any more."), "gone")
    use = _top(files, uuid, target, owner.active)
    if use is None:
        raise refused(text("There is no such disk."), "no-disk")
    source = index.image(use.path)
    chain = index.chain(use.path)
    if source.pool == pool.name:
        raise refused(text("It is in {pool} already.", pool=pool.name), "same")
    if (why := not_into(pool)) is not None:
        raise refused(why, "pool")
    if not pool.active:
        raise refused(text("The storage pool {pool} is off.", pool=pool.name), "pool-off")
    if not source.capacity:
        raise refused(text("The size of {path} is not known.", path=use.path), "size")
    _refuse_needed(index, use, owner.name)
    if not owner.active:
        _refuse_off(index, source, use, owner.name)
    if any(index.image(path).encrypted for path in chain):
        why = text("{path} is encrypted: what is copied from it would not be.", path=use.path)
        raise refused(why, "encrypted")
    if files.blind and not keep:
        why = text("It is not certain who uses its files: {what}", what=str(files.blind[0]))
        raise refused(why, "blind", text("Keep the old file."))
    if 0 < pool.available < _needs(index, chain, pool):
        raise refused(text("There is not enough room in {pool}.", pool=pool.name), "disk-full")
    kind = "" if not pool.keeps_files else "raw" if source.format == "raw" else "qcow2"
    return Plan(owner.name, source, chain, kind, owner.active)


def not_into(pool: Pool) -> Text | None:
    """Why no machine's disk can be put there; None: it can."""
    if pool.kind in _NO_PLACE:
        return text("A disk cannot be moved into {pool}: this kind of pool takes none from here.", pool=pool.name)
    return None


def _needs(index: Index, chain: tuple[str, ...], pool: Pool) -> int:
    """Bytes that the copy may take: all that is below goes with it."""
    capacity = index.image(chain[0]).capacity or 0
    if not pool.keeps_files:
        return capacity
    return min(sum(index.image(path).allocation or 0 for path in chain), capacity)


def _refuse_needed(index: Index, use: Use, name: str) -> None:
    """Where somebody needs the file where it is."""
    others = [other for other in index.uses(use.path) if other.machine != use.machine]
    if use.shared or others:
        raise refused(text("{path} is shared with other machines.", path=use.path), "shared")
    if any(other.target != use.target and not other.snapshot for other in index.uses(use.path)):
        raise refused(text("{path} is used by {name} more than once.", path=use.path, name=name), "shared")
    frozen = (other.snapshot for other in index.of(use.machine) if _frozen(other, use.target))
    if names := list(dict.fromkeys(frozen)):
        why = text("Snapshots need it where it is: {names}.", names=", ".join(names))
        raise refused(why, "snapshots", text("Delete the snapshots first."))
    if above := index.above(use.path):
        raise refused(text("{path} stands on it.", path=above[0]), "needed")


def _refuse_off(index: Index, source: Image, use: Use, name: str) -> None:
    """What only a machine at work can do without."""
    if any(other.role is Role.SAVED for other in index.of(use.machine)):
        why = text("{name} was saved while it ran, and goes on with the disk where it was then.", name=name)
        raise refused(why, "saved", text("Start it first, or delete its saved state."))
    if not source.pool:
        why = text("{path} is in no storage pool that is on: libvirt cannot copy it.", path=source.path)
        raise refused(why, "no-volume")
    if not index.whole(source.path):
        why = text("What {path} stands on is not known.", path=source.path)
        raise refused(why, "chain")


async def move(desk: Desk, target: str, pool_name: str, keep: bool = False) -> Moved:
    """Move the disk; `keep`: the old file stays. Cancelled, the machine stays with the old one."""
    connection = desk.connection
    pool = await pools.pool(connection, pool_name)
    planned = plan(await virt_chains.files(connection), desk.uuid, target, pool, keep)
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
    moving = _Moving(desk, planned, target, pool, new, entry)
    try:
        await moving.copy()
        gone = await to_its_end(moving.switch(keep))
    except VirtError as error:
        if error.problem.name in LOST:
            entry.leave()
        elif error.problem.name == "taken":
            entry.close()  # somebody was quicker: what has that name is not ours
        else:
            await moving.take_back()
        raise
    except BaseException:
        # Cancelled: the block job is ended by now. What nobody uses goes: it is the copy, or nothing.
        await asyncio.shield(moving.take_back())
        raise
    entry.close()
    assert moving.made is not None
    return Moved(moving.made.path, tuple(gone))


class _Moving:
    """One run."""

    def __init__(self, desk: Desk, planned: Plan, target: str, pool: Pool, new: str, entry: Entry) -> None:
        self._desk, self._plan, self._target = desk, planned, target
        self._pool, self._new, self._entry = pool, new, entry
        self._connection = desk.connection
        self.made: Volume | None = None
        self._read: Volume | None = None  # what was copied, as it was then
        self._old = ""

    async def copy(self) -> None:
        """Make the new one. A running machine works with it afterwards."""
        doing = text("Copying {disk} to {pool}", disk=self._target, pool=self._pool.name)

        def tell(done: int, total: int) -> None:
            self._desk.report(done / total if total else None, doing)

        connection, source = self._connection, self._plan.source
        self._entry.step("volume")
        if self._plan.running:
            self.made = await volumes.create_volume(
                connection, self._pool, self._new, source.capacity or 0, format=self._plan.format
            )
            self._entry.step("copy", path=self.made.path)
            await blockjobs.copy(connection, self._desk.uuid, self._target, self.made, tell)
            return
        self._read = found = await volumes.volume(connection, source.pool, source.volume)
        if source.format == "raw" and found.format not in ("", "raw", "iso"):
            # The guest wrote what looks like another format; as that it would be read, with whatever it names.
            why = text("{path} is raw to the machine; libvirt takes it for {kind}.", path=found.path, kind=found.format)
            raise refused(why, "format")
        self.made = await volumes.copy_volume(
            connection, self._pool, self._new, found, format=self._plan.format, progress=tell
        )
        self._entry.step("copy", path=self.made.path)

    async def switch(self, keep: bool) -> list[str]:
        """From the old one to the new one, if all is as it was; what was deleted."""
        assert self.made is not None
        if not self._plan.running:
            await self._redefine(self.made)
        self._entry.step("tidy", path=self.made.path)
        return [] if keep else await drop_unused(self._connection, [self._plan.source.path])

    async def _redefine(self, made: Volume) -> None:
        connection, uuid = self._connection, self._desk.uuid
        if (why := await self._disturbed()) is not None:
            raise refused(why, "changed")

        def edit(now: str) -> str:
            self._old = now
            return layers.placed(now, self._target, made)

        self._desk.report(None, text("Switching {name} over", name=self._plan.name))
        self._entry.step("switch", path=made.path)
        doing = text("Moving {target} of {name}", target=self._target, name=self._plan.name)
        await defining.change(connection, uuid, edit, doing)
        start_check.forget(connection)
        why = await self._disturbed() or await self._wrong(made)
        if why is not None:
            await defining.change(connection, uuid, lambda _now: self._old, doing)
            raise refused(why, "changed")

    async def _disturbed(self) -> Text | None:
        """Whether somebody wrote, or may write, into what was copied."""
        assert self._read is not None
        files = await virt_chains.files(self._connection, fresh=False, names_only=True)
        name, path = self._plan.name, self._plan.source.path
        if any(use.path == path and use.live for use in files.uses):
            return text("{name} was started meanwhile: it stays where it is.", name=name)
        now = await volumes.volume(self._connection, self._read.pool, self._read.name)
        if (now.modified, now.capacity) != (self._read.modified, self._read.capacity):
            return text("{path} was written meanwhile: it stays where it is.", path=path)
        return None

    async def _wrong(self, made: Volume) -> Text | None:
        """What of the copy is not as it should be, read anew."""
        files = await virt_chains.files(self._connection)
        index = Index(files)
        use, path = _top(files, self._desk.uuid, self._target, running=False), _path_of(files, made.pool, made.name)
        if use is None or use.path != path or index.chain(path) != (path,):
            return text("The copy in {pool} is not what it should be: it stays where it is.", pool=self._pool.name)
        if (index.image(path).capacity or 0) < (self._plan.source.capacity or 0):
            return text("The copy in {pool} is smaller: it stays where it is.", pool=self._pool.name)
        return None

    async def take_back(self) -> None:
        """Without the copy, if nobody uses it; what is still being written is left to the next start."""
        try:
            await _drop(self._connection, self._pool.name, self._new, await virt_chains.files(self._connection))
        except VirtError:
            self._entry.leave()
            return
        self._entry.close()


def _path_of(files: Files, pool: str, volume: str) -> str:
    """By the name that all uses are told with; "" if there is no such volume."""
    return next((one.path for one in files.images.values() if (one.pool, one.volume) == (pool, volume)), "")


async def _drop(connection: Connection, pool: str, volume: str, files: Files) -> None:
    """Delete it if nobody uses it. VirtError if it would not go."""
    index, path = Index(files), _path_of(files, pool, volume)
    used = index.closure(use.path for use in files.uses if use.path)
    if path and path not in used and not index.above(path):
        await volumes.delete_volume(connection, pool, volume)


async def recover_move(connection: Connection, record: Record) -> Text:
    """A copy that goes on is cancelled. If the machine is on the new file already the old one goes, else the new one:
    whichever nobody uses.
    """
    uuid, target, name = record.data["uuid"], record.data["target"], record.title
    try:
        await blockjobs.settle(connection, uuid, target)
    except VirtError as error:
        if error.problem.name not in ("gone", "state", "no-support"):
            raise
    pool, volume = record.data["pool"], record.data["volume"]
    files = await virt_chains.files(connection)
    made = _path_of(files, pool, volume)
    if made and any(use.path == made and use.machine == uuid and use.role is Role.DISK for use in files.uses):
        if not record.data["keep"]:
            await drop_unused(connection, [record.data["old"]], files)
        return text("Moving {disk} of {name} had been done when VMDesk ended.", disk=target, name=name)
    if record.steps:
        await _drop(connection, pool, volume, files)
    return text("Moving {disk} of {name} was cut off when VMDesk ended: it is where it was.", disk=target, name=name)


def _top(files: Files, uuid: str, target: str, running: bool) -> Use | None:
    """The machine's own disk, as it runs or as it is stored; not what a job copies it to."""
    for use in files.uses:
        mine = use.machine == uuid and use.role is Role.DISK and not use.snapshot
        if mine and use.live == running and use.target == target:
            return use
    return None


def _frozen(use: Use, target: str) -> bool:
    return bool(use.snapshot) and use.target == target and use.role in (Role.FROZEN, Role.OVERLAY)
