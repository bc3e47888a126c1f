"""From Qt's key events to the bytes that a terminal sends."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from vmdesk.console.text import Mods, Terminal

_K = Qt.Key
_NAMED: dict[int, str] = {
    _K.Key_Up: "up",
    _K.Key_Down: "down",
    _K.Key_Left: "left",
    _K.Key_Right: "right",
    _K.Key_Home: "home",
    _K.Key_End: "end",
    _K.Key_Clear: "begin",
    _K.Key_Insert: "insert",
    _K.Key_Delete: "delete",
    _K.Key_PageUp: "page-up",
    _K.Key_PageDown: "page-down",
    _K.Key_Return: "enter",
    _K.Key_Enter: "enter",
    _K.Key_Tab: "tab",
    _K.Key_Backtab: "tab",
    _K.Key_Backspace: "backspace",
    _K.Key_Escape: "escape",
} | {_K.Key_F1 + n: f"f{n + 1}" for n in range(20)}
_MODS = {
    Qt.KeyboardModifier.ShiftModifier: Mods.SHIFT,
    Qt.KeyboardModifier.AltModifier: Mods.ALT,
    Qt.KeyboardModifier.ControlModifier: Mods.CTRL,
    Qt.KeyboardModifier.MetaModifier: Mods.META,
}


def held(event: QKeyEvent) -> Mods:
    """The modifier keys."""
    down = event.modifiers()
    found = Mods.NONE
    for modifier, mod in _MODS.items():
        if down & modifier:
            found |= mod
    return found


def key_bytes(terminal: Terminal, event: QKeyEvent) -> bytes:
    """What the key types; b"" for a modifier alone."""
    key, mods, text = event.key(), held(event), event.text()
    if name := _NAMED.get(key):
        return terminal.key(name, mods)
    if not mods & Mods.CTRL or (text and text < " "):
        # Ctrl is applied by the keyboard layout already.
        return terminal.typed(text, mods & Mods.ALT)
    if 0x20 <= key <= 0x7E:
        return terminal.typed(chr(key).lower(), mods)
    return terminal.typed(text, mods & Mods.ALT)
