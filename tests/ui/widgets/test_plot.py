from datetime import datetime, timedelta
from math import isnan, nan

import pytest

from vmdesk.ui.widgets.plot import Line, highest, milliseconds, nice_steps, per_second, runs, time_step, time_ticks

DAY = 86400


def test_a_gap_parts_the_line() -> None:
    line = Line("", [1, 2, 3, 4, 5], [1, 1, nan, 2, 2])
    assert [run.times for run in runs(line, 0, 10, 0, 35)] == [[1, 2], [4, 5]]


def test_readings_far_apart_are_not_joined() -> None:
    line = Line("", [1, 2, 100, 101], [1, 1, 1, 1])
    assert [run.times for run in runs(line, 0, 200, 0, 35)] == [[1, 2], [100, 101]]


def test_buckets_hold_mean_and_maximum_and_stay_where_they_are() -> None:
    line = Line("", list(range(20)), [float(n) for n in range(20)])
    (first,) = runs(line, 0, 20, 10, 35)
    assert first.means == [4.5, 14.5]
    assert first.tops == [9, 19]
    (later,) = runs(line, 3, 23, 10, 35)
    assert later.means[-1] == first.means[-1]


def test_a_gap_at_the_edge_of_a_bucket_loses_no_reading() -> None:
    line = Line("", [0, 1, 2, 3], [5, nan, nan, 7])
    assert [(run.times, run.means) for run in runs(line, 0, 4, 10, 35)] == [([0], [5]), ([3], [7])]


def test_the_line_reaches_over_both_edges() -> None:
    line = Line("", list(range(10)), [1.0] * 10)
    (run,) = runs(line, 3.5, 6.5, 0, 35)
    assert (run.times[0], run.times[-1]) == (3, 7)


def test_value_at_a_moment() -> None:
    line = Line("", [10, 20], [1, 2], [3, 4])
    assert line.at(14, 35) == (1, 3)
    assert line.at(16, 35) == (2, 4)
    assert isnan(line.at(100, 35)[0])
    assert isnan(Line("").at(5, 35)[0])


def test_highest_passes_over_gaps() -> None:
    assert highest(Line("", [1, 2, 3], [nan, 4, 9]), 0, 2.5) == 4
    assert highest(Line("", [1], [nan]), 0, 2) == 0


@pytest.mark.parametrize("top", [0.0, 0.3, 1, 7, 99, 101, 1e9, nan])
@pytest.mark.parametrize("binary", [False, True])
def test_steps_reach_the_top_and_are_few(top: float, binary: bool) -> None:
    steps = nice_steps(top, binary)
    assert steps[0] == 0
    assert 2 <= len(steps) <= 6
    if top > 0:
        assert steps[-1] >= top * 0.99999


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0 /s"), (0.4, "0.4 /s"), (42, "42 /s"), (1234, "1.2 k/s"), (5e6, "5 M/s"), (nan, "–")]
)
def test_per_second(value: float, words: str) -> None:
    assert per_second(value) == words


@pytest.mark.parametrize(("value", "words"), [(0, "0 ms"), (0.34, "0.3 ms"), (12.4, "12 ms"), (2500, "2.5 s")])
def test_milliseconds(value: float, words: str) -> None:
    assert milliseconds(value) == words


@pytest.mark.parametrize("width", [10, 300, 3600, DAY, 30 * DAY, 365 * DAY])
def test_ticks_are_round_few_and_inside(width: int) -> None:
    start = datetime(2026, 3, 17, 10, 7, 31).timestamp()
    step = time_step(width, 6)
    ticks = list(time_ticks(start, start + width, step))
    assert 1 <= len(ticks) <= 8
    assert all(start <= tick.timestamp() <= start + width for tick in ticks)
    assert all(tick.second % min(step, 60) == 0 for tick in ticks)


def test_month_ticks_fall_on_the_first() -> None:
    start = datetime(2026, 1, 31, 12).timestamp()
    ticks = list(time_ticks(start, start + 200 * DAY, 30 * DAY))
    assert [(tick.month, tick.day, tick.hour) for tick in ticks] == [(month, 1, 0) for month in range(2, 9)]


def test_week_ticks_stay_on_their_days_as_time_goes_on() -> None:
    start = datetime(2026, 5, 3, 12)
    one = list(time_ticks(start.timestamp(), (start + timedelta(days=30)).timestamp(), 7 * DAY))
    later = start + timedelta(days=1)
    two = list(time_ticks(later.timestamp(), (later + timedelta(days=30)).timestamp(), 7 * DAY))
    assert set(one) & set(two)
