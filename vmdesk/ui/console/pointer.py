"""The mouse: buttons and wheel as the guest counts them, and the pointer's shape."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QCursor, QImage, QPainter, QPixmap

from vmdesk.console.screen import (
    LEFT,
    MIDDLE,
    RIGHT,
    WHEEL_DOWN,
    WHEEL_LEFT,
    WHEEL_RIGHT,
    WHEEL_UP,
    Cursor,
)

NOTCH = 120  # Qt's units of one step of a wheel
LARGEST = 256  # pixels of a pointer that desktops still show
_BUTTONS = (
    (Qt.MouseButton.LeftButton, LEFT),
    (Qt.MouseButton.MiddleButton, MIDDLE),
    (Qt.MouseButton.RightButton, RIGHT),
)


def buttons_of(buttons: Qt.MouseButton) -> int:
    return sum(bit for button, bit in _BUTTONS if buttons & button)


class Wheel:
    """Adds up small turns (touchpads) to whole steps."""

    def __init__(self) -> None:
        self._x = self._y = 0

    def turn(self, angle: QPoint) -> list[int]:
        """The wheel buttons to press, one after the other."""
        self._x, self._y = self._x + angle.x(), self._y + angle.y()
        steps_x, steps_y = int(self._x / NOTCH), int(self._y / NOTCH)
        self._x -= steps_x * NOTCH
        self._y -= steps_y * NOTCH
        across = [WHEEL_LEFT if steps_x > 0 else WHEEL_RIGHT] * min(abs(steps_x), 10)
        down = [WHEEL_UP if steps_y > 0 else WHEEL_DOWN] * min(abs(steps_y), 10)
        return down + across


def qt_cursor(cursor: Cursor | None, scale: float, ratio: float) -> QCursor:
    """The guest's pointer, as large as the guest's pixels are; a dot where the guest shows none.

    scale  device pixels a pixel of the guest
    """
    if cursor is None or not cursor.width or not cursor.height:
        return _dot(ratio)
    scale = min(scale, LARGEST / max(cursor.width, cursor.height))
    image = QImage(cursor.rgba, cursor.width, cursor.height, cursor.width * 4, QImage.Format.Format_ARGB32)
    width, height = max(1, round(cursor.width * scale)), max(1, round(cursor.height * scale))
    smooth = Qt.TransformationMode.SmoothTransformation
    pixmap = QPixmap.fromImage(
        image.copy() if (width, height) == (cursor.width, cursor.height) else image.scaled(width, height, mode=smooth)
    )
    pixmap.setDevicePixelRatio(ratio)
    return QCursor(pixmap, int(cursor.hot_x * scale / ratio), int(cursor.hot_y * scale / ratio))


def _dot(ratio: float) -> QCursor:
    size = 7
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(255, 255, 255))
    painter.setBrush(QColor(0, 0, 0))
    painter.drawEllipse(1, 1, size - 2, size - 2)
    painter.end()
    return QCursor(pixmap, size // 2, size // 2)
