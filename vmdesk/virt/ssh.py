"""One ssh login a host, and libvirt's socket of the other side as a private unix socket here.

`ssh -M -N` stays as the master (ssh_master.py); the socket is forwarded through it, so that all libvirt connections of
the host are one login. What ssh asks comes to the window through the askpass program (ssh_login.py). All waiting is
done in workers.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.prompt import Asker, Prompt
from vmdesk.model.uri import Uri, build, parse
from vmdesk.virt import ssh_login, ssh_words
from vmdesk.virt.lane import Lane
from vmdesk.virt.ssh_master import Master

T = TypeVar("T")

CLOSING = 5.0  # seconds a close may take
GREETING = 4.0  # seconds for the first word of a server that speaks first
# After these a person must do something first: trying again by itself would only ask again and again.
FINAL = frozenset({"auth", "host-key", "cancelled", "ssh-missing", "refused-uri"})


class Tunnel:
    """The way to one host over ssh. `folder` is the user's private runtime folder.

    asker  who answers ssh's questions; None: the terminal if there is one, else nothing is asked
    """

    def __init__(self, uri: str, folder: Path, asker: Asker | None, readonly: bool = False) -> None:
        self._uri = parse(uri)
        self._readonly = readonly
        self._asker = asker
        self._base = folder / "ssh"
        self._lane = self._new_lane()
        self._lock = asyncio.Lock()
        self._master: Master | None = None
        self._refusal: Problem | None = None

    @property
    def alive(self) -> bool:
        """Whether the master is there."""
        return self._master is not None and self._master.alive

    def forgive(self) -> None:
        """Ask again, although the last login was refused or cancelled: the person wants it."""
        self._refusal = None

    async def up(self) -> str:
        """Log in if needed; the URI to open instead. Raises VirtError; those in FINAL until `forgive` is called.

        Where the other side does not forward sockets it is libvirt's own ssh, which can ask nothing.
        """
        async with self._lock:
            if self._refusal:
                raise VirtError(self._refusal)
            try:
                path = await self._forward()
            except VirtError as error:
                if error.problem.name in FINAL:
                    self._refusal = error.problem
                raise
        if path is None:
            return build(self._fallback())
        return build(Uri(self._uri.driver, "unix", path=self._uri.path, parameters=(("socket", str(path)),)))

    async def connect(self, target: str, greets: bool = False) -> socket.socket:
        """A connection to "host:port" or a socket's path as the other side sees them, through the login that is there.

        greets  the server speaks first (VNC): it is waited for, so that a refusal over there is told in words
        """

        def connect(stop: threading.Event) -> tuple[socket.socket, Master, int]:
            master = self._master
            if master is None or not master.alive:
                raise VirtError(ssh_words.no_login(self._uri))
            heard = master.heard
            sock = master.connect(target)
            if stop.is_set():  # nobody waits for it any more
                sock.close()
                raise VirtError(ssh_words.cancelled(self._uri))
            return sock, master, heard

        sock, master, heard = await self._work(connect)
        try:
            if greets and await _is_over(sock):
                raise VirtError(ssh_words.no_answer(self._uri, target, master.said_since(heard)))
        except BaseException:
            sock.close()
            raise
        sock.settimeout(None)
        return sock

    async def close(self) -> None:
        """End the login and everything that goes through it; `up` makes another one."""
        lane, self._lane = self._lane, self._new_lane()
        with contextlib.suppress(TimeoutError):
            end = asyncio.get_running_loop().run_in_executor(lane, self._end)
            await asyncio.wait_for(end, CLOSING)
        lane.shutdown()

    async def _forward(self) -> Path | None:
        if not self.alive:
            await self._log_in()
        return await self._work(lambda _stop: self._master.forward(self._readonly) if self._master else None)

    async def _log_in(self) -> None:
        asker, loop = self._asker, asyncio.get_running_loop()

        def ask(prompt: Prompt) -> "Future[str | None]":
            assert asker
            return asyncio.run_coroutine_threadsafe(asker.ask(prompt), loop)

        def log_in(stop: threading.Event) -> None:
            self._end()
            # Kept from here: the one who waits may have been cancelled.
            self._master = ssh_login.log_in(self._uri, self._base, ask if asker else None, stop)

        try:
            await self._work(log_in)
        except VirtError:
            if asker:
                await asker.ended(ssh_words.account(self._uri), False)
            raise
        if asker:
            await asker.ended(ssh_words.account(self._uri), True)

    def _new_lane(self) -> Lane:
        return Lane(1, f"ssh {self._uri.host}")  # one: what was cancelled is cleared away before the next starts

    def _end(self) -> None:
        master, self._master = self._master, None
        if master:
            master.close()

    async def _work(self, fn: Callable[[threading.Event], T]) -> T:
        """Do it in a worker; being cancelled here stops it there."""
        stop = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._lane, fn, stop)
        except asyncio.CancelledError:
            stop.set()
            raise

    def _fallback(self) -> Uri:
        parameters = dict(self._uri.parameters) | {"no_tty": "1"}
        return replace(self._uri, parameters=tuple(parameters.items()))


async def _is_over(sock: socket.socket) -> bool:
    """Whether the other side hung up instead of speaking. False as well if it says nothing for a while."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    sock.setblocking(False)

    def on_ready() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(sock.fileno(), on_ready)
    try:
        async with asyncio.timeout(GREETING):
            await ready
        return sock.recv(1, socket.MSG_PEEK) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
    finally:
        loop.remove_reader(sock.fileno())
