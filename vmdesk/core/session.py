"""One host: opened, listed, kept up to date by events, opened again when it was lost. Writes the store."""

import asyncio
import random
import time
from collections.abc import Iterable
from dataclasses import replace

from vmdesk.core.activity import Activity
from vmdesk.core.addresses import Addresses
from vmdesk.core.bell import Bell
from vmdesk.core.calls import Calls
from vmdesk.core.diary import Diary
from vmdesk.core.jobs import Jobs
from vmdesk.core.store import Store
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.event import Event, Kind
from vmdesk.model.host import Feature, Host, HostConfig, Link
from vmdesk.model.text import text
from vmdesk.virt import words
from vmdesk.virt.connection import Connection, Post
from vmdesk.virt.reach import FINAL

BACKOFF = (0.05, 5.0)  # seconds to the first try after a loss, and at most
NO_DAEMON = 30.0  # seconds between tries where no daemon has answered yet
RESYNC = 60.0  # seconds after which everything is listed again, events or not
POLL = 10.0  # the same for drivers without events
AGAIN = 2.0  # seconds after a listing that did not work
CHUNK = 200  # machines re-read by one call
SLICE = 500  # machines of a listing taken in by one turn of the loop
BURST = 50  # dirty machines from which on it is worth while to wait for more
SETTLE = 0.05  # seconds to wait for more

# What another try without the person would not mend.
_LASTING = {
    "auth",
    "certificate",
    "host-key",
    "no-driver",
    "not-libvirt",
    "permission",
    "permission-login",
    "refused",
} | FINAL


