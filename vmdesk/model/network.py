"""Virtual networks, as libvirt tells them."""

from dataclasses import dataclass

from vmdesk.model.wish import Forward


@dataclass(frozen=True, slots=True)
class Network:
    """One libvirt network.

    forward  nat, route, open, bridge, private, vepa, passthrough, hostdev, or "" for an isolated one
    address  its own address with the prefix, "192.168.122.1/24"; "" if it has none
    """

    name: str
    uuid: str
    active: bool = True
    autostart: bool = False
    persistent: bool = True
    forward: str = ""
    bridge: str = ""
    address: str = ""
    dhcp: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """Addresses that DHCP gives out, both ends with them."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class StaticLease:
    """The address that one card always gets. `name`: what DNS calls it, "" if nothing."""

    mac: str
    ip: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class DnsHost:
    """An address that the network's DNS server knows by these names."""

    ip: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Addresses:
    """One subnet of a network. address: the host's own in it, with the prefix: "192.168.122.1/24"."""

    address: str
    ranges: tuple[Range, ...] = ()
    leases: tuple[StaticLease, ...] = ()

    @property
    def version(self) -> int:
        return 6 if ":" in self.address else 4


@dataclass(frozen=True, slots=True)
class NetworkDetails:
    """All of a network that can be seen and edited here.

    kind       nat, route, open, isolated, bridge (of the host), macvtap, private, vepa, passthrough, hostdev
    devices    the host's interfaces that it leads to; () for any
    local      names of the domain are never asked for elsewhere
    nat_ports  which ports of the host address translation uses; None: libvirt's own choice
    """

    network: Network
    kind: str = "nat"
    devices: tuple[str, ...] = ()
    addresses: tuple[Addresses, ...] = ()
    hosts: tuple[DnsHost, ...] = ()
    domain: str = ""
    local: bool = False
    nat_ports: tuple[int, int] | None = None

    def of(self, version: int) -> Addresses | None:
        """Its first subnet of IPv4 or IPv6."""
        return next((one for one in self.addresses if one.version == version), None)

    @property
    def leases(self) -> tuple[StaticLease, ...]:
        return tuple(lease for one in self.addresses for lease in one.leases)


@dataclass(frozen=True, slots=True)
class Lease:
    """An address that was given out. expires: Unix seconds, 0 for never."""

    mac: str
    ip: str
    name: str = ""
    expires: float = 0.0


@dataclass(frozen=True, slots=True)
class Filter:
    """A packet filter of the host. rules: its own, without those of the filters it refers to."""

    name: str
    uuid: str
    chain: str = ""
    rules: int = 0
    refers: tuple[str, ...] = ()


# What can be changed of a network; each is one value, made by whoever edits.


@dataclass(frozen=True, slots=True)
class PutLease:
    """A static lease; in the place of the one for `instead`, if that is given."""

    lease: StaticLease
    instead: str = ""


@dataclass(frozen=True, slots=True)
class DropLease:
    mac: str


@dataclass(frozen=True, slots=True)
class PutHost:
    """A name in the network's DNS; whatever the address was called before."""

    host: DnsHost


@dataclass(frozen=True, slots=True)
class DropHost:
    ip: str


@dataclass(frozen=True, slots=True)
class SetRanges:
    """What DHCP gives out; () none."""

    ranges: tuple[Range, ...]
    version: int = 4


@dataclass(frozen=True, slots=True)
class SetDomain:
    name: str
    local: bool = False


@dataclass(frozen=True, slots=True)
class SetNatPorts:
    ports: tuple[int, int] | None


NetworkChange = PutLease | DropLease | PutHost | DropHost | SetRanges | SetDomain | SetNatPorts


@dataclass(frozen=True, slots=True)
class Card:
    """A network card of a machine, with what of it concerns the host. forwards: ports of the host that lead to it."""

    machine: str  # UUID
    mac: str
    kind: str
    source: str = ""
    target: str = ""
    filter: str = ""
    forwards: tuple[Forward, ...] = ()
