"""The text console as a widget."""

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QAccessibleTextInsertEvent,
    QColor,
    QGuiApplication,
    QImage,
    QInputMethodEvent,
    QKeySequence,
    QPaintEvent,
    QShortcut,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from vmdesk.console.text import Place, Span, Style
from vmdesk.model.errors import Problem
from vmdesk.model.text import text
from vmdesk.ui import theme
from vmdesk.ui.widgets import terminal_view
from vmdesk.ui.widgets.terminal import TerminalPane
from vmdesk.ui.widgets.terminal_access import difference
from vmdesk.ui.widgets.terminal_drawing import CONTRAST, Drawing, contrast, readable
from vmdesk.ui.widgets.terminal_view import TerminalView
from vmdesk.virt.consoles import TextState, TextStatus

K, M = Qt.Key, Qt.KeyboardModifier


class Desk:
    """A pane in a window with another thing that can have the focus."""

    def __init__(self, qtbot: QtBot) -> None:
        self.sent: list[bytes] = []
        self.takes = True
        self.window = QWidget()
        self.pane = TerminalPane(self.send, scrollback=500)
        self.other = QLineEdit()
        box = QVBoxLayout(self.window)
        box.addWidget(self.pane)
        box.addWidget(self.other)
        self.window.resize(900, 640)
        qtbot.addWidget(self.window)
        self.window.show()
        self.window.activateWindow()
        self.view.setFocus()
        qtbot.waitUntil(self.view.hasFocus)

    def send(self, data: bytes) -> bool:
        self.sent.append(data)
        return self.takes

    @property
    def view(self) -> TerminalView:
        return self.pane.view

    def say(self, words: str) -> None:
        self.view.feed(words.encode())
        self.view.flush()

    def seen(self) -> list[str]:
        return self.view.reading.text().split("\n")

    def cell(self, column: float, row: float) -> QPoint:
        drawing = self.view._drawing
        return QPoint(int(4 + column * drawing.cell_width), int(4 + (row + 0.5) * drawing.cell_height))

    def picture(self) -> QImage:
        return self.view.viewport().grab().toImage()


@pytest.fixture
def desk(qtbot: QtBot, qapp: QApplication) -> Iterator[Desk]:
    before = qapp.palette()
    qapp.setPalette(theme.own_palette(False))
    yield Desk(qtbot)
    qapp.setPalette(before)


# -- drawing


