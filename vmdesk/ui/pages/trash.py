"""The trash: machines that are only marked as gone. Nothing of them was deleted, and nothing is until it is said."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QHideEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout, QWidget

from vmdesk.core import units
from vmdesk.core.chains import DeletePlan
from vmdesk.core.jobs import Job
from vmdesk.core.store import Changes
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.dialogs.trash import begin_emptying
from vmdesk.ui.heard import Heard
from vmdesk.ui.models.trash import Column, TrashModel
from vmdesk.ui.models.turn import Turn
from vmdesk.ui.parts import Parts
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.empty import Emptiness, EmptyView
from vmdesk.ui.widgets.form import Heading, Muted
from vmdesk.ui.widgets.plain_table import PlainTable
from vmdesk.ui.widgets.tool_button import action_bar, page_action


class TrashTable(PlainTable):
    """The menu is the page's: the same actions as its buttons."""

    def __init__(self, model: TrashModel, actions: Sequence[QAction]) -> None:
        super().__init__(model, "trash", "")
        self._mine = tuple(actions)
        self.setAccessibleName(tr("Trash"))
        for action in actions:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.addAction(action)

    def menu_for(self, row: int) -> QMenu:
        menu = super().menu_for(row)
        menu.setToolTipsVisible(True)
        first = menu.actions()[0]
        menu.insertActions(first, self._mine)
        menu.insertSeparator(first)
        return menu


