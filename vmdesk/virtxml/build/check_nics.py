"""Whether the network cards can be."""

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from vmdesk.model.abilities import HostAbilities
from vmdesk.model.text import text
from vmdesk.model.wish import Forward, Nets, NicWish, Wish
from vmdesk.virtxml.build.complaint import Complaint, Weight, short, unwritable
from vmdesk.virtxml.build.forwards import consequence

MOST = 28
_MAC = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check(wish: Wish, host: HostAbilities) -> Iterator[Complaint]:
    if len(wish.nics) > MOST:
        yield Complaint("nics", text("A machine has at most {most} network cards here.", most=MOST))
        return
    macs = Counter(nic.mac.lower() for nic in wish.nics if nic.mac)
    ports = Counter((forward.protocol, forward.address, forward.host) for nic in wish.nics for forward in nic.forwards)
    networks = {network.name for network in host.networks}
    for place, nic in enumerate(wish.nics):
        field = f"nics[{place}]"
        yield from _mac(field, nic, macs)
        if nic.model and not _MODEL.fullmatch(nic.model):
            yield Complaint(f"{field}.model", text("{model} is not the name of a card.", model=short(nic.model)))
        if nic.kind is not Nets.USER and (not nic.source.strip() or unwritable(nic.source)):
            yield Complaint(f"{field}.source", text("Say which network, bridge or interface it is connected to."))
        elif nic.kind is Nets.NETWORK and networks and nic.source not in networks:
            yield Complaint(f"{field}.source", text("The host has no network {network}.", network=short(nic.source)))
        elif nic.kind in (Nets.BRIDGE, Nets.MACVTAP) and len(nic.source.encode()) > 15:
            yield Complaint(f"{field}.source", text("The name of an interface has at most 15 characters."))
        elif nic.kind is Nets.MACVTAP and host.session:
            yield Complaint(f"{field}.kind", text("The user's own libvirt may not use the host's interfaces."))
        if nic.forwards and nic.kind is not Nets.USER:
            yield Complaint(f"{field}.forwards", text("Only a user-mode card forwards ports."))
        elif nic.forwards and host.driver.upper() == "QEMU" and not host.passt:
            yield Complaint(f"{field}.forwards", consequence(), Weight.WARNING)
        for index, forward in enumerate(nic.forwards):
            yield from _forward(f"{field}.forwards[{index}]", forward, ports, host)


def _mac(field: str, nic: NicWish, macs: Counter[str]) -> Iterator[Complaint]:
    if not nic.mac:
        return
    if not _MAC.fullmatch(nic.mac):
        yield Complaint(
            f"{field}.mac", text("{mac} is not a MAC address: six pairs, like 52:54:00:12:34:56.", mac=short(nic.mac))
        )
    elif int(nic.mac[:2], 16) & 1:
        yield Complaint(
            f"{field}.mac", text("{mac} is for many at once (multicast): the first pair must be even.", mac=nic.mac)
        )
    elif nic.mac == "00:00:00:00:00:00":
        yield Complaint(f"{field}.mac", text("A MAC address of zeros cannot be."))
    elif macs[nic.mac.lower()] > 1:
        yield Complaint(f"{field}.mac", text("{mac} is there twice.", mac=nic.mac))


def _forward(
    field: str, forward: Forward, ports: Counter[tuple[str, str, int]], host: HostAbilities
) -> Iterator[Complaint]:
    for port in (forward.host, forward.guest):
        if not 1 <= port <= 65535:
            yield Complaint(field, text("{port} is not a port: they go from 1 to 65535.", port=port))
            return
    if forward.protocol not in ("tcp", "udp"):
        yield Complaint(field, text("Ports are forwarded by tcp or udp."))
    if ports[(forward.protocol, forward.address, forward.host)] > 1:
        yield Complaint(field, text("Port {port} of the host is there twice.", port=forward.host))
    if forward.host < 1024 and host.session:
        yield Complaint(
            field, text("Ports below 1024 need root: take {port}.", port=forward.host + 8000), Weight.WARNING
        )
    loopback = _loopback(forward.address, six=host.passt)
    if loopback is None:
        yield Complaint(field, text("{address} is not an address of the host.", address=short(forward.address)))
    elif not loopback:
        yield Complaint(
            field,
            text(
                "Port {port} is open to everybody who reaches the host, not only to this computer.", port=forward.host
            ),
            Weight.WARNING,
        )


def _loopback(address: str, *, six: bool) -> bool | None:
    """Whether only the host itself reaches it; None if it is no address. QEMU's own forwards know no IPv6."""
    try:
        return IPv4Address(address).is_loopback
    except AddressValueError:
        try:
            return IPv6Address(address).is_loopback if six else None
        except AddressValueError:
            return None
