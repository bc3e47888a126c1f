"""Beside the way: every choice that an admin may want, each with what suits and why."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QVBoxLayout, QWidget

from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating import offers
from vmdesk.core.creating.draft import Draft, choices, complaints
from vmdesk.core.creating.summary import firmware_words
from vmdesk.model.abilities import HostAbilities
from vmdesk.model.text import Text, text, tr
from vmdesk.model.wish import Cpu, Firmware, Nets
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Heading
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Field, Fields, combo, fill
from vmdesk.ui.wizards.new.line import Line
from vmdesk.ui.wizards.new.more import BUSES, CARDS, MoreCards, MoreDisks
from vmdesk.ui.wizards.new.place import PlaceChooser
from vmdesk.virtxml.build.choose import Choices
from vmdesk.virtxml.build.complaint import Complaint

_DISPLAYS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (text("VNC"), ("vnc",)),
    (text("SPICE"), ("spice",)),
    (text("D-Bus and VNC"), ("dbus", "vnc")),
    (text("No screen"), ("none",)),
)
# What a model is called in the definition, and in our words.
_MODES: dict[str, Text] = {
    "host-passthrough": text("the host's own processor"),
    "host-model": text("like the host's processor"),
    "maximum": text("all that can be emulated"),
    "": text("the hypervisor's own"),
}


class DetailsPage(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._showing = False
        self._show: list[Callable[[Draft, Choices], None]] = []
        self.setObjectName("details-page")
        fields = self._fields = Fields()
        fields.add_section(tr("Processor and board"))
        self._choice(tr("&Processor"), "cpu", "cpu", _cpus, lambda wish: wish.cpu)
        self._choice(tr("&Architecture"), "arch", "arch", _arches, lambda wish: wish.arch)
        self._choice(tr("Runs &by"), "kind", "kind", _kinds, lambda wish: wish.kind)
        self._choice(tr("Boa&rd"), "machine", "machine", _boards, lambda wish: wish.machine)
        fields.add_section(tr("Firmware"))
        self._choice(tr("&Firmware"), "firmware", "firmware", _firmwares, lambda wish: wish.firmware)
        self._choice(tr("&TPM 2.0"), "tpm", "tpm", _tpms, lambda wish: wish.tpm)
        fields.add_section(tr("Screen"))
        self._choice(tr("Scree&n"), "displays", "displays", _displays, lambda wish: wish.displays)
        self._switch(
            "sealed",
            tr("&Sealed"),
            tr("Neither clipboard nor files pass between you and the guest, whoever looks at it."),
        )
        fields.add_section(tr("Disk and network card"))
        self._first("disks", tr("&Disk bus"), "bus", "disks.bus", BUSES)
        self._first("nics", tr("Network &card"), "model", "nics.model", CARDS)
        self.mac = Line("mac")
        self.mac.setPlaceholderText(tr("a fresh one"))
        self._mac = fields.add(tr("&MAC address"), self.mac, tr("The card's own number in the network; never twice."))
        self.forwards = Line("forwards")
        self.forwards.setPlaceholderText("2222:22, 8080:80")
        self._forwards = fields.add(tr("P&ort forwards"), self.forwards)
        self._wrong_forwards: Text | None = None
        fields.add_section(tr("Further disks and network cards"))
        self.more_disks, self.more_cards = MoreDisks(desk), MoreCards(desk)
        fields.add(
            tr("Further disks"),
            self.more_disks,
            tr("For data beside the system."),
        )
        fields.add(tr("Further cards"), self.more_cards, tr("To be in several networks at once."))
        fields.add_section(tr("More"))
        self.drivers = PlaceChooser(desk, "drivers", tr("Drivers CD"))
        self._drivers = fields.add(
            tr("Dri&vers CD"), self.drivers, tr("A second CD for the installer: virtio-win.iso for Windows.")
        )
        self._switch("autostart", tr("Start it with its &host"), tr("It comes up by itself after the host does."))
        self.title = Line("title")
        self._title = fields.add(tr("T&itle"), self.title, tr("A line about it, in every list."))
        self.description = QPlainTextEdit()
        self.description.setObjectName("description")
        self.description.setTabChangesFocus(True)
        self.description.setFixedHeight(3 * self.description.fontMetrics().lineSpacing() + 2 * GRID)
        self._description = fields.add(tr("D&escription"), self.description, tr("What it is for, for you and others."))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2 * GRID)
        box.addWidget(Heading(tr("Details")))
        box.addLayout(fields)
        box.addStretch(1)
        self.mac.typed.connect(lambda words: self._nic(mac=words.strip().lower()))
        self.forwards.typed.connect(self._on_forwards)
        self.drivers.chosen.connect(lambda place, _typing: desk.wish(drivers=place))
        self.title.typed.connect(lambda words: desk.wish(title=words))
        self.description.textChanged.connect(self._on_description)

    def focus_first(self) -> None:
        found = self.findChild(QComboBox, "cpu")
        if found is not None:
            found.setFocus()

    def show_draft(self, draft: Draft) -> None:
        chosen = choices(draft)
        if chosen is None:
            return
        self._showing = True
        for show in self._show:
            show(draft, chosen)
        self._show_nic(draft)
        self.more_disks.show_draft(draft)
        self.more_cards.show_draft(draft)
        self.drivers.show_place(draft.wish.drivers)
        self._drivers.complain(complaints(draft, "drivers"))
        for line, value in ((self.title, draft.wish.title),):
            if line.text() != value:
                line.show_text(value)
        if self.description.toPlainText() != draft.wish.description:
            self.description.setPlainText(draft.wish.description)
        self._title.complain(complaints(draft, "title"))
        self._description.complain(complaints(draft, "description"))
        self._showing = False

    # ---------------------------------------------------------------- kinds of rows

    def _choice(
        self,
        label: str,
        name: str,
        why: str,
        entries: Callable[[Draft, Choices], list[tuple[str, Any]]],
        value: Callable[[Any], Any],
    ) -> None:
        box = combo(name)
        field = self._fields.add(label, box, stretch=False)
        box.currentIndexChanged.connect(lambda _: self._choose(name, box.currentData()))

        def show(draft: Draft, chosen: Choices) -> None:
            found, now = entries(draft, chosen), value(draft.wish)
            if not any(one == now for _, one in found):
                found.append((str(now), now))
            fill(box, found, now)
            _explain(field, chosen.reason(why), complaints(draft, name))

        self._show.append(show)

    def _choose(self, name: str, value: Any) -> None:
        if not self._showing:
            self._desk.wish(**{name: value})

    def _switch(self, name: str, words: str, hint: str) -> None:
        box = CheckBox(words)
        box.setObjectName(name)
        self._fields.add("", box, hint)
        box.toggled.connect(lambda on: self._choose(name, on))
        self._show.append(lambda draft, _chosen: box.setChecked(getattr(draft.wish, name)))

    def _first(self, part: str, label: str, name: str, why: str, known: tuple[str, ...]) -> None:
        """Of the first disk, the first card."""
        box = combo(f"{part}-{name}")
        field = self._fields.add(label, box, stretch=False)

        def choose(_place: int) -> None:
            things = getattr(self._desk.draft.wish, part)
            if not self._showing and things:
                first = replace(things[0], **{name: box.currentData()})
                self._desk.put(drafts.checked(_with(self._desk.draft, part, (first, *things[1:]))))

        def show(draft: Draft, chosen: Choices) -> None:
            things = getattr(draft.wish, part)
            suits = chosen.disk_bus if part == "disks" else chosen.nic
            entries: list[tuple[str, object]] = [(tr("What suits: {choice}", choice=suits or "–"), "")]
            entries += [(one, one) for one in known]
            fill(box, entries, getattr(things[0], name) if things else "")
            box.setEnabled(bool(things))
            _explain(field, chosen.reason(why), complaints(draft, f"{part}[0].{name}"))

        box.currentIndexChanged.connect(choose)
        self._show.append(show)

    # ---------------------------------------------------------------- the card

    def _show_nic(self, draft: Draft) -> None:
        nic = draft.wish.nics[0] if draft.wish.nics else None
        self.mac.setEnabled(nic is not None)
        if nic is not None and self.mac.text().strip().lower() != nic.mac:
            self.mac.show_text(nic.mac)
        self._mac.complain(complaints(draft, "nics[0].mac"))
        user = nic is not None and nic.kind is Nets.USER
        self.forwards.setEnabled(user)
        if not user:
            self._wrong_forwards = None
        if not user:
            self._forwards.explain(tr("Only where the network goes through the host: choose that on the page Machine."))
        else:
            self._forwards.explain(tr("Port of the host : port of the guest. Only this computer reaches them."))
        now = nic.forwards if nic is not None else ()
        if self._wrong_forwards is None and offers.forwards(self.forwards.text()) != now:
            self.forwards.show_text(offers.written_forwards(now))
        found = complaints(draft, "nics[0].forwards")
        if self._wrong_forwards is not None:
            found = (Complaint("nics", self._wrong_forwards),)
        self._forwards.complain(found)

    def _nic(self, **values: Any) -> None:
        nics = self._desk.draft.wish.nics
        if nics:
            self._desk.put(drafts.with_network(self._desk.draft, (replace(nics[0], **values), *nics[1:])))

    def _on_forwards(self, words: str) -> None:
        found = offers.forwards(words)
        self._wrong_forwards = found if isinstance(found, Text) else None
        if isinstance(found, Text):
            self._show_nic(self._desk.draft)
        else:
            self._nic(forwards=found)
        self._desk.changed.emit()

    @property
    def wrong(self) -> str:
        """What was typed and could not be read: the wish knows nothing of it."""
        return str(self._wrong_forwards or "")

    def _on_description(self) -> None:
        if not self._showing:
            self._desk.wish(description=self.description.toPlainText())


def _with(draft: Draft, part: str, things: tuple[Any, ...]) -> Draft:
    values: dict[str, Any] = {part: things}
    return replace(draft, wish=replace(draft.wish, **values))


def _explain(field: Field, why: Text | None, found: tuple[Complaint, ...]) -> None:
    said = {str(one.what) for one in found}
    field.explain("" if str(why) in said else why)
    field.complain(found)


def _suits(words: str | Text) -> str:
    return tr("What suits: {choice}", choice=words)


def _cpus(draft: Draft, chosen: Choices) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [
        (tr("Fast on this host"), Cpu.FAST),
        (tr("Can move to other hosts"), Cpu.MOVABLE),
    ]
    models = draft.found.machine.usable_models if draft.found is not None else ()
    modes = [(str(_MODES[mode]), mode) for mode in ("host-passthrough", "host-model", "maximum")]
    return [*found, *modes, *((model, model) for model in models)]


def _host(draft: Draft) -> HostAbilities:
    return draft.abilities


def _arches(draft: Draft, chosen: Choices) -> list[tuple[str, Any]]:
    suits = chosen.platform.arch
    return [(_suits(suits), ""), *((one.arch, one.arch) for one in _host(draft).processors)]


def _kinds(draft: Draft, chosen: Choices) -> list[tuple[str, Any]]:
    own = next((one for one in _host(draft).processors if one.arch == chosen.platform.arch), None)
    words = {"kvm": "KVM", "qemu": tr("emulation (slow)")}
    kinds = own.kinds if own is not None else ()
    suits = words.get(chosen.platform.kind, chosen.platform.kind)
    return [(_suits(suits), ""), *((words.get(one, one), one) for one in kinds)]


def _boards(draft: Draft, chosen: Choices) -> list[tuple[str, Any]]:
    own = next((one for one in _host(draft).processors if one.arch == chosen.platform.arch), None)
    machines = own.machines if own is not None else ()
    names = dict.fromkeys(one.alias for one in machines if one.alias)
    names |= dict.fromkeys(one.name for one in machines if not one.deprecated)
    return [(_suits(chosen.platform.machine or "–"), ""), *((one, one) for one in names)]


def _firmwares(draft: Draft, chosen: Choices) -> list[tuple[str, Any]]:
    suits = Firmware.SECURE if chosen.secure else Firmware.UEFI if chosen.efi else Firmware.BIOS
    kinds = (Firmware.BIOS, Firmware.UEFI, Firmware.SECURE)
    return [(_suits(firmware_words(suits)), Firmware.DEFAULT), *((str(firmware_words(one)), one) for one in kinds)]


def _tpms(draft: Draft, chosen: Choices) -> list[tuple[str, Any]]:
    suits = tr("yes") if chosen.tpm else tr("no")
    return [(_suits(suits), None), (tr("Yes"), True), (tr("No"), False)]


def _displays(draft: Draft, chosen: Choices) -> list[tuple[str, Any]]:
    suits = " + ".join(one.upper() if one != "dbus" else "D-Bus" for one in chosen.displays) or "–"
    return [(_suits(suits), ()), *((str(words), kinds) for words, kinds in _DISPLAYS)]
