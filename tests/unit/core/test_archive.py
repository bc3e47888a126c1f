"""Graphs kept across restarts: three resolutions, gaps with their reason, small, and never in the way."""

import asyncio
import random
import sqlite3
from array import array
from math import isnan

import pytest

from vmdesk.core.archive import Archive, fitting
from vmdesk.core.packing import DAY, MINUTES, QUARTER_DAYS, QUARTERS
from vmdesk.model.domain import DomainKey
from vmdesk.virt.lane import Lane

T0 = 1_700_006_400 // DAY * DAY  # midnight
KEY = DomainKey("h", "u")
HOST = DomainKey("h", "")


class Bench:
    """An archive with its own clock, and what it had to say."""

    def __init__(self, file) -> None:
        self.file = file
        self.now = float(T0)
        self.notices = []
        self.lane = Lane(1, "archive")
        self.archive = self.open()

    def open(self) -> Archive:
        return Archive(self.file, self.lane, self.notices.append, clock=lambda: self.now)

    async def minutes(self, first, count, piece) -> None:
        for n in range(first, first + count):
            self.now = T0 + 60 * n + 61
            await self.archive.add(T0 + 60 * n, piece(n))

    def read(self, series, start, end, key=KEY, step=None):
        return self.archive.read(key, series, T0 + start, T0 + end, step)


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path / "history.sqlite")
    yield bench
    asyncio.run(bench.archive.close())
    bench.lane.shutdown()


def piece(cpu, used=1000.0, key=KEY):
    def line(*values):
        return array("f", values)

    return (key, (line(cpu, cpu + 2), line(used), line(2000.0), line(10.0), line(20.0), line(30.0), line(float("nan"))))


def test_minutes_before_and_after_folding(bench):
    async def main():
        await bench.minutes(0, 90, lambda n: [piece(float(n))])
        return await bench.read("cpu", 0, 90 * 60), await bench.read("tx", 0, 90 * 60)

    cpu, tx = asyncio.run(main())
    assert cpu.step == 60
    assert list(cpu.times) == [T0 + 60 * n for n in range(90)]
    assert list(cpu.average) == pytest.approx([n + 1.0 for n in range(90)], rel=1e-3)
    assert list(cpu.maximum) == pytest.approx([n + 2.0 for n in range(90)], rel=1e-3)
    assert all(isnan(v) for v in tx.average)
    assert bench.notices == []


def test_coarser_resolutions_are_up_to_the_minute(bench):
    async def main():
        await bench.minutes(0, 60 * 7 + 20, lambda n: [piece(10.0 if n < 360 else 50.0)])
        quarter = await bench.read("cpu", 0, 8 * 3600, step=900)
        day = await bench.read("cpu", 0, DAY, step=21_600)
        return quarter, day

    quarter, day = asyncio.run(main())
    assert quarter.average[23] == pytest.approx(11.0, rel=1e-3)
    assert quarter.average[24] == pytest.approx(51.0, rel=1e-3)
    assert quarter.maximum[29] == pytest.approx(52.0, rel=1e-3)  # of the hour that is not over
    assert isnan(quarter.average[30])
    assert list(day.times) == [T0 + n * 21_600 for n in range(4)]
    assert day.average[0] == pytest.approx(11.0, rel=1e-3)
    assert day.average[1] == pytest.approx(51.0, rel=1e-3)
    assert isnan(day.average[2])


def test_memory_is_what_the_guest_uses_else_what_it_was_given(bench):
    async def main():
        await bench.minutes(0, 1, lambda n: [piece(1.0), piece(1.0, float("nan"), DomainKey("h", "v"))])
        return [await bench.read("memory", 0, 60, DomainKey("h", uuid)) for uuid in "uv"]

    used, given = asyncio.run(main())
    assert used.average[0] == pytest.approx(1000, rel=1e-3)
    assert given.average[0] == pytest.approx(2000, rel=1e-3)


def test_a_host_reads_and_sends_what_its_machines_do(bench):
    host = (HOST, (array("f", [40.0]), array("f", [5000.0]), None, None, None, None, None))

    async def main():
        await bench.minutes(0, 1, lambda n: [piece(1.0), piece(1.0, key=DomainKey("h", "v")), host])
        return [await bench.read(name, 0, 60, HOST) for name in ("cpu", "memory", "write")]

    values = [one.average[0] for one in asyncio.run(main())]
    assert values == pytest.approx([40.0, 5000.0, 40.0], rel=1e-3)


def test_closed_time_is_a_labelled_gap(bench):
    async def main():
        await bench.minutes(0, 5, lambda n: [piece(1.0)])
        await bench.archive.close()
        bench.archive = bench.open()
        await bench.minutes(65, 5, lambda n: [piece(1.0)])
        return await bench.read("cpu", 0, 70 * 60), await bench.read("cpu", 65 * 60, 70 * 60)

    both, after = asyncio.run(main())
    assert [(gap.start, gap.end) for gap in both.gaps] == [(T0 + 300, T0 + 65 * 60)]
    assert "closed" in str(both.gaps[0].why)
    assert sum(isnan(v) for v in both.average) == 60
    assert after.gaps == ()


