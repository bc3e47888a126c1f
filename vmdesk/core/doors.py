"""The real ways to screens: what a definition has, what opens from here, in which order, why not the others."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from vmdesk.console import choice
from vmdesk.console.choice import Place, Route, Way
from vmdesk.console.screen import Backend, Listener
from vmdesk.core.jobs import Jobs
from vmdesk.core.later import load
from vmdesk.core.paths import Paths
from vmdesk.core.screen_state import Found, protocol_name
from vmdesk.core.screens import Screens
from vmdesk.core.store import Store
from vmdesk.model import uri as uris
from vmdesk.model.display import Display, Displays
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.prompt import Asker, Kind, Prompt
from vmdesk.model.text import text
from vmdesk.virt import consoles, domains
from vmdesk.virt.acting import name
from vmdesk.virt.connection import Connection
from vmdesk.virt.lane import Lane
from vmdesk.virtxml import displays
from vmdesk.virtxml.document import XmlError

# A window without a screen open needs none of them.
_SPOKEN = ("vnc", "dbus", "spice")


class Sessions(Protocol):
    """Where the connection to a machine's host comes from."""

    def of(self, key: DomainKey) -> Any: ...


_HANDING = ("QEMU",)  # drivers whose libvirt hands screens over
# Where libvirt's VNC keeps what a viewer shows of itself, and whom it trusts; the first that is there.
_PKI = (Path("~/.pki"), Path("/etc/pki"))

Order = Callable[[DomainKey], Iterable[str]]  # the protocols that the person wants first


class RealDoors:
    """
    order(key)  the person's choice for a machine, () for none
    asker       who knows the passwords of displays; None: nobody
    """

    def __init__(self, sessions: Sessions, order: Order = lambda key: (), asker: Asker | None = None) -> None:
        self._sessions = sessions
        self._order = order
        self._asker = asker
        self._passwords: dict[tuple[DomainKey, str], str] = {}  # by machine and protocol; for this run of ours only
        self._shared: WeakKeyDictionary[Backend, Any] = WeakKeyDictionary()  # the connection that a backend is one of
        self._lane: Lane | None = None

    def _connection(self, key: DomainKey) -> Connection:
        connection: Connection = self._sessions.of(key).require()
        return connection

    async def find(self, key: DomainKey) -> Found:
        connection = self._connection(key)
        found = await self._displays(connection, key)
        ways = choice.ways(found, _place(connection), (*self._order(key), *choice.ORDER))
        screens = [way for way in ways if way.display is not None]
        why = tuple(way.reason for way in screens if way.reason is not None)
        doors = tuple(way.display for way in screens if way.display is not None and way.usable)
        unknown = (one.kind for one in found.graphics if one.kind not in _SPOKEN)
        why += tuple(text("{protocol}: VMDesk does not speak it.", protocol=protocol_name(kind)) for kind in unknown)
        return Found(doors, why, found)

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
        module = await self._load(f"screen-{display.kind}")
        way = _way(display, _place(connection))
        shared = self._shared.get(beside) if beside is not None else None
        if display.kind == "vnc":
            return await self._vnc(module, connection, key, way, listener)
        if shared is None:
            shared = await self._display(module, connection, key, way)
        make = module.DBusBackend if display.kind == "dbus" else module.SpiceBackend
        backend: Backend = make(shared, listener, head)
        self._shared[backend] = shared
        return backend

    async def _vnc(self, module: Any, connection: Connection, key: DomainKey, way: Way, listener: Listener) -> Backend:
        where: Any
        if way.route is Route.FD:
            where = socket.socket(fileno=await self._fd(connection, key, way))
        elif way.route is Route.SSH:
            where = await _through(connection, way, greets=True)
        elif way.target.startswith("/"):
            where = Path(way.target)
        else:
            where = module.Address(*_parts(way.target))
        password = self._passwords.get((key, "vnc"))
        place = _place(connection)
        backend: Backend = module.VncBackend(
            listener,
            where,
            login=module.Login(password),
            tls=None if place.local else _tls(module, place.host),
            local=place.local,
            name=key.uuid,
        )
        return backend

    async def _display(self, module: Any, connection: Connection, key: DomainKey, way: Way) -> Any:
        """The connection that several monitors share."""
        if way.protocol == "dbus":
            return module.Display(await self._fd(connection, key, way))
        password = self._passwords.get((key, "spice"), "")
        where: Any
        if way.route is Route.DIRECT:
            host, port = _parts(way.target or way.tls_target)
            secure = _parts(way.tls_target)[1] if way.tls_target else 0
            where = module.Address(host, port if way.target else 0, secure, str(_first("CA/cacert.pem") or ""))
        else:
            # SPICE takes a socket for each of its channels.
            where = self._channels(connection, key, way)
        return module.Display(where, password=password, local=_place(connection).local)

    def _channels(self, connection: Connection, key: DomainKey, way: Way) -> Callable[[], Awaitable[int]]:
        async def one() -> int:
            if way.route is Route.FD:
                return await self._fd(connection, key, way)
            return (await _through(connection, way)).detach()

        return one

    async def _fd(self, connection: Connection, key: DomainKey, way: Way) -> int:
        assert way.display is not None
        return await consoles.open_graphics_fd(connection, key.uuid, way.display.index)

    # ---------------------------------------------------------------- passwords

    async def ask(self, key: DomainKey, display: Display) -> bool:
        """The display wants a password, or another one: ask for it. True: it is worth another try."""
        if self._asker is None:
            return False
        place, host = (key, display.kind), self._host(key, display)
        again = self._passwords.pop(place, None) is not None
        words = str(text("The {protocol} display asks for a password.", protocol=protocol_name(display.kind)))
        answer = await self._asker.ask(Prompt(Kind.PASSWORD, host, words, f"{display.kind} {key.uuid}", again))
        if answer is None:
            await self._asker.ended(host, False)
            return False
        self._passwords[place] = answer
        return True

    async def answered(self, key: DomainKey, display: Display, right: bool) -> None:
        """What became of the password that `ask` got."""
        if self._asker is not None:
            await self._asker.ended(self._host(key, display), right)

    def _host(self, key: DomainKey, display: Display) -> str:
        """What the password is for, as the person is asked."""
        return f"{name(self._connection(key), key.uuid)} ({protocol_name(display.kind)})"

    async def _load(self, name: str) -> Any:
        """Not on the main thread: it takes some tens of milliseconds, SPICE's library even more."""
        self._lane = self._lane or Lane(1, "doors")
        return await asyncio.get_running_loop().run_in_executor(self._lane, load, name)


