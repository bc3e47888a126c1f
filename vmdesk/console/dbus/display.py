"""A machine's D-Bus display: the one connection that QEMU gives, the thread that reads it, and what hangs on it.

All that comes in is read by one thread, whatever socket it comes on, so that listeners are called by one thread.
What goes out is sent by whoever has it (a key press must not wait for a frame), without ever blocking.
"""

import asyncio
import concurrent.futures
import contextlib
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from vmdesk.console.dbus import audio, wire, words
from vmdesk.console.dbus.audio import Ear, Sound
from vmdesk.console.dbus.clipboard import PATH as CLIPBOARD_PATH
from vmdesk.console.dbus.clipboard import Clipboard
from vmdesk.console.dbus.frames import CannotShow, serve
from vmdesk.console.dbus.link import Declined, Ended, Link, Refused
from vmdesk.console.dbus.wire import ProtocolError
from vmdesk.console.screen import Speaker, Talker
from vmdesk.model.errors import Problem, VirtError

SECONDS = 1.5  # for the login, and again for the first picture
ROOT = "/org/qemu/Display1"
CONSOLE = "org.qemu.Display1.Console"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_ANSWER_MAX = 4 << 20  # bytes
_HEADS_MAX = 16

Objects = dict[str, dict[str, dict[str, Any]]]  # path -> interface -> property -> value
Then = Callable[[tuple[Any, ...] | None, str], None]  # the answer's values, or None and the error
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Head:
    """A monitor of the machine: `number` counts from 0, `path` is QEMU's name for it."""

    number: int
    path: str
    label: str
    width: int
    height: int


class Member(Protocol):
    """What a Display tells each of its backends, on its thread."""

    @property
    def path(self) -> str: ...
    def property_changed(self, interface: str, name: str, value: Any) -> None: ...
    def guest_copied(self, text: str) -> None: ...
    def picture_over(self) -> bool: ...
    def ended(self, problem: Problem | None) -> None: ...


class Handler(Protocol):
    """What reads a socket's messages."""

    def handle(self, header: wire.Header) -> None: ...
    def close(self) -> None: ...


@dataclass(slots=True)
class _Source:
    link: Link
    handle: Callable[[wire.Header], None]
    over: Callable[[Exception], None]
    mask: int = select.POLLIN
    login: bool = False  # not logged in yet

    def forget(self) -> None:
        """Whoever reads it may go at once: these two refer to each other in a circle."""
        self.handle = lambda header: None
        self.over = lambda error: None


