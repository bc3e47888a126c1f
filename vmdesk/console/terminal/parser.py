"""From what a guest prints to calls on a screen.

pyte's own parser takes one character at a time, fails on numbers and lengths that nobody sends in good faith, prints
what it does not know, and has no line drawing in UTF-8. This one looks for whole sequences, and every length in it has
an end.
"""

import re
import time
from collections.abc import Callable, Sequence

from vmdesk.console.terminal.screen import Screen

LONGEST = 4096  # characters of a string in a sequence (a title, ...)
_MOST_NUMBERS = 32
_LARGEST_NUMBER = 9999

_TOKEN = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]{1,512})"
    r"|(?P<csi>(?:\x1b\[|\x9b)([<-?]?)([0-9;:]{0,256})([ -/]{0,2})([@-~]))"
    # Linux's own way to set colours has no end mark.
    r"|(?P<palette>\x1b\](?:R|P[0-9A-Fa-f]{7}))"
    r"|(?P<osc>(?:\x1b\]|\x9d)([^\x07\x18\x1a\x1b\x9c]{0,4096})(?:[\x07\x18\x1a\x9c]|\x1b\\|(?=\x1b[^\\])))"
    r"|(?P<string>(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x18\x1a\x1b\x9c]{0,4096}(?:[\x18\x1a\x9c]|\x1b\\|(?=\x1b[^\\])))"
    r"|(?P<escape>\x1b([ -/]{0,2})([0-OQ-WYZ\\`-~]))"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f-\x8f\x91-\x97\x99\x9a\x9c])"
    # What nobody knows, and what was cut short.
    r"|(?P<other>(?:\x1b\[|\x9b)[0-?]{0,256}[ -/]{0,8}(?:[@-~\x18\x1a]|(?=[\x00-\x1f\x7f-\x9f]))"
    r"|\x1b[ -/]{0,8}(?:[\x18\x1a]|(?=[\x00-\x1f\x7f-\x9f])))"
)
_PARTIAL = re.compile(
    r"(?:\x1b[ -/]{0,8}"
    r"|(?:\x1b\[|\x9b)[0-?]{0,256}[ -/]{0,8}"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x18\x1a\x1b\x9c]{0,4096}\x1b?)\Z"
)
_STRING = re.compile(r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x18\x1a\x1b\x9c]{4096}")

_Numbers = Sequence[int]
_CONTROL: dict[str, Callable[[Screen], None]] = {
    "\x07": Screen.bell,
    "\x08": Screen.backspace,
    "\x09": Screen.tab,
    "\x0a": Screen.linefeed,
    "\x0b": Screen.linefeed,
    "\x0c": Screen.linefeed,
    "\x0d": Screen.carriage_return,
    "\x0e": Screen.shift_out,
    "\x0f": Screen.shift_in,
    "\x84": Screen.index,
    "\x85": Screen.next_line,
    "\x88": Screen.set_tab_stop,
    "\x8d": Screen.reverse_index,
}
_ESCAPE: dict[str, Callable[[Screen], None]] = {
    "c": Screen.reset,
    "D": Screen.index,
    "E": Screen.next_line,
    "M": Screen.reverse_index,
    "H": Screen.set_tab_stop,
    "7": Screen.save_cursor,
    "8": Screen.restore_cursor,
    "#8": Screen.alignment_display,
}
# By what stands before and after the numbers.
_CSI: dict[str, Callable[[Screen, _Numbers], None]] = {
    "@": lambda s, n: s.insert_characters(n[0]),
    "A": lambda s, n: s.cursor_up(n[0]),
    "B": lambda s, n: s.cursor_down(n[0]),
    "C": lambda s, n: s.cursor_forward(n[0]),
    "D": lambda s, n: s.cursor_back(n[0]),
    "E": lambda s, n: s.cursor_down1(n[0]),
    "F": lambda s, n: s.cursor_up1(n[0]),
    "G": lambda s, n: s.cursor_to_column(n[0]),
    "H": lambda s, n: s.cursor_position(n[0], n[1] if len(n) > 1 else 1),
    "I": lambda s, n: s.forward_tab(n[0]),
    "J": lambda s, n: s.erase_in_display(n[0]),
    "K": lambda s, n: s.erase_in_line(n[0]),
    "L": lambda s, n: s.insert_lines(n[0]),
    "M": lambda s, n: s.delete_lines(n[0]),
    "P": lambda s, n: s.delete_characters(n[0]),
    "S": lambda s, n: s.scroll_up(n[0]),
    "T": lambda s, n: s.scroll_down(n[0]) if len(n) == 1 else None,
    "X": lambda s, n: s.erase_characters(n[0]),
    "Z": lambda s, n: s.back_tab(n[0]),
    "`": lambda s, n: s.cursor_to_column(n[0]),
    "a": lambda s, n: s.cursor_forward(n[0]),
    "b": lambda s, n: s.repeat(n[0]),
    "c": lambda s, n: s.report_device_attributes(n[0]),
    "d": lambda s, n: s.cursor_to_line(n[0]),
    "e": lambda s, n: s.cursor_down(n[0]),
    "f": lambda s, n: s.cursor_position(n[0], n[1] if len(n) > 1 else 1),
    "g": lambda s, n: s.clear_tab_stop(n[0]),
    "h": lambda s, n: s.set_mode(*n),
    "l": lambda s, n: s.reset_mode(*n),
    "m": lambda s, n: s.select_graphic_rendition(*n),
    "n": lambda s, n: s.report_device_status(n[0]),
    "r": lambda s, n: s.set_margins(n[0] or 1, (n[1] if len(n) > 1 else 0) or s.lines),
    "s": lambda s, _: s.save_cursor(),
    "t": lambda s, n: s.report_size() if n[0] == 18 else None,
    "u": lambda s, _: s.restore_cursor(),
    "?h": lambda s, n: s.set_mode(*n, private=True),
    "?l": lambda s, n: s.reset_mode(*n, private=True),
    "?J": lambda s, n: s.erase_in_display(n[0]),
    "?K": lambda s, n: s.erase_in_line(n[0]),
    "!p": lambda s, _: s.soft_reset(),
}


