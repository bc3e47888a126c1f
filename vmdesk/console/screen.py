"""What every kind of console has in common: a picture, who listens to its changes, what can be done to it."""

import importlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol, runtime_checkable

from vmdesk.model.errors import Problem
from vmdesk.model.text import Text

MAX_SIDE = 16384  # pixels; a larger screen is refused
MAX_PIXELS = 8192 * 8192  # 256 MiB of frame buffer

# Bits of `buttons` in Backend.pointer and Backend.motion.
LEFT, MIDDLE, RIGHT, WHEEL_UP, WHEEL_DOWN, WHEEL_LEFT, WHEEL_RIGHT = (1 << bit for bit in range(7))


@dataclass(frozen=True, slots=True)
class Rect:
    """Pixels of a screen, from its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    def union(self, other: "Rect") -> "Rect":
        """The smallest rectangle around both; an empty one does not count."""
        if other.empty:
            return self
        if self.empty:
            return other
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Rect(x, y, right - x, bottom - y)

    def clipped(self, width: int, height: int) -> "Rect":
        """The part that lies on a screen of this size; perhaps empty (0 wide or high)."""
        x, y = min(max(self.x, 0), width), min(max(self.y, 0), height)
        right = max(x, min(self.x + self.width, width))
        bottom = max(y, min(self.y + self.height, height))
        return Rect(x, y, right - x, bottom - y)


def size_allowed(width: int, height: int) -> bool:
    """Whether a screen of this size may be: checked before memory is taken."""
    return 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS


class Surface:
    """A frame buffer: 32 bits a pixel, in memory B G R X (QImage.Format_RGB32), rows `stride` bytes apart.

    data        the bytes, from the first row; written by the backend's thread, read by others
    generation  grows with each surface of a backend
    """

    __slots__ = ("_free", "_released", "data", "generation", "height", "stride", "width")

    def __init__(
        self,
        width: int,
        height: int,
        stride: int,
        data: memoryview,
        generation: int = 0,
        free: Callable[[], None] | None = None,
    ) -> None:
        """`free` is called once, by release(): the memory may go (unmap)."""
        self.width = width
        self.height = height
        self.stride = stride
        self.data = data
        self.generation = generation
        self._free = free
        self._released = False

    @classmethod
    def blank(cls, width: int, height: int, generation: int = 0) -> "Surface":
        """A black one in memory of its own."""
        assert size_allowed(width, height)
        return cls(width, height, width * 4, memoryview(bytearray(width * height * 4)), generation)

    @property
    def released(self) -> bool:
        return self._released

    def release(self) -> None:
        """Nobody may use `data` after this. Idempotent."""
        if not self._released:
            self._released = True
            if self._free:
                self._free()

    def png(self) -> bytes:
        """The picture as a PNG file."""
        image_module = pillow()
        image = image_module.frombuffer(
            "RGB", (self.width, self.height), self.data[: self.stride * self.height], "raw", "BGRX", self.stride, 1
        )
        file = io.BytesIO()
        image.save(file, "PNG", compress_level=6)
        return file.getvalue()


def pillow() -> Any:
    """Pillow's Image module."""
    # Loaded with the first picture: the window starts without it.
    return importlib.import_module("PIL.Image")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The guest's mouse pointer. `rgba`: width x height pixels, in memory B G R A, not premultiplied, no padding."""

    width: int
    height: int
    hot_x: int
    hot_y: int
    rgba: bytes


class Listener(Protocol):
    """What a backend tells. Called on the backend's thread: be quick, coalesce, hop to the GUI."""

    def surface(self, surface: Surface) -> None:
        """A new frame buffer, with the first picture or black. The listener's owner releases the old one."""

    def damage(self, rect: Rect) -> None:
        """These pixels changed."""

    def cursor(self, cursor: Cursor | None) -> None:
        """The pointer's shape; None: the guest shows none."""

    def pointer_mode(self, absolute: bool) -> None:
        """Whether the guest takes positions (pointer) or movements (motion)."""

    def leds(self, leds: int) -> None:
        """The guest's keyboard lights, as bits: 1 Scroll Lock, 2 Num Lock, 4 Caps Lock."""

    def clipboard(self, text: str) -> None:
        """The guest's clipboard changed. Told only when that direction is allowed."""

    def bell(self) -> None: ...

    def closed(self, problem: Problem | None) -> None:
        """The last call. None: we closed it.

        problem.name: "taken" (another viewer), "auth", "refused", "protocol", "eof", "timeout", "certificate"
        """


@runtime_checkable
class Speaker(Protocol):
    """A listener that also wants sound. PCM, little endian, interleaved; `bits` 8 (unsigned), 16, 32 (signed)."""

    def audio_begin(self, rate: int, channels: int, bits: int) -> None: ...

    def audio(self, data: bytes) -> None: ...

    def audio_end(self) -> None: ...


@runtime_checkable
class Talker(Protocol):
    """A listener that also has a microphone: told when the guest listens, and no longer does.

    `heard` takes what it hears, in the same form as Speaker's, from any thread; it returns at once.
    """

    def record_begin(self, rate: int, channels: int, bits: int, heard: Callable[[bytes], None]) -> None: ...

    def record_end(self) -> None: ...


class Power(IntEnum):
    """What a viewer may do to the machine itself, with the numbers of VNC's XVP extension."""

    SHUTDOWN = 2
    REBOOT = 3
    RESET = 4


@runtime_checkable
class Powers(Protocol):
    """A backend whose server may let its viewers switch the machine."""

    @property
    def powers(self) -> tuple[Power, ...]:
        """What it does now; nothing where it does not offer it."""

    def power(self, action: Power) -> None: ...


class Backend(Protocol):
    """One console, open until `close` or `Listener.closed`. All calls but `open` return at once, from any thread."""

    protocol: str  # "dbus", "vnc" or "spice"

    @property
    def secure(self) -> bool:
        """Whether nobody on the way can read along: it comes over a socket of this computer, or encrypted."""

    @property
    def silent(self) -> Text | None:
        """Why no sound of the guest comes this way; None if it may."""

    @property
    def deaf(self) -> Text | None:
        """Why the guest cannot hear anything this way; None if it may."""

    async def open(self) -> None:
        """Connect; returns when the first surface has been delivered. VirtError; `closed` is told as well."""

    def key(self, qnum: int, down: bool) -> None:
        """A key by QEMU's number: AT scan code set 1, with 0x80 added for those that have an e0 before (keys.py)."""

    def pointer(self, x: int, y: int, buttons: int) -> None:
        """Absolute mode: where the pointer is, in the guest's pixels, and which buttons are down."""

    def motion(self, dx: int, dy: int, buttons: int) -> None:
        """Relative mode: how far it moved."""

    def resize(self, width: int, height: int) -> None:
        """Ask the guest for this size. It may ignore it."""

    def clipboard_set(self, text: str) -> None:
        """Our clipboard changed. Goes to the guest only if allowed."""

    def clipboard_allow(self, to_guest: bool, from_guest: bool) -> None:
        """Both are off at the start. Holds at once."""

    def sound(self, on: bool) -> None:
        """Have the guest's sound told to the listener, if that is a Speaker. Off at the start."""

    def microphone(self, on: bool) -> None:
        """Whether the guest may listen, if the listener is a Talker. Off at the start; off holds at once."""

    def pause_updates(self, paused: bool) -> None:
        """Nobody looks: ask for no pictures."""

    def close(self) -> None:
        """Idempotent. The thread ends, the sockets close, `closed(None)` is told."""
