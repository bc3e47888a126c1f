"""A cell of the machines table: plain text, and what all cells have in common."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from vmdesk.core.columns import COLUMNS
from vmdesk.model.domain import Domain
from vmdesk.ui import theme
from vmdesk.ui.delegates.plain import FOCUS, LEFT, RIGHT, SELECTED, ground
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
            self.draw(painter, option, option.rect, domain, index.column(), option.state.value)

    def draw(
        self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, domain: Domain, place: int, state: int
    ) -> None:
        """The same for a table that knows the machine already; `rect` and `state` stand for the option's own."""
        selected = bool(state & SELECTED)
        ground(painter, option, rect, state)
        inner = rect.adjusted(MARGIN, 0, -MARGIN, 0)
        self.paint_cell(painter, option, inner, domain, place, selected)
        if state & FOCUS and not selected:
            painter.setPen(option.palette.color(QPalette.ColorRole.Highlight))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def paint_cell(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        rect: QRect,
        domain: Domain,
        place: int,
        selected: bool,
    ) -> None:
        """Words; the name is followed by the title in second rank."""
        words = self._model.text(domain, place)
        if not words:
            return
        metrics = option.fontMetrics
        text = metrics.elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
        painter.setPen(self.ink(option, domain, selected))
        painter.drawText(rect, RIGHT if COLUMNS[place].right else LEFT, text)
        if place != _NAME or not (domain.labels.title or domain.definition.template):
            return
        used = metrics.horizontalAdvance(text) + theme.GRID
        if domain.definition.template and rect.width() - used > _GLYPH:
            mark = QRectF(rect.left() + used, rect.center().y() - _GLYPH / 2 + 1, _GLYPH, _GLYPH)
            draw_glyph(painter, mark, "template", self.ink(option, domain, selected, second=True))
            used += _GLYPH + theme.GRID
        if domain.labels.title and rect.width() - used > 3 * theme.GRID:
            rest = rect.adjusted(used, 0, 0, 0)
            title = metrics.elidedText(domain.labels.title, Qt.TextElideMode.ElideRight, rest.width())
            painter.setPen(self.ink(option, domain, selected, second=True))
            painter.drawText(rest, LEFT, title)

    def ink(self, option: QStyleOptionViewItem, domain: Domain, selected: bool, second: bool = False) -> QColor:
        """The colour of text: second rank for notes, disabled for what is stale."""
        palette = option.palette
        if selected:
            return palette.color(QPalette.ColorRole.HighlightedText)
        if self.stale(domain):
            return palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        return palette.color(QPalette.ColorRole.PlaceholderText if second else QPalette.ColorRole.Text)

    def stale(self, domain: Domain) -> bool:
        """Whether the machine's host is out of reach, so that this is what was."""
        host = self._model.host_of(domain.key)
        return host is None or host.stale

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        domain = self._model.domain_at(index.row())
        metrics = option.fontMetrics
        text = self._model.text(domain, index.column()) if domain else ""
        return QSize(metrics.horizontalAdvance(text) + 2 * MARGIN + 2, metrics.height() + theme.GRID)
