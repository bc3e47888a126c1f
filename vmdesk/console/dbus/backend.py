"""One monitor of QEMU's D-Bus display, as a screen.Backend."""

import asyncio
import concurrent.futures
import threading
import weakref
from typing import Any

from vmdesk.console.dbus import words
from vmdesk.console.dbus.display import CONSOLE, SECONDS, Display, wait
from vmdesk.console.dbus.frames import CannotShow, Frames
from vmdesk.console.dbus.link import Declined, Link, Refused
from vmdesk.console.dbus.wire import ProtocolError
from vmdesk.console.screen import MAX_SIDE, Cursor, Listener, Rect, Speaker, Surface, Talker
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text

KEYBOARD = "org.qemu.Display1.Keyboard"
MOUSE = "org.qemu.Display1.Mouse"
# bit of `buttons` -> QEMU's number; the last two are the buttons on a mouse's side
_BUTTONS = (0, 1, 2, 3, 4, 7, 8, 5, 6)
_GRACE = 0.02  # seconds from a new size to the picture in it
_ANEW = 0.5  # seconds from the pictures' end to asking for them anew: the time to hear that all has ended
_ANEW_FIRST = 0.1  # ... while no picture has come yet, and somebody waits for it
_FORGOTTEN = 6  # times in a row that they end before one has come
_BUTTON_BITS = (1 << len(_BUTTONS)) - 1


