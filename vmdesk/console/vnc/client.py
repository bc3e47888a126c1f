"""A VNC console: its thread, its connection, its end."""

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vmdesk.console.screen import Listener, Power
from vmdesk.console.vnc import problems
from vmdesk.console.vnc.security import Login, Tls, handshake
from vmdesk.console.vnc.session import Session
from vmdesk.console.vnc.wire import SILENCE, Wire
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens on the network."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Where = socket.socket | Address | Path  # connected already; TCP; a unix socket
# A server that vanished is noticed after 25 seconds.
_ALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
)


class VncBackend:
    """A Backend (console/screen.py). Every other viewer of the screen stays: the shared flag is always on."""

    protocol = "vnc"

    def __init__(
        self,
        listener: Listener,
        where: Where,
        *,
        login: Login | None = None,
        tls: Tls | None = None,
        local: bool = False,
        name: str = "",
    ) -> None:
        """
        where  a connected socket becomes the backend's
        tls    how to check a certificate; None: by the host's name, and no TLS where there is none
        local  the server runs on this computer: nothing is packed, and a QEMU is nudged (session.py)
        name   for the thread
        """
        if tls is None and isinstance(where, Address):
            tls = Tls(where.host)
        self._listener = listener
        self._where = where
        self._login = login or Login()
        self._tls = tls
        self._local = local
        self._name = name
        self._lock = threading.Lock()
        self._closing = False
        self._sock: socket.socket | None = where if isinstance(where, socket.socket) else None
        self._wire: Wire | None = None
        self._session: Session | None = None
        self._thread: threading.Thread | None = None
        self._allowed = (False, False)
        self._paused = False
        self._sounding = False
        self._size: tuple[int, int] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Future[None] | None = None

    # ------------------------------------------------------------ opening and ending

    async def open(self) -> None:
        """Connect and log in; returns after the first picture. VirtError; cancelling closes."""
        assert self._thread is None
        self._loop = asyncio.get_running_loop()
        self._opening = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name=f"vnc {self._name}", daemon=True)
        self._thread.start()
        try:
            await self._opening
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        with self._lock:
            if self._closing:
                return
            self._closing = True
            wire, session, sock, started = self._wire, self._session, self._sock, self._thread is not None
        if session:
            session.let_go()
        if wire:
            wire.hang_up()
        elif sock and started:
            with contextlib.suppress(OSError):  # wakes a connect() as well
                sock.shutdown(socket.SHUT_RDWR)
        elif sock:
            sock.close()

    def _run(self) -> None:
        problem: Problem | None = None
        try:
            self._talk()
        except VirtError as error:
            problem = error.problem
        except BaseException as error:
            problem = problems.protocol(repr(error)).problem
            raise  # a bug
        finally:
            with self._lock:
                wire, sock, self._session, closing = self._wire, self._sock, None, self._closing
                self._closing = True
                self._wire = self._sock = None
            if wire:
                wire.close()
            elif sock:
                sock.close()
            self._listener.closed(None if closing else problem)
            self._answer(problem)

    def _talk(self) -> None:
        sock = self._connect()
        with self._lock:
            self._wire = wire = Wire(sock)
        if self._closing:
            raise problems.eof()
        wire.opening(SILENCE)
        handshake(wire, self._login, self._tls)
        session = Session(wire, self._listener, self._local, lambda: self._answer(None))
        session.clipboard.allow(*self._allowed)
        session.pause(self._paused)
        session.sound(self._sounding)
        if self._size:
            session.resize(*self._size)
        with self._lock:
            self._session = session
        session.run()

    def _answer(self, problem: Problem | None) -> None:
        """Let open() return. From the reader; the second answer does not count."""
        loop, opening = self._loop, self._opening
        assert loop and opening

        def answer() -> None:
            if opening.done():
                return
            if problem:
                opening.set_exception(VirtError(problem))
            else:
                opening.set_result(None)

        with contextlib.suppress(RuntimeError):  # the loop has ended before us
            loop.call_soon_threadsafe(answer)

    def _connect(self) -> socket.socket:
        if isinstance(self._where, socket.socket):
            return self._where
        if isinstance(self._where, Path):
            return self._try(socket.AF_UNIX, str(self._where), SILENCE)
        end = time.monotonic() + SILENCE
        try:
            found = socket.getaddrinfo(self._where.host, self._where.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise problems.no_such_host(self._where.host, str(error)) from None
        problem: VirtError = problems.unreachable(str(self._where), SILENCE)
        for family, _type, _protocol, _name, address in found:
            left = end - time.monotonic()
            if left <= 0 or self._closing:
                break
            try:
                sock = self._try(family, address, left)
            except VirtError as error:
                problem = error
                continue
            for option in _ALIVE:
                sock.setsockopt(*option)
            return sock
        raise problem

    def _try(self, family: int, address: str | tuple[Any, ...], seconds: float) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        with self._lock:
            self._sock = sock
        sock.settimeout(seconds)
        try:
            sock.connect(address)
        except OSError as error:
            with self._lock:
                self._sock = None
            sock.close()
            if isinstance(error, TimeoutError):
                raise problems.unreachable(str(self._where), SILENCE) from None
            raise problems.refused(str(self._where), str(error)) from None
        return sock

    # ------------------------------------------------------------ what it can, from any thread

    @property
    def secure(self) -> bool:
        """Whether nobody on the way reads along: it never leaves this computer by itself, or it is encrypted."""
        wire = self._wire
        return self._local or wire is None or wire.local or wire.encrypted

    @property
    def can_resize(self) -> bool:
        """Whether the server takes wishes for a size; the guest may still not follow."""
        return bool((session := self._session) and session.can_resize)

    @property
    def powers(self) -> tuple[Power, ...]:
        """What `power` does, where the server lets its viewers (QEMU: power-control=on)."""
        return session.powers if (session := self._session) else ()

    def key(self, qnum: int, down: bool) -> None:
        if session := self._session:
            session.key(qnum, down)

    def pointer(self, x: int, y: int, buttons: int) -> None:
        if session := self._session:
            session.pointer(x, y, buttons)

    def motion(self, dx: int, dy: int, buttons: int) -> None:
        if session := self._session:
            session.motion(dx, dy, buttons)

    def resize(self, width: int, height: int) -> None:
        self._size = (width, height)
        if session := self._session:
            session.resize(width, height)

    def clipboard_set(self, text: str) -> None:
        if session := self._session:
            session.clipboard.set(text)

    def clipboard_allow(self, to_guest: bool, from_guest: bool) -> None:
        self._allowed = (to_guest, from_guest)
        if session := self._session:
            session.clipboard.allow(to_guest, from_guest)

    @property
    def silent(self) -> Text | None:
        session = self._session
        return None if session is None or session.can_sound else problems.no_sound()

    @property
    def deaf(self) -> Text | None:
        return problems.no_microphone()

    def sound(self, on: bool) -> None:
        self._sounding = on
        if session := self._session:
            session.sound(on)

    def microphone(self, on: bool) -> None:
        """VNC has none."""

    def pause_updates(self, paused: bool) -> None:
        self._paused = paused
        if session := self._session:
            session.pause(paused)

    def power(self, action: Power) -> None:
        if session := self._session:
            session.power(action)
