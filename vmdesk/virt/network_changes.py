"""Changing a network: stored, and at once where libvirt can while the network is on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import libvirt

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.network import NetworkChange, NetworkDetails
from vmdesk.model.text import Text, text
from vmdesk.virt import errors, networks
from vmdesk.virt.connection import Connection
from vmdesk.virt.things import unreadable
from vmdesk.virtxml import networks as networks_xml
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit import EditError
from vmdesk.virtxml.edit import networks as edits
from vmdesk.virtxml.edit.networks import Update


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of one change of a network. later: why it holds only after the network was restarted."""

    change: NetworkChange
    live: bool
    stored: bool
    later: Text | None = None


async def change_network(
    connection: Connection, name: str, changes: Sequence[NetworkChange], began: NetworkDetails | None = None
) -> tuple[Changed, ...]:
    """Store the changes, then make those at once that libvirt can make on a network that is on.

    began  what the person saw: if the network is another one by now, nothing is changed and VirtError is "changed"
    """
    connection.may_write(doing := text("Changing the network {network}", network=name))
    return await connection.long.call(lambda conn: _change(conn, name, changes, began, doing), doing)


_RESTART = text("It holds once the network has been restarted.")
_NOT_LIVE = (
    libvirt.VIR_ERR_NO_SUPPORT,
    libvirt.VIR_ERR_OPERATION_UNSUPPORTED,
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
    libvirt.VIR_ERR_OPERATION_INVALID,
    libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
)
_COMMANDS = {
    "add": libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST,
    "delete": libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE,
    "modify": libvirt.VIR_NETWORK_UPDATE_COMMAND_MODIFY,
}
_SECTIONS = {
    "dhcp-host": libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST,
    "dhcp-range": libvirt.VIR_NETWORK_SECTION_IP_DHCP_RANGE,
    "dns-host": libvirt.VIR_NETWORK_SECTION_DNS_HOST,
}


def _change(
    conn: "libvirt.virConnect",
    name: str,
    changes: Sequence[NetworkChange],
    began: NetworkDetails | None,
    doing: Text,
) -> tuple[Changed, ...]:
    found = conn.networkLookupByName(name)
    active, persistent = bool(found.isActive()), bool(found.isPersistent())
    running = str(found.XMLDesc(0))
    kept, two = networks.stored(found, running) if persistent else (running, True)
    try:
        if began is not None and not _same(networks_xml.details(kept), began):
            raise VirtError(
                Problem(
                    text("The network {network} was not changed.", network=name),
                    text("Somebody else changed it at the same moment."),
                    text("Look at it again, then try once more."),
                    name="changed",
                )
            )
        new = kept
        for change in changes:
            new = edits.edit(new, change)
        if persistent and new != kept:
            if not two and active:
                # WORKAROUND libvirt's test driver: it forgets what is defined while the network is on.
                found.destroy()
            found = networks.define(conn, new)
            if not two and active:
                found.create()
                return tuple(Changed(change, True, True) for change in changes)
        return tuple(_made(found, change, active, persistent) for change in changes)
    except EditError as error:
        raise errors.refused(doing, error.why, name="edit") from None
    except XmlError as error:
        raise unreadable(error) from None


def _same(now: NetworkDetails, began: NetworkDetails) -> bool:
    return replace(now, network=began.network) == began


def _made(
    found: "libvirt.virNetwork",
    change: NetworkChange,
    active: bool,
    stored: bool,
) -> Changed:
    """Make one change of a network that is on."""
    if not active:
        return Changed(change, False, stored)
    try:
        calls = edits.updates(str(found.XMLDesc(0)), change)
        if calls is None:
            return Changed(change, False, stored, _RESTART)
        for call in calls:
            _update(found, call)
    except EditError as error:
        if not stored:
            raise
        return Changed(change, False, stored, error.why)
    except libvirt.libvirtError as error:
        if not stored or error.get_error_domain() == libvirt.VIR_FROM_RPC:
            raise
        why = _RESTART if error.get_error_code() in _NOT_LIVE else text("libvirt says: {words}", words=str(error))
        return Changed(change, False, stored, why)
    return Changed(change, True, stored)


def _update(found: "libvirt.virNetwork", call: Update) -> None:
    flags = libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE
    found.update(_COMMANDS[call.command], _SECTIONS[call.section], call.place, call.xml, flags)
