"""A host's networks: what is wrong with a wish, what it changes, who hangs on them, where all stands in a picture."""

import ipaddress
from dataclasses import replace
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.ui.machines import machine
from vmdesk.core import networks, networks_map
from vmdesk.core.networks import Wanted
from vmdesk.core.networks_map import Column
from vmdesk.model.domain import State
from vmdesk.model.network import (
    Addresses,
    Card,
    DnsHost,
    DropHost,
    DropLease,
    Lease,
    Network,
    NetworkDetails,
    PutHost,
    PutLease,
    Range,
    SetDomain,
    SetNatPorts,
    SetRanges,
    StaticLease,
)
from vmdesk.model.wish import Forward

ONE, TWO = "52:54:00:00:00:01", "52:54:00:00:00:02"
NET = NetworkDetails(
    Network("lab", "u", bridge="virbr7", forward="nat", dhcp=True),
    "nat",
    (),
    (Addresses("10.7.0.1/24", (Range("10.7.0.2", "10.7.0.99"),), (StaticLease(ONE, "10.7.0.5", "web"),)),),
    (DnsHost("10.7.0.1", ("gw",)),),
)


def said(wanted: Wanted) -> str:
    found = networks.problem(NET, wanted)
    return "" if found is None else str(found)


def test_as_it_is_there_is_nothing_to_do() -> None:
    assert networks.problem(NET, networks.wanted_of(NET)) is None
    assert networks.changes(NET, networks.wanted_of(NET)) == ()


def test_what_goes_goes_before_what_comes() -> None:
    wanted = Wanted(
        (Range("10.7.0.20", "10.7.0.30"),),
        (),
        (StaticLease(TWO, "10.7.0.5", "web"),),
        (DnsHost("10.7.0.9", ("db",)),),
        "lab.lan",
        True,
        (1024, 2048),
    )
    assert networks.problem(NET, wanted) is None
    found = networks.changes(NET, wanted)
    assert found == (
        DropLease(ONE),
        DropHost("10.7.0.1"),
        SetRanges(wanted.ranges),
        PutLease(wanted.leases[0]),
        PutHost(wanted.hosts[0]),
        SetDomain("lab.lan", True),
        SetNatPorts((1024, 2048)),
    )
    assert [bool(str(networks.change_words(one))) for one in found] == [True] * 7


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted((Range("10.7.0.2", "x"),)), "x is not an address"),
        (Wanted((Range("10.7.0.2", "10.8.0.3"),)), "not in the network's subnet"),
        (Wanted((Range("10.7.0.9", "10.7.0.3"),)), "is behind"),
        (Wanted((Range("10.7.0.1", "10.7.0.3"),)), "host's own"),
        (Wanted((Range("10.7.0.9", "10.7.0.255"),)), "no address for a machine"),
        (Wanted((Range("10.7.0.2", "10.7.0.9"), Range("10.7.0.9", "10.7.0.19"))), "overlap"),
        (Wanted((), (Range("fd00::2", "fd00::9"),)), "no addresses of IPv6"),
        (Wanted(leases=(StaticLease("nonsense", "10.7.0.2"),)), "not a card's address"),
        (Wanted(leases=(StaticLease("01:00:5e:00:00:01", "10.7.0.2"),)), "many cards at once"),
        (Wanted(leases=(StaticLease(ONE, "10.9.0.2"),)), "not in the network's subnet"),
        (Wanted(leases=(StaticLease(ONE, "10.7.0.1"),)), "host's own"),
        (Wanted(leases=(StaticLease(ONE, "10.7.0.2", "-bad-"),)), "cannot be a name in DNS"),
        (Wanted(leases=(StaticLease(ONE, "10.7.0.2"), StaticLease(TWO, "10.7.0.2"))), "twice"),
        (Wanted(leases=(StaticLease(ONE, "10.7.0.2"), StaticLease(ONE, "10.7.0.3"))), "twice"),
        (Wanted(hosts=(DnsHost("10.7.0.2", ()),)), "needs a name"),
        (Wanted(hosts=(DnsHost("10.7.0.2", ("a b",)),)), "cannot be a name"),
        (Wanted(hosts=(DnsHost("x", ("a",)),)), "not an address"),
        (Wanted(domain="a..b"), "cannot be a domain"),
        (Wanted(nat_ports=(9, 8)), "Ports are"),
    ],
)
def test_what_cannot_be_is_said(wanted: Wanted, words: str) -> None:
    assert words in said(wanted)


def test_ranges_are_read_and_written() -> None:
    found = networks.ranges_of("10.7.0.2-10.7.0.9, 10.7.0.20 – 10.7.0.30;")
    assert found == (Range("10.7.0.2", "10.7.0.9"), Range("10.7.0.20", "10.7.0.30"))
    assert networks.ranges_of(networks.written_ranges(found)) == found
    with pytest.raises(ValueError, match="nonsense"):
        networks.ranges_of("10.7.0.2-10.7.0.9, nonsense")


@settings(derandomize=True, deadline=None)
@given(st.integers(8, 29), st.integers(0, 2**32 - 1))
def test_what_is_proposed_is_never_wrong(length: int, base: int) -> None:
    subnet = ipaddress.IPv4Network((base, length), strict=False)
    own = NetworkDetails(Network("x", ""), addresses=(Addresses(f"{subnet.network_address + 1}/{length}"),))
    assert networks.problem(own, Wanted((networks.proposed_range(subnet),))) is None


