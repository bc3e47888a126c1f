"""Virtual networks, and the host's own interfaces."""

import contextlib
import ipaddress
import re
import secrets
import socket
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import libvirt

from vmdesk.model.network import Lease, Network, NetworkDetails
from vmdesk.model.text import text
from vmdesk.virt import errors
from vmdesk.virt.connection import Connection
from vmdesk.virt.pools import is_session
from vmdesk.virt.things import UNKNOWN_FLAG, Switches, leniently, of_one, unreadable
from vmdesk.virtxml import networks as networks_xml
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.networks import Subnet

DEFAULT = "default"
_VALIDATE = getattr(libvirt, "VIR_NETWORK_DEFINE_VALIDATE", 0)
_ROUTES = Path("/proc/net/route")
# Ends of machines' cables and the like: nothing to connect a new machine to.
_INNER = re.compile(r"lo|(?:vnet|tap|veth|macvtap|virbr\d+-nic)\d*")


async def networks(connection: Connection) -> list[Network]:
    """All virtual networks of the host, by name. One that vanishes meanwhile is left out."""
    return await connection.long.call(_networks, text("Listing the networks"))


async def network(connection: Connection, name: str) -> Network:
    """One network as it is now."""
    doing = text("Looking at the network {network}", network=name)
    return await connection.long.call(lambda conn: _read(conn.networkLookupByName(name)), doing)


async def detailed(connection: Connection) -> list[NetworkDetails]:
    """All networks of the host with all that is in them, by name: as stored, or as they are on if that is all."""
    return await connection.long.call(_detailed, text("Listing the networks"))


async def leases(connection: Connection, name: str) -> list[Lease]:
    """The addresses that a network has given out and not got back; [] where the driver does not tell."""
    doing = text("Looking at the addresses of the network {network}", network=name)
    return await connection.long.call(lambda conn: _leases(conn.networkLookupByName(name)), doing)


async def free_subnet(connection: Connection) -> ipaddress.IPv4Network | None:
    """A subnet that no network, route or interface of the host has; None: all of those we try are taken."""
    doing = text("Looking for free addresses")
    return await connection.long.call(lambda conn: next(_free_subnets(conn, connection.local), None), doing)


async def taken_subnets(connection: Connection) -> tuple[Subnet, ...]:
    """What must not be used for a new network: of other networks, and of the host as far as that is known."""

    def work(conn: "libvirt.virConnect") -> tuple[Subnet, ...]:
        return (*_taken(conn), *(_routes() if connection.local else ()))

    return await connection.long.call(work, text("Looking for free addresses"))


def some_subnet6() -> ipaddress.IPv6Network:
    """A subnet of one's own for IPv6, as RFC 4193 wants it made: by chance, so that no two are the same."""
    return ipaddress.IPv6Network(((0xFD << 120) | (secrets.randbits(40) << 80), 64))


async def define_network(connection: Connection, xml: str) -> str:
    """Define one; its name. A name that is taken is refused, a definition is never replaced."""
    connection.may_write(doing := text("Defining a network"))
    return await connection.long.call(lambda conn: str(define(conn, xml).name()), doing)


async def start_network(connection: Connection, name: str) -> None:
    """Switch it on; nothing if it is on."""
    connection.may_write(doing := text("Starting the network {network}", network=name))

    def work(conn: "libvirt.virConnect") -> None:
        found = conn.networkLookupByName(name)
        if not found.isActive():
            found.create()

    await connection.long.call(work, doing)


async def stop_network(connection: Connection, name: str) -> None:
    """Switch it off: machines on it lose it."""
    connection.may_write(doing := text("Stopping the network {network}", network=name))
    await connection.long.call(lambda conn: conn.networkLookupByName(name).destroy(), doing)


async def undefine_network(connection: Connection, name: str) -> None:
    """Forget its definition; one that is on stays so until it is stopped."""
    connection.may_write(doing := text("Removing the network {network}", network=name))
    await connection.long.call(lambda conn: conn.networkLookupByName(name).undefine(), doing)


