"""How a machine is reached: its addresses, the picture on its screen, its keyboard."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Any

import libvirt

from vmdesk.model.errors import VirtError
from vmdesk.model.host import Feature
from vmdesk.model.text import text
from vmdesk.virt.acting import ask_monitor, look, name
from vmdesk.virt.connection import Connection

_ASKING = 8.0  # the guest agent is given 5 s by libvirt
_PICTURE = 5.0
_KEYS = 5.0
_HELD = 20  # ms for which the host holds keys down
_LARGEST = 64 * 1024 * 1024  # bytes of a picture


async def addresses(connection: Connection, uuid: str) -> tuple[str, ...]:
    """IP addresses, most useful first: from DHCP leases, else the guest agent, else ARP. () if there are none."""
    if not connection.capabilities.can(Feature.ADDRESSES):
        return ()
    definition = connection.parsed.get(uuid)
    sources = [libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE]
    if definition and definition[1].agent and not connection.readonly:
        sources.append(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)
    sources.append(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP)

    test_driver = connection.capabilities.driver == "TEST"

    def ask(domain: "libvirt.virDomain") -> tuple[str, ...]:
        if test_driver and _kills_us(domain):
            return ()
        for source in sources:
            try:
                found = _useful(domain.interfaceAddresses(source, 0))
            except libvirt.libvirtError as error:
                if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
                    raise
                continue
            if found:
                return found
        return ()

    doing = text("Asking for the addresses of {name}", name=name(connection, uuid))
    try:
        return await look(connection, uuid, ask, doing, Feature.ADDRESSES, connection.long, _ASKING)
    except VirtError:
        return ()


def _kills_us(domain: "libvirt.virDomain") -> bool:
    """WORKAROUND libvirt's test driver reads the first address of a card's network even if that network has none."""
    for source in re.findall(r"<source network=['\"]([^'\"]+)['\"]", domain.XMLDesc()):
        try:
            if "<ip " not in domain.connect().networkLookupByName(source).XMLDesc():
                return True
        except libvirt.libvirtError:
            return True
    return False


def _useful(interfaces: dict[str, Any]) -> tuple[str, ...]:
    """What others can reach, IPv4 first; link-local ones last, loopback never."""
    found: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = []
    for address in _each_address(interfaces):
        try:
            value = ipaddress.ip_address(address)
        except ValueError:
            continue
        if not value.is_loopback and not value.is_unspecified and value not in found:
            found.append(value)
    found.sort(key=lambda value: (value.is_link_local, value.version))
    return tuple(map(str, found))


def _each_address(interfaces: dict[str, Any]) -> Iterable[str]:
    for interface in interfaces.values():
        for address in interface.get("addrs") or ():
            yield str(address.get("addr", "")).partition("%")[0]


async def screenshot(connection: Connection, uuid: str) -> tuple[str, bytes]:
    """The picture on its first screen: MIME type and data. Raises VirtError "timeout" after 5 s."""
    doing = text("Taking a picture of {name}", name=name(connection, uuid))
    connection.may_write(doing, Feature.SCREENSHOT)  # libvirt refuses it on read-only connections
    return await ask_monitor(connection, uuid, _picture, doing, _PICTURE, Feature.SCREENSHOT)


async def send_keys(connection: Connection, uuid: str, qnums: Sequence[int]) -> None:
    """Press these keys together and let them go again. VirtError."""
    doing = text("Sending keys to {name}", name=name(connection, uuid))
    connection.may_write(doing)

    def send(domain: "libvirt.virDomain") -> None:
        domain.sendKey(libvirt.VIR_KEYCODE_SET_QNUM, _HELD, list(qnums), len(qnums), 0)

    await look(connection, uuid, send, doing, None, connection.actions, _KEYS)


def _picture(domain: "libvirt.virDomain") -> tuple[str, bytes]:
    stream = domain.connect().newStream(0)
    data = bytearray()

    def take(_stream: "libvirt.virStream", part: bytes, _opaque: None) -> int:
        data.extend(part)
        return -1 if len(data) > _LARGEST else 0

    mime = domain.screenshot(stream, 0, 0)
    stream.recvAll(take, None)
    stream.finish()
    return mime, bytes(data)
