"""One line of a terminal as it is shown and kept: text, and the looks of its parts."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from pyte.screens import Char

LONGEST_CELL = 8  # code points that combine in one cell
HEAVIEST = 32 * 1024 * 1024  # bytes that a history may take, about


class Style(NamedTuple):
    """How a cell looks. Colours: "default", pyte's names ("red", "brightred"), or six hex digits."""

    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    italics: bool = False
    underscore: bool = False
    strikethrough: bool = False
    reverse: bool = False
    blink: bool = False


PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Line:
    """`styles[i]` holds from column `starts[i]` on. Blanks at the end are cut off.

    wrapped  it goes on in the next line
    cells    one text a column ("" for the second half of a wide character); None: a column is a character
    """

    text: str = ""
    starts: tuple[int, ...] = ()
    styles: tuple[Style, ...] = ()
    wrapped: bool = False
    cells: tuple[str, ...] | None = None

    @property
    def width(self) -> int:
        """Columns that it takes."""
        return len(self.text) if self.cells is None else len(self.cells)

    def between(self, start: int, end: int) -> str:
        """The text of the columns [start, end)."""
        start, end = max(start, 0), max(end, 0)
        return self.text[start:end] if self.cells is None else "".join(self.cells[start:end])

    def column(self, offset: int) -> int:
        """The column of the character at `offset` in the text."""
        if self.cells is None:
            return offset
        for column, cell in enumerate(self.cells):
            if offset < len(cell):
                return column
            offset -= len(cell)
        return len(self.cells)

    def runs(self) -> Iterator[tuple[int, int, Style]]:
        """(from column, to column, style)."""
        for place, start in enumerate(self.starts):
            end = self.starts[place + 1] if place + 1 < len(self.starts) else self.width
            yield start, end, self.styles[place]


EMPTY = Line()
_BLANK = Char(" ")


Styles = dict[tuple[object, ...], Style]


def pack(row: Mapping[int, Char], columns: int, blank: Char, wrapped: bool, styles: Styles) -> Line:
    """The line of a pyte row. `blank` is what its missing cells are; `styles` keeps equal ones one object."""
    if not row:
        if blank == _BLANK:
            return EMPTY
        return Line(blank.data * columns, (0,), (Style._make(blank[1:]),), wrapped)
    if blank[1:] != PLAIN:
        last = columns - 1
    else:
        last = max((column for column in row if column < columns), default=-1)
    cells = [row[column] for column in range(last + 1)]
    while cells and cells[-1].data == " " and cells[-1][1:] == PLAIN:
        cells.pop()
    if not cells:
        return Line(wrapped=True) if wrapped else EMPTY
    starts: list[int] = []
    looks: list[Style] = []
    before: tuple[object, ...] | None = None
    for column, cell in enumerate(cells):
        look = cell[1:]
        if look != before:
            before = look
            style = styles.get(look)
            if style is None:
                if len(styles) > 1024:
                    styles.clear()
                style = styles[look] = Style._make(look)
            starts.append(column)
            looks.append(style)
    data = [cell.data for cell in cells]
    text = "".join(data)
    simple = len(text) == len(data) and "" not in data
    return Line(text, tuple(starts), tuple(looks), wrapped, None if simple else tuple(data))


class History:
    """Lines that left the screen at the top: `limit` of them at most, and not more than HEAVIEST bytes.

    first  the number of the oldest one; numbers never come again
    """

    def __init__(self, limit: int) -> None:
        self.first = 0
        self._limit = max(0, limit)
        self._lines: deque[Line] = deque()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def end(self) -> int:
        """The number that the next line will have."""
        return self.first + len(self._lines)

    def line(self, number: int) -> Line:
        """The line of that number; EMPTY if it is not there any more."""
        place = number - self.first
        return self._lines[place] if 0 <= place < len(self._lines) else EMPTY

    def lines(self, start: int, end: int) -> Iterator[Line]:
        """Those with the numbers [start, end)."""
        return islice(self._lines, max(0, start - self.first), max(0, end - self.first))

    def append(self, line: Line) -> None:
        self._lines.append(line)
        self._weight += _weight(line)
        self._trim()

    def set_limit(self, limit: int) -> None:
        self._limit = max(0, limit)
        self._trim()

    def clear(self) -> None:
        self.first = self.end
        self._lines.clear()
        self._weight = 0

    def _trim(self) -> None:
        while self._lines and (len(self._lines) > self._limit or self._weight > HEAVIEST):
            self._weight -= _weight(self._lines.popleft())
            self.first += 1


def _weight(line: Line) -> int:
    """About its bytes; a style counts as if nobody shared it."""
    extra = 0 if line.text.isascii() else 3 * len(line.text)
    cells = 0 if line.cells is None else 60 * len(line.cells)
    return 160 + len(line.text) + extra + cells + (48 if len(line.starts) < 16 else 220) * len(line.starts)
