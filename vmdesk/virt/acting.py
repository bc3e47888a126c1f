"""The way to one machine: refused where it may not or cannot be, else looked up and called in a worker."""

from collections.abc import Callable
from typing import TypeVar

import libvirt

from vmdesk.model.host import Feature
from vmdesk.model.text import Text
from vmdesk.virt import errors
from vmdesk.virt.connection import Connection
from vmdesk.virt.wire import Wire

T = TypeVar("T")
Call = Callable[["libvirt.virDomain"], T]


async def act(
    connection: Connection,
    uuid: str,
    fn: Call[T],
    doing: Text,
    feature: Feature | None = None,
    wire: Wire | None = None,
) -> T:
    """Change something. Refused on a read-only connection, and where the host lacks `feature`."""
    connection.may_write(doing, feature)
    return await look(connection, uuid, fn, doing, feature, wire or connection.actions)


async def look(
    connection: Connection,
    uuid: str,
    fn: Call[T],
    doing: Text,
    feature: Feature | None = None,
    wire: Wire | None = None,
    timeout: float | None = None,
) -> T:
    """Ask something; what libvirt says it lacks is remembered."""
    wire = wire or connection.control

    def call(conn: "libvirt.virConnect") -> T:
        return fn(wire.domain(conn, uuid))

    if feature is None:
        return await wire.call(call, doing, timeout)
    return await connection.learning(feature, wire, call, doing, timeout)


async def ask_monitor(
    connection: Connection, uuid: str, fn: Call[T], doing: Text, timeout: float, feature: Feature | None = None
) -> T:
    """Ask what only the machine's own process knows, on the stats wire.

    While an earlier such call is not back, it is not asked again: VirtError "timeout" at once.
    """
    if uuid in connection.unanswered:
        raise errors.timeout(doing, timeout)

    def watched(domain: "libvirt.virDomain") -> T:
        connection.unanswered.add(uuid)
        try:
            return fn(domain)
        finally:
            connection.unanswered.discard(uuid)

    return await look(connection, uuid, watched, doing, feature, connection.stats, timeout)


def name(connection: Connection, uuid: str) -> str:
    """For messages: its name as last seen, else the UUID."""
    return connection.names.get(uuid, uuid)
