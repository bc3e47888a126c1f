"""Volumes as rows, filtered and sorted; ten thousand of them are one list, nothing is asked when a row is drawn."""

from collections.abc import Callable, Sequence
from enum import IntEnum
from operator import attrgetter
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from vmdesk.core import units
from vmdesk.core.storage.rows import Row, used_cell, used_lines, used_words
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.models.plain import PlainModel
from vmdesk.ui.models.roles import Index, Role
from vmdesk.ui.plain import plain_tip


class Column(IntEnum):
    NAME = 0
    POOL = 1
    FORMAT = 2
    CAPACITY = 3
    ALLOCATION = 4
    USED = 5


_TITLES: dict[int, Text] = {
    Column.NAME: text("Name"),
    Column.POOL: text("Storage pool"),
    Column.FORMAT: text("Format"),
    Column.CAPACITY: text("Size"),
    Column.ALLOCATION: text("On disk"),
    Column.USED: text("Used by"),
}
_KEYS: dict[Column, Callable[[Row], Any]] = {
    Column.NAME: attrgetter("words"),  # they begin with it; no Python runs for each of ten thousand rows
    Column.POOL: lambda row: (row.pool.casefold(), row.name),
    Column.FORMAT: lambda row: (row.image.format, row.name),
    Column.CAPACITY: lambda row: (row.image.capacity or 0, row.name),
    Column.ALLOCATION: lambda row: (row.allocation, row.name),
    Column.USED: lambda row: (not row.used, used_words(row).casefold(), row.name),
}


_KEY = attrgetter("image.pool", "image.volume")
_ROLES = frozenset(
    {
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.TextAlignmentRole,
        Qt.ItemDataRole.AccessibleTextRole,
        Qt.ItemDataRole.ToolTipRole,
        Role.VALUE,
    }
)


class VolumesModel(PlainModel):
    """`about_to_change` and `changed` stand around a new order or choice of rows, for what keeps the selection."""

    about_to_change = Signal()
    changed = Signal()
    titles = _TITLES
    numbers = frozenset({Column.CAPACITY, Column.ALLOCATION})

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: Sequence[Row] = ()
        self._ordered: list[Row] = []  # all, sorted: filtering keeps the order
        self._rows: list[Row] = []
        self._filter: tuple[str, ...] = ()
        self._by = Column.NAME
        self._down = False
        self._cells: dict[int, str] = {}  # what has been shown of the rows
        self._sides = tuple(self.side(column) for column in Column)

    @property
    def rows(self) -> Sequence[Row]:
        """Those that are shown."""
        return self._rows

    @property
    def all(self) -> Sequence[Row]:
        """Filtered out or not."""
        return self._all

    def row(self, place: int) -> Row | None:
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def show_rows(self, rows: Sequence[Row]) -> None:
        """What is there now."""
        self._all = rows
        self._order()

    def filter(self, words: str) -> None:
        """Only those in which each of the words occurs: in name, path, pool, format or a user's name."""
        wanted = tuple(words.casefold().split())
        if wanted != self._filter:
            self._filter = wanted
            self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        by, down = Column(column), order == Qt.SortOrder.DescendingOrder
        if (by, down) != (self._by, self._down):
            self._by, self._down = by, down
            self._order()

    def _order(self) -> None:
        self._ordered = sorted(self._all, key=_KEYS[self._by], reverse=self._down)
        self._arrange()

    def _arrange(self) -> None:
        rows = self._ordered
        for word in self._filter:
            rows = [row for row in rows if word in row.words]
        self._cells = {}
        if len(rows) == len(self._rows) and list(map(_KEY, rows)) == list(map(_KEY, self._rows)):
            self._rows = rows
            if not rows:
                return
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(Column) - 1))
            self.changed.emit()
            return
        self.about_to_change.emit()
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()
        self.changed.emit()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role not in _ROLES:  # a cell that is painted asks for seven: most of them are nothing to us
            return None
        place, column = index.row(), index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._sides[column] if column >= 0 else None
        if not 0 <= place < len(self._rows):
            return None
        row = self._rows[place]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.words(place, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{_TITLES[column]}: {self.words(place, column)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row, Column(column))
        return row  # Role.VALUE

    def words(self, place: int, column: int) -> str:
        """What a cell says, made once for as long as the rows stay. IndexError where there is no such row."""
        key = place * len(Column) + column
        found = self._cells.get(key)
        if found is None:
            found = self._cells[key] = _said(self._rows[place], Column(column))
        return found


def _said(row: Row, column: Column) -> str:
    match column:
        case Column.NAME:
            return row.name
        case Column.POOL:
            return row.pool
        case Column.FORMAT:
            kind = row.image.format or tr("none")
            return tr("{format}, encrypted", format=kind) if row.image.encrypted else kind
        case Column.CAPACITY:
            return units.UNKNOWN if row.image.capacity is None else units.size(row.image.capacity)
        case Column.ALLOCATION:
            return units.UNKNOWN if row.image.allocation is None else units.size(row.image.allocation)
        case Column.USED:
            return used_cell(row) or (tr("nobody") if row.orphan else "")


def _tip(row: Row, column: Column) -> str | None:
    if column is Column.NAME:
        below = [tr("stands on {path}", path=row.image.backing)] if row.image.backing else []
        return plain_tip("\n".join([row.image.path, *below]))
    if column is Column.USED:
        lines = used_lines(row)
        if lines:
            return plain_tip("\n".join(lines))
        return tr("No machine and no other volume needs it.") if row.orphan else None
    return None
