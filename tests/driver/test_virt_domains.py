"""virt on libvirt's own test driver: every open of a file is a host of its own, in this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import libvirt
import pytest

from tests.testbed import connecting
from tests.testbed.connecting import Ears
from vmdesk.core import rates
from vmdesk.model.domain import Definition, File, Labels, State
from vmdesk.model.errors import VirtError
from vmdesk.model.event import Kind
from vmdesk.model.host import Feature, HostConfig
from vmdesk.virt import domains, facts, logs, stats
from vmdesk.virt.connection import Connection

GONE = "ffffffff-ffff-ffff-ffff-ffffffffffff"
MACHINE = """<domain type='test'><name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>512</memory><vcpu>2</vcpu>
<os><type arch='x86_64'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/img/{name}.qcow2'/>
<target dev='vda' bus='virtio'/></disk>
<interface type='network'><mac address='52:54:00:00:00:0{n}'/><source network='default'/></interface>
</devices></domain>"""


def uuid(n: int) -> str:
    return f"00000000-0000-0000-0000-00000000000{n}"


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """Three running machines: m1, m2, m3."""
    machines = "".join(MACHINE.format(name=f"m{n}", uuid=uuid(n), n=n) for n in (1, 2, 3))
    network = "<network><name>default</name><forward/><ip address='192.168.122.1' netmask='255.255.255.0'/></network>"
    path = tmp_path / "node.xml"
    path.write_text(f"<node>{network}{machines}</node>")
    return f"test://{path}"


@asynccontextmanager
async def opened(uri: str, ears: Ears | None = None, readonly: bool = False) -> AsyncIterator[Connection]:
    """Nothing is under way when it has been closed."""
    async with connecting.opened(uri, ears, readonly) as connection:
        yield connection
    assert connection.outstanding == 0


def test_listing_and_reading_agree(uri: str) -> None:
    async def run() -> None:
        async with opened(uri) as connection:
            listed = {domain.uuid: domain for domain in await domains.list_all(connection)}
            found, gone = await domains.read(connection, [uuid(2), GONE, uuid(1)])
            assert gone == [GONE]
            assert {domain.uuid for domain in found} == {uuid(1), uuid(2)}
            assert all(domain == listed[domain.uuid] for domain in found)
            everything, _ = await domains.read(connection, list(listed))
            assert {domain.uuid: domain for domain in everything} == listed
            first = listed[uuid(1)]
            assert (first.name, first.state, first.key.host) == ("m1", State.RUNNING, "h")
            assert first.definition.disks[0].source == "/img/m1.qcow2"

    asyncio.run(run())


def test_life_of_a_machine(uri: str) -> None:
    async def run() -> None:
        ears = Ears()
        async with opened(uri, ears) as connection:

            async def state() -> tuple[State, str]:
                (found,), _ = await domains.read(connection, [uuid(1)])
                return found.state, found.reason

            steps: tuple[tuple[Callable[..., Awaitable[None]], tuple[State, str]], ...] = (
                (domains.suspend, (State.PAUSED, "user")),
                (domains.resume, (State.RUNNING, "unpaused")),
                (domains.reboot, (State.SHUTOFF, "shutdown")),  # so it does in the test driver
                (domains.start, (State.RUNNING, "booted")),
                (domains.shutdown, (State.SHUTOFF, "shutdown")),
                (domains.start, (State.RUNNING, "booted")),
                (domains.destroy, (State.SHUTOFF, "destroyed")),
            )
            for step, expected in steps:
                await step(connection, uuid(1))
                if step is domains.reboot and (await state())[0] is State.RUNNING:
                    await domains.destroy(connection, uuid(1))  # newer libvirt reboots
                    continue
                assert await state() == expected
            await domains.start(connection, uuid(1), paused=True)
            assert (await state())[0] is State.PAUSED
            event = await ears.hear(lambda event: event.detail == "suspended")
            assert (event.host, event.generation, event.kind) == ("h", 7, Kind.LIFECYCLE)
            assert (event.uuid, event.name, event.reason) == (uuid(1), "m1", "paused")

    asyncio.run(run())


def test_a_start_seen_here_has_its_time(uri: str) -> None:
    async def run() -> None:
        ears = Ears()
        async with opened(uri, ears) as connection:
            await domains.destroy(connection, uuid(1))
            await domains.start(connection, uuid(1))
            event = await ears.hear(lambda event: event.detail == "started")
            (found,), _ = await domains.read(connection, [uuid(1)])
            assert found.started == event.time > 0
            assert (await domains.read(connection, [uuid(2)]))[0][0].started == 0

    asyncio.run(run())


def test_saving(uri: str) -> None:
    async def run() -> None:
        async with opened(uri) as connection:
            await domains.managed_save(connection, uuid(1))
            (found,), _ = await domains.read(connection, [uuid(1)])
            assert (found.state, found.reason, found.managed_save) == (State.SHUTOFF, "saved", True)
            assert {d.uuid: d.managed_save for d in await domains.list_all(connection)}[uuid(1)]
            assert File("", "saved-state") in await domains.files(connection, uuid(1))
            await domains.managed_save_remove(connection, uuid(1))
            (found,), _ = await domains.read(connection, [uuid(1)])
            assert not found.managed_save

    asyncio.run(run())


def test_autostart_and_name(uri: str) -> None:
    async def run() -> None:
        async with opened(uri) as connection:
            await domains.set_autostart(connection, uuid(1), True)
            await domains.destroy(connection, uuid(1))
            await domains.rename(connection, uuid(1), "renamed")
            listed = {domain.uuid: domain for domain in await domains.list_all(connection)}
            assert (listed[uuid(1)].name, listed[uuid(1)].autostart) == ("renamed", True)
            assert not listed[uuid(2)].autostart
            await domains.set_autostart(connection, uuid(1), False)
            (found,), _ = await domains.read(connection, [uuid(1)])
            assert not found.autostart

    asyncio.run(run())


@pytest.mark.parametrize("off", [False, True])
def test_labels(uri: str, off: bool) -> None:
    async def run() -> None:
        ears = Ears()
        async with opened(uri, ears) as connection:
            if off:
                await domains.destroy(connection, uuid(1))
            for labels in (
                Labels("Shop", "two\nlines", "notes <&> 🐧", "g", ("a", "b c")),
                Labels("Shop", "", "", "", ("z",)),
                Labels(),
            ):
                await domains.set_labels(connection, uuid(1), labels)
                (found,), _ = await domains.read(connection, [uuid(1)])
                assert found.labels == labels
                for inactive in (False, True):
                    xml = await domains.xml(connection, uuid(1), inactive=inactive)
                    assert ("vmdesk:labels" in xml) == bool(labels.tags)
            await domains.set_labels(connection, uuid(1), Labels(title="one\nline only"))
            (found,), _ = await domains.read(connection, [uuid(1)])
            assert found.labels.title == "one line only"
            await ears.hear(lambda event: event.detail == "metadata changed")

    asyncio.run(run())


def test_deleting_a_definition(uri: str) -> None:
    async def run() -> None:
        async with opened(uri) as connection:
            await domains.undefine(connection, uuid(1))
            (found,), _ = await domains.read(connection, [uuid(1)])
            assert not found.persistent  # runs on, once
            await domains.destroy(connection, uuid(1))
            await domains.managed_save(connection, uuid(2))
            with pytest.raises(VirtError) as refused:
                await domains.undefine(connection, uuid(2))
            assert refused.value.problem.code
            await domains.undefine(connection, uuid(2), managed_save=True, snapshots=True)
            assert [domain.uuid for domain in await domains.list_all(connection)] == [uuid(3)]

    asyncio.run(run())


def test_what_is_gone_is_said_so(uri: str) -> None:
    async def run() -> None:
        async with opened(uri) as connection:
            await domains.list_all(connection)
            await domains.undefine(connection, uuid(1))
            await domains.destroy(connection, uuid(1))
            with pytest.raises(VirtError) as gone:
                await domains.start(connection, uuid(1))
            assert gone.value.problem.name == "gone"
            assert str(gone.value.problem.what) == "Starting m1 did not work."
            assert uuid(1) not in await stats.bulk(connection, [uuid(1), uuid(2)])

    asyncio.run(run())


def test_read_only_refuses_before_libvirt_is_asked(uri: str) -> None:
    async def run() -> None:
        async with opened(uri, readonly=True) as connection:
            assert len(await domains.list_all(connection)) == 3
            for write in (
                domains.start(connection, uuid(1)),
                domains.destroy(connection, uuid(1)),
                domains.set_labels(connection, uuid(1), Labels()),
                domains.undefine(connection, GONE),
                domains.screenshot(connection, uuid(1)),
                domains.abort_job(connection, uuid(1)),
            ):
                with pytest.raises(VirtError) as refused:
                    await write
                assert (refused.value.problem.name, refused.value.problem.code) == ("read-only", 0)
            assert (await facts.prove_kvm(connection)).works is None

    asyncio.run(run())


def test_known_lack_refuses(uri: str) -> None:
    async def run() -> None:
        ears = Ears()
        async with opened(uri, ears) as connection:
            connection.lacks(Feature.RENAME)
            connection.lacks(Feature.RENAME)
            assert [event.detail for event in ears.heard if event.kind is Kind.LEARNT] == ["virDomainRename"]
            with pytest.raises(VirtError) as refused:
                await domains.rename(connection, uuid(1), "x")
            assert refused.value.problem.name == "no-support"

    asyncio.run(run())


def test_addresses_and_picture(uri: str) -> None:
    async def run() -> None:
        async with opened(uri) as connection:
            assert (await domains.addresses(connection, uuid(1)))[0].startswith("192.168.122.")
            assert await domains.addresses(connection, GONE) == ()
            mime, data = await domains.screenshot(connection, uuid(1))
            assert mime == "image/png"
            assert data.startswith(b"\x89PNG")
            assert await domains.job_progress(connection, uuid(1)) is None
            assert await domains.job(connection, uuid(1)) == ""
            assert File("/img/m1.qcow2", "disk") in await domains.files(connection, uuid(1))
            assert await logs.qemu_log_tail(connection, "m1") == ""

    asyncio.run(run())


def test_statistics_without_a_bulk_call(uri: str) -> None:
    async def run() -> None:
        async with opened(uri) as connection:
            await domains.destroy(connection, uuid(3))
            first = await stats.bulk(connection, [uuid(1), uuid(2), uuid(3), GONE])
            assert set(first) == {uuid(1), uuid(2)}
            await asyncio.sleep(0.02)
            second = await stats.single(connection, uuid(1))
            assert second.time > first[uuid(1)].time
            assert second.cpu_ns > first[uuid(1)].cpu_ns
            assert (second.vcpus, len(second.vcpu_ns), len(second.disks), len(second.nics)) == (2, 2, 1, 1)
            assert second.given_kib == 512 * 1024
            with pytest.raises(VirtError) as off:
                await stats.single(connection, uuid(3))
            assert off.value.problem.name == "gone"
            assert (await stats.states(connection))[uuid(3)] == (State.SHUTOFF, "destroyed")
            host = await stats.host(connection)
            assert host.cpus > 0 and host.user_ns > 0 and host.memory_total_kib > 0

    asyncio.run(run())


def test_a_paused_machine_of_the_test_driver_does_nothing(uri: str) -> None:
    """The driver makes its figures of the clock, whatever the machine does."""

    async def run() -> None:
        async with opened(uri) as connection:
            await domains.suspend(connection, uuid(1))
            first = (await stats.bulk(connection, [uuid(1)]))[uuid(1)]
            second = replace(await stats.single(connection, uuid(1)), time=first.time + 1)
            figures = rates.figures(first, second)
            assert not any(value > 0 for value in (figures.cpu, figures.read, figures.write, figures.rx, figures.tx))
            assert figures.given > 0

    asyncio.run(run())


def test_facts_of_a_host_that_tells_little(uri: str) -> None:
    async def run() -> None:
        async with opened(uri) as connection:
            found = await facts.facts(connection)
            assert (found.driver, found.cpu_model, found.ksm, found.virtualization) == ("TEST", "", None, None)
            assert found.cpus and found.memory_kib
            proof = await facts.prove_kvm(connection)
            assert proof.works is None and "TEST" in str(proof.why)
            assert await facts.prove_kvm(connection) is proof

    asyncio.run(run())


def test_a_closed_connection_says_so(uri: str) -> None:
    async def run() -> None:
        ears = Ears()
        async with opened(uri, ears) as connection:
            pass
        with pytest.raises(VirtError) as closed:
            await domains.list_all(connection)
        assert closed.value.problem.name == "closed"
        await connection.close()
        await connection.renew_stats()

    asyncio.run(run())


def test_many_at_once(uri: str) -> None:
    """Whatever is asked at the same time, all of it is answered."""

    async def run() -> None:
        async with opened(uri) as connection:
            answers = await asyncio.gather(*(domains.list_all(connection) for _ in range(50)))
            assert all(sorted(d.name for d in answer) == ["m1", "m2", "m3"] for answer in answers)

    asyncio.run(run())


def test_what_cannot_be_opened() -> None:
    async def run() -> None:
        # The name of a host makes it TLS, for which there are no certificates here.
        for uri, name in (("test:///no/such/file", ""), ("nonsense://x", "certificate")):
            with pytest.raises(VirtError) as failed:
                await Connection.open(HostConfig("h", "practice", uri), 1, lambda _event: None)
            assert 'Connecting to "practice"' in str(failed.value.problem.what)
            assert not name or failed.value.problem.name == name

    asyncio.run(run())


def test_the_uri_may_be_another_one(uri: str) -> None:
    async def run() -> None:
        config = replace(HostConfig("h", "x", "qemu+ssh://lab/system"))
        connection = await Connection.open(config, 1, lambda _event: None, uri=uri)
        assert not connection.local
        assert len(await domains.list_all(connection)) == 3
        await connection.close()

    asyncio.run(run())


def test_one_bad_machine_does_not_spoil_the_list(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = libvirt.virDomain.XMLDesc

    def failing(domain: libvirt.virDomain, flags: int = 0) -> str:
        if domain.name() == "m3":
            return str(domain.connect().lookupByUUIDString(GONE))  # raises NO_DOMAIN
        if domain.name() == "m2":
            domain.connect().lookupByUUIDString("nonsense")  # raises INVALID_ARG
        return str(real(domain, flags))

    monkeypatch.setattr(libvirt.virDomain, "XMLDesc", failing)

    async def run() -> None:
        async with opened(uri) as connection:
            listed = {domain.name: domain for domain in await domains.list_all(connection)}
            assert set(listed) == {"m1", "m2"}
            assert (listed["m2"].state, listed["m2"].definition) == (State.RUNNING, Definition())
            assert (await domains.read(connection, [uuid(2), uuid(3)]))[1] == [uuid(3)]

    asyncio.run(run())
