"""Jobs as a table: the newest on top."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from vmdesk.core.jobs import Job, Jobs, JobState
from vmdesk.core.units import duration
from vmdesk.model.text import text, tr
from vmdesk.ui.models.roles import Index, Role
from vmdesk.ui.models.turn import Turn
from vmdesk.ui.plain import plain_tip

_ROOT = QModelIndex()
_TITLES = (text("Job"), text("Progress"), text("Time left"))
_STATES = {
    JobState.RUNNING: text("running"),
    JobState.DONE: text("done"),
    JobState.FAILED: text("failed"),
    JobState.CANCELLED: text("cancelled"),
}


def progress_text(job: Job) -> str:
    """`63 %`, or what is known instead."""
    if words := job.note if job.running else job.outcome:
        return str(words)
    if job.running and job.progress is not None:
        return f"{job.progress * 100:.0f} %"
    return str(_STATES[job.state])


def left_text(job: Job) -> str:
    """`40 s left`; "" while nobody knows."""
    if not job.running or job.left is None:
        return ""
    return tr("{time} left", time=duration(job.left))


class JobsModel(QAbstractTableModel):
    """Every job still listed."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._rows: list[Job] = list(reversed(jobs.all))
        self._turn = Turn(self._flush, 0.1, self)
        self.close = jobs.subscribe(lambda job: self._turn.ask())

    def job_at(self, row: int) -> Job | None:
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def settle(self) -> None:
        self._turn.now()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return str(_TITLES[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        job = self.job_at(index.row()) if index.isValid() else None
        if job is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            texts = (str(job.title), progress_text(job), left_text(job))
            return texts[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(str(job.problem or job.title))
        if role == Role.PROGRESS:
            return job.progress
        if role == Role.VALUE:
            return job
        return None

    def _flush(self) -> None:
        rows = list(reversed(self._jobs.all))
        if [job.id for job in rows] == [job.id for job in self._rows]:
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(_TITLES) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()
