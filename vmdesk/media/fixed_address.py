"""A fixed address for a guest's first card: what cloud-init is told in network-config (version 2), and what is wrong.

Of several machines the first has the address of the wish, each further one the next.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_interface
from typing import Any

from vmdesk.model.text import Text, text
from vmdesk.model.wish import CloudWish

# The card is found by its MAC and called so: not all of cloud-init's renderers understand a match without a name.
_CARD = "eth0"


def check(cloud: CloudWish, count: int = 1, cards: int = 1) -> Iterator[Text]:
    """Sentences. count: machines; cards: each one's network cards."""
    own = _interface(cloud.address)
    if cloud.address and own is None:
        yield text(
            "{address} is not an address with its prefix, like 192.168.122.10/24.", address=_short(cloud.address)
        )
    for one in cloud.dns:
        if _address(one) is None:
            yield text("{address} is not the address of a DNS server.", address=_short(one))
    gateway = _address(cloud.gateway)
    if cloud.gateway and gateway is None:
        yield text("{address} is not the address of a gateway.", address=_short(cloud.gateway))
    if cloud.gateway and not cloud.address:
        yield text("A gateway goes with an address: with DHCP the network tells it.")
    if (cloud.address or cloud.dns) and not cards:
        yield text("An address needs a network card.")
    if own is not None:
        yield from _range(own, gateway, count)


def _range(own: IPv4Interface | IPv6Interface, gateway: IPv4Address | IPv6Address | None, count: int) -> Iterator[Text]:
    last = int(own.ip) + count - 1
    if last > int(own.network.broadcast_address) or (count > 1 and not _usable(own, last)):
        yield text("The network {network} has no room for {n} addresses from there.", network=own.network, n=count)
    elif not _usable(own, int(own.ip)):
        yield text("{address} is the network's own address: take another one of it.", address=own.ip)
    if gateway is None:
        return
    if gateway.version != own.version or (gateway not in own.network and not gateway.is_link_local):
        yield text("The gateway {gateway} is not in the network {network}.", gateway=gateway, network=own.network)
    elif int(own.ip) <= int(gateway) <= last and gateway in own.network:
        yield text("The gateway {gateway} would be a machine's own address.", gateway=gateway)


def config(cloud: CloudWish, mac: str, number: int = 0) -> dict[str, Any]:
    """The network configuration of machine `number` (from 0), whose card has this MAC; {} where DHCP does it all."""
    own = _interface(cloud.address)
    if own is None and not cloud.dns:
        return {}
    card: dict[str, Any] = {"match": {"macaddress": mac}, "set-name": _CARD}
    if own is None:
        card["dhcp4"] = True
    else:
        card["addresses"] = [f"{own.ip + number}/{own.network.prefixlen}"]
        if cloud.gateway and own.version == 4:
            card["routes"] = [{"to": "0.0.0.0/0", "via": cloud.gateway}]
        elif cloud.gateway:
            # WORKAROUND cloud-init 22.4 (Debian 12): of a route to ::/0 it makes one to ::/64.
            card["gateway6"] = cloud.gateway
    if cloud.dns:
        card["nameservers"] = {"addresses": list(cloud.dns)}
    return {"version": 2, "ethernets": {_CARD: card}}


def _interface(words: str) -> IPv4Interface | IPv6Interface | None:
    """None without a prefix: a network of one address is never meant."""
    try:
        return ip_interface(words) if "/" in words else None
    except ValueError:
        return None


def _address(words: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(words)
    except ValueError:
        return None


def _usable(own: IPv4Interface | IPv6Interface, address: int) -> bool:
    """Networks of one or two addresses have none that is the network's own."""
    network = own.network
    if network.num_addresses <= 2:
        return True
    ends = {int(network.network_address)} | ({int(network.broadcast_address)} if own.version == 4 else set())
    return address not in ends


def _short(words: str) -> str:
    plain = "".join(c if c.isprintable() else "?" for c in words)
    return plain if len(plain) <= 60 else f"{plain[:57]}…"
