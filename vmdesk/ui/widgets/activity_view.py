"""The list of what happened, with its filter line: for one machine or for all."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QMenu, QVBoxLayout, QWidget

from vmdesk.core.activity import EntryKind
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import text, tr
from vmdesk.ui.models.activity import ActivityModel, Column
from vmdesk.ui.parts import Parts
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.plain_table import PlainTable

TYPING = 150  # ms after the last key before the list is read anew

# (text, kinds, only what somebody should look at)
KINDS = (
    (text("Everything"), (), False),
    (text("Trouble"), (), True),
    (text("What failed"), (EntryKind.JOB,), False),
    (text("State changes"), (EntryKind.LIFECYCLE, EntryKind.FOUND), False),
    (text("Restarts, devices, limits"), (EntryKind.CHANGE,), False),
    (text("Disk errors"), (EntryKind.IO_ERROR,), False),
    (text("Answering or not"), (EntryKind.HEALTH, EntryKind.WATCHDOG), False),
    (text("USB devices"), (EntryKind.DEVICE,), False),
    (text("Connections"), (EntryKind.HOST,), False),
)


class _Table(PlainTable):
    """With the way to the machine in its menu."""

    def __init__(self, model: ActivityModel, parts: Parts, name: str, empty: str, one: bool) -> None:
        super().__init__(model, name, empty)
        self._entries, self._parts, self._one = model, parts, one
        self.opened.connect(self.open_machine)

    def open_machine(self, row: int) -> None:
        """Go to the machine of a row, if it is still there."""
        key = self._entries.entry(row).key
        if not self._one and key in self._parts.store.domains:
            self._parts.shell.open_machine(key)

    def menu_for(self, row: int) -> QMenu:
        menu = super().menu_for(row)
        entry = self._entries.entry(row) if row >= 0 else None
        if entry and not self._one and (entry.name or entry.host_name):
            action = menu.addAction(tr("Go to {name}", name=entry.name or entry.host_name))
            action.setEnabled(entry.key in self._parts.store.domains)
            action.triggered.connect(lambda: self.open_machine(row))
        return menu


class ActivityView(QWidget):
    """Reads and follows only while it is visible."""

    def __init__(self, parts: Parts, key: DomainKey | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        one = key is not None
        self.model = ActivityModel(parts.activity, parts.jobs, key, self)
        self._nothing = (
            tr("Nothing has happened to this machine since VMDesk watches it.")
            if one
            else tr("Nothing has happened yet. What starts, stops or fails will stand here, with its reason.")
        )
        self.table = _Table(self.model, parts, "activity", self._nothing, one)
        self.table.setAccessibleName(tr("Activity"))
        self.table.set_widths(20 * GRID, 20 * GRID, 18 * GRID, 30 * GRID)
        if one:
            self.table.setColumnHidden(Column.MACHINE, True)
            self.table.setColumnHidden(Column.HOST, True)
        self._words = QLineEdit()
        self._words.setObjectName("activity-filter")
        self._words.setPlaceholderText(tr("Find in the activity"))
        self._words.setAccessibleName(tr("Find in the activity"))
        self._words.setClearButtonEnabled(True)
        self._kind = QComboBox()
        self._kind.setObjectName("activity-kind")
        self._kind.setAccessibleName(tr("Kind of event"))
        for words, _, _ in KINDS:
            self._kind.addItem(str(words))
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING)
        self._typing.timeout.connect(self._on_filter)
        self._words.textChanged.connect(lambda _: self._typing.start())
        self._kind.currentIndexChanged.connect(lambda _: self._on_filter())
        self.model.loaded.connect(self._on_loaded)
        bar = QHBoxLayout()
        bar.setSpacing(GRID)
        bar.addWidget(self._words, 1)
        bar.addWidget(self._kind)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(bar)
        layout.addWidget(self.table, 1)

    def _on_filter(self) -> None:
        self._typing.stop()
        _, kinds, bad = KINDS[self._kind.currentIndex()]
        self.model.set_filter(self._words.text(), kinds, bad)

    def _on_loaded(self) -> None:
        self.table.set_empty(tr("Nothing found.") if self.model.filtered else self._nothing)

    def showEvent(self, event: QShowEvent) -> None:
        self.model.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.model.stop()
        super().hideEvent(event)
