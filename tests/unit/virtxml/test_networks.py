"""Networks: XML to values and back."""

import ipaddress

import pytest

from vmdesk.model.network import Addresses, DnsHost, Filter, Network, Range, StaticLease
from vmdesk.virtxml import networks
from vmdesk.virtxml.document import XmlError

NAT = """<network><name>default</name><uuid>u</uuid><forward mode='nat'><nat/></forward><bridge name='virbr0'/>
  <mac address='52:54:00:AA:BB:CC'/>
  <ip family='ipv6' address='fd00::1' prefix='64'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.2' end='192.168.122.254'/>
    <host mac='52:54:00:00:00:01' ip='192.168.122.9'/></dhcp></ip>
  <route address='10.1.0.0' prefix='16' gateway='192.168.122.2'/></network>"""


def test_read() -> None:
    assert networks.parse(NAT, autostart=True) == Network(
        "default", "u", True, True, True, "nat", "virbr0", "192.168.122.1/24", True
    )
    assert networks.parse("<network><name>n</name></network>", active=False, persistent=False) == Network(
        "n", "", False, False, False
    )
    assert networks.parse("<network><name>n</name><forward dev='eth0'/></network>").forward == "nat"
    only_six = networks.parse("<network><name>n</name><ip family='ipv6' address='fd00::1' prefix='48'/></network>")
    assert only_six.address == "fd00::1/48"
    assert networks.parse("<network><name>n</name><ip address='oops' prefix='x'/></network>").address == ""
    with pytest.raises(XmlError):
        networks.parse("<pool/>")


def test_what_is_taken() -> None:
    assert [str(one) for one in networks.subnets(NAT)] == ["fd00::/64", "192.168.122.0/24", "10.1.0.0/16"]
    assert networks.macs(NAT) == ("52:54:00:aa:bb:cc", "52:54:00:00:00:01")


def test_built() -> None:
    xml = networks.build_nat("default", ipaddress.IPv4Network("192.168.130.0/24"))
    found = networks.parse(xml)
    assert (found.forward, found.address, found.dhcp) == ("nat", "192.168.130.1/24", True)
    assert 'start="192.168.130.2" end="192.168.130.254"' in xml
    with pytest.raises(ValueError, match="too small"):
        networks.build_nat("x", ipaddress.IPv4Network("192.168.130.0/30"))


def test_built_of_every_kind() -> None:
    subnet, subnet6 = ipaddress.IPv4Network("10.7.0.0/24"), ipaddress.IPv6Network("fd00:7::/64")
    ranges = (Range("10.7.0.5", "10.7.0.9"), Range("10.7.0.20", "10.7.0.30"))
    for kind in ("nat", "route", "open", "isolated"):
        xml = networks.build("n", kind, subnet, ranges=ranges, subnet6=subnet6, domain="x.lan")
        found = networks.details(xml)
        assert (found.kind, found.domain) == (kind, "x.lan")
        assert found.addresses == (Addresses("10.7.0.1/24", ranges), Addresses("fd00:7::1/64"))
        assert ("<nat ipv6" in xml) is (kind == "nat")
    for kind in networks.DIRECT:
        found = networks.details(networks.build("n", kind, device="eth0"))
        assert (found.kind, found.devices, found.network.bridge) == (kind, ("eth0",), "")
    found = networks.details(networks.build("n", "bridge", bridge="br0"))
    assert (found.kind, found.network.bridge) == ("bridge", "br0")
    routed = networks.details(networks.build("n", "route", subnet, device="eth0", dhcp=False))
    assert routed.devices == ("eth0",) and not routed.network.dhcp
    with pytest.raises(XmlError):
        networks.build("a\x00b")


def test_all_that_is_in_it() -> None:
    xml = NAT.replace("<forward mode='nat'><nat/>", "<forward mode='nat'><nat><port start='7' end='9'/></nat>")
    xml = xml.replace(
        "</network>", "<domain name='d'/><dns><host ip='10.0.0.1'><hostname> a </hostname></host></dns></network>"
    )
    found = networks.details(xml)
    assert found.nat_ports == (7, 9) and (found.domain, found.local) == ("d", False)
    assert found.hosts == (DnsHost("10.0.0.1", ("a",)),)
    assert found.leases == (StaticLease("52:54:00:00:00:01", "192.168.122.9"),)
    four, six = found.of(4), found.of(6)
    assert four and six and (four.version, six.version, six.ranges) == (4, 6, ())


def test_a_packet_filter() -> None:
    xml = "<filter name='f' chain='mac'><uuid>u</uuid><filterref filter='g'/><rule/><rule/></filter>"
    assert networks.filter_(xml) == Filter("f", "u", "mac", 2, ("g",))


def test_interfaces_of_the_host() -> None:
    assert networks.interface("<interface type='bridge' name='br0'><bridge/></interface>") == ("br0", "bridge")
    assert networks.device("<device><capability type='net'><interface>eth0</interface></capability></device>") == "eth0"
    assert networks.device("<device><capability type='pci'/></device>") == ""
    xml = "<interface name='e'><protocol family='ipv4'><ip address='10.0.0.5' prefix='24'/></protocol></interface>"
    assert [str(one) for one in networks.taken_by_interface(xml)] == ["10.0.0.0/24"]
