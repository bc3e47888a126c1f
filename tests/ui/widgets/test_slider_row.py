"""A slider with a field: one figure, told when it rests."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyle, QStyleOptionSlider
from pytestqt.qtbot import QtBot

from vmdesk.ui.widgets import limit_units as units
from vmdesk.ui.widgets import slider_row
from vmdesk.ui.widgets.limit_units import Written
from vmdesk.ui.widgets.slider_row import SliderRow
from vmdesk.ui.widgets.slider_scale import Scale

MIB = 1024 * 1024


# ---------------------------------------------------------------- how figures are written


@pytest.mark.parametrize(
    ("written", "value", "words"),
    [
        (units.PERCENT, 50, "50 %"),
        (units.PERCENT, 12.5, "12.5 %"),
        (units.COUNT, 1024, "1024"),
        (units.REQUESTS, 500, "500/s"),
        (units.PERIOD, 100_000, "100 ms"),
        (units.PERIOD, 1500, "1.5 ms"),
        (units.SECONDS, 10, "10 s"),
        (units.KIB, 2 * MIB, "2 GiB"),
        (units.KIB, 1536 * 1024, "1.5 GiB"),
        (units.KIB_A_SECOND, 512, "512 KiB/s"),
        (units.BYTES_A_SECOND, 10 * MIB, "10 MiB/s"),
    ],
)
def test_written_and_read_back(written: Written, value: float, words: str) -> None:
    assert written.write(value) == words
    assert written.read(words) == value


@pytest.mark.parametrize(
    ("written", "words", "value"),
    [
        (units.BYTES_A_SECOND, "10M", 10 * MIB),
        (units.BYTES_A_SECOND, "1,5 g", 1536 * MIB),
        (units.BYTES_A_SECOND, "300 kb/s", 300 * 1024),
        (units.BYTES_A_SECOND, "7", 7 * MIB),  # as one says it
        (units.KIB, "2g", 2 * MIB),
        (units.PERCENT, "33", 33),
        (units.PERIOD, "20", 20_000),
        (units.REQUESTS, "100 / s", 100),
    ],
)
def test_as_people_type(written: Written, words: str, value: float) -> None:
    assert written.read(words) == value


@pytest.mark.parametrize("words", ["", "much", "10 apples", "-5", "5 %%", "1e3", "0x10"])
def test_what_is_no_figure(words: str) -> None:
    assert units.BYTES.read(words) is None and units.PERCENT.read(words) is None


# ---------------------------------------------------------------- what the places stand for


@pytest.mark.parametrize(
    "scale", [Scale(1, 100, 1), Scale(65536, 4 * 1024**3, binary=True), Scale(10, 200_000), Scale(3, 250, 5)]
)
def test_places_rise_from_end_to_end(scale: Scale) -> None:
    values = scale.values
    assert values[0] == scale.low and values[-1] == scale.high
    assert list(values) == sorted(set(values))
    assert [scale.place(value) for value in values] == list(range(len(values)))
    assert scale.place(-1) == 0 and scale.place(10**15) == len(values) - 1


def test_a_growing_scale_has_round_values_and_few_places() -> None:
    values = Scale(64 * 1024, 4 * 1024**3, binary=True).values
    assert 10 * MIB in values and 100_000_000 not in values and len(values) < 80


# ---------------------------------------------------------------- the row


@pytest.fixture
def row(qtbot: QtBot) -> SliderRow:
    made = SliderRow("disk.vda.read-bytes", "Read", units.BYTES_A_SECOND, Scale(65536, 4 * 1024**3, binary=True),
                     (1, 2**53))  # fmt: skip
    qtbot.addWidget(made)
    made.resize(600, 40)
    made.show()
    made.told = []  # type: ignore[attr-defined]
    made.changed.connect(lambda key, value: made.told.append((key, value)))  # type: ignore[attr-defined]
    return made


def told(row: SliderRow) -> list[object]:
    return [value for _, value in row.told]  # type: ignore[attr-defined]


def handle(row: SliderRow) -> QPoint:
    option = QStyleOptionSlider()
    row.slider.initStyleOption(option)
    return (
        row.slider.style()
        .subControlRect(QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, row.slider)
        .center()
    )


def test_no_limit_stands_at_the_right_end(row: SliderRow) -> None:
    row.show_figure(None)
    assert row.slider.value() == row.slider.maximum() and row.field.text() == "no limit"
    assert row.slider.free and row.clear.isHidden()
    row.show_figure(10 * MIB)
    assert row.field.text() == "10 MiB/s" and not row.slider.free and not row.clear.isHidden()
    assert row.slider.value() < row.slider.maximum()
    assert told(row) == []  # what is shown is not told


def test_one_drag_is_told_once(row: SliderRow) -> None:
    row.show_figure(None)
    start = handle(row)
    QTest.mousePress(row.slider, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 100):
        QTest.mouseMove(row.slider, QPoint(start.x() - 2 * step, start.y()))
    assert row.busy and told(row) == []
    row.show_figure(None)  # what was read meanwhile does not take it out of the hand
    assert row.field.text() != "no limit"
    QTest.mouseRelease(row.slider, Qt.MouseButton.LeftButton, pos=QPoint(start.x() - 198, start.y()))
    assert len(told(row)) == 1 and told(row)[0] == row.figure and not row.busy


def test_what_rests_is_told(row: SliderRow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    row._rest.setInterval(20)
    row.show_figure(10 * MIB)
    with qtbot.waitSignal(row.changed):
        row.slider.setValue(row.slider.value() + 1)
    assert told(row) == [12 * MIB]


def test_typed(row: SliderRow) -> None:
    row.show_figure(None)
    row.field.setFocus()
    row.field.selectAll()
    QTest.keyClicks(row.field, "20m")
    QTest.keyClick(row.field, Qt.Key.Key_Return)
    assert told(row) == [20 * MIB] and row.field.text() == "20 MiB/s"
    row.field.selectAll()
    QTest.keyClicks(row.field, "none")
    QTest.keyClick(row.field, Qt.Key.Key_Return)
    assert told(row) == [20 * MIB, None] and row.slider.value() == row.slider.maximum()


def test_nonsense_is_not_told(row: SliderRow) -> None:
    row.show_figure(10 * MIB)
    row.field.setFocus()
    row.field.selectAll()
    QTest.keyClicks(row.field, "apples")
    QTest.keyClick(row.field, Qt.Key.Key_Return)
    assert told(row) == [] and row.field.text() == "10 MiB/s"


def test_keys_step_to_no_limit_and_back(row: SliderRow) -> None:
    row.show_figure(4 * 1024**3)
    row.field.stepUp()
    assert row.figure is None
    row.field.stepUp()
    assert row.figure is None
    row.field.stepDown()
    assert row.figure == 4 * 1024**3
    row.show_figure(None)
    row._rest.stop()
    row._touched = False
    row.show_figure(65536)
    row.field.stepDown()
    assert row.figure == 65536  # below the lowest is not "no limit"


def test_the_limit_is_taken_away(row: SliderRow) -> None:
    row.show_figure(10 * MIB)
    row.clear.click()
    assert told(row) == [None] and row.field.text() == "no limit" and row.clear.isHidden()


def test_why_it_cannot_be(row: SliderRow) -> None:
    row.show_figure(None, why="Set the other first.")
    assert not row.slider.isEnabled() and not row.field.isEnabled()
    assert row.slider.toolTip() == row.field.toolTip() == "Set the other first."
    assert "Set the other first." in row.slider.accessibleDescription()
    row.show_figure(10 * MIB)
    assert row.slider.isEnabled() and row.slider.toolTip() == "At the right end there is no limit."


def test_a_note_and_names(row: SliderRow) -> None:
    row.show_figure(10 * MIB, note="From the next start: no limit.")
    assert not row.note.isHidden() and row.note.text().startswith("From")
    assert row.slider.accessibleName() == row.field.accessibleName() == "Read"
    assert row.slider.accessibleDescription().startswith("10 MiB/s")
    row.show_figure(10 * MIB)
    assert row.note.isHidden()


def test_what_has_a_usual_value_stands_there(qtbot: QtBot) -> None:
    row = SliderRow("cpu.shares", "Shares", units.COUNT, Scale(2, 10_000), (1, 262_144), usual=1024)
    qtbot.addWidget(row)
    row.show_figure(None)
    assert row.field.text() == "usual" and row.slider.value() == Scale(2, 10_000).place(1024)
    row.field.stepUp()
    assert row.figure == 1200
    row._rest.stop()
    row.clear.click()
    assert row.figure is None and row.clear.toolTip() == "Back to the usual"


def test_what_always_has_a_value(qtbot: QtBot) -> None:
    row = SliderRow("memory.given", "Given", units.KIB, Scale(65536, 1048576, 65536), (1024, 1048576), optional=False)
    qtbot.addWidget(row)
    row.show_figure(1048576)
    assert row.field.text() == "1 GiB" and row.slider.value() == row.slider.maximum() and row.clear.isHidden()
    row.field.stepUp()
    assert row.figure == 1048576


def test_the_wheel_scrolls_the_page_and_changes_nothing(row: SliderRow) -> None:
    row.show_figure(10 * MIB)
    before = row.slider.value()
    for target in (row.slider, row.field):
        event = slider_row.QWheelEvent(
            target.rect().center().toPointF(), target.mapToGlobal(target.rect().center()).toPointF(),
            QPoint(0, 0), QPoint(0, -120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        target.wheelEvent(event)
        assert not event.isAccepted()
    assert row.slider.value() == before and told(row) == []
