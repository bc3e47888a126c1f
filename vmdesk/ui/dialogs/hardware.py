"""New hardware: which kind, its form, and when it is there. And: which volume of a pool."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from vmdesk.core import units
from vmdesk.core.command import Confirm, Context
from vmdesk.core.hardware import adding, reading
from vmdesk.core.hardware.adding import Added, Addition, Around
from vmdesk.core.hardware.reading import Offers, Seen
from vmdesk.core.hardware.sheet import Value
from vmdesk.core.jobs import Job, Report
from vmdesk.core.journal import Journal
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Volume
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.lines import Warned
from vmdesk.ui.icons import icon
from vmdesk.ui.parts import Notice, Parts
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.fields_form import FieldsForm, Volumes, in_tab_order
from vmdesk.ui.widgets.form import Heading, Muted
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.wizards.new.fields import Notes
from vmdesk.virt import pools, volumes
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit import EditError, devices

_ID = Qt.ItemDataRole.UserRole


class AddDialog(Dialog):
    """`kind` and `values` are what is chosen. It stays until that is there, or the person gives up.

    add_wanted(): the person wants it added; `show_adding`, then `refuse`, or `done`.
    delete_wanted(uuid): the person wants a mediated device deleted on the host; `renew` with what is there then.
    """

    add_wanted = Signal()
    delete_wanted = Signal(str)

    def __init__(self, parent: QWidget | None, seen: Seen, near: Around, local: bool, choose: Volumes) -> None:
        title = tr("Add hardware to {name}", name=seen.domain.name)
        super().__init__(parent, title, tr("Add"))
        self._seen = seen
        self._kinds = adding.additions(seen, near)
        self._written: dict[str, dict[str, Value]] = {}
        self._adding = False
        self._refused: Problem | None = None  # of what is in the form now
        self.setMinimumWidth(100 * GRID)
        self.body.addWidget(Heading(title))
        self.kinds = QListWidget()
        self.kinds.setObjectName("add-kinds")
        self.kinds.setAccessibleName(tr("Kind of hardware"))
        self.kinds.setFixedWidth(28 * GRID)
        self.kinds.setSpacing(1)
        thin(self.kinds)
        palette = self.kinds.palette()
        off = palette.brush(palette.ColorGroup.Active, palette.ColorRole.PlaceholderText)
        palette.setBrush(palette.ColorGroup.Disabled, palette.ColorRole.Text, off)  # as those that cannot be chosen
        self.kinds.setPalette(palette)
        for one in self._kinds:
            self.kinds.addItem(_item(one))
        self._title = Heading()
        self._title.setObjectName("add-title")
        self._why = Muted("", caption=False)
        self._why.setObjectName("add-why")
        self.delete = QPushButton(icon("delete"), tr("Delete this device from the host…"))
        self.delete.setObjectName("add-delete")
        self.delete.setAutoDefault(False)
        self.delete.clicked.connect(self._on_delete)
        self.form = FieldsForm("add", local, choose)
        self.form.changed.connect(self._on_written)
        self.form.built.connect(
            lambda: in_tab_order((self.kinds, *self.form.stops(), self.delete, self.action, self.cancel))
        )
        self._notes = Notes()
        self._when = Muted("", caption=False)
        self._when.setObjectName("add-when")
        self._wrong = Warned()
        self._wrong.setMinimumHeight(0)
        row = QHBoxLayout()
        row.setSpacing(3 * GRID)
        row.addWidget(self.kinds)
        self._page = self._make_page()
        row.addWidget(self._page, 1)
        self.body.addLayout(row, 1)
        self.kinds.currentRowChanged.connect(lambda _row: self._show_kind())
        self.kinds.itemSelectionChanged.connect(self._on_selected)
        self.kinds.setCurrentRow(next((row for row, one in enumerate(self._kinds) if one.why is None), 0))
        self.kinds.setFocus()

    def _make_page(self) -> QScrollArea:
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, GRID, 0)
        box.setSpacing(GRID)
        for widget in (self._title, self._why, self.form, self.delete, self._notes, self._when, self._wrong):
            box.addWidget(widget)
        box.setAlignment(self.delete, Qt.AlignmentFlag.AlignLeft)
        box.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(page)
        area.setMinimumHeight(54 * GRID)
        thin(area, self.palette().ColorRole.Window)
        return area

    def _set_tab_order(self) -> None:
        in_tab_order((self.kinds, *self.form.stops(), self.delete, self.action, self.cancel))

    @property
    def kind(self) -> Addition:
        return self._kinds[max(self.kinds.currentRow(), 0)]

    @property
    def values(self) -> dict[str, Value]:
        return {**adding.first(self.kind), **self._written.get(self.kind.id, {})}

    def choose(self, id_: str) -> None:
        """Take that kind."""
        self.kinds.setCurrentRow(next(row for row, one in enumerate(self._kinds) if one.id == id_))

    def renew(self, near: Around) -> None:
        """Something else is there now; what was chosen of this kind is forgotten."""
        self._kinds = adding.additions(self._seen, near)
        self._written.pop(self.kind.id, None)
        self._show_kind()

    def accept(self) -> None:
        if not self._adding and self.action.isEnabled():
            self.add_wanted.emit()

    def show_adding(self) -> None:
        """It is being added: nothing can be chosen meanwhile."""
        self._adding, self._refused = True, None
        self._show_state()
        self.cancel.setFocus()

    def refuse(self, problem: Problem | None, seen: Seen, near: Around) -> None:
        """It was not added (None: cancelled): what was chosen is still there, beside how the machine is now."""
        self._adding, self._refused, self._seen = False, problem, seen
        self._kinds = adding.additions(seen, near)
        self._show_kind()
        self._page.ensureWidgetVisible(self._wrong)
        stops = self.form.stops()
        (stops[0] if stops else self.kinds).setFocus()
        self.action.setDefault(True)  # Cancel had the keyboard

    def _on_delete(self) -> None:
        uuid, why = self.kind.delete(self.values) if self.kind.delete is not None else ("", None)
        if uuid and why is None:
            self.delete_wanted.emit(uuid)

    def _on_selected(self) -> None:
        """By accessibility something is selected without being the current entry."""
        selected = self.kinds.selectedItems()
        if selected and selected[0] is not self.kinds.currentItem():
            self.kinds.setCurrentItem(selected[0])

    def _show_kind(self) -> None:
        kind = self.kind
        self._title.setText(str(kind.title))
        self._why.setText(str(kind.why or ""))
        self._why.setVisible(kind.why is not None)
        self.form.show_fields(kind.id, kind.fields, self._written.get(kind.id), str(kind.why or ""))
        self.form.setVisible(kind.why is None)
        self._when.setText(str(adding.when(kind, self._seen)))
        self._when.setVisible(kind.why is None)
        self._show_state()

    def _on_written(self, name: str, value: Value) -> None:
        self._refused = None
        self._written.setdefault(self.kind.id, {})[name] = value
        self._show_state()

    def _show_delete(self) -> None:
        """Only where there is something of the host's that can be deleted."""
        delete = self.kind.delete
        self.delete.setVisible(delete is not None and self.kind.why is None)
        if delete is not None:
            why = text("There will be a new one.") if self.values.get("new") else delete(self.values)[1]
            self.delete.setEnabled(why is None)
            self.delete.setToolTip(plain_tip(str(why or "")))

    def _show_state(self) -> None:
        kind = self.kind
        self._show_delete()
        self.kinds.setEnabled(not self._adding)
        self._page.setEnabled(not self._adding)
        self.action.setText(tr("Adding …") if self._adding else tr("Add"))
        self.cancel.setText(tr("Close") if self._adding else tr("Cancel"))
        self.cancel.setToolTip(tr("It goes on without this window.") if self._adding else "")
        if self._adding:
            self.action.setEnabled(False)
            self.action.setToolTip(tr("It is being added."))
            self._wrong.tell(None)
            return
        if kind.why is not None:
            self._notes.show_notes(())
            self._wrong.tell(None)
            self.action.setEnabled(False)
            self.action.setToolTip(plain_tip(str(kind.why)))
            return
        self._notes.show_notes((str(one), "info") for one in kind.notes(self.values))
        wrong = _problem(kind, self.values, self._seen)
        # Not before anything was written: an empty form is no mistake.
        self._wrong.tell(wrong if kind.id in self._written else None)
        if wrong is None and self._refused is not None:
            self._wrong.setText(_in_words(self._refused))
        self.action.setEnabled(wrong is None)
        self.action.setToolTip(plain_tip(str(wrong or "")))


