"""One host's life: up, lost, back, off; and the store equal to a fresh listing after all of it."""

import asyncio
import contextlib
import random
import time

import pytest

from tests.fakes.host import FakeHost, failure
from vmdesk.core import session as session_module
from vmdesk.core.activity import EntryKind
from vmdesk.core.jobs import Jobs
from vmdesk.core.sessions import Sessions
from vmdesk.core.store import Store
from vmdesk.model.domain import DomainKey, State
from vmdesk.model.errors import VirtError
from vmdesk.model.event import Event, Kind
from vmdesk.model.host import Feature, HostConfig, Link

CONFIG = HostConfig("h", "lab", "qemu:///system")


class Entries(list):
    """Stands for the activity."""

    add = list.append

    def words(self, *kinds):
        return [(entry.what, entry.name) for entry in self if not kinds or entry.kind in kinds]


class World:
    """A fake host, the store and everything between them. Bugs are raised at the end."""

    def __init__(self, machines=3):
        self.fake = FakeHost(machines)
        self.store = Store()
        self.bugs = []
        self.jobs = Jobs(self.bugs.append)
        self.entries = Entries()
        self.sessions = Sessions(self.store, self.jobs, self.entries, self.fake.calls)
        self.session = self.sessions.add(CONFIG)

    @property
    def host(self):
        return self.store.hosts["h"]

    def domain(self, n):
        return self.store.domains.get(DomainKey("h", list(self.fake.machines)[n]))

    async def until(self, condition, seconds=5.0):
        give_up = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < give_up, "it did not happen"
            await asyncio.sleep(0.002)

    def true(self):
        """Whether the store says what a fresh listing would."""
        listed = self.fake.listing("h")
        mine = {key: (d.name, d.state, d.reason, d.live_id) for key, d in self.store.domains.items()}
        return mine == {key: (d.name, d.state, d.reason, d.live_id) for key, d in listed.items()}


@contextlib.asynccontextmanager
async def world(machines=3, connect=True):
    made = World(machines)
    if connect:
        await made.session.open()
    yield made
    await made.sessions.close()
    await made.jobs.close()
    assert made.bugs == []


def run(coroutine):
    asyncio.run(coroutine)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(session_module, "BACKOFF", (0.005, 0.02))
    monkeypatch.setattr(session_module, "AGAIN", 0.01)
    monkeypatch.setattr(session_module, "SETTLE", 0.001)


def test_open_lists_and_close_forgets():
    async def main():
        async with world(connect=False) as w:
            assert w.host.link is Link.OFF
            with pytest.raises(VirtError, match="not connected"):
                w.session.require()
            await w.session.open()
            assert w.host.link is Link.UP
            assert w.host.capabilities.driver == "QEMU"
            assert w.true()
            assert w.session.require() is w.fake.connection
            connection = w.fake.connection
            await w.session.close()
            assert (w.host.link, len(w.store.domains), connection.closed) == (Link.OFF, 0, True)
            await w.session.open()
            assert w.true()
            assert [what for what, _ in w.entries.words()] == ["connected", "disconnected", "connected"]

    run(main())


def test_an_event_is_a_reading_again():
    async def main():
        async with world() as w:
            uuid = w.fake.define("new")
            await w.until(lambda: len(w.store.domains) == 4)
            w.fake.start(uuid)
            await w.until(lambda: w.domain(3).active)
            assert time.time() - 5 < w.domain(3).started <= time.time()
            w.fake.undefine(uuid)
            await w.until(lambda: len(w.store.domains) == 3)
            assert w.entries.words(EntryKind.LIFECYCLE) == [
                ("defined", "new"),
                ("started", "new"),
                ("undefined", "new"),
            ]
            assert sum(1 for call, _ in w.fake.log if call == "list_all") == 1

    run(main())


def test_ten_thousand_events_on_a_thousand_machines():
    async def main():
        async with world(1000) as w:
            loop = asyncio.get_running_loop()
            rng = random.Random(7)
            uuids = list(w.fake.machines)
            turns = []
            handle = w.session.handle
            w.session.handle = lambda events: (turns.append(len(events)), handle(events))

            def burst():
                for _ in range(10_000):
                    uuid = rng.choice(uuids)
                    (w.fake.stop if w.fake.machines[uuid].state.active else w.fake.start)(uuid)

            await loop.run_in_executor(None, burst)
            await w.until(w.true)
            assert sum(turns) == 10_000
            assert max(turns) <= 500  # what one turn of the loop has to do
            reads = [n for call, n in w.fake.log if call == "read"]
            assert max(reads) <= 200
            assert sum(reads) < 10_000  # bursts collapse
            assert len(w.entries.words(EntryKind.LIFECYCLE)) == 10_000

    run(main())


