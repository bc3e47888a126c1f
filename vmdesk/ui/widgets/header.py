"""A flat table header: title, sort arrow, one thin line below. All tables have it."""

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QPainter, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QHeaderView, QWidget

from vmdesk.ui import theme

_TEXT = Qt.TextFlag.TextSingleLine | Qt.AlignmentFlag.AlignVCenter


class FlatHeader(QHeaderView):
    """Remembers nothing by itself. `active`: its columns can be moved and clicked."""

    def __init__(self, parent: QWidget | None = None, active: bool = True) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsMovable(active)
        self.setSectionsClickable(active)
        self.setHighlightSections(False)
        self.setStretchLastSection(True)
        self.setMinimumSectionSize(5 * theme.GRID)
        self.setFixedHeight(self.fontMetrics().height() + 2 * theme.GRID)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        if not rect.isValid():
            return
        palette = self.palette()
        painter.save()
        painter.fillRect(rect, palette.brush(QPalette.ColorRole.Window))
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if self.visualIndex(section):
            painter.drawLine(rect.left(), rect.top() + theme.GRID, rect.left(), rect.bottom() - theme.GRID)
        model = self.model()
        title = str(model.headerData(section, Qt.Orientation.Horizontal) or "")
        told = model.headerData(section, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole)
        right = told is not None and bool(int(told) & int(Qt.AlignmentFlag.AlignRight))
        sorted_by = self.isSortIndicatorShown() and self.sortIndicatorSection() == section
        inner = rect.adjusted(theme.GRID, 0, -theme.GRID, 0)
        if sorted_by:
            self._paint_arrow(painter, inner)
            inner.adjust(0, 0, -2 * theme.GRID, 0)
        painter.setPen(
            palette.color(QPalette.ColorRole.WindowText if sorted_by else QPalette.ColorRole.PlaceholderText)
        )
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        text = self.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, _TEXT | side, text)
        painter.restore()

    def _paint_arrow(self, painter: QPainter, inner: QRect) -> None:
        down = self.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
        middle = QPointF(inner.right() - 4, inner.center().y() + 0.5)
        lift = 2.0 if down else -2.0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), 1.6))
        painter.drawPolyline(
            QPolygonF([middle + QPointF(-4, -lift), middle + QPointF(0, lift), middle + QPointF(4, -lift)])
        )
