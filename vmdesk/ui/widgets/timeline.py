"""The stretch of time that the graphs of a page show together: one zoom, one pan, one crosshair for all of them."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from vmdesk.model.text import Text, text

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Span:
    """How far back a view reaches. `seconds` is shown at first, `reach` is how far one may go back.

    live   from this run's memory, else from the archive
    hole   two readings further apart than this many seconds are not joined by a line
    """

    id: str
    title: Text
    seconds: float
    reach: float
    live: bool
    hole: float
    finest: float  # seconds that one may zoom in to


SPANS = (
    Span("minutes", text("5 minutes"), 300.0, HOUR, True, 35.0, 10.0),
    Span("hour", text("1 hour"), HOUR, HOUR, True, 35.0, 10.0),
    Span("day", text("Day"), DAY, DAY, False, 150.0, 600.0),
    Span("month", text("Month"), 30 * DAY, 30 * DAY, False, 2400.0, 3 * HOUR),
    Span("year", text("Year"), 365 * DAY, 365 * DAY, False, 13 * HOUR, 2 * DAY),
)


class Timeline(QObject):
    """`start` and `end` (Unix seconds) of what is shown, and where the crosshair stands (None: nowhere)."""

    moved = Signal()  # start or end changed
    span_changed = Signal()
    cursor_moved = Signal()
    following_changed = Signal()

    def __init__(self, now: float, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._span = SPANS[0]
        self._following = True
        self._cursor: float | None = None
        self._width = self._span.seconds
        self._end = now

    @property
    def span(self) -> Span:
        return self._span

    @property
    def start(self) -> float:
        return self._end - self._width

    @property
    def end(self) -> float:
        return self._end

    @property
    def width(self) -> float:
        return self._width

    @property
    def now(self) -> float:
        return self._now

    @property
    def following(self) -> bool:
        """Whether the right edge is now."""
        return self._following

    @property
    def cursor(self) -> float | None:
        return self._cursor

    @property
    def untouched(self) -> bool:
        """Neither zoomed nor panned."""
        return self._following and self._width == self._span.seconds

    def tick(self, now: float) -> None:
        """Time has passed; what follows goes along."""
        self._now = now
        if self._following:
            self._end = now
            self.moved.emit()

    def set_span(self, span: Span) -> None:
        if span is not self._span:
            self._span = span
            self._width = span.seconds
            self.point(None)
            self.span_changed.emit()
            self.back_to_now()

    def back_to_now(self) -> None:
        """The whole span again, up to this moment."""
        self._place(self._now, self._span.seconds, following=True)

    def zoom(self, factor: float, at: float | None = None) -> None:
        """Show `factor` times as much time, keeping the moment `at` in its place (None: crosshair or end)."""
        if at is None:
            at = self._cursor if self._cursor is not None else self._end
        width = min(max(self._width * factor, self._span.finest), self._span.reach)
        end = at + (self._end - at) * width / self._width
        self._place(end, width, following=self._following and at >= self._end)

    def pan(self, seconds: float) -> None:
        """Go `seconds` later (earlier if negative)."""
        self._place(self._end + seconds, self._width, following=False)

    def point(self, at: float | None) -> None:
        """Put the crosshair there; kept within what is shown."""
        if at is not None:
            at = min(max(at, self.start), self.end)
        if at != self._cursor:
            self._cursor = at
            self.cursor_moved.emit()

    def _place(self, end: float, width: float, following: bool) -> None:
        earliest = self._now - self._span.reach
        end = min(max(end, earliest + width), self._now)
        # Arriving at the right edge is asking to follow again.
        following = following or end >= self._now - width / 1000
        told = following != self._following
        self._end, self._width, self._following = (self._now if following else end), width, following
        self.moved.emit()
        if told:
            self.following_changed.emit()
