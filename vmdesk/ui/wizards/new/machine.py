"""The second page: what the machine is called, how large it is, its disk and its network."""

from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from vmdesk.core.command import Question
from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating import offers
from vmdesk.core.creating.draft import Draft, Figures, Size, choices, complaints
from vmdesk.model import names
from vmdesk.model.sizes import KIB, MIB
from vmdesk.model.text import Text, text, tr
from vmdesk.model.wish import DiskWish, From, Nets, NicWish
from vmdesk.ui.parts import Level, Notice
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.flow import Flow
from vmdesk.ui.widgets.form import Heading
from vmdesk.ui.widgets.radio_button import RadioButton
from vmdesk.ui.wizards.new.answers import AnswersForm
from vmdesk.ui.wizards.new.card import Card, Cards
from vmdesk.ui.wizards.new.cloud import CloudForm
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Fields, align, combo, fill, wide_combo
from vmdesk.ui.wizards.new.figures import DISK, MEMORY, Figure
from vmdesk.ui.wizards.new.line import Line
from vmdesk.ui.wizards.new.place import PlaceChooser
from vmdesk.virtxml.build.complaint import in_words

_SIZES: tuple[tuple[Size, Text], ...] = (
    (Size.SMALL, text("Small")),
    (Size.MEDIUM, text("Medium")),
    (Size.LARGE, text("Large")),
    (Size.OWN, text("Own figures")),
)
_NEW, _EXISTING, _NONE = "new", "existing", "none"
_MEANS: dict[str, Text] = {
    "qcow2": text("It grows as it is filled, and can have snapshots inside."),
    "raw": text("It grows as it is filled; a little faster than qcow2, but without snapshots inside."),
    "full": text("It takes longer to make, and its space cannot run out later."),
    "use": text("The file itself becomes the disk: what the machine writes is in it."),
    "copy": text("The image stays as it is."),
    "link": text("The image stays below, unchanged: it must not be moved or deleted."),
    _EXISTING: text("It is used as it is, with all that is on it."),
    _NONE: text("It runs from its medium alone, and forgets everything at its end."),
}