async def set_network_autostart(connection: Connection, name: str, on: bool) -> None:
    """Whether it is switched on with the host."""
    connection.may_write(doing := text("Setting the automatic start of the network {network}", network=name))
    await connection.long.call(lambda conn: conn.networkLookupByName(name).setAutostart(int(on)), doing)


async def ensure_default_network(connection: Connection, lasting: bool = True) -> tuple[Network, bool]:
    """The network called "default", on; whether anything had to be done for that. lasting: it starts with the host.

    Where there is none, one behind address translation is defined, with addresses that nobody uses yet.
    VirtError "session" for a user's own daemon, which may not make networks.
    """
    connection.may_write(doing := text("Getting the network {network} ready", network=DEFAULT))
    if is_session(connection):
        raise errors.refused(
            doing,
            text("Machines of a session have no networks of their own: that needs more rights."),
            text('Use "user" as their network: it needs none.'),
            "session",
        )
    return await connection.long.call(lambda conn: _ensure(conn, connection.local, lasting), doing)


async def interfaces(connection: Connection) -> list[tuple[str, str]]:
    """(name, kind) of the host's own network interfaces; kind: ethernet, bridge, bond, vlan, "" if not told.

    Without the bridges of libvirt's networks and the ends of machines' cables. [] where the driver does not tell.
    """
    return await connection.long.call(_interfaces, text("Listing the network interfaces of the host"))


def _ensure(conn: "libvirt.virConnect", local: bool, lasting: bool) -> tuple[Network, bool]:
    known = next((one for one in _networks(conn) if one.name == DEFAULT), None)
    if known is None:
        return _make_default(conn, local, lasting), True
    found = conn.networkLookupByName(DEFAULT)
    if known.active and (known.autostart or not known.persistent or not lasting):
        return known, False
    if not known.active:
        found.create()
    if known.persistent and lasting:
        found.setAutostart(1)
    return _read(found), True


def _make_default(conn: "libvirt.virConnect", local: bool, lasting: bool) -> Network:
    collision: libvirt.libvirtError | None = None
    for subnet in _free_subnets(conn, local):
        found = define(conn, networks_xml.build_nat(DEFAULT, subnet))
        try:
            found.create()
            if lasting:
                found.setAutostart(1)
            return _read(found)
        except libvirt.libvirtError as error:
            with contextlib.suppress(libvirt.libvirtError):
                found.undefine()
            # The host has a route there that we could not see from here.
            if "already in use" not in (error.get_error_message() or ""):
                raise
            collision = error
    if collision is not None:
        raise collision
    raise errors.refused(
        text("Making the network {network}", network=DEFAULT),
        text("All private address ranges from 192.168.122 to 192.168.254 are in use on the host."),
        name="subnet",
    )


def _free_subnets(conn: "libvirt.virConnect", local: bool) -> Iterator[ipaddress.IPv4Network]:
    taken = [*_taken(conn), *(_routes() if local else ())]
    for third in range(122, 255):
        subnet = ipaddress.IPv4Network(f"192.168.{third}.0/24")
        if not any(one.version == 4 and one.overlaps(subnet) for one in taken):
            yield subnet


def _taken(conn: "libvirt.virConnect") -> Iterator[Subnet]:
    for one in _listed(conn):
        with leniently():
            yield from networks_xml.subnets(one.XMLDesc(0))
    with leniently():
        for interface in conn.listAllInterfaces(0):
            with leniently():
                yield from networks_xml.taken_by_interface(interface.XMLDesc(0))


def _routes() -> Iterator[ipaddress.IPv4Network]:
    """Where this computer's kernel sends packets, the default route left out."""
    try:
        lines = _ROUTES.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        with contextlib.suppress(ValueError, IndexError):
            _device, address, *_rest = line.split()
            mask = line.split()[7]
            if int(mask, 16):
                yield ipaddress.IPv4Network((_dotted(address), _dotted(mask)), strict=False)


def _dotted(word: str) -> str:
    """The kernel writes addresses as hexadecimal numbers in the processor's byte order."""
    return socket.inet_ntoa(struct.pack("=L", int(word, 16)))


