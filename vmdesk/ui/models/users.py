"""Who uses a host: its machines with what they take of it, the greatest first."""

from enum import IntEnum
from math import isnan

from PySide6.QtCore import QObject, Qt

from vmdesk.core import units
from vmdesk.core.history import Share
from vmdesk.core.store import Store
from vmdesk.model.text import Text, text
from vmdesk.ui.models.plain import PlainModel
from vmdesk.ui.models.roles import Index

FRACTION_ROLE = Qt.ItemDataRole.UserRole  # 0..1 of the host (memory, CPU) or of the greatest (rates); -1: no bar
COLOR_ROLE = Qt.ItemDataRole.UserRole + 1  # the number of the colour in the stacked bar, -1 for none
MOST = 200  # machines told
COLORED = 5


class Column(IntEnum):
    NAME = 0
    CPU = 1
    MEMORY = 2
    DISK = 3
    NETWORK = 4


_TITLES: dict[int, Text] = {
    Column.NAME: text("Machine"),
    Column.CPU: text("CPU"),
    Column.MEMORY: text("Memory"),
    Column.DISK: text("Disk"),
    Column.NETWORK: text("Network"),
}


def amount(share: Share, column: Column) -> float:
    """What a machine takes, 0 where unknown."""
    values = {
        Column.CPU: (share.cpu,),
        Column.MEMORY: (share.memory,),
        Column.DISK: (share.read, share.write),
        Column.NETWORK: (share.rx, share.tx),
    }
    return sum(value for value in values.get(column, ()) if not isnan(value))


class UsersModel(PlainModel):
    """`total_kib`: the host's memory, 0 if unknown."""

    titles = _TITLES
    numbers = frozenset(Column) - {Column.NAME}

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._rows: list[Share] = []
        self._by = Column.CPU
        self._total = 0.0
        self._greatest: dict[Column, float] = {}

    @property
    def by(self) -> Column:
        return self._by

    @property
    def rows(self) -> list[Share]:
        return self._rows

    def sort_by(self, column: Column) -> None:
        self._by = column if column is not Column.NAME else Column.CPU
        self.show_shares(self._rows, self._total)

    def show_shares(self, shares: list[Share], total_kib: float) -> None:
        """New figures. The rows stay the same objects for the view unless there are more or fewer."""
        self._total = total_kib
        rows = sorted(shares, key=lambda share: -amount(share, self._by))[:MOST]
        self._greatest = {column: max((amount(row, column) for row in rows), default=0.0) for column in Column}
        if len(rows) != len(self._rows):
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
            return
        self._rows = rows
        if rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(Column) - 1))

    def name(self, share: Share) -> str:
        domain = self._store.domains.get(share.key)
        return domain.name if domain else share.key.uuid

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        share, column = self._rows[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words(share, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{_TITLES[column]}: {self._words(share, column)}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(column)
        if role == FRACTION_ROLE:
            return self._fraction(share, column)
        if role == COLOR_ROLE:
            return index.row() if column is Column.NAME and index.row() < COLORED else -1
        return None

    def _words(self, share: Share, column: Column) -> str:
        match column:
            case Column.NAME:
                return self.name(share)
            case Column.CPU:
                return units.percent(share.cpu)
            case Column.MEMORY:
                return units.kib(share.memory)
            case _:
                return units.rate(amount(share, column))

    def _fraction(self, share: Share, column: Column) -> float:
        whole = {Column.CPU: 100.0, Column.MEMORY: self._total}.get(column, self._greatest.get(column, 0.0))
        return min(amount(share, column) / whole, 1.0) if whole and column is not Column.NAME else -1.0
