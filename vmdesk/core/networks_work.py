"""What is done with a host's networks, in the window and without it."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from vmdesk.core import networks as wishes
from vmdesk.core.networks import Subnet, Wanted
from vmdesk.model.errors import VirtError
from vmdesk.model.network import Card, Filter, NetworkDetails
from vmdesk.virt import hardware, network_changes, networks, nwfilters
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Applied
from vmdesk.virt.network_changes import Changed
from vmdesk.virt.pools import is_session


@dataclass(frozen=True, slots=True)
class Seen:
    """All of a host's networks. filters: None where the host has no such thing; session: it cannot have networks."""

    networks: tuple[NetworkDetails, ...]
    cards: tuple[Card, ...] = ()
    filters: tuple[Filter, ...] | None = None
    interfaces: tuple[tuple[str, str], ...] = ()
    session: bool = False

    def named(self, name: str) -> NetworkDetails | None:
        return next((one for one in self.networks if one.network.name == name), None)


async def look(connection: Connection) -> Seen:
    """As everything is now. VirtError."""
    found = await networks.detailed(connection)
    cards = await nwfilters.cards(connection)
    filters: tuple[Filter, ...] | None = None
    try:
        filters = tuple(await nwfilters.filters(connection))
    except VirtError as error:
        if error.problem.name == "closed":
            raise
    interfaces = await networks.interfaces(connection)
    return Seen(tuple(found), tuple(cards), filters, tuple(interfaces), is_session(connection))


async def details(connection: Connection, name: str) -> NetworkDetails:
    """One network. VirtError "no-network"."""
    await networks.network(connection, name)  # that there is none is told in its own words
    return next(one for one in await networks.detailed(connection) if one.network.name == name)


async def make(connection: Connection, xml: str, autostart: bool = True) -> str:
    """Define it, start it, let it start with the host; its name. If one of these fails, nothing is left of it."""
    name = await networks.define_network(connection, xml)
    try:
        await networks.start_network(connection, name)
        if autostart:
            await networks.set_network_autostart(connection, name, True)
    except BaseException:
        for undo in (networks.stop_network, networks.undefine_network):  # what this run made, and nothing else
            with contextlib.suppress(VirtError):
                await undo(connection, name)
        raise
    return name


async def restart(connection: Connection, name: str) -> None:
    """Off and on: what is stored holds now. Machines that run are cut off: libvirt does not put them back."""
    await networks.stop_network(connection, name)
    await networks.start_network(connection, name)


async def delete(connection: Connection, name: str) -> None:
    """Stop it and forget it."""
    found = await networks.network(connection, name)
    if found.active:
        await networks.stop_network(connection, name)
    if found.persistent:
        await networks.undefine_network(connection, name)


async def change(connection: Connection, began: NetworkDetails, wanted: Wanted) -> tuple[Changed, ...]:
    """Make it what is wanted; VirtError "changed" if somebody else changed it since `began` was read."""
    found = wishes.changes(began, wanted)
    return await network_changes.change_network(connection, began.network.name, found, began)


async def set_filter(connection: Connection, card: Card, name: str) -> Sequence[Applied]:
    """Let a filter watch a card; "" none. At once if the machine runs, and stored."""
    return await hardware.apply(connection, card.machine, [nwfilters.filter_card(card.mac, name)])


async def taken(connection: Connection) -> tuple[Subnet, ...]:
    """Subnets that a new network must not have."""
    return await networks.taken_subnets(connection)
