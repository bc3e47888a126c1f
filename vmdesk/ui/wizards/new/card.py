"""One choice as a card: a picture, its name, and what it is. A radio button to keyboard and screen reader."""

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QRadioButton, QSizePolicy, QWidget

from vmdesk.ui.icons import draw_glyph
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import GRID, caption_font, muted

_PICTURE = 3 * GRID
_WRAP = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


class Card(QRadioButton):
    """`icon` in icons.GLYPHS, "" for none. Off, it says why in its tooltip."""

    def __init__(self, name: str, title: str, what: str, icon: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._what, self._icon = what, icon
        self._compact = False
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setAccessibleDescription(what)
        self.setMinimumWidth((15 if icon else 12) * GRID)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy = self.sizePolicy()
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_what(self, what: str) -> None:
        if what != self._what:
            self._what = what
            self.setAccessibleDescription(what)
            self.updateGeometry()
            self.update()

    def compact(self, on: bool) -> None:
        if on != self._compact:
            self._compact = on
            if self.isEnabled():
                self.setToolTip(plain_tip(self._what) if on else "")
            self.updateGeometry()
            self.update()

    def forbid(self, why: str) -> None:
        """Off with its reason; "" on again."""
        self.setEnabled(not why)
        self.setToolTip(plain_tip(why or (self._what if self._compact else "")))
        self.setAccessibleDescription(f"{self._what}. {why}" if why else self._what)

    def hitButton(self, point: QPoint) -> bool:
        return self.rect().contains(point)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._words(width)[2]

    def sizeHint(self) -> QSize:
        return QSize(22 * GRID, self.heightForWidth(max(self.width(), self.minimumWidth())))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.minimumWidth(), self.heightForWidth(max(self.width(), self.minimumWidth())))

    @property
    def _shown(self) -> str:
        return "" if self._compact else self._what

    def _left(self) -> int:
        return 3 * GRID // 2 + (_PICTURE + GRID if self._icon else 0)

    def _words(self, width: int) -> tuple[QRect, QRect, int]:
        """Where title and explanation stand, and how high all of it is."""
        room = max(width - self._left() - GRID, 4 * GRID)
        font = self.font()
        font.setBold(True)
        high = _height(font, self.text(), room)
        height = _height(caption_font(self.font()), self._shown, room)
        top = 5 * GRID // 4
        first = QRect(self._left(), top, room, high)
        second = QRect(self._left(), first.bottom() + 1 + GRID // 4, room, height)
        return first, second, second.bottom() + 1 + top

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, on = self.palette(), self.isChecked()
        group = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
        accent = palette.color(QPalette.ColorRole.Accent)
        ground = QColor(palette.color(QPalette.ColorRole.Base))
        if not self.isEnabled():
            ground = palette.color(QPalette.ColorRole.Window)
        painter.setBrush(ground)
        edge = accent if on else palette.color(QPalette.ColorRole.Mid)
        if self.underMouse() and self.isEnabled() and not on:
            edge = palette.color(QPalette.ColorRole.Dark if ground.lightness() > 127 else QPalette.ColorRole.Light)
        thick = 2.0 if on else 1.0
        painter.setPen(QPen(edge, thick))
        box = QRectF(self.rect()).adjusted(thick / 2, thick / 2, -thick / 2, -thick / 2)
        painter.drawRoundedRect(box, 6, 6)
        if on:
            tint = QColor(accent)
            tint.setAlphaF(0.09)
            painter.setBrush(tint)
            painter.drawRoundedRect(box, 6, 6)
        if self.hasFocus():
            ring = QColor(accent)
            ring.setAlphaF(0.55)
            painter.setPen(QPen(ring, 1.0, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(3, 3, -3, -3), 4, 4)
        title, what, _all = self._words(self.width())
        ink = palette.color(group, QPalette.ColorRole.WindowText)
        if self._icon:
            picture = QRectF(3 * GRID // 2, title.top(), _PICTURE, _PICTURE)
            draw_glyph(painter, picture, self._icon, accent if on and self.isEnabled() else muted(palette))
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(title, _WRAP, self.text())
        painter.setFont(caption_font(self.font()))
        painter.setPen(muted(palette) if self.isEnabled() else ink)
        painter.drawText(what, _WRAP, self._shown)
        painter.end()


def _height(font: QFont, words: str, room: int) -> int:
    return QFontMetrics(font).boundingRect(QRect(0, 0, room, 999), _WRAP, words).height() if words else 0


class Cards(QWidget):
    """Cards of one width in a grid: as many columns as there is room for, all rows of one height."""

    def __init__(self, name: str, title: str, columns: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.cards: list[Card] = []
        self._columns = self._now = columns
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GRID)

    def add(self, card: Card) -> None:
        self.cards.append(card)
        self._place(self._now)
        card.toggled.connect(lambda _on: self._lead_in())

    def compact(self, on: bool) -> None:
        """Names only, where there is little height; what each is stands in its tooltip."""
        for card in self.cards:
            card.compact(on)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self._columns * self._narrowest() + (self._columns - 1) * GRID
        columns = self._columns if self.width() >= room else self._columns // 2
        if columns != self._now:
            self._now = columns
            self._place(columns)

    def minimumSizeHint(self) -> QSize:
        half = self._columns // 2
        return QSize(half * self._narrowest() + (half - 1) * GRID, super().minimumSizeHint().height())

    def _lead_in(self) -> None:
        """By Tab one comes to the card that is chosen; from there the arrows lead on."""
        for card in self.cards:
            on = card.isChecked()
            card.setFocusPolicy(Qt.FocusPolicy.StrongFocus if on else Qt.FocusPolicy.ClickFocus)

    def _narrowest(self) -> int:
        return max((card.minimumWidth() for card in self.cards), default=0)

    def _place(self, columns: int) -> None:
        for place, card in enumerate(self.cards):
            self._grid.addWidget(card, place // columns, place % columns)
        for column in range(self._columns):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
