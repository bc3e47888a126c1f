"""When something is full, if it goes on as it did."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdesk.core.forecast import DAY, full_in, thinned

HOUR = 3600.0


def line(begin: float, per_hour: float, hours: int) -> list[tuple[float, float]]:
    return [(hour * HOUR, begin + per_hour * hour) for hour in range(hours)]


def test_a_straight_line_ends_where_it_ends() -> None:
    # 100 left, one an hour less; at the eleventh hour 90 are left.
    assert full_in(line(100, -1, 11), 10 * HOUR) == pytest.approx(90 * HOUR)
    assert full_in(line(100, -1, 11), 20 * HOUR) == pytest.approx(80 * HOUR)


def test_what_does_not_fill_up_is_never_full() -> None:
    assert full_in(line(100, 0, 11), 10 * HOUR) is None
    assert full_in(line(100, 2, 11), 10 * HOUR) is None


def test_little_is_no_trend() -> None:
    assert full_in([], 0) is None
    assert full_in(line(100, -1, 2), HOUR) is None
    assert full_in([(0, 100), (60, 50), (120, 1)], 120) is None  # a large file was just copied there
    assert full_in([(0, 5), (60, 0)], 60) == 0.0


@given(st.floats(1, 1e6), st.floats(0.01, 100), st.integers(4, 200), st.floats(0, 1e9))
def test_a_line_is_found_wherever_it_lies(begin: float, loss: float, hours: int, moved: float) -> None:
    left = begin + loss * hours  # so that it is not below zero at the last sample
    samples = [(moved + hour * HOUR, left - loss * hour) for hour in range(hours)]
    found = full_in(samples, samples[-1][0])
    assert found == pytest.approx(samples[-1][1] / loss * HOUR, rel=1e-3, abs=1.0)


@given(st.lists(st.floats(0, 20 * DAY), max_size=60), st.floats(1, DAY))
def test_thinning_keeps_the_newest_and_the_distance(times: list[float], gap: float) -> None:
    samples = [(at, 1.0) for at in sorted(set(times))]
    now = 20 * DAY
    kept = thinned(samples, now, gap, 14 * DAY)
    recent = [one for one in samples if now - one[0] <= 14 * DAY]
    assert kept[-1:] == recent[-1:] and set(kept) <= set(recent)
    assert all(later[0] - one[0] >= gap for one, later in pairwise(kept[:-1]))
    assert thinned(kept, now, gap, 14 * DAY) == kept
