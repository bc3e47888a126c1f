"""A cell of a table that is read: as the style paints it, with the room at its sides that all tables have."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from vmdesk.ui.delegates.canvas import Box, Canvas
from vmdesk.ui.theme import GRID

_STYLE = 3  # pixels that the style itself keeps free


def cell_room(cell: QRect) -> QRect:
    """Where the style paints in a cell: with room at its sides."""
    return cell.adjusted(GRID - _STYLE, 0, _STYLE - GRID, 0)


class PlainDelegate(QStyledItemDelegate):
    """The row's ground goes from edge to edge, the words do not."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        Canvas(painter, option).ground(Box.of(option.rect), option.state.value)
        inner = QStyleOptionViewItem(option)
        inner.rect = cell_room(option.rect)
        inner.state &= ~QStyle.StateFlag.State_HasFocus  # the whole row is what is chosen
        super().paint(painter, inner, index)