class Session:
    """Everything between one host and the store.

    post        where the host's events go; they come back by `handle`, on the main thread
    connection  the open connection, None while there is none
    """

    def __init__(
        self, config: HostConfig, store: Store, jobs: Jobs, activity: Activity | None, post: Post, calls: Calls
    ) -> None:
        self.config = config
        self.connection: Connection | None = None
        self._store = store
        self._jobs = jobs
        self._diary = Diary(activity, config)
        self._post = post
        self._calls = calls
        self._way = calls.way(config)
        self._generation = 0
        self._task: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()  # the first try has ended
        self._bell = Bell()
        self._dirty: dict[str, None] = {}  # an ordered set of UUIDs
        self._closed: str | None = None  # libvirt's word for why this generation ended
        self._resync_now = False
        self._addresses: Addresses | None = None
        self._watched: frozenset[str] = frozenset()
        self._put(Link.OFF)

    @property
    def connected(self) -> bool:
        return self.connection is not None

    @property
    def host(self) -> Host:
        return self._store.hosts[self.config.id]

    def domain(self, uuid: str) -> Domain | None:
        """One of its machines as the store has it."""
        return self._store.domains.get(DomainKey(self.config.id, uuid))

    def require(self) -> Connection:
        """The open connection; VirtError "closed" without one."""
        if self.connection is None:
            raise VirtError(
                Problem(
                    text("{host} is not connected.", host=self.config.name),
                    None,
                    text("Connect to it, then try again."),
                    name="closed",
                )
            )
        return self.connection

    async def open(self) -> None:
        """Connect and stay connected: what the person wants. Returns when the first try has ended, well or not."""
        self._way.forgive()
        if self._task is None or self._task.done():
            self._settled.clear()
            self._put(Link.CONNECTING)
            self._task = self._jobs.spawn(f"session {self.config.id}", self._keep())
        elif self.connection is None:
            self._settled.clear()
            self._bell.ring()  # it waits for its next try: try now
        await self._settled.wait()

    async def close(self) -> None:
        """Disconnect; the machines leave the store. Never raises."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
            self._task = None
        self._settled.set()
        connection = self._forget_connection()
        self._store.update(drop=[domain.key for domain in self._store.of_host(self.config.id)])
        if connection is not None:
            self._put(Link.OFF)
            self._diary.host("disconnected")
            await connection.close()
        elif self.host.link is not Link.OFF:
            self._put(Link.OFF)
        await self._way.close()

    def rename(self, config: HostConfig) -> None:
        """Take another name for the host (or other settings of how it is shown), same URI."""
        self.config = self._diary.config = config
        self._store.put_host(replace(self.host, config=config))

    def resync(self) -> None:
        """List everything again soon (the computer slept, somebody asked for it)."""
        self._resync_now = True
        self._bell.ring()

    def refresh(self, uuids: Iterable[str]) -> None:
        """Read these machines again soon."""
        self._dirty.update(dict.fromkeys(uuids))
        self._bell.ring()

    def watch(self, uuids: frozenset[str]) -> None:
        """These machines are looked at: their addresses are asked for more often."""
        self._watched = uuids
        if self._addresses:
            self._addresses.watch(uuids)

    def handle(self, events: Iterable[Event]) -> None:
        """Take the host's events; those of an older connection count for nothing."""
        pools = networks = devices = False
        grown: set[DomainKey] = set()
        for event in events:
            if event.generation != self._generation:
                continue
            if event.kind is Kind.CLOSED:
                self._closed = event.detail or "error"
            elif event.kind is Kind.LEARNT:
                if self.connection is not None:
                    self._store.put_host(replace(self.host, capabilities=self.connection.capabilities))
                continue
            elif event.kind is Kind.POOL:
                pools = True
            elif event.kind is Kind.NETWORK:
                networks = True
            elif event.kind is Kind.DEVICE:
                devices = True
            elif event.kind is Kind.GROWN:
                grown.add(DomainKey(self.config.id, event.uuid))
            else:
                self._dirty[event.uuid] = None
                self._diary.event(event)
        if pools:
            self._store.stir_pools(self.config.id)
        if networks:
            self._store.stir_networks(self.config.id)
        if devices:
            self._store.stir_devices(self.config.id)
        self._store.stir_disks(grown)
        if self._dirty or self._ended():
            self._bell.ring()

    def set_health(self, uuid: str, *, responding: bool | None = None, busy: str | None = None) -> None:
        """What the sampler found out about a machine's monitor."""
        domain = self.domain(uuid)
        if domain is None or not domain.active:
            return
        now = replace(
            domain,
            responding=domain.responding if responding is None else responding,
            busy=domain.busy if busy is None else busy,
        )
        if now.responding != domain.responding:
            self._diary.health(now.responding, domain)
        self._store.update((now,))

    # --- the life of a connection

    async def _keep(self) -> None:
        """Connect, serve, and connect again, until it is cancelled or there is no point."""
        been_up = False
        delay = BACKOFF[0]
        while True:
            try:
                connection = await self._connect(been_up)
            except VirtError as error:
                problem = error.problem
                self._settled.set()
                if problem.name in _LASTING or not (been_up or problem.name == "no-daemon"):
                    self._put(Link.FAILED, problem)
                    self._diary.host("failed", str(problem.why or problem.what))
                    return
                if been_up:
                    wait = delay * random.uniform(0.5, 1.0)  # noqa: S311 - so that not all clients come at once
                    delay = min(delay * 2, BACKOFF[1])
                    self._put(Link.LOST, problem, time.monotonic() + wait)
                else:
                    wait = NO_DAEMON
                    self._put(Link.FAILED, problem, time.monotonic() + wait)
                if await self._bell.wait(wait) and not been_up:
                    self._put(Link.CONNECTING)  # somebody asked for it
                continue
            self._settled.set()
            self._diary.host("returned" if been_up else "connected")
            been_up, delay = True, BACKOFF[0]
            problem = await self._serve(connection)
            self._diary.host("lost", self._closed or "error")
            self._forget_connection()
            self._put(Link.LOST, problem, time.monotonic() + delay)
            self._jobs.spawn(f"close {self.config.id}", connection.close())
            await asyncio.sleep(delay)

    async def _connect(self, again: bool) -> Connection:
        self._generation += 1
        self._closed = None
        self._dirty.clear()
        connection = await self._way.open(self._generation, self._post)
        try:
            domains = await self._calls.list_all(connection)
        except BaseException:
            self._jobs.spawn(f"close {self.config.id}", connection.close())
            raise
        self.connection = connection
        if connection.capabilities.can(Feature.ADDRESSES):
            self._addresses = Addresses(
                self.config.id, connection, self._calls, self._store.domains, self._set_addresses
            )
            self._addresses.watch(self._watched)
        self._take_listing(domains, found=again)
        self._put(Link.UP)
        return connection

    async def _serve(self, connection: Connection) -> Problem:
        """Keep the store true until the connection is gone; what to say about that."""
        asking = self._jobs.spawn(f"addresses {self.config.id}", self._addresses.run()) if self._addresses else None
        try:
            return await self._follow(connection)
        except VirtError as error:
            return error.problem
        finally:
            if asking:
                asking.cancel()

    async def _follow(self, connection: Connection) -> Problem:
        """Re-read what is dirty, list all when it is time. Raises VirtError "closed"."""
        period = RESYNC if connection.capabilities.can(Feature.EVENTS) else POLL
        due = time.monotonic() + period
        self._resync_now = False
        while not self._ended():
            if not self._dirty and not self._resync_now:
                await self._bell.wait(due - time.monotonic())
            if self._ended():
                break
            try:
                if self._resync_now or time.monotonic() >= due:
                    self._resync_now = False
                    due = time.monotonic() + period
                    self._dirty.clear()
                    await self._take_again(await self._calls.list_all(connection))
                elif self._dirty:
                    await self._reread(connection)
            except VirtError as error:
                if error.problem.name == "closed":
                    raise
                due = min(due, time.monotonic() + AGAIN)  # the listing will make up for what was not read
        return Problem(text("The connection to {host} was lost.", host=self.config.name), name="closed")

    async def _reread(self, connection: Connection) -> None:
        if len(self._dirty) > BURST:
            await asyncio.sleep(SETTLE)
        uuids = list(self._dirty)[:CHUNK]
        for uuid in uuids:
            del self._dirty[uuid]
        found, gone = await self._calls.read(connection, uuids)
        self._store.update(self._merged(found), [DomainKey(self.config.id, uuid) for uuid in gone])

    def _forget_connection(self) -> Connection | None:
        connection, self.connection = self.connection, None
        self._addresses = None
        return connection

    def _ended(self) -> bool:
        return self._closed is not None

    # --- what goes into the store

    def _put(self, link: Link, problem: Problem | None = None, retry_at: float = 0.0) -> None:
        old = self._store.hosts.get(self.config.id)
        capabilities = self.connection.capabilities if self.connection else old.capabilities if old else None
        self._store.put_host(Host(self.config, link, problem, capabilities, retry_at))

    def _take_listing(self, domains: list[Domain], found: bool = False) -> None:
        """Make the store equal to a listing. `found`: events may have been missed, so note what is different."""
        host = self.config.id
        old = {domain.key: domain for domain in self._store.of_host(host)}
        if found:
            self._diary.found(old, domains)
        gone = old.keys() - {domain.key for domain in domains}
        self._store.update(self._merged(domains), gone)

    async def _take_again(self, domains: list[Domain]) -> None:
        """The same for a host that is listed already, in slices. What an event makes dirty meanwhile is read later."""
        host = self.config.id
        gone = {domain.key for domain in self._store.of_host(host)} - {domain.key for domain in domains}
        self._store.update(drop=gone)
        for first in range(0, len(domains), SLICE):
            await asyncio.sleep(0)
            self._store.update(self._merged(domains[first : first + SLICE]))

    def _merged(self, domains: Iterable[Domain]) -> list[Domain]:
        return [self._merge(self._store.domains.get(domain.key), domain) for domain in domains]

    def _merge(self, old: Domain | None, new: Domain) -> Domain:
        """What a listing says, with what it does not say kept as long as the machine runs on."""
        if not new.active:
            return new
        same_run = old is not None and old.active and old.live_id == new.live_id
        if self._addresses:
            self._addresses.take(new.uuid, started=old is not None and not same_run)
        job = words.JOBS.get(new.reason, "")
        if old is not None and same_run:
            busy = job or ("" if old.reason in words.JOBS else old.busy)
            kept = old.responding, busy, old.addresses, new.started or old.started
            if kept == (new.responding, new.busy, new.addresses, new.started):
                return new
            return replace(new, responding=kept[0], busy=kept[1], addresses=kept[2], started=kept[3])
        started = time.time() if old is not None and not new.started else new.started  # it was off when last seen
        return replace(new, busy=job, started=started)

    def _set_addresses(self, uuid: str, addresses: tuple[str, ...]) -> None:
        domain = self.domain(uuid)
        if domain is not None and domain.active:
            self._store.update((replace(domain, addresses=addresses),))
