"""What is in the trash, as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QObject, Qt

from vmdesk.core import units
from vmdesk.core.chains import DeletePlan
from vmdesk.core.store import Store
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.models.plain import PlainModel
from vmdesk.ui.models.roles import Index
from vmdesk.ui.models.snapshots import when
from vmdesk.ui.plain import plain_tip


class Column(IntEnum):
    NAME = 0
    HOST = 1
    SINCE = 2
    FREES = 3
    FILES = 4


_TITLES: dict[int, Text] = {
    Column.NAME: text("Machine"),
    Column.HOST: text("Host"),
    Column.SINCE: text("In the trash since"),
    Column.FREES: text("Would free"),
    Column.FILES: text("Deleting it for good"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One machine. `plan`: what deleting it means, None while that is not known."""

    domain: Domain
    host: str
    plan: DeletePlan | None


class TrashModel(PlainModel):
    """Newest at the top. Sizes come later than the rows: they are asked of the hosts."""

    titles = _TITLES
    numbers = frozenset({Column.FREES})

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Row] = ()

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    def show_store(self, store: Store, plans: Mapping[DomainKey, DeletePlan]) -> bool:
        """Whether machines came or went."""
        found = []
        for key, domain in store.domains.items():
            if domain.definition.trashed:
                host = store.hosts.get(key.host)
                found.append(Row(domain, host.config.name if host else key.host, plans.get(key)))
        found.sort(key=lambda row: (-row.domain.definition.trashed, row.domain.name))
        if [row.domain.key for row in found] == [row.domain.key for row in self._rows]:
            if tuple(found) != self._rows:
                self._rows = tuple(found)
                last = self.index(len(found) - 1, len(self.titles) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return False
        self.beginResetModel()
        self._rows = tuple(found)
        self.endResetModel()
        return True

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return _words(row, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.titles[column]}: {_words(row, column)}"
        if role == Qt.ItemDataRole.ToolTipRole and column is Column.FILES:
            return plain_tip(_words(row, column))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(column)
        return None


def _words(row: Row, column: Column) -> str:
    match column:
        case Column.NAME:
            return row.domain.name
        case Column.HOST:
            return row.host
        case Column.SINCE:
            return when(row.domain.definition.trashed)
        case Column.FREES:
            return units.size(row.plan.frees) if row.plan and row.plan.refused is None else units.UNKNOWN
        case Column.FILES:
            return _fate(row.plan)


def _fate(plan: DeletePlan | None) -> str:
    if plan is None:
        return ""
    if plan.refused is not None:
        return str(plan.refused)
    gone, stays = len(plan.gone), len(plan.stays)
    goes = trn("{n} file goes", "{n} files go", gone) if gone else tr("no file goes")
    return f"{goes}, " + trn("{n} stays", "{n} stay", stays) if stays else goes
