"""The doors that libvirt opens into a machine: a socket to its screen, a stream to its text console.

A stream is read and written on libvirt's event thread, which serves all hosts: there it is only moved between libvirt
and our queues.
"""

import asyncio
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Generic, TypeVar

import libvirt

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import errors
from vmdesk.virt.acting import name
from vmdesk.virt.connection import Connection
from vmdesk.virt.lane import Lane
from vmdesk.virt.wire import not_connected

T = TypeVar("T")
OPENING = 10.0  # seconds: opening a screen asks QEMU's monitor
CLOSING = 2.0
MOST_UNREAD = 4 * 1024 * 1024  # bytes that wait for the main thread; older ones are left out
MOST_UNSENT = 1024 * 1024
_PIECE = 64 * 1024
_PIECES = 8  # at most these in one turn of the event thread
# Seconds between tries to open again. Not at once: while a machine ends, libvirt still opens its terminal's old number,
# which may be somebody else's by then.
_FIRST_RETRY, _LAST_RETRY = 0.5, 5.0
_LIVED = 2.0  # seconds after which a stream counts as one that worked

_READ = libvirt.VIR_STREAM_EVENT_READABLE | libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP
_WRITE = libvirt.VIR_STREAM_EVENT_WRITABLE


async def open_graphics_fd(connection: Connection, uuid: str, index: int, skip_auth: bool = True) -> int:
    """A socket to the machine's screen, owned by the caller: `index` counts its <graphics>. On this computer only.

    skip_auth: without the password, since whoever may ask libvirt for it needs none.
    """
    doing = text("Opening the screen of {name}", name=name(connection, uuid))
    connection.may_write(doing)
    if not connection.local:
        why = text("The machine runs on another computer: libvirt cannot hand its screen over.")
        raise errors.refused(doing, why, name="remote")
    flags = libvirt.VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH if skip_auth else 0

    def call(conn: "libvirt.virConnect") -> int:
        fd: int = connection.actions.domain(conn, uuid).openGraphicsFD(index, flags)
        os.set_inheritable(fd, False)
        return fd

    parcel = _Parcel(call, os.close)
    try:
        return await parcel.wanted(connection, doing)
    except VirtError as error:
        raise _explained(error, connection, uuid, _SCREEN) from None


async def open_text(
    connection: Connection, uuid: str, device: str, on_data: Callable[[bytes], None], force: bool = False
) -> "TextStream":
    """Open the text console `device` ("serial0", "console1"; "": the first). VirtError "taken" if somebody has it.

    on_data  gets what it prints, on the thread that awaits this
    force    take it over: whoever had it is cut off
    """
    doing = text("Opening the text console of {name}", name=name(connection, uuid))
    connection.may_write(doing)
    stream = TextStream(connection, on_data)

    def call(conn: "libvirt.virConnect") -> TextStream:
        opened = _open_console(conn, connection.actions.domain(conn, uuid), device, force)
        stream.begin(opened)
        return stream

    try:
        return await _Parcel(call, lambda found: found.drop(None)).wanted(connection, doing)
    except VirtError as error:
        raise _explained(error, connection, uuid, _TEXT) from None


def _open_console(
    conn: "libvirt.virConnect", domain: "libvirt.virDomain", device: str, force: bool
) -> "libvirt.virStream":
    # SAFE: only where libvirt sees to it that there is one reader; without it two would each get half.
    flags = libvirt.VIR_DOMAIN_CONSOLE_SAFE | (libvirt.VIR_DOMAIN_CONSOLE_FORCE if force else 0)
    stream = conn.newStream(libvirt.VIR_STREAM_NONBLOCK)
    try:
        domain.openConsole(device or None, stream, flags)
    except libvirt.libvirtError as error:
        if error.get_error_code() not in (libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED):
            raise
        stream = conn.newStream(libvirt.VIR_STREAM_NONBLOCK)
        domain.openConsole(device or None, stream, 0)  # a driver that knows no flags
    return stream


