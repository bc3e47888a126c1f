"""A machine's snapshots: taken, reverted to, deleted, annotated. A tree and a time line in one, now at the top."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from vmdesk.core.jobs import Job
from vmdesk.core.snapshots.offers import Offers, offers
from vmdesk.core.store import Changes
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.host import Feature, Host
from vmdesk.model.snapshot import Snapshot
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.delegates.lanes import LanesDelegate
from vmdesk.ui.dialogs import snapshot as dialogs
from vmdesk.ui.dialogs.schedule import begin as begin_scheduling
from vmdesk.ui.models.snapshots import Column, SnapshotsModel
from vmdesk.ui.pages.machine_snapshots_detail import SnapshotDetail
from vmdesk.ui.parts import Parts
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.reading import Reading, ReadingPage
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.empty import Emptiness, EmptyView
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.plain_table import PlainTable
from vmdesk.ui.widgets.tool_button import action_bar, page_action

MEASURED = 60  # rows that decide how wide a column is
AGAIN = 15.0  # seconds; libvirt tells nothing of snapshots that other programs take
WITH_DETAIL = 110 * GRID  # pixels wide from which one of them is shown at the side
WIDEST = 44 * GRID  # of the first column, unless the person makes it wider


class SnapshotsTable(PlainTable):
    """The menu is the page's: the same actions as its buttons."""

    def __init__(self, model: SnapshotsModel, actions: Sequence[QAction]) -> None:
        super().__init__(model, "snapshots", "")
        self._mine = tuple(actions)
        self.setSelectionMode(self.SelectionMode.SingleSelection)
        self.setAccessibleName(tr("Snapshots"))
        self._lanes = LanesDelegate(self)
        self.setItemDelegateForColumn(Column.NAME, self._lanes)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + GRID + GRID // 2)
        self.horizontalHeader().setMinimumSectionSize(6 * GRID)
        self.horizontalHeader().setResizeContentsPrecision(MEASURED)
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