def _item(one: Addition) -> QListWidgetItem:
    item = QListWidgetItem(icon(one.icon), str(one.title))
    item.setData(_ID, one.id)
    if one.why is not None:
        item.setForeground(QGuiApplication.palette().placeholderText())
        item.setToolTip(plain_tip(str(one.why)))
        item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, str(one.why))
    return item


def _problem(kind: Addition, values: dict[str, Value], seen: Seen) -> Text | None:
    """What is wrong with what was chosen."""
    try:
        _what, fragment = kind.make(values)
        devices.add_device(seen.base, fragment)
    except EditError as error:
        return error.why
    except (XmlError, ValueError) as error:
        return text("It cannot be read: {words}", words=str(error))
    return None


def _in_words(problem: Problem) -> str:
    """What libvirt said is the reason where there is no better one."""
    reason = problem.why or problem.details.strip()
    return " ".join(str(one) for one in (problem.what, reason, problem.what_next) if one)


class VolumeDialog(Dialog):
    """`chosen()` is POOL/VOLUME."""

    def __init__(self, parent: QWidget | None, found: dict[str, Sequence[Volume]]) -> None:
        title = tr("Choose a volume")
        super().__init__(parent, title, tr("Choose"))
        self._found = found
        self.setMinimumWidth(70 * GRID)
        self.body.addWidget(Heading(title))
        self.pools = QComboBox()
        self.pools.setObjectName("volume-pools")
        self.pools.setAccessibleName(tr("Pool"))
        self.pools.addItems(list(found))
        self.list = QListWidget()
        self.list.setObjectName("volumes")
        self.list.setAccessibleName(tr("Volumes"))
        self.list.setMinimumHeight(34 * GRID)
        thin(self.list)
        self._none = Muted(tr("There is nothing in this pool."), caption=False)
        self.body.addWidget(self.pools)
        self.body.addWidget(self.list, 1)
        self.body.addWidget(self._none)
        self.pools.currentIndexChanged.connect(self._show)
        self.list.currentRowChanged.connect(lambda row: self.action.setEnabled(row >= 0))
        self.list.itemActivated.connect(lambda _item: self.accept())
        self._show()

    def chosen(self) -> str:
        return f"{self.pools.currentText()}/{self.list.currentItem().data(_ID)}"

    def _show(self) -> None:
        self.list.clear()
        for one in self._found.get(self.pools.currentText(), ()):
            item = QListWidgetItem(icon("disc" if one.format == "iso" else "disk"), _line(one))
            item.setData(_ID, one.name)
            item.setToolTip(plain_tip(one.path))
            self.list.addItem(item)
        there = self.list.count() > 0
        self._none.setVisible(not there)
        self.list.setCurrentRow(0 if there else -1)
        self.action.setEnabled(there)
        self.action.setToolTip("" if there else self._none.text())


