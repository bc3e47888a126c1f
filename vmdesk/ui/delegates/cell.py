"""A cell of the machines table: plain text, and what all cells have in common."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from vmdesk.core.columns import COLUMNS
from vmdesk.model.domain import Domain
from vmdesk.ui import theme
from vmdesk.ui.delegates.canvas import FOCUS, SELECTED, Box, Canvas
from vmdesk.ui.icons import draw_glyph
from vmdesk.ui.models.domains import DomainsModel

MARGIN = theme.GRID
_GLYPH = 14  # of a template
_NAME = next(place for place, column in enumerate(COLUMNS) if column.id == "name")


class CellDelegate(QStyledItemDelegate):
    """Paints from the model's own values: asking for roles through Qt costs more than the painting."""

    def __init__(self, model: DomainsModel) -> None:
        super().__init__(model)
        self._model = model

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        if domain := self._model.domain_at(index.row()):
            self.draw(Canvas(painter, option), Box.of(option.rect), domain, index.column(), option.state.value)

    def draw(self, canvas: Canvas, box: Box, domain: Domain, place: int, state: int) -> None:
        """The same for a table that knows the machine already. `state`: numbers of QStyle.StateFlag."""
        canvas.ground(box, state)
        selected = bool(state & SELECTED)
        self.paint_cell(canvas, box.cut(MARGIN, MARGIN), domain, place, selected)
        if state & FOCUS and not selected:
            canvas.painter.setPen(canvas.color(QPalette.ColorRole.Highlight))
            canvas.painter.drawRect(box.left, box.top, box.width - 1, box.height - 1)

    def paint_cell(self, canvas: Canvas, box: Box, domain: Domain, place: int, selected: bool) -> None:
        """Words; the name is followed by the title in second rank."""
        words = self._model.text(domain, place)
        if not words:
            return
        painter = canvas.painter
        text = canvas.fitting(words, box.width)
        painter.setPen(self.ink(canvas, domain, selected))
        canvas.write(box, text, COLUMNS[place].right)
        if place != _NAME or not (domain.labels.title or domain.definition.template):
            return
        used = canvas.metrics.horizontalAdvance(text) + theme.GRID
        if domain.definition.template and box.width - used > _GLYPH:
            mark = QRectF(box.left + used, box.top + (box.height - 1) // 2 - _GLYPH / 2 + 1, _GLYPH, _GLYPH)
            draw_glyph(painter, mark, "template", self.ink(canvas, domain, selected, second=True))
            used += _GLYPH + theme.GRID
        if domain.labels.title and box.width - used > 3 * theme.GRID:
            painter.setPen(self.ink(canvas, domain, selected, second=True))
            canvas.write(box.cut(used), canvas.fitting(domain.labels.title, box.width - used))

    def ink(self, canvas: Canvas, domain: Domain, selected: bool, second: bool = False) -> QColor:
        """The colour of text: second rank for notes, disabled for what is stale."""
        if selected:
            return canvas.color(QPalette.ColorRole.HighlightedText)
        if self.stale(domain):
            return canvas.color(QPalette.ColorRole.Text, QPalette.ColorGroup.Disabled)
        return canvas.color(QPalette.ColorRole.PlaceholderText if second else QPalette.ColorRole.Text)

    def stale(self, domain: Domain) -> bool:
        """Whether the machine's host is out of reach, so that this is what was."""
        host = self._model.host_of(domain.key)
        return host is None or host.stale

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        domain = self._model.domain_at(index.row())
        metrics = option.fontMetrics
        text = self._model.text(domain, index.column()) if domain else ""
        return QSize(metrics.horizontalAdvance(text) + 2 * MARGIN + 2, metrics.height() + theme.GRID)
