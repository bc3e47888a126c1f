"""A host in memory that behaves like libvirt's, as far as core can see: tests/driver/test_fakes.py checks that."""

import asyncio
import itertools
import time
import uuid as uuids
from dataclasses import dataclass, field, replace

from vmdesk.core.calls import Calls
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.event import Event, Kind
from vmdesk.model.host import Capabilities, Feature
from vmdesk.model.stats import DiskCounters, DomainCounters, HostCounters, NicCounters
from vmdesk.model.text import text


def failure(name: str, why: str = "") -> VirtError:
    return VirtError(Problem(text("It did not work."), text("{holder}", holder=why) if why else None, name=name))


@dataclass
class Machine:
    """One fake machine; `begun` is when it started (monotonic), for its counters."""

    uuid: str
    name: str
    state: State = State.SHUTOFF
    reason: str = "shutdown"
    live_id: int = -1
    begun: float = 0.0
    stood: float = 0.0  # when it was paused
    hung: bool = False
    job: str = ""  # who holds its lock
    addresses: tuple[str, ...] = ()


@dataclass
class FakeConnection:
    """What core sees of a Connection."""

    host: str
    generation: int
    fake: "FakeHost"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(driver="QEMU"))
    readonly: bool = False
    closed: bool = False
    renewed: int = 0
    behind: list[str] = field(default_factory=list)  # machines whose monitor holds a call of ours

    @property
    def outstanding(self) -> int:
        self.behind = [uuid for uuid in self.behind if self.fake.hangs(uuid)]
        return len(self.behind)

    async def close(self) -> None:
        self.closed = True

    async def renew_stats(self) -> None:
        self.renewed += 1

    def check(self) -> None:
        if self.closed or self.fake.down or self.fake.connection is not self:
            raise failure("closed")