class MachinePage(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setObjectName("machine-form")
        self._showing = False
        self.name = Line("name")
        self.sizes = Cards("sizes", tr("Size"), len(_SIZES))
        self._size_group = QButtonGroup(self)
        self._size_cards: dict[Size, Card] = {}
        for size, title in _SIZES:
            card = Card(f"size-{size.value}", str(title), "")
            self._size_cards[size] = card
            self._size_group.addButton(card)
            self.sizes.add(card)
            card.toggled.connect(lambda on, size=size: self._on_size(size) if on else None)
        self.cpus = Figure("vcpus", tr("Processors"))
        self.memory = Figure("memory", tr("Memory"), MEMORY)
        self.disk_size = Figure("disk-size", tr("Disk size"), DISK)
        self.disk = _DiskRow(desk)
        self.network = wide_combo("network")
        self.isolated = CheckBox(tr("Apart: it cannot reach the &other machines there"))
        self.isolated.setObjectName("isolated")
        self.stays = CheckBox(tr("Start the network with its host f&rom now on"))
        self.stays.setObjectName("network-stays")
        self.count = QSpinBox()
        self.count.setObjectName("count")
        self.count.setRange(1, names.MOST)
        self.count.setKeyboardTracking(False)
        self.linked = CheckBox(tr("&Linked: one image for all, each keeps only its own changes"))
        self.linked.setObjectName("linked")
        self.cloud = CloudForm(desk)
        self.answers = AnswersForm(desk)
        self.templates = _TemplatesButton(desk)
        self._build()
        self._connect()

    def _build(self) -> None:
        fields = self._fields = Fields()
        self._name = fields.add(tr("&Name"), self.name)
        self._sizes = fields.add(tr("Size"), self.sizes)
        self._cpus = fields.add(tr("&Processors"), self.cpus)
        self._memory = fields.add(tr("&Memory"), self.memory)
        self._disk = fields.add(tr("&Disk"), self.disk)
        self._disk_size = fields.add(tr("Disk si&ze"), self.disk_size)
        self._network = fields.add(tr("Net&work"), self.network)
        self._stays = fields.add(
            "",
            self.stays,
            tr("It is not set to: without that, it is off again after the host's next restart."),
        )
        self._isolated = fields.add("", self.isolated)
        self._count = fields.add(tr("&How many"), self.count, stretch=False)
        self._linked = fields.add("", self.linked)
        head = QHBoxLayout()
        head.addWidget(Heading(tr("What should it be like?")), 1)
        head.addWidget(self.templates)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2 * GRID)
        box.addLayout(head)
        box.addLayout(fields)
        box.addWidget(self.cloud)
        box.addWidget(self.answers)
        box.addStretch(1)
        align(fields, self.cloud.fields, self.answers.fields)

    def _connect(self) -> None:
        desk = self._desk
        self.name.typed.connect(lambda words: desk.put(drafts.with_name(desk.draft, words)))
        self.cpus.changed.connect(lambda value: self._figure(vcpus=value))
        self.memory.changed.connect(lambda value: self._figure(memory_kib=value * MIB // KIB))
        self.disk_size.changed.connect(lambda value: self._figure(disk_bytes=value * MIB))
        self.network.currentIndexChanged.connect(self._on_network)
        self.isolated.toggled.connect(self._on_isolated)
        self.stays.toggled.connect(lambda on: None if self._showing else desk.wish(network_stays=on))
        self.count.valueChanged.connect(lambda value: desk.wish(count=value))
        self.linked.toggled.connect(self._on_linked)

    def _on_size(self, size: Size) -> None:
        if size is not self._desk.draft.size:
            self._desk.put(drafts.with_size(self._desk.draft, size))

    def focus_first(self) -> None:
        self.name.setFocus()
        self.name.selectAll()

    # ---------------------------------------------------------------- showing

    def show_draft(self, draft: Draft) -> None:
        self._showing = True
        try:
            self._show(draft)
        finally:
            self._showing = False

    def _show(self, draft: Draft) -> None:
        wish = draft.wish
        if self.name.text() != wish.name:
            self.name.show_text(wish.name)
        self._name.complain(complaints(draft, "name"))
        if not complaints(draft, "name"):
            self._name.explain("" if draft.named else tr("Suggested; lab-{pattern} makes thirty.", pattern="{01..30}"))
        else:
            self._name.explain("")
        self._show_sizes(draft)
        self.disk.show_draft(draft)
        sized = self.disk.sized(draft)
        self._fields.show_row(self._disk, wish.source is not From.CONTAINER)
        self._fields.show_row(self._disk_size, sized)
        here = [one for one in complaints(draft, "disks") if drafts.page_of(one.field) is drafts.Page.MACHINE]
        self._disk.complain(one for one in here if "bytes" not in one.field or not sized)
        self._disk.explain(self.disk.explained(draft))
        self._show_network(draft)
        self.count.blockSignals(True)
        pattern = names.is_pattern(wish.name)
        every = names.names(wish)
        self.count.setValue(len(every) if pattern else wish.count)
        self.count.blockSignals(False)
        self.count.setEnabled(not pattern)
        self.count.setToolTip(tr("The name says how many.") if pattern else "")
        self._count.complain(complaints(draft, "count"))
        more = tr("More than one: each with a number, like {name}.", name=f"{wish.name or '…'}-01")
        self._count.explain(f"{every[0]} … {every[-1]}" if len(every) > 1 else more)
        self._fields.show_row(self._linked, len(every) > 1 and wish.source in (From.DISK, From.CLOUD))
        self.linked.setChecked(wish.linked or any(disk.linked for disk in wish.disks[:1]))
        self.cloud.show_draft(draft)
        self.answers.show_draft(draft)

    def _show_sizes(self, draft: Draft) -> None:
        host, chosen = draft.abilities, choices(draft)
        disk = self.disk.sized(draft)
        for size, card in self._size_cards.items():
            figures = drafts.figures(draft, size)
            parts = [
                tr("1 CPU") if figures.vcpus == 1 else tr("{n} CPUs", n=figures.vcpus),
                in_words(figures.memory_kib * KIB),
                tr("{size} disk", size=in_words(figures.disk_bytes)) if disk else "",
            ]
            own = size is Size.OWN and draft.size is not Size.OWN
            card.show_what(tr("Whatever you want") if own else " · ".join(filter(None, parts)))
            card.setChecked(size is draft.size)
        now = drafts.current(draft)
        pool = draft.wish.disks[0].pool if draft.wish.disks else ""
        self.cpus.show_value(now.vcpus, offers.cpu_stops(host), offers.cpus_left(host))
        stops = tuple(one * KIB // MIB for one in offers.memory_stops(host))
        self.memory.show_value(now.memory_kib * KIB // MIB, stops, offers.memory_left(host))
        stops = tuple(one // MIB for one in offers.disk_stops(host, pool))
        self.disk_size.show_value(now.disk_bytes // MIB, stops, offers.disk_left(host, pool))
        self._cpus.complain(complaints(draft, "vcpus"))
        self._memory.complain(complaints(draft, "memory_kib"))
        self._disk_size.complain(one for one in complaints(draft, "disks[0]") if "bytes" in one.field)
        suggested = draft.size is Size.MEDIUM and chosen is not None
        self._sizes.explain(chosen.reason("memory_kib") if suggested and chosen is not None else "")

    def _show_network(self, draft: Draft) -> None:
        found = [(str(words), nic) for words, nic in offers.networks(draft.abilities)]
        now = draft.wish.nics[0] if draft.wish.nics else None
        entries: list[tuple[str, Any]] = [*found, (tr("None: it is alone"), None)]
        chosen = next((nic for _, nic in found if now is not None and offers.same_place(nic, now)), None)
        if chosen is None and now is not None:
            entries.insert(0, (now.source or now.kind.value, now))
            chosen = now
        fill(self.network, entries, chosen)
        self._network.complain(
            one for one in complaints(draft, "nics") if drafts.page_of(one.field) is drafts.Page.MACHINE
        )
        can = now is not None and now.kind in (Nets.NETWORK, Nets.BRIDGE)
        self._fields.show_row(self._isolated, can)
        self.isolated.setChecked(now is not None and now.isolated)
        self._fields.show_row(self._stays, offers.may_stay(draft.abilities, draft.wish.nics))
        self.stays.setChecked(draft.wish.network_stays)

    # ---------------------------------------------------------------- what the person does

    def _figure(self, **values: int) -> None:
        figures: Figures = replace(drafts.current(self._desk.draft), **values)
        self._desk.put(drafts.with_figures(self._desk.draft, figures))

    def _on_network(self, _place: int) -> None:
        chosen = self.network.currentData()
        nics = self._desk.draft.wish.nics
        if isinstance(chosen, NicWish):
            first = offers.moved(nics[0] if nics else NicWish(), chosen)
            self._desk.put(drafts.with_network(self._desk.draft, (first, *nics[1:])))
        else:
            self._desk.put(drafts.with_network(self._desk.draft, ()))

    def _on_linked(self, on: bool) -> None:
        if not self._showing:
            first = tuple(replace(disk, linked=False) for disk in self._desk.draft.wish.disks[:1])
            self._desk.wish(linked=on, disks=(*first, *self._desk.draft.wish.disks[1:]))

    def _on_isolated(self, on: bool) -> None:
        nics = self._desk.draft.wish.nics
        if not self._showing and nics:
            self._desk.put(drafts.with_network(self._desk.draft, (replace(nics[0], isolated=on), *nics[1:])))


class _DiskRow(QWidget):
    """The first disk: a new one, one that is there, or none; or what becomes of the image."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._showing = False
        self.setObjectName("disk")
        self.kind = combo("disk-kind", 16)
        self.kind.setAccessibleName(tr("Disk"))
        self.format = combo("disk-format", 10)
        self.format.setAccessibleName(tr("Format"))
        self.format.addItem("qcow2", "qcow2")
        self.format.addItem("raw", "raw")
        self.pool = combo("disk-pool", 16)
        self.pool.setAccessibleName(tr("Storage pool"))
        self.full = CheckBox(tr("Take all the &space now"))
        self.full.setObjectName("disk-full")
        self.full.setAccessibleName(tr("Take all the space now"))
        self.volume = PlaceChooser(desk, "disk-volume", tr("Existing volume"))
        self.use, self.copy, self.link = (
            RadioButton(tr("&Use it where it is")),
            RadioButton(tr("Make a &copy")),
            RadioButton(tr("Keep only the &differences")),
        )
        self._ways = QWidget()
        ways = Flow(self._ways, 2 * GRID)
        for name, button in (("disk-use", self.use), ("disk-copy", self.copy), ("disk-link", self.link)):
            button.setObjectName(name)
            button.setAccessibleName(button.text().replace("&", ""))
            ways.addWidget(button)
        self._choices = QWidget()
        row = Flow(self._choices, GRID)
        for widget in (self.kind, self.format, self.pool, self.full):
            row.addWidget(widget)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addWidget(self._ways)
        box.addWidget(self._choices)
        box.addWidget(self.volume)
        self.setFocusProxy(self.kind)
        self.kind.currentIndexChanged.connect(self._on_kind)
        self.format.currentIndexChanged.connect(lambda _: self._set(format=self._format()))
        self.pool.currentIndexChanged.connect(lambda _: self._set(pool=self.pool.currentData()))
        self.full.toggled.connect(lambda on: self._set(full=on))
        self.volume.chosen.connect(lambda place, _typing: self._set(source=place or drafts.NOTHING, bytes=0))
        # Not `clicked`: a screen reader toggles.
        self.use.toggled.connect(lambda on: self._set(copy=False, linked=False) if on else None)
        self.copy.toggled.connect(lambda on: self._set(copy=True, linked=False) if on else None)
        self.link.toggled.connect(lambda on: self._set(copy=False, linked=True) if on else None)

    def explained(self, draft: Draft) -> Text:
        """What the choice means, in a line."""
        wish, kind = draft.wish, self._kind(draft)
        disk = wish.disks[0] if wish.disks else DiskWish()
        if wish.source in (From.DISK, From.CLOUD):
            if disk.linked or wish.linked:
                return _MEANS["link"]
            in_place = wish.source is From.DISK and not disk.copy and len(names.names(wish)) < 2 and _usable(draft)
            return _MEANS["use"] if in_place else _MEANS["copy"]
        if kind == _NEW:
            return _MEANS["full"] if disk.full else _MEANS[disk.format or "qcow2"]
        return _MEANS[kind]

    def sized(self, draft: Draft) -> bool:
        """Whether its size is to be said here."""
        wish = draft.wish
        return bool(wish.disks) and wish.source is not From.DISK and self._kind(draft) == _NEW

    def show_draft(self, draft: Draft) -> None:
        self._showing = True
        wish = draft.wish
        disk = wish.disks[0] if wish.disks else DiskWish()
        image = wish.source in (From.DISK, From.CLOUD)
        kinds = [
            (tr("New disk"), _NEW),
            (tr("Existing volume"), _EXISTING),
            (tr("No disk"), _NONE),
        ]
        fill(self.kind, kinds, self._kind(draft))  # type: ignore[arg-type]
        self.kind.setVisible(not image)
        self._ways.setVisible(image and len(names.names(wish)) < 2)  # for several, "Linked" says it
        if image:
            self.setFocusProxy(self.use if wish.source is From.DISK else self.copy)
            cloud = wish.source is From.CLOUD
            usable = _usable(draft)
            self.use.setVisible(not cloud)
            self.use.setEnabled(usable)
            self.use.setToolTip("" if usable else tr("Machines cannot use this format: it is converted into a copy."))
            chosen = self.link if disk.linked else self.copy if (cloud or disk.copy or not usable) else self.use
            chosen.setChecked(True)
        new = self._kind(draft) == _NEW or image
        in_place = wish.source is From.DISK and not (disk.copy or disk.linked) and len(names.names(wish)) < 2
        in_place = in_place and _usable(draft)
        makes = new and not in_place
        self.format.setVisible(self._kind(draft) == _NEW and not image)
        self.full.setVisible(self._kind(draft) == _NEW and not image)
        self.pool.setVisible(makes and bool(wish.disks))
        self._choices.setVisible(not image or not self.pool.isHidden())
        self.volume.setVisible(self._kind(draft) == _EXISTING and not image)
        self.volume.show_place(None if disk.source == drafts.NOTHING else disk.source)
        self.volume.pools.setChecked(self.volume.pools.isChecked() and self.volume.isVisibleTo(self))
        place = max(self.format.findData(disk.format or "qcow2"), 0)
        self.format.setCurrentIndex(place)
        fill(self.pool, [(str(words), name) for words, name in offers.pools(draft.abilities)], disk.pool)
        self.full.setChecked(disk.full)
        self._showing = False

    def _format(self) -> str:
        chosen = str(self.format.currentData())
        return "" if chosen == "qcow2" else chosen

    def _kind(self, draft: Draft) -> str:
        if not draft.wish.disks:
            return _NONE
        return _EXISTING if draft.wish.disks[0].source is not None else _NEW

    def _on_kind(self, _place: int) -> None:
        kind = self.kind.currentData()
        wish = self._desk.draft.wish
        if kind == _NONE:
            self._desk.wish(disks=())
            return
        old = wish.disks[0] if wish.disks else DiskWish()
        source = drafts.NOTHING if kind == _EXISTING else None
        self._desk.wish(disks=(replace(old, source=source), *wish.disks[1:]))
        if source is not None:
            self.volume.setFocus()

    def _set(self, **values: Any) -> None:
        if self._showing:
            return
        disks = self._desk.draft.wish.disks or (DiskWish(),)
        self._desk.wish(disks=(replace(disks[0], **values), *disks[1:]))


def _usable(draft: Draft) -> bool:
    """Whether a machine can run on the image as it is; other formats are converted."""
    image = draft.found.image if draft.found is not None else None
    return image is None or image.usable


class _TemplatesButton(QPushButton):
    """Choices that are used again."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(tr("&Templates"))
        self._desk = desk
        self.setObjectName("templates")
        self.setAccessibleName(tr("Templates: choices that are used again"))
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.setMenu(self._menu)

    def _fill(self) -> None:
        self._menu.clear()
        desk, kept = self._desk, self._desk.workshop.templates
        for name in kept.names:
            plain = name.replace("&", "&&")
            self._menu.addAction(plain, partial(self._apply, name))
        if not kept.names:
            self._menu.addAction(tr("None yet")).setEnabled(False)
        self._menu.addSeparator()
        self._menu.addAction(tr("Save these choices…"), lambda: desk.parts.jobs.spawn("template", self._save()))
        if kept.names:
            forget = self._menu.addMenu(tr("Forget"))
            for name in kept.names:
                forget.addAction(name.replace("&", "&&"), partial(kept.remove, name))

    def _apply(self, name: str) -> None:
        self._desk.put(self._desk.workshop.templates.applied(name, self._desk.draft))

    async def _save(self) -> None:
        question = Question(
            text("Save these choices"),
            text("Name of the template:"),
            self._desk.draft.system.name or str(text("My machines")),
            text("Save"),
            lambda answer: None if answer else text("A template needs a name."),
        )
        name = await self._desk.parts.context.ask.text(question)
        if name:
            problem = self._desk.workshop.templates.save(name, self._desk.draft)
            if problem is not None:
                self._desk.parts.shell.notify(Notice(problem, Level.WARNING))
