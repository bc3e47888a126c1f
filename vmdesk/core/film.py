"""A machine's screen being recorded, whether or not somebody looks at it."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from vmdesk.console.recording import RATE, End, Recording
from vmdesk.console.screen import Cursor, Rect, Surface
from vmdesk.core.jobs import Report
from vmdesk.core.screen import Screen
from vmdesk.core.screen_state import Status
from vmdesk.core.screens import Screens
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text
from vmdesk.virt.lane import Lane

_ENDS = {
    End.LONG: text("The recording has ended: it is as long as it may be."),
    End.LARGE: text("The recording has ended: it is as large as it may be."),
    End.DISK: text("The recording has ended: there is no room for it on the disk."),
}


class Film:
    """Runs from the start on. `ended(why)`: it ended by itself. A watcher of the screen."""

    def __init__(
        self, screens: Screens, key: DomainKey, wish: str, ended: Callable[[Text], None], head: int = 0
    ) -> None:
        self.key = key
        self._ended = ended
        self._surface: Surface | None = None
        self._dirty = False
        self._loop = asyncio.get_running_loop()
        self._recording = Recording(self._on_limit)
        self._lane = Lane(1, "film")
        self._screen: Screen | None = screens.hold(key, wish, head)
        self._screen.attach(self)
        self._task = screens.jobs.spawn(f"recording of {key.uuid}", self._run())

    @property
    def running(self) -> bool:
        return self._screen is not None

    @property
    def seconds(self) -> float:
        return self._recording.seconds

    @property
    def empty(self) -> bool:
        """No picture has come."""
        return self._recording.seconds == 0.0

    def stop(self) -> None:
        """No more pictures. Idempotent."""
        self._recording.stop()
        self._task.cancel()
        screen, self._screen = self._screen, None
        if screen is not None:
            screen.detach(self)
            screen.release()

    async def save(self, file: Path, report: Report) -> None:
        """Write it: GIF or WebP by the name's ending. VirtError."""
        self.stop()

        def progress(part: float) -> None:
            with contextlib.suppress(RuntimeError):  # the program has ended
                self._loop.call_soon_threadsafe(report, part)

        await self._loop.run_in_executor(self._lane, self._recording.save, file, progress)

    def close(self) -> None:
        """Forget it."""
        self.stop()
        with contextlib.suppress(RuntimeError):  # the second time
            self._lane.submit(self._recording.close)  # it waits for what is still being packed
        self._lane.shutdown()

    def _on_limit(self, why: End) -> None:
        """On the recording's thread."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end, _ENDS[why])

    def _end(self, why: Text) -> None:
        if self.running:
            self.stop()
            self._ended(why)

    async def _run(self) -> None:
        """Looks again and again: what changes all the time is not taken all the time."""
        while True:
            if self._dirty and self._surface is not None and self._recording.frame(self._surface):
                self._dirty = False
            await asyncio.sleep(1 / RATE / 2)

    # ---------------------------------------------------------------- a screen's watcher

    @property
    def seen(self) -> bool:
        return True

    def status(self, status: Status) -> None:
        """While there is no picture the last one stands."""

    def picture(self, surface: Surface | None) -> None:
        self._surface = surface
        self._dirty = surface is not None

    def damaged(self, rects: tuple[Rect, ...], since: float) -> None:
        self._dirty = True

    def cursor(self, cursor: Cursor | None) -> None:
        """Only what the guest itself draws is recorded."""

    def pointer_mode(self, absolute: bool) -> None:
        """Nothing to see."""

    def leds(self, leds: int) -> None:
        """Nothing to see."""

    def clipboard(self, text: str) -> None:
        """Nothing to see."""

    def bell(self) -> None:
        """Nothing to see."""

    def ended(self, problem: Problem | None) -> None:
        """The machine may come back."""
