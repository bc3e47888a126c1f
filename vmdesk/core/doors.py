"""The real ways to screens: what a definition has, what opens from here, in which order, why not the others."""

import asyncio
import importlib
import socket
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from vmdesk.console.screen import Backend, Listener
from vmdesk.core.screens import Found, protocol_name
from vmdesk.model.display import Display, Displays
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import consoles, domains
from vmdesk.virt.connection import Connection
from vmdesk.virt.lane import Lane
from vmdesk.virtxml import displays
from vmdesk.virtxml.document import XmlError

LOCAL = ("dbus", "vnc", "spice")
REMOTE = ("vnc", "spice")

# kind -> module and class; a window without a screen open needs none of them, and SPICE may be missing.
_BACKENDS = {
    "vnc": ("vmdesk.console.vnc.client", "VncBackend"),
    "dbus": ("vmdesk.console.dbus", "DBusBackend"),
}


class Sessions(Protocol):
    """Where the connection to a machine's host comes from."""

    def of(self, key: DomainKey) -> Any: ...


Order = Callable[[DomainKey], Iterable[str]]  # the protocols that the person wants first


class RealDoors:
    """`order(key)`: the person's choice for a machine, () for none."""

    def __init__(self, sessions: Sessions, order: Order = lambda key: ()) -> None:
        self._sessions = sessions
        self._order = order
        self._heads: dict[DomainKey, Any] = {}  # machines whose D-Bus display is open, for its other monitors
        self._lane: Lane | None = None

    def _connection(self, key: DomainKey) -> Connection:
        connection: Connection = self._sessions.of(key).require()
        return connection

    async def find(self, key: DomainKey) -> Found:
        connection = self._connection(key)
        found = await self._displays(connection, key)
        standard = LOCAL if connection.local else REMOTE
        order = tuple(dict.fromkeys((*self._order(key), *standard)))
        why: list[Text] = []
        doors: list[Display] = []
        for display in sorted(found.graphics, key=lambda one: _place(order, one.kind)):
            problem = _unusable(display, connection)
            if problem is None:
                doors.append(display)
            else:
                why.append(problem)
        return Found(tuple(doors), tuple(why), found)

    async def _displays(self, connection: Connection, key: DomainKey) -> Displays:
        xml = await domains.xml(connection, key.uuid)
        try:
            return displays.parse(xml)
        except XmlError as error:
            raise VirtError(
                Problem(text("The definition cannot be read."), details=str(error), name="definition")
            ) from error

    async def backend(self, key: DomainKey, display: Display, head: int, listener: Listener) -> Backend:
        connection = self._connection(key)
        module, name = _BACKENDS[display.kind]
        # Not on the main thread: the first one loads and compiles modules for some tens of milliseconds.
        make = getattr(await self._load(module), name)
        if display.kind == "dbus":
            return await self._dbus(connection, key, display, head, listener, make)
        fd = await consoles.open_graphics_fd(connection, key.uuid, display.index)
        backend: Backend = make(listener, socket.socket(fileno=fd), local=True, name=key.uuid)
        return backend

    async def _load(self, module: str) -> Any:
        self._lane = self._lane or Lane(1, "doors")
        return await asyncio.get_running_loop().run_in_executor(self._lane, _import, module)

    async def _dbus(
        self, connection: Connection, key: DomainKey, display: Display, head: int, listener: Listener, make: Any
    ) -> Backend:
        """All monitors of a machine share one connection."""
        shared = self._heads.get(key) if head else None
        if shared is None or shared.ended:
            fd = await consoles.open_graphics_fd(connection, key.uuid, display.index)
            shared = self._heads[key] = _import("vmdesk.console.dbus").Display(fd)
        backend: Backend = make(shared, listener, head)
        return backend


def _import(module: str) -> Any:
    return importlib.import_module(module)


def _place(order: tuple[str, ...], kind: str) -> int:
    return order.index(kind) if kind in order else len(order)


def _unusable(display: Display, connection: Connection) -> Text | None:
    """Why a display cannot be opened from here."""
    name = protocol_name(display.kind)
    if display.kind == "dbus" and not (display.p2p and connection.local):
        return text("D-Bus: only for machines of this computer, with p2p='yes' in the definition.")
    if display.kind not in _BACKENDS:
        return text("{protocol}: VMDesk does not speak it.", protocol=name)
    if not connection.local:
        return text("{protocol}: the machine runs on another computer.", protocol=name)
    return None
