"""Jobs that fail stand in the activity, with the reason, in the language of the day."""

import asyncio

import pytest

from tests.ui.machines import store_of
from vmdesk.core import activity_words
from vmdesk.core.activity import Activity, Entry, EntryKind
from vmdesk.core.failures import DETAILS, Failure, follow, packed, unpacked
from vmdesk.core.jobs import Jobs
from vmdesk.model import text as text_module
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text, use_language
from vmdesk.virt.lane import Lane

NO_DISK = Problem(
    text("{name} could not be started.", name="web"),
    text("A disk is missing."),
    text("Bring it back."),
    "Cannot access storage file '/x'",
)


@pytest.fixture
def vietnamese(tmp_path):
    (tmp_path / "xx.json").write_text('{"Starting {name}": "Dang chay {name}", "A disk is missing.": "Thieu dia."}')
    use_language(tmp_path, "xx")
    yield
    use_language(tmp_path, "en")
    assert text_module.tr("A disk is missing.") == "A disk is missing."


def kept(tmp_path, story):
    """What is in the file after `story(jobs, store)`, read by another run of the program."""

    async def main():
        bugs = []
        jobs, store, lane = Jobs(bugs.append), store_of(4), Lane(1, "activity")
        activity = Activity(tmp_path / "activity.sqlite", lane, jobs, bugs.append)
        follow(activity, jobs, store)
        await story(jobs, store)
        await activity.close()
        again = Activity(tmp_path / "activity.sqlite", lane, jobs, bugs.append)
        found = await again.entries()
        await again.close()
        await jobs.close()
        lane.shutdown()
        return found, bugs

    return asyncio.run(main())


async def fail(problem=NO_DISK):
    raise VirtError(problem)


def test_a_start_that_fails_is_kept_with_its_reason(tmp_path):
    async def story(jobs, store):
        domain = store.domains[next(key for key in store.domains if key.host == "lab")]
        await jobs.start(text("Starting {name}", name=domain.name), fail(), (domain.key,))

    (entry,), bugs = kept(tmp_path, story)
    assert bugs == []
    assert (entry.kind, entry.host, entry.host_name) == (EntryKind.JOB, "lab", "lab-2")
    assert entry.uuid and entry.name.startswith(("web-", "db-", "build-"))
    assert activity_words.what(entry) == f"Failed: Starting {entry.name}"
    assert activity_words.why(entry) == "A disk is missing."
    assert activity_words.bad(entry)
    whole = activity_words.whole(entry).splitlines()
    assert whole == ["web could not be started.", "A disk is missing.", "Bring it back.", NO_DISK.details]


def test_what_works_and_what_is_cancelled_is_no_failure(tmp_path):
    async def story(jobs, store):
        await jobs.start(text("Starting"), asyncio.sleep(0))
        task = jobs.start(text("Waiting"), asyncio.Event().wait())
        await asyncio.sleep(0)
        jobs.cancel(jobs.running[0].id)
        await task

    assert kept(tmp_path, story) == ([], [])


def test_each_machine_of_a_job_and_a_job_of_none(tmp_path):
    async def story(jobs, store):
        await jobs.start(text("Copying"), fail(), tuple(store.domains)[:2])
        await jobs.start(text("Refreshing {name}", name="default"), fail(Problem(text("No."))))
        await jobs.start(text("Deleting {name}", name="old"), fail(), (DomainKey("lab", "gone"),))

    found, _ = kept(tmp_path, story)
    gone, pool, *machines = found
    assert len({one.uuid for one in machines}) == 2 and all(one.name for one in machines)
    assert (gone.name, gone.uuid, gone.host_name) == ("old", "gone", "lab-2")
    assert (pool.name, pool.uuid, pool.host) == ("", "", "")
    assert activity_words.why(pool) == "No."  # no reason is known: then what did not work


@pytest.mark.parametrize("known", ["lab", "qemu+ssh://admin@lab-2/system"])
def test_work_on_a_host_without_a_machine_names_the_host(tmp_path, known):
    async def story(jobs, store):
        await jobs.start(text("Starting the storage pool {pool}", pool="nas"), fail(), host=known)

    (entry,), _ = kept(tmp_path, story)
    assert (entry.host, entry.host_name, entry.uuid, entry.name) == ("lab", "lab-2", "", "")


def test_a_mistake_of_the_program_is_kept_too(tmp_path):
    async def broken():
        raise KeyError("disk")

    async def story(jobs, store):
        await jobs.start(text("Starting"), broken())

    (entry,), bugs = kept(tmp_path, story)
    assert len(bugs) == 1
    assert "KeyError" in activity_words.whole(entry)


def test_read_in_the_language_of_the_day(vietnamese):
    what, reason = packed(Failure(text("Starting {name}", name="web"), NO_DISK))
    entry = Entry(0.0, "h", "h", EntryKind.JOB, what, reason, "u", "web")
    assert activity_words.what(entry) == "Failed: Dang chay web"
    assert activity_words.why(entry) == "Thieu dia."


def test_words_within_words_and_braces_come_back():
    problem = Problem(text("{what} {{x}}", what=text("in {name}", name="{y}")), details="d" * 9999)
    back = unpacked(*packed(Failure(text("Doing {n}", n=3), problem)))
    assert str(back.doing) == "Doing 3"
    assert str(back.problem.what) == str(problem.what) == "in {y} {x}"
    assert len(back.problem.details) == DETAILS


@pytest.mark.parametrize(("what", "reason"), [("", ""), ("x", "[1,2"), ('"x"', "[1, 2]"), ("{}", '[[1],[2],[3],"4"]')])
def test_what_cannot_be_read_is_shown_as_it_stands(what, reason):
    entry = Entry(0.0, "h", "h", EntryKind.JOB, what, reason)
    assert activity_words.what(entry) == f"Failed: {what}"
    assert activity_words.why(entry) == reason
