"""When a growing file is looked at again, what is said of it, and when it is marked again."""

import asyncio
import contextlib
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdesk.core.storage import growth
from vmdesk.core.storage.growth import STEPS, Growth, GrowthWatch, growing, pool_of
from vmdesk.core.store import Store
from vmdesk.model.domain import Definition, Disk, Domain, DomainKey, State
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Capabilities, Feature, Host, HostConfig, Link
from vmdesk.model.storage import Pool
from vmdesk.model.text import text

GB = 1_000_000_000
IMAGES = Pool("images", "p1", "dir", "/pool", capacity=100 * GB, available=50 * GB)
VDA = Disk("vda", "disk", "/pool/web.qcow2", "qcow2", False)
KEY = DomainKey("h", "1")


@pytest.mark.parametrize(
    ("length", "capacity", "free", "reached", "mark", "short"),
    [
        (1, 20, None, 0, 18.0, False),
        (1, 20, 100, 0, 18.0, False),
        (10, 40, 10, 0, 18.0, True),  # the pool is full first
        (18, 20, 100, 1, 19.4, False),
        (19.5, 20, 100, 2, None, False),
        (20.1, 20, 100, 2, None, False),  # all of it is there: it grows no more
        (10, 40, 0, 2, None, True),
        (10, 40, 30, 0, 36.0, False),
    ],
)
def test_the_next_mark(length, capacity, free, reached, mark, short):
    one = Growth(int(length * GB), capacity * GB, None if free is None else free * GB)
    assert (one.reached, one.short) == (reached, short)
    assert one.mark == (None if mark is None else pytest.approx(mark * GB))


@given(st.integers(0, 1 << 50), st.integers(1, 1 << 50), st.none() | st.integers(0, 1 << 50))
def test_a_mark_is_ahead_and_is_reached_before_the_end(length, capacity, free):
    one = Growth(length, capacity, free)
    if one.mark is None:
        assert one.reached == len(STEPS)
    else:
        assert length < one.mark <= one.most
        written = one.mark - length
        after = Growth(one.mark, capacity, None if free is None else free - written)
        assert (after.most == one.most and after.reached == one.reached + 1) or after.mark is None


def test_which_disks_grow():
    others = (
        Disk("sda", "cdrom", "/pool/cd.iso", "raw", True),
        Disk("vdb", "disk", "/pool/full.raw", "raw", False),
        Disk("vdc", "disk", "/dev/vg/thin", "qcow2", False),
        Disk("vdd", "disk", "nbd://far/disk", "qcow2", False),
        Disk("vde", "disk", "/pool/base.qcow2", "qcow2", True),
        Disk("vdf", "disk", "", "qcow2", False),
    )
    assert growing(Domain(KEY, "web", definition=Definition(disks=(VDA, *others)))) == (VDA,)


def test_the_pool_of_a_disk():
    inner = Pool("inner", "p2", "dir", "/pool/inner", capacity=GB, available=GB)
    off = Pool("off", "p3", "dir", "/off", active=False)
    group = Pool("vg", "p4", "logical", "/dev/vg", capacity=GB, available=GB)
    found = [pool_of(path, (IMAGES, inner, off, group)) for path in ("/pool/a", "/pool/inner/a", "/pools/a", "/off/a")]
    assert found == [IMAGES, inner, None, None]
    assert pool_of("inner/a.qcow2", (IMAGES, inner)) == inner and pool_of("vg/a", (group,)) is None


