"""Networks on libvirt's test driver, and what it tells of itself to whoever makes machines."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.testbed.connecting import PRACTICE, problem, run
from vmdesk.core import networks_work
from vmdesk.core.networks import wanted_of
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.network import DnsHost, Lease, StaticLease
from vmdesk.model.text import text
from vmdesk.virt import abilities, networks
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import networks as networks_xml


def test_listed() -> None:
    async def work(connection: Connection) -> None:
        found = {network.name: network for network in await networks.networks(connection)}
        assert list(found) == sorted(found)
        assert (found["default"].forward, found["default"].address, found["default"].dhcp) == (
            "nat",
            "192.168.122.1/24",
            True,
        )
        assert (found["servers"].forward, found["servers"].address) == ("", "10.20.1.1/24")
        assert (found["bridge-eno2"].forward, found["bridge-eno2"].bridge) == ("bridge", "br-eno2")
        assert await networks.network(connection, "lab") == found["lab"]
        assert await problem(networks.network(connection, "gone")) == "no-network"

    run(PRACTICE, work)


def test_the_default_network_is_switched_on_or_made() -> None:
    async def work(connection: Connection) -> None:
        await networks.stop_network(connection, "default")
        await networks.set_network_autostart(connection, "default", False)
        once, changed = await networks.ensure_default_network(connection, False)
        assert changed and once.active and not once.autostart
        assert await networks.ensure_default_network(connection, False) == (once, False)
        ready, changed = await networks.ensure_default_network(connection)
        assert changed and ready.active and ready.autostart
        assert await networks.ensure_default_network(connection) == (ready, False)
        await networks.stop_network(connection, "default")
        await networks.undefine_network(connection, "default")
        made, changed = await networks.ensure_default_network(connection)
        assert changed and made.active and made.autostart and made.forward == "nat" and made.dhcp
        others = {one.address for one in await networks.networks(connection) if one.name != "default"}
        assert made.address.startswith("192.168.") and made.address not in others

    run(PRACTICE, work)


def test_a_taken_subnet_is_left_alone() -> None:
    async def work(connection: Connection) -> None:
        await networks.stop_network(connection, "default")
        await networks.undefine_network(connection, "default")
        mine = "<network><name>mine</name><ip address='192.168.122.1' prefix='23'/></network>"  # .122 and .123
        assert await networks.define_network(connection, mine) == "mine"
        assert await problem(networks.define_network(connection, mine)) == "taken"
        made, _changed = await networks.ensure_default_network(connection)
        assert int(made.address.split(".")[2]) >= 124
        await networks.start_network(connection, "mine")
        await networks.start_network(connection, "mine")  # it is on: nothing to do

    run(PRACTICE, work)


def test_read_only_and_sessions() -> None:
    async def work(connection: Connection) -> None:
        assert await networks.networks(connection)
        assert await problem(networks.ensure_default_network(connection)) == "read-only"

    run(PRACTICE, work, readonly=True)


def test_routes_of_this_computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "route"
    table.write_text(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t007AA8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        "broken\n"
    )
    monkeypatch.setattr(networks, "_ROUTES", table)
    assert [str(route) for route in networks._routes()] == ["192.168.122.0/24"]


def test_all_of_them_with_what_is_in_them() -> None:
    async def work(connection: Connection) -> None:
        seen = await networks_work.look(connection)
        kinds = {one.network.name: one.kind for one in seen.networks}
        assert kinds == {
            "default": "nat",
            "office": "route",
            "servers": "isolated",
            "lab": "isolated",
            "bridge-eno2": "bridge",
        }
        office = seen.named("office")
        assert office is not None and (office.devices, office.domain) == (("eno1",), "office.example.com")
        assert seen.filters is None  # this driver has none
        assert sum(card.source == "lab" for card in seen.cards) == 3
        assert await networks.leases(connection, "default") == []

    run(PRACTICE, work)


def test_a_network_is_changed_while_it_is_on() -> None:
    async def work(connection: Connection) -> None:
        before = await networks_work.details(connection, "default")
        lease = StaticLease("52:54:00:4c:00:01", "192.168.122.9", "gw")
        wanted = replace(
            wanted_of(before), leases=(lease,), hosts=(DnsHost("192.168.122.1", ("host",)),), domain="x.lan"
        )
        done = await networks_work.change(connection, before, wanted)
        assert all(one.stored for one in done)
        after = await networks_work.details(connection, "default")
        assert wanted_of(after) == wanted and after.network.active
        assert await problem(networks_work.change(connection, before, wanted_of(before))) == "changed"
        await networks_work.change(connection, after, wanted_of(before))
        assert await networks_work.details(connection, "default") == before

    run(PRACTICE, work)


def test_a_network_that_is_off_is_changed() -> None:
    async def work(connection: Connection) -> None:
        await networks.stop_network(connection, "default")
        before = await networks_work.details(connection, "default")
        (done,) = await networks_work.change(connection, before, replace(wanted_of(before), domain="x.lan"))
        assert (done.live, done.stored, done.later) == (False, True, None)
        assert (await networks_work.details(connection, "default")).domain == "x.lan"

    run(PRACTICE, work)


def test_a_new_network_is_on_where_nobody_is() -> None:
    async def work(connection: Connection) -> None:
        taken = await networks_work.taken(connection)
        subnet = await networks.free_subnet(connection)
        assert subnet is not None and not any(one.version == 4 and one.overlaps(subnet) for one in taken)
        name = await networks_work.make(connection, networks_xml.build("mine", "nat", subnet))
        made = await networks.network(connection, name)
        assert made.active and made.autostart
        await networks_work.restart(connection, name)
        await networks_work.delete(connection, name)
        assert await problem(networks.network(connection, name)) == "no-network"

    run(PRACTICE, work)


def test_what_cannot_start_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(connection: Connection, name: str) -> None:
        raise VirtError(Problem(text("No."), name="subnet"))

    async def work(connection: Connection) -> None:
        monkeypatch.setattr(networks, "start_network", refuse)
        assert await problem(networks_work.make(connection, networks_xml.build("mine", "isolated"))) == "subnet"
        assert await problem(networks.network(connection, "mine")) == "no-network"

    run(PRACTICE, work)


def test_read_only_changes_nothing() -> None:
    async def work(connection: Connection) -> None:
        found = await networks_work.details(connection, "default")
        assert (
            await problem(networks_work.change(connection, found, replace(wanted_of(found), domain="x"))) == "read-only"
        )

    run(PRACTICE, work, readonly=True)


def test_subnets_by_chance_are_ones_own() -> None:
    found = {networks.some_subnet6() for _ in range(20)}
    assert len(found) == 20 and all(one.prefixlen == 64 and str(one).startswith("fd") for one in found)


def test_interfaces() -> None:
    async def work(connection: Connection) -> None:
        assert await networks.interfaces(connection) == [("eth1", "ethernet")]

    run("test:///default", work)


def test_what_the_host_tells() -> None:
    async def work(connection: Connection) -> None:
        found = await abilities.host_abilities(connection)
        assert (found.driver, found.session, found.local, found.passt) == ("TEST", False, True, False)
        assert found.kvm_works is None  # made up machines run without
        assert found.cpus == 32 and found.memory == 256 * 1024**3 and found.processors
        assert {pool.name for pool in found.pools} >= {"images", "fast"}
        assert {network.name for network in found.networks} >= {"default", "lab"}
        await networks.stop_network(connection, "lab")
        again = await abilities.host_abilities(connection)
        assert again.processors is found.processors  # asked once
        assert not next(network for network in again.networks if network.name == "lab").active  # asked again
        own = found.processors[0]
        machine = await abilities.machine_abilities(connection, own.kinds[0], own.arch)
        assert machine.arch == own.arch and machine.kind == own.kinds[0]
        assert await abilities.machine_abilities(connection, own.kinds[0], own.arch) is machine

    run(PRACTICE, work)


def test_leases_as_libvirt_tells_them() -> None:
    """As the binding gives them of a real dnsmasq; a name that the guest did not tell is None."""
    told = [
        {"iface": "virbr0", "expirytime": 1795451173, "type": 0, "mac": "52:54:00:AA:BB:01", "iaid": None}
        | {"ipaddr": "192.168.122.55", "prefix": 24, "hostname": "guest", "clientid": "01:52:54:00:aa:bb:01"},
        {"expirytime": 0, "mac": "52:54:00:aa:bb:02", "ipaddr": "192.168.122.3", "hostname": None},
    ]

    class Found:
        def DHCPLeases(self) -> list[dict[str, object]]:
            return told

    assert networks._leases(Found()) == [
        Lease("52:54:00:aa:bb:02", "192.168.122.3"),
        Lease("52:54:00:aa:bb:01", "192.168.122.55", "guest", 1795451173.0),
    ]
