"""A cell of a table that is read: as the style paints it, with the room at its sides that all tables have."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from vmdesk.ui.theme import GRID

_STYLE = 3  # pixels that the style itself keeps free
# Numbers, made once: putting flags of an enum together or taking them apart costs as much as drawing a word.
_MIDDLE = Qt.TextFlag.TextSingleLine.value | Qt.AlignmentFlag.AlignVCenter.value
LEFT = _MIDDLE | Qt.AlignmentFlag.AlignLeft.value
RIGHT = _MIDDLE | Qt.AlignmentFlag.AlignRight.value
SELECTED = QStyle.StateFlag.State_Selected.value
ACTIVE = QStyle.StateFlag.State_Active.value
FOCUS = QStyle.StateFlag.State_HasFocus.value


def ground(painter: QPainter, option: QStyleOptionViewItem, rect: QRect, state: int) -> None:
    """What is below a cell of a selected row; nothing below the others."""
    if state & SELECTED:
        group = QPalette.ColorGroup.Active if state & ACTIVE else QPalette.ColorGroup.Inactive
        painter.fillRect(rect, option.palette.brush(group, QPalette.ColorRole.Highlight))


def cell_room(cell: QRect) -> QRect:
    """Where the style paints in a cell: with room at its sides."""
    return cell.adjusted(GRID - _STYLE, 0, _STYLE - GRID, 0)


class PlainDelegate(QStyledItemDelegate):
    """The row's ground goes from edge to edge, the words do not."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        ground(painter, option, option.rect, option.state.value)
        inner = QStyleOptionViewItem(option)
        inner.rect = cell_room(option.rect)
        inner.state &= ~QStyle.StateFlag.State_HasFocus  # the whole row is what is chosen
        super().paint(painter, inner, index)

    def draw(
        self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, words: str, right: bool, state: int
    ) -> None:
        """The same for a table that knows the words already; `rect` and `state` stand for the option's own."""
        ground(painter, option, rect, state)
        if words:
            inner = rect.adjusted(GRID, 0, -GRID, 0)
            role = QPalette.ColorRole.HighlightedText if state & SELECTED else QPalette.ColorRole.Text
            painter.setPen(option.palette.color(role))
            text = option.fontMetrics.elidedText(words, option.textElideMode, inner.width())
            painter.drawText(inner, RIGHT if right else LEFT, text)
