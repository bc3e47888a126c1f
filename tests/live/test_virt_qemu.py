"""virt on a real libvirtd with real QEMU guests."""

import asyncio
import contextlib
import gc
import os
import time
from collections.abc import Callable
from pathlib import Path

import libvirt
import pytest

from tests.testbed.client import KeeperClient
from tests.testbed.connecting import Ears, opened
from tests.testbed.guests import Guest, Guests, wait_for
from vmdesk.model.domain import Domain, Labels, State
from vmdesk.model.errors import VirtError
from vmdesk.model.event import Kind
from vmdesk.model.host import HostConfig
from vmdesk.virt import domains, facts, logs, stats
from vmdesk.virt.connection import Connection


async def one(connection: Connection, guest: Guest) -> Domain:
    (found,), _ = await domains.read(connection, [guest.uuid])
    return found


def test_life_labels_and_statistics(fresh_uri: str, make_guest: Guests) -> None:
    guest = make_guest("life", disks=[8], network="default", graphics="vnc", start=False)

    async def run() -> None:
        ears = Ears()
        async with opened(fresh_uri, ears) as connection:
            assert (await one(connection, guest)).state is State.SHUTOFF
            with pytest.raises(VirtError) as refused:
                await domains.start(connection, guest.uuid)
            assert refused.value.problem.name == "network"
            await connection.control.call(lambda conn: conn.networkLookupByName("default").create())
            await domains.start(connection, guest.uuid, paused=True)
            found = await one(connection, guest)
            assert (found.state, found.reason) == (State.PAUSED, "user")
            await domains.resume(connection, guest.uuid)
            found = await one(connection, guest)
            assert (found.state, found.reason) == (State.RUNNING, "unpaused")
            event = await ears.hear(lambda event: event.uuid == guest.uuid and event.detail == "started")
            assert found.started == event.time
            assert found in await domains.list_all(connection)

            await domains.set_labels(connection, guest.uuid, Labels("T", "d\ne", "n <&>", "g", ("a", "b c")))
            assert (await one(connection, guest)).labels == Labels("T", "d\ne", "n <&>", "g", ("a", "b c"))
            for inactive in (False, True):
                assert "vmdesk:labels" in await domains.xml(connection, guest.uuid, inactive=inactive)
            await ears.hear(lambda event: event.detail == "metadata changed")

            first = (await stats.bulk(connection, [guest.uuid]))[guest.uuid]
            await asyncio.sleep(0.3)
            second = await stats.single(connection, guest.uuid)
            assert second.cpu_ns > first.cpu_ns > 0
            assert not second.busy
            assert second.given_kib == 32 * 1024
            assert second.rss_kib > 0
            assert {disk.name for disk in second.disks} == {"vda", "vdb"}
            assert len(second.nics) == 1 == len(second.vcpu_ns)
            assert (await stats.states(connection))[guest.uuid] == (State.RUNNING, "unpaused")
            host = await stats.host(connection)
            assert min(host.user_ns, host.idle_ns, host.memory_total_kib, host.memory_free_kib) > 0

            mime, data = await domains.screenshot(connection, guest.uuid)
            assert mime.startswith("image/") and len(data) > 100
            assert await domains.addresses(connection, guest.uuid) == ()
            kinds = {Path(file.path).name: file for file in await domains.files(connection, guest.uuid)}
            disk = next(file for name, file in kinds.items() if name.endswith(".qcow2"))
            assert disk.kind == "disk" and disk.bytes and disk.bytes > 0

            await domains.managed_save(connection, guest.uuid)
            found = await one(connection, guest)
            assert (found.state, found.reason, found.managed_save) == (State.SHUTOFF, "saved", True)
            later = Labels("U", "", "since it was saved", "h", ("c",))
            await domains.set_labels(connection, guest.uuid, later)
            await domains.start(connection, guest.uuid)
            restored = await one(connection, guest)
            assert (restored.reason, restored.labels) == ("restored", later)
            await domains.destroy(connection, guest.uuid)
            await domains.rename(connection, guest.uuid, guest.name + "-new")
            await domains.set_autostart(connection, guest.uuid, True)
            found = await one(connection, guest)
            assert (found.name, found.autostart) == (guest.name + "-new", True)
            await domains.undefine(connection, guest.uuid)
            assert (await domains.read(connection, [guest.uuid]))[1] == [guest.uuid]
            await connection.control.call(lambda conn: conn.networkLookupByName("default").destroy())

    asyncio.run(run())


