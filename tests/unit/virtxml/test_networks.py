"""Networks: XML to values and back."""

import ipaddress

import pytest

from vmdesk.model.network import Network
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


def test_interfaces_of_the_host() -> None:
    assert networks.interface("<interface type='bridge' name='br0'><bridge/></interface>") == ("br0", "bridge")
    assert networks.device("<device><capability type='net'><interface>eth0</interface></capability></device>") == "eth0"
    assert networks.device("<device><capability type='pci'/></device>") == ""
