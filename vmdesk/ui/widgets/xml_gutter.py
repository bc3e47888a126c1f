"""What stands left of the text: line numbers, what is wrong in a line, what can be folded."""

from typing import Protocol

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPalette, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from vmdesk.ui import theme
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.widgets.xml_folding import Folding


class Numbered(Protocol):
    """The text that the gutter belongs to."""

    folding: Folding

    def lines_seen(self) -> list[tuple[int, QRect]]: ...
    def line_at(self, y: int) -> int: ...
    def wrong_in(self, line: int) -> str: ...


class Gutter(QWidget):
    """Painted beside the lines that are seen. A click on a triangle folds or unfolds."""

    def __init__(self, area: Numbered, parent: QWidget) -> None:
        super().__init__(parent)
        self._area = area
        self._last = 1
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def set_lines(self, count: int) -> bool:
        """How many there are at most; whether it is another width now."""
        before, self._last = self._width(), count
        return self._width() != before

    def sizeHint(self) -> QSize:
        return QSize(self._width(), 0)

    def _mark(self) -> int:
        """The width of a mark, and of a triangle."""
        return self.fontMetrics().height()

    def _width(self) -> int:
        digits = max(len(str(self._last)), 3)
        return theme.GRID // 2 + self._mark() + digits * self.fontMetrics().horizontalAdvance("0") + self._mark()

    def paintEvent(self, event: QPaintEvent) -> None:
        palette, metrics = self.palette(), QFontMetrics(self.font())
        painter = QPainter(self)
        painter.fillRect(event.rect(), palette.color(QPalette.ColorRole.Base))
        edge = self.width() - 1
        painter.setPen(palette.color(QPalette.ColorRole.Midlight))
        painter.drawLine(edge, event.rect().top(), edge, event.rect().bottom())
        mark, folded, ranges = self._mark(), self._area.folding.folded, self._area.folding.ranges
        quiet, strong = theme.muted(palette), palette.color(QPalette.ColorRole.Text)
        current = self._area.line_at(-1)
        for line, rect in self._area.lines_seen():
            if not rect.intersects(event.rect().adjusted(-10000, 0, 10000, 0)):
                continue
            middle = rect.top() + metrics.height() / 2
            if self._area.wrong_in(line):
                side = metrics.height() * 0.72
                box = QRectF(theme.GRID / 2, middle - side / 2, side, side)
                theme.draw_shape(painter, box, theme.Shape.CROSS, theme.error_color(palette))
            painter.setPen(strong if line == current else quiet)
            numbers = QRect(0, rect.top(), self.width() - mark, metrics.height())
            painter.drawText(numbers, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(line + 1))
            if line in ranges:
                self._triangle(painter, QPointF(self.width() - mark / 2, middle), mark * 0.2, line in folded)

    def _triangle(self, painter: QPainter, middle: QPointF, size: float, folded: bool) -> None:
        palette = self.palette()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.Text) if folded else theme.muted(palette))
        x, y = middle.x(), middle.y()
        points = (
            [QPointF(x - size * 0.7, y - size), QPointF(x + size, y), QPointF(x - size * 0.7, y + size)]
            if folded
            else [QPointF(x - size, y - size * 0.7), QPointF(x + size, y - size * 0.7), QPointF(x, y + size)]
        )
        painter.drawPolygon(QPolygonF(points))
        painter.restore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._area.folding.toggle(self._area.line_at(event.position().toPoint().y()))
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        line = self._area.line_at(event.position().toPoint().y())
        words = self._area.wrong_in(line)
        foldable = line in self._area.folding.ranges and event.position().x() > self.width() - self._mark()
        self.setCursor(Qt.CursorShape.PointingHandCursor if foldable else Qt.CursorShape.ArrowCursor)
        if words:
            QToolTip.showText(event.globalPosition().toPoint() + QPoint(8, 8), plain_tip(words), self)
        else:
            QToolTip.hideText()

    def wheelEvent(self, event: QWheelEvent) -> None:
        above = self.parentWidget()
        viewport = getattr(above, "viewport", None)
        if callable(viewport):
            QApplication.sendEvent(viewport(), event)
