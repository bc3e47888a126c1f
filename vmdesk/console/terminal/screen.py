"""A pyte screen with history, the second screen, and no call that takes long, grows for ever or fails.

What a guest prints may be hostile, so every method here takes any number.
"""

import copy
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyte
from pyte import charsets, modes
from pyte.screens import Char, Cursor, Margins, StaticDefaultDict, wcwidth

from vmdesk.console.terminal.line import EMPTY, LONGEST_CELL, History, Line, Styles, pack

LARGEST = (500, 200)  # columns, lines
SMALLEST = (2, 1)
LONGEST_TITLE = 200

# Private modes (DECSET) that pyte does not know, as pyte numbers them.
APPLICATION_CURSOR, BRACKETED_PASTE = 1 << 5, 2004 << 5
_REVERSED, _COLUMNS_132 = 5, 3
_SECOND_SCREEN, _SAVES_CURSOR = (47, 1047, 1049), (1048, 1049)

_BLANK = Char(" ")


class Row(StaticDefaultDict[int, Char]):
    """A line of the screen. wrapped: it goes on in the next one."""

    def __init__(self, default: Char) -> None:
        super().__init__(default)
        self.wrapped = False


class _Cells(dict[str, Char]):
    """Character -> cell in one look, so that equal cells are one object."""

    def __init__(self, look: Char) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, character: str) -> Char:
        cell = self[character] = self._look._replace(data=character)
        return cell


@dataclass(frozen=True, slots=True)
class _Saved:
    """What DECSC keeps."""

    cursor: Cursor
    charsets: tuple[str, str, int]
    origin: bool


@dataclass(slots=True)
class _First:
    """The first screen while the second is shown."""

    rows: dict[int, Row]
    margins: Margins | None
    saved: _Saved | None