class Display:
    """One machine's connection. A newer one, of whatever viewer, throws it out: that is how QEMU does it."""

    def __init__(self, fd: int) -> None:
        """`fd`: a connected socket from openGraphicsFD; taken over."""
        self._link = Link(socket.socket(fileno=fd), self._wake)
        self._event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._event_lock = threading.Lock()
        self._poll = select.poll()
        self._sources: dict[int, _Source] = {}
        self._tasks: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._lock = threading.Lock()  # for starting, ending, members
        self._thread: threading.Thread | None = None
        self._over = False
        self._closing = False
        self._problem: Problem | None = None
        self._pidfd = -1
        self._opened: concurrent.futures.Future[tuple[Head, ...]] = concurrent.futures.Future()
        self._pending: dict[int, Then] = {}
        self._members: list[Member] = []
        self._sound: tuple[Sound, Link] | None = None
        self._ear: tuple[Ear, Link] | None = None
        self._speaker: Speaker | None = None
        self._talker: Talker | None = None
        self.objects: Objects = {}
        self.heads: tuple[Head, ...] = ()
        self.clipboard = Clipboard(self._link, self._request_simply, self._guest_copied)

    # ---------------------------------------------------------------- for everybody

    async def connect(self) -> tuple[Head, ...]:
        """Log in, once however often it is called; the monitors. VirtError."""
        with self._lock:
            if self._thread is None and not self._over:
                self._thread = threading.Thread(target=self._run, name="dbus display", daemon=True)
                self._thread.start()
        try:
            return await wait(self._opened, 2 * SECONDS, words.silent(2 * SECONDS))
        except VirtError as error:
            self.fail(error.problem)
            raise

    def join(self, member: Member) -> None:
        with self._lock:
            self._members.append(member)

    def leave(self, member: Member) -> None:
        """The last one out closes the connection."""
        with self._lock:
            if member in self._members:
                self._members.remove(member)
            last = not self._members
        if last:
            self.close()

    def alone(self, member: Member) -> bool:
        with self._lock:
            return self._members in ([], [member])

    def do(self, task: Callable[[], None]) -> bool:
        """Have the thread run it. False: there is no thread (any more)."""
        if self._over or self._thread is None:
            return False
        self._tasks.append(task)
        self._wake()
        return True

    def call(
        self, path: str, interface: str, member: str, signature: str = "", values: Sequence[Any] = (),
        *, replaceable: bool = False, urgent: bool = False,
    ) -> bool:  # fmt: skip
        """Call one of QEMU's methods, from any thread, and wait for nothing; False: dropped."""
        if not self._opened.done():
            return False
        return self._link.call(path, interface, member, signature, values, replaceable=replaceable, urgent=urgent)

    def fail(self, problem: Problem) -> None:
        """End the connection with this problem, from any thread."""
        with self._lock:
            self._problem = self._problem or problem
        self._stop()

    def close(self) -> None:
        """End it in order, from any thread. Idempotent."""
        self._closing = True
        if self._opened.done():
            self.clipboard.leave()
        self._stop()

    def _stop(self) -> None:
        with self._lock:
            started = self._thread is not None
            already, self._over = self._over, self._over or not started
        self._link.shut()
        self._wake()
        if not started and not already:
            self._end()

    def _wake(self) -> None:
        with self._event_lock:
            if self._event >= 0:
                os.eventfd_write(self._event, 1)

    # ---------------------------------------------------------------- the thread

    def _run(self) -> None:
        problem: Problem | None = None
        try:
            self._log_in()
            while not self._closing:
                self._turn()
        except Ended:
            problem = self._why_ended()
        except TimeoutError:
            problem = words.silent(SECONDS)
        except Refused as error:
            problem = words.rejected(str(error))
        except ProtocolError as error:
            problem = words.protocol(str(error))
        except BaseException as error:
            problem = words.protocol(repr(error))  # our own mistake: the thread dies of it, and is reported
            raise
        finally:
            self._problem = self._problem or (None if self._closing else problem)
            self._end()

    def _log_in(self) -> None:
        pid = self._link.handshake(SECONDS)
        if pid > 1:
            with contextlib.suppress(OSError):
                self._pidfd = os.pidfd_open(pid)
        self._poll.register(self._event, select.POLLIN)
        self.add(self._link, self._handle, self._control_over)
        self.request(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", then=self._objects_listed)

    def _turn(self) -> None:
        for fd, source in self._sources.items():
            mask = select.POLLIN | (select.POLLOUT if source.link.behind else 0)
            if mask != source.mask:
                source.mask = mask
                self._poll.modify(fd, mask)
        for fd, events in self._poll.poll(self._run_timers()):
            if fd == self._event:
                os.eventfd_read(fd)
                while self._tasks:
                    self._tasks.popleft()()
            elif ready := self._sources.get(fd):  # else it went with an earlier event of this turn
                self._serve(ready, events)

    def later(self, seconds: float, task: Callable[[], None]) -> None:
        """Run it on the thread in a while: for the thread."""
        self._timers.append((time.monotonic() + seconds, task))

    def _run_timers(self) -> float | None:
        """Milliseconds until the next one."""
        if not self._timers:
            return None
        now = time.monotonic()
        due = [task for when, task in self._timers if when <= now]
        self._timers = [timer for timer in self._timers if timer[0] > now]
        for task in due:
            task()
        if due:
            return 0
        return max(1.0, (min(when for when, _ in self._timers) - now) * 1000)

    def _serve(self, source: _Source, events: int) -> None:
        if events & select.POLLOUT:
            source.link.flush()
        if not events & ~select.POLLOUT:
            return
        try:
            if source.login:
                source.login = not source.link.log_in()
            elif header := source.link.header():
                source.handle(header)
        except (Ended, Refused, ProtocolError, CannotShow) as error:
            source.over(error)

    def add(self, link: Link, handle: Callable[[wire.Header], None], over: Callable[[Exception], None]) -> None:
        """Read this socket's messages too. `over(error)` is told when it ends; it calls `remove`."""
        self._sources[link.fileno()] = _Source(link, handle, over)
        self._poll.register(link.fileno(), select.POLLIN)

    def remove(self, link: Link) -> None:
        """And no longer; the socket is closed."""
        fd = link.fileno()
        if source := self._sources.pop(fd, None):
            self._poll.unregister(fd)
            source.forget()
        link.close()

    def listen(
        self, path: str, interface: str, member: str, handle: Callable[[wire.Header], None],
        over: Callable[[Exception], None],
    ) -> Link:  # fmt: skip
        """Have QEMU connect to a socket of ours: for the thread. `over` gets Refused if it does not.

        It logs in while it still has the call in hand, and asks its first questions before it takes another one: so
        nothing here may wait for anything.
        """
        ours, theirs = socket.socketpair()
        with contextlib.suppress(OSError):
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)  # the system cuts this to what it allows
        link = Link(ours, self._wake)
        self.add(link, handle, over)
        source = self._sources[link.fileno()]
        source.login = True

        def failed(error: Refused) -> None:
            if source.login and self._sources.get(link.fileno()) is source:
                source.over(error)

        def login_over(error: Exception) -> None:
            if source.login and not isinstance(error, Refused):
                self._hear(0.1, lambda: not source.login or link.fileno() < 0)  # QEMU's words may say why
                failed(Refused(f"{type(error).__name__} {error}".strip()))
            else:
                over(error)

        def answered(values: tuple[Any, ...] | None, error: str) -> None:
            if values is None:
                failed(Declined(error))

        source.over = login_over
        self.request(path, interface, member, "h", [0], [theirs.detach()], then=answered)
        self.later(SECONDS, lambda: failed(Refused("no login")))
        link.begin()
        return link

    def _hear(self, seconds: float, enough: Callable[[], bool]) -> None:
        """Nothing but QEMU's own connection, for so long."""
        patience = select.poll()
        patience.register(self._link.fileno(), select.POLLIN)
        end = time.monotonic() + seconds
        while not enough() and patience.poll(max(0.0, end - time.monotonic()) * 1000):
            if header := self._link.header():
                self._handle(header)

    # ---------------------------------------------------------------- control

    def request(
        self, path: str, interface: str, member: str, signature: str = "", values: Sequence[Any] = (),
        fds: Sequence[int] = (), then: Then = lambda values, error: None,
    ) -> None:  # fmt: skip
        """Call one of QEMU's methods, on the thread; `then` gets the answer. `fds` are closed once sent."""
        serial = self._link.serial()
        self._pending[serial] = then
        data = wire.call(serial, path, interface, member, signature, values, fds=len(fds))
        self._link.post(data, fds, urgent=True)

    def _request_simply(
        self, path: str, interface: str, member: str, signature: str, values: Sequence[Any],
        then: Callable[[tuple[Any, ...] | None], None],
    ) -> None:  # fmt: skip
        self.request(path, interface, member, signature, values, then=lambda answer, _: then(answer))

    def _handle(self, header: wire.Header) -> None:
        """A message from QEMU on its own connection."""
        fields = header.fields
        if header.kind == wire.CALL:
            if fields.path == CLIPBOARD_PATH:
                self.clipboard.handle(header)
            else:
                serve(self._link, header, {})
        elif header.kind == wire.SIGNAL:
            if (fields.interface, fields.member) == (_PROPERTIES, "PropertiesChanged"):
                self._properties_changed(header)
        elif then := self._pending.pop(fields.reply_serial, None):
            if header.length > _ANSWER_MAX:
                then(None, f"an answer of {header.length} bytes")
                return
            values = wire.decode(fields.signature, self._link.rest(_ANSWER_MAX))
            if header.kind == wire.ERROR:
                then(None, str(values[0]) if values and isinstance(values[0], str) else fields.error)
            else:
                then(values, "")

    def _control_over(self, error: Exception) -> None:
        raise error

    def _objects_listed(self, values: tuple[Any, ...] | None, error: str) -> None:
        """All objects with all their properties, in one answer: a{oa{sa{sv}}}."""
        if values is None:
            raise ProtocolError(error)
        if len(values) != 1 or not isinstance(values[0], dict):
            raise ProtocolError("no list of objects")
        self.objects = {path: known for path, known in values[0].items() if _properties(known)}
        found = []
        for path, interfaces in self.objects.items():
            console = interfaces.get(CONSOLE, {})
            number = path.removeprefix(f"{ROOT}/Console_")
            if number.isascii() and number.isdecimal() and console.get("Type") == "Graphic":
                found.append((int(number), path, console))
        found.sort(key=lambda console: console[0])
        self.heads = tuple(
            Head(place, path, str(known.get("Label", "")), _whole(known.get("Width")), _whole(known.get("Height")))
            for place, (_, path, known) in enumerate(found[:_HEADS_MAX])
        )
        if not self.heads:
            self._problem = self._problem or words.no_graphics()
            raise Ended
        self._opened.set_result(self.heads)

    def _properties_changed(self, header: wire.Header) -> None:
        if header.fields.signature != "sa{sv}as":
            raise ProtocolError("PropertiesChanged with other values")
        interface, changed, _ = wire.decode("sa{sv}as", self._link.rest(_ANSWER_MAX))
        path = header.fields.path
        known = self.objects.get(path, {}).get(interface)
        if known is None:
            return
        for name, value in changed.items():
            if name not in known:
                continue
            known[name] = value
            for member in self._members_now():
                if member.path == path:
                    member.property_changed(interface, name, value)

    def _guest_copied(self, text: str) -> None:
        for member in self._members_now():
            member.guest_copied(text)

    def _members_now(self) -> list[Member]:
        with self._lock:
            return list(self._members)

    @property
    def can_sound(self) -> bool:
        """Before it told NSamples, a QEMU asked for sound over such a connection crashed, and its guest with it."""
        return "NSamples" in self.objects.get(audio.PATH, {}).get(audio.AUDIO, {})

    def want_sound(self, speaker: Speaker, on: bool) -> None:
        """From any thread. One speaker a machine: the newest."""
        self._speaker = speaker if on else None if self._speaker is speaker else self._speaker
        self.do(self.play)

    def want_microphone(self, talker: Talker, on: bool) -> None:
        """From any thread, and off holds at once."""
        self._talker = talker if on else None if self._talker is talker else self._talker
        if self._talker is None and self._ear:
            self._ear[0].close()
        self.do(self.play)

    def play(self) -> None:
        """Listen to the sound, let QEMU listen, or no longer: for the thread, once it is logged in."""
        if not self.can_sound:
            return
        if self._sound and self._sound[0].speaker is not self._speaker:
            self._stop_sound()
        if self._ear and self._ear[0].talker is not self._talker:
            self._stop_ear()
        if self._speaker and not self._sound:
            sound = Sound(self._speaker)
            link = self.listen(
                audio.PATH, audio.AUDIO, "RegisterOutListener", sound.handle, lambda _: self._stop_sound()
            )
            self._sound = sound, link
            sound.attach(link)
        if self._talker and not self._ear:
            ear = Ear(self._talker)
            link = self.listen(audio.PATH, audio.AUDIO, "RegisterInListener", ear.handle, lambda _: self._stop_ear())
            self._ear = ear, link
            ear.attach(link)

    def _stop_sound(self) -> None:
        found, self._sound = self._sound, None
        if found:
            found[0].close()
            self.remove(found[1])

    def _stop_ear(self) -> None:
        found, self._ear = self._ear, None
        if found:
            found[0].close()
            self.remove(found[1])

    # ---------------------------------------------------------------- the end

    def _why_ended(self) -> Problem | None:
        """QEMU closed its connection: did it end, or is there a newer viewer?

        A QEMU that ends takes all sockets with it, and its process. Another viewer takes this connection first; the
        pictures' one follows with old versions of QEMU, and goes on with new ones.
        """
        if self._closing:
            return None
        if self._problem:
            return self._problem
        for tenths in range(5):
            if self._pidfd >= 0 and select.select([self._pidfd], [], [], 0.1)[0]:
                return words.ended()
            if self._pidfd < 0:
                time.sleep(0.1)
            alive = any(not member.picture_over() for member in self._members_now())
            if tenths >= 2 and (alive or self._pidfd < 0):
                return words.taken() if alive else words.ended()
        return words.taken()

    def _end(self) -> None:
        with self._lock:
            self._over = True
            members, self._members = self._members, []
            problem = self._problem
        for source in self._sources.values():
            source.link.close()
            source.forget()
        self._sources.clear()
        self._link.close()
        for end in (self._sound, self._ear):
            if end:
                end[0].close()
        self._sound = self._ear = None
        for waiting in (self._tasks, self._timers, self._pending):
            waiting.clear()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        with self._event_lock:
            os.close(self._event)
            self._event = -1
        if not self._opened.done():
            self._opened.set_exception(VirtError(problem or words.closed()))
        for member in members:
            member.ended(problem)


def _properties(interfaces: Any) -> bool:
    """Whether this is a{sa{sv}}."""
    return isinstance(interfaces, dict) and all(isinstance(known, dict) for known in interfaces.values())


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


async def wait(future: "concurrent.futures.Future[T]", seconds: float, late: Problem) -> T:
    """The result that a thread brings. VirtError `late` when time is up; the future is left alone."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def tell(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(done.set)

    future.add_done_callback(tell)
    try:
        await asyncio.wait_for(done.wait(), seconds)
    except TimeoutError:
        raise VirtError(late) from None
    return future.result()
