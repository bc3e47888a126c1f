"""One monitor of a SPICE machine, as a screen.Backend."""

import asyncio
import concurrent.futures
import threading
from typing import Any, Final

from vmdesk.console.screen import MAX_SIDE, Listener, Rect, Speaker, Talker
from vmdesk.console.spice import words
from vmdesk.console.spice.display import Display, within
from vmdesk.console.spice.heads import Head
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text

# bit of `buttons` -> SPICE_MOUSE_BUTTON_*, and its bit in SPICE's mask; SPICE has no wheel to the sides
_BUTTONS: Final = {0: (1, 1), 1: (2, 2), 2: (3, 4), 3: (4, 8), 4: (5, 16)}


class SpiceBackend:
    """`SpiceBackend(Display(open_channel), listener)`: the first monitor; others share the Display."""

    protocol = "spice"

    def __init__(self, display: Display, listener: Listener, head: int = 0) -> None:
        self.display = display
        self.listener = listener
        self.paused = False
        self._number = head
        self._first: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._first.set_running_or_notify_cancel()
        self._closing = False
        self._over = False
        self._lock = threading.Lock()
        self._to_guest = False
        self._from_guest = False
        # the library's thread's
        self._head: Head | None = None
        self._shown: Any = None
        self._generation = 0
        self._held: set[int] = set()
        self._buttons = 0
        display.join(self)

    async def open(self) -> None:
        try:
            await self.display.connect()
            self.display.do(self._look)
            await within(self._first, 2.0)
        except TimeoutError:
            problem = words.no_head(self._number)
            self._fail(problem)
            raise VirtError(problem) from None
        except asyncio.CancelledError:
            self.close()
            raise

    @property
    def secure(self) -> bool:
        """Whether nobody on the way reads along."""
        return self.display.secure

    # ---------------------------------------------------------------- input, from any thread

    def key(self, qnum: int, down: bool) -> None:
        self.display.do(lambda: self._key(qnum, down))

    def pointer(self, x: int, y: int, buttons: int) -> None:
        self.display.do(lambda: self._pointer(x, y, buttons))

    def motion(self, dx: int, dy: int, buttons: int) -> None:
        self.display.do(lambda: self._motion(dx, dy, buttons))

    def resize(self, width: int, height: int) -> None:
        if 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE:
            self.display.do(lambda: self._resize(width, height))

    def clipboard_set(self, text: str) -> None:
        if self._to_guest:
            self.display.do(lambda: self.display.clipboard.set(text))

    def clipboard_allow(self, to_guest: bool, from_guest: bool) -> None:
        """The last call of a machine's backends holds for the machine: there is one clipboard."""
        self._to_guest, self._from_guest = to_guest, from_guest
        clipboard = self.display.clipboard
        clipboard.to_guest, clipboard.from_guest = to_guest, from_guest
        self.display.do(clipboard.update)

    silent: Text | None = None
    deaf: Text | None = None

    def sound(self, on: bool) -> None:
        if isinstance(self.listener, Speaker):
            self.display.want_sound(self.listener, on)

    def microphone(self, on: bool) -> None:
        if isinstance(self.listener, Talker):
            self.display.want_microphone(self.listener, on)

    def pause_updates(self, paused: bool) -> None:
        self.display.do(lambda: self._pause(paused))

    def close(self) -> None:
        self._closing = True
        self.display.do(self._go)

    # ---------------------------------------------------------------- the library's thread

    def _key(self, qnum: int, down: bool) -> None:
        inputs = self.display.inputs
        if inputs is None or not 0 < qnum <= 0xFF:
            return
        code = qnum & 0x7F | (0x100 if qnum & 0x80 else 0)  # 0x100: with e0 before
        if down:
            self._held.add(qnum)
            inputs.key_press(code)
        elif qnum in self._held:
            self._held.discard(qnum)
            inputs.key_release(code)

    def _pointer(self, x: int, y: int, buttons: int) -> None:
        inputs, head = self.display.inputs, self._head
        if inputs is None or head is None:
            return
        if self.display.absolute:
            x, y = min(max(x, 0), head.rect.width - 1), min(max(y, 0), head.rect.height - 1)
            inputs.position(x, y, head.id, _mask(self._buttons))
        self._press(inputs, buttons)

    def _motion(self, dx: int, dy: int, buttons: int) -> None:
        inputs = self.display.inputs
        if inputs is None:
            return
        if not self.display.absolute and (dx or dy):
            inputs.motion(*(min(max(step, -32768), 32767) for step in (dx, dy)), _mask(self._buttons))
        self._press(inputs, buttons)

    def _press(self, inputs: Any, buttons: int) -> None:
        changed = buttons ^ self._buttons
        for bit, (number, _) in _BUTTONS.items():
            if not changed & 1 << bit:
                continue
            self._buttons ^= 1 << bit
            (inputs.button_press if buttons & 1 << bit else inputs.button_release)(number, _mask(self._buttons))

    def _resize(self, width: int, height: int) -> None:
        if self._head:
            self.display.resize(self._head, width, height)

    def _pause(self, paused: bool) -> None:
        if paused != self.paused:
            self.paused = paused
            self.display.balance()
            if not paused and self._head:
                self.damaged(self._head.channel, (self._head.rect,))

    def _go(self) -> None:
        """Let go of all keys and buttons, and of the session."""
        inputs = self.display.inputs
        if inputs is not None and not self._over:
            for qnum in tuple(self._held):
                self._key(qnum, False)
            self._press(inputs, 0)
        if self.display.alone(self):
            self.display.close()
        else:
            self._leave(None)

    def _fail(self, problem: Problem) -> None:
        if self.display.alone(self):
            self.display.fail(problem)
        else:
            self.display.do(lambda: self._leave(problem))

    def _leave(self, problem: Problem | None) -> None:
        self.ended(problem)
        self.display.leave(self)

    def _look(self) -> None:
        """A head that is there already, on a session that another one has opened."""
        if self._shown is None and not self._over:
            self.heads_changed()

    def heads_changed(self) -> None:
        heads = self.display.heads
        head = heads[self._number] if 0 <= self._number < len(heads) else None
        if head is None:
            return  # the monitor went off: its last picture stays
        picture = self.display.picture(head.channel)
        shown = (head.channel, head.rect, picture.generation)
        if shown != self._shown:
            picture.flush()  # what is told of now is of the one before
        self._head = head
        if shown == self._shown:
            return
        first, self._shown = self._shown is None, shown
        self._generation += 1
        self.listener.surface(picture.surface(head.rect, self._generation))
        if first:
            self.mode_changed()
            self.cursor_changed()
            self.listener.leds(self.display.leds)
            self._first.set_result(None)

    def damaged(self, channel: int, rects: tuple[Rect, ...]) -> None:
        head = self._head
        if head is None or head.channel != channel or self.paused:
            return
        for rect in rects:
            part = Rect(rect.x - head.rect.x, rect.y - head.rect.y, rect.width, rect.height)
            part = part.clipped(head.rect.width, head.rect.height)
            if not part.empty:
                self.listener.damage(part)

    def cursor_changed(self) -> None:
        if self._head:
            cursors = self.display.cursors
            self.listener.cursor(cursors.get(self._head.channel, cursors.get(0)))

    def mode_changed(self) -> None:
        if self._head:
            self.listener.pointer_mode(self.display.absolute)

    def guest_copied(self, text: str) -> None:
        if self._from_guest:
            self.listener.clipboard(text)

    def ended(self, problem: Problem | None) -> None:
        """The last thing the listener hears."""
        with self._lock:
            already, self._over = self._over, True
        if already:
            return
        problem = None if self._closing else problem
        if not self._first.done():
            self._first.set_exception(VirtError(problem or words.closed()))
        self.listener.closed(problem)


def _mask(buttons: int) -> int:
    return sum(mask for bit, (_, mask) in _BUTTONS.items() if buttons & 1 << bit)