class FakeHost:
    """Machines, and ways to make them and the daemon misbehave. `calls` goes into Sessions."""

    WATCHDOG = 0.02  # seconds instead of the real two

    def __init__(self, machines: int = 3) -> None:
        self.machines: dict[str, Machine] = {}
        self.connection: FakeConnection | None = None
        self.down: str = ""  # the name of the problem with which opening fails
        self.slow = False  # not even states come
        self.lacking: frozenset[Feature] = frozenset()
        self.log: list[tuple[str, int]] = []  # (call, machines)
        self.opened: list[int] = []  # generations
        self.worst_outstanding = 0
        self._post = None
        self._ids = itertools.count(1)
        self._numbers = itertools.count(1)
        for number in range(machines):
            self.define(f"vm-{number}")
        self.calls = Calls(
            way=lambda config: FakeWay(self, config),
            list_all=self._list_all,
            read=self._read,
            addresses=self._addresses,
            bulk=self._bulk,
            single=self._single,
            job=self._job,
            states=self._states,
            host=self._host,
        )

    # --- what happens there

    def define(self, name: str) -> str:
        uuid = str(uuids.UUID(int=next(self._numbers)))
        self.machines[uuid] = Machine(uuid, name)
        self.tell(uuid, "defined", "added")
        return uuid

    def undefine(self, uuid: str) -> None:
        name = self.machines.pop(uuid).name
        self.tell(uuid, "undefined", "removed", name)

    def start(self, uuid: str) -> None:
        machine = self.machines[uuid]
        machine.state, machine.reason, machine.live_id = State.RUNNING, "booted", next(self._ids)
        machine.begun = time.monotonic() - 1
        machine.stood = 0.0
        self.tell(uuid, "started", "booted")

    def stop(self, uuid: str, reason: str = "destroyed") -> None:
        machine = self.machines[uuid]
        machine.state, machine.reason, machine.live_id, machine.hung = State.SHUTOFF, reason, -1, False
        self.tell(uuid, "stopped", reason)

    def suspend(self, uuid: str) -> None:
        self.machines[uuid].state, self.machines[uuid].reason = State.PAUSED, "user"
        self.machines[uuid].stood = time.monotonic()
        self.tell(uuid, "suspended", "paused")

    def tell(self, uuid: str, detail: str, reason: str = "", name: str = "", kind: Kind = Kind.LIFECYCLE) -> None:
        if self._post and self.connection and not self.down:
            name = name or self.machines[uuid].name
            now = time.time()
            self._post(Event(self.connection.host, self.connection.generation, kind, uuid, name, detail, reason, now))

    def die(self, problem: str = "no-daemon") -> None:
        """The daemon is gone; machines live on."""
        self.down = problem
        connection = self.connection
        assert connection
        self._post(Event(connection.host, connection.generation, Kind.CLOSED, detail="eof", time=time.time()))

    def rise(self) -> None:
        self.down = ""

    def hangs(self, uuid: str) -> bool:
        return uuid in self.machines and self.machines[uuid].hung

    def listing(self, host: str) -> dict[DomainKey, Domain]:
        return {DomainKey(host, m.uuid): self._domain(host, m) for m in self.machines.values()}

    # --- the calls

    def _domain(self, host: str, m: Machine) -> Domain:
        return Domain(DomainKey(host, m.uuid), m.name, m.state, m.reason, m.live_id)

    async def _list_all(self, connection) -> list[Domain]:
        self.log.append(("list_all", len(self.machines)))
        connection.check()
        listed = list(self.listing(connection.host).values())
        await asyncio.sleep(0)
        connection.check()
        return listed

    async def _read(self, connection, wanted):
        self.log.append(("read", len(wanted)))
        connection.check()
        await asyncio.sleep(0)
        found = [self._domain(connection.host, self.machines[u]) for u in wanted if u in self.machines]
        return found, [uuid for uuid in wanted if uuid not in self.machines]

    async def _addresses(self, connection, uuid) -> tuple[str, ...]:
        self.log.append(("addresses", 1))
        connection.check()
        return self.machines[uuid].addresses if uuid in self.machines else ()

    async def _bulk(self, connection, wanted) -> dict[str, DomainCounters]:
        self.log.append(("bulk", len(wanted)))
        connection.check()
        if self.slow:
            raise failure("timeout")
        for uuid in wanted:
            if self.hangs(uuid) and uuid not in connection.behind:
                await self._hang(connection, uuid)
        await asyncio.sleep(0)
        return {u: self._counters(u, connection) for u in wanted if self._runs(u)}

    async def _single(self, connection, uuid) -> DomainCounters:
        self.log.append(("single", 1))
        connection.check()
        if not self._runs(uuid):
            raise failure("gone")
        if self.hangs(uuid) and uuid not in connection.behind:
            await self._hang(connection, uuid)
        found = self._counters(uuid, connection)
        if found.busy:
            raise failure("timeout") if found.busy == "hung" else failure("busy", "job")
        return found

    async def _job(self, connection, uuid) -> str:
        self.log.append(("job", 1))
        connection.check()
        return self.machines[uuid].job

    async def _states(self, connection):
        self.log.append(("states", len(self.machines)))
        connection.check()
        if self.slow:
            raise failure("timeout")
        return {m.uuid: (m.state, m.reason) for m in self.machines.values()}

    async def _host(self, connection) -> HostCounters:
        self.log.append(("host", 1))
        connection.check()
        now = time.monotonic()
        return HostCounters(now, 2, int(now * 5e8), 0, int(now * 15e8), 0, 8_000_000, 4_000_000)

    async def _hang(self, connection, uuid: str) -> None:
        connection.behind.append(uuid)
        self.worst_outstanding = max(self.worst_outstanding, connection.outstanding)
        await asyncio.sleep(self.WATCHDOG)
        raise failure("timeout")

    def _runs(self, uuid: str) -> bool:
        return uuid in self.machines and self.machines[uuid].state.active

    def _counters(self, uuid: str, connection) -> DomainCounters:
        m = self.machines[uuid]
        now = time.monotonic()
        if m.hung and uuid in connection.behind:
            return DomainCounters(now, busy="hung")
        if m.job:
            return DomainCounters(now, busy="job")
        ran = int(((m.stood or now) - m.begun) * 1e9)
        return DomainCounters(
            now,
            1,
            ran // 2,
            (ran // 2,),
            0,
            1024,
            512,
            700,
            (DiskCounters("vda", ran // 1000, ran // 2000, 10, 5, 10, 5),),
            (NicCounters("vnet0", ran // 1000, ran // 2000, 10, 5),),
        )


class FakeWay:
    def __init__(self, fake: FakeHost, config) -> None:
        self._fake = fake
        self._config = config
        self.forgiven = 0

    async def open(self, generation: int, post) -> FakeConnection:
        self._fake.opened.append(generation)
        await asyncio.sleep(0)
        if self._fake.down:
            raise failure(self._fake.down)
        self._fake._post = post
        connection = FakeConnection(self._config.id, generation, self._fake)
        connection.capabilities = replace(connection.capabilities, lacking=self._fake.lacking)
        self._fake.connection = connection
        return connection

    def forgive(self) -> None:
        self.forgiven += 1

    async def close(self) -> None:
        pass
