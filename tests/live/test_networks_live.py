"""Networks on the real daemon of a fresh host, and what it says it can do."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.testbed.connecting import problem, run
from tests.testbed.guests import Guests
from vmdesk.core import networks_work
from vmdesk.core.networks import Wanted, wanted_of
from vmdesk.model.errors import VirtError
from vmdesk.model.network import (
    Card,
    DnsHost,
    Network,
    PutHost,
    PutLease,
    Range,
    SetDomain,
    SetNatPorts,
    SetRanges,
    StaticLease,
)
from vmdesk.virt import abilities, domains, making, networks, nwfilters
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import networks as networks_xml


@pytest.fixture
def fresh(fresh_uri: str) -> Iterator[str]:
    """The daemon with its default network as a fresh host has it: defined, off."""
    kept: list[str] = []

    async def remember(connection: Connection) -> None:
        kept.append(await connection.long.call(lambda conn: conn.networkLookupByName("default").XMLDesc(0)))

    async def put_back(connection: Connection) -> None:
        for network in await networks.networks(connection):
            if network.active:
                await networks.stop_network(connection, network.name)
            await networks.undefine_network(connection, network.name)
        await networks.define_network(connection, kept[0])

    run(fresh_uri, remember)
    yield fresh_uri
    run(fresh_uri, put_back)


def test_a_fresh_hosts_network_is_switched_on(fresh: str) -> None:
    async def work(connection: Connection) -> None:
        off = await networks.network(connection, "default")
        assert (off.active, off.autostart, off.forward) == (False, False, "nat")
        ready, changed = await networks.ensure_default_network(connection)
        assert changed and ready == Network(
            "default", off.uuid, True, True, True, "nat", "virbr0", "192.168.122.1/24", True
        )
        assert await networks.ensure_default_network(connection) == (ready, False)
        assert await networks.networks(connection) == [ready]
        assert ready.bridge not in [name for name, _kind in await networks.interfaces(connection)]

    run(fresh, work)


def test_a_network_is_made_where_nobody_is(fresh: str) -> None:
    async def work(connection: Connection) -> None:
        await networks.undefine_network(connection, "default")
        taken = "<network><name>other</name><ip address='192.168.122.1' netmask='255.255.254.0'/></network>"
        await networks.define_network(connection, taken)  # off, and it has .122 and .123 all the same
        made, changed = await networks.ensure_default_network(connection)
        assert changed and made.active and made.autostart and made.bridge.startswith("virbr")
        assert made.address == "192.168.124.1/24"
        # The host itself is where the off network wants to be: libvirt sees that at the start only.
        await networks.stop_network(connection, "default")
        await networks.define_network(
            connection,
            "<network><name>same</name><bridge name='virbr7'/><ip address='192.168.124.1' prefix='24'/></network>",
        )
        await networks.start_network(connection, "same")
        assert await problem(networks.start_network(connection, "default")) == "subnet"

    run(fresh, work)


def test_a_network_is_edited_while_it_is_on(fresh: str) -> None:
    """What libvirt can change at once holds in dnsmasq's own files; the rest is stored, and holds after a restart."""

    async def work(connection: Connection) -> None:
        subnet = await networks.free_subnet(connection)
        assert subnet is not None
        name = await networks_work.make(connection, networks_xml.build("mine", "nat", subnet, domain="old.lan"), False)
        began = await networks_work.details(connection, name)
        address = [str(subnet.network_address + last) for last in range(30)]
        card = "52:54:00:00:00:01"
        wanted = Wanted(
            (Range(address[10], address[20]),),
            (),
            (StaticLease(card, address[5], "web"),),
            (DnsHost(address[1], ("gw", "router")),),
            "new.lan",
            True,
            (2000, 3000),
        )
        done = {type(one.change): one for one in await networks_work.change(connection, began, wanted)}
        assert {kind for kind, one in done.items() if one.live} == {SetRanges, PutLease, PutHost}
        assert all(one.stored for one in done.values()) and done[SetDomain].later and done[SetNatPorts].later
        after = await networks_work.details(connection, name)
        assert wanted_of(after) == wanted
        assert await networks.leases(connection, name) == []

        running = await _xml(connection, name)
        assert address[10] in running and card in running and "router" in running and "old.lan" in running
        assert await problem(networks_work.change(connection, began, wanted)) == "changed"

        # Another card, another name, other ranges, and all of it away again: each at once.
        for again in (
            replace(
                wanted,
                ranges=(Range(address[2], address[9]), Range(address[10], address[20])),
                leases=(StaticLease(card, address[6]), StaticLease("52:54:00:00:00:02", address[5], "web")),
                hosts=(DnsHost(address[1], ("gw",)), DnsHost(address[2], ("db",))),
            ),
            replace(wanted, ranges=(), leases=(), hosts=()),
        ):
            now = await networks_work.details(connection, name)
            assert all(one.live for one in await networks_work.change(connection, now, again))
            assert networks_xml.details(await _xml(connection, name)).leases == again.leases
        await networks_work.restart(connection, name)
        running = await _xml(connection, name)
        assert "new.lan" in running and "start='2000'" in running

        # Made where somebody is: nothing is left of it.
        assert await problem(networks_work.make(connection, networks_xml.build("twice", "nat", subnet))) == "subnet"
        assert await problem(networks.network(connection, "twice")) == "no-network"
        await networks_work.delete(connection, name)

    run(fresh, work)


async def _xml(connection: Connection, name: str) -> str:
    """The running definition."""
    return await connection.long.call(lambda conn: str(conn.networkLookupByName(name).XMLDesc(0)))


