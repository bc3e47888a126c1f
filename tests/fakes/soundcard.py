"""A sound device in memory, as fast or slow as a test wants."""

import threading

from vmdesk.console.soundcard import Form, NoSound


class FakeCard:
    """`open` is what a Player or Microphone takes. `hold`: nothing is played until `go`; `broken`: no device."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.opened: list[tuple[Form, str]] = []
        self.played = b""
        self.closed = 0
        self.says = b""  # what the microphone hears, again and again
        self.go = threading.Event()
        self.go.set()

    def open(self, form: Form, name: str) -> "FakeCard":
        if self.broken:
            raise NoSound("no device")
        self.opened.append((form, name))
        return self

    def write(self, data: bytes) -> None:
        self.go.wait(10)
        if self.broken:
            raise NoSound("it went away")
        self.played += data

    def read(self, size: int) -> bytes:
        self.go.wait(0.01)
        if self.broken:
            raise NoSound("it went away")
        return (self.says * size)[:size]

    def close(self) -> None:
        self.closed += 1