def _switches(conn: "libvirt.virConnect") -> Switches:
    return Switches(
        conn.listAllNetworks,
        libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE,
        libvirt.VIR_CONNECT_LIST_NETWORKS_AUTOSTART,
        libvirt.VIR_CONNECT_LIST_NETWORKS_PERSISTENT,
    )


def _networks(conn: "libvirt.virConnect") -> list[Network]:
    switches = _switches(conn)
    found = []
    for one in _listed(conn):
        try:
            found.append(networks_xml.parse(one.XMLDesc(0), **switches.of(one)))
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_NETWORK:
                raise
        except XmlError as error:
            raise unreadable(error) from None
    return sorted(found, key=lambda one: one.name)


def _listed(conn: "libvirt.virConnect") -> list["libvirt.virNetwork"]:
    try:
        return list(conn.listAllNetworks(0))
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            raise
    return [conn.networkLookupByName(name) for name in (*conn.listNetworks(), *conn.listDefinedNetworks())]


def _read(found: "libvirt.virNetwork") -> Network:
    try:
        return networks_xml.parse(found.XMLDesc(0), **of_one(found))
    except XmlError as error:
        raise unreadable(error) from None


def _detailed(conn: "libvirt.virConnect") -> list[NetworkDetails]:
    switches = _switches(conn)
    found = []
    for one in _listed(conn):
        try:
            flags = switches.of(one)
            running = str(one.XMLDesc(0))
            lasting, _two = stored(one, running) if flags["persistent"] else (running, False)
            now = networks_xml.details(running, **flags)
            # What libvirt chose at the start (the bridge) is told by the running one only.
            kept = networks_xml.details(lasting, **flags)
            bridge = now.network.bridge or kept.network.bridge
            found.append(replace(kept, network=replace(kept.network, bridge=bridge)))
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_NETWORK:
                raise
        except XmlError as error:
            raise unreadable(error) from None
    return sorted(found, key=lambda one: one.network.name)


def stored(found: "libvirt.virNetwork", otherwise: str) -> tuple[str, bool]:
    """The stored definition, and whether the driver tells it apart from the running one."""
    try:
        return str(found.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)), True
    except libvirt.libvirtError as error:
        if error.get_error_code() not in UNKNOWN_FLAG:
            raise
        return otherwise, False


def _leases(found: "libvirt.virNetwork") -> list[Lease]:
    told: list[dict[str, object]] = []
    try:
        told = list(found.DHCPLeases())
    except libvirt.libvirtError as error:
        # Of one that is off, and of those without addresses of their own, there is nothing to be told.
        quiet = (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_OPERATION_UNSUPPORTED, libvirt.VIR_ERR_OPERATION_INVALID)
        if error.get_error_code() not in quiet:
            raise
    given = [
        Lease(
            str(one.get("mac") or "").lower(),
            str(one.get("ipaddr") or ""),
            str(one.get("hostname") or ""),
            float(str(one.get("expirytime") or 0)),
        )
        for one in told
    ]
    return sorted(given, key=lambda one: (":" in one.ip, one.ip))


def define(conn: "libvirt.virConnect", xml: str) -> "libvirt.virNetwork":
    try:
        if _VALIDATE:
            return conn.networkDefineXMLFlags(xml, _VALIDATE)
    except libvirt.libvirtError as error:
        if error.get_error_code() not in UNKNOWN_FLAG:
            raise
    return conn.networkDefineXML(xml)


def _interfaces(conn: "libvirt.virConnect") -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    with leniently():
        for device in conn.listAllDevices(libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET):
            with leniently():
                found[networks_xml.device(device.XMLDesc(0))] = ""
    # These tell more, but not every build of libvirt has them.
    with leniently():
        for interface in conn.listAllInterfaces(0):
            with leniently():
                name, kind = networks_xml.interface(interface.XMLDesc(0))
                found[name] = kind
    with leniently():
        for one in _networks(conn):
            if one.forward != "bridge":  # that one's bridge is the host's own
                found.pop(one.bridge, None)
    return sorted((name, kind) for name, kind in found.items() if name and not _INNER.fullmatch(name))
