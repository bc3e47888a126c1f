"""What runs: the newest job with progress, time left and cancel; all of them on request."""

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from vmdesk.core.jobs import Job, Jobs, JobState
from vmdesk.model.text import tr, trn
from vmdesk.ui import theme
from vmdesk.ui.delegates.progress import ProgressDelegate
from vmdesk.ui.icons import icon
from vmdesk.ui.models.jobs import JobsModel, left_text, progress_text
from vmdesk.ui.models.roles import Role
from vmdesk.ui.models.turn import Turn
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.widgets.header import FlatHeader
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.widgets.tool_button import icon_button

PATIENCE = 0.3  # seconds a job must take to be worth a bar
LINGER = 2500  # ms that the last one's end is seen


class JobsBar(QFrame):
    """Hidden while nothing runs, unless its list is open."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._model = JobsModel(jobs, self)
        self.setObjectName("jobs-bar")
        self.setAccessibleName(tr("Jobs"))
        self._title = PlainLabel(parent=self)
        self._title.setObjectName("job-title")
        self._bar = QProgressBar(self)
        self._bar.setObjectName("job-progress")
        self._bar.setAccessibleName(tr("Progress"))
        self._bar.setFixedWidth(20 * theme.GRID)
        self._bar.setTextVisible(False)
        self._left = PlainLabel(parent=self)
        self._left.setFont(theme.figure_font(self.font()))
        self._cancel = icon_button("close", tr("Cancel this job"), parent=self, name="job-cancel")
        self._cancel.clicked.connect(self._on_cancel)
        self._expand = icon_button("chevron-up", tr("All jobs"), parent=self, name="jobs-expand")
        self._expand.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._expand.setCheckable(True)
        self._expand.toggled.connect(self._on_expand)
        self._list: QTableView | None = None
        row = QHBoxLayout()
        row.setSpacing(theme.GRID)
        row.addWidget(self._title)
        row.addWidget(self._bar)
        row.addWidget(self._left)
        row.addWidget(self._cancel)
        row.addStretch(1)
        row.addWidget(self._expand)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(theme.GRID * 3 // 2, theme.GRID // 2, theme.GRID, theme.GRID // 2)
        self._box.setSpacing(theme.GRID // 2)
        self._box.addLayout(row)
        self._shown: Job | None = None
        self._turn = Turn(self._show, 0.1, self)
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self._turn.ask)
        self._end = QTimer(self)
        self._end.setSingleShot(True)
        self._end.timeout.connect(self._on_end)
        self.close_model = self._model.close
        self.leave = jobs.subscribe(self._on_job)
        self.hide()

    def show_list(self, on: bool = True) -> None:
        """Open or close the list of all jobs."""
        self._expand.setChecked(on)

    def turn_list(self) -> None:
        """Open the list, with the keyboard in it; or close it again."""
        self.show_list(not self._expand.isChecked())
        if self._list is not None and self._expand.isChecked():
            self._list.setFocus()

    def _on_job(self, job: Job) -> None:
        if not self.isHidden():  # also while the window is in the tray
            self._turn.ask()
        elif job.running and not self._late.isActive():
            # Most jobs take a tenth of a second: a bar that comes and goes is only a flicker.
            self._late.start(round(PATIENCE * 1000))

    def _show(self) -> None:
        running = self._jobs.running
        if not running:
            self._show_end()
            return
        self._end.stop()
        job = self._shown = running[-1]
        self._title.setText(str(job.title))
        self._left.setText(" · ".join(part for part in (progress_text(job), left_text(job)) if part))
        self._bar.setRange(0, 0 if job.progress is None else 1000)
        self._bar.setValue(round((job.progress or 0) * 1000))
        self._bar.show()
        self._cancel.setVisible(job.cancellable)
        self._expand.setText(trn("{n} job", "{n} jobs", len(running)))
        self.show()

    def _show_end(self) -> None:
        if self.isHidden():
            return
        job = next((one for one in reversed(self._jobs.all) if self._shown and one.id == self._shown.id), None)
        if job is not None:
            self._left.setText(progress_text(job))
        self._bar.hide()
        self._cancel.hide()
        self._expand.setText(tr("All jobs"))
        self._end.start(LINGER)

    def _on_end(self) -> None:
        if not self._jobs.running and not self._expand.isChecked():
            self.hide()

    def _on_cancel(self) -> None:
        if self._shown:
            self._jobs.cancel(self._shown.id)

    def _on_expand(self, on: bool) -> None:
        self._expand.setIcon(icon("chevron-down" if on else "chevron-up"))
        if on and self._list is None:
            self._list = self._make_list()
            self._box.insertWidget(0, self._list)
        if self._list:
            self._list.setVisible(on)
        if on:
            self._title.setText(self._title.text() or tr("No job runs."))
            self.show()
        else:
            self._turn.ask()

    def _make_list(self) -> QTableView:
        view = QTableView(self)
        view.setObjectName("jobs-list")
        view.setAccessibleName(tr("Jobs"))
        view.setModel(self._model)
        header = FlatHeader(view)
        view.setHorizontalHeader(header)
        view.setItemDelegateForColumn(1, ProgressDelegate(view))
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setShowGrid(False)
        thin(view)
        view.setTabKeyNavigation(False)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + theme.GRID)
        view.setColumnWidth(0, 44 * theme.GRID)
        view.setColumnWidth(1, 28 * theme.GRID)
        view.setFixedHeight(22 * theme.GRID)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._on_menu)
        cancel = QAction(tr("Cancel this job"), view)
        cancel.setShortcut("Del")
        cancel.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        cancel.triggered.connect(self._on_cancel_selected)
        view.addAction(cancel)
        return view

    def _on_menu(self, point: QPoint) -> None:
        if self._list is None:
            return
        menu = QMenu(self._list)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self._list.actions())
        menu.popup(self._list.viewport().mapToGlobal(point))

    def _on_cancel_selected(self) -> None:
        if self._list is None:
            return
        for index in self._list.selectionModel().selectedRows():
            job = index.data(Role.VALUE)
            if isinstance(job, Job) and job.state is JobState.RUNNING:
                self._jobs.cancel(job.id)
