"""Virtual networks and the host's own interfaces: XML to values and back."""

import ipaddress
from collections.abc import Iterator, Sequence

from lxml import etree

from vmdesk.model.network import Addresses, DnsHost, Filter, Network, NetworkDetails, Range, StaticLease
from vmdesk.virtxml.document import XmlError, number, root

Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network
DIRECT = ("macvtap", "private", "vepa", "passthrough")  # kinds that sit on an interface of the host


def parse(xml: str, *, active: bool = True, autostart: bool = False, persistent: bool = True) -> Network:
    """Read a `<network>`; the flags are not in it. Raises XmlError."""
    network = root(xml)
    if network.tag != "network":
        raise XmlError("not a <network>")
    forward, bridge = network.find("forward"), network.find("bridge")
    addresses = [found for found in (_address(ip) for ip in network.findall("ip")) if found]
    first = next((one for one in addresses if one.version == 4), addresses[0] if addresses else None)
    return Network(
        name=network.findtext("name") or "",
        uuid=network.findtext("uuid") or "",
        active=active,
        autostart=autostart,
        persistent=persistent,
        forward="" if forward is None else forward.get("mode") or "nat",
        bridge=(bridge.get("name") or "") if bridge is not None else "",
        address=str(first) if first else "",
        dhcp=network.find("ip/dhcp") is not None,
    )


def details(xml: str, *, active: bool = True, autostart: bool = False, persistent: bool = True) -> NetworkDetails:
    """All of a `<network>`. Raises XmlError."""
    network = root(xml)
    forward, domain, ports = network.find("forward"), network.find("domain"), network.find("forward/nat/port")
    devices = [one.get("dev") or "" for one in network.findall("forward/interface")]
    if forward is not None and forward.get("dev"):
        devices.insert(0, forward.get("dev") or "")
    return NetworkDetails(
        network=parse(xml, active=active, autostart=autostart, persistent=persistent),
        kind=_kind(network),
        devices=tuple(dict.fromkeys(one for one in devices if one)),
        addresses=tuple(_addresses(one) for one in network.findall("ip") if _address(one)),
        hosts=tuple(
            DnsHost(one.get("ip") or "", tuple((name.text or "").strip() for name in one.findall("hostname")))
            for one in network.findall("dns/host")
        ),
        domain=(domain.get("name") or "") if domain is not None else "",
        local=domain is not None and domain.get("localOnly") == "yes",
        nat_ports=None if ports is None else (number(ports.get("start")), number(ports.get("end"))),
    )


def _kind(network: etree._Element) -> str:
    forward, bridge = network.find("forward"), network.find("bridge")
    if forward is None:
        return "isolated"
    mode = forward.get("mode") or "nat"
    return "macvtap" if mode == "bridge" and bridge is None else mode


def _addresses(ip: etree._Element) -> Addresses:
    return Addresses(
        str(_address(ip)),
        tuple(Range(one.get("start") or "", one.get("end") or "") for one in ip.findall("dhcp/range")),
        tuple(
            StaticLease((one.get("mac") or "").lower(), one.get("ip") or "", one.get("name") or "")
            for one in ip.findall("dhcp/host")
            if one.get("mac")
        ),
    )


def contains(ip: etree._Element, address: str) -> bool:
    """Whether an address is in the subnet of an `<ip>`."""
    found = _address(ip)
    try:
        return found is not None and ipaddress.ip_address(address) in found.network
    except ValueError:
        return False


def filter_(xml: str) -> Filter:
    """A `<filter>` of the host. Raises XmlError."""
    found = root(xml)
    return Filter(
        found.get("name") or "",
        (found.findtext("uuid") or "").strip(),
        found.get("chain") or "root",
        len(found.findall("rule")),
        tuple(one.get("filter") or "" for one in found.findall("filterref")),
    )


def subnets(xml: str) -> tuple[Subnet, ...]:
    """The address ranges that a `<network>` takes: its own and those it routes to. Raises XmlError."""
    network = root(xml)
    found = (_address(element) for element in (*network.findall("ip"), *network.findall("route")))
    return tuple(one.network for one in found if one)


def macs(xml: str) -> tuple[str, ...]:
    """The hardware addresses that a `<network>` names: its bridge's, and of its static leases. Raises XmlError."""
    network = root(xml)
    named = [network.find("mac"), *network.findall("ip/dhcp/host")]
    found = ((element.get("address") or element.get("mac") or "").lower() for element in named if element is not None)
    return tuple(address for address in found if address)


