"""The real ways to screens: what a definition has, what opens from here, in which order, why not the others."""

import asyncio
import importlib
import socket
from collections.abc import Callable, Iterable
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from vmdesk.console.screen import Backend, Listener
from vmdesk.core.jobs import Jobs
from vmdesk.core.paths import Paths
from vmdesk.core.screens import Found, Screens, protocol_name
from vmdesk.core.store import Store
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

# A window without a screen open needs none of them.
_MODULES = {"vnc": "vmdesk.console.vnc.client", "dbus": "vmdesk.console.dbus", "spice": "vmdesk.console.spice"}


class Sessions(Protocol):
    """Where the connection to a machine's host comes from."""

    def of(self, key: DomainKey) -> Any: ...


Order = Callable[[DomainKey], Iterable[str]]  # the protocols that the person wants first


class RealDoors:
    """`order(key)`: the person's choice for a machine, () for none."""

    def __init__(self, sessions: Sessions, order: Order = lambda key: ()) -> None:
        self._sessions = sessions
        self._order = order
        self._shared: WeakKeyDictionary[Backend, Any] = WeakKeyDictionary()  # the connection that a backend is one of
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

    async def backend(
        self, key: DomainKey, display: Display, head: int, listener: Listener, beside: Backend | None
    ) -> Backend:
        connection = self._connection(key)
        module = await self._load(_MODULES[display.kind])

        async def fd() -> int:
            return await consoles.open_graphics_fd(connection, key.uuid, display.index)

        if display.kind == "vnc":
            vnc: Backend = module.VncBackend(listener, socket.socket(fileno=await fd()), local=True, name=key.uuid)
            return vnc
        shared = self._shared.get(beside) if beside is not None else None
        if shared is None:
            # SPICE takes a socket for each of its channels.
            shared = module.Display(await fd() if display.kind == "dbus" else fd)
        make = module.DBusBackend if display.kind == "dbus" else module.SpiceBackend
        backend: Backend = make(shared, listener, head)
        self._shared[backend] = shared
        return backend

    async def _load(self, module: str) -> Any:
        """Not on the main thread: it takes some tens of milliseconds, SPICE's library even more."""
        self._lane = self._lane or Lane(1, "doors")
        return await asyncio.get_running_loop().run_in_executor(self._lane, _import, module)


def open_screens(store: Store, jobs: Jobs, sessions: Sessions, paths: Paths) -> Screens:
    """The screens of this process. All VMDesks of the user share one folder of locks, whatever their settings."""
    return Screens(store, jobs, RealDoors(sessions), paths.runtime.parent / "screens")


def _import(module: str) -> Any:
    return importlib.import_module(module)


def _place(order: tuple[str, ...], kind: str) -> int:
    return order.index(kind) if kind in order else len(order)


def _unusable(display: Display, connection: Connection) -> Text | None:
    """Why a display cannot be opened from here."""
    name = protocol_name(display.kind)
    if display.kind == "dbus" and not (display.p2p and connection.local):
        return text("D-Bus: only for machines of this computer, with p2p='yes' in the definition.")
    if display.kind not in _MODULES:
        return text("{protocol}: VMDesk does not speak it.", protocol=name)
    if not connection.local:
        return text("{protocol}: the machine runs on another computer.", protocol=name)
    return None
