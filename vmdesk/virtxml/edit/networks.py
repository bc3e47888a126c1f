"""Changes to a network's definition that touch nothing else, and what libvirt is told to do the same at once."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

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
from vmdesk.model.text import text
from vmdesk.virtxml import networks
from vmdesk.virtxml.edit.limits import find_one
from vmdesk.virtxml.edit.tree import Definition, EditError, add, drop, put

_HEAD = ("name", "uuid", "title", "description", "metadata", "forward", "virtualport", "bridge", "mtu", "mac")


@dataclass(frozen=True, slots=True)
class Update:
    """One call of virNetworkUpdate. command: "add", "delete", "modify"; section: "dhcp-host", "dhcp-range",
    "dns-host"; place: which `<ip>`, -1 where that does not matter."""

    command: str
    section: str
    xml: str
    place: int = -1


def edit(xml: str, change: NetworkChange) -> str:
    """The definition after it. Raises XmlError, EditError."""
    definition = Definition(xml, "network")
    network = definition.domain
    match change:
        case PutLease(lease, instead):
            _put_lease(network, lease, instead)
        case DropLease(mac):
            _drop_lease(_lease(network, mac))
        case PutHost(host):
            _put_host(network, host)
        case DropHost(ip):
            _drop_host(network, ip)
        case SetRanges(ranges, version):
            _set_ranges(network, ranges, version)
        case SetDomain(name, local):
            _set_domain(network, name, local)
        case SetNatPorts(ports):
            _set_ports(network, ports)
    return definition.text


def updates(xml: str, change: NetworkChange) -> tuple[Update, ...] | None:
    """The same for a network that is on, as libvirt tells it; None: it has no way. Raises XmlError, EditError."""
    network = Definition(xml, "network").domain
    match change:
        case PutLease(lease, instead):
            return _lease_updates(network, lease, instead)
        case DropLease(mac):
            found = _lease(network, mac)
            return (Update("delete", "dhcp-host", _as_is(found), _place(network, found)),)
        case PutHost(host):
            gone = [Update("delete", "dns-host", _as_is(one)) for one in _hosts(network, host.ip)]
            return (*gone, Update("add", "dns-host", etree.tostring(_host_element(host), encoding="unicode")))
        case DropHost(ip):
            return tuple(Update("delete", "dns-host", _as_is(one)) for one in _hosts(network, ip))
        case SetRanges(ranges, version):
            return tuple(_range_updates(network, ranges, version))
        case SetDomain() | SetNatPorts():
            return None


# ---------------------------------------------------------------- static leases


def _put_lease(network: etree._Element, lease: StaticLease, instead: str) -> None:
    old = _leases(network, instead or lease.mac)
    if old:
        for name, value in (("mac", lease.mac), ("ip", lease.ip), ("name", lease.name)):
            if value and old[0].get(name) != value:
                old[0].set(name, value)
            elif not value and name in old[0].attrib:
                del old[0].attrib[name]
        return
    dhcp = _dhcp(_ip_for(network, lease.ip))
    before = dhcp.findall("host") or dhcp.findall("range")
    add(dhcp, _lease_element(lease), after=before[-1] if before else None, first=not before)


def _drop_lease(found: etree._Element) -> None:
    dhcp = found.getparent()
    drop(found)
    if dhcp is not None and not len(dhcp):
        drop(dhcp)


def _lease_updates(network: etree._Element, lease: StaticLease, instead: str) -> tuple[Update, ...]:
    new = etree.tostring(_lease_element(lease), encoding="unicode")
    old = _leases(network, instead or lease.mac)
    if not old:
        return (Update("add", "dhcp-host", new, _number(network, _ip_for(network, lease.ip))),)
    place = _place(network, old[0])
    if (old[0].get("mac") or "").lower() == lease.mac.lower() and old[0].get("name") == (lease.name or None):
        return (Update("modify", "dhcp-host", new, place),)
    # libvirt finds the one to be changed by its MAC or name.
    return (Update("delete", "dhcp-host", _as_is(old[0]), place), Update("add", "dhcp-host", new, place))


def _leases(network: etree._Element, mac: str) -> list[etree._Element]:
    return [one for one in network.findall("ip/dhcp/host") if (one.get("mac") or "").lower() == mac.lower()]


def _lease(network: etree._Element, mac: str) -> etree._Element:
    found = _leases(network, mac)
    if not found:
        raise EditError(text("The network has no fixed address for {mac}.", mac=mac))
    return found[0]


def _lease_element(lease: StaticLease) -> etree._Element:
    made = etree.Element("host", mac=lease.mac)
    if lease.name:
        made.set("name", lease.name)
    made.set("ip", lease.ip)
    return made


# ---------------------------------------------------------------- what DHCP gives out


def _set_ranges(network: etree._Element, ranges: tuple[Range, ...], version: int) -> None:
    ip = _ip(network, version)
    dhcp = ip.find("dhcp")
    old = dhcp.findall("range") if dhcp is not None else []
    if [(one.get("start"), one.get("end")) for one in old] == [(one.start, one.end) for one in ranges]:
        return
    kept, last = _kept(old, ranges)
    for one in old:
        if one not in kept:
            drop(one)
    if ranges:
        dhcp = _dhcp(ip)
        for wanted in ranges:
            if any(_said(one) == wanted for one in kept):
                continue
            last = add(dhcp, _range_element(wanted), after=last, first=last is None)
    elif dhcp is not None and not len(dhcp):
        drop(dhcp)


def _kept(old: list[etree._Element], ranges: tuple[Range, ...]) -> tuple[list[etree._Element], "etree._Element | None"]:
    """Those that stay (libvirt may have noted a lease time in them), and the last one."""
    kept = [one for one in old if _said(one) in ranges]
    return kept, kept[-1] if kept else None


def _range_updates(network: etree._Element, ranges: tuple[Range, ...], version: int) -> Iterator[Update]:
    ip = _ip(network, version)
    place, old = _number(network, ip), ip.findall("dhcp/range")
    for one in old:
        if _said(one) not in ranges:
            yield Update("delete", "dhcp-range", _as_is(one), place)
    for wanted in ranges:
        if not any(_said(one) == wanted for one in old):
            yield Update("add", "dhcp-range", etree.tostring(_range_element(wanted), encoding="unicode"), place)


def _range_element(wanted: Range) -> etree._Element:
    return etree.Element("range", start=wanted.start, end=wanted.end)


def _said(element: etree._Element) -> Range:
    return Range(element.get("start") or "", element.get("end") or "")


# ---------------------------------------------------------------- names


def _put_host(network: etree._Element, host: DnsHost) -> None:
    old = _hosts(network, host.ip)
    for one in old[1:]:
        drop(one)
    if old:
        for name in old[0].findall("hostname"):
            if (name.text or "").strip() not in host.names:
                drop(name)
        there = {(name.text or "").strip() for name in old[0].findall("hostname")}
        for word in host.names:
            if word not in there:
                add(old[0], "hostname").text = word
        return
    dns = network.find("dns")
    if dns is None:
        dns = add(network, "dns", after=_last(network, (*_HEAD, "domain")))
    before = dns.findall("host")
    add(dns, _host_element(host), after=before[-1] if before else None)


def _drop_host(network: etree._Element, ip: str) -> None:
    found = _hosts(network, ip)
    if not found:
        raise EditError(text("The network has no names for {ip}.", ip=ip))
    for one in found:
        drop(one)
    dns = network.find("dns")
    if dns is not None and not len(dns) and not dns.attrib:
        drop(dns)


def _hosts(network: etree._Element, ip: str) -> list[etree._Element]:
    return [one for one in network.findall("dns/host") if one.get("ip") == ip]


def _host_element(host: DnsHost) -> etree._Element:
    made = etree.Element("host", ip=host.ip)
    for name in host.names:
        etree.SubElement(made, "hostname").text = name
    return made


def _set_domain(network: etree._Element, name: str, local: bool) -> None:
    found = network.find("domain")
    if not name:
        if found is not None:
            drop(found)
        return
    if found is None:
        found = add(network, "domain", after=_last(network, _HEAD))
    if found.get("name") != name:
        found.set("name", name)
    if (found.get("localOnly") == "yes") != local:
        if local:
            found.set("localOnly", "yes")
        else:
            del found.attrib["localOnly"]


# ---------------------------------------------------------------- address translation


def _set_ports(network: etree._Element, ports: tuple[int, int] | None) -> None:
    forward = network.find("forward")
    if forward is None or (forward.get("mode") or "nat") != "nat":
        raise EditError(text("Only a network behind address translation (NAT) has such ports."))
    if ports is None:
        nat, port = forward.find("nat"), forward.find("nat/port")
        if nat is not None and port is not None:
            drop(port)
            if not len(nat) and not nat.attrib:
                drop(nat)
        return
    for name, value in (("start", ports[0]), ("end", ports[1])):
        put(forward, "nat/port", name, str(value))


# ---------------------------------------------------------------- places


def _ip(network: etree._Element, version: int) -> etree._Element:
    for one in network.findall("ip"):
        if (":" in (one.get("address") or "")) == (version == 6):
            return one
    raise EditError(text("The network has no addresses of IPv{version}.", version=version))


def _ip_for(network: etree._Element, address: str) -> etree._Element:
    """The `<ip>` in whose subnet the address is, else the first of its kind."""
    for one in network.findall("ip"):
        if networks.contains(one, address):
            return one
    return _ip(network, 6 if ":" in address else 4)


def _dhcp(ip: etree._Element) -> etree._Element:
    found = ip.find("dhcp")
    return add(ip, "dhcp") if found is None else found


def _place(network: etree._Element, lease: etree._Element) -> int:
    return next((_number(network, above) for above in lease.iterancestors("ip")), -1)


def _number(network: etree._Element, ip: etree._Element) -> int:
    return network.findall("ip").index(ip)


def _last(network: etree._Element, tags: tuple[str, ...]) -> etree._Element | None:
    return next((one for one in reversed(network) if one.tag in tags), None)


def _as_is(element: etree._Element) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)


# ---------------------------------------------------------------- a card of a machine


def filter_card(xml: str, word: str, name: str) -> str:
    """Let a filter watch a network card of a `<domain>`; "" none. Its parameters go with it. Raises EditError."""
    definition = Definition(xml)
    card = find_one(definition.domain, word, "interface")
    old = card.find("filterref")
    if old is not None and old.get("filter") == name:
        return definition.text
    if old is not None:
        drop(old)
    if name:
        add(card, etree.Element("filterref", filter=name))
    return definition.text
