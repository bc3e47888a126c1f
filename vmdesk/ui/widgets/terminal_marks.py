"""What is marked in a text console: what a person selects, by cells, words or lines, and the places of words found."""

from bisect import bisect_left

from PySide6.QtGui import QPalette

from vmdesk.console.text import Place, Span, Terminal
from vmdesk.ui import theme
from vmdesk.ui.colors import faded
from vmdesk.ui.widgets.terminal_drawing import Mark


class Selecting:
    """The mouse's way to a selection: `begin` where it is pressed, `extend` to where it goes; each gives the span."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._pivot: tuple[Span, str] | None = None  # where it began, and whether by cells, words or lines

    @property
    def begun(self) -> bool:
        return self._pivot is not None

    def is_word(self, cell: Place) -> bool:
        """Whether the word there is the one that it began with: another click means its line."""
        return self._pivot is not None and self._pivot == (self._terminal.word(cell), "word")

    def begin(self, place: Place, by: str = "cell") -> Span | None:
        self._pivot = (self._around(place, by), by)
        return _some(self._pivot[0])

    def extend(self, place: Place) -> Span | None:
        assert self._pivot is not None
        pivot, by = self._pivot
        there = self._around(place, by)
        return _some(Span(min(pivot.start, there.start), max(pivot.end, there.end)))

    def _around(self, place: Place, by: str) -> Span:
        if by == "word":
            return self._terminal.word(Place(place.line, min(place.column, self._terminal.columns - 1)))
        return self._terminal.paragraph(place.line) if by == "line" else Span(place, place)


def _some(span: Span) -> Span | None:
    return span if span.start != span.end else None


class Finds:
    """The places of words, from the oldest, and which of them is looked at."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._places: list[Span] = []
        self._current = -1

    @property
    def current(self) -> Span | None:
        return self._places[self._current] if self._places else None

    @property
    def count(self) -> tuple[int, int]:
        """(number of the current one from 1, 0 if there is none; how many)."""
        return self._current + 1, len(self._places)

    def look_for(self, words: str, match_case: bool) -> None:
        """All places; the youngest is looked at."""
        self._places = self._terminal.find(words, match_case)
        self._current = len(self._places) - 1

    def refind(self, words: str, match_case: bool) -> None:
        """The same words in what is there now; the current place stays."""
        current = self.current
        self.look_for(words, match_case)
        if current in self._places:
            self._current = self._places.index(current)

    def step(self, by: int) -> None:
        if self._places:
            self._current = (self._current + by) % len(self._places)

    def on(self, number: int) -> list[tuple[int, int, bool]]:
        """(first column, column after the last, whether it is looked at) of each on a line."""
        found = []
        for at in range(bisect_left(self._places, number, key=lambda span: span.end.line), len(self._places)):
            span = self._places[at]
            if span.start.line > number:
                break
            if part := span.on(number, self._terminal.columns):
                found.append((*part, at == self._current))
        return found


def marks(
    finds: Finds, selection: Span | None, number: int, columns: int, palette: QPalette, focus: bool
) -> list[Mark]:
    """What is found and what is selected on a line, as it is drawn."""
    drawn = []
    for start, end, strong in finds.on(number):
        ground = theme.warning_color(palette)
        ink = palette.color(QPalette.ColorRole.Base if strong else QPalette.ColorRole.Text)
        drawn.append(Mark(start, end, ground if strong else faded(ground, 0.3), ink))
    if selection and (part := selection.on(number, columns)):
        group = QPalette.ColorGroup.Active if focus else QPalette.ColorGroup.Inactive
        ground = palette.color(group, QPalette.ColorRole.Highlight)
        drawn.append(Mark(*part, ground, palette.color(group, QPalette.ColorRole.HighlightedText)))
    return drawn
