"""Networks on libvirt's test driver, and what it tells of itself to whoever makes machines."""

from pathlib import Path

import pytest

from tests.testbed.connecting import PRACTICE, problem, run
from vmdesk.virt import abilities, networks
from vmdesk.virt.connection import Connection


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
