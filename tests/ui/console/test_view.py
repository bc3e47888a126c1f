import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPaintEvent, QPalette, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.fakes.screen import FakeBackend, arrow, paint
from tests.ui.console.test_keyboard import LEFTALT, LEFTCTRL, TAB, A, event
from tests.ui.console.viewing import Deaf
from vmdesk.console.screen import Rect
from vmdesk.ui.console.transform import Mode
from vmdesk.ui.console.view import ConsoleView


class Bench:
    def __init__(self, qtbot: QtBot, size: tuple[int, int] = (320, 200)) -> None:
        self.backend = FakeBackend(Deaf(), size=size)
        paint(self.backend.surface)
        self.live = True
        self.view = ConsoleView(lambda: self.backend if self.live else None)
        qtbot.addWidget(self.view)
        self.view.resize(*size)
        self.view.picture(self.backend.surface)
        self.view.show()
        self.view.setFocus()
        qtbot.waitExposed(self.view)
        self.view.activateWindow()
        qtbot.waitUntil(self.view.hasFocus)

    def mouse(self, kind: QEvent.Type, x: float, y: float, held: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
        spot = QPointF(x, y)
        button = Qt.MouseButton.LeftButton if kind != QEvent.Type.MouseMove else Qt.MouseButton.NoButton
        QApplication.sendEvent(
            self.view,
            QMouseEvent(kind, spot, self.view.mapToGlobal(spot), button, held, Qt.KeyboardModifier.NoModifier),
        )

    def key(self, down: bool, evdev: int) -> bool:
        return QApplication.sendEvent(self.view, event(down, evdev))

    def shot(self) -> QImage:
        return self.view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)

    def source(self) -> QImage:
        surface = self.backend.surface
        return QImage(surface.data, surface.width, surface.height, surface.stride, QImage.Format.Format_RGB32).copy()


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot)


@pytest.mark.parametrize("factor", ["1", "1.25", "1.5", "2"])
def test_sharp_and_exact_at_every_scale_factor(factor: str) -> None:
    """In a process of its own: Qt reads the factor once."""
    environment = os.environ | {"QT_SCALE_FACTOR": factor}
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.console.scaled"], env=environment, capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert told["ratio"] == float(factor)
    assert told["wrong"] == []


def test_shows_the_memory_itself(bench: Bench) -> None:
    assert bench.shot() == bench.source()
    bench.backend.draw(Rect(10, 10, 5, 5), 0xFF0000)
    bench.view.damaged((Rect(10, 10, 5, 5),), 0.0)
    assert bench.shot().pixelColor(12, 12).name() == "#ff0000"


