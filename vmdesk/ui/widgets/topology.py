"""A picture of a host's processors and memory: nodes, sockets, cores, threads, each where it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from vmdesk.core import units
from vmdesk.model.cpu_set import ALL, EMULATOR
from vmdesk.model.facts import Cell, Cpu, HostFacts
from vmdesk.model.pinning import Pinned
from vmdesk.model.text import in_language, tr, trn
from vmdesk.ui.colors import faded
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import GRID, caption_font

THREAD = 14  # the side of the square that is one CPU
GAP = 3
CORE_GAP = 6
PAD = 12
ROW = 20
BAR = 8
NARROWEST = 280  # of a node
MOST_NAMES = 8  # who is pinned on a CPU, in its tooltip


def part_words(part: int) -> str:
    """What of a machine is pinned."""
    if part == EMULATOR:
        return tr("emulator")
    return tr("vCPU {n}", n=part)


def pinned_words(pinned: Iterable[Pinned]) -> list[str]:
    """One line for each machine."""
    return [_one(pinned_one) for pinned_one in pinned]


def _one(pinned: Pinned) -> str:
    name = pinned.name if pinned.active else tr("{name} (off)", name=pinned.name)
    if pinned.parts == (ALL,):
        return name
    return tr("{name}: {parts}", name=name, parts=", ".join(part_words(part) for part in pinned.parts))


@dataclass(slots=True)
class _Node:
    """Where a node's parts are painted, relative to the widget."""

    cell: Cell
    area: QRectF = field(default_factory=QRectF)
    labels: list[tuple[QRectF, str]] = field(default_factory=list)
    cores: list[QRectF] = field(default_factory=list)
    threads: list[tuple[QRectF, Cpu]] = field(default_factory=list)
    bar: QRectF = field(default_factory=QRectF)


