"""Changing labels, and the local file for drivers without metadata."""

from pathlib import Path

from vmdesk.core.labels import LabelsEdit, LocalLabels, tags_of
from vmdesk.model.domain import Domain, DomainKey, Labels

WEB = DomainKey("practice", "1")
OLD = Labels("Title", "Text", "Notes", "Group", ("lab", "Web"))


def test_an_edit_changes_what_it_names() -> None:
    assert LabelsEdit().apply(OLD) == OLD
    assert LabelsEdit(title=" New ", group="").apply(OLD) == Labels("New", "Text", "Notes", "", ("lab", "Web"))


def test_tags_are_added_and_removed_once() -> None:
    assert LabelsEdit(add=("LAB", "db", "db"), remove=("web",)).apply(OLD).tags == ("lab", "db")
    assert LabelsEdit(add=("x",), remove=("X",)).apply(OLD).tags == ("lab", "Web")
    assert tags_of(" a, b  a,c ") == ("a", "b", "c")


def test_kept_across_starts_and_shared(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "labels.json"
    one, other, told = LocalLabels(file), LocalLabels(file), list[DomainKey]()
    one.subscribe(told.append)
    assert other.get(WEB) is None
    one.put(WEB, OLD)
    other.put(DomainKey("practice", "2"), Labels("Ø"))
    again = LocalLabels(file)
    assert again.get(WEB) == OLD
    assert [domain.labels.title for domain in again.merge([Domain(WEB, "web"), Domain(DomainKey("x", "1"), "y")])] == [
        "Title",
        "",
    ]
    one.put(WEB, Labels())
    assert LocalLabels(file).get(WEB) is None
    assert LocalLabels(file).get(DomainKey("practice", "2")) == Labels("Ø")
    assert told == [WEB, WEB]


def test_a_broken_file_is_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "labels.json"
    for content in (b"\xff", b"[]", b'{"a": '):
        file.write_bytes(content)
        labels = LocalLabels(file)
        assert labels.get(WEB) is None
        labels.put(WEB, OLD)
        assert LocalLabels(file).get(WEB) == OLD
        assert (tmp_path / "labels.json.broken").read_bytes() == content


def test_entries_that_make_no_sense_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "labels.json"
    file.write_text('{"practice": {"1": {"title": "T", "tags": ["a"], "x": 1, "notes": 5}, "2": 7}, "other": []}')
    assert LocalLabels(file).get(WEB) == Labels("T", tags=("a",))
    assert LocalLabels(file).get(DomainKey("practice", "2")) is None
