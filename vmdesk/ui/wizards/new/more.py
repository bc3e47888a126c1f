"""Disks and network cards beyond the first one: a row for each, to be added and taken away."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating import offers
from vmdesk.core.creating.draft import Draft, complaints
from vmdesk.model.sizes import GIB, MIB
from vmdesk.model.text import tr
from vmdesk.model.wish import DiskWish, From, NicWish
from vmdesk.ui.icons import icon
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.flow import Flow
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Notes, combo, fill, wide_combo
from vmdesk.ui.wizards.new.figures import DISK, SizeBox
from vmdesk.ui.wizards.new.place import PlaceChooser

BUSES = ("virtio", "sata", "scsi", "ide", "usb")
CARDS = ("virtio", "e1000e", "e1000", "rtl8139")
_USUAL = 20 * GIB
_NEW, _EXISTING = "new", "existing"


class _Row(QWidget):
    """One thing, from the second on; `put` takes the place of it, None away."""

    def __init__(self, desk: Desk, number: int, put: Callable[[int, Any], None], kind: str) -> None:
        super().__init__()
        self.desk, self.number = desk, number
        self.showing = False
        self._put = put
        self.setObjectName(f"{kind}-{number + 1}")
        self.line = QHBoxLayout()
        self.line.setSpacing(GRID)
        self.remove = QToolButton()
        self.remove.setObjectName(f"{kind}-{number + 1}-remove")
        self.remove.setIcon(icon("delete"))
        self.remove.setAutoRaise(True)
        self.remove.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.notes = Notes()
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(GRID // 2)
        self.box.addLayout(self.line)
        self.box.addWidget(self.notes)
        self.remove.clicked.connect(lambda: put(number, None))

    def change(self, thing: Any, **values: Any) -> None:
        if not self.showing:
            self._put(self.number, replace(thing, **values))

    def close_line(self, tells: str) -> None:
        self.line.addWidget(self.remove, 0, Qt.AlignmentFlag.AlignTop)
        self.remove.setAccessibleName(tells)
        self.remove.setToolTip(tells)


class _DiskRow(_Row):
    def __init__(self, desk: Desk, number: int, put: Callable[[int, Any], None]) -> None:
        super().__init__(desk, number, put, "more-disk")
        name = self.objectName()
        self._disk = DiskWish()
        self.kind = combo(f"{name}-kind", 14)
        self.amount = SizeBox(DISK)
        self.amount.setObjectName(f"{name}-size")
        self.format = combo(f"{name}-format", 9)
        self.pool = combo(f"{name}-pool", 14)
        self.bus = combo(f"{name}-bus", 10)
        self.volume = PlaceChooser(desk, f"{name}-volume", tr("Existing volume"))
        choices = QWidget()
        flow = Flow(choices, GRID)
        for box, tells in (
            (self.kind, tr("Disk {n}: which one", n=number + 1)),
            (self.amount, tr("Disk {n}: size", n=number + 1)),
            (self.format, tr("Disk {n}: format", n=number + 1)),
            (self.pool, tr("Disk {n}: storage pool", n=number + 1)),
            (self.bus, tr("Disk {n}: bus", n=number + 1)),
        ):
            box.setAccessibleName(tells)
            flow.addWidget(box)
        self.line.addWidget(choices, 1)
        self.amount.setFixedWidth(12 * GRID)
        self.close_line(tr("Take away disk {n}", n=number + 1))
        self.box.insertWidget(1, self.volume)
        self.setFocusProxy(self.kind)
        self.kind.currentIndexChanged.connect(self._on_kind)
        self.amount.valueChanged.connect(lambda value: self.change(self._disk, bytes=value * MIB))
        self.format.currentIndexChanged.connect(lambda _: self.change(self._disk, format=self.format.currentData()))
        self.pool.currentIndexChanged.connect(lambda _: self.change(self._disk, pool=self.pool.currentData()))
        self.bus.currentIndexChanged.connect(lambda _: self.change(self._disk, bus=self.bus.currentData()))
        self.volume.chosen.connect(lambda place, _typing: self.change(self._disk, source=place or drafts.NOTHING))

    def show_draft(self, draft: Draft) -> None:
        self.showing = True
        disk = self._disk = draft.wish.disks[self.number]
        new = disk.source is None
        fill(self.kind, [(tr("New disk"), _NEW), (tr("Existing volume"), _EXISTING)], _NEW if new else _EXISTING)
        for box in (self.amount, self.format, self.pool):
            box.setVisible(new)
        self.volume.setVisible(not new)
        self.amount.setValue(max(disk.bytes // MIB, 1))
        fill(self.format, [("qcow2", ""), ("raw", "raw")], disk.format)
        pools: list[tuple[str, object]] = [(name or str(words), name) for words, name in offers.pools(draft.abilities)]
        fill(self.pool, pools, disk.pool)
        fill(self.bus, [(tr("bus that suits"), ""), *((one, one) for one in BUSES)], disk.bus)
        self.volume.show_place(None if disk.source in (None, drafts.NOTHING) else disk.source)
        self.notes.complain(complaints(draft, f"disks[{self.number}]"))
        self.showing = False

    def _on_kind(self, _place: int) -> None:
        if self.kind.currentData() == _NEW:
            self.change(self._disk, source=None, bytes=_USUAL)
        else:
            self.change(self._disk, source=drafts.NOTHING, bytes=0)


class _CardRow(_Row):
    def __init__(self, desk: Desk, number: int, put: Callable[[int, Any], None]) -> None:
        super().__init__(desk, number, put, "more-card")
        name = self.objectName()
        self._nic = NicWish()
        self.network = wide_combo(f"{name}-network")
        self.network.setAccessibleName(tr("Network card {n}: network", n=number + 1))
        self.model = combo(f"{name}-model", 12)
        self.model.setAccessibleName(tr("Network card {n}: model", n=number + 1))
        self.line.addWidget(self.network, 1)
        self.close_line(tr("Take away network card {n}", n=number + 1))
        self.box.insertWidget(1, self.model, 0, Qt.AlignmentFlag.AlignLeft)
        self.setFocusProxy(self.network)
        self.network.currentIndexChanged.connect(self._on_network)
        self.model.currentIndexChanged.connect(lambda _: self.change(self._nic, model=self.model.currentData()))

    def show_draft(self, draft: Draft) -> None:
        self.showing = True
        nic = self._nic = draft.wish.nics[self.number]
        entries: list[tuple[str, object]] = [(str(words), one) for words, one in offers.networks(draft.abilities)]
        chosen = next((one for _, one in entries if isinstance(one, NicWish) and offers.same_place(one, nic)), None)
        if chosen is None:
            entries.insert(0, (nic.source or nic.kind.value, nic))
        fill(self.network, entries, chosen or nic)
        fill(self.model, [(tr("card that suits"), ""), *((one, one) for one in CARDS)], nic.model)
        self.notes.complain(complaints(draft, f"nics[{self.number}]"))
        self.showing = False

    def _on_network(self, _place: int) -> None:
        chosen = self.network.currentData()
        if isinstance(chosen, NicWish):
            self.change(offers.moved(self._nic, chosen))


class _More(QWidget):
    """The rows, and the button that adds one."""

    part = ""
    row: Callable[..., Any]

    def __init__(self, desk: Desk, name: str, words: str) -> None:
        super().__init__()
        self._desk = desk
        self.setObjectName(name)
        self.rows: list[Any] = []
        self.add = QPushButton(words)
        self.add.setObjectName(f"{name}-add")
        self.add.setIcon(icon("add"))
        self.add.setAccessibleName(words.replace("&", ""))
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(GRID)
        self._box.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        self.setFocusProxy(self.add)
        self.add.clicked.connect(self._on_add)

    def show_draft(self, draft: Draft) -> None:
        things = getattr(draft.wish, self.part)
        while len(self.rows) < len(things) - 1:
            row = type(self).row(self._desk, len(self.rows) + 1, self._put)
            self._box.insertWidget(len(self.rows), row)
            self.rows.append(row)
        while len(self.rows) > max(len(things) - 1, 0):
            gone = self.rows.pop()
            gone.hide()
            gone.deleteLater()
        for row in self.rows:
            row.show_draft(draft)
        why = self.why_not(draft)
        self.add.setEnabled(not why)
        self.add.setToolTip(why)
        self.add.setAccessibleDescription(why)

    def why_not(self, draft: Draft) -> str:
        raise NotImplementedError

    def fresh(self) -> Any:
        raise NotImplementedError

    def take(self, things: tuple[Any, ...]) -> None:
        raise NotImplementedError

    def _on_add(self) -> None:
        self.take((*getattr(self._desk.draft.wish, self.part), self.fresh()))
        self.rows[-1].setFocus()

    def _put(self, number: int, thing: Any) -> None:
        things = list(getattr(self._desk.draft.wish, self.part))
        things[number : number + 1] = [] if thing is None else [thing]
        self.take(tuple(things))
        if thing is None:
            self.add.setFocus()


class MoreDisks(_More):
    part = "disks"
    row = _DiskRow

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "more-disks", tr("&Add a disk"))

    def why_not(self, draft: Draft) -> str:
        if draft.wish.source is From.CONTAINER:
            return tr("A container's root is a folder: it has no disks.")
        return "" if draft.wish.disks else tr("The first disk is chosen on the page Machine.")

    def fresh(self) -> DiskWish:
        return DiskWish(_USUAL)

    def take(self, things: tuple[Any, ...]) -> None:
        self._desk.wish(disks=things)


class MoreCards(_More):
    part = "nics"
    row = _CardRow

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "more-cards", tr("Add a net&work card"))

    def why_not(self, draft: Draft) -> str:
        return "" if draft.wish.nics else tr("The first card is chosen on the page Machine.")

    def fresh(self) -> NicWish:
        return replace(self._desk.draft.wish.nics[0], mac="", forwards=(), isolated=False)

    def take(self, things: tuple[Any, ...]) -> None:
        self._desk.put(drafts.with_network(self._desk.draft, things))