class Bed:
    """A host whose machine's disks are as long as `lengths` says."""

    def __init__(self, monkeypatch, lacking=frozenset()):
        self.lengths = {"vda": 1 * GB}
        self.pool = IMAGES
        self.marks, self.told, self.counted = [], [], []
        self.silent = False
        self.store = Store()
        able = Capabilities(driver="QEMU", lacking=frozenset(lacking))
        self.host = Host(HostConfig("h", "laptop", "qemu:///system"), Link.UP, capabilities=able)
        self.store.put_host(self.host)
        self.domain = Domain(KEY, "web", State.RUNNING, live_id=7, definition=Definition(disks=(VDA,)))
        self.store.update([self.domain])
        monkeypatch.setattr(growth, "REST", 0.0)
        monkeypatch.setattr(growth.thresholds, "length", self._length)
        monkeypatch.setattr(growth.thresholds, "arm", self._arm)
        monkeypatch.setattr(growth.storage, "refresh", self._refresh)
        sessions = SimpleNamespace(get=lambda _host: SimpleNamespace(connection=object()))
        self.watch = GrowthWatch(sessions, self.store, self._pools, lambda *words: self.told.append(words))

    async def _length(self, _connection, _uuid, target):
        if self.silent:
            raise VirtError(Problem(text("It did not work."), name="timeout"))
        return self.lengths[target], 20 * GB

    async def _arm(self, _connection, _uuid, target, mark):
        self.marks.append((target, mark // GB))

    async def _refresh(self, _connection, name):
        self.counted.append(name)

    async def _pools(self, _host):
        return (self.pool,)

    def put(self, **changes):
        self.domain = replace(self.domain, **changes)
        self.store.update([self.domain])

    async def settle(self):
        for _ in range(20):
            await asyncio.sleep(0)
        await asyncio.sleep(0.005)

    def run(self, story):
        async def whole():
            task = asyncio.create_task(self.watch.run())
            await self.settle()
            await story()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        asyncio.run(whole())


def test_marked_again_where_one_was_passed_and_told_once_for_each(monkeypatch):
    bed = Bed(monkeypatch)

    async def story():
        assert bed.marks == [("vda", 18)] and bed.told == []
        for length in (18.2, 19.5):
            bed.lengths["vda"] = int(length * GB)
            for _ in range(2):  # QEMU's event comes for the disk and for its file
                bed.store.stir_disks([KEY])
                await bed.settle()
        bed.store.stir_disks([DomainKey("elsewhere", "1")])
        await bed.settle()
        assert set(bed.marks) == {("vda", 18), ("vda", 19)}
        assert [(key, target) for key, target, _problem in bed.told] == [(KEY, "vda")] * 2
        problem = bed.told[0][2]
        assert str(problem.what) == "vda of web is almost as large as it can become."
        assert str(problem.why) == "Its file has 18 GB of 20 GB; images has 50 GB left."
        assert "enlarge" in str(problem.what_next)
        assert len(bed.counted) == 5  # what is left is counted when something grew, not believed

    bed.run(story)


def test_a_pool_that_is_full_first(monkeypatch):
    bed = Bed(monkeypatch)
    bed.pool = replace(IMAGES, available=4 * GB)

    async def story():
        assert bed.marks == [("vda", 4)]
        bed.lengths["vda"], bed.pool = int(4.6 * GB), replace(IMAGES, available=GB // 2)
        bed.store.stir_disks([KEY])
        await bed.settle()
        assert str(bed.told[0][2].what_next) == "Make room there."

    bed.run(story)


def test_marked_on_start_and_for_another_file_and_when_the_host_is_back(monkeypatch):
    bed = Bed(monkeypatch)

    async def story():
        bed.put(addresses=("10.0.0.1",))
        await bed.settle()
        assert len(bed.marks) == 1  # the same run with the same files
        bed.put(definition=Definition(disks=(replace(VDA, source="/pool/over.qcow2"),)))
        await bed.settle()
        assert len(bed.marks) == 2
        bed.put(state=State.SHUTOFF, live_id=-1)
        await bed.settle()
        assert len(bed.marks) == 2
        bed.put(state=State.RUNNING, live_id=8)
        await bed.settle()
        assert len(bed.marks) == 3
        bed.store.put_host(replace(bed.host, link=Link.LOST))
        bed.lengths["vda"] = 19 * GB
        bed.store.put_host(bed.host)
        await bed.settle()
        assert len(bed.marks) == 4 and len(bed.told) == 1  # grown while the host was away

    bed.run(story)


def test_what_was_almost_full_before_is_no_news(monkeypatch):
    bed = Bed(monkeypatch)
    bed.lengths["vda"] = 19 * GB

    async def story():
        assert bed.marks == [("vda", 19)] and bed.told == []

    bed.run(story)


def test_one_that_does_not_answer_is_asked_again_when_it_does(monkeypatch):
    bed = Bed(monkeypatch)
    bed.silent = True

    async def story():
        bed.put(responding=False)
        bed.silent = False
        await bed.settle()
        assert bed.marks == []
        bed.put(responding=True)
        await bed.settle()
        assert bed.marks == [("vda", 18)]

    bed.run(story)


def test_off_where_the_driver_cannot_do_it(monkeypatch):
    bed = Bed(monkeypatch, {Feature.BLOCK_THRESHOLD})

    async def story():
        bed.put(live_id=9)
        bed.store.stir_disks([KEY])
        await bed.settle()
        assert bed.marks == [] and bed.counted == []

    bed.run(story)
