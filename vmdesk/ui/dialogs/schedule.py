"""Snapshots by the clock: what is scheduled for a machine, ending it, and one more."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QLineEdit, QListWidget, QPushButton, QSpinBox, QWidget

from vmdesk.core.jobs import Report
from vmdesk.core.schedules import WORDS, Schedule, log_command
from vmdesk.core.snapshots.keeping import MOST
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import text, tr, trn
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.lines import Warned
from vmdesk.ui.dialogs.looking import looked, name_of
from vmdesk.ui.parts import Parts
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Form, Heading, Muted, Section
from vmdesk.ui.widgets.scroll_bar import thin

_EVERY = {
    "hourly": text("every hour"),
    "daily": text("every day, at midnight"),
    "weekly": text("every week, on Monday"),
    "monthly": text("every month, on the first"),
}


def said(one: Schedule, failed: bool = False) -> str:
    """`every day, at midnight; 7 are kept`, and whether the last one failed."""
    every = str(_EVERY.get(one.every, one.every))
    words = trn("{every}; {n} is kept", "{every}; {n} are kept", one.keep, every=every)
    return tr("{schedule}; the last one failed", schedule=words) if failed else words


class ScheduleDialog(Dialog):
    """`wish()`: every, keep, options of one more. `ended()`: those that were ended here; done when it is closed."""

    def __init__(
        self,
        parent: QWidget | None,
        name: str,
        there: Sequence[Schedule],
        unable: Problem | None = None,
        failed: Collection[str] = (),
    ) -> None:
        title = tr("Scheduled snapshots of {name}", name=name)
        super().__init__(parent, title, tr("Schedule"))
        self.setMinimumWidth(64 * GRID)
        self._there = list(there)
        self._ended: list[Schedule] = []
        self._unable, self._failed = unable, failed
        self.body.addWidget(Heading(title))
        about = tr(
            "A timer of systemd takes them while you are logged in, whether this window is open or not; "
            "one that was slept through is made up for."
        )
        self.body.addWidget(Muted(about, caption=False))
        self.body.addSpacing(GRID)
        self.body.addWidget(Section(tr("What is scheduled")))
        self.list = QListWidget()
        self.list.setObjectName("there")
        self.list.setAccessibleName(tr("What is scheduled"))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        thin(self.list)
        self.list.setFixedHeight(4 * (self.fontMetrics().height() + GRID // 2))
        self.list.itemSelectionChanged.connect(self._on_changed)
        self.body.addWidget(self.list)
        self._why = Muted()
        self.body.addWidget(self._why)
        self.end = QPushButton(tr("End it"))
        self.end.setObjectName("end")
        self.end.setAutoDefault(False)
        self.end.clicked.connect(self._on_end)
        self.body.addWidget(self.end, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addSpacing(GRID)
        self.body.addWidget(Section(tr("One more")))
        self.body.addLayout(self._form())
        self._wrong = Warned()
        self.body.addWidget(self._wrong)
        self.cancel.setText(tr("Close"))
        self._fill()
        self._on_changed()
        self.every.setFocus()

    def _form(self) -> Form:
        form = Form()
        self.every = QComboBox()
        self.every.setObjectName("every")
        for word in WORDS:
            self.every.addItem(str(_EVERY[word]), word)
        self.every.addItem(tr("by a calendar of systemd"), "")
        self.every.setCurrentIndex(WORDS.index("daily"))
        form.add(tr("&When"), self.every)
        self.calendar = QLineEdit("Mon..Fri 22:00")
        self.calendar.setObjectName("calendar")
        form.add(tr("&Calendar"), self.calendar, tr("As after OnCalendar= in systemd.time(7)"))
        self.keep = QSpinBox()
        self.keep.setObjectName("keep")
        self.keep.setRange(1, MOST)
        self.keep.setValue(7)
        hint = tr("Older ones of this schedule are deleted when a new one is taken; never one of yours.")
        form.add(tr("&Keep"), self.keep, hint, stretch=False)
        self.external = CheckBox(tr("On top of the disks' files, &disks only"))
        self.external.setObjectName("external")
        form.add("", self.external, tr("Not ticked: what is proposed at that moment, as by hand."))
        self.every.currentIndexChanged.connect(self._on_changed)
        self.calendar.textChanged.connect(self._on_changed)
        return form

    def wish(self) -> tuple[str, int, tuple[str, ...]]:
        every = str(self.every.currentData()) or self.calendar.text().strip()
        return every, self.keep.value(), ("--external",) if self.external.isChecked() else ()

    def ended(self) -> tuple[Schedule, ...]:
        return tuple(self._ended)

    def _fill(self) -> None:
        self.list.clear()
        self.list.addItems([said(one, one.unit in self._failed) for one in self._there] or [tr("Nothing yet.")])
        self.list.setEnabled(bool(self._there))
        why = [log_command(one) for one in self._there if one.unit in self._failed]
        self._why.setText(tr("Why it failed: {command}", command=why[0]) if why else "")
        self._why.setVisible(bool(why))

    def _on_end(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._there):
            self._ended.append(self._there.pop(row))
            self._fill()
            self._on_changed()

    def _on_changed(self) -> None:
        chosen = bool(self._there) and bool(self.list.selectedItems())
        self.end.setEnabled(chosen)
        self.end.setToolTip(
            tr("Its snapshots stay.") if chosen else tr("Select what is to end.") if self._there else tr("Nothing yet.")
        )
        by_calendar = not self.every.currentData()
        self.calendar.setEnabled(by_calendar)
        self.calendar.setToolTip("" if by_calendar else tr("Only by a calendar of systemd."))
        empty = by_calendar and not self.calendar.text().strip()
        self._wrong.setText(str(self._unable) if self._unable else tr("Give a calendar.") if empty else "")
        self.action.setEnabled(self._unable is None and not empty)
        self.action.setToolTip(self._wrong.text())


def begin(parts: Parts, key: DomainKey) -> None:
    """Show what is scheduled, and do what is wanted."""
    parts.jobs.spawn("schedule snapshots", _schedule(parts, key))


async def _schedule(parts: Parts, key: DomainKey) -> None:
    found = await looked(parts, key, lambda: parts.layers.schedules(key))
    if found is None:
        return
    there, failed, unable = found
    name = name_of(parts, key)
    dialog = ScheduleDialog(parts.shell.widget(), name, there, unable, failed)
    more = await dialog.answer()
    ended = dialog.ended()
    if not more and not ended:
        return
    every, keep, options = dialog.wish()

    async def work(report: Report) -> None:
        for one in ended:
            await parts.layers.unschedule(one)
        if more:
            await parts.layers.schedule(key, every, keep, options)
            report(1.0, text("{n} are kept", n=keep))

    parts.jobs.start(text("Scheduling snapshots of {name}", name=name), work, (key,))