def build_nat(name: str, subnet: ipaddress.IPv4Network) -> str:
    """A network behind address translation: the first address is the host's, the rest is given out by DHCP."""
    hosts = list(_ends(subnet))
    network = etree.Element("network")
    etree.SubElement(network, "name").text = name
    etree.SubElement(network, "forward", mode="nat")
    etree.SubElement(network, "bridge", stp="on", delay="0")  # its name is chosen by libvirt
    ip = etree.SubElement(network, "ip", address=str(hosts[0]), netmask=str(subnet.netmask))
    etree.SubElement(etree.SubElement(ip, "dhcp"), "range", start=str(hosts[1]), end=str(hosts[2]))
    return etree.tostring(network, encoding="unicode", pretty_print=True)


def build(
    name: str,
    mode: str = "nat",
    subnet: ipaddress.IPv4Network | None = None,
    *,
    dhcp: bool = True,
    bridge: str = "",
    device: str = "",
    ranges: Sequence[Range] = (),
    subnet6: ipaddress.IPv6Network | None = None,
    domain: str = "",
) -> str:
    """A `<network>` to be defined.

    mode     nat, route, open; isolated: the machines and the host only; bridge: the host's own `bridge`;
             macvtap, private, vepa, passthrough: straight onto the host's interface `device`
    subnet   its addresses, the first of which is the host's; None: none are given out
    device   the host's interface that is forwarded to; "": any
    ranges   what DHCP gives out; (): all but the host's own
    subnet6  the same of IPv6; what it gives out is announced, not given by DHCP
    Raises XmlError if XML has no way to write the name.
    """
    network = etree.Element("network")
    try:
        etree.SubElement(network, "name").text = name
        if mode != "isolated":
            forward = etree.SubElement(network, "forward", mode="bridge" if mode == "macvtap" else mode)
            if mode == "nat" and subnet6 is not None:
                etree.SubElement(forward, "nat", ipv6="yes")
            if device and mode in DIRECT:
                etree.SubElement(forward, "interface", dev=device)
            elif device:
                forward.set("dev", device)
        if mode == "bridge":
            etree.SubElement(network, "bridge", name=bridge)
        if mode in DIRECT or mode == "bridge":
            return etree.tostring(network, encoding="unicode", pretty_print=True)
        etree.SubElement(network, "bridge", stp="on", delay="0")  # its name is chosen by libvirt
        if domain:
            etree.SubElement(network, "domain", name=domain)
    except ValueError as error:  # control characters
        raise XmlError(str(error)) from None
    if subnet is not None:
        hosts = list(_ends(subnet))
        ip = etree.SubElement(network, "ip", address=str(hosts[0]), netmask=str(subnet.netmask))
        if dhcp:
            given = etree.SubElement(ip, "dhcp")
            for one in ranges or (Range(str(hosts[1]), str(hosts[2])),):
                etree.SubElement(given, "range", start=one.start, end=one.end)
    if subnet6 is not None:
        etree.SubElement(
            network, "ip", family="ipv6", address=str(subnet6.network_address + 1), prefix=str(subnet6.prefixlen)
        )
    return etree.tostring(network, encoding="unicode", pretty_print=True)


def interface(xml: str) -> tuple[str, str]:
    """(name, kind) of an `<interface>` of the host: ethernet, bridge, bond, vlan. Raises XmlError."""
    found = root(xml)
    return found.get("name") or "", found.get("type") or ""


def taken_by_interface(xml: str) -> tuple[Subnet, ...]:
    """The subnets in which an `<interface>` of the host has an address. Raises XmlError."""
    found = (_address(ip) for ip in root(xml).iterfind("protocol/ip"))
    return tuple(one.network for one in found if one)


def device(xml: str) -> str:
    """The interface's name of a `<device>` with capability net; "" if it has none. Raises XmlError."""
    return root(xml).findtext("capability[@type='net']/interface") or ""


def _ends(subnet: ipaddress.IPv4Network) -> Iterator[ipaddress.IPv4Address]:
    """Its first and second address, and the last one."""
    if subnet.num_addresses < 8:
        raise ValueError("too small for a network")
    yield subnet.network_address + 1
    yield subnet.network_address + 2
    yield subnet.broadcast_address - 1


def _address(element: etree._Element) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface | None:
    """Of an `<ip>` or `<route>`, which say how long the prefix is in one of two ways."""
    address = element.get("address") or ""
    length = element.get("prefix") or element.get("netmask") or ("64" if ":" in address else "24")
    try:
        return ipaddress.ip_interface(f"{address}/{length}")
    except ValueError:
        return None