def test_subnets_that_are_taken() -> None:
    taken = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/64")]
    assert "in use on the host" in str(networks.subnet_problem(ipaddress.ip_network("10.7.0.0/24"), taken))
    assert str(networks.subnet_problem(taken[0], taken)) == f"{taken[0]} is in use on the host already."
    assert "too small" in str(networks.subnet_problem(ipaddress.ip_network("192.168.9.0/30"), taken))
    assert "not for networks" in str(networks.subnet_problem(ipaddress.ip_network("224.0.0.0/24"), taken))
    assert networks.subnet_problem(ipaddress.ip_network("192.168.9.0/24"), taken) is None
    assert networks.subnet_problem(ipaddress.ip_network("fd01::/64"), taken) is None


def test_addresses_with_their_machines() -> None:
    domain = machine(1, name="web-01")
    cards = [Card(domain.uuid, ONE, "network", "lab"), Card("gone", TWO, "network", "lab")]
    given_ = [Lease(TWO, "10.7.0.30", "stranger", 99.0), Lease(ONE, "10.7.0.9", "web", 50.0)]
    rows = networks.lease_rows(NET, given_, cards, {domain.uuid: domain})
    assert [(row.ip, row.machine, row.fixed, row.expires) for row in rows] == [
        ("10.7.0.5", "web-01", True, None),  # kept for it, and it does not have it yet
        ("10.7.0.9", "web-01", False, 50.0),
        ("10.7.0.30", "", False, 99.0),
    ]
    fixed = networks.with_lease(NET, rows[1])
    assert fixed.leases == (StaticLease(ONE, "10.7.0.9", "web"),)  # instead of the old one
    assert networks.changes(NET, fixed) == (PutLease(fixed.leases[0]),)
    assert networks.without_lease(NET, ONE).leases == ()


def test_who_is_on_it_by_name_and_by_bridge() -> None:
    first, second = machine(1, name="b"), machine(2, name="a")
    cards = [
        Card(first.uuid, ONE, "network", "lab"),
        Card(second.uuid, TWO, "bridge", "virbr7"),
        Card("x", "m", "user"),
    ]
    found = networks.machines_on(NET, cards, {one.uuid: one for one in (first, second)})
    assert [one.name for one in found] == ["a", "b"]


# ---------------------------------------------------------------- the picture


def test_a_picture() -> None:
    on, off = machine(0, name="on", state=State.RUNNING), machine(3, name="off", state=State.SHUTOFF)
    alone = machine(5, name="alone")
    cards = [
        Card(on.uuid, ONE, "network", "lab"),
        Card(on.uuid, TWO, "network", "lab"),
        Card(off.uuid, "m1", "network", "lab"),
        Card(off.uuid, "m2", "network", "gone"),
        Card(on.uuid, "m3", "direct", "eth1"),
        Card(on.uuid, "m4", "user", forwards=(Forward(2222, 22),)),
        Card("nobody", "m5", "network", "lab"),
    ]
    found = networks_map.draw([NET], [("eth0", "ethernet")], [on, off, alone], cards)
    assert found.without == 1
    assert {one.title for one in found.nodes if one.column is Column.MACHINE} == {"on", "off"}
    edges = {(one.left, one.right): one for one in found.edges}
    both = edges["net:lab", f"vm:{on.uuid}"]
    assert (both.on, both.words) == (True, (ONE, TWO))
    assert not edges["net:lab", f"vm:{off.uuid}"].on
    assert not found.node("net:gone").on
    assert edges["if:eth1", "direct:eth1"] and edges[networks_map.ROUTES, "net:lab"].on
    assert edges["user:", f"vm:{on.uuid}"].forwards == (Forward(2222, 22),)
    assert found.beside(f"vm:{off.uuid}") == {f"vm:{off.uuid}", "net:lab", "net:gone", networks_map.ROUTES}


def test_an_isolated_network_leads_nowhere() -> None:
    alone = replace(NET, kind="isolated")
    assert networks_map.draw([alone], [], [], []).edges == ()
    routed = replace(NET, kind="route", devices=("eth0",))
    (edge,) = networks_map.draw([routed], [], [], []).edges
    assert (edge.left, edge.right) == ("if:eth0", "net:lab")


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=60))
def test_nothing_stands_on_something_else(pairs: list[tuple[int, int]]) -> None:
    nets = [replace(NET, network=replace(NET.network, name=f"n{n}", bridge="")) for n in range(10)]
    domains = [machine(n) for n in range(31)]
    cards = [Card(domains[one].uuid, f"{one}-{net}", "network", f"n{net}") for one, net in pairs]
    found = networks_map.draw(nets, [("eth0", ""), ("eth1", "")], domains, cards)
    for column, least in ((Column.HOST, networks_map.GAP), (Column.NETWORK, networks_map.GAP), (Column.MACHINE, 1.0)):
        rows = sorted(one.row for one in found.nodes if one.column is column)
        assert all(lower - upper > least - 1e-6 for upper, lower in pairwise(rows))
        assert all(0 <= row <= found.rows - 1 for row in rows)
