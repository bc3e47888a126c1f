"""Long work in a worker that stops when nobody wants it any more: cancelled, or the host's connection closed."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

import libvirt

from vmdesk.model.errors import VirtError
from vmdesk.model.text import Text
from vmdesk.virt.connection import Connection
from vmdesk.virt.wire import not_connected

T = TypeVar("T")
Progress = Callable[[int, int], None]  # bytes done, bytes in all; called on the thread that awaits the work
STOPPING = 5.0  # seconds that cancelled work has to put away what it has begun
_CLOSING = 2.0
_TELLING = 0.1  # seconds between two reports of progress


class Stopped(Exception):
    """Raised by work that was asked to stop, after it has put away what it had begun."""


class Stop:
    """Asked by the work, in its worker."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def ask(self) -> None:
        self._asked.set()

    def check(self) -> None:
        """Raise Stopped if it is to stop."""
        if self._asked.is_set():
            raise Stopped


async def stoppable(connection: Connection, work: Callable[["libvirt.virConnect", Stop], T], doing: Text) -> T:
    """`work(virConnect, stop)` on the wire for long jobs.

    Cancelled, it is asked to stop and has 5 s for that: a daemon that hangs may keep it longer, but nobody waits.
    When the connection is closed meanwhile: VirtError "closed".
    """
    stop = Stop()
    task = asyncio.ensure_future(connection.long.call(lambda conn: work(conn, stop), doing))

    async def end() -> None:
        stop.ask()
        await asyncio.wait((task,), timeout=_CLOSING)

    connection.closers.add(end)
    try:
        return await asyncio.shield(task)
    except Stopped:
        raise not_connected(doing) from None
    except asyncio.CancelledError:
        stop.ask()
        await asyncio.wait((task,), timeout=STOPPING)
        raise
    finally:
        connection.closers.discard(end)
        task.add_done_callback(_forget)


def _forget(task: "asyncio.Future[T]") -> None:
    """Whoever waited has gone: how it ended is nobody's business."""
    with contextlib.suppress(asyncio.CancelledError, Stopped, VirtError):
        task.exception()


class Meter:
    """Tells of progress from a worker, ten times a second at most. `add` is called there, `end` where it is awaited."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._loop = asyncio.get_running_loop()
        self.done = self._total = 0
        self._next = 0.0

    def begin(self, total: int) -> None:
        self._total = total

    def add(self, count: int) -> None:
        self.done += count
        now = self._loop.time()
        if self._progress and now >= self._next:
            self._next = now + _TELLING
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._tell, self.done, self._total)

    def end(self, finished: bool) -> None:
        """No more reports; the last one if it is `finished`."""
        if finished:
            self._tell(self._total, self._total)
        self._progress = None

    def _tell(self, done: int, total: int) -> None:
        if self._progress:
            self._progress(done, total)
