"""The state cell: shape, colour, word and why."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPixmap
from PySide6.QtWidgets import QStyleOptionViewItem

from vmdesk.core.words import state_why, state_word
from vmdesk.model.domain import Domain
from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.delegates.cell import CellDelegate
from vmdesk.ui.delegates.plain import LEFT
from vmdesk.ui.theme import Shape

SIZE = 12
_shapes: dict[tuple[Shape, int, float], QPixmap] = {}


def shape_pixmap(shape: Shape, color: QColor, ratio: float) -> QPixmap:
    """The shape, painted once for each colour and scale."""
    key = (shape, color.rgba(), ratio)
    pixmap = _shapes.get(key)
    if pixmap is None:
        pixmap = QPixmap(round(SIZE * ratio), round(SIZE * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        theme.draw_shape(painter, QRectF(0, 0, SIZE, SIZE), shape, color)
        painter.end()
        _shapes[key] = pixmap
    return pixmap


class StateDelegate(CellDelegate):
    """A hatched ground behind what does not respond."""

    def paint_cell(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        rect: QRect,
        domain: Domain,
        place: int,
        selected: bool,
    ) -> None:
        doing = self._model.doing(domain.key)
        stale = self.stale(domain)
        shape = theme.state_shape(domain.state, domain.responding, bool(doing or domain.busy))
        ink = self.ink(option, domain, selected)
        palette = option.palette
        color = ink if selected or stale else theme.shape_color(shape, palette)
        if not domain.responding and not selected:
            ground = QColor(color)
            ground.setAlpha(56)
            painter.fillRect(rect.adjusted(-theme.GRID, 1, theme.GRID, -1), QBrush(ground, Qt.BrushStyle.BDiagPattern))
        device = painter.device()
        pixmap = shape_pixmap(shape, color, device.devicePixelRatioF() if device else 1.0)
        painter.drawPixmap(rect.left(), rect.center().y() - SIZE // 2 + 1, pixmap)
        metrics = option.fontMetrics
        left = rect.adjusted(SIZE + theme.GRID, 0, 0, 0)
        word = doing or state_word(domain)
        painter.setPen(ink)
        painter.drawText(left, LEFT, metrics.elidedText(word, Qt.TextElideMode.ElideRight, left.width()))
        why = " · ".join(part for part in ("" if doing else state_why(domain), tr("stale") if stale else "") if part)
        if not why:
            return
        rest = left.adjusted(metrics.horizontalAdvance(word) + theme.GRID, 0, 0, 0)
        if rest.width() > 2 * theme.GRID:
            painter.setPen(self.ink(option, domain, selected, second=True))
            painter.drawText(rest, LEFT, metrics.elidedText(why, Qt.TextElideMode.ElideRight, rest.width()))
