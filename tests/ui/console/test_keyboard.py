from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from vmdesk.ui.console.keyboard import Keyboard


class Bench:
    def __init__(self) -> None:
        self.sent: list[tuple[int, bool]] = []
        self.released = 0
        self.keyboard = Keyboard(lambda qnum, down: self.sent.append((qnum, down)), self._on_released)

    def _on_released(self) -> None:
        self.released += 1

    def press(self, evdev: int, repeat: bool = False, text: str = "") -> bool:
        return self.keyboard.press(event(True, evdev, repeat, text))

    def release(self, evdev: int, repeat: bool = False) -> bool:
        return self.keyboard.release(event(False, evdev, repeat))


def event(down: bool, evdev: int, repeat: bool = False, text: str = "") -> QKeyEvent:
    """Whatever Qt thinks the key writes (here always A): only its place counts."""
    kind = QEvent.Type.KeyPress if down else QEvent.Type.KeyRelease
    return QKeyEvent(
        kind, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier, evdev + 8 if evdev else 0, 0, 0, text, repeat, 1
    )


LEFTCTRL, LEFTALT, RIGHTCTRL, A, TAB, F2, UP = 29, 56, 97, 30, 15, 60, 103


def test_by_place() -> None:
    on = Bench()
    assert on.press(A) and on.release(A) and on.press(UP)
    assert on.sent == [(0x1E, True), (0x1E, False), (0xC8, True)]
    assert on.keyboard.down == (0xC8,)


def test_repeats_are_pressed_again_but_not_released() -> None:
    on = Bench()
    on.press(A)
    for _ in range(3):
        on.release(A, repeat=True)
        on.press(A, repeat=True)
    on.release(A)
    assert on.sent == [(0x1E, True)] * 4 + [(0x1E, False)]


def test_everything_is_let_go() -> None:
    on = Bench()
    on.press(LEFTCTRL)
    on.press(A)
    on.keyboard.let_go()
    assert on.sent[2:] == [(0x1D, False), (0x1E, False)] and on.keyboard.down == ()
    on.release(A)
    assert len(on.sent) == 4


def test_ctrl_alt_lets_go_when_released() -> None:
    on = Bench()
    on.press(LEFTALT)
    on.press(RIGHTCTRL)
    assert not on.released
    on.release(LEFTALT)
    assert on.released == 1 and on.keyboard.down == ()
    assert on.sent[-2:] == [(0x38, False), (0x9D, False)]


def test_ctrl_alt_f2_is_the_guests() -> None:
    on = Bench()
    for key in (LEFTCTRL, LEFTALT, F2):
        on.press(key)
    for key in (F2, LEFTALT, LEFTCTRL):
        on.release(key)
    assert on.released == 0 and on.sent[2] == (0x3C, True)


def test_release_keys_are_chosen() -> None:
    on = Bench()
    on.keyboard.configure("rightctrl")
    on.press(RIGHTCTRL)
    on.release(RIGHTCTRL)
    assert on.released == 1
    on.keyboard.configure("nonsense-key")
    on.press(LEFTCTRL)
    on.press(LEFTALT)
    on.release(LEFTCTRL)
    assert on.released == 2


def test_what_the_desktop_keeps() -> None:
    on = Bench()
    on.keyboard.configure("ctrl-alt", ["alt-tab", "not a key"])
    on.press(LEFTALT)
    assert on.keyboard.passes(event(True, TAB)) and not on.keyboard.passes(event(True, A))


def test_a_key_without_a_place_by_what_it_writes() -> None:
    on = Bench()
    assert on.press(0, text="A")
    assert on.sent == [(0x2A, True), (0x1E, True), (0x1E, False), (0x2A, False)]
    assert not on.press(0, text="")
