import pytest
from pytestqt.qtbot import QtBot

from vmdesk.ui.widgets.timeline import HOUR, SPANS, Timeline

NOW = 1_000_000.0


@pytest.fixture
def timeline(qtbot: QtBot) -> Timeline:
    return Timeline(NOW)


def test_follows_time(timeline: Timeline) -> None:
    timeline.tick(NOW + 5)
    assert (timeline.start, timeline.end) == (NOW - 295, NOW + 5)


def test_panning_back_stops_following_and_coming_back_starts_it_again(timeline: Timeline, qtbot: QtBot) -> None:
    with qtbot.waitSignal(timeline.following_changed):
        timeline.pan(-100)
    timeline.tick(NOW + 50)
    assert timeline.end == NOW - 100
    assert not timeline.following
    timeline.pan(1000)
    assert timeline.following
    assert timeline.end == NOW + 50


def test_nobody_gets_further_back_than_there_is_something(timeline: Timeline) -> None:
    timeline.pan(-1e9)
    assert timeline.start == NOW - HOUR


def test_zoom_keeps_its_moment_in_place(timeline: Timeline) -> None:
    timeline.pan(-1000)
    at = timeline.start + timeline.width * 0.25
    timeline.zoom(0.5, at)
    assert timeline.width == 150
    assert timeline.start + timeline.width * 0.25 == pytest.approx(at)


def test_zoom_has_ends(timeline: Timeline) -> None:
    timeline.zoom(1e-9)
    assert timeline.width == SPANS[0].finest
    timeline.zoom(1e9)
    assert timeline.width == SPANS[0].reach


def test_zooming_at_the_end_goes_on_following(timeline: Timeline) -> None:
    timeline.zoom(0.5)
    assert timeline.following
    assert timeline.end == NOW


def test_back_to_now(timeline: Timeline) -> None:
    timeline.zoom(0.5)
    timeline.pan(-500)
    timeline.back_to_now()
    assert timeline.untouched


def test_another_span_is_shown_whole(timeline: Timeline, qtbot: QtBot) -> None:
    timeline.pan(-500)
    timeline.point(timeline.start)
    with qtbot.waitSignal(timeline.span_changed):
        timeline.set_span(SPANS[2])
    assert (timeline.width, timeline.end, timeline.cursor) == (86400, NOW, None)


def test_the_crosshair_stays_within(timeline: Timeline) -> None:
    timeline.point(0)
    assert timeline.cursor == timeline.start
