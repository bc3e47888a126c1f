"""What of a host is promised to its machines, what they use of it, and what is promised more than once."""

from collections.abc import Callable
from math import isnan

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from vmdesk.core import allocation, units
from vmdesk.core.allocation import Allocation, Portion
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.stats import NAN
from vmdesk.model.text import in_language, tr, trn
from vmdesk.ui.parts import Parts
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Muted, Section
from vmdesk.ui.widgets.stack_bar import Piece, StackBar

COLORS = 8  # that line_color tells apart
MOST = 40  # machines with a piece of their own
MOST_POOLS = 8
DISKS_EVERY = 60_000  # ms: all volumes of the host are read for it
_SMALLEST = 0.002  # of a bar: what is smaller goes with the others

Write = Callable[[float], str]


class HostAllocation(QWidget):
    """`refresh()` takes the newest figures; disk space is read now and then while it is visible."""

    def __init__(self, parts: Parts, host_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._host = parts, host_id
        self._reading = False
        self._disks: tuple[Allocation, ...] | None = None
        self._tasks = Tasks(parts.jobs)
        self.destroyed.connect(self._tasks.end)
        self._clock = QTimer(self)
        self._clock.setInterval(DISKS_EVERY)
        self._clock.timeout.connect(self._read_disks)
        self.setObjectName("host-allocation")
        self.setAccessibleName(tr("Promised and used"))
        self.off = CheckBox(tr("Also machines that are off"))
        self.off.setObjectName("allocation-off")
        self.off.setAccessibleName(self.off.text())
        self.off.setToolTip(tr("As if all of them were started."))
        self.off.toggled.connect(self.refresh)
        head = QHBoxLayout()
        head.addWidget(Section(tr("Promised and used")))
        head.addStretch(1)
        head.addWidget(self.off)
        self.cpu, self.memory = self._bar(tr("CPU")), self._bar(tr("Memory"))
        self.pools: dict[str, StackBar] = {}
        self._list = QVBoxLayout()
        self._list.setSpacing(GRID)
        self._note = Muted()
        self._note.setObjectName("allocation-note")
        self._note.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(self.cpu)
        layout.addWidget(self.memory)
        layout.addLayout(self._list)
        layout.addWidget(self._note)
        layout.addWidget(
            Muted(
                tr(
                    "A piece is what a machine was promised, its strong part what it uses. Hatched is what there is "
                    "not: it was promised more than once. A double click, or the arrow keys and Enter, go to a machine."
                )
            )
        )

    def _bar(self, title: str) -> StackBar:
        bar = StackBar(title)
        bar.opened.connect(self._parts.shell.open_machine)
        return bar

    # -- what it shows

    def refresh(self) -> None:
        """Take the newest figures."""
        domains = [one for one in self._parts.store.domains.values() if one.key.host == self._host]
        shares = self._parts.history.shares(self._host)
        reading = self._parts.history.host_reading(self._host)
        off = self.off.isChecked()
        count = reading.cpus if reading is not None else 0
        self._show(self.cpu, allocation.cpus(domains, shares, count, off), _cpus, "", warn=False)
        total = float(reading.memory_total_kib) if reading is not None and reading.memory_total_kib > 0 else 0.0
        used = self._parts.history.host(self._host, "used").values
        host_used = float(used[-1]) if used else NAN
        memory = allocation.memory(domains, shares, total, host_used, off)
        self._show(self.memory, memory, units.kib, tr("the host itself: {amount}", amount=units.kib(memory.beside)))
        self._show_disks()

    def _show(self, bar: StackBar, found: Allocation, write: Write, beside: str, warn: bool = True) -> None:
        """`warn`: more virtual CPUs than there are is common, and no harm while they do not all work at once."""
        whole = max(found.wanted, found.capacity)
        mark = found.capacity / whole if whole > 0 and found.capacity > 0 else 1.0
        pieces = _pieces(found, whole, write, beside)
        bar.show_pieces(pieces, _total(found, write), mark, warn and bool(found.over))

    def _show_disks(self) -> None:
        found = self._disks or ()
        shown = {one.name: one for one in found[:MOST_POOLS]}
        if list(shown) != list(self.pools):
            for bar in self.pools.values():
                self._list.removeWidget(bar)
                bar.hide()
                bar.deleteLater()
            self.pools = {name: self._bar(tr("Disk space in {pool}", pool=name)) for name in shown}
            for bar in self.pools.values():
                self._list.addWidget(bar)
        for name, bar in self.pools.items():
            one = shown[name]
            self._show(bar, one, units.size, tr("other files: {amount}", amount=units.size(one.beside)))
        self._show_note(len(found) - len(shown))

    def _show_note(self, more: int) -> None:
        words = ""
        if more > 0:
            words = trn(
                "{n} more storage pool, promised less, is not shown.",
                "{n} more storage pools, promised less, are not shown.",
                more,
            )
        elif self._disks == ():
            words = tr("No storage pool is on: of disk space nothing is known.")
        self._note.setText(words)
        self._note.setVisible(bool(words))

    # -- disk space

    def _read_disks(self) -> None:
        if not self._reading and self._parts.storage is not None:
            self._tasks.spawn(f"allocation of {self._host}", self._load_disks())

    async def _load_disks(self) -> None:
        session = self._parts.sessions.get(self._host)
        if session is None or not session.connected:
            return
        self._reading = True
        try:
            seen = await self._parts.storage.look(self._host)
            self._disks = allocation.disks(self._host, seen.pools, seen.rows)
        except VirtError:
            return  # hosts without storage pools; what was known stays
        finally:
            self._reading = False
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._read_disks()
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._clock.stop()
        super().hideEvent(event)


def _cpus(value: float) -> str:
    """CPUs: whole, or with one decimal."""
    return f"{value:.0f}" if value == int(value) or value >= 9.95 else in_language(f"{value:.1f}")


def _total(found: Allocation, write: Write) -> str:
    """All of it in a line."""
    promised, used = write(found.promised), write(found.used)
    if found.capacity <= 0:
        return tr("{promised} promised, {used} used", promised=promised, used=used)
    words = tr(
        "{promised} promised of {capacity}, {used} used", promised=promised, capacity=write(found.capacity), used=used
    )
    if not found.over:
        free = found.capacity - found.used - found.shared - found.beside
        return words if write is _cpus else tr("{words}, {amount} free", words=words, amount=write(max(free, 0.0)))
    over = tr("over-committed by {amount}", amount=write(found.over))
    times = in_language(f"{found.times:.1f}")
    return f"{words} · {over}" + (f" ({times} ×)" if found.times >= 1.05 else "")


def _pieces(found: Allocation, whole: float, write: Write, beside: str) -> list[Piece]:
    """A piece for each machine that is large enough to be seen, the others together, and what is nobody's."""
    if whole <= 0:
        return []
    own = [one for one in found.portions[:MOST] if one.promised / whole >= _SMALLEST]
    pieces = [_piece(one, place % COLORS, whole, write) for place, one in enumerate(own)]
    others = found.portions[len(own) :]
    if others:
        promised = sum(one.promised for one in others)
        used = sum(one.used for one in others if not isnan(one.used))
        words = trn("{n} other machine", "{n} other machines", len(others)) + "\n" + _amounts(promised, used, write)
        pieces.append(Piece(words, promised / whole, used=used / promised))
    if found.shared > 0:
        words = tr("images that no machine writes into: {amount}", amount=write(found.shared))
        pieces.append(Piece(words, found.shared / whole))
    if found.beside > 0 and beside:
        pieces.append(Piece(beside, found.beside / whole))
    return pieces


def _piece(one: Portion, color: int, whole: float, write: Write) -> Piece:
    name = one.name if one.active else tr("{name} (off)", name=one.name)
    share = 0.0 if isnan(one.used) else min(one.used / one.promised, 1.0)
    words = f"{name}\n{_amounts(one.promised, one.used, write)}"
    key: DomainKey | None = one.key
    return Piece(words, one.promised / whole, color, share, key)


def _amounts(promised: float, used: float, write: Write) -> str:
    told = units.UNKNOWN if isnan(used) else write(used)
    return tr("{promised} promised, {used} used", promised=write(promised), used=told)