def test_dirt_that_comes_while_reading_is_read_after_it():
    async def main():
        async with world() as w:
            uuid = next(iter(w.fake.machines))
            read = w.fake.calls.read

            async def slowly(connection, uuids):
                found = await read(connection, uuids)
                if w.fake.machines[uuid].state is State.RUNNING:
                    w.fake.suspend(uuid)
                return found

            object.__setattr__(w.sessions.calls, "read", slowly)
            w.fake.start(uuid)
            await w.until(lambda: w.domain(0).state is State.PAUSED)

    run(main())


def test_a_lost_daemon_leaves_the_rows_and_comes_back():
    async def main():
        async with world() as w:
            first, second, third = w.fake.machines
            w.fake.start(first)
            w.fake.start(second)
            await w.until(lambda: w.domain(1).active)
            w.session.set_health(second, busy="snapshot")
            old = w.fake.connection
            w.fake.die()
            await w.until(lambda: w.host.link is Link.LOST and w.host.problem.name == "no-daemon")
            assert len(w.store.domains) == 3
            assert w.host.stale
            assert w.host.retry_at > 0
            assert not w.session.connected
            w.fake.stop(first, "crashed")  # nobody is told
            w.fake.undefine(third)
            w.fake.define("born meanwhile")
            w.fake.rise()
            await w.until(lambda: w.host.link is Link.UP)
            assert w.true()
            assert w.domain(1).busy == "snapshot"
            assert old.closed
            assert w.entries.words(EntryKind.FOUND) == [
                ("stopped", "vm-0"),
                ("new", "born meanwhile"),
                ("gone", "vm-2"),
            ]
            assert [what for what, _ in w.entries.words(EntryKind.HOST)] == ["connected", "lost", "returned"]
            assert w.fake.connection.generation == w.fake.opened[-1] > 2

    run(main())


def test_a_hundred_losses_leak_nothing():
    async def main():
        async with world() as w:
            for n in range(100):
                connection = w.fake.connection
                w.fake.die()
                uuid = list(w.fake.machines)[n % 3]
                (w.fake.stop if w.fake.machines[uuid].state.active else w.fake.start)(uuid)
                w.fake.rise()
                await w.until(lambda old=connection: w.host.link is Link.UP and w.fake.connection is not old)
                assert connection.closed
                await w.until(w.true)
            assert len(asyncio.all_tasks()) < 8

    run(main())


def test_events_of_an_older_connection_count_for_nothing():
    async def main():
        async with world() as w:
            uuid = next(iter(w.fake.machines))
            stale = Event("h", 0, Kind.LIFECYCLE, uuid, "vm-0", "started", "booted", 1.0)
            w.session.handle([stale, Event("h", 0, Kind.CLOSED)])
            await asyncio.sleep(0.01)
            assert w.host.link is Link.UP
            assert not w.entries.words(EntryKind.LIFECYCLE)
            assert [call for call, _ in w.fake.log] == ["list_all"]

    run(main())


@pytest.mark.parametrize("name", ["permission", "auth", "not-libvirt", "libvirt", "timeout"])
def test_a_host_that_never_opened_waits_for_the_person(name):
    async def main():
        async with world(connect=False) as w:
            w.fake.down = name
            await w.session.open()
            assert (w.host.link, w.host.problem.name) == (Link.FAILED, name)
            await asyncio.sleep(0.05)
            assert w.fake.opened == [1]
            w.fake.rise()
            await w.session.open()
            assert w.host.link is Link.UP

    run(main())


def test_no_daemon_is_tried_again_slowly_and_at_once_when_asked(monkeypatch):
    async def main():
        async with world(connect=False) as w:
            w.fake.down = "no-daemon"
            await w.session.open()
            assert w.host.link is Link.FAILED
            w.fake.rise()
            await w.until(lambda: w.host.link is Link.UP)
            await w.session.close()
            monkeypatch.setattr(session_module, "NO_DAEMON", 1000.0)
            w.fake.down = "no-daemon"
            await w.session.open()
            w.fake.rise()
            await w.session.open()
            await w.until(lambda: w.host.link is Link.UP)

    monkeypatch.setattr(session_module, "NO_DAEMON", 0.02)
    run(main())


def test_a_password_that_is_refused_after_a_loss_is_not_asked_for_ever():
    async def main():
        async with world() as w:
            w.fake.die("auth")
            await w.until(lambda: w.host.link is Link.FAILED)
            assert len(w.store.domains) == 3
            tries = len(w.fake.opened)
            await asyncio.sleep(0.05)
            assert len(w.fake.opened) == tries

    run(main())


