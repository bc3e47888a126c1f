"""Run by test_view.py at a scale factor of its own: a view in a window, at odd places, pixel by pixel."""

import json
import sys

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from tests.fakes.screen import FakeBackend, paint
from tests.ui.console.viewing import Deaf
from vmdesk.console.screen import Rect
from vmdesk.ui.console.transform import Mode
from vmdesk.ui.console.view import ConsoleView


def main() -> None:
    app = QApplication([])
    backend = FakeBackend(Deaf(), size=(320, 200))
    paint(backend.surface)
    outer = QWidget()
    outer.resize(381, 333)  # the offscreen screen has 800 x 800 device pixels
    middle = QWidget(outer)
    middle.setGeometry(13, 7, 350, 310)
    view = ConsoleView(lambda: backend, middle)
    view.setGeometry(3, 5, 341, 293)
    view.picture(backend.surface)
    outer.show()
    told: dict[str, object] = {"ratio": view.devicePixelRatioF()}
    wrong = []
    for mode in (Mode.ONE, Mode.FIT):
        for shift in (0, 1, 2):
            middle.move(13 + shift, 7 + shift)
            view.set_mode(mode)
            if mode is Mode.ONE:
                view.setGeometry(3, 5, 341, 293)
            app.processEvents()
            backend.draw(Rect(100, 50, 7, 3), 0x123456 + shift)
            view.damaged((Rect(100, 50, 7, 3),), 1.0)
            view._pacer._flush()
            app.processEvents()
            wrong += compare(outer, view, backend)
            wrong += corners(view, backend)
    told["wrong"] = wrong
    print(json.dumps(told))


def compare(outer: QWidget, view: ConsoleView, backend: FakeBackend) -> list[str]:
    """What is on the window's own pixels, against what should be there."""
    place = view.transform
    assert place is not None
    shot = outer.backingStore().paintDevice()
    assert isinstance(shot, QImage)
    shot = shot.convertToFormat(QImage.Format.Format_RGB32)
    shot.setDevicePixelRatio(1)
    corner = view.mapTo(outer, view.rect().topLeft())
    left = round(corner.x() * place.ratio - place.shift_x) + place.left
    top = round(corner.y() * place.ratio - place.shift_y) + place.top
    source = QImage(backend.surface.data, 320, 200, 1280, QImage.Format.Format_RGB32)
    found = []
    if place.exact:
        times = place.width // 320
        want = source.scaled(320 * times, 200 * times)
        if shot.copy(left, top, place.width, place.height) != want:
            found.append(f"{view.mode} at {corner}: not the same pixels ({place})")
    else:
        # The middle of a large patch of one colour, and the patch's place.
        for x, y in ((103, 51), (0, 0), (319, 199)):
            spot = shot.pixelColor(left + int((x + 0.5) * place.scale), top + int((y + 0.5) * place.scale))
            want_color = source.pixelColor(x, y)
            if abs(spot.green() - want_color.green()) > 40 or abs(spot.blue() - want_color.blue()) > 40:
                found.append(f"{view.mode} at {corner}: {x},{y} is {spot.name()}, not {want_color.name()}")
    return found


def corners(view: ConsoleView, backend: FakeBackend) -> list[str]:
    """The pointer at the four corners of the picture is at the four corners of the screen."""
    place = view.transform
    assert place is not None
    found = []
    half_x, half_y = place.scale / 2, place.height / place.guest_height / 2
    for x, y in ((0, 0), (319, 0), (0, 199), (319, 199)):
        across = (place.left - place.shift_x + (place.width - half_x if x else half_x)) / place.ratio
        down = (place.top - place.shift_y + (place.height - half_y if y else half_y)) / place.ratio
        spot = QPointF(across, down)
        move = QMouseEvent(
            QEvent.Type.MouseMove,
            spot,
            view.mapToGlobal(spot),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(view, move)
        if backend.pointers[-1] != (x, y, 0):
            found.append(f"{view.mode}: pointer {backend.pointers[-1]}, not {(x, y)}")
    return found


if __name__ == "__main__":
    main()
    sys.stdout.flush()
