"""The fake host behaves as libvirt does: every story here runs on both."""

import asyncio
import contextlib
import time
import uuid as uuids

import pytest

from tests.fakes.host import FakeHost
from vmdesk.core.calls import Calls
from vmdesk.model.domain import State
from vmdesk.model.errors import VirtError
from vmdesk.model.event import Kind
from vmdesk.model.host import HostConfig
from vmdesk.virt import domains

GONE = str(uuids.UUID(int=999))
MACHINE = (
    "<domain type='test'><name>vm-{n}</name><uuid>{uuid}</uuid><memory>1024</memory><os><type>hvm</type></os>"
    "<devices><disk type='file'><source file='/x'/><target dev='vda'/></disk></devices></domain>"
)


class Fake:
    """Two machines that are off."""

    def __init__(self, _folder) -> None:
        self.host = FakeHost(2)
        self.calls = self.host.calls
        self.config = HostConfig("h", "fake", "qemu:///system")

    async def start(self, _connection, uuid):
        self.host.start(uuid)

    async def stop(self, _connection, uuid):
        self.host.stop(uuid)


class Real:
    """The same by libvirt's test driver."""

    def __init__(self, folder) -> None:
        file = folder / "node.xml"
        machines = "".join(MACHINE.format(n=n, uuid=uuids.UUID(int=n + 1)) for n in range(2))
        file.write_text(f"<node>{machines}</node>")
        self.calls = Calls()
        self.config = HostConfig("h", "real", f"test://{file}")

    async def start(self, connection, uuid):
        await domains.start(connection, uuid)

    async def stop(self, connection, uuid):
        await domains.destroy(connection, uuid)


@pytest.fixture(params=[Fake, Real])
def side(request, tmp_path):
    return request.param(tmp_path)


@contextlib.asynccontextmanager
async def opened(side):
    events = []
    connection = await side.calls.way(side.config).open(5, events.append)
    for domain in await side.calls.list_all(connection):
        if domain.active:  # the test driver starts whatever its file holds
            await side.stop(connection, domain.uuid)
    await wait(lambda: True)
    events.clear()
    try:
        yield connection, events
    finally:
        await connection.close()


async def wait(condition, seconds=5.0):
    await asyncio.sleep(0.02)
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        await asyncio.sleep(0.01)


def first(n=0):
    return str(uuids.UUID(int=n + 1))


def test_listing_and_reading(side):
    async def main():
        async with opened(side) as (connection, _events):
            listed = await side.calls.list_all(connection)
            assert sorted(domain.name for domain in listed) == ["vm-0", "vm-1"]
            assert {domain.key.host for domain in listed} == {"h"}
            found, gone = await side.calls.read(connection, [first(), GONE])
            assert [domain.name for domain in found] == ["vm-0"]
            assert gone == [GONE]
            off = found[0]
            assert (off.state, off.live_id, off.started) == (State.SHUTOFF, -1, 0.0)
            await side.start(connection, first())
            (on,), _ = await side.calls.read(connection, [first()])
            assert (on.state, on.reason) == (State.RUNNING, "booted")
            assert on.live_id > 0
            states = await side.calls.states(connection)
            assert states[first()] == (State.RUNNING, "booted")

    asyncio.run(main())


def test_a_new_run_has_a_new_live_id(side):
    async def main():
        async with opened(side) as (connection, _events):
            seen = []
            for _ in range(2):
                await side.start(connection, first())
                (on,), _ = await side.calls.read(connection, [first()])
                seen.append(on.live_id)
                await side.stop(connection, first())
            assert seen[0] != seen[1]

    asyncio.run(main())


def test_events(side):
    async def main():
        async with opened(side) as (connection, events):
            await side.start(connection, first(1))
            await side.stop(connection, first(1))
            await wait(lambda: len([one for one in events if one.kind is Kind.LIFECYCLE]) >= 2)
            told = [one for one in events if one.kind is Kind.LIFECYCLE]
            assert [(one.detail, one.reason) for one in told] == [("started", "booted"), ("stopped", "destroyed")]
            assert {(one.host, one.generation, one.uuid, one.name) for one in told} == {("h", 5, first(1), "vm-1")}
            assert all(abs(one.time - time.time()) < 10 for one in told)

    asyncio.run(main())


def test_counters(side):
    async def main():
        async with opened(side) as (connection, _events):
            await side.start(connection, first())
            old = await side.calls.bulk(connection, [first(), first(1), GONE])
            assert set(old) == {first()}
            await asyncio.sleep(0.05)
            alone = await side.calls.single(connection, first())
            assert alone.cpu_ns >= old[first()].cpu_ns > 0
            assert alone.time > old[first()].time
            assert not alone.busy
            assert alone.given_kib == 1024
            assert connection.outstanding == 0
            with pytest.raises(VirtError) as off:
                await side.calls.single(connection, first(1))
            assert off.value.problem.name == "gone"
            host = await side.calls.host(connection)
            assert host.memory_total_kib > 0

    asyncio.run(main())


def test_closed_is_closed(side):
    async def main():
        async with opened(side) as (connection, _events):
            await connection.close()
            with pytest.raises(VirtError) as closed:
                await side.calls.list_all(connection)
            assert closed.value.problem.name == "closed"

    asyncio.run(main())
