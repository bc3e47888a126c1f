"""Virtual networks and the host's own interfaces: XML to values and back."""

import ipaddress
from collections.abc import Iterator

from lxml import etree

from vmdesk.model.network import Network
from vmdesk.virtxml.document import XmlError, root

Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network


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
) -> str:
    """A `<network>` to be defined.

    mode    nat, route, open; isolated: the machines and the host only; bridge: the host's own `bridge`
    subnet  its addresses, the first of which is the host's; None: none are given out
    device  the host's interface that is forwarded to; "": any
    Raises XmlError if XML has no way to write the name.
    """
    network = etree.Element("network")
    try:
        etree.SubElement(network, "name").text = name
    except ValueError as error:  # control characters
        raise XmlError(str(error)) from None
    if mode != "isolated":
        forward = etree.SubElement(network, "forward", mode=mode)
        if device:
            forward.set("dev", device)
    if mode == "bridge":
        etree.SubElement(network, "bridge", name=bridge)
        return etree.tostring(network, encoding="unicode", pretty_print=True)
    etree.SubElement(network, "bridge", stp="on", delay="0")  # its name is chosen by libvirt
    if subnet is not None:
        hosts = list(_ends(subnet))
        ip = etree.SubElement(network, "ip", address=str(hosts[0]), netmask=str(subnet.netmask))
        if dhcp:
            etree.SubElement(etree.SubElement(ip, "dhcp"), "range", start=str(hosts[1]), end=str(hosts[2]))
    return etree.tostring(network, encoding="unicode", pretty_print=True)


def interface(xml: str) -> tuple[str, str]:
    """(name, kind) of an `<interface>` of the host: ethernet, bridge, bond, vlan. Raises XmlError."""
    found = root(xml)
    return found.get("name") or "", found.get("type") or ""


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
