"""A text console without a window: fed with what the guest prints, asked for lines, selections, places of words.

Everything is bounded, however the guest behaves. Not for several threads at once.
"""

import codecs
import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from pyte import modes

from vmdesk.console.terminal import keys
from vmdesk.console.terminal.keys import KeyModes, Mods
from vmdesk.console.terminal.line import EMPTY, PLAIN, History, Line, Style
from vmdesk.console.terminal.log import Log
from vmdesk.console.terminal.parser import Parser
from vmdesk.console.terminal.screen import APPLICATION_CURSOR, BRACKETED_PASTE, Screen, allowed
from vmdesk.model.text import tr

__all__ = ["EMPTY", "PLAIN", "KeyModes", "Line", "Mods", "Place", "Span", "Style", "Terminal", "allowed"]

SIZE = (80, 24)  # what a guest takes for granted on a serial port
SCROLLBACK = 10_000  # lines
MOST_WAITING = 1024 * 1024  # bytes not yet shown: more would be shown long after it was printed
MOST_FOUND = 10_000
_PIECE = 8192  # bytes decoded at a time
_MOST_REPLIES = 64  # answers between two calls of `advance`
_WORD = re.compile(r"[\w.\-/~:@%+#=?&]+")


class Place(NamedTuple):
    """A cell: the number of its line (numbers grow and never come again), and its column."""

    line: int
    column: int


class Span(NamedTuple):
    """Cells from `start` to before `end`, over whole lines in between."""

    start: Place
    end: Place

    def on(self, line: int, width: int) -> tuple[int, int] | None:
        """Its columns on a line."""
        if not self.start.line <= line <= self.end.line:
            return None
        start = self.start.column if line == self.start.line else 0
        end = self.end.column if line == self.end.line else width
        return (start, end) if start < end else None


