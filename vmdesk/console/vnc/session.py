"""A VNC session after the log-in: what the server says, and what is said to it."""

import struct
import threading
import time
from collections.abc import Callable
from typing import Final

from vmdesk.console import keys
from vmdesk.console.screen import Listener, Power, Rect, Speaker, Surface, size_allowed
from vmdesk.console.vnc import cursor, messages, pixels, problems
from vmdesk.console.vnc.clipboard import LONGEST, Clipboard
from vmdesk.console.vnc.tight import Tight
from vmdesk.console.vnc.wire import Wire

_NAME: Final = 1024  # bytes of a machine's name that are kept
_LONG: Final = 64 << 20  # bytes; a message that is longer is not skipped but refused
_SOUND: Final = 1 << 20
_RATE, _CHANNELS, _BITS = 48000, 2, 16
_ENDLESS: Final = 0xFFFF  # so many rectangles, or until LAST_RECT

# QEMU looks at the screen 30 ms after the last time, and 50 ms later again each time that nothing has changed. A key
# makes it look at once, before the guest has drawn, and then not for 80 ms. Any message of a number above 3 sets it
# back to 30 ms; this one, a key let go that is not down, the guest does not see. (Tried with 7.2 and 10.0.)
NUDGE: Final = messages.extended_key(0x76, 0, False)
_NUDGE_EVERY: Final = 0.02
_NUDGE_FOR: Final = 1.0  # seconds after the last input, or size
_BLACK_AFTER: Final = 0.2  # seconds without pixels of a new size


