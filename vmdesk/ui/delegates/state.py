"""The state cell: shape, colour, word and why."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPixmap

from vmdesk.core.words import state_why, state_word
from vmdesk.model.domain import Domain
from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.delegates.canvas import Box, Canvas
from vmdesk.ui.delegates.cell import CellDelegate
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

    def paint_cell(self, canvas: Canvas, box: Box, domain: Domain, place: int, selected: bool) -> None:
        painter = canvas.painter
        doing = self._model.doing(domain.key)
        stale = self.stale(domain)
        shape = theme.state_shape(domain.state, domain.responding, bool(doing or domain.busy))
        ink = self.ink(canvas, domain, selected)
        color = ink if selected or stale else canvas.shape_color(shape)
        if not domain.responding and not selected:
            ground = QColor(color)
            ground.setAlpha(56)
            brush = QBrush(ground, Qt.BrushStyle.BDiagPattern)
            painter.fillRect(box.left - theme.GRID, box.top + 1, box.width + 2 * theme.GRID, box.height - 2, brush)
        middle = box.top + (box.height - 1) // 2
        painter.drawPixmap(box.left, middle - SIZE // 2 + 1, shape_pixmap(shape, color, canvas.ratio))
        left = box.cut(SIZE + theme.GRID)
        word = doing or state_word(domain)
        painter.setPen(ink)
        canvas.write(left, canvas.fitting(word, left.width))
        why = " · ".join(part for part in ("" if doing else state_why(domain), tr("stale") if stale else "") if part)
        if not why:
            return
        rest = left.cut(canvas.metrics.horizontalAdvance(word) + theme.GRID)
        if rest.width > 2 * theme.GRID:
            painter.setPen(self.ink(canvas, domain, selected, second=True))
            canvas.write(rest, canvas.fitting(why, rest.width))