def test_it_shows_what_is_printed(desk: Desk, qtbot: QtBot) -> None:
    desk.view.feed(b"hello\r\n\x1b[41mworld\x1b[m")
    qtbot.waitUntil(lambda: desk.seen()[:2] == ["hello", "world"])
    picture = desk.picture()
    corner = desk.cell(0.1, 1)
    assert picture.pixelColor(corner.x(), corner.y() - desk.view._drawing.cell_height // 2 + 2).red() > 150
    assert picture.pixelColor(desk.cell(40, 5)) == desk.view.palette().color(desk.view.palette().ColorRole.Base)


class Painted(QObject):
    """Which rows are painted."""

    def __init__(self, view: TerminalView) -> None:
        super().__init__()
        self.view, self.rows = view, set[int]()
        view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            height = self.view._drawing.cell_height
            for rect in event.region():
                self.rows |= set(range((rect.top() - 4) // height, (rect.bottom() - 4) // height + 1))
        return False


def test_only_changed_lines_are_painted(desk: Desk, qtbot: QtBot) -> None:
    desk.say("\x1b[2J\x1b[3;1H")
    qtbot.wait(50)
    painted = Painted(desk.view)
    desk.say("x")
    qtbot.wait(50)
    assert painted.rows == {2}
    painted.rows.clear()
    desk.say("\x1b[7;1Hy")
    qtbot.wait(50)
    assert painted.rows == {2, 6}  # where the cursor was, and where it is
    painted.rows.clear()
    desk.say("\x07\x1b[6n")
    qtbot.wait(50)
    assert painted.rows == set()


def test_every_colour_can_be_read(qapp: QApplication) -> None:
    for dark in (False, True):
        drawing = Drawing(desk_font(), theme.own_palette(dark))
        names = ["default", "000000", "ffffff", "808080", "00ff00", "nonsense", "brightnothing"]
        for name in ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white"):
            names += [name, f"bright{name}"]
        for fg in names:
            for bg in names:
                for reverse in (False, True):
                    ink, ground = drawing.colors(Style(fg=fg, bg=bg, reverse=reverse))
                    assert contrast(ink, ground) >= CONTRAST - 0.01, (dark, fg, bg, reverse)


def desk_font() -> "terminal_view.QFont":
    return terminal_view.QFontDatabase.systemFont(terminal_view.QFontDatabase.SystemFont.FixedFont)


def test_contrast() -> None:
    assert contrast(QColor("white"), QColor("black")) == pytest.approx(21)
    assert readable(QColor("yellow"), QColor("black")) == QColor("yellow")
    assert contrast(readable(QColor("yellow"), QColor("white")), QColor("white")) >= CONTRAST


def test_every_sequence_can_be_painted(desk: Desk) -> None:
    desk.say("日本\u0301 ┌─┐█ \x1b[1;3;4;9mall\x1b[m \x1b[38;5;200mcolour\x1b[48;2;1;2;3mx\x1b[m\x1b[?5h")
    desk.view.select_all()
    light = desk.picture()
    desk.say("\x1b[?5l\x1b[?25l")
    assert desk.picture() != light


def test_the_theme_changes(desk: Desk, qapp: QApplication, qtbot: QtBot) -> None:
    light = desk.picture().pixelColor(desk.cell(40, 5)).lightness()
    qapp.setPalette(theme.own_palette(True))
    qtbot.waitUntil(lambda: desk.picture().pixelColor(desk.cell(40, 5)).lightness() < light)


def test_letters_have_whole_pixels_and_sizes(desk: Desk) -> None:
    width = desk.view._drawing.cell_width
    QTest.keyClick(desk.view, K.Key_Plus, M.ControlModifier | M.ShiftModifier)
    QTest.keyClick(desk.view, K.Key_Plus, M.ControlModifier | M.ShiftModifier)
    assert desk.view._drawing.cell_width > width
    for _ in range(100):
        desk.view.zoom(-1)
    assert desk.view._drawing.cell_width >= 1
    QTest.keyClick(desk.view, K.Key_0, M.ControlModifier | M.ShiftModifier)
    assert desk.view._drawing.cell_width == width
    assert desk.sent == []


# -- typing


@pytest.mark.parametrize(
    ("key", "mods", "sent"),
    [
        (K.Key_A, M.NoModifier, b"a"),
        (K.Key_C, M.ControlModifier, b"\x03"),
        (K.Key_BracketRight, M.ControlModifier, b"\x1d"),
        (K.Key_Space, M.ControlModifier, b"\x00"),
        (K.Key_X, M.AltModifier, b"\x1bx"),
        (K.Key_Return, M.NoModifier, b"\r"),
        (K.Key_Enter, M.KeypadModifier, b"\r"),
        (K.Key_5, M.KeypadModifier, b"5"),
        (K.Key_Tab, M.NoModifier, b"\t"),
        (K.Key_Backtab, M.ShiftModifier, b"\x1b[Z"),
        (K.Key_Backspace, M.NoModifier, b"\x7f"),
        (K.Key_Escape, M.NoModifier, b"\x1b"),
        (K.Key_Up, M.NoModifier, b"\x1b[A"),
        (K.Key_Left, M.ControlModifier, b"\x1b[1;5D"),
        (K.Key_PageUp, M.NoModifier, b"\x1b[5~"),
        (K.Key_Delete, M.NoModifier, b"\x1b[3~"),
        (K.Key_F1, M.NoModifier, b"\x1bOP"),
        (K.Key_F12, M.NoModifier, b"\x1b[24~"),
        (K.Key_F20, M.NoModifier, b"\x1b[34~"),
    ],
)
def test_keys(desk: Desk, key: Qt.Key, mods: Qt.KeyboardModifier, sent: bytes) -> None:
    QTest.keyClick(desk.view, key, mods)
    assert desk.sent == [sent]


def test_a_modifier_alone_types_nothing(desk: Desk) -> None:
    for key in (K.Key_Shift, K.Key_Control, K.Key_Alt, K.Key_CapsLock, K.Key_VolumeUp):
        QTest.keyClick(desk.view, key)
    assert desk.sent == []


def test_application_cursor_keys(desk: Desk) -> None:
    desk.say("\x1b[?1h")
    QTest.keyClick(desk.view, K.Key_Up)
    assert desk.sent == [b"\x1bOA"]


def test_the_windows_shortcuts_go_to_the_guest(desk: Desk) -> None:
    taken: list[str] = []
    for keys in ("Ctrl+W", "F5", "Del", "Ctrl+K", "Alt+F"):
        QShortcut(QKeySequence(keys), desk.window).activated.connect(lambda: taken.append("taken"))
    QTest.keyClick(desk.view, K.Key_W, M.ControlModifier)
    QTest.keyClick(desk.view, K.Key_F5)
    QTest.keyClick(desk.view, K.Key_F, M.AltModifier)
    assert desk.sent == [b"\x17", b"\x1b[15~", b"\x1bf"] and taken == []


def test_ctrl_tab_leaves(desk: Desk, qtbot: QtBot) -> None:
    QTest.keyClick(desk.view, K.Key_Tab, M.ControlModifier)
    assert not desk.view.hasFocus()
    assert desk.sent == []


def test_input_methods(desk: Desk) -> None:
    event = QInputMethodEvent("tie", [])
    QApplication.sendEvent(desk.view, event)
    desk.picture()  # what is being put together is painted at the cursor
    assert desk.sent == []
    event = QInputMethodEvent("", [])
    event.setCommitString("tiếng")
    QApplication.sendEvent(desk.view, event)
    assert desk.sent == ["tiếng".encode()]
    assert desk.view.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)


def test_view_only(desk: Desk) -> None:
    only = next(action for action in desk.view.menu().actions() if action.text() == "View only")
    assert not only.isChecked()
    only.trigger()
    assert next(action for action in desk.view.menu().actions() if action.text() == "View only").isChecked()
    QTest.keyClick(desk.view, K.Key_A)
    desk.say("\x1b[6n")
    assert desk.sent == []
    assert desk.view.inputMethodQuery(Qt.InputMethodQuery.ImEnabled) is False


def test_a_guest_that_takes_nothing(desk: Desk, qtbot: QtBot) -> None:
    desk.takes = False
    with qtbot.waitSignal(desk.view.failed) as told:
        QTest.keyClick(desk.view, K.Key_A)
    assert told.args == ["The machine does not take what is typed."]


def test_the_guest_asks_where_the_cursor_is(desk: Desk) -> None:
    desk.say("\x1b[4;2H\x1b[6n")
    assert desk.sent == [b"\x1b[4;2R"]


def test_tell_size(desk: Desk) -> None:
    desk.view.set_fixed_size((132, 43))
    desk.view.tell_size()
    assert desk.sent == [b"stty cols 132 rows 43\r"]


def test_the_bell_rings_once(desk: Desk, qtbot: QtBot) -> None:
    rung: list[None] = []
    desk.view.rang.connect(lambda: rung.append(None))
    desk.say("\x07" * 1000)
    assert len(rung) == 1


# -- size and scrolling


def test_as_large_as_the_window(desk: Desk, qtbot: QtBot) -> None:
    assert (desk.view.terminal.columns, desk.view.terminal.lines) == (80, 24)
    desk.view.set_fixed_size(None)
    columns = desk.view.terminal.columns
    assert columns > 90 and desk.view.terminal.lines > 24
    desk.window.resize(600, 400)
    qtbot.waitUntil(lambda: desk.view.terminal.columns < columns)
    desk.say("x" * 30 + "\r\n" + "end")
    assert "end" in desk.seen()


def test_a_window_smaller_than_the_screen_shows_the_cursor(desk: Desk, qtbot: QtBot) -> None:
    desk.window.resize(300, 200)
    qtbot.waitUntil(lambda: desk.view.rows < 24)
    desk.say("top\r\n\x1b[24;1Hbottom")
    assert desk.seen()[-1] == "bottom"
    desk.say("\x1b[H")
    assert desk.seen()[0] == "top"
    assert desk.view.horizontalScrollBar().maximum() > 0


def test_looking_back(desk: Desk) -> None:
    desk.say("".join(f"line {n}\r\n" for n in range(300)))
    assert desk.seen()[0] == "line 277"
    QTest.keyClick(desk.view, K.Key_PageUp, M.ShiftModifier)
    assert desk.seen()[0] == "line 253"
    desk.say("more\r\n" * 10)  # what is looked at stays
    assert desk.seen()[0] == "line 253"
    QTest.keyClick(desk.view, K.Key_Home, M.ShiftModifier)
    assert desk.seen()[0] == "line 0"
    desk.say("".join(f"new {n}\r\n" for n in range(400)))  # until it falls out of the history
    assert desk.seen()[0] != "line 0"
    QTest.keyClick(desk.view, K.Key_End, M.ShiftModifier)
    assert desk.seen()[-2] == "new 399"
    desk.view.verticalScrollBar().setValue(0)
    QTest.keyClick(desk.view, K.Key_A)  # who types wants to see it
    assert desk.seen()[-2] == "new 399" and desk.sent == [b"a"]


def wheel(view: TerminalView, turn: int, mods: Qt.KeyboardModifier = M.NoModifier) -> None:
    place = QPoint(50, 50)
    event = QWheelEvent(
        place, view.mapToGlobal(place), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton, mods,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.viewport(), event)


def test_the_wheel(desk: Desk) -> None:
    desk.say("".join(f"line {n}\r\n" for n in range(100)))
    wheel(desk.view, 120)
    assert desk.seen()[0] == "line 74"
    width = desk.view._drawing.cell_width
    wheel(desk.view, 120, M.ControlModifier)
    wheel(desk.view, 120, M.ControlModifier)
    assert desk.view._drawing.cell_width > width
    desk.say("\x1b[?1049h")
    wheel(desk.view, -120)
    assert desk.sent == [b"\x1b[B" * 3]


def test_a_flood_leaves_the_window_alive(desk: Desk, qtbot: QtBot) -> None:
    """However fast the guest prints, the window's turns are short."""
    worst, last, ended = 0.0, time.monotonic(), time.monotonic() + 2
    line = b"\x1b[32mflood\x1b[m of words that nobody reads, and on and on\r\n" * 200
    while time.monotonic() < ended:
        desk.view.feed(line)
        before = time.perf_counter()
        QApplication.processEvents()
        worst = max(worst, time.perf_counter() - before)
    assert worst < 0.3
    last = time.monotonic()
    desk.view.feed(b"\x1b[2J\x1b[Hthe end")
    qtbot.waitUntil(lambda: desk.seen()[0] == "the end", timeout=30_000)
    assert time.monotonic() - last < 30


def test_hidden_it_is_read_and_not_painted(desk: Desk, qtbot: QtBot) -> None:
    desk.window.hide()
    painted = Painted(desk.view)
    desk.view.feed(b"while away")
    qtbot.waitUntil(lambda: "while away" in desk.view.terminal.text(desk.view.terminal.everything), timeout=2000)
    assert painted.rows == set()
    desk.window.show()
    qtbot.waitUntil(lambda: bool(painted.rows))
    assert desk.seen()[0] == "while away"


# -- selecting


def test_selecting_with_the_mouse(desk: Desk) -> None:
    desk.say("one two /etc/fstab\r\nthree")
    viewport, left = desk.view.viewport(), Qt.MouseButton.LeftButton
    QTest.mousePress(viewport, left, M.NoModifier, desk.cell(4, 0))
    QTest.mouseMove(viewport, desk.cell(3, 1))
    QTest.mouseRelease(viewport, left, M.NoModifier, desk.cell(3, 1))
    # QTest's move has no button down on every platform: Shift and a click extend as well.
    QTest.mouseClick(viewport, left, M.ShiftModifier, desk.cell(3, 1))
    assert desk.view.selected_text == "two /etc/fstab\nthr"
    QTest.mouseDClick(viewport, left, M.NoModifier, desk.cell(10.5, 0))
    assert desk.view.selected_text == "/etc/fstab"
    QTest.mousePress(viewport, left, M.NoModifier, desk.cell(10.5, 0))
    assert desk.view.selected_text == "one two /etc/fstab"
    QTest.mouseClick(viewport, left, M.NoModifier, desk.cell(2, 4))
    assert desk.view.selected_text == ""


def test_copy_and_paste(desk: Desk) -> None:
    desk.say("copy me")
    QTest.keyClick(desk.view, K.Key_A, M.ControlModifier | M.ShiftModifier)
    QTest.keyClick(desk.view, K.Key_C, M.ControlModifier | M.ShiftModifier)
    assert QGuiApplication.clipboard().text().strip() == "copy me"
    QGuiApplication.clipboard().setText("ls\n\x1b[201~x")
    QTest.keyClick(desk.view, K.Key_V, M.ControlModifier | M.ShiftModifier)
    desk.say("\x1b[?2004h")
    QTest.keyClick(desk.view, K.Key_Insert, M.ShiftModifier)
    assert desk.sent == [b"ls\r[201~x", b"\x1b[200~ls\r[201~x\x1b[201~"]


def test_a_selection_that_fell_out_of_the_history_is_gone(desk: Desk) -> None:
    desk.say("selected")
    desk.view.select(Span(Place(0, 0), Place(0, 8)))
    desk.say("x\r\n" * 1000)
    assert desk.view.selected_text == ""


# -- finding


def test_finding(desk: Desk, qtbot: QtBot) -> None:
    desk.say("".join(f"line {n} {'Needle' if n % 50 == 0 else ''}\r\n" for n in range(200)))
    QTest.keyClick(desk.view, K.Key_F, M.ControlModifier | M.ShiftModifier)
    bar = desk.pane.search
    qtbot.waitUntil(bar.line.hasFocus)
    QTest.keyClicks(bar.line, "needle")
    assert desk.view.found == (4, 4)
    assert any("line 150" in line for line in desk.seen())
    QTest.keyClick(bar.line, K.Key_Return, M.ShiftModifier)
    assert desk.view.found == (3, 4) and any("line 100" in line for line in desk.seen())
    desk.picture()
    QTest.keyClick(bar.line, K.Key_Return)
    QTest.keyClick(bar.line, K.Key_Return)
    assert desk.view.found == (1, 4)  # from the last on to the first
    assert bar.line.accessibleDescription() == "1 of 4"
    desk.say("another needle\r\n")
    qtbot.waitUntil(lambda: desk.view.found == (1, 5))
    bar.case.setChecked(True)
    assert desk.view.found == (1, 1)
    bar.line.setText("absent")
    assert bar.line.accessibleDescription() == "not found"
    QTest.keyClick(bar.line, K.Key_Escape)
    assert not bar.isVisible() and desk.view.hasFocus() and desk.view.found == (0, 0)
    assert desk.sent == []


def test_finding_what_is_selected(desk: Desk) -> None:
    desk.say("word other word")
    desk.view.select(Span(Place(0, 0), Place(0, 4)))
    desk.pane.open_search()
    assert desk.pane.search.line.text() == "word" and desk.view.found == (2, 2)


# -- how it stands


def test_states_are_said(desk: Desk, qtbot: QtBot) -> None:
    pane = desk.pane
    taken = Problem(text("Another program has it."), name="taken")
    off = Problem(text("{name} is off.", name="web <b>1</b>"), name="off")
    words = pane.findChild(QWidget, "terminal-words")
    assert words is not None
    pane.show_state(TextState(TextStatus.TAKEN, taken))
    with qtbot.waitSignal(pane.taking):
        QTest.mouseClick(pane._button, Qt.MouseButton.LeftButton)
    pane.show_state(TextState(TextStatus.WAITING, off))
    assert words.accessibleName() == "web <b>1</b> is off. The text console opens again by itself."
    assert not pane._button.isVisible()
    pane.show_state(TextState(TextStatus.FAILED, off))
    with qtbot.waitSignal(pane.again):
        QTest.mouseClick(pane._button, Qt.MouseButton.LeftButton)
    desk.say("half a sequence \x1b[3")
    pane.show_state(TextState(TextStatus.OPENING))
    pane.show_state(TextState(TextStatus.OPEN))
    assert not pane._notice.isVisible()
    desk.say("1mwhole")
    assert desk.seen()[0] == "half a sequence 1mwhole"


def test_menu(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    desk.say("some words\r\n" * 100)
    for _ in range(2):
        menu = desk.view.menu()
    found = {action.text(): action for action in menu.actions() if action.text()}
    assert not found["Copy"].isEnabled()
    found["Select all"].trigger()
    assert "some words" in desk.view.selected_text
    found["Clear what scrolled away"].trigger()
    assert desk.view.terminal.first == desk.view.terminal.top
    sizes = {action.text(): action for action in found["Size"].menu().actions()}  # type: ignore[attr-defined]
    assert sizes["80 x 24"].isChecked()
    sizes["132 x 43"].trigger()
    assert (desk.view.terminal.columns, desk.view.terminal.lines) == (132, 43)
    desk.view.log_to(tmp_path / "console.log")
    assert any("console.log" in action.text() for action in desk.view.menu().actions())
    desk.view.log_to(None)
    with qtbot.waitSignal(desk.view.failed) as told:
        desk.view.log_to(tmp_path)
    assert str(tmp_path) in told.args[0]


# -- screen readers


def test_for_screen_readers(desk: Desk) -> None:
    desk.say("first line\r\nsecond 日本 x\r\n$ ")
    side = QAccessible.queryAccessibleInterface(desk.view)
    assert side.role() == QAccessible.Role.Terminal
    assert side.text(QAccessible.Text.Name) == "Text console"
    assert "first line" in side.text(QAccessible.Text.Value)
    reading = side.textInterface()
    whole = reading.text(0, reading.characterCount())
    assert whole.startswith("first line\nsecond 日本 x\n$")
    assert reading.text(0, 5) == "first"
    assert whole[: reading.cursorPosition()].endswith("\n$")
    at = whole.index("x")
    rect = reading.characterRect(at)
    assert reading.offsetAtPoint(rect.center()) == at
    reading.addSelection(0, 5)
    assert desk.view.selected_text == "first" and reading.selectionCount() == 1
    reading.removeSelection(0)
    assert reading.selectionCount() == 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (["a"], ["a"], (1, "", "")),
        (["$ "], ["$ ls"], (2, "", "ls")),
        (["a", ""], ["a", "b"], (2, "", "b")),
        (["b"], ["b", "c"], (1, "", "\nc")),
        (["ab"], ["a"], (1, "b", "")),
        (["one"], ["two"], (0, "one", "two")),
        ([], ["x"], (0, "", "x")),
    ],
)
def test_screen_readers_hear_what_is_new(old: list[str], new: list[str], told: tuple[int, str, str]) -> None:
    assert difference(old, new) == told


def test_what_is_new_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def tell(event: QAccessibleEvent) -> None:
        if isinstance(event, QAccessibleTextInsertEvent):
            told.append(event.textInserted())

    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(QAccessible, "updateAccessibility", tell)
    desk.say("".join(f"line {n}\r\n" for n in range(30)))
    told.clear()
    desk.say("new words\r\n")
    desk.say("$")
    assert [words.strip() for words in told] == ["new words", "$"]


def test_the_accessible_side_goes_with_the_widget(qtbot: QtBot, qapp: QApplication, reps: Callable[[int], int]) -> None:
    for _ in range(reps(50)):
        view = TerminalView(lambda _data: True)
        assert QAccessible.queryAccessibleInterface(view).textInterface() is not None
        view.deleteLater()
        del view
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()
