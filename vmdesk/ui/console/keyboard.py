"""From key events to the guest's keys: by where a key lies, not by what it writes; nothing stays pressed."""

from collections.abc import Callable, Iterable

from PySide6.QtGui import QKeyEvent

from vmdesk.console import keys
from vmdesk.model.errors import VirtError

RELEASE = "ctrl-alt"
# The right-hand twin of a key that lets go counts as that key.
_TWINS = {0x9D: keys.CTRL, 0x36: keys.SHIFT, 0xDC: keys.META}


class Keyboard:
    """send(qnum, down) goes to the guest; `released` is called when the keys were pressed that let go."""

    def __init__(self, send: Callable[[int, bool], None], released: Callable[[], None]) -> None:
        self._send = send
        self._released = released
        self._down: dict[int, None] = {}
        self._passed: frozenset[frozenset[int]] = frozenset()
        self._release = frozenset(keys.parse(RELEASE))
        self._armed = False

    @property
    def down(self) -> tuple[int, ...]:
        """The keys that the guest believes to be pressed."""
        return tuple(self._down)

    def configure(self, release: str, passed: Iterable[str] = ()) -> None:
        """release: keys that let go ("ctrl-alt"). passed: keys that the desktop or VMDesk gets ("alt-tab")."""
        self._release = frozenset(map(_plain, _parsed(release) or keys.parse(RELEASE)))
        self._passed = frozenset(frozenset(map(_plain, chord)) for one in passed if (chord := _parsed(one)))

    def passes(self, event: QKeyEvent) -> bool:
        """Whether this press, with what is held, is not for the guest."""
        qnum = qnum_of(event)
        return bool(qnum) and frozenset(map(_plain, (*self._down, qnum))) in self._passed

    def press(self, event: QKeyEvent) -> bool:
        """False: not one that a guest knows. A key held down is pressed again and again, as keyboards do."""
        qnum = qnum_of(event)
        if not qnum:
            return self._write(event.text())
        if not event.isAutoRepeat():
            self._down[qnum] = None
            self._armed = frozenset(map(_plain, self._down)) == self._release
        self._send(qnum, True)
        return True

    def release(self, event: QKeyEvent) -> bool:
        qnum = qnum_of(event)
        if event.isAutoRepeat() or qnum not in self._down:
            return bool(qnum)
        del self._down[qnum]
        self._send(qnum, False)
        if self._armed:
            self._armed = False
            self.let_go()
            self._released()
        return True

    def let_go(self) -> None:
        """Release everything: the focus goes elsewhere."""
        for qnum in tuple(self._down):
            self._send(qnum, False)
        self._down.clear()
        self._armed = False

    def _write(self, text: str) -> bool:
        """Keys without a place (a screen keyboard, an input method) by what they write."""
        strokes = keys.plan(text).strokes if text else ()
        for qnum, down in strokes:
            self._send(qnum, down)
        return bool(strokes)


def qnum_of(event: QKeyEvent) -> int:
    """X11 and Wayland number keys as Linux does, plus 8; 0 if it is not known where the key lies."""
    code = event.nativeScanCode()
    return keys.qnum_of(code - 8) if code > 8 else 0


def _plain(qnum: int) -> int:
    return _TWINS.get(qnum, qnum)


def _parsed(names: str) -> tuple[int, ...]:
    try:
        return keys.parse(names) if names else ()
    except VirtError:
        return ()
