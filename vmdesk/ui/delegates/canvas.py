"""What the cells of large tables are painted with.

Painting is one stretch of Python, and should stay one: whatever makes a Qt object of a value (a QRect, a QColor, a
QPointF, a QModelIndex), and QPainter.drawText with a rectangle, lets go of Python's lock; with a busy thread, each of
them waits to have it back. So colours are made once, places are plain numbers, and words are drawn at a point.
"""

from typing import NamedTuple

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from vmdesk.ui import theme

# Numbers, made once: putting flags of an enum together or taking them apart costs as much as drawing a word.
SELECTED = QStyle.StateFlag.State_Selected.value
ACTIVE = QStyle.StateFlag.State_Active.value
FOCUS = QStyle.StateFlag.State_HasFocus.value


class Box(NamedTuple):
    """A cell's place, in the view's pixels."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def of(cls, rect: QRect) -> "Box":
        return cls(rect.left(), rect.top(), rect.width(), rect.height())

    def cut(self, left: int, right: int = 0) -> "Box":
        """Without so many pixels at its sides."""
        return Box(self.left + left, self.top, self.width - left - right, self.height)


class Canvas:
    """A painter, with the font and the colours of what is painted."""

    __slots__ = ("_colors", "_palette", "_rise", "_shapes", "metrics", "painter", "ratio")

    def __init__(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        self.painter = painter
        self.metrics = option.fontMetrics
        device = painter.device()
        self.ratio = device.devicePixelRatioF() if device else 1.0
        self._palette = option.palette
        self._colors: dict[tuple[QPalette.ColorRole, QPalette.ColorGroup], QColor] = {}
        self._shapes: dict[theme.Shape, QColor] = {}
        self._rise = self.metrics.ascent() - self.metrics.height() / 2

    def color(self, role: QPalette.ColorRole, group: QPalette.ColorGroup = QPalette.ColorGroup.Current) -> QColor:
        found = self._colors.get((role, group))
        if found is None:
            found = self._colors[role, group] = self._palette.color(group, role)
        return found

    def shape_color(self, shape: theme.Shape) -> QColor:
        found = self._shapes.get(shape)
        if found is None:
            found = self._shapes[shape] = theme.shape_color(shape, self._palette)
        return found

    def ground(self, box: Box, state: int) -> None:
        """What is below a cell of a selected row; nothing below the others."""
        if state & SELECTED:
            group = QPalette.ColorGroup.Active if state & ACTIVE else QPalette.ColorGroup.Inactive
            self.painter.fillRect(*box, self.color(QPalette.ColorRole.Highlight, group))

    def write(self, box: Box, words: str, right: bool = False) -> None:
        """One line with the pen as it is, in the middle of the height. What does not fit is cut by the caller."""
        left = box.left + box.width - self.metrics.horizontalAdvance(words) if right else box.left
        self.painter.drawText(left, int(box.top + box.height / 2 + self._rise), words)

    def fitting(self, words: str, width: int) -> str:
        """As much of it as there is room for, with dots."""
        return self.metrics.elidedText(words, Qt.TextElideMode.ElideRight, width)
