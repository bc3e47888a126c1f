"""The way of events from libvirt's thread to the main thread."""

import asyncio
from collections import deque
from collections.abc import Callable
from threading import Lock

from vmdesk.model.event import Event

SLICE = 200  # events handed over in one turn of the loop, so that a burst never holds up the window


class Inbox:
    """Collects events from any thread and hands them over on the loop, in order, in slices.

    A burst costs one wake-up of the loop however many events it has.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, handle: Callable[[list[Event]], None]) -> None:
        self._loop = loop
        self._handle = handle
        self._lock = Lock()
        self._events: deque[Event] = deque()
        self._woken = False
        self._closed = False

    def post(self, event: Event) -> None:
        """Take one event. Called from any thread; cheap; never raises, also not while the program ends."""
        with self._lock:
            if self._closed:
                return
            self._events.append(event)
            if self._woken:
                return
            self._woken = True
        try:
            self._loop.call_soon_threadsafe(self._hand_over)
        except RuntimeError:  # the loop is closed: nobody is left to tell
            self._closed = True

    def close(self) -> None:
        """Drop what is waiting and take no more."""
        with self._lock:
            self._closed = True
            self._events.clear()

    def _hand_over(self) -> None:
        with self._lock:
            events = [self._events.popleft() for _ in range(min(SLICE, len(self._events)))]
            self._woken = more = bool(self._events)
        if more:
            self._loop.call_soon(self._hand_over)
        if events:
            self._handle(events)