def _line(one: Volume) -> str:
    return f"{one.name}   {units.kib(one.capacity / 1024)}   {one.format}".rstrip()


# ---------------------------------------------------------------- from a click


async def choose_volume(parts: Parts, key: DomainKey, take: Callable[[str], None]) -> None:
    """Let the person choose one; `take` gets POOL/VOLUME."""
    found: dict[str, Sequence[Volume]] = {}

    async def work(_report: Report) -> None:
        connection = parts.context.sessions.of(key).require()
        for pool in await pools.pools(connection):
            if pool.active:
                found[pool.name] = await volumes.volumes(connection, pool.name)

    job: Job = await parts.jobs.start(text("Looking at the volumes"), work, host=key.host)
    if job.problem is not None:
        return
    if not found:
        why = text("The host has no storage pool that is on.")
        parts.shell.notify(Notice(Problem(text("There is no volume to choose."), why)))
        return
    dialog = VolumeDialog(parts.shell.widget(), found)
    if await dialog.answer():
        take(dialog.chosen())


async def add(parts: Parts, seen: Seen, offers: Offers, local: bool) -> Added | None:
    """Ask what, and add it; the question stays until that has worked. None: given up."""
    ctx: Context = parts.context
    tasks = Tasks(parts.jobs)
    near: list[Around] = []

    async def look(_report: Report) -> None:
        near.append(await adding.around(ctx.sessions, seen, offers))

    await parts.jobs.start(text("Looking at the host's devices"), look, host=seen.domain.key.host)
    if not near:
        return None

    def choose(take: Callable[[str], None]) -> None:
        tasks.spawn("choose a volume", choose_volume(parts, seen.domain.key, take))

    dialog = AddDialog(parts.shell.widget(), seen, near[0], local, choose)

    async def delete(uuid: str) -> None:
        question = text("Delete the mediated device {uuid} from the host?", uuid=uuid)
        words = text("No machine has it. What it is a part of stays as it is.")
        confirm = Confirm("hardware.delete-mdev", question, words, text("Delete"), always=True)
        if not await ctx.ask.confirm(confirm) or not await adding.delete(ctx, seen, uuid):
            return
        await parts.jobs.start(text("Looking at the host's devices"), look, host=seen.domain.key.host)
        dialog.renew(near[-1])

    done: list[Added] = []
    tries: list[asyncio.Task[None]] = []

    async def attempt(kind: Addition, values: dict[str, Value]) -> None:
        nonlocal seen
        added = await adding.add(ctx, Journal(parts.paths.journal_folder), seen, kind, values)
        if isinstance(added, Added):
            done.append(added)
        else:
            with contextlib.suppress(VirtError):  # somebody may have changed it: the next try begins with that
                host = parts.store.hosts.get(seen.domain.key.host)
                seen = replace(await reading.read(ctx.sessions, seen.domain, host), sizes=seen.sizes)
                near.append(await adding.around(ctx.sessions, seen, offers))
        if not isValid(dialog) or not dialog.isVisible():
            return
        if done:
            dialog.done(dialog.DialogCode.Accepted)
        else:
            dialog.refuse(added if isinstance(added, Problem) else None, seen, near[-1])

    def begin() -> None:
        dialog.show_adding()
        tries.append(parts.jobs.spawn("add hardware", attempt(dialog.kind, dialog.values)))

    dialog.delete_wanted.connect(lambda uuid: tasks.spawn("delete a mediated device", delete(uuid)))
    dialog.add_wanted.connect(begin)
    try:
        await dialog.answer()
        if tries:
            await tries[-1]  # it was closed, and that goes on
    finally:
        for one in tries:
            one.cancel()
        tasks.end()
    return done[-1] if done else None
