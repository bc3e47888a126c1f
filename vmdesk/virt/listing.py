"""Reading machines. It never touches a machine's monitor, so a hung one cannot stall it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import libvirt

from vmdesk.model.domain import Definition, Domain, DomainKey, Labels, State
from vmdesk.model.text import text
from vmdesk.virt import words
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import domain as domain_xml
from vmdesk.virtxml.document import XmlError

_READERS = 3  # workers that share a listing: one stays free for clicks
_CALLS_EACH = 6  # to read one machine by itself
_CALLS_LISTING = 6  # before the definitions

T = TypeVar("T")
_NO_DOMAIN = libvirt.VIR_ERR_NO_DOMAIN
_Bulk = dict[str, tuple[State, str]]


async def list_all(connection: Connection) -> list[Domain]:
    """All machines of the host. A machine that vanishes meanwhile is left out."""
    listing = await connection.control.call(lambda conn: _listing(connection, conn), text("Listing the machines"))
    return await _read_listing(connection, listing, listing.domains)


async def read(connection: Connection, uuids: Sequence[str]) -> tuple[list[Domain], list[str]]:
    """Some machines as they are now, and the UUIDs of those that are not there any more."""
    doing = text("Reading the machines")
    if len(uuids) * _CALLS_EACH > _CALLS_LISTING + len(connection.parsed):
        wanted = set(uuids)
        listing = await connection.control.call(lambda conn: _listing(connection, conn), doing)
        chosen = [domain for domain in listing.domains if domain.UUIDString() in wanted]
        found = await _read_listing(connection, listing, chosen)
    else:
        found = await _shared_out(connection, lambda conn, part: _read_each(connection, conn, part), uuids)
    present = {domain.uuid for domain in found}
    gone = [uuid for uuid in uuids if uuid not in present]
    for uuid in gone:
        connection.parsed.pop(uuid, None)
        connection.started.pop(uuid, None)
    return found, gone


class _Listing:
    """What a handful of calls say of all machines. Its libvirt objects are used in workers only."""

    def __init__(self, domains: list["libvirt.virDomain"]) -> None:
        self.domains = domains
        self.states: _Bulk = {}
        self.autostart: set[str] | None = None  # None: the driver cannot filter, ask each
        self.managed_save: set[str] | None = None
        self.transient: set[str] | None = None


def _listing(connection: Connection, conn: "libvirt.virConnect") -> _Listing:
    listing = _Listing(conn.listAllDomains(0))
    connection.control.remember(listing.domains)
    listing.autostart = _filtered(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART)
    listing.managed_save = _filtered(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE)
    listing.transient = _filtered(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_TRANSIENT)
    listing.states = all_states(conn)
    known = {domain.UUIDString() for domain in listing.domains}
    for uuid in connection.parsed.keys() - known:
        connection.parsed.pop(uuid, None)
    return listing


def _filtered(conn: "libvirt.virConnect", flag: int) -> set[str] | None:
    try:
        return {domain.UUIDString() for domain in conn.listAllDomains(flag)}
    except libvirt.libvirtError:
        return None


def all_states(conn: "libvirt.virConnect") -> _Bulk:
    """State and reason of all machines by one call that needs no monitor; {} where the driver has no such call."""
    try:
        records = conn.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE, 0)
    except libvirt.libvirtError:
        return {}
    return {
        domain.UUIDString(): words.state(values["state.state"], values.get("state.reason", 0))
        for domain, values in records
        if "state.state" in values
    }


async def _read_listing(
    connection: Connection, listing: _Listing, domains: Sequence["libvirt.virDomain"]
) -> list[Domain]:
    return await _shared_out(
        connection,
        lambda _conn, part: _present(_read_listed(connection, listing, domain) for domain in part),
        domains,
    )


async def _shared_out(
    connection: Connection, fn: Callable[["libvirt.virConnect", Sequence[T]], list[Domain]], items: Sequence[T]
) -> list[Domain]:
    """`fn` on the items, shared out among workers, for it is the round trips that take the time."""

    def part(number: int) -> Callable[["libvirt.virConnect"], list[Domain]]:
        return lambda conn: fn(conn, items[number::_READERS])

    doing = text("Reading the machines")
    parts = await asyncio.gather(
        *(connection.control.call(part(number), doing) for number in range(min(_READERS, len(items))))
    )
    return [domain for found in parts for domain in found]


def _present(domains: Iterable[Domain | None]) -> list[Domain]:
    return [domain for domain in domains if domain is not None]


def _read_each(connection: Connection, conn: "libvirt.virConnect", uuids: Sequence[str]) -> list[Domain]:
    def look_up(uuid: str) -> Domain | None:
        try:
            # Looked up anew, for the live id and the name may have changed.
            domain = conn.lookupByUUIDString(uuid)
        except libvirt.libvirtError as error:
            only_gone(error)
            return None
        return _read_listed(connection, _Listing([]), domain)

    return _present(look_up(uuid) for uuid in uuids)


def only_gone(error: "libvirt.libvirtError") -> None:
    """None for a machine that is not there any more; other errors are errors."""
    if error.get_error_code() != _NO_DOMAIN:
        raise error


def _read_listed(connection: Connection, listing: _Listing, domain: "libvirt.virDomain") -> Domain | None:
    uuid = domain.UUIDString()
    try:
        state, reason = listing.states.get(uuid) or words.state(*domain.state())
        definition, labels = _parsed(connection, uuid, _definition_text(domain))
    except libvirt.libvirtError as error:
        only_gone(error)
        return None
    connection.names[uuid] = domain.name()
    return Domain(
        key=DomainKey(connection.host, uuid),
        name=domain.name(),
        state=state,
        reason=reason,
        live_id=-1 if state is State.SHUTOFF else domain.ID(),  # a crashed one may have been kept for a look
        persistent=uuid not in listing.transient if listing.transient is not None else _ask(domain.isPersistent, True),
        autostart=uuid in listing.autostart if listing.autostart is not None else _ask(domain.autostart, False),
        managed_save=uuid in listing.managed_save
        if listing.managed_save is not None
        else _ask(domain.hasManagedSaveImage, False),
        started=_started(connection, domain, uuid) if state.active else 0.0,
        labels=labels,
        definition=definition,
    )


def each_state(conn: "libvirt.virConnect") -> _Bulk:
    """The same, machine by machine."""
    found: _Bulk = {}
    for domain in conn.listAllDomains(0):
        try:
            found[domain.UUIDString()] = words.state(*domain.state())
        except libvirt.libvirtError as error:
            only_gone(error)
    return found


def definition(connection: Connection, domain: "libvirt.virDomain") -> Definition:
    """What its XML says; asked for only if it was never read."""
    uuid = domain.UUIDString()
    if known := connection.parsed.get(uuid):
        return known[1]
    return _parsed(connection, uuid, domain.XMLDesc(0))[0]


def _ask(call: Callable[[], int], otherwise: bool) -> bool:
    """For what some drivers lack: then what holds for most machines."""
    try:
        return bool(call())
    except libvirt.libvirtError:
        return otherwise


def _definition_text(domain: "libvirt.virDomain") -> str:
    """Its XML; "" where this one cannot be written: the others are listed all the same."""
    try:
        return str(domain.XMLDesc(0))
    except libvirt.libvirtError as error:
        if error.get_error_code() == _NO_DOMAIN or error.get_error_domain() == libvirt.VIR_FROM_RPC:
            raise
        return ""


def _parsed(connection: Connection, uuid: str, xml: str) -> tuple[Definition, Labels]:
    digest = hash(xml)
    known = connection.parsed.get(uuid)
    if known is None or known[0] != digest:
        try:
            known = digest, *domain_xml.parse(xml)
        except XmlError:
            known = digest, Definition(), Labels()  # libvirt wrote it, so this is a machine all the same
        connection.parsed[uuid] = known
    return known[1], known[2]


def _started(connection: Connection, domain: "libvirt.virDomain", uuid: str) -> float:
    """Unix time: the event if we saw it, else the age of QEMU's pid file on this computer, else 0.0."""
    if (seen := connection.started.get(uuid)) is not None:
        return seen
    if connection.pid_folder is None:
        return 0.0
    try:
        return Path(connection.pid_folder, f"{domain.name()}.pid").stat().st_mtime
    except OSError:
        return 0.0
