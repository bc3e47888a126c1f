"""What happened, kept and found again; and what of it is worth a notification."""

import asyncio

import pytest

from vmdesk.core import activity as activity_module
from vmdesk.core import activity_words, notify
from vmdesk.core.activity import Activity, Entry, EntryKind
from vmdesk.core.jobs import Jobs
from vmdesk.core.notify import Notifier
from vmdesk.core.settings import SettingsFile
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text
from vmdesk.virt.lane import Lane


class Bench:
    def __init__(self, file):
        self.file = file
        self.notices = []
        self.bugs = []
        self.jobs = Jobs(self.bugs.append)
        self.lane = Lane(1, "activity")
        self.activity = self.open()

    def open(self):
        return Activity(self.file, self.lane, self.jobs, self.notices.append)


def run(tmp_path, story):
    async def main():
        bench = Bench(tmp_path / "activity.sqlite")
        await story(bench)
        await bench.activity.close()
        await bench.jobs.close()
        bench.lane.shutdown()
        assert bench.bugs == []

    asyncio.run(main())


def entry(n=0, what="started", reason="booted", kind=EntryKind.LIFECYCLE, host="h"):
    return Entry(1000.0 + n, host, host.upper(), kind, what, reason, f"u{n}", f"vm-{n}")


def test_kept_across_restarts_newest_first(tmp_path):
    async def story(bench):
        for n in range(5):
            bench.activity.add(entry(n))
        await bench.activity.close()
        bench.activity = bench.open()
        found = await bench.activity.entries()
        assert [one.name for one in found] == ["vm-4", "vm-3", "vm-2", "vm-1", "vm-0"]
        assert found[0].kind is EntryKind.LIFECYCLE
        assert found[0].id == 5
        assert found[0].key == DomainKey("h", "u4")

    run(tmp_path, story)


def test_found_by_machine_and_kind_page_by_page(tmp_path):
    async def story(bench):
        for n in range(10):
            bench.activity.add(entry(n, host="h" if n % 2 else "i"))
        bench.activity.add(entry(3, "pause", "enospc", EntryKind.IO_ERROR))
        get = bench.activity.entries
        assert await get(key=DomainKey("i", "u3")) == []
        assert [one.what for one in await get(key=DomainKey("h", "u3"))] == ["pause", "started"]
        assert [one.reason for one in await get(kinds=[EntryKind.IO_ERROR, EntryKind.WATCHDOG])] == ["enospc"]
        first = await get(limit=4)
        second = await get(limit=4, before=first[-1].id)
        assert [one.id for one in first + second] == list(range(11, 3, -1))

    run(tmp_path, story)


def test_a_burst_is_told_and_written_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(activity_module, "GATHER", 0.01)

    async def story(bench):
        heard = []
        bench.activity.subscribe(heard.append)
        for n in range(1000):
            bench.activity.add(entry(n))
        assert heard == []
        while not heard:
            await asyncio.sleep(0.005)
        assert [one.id for one in heard[0]] == list(range(1, 1001))

    run(tmp_path, story)


def test_the_oldest_go(tmp_path, monkeypatch):
    monkeypatch.setattr(activity_module, "KEEP", 100)
    monkeypatch.setattr(activity_module, "SLACK", 10)

    async def story(bench):
        for n in range(30):
            for m in range(10):
                bench.activity.add(entry(10 * n + m))
            await bench.activity.flush()
        found = await bench.activity.entries(limit=1000)
        assert 100 <= len(found) <= 110
        assert found[0].name == "vm-299"

    run(tmp_path, story)


def test_a_broken_file_is_set_aside(tmp_path):
    async def story(bench):
        bench.file.write_text("no database" * 1000)
        bench.activity.add(entry())
        assert [one.name for one in await bench.activity.entries()] == ["vm-0"]
        assert [notice.name for notice in bench.notices] == ["database-broken"]
        assert list(tmp_path.glob("activity.sqlite.broken-*"))

    run(tmp_path, story)


@pytest.mark.parametrize(
    ("one", "what", "why", "bad"),
    [
        (entry(), "Started", "booted", False),
        (entry(what="stopped", reason="crashed"), "Stopped", "crashed", True),
        (
            entry(what="pause", reason="enospc", kind=EntryKind.IO_ERROR),
            "Disk error: paused",
            "no space left on the host's disk",
            True,
        ),
        (entry(what="lost", reason="eof", kind=EntryKind.HOST), "Connection lost", "the service ended", True),
        (entry(what="never heard of", reason="of that"), "never heard of", "of that", False),
        (entry(what="silent", reason="", kind=EntryKind.HEALTH), "Does not respond", "", True),
        (entry(what="undefined", reason="removed"), "Definition deleted", "", False),
    ],
)
def test_words(one, what, why, bad):
    assert (activity_words.what(one), activity_words.why(one), activity_words.bad(one)) == (what, why, bad)


class Said(list):
    def __init__(self, bench, tmp_path):
        self.settings = SettingsFile(tmp_path / "settings.json")
        self.notifier = Notifier(bench.activity, bench.jobs, self.settings, self.append)


def test_crashes_and_disk_errors_are_said_once_and_many_together(tmp_path):
    async def story(bench):
        said = Said(bench, tmp_path)
        bench.activity.add(entry(1, "stopped", "crashed"))
        bench.activity.add(entry(1, "started"))
        for _ in range(50):
            bench.activity.add(entry(2, "pause", "enospc", EntryKind.IO_ERROR))
        await bench.activity.flush()
        assert [(one.title, one.body) for one in said] == [
            ("vm-1", "Stopped: crashed"),
            ("vm-2", "Disk error: paused: no space left on the host's disk"),
        ]
        assert said[0].key == DomainKey("h", "u1")
        said.clear()
        for n in range(40):
            bench.activity.add(entry(n + 100, "stopped", "crashed"))
        await bench.activity.flush()
        assert [one.title for one in said] == ["40 machines crashed"]
        said.clear()
        said.settings.set(notify_crash=False, notify_io_error=False)
        bench.activity.add(entry(500, "crashed", "panicked"))
        bench.activity.add(entry(501, "pause", "", EntryKind.IO_ERROR))
        await bench.activity.flush()
        assert said == []
        said.notifier.close()

    run(tmp_path, story)


def test_long_jobs_are_said_when_they_end(tmp_path, monkeypatch):
    monkeypatch.setattr(notify, "LONG", 0.05)

    async def story(bench):
        said = Said(bench, tmp_path)

        async def fails():
            await asyncio.sleep(0.06)
            raise VirtError(Problem(text("There is no room.")))

        async def half(report):
            await asyncio.sleep(0.06)
            report(1.0, text("the guest did not shut down"))

        key = DomainKey("h", "u")
        await asyncio.gather(
            bench.jobs.start(text("Shutting down"), half),
            bench.jobs.start(text("Quick"), asyncio.sleep(0)),
            bench.jobs.start(text("Cloning {name}", name="a"), asyncio.sleep(0.06), keys=(key,)),
            bench.jobs.start(text("Moving"), fails()),
        )
        assert sorted((one.title, one.body) for one in said) == [
            ("Cloning a", "Done"),
            ("Moving", "There is no room."),
            ("Shutting down", "the guest did not shut down"),
        ]

    run(tmp_path, story)