def test_a_guest_that_ran_before_us_has_an_uptime(system_uri: str, make_guest: Guests) -> None:
    guest = make_guest("early")

    async def run() -> None:
        async with opened(system_uri) as connection:
            assert time.time() - 60 < (await one(connection, guest)).started <= time.time()

    asyncio.run(run())


def test_qemus_log_is_roots_and_that_is_told(system_uri: str, make_guest: Guests) -> None:
    guest = make_guest("logged")

    async def run() -> None:
        async with opened(system_uri) as connection:
            told = await logs.qemu_log_tail(connection, guest.name)
            assert f"sudo tail /var/log/libvirt/qemu/{guest.name}.log" in told

    asyncio.run(run())


def test_crash_is_told(system_uri: str, make_guest: Guests, keeper: KeeperClient) -> None:
    guest = make_guest("crash")

    async def run() -> None:
        ears = Ears()
        async with opened(system_uri, ears) as connection:
            keeper.guest_kill(guest.name)
            event = await ears.hear(lambda event: event.uuid == guest.uuid and event.detail == "stopped")
            assert event.reason in ("failed", "crashed")  # libvirt says "failed" here, and "crashed" in the state
            found = await one(connection, guest)
            assert (found.state, found.reason) == (State.SHUTOFF, "crashed")

    asyncio.run(run())


def test_one_hung_qemu_stalls_nothing_else(system_uri: str, make_guest: Guests, keeper: KeeperClient) -> None:
    guests = [make_guest(f"hung{n}") for n in range(3)]
    bad, *good = guests

    async def run() -> None:
        async with opened(system_uri) as connection:
            uuids = [guest.uuid for guest in guests]
            assert len(await stats.bulk(connection, uuids)) == 3
            keeper.guest_stop(bad.name)
            with pytest.raises(VirtError) as late:
                await stats.bulk(connection, uuids)
            assert late.value.problem.name == "timeout"
            assert connection.outstanding == 1
            await connection.renew_stats()
            assert connection.outstanding == 1
            began = time.monotonic()
            with pytest.raises(VirtError) as silent:  # found out without another call on its monitor
                await stats.single(connection, bad.uuid)
            assert silent.value.problem.name == "timeout"
            assert connection.outstanding == 1
            assert time.monotonic() - began < 0.5
            assert len(await stats.bulk(connection, [guest.uuid for guest in good])) == 2
            assert (await stats.states(connection))[bad.uuid][0] is State.RUNNING
            assert (await one(connection, bad)).state is State.RUNNING
            assert len(await domains.list_all(connection)) >= 3
            assert time.monotonic() - began < 2
            await domains.destroy(connection, bad.uuid)
            found = await one(connection, bad)
            assert (found.state, found.reason) == (State.SHUTOFF, "destroyed")
            for _ in range(300):
                if not connection.outstanding:
                    break
                await asyncio.sleep(0.02)
            assert connection.outstanding == 0

    asyncio.run(run())


def test_daemon_killed(system_uri: str, make_guest: Guests, keeper: KeeperClient, reps: Callable[[int], int]) -> None:
    guest = make_guest("survivor")

    async def run() -> None:
        for _ in range(reps(20)):
            ears = Ears()
            async with opened(system_uri, ears) as connection:
                keeper.daemon_kill()
                closed = await ears.hear(lambda event: event.kind is Kind.CLOSED, 5)
                assert closed.detail in ("eof", "error")
                with pytest.raises(VirtError) as lost:
                    await domains.list_all(connection)
                assert lost.value.problem.name == "closed"
                with pytest.raises(VirtError) as down:
                    async with opened(system_uri):
                        pass
                assert down.value.problem.name == "no-daemon"
                keeper.daemon_start()
            async with opened(system_uri) as connection:
                assert (await one(connection, guest)).state is State.RUNNING

    asyncio.run(run())


def test_no_socket_is_left(system_uri: str, keeper: KeeperClient, reps: Callable[[int], int]) -> None:
    keeper.daemon_start()

    async def run() -> None:
        counts = []
        for _ in range(reps(200)):
            async with opened(system_uri) as connection:
                await domains.list_all(connection)
                await stats.bulk(connection, [domain.uuid for domain in await domains.list_all(connection)])
                await connection.renew_stats()
                await stats.states(connection)
            gc.collect()
            counts.append(len(os.listdir("/proc/self/fd")))
        # Wires that were given up are closed in the background.
        wait_for(lambda: len(os.listdir("/proc/self/fd")) <= counts[1], "no more files open than at first")

    asyncio.run(run())


