"""Pools and volumes for the window: a host by its id, each work with its step in the trace."""

import shlex
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from vmdesk.core.chains import FilePlan, Index, file_plan
from vmdesk.core.jobs import Report
from vmdesk.core.journal import Journal
from vmdesk.core.paths import Paths
from vmdesk.core.sessions import Sessions
from vmdesk.core.snapshots.desk import Desk, refused
from vmdesk.core.storage import filling, making, moving
from vmdesk.core.storage.kinds import PoolWish
from vmdesk.core.storage.moving import Moved
from vmdesk.core.storage.room import Room
from vmdesk.core.storage.rows import Row, rows
from vmdesk.core.store import Store
from vmdesk.core.trace import Trace
from vmdesk.model.chain import Files
from vmdesk.model.domain import DomainKey
from vmdesk.model.storage import Pool, PoolAbility, PoolSource, Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import chains, pools, secrets, transfer, volumes
from vmdesk.virt.connection import Connection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """All storage of a host at one moment. `blind`: what could not be read, so that who uses what is not certain."""

    pools: tuple[Pool, ...]
    rows: tuple[Row, ...]
    blind: tuple[Text, ...] = ()

    def of(self, pool: str) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.pool == pool)


@dataclass(frozen=True, slots=True)
class Able:
    """What the host can do. `pools`: the kinds that it knows; `encrypts`: it keeps passphrases."""

    pools: tuple[PoolAbility, ...] = ()
    encrypts: bool = False


@dataclass(frozen=True, slots=True)
class VolumeWish:
    """A volume to be made; bytes. `passphrase`: encrypted with it, "" for not."""

    name: str
    capacity: int
    format: str = ""
    full: bool = False
    passphrase: str = field(default="", repr=False)


