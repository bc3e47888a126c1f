"""A radio button whose frame can be seen on a dark ground, too: the style draws it darker than the window."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QRadioButton, QStyle, QStyleOptionButton


class RadioButton(QRadioButton):
    """Only its circle is painted here; words and sizes are the style's."""

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        style = self.style()
        circle = QRectF(style.subElementRect(QStyle.SubElement.SE_RadioButtonIndicator, option, self))
        painter = QPainter(self)
        self._paint_circle(painter, circle.adjusted(0.5, 0.5, -0.5, -0.5))
        option.rect = style.subElementRect(QStyle.SubElement.SE_RadioButtonContents, option, self)
        style.drawControl(QStyle.ControlElement.CE_RadioButtonLabel, option, painter, self)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(circle.adjusted(-1, -1, 1, 1))
        painter.end()

    def _paint_circle(self, painter: QPainter, box: QRectF) -> None:
        group = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
        palette, on = self.palette(), self.isChecked()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = QPalette.ColorRole.Highlight if on else QPalette.ColorRole.PlaceholderText
        painter.setPen(palette.color(group, edge))
        painter.setBrush(palette.color(group, QPalette.ColorRole.Highlight if on else QPalette.ColorRole.Base))
        painter.drawEllipse(box)
        if on:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(QPalette.ColorRole.HighlightedText))
            inner = box.width() * 0.3
            painter.drawEllipse(box.adjusted(inner, inner, -inner, -inner))