class Session:
    """One connection, logged in. `run` is the reader's; the other methods anybody's, and they return at once."""

    def __init__(self, wire: Wire, listener: Listener, local: bool, opened: Callable[[], None]) -> None:
        """`local`: bandwidth does not matter. `opened` is called after the first picture."""
        self.name = ""
        self.can_resize = False
        self.powers: tuple[Power, ...] = ()
        self.surface: Surface | None = None
        self.clipboard = Clipboard(wire.send, listener.clipboard)
        self._wire = wire
        self._listener = listener
        self._local = local
        self._opened: Callable[[], None] | None = opened
        self._speaker = listener if isinstance(listener, Speaker) else None
        self.can_sound = False
        self._sounding = False
        self._tight: Tight | None = None
        self._zlib = pixels.Zlib()
        self._generation = 0
        self._width = self._height = 0
        self._told = False  # the listener knows the surface
        self._painted = False  # this update had pixels
        self._paused = False
        self._asked = False  # a request is under way
        self._asking = threading.Lock()  # for the two above
        self._black_at = 0.0
        self._screen = (0, 0)  # number and flags of the first monitor
        self._wanted: tuple[int, int] | None = None
        self._absolute = True
        self._scan_codes = False
        self._qemu = False
        self._nudges = False
        self._active_until = 0.0
        self._next_nudge = 0.0
        self._held: dict[int, int] = {}  # qnum -> the symbol it was pressed with

    # ------------------------------------------------------------ the reader's

    def run(self) -> None:
        """Until the end, which is always a VirtError."""
        self._start()
        while True:
            self._sleep()
            self._message()

    def _start(self) -> None:
        self._wire.send(b"\1")  # shared: whoever is looking stays
        width, height = struct.unpack(">HH16x", self._wire.read(20))
        self.name = self._text()
        self._qemu = self.clipboard.as_is = self.name.startswith("QEMU")
        self._wire.send(messages.pixel_format())
        kinds = messages.LOCAL if self._local else messages.REMOTE
        self._wire.send(messages.encodings((*kinds, messages.AUDIO) if self._speaker else kinds))
        self._resize(width, height)

    def _sleep(self) -> None:
        while not self._wire.ready(self._seconds()):
            pass

    def _seconds(self) -> float | None:
        """Do what it is time for; how long until there is more."""
        if self._opened:
            return self._wire.seconds_left()
        now = time.monotonic()
        until = [one for one in (self._nudge(now), self._show_black(now)) if one is not None]
        return min(until) - now if until else None

    def _nudge(self, now: float) -> float | None:
        """When the next one is due."""
        if not self._nudges or now >= self._active_until:
            return None
        if now >= self._next_nudge:
            self._next_nudge = now + _NUDGE_EVERY
            self._wire.send(NUDGE)
        return self._next_nudge

    def _show_black(self, now: float) -> float | None:
        """When it is due.

        WORKAROUND QEMU (seen with 7.2): its copy of a new picture begins black, and it sends what differs from that.
        So a new picture that is black is never sent, and no pixels for a while are its pixels.
        """
        if self._told or not self._asked or not self._qemu:
            return None
        if now < self._black_at:
            return self._black_at
        self._tell()
        return None

    def _message(self) -> None:
        kind = self._wire.read(1)[0]
        if kind == 0:
            self._update()
        elif kind == 1:
            self._wire.skip(6 * int.from_bytes(self._wire.read(5)[3:], "big"))  # colours: we asked for none
        elif kind == 2:
            self._listener.bell()
        elif kind == 3:
            self._cut_text()
        elif kind == 250:
            self._power_message(self._wire.read(3)[2])
        elif kind == 255:
            self._qemu_message()
        else:
            raise problems.protocol(f"message {kind}")

    def _update(self) -> None:
        count = int.from_bytes(self._wire.read(3)[1:], "big")
        # WORKAROUND QEMU (seen with 7.2): when a guest changes its resolution while one request is being answered and
        # another one already waits, nothing is sent any more, ever. So there is one at a time: what is no picture
        # (a size, a pointer) came unasked, and the request still stands.
        answered = not self._qemu or not count
        if answered:
            self._answered()
        self._painted = False
        for number in range(_ENDLESS if count == _ENDLESS else count):
            x, y, width, height, kind = struct.unpack(">HHHHi", self._wire.read(12))
            if kind == messages.LAST_RECT:
                break
            if kind >= 0 and not answered:
                answered = True
                self._answered()
            self._rectangle(Rect(x, y, width, height), kind)
            if number % 64 == 63:
                self._seconds()
        if self._painted and self._opened:
            opened, self._opened = self._opened, None
            opened()

    def _rectangle(self, rect: Rect, kind: int) -> None:
        if kind >= 0:
            self._paint(rect, kind)
        elif kind == messages.DESKTOP_SIZE:
            self._resize(rect.width, rect.height)
        elif kind == messages.EXTENDED_DESKTOP_SIZE:
            self._extended_size(rect)
        elif kind == messages.ALPHA_CURSOR:
            self._listener.cursor(cursor.alpha(self._wire, rect, self._qemu))
        elif kind == messages.RICH_CURSOR:
            self._listener.cursor(cursor.rich(self._wire, rect))
        elif kind == messages.POINTER_TYPE:
            self._absolute = bool(rect.x)
            self._listener.pointer_mode(self._absolute)
        elif kind == messages.LEDS:
            self._listener.leds(self._wire.read(1)[0] & 7)
        elif kind == messages.EXTENDED_KEY:
            self._scan_codes = True
            self._nudges = self._local and self._qemu
        elif kind == messages.AUDIO:
            self.can_sound = bool(self._speaker)
            self.sound(self._sounding)
        elif kind == messages.DESKTOP_NAME:
            self.name = self._text()
        else:
            raise problems.protocol(f"encoding {kind}")

    def _paint(self, rect: Rect, kind: int) -> None:
        surface = self.surface
        assert surface
        if rect.x + rect.width > surface.width or rect.y + rect.height > surface.height:
            raise problems.protocol(f"{rect} on a screen of {surface.width} x {surface.height}")
        if self._opened:
            self._wire.opening(None)  # it works; a slow line may take its time now
        if rect.empty:
            if kind != messages.RAW:
                raise problems.protocol(f"encoding {kind} of nothing")
            return
        if kind == messages.RAW:
            pixels.raw(self._wire, surface, rect)
        elif kind == messages.COPYRECT:
            pixels.copyrect(self._wire, surface, rect)
        elif kind == messages.ZLIB:
            self._zlib(self._wire, surface, rect)
        elif kind == messages.TIGHT:
            self._tight = self._tight or Tight()
            self._tight(self._wire, surface, rect)
        else:
            raise problems.protocol(f"encoding {kind}")
        self._painted = True
        if not self._told:
            self._tell()
        self._listener.damage(rect)

    def _tell(self) -> None:
        assert self.surface
        self._told = True
        self._listener.surface(self.surface)

    def _resize(self, width: int, height: int) -> None:
        if self.surface and (width, height) == (self._width, self._height):
            return
        if not size_allowed(width, height):
            raise problems.protocol(f"a screen of {width} x {height}")
        self._width, self._height = width, height
        self._generation += 1
        # Told with its first pixels: a black screen in between would flicker.
        self.surface = Surface.blank(width, height, self._generation)
        self._told = False
        if self._generation == 1 or not self._qemu:  # QEMU sends all of it anyway, unless it is black
            self._ask(incremental=False)
        self._expect()

    def _extended_size(self, rect: Rect) -> None:
        count = self._wire.read(4)[0]
        screens = self._wire.read(16 * count)
        if count:
            number, flags = struct.unpack_from(">I8xI", screens)
            self._screen = (number, flags)
        self.can_resize = True
        if rect.x != 1 or rect.y == 0:  # an answer to us (1) with an error (not 0) has no size to tell
            self._resize(rect.width, rect.height)
        if wanted := self._wanted:
            self.resize(*wanted)

    def _cut_text(self) -> None:
        (length,) = struct.unpack(">3xi", self._wire.read(7))
        size = abs(length)
        if size > _LONG:
            raise problems.protocol(f"a text of {size} bytes")
        if size > LONGEST + 4096:
            self._wire.skip(size)
        elif length < 0:
            self.clipboard.on_extended(self._wire.read(size))
        else:
            self.clipboard.on_text(self._wire.read(size))

    def _power_message(self, code: int) -> None:
        """1: the server has the extension; 0: it did not do what it was told."""
        if code == 1:
            # QEMU shuts down and resets, and answers every reboot with a failure.
            self.powers = tuple(one for one in Power if not (self._qemu and one is Power.REBOOT))

    def _qemu_message(self) -> None:
        sub, operation = struct.unpack(">BH", self._wire.read(3))
        if sub != 1 or operation > 2:
            raise problems.protocol(f"QEMU's message {sub}, {operation}")
        if operation == 2:
            size = int.from_bytes(self._wire.read(4), "big")
            if size > _SOUND:
                raise problems.protocol(f"{size} bytes of sound at once")
            data = self._wire.read(size)
            if self._speaker:
                self._speaker.audio(data)
        elif self._speaker and operation == 1:
            self._speaker.audio_begin(_RATE, _CHANNELS, _BITS)
        elif self._speaker:
            self._speaker.audio_end()

    def _text(self) -> str:
        size = int.from_bytes(self._wire.read(4), "big")
        if size > _LONG:
            raise problems.protocol(f"a name of {size} bytes")
        text = self._wire.read(min(size, _NAME)).decode("utf-8", "replace")
        self._wire.skip(size - min(size, _NAME))
        return text

    # ------------------------------------------------------------ anybody's

    def _answered(self) -> None:
        """Ask for the next update before this one is here: the server can already look."""
        with self._asking:
            self._asked = False
            self._ask()

    def _ask(self, incremental: bool = True) -> None:
        if not self._paused or not incremental:
            self._asked = True
            self._wire.send(messages.update_request(incremental, self._width, self._height))

    def _expect(self) -> None:
        """QEMU looks again soon: otherwise it takes its time, after a new size as after a machine was resumed."""
        self._black_at = time.monotonic() + _BLACK_AFTER
        self._active()

    def pause(self, paused: bool) -> None:
        with self._asking:
            self._paused = paused
            asks = not paused and bool(self._width) and not self._asked
            if asks:
                self._ask()
        if asks:
            self._expect()
            self._wire.wake()

    def key(self, qnum: int, down: bool) -> None:
        shift = keys.SHIFT in self._held or 0x36 in self._held
        symbol = self._held.get(qnum) or keys.keysym(qnum, shift)
        if down:
            self._held[qnum] = symbol
        else:
            self._held.pop(qnum, None)
        if self._scan_codes:
            self._wire.send(messages.extended_key(qnum, symbol, down))
        elif symbol:
            self._wire.send(messages.key(symbol, down))
        self._active()

    def pointer(self, x: int, y: int, buttons: int) -> None:
        if self._absolute:
            x, y = min(max(x, 0), self._width - 1), min(max(y, 0), self._height - 1)
            self._wire.send(messages.pointer(max(x, 0), max(y, 0), buttons))
            self._active()

    def motion(self, dx: int, dy: int, buttons: int) -> None:
        if not self._absolute:
            x, y = (min(max(0x7FFF + by, 0), 0xFFFF) for by in (dx, dy))
            self._wire.send(messages.pointer(x, y, buttons))
            self._active()

    def resize(self, width: int, height: int) -> None:
        """Asked for at once, or as soon as the server says that it can."""
        self._wanted = (width, height)
        if self.can_resize and 0 < width <= 0xFFFF and 0 < height <= 0xFFFF:
            self._wanted = None
            if (width, height) != (self._width, self._height):
                self._wire.send(messages.desktop_size(width, height, *self._screen))

    def sound(self, on: bool) -> None:
        """Sent at once, or as soon as the server says that it can."""
        before, self._sounding = self._sounding, on
        if self.can_sound and on:
            self._wire.send(messages.audio_format(_RATE, _CHANNELS) + messages.audio_enable(True))
        elif self.can_sound and before:
            self._wire.send(messages.audio_enable(False))

    def power(self, action: Power) -> None:
        if action in self.powers:
            self._wire.send(messages.power(action))

    def let_go(self) -> None:
        """Release what is held down."""
        for qnum in list(self._held):
            self.key(qnum, False)

    def _active(self) -> None:
        if self._nudges:
            now = time.monotonic()
            asleep, self._active_until = now >= self._active_until, now + _NUDGE_FOR
            if asleep:
                self._next_nudge = now + _NUDGE_EVERY
                self._wire.wake()
