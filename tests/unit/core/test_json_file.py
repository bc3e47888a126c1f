"""A small file in JSON."""

from pathlib import Path

import pytest

from vmdesk.core import json_file


def test_what_is_written_is_read_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "values.json"
    assert json_file.read(file) == {}
    # A path may have bytes that are no letters.
    json_file.write(file, {"path": "/srv/\udcff.iso"})
    assert json_file.read(file) == {"path": "/srv/\udcff.iso"}
    assert [one.name for one in file.parent.iterdir()] == ["values.json"]


@pytest.mark.parametrize("words", ["{", "[1]", "[" * 100_000, '{"format": 2}'])
def test_what_makes_no_sense_is_set_aside(tmp_path: Path, words: str) -> None:
    file = tmp_path / "values.json"
    file.write_text(words)
    assert json_file.read(file, lambda values: values.get("format") == 1) == {}
    (aside,) = tmp_path.iterdir()
    assert aside.name.startswith("values.json.broken-") and aside.read_text() == words


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        json_file.write(tmp_path / "file" / "values.json", {})