class Storage:
    """One for the program, made when it is first needed. What is done raises VirtError, with the reason."""

    def __init__(self, sessions: Sessions, store: Store, trace: Trace, paths: Paths) -> None:
        self._sessions, self._store, self._trace = sessions, store, trace
        self._journal = Journal(paths.journal_folder)
        self.room = Room(paths.room_file)

    # ---------------------------------------------------------------- looking

    async def pools(self, host: str) -> tuple[Pool, ...]:
        """As they are now; quick."""
        found = tuple(await pools.pools(self._connection(host)))
        self.room.saw(found)
        return found

    async def look(self, host: str, fresh: bool = False) -> Seen:
        """Pools, all volumes and who uses them. `fresh`: libvirt looks again what is in the pools."""
        connection = self._connection(host)
        files = await chains.files(connection, fresh=fresh)
        return Seen(await self.pools(host), await rows(files), files.blind)

    async def able(self, host: str) -> Able:
        """Asked once; what a host can do does not change."""
        connection = self._connection(host)
        return Able(await pools.abilities(connection), await secrets.able(connection))

    # ---------------------------------------------------------------- pools

    async def make_pool(self, host: str, wish: PoolWish) -> None:
        """Define it, switch it on, and let it start with the host; nothing of it stays if it cannot be switched on."""
        doing = text("Making the storage pool {pool}", pool=wish.name)
        work = making.make_pool(self._journal, self._connection(host), wish)
        await self._traced(host, wish.name, doing, "virStoragePoolDefineXML", (), work)

    async def find_sources(self, host: str, wish: PoolWish) -> tuple[PoolSource, ...]:
        """What a pool of that kind could be made of there."""
        return await making.find_sources(self._connection(host), wish)

    async def start_pool(self, host: str, name: str) -> None:
        work = pools.start_pool(self._connection(host), name)
        doing = text("Starting the storage pool {pool}", pool=name)
        await self._traced(host, name, doing, "virStoragePoolCreate", ("pool-start", name), work)

    async def stop_pool(self, host: str, name: str) -> None:
        work = pools.stop_pool(self._connection(host), name)
        doing = text("Stopping the storage pool {pool}", pool=name)
        await self._traced(host, name, doing, "virStoragePoolDestroy", ("pool-destroy", name), work)

    async def refresh_pool(self, host: str, name: str) -> None:
        work = pools.refresh(self._connection(host), name)
        doing = text("Refreshing the storage pool {pool}", pool=name)
        await self._traced(host, name, doing, "virStoragePoolRefresh", ("pool-refresh", name), work)

    async def set_autostart(self, host: str, name: str, on: bool) -> None:
        work = pools.set_pool_autostart(self._connection(host), name, on)
        doing = text("Setting the automatic start of the storage pool {pool}", pool=name)
        line = ("pool-autostart", name, *(() if on else ("--disable",)))
        await self._traced(host, name, doing, "virStoragePoolSetAutostart", line, work)

    async def forget_pool(self, host: str, pool: Pool) -> None:
        """Switch it off and forget it; what is in it stays where it is."""
        doing = text("Removing the storage pool {pool}", pool=pool.name)
        work = making.forget_pool(self._connection(host), pool.name, pool.uuid)
        await self._traced(host, pool.name, doing, "virStoragePoolUndefine", ("pool-undefine", pool.name), work)

    # ---------------------------------------------------------------- volumes

    async def make(self, host: str, pool: Pool, wish: VolumeWish, report: Report) -> Volume:
        """Make an empty volume."""
        line = ["vol-create-as", pool.name, wish.name, str(wish.capacity)]
        line += ["--format", wish.format] if wish.format else []
        doing = text("Making the volume {volume} in {pool}", volume=wish.name, pool=pool.name)
        work = making.make_volume(
            self._connection(host),
            pool,
            wish.name,
            wish.capacity,
            format=wish.format,
            full=wish.full,
            passphrase=wish.passphrase,
            progress=filling.telling(report) if wish.full else None,
        )
        virsh = () if wish.passphrase else line
        return await self._traced(host, wish.name, doing, "virStorageVolCreateXML", virsh, work)

    async def grow(self, host: str, row: Row, capacity: int) -> None:
        doing = text("Enlarging the volume {volume}", volume=row.name)
        work = volumes.grow(self._connection(host), row.pool, row.name, capacity)
        line = ("vol-resize", row.name, str(capacity), "--pool", row.pool)
        await self._traced(host, row.name, doing, "virStorageVolResize", line, work)

    async def upload(self, host: str, pool: Pool, name: str, file: Path, report: Report) -> Volume:
        doing = text("Writing the volume {volume}", volume=name)
        work = filling.upload(self._connection(host), pool, name, file, report)
        return await self._traced(host, name, doing, "virStorageVolUpload", (), work)

    async def download(self, host: str, row: Row, target: Path, report: Report) -> None:
        connection = self._connection(host)
        found = await volumes.volume(connection, row.pool, row.name)
        doing = text("Reading the volume {volume}", volume=row.name)
        work = transfer.download(connection, found, target, filling.telling(report))
        line = ("vol-download", row.name, str(target), "--pool", row.pool)
        await self._traced(host, row.name, doing, "virStorageVolDownload", line, work)

    async def copy(self, host: str, row: Row, pool: Pool, name: str, kind: str, report: Report) -> Volume:
        """Copy it, converted to the format `kind`."""
        connection = self._connection(host)
        doing = text("Copying the volume {volume}", volume=row.name)
        found = await volumes.volume(connection, row.pool, row.name)
        work = volumes.copy_volume(connection, pool, name, found, format=kind, progress=filling.telling(report))
        return await self._traced(host, row.name, doing, "virStorageVolCreateXMLFrom", (), work)

    async def wipe(self, host: str, row: Row) -> None:
        """Overwrite what is in a volume that nobody uses."""
        connection = self._connection(host)
        doing = text("Wiping the volume {volume}", volume=row.name)
        line = ("vol-wipe", row.name, "--pool", row.pool)
        work = self._wipe(connection, row)
        await self._traced(host, row.name, doing, "virStorageVolWipe", line, work)

    async def _wipe(self, connection: Connection, row: Row) -> None:
        _free(await chains.files(connection, fresh=False), [row])
        await volumes.wipe(connection, row.pool, row.name)

    async def delete(self, host: str, chosen: Sequence[Row], report: Report) -> int:
        """Delete volumes that nobody uses; the bytes that are free now. All are looked at again before the first."""
        connection = self._connection(host)
        plans = _free(await chains.files(connection), chosen)
        freed = 0
        for number, (row, plan) in enumerate(zip(chosen, plans, strict=True)):
            doing = text("Deleting the volume {volume}", volume=row.name)
            report(number / len(chosen), doing)
            work = volumes.delete_volume(connection, row.pool, row.name)
            line = ("vol-delete", row.name, "--pool", row.pool)
            if await self._traced(host, row.name, doing, "virStorageVolDelete", line, work):
                freed += plan.frees
        return freed

    async def move(self, host: str, uuid: str, target: str, pool: str, keep: bool, report: Report) -> Moved:
        """Move a machine's disk to another pool, while it works or is off."""
        domain = self._store.domains.get(DomainKey(host, uuid))
        name = domain.name if domain else uuid
        doing = text("Moving {target} of {name}", target=target, name=name)
        work = moving.move(Desk(self._journal, self._connection(host), uuid, report), target, pool, keep)
        call = "virDomainBlockCopy" if domain and domain.active else "virStorageVolCreateXMLFrom"
        return await self._traced(host, name, doing, call, (), work, uuid)

    # ----------------------------------------------------------------

    def _connection(self, host: str) -> Connection:
        return self._sessions.of(DomainKey(host, "")).require()

    async def _traced(
        self, host: str, name: str, doing: Text, call: str, virsh: Sequence[str], work: Awaitable[T], uuid: str = ""
    ) -> T:
        known = self._store.hosts.get(host)
        line = shlex.join(("virsh", "-c", known.config.uri, *virsh)) if virsh and known else ""
        with self._trace.noting(DomainKey(host, uuid), name, doing, call, line):
            return await work


def _free(files: Files, chosen: Sequence[Row]) -> list[FilePlan]:
    """What deleting them frees. VirtError if somebody needs one of them that is not among them, or it is not known."""
    if files.blind:
        raise refused(text("It is not certain who uses its files: {what}", what=str(files.blind[0])), "blind")
    index = Index(files)
    paths = {row.image.path for row in chosen}
    plans = [file_plan(index, row.image.path) for row in chosen]
    for plan in plans:
        who = [one for one in plan.breaks if one.machine or one.path not in paths]
        if who:
            names = ", ".join(str(one.said()) for one in who)
            raise refused(text("{path} is needed by {who}.", path=plan.image.path, who=names), "needed")
    return plans
