"""A machine's snapshots as rows: a tree and a time line in one, now at the top."""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QFont, QGuiApplication

from vmdesk.core import units
from vmdesk.core.snapshots.lanes import Row, rows
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.models.plain import PlainModel
from vmdesk.ui.models.roles import Index
from vmdesk.ui.plain import plain_tip

ROW_ROLE = Qt.ItemDataRole.UserRole  # the core.snapshots.lanes.Row


class Column(IntEnum):
    NAME = 0
    CREATED = 1
    KIND = 2
    SIZE = 3
    NOTE = 4


_TITLES: dict[int, Text] = {
    Column.NAME: text("Snapshot"),
    Column.CREATED: text("Taken"),
    Column.KIND: text("Kind"),
    Column.SIZE: text("On disk"),
    Column.NOTE: text("Note"),
}
_KINDS = {
    Kind.INTERNAL: text("Internal"),
    Kind.EXTERNAL: text("External"),
    Kind.NONE: text("No disks"),
    Kind.MIXED: text("Mixed"),
}
_TIPS = {
    Kind.INTERNAL: text("Its disks are inside the machine's own disk files."),
    Kind.EXTERNAL: text("The disks' files were frozen, and a new file put on top of each."),
    Kind.NONE: text("No disk is in it."),
    Kind.MIXED: text("Some of its disks are inside their files, others were frozen: another program made it."),
}


def kind_words(snapshot: Snapshot) -> str:
    """`External, with memory`."""
    kind = str(_KINDS[snapshot.kind])
    return tr("{kind}, with memory", kind=kind) if snapshot.with_memory else kind


def when(moment: float) -> str:
    """In local time."""
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M") if moment else units.UNKNOWN


class SnapshotsModel(PlainModel):
    """Empty until `show_snapshots`; without snapshots there are no rows, not even now."""

    titles = _TITLES
    numbers = frozenset({Column.SIZE})

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Row] = ()

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    def show_snapshots(self, snapshots: Sequence[Snapshot]) -> bool:
        """Whether anything is different."""
        found = rows(snapshots) if snapshots else ()
        if found == self._rows:
            return False
        self.beginResetModel()
        self._rows = found
        self.endResetModel()
        return True

    def snapshot(self, row: int) -> Snapshot | None:
        """None for now, and where there is nothing."""
        return self._rows[row].snapshot if 0 <= row < len(self._rows) else None

    def place_of(self, name: str) -> int:
        """Its row, -1 if it is not there."""
        return next((at for at, row in enumerate(self._rows) if row.snapshot and row.snapshot.name == name), -1)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words(row.snapshot, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{_TITLES[column]}: {self._words(row.snapshot, column)}"
        if role == Qt.ItemDataRole.AccessibleDescriptionRole and row.snapshot and row.snapshot.parent:
            return tr("after {snapshot}", snapshot=row.snapshot.parent)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row.snapshot, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(column)
        if role == Qt.ItemDataRole.FontRole and column is Column.NAME:
            if row.snapshot is None or row.snapshot.current:
                font = QFont(QGuiApplication.font())
                font.setBold(True)
                return font
            return None
        if role == ROW_ROLE:
            return row
        return None

    def _words(self, snapshot: Snapshot | None, column: Column) -> str:
        if snapshot is None:
            return tr("Now") if column is Column.NAME else ""
        match column:
            case Column.NAME:
                return tr("{snapshot} (current)", snapshot=snapshot.name) if snapshot.current else snapshot.name
            case Column.CREATED:
                return when(snapshot.created)
            case Column.KIND:
                return kind_words(snapshot)
            case Column.SIZE:
                return units.UNKNOWN if snapshot.bytes is None else units.size(snapshot.bytes)
            case Column.NOTE:
                return " ".join(snapshot.note.split())

    def _tip(self, snapshot: Snapshot | None, column: Column) -> str | None:
        if snapshot is None:
            return tr("What the machine holds now") if column is Column.NAME else None
        if column is Column.NOTE:
            return plain_tip(snapshot.note) if snapshot.note else None
        if column is Column.KIND:
            return str(_TIPS[snapshot.kind])
        if column is Column.SIZE and snapshot.kind is Kind.INTERNAL:
            return tr("Only its memory: what its disks take is not told apart from the rest of the file.")
        if column is Column.NAME and snapshot.current:
            return tr("What the machine holds now goes on from {snapshot}", snapshot=snapshot.name)
        return None
