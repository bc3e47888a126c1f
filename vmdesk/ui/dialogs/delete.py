"""Deleting a machine: exactly which files, how large, who else uses them, what stays."""

from collections.abc import Collection

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QStyle,
    QStyleOptionViewItem,
    QTreeWidgetItem,
    QWidget,
)

from vmdesk.core import units
from vmdesk.core.chains import DeletePlan, Item, Keep, delete_plan
from vmdesk.core.deleting import trash as bin_
from vmdesk.core.jobs import Report
from vmdesk.core.snapshots.desk import View
from vmdesk.core.storage.rows import ROLES
from vmdesk.model.chain import Role
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text, textn, tr, trn
from vmdesk.ui.delegates.plain import cell_room
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.lines import Warned, endanger
from vmdesk.ui.dialogs.looking import look
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.theme import GRID, figure_font
from vmdesk.ui.widgets.form import Heading, Muted, Section
from vmdesk.ui.widgets.plan_tree import FATE, NAME, SIZE, PlanDelegate, PlanTree

KEPT = {
    Keep.NEEDED: text("stays: needed by {who}"),
    Keep.SHARED: text("stays: shared with other machines"),
    Keep.READONLY: text("stays: only read"),
    Keep.MEDIUM: text("stays: a medium"),
    Keep.BASE: text("stays: a base image"),
    Keep.ELSEWHERE: text("stays: in no storage pool"),
    Keep.GONE: text("is not there"),
    Keep.CHOSEN: text("stays: not ticked"),
}
_PATH = Qt.ItemDataRole.UserRole