class TextStream:
    """An open text console. Made by `open_text`.

    ended  done when it is over: the Problem, or None after the machine or we closed it
    """

    def __init__(self, connection: Connection, on_data: Callable[[bytes], None]) -> None:
        self._connection = connection
        self._on_data = on_data
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Problem | None] = self._loop.create_future()
        self._lock = threading.Lock()
        self._stream: libvirt.virStream | None = None
        self._over = False
        self._unread: deque[bytes] = deque()
        self._unread_size = 0
        self._unsent = bytearray()
        self._told = False  # the main thread has been called and has not come yet
        self._closed: asyncio.Future[None] = self._loop.create_future()

    def begin(self, stream: "libvirt.virStream") -> None:
        """In a worker: the stream is open."""
        self._stream = stream
        stream.eventAddCallback(_READ, self._on_event, None)
        self._later(lambda: self._connection.closers.add(self._close_with_connection))

    def send(self, data: bytes) -> bool:
        """Type it. False: it is not open, or too much already waits for a guest that does not read."""
        with self._lock:
            if self._stream is None or self._over or len(self._unsent) + len(data) > MOST_UNSENT:
                return False
            idle = not self._unsent
            self._unsent += data
            if idle and data:
                with contextlib.suppress(libvirt.libvirtError):
                    self._stream.eventUpdateCallback(_READ | _WRITE)
        return True

    async def close(self) -> None:
        """End it; returns when libvirt has let go of it, after 2 s at the latest."""
        self.drop(None)
        await asyncio.wait((self._closed,), timeout=CLOSING)

    def drop(self, problem: Problem | None, done: bool = False) -> None:
        """End it now, from any thread; idempotent. done: the other side has ended it."""
        with self._lock:
            if self._over:
                return
            self._over = True
            stream, self._stream = self._stream, None
        self._later(lambda: self._settle(problem))
        # Ending a stream is a call to the daemon, which may hang: not on this thread, and nobody waits for it.
        lane = Lane(1, "libvirt console closing")
        lane.submit(self._let_go, stream, done)
        lane.shutdown()

    async def _close_with_connection(self) -> None:
        self.drop(not_connected().problem)
        await asyncio.wait((self._closed,), timeout=CLOSING)

    def _settle(self, problem: Problem | None) -> None:
        self._deliver()  # what came before the end
        if not self.ended.done():
            self.ended.set_result(problem)

    def _let_go(self, stream: "libvirt.virStream | None", done: bool) -> None:
        if stream is not None:
            with contextlib.suppress(libvirt.libvirtError):
                stream.eventRemoveCallback()
            with contextlib.suppress(libvirt.libvirtError):
                stream.finish() if done else stream.abort()
        self._later(self._on_let_go)

    def _on_let_go(self) -> None:
        self._connection.closers.discard(self._close_with_connection)
        if not self._closed.done():
            self._closed.set_result(None)

    # -- on libvirt's event thread

    def _on_event(self, stream: "libvirt.virStream", events: int, _opaque: None) -> None:
        if self._over:
            return
        try:
            if events & ~_WRITE and self._read(stream):
                self.drop(None, done=True)
                return
            if events & _WRITE:
                self._write(stream)
        except libvirt.libvirtError as error:
            self.drop(errors.problem(error, text("Reading the text console")))

    def _read(self, stream: "libvirt.virStream") -> bool:
        """Take what has come. Whether that was the end."""
        for _ in range(_PIECES):
            data = stream.recv(_PIECE)
            if data == -2:  # nothing more for now
                return False
            if not data:
                return True
            with self._lock:
                self._unread.append(data)
                self._unread_size += len(data)
                # libvirt would keep what is not taken, without end: so it is taken, and the oldest is lost.
                while self._unread_size > MOST_UNREAD:
                    self._unread_size -= len(self._unread.popleft())
                tell, self._told = not self._told, True
            if tell:
                self._later(self._deliver)
        return False

    def _write(self, stream: "libvirt.virStream") -> None:
        with self._lock:
            while self._unsent:
                sent = stream.send(bytes(self._unsent[:_PIECE]))
                if sent < 0:
                    return
                del self._unsent[:sent]
            stream.eventUpdateCallback(_READ)

    # -- on the main thread

    def _deliver(self) -> None:
        with self._lock:
            data = b"".join(self._unread)
            self._unread.clear()
            self._unread_size = 0
            self._told = False
        if data:
            self._on_data(data)

    def _later(self, call: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever wanted to know
            self._loop.call_soon_threadsafe(call)


class _Parcel(Generic[T]):
    """What a worker opens for somebody who may have gone away by then: it is closed again."""

    def __init__(self, make: Callable[["libvirt.virConnect"], T], unmake: Callable[[T], object]) -> None:
        self._make, self._unmake = make, unmake
        self._lock = threading.Lock()
        self._made: list[T] = []
        self._unwanted = False

    async def wanted(self, connection: Connection, doing: Text) -> T:
        """Open it and wait. Raises VirtError, "timeout" after OPENING."""
        try:
            return await connection.actions.call(self._open, doing, OPENING)
        except BaseException:
            with self._lock:
                self._unwanted = True
                made, self._made = self._made, []
            for one in made:
                self._unmake(one)
            raise

    def _open(self, conn: "libvirt.virConnect") -> T:
        made = self._make(conn)
        with self._lock:
            if not self._unwanted:
                self._made.append(made)
                return made
        self._unmake(made)
        return made


class TextStatus(Enum):
    """How a text console stands."""

    OPENING = "opening"
    OPEN = "open"
    WAITING = "waiting"  # the machine is off or its host away: it opens by itself when that is over
    TAKEN = "taken"  # another program has it: only a person takes it back
    FAILED = "failed"  # trying again would not help


@dataclass(frozen=True, slots=True)
class TextState:
    """`problem` says why it is not open."""

    status: TextStatus
    problem: Problem | None = None


class TextConsole:
    """A text console that comes back by itself after a reboot, a start, or another connection to the host.

    require   the host's open connection now; VirtError without one (core's Session.require)
    on_data   gets what the machine prints
    on_state  hears each new state; what is printed after OPEN does not continue what was printed before it
    """

    def __init__(
        self,
        require: Callable[[], Connection],
        uuid: str,
        device: str,
        on_data: Callable[[bytes], None],
        on_state: Callable[[TextState], None],
    ) -> None:
        self.uuid, self.device = uuid, device
        self.state = TextState(TextStatus.OPENING)
        self._require = require
        self._on_data, self._on_state = on_data, on_state
        self._stream: TextStream | None = None
        self._bell = asyncio.Event()
        self._force = False

    def send(self, data: bytes) -> bool:
        """Type it. False: it is not open, or the guest does not read."""
        return self._stream is not None and self._stream.send(data)

    def wake(self) -> None:
        """Something has changed (the machine was started, the host is back): try now."""
        self._bell.set()

    def take_over(self) -> None:
        """Open it although another program has it; that one is cut off."""
        self._force = True
        self._bell.set()

    async def run(self) -> None:
        """Keep it open. Never returns: cancel it to close the console."""
        delay = _FIRST_RETRY
        while True:
            self._bell.clear()
            force, self._force = self._force, False
            opened_at = time.monotonic()
            try:
                problem = await self._serve(force)
            except VirtError as error:
                problem = error.problem
                status = _AFTER.get(problem.name, TextStatus.WAITING)
            else:
                status = TextStatus.WAITING
                if time.monotonic() - opened_at > _LIVED:
                    delay = _FIRST_RETRY
            self._tell(TextState(status, problem))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), delay if status is TextStatus.WAITING else None)
                delay = _FIRST_RETRY
            delay = min(delay * 2, _LAST_RETRY)

    async def _serve(self, force: bool) -> Problem | None:
        connection = self._require()
        stream = await open_text(connection, self.uuid, self.device, self._on_data, force)
        self._stream = stream
        try:
            self._tell(TextState(TextStatus.OPEN))
            return await stream.ended
        finally:
            self._stream = None
            await stream.close()

    def _tell(self, state: TextState) -> None:
        if state != self.state:
            self.state = state
            self._on_state(state)


