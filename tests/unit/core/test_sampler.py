"""What is read how often, and what one hung machine does to the others: nothing."""

import asyncio
from collections import Counter
from math import isnan

import pytest

from tests.fakes.host import FakeHost
from tests.unit.core.test_session import World
from vmdesk.core import host_sampler, rates, ward
from vmdesk.core.activity import EntryKind
from vmdesk.core.history import History
from vmdesk.core.sampler import Sampler
from vmdesk.core.settings import Settings, SettingsFile
from vmdesk.model.domain import DomainKey
from vmdesk.model.host import Link
from vmdesk.model.text import text

FAST = Settings(looked=0.02, sorted=0.05, others=0.1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(host_sampler, "SECOND_LOOK", 0.06)
    monkeypatch.setattr(host_sampler, "SLOW_HOST", 0.1)
    monkeypatch.setattr(ward, "WORKING", 0.05)
    monkeypatch.setattr(ward, "RETRY", 0.2)
    monkeypatch.setattr(rates, "SHORTEST", 0.001)


class Sampled(World):
    def __init__(self, machines, settings=FAST):
        super().__init__(machines)
        self.history = History()
        self.settings = SettingsFile(None)
        self.settings.current = settings
        self.sampler = Sampler(self.sessions, self.store, self.history, self.jobs, self.settings)
        for uuid in self.fake.machines:
            self.fake.start(uuid)

    def key(self, n):
        return DomainKey("h", list(self.fake.machines)[n])

    def count(self, call):
        return Counter(name for name, _ in self.fake.log)[call]

    def points(self, n):
        return len(self.history.series(self.key(n), "cpu").times)


def run(machines, story, settings=FAST):
    async def main():
        w = Sampled(machines, settings)
        await w.session.open()
        await story(w)
        w.sampler.close()
        await w.sessions.close()
        await w.jobs.close()
        assert w.bugs == []
        assert all(len(w.history.series(w.key(n), "cpu").times) < 3600 for n in range(len(w.fake.machines)))

    asyncio.run(main())


def test_everything_slowly_the_watched_quickly_and_one_call_a_tick():
    async def story(w):
        w.sampler.watch([w.key(0)])
        heard = []
        w.history.subscribe(heard.append)
        await asyncio.sleep(0.45)
        assert w.history.figures(w.key(1)).cpu == pytest.approx(50, abs=1)
        assert 3 <= w.points(1) <= 6
        assert w.points(0) > 2 * w.points(1)
        assert set(w.fake.log) <= {("list_all", 3), ("bulk", 3), ("bulk", 1), ("host", 1), ("addresses", 1)}
        assert w.count("bulk") - len(heard) in (0, 1)  # the last one may be under way
        assert abs(len(w.history.host("h", "cpu").times) - w.fake.log.count(("bulk", 3))) <= 1

    run(3, story)


def test_all_quickly_while_a_figure_decides_and_slowly_while_nobody_sees(monkeypatch):
    monkeypatch.setattr("vmdesk.core.sampler.HIDDEN", 60.0)

    async def story(w):
        w.sampler.fast(True)
        await asyncio.sleep(0.35)
        assert w.points(2) >= 5
        w.sampler.watch([w.key(0)])
        w.sampler.visible(False)
        await asyncio.sleep(0.1)
        before = w.count("bulk")
        await asyncio.sleep(0.2)
        assert w.count("bulk") == before

    run(3, story)


def test_nobody_looks_nothing_ticks():
    async def story(w):
        await asyncio.sleep(0.3)
        assert {n for call, n in w.fake.log if call == "bulk"} == {3}
        assert w.count("bulk") <= 5

    run(3, story)


def test_the_host_is_read_quickly_while_it_is_looked_at():
    async def story(w):
        w.sampler.watch([], ["h"])
        await asyncio.sleep(0.3)
        assert len(w.history.host("h", "cpu").times) >= 6
        assert w.history.host("h", "cpu").values[-1] == pytest.approx(25, abs=1)

    run(1, story)


def test_only_running_machines_and_figures_soon_after_a_start():
    async def story(w):
        uuid = w.key(0).uuid
        await asyncio.sleep(0.1)
        w.fake.stop(uuid)
        await w.until(lambda: not w.domain(0).active)
        assert isnan(w.history.figures(w.key(0)).cpu)
        w.fake.log.clear()
        await asyncio.sleep(0.15)
        assert {n for call, n in w.fake.log if call == "bulk"} == {1}
        w.fake.start(uuid)
        await w.until(lambda: w.history.figures(w.key(0)).cpu > 1, 0.2)
        values = w.history.series(w.key(0), "cpu").values
        assert all(isnan(v) or v < 60 for v in values)

    run(2, story, Settings(looked=0.02, sorted=0.05, others=0.1))


def test_a_paused_machine_is_read_soon():
    async def story(w):
        await w.until(lambda: w.history.figures(w.key(0)).cpu > 1)
        w.fake.suspend(w.key(0).uuid)
        await w.until(lambda: w.history.figures(w.key(0)).cpu == 0, 1.0)

    run(2, story, Settings(looked=0.02, sorted=5.0, others=5.0))


def test_one_hung_machine_of_twenty():
    async def story(w):
        await asyncio.sleep(0.1)
        w.fake.machines[w.key(7).uuid].hung = True
        await w.until(lambda: not w.domain(7).responding, 1.0)
        assert w.fake.connection.renewed == 1
        assert w.fake.worst_outstanding == 1  # libvirt passes it over while our first call is stuck on it
        others = w.points(3)
        w.fake.log.clear()
        await asyncio.sleep(0.25)
        assert w.points(3) > others
        assert all(w.domain(n).responding for n in range(20) if n != 7)
        assert {n for call, n in w.fake.log if call == "bulk"} == {19}
        assert w.count("single") <= 2
        assert w.session.require()  # commands still run
        w.fake.machines[w.key(7).uuid].hung = False
        await w.until(lambda: w.domain(7).responding, 1.0)
        w.fake.log.clear()
        await w.until(lambda: ("bulk", 20) in w.fake.log, 1.0)
        assert w.entries.words(EntryKind.HEALTH) == [("silent", "vm-7"), ("answers", "vm-7")]

    run(20, story)


def test_a_hung_machine_forced_off_is_no_case_any_more():
    async def story(w):
        await asyncio.sleep(0.1)
        w.fake.machines[w.key(0).uuid].hung = True
        await w.until(lambda: not w.domain(0).responding)
        w.fake.stop(w.key(0).uuid)
        await w.until(lambda: w.domain(0).responding and not w.domain(0).active)
        w.fake.start(w.key(0).uuid)
        await w.until(lambda: w.history.figures(w.key(0)).cpu > 1)

    run(3, story)


def test_many_hung_machines_never_take_more_than_a_few_workers():
    async def story(w):
        await asyncio.sleep(0.1)
        for n in range(0, 20, 2):
            w.fake.machines[w.key(n).uuid].hung = True
        await w.until(lambda: not w.domain(0).responding)
        await asyncio.sleep(0.6)
        assert w.fake.worst_outstanding <= ward.STUCK + 1
        for n in range(20):
            w.fake.machines[w.key(n).uuid].hung = False
        await w.until(lambda: all(w.domain(n).responding for n in range(20)))
        w.fake.log.clear()
        await w.until(lambda: ("bulk", 20) in w.fake.log)

    run(20, story)


def test_a_machine_with_a_job_is_busy_and_never_silent():
    async def story(w):
        await asyncio.sleep(0.1)
        uuid = w.key(0).uuid
        done = asyncio.Event()
        job = w.jobs.start(text("Saving {name}", name="vm-0"), done.wait(), keys=(w.key(0),))
        w.fake.machines[uuid].hung = True
        await w.until(lambda: w.domain(0).busy)
        assert w.domain(0).responding
        w.fake.machines[uuid].hung = False
        done.set()
        await job
        await w.until(lambda: not w.domain(0).busy, 1.0)
        assert w.entries.words(EntryKind.HEALTH) == []

    run(3, story)


def test_anothers_job_that_lasts_is_busy():
    async def story(w):
        machine = w.fake.machines[w.key(0).uuid]
        machine.job = "backup"
        await w.until(lambda: w.domain(0).busy == "backup", 1.0)
        await asyncio.sleep(0.2)
        assert w.domain(0).busy == "backup"
        assert w.count("job") == 1
        assert w.domain(0).responding
        machine.job = ""
        await w.until(lambda: w.domain(0).busy == "", 1.0)
        await w.until(lambda: w.history.figures(w.key(0)).cpu > 1, 1.0)

    run(2, story)


def test_a_host_that_is_slow_as_a_whole_is_no_machines_fault():
    async def story(w):
        await asyncio.sleep(0.1)
        w.fake.slow = True
        await asyncio.sleep(0.3)
        assert all(w.domain(n).responding for n in range(3))
        assert w.count("single") == 0
        w.fake.slow = False
        before = w.points(0)
        await w.until(lambda: w.points(0) > before)

    run(3, story)


def test_a_lost_host_has_no_figures_and_gets_them_again():
    async def story(w):
        await w.until(lambda: w.history.figures(w.key(0)).cpu > 1)
        w.fake.die()
        await w.until(lambda: w.host.link is Link.LOST)
        assert isnan(w.history.figures(w.key(0)).cpu)
        w.fake.rise()
        await w.until(lambda: w.history.figures(w.key(0)).cpu > 1)
        await w.sessions.remove("h")
        assert w.history.names(w.key(0)) == ()

    run(2, story)


def test_sleep_of_the_computer_lists_everything_again(monkeypatch):
    slept = [0.0]
    monkeypatch.setattr(host_sampler, "_asleep", lambda: slept[0])

    async def story(w):
        await asyncio.sleep(0.05)
        assert w.count("list_all") == 1
        slept[0] = 3600.0
        await w.until(lambda: w.count("list_all") == 2)

    run(1, story)


def test_the_fake_is_what_the_story_needs():
    assert FakeHost(2).listing("h").keys() == {DomainKey("h", uuid) for uuid in FakeHost(2).machines}