class _TickDelegate(PlanDelegate):
    """With a frame around the tick that can be seen on a dark ground, too."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        if index.data(Qt.ItemDataRole.CheckStateRole) is None:
            return
        inner = QStyleOptionViewItem(option)
        self.initStyleOption(inner, index)
        inner.rect = cell_room(option.rect)
        style = inner.widget.style() if inner.widget else QApplication.style()
        box = QRectF(style.subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, inner, inner.widget))
        chosen = option.state & QStyle.StateFlag.State_Selected
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.PlaceholderText
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(option.palette.color(role))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
        painter.restore()


class DeleteDialog(Dialog):
    """`chosen()`: the paths that go. `to_trash`: the trash was chosen instead; `no_trash`: why that cannot be."""

    def __init__(self, parent: QWidget | None, view: View, no_trash: Text | None = None) -> None:
        self._view = view
        self._held: Text | None = None  # why what was ticked just now is not
        self._uuid = view.domain.uuid
        self._first = delete_plan(view.files, self._uuid)
        name = self._first.owner.name
        title = tr("Delete {name}?", name=name)
        super().__init__(parent, title, tr("Delete"))
        self.setMinimumWidth(112 * GRID)
        self.body.addWidget(Heading(title))
        self.body.addWidget(_words(_goes(self._first)))
        self.body.addSpacing(GRID)
        self.body.addWidget(Section(tr("Files: what is ticked is deleted, the rest stays")))
        self._files_may_go = self._first.barred is None
        self.files = self._make_files()
        self.body.addWidget(self.files)
        self.sum = PlainLabel()
        self.sum.setObjectName("sum")
        self.sum.setFont(figure_font(self.sum.font()))
        self.body.addWidget(self.sum)
        self._wrong = Warned()
        self.body.addWidget(self._wrong)
        # Where a disk of its own is needed elsewhere no file is ticked: the others may go if that is wanted.
        self._fill(self._first if self._first.refused is None else delete_plan(view.files, self._uuid, ()))
        self.files.itemChanged.connect(self._on_ticked)
        self.to_trash = False
        self.trash = self.buttons.addButton(tr("Move to trash"), QDialogButtonBox.ButtonRole.ResetRole)
        self.trash.setObjectName("trash")
        self.trash.setAutoDefault(False)
        no_trash = self._no_trash() or no_trash
        self.trash.setEnabled(no_trash is None)
        told = no_trash or text("Nothing is deleted: it waits in the trash, and can be restored as it is.")
        self.trash.setToolTip(plain_tip(str(told)))
        self.trash.clicked.connect(self._on_trash)
        self._show_sum()
        endanger(self)

    def chosen(self) -> tuple[str, ...]:
        found = []
        for row in range(self.files.topLevelItemCount()):
            item = self.files.topLevelItem(row)
            if item is not None and item.checkState(NAME) is Qt.CheckState.Checked:
                found.append(str(item.data(NAME, _PATH)))
        return tuple(found)

    def _no_trash(self) -> Text | None:
        owner = self._first.owner
        return text("{name} is in the trash. Take it out first.", name=owner.name) if owner.trashed else None

    def _on_trash(self) -> None:
        self.to_trash = True
        self.reject()

    def refused(self) -> Text | None:
        """Why it cannot be deleted at all."""
        plan = self._first
        if plan.owner.active:
            return text("{name} is not off. Shut it down or force it off first.", name=plan.owner.name)
        return plan.refused if plan.owner.template else None

    def _make_files(self) -> PlanTree:
        view = PlanTree("files", tr("Files"), tr("File"), (44, 19, 11))
        view.setItemDelegate(_TickDelegate(view))
        view.setRootIsDecorated(False)
        view.show_rows(min(max(len(self._first.items), 3), 8), self._row_height())
        return view

    def _row_height(self) -> int:
        return self.fontMetrics().height() + GRID

    def _fill(self, plan: DeletePlan) -> None:
        self.files.clear()
        for item in plan.items:
            self.files.addTopLevelItem(self._row(item))

    def _row(self, item: Item) -> QTreeWidgetItem:
        image = item.image
        size = units.UNKNOWN if image.allocation is None else units.size(image.allocation)
        what = ", ".join(dict.fromkeys(str(ROLES[role]) for role in item.roles))
        row = QTreeWidgetItem([image.path, what, size, fate(item)])
        row.setData(NAME, _PATH, image.path)
        row.setTextAlignment(SIZE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        may = item.free and self._files_may_go
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        row.setFlags(flags | Qt.ItemFlag.ItemIsUserCheckable if may else flags)
        if may:
            row.setCheckState(NAME, Qt.CheckState.Checked if item.ticked else Qt.CheckState.Unchecked)
        else:
            for column in range(4):
                row.setForeground(column, self.palette().brush(QPalette.ColorRole.PlaceholderText))
        row.setSizeHint(NAME, QSize(0, self._row_height()))
        row.setToolTip(NAME, plain_tip(image.path))
        row.setToolTip(FATE, _tip(item))
        return row

    def _on_ticked(self, changed: QTreeWidgetItem, column: int) -> None:
        """A file can only go if nothing that stays stands on it: what is ticked follows the plan."""
        if column != NAME:
            return
        self.files.blockSignals(True)
        wanted = self.chosen()
        plan = delete_plan(self._view.files, self._uuid, wanted)
        left = [path for path in wanted if path not in {image.path for image in plan.gone}]
        self._held = text("{path} can only go with what stands on it.", path=left[0]) if left else None
        by_path = {item.image.path: item for item in plan.items}
        for row in range(self.files.topLevelItemCount()):
            at = self.files.topLevelItem(row)
            item = by_path.get(str(at.data(NAME, _PATH))) if at is not None else None
            if at is None or item is None:
                continue
            if at.flags() & Qt.ItemFlag.ItemIsUserCheckable:
                at.setCheckState(NAME, Qt.CheckState.Checked if item.ticked else Qt.CheckState.Unchecked)
            at.setText(FATE, fate(item))
            at.setToolTip(FATE, _tip(item))
        self.files.blockSignals(False)
        self.files.fit()
        self._show_sum()

    def _show_sum(self) -> None:
        chosen = self.chosen()
        plan = delete_plan(self._view.files, self._uuid, chosen)
        if chosen:
            size = units.size(plan.frees)
            self.sum.setText(
                trn("{n} file goes: {size} are freed.", "{n} files go: {size} are freed.", len(chosen), size=size)
            )
        else:
            self.sum.setText(tr("No file goes: only the definition is deleted."))
        why = self.refused()
        if why is None and not chosen and self._first.refused is not None:
            why = text("All files stay: {why}", why=str(self._first.refused))
        why = why or self._held
        self._wrong.tell(why)
        self._wrong.setVisible(why is not None)
        if self.isVisible() and (layout := self.layout()) is not None:  # a line more must not cover the others
            layout.activate()
            self.resize(self.width(), max(self.height(), self.minimumSizeHint().height()))
        self.action.setText(tr("Delete") if chosen or self.refused() is not None else tr("Delete definition"))
        self.action.setEnabled(self.refused() is None)


def fate(item: Item, whole: bool = False) -> str:
    """What becomes of a file, in words; `whole`: with all that need it, not the first of them only."""
    if item.ticked or item.keep is None:
        return tr("is deleted")
    names = [str(one.said()) for one in item.used_by]
    who = ", ".join(names) if whole else _few(names, 1)
    if item.spare:
        return tr("stays: a base image, needed by nobody else")
    if item.keep is Keep.NEEDED:
        return tr("stays: needed by {who}", who=who or tr("another file"))
    words = str(KEPT[item.keep])
    return tr("{words} (also of {who})", words=words, who=who) if who else words


def _tip(item: Item) -> str:
    if item.spare:
        words = tr(
            "The machine was begun on it. Tick it to delete it, too; keep it if another machine is to be made of it."
        )
        return plain_tip(words)
    return plain_tip(fate(item, whole=True))


def _goes(plan: DeletePlan) -> str:
    """What goes with the definition, apart from the files in the list."""
    parts = [tr("Its definition goes for good.")]
    if plan.snapshots:
        names = _few(plan.snapshots)
        many = len(plan.snapshots)
        parts.append(trn("So does {n} snapshot: {names}.", "So do {n} snapshots: {names}.", many, names=names))
    hidden = [str(ROLES[role]) for role in plan.hidden if role is not Role.SAVED]
    if Role.SAVED in plan.hidden:
        parts.append(tr("So does its saved state: what was in memory when it was saved."))
    if hidden:
        parts.append(tr("With its disks go: {what}.", what=", ".join(hidden)))
    return " ".join(parts)


def _few(names: Collection[str], most: int = 3) -> str:
    listed = list(names)
    first = ", ".join(listed[:most])
    return first if len(listed) <= most else tr("{names} and {n} more", names=first, n=len(listed) - most)


def _words(words: str) -> Muted:
    label = Muted(words, caption=False)
    label.setForegroundRole(label.palette().ColorRole.WindowText)
    return label


def begin(parts: Parts, key: DomainKey) -> None:
    """Show what deleting means, and do it if that is wanted."""
    parts.jobs.spawn("delete", _delete(parts, key))


async def _delete(parts: Parts, key: DomainKey) -> None:
    view = await look(parts, key)
    if view is None:
        return
    host = parts.store.hosts.get(key.host)
    no_trash = bin_.reason(view.domain, host.capabilities) if host and host.capabilities else None
    dialog = DeleteDialog(parts.shell.widget(), view, no_trash)
    if not await dialog.answer():
        if dialog.to_trash:
            parts.shell.run("domain.trash", [key])
        return
    chosen, name = dialog.chosen(), view.domain.name

    async def work(report: Report) -> None:
        done = await parts.layers.delete(key, name, chosen, report)
        report(1.0, textn("{n} file is gone", "{n} files are gone", len(done.gone)) if done.gone else None)
        if done.left:
            what = text("{name} was deleted. What could not be: {things}", name=name, things=", ".join(done.left))
            parts.shell.notify(Notice(Problem(what), Level.WARNING))

    parts.jobs.start(text("Deleting {name}", name=name), work, (key,))
