"""Cloning a machine: its name, whole or linked, how many, and what that means before it is done."""

from PySide6.QtWidgets import QLineEdit, QSpinBox, QWidget

from vmdesk.core import units
from vmdesk.core.cloning import plan as plans
from vmdesk.core.cloning.plan import ClonePlan, Fate
from vmdesk.core.jobs import Report
from vmdesk.core.snapshots.desk import View
from vmdesk.model import names
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.lines import Lines, Warned
from vmdesk.ui.dialogs.looking import looked
from vmdesk.ui.parts import Parts
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Form, Heading, Muted, Section
from vmdesk.ui.widgets.radio_button import RadioButton

MOST = 100  # at once from the window


class CloneDialog(Dialog):
    """`name()`, `count()`, `linked()`. `shared`: what clones have in common besides disks."""

    def __init__(self, parent: QWidget | None, view: View, shared: tuple[Text, ...] = ()) -> None:
        domain = view.domain
        title = tr("Clone {name}", name=domain.name)
        super().__init__(parent, title, tr("Clone"))
        self._view, self._shared = view, shared
        self._taken = [one.name for one in view.files.owners.values()]
        self.setMinimumWidth(70 * GRID)
        self.body.addWidget(Heading(title))
        form = Form()
        self._name = QLineEdit(free_name(domain.name, self._taken))
        self._name.setObjectName("name")
        self._name.selectAll()
        form.add(tr("&Name"), self._name)
        self._count = QSpinBox()
        self._count.setObjectName("count")
        self._count.setRange(1, MOST)
        form.add(tr("&How many"), self._count, stretch=False)
        self.body.addLayout(form)
        self.body.addSpacing(GRID)
        self.full = RadioButton(tr("&Full: its disks are copied"))
        self.linked_ = RadioButton(tr("&Linked: it stands on the disks of {name}", name=domain.name.replace("&", "&&")))
        hints = (
            tr("Takes as long as copying takes, and as much room. Nothing is shared afterwards."),
            tr("Takes a second and no room at first. The disks' files must stay where they are as long as it lives."),
        )
        for radio, name, hint in zip((self.full, self.linked_), ("full", "linked"), hints, strict=True):
            radio.setObjectName(name)
            radio.setAccessibleName(radio.text().replace("&&", "\0").replace("&", "").replace("\0", "&"))
            radio.setAccessibleDescription(hint)
            self.body.addWidget(radio)
            words = Muted(hint)
            words.setContentsMargins(3 * GRID, 0, 0, GRID // 2)
            self.body.addWidget(words)
        self.full.setChecked(True)
        owner = view.files.owners.get(domain.uuid)
        if owner is not None and owner.template:  # that is what it is for
            self.linked_.setChecked(True)
            self.full.setChecked(self._refused_linked())
        self.body.addSpacing(GRID)
        self.body.addWidget(Section(tr("What that means")))
        self.lines = Lines([], tr("What that means"), 7)
        self.body.addWidget(self.lines)
        self._wrong = Warned()
        self.body.addWidget(self._wrong)
        self._name.textChanged.connect(self._on_changed)
        self._count.valueChanged.connect(self._on_changed)
        self.full.toggled.connect(self._on_changed)
        self._on_changed()
        self._name.setFocus()

    def name(self) -> str:
        return self._name.text().strip()

    def count(self) -> int:
        return self._count.value()

    def linked(self) -> bool:
        return self.linked_.isChecked()

    def plan(self) -> ClonePlan:
        """Of what is chosen now."""
        view = self._view
        count, linked = self.count(), self.linked()
        return plans.clone(view.files, view.domain, view.snapshots, self.name(), count, linked, self._taken)

    def _refused_linked(self) -> bool:
        view = self._view
        found = plans.clone(view.files, view.domain, view.snapshots, self.name(), 1, True, self._taken)
        return found.refused is not None

    def _on_changed(self) -> None:
        self._count.setEnabled(not names.is_pattern(self.name()))
        found = self.plan()
        wrong = names.problem(self.name()) or found.refused
        self._wrong.tell(wrong)
        self.lines.show_lines([] if wrong is not None else plan_lines(found, self._view.domain.name, self._shared))
        self.action.setEnabled(wrong is None)


def plan_lines(plan: ClonePlan, source: str, shared: tuple[Text, ...] = ()) -> list[str]:
    """What a plan means, a line each."""
    many = len(plan.names)
    listed = ", ".join(plan.names[:3]) + (", …" if many > 4 else f", {plan.names[3]}" if many == 4 else "")
    lines = [trn("{n} machine: {names}", "{n} machines: {names}", many, names=listed)]
    for disk in plan.disks:
        size = disk.image.allocation or disk.image.capacity or 0
        if disk.fate is Fate.COPY:
            lines.append(
                tr("Copied: {disk}, {path} ({size})", disk=disk.target, path=disk.image.path, size=units.size(size))
            )
        elif disk.fate is Fate.LINK:
            lines.append(
                tr("Stood upon: {disk}, {path} ({size})", disk=disk.target, path=disk.image.path, size=units.size(size))
            )
    if plan.bytes:
        lines.append(tr("Takes {size} in all", size=units.size(plan.bytes)))
    if plan.freezes:
        lines.append(tr("{name} goes on with overlays of its own: its files are not written any more", name=source))
    lines += [tr("Shared: {what}", what=str(one)) for one in (*plan.shares, *shared)]
    lines.append(tr("New for each: its name, UUID, MAC addresses and firmware settings"))
    return lines


def free_name(name: str, taken: list[str]) -> str:
    """`web-01` becomes `web-01-clone`, then `web-01-clone-2`."""
    found, number = f"{name}-clone", 2
    while found in taken:
        found, number = f"{name}-clone-{number}", number + 1
    return found


def begin(parts: Parts, key: DomainKey) -> None:
    """Ask what clones are wanted, and make them."""
    parts.jobs.spawn("clone", _clone(parts, key))


async def _clone(parts: Parts, key: DomainKey) -> None:
    async def read() -> tuple[View, tuple[Text, ...]]:
        return await parts.layers.look(key), await parts.layers.shared(key)

    found = await looked(parts, key, read)
    if found is None:
        return
    view, shared = found
    dialog = CloneDialog(parts.shell.widget(), view, shared)
    if not await dialog.answer():
        return
    name, count, linked = dialog.name(), dialog.count(), dialog.linked()

    async def work(report: Report) -> None:
        done = await parts.layers.clone(key, name, count, linked, report)
        made = ", ".join(one for one, _uuid in done.machines[:5]) + (", …" if len(done.machines) > 5 else "")
        report(1.0, text("Made: {names}", names=made))

    parts.jobs.start(text("Cloning {name}", name=view.domain.name), work, (key,))
