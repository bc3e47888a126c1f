"""The files of running machines that grow while the guest writes: told before the disk or its storage pool is full.

QEMU tells once when a file is written beyond a mark. What it tells is only a reason to look: how large the file is and
what its pool has left is read again then, and the next mark is set.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from vmdesk.core import units
from vmdesk.core.bell import Bell
from vmdesk.core.sessions import Sessions
from vmdesk.core.store import Changes, Store
from vmdesk.model.domain import Disk, Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Feature, Link
from vmdesk.model.storage import Pool
from vmdesk.model.text import text
from vmdesk.virt import storage, thresholds
from vmdesk.virt.connection import Connection

STEPS = (0.9, 0.97)  # of what the file can become
IDLE = 3600.0
COUNTED = 3600.0  # seconds for which what libvirt counted in a pool is good enough to set a mark by
REST = 1.0  # seconds between two looks at one machine, however fast it writes
_FOLDERS = ("dir", "fs", "netfs", "gluster")


@dataclass(frozen=True, slots=True)
class Growth:
    """One file now, in bytes. `free`: what its pool has left, None where nobody knows."""

    length: int
    capacity: int
    free: int | None = None

    @property
    def most(self) -> int:
        """How large it can become, by its disk and by its pool."""
        return self.capacity if self.free is None else min(self.capacity, self.length + self.free)

    @property
    def short(self) -> bool:
        """Whether its pool is full before the disk is."""
        return self.most < self.capacity

    @property
    def reached(self) -> int:
        """How many of the steps are behind it."""
        return sum(self.length >= self._mark(step) for step in STEPS)

    @property
    def mark(self) -> int | None:
        """Where it is looked at again; None: it is as large as it can become, or nearly."""
        return next((mark for step in STEPS if self.length < (mark := self._mark(step))), None)

    def _mark(self, step: float) -> int:
        return int(step * self.most)


def growing(domain: Domain) -> tuple[Disk, ...]:
    """Its disks that are files which grow."""
    return tuple(
        disk
        for disk in domain.definition.disks
        if disk.device == "disk" and disk.format == "qcow2" and not disk.readonly and disk.source
        if not disk.source.startswith("/dev/") and "://" not in disk.source
    )


def pool_of(source: str, pools: Iterable[Pool]) -> Pool | None:
    """In which pool of files a disk is, by its path or as "pool/volume"."""
    found = [
        pool
        for pool in pools
        if pool.active and pool.capacity and pool.kind in _FOLDERS
        if (_within(source, pool.target) if source.startswith("/") else source.partition("/")[0] == pool.name)
    ]
    return max(found, key=lambda pool: len(pool.target), default=None)


def _within(path: str, folder: str) -> bool:
    return bool(folder) and PurePosixPath(path).is_relative_to(folder)


def problem(domain: Domain, disk: Disk, growth: Growth, pool: Pool | None) -> Problem:
    """What is told of it."""
    size, most = units.size(growth.length), units.size(growth.capacity)
    what = text("{disk} of {machine} is almost as large as it can become.", disk=disk.target, machine=domain.name)
    if pool is None:
        why = text("Its file has {size} of {most}.", size=size, most=most)
    else:
        left = units.size(pool.available)
        why = text(
            "Its file has {size} of {most}; {pool} has {left} left.", size=size, most=most, pool=pool.name, left=left
        )
    hint = text("Make room there.") if growth.short else text("See how full the disk is in the guest, or enlarge it.")
    return Problem(what, why, hint, name="room")


class GrowthWatch:
    """Sets the marks: on machines that start or get another file to write to, and again where one was passed.

    tell  a machine, its disk, and what is to be said of it
    """

    def __init__(
        self,
        sessions: Sessions,
        store: Store,
        pools: Callable[[str], Awaitable[Sequence[Pool]]],
        tell: Callable[[DomainKey, str, Problem], None],
    ) -> None:
        self._sessions, self._store, self._pools, self._tell = sessions, store, pools, tell
        self._bell = Bell()
        self._due: dict[DomainKey, float] = {}  # when
        self._marked: dict[DomainKey, tuple[int, tuple[Disk, ...]]] = {}  # which run, which files
        self._told: dict[DomainKey, dict[Disk, int]] = {}  # how many steps
        self._counted: dict[tuple[str, str], float] = {}  # by host and pool: when libvirt counted what is left there
        self._grown: set[DomainKey] = set()
        self._hosts: set[str] = set()  # that are there and can do it

    async def run(self) -> None:
        """Until it is cancelled."""
        leave = self._store.subscribe(self._on_changes)
        try:
            self._on_changes(Changes(hosts=frozenset(self._store.hosts)))
            while True:
                now = time.monotonic()
                ready = [key for key, when in self._due.items() if when <= now]
                if not ready:
                    await self._bell.wait(min(self._due.values(), default=now + IDLE) - now)
                pools: dict[str, Sequence[Pool]] = {}
                for key in ready:
                    if self._due.pop(key, None) is not None:
                        await self._look(key, pools)
                        await asyncio.sleep(0)
        finally:
            leave()

    def _on_changes(self, changes: Changes) -> None:
        now = time.monotonic()
        for host in changes.hosts:
            able = self._able(host)
            if able and host not in self._hosts:  # while it was away marks may have been passed
                self._forget(key for key in list(self._marked) if key.host == host)
                self._due.update((domain.key, now) for domain in self._store.of_host(host) if domain.active)
            (self._hosts.add if able else self._hosts.discard)(host)
        self._forget(changes.removed)
        for key in changes.removed & self._told.keys():
            del self._told[key]
        for key in changes.added | changes.changed:
            if key.host in self._hosts and self._marked.get(key) != _run(self._store.domains.get(key)):
                self._due.setdefault(key, now)
        for key in changes.grown:
            if key.host in self._hosts:
                self._marked.pop(key, None)
                self._grown.add(key)
                self._due.setdefault(key, now + REST)
        if self._due:
            self._bell.ring()

    def _able(self, host_id: str) -> bool:
        host = self._store.hosts.get(host_id)
        if host is None or host.link is not Link.UP or host.config.readonly or host.capabilities is None:
            return False
        return not host.capabilities.readonly and host.capabilities.can(Feature.BLOCK_THRESHOLD)

    def _forget(self, keys: Iterable[DomainKey]) -> None:
        for key in keys:
            self._marked.pop(key, None)
            self._due.pop(key, None)
            self._grown.discard(key)

    async def _look(self, key: DomainKey, pools: dict[str, Sequence[Pool]]) -> None:
        """pools: of the hosts that were asked this time, by host."""
        domain, session = self._store.domains.get(key), self._sessions.get(key.host)
        run = _run(domain)
        if domain is None or run is None or session is None or session.connection is None:
            self._marked.pop(key, None)
            return
        if key.host not in self._hosts or not domain.responding or domain.busy or self._marked.get(key) == run:
            return  # what holds it up ends, and that is a change
        self._marked[key] = run
        if not run[1]:
            return
        old = self._told.get(key, {})
        told: dict[Disk, int] = {}
        try:
            await self._count(session.connection, key, run[1], pools)
            for disk in run[1]:
                length, capacity = await thresholds.length(session.connection, key.uuid, disk.target)
                pool = pool_of(disk.source, pools[key.host])
                growth = Growth(length, capacity, pool.available if pool else None)
                told[disk] = growth.reached
                # What was so when it was first looked at is nothing new.
                if growth.reached > old.get(disk, growth.reached):
                    self._tell(key, disk.target, problem(domain, disk, growth, pool))
                if (mark := growth.mark) is not None:
                    await thresholds.arm(session.connection, key.uuid, disk.target, mark)
        except VirtError:
            told = old | told
            # It is off by now, or does not answer: its next change, or its host's return, is the next try.
            self._marked.pop(key, None)
        self._told[key] = told

    async def _count(
        self, connection: Connection, key: DomainKey, disks: Iterable[Disk], pools: dict[str, Sequence[Pool]]
    ) -> None:
        """Have in `pools` those of the machine's host; libvirt knows what is left in one only as of its last count."""
        grown, now = key in self._grown, time.monotonic()
        self._grown.discard(key)
        if key.host not in pools:
            pools[key.host] = await self._pools(key.host)
        of_disks = {pool.name for disk in disks if (pool := pool_of(disk.source, pools[key.host]))}
        old = [name for name in of_disks if grown or now > self._counted.get((key.host, name), -COUNTED) + COUNTED]
        for name in old:
            self._counted[key.host, name] = now
            with contextlib.suppress(VirtError):  # somebody makes a volume in it
                await storage.refresh(connection, name)
        if old:
            pools[key.host] = await self._pools(key.host)


def _run(domain: Domain | None) -> tuple[int, tuple[Disk, ...]] | None:
    """Which run of a machine with which files; None while it is off."""
    return (domain.live_id, growing(domain)) if domain is not None and domain.active else None
