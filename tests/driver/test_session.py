"""Session, sampler and store on libvirt's own test driver."""

import asyncio
import random
import time
from dataclasses import replace
from math import isnan

import libvirt
import pytest

from tests.bench import fleet
from vmdesk.core.history import History
from vmdesk.core.jobs import Jobs
from vmdesk.core.sampler import Sampler
from vmdesk.core.sessions import Sessions
from vmdesk.core.settings import Settings, SettingsFile
from vmdesk.core.store import Changes, Store
from vmdesk.model.host import HostConfig, Link
from vmdesk.virt import domains, listing


class World:
    def __init__(self, uri):
        self.bugs = []
        self.jobs = Jobs(self.bugs.append)
        self.store = Store()
        self.sessions = Sessions(self.store, self.jobs)
        self.session = self.sessions.add(HostConfig("h", "fleet", uri))

    async def until(self, condition, seconds=20.0):
        give_up = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < give_up, "it did not happen"
            await asyncio.sleep(0.005)

    async def true(self):
        """Whether the store equals a fresh listing (what a listing does not tell left aside)."""
        listed = await listing.list_all(self.session.require())
        fresh = {d.key: (d.name, d.state, d.reason, d.live_id, d.persistent, d.definition) for d in listed}
        return fresh == {
            d.key: (d.name, d.state, d.reason, d.live_id, d.persistent, d.definition)
            for d in self.store.domains.values()
        }

    async def close(self):
        await self.sessions.close()
        await self.jobs.close()
        assert self.bugs == []


def run(tmp_path, machines, story):
    async def main():
        world = World(fleet.uri(fleet.write(tmp_path, machines)))
        await world.session.open()
        assert world.store.hosts["h"].link is Link.UP
        await story(world)
        await world.close()

    asyncio.run(main())


def test_what_happens_is_seen(tmp_path):
    async def story(w):
        assert await w.true()
        connection = w.session.require()
        key = next(iter(w.store.domains))
        await domains.destroy(connection, key.uuid)
        await w.until(lambda: not w.store.domains[key].active)
        await domains.start(connection, key.uuid)
        await w.until(lambda: w.store.domains[key].active)
        assert time.time() - 5 < w.store.domains[key].started <= time.time()
        await domains.suspend(connection, key.uuid)
        await w.until(lambda: w.store.domains[key].reason == "user")
        await domains.destroy(connection, key.uuid)
        await domains.rename(connection, key.uuid, "another-name")
        await w.until(lambda: w.store.domains[key].name == "another-name")
        await domains.undefine(connection, key.uuid)
        await w.until(lambda: key not in w.store.domains)
        assert await w.true()

    run(tmp_path, 10, story)


def test_addresses_come_by_themselves(tmp_path):
    async def story(w):
        await w.until(lambda: all(domain.addresses for domain in w.store.domains.values()))

    run(tmp_path, 3, story)


@pytest.mark.timeout(120)
def test_ten_thousand_events_in_a_burst(tmp_path):
    """Counted, not timed: what one turn of the loop takes in, and that the end is the truth."""

    async def story(w):
        connection = w.session.require()
        rng = random.Random(3)
        keys = list(w.store.domains)
        turns, changes = [], []
        handle = w.session.handle
        w.session.handle = lambda events: (turns.append(len(events)), handle(events))
        w.store.subscribe(lambda change: changes.append(len(change.changed)))

        def burst(conn):
            for _ in range(10_000):
                domain = conn.lookupByUUIDString(rng.choice(keys).uuid)
                if not domain.isActive():
                    domain.create()
                elif rng.random() < 0.3:
                    domain.destroy()
                else:
                    (domain.resume if domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED else domain.suspend)()

        await connection.control.call(burst)
        for _ in range(200):
            if await w.true():
                break
            await asyncio.sleep(0.05)
        assert await w.true()
        assert sum(turns) >= 10_000
        assert max(turns) <= 500
        assert max(changes) <= 200
        assert sum(changes) < sum(turns)

    run(tmp_path, 1000, story)


def test_figures_of_a_driver_without_bulk_statistics(tmp_path):
    async def story(w):
        history = History()
        settings = SettingsFile(tmp_path / "settings.json")
        settings.current = Settings(looked=0.1, others=0.5)
        sampler = Sampler(w.sessions, w.store, history, w.jobs, settings)
        key = next(iter(w.store.domains))
        sampler.watch([key])
        await w.until(lambda: history.figures(key).cpu >= 0)
        await w.until(lambda: len(history.series(key, "cpu").times) > 5)
        assert history.figures(key).given > 0
        other = list(w.store.domains)[5]
        await w.until(lambda: history.figures(other).cpu >= 0)
        assert [share.key for share in history.shares("h")]
        await domains.destroy(w.session.require(), key.uuid)
        await w.until(lambda: history.reading(key) is None)
        assert isnan(history.figures(key).cpu)
        sampler.close()

    run(tmp_path, 10, story)


def of_a_pool(conn):
    pool = conn.storagePoolDefineXML(
        "<pool type='dir'><name>theirs</name><target><path>/srv/theirs</path></target></pool>"
    )
    yield
    for do in (pool.create, pool.refresh, pool.destroy, pool.undefine):
        do()
        yield


def of_a_network(conn):
    network = conn.networkDefineXML("<network><name>theirs</name></network>")
    yield
    for do in (network.create, network.destroy, network.undefine):
        do()
        yield


@pytest.mark.parametrize(
    ("steps", "count", "changes", "callbacks", "kinds"),
    [
        (of_a_pool, 5, Changes(pools=frozenset("h")), "storagePoolEventCallbackID", 2),
        (of_a_network, 4, Changes(networks=frozenset("h")), "networkEventCallbackID", 1),
    ],
)
def test_what_becomes_of_it_is_told_and_costs_no_reading_of_machines(tmp_path, steps, count, changes, callbacks, kinds):
    async def story(w):
        connection = w.session.require()
        heard = []
        w.store.subscribe(heard.append)
        reread = []
        read = w.sessions.calls.read
        w.session._calls = replace(w.sessions.calls, read=lambda *some: (reread.append(some), read(*some))[1])
        going = await connection.control.call(steps)
        for number in range(count):
            await connection.control.call(lambda _conn: next(going))
            await w.until(lambda number=number: len(heard) > number)
            assert heard == [changes] * (number + 1)
        assert reread == []
        conn = await connection.control.call(lambda conn: conn)
        told = len(getattr(conn, callbacks))
        await w.sessions.close()
        assert told == kinds and getattr(conn, callbacks) == {}

    run(tmp_path, 2, story)


def test_a_host_that_tells_nothing_of_networks_is_served_all_the_same(tmp_path, monkeypatch):
    def unheard(*_some):
        raise libvirt.libvirtError("this function is not supported")

    async def story(w):
        assert w.session.require()._networks_heard == []
        assert await w.true()

    monkeypatch.setattr(libvirt.virConnect, "networkEventRegisterAny", unheard)
    run(tmp_path, 2, story)
