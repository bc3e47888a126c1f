"""Closing the window while jobs run: wait for them, go on in the tray, or stay."""

from enum import Enum

from PySide6.QtWidgets import QDialogButtonBox, QPushButton, QWidget

from vmdesk.core.jobs import Job, Jobs
from vmdesk.core.settings import SettingsFile
from vmdesk.model.text import tr, trn
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Heading

SHOWN = 5  # jobs told by name


class Closing(Enum):
    """What to do. The values are those of Settings.closing."""

    WAIT = "wait"  # close when the last job has ended
    TRAY = "tray"  # hide the window, go on
    CANCEL = "cancel"  # do not close


class ClosingDialog(Dialog):
    """Tells what is still at work and follows it; when the last job ends, the question is moot and it closes."""

    def __init__(self, parent: QWidget | None, jobs: Jobs, tray: bool) -> None:
        super().__init__(parent, tr("Work is still going on"), tr("Close when done"))
        self.choice = Closing.WAIT
        self._jobs = jobs
        self.setMinimumWidth(55 * GRID)
        self._heading = Heading()
        self.body.addWidget(self._heading)
        self._list = PlainLabel()
        self._list.setWordWrap(True)
        self._list.setObjectName("jobs")
        self.body.addWidget(self._list)
        words = PlainLabel(tr("Closing VMDesk never stops a machine."))
        self.body.addWidget(words)
        self.again = CheckBox(tr("Always do this"))
        self.again.setObjectName("again")
        self.again.setAccessibleName(self.again.text())
        self.body.addSpacing(GRID)
        self.body.addWidget(self.again)
        if tray:
            keep = QPushButton(tr("Go on in the tray"))
            keep.setObjectName("tray")
            self.buttons.addButton(keep, QDialogButtonBox.ButtonRole.AcceptRole)
            keep.clicked.connect(self._on_tray)
        self._unsubscribe = jobs.subscribe(self._on_job)
        self.finished.connect(lambda _: self._unsubscribe())
        self._refresh()

    def _on_tray(self) -> None:
        self.choice = Closing.TRAY

    def _on_job(self, job: Job) -> None:
        if self._jobs.running:
            self._refresh()
        else:
            self.choice = Closing.WAIT
            self.again.setChecked(False)
            self.accept()

    def _refresh(self) -> None:
        running = self._jobs.running
        self._heading.setText(trn("{n} job is still running", "{n} jobs are still running", len(running)))
        lines = [
            f"• {job.title}" + (f" ({job.progress:.0%})" if job.progress is not None else "") for job in running[:SHOWN]
        ]
        if len(running) > SHOWN:
            lines.append(tr("and {n} more", n=len(running) - SHOWN))
        self._list.setText("\n".join(lines))


async def ask(parent: QWidget | None, jobs: Jobs, settings: SettingsFile, tray: bool) -> Closing:
    """What to do with running jobs; asks unless the person has settled it. `tray`: there is one."""
    if not jobs.running:
        return Closing.WAIT
    settled = settings.current.closing
    if settled == "wait" or (settled == "tray" and tray):
        return Closing(settled)
    dialog = ClosingDialog(parent, jobs, tray)
    if not await dialog.answer():
        return Closing.CANCEL
    if dialog.again.isChecked():
        settings.set(closing=dialog.choice.value)
    return dialog.choice
