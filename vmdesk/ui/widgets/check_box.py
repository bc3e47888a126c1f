"""A check box whose frame can be seen on a dark ground, too: the style draws it darker than the window."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QCheckBox, QStyle, QStyleOptionButton


class CheckBox(QCheckBox):
    """Only its square is painted here; words, focus and sizes are the style's."""

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        style = self.style()
        box = QRectF(style.subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self))
        painter = QPainter(self)
        paint_square(painter, box.adjusted(0.5, 0.5, -0.5, -0.5), self.palette(), self.isChecked(), self.isEnabled())
        option.rect = style.subElementRect(QStyle.SubElement.SE_CheckBoxContents, option, self)
        style.drawControl(QStyle.ControlElement.CE_CheckBoxLabel, option, painter, self)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(-1, -1, 1, 1), 3, 3)
        painter.end()


def paint_square(painter: QPainter, box: QRectF, palette: QPalette, on: bool, enabled: bool = True) -> None:
    """The square with its tick, in lists, too."""
    group = QPalette.ColorGroup.Active if enabled else QPalette.ColorGroup.Disabled
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    edge = QPalette.ColorRole.Highlight if on else QPalette.ColorRole.PlaceholderText
    painter.setPen(palette.color(group, edge))
    painter.setBrush(palette.color(group, QPalette.ColorRole.Highlight if on else QPalette.ColorRole.Base))
    painter.drawRoundedRect(box, 2, 2)
    if on:
        pen = QPen(palette.color(QPalette.ColorRole.HighlightedText), 1.8)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        x, y, size = box.x(), box.y(), box.width()
        marks = ((0.24, 0.52), (0.43, 0.71), (0.77, 0.3))
        painter.drawPolyline(QPolygonF([QPointF(x + a * size, y + b * size) for a, b in marks]))