class TrashPage(QWidget):
    """What is there is in the store; what deleting it means is asked of the hosts, while the page is seen."""

    title_changed = Signal(str)
    selected = Signal()

    icon = "trash"
    key = "trash"

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._plans: dict[DomainKey, DeletePlan] = {}
        self._asked: frozenset[DomainKey] = frozenset()
        self._weighing = False
        self._heard = Heard()
        self.title = tr("Trash")
        self.setObjectName("trash-page")
        self.setAccessibleName(self.title)
        self.restore = page_action(self, "restore", tr("Restore"), "delete-restore", "Ctrl+Return", self._on_restore)
        self.delete = page_action(self, "delete", tr("Delete for good…"), "delete-forever", "Del", self._on_delete)
        self.empty_all = page_action(self, "empty", tr("Empty the trash…"), "trash", "", self._on_empty)
        self.model = TrashModel(self)
        self.table = TrashTable(self.model, (self.restore, self.delete))
        self.table.set_widths(30 * GRID, 20 * GRID, 20 * GRID, 12 * GRID)
        self.table.opened.connect(self._on_opened)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_actions())
        self.empty = EmptyView()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.table)
        self._summary = Muted()
        self._summary.setWordWrap(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        layout.addWidget(Heading(self.title))
        about = tr(
            "Nothing of these machines was deleted: restored, each is as it was. They cannot be started from here."
        )
        self._about = Muted(about)
        layout.addWidget(self._about)
        layout.addLayout(action_bar("trash", (self.restore, self.delete, self.empty_all), self._summary))
        layout.addWidget(self.stack, 1)
        self._turn = Turn(self._show, 0.2, self)
        self._show()

    def watched(self) -> set[DomainKey]:
        return set()

    def selected_domains(self) -> list[Domain]:
        """What the machines' commands are for."""
        return [self.model.rows[row].domain for row in self.table.selected_rows() if row < len(self.model.rows)]

    # ---------------------------------------------------------------- what is there

    def _show(self) -> None:
        kept = {domain.key for domain in self.selected_domains()}
        if self.model.show_store(self._parts.store, self._plans):
            rows = [row for row, one in enumerate(self.model.rows) if one.domain.key in kept]
            self.table.select_rows(rows or [0] * bool(self.model.rows))
            if self.model.rowCount():
                for column in (Column.NAME, Column.HOST, Column.SINCE, Column.FREES):
                    self.table.resizeColumnToContents(column)
                    wide = self.table.columnWidth(column) + 2 * GRID  # the room at the sides
                    self.table.setColumnWidth(column, min(wide, 40 * GRID))
        count = self.model.rowCount()
        title = tr("Trash ({n})", n=count) if count else tr("Trash")
        if title != self.title:
            self.title = title
            self.title_changed.emit(title)
        known = [row.plan.frees for row in self.model.rows if row.plan is not None and row.plan.refused is None]
        words = trn("{n} machine", "{n} machines", count) if count else ""
        if known:
            words = tr("{machines}, {size} would be freed", machines=words, size=units.size(sum(known)))
        self._summary.setText(words)
        if not count:
            self.empty.show_state(
                Emptiness(
                    "empty-trash",
                    "trash",
                    tr("The trash is empty"),
                    tr(
                        "A machine that you move to the trash waits here, with its disks and snapshots, until you "
                        "restore it or delete it for good. VMDesk never empties the trash by itself."
                    ),
                )
            )
        self._about.setVisible(bool(count))
        self.stack.setCurrentWidget(self.table if count else self.empty)
        self._show_actions()
        self._ask()

    def _ask(self) -> None:
        """What deleting means has to be asked again when others are there."""
        there = frozenset(row.domain.key for row in self.model.rows)
        if there == self._asked or self._weighing or not self.isVisible():
            return
        self._asked, self._weighing = there, True
        self._plans = {key: plan for key, plan in self._plans.items() if key in there}
        self._parts.jobs.spawn("weigh the trash", self._weigh(there))

    async def _weigh(self, there: frozenset[DomainKey]) -> None:
        try:
            for host in sorted({key.host for key in there}):
                try:
                    found = await self._parts.layers.in_trash(host)
                except VirtError:
                    continue  # it stays unknown; deleting tells why
                for plan in (*found.goes, *found.stays):
                    self._plans[DomainKey(host, plan.owner.uuid)] = plan
        finally:
            self._weighing = False
        self._turn.ask()

    # ---------------------------------------------------------------- what can be done

    def _unable(self) -> Text | None:
        domains = self.selected_domains()
        if not self.model.rowCount():
            return text("The trash is empty.")
        if not domains:
            return text("Select a machine first.")
        for domain in domains:
            host = domain.key.host
            if (why := self._parts.store.away(host) or self._parts.store.read_only(host)) is not None:
                return why
        return None

    def _busy(self) -> Text | None:
        there = {row.domain.key for row in self.model.rows}
        for job in self._parts.jobs.running:
            if there.intersection(job.keys):
                return text("Wait until this has ended: {doing}", doing=str(job.title))
        return None

    def _show_actions(self) -> None:
        busy = self._busy()
        unable = busy or self._unable()
        nothing = busy or (None if self.model.rowCount() else text("The trash is empty."))
        for action, why in ((self.restore, unable), (self.delete, unable), (self.empty_all, nothing)):
            action.setEnabled(why is None)
            action.setToolTip(plain_tip(str(why) if why is not None else action.text()))
        self.selected.emit()

    def _on_restore(self) -> None:
        if domains := self.selected_domains():
            self._parts.shell.run("domain.untrash", [one.key for one in domains])

    def _on_delete(self) -> None:
        if domains := self.selected_domains():
            begin_emptying(self._parts, [one.key for one in domains])

    def _on_empty(self) -> None:
        begin_emptying(self._parts)

    def _on_opened(self, row: int) -> None:
        if 0 <= row < len(self.model.rows):
            self._parts.shell.open_machine(self.model.rows[row].domain.key)

    # ---------------------------------------------------------------- when

    def _on_changes(self, changes: Changes) -> None:
        self._turn.ask()

    def _on_job(self, job: Job) -> None:
        if not job.running:
            self._asked = frozenset()
        self._turn.ask()

    def showEvent(self, event: QShowEvent) -> None:
        if not self._heard.on:
            self._heard.begin(
                lambda: (self._parts.store.subscribe(self._on_changes), self._parts.jobs.subscribe(self._on_job))
            )
            self._asked = frozenset()
            self._turn.ask()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._heard.end()
        super().hideEvent(event)