class MachineSnapshots(ReadingPage):
    """Reads while it is seen: when it is opened, when the machine changes, when work on it ends, and now and then."""

    def __init__(self, parts: Parts, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parts, parent, AGAIN)
        self._machine = key
        self._offers = Offers()
        self._listed: Sequence[Snapshot] | None = None
        self.setObjectName("machine-snapshots")
        self.setAccessibleName(tr("Snapshots"))
        self.take = page_action(self, "take", tr("Take…"), "source-commit", "Ins", self._on_take)
        self.revert = page_action(self, "revert", tr("Revert…"), "backup-restore", "", self._on_revert)
        self.delete = page_action(self, "delete", tr("Delete…"), "delete", "Del", self._on_delete)
        self.note = page_action(self, "note", tr("Edit note…"), "edit", "Ctrl+E", self._on_note)
        self.schedule = page_action(self, "schedule", tr("Schedule…"), "calendar-clock", "", self._on_schedule)
        self.model = SnapshotsModel(self)
        self.table = SnapshotsTable(self.model, (self.take, self.revert, self.delete, self.note))
        self.table.set_widths(30 * GRID, 18 * GRID, 22 * GRID, 11 * GRID)
        self.table.opened.connect(lambda _row: self.revert.trigger())
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._on_chosen())
        self.empty = EmptyView()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.table)
        self.detail = SnapshotDetail()
        self.why = Muted()
        self.why.setObjectName("why")
        self.why.setMinimumHeight(self.why.fontMetrics().height())
        self._summary = Muted()
        self._summary.setWordWrap(False)
        self._summary.setObjectName("summary")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        layout.addLayout(
            action_bar("snapshots", (self.take, self.revert, self.delete, self.note, self.schedule), self._summary)
        )
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.stack, 1)
        middle.addWidget(self.detail)
        layout.addLayout(middle, 1)
        layout.addWidget(self.why)
        self.reading = Reading(self, parts.jobs, "list snapshots", self._list, self._cannot_be_read, self._show)
        self._show()

    # ---------------------------------------------------------------- what is there

    async def _list(self) -> None:
        self._listed = await self._parts.layers.listed(self._machine)

    def _domain(self) -> tuple[Domain | None, Host | None]:
        return self._parts.store.domains.get(self._machine), self._parts.store.hosts.get(self._machine.host)

    def _cannot_be_read(self) -> Text | None:
        domain, host = self._domain()
        if (away := self._parts.store.away(self._machine.host)) is not None:
            return away
        if domain is None:
            return text("The machine is not there any more.")
        if host is None or host.capabilities is None or not host.capabilities.can(Feature.SNAPSHOT):
            return text("This kind of host cannot take snapshots.")
        return None

    def _show(self) -> None:
        """What was read last."""
        domain, host = self._domain()
        listed = self._listed or ()
        if domain is not None and host is not None and host.capabilities is not None:
            self._offers = offers(domain, host.capabilities, listed)
        chosen = self._chosen()
        if self.model.show_snapshots(listed):
            self._choose(chosen.name if chosen else "")
            for column, least in ((Column.NAME, 20 * GRID), (Column.CREATED, 0), (Column.KIND, 10 * GRID)):
                self.table.resizeColumnToContents(column)
                wide = self.table.columnWidth(column) + 2 * GRID  # the room at the sides
                self.table.setColumnWidth(column, min(max(wide, least), WIDEST))
        self._summary.setText(trn("{n} snapshot", "{n} snapshots", len(listed)) if listed else "")
        if not listed:
            self.empty.show_state(self._emptiness())
        self.stack.setCurrentWidget(self.table if listed else self.empty)
        self._show_detail()
        self._show_actions()

    def _on_chosen(self) -> None:
        self._show_detail()
        self._show_actions()

    def _show_detail(self) -> None:
        """The chosen one at the side, where there is room for it."""
        room = self.width() >= WITH_DETAIL and bool(self._listed)
        self.detail.setVisible(room)
        if room:
            chosen = self._chosen()
            picture = self._parts.layers.picture(self._machine, chosen.name) if chosen else b""
            self.detail.show_snapshot(chosen, picture)

    def _emptiness(self) -> Emptiness:
        why = self._cannot_be_read() or self.reading.problem
        if why is not None:
            return Emptiness("unreadable", "alert-circle", tr("The snapshots cannot be shown"), str(why))
        if self._listed is None:
            return Emptiness("reading", "clock", tr("Looking for snapshots"), "")
        words = tr(
            "A snapshot keeps what is on the disks, and in the memory if you like, as it is at that moment. Take one "
            "before an update or an experiment: you can go back to it at any time."
        )
        unable = self._unable_to_take()
        if unable is not None:
            return Emptiness("unable", "source-commit", tr("No snapshots"), f"{words}\n\n{unable}")
        actions = ((tr("Take a snapshot…"), self._on_take),)
        return Emptiness("none", "source-commit", tr("No snapshots yet"), words, actions)

    def _chosen(self) -> Snapshot | None:
        rows = self.table.selected_rows()
        return self.model.snapshot(rows[0]) if rows else None

    def _choose(self, name: str) -> None:
        row = self.model.place_of(name)
        if row < 0:
            row = next((at for at, one in enumerate(self.model.rows) if one.snapshot and one.snapshot.current), 0)
        if self.model.rowCount():
            self.table.selectRow(row)

    # ---------------------------------------------------------------- what can be done

    def _unable_to_take(self) -> Text | None:
        """Why none can be taken; None: at least one kind can."""
        if (why := self._cannot_be_read() or self._busy()) is not None:
            return why
        told = self._offers
        return told.unable

    def _busy(self) -> Text | None:
        domain, _host = self._domain()
        if domain is not None and domain.busy:
            return text("{name} is busy: {busy}. Wait until that has ended.", name=domain.name, busy=domain.busy)
        for job in self._parts.jobs.running:
            if self._machine in job.keys:
                return text("Wait until this has ended: {doing}", doing=str(job.title))
        return None

    def _show_actions(self) -> None:
        chosen = self._chosen()
        common = self._cannot_be_read() or self._busy()
        nothing = common or (None if chosen else text("Select a snapshot first."))
        name = chosen.name if chosen else ""
        readonly = self._offers.internal if self._is_readonly() else None
        common_or_readonly = self._cannot_be_read() or readonly
        self.schedule.setEnabled(common_or_readonly is None)
        self.schedule.setToolTip(plain_tip(str(common_or_readonly or tr("Take snapshots by the clock"))))
        reasons = (
            (self.take, self._unable_to_take()),
            (self.revert, nothing or self._offers.revert.get(name)),
            (self.delete, nothing or self._offers.delete.get(name)),
            (self.note, nothing or readonly),
        )
        for action, why in reasons:
            action.setEnabled(why is None)
            action.setToolTip(plain_tip(str(why) if why is not None else action.text()))
        if common is not None:
            self.why.setText(str(common))
            return
        told = [(action.text().rstrip("…"), why) for action, why in reasons if why is not None and why is not nothing]
        self.why.setText("  ".join(tr("{action}: {why}", action=action, why=str(why)) for action, why in told))

    def _is_readonly(self) -> bool:
        _domain, host = self._domain()
        return bool(host and (host.config.readonly or (host.capabilities and host.capabilities.readonly)))

    def _on_take(self) -> None:
        dialogs.begin_taking(self._parts, self._machine)

    def _on_revert(self) -> None:
        if (chosen := self._chosen()) is not None:
            dialogs.begin_reverting(self._parts, self._machine, chosen.name)

    def _on_delete(self) -> None:
        if (chosen := self._chosen()) is not None:
            dialogs.begin_deleting(self._parts, self._machine, chosen.name)

    def _on_schedule(self) -> None:
        begin_scheduling(self._parts, self._machine)

    def _on_note(self) -> None:
        if (chosen := self._chosen()) is not None:
            dialogs.begin_noting(self._parts, self._machine, chosen)

    # ---------------------------------------------------------------- when

    def _concerns(self, changes: Changes) -> bool:
        return self._machine in changes.changed | changes.added | changes.removed or self._machine.host in changes.hosts

    def _on_job(self, job: Job) -> None:
        if self._machine in job.keys:
            self._show_actions()
            super()._on_job(job)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_detail()
