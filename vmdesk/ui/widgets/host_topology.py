"""The host's CPUs to choose from: each with its number, its node's colour, and a dot where somebody is pinned."""

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from vmdesk.model import cpu_set
from vmdesk.model.cpu_set import ALL
from vmdesk.model.facts import Cpu, HostFacts
from vmdesk.model.pinning import Pinned
from vmdesk.model.text import tr
from vmdesk.ui.colors import faded, line_color
from vmdesk.ui.theme import caption_font, figure_font
from vmdesk.ui.widgets.topology import Topology

SIDE = 26


class HostTopology(Topology):
    """Click, drag, or arrows and space. `chosen(part, cpus)`: the CPUs of a part (its vCPU's number, ALL, EMULATOR)
    are others now; "" for any of them. Told once for each click, stroke or key.
    """

    chosen = Signal(int, str)
    reached = Signal(QRectF)  # a key went to the CPU there: of many, it may have to be brought into view
    side = SIDE

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cpus: frozenset[int] = frozenset()
        self._part = ALL
        self._current = -1
        self._adding = True
        self._before: frozenset[int] | None = None  # what was chosen when the stroke began
        self.setObjectName("host-topology")
        self.setAccessibleName(tr("CPUs of the host to choose from"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def part(self) -> int:
        return self._part

    @property
    def cpus(self) -> frozenset[int]:
        """What is chosen; none: any."""
        return self._cpus

    def show_facts(self, facts: HostFacts) -> None:
        super().show_facts(facts)
        numbers = [cpu.id for _, cpu in self._squares()]
        if self._current not in numbers:
            self._current = numbers[0] if numbers else -1
        self._tell_current()

    def show_pinned(self, pinned: Mapping[int, tuple[Pinned, ...]]) -> None:
        """Who is pinned where, but for the machine that this is about."""
        super().show_pinned(pinned)
        self._tell_current()

    def choose_for(self, part: int, cpus: frozenset[int]) -> None:
        """What is chosen now is for this part, and it has these."""
        self._part, self._cpus, self._before = part, cpus, None
        self._tell_current()
        self.update()

    def set_cpus(self, cpus: frozenset[int]) -> None:
        """Choose these, and tell it."""
        if cpus != self._cpus:
            self._cpus = cpus
            self._tell_current()
            self.update()
            self.chosen.emit(self._part, cpu_set.write(cpus))

    def area_of(self, number: int) -> QRectF:
        """Where a CPU's square is."""
        return next((area for area, cpu in self._squares() if cpu.id == number), QRectF())

    def words_of(self, cpu: Cpu) -> str:
        words = super().words_of(cpu)
        return f"{words}\n{tr('chosen')}" if cpu.id in self._cpus else words

    def _squares(self) -> list[tuple[QRectF, Cpu]]:
        return [square for node in self._nodes for square in node.threads]

    def _tell_current(self) -> None:
        cpu = next((cpu for _, cpu in self._squares() if cpu.id == self._current), None)
        self.setAccessibleDescription(self.words_of(cpu).replace("\n", "; ") if cpu is not None else "")

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        area = self.area_of(self._current)
        if self.hasFocus() and not area.isNull():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Text), 2))
            painter.drawRoundedRect(area.adjusted(-1, -1, 1, 1), 4, 4)

    def _paint_cpu(self, painter: QPainter, area: QRectF, cpu: Cpu, node: int) -> None:
        palette = self.palette()
        color, ground = line_color(palette, node), palette.color(QPalette.ColorRole.Base)
        ink = palette.color(QPalette.ColorRole.Text)
        taken = cpu.id in self._cpus
        strength = 1.0 if self.isEnabled() else 0.5
        painter.setPen(QPen(faded(color, (1.0 if taken else 0.55) * strength), 1))
        painter.setBrush(faded(color, strength) if taken else ground)
        painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        words = ground if taken else faded(ink, 0.85 * strength)
        self._paint_corner(painter, area, cpu, words)
        painter.setFont(figure_font(caption_font(self.font())))
        painter.setPen(words)
        painter.drawText(area.adjusted(0, 1, 0, 0), Qt.AlignmentFlag.AlignCenter, str(cpu.id))

    # -- choosing

    def _at(self, point: QPointF) -> int | None:
        return next((cpu.id for area, cpu in self._squares() if area.adjusted(-2, -2, 2, 2).contains(point)), None)

    def _stroke(self, number: int) -> None:
        cpus = self._cpus | {number} if self._adding else self._cpus - {number}
        self._current = number
        self._cpus = cpus
        self._tell_current()
        self.update()

    def _end_stroke(self) -> None:
        before, self._before = self._before, None
        if before is not None and before != self._cpus:
            self.chosen.emit(self._part, cpu_set.write(self._cpus))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        number = self._at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or number is None:
            super().mousePressEvent(event)
            return
        self._before, self._adding = self._cpus, number not in self._cpus
        self._stroke(number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        number = self._at(event.position())
        if self._before is not None and number is not None and (number in self._cpus) is not self._adding:
            self._stroke(number)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._end_stroke()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        everything = frozenset(cpu.id for _, cpu in self._squares())
        if key == Qt.Key.Key_Space and self._current >= 0:
            self._adding = self._current not in self._cpus
            self._before = self._cpus
            self._stroke(self._current)
            self._end_stroke()
        elif key == Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_cpus(everything)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.set_cpus(frozenset())
        elif (number := self._neighbour(key)) is not None:
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._before = self._cpus
                self._adding = self._current in self._cpus
                self._stroke(number)
                self._end_stroke()
            self._current = number
            self._tell_current()
            self.update()
            self.reached.emit(self.area_of(number))
        else:
            super().keyPressEvent(event)

    def _neighbour(self, key: int) -> int | None:
        """The CPU that a key goes to; None for another key, or where there is none that way."""
        squares = self._squares()
        numbers = [cpu.id for _, cpu in squares]
        if self._current not in numbers:
            return None
        place = numbers.index(self._current)
        steps = {
            Qt.Key.Key_Left: place - 1,
            Qt.Key.Key_Right: place + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(numbers) - 1,
        }
        for arrow, to in steps.items():
            if key == arrow:
                return numbers[min(max(to, 0), len(numbers) - 1)]
        if key not in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            return None
        here, sign = squares[place][0].center(), -1 if key == Qt.Key.Key_Up else 1
        lines = [
            (sign * (area.center().y() - here.y()), abs(area.center().x() - here.x()), cpu.id) for area, cpu in squares
        ]
        beyond = [line for line in lines if line[0] > 1]
        return min(beyond)[2] if beyond else self._current