def cells_of(facts: HostFacts) -> tuple[Cell, ...]:
    """The NUMA cells; where a driver tells none, one made of the counts."""
    if any(cell.cpus for cell in facts.cells):
        return facts.cells
    if not facts.cpus:
        return ()
    threads = facts.threads or 1
    cores = facts.cores or max(facts.cpus // threads, 1)
    cpus = []
    for number in range(facts.cpus):
        core = number // threads
        siblings = tuple(range(core * threads, min((core + 1) * threads, facts.cpus)))
        cpus.append(Cpu(number, core // cores, core % cores, siblings))
    return (Cell(0, facts.memory_kib or 0, facts.memory_free_kib, tuple(cpus)),)


class Topology(QWidget):
    """Point at a square to read which CPU it is. `side`: of a square, in pixels."""

    side = THREAD

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nodes: list[_Node] = []
        self._pinned: Mapping[int, tuple[Pinned, ...]] = {}
        self._height = 0
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setObjectName("topology")
        self.setAccessibleName(tr("Processors and memory"))

    def show_facts(self, facts: HostFacts) -> None:
        self._nodes = [_Node(cell) for cell in cells_of(facts)]
        self.setAccessibleDescription("; ".join(_words(node.cell) for node in self._nodes))
        self.setVisible(bool(self._nodes))
        self._place(self.width())
        self.updateGeometry()
        self.update()

    def show_pinned(self, pinned: Mapping[int, tuple[Pinned, ...]]) -> None:
        """Who is pinned where: the corner of such a CPU is marked, and its tooltip tells."""
        self._pinned = pinned
        self.update()

    def node_cpus(self) -> dict[int, frozenset[int]]:
        """The CPUs of each node."""
        return {node.cell.id: frozenset(cpu.id for cpu in node.cell.cpus) for node in self._nodes}

    def sizeHint(self) -> QSize:
        return QSize(2 * NARROWEST, self._height)

    def minimumSizeHint(self) -> QSize:
        return QSize(NARROWEST, self._height)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(width)

    # -- where things are

    def _place(self, width: int) -> int:
        """Lay the nodes out side by side as the width allows; returns the height."""
        if not self._nodes:
            return 0
        columns = max(min((width + GRID) // (NARROWEST + GRID), len(self._nodes)), 1)
        node_width = (width - GRID * (columns - 1)) / columns
        y = 0.0
        for first in range(0, len(self._nodes), columns):
            line = self._nodes[first : first + columns]
            heights = [
                self._place_node(node, column * (node_width + GRID), y, node_width) for column, node in enumerate(line)
            ]
            for node in line:
                node.area.setHeight(max(heights))
            y += max(heights) + GRID
        self._height = round(y - GRID)
        return self._height

    def _place_node(self, node: _Node, x: float, y: float, width: float) -> float:
        node.labels, node.cores, node.threads = [], [], []
        left, right = x + PAD, x + width - PAD
        top = y + PAD
        node.labels.append((QRectF(left, top, right - left, ROW), _title(node.cell)))
        top += ROW + 4
        node.bar = QRectF(left, top, right - left, BAR)
        top += BAR + GRID
        for socket in sorted({cpu.socket for cpu in node.cell.cpus}):
            node.labels.append((QRectF(left, top, right - left, ROW), tr("Socket {n}", n=socket)))
            top = self._place_cores(node, socket, left, top + ROW, right) + GRID
        node.area = QRectF(x, y, width, top - GRID + PAD - y)
        return node.area.height()

    def _place_cores(self, node: _Node, socket: int, left: float, top: float, right: float) -> float:
        """The cores of one socket in lines; returns the lower edge."""
        at = left
        side = self.side
        height = side + 2 * GAP
        for threads in _cores(node.cell, socket):
            core_width = len(threads) * (side + GAP) + GAP
            if at + core_width > right and at > left:
                at, top = left, top + height + CORE_GAP
            node.cores.append(QRectF(at, top, core_width, height))
            for place, cpu in enumerate(threads):
                node.threads.append((QRectF(at + GAP + place * (side + GAP), top + GAP, side, side), cpu))
            at += core_width + CORE_GAP
        return top + height

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        ink, accent = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Accent)
        for number, node in enumerate(self._nodes):
            painter.setPen(QPen(faded(ink, 0.12), 1))
            painter.setBrush(palette.color(QPalette.ColorRole.Base))
            painter.drawRoundedRect(node.area.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
            for place, (area, words) in enumerate(node.labels):
                painter.setFont(self.font() if place == 0 else caption_font(self.font()))
                painter.setPen(ink if place == 0 else faded(ink, 0.66))
                words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(area.width()))
                painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, words)
            self._paint_memory(painter, node)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(faded(accent, 0.16))
            for core in node.cores:
                painter.drawRoundedRect(core, 4, 4)
            for area, cpu in node.threads:
                self._paint_cpu(painter, area, cpu, number)

    def _paint_cpu(self, painter: QPainter, area: QRectF, cpu: Cpu, node: int) -> None:
        """One square; `node` counts from the first."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faded(self.palette().color(QPalette.ColorRole.Accent), 0.7))
        painter.drawRoundedRect(area, 2, 2)
        self._paint_corner(painter, area, cpu, self.palette().color(QPalette.ColorRole.Base))

    def _paint_corner(self, painter: QPainter, area: QRectF, cpu: Cpu, color: QColor) -> None:
        """A mark where somebody is pinned."""
        if cpu.id in self._pinned:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            right, top, side = area.right() - 1.5, area.top() + 1.5, self.side * 0.27
            corner = [QPointF(right - side, top), QPointF(right, top), QPointF(right, top + side)]
            painter.drawPolygon(QPolygonF(corner))

    def _paint_memory(self, painter: QPainter, node: _Node) -> None:
        accent = self.palette().color(QPalette.ColorRole.Accent)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faded(accent, 0.16))
        painter.drawRoundedRect(node.bar, BAR / 2, BAR / 2)
        free, total = node.cell.free_kib, node.cell.memory_kib
        if free is not None and total:
            used = QRectF(node.bar)
            used.setWidth(node.bar.width() * min(max(1 - free / total, 0.0), 1.0))
            painter.setBrush(faded(accent, 0.7))
            painter.drawRoundedRect(used, BAR / 2, BAR / 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place(self.width())
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), plain_tip(self.words_at(event.pos().x(), event.pos().y())), self)
            return True
        return super().event(event)

    def words_of(self, cpu: Cpu) -> str:
        """What is told of a CPU."""
        words = tr("CPU {id}: socket {socket}, core {core}", id=cpu.id, socket=cpu.socket, core=cpu.core)
        others = [str(other) for other in cpu.siblings if other != cpu.id]
        if others:
            words += "\n" + tr("shares its core with CPU {others}", others=", ".join(others))
        here = pinned_words(self._pinned.get(cpu.id, ()))
        if here:
            words = "\n".join((words, tr("pinned here:"), *here[:MOST_NAMES]))
            if len(here) > MOST_NAMES:
                words += "\n" + tr("and {n} more", n=len(here) - MOST_NAMES)
        return words

    def words_at(self, x: float, y: float) -> str:
        """What is there; "" for nothing."""
        for node in self._nodes:
            for area, cpu in node.threads:
                if area.adjusted(-1, -1, 2, 2).contains(x, y):
                    return self.words_of(cpu)
            if node.area.contains(x, y):
                far = [
                    tr("{distance} to node {cell}", distance=in_language(f"{distance / 10:.1f} ×"), cell=cell)
                    for cell, distance in node.cell.distances
                    if cell != node.cell.id
                ]
                return "\n".join([_words(node.cell), *far])
        return ""


def _cores(cell: Cell, socket: int) -> list[list[Cpu]]:
    """The threads of each core of one socket."""
    cores: dict[tuple[int, ...], list[Cpu]] = {}
    for cpu in cell.cpus:
        if cpu.socket == socket:
            cores.setdefault(tuple(sorted(cpu.siblings)) or (cpu.id,), []).append(cpu)
    return list(cores.values())


def _title(cell: Cell) -> str:
    memory = units.kib(cell.memory_kib)
    if cell.free_kib is None:
        return tr("Node {n}: {memory}", n=cell.id, memory=memory)
    return tr("Node {n}: {memory}, {free} free", n=cell.id, memory=memory, free=units.kib(cell.free_kib))


def _words(cell: Cell) -> str:
    cores = len({tuple(sorted(cpu.siblings)) or (cpu.id,) for cpu in cell.cpus})
    sockets = len({cpu.socket for cpu in cell.cpus})
    counts = (
        trn("{n} socket", "{n} sockets", sockets),
        trn("{n} core", "{n} cores", cores),
        trn("{n} CPU", "{n} CPUs", len(cell.cpus)),
    )
    return f"{_title(cell)}; {', '.join(counts)}"
