"""A machine's screen: paints it, and gives it keys and pointer."""

from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCursor,
    QEnterEvent,
    QFocusEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QMoveEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QRegion,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from vmdesk.console.screen import Cursor, Rect, Surface
from vmdesk.model.text import tr
from vmdesk.ui.console.keyboard import Keyboard
from vmdesk.ui.console.pacer import FramePacer
from vmdesk.ui.console.pointer import Wheel, buttons_of, qt_cursor
from vmdesk.ui.console.rates import Rates
from vmdesk.ui.console.transform import Mode, Transform, fit

ASK_SIZE = 250  # ms after the last change of the window before the guest is asked for another size
DARK = 2000  # ms without a change before it is looked whether the picture is black
_FADED = 0.35  # how much of an old picture is left to see
_BAND = 32  # rows looked at together for whether all is black


class Inputs(Protocol):
    """Where keys and pointer go."""

    def key(self, qnum: int, down: bool) -> None: ...
    def pointer(self, x: int, y: int, buttons: int) -> None: ...
    def motion(self, dx: int, dy: int, buttons: int) -> None: ...
    def resize(self, width: int, height: int) -> None: ...


class ConsoleView(QWidget):
    """Shows the Surface given to `picture` without copying it.

    captured(on)  keys go to the guest or no longer do
    left          the person pressed the keys that let go: focus should go elsewhere
    dark(on)      the whole picture is black, or no longer is
    """

    captured = Signal(bool)
    left = Signal()
    dark = Signal(bool)

    def __init__(self, inputs: Callable[[], Inputs | None], parent: QWidget | None = None) -> None:
        """`inputs()`: where they go now, None for nowhere."""
        super().__init__(parent)
        self._inputs = inputs
        self._surface: Surface | None = None
        self._image = QImage()  # wraps the surface's memory, or is a copy of the last picture
        self._old = False  # the picture is a copy of what was
        self._mode = Mode.FIT
        self._transform: Transform | None = None
        self._view_only = False
        self._absolute = True
        self._spot = QPointF()  # where a held pointer was last
        self._grabbed = False  # pointer held, for guests that hear movements
        self._wheel = Wheel()
        self._buttons = 0
        self._inside = False  # the guest's pointer is where ours is
        self._cursor: Cursor | None = None
        self._cursor_known = False
        self._is_dark = False
        self._asked_size = (0, 0)
        self.rates = Rates()
        self.keyboard = Keyboard(self._send_key, self._on_release_keys)
        self._pacer = FramePacer(self._repaint, self)
        self._size_timer = _single(self, ASK_SIZE, self._ask_size)
        self._dark_timer = _single(self, DARK, self._look_dark)
        self.setObjectName("console-view")
        self.setAccessibleName(tr("Screen"))
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    # ---------------------------------------------------------------- what it shows

    @property
    def mode(self) -> Mode:
        return self._mode

    @property
    def transform(self) -> Transform | None:
        return self._transform

    @property
    def has_picture(self) -> bool:
        return not self._image.isNull()

    @property
    def is_old(self) -> bool:
        return self._old

    @property
    def capturing(self) -> bool:
        """Whether keys go to the guest."""
        return self.hasFocus() and not self._view_only and not self._old and self._inputs() is not None

    @property
    def view_only(self) -> bool:
        return self._view_only

    def set_mode(self, mode: Mode) -> None:
        self._mode = mode
        self._asked_size = (0, 0)
        self._layout()

    def set_view_only(self, on: bool) -> None:
        self._let_go()
        self._view_only = on
        self._show_cursor()
        self._tell_captured()

    def picture(self, surface: Surface | None) -> None:
        """Another frame buffer; None: the last picture stays, grey."""
        self._surface = surface
        if surface is None:
            if not self._old and not self._image.isNull():
                # Three bytes a pixel: in the fourth guests leave 0, which makes a faded picture a transparent one.
                self._image = self._image.convertToFormat(QImage.Format.Format_RGB888)
                self._old = True
            self._let_go()
            self._dark_timer.stop()
            self._set_dark(False)
        else:
            self._old = False
            self._image = QImage(
                surface.data, surface.width, surface.height, surface.stride, QImage.Format.Format_RGB32
            )
            self._dark_timer.start()
        self._layout()
        self._tell_captured()

    def forget(self) -> None:
        """No picture at all."""
        self._surface, self._image, self._old = None, QImage(), False
        self._layout()

    def still(self) -> QImage:
        """A copy of what is shown, in the guest's pixels."""
        return self._image.copy()

    def damaged(self, rects: Sequence[Rect], since: float) -> None:
        transform = self._transform
        if transform is None:
            return
        self.rates.changed(since)
        if not self._dark_timer.isActive() or self._is_dark:
            self._dark_timer.start(DARK if not self._is_dark else 100)
        found = []
        for rect in rects:
            left, top, right, bottom = transform.dirty(rect)
            found.append(QRect(left, top, right - left, bottom - top))
        self._pacer.add(found)

    def sizeHint(self) -> QSize:
        if self._mode is Mode.ONE and not self._image.isNull():
            ratio = self.devicePixelRatioF()
            return QSize(_up(self._image.width() / ratio), _up(self._image.height() / ratio))
        return QSize(640, 400)

    def _layout(self) -> None:
        """The transform for what is shown now, and all painted anew."""
        self._transform = self._place()
        # At 1:1 a screen larger than the window is scrolled.
        self.setMinimumSize(self.sizeHint() if self._mode is Mode.ONE and self._transform else QSize(0, 0))
        if self._mode is Mode.GUEST and self.isVisible():
            self._size_timer.start()
        self._show_cursor()
        self.update()

    def _place(self) -> Transform | None:
        if self._image.isNull():
            return None
        corner = self.mapTo(self.window(), QPoint(0, 0))
        return fit(
            (self._image.width(), self._image.height()),
            (self.width(), self.height()),
            self._mode,
            self.devicePixelRatioF(),
            (corner.x(), corner.y()),
        )

    def _check_place(self) -> None:
        """A widget is not told when one around it moves, and that may change where device pixels begin."""
        if self._transform is not None and self._transform.ratio == int(self.devicePixelRatioF()):
            return  # they begin where logical ones do
        place = self._place()
        if place != self._transform:
            self._transform = place
            self.update()

    def _ask_size(self) -> None:
        inputs, ratio = self._inputs(), self.devicePixelRatioF()
        size = max(64, int(self.width() * ratio)), max(64, int(self.height() * ratio))
        if inputs is None or self._mode is not Mode.GUEST or self._old or size == self._asked_size:
            return
        self._asked_size = size
        if size != (self._image.width(), self._image.height()):
            inputs.resize(*size)

    def _repaint(self, region: QRegion | None) -> None:
        if region is None:
            self.update()
        else:
            self.update(region)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._check_place()
        visible, transform = event.rect(), self._transform
        painter = QPainter(self)
        if transform is None:
            painter.fillRect(visible, self.palette().color(QPalette.ColorRole.Base))
            painter.end()
            return
        if transform.ratio != 1 or transform.shift_x or transform.shift_y:
            visible = self._to_device_pixels(painter, transform, visible)
        target = QRect(transform.left, transform.top, transform.width, transform.height)
        if self._old or not target.contains(visible):
            ground = self.palette().color(QPalette.ColorRole.Window).darker(112)
            painter.fillRect(visible.adjusted(-1, -1, 1, 1), ground)
        if self._old:
            painter.setOpacity(_FADED)
        else:
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        if transform.width == transform.guest_width and transform.height == transform.guest_height:
            part = visible.intersected(target)
            painter.drawImage(part.topLeft(), self._image, part.translated(-target.topLeft()))
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not transform.exact)
            painter.drawImage(target, self._image)
        painter.end()
        self.rates.painted()

    def _to_device_pixels(self, painter: QPainter, transform: Transform, visible: QRect) -> QRect:
        """Paint in device pixels from here on; what is visible, in those."""
        ratio = transform.ratio
        painter.scale(1 / ratio, 1 / ratio)
        painter.translate(-transform.shift_x, -transform.shift_y)
        return QRectF(
            visible.x() * ratio + transform.shift_x,
            visible.y() * ratio + transform.shift_y,
            visible.width() * ratio,
            visible.height() * ratio,
        ).toAlignedRect()

    # ---------------------------------------------------------------- black pictures

    def _look_dark(self) -> None:
        if self._surface is not None and self.isVisible():
            self._set_dark(self._black())

    def _black(self) -> bool:
        """Band by band: most pictures are known not to be after the first one."""
        width, height = self._image.width(), self._image.height()
        black = QImage(width, _BAND, QImage.Format.Format_RGB32)
        black.fill(0)
        for top in range(0, height, _BAND):
            band = self._image.copy(0, min(top, max(0, height - _BAND)), width, min(_BAND, height))
            if band != (black if height >= _BAND else black.copy(0, 0, width, height)):
                return False
        return True

    def _set_dark(self, dark: bool) -> None:
        if dark != self._is_dark:
            self._is_dark = dark
            self.dark.emit(dark)

    # ---------------------------------------------------------------- keys

    def event(self, event: QEvent) -> bool:
        """Tab and shortcuts are the guest's, too, while it has the keyboard."""
        kind = event.type()
        if isinstance(event, QKeyEvent) and self.capturing:
            if kind == QEvent.Type.ShortcutOverride and not self.keyboard.passes(event):
                event.accept()
                return True
            if kind == QEvent.Type.KeyPress and not self.keyboard.passes(event) and self.keyboard.press(event):
                event.accept()
                return True
            if kind == QEvent.Type.KeyRelease and self.keyboard.release(event):
                event.accept()
                return True
        if kind in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.ScreenChangeInternal):
            self._layout()
        return super().event(event)

    def _send_key(self, qnum: int, down: bool) -> None:
        inputs = self._inputs()
        if inputs is not None:
            self.rates.pressed()
            inputs.key(qnum, down)

    def _on_release_keys(self) -> None:
        self._let_go()
        self.clearFocus()
        self.left.emit()

    def _let_go(self) -> None:
        """Nothing stays pressed, nothing stays grabbed."""
        self.keyboard.let_go()
        if self._buttons:
            self._buttons = 0
            if (inputs := self._inputs()) is not None and not self._absolute:
                inputs.motion(0, 0, 0)
            elif inputs is not None and self._transform is not None:
                where = self.mapFromGlobal(QCursor.pos())
                inputs.pointer(*self._transform.guest(where.x(), where.y()), 0)
        self._grab_pointer(False)

    @property
    def desktop_keeps_keys(self) -> bool:
        """Whether the desktop's own keys (Alt+Tab, Super) cannot go to the guest.

        On Wayland only the compositor gives them, to who asks by keyboard-shortcuts-inhibit, which Qt does not speak.
        """
        return QApplication.platformName().startswith("wayland")

    def _grab_keyboard(self, on: bool) -> None:
        """The desktop's own keys go to the guest as well, where the platform allows it."""
        window = self.window().windowHandle()
        if window is not None and QApplication.platformName() == "xcb":
            window.setKeyboardGrabEnabled(on)

    def _tell_captured(self) -> None:
        capturing = self.capturing
        self._grab_keyboard(capturing)
        self.captured.emit(capturing)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._tell_captured()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._let_go()
        self._tell_captured()

    def focusNextPrevChild(self, forward: bool) -> bool:
        return False if self.capturing else super().focusNextPrevChild(forward)

    # ---------------------------------------------------------------- pointer

    def pointer_mode(self, absolute: bool) -> None:
        self._absolute = absolute
        if absolute:
            self._grab_pointer(False)
        self._show_cursor()

    @property
    def holds_pointer(self) -> bool:
        """Whether the pointer cannot leave: the guest only hears movements."""
        return self._grabbed

    def cursor_shape(self, cursor: Cursor | None) -> None:
        self._cursor, self._cursor_known = cursor, True
        self._show_cursor()

    def _show_cursor(self) -> None:
        if self._grabbed:
            self.setCursor(Qt.CursorShape.BlankCursor)
        elif self._view_only or self._old or self._transform is None or not self._absolute or not self._cursor_known:
            self.unsetCursor()
        else:
            self.setCursor(qt_cursor(self._cursor, self._transform.scale, self._transform.ratio))

    def _grab_pointer(self, on: bool) -> None:
        if on == self._grabbed:
            return
        self._grabbed = on
        if on:
            self.grabMouse()
            self._spot = QPointF(self.mapFromGlobal(QCursor.pos()))
            self._centre()
        else:
            self.releaseMouse()
        self._show_cursor()
        self.captured.emit(self.capturing)

    def _centre(self) -> None:
        """There it has room to move. On Wayland a program cannot move the pointer: it stops at the window's edge."""
        if not QApplication.platformName().startswith("wayland"):
            self._spot = QPointF(self.rect().center())
            QCursor.setPos(self.mapToGlobal(self.rect().center()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._absolute and self.capturing and not self._grabbed:
            self._grab_pointer(True)  # the click that takes the pointer is not one for the guest
            return
        self._on_mouse(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._on_mouse(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._on_mouse(event)

    def _on_mouse(self, event: QMouseEvent) -> None:
        event.accept()
        inputs, transform = self._inputs(), self._transform
        if inputs is None or transform is None or self._view_only or self._old:
            return
        buttons = buttons_of(event.buttons())
        if self._absolute:
            inside = transform.inside(event.position().x(), event.position().y())
            if not inside and not buttons and not self._buttons and not self._inside:
                return
            # The first position outside still counts: it puts the guest's pointer at its very edge.
            self._inside = inside
            self._buttons = buttons
            inputs.pointer(*transform.guest(event.position().x(), event.position().y()), buttons)
        elif self._grabbed:
            self._buttons = buttons
            if event.type() != QEvent.Type.MouseMove:
                inputs.motion(0, 0, buttons)
                return
            away = event.position() - self._spot
            dx, dy = round(away.x()), round(away.y())
            if dx or dy:  # not the move to the middle
                inputs.motion(dx, dy, buttons)
                self._spot += QPointF(dx, dy)
                self._centre()

    def wheelEvent(self, event: QWheelEvent) -> None:
        inputs, transform = self._inputs(), self._transform
        if inputs is None or transform is None or self._view_only or self._old:
            super().wheelEvent(event)
            return
        event.accept()
        spot = transform.guest(event.position().x(), event.position().y())
        for bit in self._wheel.turn(event.angleDelta()):
            for buttons in (self._buttons | bit, self._buttons):
                if self._absolute:
                    inputs.pointer(*spot, buttons)
                elif self._grabbed:
                    inputs.motion(0, 0, buttons)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Of the window: its mouse events within our last logical pixel.

        WORKAROUND Qt 6: beyond the beginning of a widget's last pixel a position counts as the neighbour's. At scale
        factors above 1 the guest's last row and column could not be reached.
        """
        if isinstance(event, QMouseEvent) and self._is_window(watched) and QApplication.activePopupWidget() is None:
            spot = QPointF(self.mapFrom(self.window(), QPoint(0, 0))) + event.position()
            seen = self.visibleRegion().boundingRect()
            inside = QRectF(seen).contains(spot) and spot.x() < seen.right() + 1 and spot.y() < seen.bottom() + 1
            if inside and (spot.x() > seen.right() or spot.y() > seen.bottom()):
                if event.type() == QEvent.Type.MouseButtonPress:
                    self.setFocus(Qt.FocusReason.MouseFocusReason)
                ours = QMouseEvent(
                    event.type(), spot, event.globalPosition(), event.button(), event.buttons(), event.modifiers()
                )
                QApplication.sendEvent(self, ours)
                return True
        return super().eventFilter(watched, event)

    def _is_window(self, watched: QObject) -> bool:
        return self.isVisible() and watched is self.window().windowHandle()

    def _watch_window(self) -> None:
        """Not taken off again: no reference to a window may be kept, Qt makes new ones and tells nobody."""
        window = self.window().windowHandle()
        if window is not None:
            window.installEventFilter(self)

    def leaveEvent(self, event: QEvent) -> None:
        """To the edge, however fast the pointer left."""
        super().leaveEvent(event)
        inputs, transform = self._inputs(), self._transform
        if self._inside and inputs is not None and transform is not None and self._absolute and not self._view_only:
            where = self.mapFromGlobal(QCursor.pos())
            inputs.pointer(*transform.guest(where.x(), where.y()), self._buttons)
        self._inside = False

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._show_cursor()

    # ---------------------------------------------------------------- the widget

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._layout()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self._layout()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._layout()
        self._watch_window()
        self._pacer.show(True)
        self.rates.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._let_go()
        self._pacer.show(False)
        self._size_timer.stop()
        self._dark_timer.stop()
        super().hideEvent(event)


def _up(value: float) -> int:
    return -int(-value // 1)


def _single(parent: QWidget, after: int, do: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(after)
    timer.timeout.connect(do)
    return timer
