"""From keys to the bytes that a terminal sends, as xterm does it."""

from dataclasses import dataclass
from enum import IntFlag


class Mods(IntFlag):
    """Keys held down; the numbers are xterm's."""

    NONE = 0
    SHIFT = 1
    ALT = 2
    CTRL = 4
    META = 8


@dataclass(frozen=True, slots=True)
class KeyModes:
    """What the guest has asked for, and what the person has chosen.

    cursor     application cursor keys (DECCKM)
    newline    Enter sends a line feed, too (LNM)
    bracketed  it wants to know where a paste begins and ends
    backspace  what Backspace sends: b"\\x7f" or b"\\x08"
    """

    cursor: bool = False
    newline: bool = False
    bracketed: bool = False
    backspace: bytes = b"\x7f"


# Keys whose code ends in a letter, and those whose code is a number and a tilde.
_LETTERS = {"up": "A", "down": "B", "right": "C", "left": "D", "begin": "E", "end": "F", "home": "H"}
_FIRST_FOUR = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
_NUMBERS = {"insert": 2, "delete": 3, "page-up": 5, "page-down": 6} | {
    f"f{key}": code
    for key, code in zip(range(5, 21), (15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34), strict=True)
}
NAMES = frozenset((*_LETTERS, *_FIRST_FOUR, *_NUMBERS, "enter", "tab", "backspace", "escape"))


def key(name: str, mods: Mods = Mods.NONE, modes: KeyModes = KeyModes()) -> bytes:
    """What the key of that name (NAMES) sends; b"" for one that sends nothing."""
    if name in _LETTERS:
        return _letter(_LETTERS[name], mods, modes.cursor)
    if name in _FIRST_FOUR:
        return _letter(_FIRST_FOUR[name], mods, True)
    if name in _NUMBERS:
        return f"\x1b[{_NUMBERS[name]}{f';{1 + mods}' if mods else ''}~".encode()
    before = b"\x1b" if mods & Mods.ALT else b""
    match name:
        case "enter":
            return before + (b"\r\n" if modes.newline else b"\r")
        case "tab":
            return b"\x1b[Z" if mods & Mods.SHIFT else before + b"\t"
        case "backspace":
            other = b"\x08" if modes.backspace == b"\x7f" else b"\x7f"
            return before + (other if mods & Mods.CTRL else modes.backspace)
        case "escape":
            return before + b"\x1b"
    return b""


def _letter(letter: str, mods: Mods, application: bool) -> bytes:
    if mods:
        return f"\x1b[1;{1 + mods}{letter}".encode()
    return f"\x1b{'O' if application else '['}{letter}".encode()


# Ctrl with these sends what Ctrl sends with the letter beside: as on a VT220.
_CONTROL = {" ": 0, "2": 0, "3": 27, "4": 28, "5": 29, "6": 30, "7": 31, "8": 127, "?": 127, "/": 31, "-": 31}


def character(text: str, mods: Mods = Mods.NONE) -> bytes:
    """What a key that types `text` (without Ctrl and Alt applied) sends."""
    if mods & Mods.CTRL and len(text) == 1:
        upper = text.upper()
        if text in _CONTROL:
            data = bytes([_CONTROL[text]])
        elif "@" <= upper <= "_":
            data = bytes([ord(upper) & 31])
        else:
            data = text.encode()
    else:
        data = text.encode("utf-8", "ignore")
    return b"\x1b" + data if data and mods & Mods.ALT else data


def paste(text: str, modes: KeyModes) -> bytes:
    """What pasting `text` sends. Control characters are left out: they could end the paste and give commands."""
    lines = text.replace("\r\n", "\r").replace("\n", "\r")
    data = "".join(c for c in lines if c in "\r\t" or not (c < " " or "\x7f" <= c <= "\x9f")).encode("utf-8", "ignore")
    return b"\x1b[200~" + data + b"\x1b[201~" if modes.bracketed and data else data
