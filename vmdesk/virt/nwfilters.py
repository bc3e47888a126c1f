"""Packet filters of the host, and which network cards use them."""

import libvirt

from vmdesk.model.network import Card, Filter
from vmdesk.model.text import text
from vmdesk.virt import hardware
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Change
from vmdesk.virt.things import leniently
from vmdesk.virtxml import cards as cards_xml
from vmdesk.virtxml import networks as networks_xml
from vmdesk.virtxml.edit import networks as edits


async def filters(connection: Connection) -> list[Filter]:
    """All packet filters of the host, by name. VirtError, "no-support" where it has none."""
    return await connection.long.call(_filters, text("Listing the packet filters"))


async def cards(connection: Connection) -> list[Card]:
    """The network cards of all machines: as they run, else as they are stored. What vanishes meanwhile is left out."""
    return await connection.long.call(_cards, text("Looking at the machines' network cards"))


def filter_card(mac: str, name: str) -> Change:
    """Let a packet filter watch a card, or none (""): at once if the machine runs."""
    what = text("Filter of {mac}: {filter}", mac=mac, filter=name or text("none"))
    return hardware.update_device(what, mac, lambda xml: edits.filter_card(xml, mac, name))


def _filters(conn: "libvirt.virConnect") -> list[Filter]:
    found = []
    for one in conn.listAllNWFilters(0):
        with leniently():
            found.append(networks_xml.filter_(one.XMLDesc(0)))
    return sorted(found, key=lambda one: one.name)


def _cards(conn: "libvirt.virConnect") -> list[Card]:
    found: list[Card] = []
    for one in conn.listAllDomains(0):
        with leniently():
            found += cards_xml.cards(one.XMLDesc(0))
    return found