def test_daemon_that_does_not_answer(system_uri: str, keeper: KeeperClient) -> None:
    """Opening can be abandoned, and a call is cut off by keepalive."""
    keeper.daemon_start()

    async def run() -> None:
        ears = Ears()
        async with opened(system_uri, ears) as connection:
            keeper.daemon_stop()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(Connection.open(HostConfig("x", "x", system_uri), 1, lambda _event: None), 1)
            with pytest.raises(VirtError) as late:
                await stats.states(connection)
            assert late.value.problem.name == "timeout"
            closed = await ears.hear(lambda event: event.kind is Kind.CLOSED, 30)
            assert closed.detail == "keepalive"
            keeper.daemon_continue()

    asyncio.run(run())


def test_read_only(system_uri: str, make_guest: Guests) -> None:
    guest = make_guest("seen")

    async def run() -> None:
        async with opened(system_uri, readonly=True) as connection:
            assert (await one(connection, guest)).state is State.RUNNING
            assert guest.uuid in await stats.bulk(connection, [guest.uuid])
            found = await facts.facts(connection)
            assert found.cpus

    asyncio.run(run())


def test_facts_and_kvm(system_uri: str, session_uri: str, kvm_works: bool, keeper: KeeperClient) -> None:
    async def run() -> None:
        for uri in (system_uri, session_uri):
            async with opened(uri) as connection:
                found = await facts.facts(connection)
                assert found.driver == "QEMU"
                assert found.cpus == os.cpu_count()
                assert found.arch and found.cells and found.guests and found.abilities
                assert found.virtualization is not None
                assert found.ksm is None or found.ksm.saved_kib is not None
                proof = await facts.prove_kvm(connection)
                assert proof.works is not None
                assert proof.works or (proof.why and proof.what_next)
                if uri == session_uri:
                    assert proof.works == kvm_works
                assert not [d for d in await domains.list_all(connection) if d.name.startswith("vmdesk-kvm")]

    asyncio.run(run())


def test_busy_machine_is_not_a_hung_one(system_uri: str, make_guest: Guests) -> None:
    """While a save holds the monitor, statistics come back at once; its job has a name."""
    guest = make_guest("saving", memory=512, disks=[8])

    async def run() -> None:
        async with opened(system_uri) as connection:
            saving = asyncio.get_running_loop().create_task(domains.managed_save(connection, guest.uuid))
            names = set()
            while not saving.done():
                try:
                    found = await stats.bulk(connection, [guest.uuid])
                except VirtError as error:
                    if "not running" not in error.problem.details:
                        raise
                    continue  # it ended between two of libvirt's steps
                assert not found or found[guest.uuid].busy != "hung"
                names.add(await domains.job(connection, guest.uuid))
                await domains.job_progress(connection, guest.uuid)
            await saving
            assert connection.outstanding == 0
            assert "save" in names

    asyncio.run(run())


def test_snapshot_is_work_and_not_a_hang(system_uri: str, make_guest: Guests) -> None:
    """An internal snapshot holds the monitor for as long as writing the memory takes."""
    guest = make_guest("snapshot", memory=384, disks=[8], machine="pc", busy=True)
    xml = "<domainsnapshot><name>s</name></domainsnapshot>"

    async def run() -> None:
        async with opened(system_uri) as connection:
            wire = connection.long

            def snap(conn: libvirt.virConnect) -> None:
                with contextlib.suppress(libvirt.libvirtError):
                    wire.domain(conn, guest.uuid).snapshotCreateXML(xml, 0)

            taking = asyncio.get_running_loop().create_task(wire.call(snap))
            seen = set()
            while not taking.done():
                found = await stats.bulk(connection, [guest.uuid])
                seen.add(found[guest.uuid].busy)
            await taking
            assert "hung" not in seen
            assert connection.outstanding == 0

    asyncio.run(run())


def test_a_hang_that_another_client_met(system_uri: str, make_guest: Guests, keeper: KeeperClient) -> None:
    """NOWAIT passes over a machine on which somebody else's call is stuck: it is told from one at work."""
    guest = make_guest("other")

    async def run() -> None:
        async with opened(system_uri) as other, opened(system_uri) as connection:
            keeper.guest_stop(guest.name)
            with pytest.raises(VirtError):
                await stats.bulk(other, [guest.uuid])
            assert (await stats.bulk(connection, [guest.uuid]))[guest.uuid].busy == "hung"
            with pytest.raises(VirtError) as hung:
                await stats.single(connection, guest.uuid)
            assert hung.value.problem.name == "timeout"
            assert connection.outstanding == 0
            keeper.guest_continue(guest.name)
            await asyncio.sleep(0.2)
            assert not (await stats.single(connection, guest.uuid)).busy
            assert other.outstanding == 0

    asyncio.run(run())