class Screen(pyte.Screen):
    """`reply` gets what the terminal itself answers (cursor position); `ring` is the bell."""

    buffer: dict[int, Row]  # type: ignore[assignment]

    def __init__(
        self, columns: int, lines: int, history: History, reply: Callable[[str], None], ring: Callable[[], None]
    ) -> None:
        self.history = history
        self.reversed = False
        self.keypad = False  # DECKPAM: the keypad sends its own codes
        self._reply = reply
        self._ring = ring
        self._saved: _Saved | None = None
        self._first: _First | None = None
        self._cells: dict[Char, _Cells] = {}
        self._styles: Styles = {}
        self._wide = False  # a wide character has been drawn: its halves must stay together
        self._last = " "  # what REP repeats
        columns, lines = allowed(columns, lines)
        super().__init__(columns, lines)
        self.buffer = defaultdict(lambda: Row(_BLANK))

    @property
    def default_char(self) -> Char:
        return _BLANK

    @property
    def second(self) -> bool:
        """Whether the second screen is shown, which has no history."""
        return self._first is not None

    def packed(self, y: int) -> Line:
        """A line of the screen."""
        row = self.buffer.get(y)
        return EMPTY if row is None else pack(row, self.columns, row.default, row.wrapped, self._styles)

    # -- printing

    def draw(self, data: str) -> None:
        """Print text that has no control characters."""
        table = self.g1_charset if self.charset else self.g0_charset
        if table is not charsets.LAT1_MAP:
            data = data.translate(table)
        cells = self._look()
        cursor = self.cursor
        if data.isascii() and cursor.x + len(data) <= self.columns and not self._wide and modes.IRM not in self.mode:
            self.buffer[cursor.y].update(zip(range(cursor.x, cursor.x + len(data)), [cells[c] for c in data]))
            cursor.x += len(data)
            self._last = data[-1:] or self._last
        else:
            for character in data:
                self._put(character, cells)
        self.dirty.add(cursor.y)

    def _look(self) -> _Cells:
        attributes = self.cursor.attrs
        cells = self._cells.get(attributes)
        if cells is None:
            if len(self._cells) > 64:
                self._cells.clear()
            cells = self._cells[attributes] = _Cells(attributes)
        elif len(cells) > 4096:
            cells.clear()
        return cells

    def _put(self, character: str, cells: _Cells) -> None:
        width = 1 if " " <= character <= "~" else wcwidth(character)
        if width <= 0:
            if width == 0:
                self._combine(character)
            return
        cursor = self.cursor
        if cursor.x + width > self.columns:
            if modes.DECAWM in self.mode:
                self.dirty.add(cursor.y)
                self.buffer[cursor.y].wrapped = True
                self.carriage_return()
                self.index()
            else:
                cursor.x = self.columns - width
        if modes.IRM in self.mode:
            self.insert_characters(width)
        row = self.buffer[cursor.y]
        if self._wide:
            _part(row, cursor.x)
            _part(row, cursor.x + width)
        row[cursor.x] = cells[character]
        if width == 2:
            self._wide = True
            row[cursor.x + 1] = cells[""]
        cursor.x += width
        self._last = character

    def _combine(self, character: str) -> None:
        """An accent goes to the cell before, on this line."""
        if not unicodedata.combining(character) or not self.cursor.x:
            return
        row = self.buffer[self.cursor.y]
        x = self.cursor.x - 1
        if not row[x].data and x:
            x -= 1
        if row[x].data and len(row[x].data) < LONGEST_CELL:
            row[x] = row[x]._replace(data=unicodedata.normalize("NFC", row[x].data + character))

    def repeat(self, count: int) -> None:
        """REP: the last character again."""
        self.draw(self._last * min(max(count, 1), self.columns))

    # -- moving

    def index(self) -> None:
        top, bottom = self._margins()
        if self.cursor.y != bottom:
            self.cursor.y = min(self.cursor.y + 1, self.lines - 1)
            return
        if top == 0:
            self._keep((0,))
        self._remove(top, bottom, 1)

    def reverse_index(self) -> None:
        top, bottom = self._margins()
        if self.cursor.y != top:
            self.cursor.y = max(self.cursor.y - 1, 0)
        else:
            self._insert(top, bottom, 1)

    def insert_lines(self, count: int | None = None) -> None:
        top, bottom = self._margins()
        if top <= self.cursor.y <= bottom:
            self._insert(self.cursor.y, bottom, count or 1)
            self.carriage_return()

    def delete_lines(self, count: int | None = None) -> None:
        top, bottom = self._margins()
        if top <= self.cursor.y <= bottom:
            self._remove(self.cursor.y, bottom, count or 1)
            self.carriage_return()

    def _remove(self, top: int, bottom: int, count: int) -> None:
        """Take `count` lines out at `top`; what is below, down to `bottom`, moves up."""
        self.dirty.update(range(top, bottom + 1))
        for y in range(top, bottom + 1):
            self._move(y + count, y, bottom)

    def _insert(self, top: int, bottom: int, count: int) -> None:
        self.dirty.update(range(top, bottom + 1))
        for y in range(bottom, top - 1, -1):
            self._move(y - count if y - count >= top else bottom + 1, y, bottom)

    def _move(self, source: int, target: int, bottom: int) -> None:
        row = self.buffer.pop(source, None) if source <= bottom else None
        if row is None:
            self.buffer.pop(target, None)
        else:
            self.buffer[target] = row

    def cursor_up(self, count: int | None = None) -> None:
        top = self._margins().top
        self.cursor.y = max(self.cursor.y - (count or 1), top if self.cursor.y >= top else 0)

    def cursor_down(self, count: int | None = None) -> None:
        bottom = self._margins().bottom
        self.cursor.y = min(self.cursor.y + (count or 1), bottom if self.cursor.y <= bottom else self.lines - 1)

    def linefeed(self) -> None:
        self.buffer[self.cursor.y].wrapped = False
        super().linefeed()

    def next_line(self) -> None:
        """NEL."""
        self.index()
        self.carriage_return()

    def scroll_up(self, count: int) -> None:
        """SU: the lines within the margins, not the cursor."""
        top, bottom = self._margins()
        count = min(max(count, 1), bottom - top + 1)
        if top == 0:
            self._keep(range(count))
        self._remove(top, bottom, count)

    def scroll_down(self, count: int) -> None:
        """SD."""
        self._insert(*self._margins(), max(count, 1))

    def forward_tab(self, count: int) -> None:
        """CHT."""
        for _ in range(min(max(count, 1), len(self.tabstops) + 1)):
            self.tab()

    def back_tab(self, count: int) -> None:
        """CBT."""
        for _ in range(min(max(count, 1), self.columns)):
            self.cursor.x = max((stop for stop in self.tabstops if stop < self.cursor.x), default=0)

    def cursor_to_line(self, line: int | None = None) -> None:
        top = self._margins().top if modes.DECOM in self.mode else 0
        self.cursor.y = (line or 1) - 1 + top
        self.ensure_vbounds()

    def save_cursor(self) -> None:
        cursor = copy.copy(self.cursor)
        self._saved = _Saved(cursor, (self.g0_charset, self.g1_charset, self.charset), modes.DECOM in self.mode)

    def restore_cursor(self) -> None:
        """Where it was saved, as often as wanted; home if it never was."""
        saved = self._saved
        if saved is None:
            self.cursor_position()
            return
        self.g0_charset, self.g1_charset, self.charset = saved.charsets
        (self.mode.add if saved.origin else self.mode.discard)(modes.DECOM)
        hidden = self.cursor.hidden
        self.cursor = copy.copy(saved.cursor)
        self.cursor.hidden = hidden
        self.ensure_hbounds()
        self.ensure_vbounds()

    # -- erasing: to the background's colour

    def erase_characters(self, count: int | None = None) -> None:
        start = self._column()
        self._erase(self.cursor.y, start, min(start + (count or 1), self.columns))

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        x, y = self._column(), self.cursor.y
        if how == 0:
            self._erase(y, x, self.columns)
        elif how == 1:
            self._erase(y, 0, x + 1)
        elif how == 2:
            self._clear((y,))

    def erase_in_display(self, how: int = 0, *_rest: object, **_private: object) -> None:
        if how == 0:
            self._clear(range(self.cursor.y + 1, self.lines))
            self.erase_in_line(0)
        elif how == 1:
            self._clear(range(self.cursor.y))
            self.erase_in_line(1)
        elif how == 2:
            # What stood there may be the last words of a machine that reboots.
            self._keep(range(self._used()))
            self._clear(range(self.lines))
        elif how == 3:
            self.history.clear()

    def alignment_display(self) -> None:
        self._clear(range(self.lines), Char("E"))

    def insert_characters(self, count: int | None = None) -> None:
        self._push(count or 1, range(self.columns - 1, self._column() - 1, -1), 1)

    def delete_characters(self, count: int | None = None) -> None:
        self._push(count or 1, range(self._column(), self.columns), -1)

    def _push(self, count: int, columns: range, direction: int) -> None:
        """Move the rest of the line by `count` cells; the gap is blank."""
        row, blank = self.buffer[self.cursor.y], self._background()
        first = self._column()
        if self._wide:
            _part(row, first)
            _part(row, min(first + count, self.columns))
        old = {x: row[x] for x in columns}
        for x in columns:
            row[x] = old.get(x - count * direction, blank)
        row.wrapped = False
        self.dirty.add(self.cursor.y)

    def _column(self) -> int:
        """Where the cursor stands, which after the last column is still on it."""
        return min(self.cursor.x, self.columns - 1)

    def _erase(self, y: int, start: int, end: int) -> None:
        self.dirty.add(y)
        row = self.buffer[y]
        if self._wide:
            _part(row, start)
            _part(row, end)
        if end >= self.columns:
            row.wrapped = False
        row.update(dict.fromkeys(range(start, end), self._background()))

    def _clear(self, rows: Iterable[int], fill: Char | None = None) -> None:
        fill = fill or self._background()
        for y in rows:
            self.dirty.add(y)
            if fill == _BLANK:
                self.buffer.pop(y, None)
            else:
                self.buffer[y] = Row(fill)

    def _background(self) -> Char:
        background = self.cursor.attrs.bg
        return _BLANK if background == "default" else Char(" ", bg=background)

    # -- modes and answers

    def set_mode(self, *numbers: int, **kwargs: object) -> None:
        if kwargs.get("private"):
            numbers = tuple(number for number in numbers if not self._private(number, True))
            super().set_mode(*numbers, private=True)
        else:
            super().set_mode(*numbers)

    def reset_mode(self, *numbers: int, **kwargs: object) -> None:
        if kwargs.get("private"):
            numbers = tuple(number for number in numbers if not self._private(number, False))
            super().reset_mode(*numbers, private=True)
        else:
            super().reset_mode(*numbers)

    def _private(self, number: int, on: bool) -> bool:
        """The modes that pyte does not have, or does at a price. Whether it is one of them."""
        if number == _REVERSED:
            self.reversed = on
            self.dirty.update(range(self.lines))
        elif number == _COLUMNS_132:
            # The size is the person's to choose.
            self.margins = None
            self.erase_in_display(2)
            self.cursor_position()
        elif number in _SECOND_SCREEN or number in _SAVES_CURSOR:
            self._switch(number, on)
        else:
            return False
        return True

    def _switch(self, number: int, on: bool) -> None:
        if number in _SAVES_CURSOR and on and not self.second:
            self.save_cursor()
        if number in _SECOND_SCREEN and on != self.second:
            self.dirty.update(range(self.lines))
            if on:
                self._first = _First(dict(self.buffer), self.margins, self._saved)
                self.buffer.clear()
                self.margins = None
            elif self._first:
                self.buffer.clear()
                self.buffer.update(self._first.rows)
                self.margins, self._saved = self._first.margins, self._first.saved
                self._first = None
                self.ensure_vbounds()
        if number in _SAVES_CURSOR and not on:
            self.restore_cursor()

    def report_device_attributes(self, mode: int = 0, **_private: bool) -> None:
        if not mode:
            self._reply("\x1b[?6c")  # a VT102, as pyte is

    def report_device_status(self, mode: int = 0) -> None:
        if mode == 5:
            self._reply("\x1b[0n")
        elif mode == 6:
            top = self._margins().top if modes.DECOM in self.mode else 0
            self._reply(f"\x1b[{self.cursor.y - top + 1};{min(self.cursor.x + 1, self.columns)}R")

    def report_size(self) -> None:
        """XTWINOPS 18: in characters."""
        self._reply(f"\x1b[8;{self.lines};{self.columns}t")

    def bell(self, *_args: object) -> None:
        self._ring()

    def set_title(self, param: str) -> None:
        self.title = "".join(c for c in param[:LONGEST_TITLE] if c.isprintable())

    def set_icon_name(self, param: str) -> None:
        """Nobody sees it."""

    def select_graphic_rendition(self, *attrs: int) -> None:
        super().select_graphic_rendition(*attrs)
        look = self.cursor.attrs
        # pyte makes longer ones of numbers above 255, and one of its names is misspelt.
        fg, bg = _color(look.fg), _color(look.bg)
        if (fg, bg) != (look.fg, look.bg):
            self.cursor.attrs = look._replace(fg=fg, bg=bg)

    def soft_reset(self) -> None:
        """DECSTR: modes and looks, not what is shown."""
        self.mode = {modes.DECAWM, modes.DECTCEM}
        self.margins = None
        self.cursor.attrs, self.cursor.hidden = _BLANK, False
        self.charset, self.g0_charset, self.g1_charset = 0, charsets.LAT1_MAP, charsets.VT100_MAP
        self.keypad, self._saved = False, None

    def reset(self) -> None:
        """RIS. What was shown goes to the history."""
        if self._first is not None:
            self._switch(_SECOND_SCREEN[0], False)
        self._keep(range(self._used()))
        self.reversed = self.keypad = False
        self._saved = None
        super().reset()

    # -- size

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Lines that find no place go to the history, the empty ones below the cursor first of all."""
        columns, lines = allowed(self.columns if columns is None else columns, self.lines if lines is None else lines)
        if (columns, lines) == (self.columns, self.lines):
            return
        if lines < self.lines:
            used = max(self._used(), self.cursor.y + 1)
            over = max(0, used - lines)
            self._keep(range(over))
            self._shift(self.buffer, over)
            self.cursor.y -= over
        if self._first is not None:
            self._shrink_first(lines)
        self.lines, self.columns = lines, columns
        for rows in (self.buffer, self._first.rows if self._first else {}):
            for y in [y for y in rows if y >= lines]:
                del rows[y]
            for row in rows.values():
                for x in [x for x in row if x >= columns]:
                    del row[x]
        self.tabstops = set(range(8, columns, 8))
        self.margins = None
        self.cursor.x = min(self.cursor.x, columns - 1)
        self.ensure_vbounds()
        self.dirty = set(range(lines))

    def _shrink_first(self, lines: int) -> None:
        """The first screen has no cursor of its own now: it keeps its last lines."""
        assert self._first
        used = max(self._first.rows, default=-1) + 1
        over = max(0, used - lines)
        for y in range(over):
            row = self._first.rows.get(y)
            self.history.append(EMPTY if row is None else self._pack(row))
        self._shift(self._first.rows, over)
        self._first.margins = None
        if self._first.saved:
            cursor = self._first.saved.cursor
            cursor.y = max(0, cursor.y - over)

    def _shift(self, rows: dict[int, Row], count: int) -> None:
        if count:
            kept = {y - count: row for y, row in rows.items() if y >= count}
            rows.clear()
            rows.update(kept)

    # -- history

    def _keep(self, rows: Iterable[int]) -> None:
        """These lines are about to leave the screen."""
        if self._first is None:
            for y in rows:
                self.history.append(self.packed(y))

    def _used(self) -> int:
        """Lines down to the last one with anything on it."""
        for y in sorted(self.buffer, reverse=True):
            row = self.buffer[y]
            if row.default.data != " " or any(cell.data not in (" ", "") for cell in row.values()):
                return y + 1
        return 0

    def _pack(self, row: Row) -> Line:
        return pack(row, self.columns, row.default, row.wrapped, self._styles)

    def _margins(self) -> Margins:
        return self.margins or Margins(0, self.lines - 1)


def allowed(columns: int, lines: int) -> tuple[int, int]:
    """The nearest size that a screen may have."""
    return (
        min(max(columns, SMALLEST[0]), LARGEST[0]),
        min(max(lines, SMALLEST[1]), LARGEST[1]),
    )


def _part(row: Row, x: int) -> None:
    """A wide character that begins left of column `x` and ends right of it is taken away."""
    if x in row and row[x].data == "":
        row[x] = row[x]._replace(data=" ")
        if x - 1 in row:
            row[x - 1] = row[x - 1]._replace(data=" ")


def _color(name: str) -> str:
    if name == "bfightmagenta":
        return "brightmagenta"
    return name if len(name) == 6 or name.isalpha() else "default"
