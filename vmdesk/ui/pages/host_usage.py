"""Who uses a host: two bars that are the whole of it, and a table of the machines."""

from math import isnan

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QVBoxLayout, QWidget

from vmdesk.core import units
from vmdesk.core.history import Share
from vmdesk.model.text import tr
from vmdesk.ui.delegates.bar import BarDelegate
from vmdesk.ui.models.users import COLORED, Column, UsersModel, amount
from vmdesk.ui.parts import Parts
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Muted, Section
from vmdesk.ui.widgets.plain_table import PlainTable
from vmdesk.ui.widgets.stack_bar import Piece, StackBar

ROWS = 8  # seen without scrolling


class HostUsage(QWidget):
    """`refresh()` reads the history."""

    def __init__(self, parts: Parts, host_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._host = parts, host_id
        self.model = UsersModel(parts.store, self)
        self._cpu, self._memory = StackBar(tr("CPU")), StackBar(tr("Memory"))
        for bar in (self._cpu, self._memory):
            bar.opened.connect(parts.shell.open_machine)
        bars = QHBoxLayout()
        bars.setSpacing(2 * GRID)
        bars.addWidget(self._cpu)
        bars.addWidget(self._memory)
        self.table = PlainTable(self.model, "users", tr("No machine runs on this host."))
        self.table.setAccessibleName(tr("Who uses it"))
        self.table.setItemDelegate(BarDelegate(self.table))
        header = self.table.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.sectionClicked.connect(lambda section: self.sort_by(Column(section)))
        self.table.opened.connect(lambda row: parts.shell.open_machine(self.model.rows[row].key))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(Section(tr("Who uses it")))
        layout.addLayout(bars)
        layout.addWidget(self.table)
        layout.addWidget(Muted(tr("A double click goes to the machine; a click on a heading sorts by it.")))
        self._show_order()
        self._fit()

    def sort_by(self, column: Column) -> None:
        self.model.sort_by(column)
        self._show_order()
        self._paint_bars()

    def _show_order(self) -> None:
        self.table.horizontalHeader().setSortIndicator(int(self.model.by), Qt.SortOrder.DescendingOrder)

    def refresh(self) -> None:
        """Take the newest figures."""
        shares = self._parts.history.shares(self._host)
        rows = self.model.rowCount()
        self.model.show_shares(shares, self._total_kib())
        if self.model.rowCount() != rows:
            self._fit()
        self._paint_bars()

    def _fit(self) -> None:
        rows = min(max(self.model.rowCount(), 2), ROWS)
        header = self.table.horizontalHeader()
        height = self.table.verticalHeader().defaultSectionSize() * rows + header.minimumHeight()
        self.table.setFixedHeight(height + 2)

    def _total_kib(self) -> float:
        reading = self._parts.history.host_reading(self._host)
        return float(reading.memory_total_kib) if reading and reading.memory_total_kib > 0 else 0.0

    def _last(self, series: str) -> float:
        values = self._parts.history.host(self._host, series).values
        return values[-1] if values else float("nan")

    def _paint_bars(self) -> None:
        rows = self.model.rows
        cpu, used, total = self._last("cpu"), self._last("used"), self._total_kib()
        self._cpu.show_pieces(self._pieces(rows, Column.CPU, 100.0, cpu), units.percent(cpu))
        memory = self._pieces(rows, Column.MEMORY, total, used) if total else []
        self._memory.show_pieces(memory, units.kib_of(used, total) if total else units.UNKNOWN)

    def _pieces(self, rows: list[Share], column: Column, whole: float, used: float) -> list[Piece]:
        """The coloured machines, the others together, and what the host itself takes."""
        write = units.percent if column is Column.CPU else units.kib
        pieces = [
            Piece(
                f"{self.model.name(row)}: {write(amount(row, column))}",
                amount(row, column) / whole,
                place,
                target=row.key,
            )
            for place, row in enumerate(rows[:COLORED])
        ]
        others = sum(amount(row, column) for row in rows[COLORED:])
        if others:
            pieces.append(Piece(tr("other machines: {amount}", amount=write(others)), others / whole))
        rest = used - sum(amount(row, column) for row in rows)
        if not isnan(rest) and rest > 0:
            pieces.append(Piece(tr("the host itself: {amount}", amount=write(rest)), rest / whole))
        return pieces
