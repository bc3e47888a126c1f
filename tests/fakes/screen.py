"""A screen in memory: a backend that draws what it is told to, and the doors to it."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from vmdesk.console.screen import Backend, Cursor, Listener, Power, Rect, Surface
from vmdesk.core.screen_state import Found
from vmdesk.model.display import Channel, Display, Displays
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text

CLIPBOARD = Channel("qemu-vdagent", "com.redhat.spice.0", True, True)
ALL = Displays((Display("vnc", 0), Display("dbus", 1, p2p=True)), channels=(CLIPBOARD,))


class FakeBackend:
    """Notes what it is asked. `draw`, `resize_now`, `end` are what the guest and the host do; any thread."""

    def __init__(self, listener: Listener, protocol: str = "vnc", size: tuple[int, int] = (640, 480)) -> None:
        self.protocol = protocol
        self.secure = True
        self.listener = listener
        self.size = size
        self.fails: Problem | None = None
        self.silent = False  # never a first picture
        self.keys: list[tuple[int, bool]] = []
        self.pointers: list[tuple[int, int, int]] = []
        self.motions: list[tuple[int, int, int]] = []
        self.sizes: list[tuple[int, int]] = []
        self.copied: list[str] = []
        self.allowed: list[tuple[bool, bool]] = []
        self.paused: list[bool] = []
        self.silent: Text | None = None
        self.deaf: Text | None = None
        self.sounds: list[bool] = []
        self.microphones: list[bool] = []
        self.closes = 0
        self.powers: tuple[Power, ...] = ()
        self.powered: list[Power] = []
        self.surface = Surface.blank(*size)

    async def open(self) -> None:
        if self.silent:
            await asyncio.sleep(3600)
        if self.fails is not None:
            self.listener.closed(self.fails)
            raise VirtError(self.fails)
        paint(self.surface)
        self.listener.surface(self.surface)
        self.listener.damage(Rect(0, 0, *self.size))

    def draw(self, rect: Rect, color: int) -> None:
        """Fill a rectangle with 0xRRGGBB."""
        row = (color | 0xFF000000).to_bytes(4, "little") * rect.width
        for y in range(rect.y, rect.y + rect.height):
            start = y * self.surface.stride + rect.x * 4
            self.surface.data[start : start + len(row)] = row
        self.listener.damage(rect)

    def resize_now(self, width: int, height: int, painted: bool = True) -> None:
        self.surface = Surface.blank(width, height, self.surface.generation + 1)
        if painted:
            paint(self.surface)
        self.listener.surface(self.surface)
        self.listener.damage(Rect(0, 0, width, height))

    def end(self, name: str = "eof") -> None:
        self.listener.closed(Problem(text("The connection to the screen ended."), name=name))

    def in_thread(self, do: Callable[[], None]) -> None:
        """As a real one: on its own thread."""
        thread = threading.Thread(target=do)
        thread.start()
        thread.join()

    def key(self, qnum: int, down: bool) -> None:
        self.keys.append((qnum, down))

    def pointer(self, x: int, y: int, buttons: int) -> None:
        self.pointers.append((x, y, buttons))

    def motion(self, dx: int, dy: int, buttons: int) -> None:
        self.motions.append((dx, dy, buttons))

    def resize(self, width: int, height: int) -> None:
        self.sizes.append((width, height))

    def clipboard_set(self, text: str) -> None:
        self.copied.append(text)

    def clipboard_allow(self, to_guest: bool, from_guest: bool) -> None:
        self.allowed.append((to_guest, from_guest))

    def sound(self, on: bool) -> None:
        self.sounds.append(on)

    def microphone(self, on: bool) -> None:
        self.microphones.append(on)

    def power(self, action: Power) -> None:
        self.powered.append(action)

    def pause_updates(self, paused: bool) -> None:
        self.paused.append(paused)

    def close(self) -> None:
        self.closes += 1
        if self.closes == 1:
            self.listener.closed(None)


def paint(surface: Surface) -> None:
    """A picture in which every pixel says where it is: blue x, green y, red a checkerboard."""
    for y in range(surface.height):
        row = bytearray(surface.width * 4)
        row[0::4] = bytes(x & 255 for x in range(surface.width))
        row[1::4] = bytes([y & 255]) * surface.width
        row[2::4] = bytes(255 * ((x ^ y) >> 4 & 1) for x in range(surface.width))
        row[3::4] = b"\xff" * surface.width
        surface.data[y * surface.stride : y * surface.stride + len(row)] = row


def arrow() -> Cursor:
    """A white square with its hot spot in the middle."""
    return Cursor(16, 16, 8, 8, b"\xff\xff\xff\xff" * 256)


@dataclass
class FakeDoors:
    """Every machine has `displays`. `prepare` may spoil a backend before it is opened."""

    displays: Displays = ALL
    order: tuple[str, ...] = ("dbus", "vnc", "spice")
    size: tuple[int, int] = (640, 480)
    prepare: Callable[[FakeBackend], None] = lambda backend: None
    made: list[FakeBackend] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)  # what the person answers; none left: cancelled
    asked: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)

    async def find(self, key: DomainKey) -> Found:
        doors = sorted(
            (one for one in self.displays.graphics if one.kind in self.order),
            key=lambda one: self.order.index(one.kind),
        )
        return Found(tuple(doors), (), self.displays)

    async def backend(
        self, key: DomainKey, display: Display, head: int, listener: Listener, beside: Backend | None
    ) -> Backend:
        made = FakeBackend(listener, display.kind, self.size)
        self.prepare(made)
        self.made.append(made)
        return made

    async def ask(self, key: DomainKey, display: Display) -> bool:
        self.asked.append(display.kind)
        if not self.passwords:
            return False
        self.given.append(self.passwords.pop(0))
        return True

    async def answered(self, key: DomainKey, display: Display, right: bool) -> None:
        self.answers.append(right)

    @property
    def last(self) -> FakeBackend:
        return self.made[-1]
