"""One bar that is the whole host, with a piece for each of its greatest users."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPainterPath, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from vmdesk.ui.colors import faded, line_color
from vmdesk.ui.theme import caption_font, figure_font

BAR = 16
ROW = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """`fraction` 0..1 of the bar; `color` a number of line_color, -1 for grey; `words` told when pointed at."""

    words: str
    fraction: float
    color: int = -1


class StackBar(QWidget):
    """A title, a word about the whole, and the bar."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._total = ""
        self._pieces: tuple[Piece, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    def show_pieces(self, pieces: Sequence[Piece], total: str) -> None:
        self._pieces, self._total = tuple(pieces), total
        self.setAccessibleDescription("; ".join([total, *(piece.words for piece in self._pieces)]))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, ROW + BAR + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        painter.setFont(figure_font(caption_font(self.font())))
        line = QRectF(0, 0, self.width(), ROW)
        painter.setPen(faded(ink, 0.66))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._title)
        painter.setPen(ink)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._total)
        whole = self._bar()
        shape = QPainterPath()
        shape.addRoundedRect(whole, 4, 4)
        painter.setClipPath(shape)
        painter.fillRect(whole, faded(ink, 0.08))
        for area, piece in self._areas():
            color = line_color(self.palette(), piece.color) if piece.color >= 0 else faded(ink, 0.35)
            painter.fillRect(area.adjusted(0, 0, -1, 0), color)

    def _bar(self) -> QRectF:
        return QRectF(0, ROW, self.width(), BAR)

    def _areas(self) -> list[tuple[QRectF, Piece]]:
        whole, x = self._bar(), 0.0
        areas = []
        for piece in self._pieces:
            width = min(piece.fraction * whole.width(), whole.width() - x)
            areas.append((QRectF(x, whole.top(), width, whole.height()), piece))
            x += width
        return areas

    def words_at(self, x: float, y: float) -> str:
        """What is there; "" for nothing."""
        return next((piece.words for area, piece in self._areas() if area.contains(x, y)), "")

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.words_at(event.pos().x(), event.pos().y()), self)
            return True
        return super().event(event)
