"""Tables that are painted in one stretch of Python.

Qt asks a delegate cell by cell, and a model for seven roles of each cell. Each time Python's lock is waited for; while
a host's figures are read in a thread, that is most of what the painting of a full table takes.
"""

from collections.abc import Iterable, Iterator
from typing import cast

from PySide6.QtCore import QRect
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QTableView

from vmdesk.ui.delegates.canvas import FOCUS, SELECTED, Box


def shown_columns(table: QTableView) -> list[int]:
    """The places of the columns that are not hidden, from left to right."""
    header = table.horizontalHeader()
    places = (header.logicalIndex(visual) for visual in range(header.count()))
    return [place for place in places if not header.isSectionHidden(place)]


def _selected(table: QTableView) -> list[range]:
    """The rows that are selected: whole rows are."""
    selection = table.selectionModel().selection()
    parts = (selection.at(place) for place in range(selection.count()))
    return [range(part.top(), part.bottom() + 1) for part in parts]


def cells(table: QTableView, event: QPaintEvent, plain: int) -> Iterator[tuple[int, int, Box, int]]:
    """(row, column, where, state) of each cell that is to be painted, as QTableView would choose them.

    `plain` is the state of a cell that is neither selected nor current (numbers of QStyle.StateFlag). Rows are all of
    one height.
    """
    rows, header = table.verticalHeader(), table.horizontalHeader()
    columns = [
        (place, header.sectionViewportPosition(place), header.sectionSize(place)) for place in shown_columns(table)
    ]
    current, count, height = table.currentIndex(), table.model().rowCount(), rows.defaultSectionSize()
    focused = current.isValid() and (table.hasFocus() or table.viewport().hasFocus())
    chosen, at, beside = _selected(table), current.row(), current.column()
    done: set[tuple[int, int]] = set()
    for part in cast(Iterable[QRect], event.region()):  # it can be; its stub does not know
        first, last = rows.visualIndexAt(part.top()), rows.visualIndexAt(part.bottom())
        left, right = part.left(), part.right()
        for row in range(first, (last if last >= 0 else count - 1) + 1) if first >= 0 else ():
            top, state = rows.sectionViewportPosition(row), plain
            if any(row in some for some in chosen):
                state |= SELECTED
            for place, x, width in columns:
                if x > right or x + width <= left or (row, place) in done:
                    continue
                done.add((row, place))
                here = focused and row == at and place == beside
                yield row, place, Box(x, top, width, height), state | FOCUS if here else state
