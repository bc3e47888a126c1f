"""The line of a snapshot in the tree: lanes, its dot, and then its name."""

from typing import Protocol

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from vmdesk.core.snapshots.lanes import Mark
from vmdesk.ui.colors import line_color
from vmdesk.ui.delegates.plain import PlainDelegate
from vmdesk.ui.models.snapshots import ROW_ROLE
from vmdesk.ui.theme import GRID

LANE = 2 * GRID


class Laid(Protocol):
    """A row with its place in the lanes: core.snapshots.lanes.Row, core.snapshots.stack.Layer."""

    @property
    def lane(self) -> int: ...
    @property
    def joins(self) -> tuple[int, ...]: ...
    @property
    def passing(self) -> tuple[int, ...]: ...
    @property
    def down(self) -> bool: ...
    @property
    def mark(self) -> Mark: ...


MOST = 10  # lanes drawn; those further right share the last place


def lanes_width(row: Laid) -> int:
    """The room that the lanes of a row take."""
    last = max((row.lane, *row.joins, *row.passing))
    return GRID + (min(last, MOST) + 1) * LANE


class LanesDelegate(PlainDelegate):
    """Now is an open ring, the current snapshot a ring around a dot, somebody else's a small ring, others dots."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row = index.data(ROW_ROLE)
        if row is None:
            super().paint(painter, option, index)
            return
        width = lanes_width(row)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        group = QPalette.ColorGroup.Active
        if not option.state & QStyle.StateFlag.State_Active:
            group = QPalette.ColorGroup.Inactive
        left = QRect(option.rect)
        left.setWidth(min(width, left.width()))
        if chosen:
            painter.fillRect(left, option.palette.brush(group, QPalette.ColorRole.Highlight))
        rest = QStyleOptionViewItem(option)
        rest.rect = option.rect.adjusted(width - GRID, 0, 0, 0)
        super().paint(painter, rest, index)
        self._paint_lanes(painter, option, left, row, chosen)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        size = super().sizeHint(option, index)
        row = index.data(ROW_ROLE)
        return QSize(size.width() + (lanes_width(row) + 2 * GRID if row is not None else 0), size.height())

    def _paint_lanes(
        self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, row: Laid, chosen: bool
    ) -> None:
        palette = option.palette
        word = palette.color(QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)
        painter.save()
        painter.setClipRect(area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top, bottom, middle = float(area.top()), float(area.bottom() + 1), area.center().y() + 0.5
        dot = QPointF(_place(area, row.lane), middle)

        def pen(lane: int) -> QPen:
            return QPen(word if chosen else line_color(palette, lane), 2)

        for lane in row.passing:
            painter.setPen(pen(lane))
            at = _place(area, lane)
            painter.drawLine(QPointF(at, top), QPointF(at, bottom))
        for lane in row.joins:
            painter.setPen(pen(lane))
            begin = QPointF(_place(area, lane), top)
            path = QPainterPath(begin)
            path.cubicTo(QPointF(begin.x(), middle), QPointF(begin.x(), middle), dot)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(path)
        if row.down:
            painter.setPen(pen(row.lane))
            painter.drawLine(dot, QPointF(dot.x(), bottom))
        base = palette.color(QPalette.ColorRole.Highlight if chosen else QPalette.ColorRole.Base)
        _paint_dot(painter, dot, row.mark, pen(row.lane).color(), base)
        painter.restore()


def _place(area: QRect, lane: int) -> float:
    return area.left() + GRID + min(lane, MOST) * LANE + GRID / 2


def _paint_dot(painter: QPainter, dot: QPointF, mark: Mark, color: QColor, ground: QColor) -> None:
    painter.setPen(QPen(color, 2))
    if mark is Mark.NOW:
        painter.setBrush(ground)
        painter.drawEllipse(dot, 5, 5)
    elif mark is Mark.OTHER:
        painter.setBrush(ground)
        painter.drawEllipse(dot, 3, 3)
    elif mark is Mark.CURRENT:
        painter.setBrush(ground)
        painter.drawEllipse(dot, 6, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(dot, 3, 3)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(dot, 4, 4)