def load_ahead(kinds: Collection[str]) -> None:
    """What the screen of a machine with displays of these kinds needs, in a thread: somebody may open it next.

    Only for the way that comes first. What cannot be loaded is told when the screen is opened.
    """
    first = next((kind for kind in choice.ORDER if kind in kinds), None)
    if first is not None:
        lane = Lane(1, "screens ahead")
        lane.submit(_load_ahead, first)
        lane.shutdown()


def _load_ahead(kind: str) -> None:
    module = load(f"screen-{kind}")
    if kind == choice.SPICE:
        with contextlib.suppress(VirtError):
            module.load()  # the desktop's library: longer than all of ours


def open_screens(store: Store, jobs: Jobs, sessions: Sessions, paths: Paths, asker: Asker | None = None) -> Screens:
    """The screens of this process. All VMDesks of the user share one folder of locks, whatever their settings."""
    return Screens(store, jobs, RealDoors(sessions, asker=asker), paths.runtime.parent / "screens")


def _place(connection: Connection) -> Place:
    """Where the host is, as far as it matters for the ways."""
    hands = connection.capabilities.driver in _HANDING
    if connection.local:
        return Place(hands_fds=hands)
    uri = uris.parse(connection.config_uri)
    transport = uri.transport or "tls"
    if transport == "ssh" and connection.tunnel is None:
        transport = "tls"  # nothing of ours goes through somebody else's ssh
    return Place(transport, uri.host, hands)


def _way(display: Display, place: Place) -> Way:
    """The way to one display. VirtError if there is none any more."""
    found = next(way for way in choice.ways(Displays((display,)), place) if way.display is display)
    if found.reason is not None:
        raise VirtError(Problem(text("The screen cannot be reached."), found.reason, name="no-door"))
    return found


async def _through(connection: Connection, way: Way, greets: bool = False) -> socket.socket:
    """A connection through the host's ssh login."""
    assert connection.tunnel is not None
    if not way.target:
        why = text("It takes encrypted connections only, which VMDesk does not make through ssh.")
        raise VirtError(Problem(text("The screen cannot be reached."), why, name="no-door"))
    return await connection.tunnel.connect(way.target, greets)


def _parts(target: str) -> tuple[str, int]:
    """ "[::1]:5900" -> ("::1", 5900)"""
    host, _, port = target.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _tls(module: Any, host: str) -> Any:
    certificate, key = _first("libvirt-vnc/clientcert.pem"), _first("libvirt-vnc/private/clientkey.pem")
    return module.Tls(host, certificate=certificate if key else None, key=key if certificate else None)


def _first(file: str) -> Path | None:
    found = (folder.expanduser() / file for folder in _PKI)
    return next((path for path in found if path.is_file()), None)
