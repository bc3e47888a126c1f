"""The last full minute of the history goes to the archive, and comes back from it."""

import asyncio
from dataclasses import replace

import pytest

from tests.unit.core.test_rates import OLD
from vmdesk.core.archive import Archive
from vmdesk.core.history import History
from vmdesk.core.recorder import Recorder
from vmdesk.model.domain import DomainKey
from vmdesk.model.stats import HostCounters
from vmdesk.virt.lane import Lane

MINUTE = 1_700_000_040 // 60 * 60


def test_a_minute_goes_through(tmp_path):
    history = History(lambda: 0.0)
    lane = Lane(1, "archive")
    archive = Archive(tmp_path / "history.sqlite", lane, pytest.fail, clock=lambda: MINUTE + 61.0)
    recorder = Recorder(history, archive, lambda: True, clock=lambda: MINUTE + 61.0)
    for second in range(0, 60, 10):
        at = float(MINUTE + second)
        history.add("h", {"u": replace(OLD, time=at, cpu_ns=int(second * 1e9))})
        history.add_host("h", HostCounters(at, 4, int(second * 1e9), 0, 0, 0, 1000, 400))

    async def main():
        await recorder.write()
        cpu = await archive.read(DomainKey("h", "u"), "cpu", MINUTE, MINUTE + 60)
        memory = await archive.read(DomainKey("h", ""), "memory", MINUTE, MINUTE + 60)
        await archive.close()
        return cpu, memory

    cpu, memory = asyncio.run(main())
    lane.shutdown()
    assert (cpu.average[0], cpu.maximum[0]) == pytest.approx((50.0, 50.0), rel=1e-3)
    assert memory.average[0] == pytest.approx(600.0, rel=1e-3)
