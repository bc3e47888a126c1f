"""A cell with a bar behind its figure, or with the colour its row has in the stacked bar."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from vmdesk.ui.colors import faded, line_color
from vmdesk.ui.models.users import COLOR_ROLE, FRACTION_ROLE
from vmdesk.ui.theme import figure_font


class BarDelegate(QStyledItemDelegate):
    """Reads FRACTION_ROLE and COLOR_ROLE of ui/models/users.py."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        palette: QPalette = option.palette
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected:
            painter.fillRect(option.rect, palette.color(QPalette.ColorRole.Highlight))
        area = QRectF(option.rect).adjusted(4, 3, -4, -3)
        fraction = index.data(FRACTION_ROLE)
        if isinstance(fraction, float) and fraction >= 0:
            ink = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Accent)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(faded(ink, 0.08))
            painter.drawRoundedRect(area, 3, 3)
            filled = QRectF(area)
            filled.setWidth(max(area.width() * fraction, 2.0 if fraction else 0.0))
            painter.setBrush(faded(ink, 0.3))
            painter.drawRoundedRect(filled, 3, 3)
        number = index.data(COLOR_ROLE)
        if isinstance(number, int) and number >= 0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(line_color(palette, number))
            painter.drawEllipse(QRectF(area.left(), area.center().y() - 4, 8, 8))
        if number is not None and index.column() == 0:
            area.setLeft(area.left() + 14)
        painter.setFont(figure_font(option.font))
        painter.setPen(palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text))
        alignment = index.data(Qt.ItemDataRole.TextAlignmentRole)
        words = painter.fontMetrics().elidedText(
            str(index.data() or ""), Qt.TextElideMode.ElideRight, int(area.width()) - 8
        )
        painter.drawText(area.adjusted(4, 0, -4, 0), alignment, words)
        painter.restore()