class Terminal:
    """A screen of `columns` x `lines` with a history.

    reply  gets what the terminal itself answers, to be sent to the guest
    ring   the bell
    """

    def __init__(
        self,
        columns: int = SIZE[0],
        lines: int = SIZE[1],
        scrollback: int = SCROLLBACK,
        reply: Callable[[bytes], None] = lambda _data: None,
        ring: Callable[[], None] = lambda: None,
    ) -> None:
        self._reply = reply
        self._replies = 0
        self._history = History(scrollback)
        self._screen = Screen(columns, lines, self._history, self._answer, ring)
        self._parser = Parser(self._screen)
        # DEC's line drawing is a character set of its own also where text is UTF-8.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._skipped = 0
        self._log: Log | None = None
        self.backspace = b"\x7f"

    # -- what comes from the guest

    def feed(self, data: bytes) -> None:
        """Keep it for `advance`; what is too much is left out, the oldest first."""
        if self._log:
            self._log.write(data)
        if self._waiting and len(self._waiting[-1]) < _PIECE:
            self._waiting[-1] += data
        else:
            self._waiting.append(data)
        self._bytes += len(data)
        while self._bytes > MOST_WAITING:
            lost = len(self._waiting.popleft())
            self._bytes -= lost
            self._skipped += lost

    def advance(self, seconds: float | None = None) -> bool:
        """Show what was fed, for `seconds` at most (None: all of it). Whether there is more."""
        self._replies = 0
        while True:
            if self._skipped:
                self._note_skipped()
            if self._parser.advance(seconds):
                return True
            if not self._waiting:
                return False
            piece = self._waiting.popleft()
            if len(piece) > _PIECE:
                self._waiting.appendleft(piece[_PIECE:])
                piece = piece[:_PIECE]
            self._bytes -= len(piece)
            self._parser.feed(self._decoder.decode(piece))
            if seconds is not None:
                return self._parser.advance(seconds) or bool(self._waiting)

    def _note_skipped(self) -> None:
        # CAN ends a sequence whose rest is lost.
        words = tr("[{n} KiB left out: printed faster than it can be shown]", n=self._skipped // 1024 + 1)
        self._skipped = 0
        self._parser.feed(f"\x18\x1b[0m\r\n{words}\r\n")

    def _answer(self, text: str) -> None:
        self._replies += 1
        if self._replies <= _MOST_REPLIES:
            self._reply(text.encode())

    def begin_again(self) -> None:
        """The line was cut: half a sequence or character will not be completed. What is shown stays."""
        self._decoder.reset()
        self._parser.feed("\x18")

    # -- what it shows

    @property
    def columns(self) -> int:
        return self._screen.columns

    @property
    def lines(self) -> int:
        return self._screen.lines

    @property
    def first(self) -> int:
        """The number of the oldest line that there is."""
        return self._history.first

    @property
    def top(self) -> int:
        """The number of the screen's first line."""
        return self._history.end

    @property
    def end(self) -> int:
        """One more than the number of the screen's last line."""
        return self._history.end + self._screen.lines

    @property
    def cursor(self) -> Place:
        return Place(self.top + self._screen.cursor.y, min(self._screen.cursor.x, self.columns - 1))

    @property
    def cursor_hidden(self) -> bool:
        return self._screen.cursor.hidden

    @property
    def reversed(self) -> bool:
        """Light and dark change places on the whole screen."""
        return self._screen.reversed

    @property
    def second(self) -> bool:
        """A program has the screen for itself; there is no history of it."""
        return self._screen.second

    @property
    def title(self) -> str:
        return self._screen.title

    def line(self, number: int) -> Line:
        """A line of history or screen; EMPTY if it is not there any more."""
        if number < self.top:
            return self._history.line(number)
        return self._screen.packed(number - self.top) if number < self.end else EMPTY

    def take_dirty(self) -> frozenset[int]:
        """The places on the screen (0 is its first line) that have changed since the last call."""
        dirty = frozenset(self._screen.dirty)
        self._screen.dirty.clear()
        return dirty

    def resize(self, columns: int, lines: int) -> None:
        """Bounded by `allowed`. The guest is not told: a serial line has no way to."""
        self._screen.resize(lines, columns)

    def set_scrollback(self, lines: int) -> None:
        self._history.set_limit(lines)

    def clear_history(self) -> None:
        self._history.clear()

    # -- what goes to the guest

    @property
    def modes(self) -> KeyModes:
        """What the guest has asked for."""
        on = self._screen.mode
        return KeyModes(APPLICATION_CURSOR in on, modes.LNM in on, BRACKETED_PASTE in on, self.backspace)

    def key(self, name: str, mods: Mods = Mods.NONE) -> bytes:
        """What a named key sends (keys.NAMES)."""
        return keys.key(name, mods, self.modes)

    def typed(self, text: str, mods: Mods = Mods.NONE) -> bytes:
        """What a key that types `text` sends."""
        return keys.character(text, mods)

    def paste(self, text: str) -> bytes:
        return keys.paste(text, self.modes)

    # -- selecting

    def text(self, span: Span) -> str:
        """The text of a span; wrapped lines are one."""
        parts: list[str] = []
        for number in range(max(span.start.line, self.first), min(span.end.line + 1, self.end)):
            line = self.line(number)
            columns = span.on(number, max(line.width, self.columns))
            text = line.between(*columns) if columns else ""
            last = number == span.end.line
            whole = line.wrapped and columns is not None and columns[1] >= line.width
            parts.append(text if whole or last else text.rstrip() + "\n")
        return "".join(parts)

    @property
    def everything(self) -> Span:
        """All that there is, what scrolled away included."""
        return Span(Place(self.first, 0), Place(self.end - 1, self.columns))

    def word(self, place: Place) -> Span:
        """The word (path, address, ...) at a cell; only the cell if there is none."""
        line = self.line(place.line)
        for found in _WORD.finditer(line.text):
            start, end = line.column(found.start()), line.column(found.end())
            if start <= place.column < end:
                return Span(Place(place.line, start), Place(place.line, end))
        return Span(place, Place(place.line, place.column + 1))

    def paragraph(self, number: int) -> Span:
        """The whole line, with those that it is wrapped over."""
        start = end = number
        while start > self.first and self.line(start - 1).wrapped:
            start -= 1
        while end + 1 < self.end and self.line(end).wrapped:
            end += 1
        return Span(Place(start, 0), Place(end, self.columns))

    # -- searching

    def find(self, words: str, match_case: bool = False) -> list[Span]:
        """Where the words stand, oldest first, also over the end of a wrapped line; MOST_FOUND at most."""
        if not words:
            return []
        wanted = re.compile(re.escape(words), 0 if match_case else re.IGNORECASE)
        found: list[Span] = []
        for number, lines in self._paragraphs():
            text = "".join(line.text for line in lines)
            for hit in wanted.finditer(text):
                found.append(Span(_place(number, lines, hit.start()), _place(number, lines, hit.end() - 1, after=1)))
                if len(found) >= MOST_FOUND:
                    return found
        return found

    def _paragraphs(self) -> Iterator[tuple[int, list[Line]]]:
        """(number of the first line, lines that are one)."""
        screen = [self._screen.packed(y) for y in range(self.lines)]
        lines: list[Line] = []
        number = self.first
        for line in (*self._history.lines(self.first, self.top), *screen):
            lines.append(line)
            if not line.wrapped or len(lines) >= 1000:
                yield number, lines
                number += len(lines)
                lines = []
        if lines:
            yield number, lines

    # -- log

    @property
    def log_file(self) -> Path | None:
        return self._log.file if self._log else None

    def log_to(
        self, file: Path | None, raw: bool = False, failed: Callable[[OSError], None] = lambda _error: None
    ) -> None:
        """From now on write what comes to a file, too; None: no more. Raises OSError."""
        log = Log(file, raw, failed=failed) if file else None
        if self._log:
            self._log.close()
        self._log = log


def _place(number: int, lines: list[Line], offset: int, after: int = 0) -> Place:
    """Where the character at `offset` of several lines stands, or (after=1) the one that follows it on its line."""
    for line in lines:
        if offset < len(line.text):
            return Place(number, line.column(offset + after))
        offset -= len(line.text)
        number += 1
    return Place(number, 0)
