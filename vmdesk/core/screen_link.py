"""One connection to a screen, shared by all who look at it; what comes on its thread goes on to the main thread."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Protocol

from vmdesk.console.screen import Backend, Cursor, Rect, Surface
from vmdesk.model.errors import Problem

RECTS = 24  # changed rectangles told apart; more become one around them

Hop = Callable[[Callable[[], None]], None]  # runs a function on the main thread soon, from any thread


class Viewer(Protocol):
    """Somebody who looks at a link. Called on the main thread."""

    @property
    def seen(self) -> bool:
        """Whether it is on the screen now."""

    def picture(self, surface: Surface | None) -> None:
        """Another frame buffer; the one before must not be touched after this returns."""

    def damaged(self, rects: tuple[Rect, ...], since: float) -> None:
        """These pixels changed, the first of them at `since` (monotonic)."""

    def cursor(self, cursor: Cursor | None) -> None: ...
    def pointer_mode(self, absolute: bool) -> None: ...
    def leds(self, leds: int) -> None: ...
    def clipboard(self, text: str) -> None: ...
    def bell(self) -> None: ...

    def ended(self, problem: Problem | None) -> None:
        """The connection is over. `picture(None)` comes before."""


class Sound(Protocol):
    """Who plays what a guest plays, and what it hears (core/sound.py). Called on the backend's thread."""

    def audio_begin(self, rate: int, channels: int, bits: int) -> None: ...
    def audio(self, data: bytes) -> None: ...
    def audio_end(self) -> None: ...
    def record_begin(self, rate: int, channels: int, bits: int, heard: Callable[[bytes], None]) -> None: ...
    def record_end(self) -> None: ...


