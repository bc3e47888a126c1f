"""Edits of a network: they do what they say, touch nothing else, and libvirt is told the same."""

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from tests.testbed import scale
from tests.unit.virtxml.test_edit_properties import FOREIGN, container, element
from vmdesk.model.network import (
    DnsHost,
    DropHost,
    DropLease,
    NetworkChange,
    PutHost,
    PutLease,
    Range,
    SetDomain,
    SetNatPorts,
    SetRanges,
    StaticLease,
)
from vmdesk.virtxml import networks
from vmdesk.virtxml.cards import cards
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit import EditError
from vmdesk.virtxml.edit import networks as edits
from vmdesk.virtxml.edit.tree import Definition

MANY = settings(
    max_examples=max(25, round(400 * scale.SCALE)),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
MACS = st.sampled_from(["52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03"])
IPS = st.integers(2, 250).map(lambda last: f"10.7.0.{last}")
NAMES = st.sampled_from(["", "web", "db-01"])
LEASES = st.builds(StaticLease, MACS, IPS, NAMES)
RANGES = st.lists(
    st.tuples(st.integers(2, 120), st.integers(121, 250)).map(
        lambda two: Range(f"10.7.0.{two[0]}", f"10.7.0.{two[1]}")
    ),
    max_size=3,
    unique=True,
).map(tuple)
HOSTS = st.builds(
    DnsHost, IPS, st.lists(st.sampled_from(["a", "b.lan", "c"]), min_size=1, max_size=3, unique=True).map(tuple)
)
CHANGES: st.SearchStrategy[NetworkChange] = st.one_of(
    st.builds(PutLease, LEASES),
    st.builds(DropLease, MACS),
    st.builds(PutHost, HOSTS),
    st.builds(DropHost, IPS),
    st.builds(SetRanges, RANGES),
    st.builds(SetDomain, st.sampled_from(["", "lab.lan", "x"]), st.booleans()),
    st.builds(SetNatPorts, st.sampled_from([None, (1024, 65535), (1, 2)])),
)
LEASE = MACS.map(lambda mac: f"<host mac='{mac.upper()}' ip='10.7.0.9' name=\"old\"/>")
DHCP = element(
    "dhcp", container(st.just("<range start='10.7.0.2' end='10.7.0.254'><lease expiry='9'/></range>"), LEASE)
)
SUBNET = container(DHCP, st.just("<tftp root='/t'/>"))
NETWORKS = st.builds(
    lambda inner, crlf: (
        f"<?xml version='1.0'?>\n<!-- ours -->\n<network>\n  <name>x</name>{inner}</network>\n"
    ).replace("\n", "\r\n" if crlf else "\n"),
    container(
        element("forward", container(st.just("<nat><port start='1' end=\"9\"/></nat>")), st.just(" mode='nat'")),
        st.just("<bridge name=\"virbr7\" stp='on'   delay='0'/>"),
        st.just("<domain name='old' localOnly='yes'/>"),
        element(
            "dns", container(st.just("<host ip='10.7.0.9'><hostname>z</hostname></host>"), st.just("<txt name='t'/>"))
        ),
        st.just("<ip family='ipv6' address='fd00::1' prefix='64'/>"),
        st.builds(lambda inner: f"<ip address='10.7.0.1' netmask='255.255.255.0'>{inner}</ip>", SUBNET),
        FOREIGN,
    ),
    st.booleans(),
)


def rest(xml: str, scope: tuple[str, ...]) -> list[bytes]:
    """All that an edit must not touch."""
    network = Definition(xml, "network").domain
    return [etree.tostring(one, with_tail=False) for one in network if one.tag not in scope]


def scope(change: NetworkChange) -> tuple[str, ...]:
    """Which elements it may touch."""
    match change:
        case PutLease() | DropLease() | SetRanges():
            return ("ip",)
        case PutHost() | DropHost():
            return ("dns",)
        case SetDomain():
            return ("domain",)
        case SetNatPorts():
            return ("forward",)


@MANY
@given(NETWORKS, CHANGES)
def test_an_edit_stays_in_its_place_and_is_done_once(xml: str, change: NetworkChange) -> None:
    assert Definition(xml, "network").text == xml
    try:
        new = edits.edit(xml, change)
    except EditError:
        return
    assert rest(new, scope(change)) == rest(xml, scope(change))
    assert ("\r\n" in new) is ("\r\n" in xml) and "\r\n" not in new.replace("\r\n", "")
    found = networks.details(new)
    match change:
        case PutLease(lease):
            assert lease in found.leases
        case DropLease(mac):
            assert sum(one.mac == mac for one in found.leases) < sum(
                one.mac == mac for one in networks.details(xml).leases
            )
            return
        case PutHost(host):
            (now,) = [one for one in found.hosts if one.ip == host.ip]
            assert set(now.names) == set(host.names)
        case DropHost(ip):
            assert ip not in {one.ip for one in found.hosts}
            return
        case SetRanges(ranges):
            four = found.of(4)
            assert set(four.ranges if four else ()) == set(ranges)
        case SetDomain(name, local):
            assert (found.domain, found.local) == (name, local and bool(name))
        case SetNatPorts(ports):
            assert found.nat_ports == ports
    assert edits.edit(new, change) == new


@MANY
@given(NETWORKS, CHANGES)
def test_what_libvirt_is_told_comes_to_the_same(xml: str, change: NetworkChange) -> None:
    """The calls, carried out on the definition as libvirt does, make of it what the edit makes."""
    try:
        new, calls = edits.edit(xml, change), edits.updates(xml, change)
    except EditError:
        with pytest.raises(EditError):
            edits.edit(xml, change)
        return
    if calls is None:
        assert isinstance(change, SetDomain | SetNatPorts)
        return
    network = Definition(xml, "network").domain
    for call in calls:
        _carry_out(network, call)
    one, other = networks.details(etree.tostring(network, encoding="unicode")), networks.details(new)
    assert set(one.leases) == set(other.leases)
    assert {(host.ip, frozenset(host.names)) for host in one.hosts} == {
        (host.ip, frozenset(host.names)) for host in other.hosts
    }
    assert [set(each.ranges) for each in one.addresses] == [set(each.ranges) for each in other.addresses]


def _carry_out(network: etree._Element, call: edits.Update) -> None:
    new = etree.fromstring(call.xml)
    if call.section == "dns-host":
        above = network.find("dns")
        above = etree.SubElement(network, "dns") if above is None else above
    else:
        ip = network.findall("ip")[call.place]
        above = ip.find("dhcp")
        above = etree.SubElement(ip, "dhcp") if above is None else above
    same = [one for one in above if one.tag == new.tag and dict(one.attrib) == dict(new.attrib)]
    if call.command == "delete":
        above.remove(same[0])
    elif call.command == "modify":
        (old,) = [one for one in above.findall("host") if (one.get("mac") or "").lower() == new.get("mac")]
        above.replace(old, new)
    else:
        above.append(new)


def test_what_cannot_be() -> None:
    plain = "<network><name>x</name></network>"
    for change in (
        PutLease(StaticLease("52:54:00:00:00:01", "10.0.0.2")),
        SetRanges((Range("10.0.0.2", "10.0.0.9"),)),
        DropLease("52:54:00:00:00:01"),
        DropHost("10.0.0.2"),
        SetNatPorts((1, 2)),
    ):
        with pytest.raises(EditError):
            edits.edit(plain, change)
    with pytest.raises(XmlError):
        edits.edit("<domain/>", SetDomain("x"))


def test_a_lease_is_moved_to_another_card() -> None:
    dhcp = "<dhcp><host mac='52:54:00:00:00:01' ip='10.7.0.5'/></dhcp>"
    xml = f"<network><name>x</name><ip address='10.7.0.1' prefix='24'>{dhcp}</ip></network>"
    change = PutLease(StaticLease("52:54:00:00:00:02", "10.7.0.5", "db"), instead="52:54:00:00:00:01")
    assert networks.details(edits.edit(xml, change)).leases == (change.lease,)
    assert [call.command for call in edits.updates(xml, change) or ()] == ["delete", "add"]


def test_it_looks_as_libvirt_writes() -> None:
    ip = "  <ip address='10.7.0.1' prefix='24'>\n  </ip>\n"
    xml = f"<network>\n  <name>x</name>\n  <bridge name='b'/>\n{ip}</network>\n"
    xml = edits.edit(xml, PutLease(StaticLease("52:54:00:00:00:01", "10.7.0.5")))
    xml = edits.edit(xml, PutHost(DnsHost("10.7.0.1", ("gw",))))
    xml = edits.edit(xml, SetDomain("lan", True))
    assert "  <bridge name='b'/>\n  <domain name='lan' localOnly='yes'/>\n  <dns>\n    <host ip='10.7.0.1'>\n" in xml
    for change in (DropLease("52:54:00:00:00:01"), DropHost("10.7.0.1"), SetDomain("")):
        xml = edits.edit(xml, change)
    assert "dhcp" not in xml and "dns" not in xml and "domain" not in xml


def test_cards() -> None:
    xml = """<domain><uuid>u</uuid><devices>
      <interface type='network'><mac address='52:54:00:00:00:0A'/><source network='default'/><target dev='vnet3'/>
        <filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.1'/></filterref></interface>
      <interface type='user'><mac address='52:54:00:00:00:0b'/><backend type='passt'/>
        <portForward proto='tcp' address='127.0.0.1'><range start='2222' to='22'/></portForward></interface>
    </devices></domain>"""
    first, second = cards(xml)
    assert (first.mac, first.source, first.target, first.filter) == (
        "52:54:00:00:00:0a",
        "default",
        "vnet3",
        "clean-traffic",
    )
    assert [(one.host, one.guest) for one in second.forwards] == [(2222, 22)]


def test_a_filter_is_put_on_a_card_and_taken_off() -> None:
    card = "    <interface type='network'>\n      <mac address='52:54:00:00:00:0a'/>\n    </interface>\n"
    xml = f"<domain>\n  <devices>\n{card}  </devices>\n</domain>"
    on = edits.filter_card(xml, "52:54:00:00:00:0a", "clean-traffic")
    assert "<filterref filter='clean-traffic'/>" in on
    assert edits.filter_card(on, "52:54:00:00:00:0a", "clean-traffic") == on
    assert edits.filter_card(on, "52:54:00:00:00:0a", "") == xml
    with pytest.raises(EditError):
        edits.filter_card(xml, "52:54:00:00:00:0b", "x")
