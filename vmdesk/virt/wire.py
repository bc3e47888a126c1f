"""One virConnect and the calls on it."""

import asyncio
import atexit
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import libvirt

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import errors
from vmdesk.virt.lane import Lane

T = TypeVar("T")
# libvirtd answers five calls of a client at a time, and keepalive needs one of them.
IN_FLIGHT = 4

# Wires given up whose calls are not back: held here, because freeing a virConnect under a running call crashes.
_given_up: set["Wire"] = set()


@atexit.register
def _leave_open() -> None:
    """At the end of the program Python frees everything, and a virConnect closes itself then: not under a call."""
    for wire in _given_up:
        wire.forget()


@dataclass(frozen=True, slots=True)
class _Failure:
    problem: Problem


class Wire:
    """One virConnect, opened in a worker by its first call, and at most four calls in flight on it.

    open     makes the virConnect (in a worker)
    goodbye  what to undo on it before it is closed
    heals    open another one when it turns out to be dead
    """

    def __init__(
        self,
        name: str,
        uri: str,
        open: Callable[[], "libvirt.virConnect"],  # noqa: A002 - the word for it
        goodbye: Callable[["libvirt.virConnect"], None] = lambda _conn: None,
        heals: bool = True,
    ) -> None:
        self.uri = uri
        self._open, self._goodbye, self._heals = open, goodbye, heals
        self._lane = Lane(IN_FLIGHT, f"libvirt {name}")
        self._lock = threading.Lock()  # taken in workers only: it is held while opening
        self._conn: libvirt.virConnect | None = None
        self._dead: list[libvirt.virConnect] = []
        self._domains: dict[str, libvirt.virDomain] = {}
        self._running: set[Future[Any]] = set()
        self._behind: set[Future[Any]] = set()
        self._ended = False
        self._closed = threading.Event()

    @property
    def behind(self) -> int:
        """Calls whose caller went away and that are not back."""
        return len(self._behind)

    @property
    def ended(self) -> bool:
        return self._ended

    async def call(
        self,
        fn: Callable[["libvirt.virConnect"], T],
        doing: Text | None = None,
        timeout: float | None = None,
    ) -> T:
        """`fn(virConnect)` in a worker. Raises VirtError.

        timeout  seconds, waiting for a free worker included; then VirtError "timeout" and the call is left behind.
        """
        if self._ended:
            raise not_connected(doing)
        future: Future[T | _Failure] = self._lane.submit(self._run, fn, doing)
        self._running.add(future)
        future.add_done_callback(self._returned)
        try:
            result = await asyncio.wait_for(asyncio.wrap_future(future), timeout)
        except TimeoutError:
            raise errors.timeout(doing, timeout or 0) from None
        except asyncio.CancelledError:
            if self.ended and future.cancelled() and not _cancelling():  # `leave()` took it out of the queue
                raise not_connected(doing) from None
            raise
        finally:
            if not future.done():
                self._behind.add(future)
                future.add_done_callback(self._behind.discard)
        if isinstance(result, _Failure):
            raise VirtError(result.problem)
        return result

    def domain(self, conn: "libvirt.virConnect", uuid: str) -> "libvirt.virDomain":
        """The machine of that UUID, in a worker. Remembered: its state is always asked, its id() may be old."""
        found = self._domains.get(uuid)
        if found is None or found.connect() is not conn:
            found = self._domains[uuid] = conn.lookupByUUIDString(uuid)
        return found

    def remember(self, domains: list["libvirt.virDomain"]) -> None:
        """Replace what `domain()` remembers by a whole listing."""
        self._domains = {domain.UUIDString(): domain for domain in domains}

    @property
    def remembered(self) -> set[str]:
        return set(self._domains)

    def leave(self) -> None:
        """Give it up now: no more calls; its virConnect is closed in the background when the last call is back."""
        if self._ended:
            return
        self._ended = True
        _given_up.add(self)
        self._lane.shutdown(cancel_futures=True)
        if not self._running:
            self._drop_in_background()

    def forget(self) -> None:
        """The program ends: the kernel closes the socket."""
        for conn in [*self._dead, *([self._conn] if self._conn is not None else [])]:
            conn._o = None  # what virConnect.__del__ would close

    async def close(self, timeout: float) -> None:
        """`leave()`, and wait until it is closed, `timeout` seconds at most."""
        self.leave()
        waiter = Lane(1, "libvirt closing")
        await asyncio.wrap_future(waiter.submit(self._closed.wait, timeout))
        waiter.shutdown()

    def _run(self, fn: Callable[["libvirt.virConnect"], T], doing: Text | None) -> T | _Failure:
        # Turned into words here: a libvirtError's traceback holds our frames, hence libvirt objects, hence the socket.
        try:
            return fn(self._connected())
        except libvirt.libvirtError as error:
            return _Failure(errors.problem(error, doing, self.uri))
        except SystemError as error:
            # libvirt 9.0 puts whatever lies in a buffer into some messages (a bridge helper that says nothing), and its
            # binding cannot read that as text.
            if not isinstance(error.__cause__, UnicodeDecodeError):
                raise
            return _Failure(errors.unreadable(doing))

    def _connected(self) -> "libvirt.virConnect":
        with self._lock:
            if self._conn is not None and self._heals and not _alive(self._conn):
                self._dead.append(self._conn)
                self._conn = None
                self._domains = {}
            if self._conn is None:
                self._conn = self._open()
            return self._conn

    def _returned(self, future: "Future[Any]") -> None:
        """A call is back (in its worker, or on the main thread if it never began)."""
        self._running.discard(future)
        if not self._running and (self._ended or self._dead):
            self._drop_in_background()

    def _drop_in_background(self) -> None:
        lane = Lane(1, "libvirt closing")
        lane.submit(self._drop)
        lane.shutdown()

    def _drop(self) -> None:
        with self._lock:
            dead, self._dead = self._dead, []
            if self._ended:
                self._domains = {}
                if self._conn is not None:
                    dead.append(self._conn)
                    self._conn = None
        for conn in dead:
            with contextlib.suppress(libvirt.libvirtError):
                self._goodbye(conn)
            with contextlib.suppress(libvirt.libvirtError):
                conn.close()
        if self._ended:
            _given_up.discard(self)
            self._closed.set()


def not_connected(doing: Text | None = None) -> VirtError:
    """The host is not connected (any more)."""
    return errors.refused(doing, text("The host is not connected."), text("Connect to it first."), "closed")


def _alive(conn: "libvirt.virConnect") -> bool:
    try:
        return bool(conn.isAlive())
    except libvirt.libvirtError:
        return True  # the driver cannot tell


def _cancelling() -> bool:
    """Whether the running task was asked to stop (and not only the future it waits for)."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
