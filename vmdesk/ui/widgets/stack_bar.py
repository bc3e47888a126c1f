"""One bar that is the whole host, with a piece for each of its greatest users."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from vmdesk.ui.colors import faded, line_color
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import caption_font, figure_font, warning_color

BAR = 16
ROW = 20
_HATCH = 6  # pixels between two lines over what there is not


@dataclass(frozen=True, slots=True)
class Piece:
    """`fraction` 0..1 of the bar; `color` a number of line_color, -1 for grey; `words` told when pointed at.

    used    how much of it is drawn strong, 0..1: the rest is only promised
    target  what a double click leads to; None: nothing
    """

    words: str
    fraction: float
    color: int = -1
    used: float = 1.0
    target: object = None


class StackBar(QWidget):
    """A title, a word about the whole, and the bar. `opened(target)`: double click, or Enter on a piece."""

    opened = Signal(object)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._total = ""
        self._pieces: tuple[Piece, ...] = ()
        self._mark = 1.0
        self._warn = False
        self._current = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    def show_pieces(self, pieces: Sequence[Piece], total: str, mark: float = 1.0, warn: bool = False) -> None:
        """`mark`: where what there is ends, 0..1; beyond it, it was promised twice. `warn`: `total` tells of that."""
        self._pieces, self._total, self._mark, self._warn = tuple(pieces), total, mark, warn
        places = self._openable()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if places else Qt.FocusPolicy.NoFocus)
        if places and self._current not in places:
            self._current = places[0]
        self._describe()
        self.update()

    @property
    def current(self) -> Piece | None:
        """The piece that the keyboard is at."""
        return self._pieces[self._current] if self._current in self._openable() else None

    def _openable(self) -> list[int]:
        return [place for place, piece in enumerate(self._pieces) if piece.target is not None]

    def _describe(self) -> None:
        words = [self._total, *(piece.words for piece in self._pieces)]
        if self.hasFocus() and self.current is not None:
            words = [self.current.words, self._total]
        self.setAccessibleDescription("; ".join(words).replace("\n", ", "))

    def sizeHint(self) -> QSize:
        return QSize(240, ROW + BAR + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        self._paint_words(painter)
        whole = self._bar()
        shape = QPainterPath()
        shape.addRoundedRect(whole, 4, 4)
        painter.setClipPath(shape)
        painter.fillRect(whole, faded(ink, 0.08))
        for area, piece in self._areas():
            self._paint_piece(painter, area.adjusted(0, 0, -1, 0), piece)
        if self._mark < 1.0:
            self._paint_beyond(painter, whole)
        painter.setClipping(False)
        if self.hasFocus() and self.current is not None:
            area = self._areas()[self._current][0]
            painter.setPen(QPen(ink, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(0, -1, -1, 1), 3, 3)

    def _paint_words(self, painter: QPainter) -> None:
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        painter.setFont(figure_font(caption_font(self.font())))
        metrics = painter.fontMetrics()
        line = QRectF(0, 0, self.width(), ROW)
        painter.setPen(warning_color(self.palette()) if self._warn else ink)
        total = metrics.elidedText(self._total, Qt.TextElideMode.ElideRight, int(line.width() * 0.8))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, total)
        painter.setPen(faded(ink, 0.66))
        room = int(line.width() - metrics.horizontalAdvance(total)) - 12
        title = metrics.elidedText(self._title, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)

    def _paint_piece(self, painter: QPainter, area: QRectF, piece: Piece) -> None:
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        color = line_color(self.palette(), piece.color) if piece.color >= 0 else faded(ink, 0.35)
        if piece.used < 1.0:
            painter.fillRect(area, faded(color, color.alphaF() * 0.35))
            area = QRectF(area)
            area.setWidth(area.width() * max(piece.used, 0.0))
        painter.fillRect(area, color)

    def _paint_beyond(self, painter: QPainter, whole: QRectF) -> None:
        """Hatched: more than there is."""
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        beyond = QRectF(whole)
        beyond.setLeft(whole.left() + self._mark * whole.width())
        painter.save()
        painter.setClipRect(beyond, Qt.ClipOperation.IntersectClip)
        painter.setPen(QPen(faded(ink, 0.4), 1))
        at = beyond.left() - whole.height()
        while at < beyond.right():
            painter.drawLine(QPointF(at, whole.bottom()), QPointF(at + whole.height(), whole.top()))
            at += _HATCH
        painter.restore()
        painter.setPen(QPen(ink, 2))
        painter.drawLine(beyond.topLeft(), beyond.bottomLeft())

    def _bar(self) -> QRectF:
        return QRectF(0, ROW, self.width(), BAR)

    def _areas(self) -> list[tuple[QRectF, Piece]]:
        whole, x = self._bar(), 0.0
        areas = []
        for piece in self._pieces:
            width = min(piece.fraction * whole.width(), whole.width() - x)
            areas.append((QRectF(x, whole.top(), width, whole.height()), piece))
            x += width
        return areas

    def words_at(self, x: float, y: float) -> str:
        """What is there; "" for nothing. Over the bar: all of what may be cut off there."""
        if y < ROW:
            return f"{self._title}: {self._total}"
        return next((piece.words for area, piece in self._areas() if area.contains(x, y)), "")

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), plain_tip(self.words_at(event.pos().x(), event.pos().y())), self)
            return True
        return super().event(event)

    # -- going to what a piece stands for

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = next((piece for area, piece in self._areas() if area.contains(event.position())), None)
        if found is not None and found.target is not None:
            self.opened.emit(found.target)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        places = self._openable()
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        to = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(places) - 1}
        key = Qt.Key(event.key())
        if places and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self._pieces[self._current].target)
        elif places and key in steps | to:
            at = to.get(key, places.index(self._current) + steps.get(key, 0))
            self._current = places[min(max(at, 0), len(places) - 1)]
            self._describe()
            self.update()
            area = self._areas()[self._current][0]
            where = self.mapToGlobal(QPointF(area.left(), area.bottom() + 4).toPoint())
            QToolTip.showText(where, plain_tip(self._pieces[self._current].words), self)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._describe()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._describe()
        self.update()
