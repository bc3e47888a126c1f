"""The last hour of every machine."""

from dataclasses import replace
from math import isnan

import pytest

from tests.unit.core.test_rates import NEW, OLD
from vmdesk.core.history import History
from vmdesk.model.domain import DomainKey
from vmdesk.model.stats import DiskCounters, HostCounters

KEY = DomainKey("h", "u")


class Clock:
    def __init__(self) -> None:
        self.offset = 1_000_000.0

    def __call__(self) -> float:
        return self.offset


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def history(clock):
    return History(clock)


def feed(history, *times, start=0):
    for at in times:
        n = at - times[0] + start
        history.add("h", {"u": replace(OLD, time=float(at), cpu_ns=int(n * 1_000_000_000))})


def test_figures_and_series(history):
    heard = []
    history.subscribe(heard.append)
    history.add("h", {"u": OLD})
    history.add("h", {"u": NEW})
    assert history.figures(KEY).cpu == pytest.approx(50.0)
    line = history.series(KEY, "cpu")
    assert list(line.times) == [1_000_100.0, 1_000_102.0]
    assert isnan(line.values[0])
    assert line.values[1] == pytest.approx(50.0)
    assert "disk.vda.latency" in history.names(KEY)
    assert heard == [frozenset((KEY,))] * 2
    assert list(history.series(KEY, "cpu", since=1_000_101.0).times) == [1_000_102.0]


def test_unknown_is_empty(history):
    assert not history.series(KEY, "cpu").times
    assert isnan(history.figures(KEY).cpu)
    assert history.recent(KEY, "cpu", 10) == []
    assert history.names(KEY) == ()


def test_one_telling_for_a_tick_taken_in_slices(history):
    heard = []
    history.subscribe(heard.append)
    history.add("h", {"u": OLD}, tell=False)
    assert heard == []
    history.tell([KEY])
    assert heard == [frozenset((KEY,))]


def test_restart_is_one_gap(history):
    feed(history, 1, 2, 3)
    feed(history, 4, 5, start=0)
    values = history.series(KEY, "cpu").values
    assert [isnan(v) for v in values] == [True, False, False, True, False]
    assert max(v for v in values if not isnan(v)) == pytest.approx(50.0)


def test_off_ends_the_line(history):
    feed(history, 1, 2)
    history.end(KEY)
    history.end(KEY)
    assert isnan(history.figures(KEY).cpu)
    assert history.reading(KEY) is None
    assert isnan(history.series(KEY, "cpu").values[-1])
    assert len(history.series(KEY, "cpu").times) == 3


def test_only_the_last_hour_is_kept(history):
    feed(history, *range(1, 6000))
    line = history.series(KEY, "cpu")
    assert 3600 <= len(line.times) <= 3600 + 362
    assert len(line.values) == len(line.times)


def test_plugging_makes_columns_and_keeps_the_old(history):
    history.add("h", {"u": OLD})
    history.add("h", {"u": replace(NEW, disks=(*NEW.disks, DiskCounters("vdb", 1, 1, 1, 1, 1, 1)))})
    history.add("h", {"u": replace(NEW, time=104.0, disks=())})
    assert {len(history.series(KEY, name).values) for name in history.names(KEY)} == {3}
    assert isnan(history.series(KEY, "disk.vdb.read").values[0])
    assert isnan(history.series(KEY, "disk.vda.read").values[2])
    assert history.series(KEY, "disk.vda.read").values[1] == 1000


def test_clock_set_back_keeps_order_and_spacing(history, clock):
    feed(history, 1, 2)
    clock.offset -= 3600
    feed(history, 3)
    times = list(history.series(KEY, "cpu").times)
    assert times == [996_401.0, 996_402.0, 996_403.0]


def test_sleep_is_a_gap(history, clock):
    feed(history, 1, 2)
    clock.offset += 600
    feed(history, 3)
    line = history.series(KEY, "cpu")
    assert isnan(line.values[-2])
    assert list(line.times) == sorted(line.times)


def test_recent_thins_to_even_steps(history):
    feed(history, *range(100))
    values = history.recent(KEY, "cpu", 5, step=10.0)
    assert len(values) == 5
    assert values == pytest.approx([50.0] * 5)
    assert len(history.recent(KEY, "cpu", 7, step=0)) == 7
    assert len(history.recent(KEY, "cpu", 50, step=10.0)) == 10


def test_a_late_reading_is_no_gap(history):
    feed(history, *range(10), 14, 15, 16, 21, 22)
    values = history.recent(KEY, "cpu", 8, step=2.0)
    assert values == pytest.approx([50.0] * 8)


def test_slow_readings_keep_their_place_in_time(history):
    feed(history, *range(0, 60, 10), *range(51, 60))
    values = history.recent(KEY, "cpu", 20, step=2.0)
    assert values == pytest.approx([50.0] * 20)
    feed(history, 1000, 1001, 1002, start=1000)
    assert [isnan(v) for v in history.recent(KEY, "cpu", 6, step=2.0)] == [True] * 5 + [False]


def test_time_off_stays_a_gap(history):
    feed(history, 1, 2, 3, 4)
    history.end(KEY)
    feed(history, 14, 15, 16, 17)
    for name in ("cpu", "used"):
        assert any(isnan(v) for v in history.recent(KEY, name, 8, step=2.0))


def test_recent_at_the_slow_cadence_is_as_it_is(history):
    feed(history, *range(0, 500, 10))
    assert len(history.recent(KEY, "cpu", 30, step=10.0)) == 30


def test_who_uses_the_host(history):
    history.add_host("h", HostCounters(1.0, 4, 0, 0, 0, 0, 1000, 500))
    history.add_host("h", HostCounters(2.0, 4, 1_000_000_000, 0, 0, 0, 1000, 500))
    history.add("h", {"u": OLD, "v": OLD})
    history.add("h", {"u": NEW, "v": replace(NEW, cpu_ns=OLD.cpu_ns)})
    first, second = history.shares("h")
    assert (first.key, first.cpu) == (KEY, pytest.approx(25.0))
    assert (second.cpu, second.memory) == (0.0, 1500)
    assert history.host("h", "cpu").values[1] == pytest.approx(25.0)


def test_cut_gives_the_points_of_a_minute(history):
    feed(history, *range(0, 120, 10))
    history.add_host("h", HostCounters(61.0))
    cut = dict(history.cut(1_000_060.0, 1_000_120.0, ("cpu", "used", "nothing")))
    assert len(cut[KEY][0]) == 6
    assert cut[KEY][2] is None
    assert len(cut[DomainKey("h", "")][0]) == 1
    assert history.cut(2_000_000.0, 2_000_060.0, ("cpu",)) == []


def test_forget(history):
    feed(history, 1, 2)
    history.forget(KEY)
    assert history.names(KEY) == ()
    feed(history, 1, 2)
    history.forget_host("h")
    assert history.names(KEY) == ()


def test_two_readings_too_near_are_one(history):
    """A guest that writes once a second has written nothing in the tenth of it: no dip to zero, no gap."""
    feed(history, 100, 101)
    feed(history, 101.1, start=1.1)
    assert list(history.series(KEY, "cpu").values)[1:] == [pytest.approx(50.0)]
    feed(history, 102, start=2)
    assert list(history.series(KEY, "cpu").values)[1:] == [pytest.approx(50.0)] * 2
