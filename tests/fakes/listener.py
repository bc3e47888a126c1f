"""A listener of a console that remembers what it was told."""

import threading
import time
from collections.abc import Callable

from vmdesk.console.screen import Cursor, Rect, Surface
from vmdesk.model.errors import Problem


class Recorder:
    """A Listener and a Speaker. Told on the backend's thread, asked from the test's."""

    def __init__(self) -> None:
        self.surfaces: list[Surface] = []
        self.damaged: list[Rect] = []
        self.cursors: list[Cursor | None] = []
        self.modes: list[bool] = []
        self.lights: list[int] = []
        self.texts: list[str] = []
        self.bells = 0
        self.ends: list[Problem | None] = []
        self.sound: list[bytes | tuple[int, int, int] | None] = []
        self.threads: set[str] = set()

    def surface(self, surface: Surface) -> None:
        assert not self.ends
        self.threads.add(threading.current_thread().name)
        if self.surfaces:
            self.surfaces[-1].release()
        self.surfaces.append(surface)

    def damage(self, rect: Rect) -> None:
        assert not self.ends
        self.damaged.append(rect)

    def cursor(self, cursor: Cursor | None) -> None:
        self.cursors.append(cursor)

    def pointer_mode(self, absolute: bool) -> None:
        self.modes.append(absolute)

    def leds(self, leds: int) -> None:
        self.lights.append(leds)

    def clipboard(self, text: str) -> None:
        self.texts.append(text)

    def bell(self) -> None:
        self.bells += 1

    def closed(self, problem: Problem | None) -> None:
        self.ends.append(problem)

    def audio_begin(self, rate: int, channels: int, bits: int) -> None:
        self.sound.append((rate, channels, bits))

    def audio(self, data: bytes) -> None:
        self.sound.append(data)

    def audio_end(self) -> None:
        self.sound.append(None)

    # ------------------------------------------------------------ asking

    @property
    def picture(self) -> bytes:
        """What is on the screen now: B G R X, no padding."""
        return bytes(self.surfaces[-1].data)

    def wait(self, condition: Callable[["Recorder"], object], seconds: float = 10) -> None:
        """AssertionError if the condition does not become true."""
        end = time.monotonic() + seconds
        while not condition(self):
            assert time.monotonic() < end, f"not told within {seconds} s; ends {self.ends}, damage {self.damaged[-5:]}"
            time.sleep(0.002)
