"""Snapshots: taking, reverting, deleting, writing a note. Each dialog says what will be, and what cannot be and why."""

from collections.abc import Sequence

from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from vmdesk.core import units
from vmdesk.core.jobs import Report
from vmdesk.core.snapshots import deleting
from vmdesk.core.snapshots import plan as plans
from vmdesk.core.snapshots.desk import View, free_snapshot_name
from vmdesk.core.snapshots.plan import SnapshotPlan, Way
from vmdesk.core.snapshots.taking import Wish, name_problem
from vmdesk.model.chain import Image
from vmdesk.model.domain import DomainKey
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.lines import Lines, Warned, endanger
from vmdesk.ui.dialogs.looking import look, looked, name_of
from vmdesk.ui.models.snapshots import when
from vmdesk.ui.parts import Parts
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Form, Heading, Muted, Section
from vmdesk.ui.widgets.radio_button import RadioButton

INDENT = 3 * GRID


class TakeDialog(Dialog):
    """`wish()` is what is wanted. What cannot be had is off, with its reason in the place of what it is."""

    def __init__(self, parent: QWidget | None, view: View) -> None:
        name = view.domain.name
        super().__init__(parent, tr("Take a snapshot of {name}", name=name), tr("Take"))
        self._view = view
        self.setMinimumWidth(64 * GRID)
        self.body.addWidget(Heading(tr("Take a snapshot of {name}", name=name)))
        form = Form()
        self.name = QLineEdit(free_snapshot_name(view.snapshots))
        self.name.setObjectName("name")
        self.name.selectAll()
        form.add(tr("&Name"), self.name)
        self.note = QPlainTextEdit()
        self.note.setObjectName("note")
        self.note.setTabChangesFocus(True)
        self.note.setPlaceholderText(tr("what is so now, and why it is kept"))
        self.note.setFixedHeight(8 * GRID)
        form.add(tr("N&ote"), self.note)
        self.body.addLayout(form)
        self.body.addSpacing(GRID)
        self.body.addWidget(Section(tr("What is kept")))
        told, active = view.offers, view.domain.active
        self.internal = self._choice(
            "internal",
            tr("&Inside the disks' files, with the memory") if active else tr("&Inside the disks' files"),
            tr("Quick to revert to. The machine stands still while its memory is written.")
            if active
            else tr("Quick to revert to; the files stay where they are."),
            told.internal,
        )
        self.memory = self._choice(
            "memory",
            tr("On &top of the disks' files, with the memory"),
            tr("The files are frozen, and new ones go on top. After a revert it runs on where it was."),
            told.memory,
        )
        self.external = self._choice(
            "external",
            tr("On top of the disks' files, &disks only"),
            tr("Takes no time. After a revert the guest starts as after a power cut, unless it was at rest.")
            if active
            else tr("The files are frozen, and new ones go on top: nothing is copied."),
            told.external,
        )
        self.quiesce = CheckBox(tr("Put the guest's file systems at &rest first"))
        self.quiesce.setObjectName("quiesce")
        self.quiesce.setAccessibleName(tr("Put the guest's file systems at rest first"))
        self._quiesce_why = Muted()
        inner = QVBoxLayout()
        inner.setContentsMargins(INDENT, 0, 0, 0)
        inner.setSpacing(GRID // 2)
        inner.addWidget(self.quiesce)
        inner.addWidget(self._quiesce_why)
        self.body.addLayout(inner)
        self._wrong = Warned()
        self.body.addWidget(self._wrong)
        by_name = {"internal": self.internal, "memory": self.memory, "external": self.external}
        able = [one for one in (by_name[told.best], *by_name.values()) if one.isEnabled()]
        if able:
            able[0].setChecked(True)
        for radio in by_name.values():
            radio.toggled.connect(self._on_changed)
        self.name.textChanged.connect(self._on_changed)
        self._on_changed()
        self.name.setFocus()

    def wish(self) -> Wish:
        """What was chosen."""
        return Wish(
            self.name.text().strip(),
            self.note.toPlainText().strip(),
            Kind.INTERNAL if self.internal.isChecked() else Kind.EXTERNAL,
            self.memory.isChecked(),
            self.quiesce.isEnabled() and self.quiesce.isChecked(),
        )

    def _choice(self, name: str, words: str, hint: str, why: Text | None) -> RadioButton:
        radio = RadioButton(words)
        radio.setObjectName(name)
        radio.setAccessibleName(words.replace("&", ""))
        told = hint if why is None else tr("Not possible: {why}", why=str(why))
        radio.setAccessibleDescription(told)
        radio.setEnabled(why is None)
        self.body.addWidget(radio)
        self.body.addWidget(_indented(Muted(told)))
        return radio

    def _on_changed(self) -> None:
        why = self._view.offers.quiesce
        if why is None and not self.external.isChecked():
            why = text("Only with disks only: the memory holds what is not yet on the disks.")
        self.quiesce.setEnabled(why is None)
        self._quiesce_why.setText(
            tr("Not possible: {why}", why=str(why))
            if why
            else tr("Asks the guest agent; the guest waits for a moment.")
        )
        self.quiesce.setAccessibleDescription(self._quiesce_why.text())
        wrong = name_problem(self._view.domain.name, self._view.snapshots, self.name.text().strip())
        self._wrong.tell(wrong)
        able = any(one.isChecked() and one.isEnabled() for one in (self.internal, self.memory, self.external))
        self.action.setEnabled(wrong is None and able)


class RevertDialog(Dialog):
    """`save_now()`: a snapshot of now is wanted first."""

    def __init__(self, parent: QWidget | None, view: View, snapshot: Snapshot) -> None:
        domain = view.domain
        title = tr("Revert {name} to {snapshot}?", name=domain.name, snapshot=snapshot.name)
        super().__init__(parent, title, tr("Revert"))
        self.setMinimumWidth(60 * GRID)
        self.body.addWidget(Heading(title))
        why = view.offers.revert.get(snapshot.name)
        found = None
        if why is None and snapshot.kind is Kind.EXTERNAL:
            found = plans.revert(view.files, domain.uuid, view.snapshots, snapshot.name)
            why = found.refused
        said = [
            tr("What is on its disks becomes what was there on {when}.", when=when(snapshot.created)),
            tr("It goes on where it was then, with its memory.")
            if snapshot.with_memory
            else tr("It runs now, and will be off.")
            if domain.active
            else tr("It will be off."),
        ]
        leaves: tuple[Image, ...] = found.leaves if found else ()
        if not leaves:
            said.append(tr("All that was written since then is lost, unless a snapshot of now is taken first."))
        for words in said:
            label = Muted(words, caption=False)
            label.setForegroundRole(label.palette().ColorRole.WindowText)
            self.body.addWidget(label)
        if leaves:
            self.body.addSpacing(GRID)
            self.body.addWidget(Section(tr("What was written since then stays in")))
            self.body.addWidget(Lines([f"{one.path} ({_size(one)})" for one in leaves], tr("Files that stay")))
        self.body.addSpacing(GRID)
        self.save = CheckBox(tr("Take a &snapshot of now first"))
        self.save.setObjectName("save-now")
        self.save.setAccessibleName(tr("Take a snapshot of now first"))
        unable = view.offers.external if snapshot.kind is Kind.EXTERNAL else view.offers.internal
        self.save.setEnabled(unable is None and why is None)
        self.save.setChecked(unable is None and why is None)
        self.body.addWidget(self.save)
        if unable is not None:
            told = tr("Not possible: {why}", why=str(unable))
            self.save.setAccessibleDescription(told)
            self.body.addWidget(_indented(Muted(told)))
        self._wrong = Warned()
        self._wrong.tell(why)
        self._wrong.setVisible(why is not None)
        self.body.addWidget(self._wrong)
        self.action.setEnabled(why is None)
        endanger(self)

    def save_now(self) -> bool:
        return self.save.isChecked()


class DeleteSnapshotDialog(Dialog):
    """`children()`: those that stand on it go, too."""

    def __init__(self, parent: QWidget | None, view: View, snapshot: Snapshot) -> None:
        title = tr("Delete the snapshot {snapshot} of {name}?", snapshot=snapshot.name, name=view.domain.name)
        super().__init__(parent, title, tr("Delete"))
        self._view, self._snapshot = view, snapshot
        self._names = plans.delete_with_children(view.files, view.domain.uuid, view.snapshots, snapshot.name)
        self.setMinimumWidth(64 * GRID)
        self.body.addWidget(Heading(title))
        since = when(snapshot.created)
        words = tr("What the machine holds now does not change: only the way back to {when} is gone.", when=since)
        label = Muted(words, caption=False)
        label.setForegroundRole(label.palette().ColorRole.WindowText)
        self.body.addWidget(label)
        self.body.addSpacing(GRID)
        more = len(self._names) - 1
        self.only = RadioButton(tr("&Only this one"))
        self.with_children = RadioButton(
            trn("This one and the {n} that stands on it", "This one and the {n} that stand on it", more)
            if more
            else tr("This one and those that stand on it")
        )
        self.only.setChecked(True)
        self.with_children.setEnabled(more > 0)
        for radio, name in ((self.only, "only"), (self.with_children, "children")):
            radio.setObjectName(name)
            radio.setAccessibleName(radio.text().replace("&", ""))
            self.body.addWidget(radio)
        if not more:
            told = tr("Nothing stands on it.")
            self.with_children.setAccessibleDescription(told)
            self.body.addWidget(_indented(Muted(told)))
        self.body.addSpacing(GRID)
        self.body.addWidget(Section(tr("What that means")))
        self.lines = Lines([], tr("What that means"), 6)
        self.body.addWidget(self.lines)
        self._wrong = Warned()
        self.body.addWidget(self._wrong)
        self.only.toggled.connect(self._on_changed)
        self._on_changed()
        endanger(self)

    def children_too(self) -> bool:
        return self.with_children.isChecked()

    def _on_changed(self) -> None:
        names = self._names if self.children_too() else (self._snapshot.name,)
        found = deleting.plan(self._view, self._snapshot.name, self.children_too())
        lines = [line for one in found for line in plan_lines(one, named(self._view.snapshots, one.name))]
        if len(found) > 1:
            lines.insert(0, tr("In this order, each looked at again just before: {names}", names=", ".join(names)))
        elif children := [one.name for one in self._view.snapshots if one.parent == self._snapshot.name]:
            names_ = ", ".join(children)
            lines.append(tr("What stands on it stays: {names}", names=names_))
        frees = sum(one.frees for one in found)
        if frees:
            lines.append(tr("Frees {size}", size=units.size(frees)))
        self.lines.show_lines(lines)
        why = next((one.refused for one in found if one.refused is not None), None)
        self._wrong.tell(why)
        self.action.setEnabled(why is None)


class NoteDialog(Dialog):
    """`note()` is what stands there now."""

    def __init__(self, parent: QWidget | None, snapshot: Snapshot) -> None:
        title = tr("Note of the snapshot {snapshot}", snapshot=snapshot.name)
        super().__init__(parent, title, tr("Save"))
        self.setMinimumWidth(56 * GRID)
        self.body.addWidget(Heading(title))
        self._edit = QPlainTextEdit(snapshot.note)
        self._edit.setObjectName("note")
        self._edit.setAccessibleName(tr("Note"))
        self._edit.setTabChangesFocus(True)
        self._edit.setFixedHeight(14 * GRID)
        self.body.addWidget(self._edit)
        self._edit.setFocus()

    def note(self) -> str:
        return self._edit.toPlainText().strip()


def plan_lines(plan: SnapshotPlan, snapshot: Snapshot) -> list[str]:
    """What becomes of a snapshot's files, a line each."""
    if plan.refused is not None:
        return [f"{snapshot.name}: {plan.refused}"]
    if plan.way is Way.LIBVIRT:
        if snapshot.kind is not Kind.EXTERNAL:
            return [tr("{snapshot}: taken out of the disks' files", snapshot=snapshot.name)]
        lines = [
            tr("{over} is merged into {base}", over=disk.overlay, base=disk.frozen)
            for disk in snapshot.disks
            if disk.kind is Kind.EXTERNAL
        ]
        return [*lines, *([tr("Deleted: {file}", file=snapshot.memory_file)] if snapshot.memory_file else [])]
    lines = [tr("Deleted: {file}", file=f"{one.path} ({_size(one)})") for one in plan.gone]
    if plan.needed:
        who = ", ".join(str(one.said()) for one in plan.needed)
        lines.append(tr("{snapshot}: files stay that are needed by {who}", snapshot=snapshot.name, who=who))
    return lines or [tr("{snapshot}: only forgotten, its files stay", snapshot=snapshot.name)]


def named(snapshots: Sequence[Snapshot], name: str) -> Snapshot:
    return next(one for one in snapshots if one.name == name)


# ---------------------------------------------------------------- from a click


def begin_taking(parts: Parts, key: DomainKey) -> None:
    """Ask what snapshot is wanted, and take it."""
    parts.jobs.spawn("take a snapshot", _take(parts, key))


def begin_reverting(parts: Parts, key: DomainKey, name: str) -> None:
    parts.jobs.spawn("revert", _revert(parts, key, name))


def begin_deleting(parts: Parts, key: DomainKey, name: str) -> None:
    parts.jobs.spawn("delete a snapshot", _delete(parts, key, name))


def begin_noting(parts: Parts, key: DomainKey, snapshot: Snapshot) -> None:
    parts.jobs.spawn("write a note", _note(parts, key, snapshot))


async def _take(parts: Parts, key: DomainKey) -> None:
    view = await look(parts, key)
    if view is None:
        return
    dialog = TakeDialog(parts.shell.widget(), view)
    if not await dialog.answer():
        return
    wish = dialog.wish()

    async def work(report: Report) -> None:
        name = await parts.layers.take(key, wish, report)
        report(1.0, text("{snapshot} was taken", snapshot=name))

    parts.jobs.start(text("Taking a snapshot of {name}", name=view.domain.name), work, (key,))


async def _revert(parts: Parts, key: DomainKey, name: str) -> None:
    found = await looked(parts, key, lambda: _at(parts, key, name))
    if found is None:
        return
    view, snapshot = found
    dialog = RevertDialog(parts.shell.widget(), view, snapshot)
    if not await dialog.answer():
        return
    save_now = dialog.save_now()

    async def work(report: Report) -> None:
        done = await parts.layers.revert(key, name, save_now, report)
        if done.saved:
            report(1.0, text("What was before is the snapshot {snapshot}", snapshot=done.saved))

    parts.jobs.start(text("Reverting {name} to {snapshot}", name=view.domain.name, snapshot=name), work, (key,))


async def _delete(parts: Parts, key: DomainKey, name: str) -> None:
    found = await looked(parts, key, lambda: _at(parts, key, name))
    if found is None:
        return
    view, snapshot = found
    dialog = DeleteSnapshotDialog(parts.shell.widget(), view, snapshot)
    if not await dialog.answer():
        return
    children = dialog.children_too()

    async def work(report: Report) -> None:
        await parts.layers.delete_snapshot(key, name, children, report)

    title = text("Deleting the snapshot {snapshot} of {name}", name=view.domain.name, snapshot=name)
    parts.jobs.start(title, work, (key,))


async def _note(parts: Parts, key: DomainKey, snapshot: Snapshot) -> None:
    dialog = NoteDialog(parts.shell.widget(), snapshot)
    if not await dialog.answer() or dialog.note() == snapshot.note:
        return
    note = dialog.note()
    title = text("Writing the note of {snapshot} of {name}", name=name_of(parts, key), snapshot=snapshot.name)
    parts.jobs.start(title, parts.layers.set_note(key, snapshot.name, note), (key,))


async def _at(parts: Parts, key: DomainKey, name: str) -> tuple[View, Snapshot]:
    view: View = await parts.layers.look(key)
    return view, view.named(name)


def _size(image: Image) -> str:
    return units.UNKNOWN if image.allocation is None else units.size(image.allocation)


def _indented(widget: QWidget) -> QWidget:
    widget.setContentsMargins(INDENT, 0, 0, GRID // 2)
    return widget