class Link:
    """The listener of one backend. Its first half is called on the backend's thread, its second on the main thread."""

    def __init__(self, protocol: str, hop: Hop) -> None:
        self.protocol = protocol
        self.backend: Backend | None = None
        self.picture: Surface | None = None
        self.shape: Cursor | None = None
        self.absolute = True
        self.lights: int | None = None
        self.over = False
        self.problem: Problem | None = None
        self._hop = hop
        self._viewers: list[Viewer] = []
        self._paused = False
        self._sound: Sound | None = None
        self._lock = threading.Lock()  # for what has come and was not handed on yet:
        self._news: list[Callable[[], None]] = []
        self._rects: list[Rect] = []
        self._since = 0.0
        self._asked = False

    # ---------------------------------------------------------------- the backend's thread

    def surface(self, surface: Surface) -> None:
        self._tell(lambda: self._take_surface(surface))

    def damage(self, rect: Rect) -> None:
        with self._lock:
            if not self._rects:
                self._since = time.monotonic()
            elif len(self._rects) >= RECTS:
                rect = _around([*self._rects, rect])
                self._rects.clear()
            self._rects.append(rect)
        self._ask()

    def cursor(self, cursor: Cursor | None) -> None:
        self._tell(lambda: self._take_cursor(cursor))

    def pointer_mode(self, absolute: bool) -> None:
        self._tell(lambda: self._take_mode(absolute))

    def leds(self, leds: int) -> None:
        self._tell(lambda: self._take_leds(leds))

    def clipboard(self, text: str) -> None:
        self._tell(lambda: self._each(lambda viewer: viewer.clipboard(text)))

    def bell(self) -> None:
        self._tell(lambda: self._each(lambda viewer: viewer.bell()))

    def closed(self, problem: Problem | None) -> None:
        self._tell(lambda: self._take_end(problem))

    def audio_begin(self, rate: int, channels: int, bits: int) -> None:
        if sound := self._sound:
            sound.audio_begin(rate, channels, bits)

    def audio(self, data: bytes) -> None:
        """Not by way of the main thread: it may be busy, and sound may not wait."""
        if sound := self._sound:
            sound.audio(data)

    def audio_end(self) -> None:
        if sound := self._sound:
            sound.audio_end()

    def record_begin(self, rate: int, channels: int, bits: int, heard: Callable[[bytes], None]) -> None:
        if sound := self._sound:
            sound.record_begin(rate, channels, bits, heard)

    def record_end(self) -> None:
        if sound := self._sound:
            sound.record_end()

    def _tell(self, news: Callable[[], None]) -> None:
        with self._lock:
            self._news.append(news)
        self._ask()

    def _ask(self) -> None:
        with self._lock:
            asked, self._asked = self._asked, True
        if not asked:
            with contextlib.suppress(RuntimeError):  # the program has ended
                self._hop(self._deliver)

    # ---------------------------------------------------------------- the main thread

    def _deliver(self) -> None:
        with self._lock:
            self._asked = False
            since = self._since
            rects, self._rects = self._rects, []
            news, self._news = self._news, []
        for one in news:
            one()
        if rects and self.picture is not None:
            clipped = (rect.clipped(self.picture.width, self.picture.height) for rect in rects)
            told = tuple(dict.fromkeys(rect for rect in clipped if not rect.empty))
            if told:
                self._each(lambda viewer: viewer.damaged(told, since))

    def attach(self, viewer: Viewer) -> None:
        """Look at it; hears at once what there is."""
        self._viewers.append(viewer)
        self.look()
        if self.picture is not None:
            viewer.picture(self.picture)
        viewer.cursor(self.shape)
        viewer.pointer_mode(self.absolute)
        if self.lights is not None:
            viewer.leds(self.lights)

    def detach(self, viewer: Viewer) -> None:
        if viewer in self._viewers:
            self._viewers.remove(viewer)
            if self.picture is not None:
                viewer.picture(None)
            self.look()

    def look(self) -> None:
        """Somebody came on the screen or went from it: hidden screens are not sent."""
        paused = not any(viewer.seen for viewer in self._viewers)
        if paused != self._paused and self.backend is not None and not self.over:
            self._paused = paused
            self.backend.pause_updates(paused)

    def hear(self, sound: Sound | None, loud: bool, microphone: bool) -> None:
        """Whose the machine's sound is, whether it is to be sent at all, and whether the guest may listen."""
        if sound is not None or self._sound is not None:
            self._sound = sound
            if self.backend is not None and not self.over:
                self.backend.sound(loud)
                self.backend.microphone(microphone)

    def close(self) -> None:
        """End the connection. Nobody hears of it."""
        for viewer in tuple(self._viewers):
            self.detach(viewer)
        if self.backend is not None:
            self.backend.close()
        if self.over:
            self._let_go()

    def _each(self, do: Callable[[Viewer], None]) -> None:
        for viewer in tuple(self._viewers):
            do(viewer)

    def _take_surface(self, surface: Surface) -> None:
        if self.over:
            surface.release()
            return
        old, self.picture = self.picture, surface
        self._each(lambda viewer: viewer.picture(surface))
        if old is not None:
            old.release()

    def _take_cursor(self, cursor: Cursor | None) -> None:
        self.shape = cursor
        self._each(lambda viewer: viewer.cursor(cursor))

    def _take_mode(self, absolute: bool) -> None:
        self.absolute = absolute
        self._each(lambda viewer: viewer.pointer_mode(absolute))

    def _take_leds(self, leds: int) -> None:
        self.lights = leds
        self._each(lambda viewer: viewer.leds(leds))

    def _take_end(self, problem: Problem | None) -> None:
        self.over, self.problem = True, problem
        self._each(lambda viewer: viewer.picture(None))
        self._each(lambda viewer: viewer.ended(problem))
        self._let_go()

    def _let_go(self) -> None:
        picture, self.picture = self.picture, None
        if picture is not None:
            picture.release()


def _around(rects: list[Rect]) -> Rect:
    """The smallest rectangle around all of them."""
    around = rects[0]
    for rect in rects[1:]:
        around = around.union(rect)
    return around
