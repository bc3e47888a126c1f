"""Tables that are painted in one stretch of Python.

Qt asks a delegate cell by cell, and a model for seven roles of each cell. Each time Python's lock is waited for; while
a host's figures are read in a thread, that is most of what the painting of a full table takes.
"""

from collections.abc import Iterable, Iterator
from typing import cast

from PySide6.QtCore import QRect
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QTableView

from vmdesk.ui.delegates.plain import FOCUS, SELECTED


def shown_columns(table: QTableView) -> list[int]:
    """The places of the columns that are not hidden, from left to right."""
    header = table.horizontalHeader()
    places = (header.logicalIndex(visual) for visual in range(header.count()))
    return [place for place in places if not header.isSectionHidden(place)]


def cells(table: QTableView, event: QPaintEvent, plain: int) -> Iterator[tuple[int, int, QRect, int]]:
    """(row, column, where, state) of each cell that is to be painted, as QTableView would choose them.

    `plain` is the state of a cell that is neither selected nor current (numbers of QStyle.StateFlag). Rows are all of
    one height.
    """
    model = table.model()
    rows, header, chooser = table.verticalHeader(), table.horizontalHeader(), table.selectionModel()
    columns = [
        (place, header.sectionViewportPosition(place), header.sectionSize(place)) for place in shown_columns(table)
    ]
    current, count, height = table.currentIndex(), model.rowCount(), rows.defaultSectionSize()
    focused = current.isValid() and (table.hasFocus() or table.viewport().hasFocus())
    done: set[tuple[int, int]] = set()
    for part in cast(Iterable[QRect], event.region()):  # it can be; its stub does not know
        first, last = rows.visualIndexAt(part.top()), rows.visualIndexAt(part.bottom())
        left, right = part.left(), part.right()
        for row in range(first, (last if last >= 0 else count - 1) + 1) if first >= 0 else ():
            top, state = rows.sectionViewportPosition(row), plain
            if chooser.isSelected(model.index(row, 0)):
                state |= SELECTED
            for place, x, width in columns:
                if x > right or x + width <= left or (row, place) in done:
                    continue
                done.add((row, place))
                here = focused and row == current.row() and place == current.column()
                yield row, place, QRect(x, top, width, height), state | FOCUS if here else state