_AFTER = dict.fromkeys(("no-device", "no-support", "read-only", "permission", "gone"), TextStatus.FAILED)
_AFTER["taken"] = TextStatus.TAKEN

_SCREEN, _TEXT = "screen", "text"


def _explained(error: VirtError, connection: Connection, uuid: str, door: str) -> VirtError:
    """The same in words that fit."""
    problem, machine = error.problem, name(connection, uuid)
    low = problem.details.lower()
    if "not running" in low:
        return VirtError(replace(problem, what=text("{name} is off.", name=machine), why=None, name="off"))
    if "no graphics backend" in low or "cannot find character device" in low:
        what = text("{name} has no such screen.", name=machine)
        if door == _TEXT:
            what = text("{name} has no such text console.", name=machine)
        return VirtError(replace(problem, what=what, why=None, name="no-device"))
    if door == _TEXT and "pty" in low and problem.code == libvirt.VIR_ERR_INTERNAL_ERROR:
        what = text("This port of {name} is not connected to a console but to something else.", name=machine)
        return VirtError(replace(problem, what=what, why=None, name="no-device"))
    # The one failure that libvirt's console code gives this number to: somebody has it.
    if door == _TEXT and problem.code == libvirt.VIR_ERR_OPERATION_FAILED:
        return VirtError(
            replace(
                problem,
                what=text("Another program has the text console of {name}.", name=machine),
                why=text("It has room for one: virsh console, virt-manager, another VMDesk ..."),
                what_next=text("Take it over: the other program is cut off."),
                name="taken",
            )
        )
    return error