class DBusBackend:
    """`DBusBackend(Display(fd), listener)`: the first monitor; others share the Display."""

    protocol = "dbus"
    secure = True  # it never leaves this computer

    def __init__(self, display: Display, listener: Listener, head: int = 0, *, shared: bool = True) -> None:
        """`shared`: let QEMU pass its frame buffer rather than copies of it."""
        self._display = display
        self._listener = listener
        self._head = head
        self._first: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._lock = threading.Lock()  # for input and the end
        self._over = False
        self._closing = False
        # the thread's
        self._link: Link | None = None
        # Weakly: a closed console's frame buffers must not wait for the garbage collection.
        self._frames = Frames(weakref.proxy(self), shared=shared)
        self._paused = False
        self._registered = False
        self._checking = False
        self._forgotten = 0  # how often the pictures ended since the last one came
        # input
        self.path = ""
        self.size = (0, 0)
        self.absolute = False
        self._held: set[int] = set()
        self._buttons = 0
        self._position = (-1, -1)
        self._to_guest = False
        self._from_guest = False
        display.join(self)

    async def open(self) -> None:
        try:
            heads = await self._display.connect()
            if not 0 <= self._head < len(heads):
                raise VirtError(words.no_head(self._head))
            self.path = heads[self._head].path
            self._display.do(self._begin)
            await wait(self._first, SECONDS, words.no_frame())
        except VirtError as error:
            self._fail(error.problem)
            raise
        except asyncio.CancelledError:
            self.close()
            raise

    # ---------------------------------------------------------------- input

    def key(self, qnum: int, down: bool) -> None:
        with self._lock:
            if down and self._call(KEYBOARD, "Press", "u", qnum):
                self._held.add(qnum)
            elif not down and qnum in self._held:
                self._held.discard(qnum)
                self._call(KEYBOARD, "Release", "u", qnum, urgent=True)

    def pointer(self, x: int, y: int, buttons: int) -> None:
        with self._lock:
            width, height = self.size
            position = (min(max(x, 0), width - 1), min(max(y, 0), height - 1))
            if self.absolute and width and position != self._position:
                self._position = position
                self._call(MOUSE, "SetAbsPosition", "uu", *position, replaceable=True)
            self._press(buttons)

    def motion(self, dx: int, dy: int, buttons: int) -> None:
        with self._lock:
            if not self.absolute and (dx or dy):
                self._call(MOUSE, "RelMotion", "ii", *(min(max(step, -32768), 32767) for step in (dx, dy)))
            self._press(buttons)

    def _press(self, buttons: int) -> None:
        changed = (buttons ^ self._buttons) & _BUTTON_BITS
        for bit, number in enumerate(_BUTTONS):
            if not changed & 1 << bit:
                continue
            if not buttons & 1 << bit:
                self._call(MOUSE, "Release", "u", number, urgent=True)
            elif not self._call(MOUSE, "Press", "u", number):
                continue  # dropped: then there is nothing to let go
            self._buttons ^= 1 << bit

    def _let_go(self) -> None:
        """Of all keys and buttons."""
        with self._lock:
            for qnum in self._held:
                self._call(KEYBOARD, "Release", "u", qnum, urgent=True)
            self._held.clear()
            self._press(0)

    def resize(self, width: int, height: int) -> None:
        if 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE:
            # Without millimetres QEMU reckons with a resolution of its own.
            self._call(CONSOLE, "SetUIInfo", "qqiiuu", 0, 0, 0, 0, width, height)

    def _call(
        self, interface: str, member: str, signature: str, *values: int, replaceable: bool = False, urgent: bool = False
    ) -> bool:
        if not self.path or self._over:
            return False
        return self._display.call(
            self.path, interface, member, signature, values, replaceable=replaceable, urgent=urgent
        )

    # ---------------------------------------------------------------- clipboard

    def clipboard_set(self, text: str) -> None:
        if self._to_guest:
            self._display.do(lambda: self._display.clipboard.set(text))

    def clipboard_allow(self, to_guest: bool, from_guest: bool) -> None:
        """The last call of a machine's backends holds for the machine: there is one clipboard."""
        self._to_guest, self._from_guest = to_guest, from_guest
        clipboard = self._display.clipboard
        clipboard.to_guest, clipboard.from_guest = to_guest, from_guest
        self._display.do(clipboard.update)

    def guest_copied(self, text: str) -> None:
        if self._from_guest:
            self._listener.clipboard(text)

    # ---------------------------------------------------------------- sound

    @property
    def silent(self) -> Text | None:
        return None if self._display.can_sound else words.no_sound()

    deaf = silent

    def sound(self, on: bool) -> None:
        if isinstance(self._listener, Speaker):
            self._display.want_sound(self._listener, on)

    def microphone(self, on: bool) -> None:
        if isinstance(self._listener, Talker):
            self._display.want_microphone(self._listener, on)

    # ---------------------------------------------------------------- the end

    def pause_updates(self, paused: bool) -> None:
        self._paused = paused
        self._display.do(self._pause_or_go_on)

    def close(self) -> None:
        self._let_go()
        self._closing = True
        if link := self._link:
            link.shut()  # should the thread be waiting for the rest of a picture
        if self._display.alone(self):
            self._display.close()
        elif not self._display.do(lambda: self._leave(None)):
            self._leave(None)

    def _fail(self, problem: Problem) -> None:
        if link := self._link:
            link.shut()
        if self._display.alone(self):
            self._display.fail(problem)
        elif not self._display.do(lambda: self._leave(problem)):
            self._leave(problem)

    def _leave(self, problem: Problem | None) -> None:
        self._drop()
        self.ended(problem)
        self._display.leave(self)

    def ended(self, problem: Problem | None) -> None:
        """The last thing the listener hears."""
        with self._lock:
            already, self._over = self._over, True
        if already:
            return
        self._frames.close()
        problem = None if self._closing else problem
        if not self._first.done():
            self._first.set_exception(VirtError(problem or words.closed()))
        self._listener.closed(problem)

    # ---------------------------------------------------------------- the display's thread

    def _begin(self) -> None:
        known = self._display.objects.get(self.path, {})
        for interface, name in ((MOUSE, "IsAbsolute"), (KEYBOARD, "Modifiers")):
            if name in known.get(interface, {}):
                self.property_changed(interface, name, known[interface][name])
        self._register()
        self._display.play()
        if self._to_guest or self._from_guest:
            self._display.clipboard.update()

    def property_changed(self, interface: str, name: str, value: Any) -> None:
        if (interface, name) == (MOUSE, "IsAbsolute"):
            self.absolute = bool(value)
            self._position = (-1, -1)
            self._listener.pointer_mode(self.absolute)
        elif (interface, name) == (KEYBOARD, "Modifiers") and isinstance(value, int):
            self._listener.leds(value & 7)
        elif interface == CONSOLE and name in ("Width", "Height") and not self._checking:
            self._checking = True
            self._display.later(_GRACE, self._check_size)

    def _check_size(self) -> None:
        """Ask for the whole picture if the guest has changed its resolution and QEMU has not sent one.

        It sends a whole picture only where all of it is drawn anew in one go, which is not so in text mode, say, and
        copies of parts do not tell the new size. To register again makes it.
        """
        self._checking = False
        known = self._display.objects.get(self.path, {}).get(CONSOLE, {})
        if self._registered and (known.get("Width"), known.get("Height")) != self.size:
            self._drop()
            self._register()

    def picture_over(self) -> bool:
        return self._link is None or self._link.finished()

    def _register(self) -> None:
        self._registered = True

        def over(error: Exception) -> None:
            self._picture_ended(link, error)

        link = self._link = self._display.listen(self.path, CONSOLE, "RegisterListener", self._frames.handle, over)
        self._frames.attach(link)

    def _picture_ended(self, link: Link, error: Exception) -> None:
        if isinstance(error, CannotShow):
            self._leave(words.cannot_show(error.why))
        elif isinstance(error, ProtocolError):
            self._leave(words.protocol(str(error)))
        elif isinstance(error, Declined) and self._first.done():
            # The console is another viewer's: QEMU 7.2 keeps our connection open if it shares the clipboard with us.
            self._leave(words.taken())
        elif isinstance(error, Refused):
            self._leave(words.no_frame(str(error)))
        elif self._closing:
            self._display.remove(link)  # the task that says so is on its way
        elif self._forgotten < _FORGOTTEN:
            # WORKAROUND QEMU 7.2: it forgets listeners by a name that all viewers share, so the end of one that was
            # left (a new size, a console closed just before) can take the new one with it, and again at the next size.
            # Where QEMU or a newer viewer has ended all, the display's own connection tells, and nothing is asked.
            self._forgotten += 1
            self._drop()
            self._display.later(_ANEW if self._first.done() else _ANEW_FIRST, self._ask_anew)
        else:
            self._leave(words.no_frame(str(error)))

    def _drop(self) -> None:
        """Have no more pictures."""
        self._registered = False
        self._frames.close()
        if self._link:
            self._display.remove(self._link)
            self._link = None

    def _pause_or_go_on(self) -> None:
        if self._over or not self._first.done():
            return
        if self._paused and self._registered:
            self._drop()
        elif not self._paused and not self._registered:
            self._register()

    def _ask_anew(self) -> None:
        """For the pictures that ended, unless that has been done, or nobody wants them."""
        wanted = not self._paused or not self._first.done()
        if wanted and not (self._over or self._closing or self._registered):
            self._register()

    # frames.Screen

    def surface(self, surface: Surface) -> None:
        self.size = (surface.width, surface.height)
        self._listener.surface(surface)
        self._started()

    def damage(self, rect: Rect) -> None:
        self._forgotten = 0
        self._listener.damage(rect)

    def cursor(self, cursor: Cursor | None) -> None:
        self._listener.cursor(cursor)

    def _started(self) -> None:
        self._forgotten = 0
        if not self._first.done():
            self._first.set_result(None)
            if self._paused:
                self._display.do(self._pause_or_go_on)
