"""One picture of the icon font as a widget; its colour follows the palette."""

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from vmdesk.ui.icons import draw_glyph

Color = Callable[[QPalette], QColor]


def ink(palette: QPalette) -> QColor:
    """The colour of words."""
    return palette.color(QPalette.ColorRole.WindowText)


class Glyph(QWidget):
    """`name` in icons.GLYPHS, "" for nothing; `size` in pixels."""

    def __init__(self, name: str = "", size: int = 16, color: Color = ink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._color = name, color
        self.setFixedSize(QSize(size, size))

    def show_glyph(self, name: str, color: Color = ink) -> None:
        self._name, self._color = name, color
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_glyph(painter, QRectF(self.rect()), self._name, self._color(self.palette()))
        painter.end()
