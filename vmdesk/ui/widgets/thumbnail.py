"""A machine's screen, small. Somebody else fetches the picture; this shows it, or why there is none."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.icons import draw_glyph


class Thumbnail(QWidget):
    """16:10; opened: it was clicked."""

    opened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._why = ""
        self._dim = False
        self.setObjectName("thumbnail")
        self.setAccessibleName(tr("Screen"))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def has_picture(self) -> bool:
        return not self._image.isNull()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return width * 10 // 16

    def sizeHint(self) -> QSize:
        return QSize(30 * theme.GRID, 30 * theme.GRID * 10 // 16)

    def show_picture(self, data: bytes) -> None:
        """A picture in any format that Qt reads (PNG, PPM)."""
        image = QImage.fromData(data)
        self._image, self._why, self._dim = image, "", False
        self.setAccessibleDescription(tr("live picture of the screen") if not image.isNull() else "")
        self.update()

    def show_nothing(self, why: str) -> None:
        self._image, self._why = QImage(), why
        self.setAccessibleDescription(why)
        self.update()

    def dim(self) -> None:
        """The picture is old: the machine is paused or does not answer."""
        self._dim = True
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        palette = self.palette()
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(area, 4, 4)
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        if self._image.isNull():
            painter.setBrush(palette.brush(QPalette.ColorRole.Midlight))
            painter.drawPath(path)
            second = palette.color(QPalette.ColorRole.PlaceholderText)
            middle = area.center()
            draw_glyph(painter, QRectF(middle.x() - 16, middle.y() - 28, 32, 32), "monitor-off", second)
            painter.setPen(second)
            below = area.adjusted(theme.GRID, area.height() / 2 + 12, -theme.GRID, 0)
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            painter.drawText(below, int(flags), self._why)
        else:
            painter.fillPath(path, Qt.GlobalColor.black)
            painter.setClipPath(path)
            scale = min(area.width() / self._image.width(), area.height() / self._image.height())
            width, height = self._image.width() * scale, self._image.height() * scale
            spot = QRectF(area.center().x() - width / 2, area.center().y() - height / 2, width, height)
            painter.setOpacity(0.45 if self._dim else 1.0)
            painter.drawImage(spot, self._image)
            painter.setOpacity(1.0)
            painter.setClipping(False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(path)
        painter.end()
