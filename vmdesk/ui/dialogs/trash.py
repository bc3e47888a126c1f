"""Deleting for good what is in the trash: the full plan, machine by machine and file by file."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QTreeWidgetItem, QWidget

from vmdesk.core import units
from vmdesk.core.chains import DeletePlan, Item
from vmdesk.core.deleting.emptying import EmptyPlan
from vmdesk.core.jobs import Report
from vmdesk.core.storage.rows import ROLES
from vmdesk.model.chain import Role
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text, tr, trn
from vmdesk.ui.dialogs.delete import fate
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.lines import endanger
from vmdesk.ui.dialogs.looking import looked
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.theme import GRID, figure_font
from vmdesk.ui.widgets.form import Heading, Muted, Section
from vmdesk.ui.widgets.plan_tree import FATE, NAME, SIZE, PlanTree

MOST, LEAST = 14, 4  # rows that are seen at once


class EmptyDialog(Dialog):
    """`hosts`: id -> what it means there. Only what can go is done; what stays is listed with its reason."""

    def __init__(self, parent: QWidget | None, hosts: Mapping[str, EmptyPlan], names: Sequence[str] = ()) -> None:
        self._goes = [plan for one in hosts.values() for plan in one.goes]
        self._stays = [plan for one in hosts.values() for plan in one.stays]
        everyone = [plan.owner.name for plan in (*self._goes, *self._stays)]
        if len(everyone) == 1:
            title = tr("Delete {name} for good?", name=everyone[0])
        elif names:
            title = trn("Delete {n} machine for good?", "Delete {n} machines for good?", len(everyone))
        else:
            title = tr("Empty the trash?")
        super().__init__(parent, title, tr("Delete for good"))
        self.setMinimumWidth(120 * GRID)
        self.body.addWidget(Heading(title))
        words = Muted(
            tr("Definitions, snapshots and the files listed as deleted go in this order. That cannot be undone."),
            caption=False,
        )
        words.setForegroundRole(QPalette.ColorRole.WindowText)
        self.body.addWidget(words)
        self.body.addSpacing(GRID)
        self.body.addWidget(Section(tr("What goes, and what stays")))
        self.tree = self._make_tree()
        self.body.addWidget(self.tree)
        self.sum = PlainLabel(self._sum())
        self.sum.setObjectName("sum")
        self.sum.setFont(figure_font(self.sum.font()))
        self.body.addWidget(self.sum)
        self.action.setEnabled(bool(self._goes))
        if not self._goes:
            self.action.setToolTip(plain_tip(tr("Nothing of it can go now.")))
        endanger(self)

    def _make_tree(self) -> PlanTree:
        view = PlanTree("plan", tr("What goes, and what stays"), tr("Machine or file"), (46, 20, 11))
        rows = 0
        for plan in (*self._goes, *self._stays):
            top = self._machine(plan)
            view.addTopLevelItem(top)
            if plan.refused is not None:  # a sentence from edge to edge
                view.setFirstColumnSpanned(0, view.indexFromItem(top), True)
            rows += 1 + top.childCount()
        view.expandAll()
        view.show_rows(min(max(rows, LEAST), MOST), self.fontMetrics().height() + GRID)
        return view

    def _machine(self, plan: DeletePlan) -> QTreeWidgetItem:
        goes = plan.refused is None
        size = units.size(plan.frees) if goes else units.UNKNOWN
        item = self._row(plan.owner.name, tr("machine"), size, tr("is deleted") if goes else tr("stays"))
        bold = QFont(self.font())
        bold.setBold(True)
        item.setFont(NAME, bold)
        if plan.refused is not None:
            self._mute(item)
            item.addChild(self._row(str(plan.refused), "", "", ""))
        for one in plan.items if goes else ():
            item.addChild(self._file(one))
        if goes and plan.snapshots:
            names = ", ".join(plan.snapshots)
            item.addChild(self._row(names, trn("snapshot", "snapshots", len(plan.snapshots)), "", tr("is deleted")))
        for role in plan.hidden if goes else ():
            gone = role is Role.SAVED or bool(plan.gone)
            row = self._row(str(ROLES[role]), "", "", tr("is deleted") if gone else tr("stays"))
            if not gone:
                self._mute(row)
            item.addChild(row)
        return item

    def _file(self, one: Item) -> QTreeWidgetItem:
        size = units.UNKNOWN if one.image.allocation is None else units.size(one.image.allocation)
        what = ", ".join(dict.fromkeys(str(ROLES[role]) for role in one.roles))
        row = self._row(one.image.path, what, size, fate(one))
        row.setToolTip(FATE, plain_tip(fate(one, whole=True)))
        if not one.ticked:
            self._mute(row)
        return row

    def _row(self, *words: str) -> QTreeWidgetItem:
        row = QTreeWidgetItem(list(words))
        row.setTextAlignment(SIZE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.setSizeHint(NAME, QSize(0, self.fontMetrics().height() + GRID))
        row.setToolTip(NAME, plain_tip(words[NAME]))
        row.setToolTip(FATE, plain_tip(words[FATE]))
        return row

    def _mute(self, row: QTreeWidgetItem) -> None:
        for column in range(4):
            row.setForeground(column, self.palette().brush(QPalette.ColorRole.PlaceholderText))

    def _sum(self) -> str:
        machines = len(self._goes)
        size = units.size(sum(plan.frees for plan in self._goes))
        if not machines:
            return tr("Nothing of it can go now.")
        return trn("{n} machine goes: {size} are freed.", "{n} machines go: {size} are freed.", machines, size=size)


def begin_emptying(parts: Parts, keys: Sequence[DomainKey] = ()) -> None:
    """Delete these for good, or all that is in the trash of all hosts, once the person agrees."""
    parts.jobs.spawn("empty the trash", _empty(parts, keys))


async def _empty(parts: Parts, keys: Sequence[DomainKey]) -> None:
    wanted = keys or [key for key, domain in parts.store.domains.items() if domain.definition.trashed]
    hosts: dict[str, EmptyPlan] = {}
    for host in dict.fromkeys(key.host for key in wanted):
        uuids = [key.uuid for key in wanted if key.host == host]
        first = next(key for key in wanted if key.host == host)
        found = await looked(parts, first, lambda host=host, uuids=uuids: parts.layers.in_trash(host, uuids))  # type: ignore[misc]
        if found is not None:
            hosts[host] = found
    if not hosts:
        return
    names = [plan.owner.name for one in hosts.values() for plan in (*one.goes, *one.stays)] if keys else []
    dialog = EmptyDialog(parts.shell.widget(), hosts, names)
    if not await dialog.answer():
        return
    going = [(DomainKey(host, plan.owner.uuid), plan) for host, one in hosts.items() for plan in one.goes]

    async def work(report: Report) -> None:
        problems = []
        for number, (key, plan) in enumerate(going):
            report(number / len(going), text("Deleting {name}", name=plan.owner.name))
            try:
                chosen = tuple(image.path for image in plan.gone)
                done = await parts.layers.discard(key, plan.owner.name, chosen, lambda *_: None)
            except VirtError as error:
                problems.append(error.problem)
                continue
            if done.left:
                what = text(
                    "{name} was deleted. What could not be: {things}", name=done.name, things=", ".join(done.left)
                )
                problems.append(Problem(what))
        for problem in problems:
            parts.shell.notify(Notice(problem, Level.WARNING))

    title = (
        text("Deleting what is in the trash")
        if len(going) > 1
        else text("Deleting {name}", name=going[0][1].owner.name)
    )
    parts.jobs.start(title, work, tuple(key for key, _plan in going))
