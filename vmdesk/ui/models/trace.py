"""What VMDesk did, a row a step: newest first."""

from collections.abc import Callable
from enum import IntEnum

from PySide6.QtCore import QModelIndex, QObject, Qt
from PySide6.QtGui import QGuiApplication, QPalette

from vmdesk.core.trace import Step, Trace
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.models.activity import stamp
from vmdesk.ui.models.plain import PlainModel
from vmdesk.ui.models.roles import Index
from vmdesk.ui.theme import error_color

MOST = 1000  # rows


class Column(IntEnum):
    TIME = 0
    DOING = 1
    OUTCOME = 2
    CALL = 3


_TITLES: dict[int, Text] = {
    Column.TIME: text("Time"),
    Column.DOING: text("Action"),
    Column.OUTCOME: text("Result"),
    Column.CALL: text("libvirt call"),
}


class TraceModel(PlainModel):
    """`key`: of one machine only."""

    titles = _TITLES

    def __init__(self, trace: Trace, key: DomainKey | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._trace, self._key = trace, key
        self._rows: list[Step] = []
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Take what there is and follow from now on."""
        if self._unsubscribe is None:
            self._unsubscribe = self._trace.subscribe(self._on_step)
        self.beginResetModel()
        steps = self._trace.entries if self._key is None else self._trace.of(self._key)
        self._rows = list(reversed(steps))
        self.endResetModel()

    def stop(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def step(self, row: int) -> Step:
        return self._rows[row]

    def _on_step(self, step: Step) -> None:
        if self._key is not None and step.key != self._key:
            return
        self.beginInsertRows(QModelIndex(), 0, 0)
        self._rows.insert(0, step)
        self.endInsertRows()
        if len(self._rows) > MOST:
            self.beginRemoveRows(QModelIndex(), MOST, len(self._rows) - 1)
            del self._rows[MOST:]
            self.endRemoveRows()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        step = self._rows[index.row()]
        column = Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _words(step, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{_TITLES[column]}: {_words(step, column)}"
            case Qt.ItemDataRole.ForegroundRole:
                if column == Column.OUTCOME and not step.worked:
                    return error_color()
                if column == Column.TIME:
                    return QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText)
        return None


def _words(step: Step, column: Column) -> str:
    match column:
        case Column.TIME:
            return stamp(step.time)
        case Column.DOING:
            return str(step.doing)
        case Column.OUTCOME:
            return tr("done") if step.outcome is None else str(step.outcome)
        case Column.CALL:
            return step.call
