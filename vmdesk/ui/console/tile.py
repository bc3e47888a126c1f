"""One machine on the wall: its screen, small, its name, and its state by colour, shape and word."""

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QWidget

from vmdesk.console.small import Small
from vmdesk.core.tiles import Tile, Tiles
from vmdesk.core.words import state_text, state_word
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.icons import draw_glyph
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import GRID, draw_shape, shape_color, state_color, state_shape

FORM = 10 / 16  # height of the picture's place by its width
_MARK = 18  # the square that shows whether it is chosen
_SHAPE = 12
_RIM = 2
# Put together once: forty tiles are painted in one go when the wall is opened.
_LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine | Qt.AlignmentFlag.AlignLeft)
_RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine | Qt.AlignmentFlag.AlignRight)
_BELOW = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)


class ScreenTile(QAbstractButton):
    """opened: a double click or Enter. steered(key): a key that leads to another tile."""

    opened = Signal()
    steered = Signal(int)
    menu_wanted = Signal(object)

    def __init__(self, tiles: Tiles, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self.tile = Tile(tiles, key, self._on_changed)
        self._domain: Domain | None = None
        self._small: Small | None = None
        self._image = QImage()
        self._receiving = False
        self.setObjectName("screen-tile")
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.destroyed.connect(self.tile.close)

    # ---------------------------------------------------------------- what it shows

    @property
    def name(self) -> str:
        return self._domain.name if self._domain else self.key.uuid

    @property
    def has_picture(self) -> bool:
        return not self._image.isNull()

    @staticmethod
    def caption_height(widget: QWidget) -> int:
        return widget.fontMetrics().height() + GRID

    def show_machine(self, domain: Domain | None) -> None:
        if domain is not None and domain is self._domain:
            return
        self._domain = domain
        self._say()
        self.update()

    def set_receiving(self, on: bool) -> None:
        self._receiving = on
        self._say()
        self.update()

    def look(self, shown: bool) -> None:
        """Whether any of it is on the screen."""
        area, ratio = self._area(), self.devicePixelRatioF()
        self.tile.show(shown, (int(area.width() * ratio), int(area.height() * ratio)))

    def _on_changed(self) -> None:
        small = self.tile.picture_shown
        if small is not self._small:
            self._small = small
            self._image = (
                QImage(small.data, small.width, small.height, small.width * 4, QImage.Format.Format_RGB32)
                if small
                else QImage()
            )
        self._say()
        self.update()

    def _words(self) -> str:
        """In place of a picture."""
        if self._domain is None:
            return tr("This machine is not there any more.")
        if not self._domain.active:
            return state_text(self._domain)
        return str(self.tile.note) if self.tile.note else ""

    def _say(self) -> None:
        """For tooltips and screen readers. Nothing is done where nothing is new: each change goes to the bus."""
        state = state_text(self._domain) if self._domain else tr("gone")
        name = f"{self.name}, {state}"
        if self._receiving:
            name = tr("{machine}, keys go to it", machine=name)
        if name != self.accessibleName():
            self.setAccessibleName(name)
        parts = [str(self.tile.note)] if self.tile.note else []
        if self.tile.shots and self.has_picture:
            parts.append(tr("Pictures by the host, every few seconds: keys go by the host, too."))
        words = " ".join(parts)
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
            self.setToolTip(plain_tip(words))

    # ---------------------------------------------------------------- painting

    def _area(self) -> QRect:
        """Where the picture goes."""
        return self.rect().adjusted(_RIM, _RIM, -_RIM, -_RIM - self.caption_height(self))

    def _mark(self) -> QRect:
        return QRect(self.width() - _MARK - GRID, GRID, _MARK, _MARK)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        area = self._area()
        body = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(body, 4, 4)
        if self._image.isNull() or self._domain is None or not self._domain.active:
            self._paint_words(painter, area)
        else:
            self._paint_picture(painter, area)
        self._paint_caption(painter, QRect(area.left(), area.bottom() + 1, area.width(), self.caption_height(self)))
        if self.isChecked() or self.underMouse() or self.hasFocus():
            self._paint_mark(painter)
        self._paint_rim(painter, body)
        painter.end()

    def _paint_picture(self, painter: QPainter, area: QRect) -> None:
        painter.fillRect(area, Qt.GlobalColor.black)
        ratio = self.devicePixelRatioF()
        width, height = self._image.width() / ratio, self._image.height() / ratio
        scale = min(area.width() / width, area.height() / height, 1.0)  # made for another size: until the next one
        size = (width * scale, height * scale)
        spot = QPointF(
            area.left() + round((area.width() - size[0]) / 2), area.top() + round((area.height() - size[1]) / 2)
        )
        live = self._domain is not None and self._domain.responding and (self.tile.live or self.tile.shots)
        painter.setOpacity(1.0 if live else 0.45)
        painter.drawImage(QRectF(spot.x(), spot.y(), *size), self._image)
        painter.setOpacity(1.0)

    def _paint_words(self, painter: QPainter, area: QRect) -> None:
        palette = self.palette()
        painter.fillRect(area, palette.color(QPalette.ColorRole.Midlight))
        second = palette.color(QPalette.ColorRole.PlaceholderText)
        size = min(32, area.height() // 3)
        middle = area.center()
        off = self._domain is None or not self._domain.active or bool(self.tile.note and not self.tile.live)
        glyph = QRectF(middle.x() - size / 2, middle.y() - size, size, size)
        draw_glyph(painter, glyph, "monitor-off" if off else "monitor", second)
        painter.setFont(theme.caption_font(self.font()))
        painter.setPen(second)
        below = QRect(
            area.left() + GRID, middle.y() + GRID // 2, area.width() - 2 * GRID, area.bottom() - middle.y() - GRID // 2
        )
        words = self._words()
        if words:
            painter.setClipRect(below)
            painter.drawText(below, _BELOW, words)
            painter.setClipping(False)

    def _paint_caption(self, painter: QPainter, line: QRect) -> None:
        domain, palette = self._domain, self.palette()
        left = line.left() + GRID
        if domain is not None:
            working = bool(domain.busy)
            shape = state_shape(domain.state, domain.responding, working)
            spot = QRectF(left, line.center().y() - _SHAPE / 2 + 0.5, _SHAPE, _SHAPE)
            draw_shape(painter, spot, shape, state_color(domain.state, domain.responding, working, palette))
        left += _SHAPE + GRID
        right = line.right() - GRID
        painter.setFont(theme.caption_font(self.font()))
        metrics = painter.fontMetrics()
        word = tr("Keys go here") if self._receiving else state_word(domain) if domain else tr("gone")
        wide = min(metrics.horizontalAdvance(word) + 2, (right - left) // 2)  # elided if it just fits
        painter.setPen(
            shape_color(theme.Shape.BARS, palette)
            if self._receiving
            else palette.color(QPalette.ColorRole.PlaceholderText)
        )
        place = QRect(right - wide, line.top(), wide, line.height())
        elide = Qt.TextElideMode.ElideRight
        painter.drawText(place, _RIGHT, metrics.elidedText(word, elide, wide))
        right -= wide + GRID
        if self.tile.shots and self.has_picture and right - left > 8 * GRID:
            grey = palette.color(QPalette.ColorRole.PlaceholderText)
            draw_glyph(painter, QRectF(right - 14, line.center().y() - 7, 14, 14), "camera-outline", grey)
            right -= 14 + GRID // 2
        painter.setFont(self.font())
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        room = QRect(left, line.top(), max(0, right - left), line.height())
        shown = self.fontMetrics().elidedText(self.name, elide, room.width())
        painter.drawText(room, _LEFT, shown)

    def _paint_mark(self, painter: QPainter) -> None:
        palette, box = self.palette(), QRectF(self._mark())
        accent = palette.color(QPalette.ColorRole.Highlight)
        painter.setBrush(accent if self.isChecked() else palette.color(QPalette.ColorRole.Base))
        painter.setPen(QPen(accent if self.isChecked() else palette.color(QPalette.ColorRole.Dark), 1))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        if self.isChecked():
            draw_glyph(painter, box.adjusted(2, 2, -2, -2), "check", palette.color(QPalette.ColorRole.HighlightedText))

    def _paint_rim(self, painter: QPainter, body: QRectF) -> None:
        palette = self.palette()
        if self._receiving:
            pen = QPen(shape_color(theme.Shape.BARS, palette), 3)
        elif self.hasFocus():
            pen = QPen(palette.color(QPalette.ColorRole.Highlight), 2)
        else:
            pen = QPen(palette.color(QPalette.ColorRole.Mid), 1)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._receiving and self.hasFocus():
            body = body.adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(body, 4, 4)

    def sizeHint(self) -> QSize:
        return QSize(30 * GRID, round(30 * GRID * FORM) + self.caption_height(self))

    # ---------------------------------------------------------------- the person

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click goes to it (Qt does that); on the mark, or with Ctrl, it chooses."""
        spot = event.position().toPoint()
        held = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        meant = (held and self.rect().contains(spot)) or self._mark().adjusted(-4, -4, 4, 4).contains(spot)
        if event.button() == Qt.MouseButton.LeftButton and meant:
            self.click()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        if plain and not self._mark().contains(event.position().toPoint()):
            self.opened.emit()
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif key in STEERING:
            self.steered.emit(int(key))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.HoverEnter, QEvent.Type.HoverLeave):
            self.update()
        return super().event(event)


STEERING = (
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
)


def faded(color: QColor, alpha: int) -> QColor:
    """The same, let through."""
    made = QColor(color)
    made.setAlpha(alpha)
    return made
