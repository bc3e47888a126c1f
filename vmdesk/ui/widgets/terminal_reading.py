"""A text console for screen readers: what is on the screen now, without the blanks at the ends of lines."""

from typing import Any, Protocol

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import (
    QAccessible,
    QAccessibleTextCursorEvent,
    QAccessibleTextInsertEvent,
    QAccessibleTextRemoveEvent,
)
from PySide6.QtWidgets import QWidget

from vmdesk.console.text import Place, Span, Terminal
from vmdesk.ui.widgets.terminal_access import difference


class Screen(Protocol):
    """The view: which lines it shows, and where on the desktop a cell is."""

    terminal: Terminal

    @property
    def top(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def selection(self) -> Span | None: ...
    def select(self, span: Span | None) -> None: ...
    def cell_rect(self, place: Place) -> QRect: ...
    def cell_at(self, point: QPoint) -> Place: ...
    def viewport(self) -> QWidget: ...


class Reading:
    """What terminal_access.py asks for. Offsets count characters of `text`."""

    def __init__(self, view: Screen) -> None:
        self._view = view
        self._told: list[str] = []  # what screen readers know, and the number of its first line
        self._told_top = 0

    def text(self) -> str:
        return "\n".join(self._seen())

    def cursor(self) -> int:
        return self._offset(self._view.terminal.cursor)

    def selection(self) -> tuple[int, int]:
        span = self._view.selection
        return (self._offset(span.start), self._offset(span.end)) if span else (0, 0)

    def select(self, start: int, end: int) -> None:
        self._view.select(Span(self._place(start), self._place(end)) if start < end else None)

    def rect(self, offset: int) -> QRect:
        rect = self._view.cell_rect(self._place(offset))
        return QRect(self._view.viewport().mapToGlobal(rect.topLeft()), rect.size())

    def offset(self, point: QPoint) -> int:
        return self._offset(self._view.cell_at(self._view.viewport().mapFromGlobal(point)))

    def tell(self, widget: Any) -> None:
        """Only what is new is read out."""
        if not QAccessible.isActive() or not widget.isVisible():
            return
        old, new = self._told, self._seen()
        top = self._view.top
        scrolled, self._told, self._told_top = top - self._told_top, new, top
        place, removed, inserted = difference(old[max(0, scrolled) :], new)
        if removed:
            QAccessible.updateAccessibility(QAccessibleTextRemoveEvent(widget, place, removed))
        if inserted:
            QAccessible.updateAccessibility(QAccessibleTextInsertEvent(widget, place, inserted))
        QAccessible.updateAccessibility(QAccessibleTextCursorEvent(widget, self.cursor()))

    def _seen(self) -> list[str]:
        view = self._view
        return [view.terminal.line(view.top + row).text for row in range(view.rows)]

    def _offset(self, place: Place) -> int:
        view = self._view
        row = min(max(place.line - view.top, 0), view.rows)
        lines = self._seen()
        before = sum(len(line) + 1 for line in lines[:row])
        if row >= len(lines):
            return max(0, before - 1)
        return before + len(view.terminal.line(place.line).between(0, place.column))

    def _place(self, offset: int) -> Place:
        view = self._view
        for row, line in enumerate(self._seen()):
            if offset <= len(line):
                return Place(view.top + row, view.terminal.line(view.top + row).column(offset))
            offset -= len(line) + 1
        return Place(view.terminal.end - 1, view.terminal.columns)