class Paints(QObject):
    """What a widget was asked to repaint."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, int, int, int]] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            rect = event.rect()
            self.seen.append((rect.x(), rect.y(), rect.width(), rect.height()))
        return False


def test_only_what_changed_is_painted(bench: Bench, qtbot: QtBot) -> None:
    qtbot.wait(30)
    paints = Paints()
    bench.view.installEventFilter(paints)
    bench.view.damaged((Rect(10, 20, 5, 6),), 1.0)
    qtbot.waitUntil(lambda: bool(paints.seen))
    assert paints.seen[0] == (10, 20, 5, 6)


def test_old_picture_stays_grey_and_takes_nothing(bench: Bench) -> None:
    bright = bench.source().pixelColor(200, 150)
    bench.view.picture(None)
    bench.backend.surface.data[:] = bytes(len(bench.backend.surface.data))
    assert bench.view.is_old
    grey = bench.shot().pixelColor(200, 150)
    assert grey != bright and grey.name() != "#000000"
    assert not bench.view.capturing
    bench.mouse(QEvent.Type.MouseMove, 5, 5)
    assert bench.backend.pointers == []


def test_the_old_picture_is_seen_whatever_the_fourth_byte_is(bench: Bench) -> None:
    """Guests leave 0 there; fitted into the window, the picture was gone then."""
    surface = bench.backend.surface
    bench.view.resize(480, 330)
    surface.data[:] = bytes(len(surface.data))  # black
    bench.view.picture(surface)
    bench.view.picture(None)
    surface.data[:] = b"\xff" * len(surface.data)
    shown = bench.view.grab().toImage()
    ground = bench.view.palette().color(QPalette.ColorRole.Window).darker(112)
    middle = shown.pixelColor(shown.width() // 2, shown.height() // 2)
    assert abs(middle.lightness() - 0.65 * ground.lightness()) < 3 < ground.lightness()


def test_keys_tab_and_shortcuts_are_the_guests(bench: Bench) -> None:
    override = QKeyEvent(
        QEvent.Type.ShortcutOverride, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier, A + 8, 0, 0, "w"
    )
    override.ignore()
    QApplication.sendEvent(bench.view, override)
    assert override.isAccepted()
    bench.key(True, TAB)
    bench.key(False, TAB)
    assert bench.backend.keys == [(0x0F, True), (0x0F, False)] and bench.view.hasFocus()


def test_focus_loss_lets_every_key_go(bench: Bench) -> None:
    told: list[bool] = []
    bench.view.captured.connect(told.append)
    bench.key(True, LEFTCTRL)
    bench.key(True, A)
    QApplication.sendEvent(bench.view, QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.OtherFocusReason))
    assert bench.backend.keys[2:] == [(0x1D, False), (0x1E, False)]
    assert told


def test_release_keys_leave(bench: Bench) -> None:
    left: list[bool] = []
    bench.view.left.connect(lambda: left.append(True))
    bench.key(True, LEFTCTRL)
    bench.key(True, LEFTALT)
    bench.key(False, LEFTALT)
    assert left == [True] and not bench.view.hasFocus() and not bench.view.capturing
    assert {qnum for qnum, down in bench.backend.keys if not down} == {0x1D, 0x38}


def test_view_only_sends_nothing(bench: Bench) -> None:
    bench.view.set_view_only(True)
    bench.key(True, A)
    bench.mouse(QEvent.Type.MouseButtonPress, 5, 5, Qt.MouseButton.LeftButton)
    assert bench.backend.keys == bench.backend.pointers == []


def test_buttons_and_positions(bench: Bench) -> None:
    bench.mouse(QEvent.Type.MouseMove, 5.5, 6.5)
    bench.mouse(QEvent.Type.MouseButtonPress, 5.5, 6.5, Qt.MouseButton.LeftButton)
    bench.mouse(QEvent.Type.MouseMove, 900, 900, Qt.MouseButton.LeftButton)  # dragged out of the picture
    bench.mouse(QEvent.Type.MouseButtonRelease, 900, 900)
    assert bench.backend.pointers == [(5, 6, 0), (5, 6, 1), (319, 199, 1), (319, 199, 0)]


def test_wheel_in_whole_steps(bench: Bench) -> None:
    def turn(x: int, y: int) -> None:
        spot = QPointF(10, 10)
        QApplication.sendEvent(
            bench.view,
            QWheelEvent(
                spot,
                bench.view.mapToGlobal(spot),
                QPoint(),
                QPoint(x, y),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            ),
        )

    for _ in range(8):
        turn(0, 30)
    turn(0, -240)
    turn(120, 0)
    assert [buttons for _, _, buttons in bench.backend.pointers] == [8, 0, 8, 0, 16, 0, 16, 0, 32, 0]


def test_movements_where_the_guest_wants_those(bench: Bench) -> None:
    bench.view.pointer_mode(False)
    bench.mouse(QEvent.Type.MouseMove, 5, 5)
    assert bench.backend.motions == []
    bench.mouse(QEvent.Type.MouseButtonPress, 5, 5, Qt.MouseButton.LeftButton)
    assert bench.view.holds_pointer and bench.backend.motions == [], "the first click only takes the pointer"
    middle = bench.view.rect().center()
    bench.mouse(QEvent.Type.MouseMove, middle.x() + 7, middle.y() - 3)
    assert bench.backend.motions == [(7, -3, 0)]
    bench.key(True, LEFTCTRL)
    bench.key(True, LEFTALT)
    bench.key(False, LEFTCTRL)
    assert not bench.view.holds_pointer


def test_on_wayland_the_pointer_is_not_moved_and_the_desktop_keeps_its_keys(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not bench.view.desktop_keeps_keys
    monkeypatch.setattr(QApplication, "platformName", lambda: "wayland")
    assert bench.view.desktop_keeps_keys
    bench.view.pointer_mode(False)
    bench.mouse(QEvent.Type.MouseButtonPress, 5, 5, Qt.MouseButton.LeftButton)
    before = QCursor.pos()
    spot = bench.view.mapFromGlobal(before)
    for _ in range(3):
        spot += QPoint(4, -2)
        bench.mouse(QEvent.Type.MouseMove, spot.x(), spot.y())
    assert bench.backend.motions == [(4, -2, 0)] * 3, "each step once, from where the pointer was"
    assert QCursor.pos() == before


def test_local_cursor(bench: Bench) -> None:
    bench.view.cursor_shape(arrow())
    cursor = bench.view.cursor()
    assert cursor.pixmap().width() == 16 and cursor.hotSpot() == QPoint(8, 8)
    bench.view.cursor_shape(None)
    assert cursor.pixmap().width() != bench.view.cursor().pixmap().width() > 0, "a dot, not nothing"


def test_guest_is_asked_for_the_windows_size(bench: Bench, qtbot: QtBot) -> None:
    bench.view.set_mode(Mode.GUEST)
    for width in (400, 410, 420):
        bench.view.resize(width, 300)
    qtbot.waitUntil(lambda: bool(bench.backend.sizes))
    qtbot.wait(300)
    assert bench.backend.sizes == [(420, 300)]


def test_a_black_picture_is_noticed(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmdesk.ui.console.view.DARK", 20)
    bench = Bench(qtbot)
    told: list[bool] = []
    bench.view.dark.connect(told.append)
    bench.backend.draw(Rect(0, 0, 320, 200), 0)
    bench.view.damaged((Rect(0, 0, 320, 200),), 1.0)
    bench.view._dark_timer.start(1)
    qtbot.waitUntil(lambda: told == [True])
    bench.backend.draw(Rect(3, 3, 1, 1), 0x000001)
    bench.view.damaged((Rect(3, 3, 1, 1),), 1.0)
    bench.view._dark_timer.start(1)
    qtbot.wait(30)
    bench.backend.draw(Rect(3, 3, 1, 1), 0xFFFFFF)
    bench.view.damaged((Rect(3, 3, 1, 1),), 1.0)
    qtbot.waitUntil(lambda: told == [True, False])


def test_new_sizes_while_painting(bench: Bench, reps: Callable[[int], int]) -> None:
    for n in range(reps(500)):
        old = bench.backend.surface
        bench.backend.resize_now(10 + n % 300, 10 + n % 200, painted=False)
        bench.view.picture(bench.backend.surface)
        old.release()
        bench.view.damaged((Rect(0, 0, 5, 5),), 1.0)
        QApplication.processEvents()
    assert bench.view.transform is not None