def test_filters_are_given_to_cards(fresh: str, make_guest: Guests) -> None:
    """Stored for a machine that is off; at once, too, for one that runs."""

    async def begin(connection: Connection) -> None:
        found = {one.name: one for one in await nwfilters.filters(connection)}
        assert found["no-mac-spoofing"].rules and "no-mac-spoofing" in found["clean-traffic"].refers
        await networks.start_network(connection, "default")

    async def given(connection: Connection, uuid: str, active: bool) -> None:
        async def cards(kind: str) -> list[Card]:
            return [one for one in await nwfilters.cards(connection) if one.machine == uuid and one.kind == kind]

        (card,) = await cards("network")
        for name in ("no-mac-spoofing", "allow-arp", ""):
            (done,) = await networks_work.set_filter(connection, card, name)
            assert (done.live, done.stored) == (active, True), done.later
            (now,) = await cards("network")
            assert now.filter == name
            assert (f"filter='{name}'" in await domains.xml(connection, uuid, inactive=True)) is bool(name)

    run(fresh, begin)
    for active in (False, True):
        guest = make_guest("filtered", start=active, network="default")
        run(fresh, lambda connection, guest=guest, active=active: given(connection, guest.uuid, active))  # type: ignore[misc]
        if active:
            guest.ask(lambda domain: domain.destroy())


def test_a_session_has_none(session_uri: str) -> None:
    async def work(connection: Connection) -> None:
        assert await networks.networks(connection) == []
        assert await problem(networks.ensure_default_network(connection)) == "session"

    run(session_uri, work)


@pytest.mark.parametrize("where", ["system_uri", "session_uri"])
def test_what_the_host_can_do(where: str, request: pytest.FixtureRequest, kvm_works: bool) -> None:
    async def work(connection: Connection) -> None:
        found = await abilities.host_abilities(connection)
        assert found.driver == "QEMU" and found.local and found.session == (where == "session_uri")
        assert found.native == os.uname().machine
        assert found.processors[0].arch == found.native and "qemu" in found.processors[0].kinds
        # A guest that boots is not enough: there are hosts where only a lesser processor than their own works.
        assert kvm_works or not found.kvm_works
        assert found.cpus == os.cpu_count()
        assert 0 < found.free_memory <= found.memory
        aliases = {machine.alias for machine in found.processors[0].machines}
        assert {"pc", "q35"} <= aliases
        machine = await abilities.machine_abilities(connection, "qemu", found.native, "q35")
        assert machine.machine.startswith("pc-q35-") and {"virtio", "sata"} <= machine.disk_buses
        assert machine.maximum_cpu and "unix" in machine.channels and "random" in machine.rng
        older = await abilities.machine_abilities(connection, "qemu", found.native, "pc")
        assert older.machine.startswith("pc-i440fx-") and "ide" in older.disk_buses
        # No trace is left of what was tried.
        assert [domain.name for domain in await domains.list_all(connection) if "vmdesk-" in domain.name] == []

    run(request.getfixturevalue(where), work)


def test_passt_is_what_libvirt_takes(system_uri: str) -> None:
    """Said to work only where a definition with it is taken and the program is there."""

    async def work(connection: Connection) -> None:
        found = await abilities.host_abilities(connection)
        xml = (
            "<domain type='qemu'><name>p</name><memory>65536</memory><os><type>hvm</type></os><devices>"
            "<interface type='user'><backend type='passt'/></interface></devices></domain>"
        )
        try:
            uuid = await making.define(connection, xml)
        except VirtError:
            taken = False
        else:
            taken = await making.remove(connection, uuid, "p")
        installed = subprocess.run(["which", "passt"], capture_output=True, check=False).returncode == 0
        assert found.passt == (taken and installed)

    run(system_uri, work)


def test_a_reader_is_told_what_needs_no_trial(system_uri: str) -> None:
    async def work(connection: Connection) -> None:
        found = await abilities.host_abilities(connection)
        assert found.kvm_works is None and found.processors and found.networks

    run(system_uri, work, readonly=True)


def test_machines_are_made_put_right_and_removed(system_uri: str, make_guest: Guests) -> None:
    other = make_guest("other", start=False)
    uuid = "4b0e1d0c-1b4e-4d4e-9a5e-1f6b7e2a9c11"
    xml = (
        f"<domain type='qemu'><name>made</name><uuid>{uuid}</uuid><memory>65536</memory>"
        "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>"
        "<features><acpi/></features><on_reboot>{reboot}</on_reboot>"
        "<devices><interface type='user'><mac address='52:54:00:12:34:56'/></interface>"
        "<video><model type='none'/></video></devices></domain>"
    )

    async def work(connection: Connection) -> None:
        assert await making.define(connection, xml.format(reboot="destroy")) == uuid
        found = await making.taken(connection)
        assert {other.name, "made"} <= found.names and "52:54:00:12:34:56" in found.macs
        again = xml.format(reboot="destroy").replace("65536", "99999")
        assert await problem(making.define(connection, again)) == "taken"
        assert await problem(making.define(connection, again.replace(">made<", ">else<"))) == "taken"
        assert await problem(making.define(connection, again.replace(uuid, other.uuid).replace("made", "x"))) == "taken"
        await making.start(connection, uuid)
        await making.redefine_stored(connection, uuid, xml.format(reboot="restart"))
        assert "<on_reboot>destroy" in await domains.xml(connection, uuid)
        assert "<on_reboot>restart" in await domains.xml(connection, uuid, inactive=True)
        assert await making.remove(connection, uuid, "made")  # running, with firmware variables
        assert not await making.remove(connection, uuid, "made")
        assert other.uuid in (await making.taken(connection)).uuids

    run(system_uri, work)
