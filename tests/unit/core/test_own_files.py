"""Files of the person's, in a worker."""

import asyncio
import threading
from pathlib import Path

import pytest

from vmdesk.core import own_files


def test_only_plain_files_and_only_folders(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("x")
    assert asyncio.run(own_files.plain((file, tmp_path, tmp_path / "gone"))) == (file,)
    assert asyncio.run(own_files.is_folder(tmp_path, 60)) and not asyncio.run(own_files.is_folder(file, 60))


def test_a_file_is_written_or_says_why_not(tmp_path: Path) -> None:
    asyncio.run(own_files.write(tmp_path / "a", b"content"))
    assert (tmp_path / "a").read_bytes() == b"content"
    with pytest.raises(OSError, match="not"):
        asyncio.run(own_files.write(tmp_path / "not" / "there", b""))


def test_a_drive_that_does_not_answer_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(Path, "is_dir", lambda _path: answered.wait(60))
    try:
        assert not asyncio.run(own_files.is_folder(Path("/net/dead"), 0.01))
    finally:
        answered.set()