def test_closed_time_is_known_before_the_first_minute_after_it(bench):
    async def main():
        await bench.minutes(0, 5, lambda n: [piece(1.0)])
        await bench.archive.close()
        bench.now = T0 + 30 * 60 + 7.0
        bench.archive = bench.open()
        bench.now += 20
        return await bench.read("cpu", 0, 31 * 60)

    assert [(gap.start, gap.end) for gap in asyncio.run(main()).gaps] == [(T0 + 300, T0 + 30 * 60 + 7)]


def test_short_restart_and_machine_that_is_off_are_no_gap_of_ours(bench):
    async def main():
        await bench.minutes(0, 5, lambda n: [piece(1.0)])
        await bench.archive.close()
        bench.archive = bench.open()
        await bench.minutes(6, 5, lambda n: [])
        return await bench.read("cpu", 0, 660)

    assert asyncio.run(main()).gaps == ()


def test_the_finest_resolution_that_reaches_back():
    now = T0 + 400 * DAY
    assert fitting(now - 3600, now, now) is MINUTES
    assert fitting(now - DAY, now, now) is MINUTES
    assert fitting(now - 2 * DAY, now - DAY, now) is QUARTERS
    assert fitting(now - 30 * DAY, now, now) is QUARTERS
    assert fitting(now - 365 * DAY, now, now) is QUARTER_DAYS


def test_unknown_machine_is_empty(bench):
    found = asyncio.run(bench.read("cpu", 0, 600, DomainKey("h", "nobody")))
    assert len(found.times) == len(found.average) == 10
    assert all(isnan(v) for v in found.average)


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, None, b"half", b"other"])
def test_a_broken_file_is_set_aside_and_work_goes_on(bench, content):
    async def make():
        await bench.minutes(0, 130, lambda n: [piece(1.0, key=DomainKey("h", str(m))) for m in range(40)])
        await bench.archive.close()

    if content is None:  # cut in half
        asyncio.run(make())
        bench.file.write_bytes(bench.file.read_bytes()[: bench.file.stat().st_size // 2])
    elif content == b"other":
        with sqlite3.connect(bench.file) as other:
            other.execute("CREATE TABLE theirs (x)")
        other.close()
    else:
        bench.file.write_bytes(content)
    bench.archive = bench.open()

    async def use():
        await bench.minutes(200, 2, lambda n: [piece(7.0)])
        return await bench.read("cpu", 200 * 60, 202 * 60)

    assert list(asyncio.run(use()).average) == pytest.approx([8.0, 8.0], rel=1e-3)
    assert [notice.name for notice in bench.notices] == ["database-broken"]
    aside = list(bench.file.parent.glob("history.sqlite.broken-*"))
    assert len(aside) == 1
    assert aside[0].name in str(bench.notices[0])


def test_a_file_that_cannot_be_written_is_said_once(bench, tmp_path):
    folder = tmp_path / "a file"
    folder.write_text("")
    bench.file = folder / "history.sqlite"
    bench.archive = bench.open()

    async def main():
        await bench.minutes(0, 2, lambda n: [piece(1.0)])
        return await bench.read("cpu", 0, 60)

    assert not asyncio.run(main()).times
    assert [notice.name for notice in bench.notices] == ["database-unusable"]


def test_two_processes_share_the_file(bench):
    other = Bench(bench.file)

    async def main():
        await asyncio.gather(
            bench.minutes(0, 70, lambda n: [piece(1.0)]),
            other.minutes(0, 70, lambda n: [piece(5.0, key=DomainKey("h", "v"))]),
        )
        found = [await bench.read("cpu", 0, 70 * 60, DomainKey("h", uuid)) for uuid in "uv"]
        await other.archive.close()
        return found

    mine, theirs = asyncio.run(main())
    other.lane.shutdown()
    assert list(mine.average) == pytest.approx([2.0] * 70, rel=1e-3)
    assert list(theirs.average) == pytest.approx([6.0] * 70, rel=1e-3)
    assert bench.notices == other.notices == []


def test_a_year_of_a_thousand_machines_fits(bench):
    """Filled at a fiftieth of the machines with noise, which no packing could shrink; size is linear in machines."""
    machines, spans = 20, (MINUTES, QUARTERS, QUARTER_DAYS)
    rng = random.Random(1)

    async def main():
        await bench.minutes(0, 1, lambda n: [piece(1.0, key=DomainKey("h", str(m))) for m in range(machines)])
        await bench.archive.close()

    asyncio.run(main())
    with sqlite3.connect(bench.file) as file:
        empty = bench.file.stat().st_size
        for tier in spans:
            for number in range(tier.keep // tier.span + 2):
                for machine in range(machines):
                    data = rng.randbytes(len(tier.empty()) * 2)
                    file.execute("INSERT INTO chunks VALUES (?, ?)", (tier.number << 56 | number << 28 | machine, data))
    file.close()
    hour = 60 * 1000 * (24 + 4 + 30)  # the minutes of an hour that is not folded yet
    assert (bench.file.stat().st_size - empty) * 1000 / machines + hour < 250e6