class Parser:
    """`feed` only keeps the text; `advance` works on it, for as long as it may."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._text = ""
        self._place = 0

    @property
    def waiting(self) -> int:
        """Characters not yet worked on."""
        return len(self._text) - self._place

    def feed(self, text: str) -> None:
        self._text = self._text[self._place :] + text
        self._place = 0

    def advance(self, seconds: float | None = None) -> bool:
        """Work for `seconds` at most (None: to the end). Whether there is more to do."""
        end = None if seconds is None else time.perf_counter() + seconds
        match, text, place = _TOKEN.match, self._text, self._place
        while place < len(text):
            for _ in range(16):
                found = match(text, place)
                if found:
                    place = found.end()
                    self._place = place
                    self._do(found)
                elif _PARTIAL.match(text, place):
                    return False  # the rest of it is still to come
                else:
                    # Nonsense: without its beginning the rest is text. An endless string is taken away.
                    long = _STRING.match(text, place)
                    place = long.end() if long else place + 1
                    self._place = place
                if place >= len(text):
                    break
            if end is not None and place < len(text) and time.perf_counter() >= end:
                return True
        self._text, self._place = "", 0
        return False

    def _do(self, found: "re.Match[str]") -> None:
        kind = found.lastgroup
        if kind == "text":
            self._screen.draw(found.group())
        elif kind == "control":
            if action := _CONTROL.get(found.group()):
                action(self._screen)
        elif kind == "csi":
            prefix, numbers, between, final = found.group(3, 4, 5, 6)
            if command := _CSI.get(prefix + between + final):
                command(self._screen, _numbers(numbers, final == "m"))
        elif kind == "escape":
            self._escape(*found.group(12, 13))
        elif kind == "osc":
            code, _, words = found.group(9).partition(";")
            if code in ("0", "2"):
                self._screen.set_title(words)

    def _escape(self, between: str, final: str) -> None:
        if between in ("(", ")"):
            self._screen.define_charset(final, between)
        elif between + final in ("=", ">"):
            self._screen.keypad = final == "="
        elif action := _ESCAPE.get(between + final):
            action(self._screen)


def _numbers(text: str, rendition: bool) -> list[int]:
    """The numbers of a sequence, at least one; what is not there is 0."""
    numbers: list[int] = []
    for part in text.split(";", _MOST_NUMBERS)[:_MOST_NUMBERS]:
        if ":" in part:
            if rendition:
                numbers += _colons(part)
        else:
            numbers.append(_number(part))
    return numbers or [0]


def _colons(part: str) -> list[int]:
    """`38:2::r:g:b`, `38:5:n`, `4:3` in the older spelling."""
    parts = part.split(":")[:8]
    if parts[0] in ("38", "48") and len(parts) > 2:
        values = [_number(value) for value in parts]
        if values[1] == 2:
            return [values[0], 2, *values[-3:]] if len(values) >= 5 else []
        return values[:3]
    if parts[0] == "4":
        return [24 if parts[1] == "0" else 4]
    return []


def _number(text: str) -> int:
    return min(int(text[:6]), _LARGEST_NUMBER) if text else 0