def test_without_events_the_host_is_polled(monkeypatch):
    async def main():
        async with world(connect=False) as w:
            w.fake.lacking = frozenset((Feature.EVENTS,))
            await w.session.open()
            machine = next(iter(w.fake.machines.values()))
            machine.state = State.RUNNING
            await w.until(w.true)

    monkeypatch.setattr(session_module, "POLL", 0.01)
    run(main())


def test_everything_is_listed_again_now_and_then_and_when_asked(monkeypatch):
    async def main():
        async with world() as w:
            next(iter(w.fake.machines.values())).state = State.RUNNING
            await w.until(w.true)
            w.session.resync()
            monkeypatch.setattr(session_module, "RESYNC", 1000.0)
            next(iter(w.fake.machines.values())).state = State.PAUSED
            w.session.resync()
            await w.until(w.true)

    monkeypatch.setattr(session_module, "RESYNC", 0.02)
    run(main())


def test_a_large_host_is_listed_again_in_slices(monkeypatch):
    """A machine that changes between two slices is told of by its event, which counts, and nothing else runs late."""

    async def main():
        async with world(50) as w:
            batches, machines = [], list(w.fake.machines.values())
            turns = []

            def hear(changes):
                batches.append(len(changes.changed))
                if len(batches) == 2:  # its slice is in already: what was listed of it is not true any more
                    machines[0].state = State.CRASHED
                    w.session.handle([Event("h", w.session._generation, Kind.CHANGED, machines[0].uuid)])
                asyncio.get_running_loop().call_soon(turns.append, len(batches))

            for machine in machines:
                machine.state = State.PAUSED if machine.state is State.RUNNING else State.RUNNING
            gone = machines.pop()
            del w.fake.machines[gone.uuid]
            w.store.subscribe(hear)
            w.session.resync()
            await w.until(lambda: len(batches) > 6 and w.true())
            assert w.domain(0).state is State.CRASHED
            assert DomainKey("h", gone.uuid) not in w.store.domains
            assert max(batches) == 10
            assert turns[:3] == [1, 2, 3], "others have their turn in between"

    monkeypatch.setattr(session_module, "SLICE", 10)
    run(main())


def test_a_reading_that_fails_is_made_up_for():
    async def main():
        async with world() as w:
            calls = []

            async def fails(connection, uuids):
                calls.append(uuids)
                raise failure("libvirt")

            object.__setattr__(w.sessions.calls, "read", fails)
            w.fake.start(next(iter(w.fake.machines)))
            await w.until(w.true)
            assert len(calls) == 1

    run(main())


def test_health_and_addresses_last_as_long_as_the_run():
    async def main():
        async with world() as w:
            uuid = next(iter(w.fake.machines))
            w.fake.machines[uuid].addresses = ("192.0.2.7",)
            w.fake.start(uuid)
            await w.until(lambda: w.domain(0).active)
            started = w.domain(0).started
            w.session.set_health(uuid, responding=False)
            w.session._set_addresses(uuid, ("192.0.2.7",))
            w.session.resync()
            await w.until(lambda: [c for c, _ in w.fake.log].count("list_all") == 2)
            await asyncio.sleep(0.01)
            now = w.domain(0)
            assert (now.responding, now.addresses, now.started) == (False, ("192.0.2.7",), started)
            w.fake.stop(uuid)
            await w.until(lambda: not w.domain(0).active)
            now = w.domain(0)
            assert (now.responding, now.addresses, now.started) == (True, (), 0.0)
            assert w.entries.words(EntryKind.HEALTH) == [("silent", "vm-0")]

    run(main())


def test_a_restart_between_two_readings_is_a_new_run():
    async def main():
        async with world() as w:
            uuid = next(iter(w.fake.machines))
            w.fake.start(uuid)
            await w.until(lambda: w.domain(0).active)
            w.session.set_health(uuid, responding=False)
            w.fake.stop(uuid)
            w.fake.start(uuid)
            await w.until(w.true)
            assert w.domain(0).responding

    run(main())


def test_hosts_come_change_and_go():
    async def main():
        async with world() as w:
            other = HostConfig("i", "other", "qemu:///session")
            w.sessions.add(other)
            with pytest.raises(ValueError, match="already"):
                w.sessions.add(other)
            assert w.sessions.get("i").host.link is Link.OFF
            await w.sessions.change(HostConfig("h", "renamed", CONFIG.uri))
            assert (w.host.config.name, w.host.link) == ("renamed", Link.UP)
            await w.sessions.change(HostConfig("h", "renamed", "qemu:///session"))
            await w.until(lambda: w.host.link is Link.UP)
            assert w.host.config.uri == "qemu:///session"
            await w.sessions.remove("h")
            assert "h" not in w.store.hosts
            assert not w.store.domains
            with pytest.raises(VirtError, match="removed"):
                w.sessions.of(DomainKey("h", "x"))

    run(main())
