"""A thin scroll bar: in dense windows the style's own take too much of the eye."""

from PySide6.QtCore import QCoreApplication, QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractScrollArea,
    QPlainTextEdit,
    QScrollBar,
    QStyle,
    QStyleOptionSlider,
    QWidget,
)

from vmdesk.ui import theme

_THICK = theme.GRID * 3 // 2


class ThinScrollBar(QScrollBar):
    """Works as any other; only its thumb is painted, stronger under the mouse."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget | None = None) -> None:
        super().__init__(orientation, parent)
        self._near = False
        self._hint: QSize | None = None

    def sizeHint(self) -> QSize:
        # Asked hundreds of times while a window is laid out.
        if self._hint is None:
            usual = super().sizeHint()
            upright = self.orientation() == Qt.Orientation.Vertical
            self._hint = QSize(_THICK, usual.height()) if upright else QSize(usual.width(), _THICK)
        return self._hint

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self._hint = None
        super().changeEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._near = True
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._near = False
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_ScrollBarSlider
        thumb = QRectF(self.style().subControlRect(QStyle.ComplexControl.CC_ScrollBar, option, part, self))
        painter = QPainter(self)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.brush(self.backgroundRole()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        role = QPalette.ColorRole.Dark if not theme.is_dark(palette) else QPalette.ColorRole.Light
        color = palette.color(role)
        color.setAlphaF(1.0 if self._near or self.isSliderDown() else 0.6)
        painter.setBrush(color)
        if self.orientation() == Qt.Orientation.Vertical:
            thumb = QRectF(3, thumb.top() + 2, self.width() - 6, thumb.height() - 4)
        else:
            thumb = QRectF(thumb.left() + 2, 3, thumb.width() - 4, self.height() - 6)
        radius = min(thumb.width(), thumb.height()) / 2
        painter.drawRoundedRect(thumb, radius, radius)
        painter.end()


def thin_all(page: QWidget) -> None:
    """Every scroll area of a page that has none yet."""
    for area in page.findChildren(QAbstractScrollArea):
        if not isinstance(area.verticalScrollBar(), ThinScrollBar):
            views = isinstance(area, QAbstractItemView | QPlainTextEdit)
            thin(area, QPalette.ColorRole.Base if views else QPalette.ColorRole.Window)


def settle(page: QWidget) -> None:
    """Hide the bars that are not needed now: Qt does it a turn later, and a first picture would have them."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
    for area in page.findChildren(QAbstractScrollArea):
        QCoreApplication.sendPostedEvents(area, QEvent.Type.MetaCall.value)


def thin(area: QAbstractScrollArea, ground: QPalette.ColorRole = QPalette.ColorRole.Base) -> None:
    """Give a scroll area thin bars; `ground` is the colour role they stand on."""
    for orientation in (Qt.Orientation.Vertical, Qt.Orientation.Horizontal):
        bar = ThinScrollBar(orientation, area)
        bar.setBackgroundRole(ground)
        if orientation == Qt.Orientation.Vertical:
            area.setVerticalScrollBar(bar)
        else:
            area.setHorizontalScrollBar(bar)
    corner = QWidget(area)
    corner.setAutoFillBackground(True)
    corner.setBackgroundRole(ground)
    area.setCornerWidget(corner)
