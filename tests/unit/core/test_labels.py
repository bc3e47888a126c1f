"""Changing labels, and the local file for drivers without metadata."""

from pathlib import Path

import pytest

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


@pytest.mark.parametrize("content", [b"\xff", b"[]", b'{"a": ', b"[" * 100_000, None])
def test_a_broken_file_is_set_aside(tmp_path: Path, content: bytes | None) -> None:
    file, told = tmp_path / "labels.json", list[str]()
    for round_ in (1, 2):
        if content is None:
            file.mkdir()
        else:
            file.write_bytes(content)
        labels = LocalLabels(file)
        labels.hear = lambda problem: told.append(str(problem))
        assert labels.get(WEB) is None
        assert len(list(tmp_path.glob("labels.json.broken-*"))) == len(told) == round_
        labels.put(WEB, OLD)
        assert LocalLabels(file).get(WEB) == OLD
        file.unlink()
    assert all(str(aside) in " ".join(told) for aside in tmp_path.iterdir())
    assert all(content is None or aside.read_bytes() == content for aside in tmp_path.iterdir())


def test_a_broken_file_that_cannot_be_moved_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError(13, "no")

    file = tmp_path / "labels.json"
    file.write_bytes(b"x")
    monkeypatch.setattr(Path, "replace", refuse)
    labels = LocalLabels(file)
    assert labels.get(WEB) is None
    [notice] = labels.notices
    assert f"Check the owner of {file}" in str(notice)


def test_entries_that_make_no_sense_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "labels.json"
    file.write_text('{"practice": {"1": {"title": "T", "tags": ["a"], "x": 1, "notes": 5}, "2": 7}, "other": []}')
    assert LocalLabels(file).get(WEB) == Labels("T", tags=("a",))
    assert LocalLabels(file).get(DomainKey("practice", "2")) is None
