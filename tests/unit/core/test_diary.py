"""What of a host's events becomes an entry of the activity."""

import pytest

from vmdesk.core import activity_words
from vmdesk.core.activity import EntryKind
from vmdesk.core.diary import Diary
from vmdesk.model.event import Event, Kind
from vmdesk.model.host import HostConfig

HOST = HostConfig("h", "Host", "qemu:///system")


class Book:
    """Takes entries as the activity does."""

    def __init__(self):
        self.entries = []

    def add(self, entry):
        self.entries.append(entry)


def written(*events):
    book = Book()
    diary = Diary(book, HOST)
    for event in events:
        diary.event(event)
    return book.entries


def changed(detail, at=1000.0, reason="", uuid="u"):
    return Event("h", 1, Kind.CHANGED, uuid, "web", detail, reason, at)


@pytest.mark.parametrize(
    ("detail", "reason", "words"),
    [
        ("rebooted", "", ("Restarted", "")),
        ("device added", "net1", ("Device added", "net1")),
        ("device removed", "net1", ("Device removed", "net1")),
        ("device not removed", "net1", ("Device not let go by the guest", "net1")),
        ("medium changed", "ide0-0-0", ("Medium changed", "ide0-0-0")),
        ("tray opened", "ide0-0-0", ("Drive opened", "ide0-0-0")),
        ("tray closed", "ide0-0-0", ("Drive closed", "ide0-0-0")),
        ("limits changed", "", ("Limits changed", "")),
        ("memory failure", "", ("The host's memory is faulty", "")),
    ],
)
def test_what_changed_while_a_machine_runs_is_kept_in_words(detail, reason, words):
    (entry,) = written(changed(detail, reason=reason))
    assert entry.kind is EntryKind.CHANGE
    assert (entry.host_name, entry.name, entry.time) == ("Host", "web", 1000.0)
    assert (activity_words.what(entry), activity_words.why(entry)) == words
    assert activity_words.bad(entry) == (detail == "memory failure")


def test_one_restart_told_three_times_is_one_entry():
    times = (1000.0, 1000.1, 1000.2, 1030.0)
    other = changed("rebooted", 1000.1, uuid="other")
    entries = written(changed("rebooted", times[0]), other, *(changed("rebooted", at) for at in times[1:]))
    assert [(entry.uuid, entry.time) for entry in entries] == [("u", 1000.0), ("other", 1000.1), ("u", 1030.0)]


def test_what_is_repeated_all_day_is_not_written():
    assert written(changed("memory changed"), changed("block job"), changed("metadata changed")) == []
