"""The files of a machine's disks: what stands on what, who needs it, what deleting it would break, and merging."""

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from vmdesk.core import units
from vmdesk.core.chains import FilePlan
from vmdesk.core.command import Confirm
from vmdesk.core.jobs import Job, Report
from vmdesk.core.snapshots.desk import View
from vmdesk.core.snapshots.stack import Doings, Layer, doings, hanging, layers
from vmdesk.core.store import Changes
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.models.chain import ChainModel
from vmdesk.ui.parts import Parts
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.reading import Reading, ReadingPage
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.chain_view import ChainView
from vmdesk.ui.widgets.empty import Emptiness, EmptyView
from vmdesk.ui.widgets.form import Muted, Section
from vmdesk.ui.widgets.tool_button import action_bar, page_action


class MachineChain(ReadingPage):
    """Reads while it is seen: when it is opened, when the machine changes, and when work on it ends."""

    def __init__(self, parts: Parts, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parts, parent)
        self._machine = key
        self._view: View | None = None
        self._can: Doings | None = None
        self.setObjectName("machine-chain")
        self.setAccessibleName(tr("Disk files"))
        self.commit = page_action(self, "commit", tr("Merge into the file below…"), "call-merge", "", self._on_commit)
        self.pull = page_action(self, "pull", tr("Take in what is below…"), "layers-up", "", self._on_pull)
        self.delete = page_action(self, "delete", tr("Delete the file…"), "delete", "Del", self._on_delete)
        self.model = ChainModel(self)
        self.table = ChainView(self.model, (self.commit, self.pull, self.delete))
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_chosen())
        self.empty = EmptyView()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.table)
        self._summary = Muted()
        self._summary.setObjectName("summary")
        self._summary.setWordWrap(False)
        self.path = Section()
        self.path.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.told = PlainLabel()
        self.told.setObjectName("told")
        self.told.setWordWrap(True)
        self.why = Muted()
        self.why.setObjectName("why")
        self._below = QWidget()
        below = QVBoxLayout(self._below)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(GRID // 2)
        for label in (self.path, self.told, self.why):
            below.addWidget(label)
        # Three lines always: the table does not jump when another file is chosen.
        self._below.setMinimumHeight(5 * self.told.fontMetrics().height() + GRID)
        below.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        layout.addLayout(action_bar("chain", (self.commit, self.pull, self.delete), self._summary))
        layout.addWidget(self.stack, 1)
        layout.addWidget(self._below)
        self.reading = Reading(self, parts.jobs, "read the chain", self._look, self._cannot_be_read, self._show)
        self._show()

    # ---------------------------------------------------------------- what is there

    async def _look(self) -> None:
        self._view = await self._parts.layers.look(self._machine)

    def _cannot_be_read(self) -> Text | None:
        if (away := self._parts.store.away(self._machine.host)) is not None:
            return away
        if self._machine not in self._parts.store.domains:
            return text("The machine is not there any more.")
        return None

    def _show(self) -> None:
        """What was read last."""
        view, chosen = self._view, self._chosen()
        if view is not None:
            found = layers(view.files, self._machine.uuid)
            if self.model.show_layers(found, view.files):
                row = self.model.place_of(chosen.path) if chosen else -1
                if self.model.rowCount():
                    self.table.selectRow(max(row, 0))
                self.table.fit()
            self._summary.setText(_summary(found, hanging(view.files, self._machine.uuid)))
        if not self.model.rowCount():
            self.empty.show_state(self._emptiness())
        self.stack.setCurrentWidget(self.table if self.model.rowCount() else self.empty)
        self._below.setVisible(bool(self.model.rowCount()))
        self._show_chosen()

    def _emptiness(self) -> Emptiness:
        why = self._cannot_be_read() or self.reading.problem
        if why is not None:
            return Emptiness("unreadable", "alert-circle", tr("The files cannot be shown"), str(why))
        if self._view is None:
            return Emptiness("reading", "clock", tr("Looking at the disks"), "")
        words = tr("This machine has no disk in a file. Add one to it, and what it stands on is drawn here.")
        return Emptiness("none", "disk", tr("No disk files"), words)

    def _chosen(self) -> Layer | None:
        rows = self.table.selected_rows()
        return self.model.layer(rows[0]) if rows else None

    # ---------------------------------------------------------------- what can be done

    def _common(self) -> Text | None:
        if (why := self._cannot_be_read()) is not None:
            return why
        host = self._parts.store.hosts[self._machine.host]
        if host.config.readonly or (host.capabilities and host.capabilities.readonly):
            return text("{host} is connected read-only.", host=host.config.name)
        for job in self._parts.jobs.running:
            if self._machine in job.keys:
                return text("Wait until this has ended: {doing}", doing=str(job.title))
        return None

    def _show_chosen(self) -> None:
        chosen, view = self._chosen(), self._view
        common = self._common()
        nothing = common or (None if chosen else text("Select a file first."))
        self._can = can = doings(view.files, view.domain, chosen.path) if chosen and view else None
        self.path.setText(chosen.path if chosen else "")
        self.told.setText(_told(can.told) if can else "")
        reasons = (
            (self.commit, nothing or (can.commit if can else None)),
            (self.pull, nothing or (can.pull if can else None)),
            (self.delete, nothing or (can.delete if can else None)),
        )
        for action, why in reasons:
            action.setEnabled(why is None)
            action.setToolTip(plain_tip(str(why) if why is not None else action.text()))
        told = [(action, why) for action, why in reasons[:2] if why is not None and why is not nothing]
        if common is not None:
            self.why.setText(str(common))
        elif len(told) == 2 and str(told[0][1]) == str(told[1][1]):
            self.why.setText(str(told[0][1]))
        else:
            self.why.setText("\n".join(_because(action, why) for action, why in told))

    def _on_commit(self) -> None:
        chosen, can = self._chosen(), self._can
        if chosen is None or can is None:
            return
        key, path, target, below = self._machine, chosen.path, can.target, can.below
        confirm = Confirm(
            "chain.commit",
            text("Merge a layer of {disk} into the file below?", disk=target),
            text("What is in the first is written into the second; then the first is deleted. The guest runs on."),
            text("Merge"),
            (f"{path} ({_size(chosen)})", text("into {path}", path=below)),
            always=True,
        )
        title = text("Merging {path} into {below}", path=_short(path), below=_short(below))
        self._after(confirm, title, lambda report: self._parts.layers.commit(key, target, path, below, report))

    def _on_pull(self) -> None:
        can = self._can
        if can is None:
            return
        key, target, base = self._machine, can.target, can.base
        confirm = Confirm(
            "chain.pull",
            text("Take what is below into the written file of {disk}?", disk=target),
            text(
                "What is in these files is copied into the one that is written, which then stands on nothing. "
                "Layers that nobody else needs are deleted; a base image stays. The guest runs on."
            )
            if not base
            else text(
                "What is in these files is copied into the one that is written. Layers that nobody else needs are "
                "deleted. The guest runs on."
            ),
            text("Take in"),
            can.pulled,
            danger=False,
            always=True,
        )
        title = text("Taking in what is below the disk {disk}", disk=target)
        self._after(confirm, title, lambda report: self._parts.layers.pull(key, target, base, report))

    def _on_delete(self) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        key, path = self._machine, chosen.path
        confirm = Confirm(
            "chain.delete",
            text("Delete a file that nobody needs?"),
            text("What is in it is gone for good."),
            text("Delete"),
            (f"{path} ({_size(chosen)})",),
            always=True,
        )
        title = text("Deleting {path}", path=_short(path))
        self._after(confirm, title, lambda _report: self._parts.layers.delete_file(key, path))

    def _after(self, confirm: Confirm, title: Text, work: Callable[[Report], Coroutine[Any, Any, Any]]) -> None:
        async def ask() -> None:
            if await self._parts.context.ask.confirm(confirm):
                self._parts.jobs.start(title, work, (self._machine,))

        self._parts.jobs.spawn(confirm.id, ask())

    # ---------------------------------------------------------------- when

    def _concerns(self, changes: Changes) -> bool:
        return self._machine in changes.changed | changes.added | changes.removed or self._machine.host in changes.hosts

    def _on_job(self, job: Job) -> None:
        if self._machine in job.keys:
            self._show_chosen()
            super()._on_job(job)


def _summary(found: tuple[Layer, ...], clones: tuple[str, ...]) -> str:
    own = sum(layer.image.allocation or 0 for layer in found if layer.mine)
    words = trn("{n} file, {size}", "{n} files, {size}", sum(one.mine for one in found), size=units.size(own))
    if not clones:
        return words if found else ""
    few = ", ".join(clones[:3]) + ("…" if len(clones) > 3 else "")
    return f"{words} · " + tr("stood on by {names}", names=few)


def _told(plan: FilePlan) -> str:
    """`Deleting this frees 1.0 GB and breaks: the machine web-02.`"""
    size = units.size(plan.frees)
    if not plan.breaks:
        return tr("Deleting this frees {size} and breaks nothing.", size=size)
    return tr(
        "Deleting this frees {size} and breaks: {who}.",
        size=size,
        who=", ".join(str(one.said()) for one in plan.breaks),
    )


def _because(action: QAction, why: Text) -> str:
    return tr("{action}: {why}", action=action.text().rstrip("…"), why=str(why))


def _short(path: str) -> str:
    return path.rpartition("/")[2] or path


def _size(layer: Layer) -> str:
    return units.UNKNOWN if layer.image.allocation is None else units.size(layer.image.allocation)
