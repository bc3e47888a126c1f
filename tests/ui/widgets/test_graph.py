from math import nan
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from vmdesk.ui.widgets.graph import KIB, PERCENT, RATE, Gap, Graph, Limit, Line
from vmdesk.ui.widgets.timeline import SPANS, Timeline

NOW = 1_700_000_000.0


@pytest.fixture
def timeline(qtbot: QtBot) -> Timeline:
    return Timeline(NOW)


@pytest.fixture
def graph(qtbot: QtBot, timeline: Timeline) -> Graph:
    graph = Graph("CPU", PERCENT, timeline, "web-01")
    qtbot.addWidget(graph)
    graph.set_lines([Line("", [NOW - 300 + n for n in range(301)], [float(n % 100) for n in range(301)])])
    graph.resize(480, 184)
    graph.show()
    graph.grab()
    return graph


def test_tells_the_newest_value(graph: Graph) -> None:
    assert graph.figures() == [("", "0 %")]


def test_hover_tells_the_value_at_that_moment(graph: Graph, timeline: Timeline, qtbot: QtBot) -> None:
    qtbot.mouseMove(graph, QPoint(300, 100))
    assert timeline.cursor is not None
    expected = round(timeline.cursor - (NOW - 300)) % 100
    assert graph.figures() == [("", f"{expected} %")]
    graph.grab()


def test_arrows_move_the_crosshair_and_escape_hides_it(graph: Graph, timeline: Timeline, qtbot: QtBot) -> None:
    qtbot.keyClick(graph, Qt.Key.Key_Left)
    first = timeline.cursor
    qtbot.keyClick(graph, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert first is not None and timeline.cursor is not None and timeline.cursor < first - 5
    qtbot.keyClick(graph, Qt.Key.Key_Escape)
    assert timeline.cursor is None


def test_keys_zoom_pan_and_come_back(graph: Graph, timeline: Timeline, qtbot: QtBot) -> None:
    qtbot.keyClick(graph, Qt.Key.Key_Plus)
    assert timeline.width < 300
    qtbot.keyClick(graph, Qt.Key.Key_PageUp)
    assert not timeline.following
    qtbot.keyClick(graph, Qt.Key.Key_Home)
    assert timeline.untouched


def wheel(graph: Graph, modifiers: Qt.KeyboardModifier) -> bool:
    position = QPointF(300, 100)
    event = QWheelEvent(
        position,
        graph.mapToGlobal(position),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    event.accept()
    graph.wheelEvent(event)
    return event.isAccepted()


def test_the_wheel_zooms_with_ctrl_and_else_scrolls_the_page(graph: Graph, timeline: Timeline) -> None:
    assert not wheel(graph, Qt.KeyboardModifier.NoModifier)
    assert timeline.width == 300
    assert wheel(graph, Qt.KeyboardModifier.ControlModifier)
    assert timeline.width < 300


def test_dragging_pans(graph: Graph, timeline: Timeline, qtbot: QtBot) -> None:
    qtbot.mousePress(graph, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    qtbot.mouseMove(graph, QPoint(300, 100))
    qtbot.mouseRelease(graph, Qt.MouseButton.LeftButton, pos=QPoint(300, 100))
    assert timeline.end < NOW - 50


def test_csv_has_what_is_shown(graph: Graph, timeline: Timeline) -> None:
    timeline.zoom(0.1)
    rows = graph.csv().splitlines()
    assert rows[0] == "time,Unix time,CPU"
    assert 28 <= len(rows) <= 33
    assert rows[-1].endswith(",1700000000.000,0.0")


def test_csv_of_two_lines_with_maxima_and_gaps(qtbot: QtBot, timeline: Timeline) -> None:
    graph = Graph("Disk", RATE, timeline)
    qtbot.addWidget(graph)
    graph.set_lines([Line("Read", [NOW - 2, NOW - 1], [1, nan], [2, nan]), Line("Write", [NOW - 1], [5], [6])])
    head, first, second = graph.csv().splitlines()
    assert head == "time,Unix time,Read,Read (maximum),Write,Write (maximum)"
    assert first.split(",")[2:] == ["1", "2", "", ""]
    assert second.split(",")[2:] == ["", "", "5", "6"]


def test_saves_picture_and_table(graph: Graph, tmp_path: Path) -> None:
    graph.save(str(tmp_path / "cpu.png"))
    assert QImage(str(tmp_path / "cpu.png")).width() == 960
    graph.save(str(tmp_path / "cpu.csv"))
    assert (tmp_path / "cpu.csv").read_text().startswith("time,")


def test_tells_when_a_file_cannot_be_written(graph: Graph, tmp_path: Path, qtbot: QtBot) -> None:
    for name in ("nowhere/cpu.png", "nowhere/cpu.csv"):
        with qtbot.waitSignal(graph.failed) as told:
            graph.save(str(tmp_path / name))
        assert "nowhere" in told.args[0]


def test_the_file_dialog_does_not_block(graph: Graph, tmp_path: Path) -> None:
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs, True)
    graph.menu().actions()[1].trigger()
    dialog = graph.findChild(QFileDialog)
    assert dialog is not None and dialog.isVisible()
    dialog.fileSelected.emit(str(tmp_path / "a.csv"))
    assert (tmp_path / "a.csv").exists()
    dialog.close()
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs, False)


def test_is_described_in_words(graph: Graph) -> None:
    graph.set_limits([Limit("quota", 50)])
    assert graph._drawing.describe() == "now: 0 % (quota 50 %)"


def test_a_far_limit_does_not_press_the_curve_flat(qtbot: QtBot, timeline: Timeline) -> None:
    graph = Graph("Disk", RATE, timeline)
    qtbot.addWidget(graph)
    graph.set_lines([Line("", [NOW - 2, NOW - 1], [1e4, 2e4])])
    graph.set_limits([Limit("limit", 1e9)])
    graph.grab()
    assert graph._drawing._levels()[-1] < 1e5


@pytest.mark.parametrize("span", SPANS)
def test_everything_can_be_painted(span: object, qtbot: QtBot, timeline: Timeline) -> None:
    timeline.set_span(span)  # type: ignore[arg-type]
    graph = Graph("Memory", KIB, timeline)
    qtbot.addWidget(graph)
    graph.resize(300, 184)
    graph.grab()  # empty
    count = 2000
    times = [NOW - timeline.width * (1 - n / count) for n in range(count + 1)]
    lines = [Line(f"CPU {i}", times, [nan if n % 500 < 20 else n * 1.0 for n in range(count + 1)]) for i in range(12)]
    graph.set_lines(lines[:2])
    graph.set_gaps([Gap(NOW - timeline.width / 2, NOW - timeline.width / 3, "VMDesk was closed")])
    timeline.point(NOW - timeline.width / 2.5)
    before = graph.grab().toImage()
    graph.set_lines(lines)
    assert graph.grab().toImage() != before


def test_a_wide_view_is_not_redrawn_every_second(graph: Graph, timeline: Timeline) -> None:
    timeline.set_span(SPANS[1])
    times = [NOW - 3600 + n for n in range(3601)]
    graph.set_lines([Line("", times, [1.0] * 3601)])
    graph.grab()
    still = graph._still
    timeline.tick(NOW + 0.01)
    graph.set_lines([Line("", times, [1.0] * 3601)])
    assert graph._still is still
    timeline.tick(NOW + 60)
    assert graph._still is None
