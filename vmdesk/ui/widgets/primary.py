"""The one button of a page that goes on: in the accent, in either look."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionButton

from vmdesk.ui.theme import GRID


class PrimaryButton(QPushButton):
    """Painted here, because the style makes any colour pale; off, it is the style's own."""

    def __init__(self, words: str = "") -> None:
        super().__init__(words)
        self.setMinimumHeight(3 * GRID + GRID // 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.isEnabled():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        ground = QColor(palette.color(QPalette.ColorRole.Highlight))
        if self.isDown():
            ground = ground.darker(118)
        elif self.underMouse():
            ground = ground.lighter(108)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, 4, 4)
        words = palette.color(QPalette.ColorRole.HighlightedText)
        if self.hasFocus():
            painter.setPen(QPen(words, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(2.5, 2.5, -2.5, -2.5), 2.5, 2.5)
        painter.setPen(words)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        underlined = self.style().styleHint(QStyle.StyleHint.SH_UnderlineShortcut, option, self)
        mnemonic = Qt.TextFlag.TextShowMnemonic if underlined else Qt.TextFlag.TextHideMnemonic
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | mnemonic, self.text())
        painter.end()
