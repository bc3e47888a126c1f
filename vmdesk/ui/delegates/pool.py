"""A storage pool in the list: its name, what is left in it, and a bar of what is taken."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from vmdesk.ui.colors import faded
from vmdesk.ui.icons import draw_glyph
from vmdesk.ui.models.pools import Entry
from vmdesk.ui.models.roles import Role
from vmdesk.ui.theme import GRID, caption_font, figure_font, warning_color

_BAR = 5


class PoolDelegate(QStyledItemDelegate):
    """Two lines of words and the bar, whether there is one or not: rows are equally high."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        lines = option.fontMetrics.height() * 2
        return QSize(20 * GRID, lines + _BAR + 3 * GRID)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry = index.data(Role.VALUE)
        if not isinstance(entry, Entry):
            return
        palette = option.palette
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        active = option.state & QStyle.StateFlag.State_Active
        group = QPalette.ColorGroup.Active if active else QPalette.ColorGroup.Inactive
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected:
            painter.fillRect(option.rect, palette.brush(group, QPalette.ColorRole.Highlight))
        ink = palette.color(group, QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        area = QRectF(option.rect).adjusted(GRID, GRID, -GRID, -GRID)
        high = option.fontMetrics.height()
        draw_glyph(painter, QRectF(area.left(), area.top(), high, high), entry.icon, faded(ink, 0.75))
        left = area.left() + high + GRID
        width = area.right() - left
        off = entry.pool is not None and not entry.pool.active
        painter.setPen(faded(ink, 0.66) if off and not selected else ink)
        painter.setFont(option.font)
        self._words(painter, QRectF(left, area.top(), width, high), entry.title)
        painter.setPen(faded(ink, 0.75))
        painter.setFont(figure_font(caption_font(option.font)))
        self._words(painter, QRectF(left, area.top() + high, width, high), entry.words)
        if entry.fraction >= 0:
            bar = QRectF(left, area.top() + 2 * high + GRID // 2, width, _BAR)
            self._bar(painter, bar, entry, ink, palette, selected)
        painter.restore()

    def _words(self, painter: QPainter, area: QRectF, words: str) -> None:
        words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    def _bar(
        self, painter: QPainter, bar: QRectF, entry: Entry, ink: QColor, palette: QPalette, selected: bool
    ) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faded(ink, 0.15))
        painter.drawRoundedRect(bar, 2, 2)
        color = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Accent)
        if entry.scarce and not selected:
            color = warning_color(palette)
        bar.setWidth(max(bar.width() * min(entry.fraction, 1.0), 2.0 if entry.fraction else 0.0))
        painter.setBrush(color)
        painter.drawRoundedRect(bar, 2, 2)
