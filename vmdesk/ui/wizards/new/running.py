"""While it is made: how far it is, what is done now, and a way to stop it."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from vmdesk.core.jobs import Job, Jobs
from vmdesk.model.text import tr
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Heading, Muted

_WIDTH = 56 * GRID


class RunningPage(QWidget):
    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("running-page")
        self.job_id = 0
        self._leave: Callable[[], None] | None = None
        self.title = Heading()
        self.title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.bar = QProgressBar()
        self.bar.setObjectName("progress")
        self.bar.setAccessibleName(tr("Progress"))
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(_WIDTH)
        self.words = Muted()
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.words.setFixedWidth(_WIDTH)
        self.hint = Muted(tr("You can go on working in other tabs meanwhile."))
        self.hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.hint.setFixedWidth(_WIDTH)
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.setObjectName("cancel-making")
        self.cancel.setAccessibleName(tr("Cancel"))
        box = QVBoxLayout(self)
        box.setSpacing(GRID * 3 // 2)
        box.addStretch(2)
        for widget in (self.title, self.bar, self.words, self.hint, self.cancel):
            box.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        box.addStretch(3)
        self.cancel.clicked.connect(self._on_cancel)

    def follow(self, jobs: Jobs, job: Job) -> None:
        self.job_id = job.id
        self.title.setText(str(job.title))
        self.cancel.setEnabled(True)
        self.cancel.setFocus()
        self._leave = jobs.subscribe(self._on_job)
        self._on_job(job)

    def leave(self) -> None:
        if self._leave is not None:
            self._leave()
            self._leave = None

    def _on_job(self, job: Job) -> None:
        if job.id != self.job_id:
            return
        self.bar.setRange(0, 0 if job.progress is None else 1000)
        self.bar.setValue(round((job.progress or 0) * 1000))
        self.words.setText(str(job.note or ""))

    def _on_cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.words.setText(tr("Removing what was made …"))
        self.cancelled.emit()
