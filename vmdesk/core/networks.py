"""A host's networks: what is wrong with what a person wants of one, which changes that makes, who hangs on it."""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from vmdesk.model.domain import Domain
from vmdesk.model.network import (
    Addresses,
    Card,
    DnsHost,
    DropHost,
    DropLease,
    Lease,
    NetworkChange,
    NetworkDetails,
    PutHost,
    PutLease,
    Range,
    SetDomain,
    SetNatPorts,
    SetRanges,
    StaticLease,
)
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Forward

Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network
ADDRESSED = ("nat", "route", "open", "isolated")  # kinds with addresses of their own
DIRECT = ("macvtap", "private", "vepa", "passthrough")  # straight onto an interface of the host
LEAST = 8  # addresses of a subnet
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_BRIEF: Mapping[str, Text] = {
    "nat": text("NAT"),
    "route": text("routed"),
    "open": text("open"),
    "isolated": text("isolated"),
    "bridge": text("bridge"),
    "macvtap": text("macvtap"),
    "private": text("macvtap, private"),
    "vepa": text("macvtap, VEPA"),
    "passthrough": text("macvtap, alone"),
    "hostdev": text("PCI devices"),
}
ABOUT: Mapping[str, Text] = {
    "nat": text("Machines reach the outside by the host's own address; nobody outside reaches them."),
    "route": text("The host passes packets on, with the machines' own addresses. The outside must know the way back."),
    "open": text("Like routed, but libvirt writes no firewall rules: they are yours."),
    "isolated": text("Machines reach each other and the host, and nothing else."),
    "bridge": text("Machines stand in the same network as the host, by a bridge that the host has already."),
    "macvtap": text("Machines stand in the network of a host's interface. The host itself does not reach them."),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants of a network that there is; begins as what it is."""

    ranges: tuple[Range, ...] = ()
    ranges6: tuple[Range, ...] = ()
    leases: tuple[StaticLease, ...] = ()
    hosts: tuple[DnsHost, ...] = ()
    domain: str = ""
    local: bool = False
    nat_ports: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """An address of a network. machine: whose card it is, "" if nobody's here; fixed: it is a static lease.

    expires  None for one that is not in use
    """

    mac: str
    ip: str
    name: str
    machine: str
    uuid: str = ""
    expires: float | None = None
    fixed: bool = False


def forward_words(forward: Forward) -> str:
    """`127.0.0.1:2222 → 22`; with its protocol where that is not TCP."""
    where = f"{forward.address}:" if forward.address else ""
    protocol = "" if forward.protocol == "tcp" else f"/{forward.protocol}"
    return f"{where}{forward.host} → {forward.guest}{protocol}"


def kind_words(kind: str) -> Text | str:
    """A kind of network in a word or two."""
    return _BRIEF.get(kind, kind)


def wanted_of(details: NetworkDetails) -> Wanted:
    """As it is."""
    four, six = details.of(4), details.of(6)
    return Wanted(
        four.ranges if four else (),
        six.ranges if six else (),
        details.leases,
        details.hosts,
        details.domain,
        details.local,
        details.nat_ports,
    )


def changes(details: NetworkDetails, wanted: Wanted) -> tuple[NetworkChange, ...]:
    """From what it is to what is wanted: what goes, before what comes."""
    old = wanted_of(details)
    found: list[NetworkChange] = []
    kept = {lease.mac.lower() for lease in wanted.leases}
    found += [DropLease(lease.mac) for lease in old.leases if lease.mac.lower() not in kept]
    named = {host.ip for host in wanted.hosts}
    found += [DropHost(host.ip) for host in old.hosts if host.ip not in named]
    for version, before, after in ((4, old.ranges, wanted.ranges), (6, old.ranges6, wanted.ranges6)):
        if before != after:
            found.append(SetRanges(after, version))
    found += [PutLease(lease) for lease in wanted.leases if lease not in old.leases]
    found += [PutHost(host) for host in wanted.hosts if host not in old.hosts]
    if (old.domain, old.local) != (wanted.domain, wanted.local):
        found.append(SetDomain(wanted.domain, wanted.local))
    if old.nat_ports != wanted.nat_ports:
        found.append(SetNatPorts(wanted.nat_ports))
    return tuple(found)


def change_words(change: NetworkChange) -> Text:
    """One change, for people."""
    match change:
        case PutLease(lease):
            return text("{ip} always goes to {mac}", ip=lease.ip, mac=lease.mac)
        case DropLease(mac):
            return text("{mac} has no address of its own any more", mac=mac)
        case PutHost(host):
            return text("{ip} is called {names}", ip=host.ip, names=", ".join(host.names))
        case DropHost(ip):
            return text("{ip} has no name any more", ip=ip)
        case SetRanges(ranges, _):
            if not ranges:
                return text("No addresses are given out")
            return text("Given out: {ranges}", ranges=written_ranges(ranges))
        case SetDomain(name, _):
            return text("Domain: {name}", name=name) if name else text("No domain")
        case SetNatPorts(ports):
            if ports is None:
                return text("Ports of NAT: libvirt's own choice")
            return text("Ports of NAT: {first} to {last}", first=ports[0], last=ports[1])


# ---------------------------------------------------------------- what is wrong


def problem(details: NetworkDetails, wanted: Wanted) -> Text | None:
    """Why it cannot be so; None: it can."""
    for version, ranges in ((4, wanted.ranges), (6, wanted.ranges6)):
        if ranges and (why := _ranges_problem(details.of(version), ranges, version)):
            return why
    if why := _leases_problem(details, wanted.leases):
        return why
    for host in wanted.hosts:
        if _address(host.ip) is None:
            return text("{ip} is not an address.", ip=host.ip)
        if not host.names:
            return text("{ip} needs a name.", ip=host.ip)
        if bad := next((name for name in host.names if not is_host_name(name)), None):
            return text("{name} cannot be a name in DNS.", name=bad)
    if doubled := _doubled([host.ip for host in wanted.hosts]):
        return text("{what} stands there twice.", what=doubled)
    if wanted.domain and not is_host_name(wanted.domain):
        return text("{name} cannot be a domain.", name=wanted.domain)
    if wanted.nat_ports and not 1 <= wanted.nat_ports[0] <= wanted.nat_ports[1] <= 65_535:
        return text("Ports are 1 to 65535, the first not above the last.")
    return None


def _ranges_problem(addresses: Addresses | None, ranges: Sequence[Range], version: int) -> Text | None:
    if addresses is None:
        return text("The network has no addresses of IPv{version}.", version=version)
    host = ipaddress.ip_interface(addresses.address)
    for one in ranges:
        ends = _address(one.start), _address(one.end)
        for word, end in zip((one.start, one.end), ends, strict=True):
            if end is None:
                return text("{ip} is not an address.", ip=word)
            if why := _outside(end, host.network):
                return why
        if int(ends[0] or host) > int(ends[1] or host):
            return text("{first} is behind {last}.", first=one.start, last=one.end)
        if int(ends[0] or host) <= int(host.ip) <= int(ends[1] or host):
            return text("{ip} is the host's own: it cannot be given out.", ip=str(host.ip))
    for at, one in enumerate(ranges):
        for other in ranges[:at]:
            if _overlap(one, other):
                return text("{one} and {other} overlap.", one=written_ranges((one,)), other=written_ranges((other,)))
    return None


def _leases_problem(details: NetworkDetails, leases: Sequence[StaticLease]) -> Text | None:
    hosts = [ipaddress.ip_interface(one.address) for one in details.addresses]
    for lease in leases:
        if why := mac_problem(lease.mac):
            return why
        found = _address(lease.ip)
        if found is None:
            return text("{ip} is not an address.", ip=lease.ip)
        own = next((host for host in hosts if found in host.network), None)
        if own is None:
            return text("{ip} is not in the network's subnet.", ip=lease.ip)
        if found == own.ip:
            return text("{ip} is the host's own: it cannot be given out.", ip=lease.ip)
        if why := _outside(found, own.network):
            return why
        if lease.name and not is_host_name(lease.name):
            return text("{name} cannot be a name in DNS.", name=lease.name)
    for values in ([one.mac.lower() for one in leases], [one.ip for one in leases]):
        if doubled := _doubled(values):
            return text("{what} stands there twice.", what=doubled)
    return None


def mac_problem(mac: str) -> Text | None:
    """Why this is not a card's address."""
    if not _MAC.fullmatch(mac.lower()):
        return text("{mac} is not a card's address: write six pairs like 52:54:00:12:34:56.", mac=mac or "“”")
    if int(mac[:2], 16) & 1:
        return text("{mac} is an address for many cards at once.", mac=mac)
    return None


def is_host_name(name: str) -> bool:
    return len(name) <= 253 and all(_LABEL.fullmatch(part) for part in name.split("."))


def subnet_problem(subnet: Subnet, taken: Iterable[Subnet]) -> Text | None:
    """Why a new network cannot have these addresses."""
    if subnet.num_addresses < LEAST:
        return text("{subnet} is too small: a network needs at least {n} addresses.", subnet=str(subnet), n=LEAST)
    if subnet.is_multicast or subnet.is_loopback or subnet.is_link_local or subnet.is_unspecified:
        return text("{subnet} is not for networks of machines.", subnet=str(subnet))
    for one in taken:
        if one == subnet:
            return text("{subnet} is in use on the host already.", subnet=str(subnet))
        if one.version == subnet.version and one.overlaps(subnet):
            return text("{subnet} is in use on the host already, in {other}.", subnet=str(subnet), other=str(one))
    return None


def proposed_range(subnet: ipaddress.IPv4Network) -> Range:
    """What DHCP would give out: the upper nine tenths, so that there is room for addresses given by hand."""
    first = subnet.network_address + (subnet.num_addresses // 10 if subnet.num_addresses >= 64 else 2)
    return Range(str(max(first, subnet.network_address + 2)), str(subnet.broadcast_address - 1))


def ranges_of(words: str) -> tuple[Range, ...]:
    """ "10.0.0.2-10.0.0.9, 10.0.0.20 - 10.0.0.30". Raises ValueError with the part that is none."""
    found = []
    for part in re.split(r"[,;\n]+", words):
        if not part.strip():
            continue
        ends = [end.strip() for end in re.split(r"\s*[-–]\s*|\s+to\s+", part.strip())]
        if len(ends) != 2 or any(_address(end) is None for end in ends):
            raise ValueError(part.strip())
        found.append(Range(*ends))
    return tuple(found)


def written_ranges(ranges: Sequence[Range]) -> str:
    """The opposite."""
    return ", ".join(f"{one.start} - {one.end}" for one in ranges)


def _address(word: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(word)
    except ValueError:
        return None


def _outside(address: ipaddress.IPv4Address | ipaddress.IPv6Address, subnet: Subnet) -> Text | None:
    if address not in subnet:
        return text("{ip} is not in the network's subnet.", ip=str(address))
    if subnet.version == 4 and address in (subnet.network_address, subnet.broadcast_address):
        return text("{ip} is no address for a machine.", ip=str(address))
    return None


def _overlap(one: Range, other: Range) -> bool:
    ends = [int(ipaddress.ip_address(end)) for end in (one.start, one.end, other.start, other.end)]
    return ends[0] <= ends[3] and ends[2] <= ends[1]


def _doubled(values: Sequence[str]) -> str:
    return next((value for at, value in enumerate(values) if value in values[:at]), "")


# ---------------------------------------------------------------- who hangs on it


def on_network(details: NetworkDetails, card: Card) -> bool:
    """Whether a card hangs on the network, by its name or by its bridge."""
    network = details.network
    return (card.kind == "network" and card.source == network.name) or (
        card.kind == "bridge" and bool(network.bridge) and card.source == network.bridge
    )


def machines_on(details: NetworkDetails, cards: Iterable[Card], domains: Mapping[str, Domain]) -> list[Domain]:
    """The machines that have a card on it, by name. domains: by UUID."""
    found = {card.machine for card in cards if on_network(details, card)}
    return sorted((domains[uuid] for uuid in found if uuid in domains), key=lambda one: one.name)


def lease_rows(
    details: NetworkDetails, leases: Iterable[Lease], cards: Iterable[Card], domains: Mapping[str, Domain]
) -> list[LeaseRow]:
    """Addresses given out and those kept for somebody, by address; each once."""
    owners = {card.mac: domains[card.machine] for card in cards if card.machine in domains}
    fixed = {(lease.mac, lease.ip): lease for lease in details.leases}
    rows = []
    for lease in leases:
        owner = owners.get(lease.mac)
        known = fixed.pop((lease.mac, lease.ip), None)
        name = lease.name or (known.name if known else "")
        rows.append(_row(StaticLease(lease.mac, lease.ip, name), owner, lease.expires, known is not None))
    rows += [_row(lease, owners.get(lease.mac), None, True) for lease in fixed.values()]
    return sorted(rows, key=lambda row: _sorting(row.ip))


def _row(lease: StaticLease, owner: Domain | None, expires: float | None, fixed: bool) -> LeaseRow:
    name, uuid = (owner.name, owner.uuid) if owner else ("", "")
    return LeaseRow(lease.mac, lease.ip, lease.name, name, uuid, expires, fixed)


def _sorting(ip: str) -> tuple[int, int, str]:
    found = _address(ip)
    return (found.version, int(found), ip) if found else (9, 0, ip)


def with_lease(details: NetworkDetails, row: LeaseRow) -> Wanted:
    """The network with that address kept for that card for good."""
    wanted = wanted_of(details)
    name = row.name if is_host_name(row.name or ".") else ""
    others = tuple(one for one in wanted.leases if one.mac != row.mac)
    return replace(wanted, leases=(*others, StaticLease(row.mac, row.ip, name)))


def without_lease(details: NetworkDetails, mac: str) -> Wanted:
    wanted = wanted_of(details)
    return replace(wanted, leases=tuple(one for one in wanted.leases if one.mac != mac))
