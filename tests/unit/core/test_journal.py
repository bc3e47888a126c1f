"""The intent journal."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vmdesk.core.journal import Journal
from vmdesk.model.errors import VirtError


def test_a_living_operation_is_nobody_elses(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    entry = journal.begin("create", "qemu:///system", "web-01", count=2)
    entry.step("volume", pool="default", name="web-01.qcow2")
    assert list(journal.abandoned()) == []
    entry.close()
    assert list((tmp_path / "journal").iterdir()) == []


def test_what_a_killed_program_was_about_to_do_is_found(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from vmdesk.core.journal import Journal
entry = Journal(Path(sys.argv[1])).begin("create", "qemu:///system", "web-01", count=2)
number = entry.step("volume", pool="default", name="web-01.qcow2")
entry.did(number, path="/pool/web-01.qcow2")
entry.step("define", uuid="u")
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    ((record, entry),) = Journal(tmp_path).abandoned()
    assert (record.kind, record.host, record.title, record.data) == ("create", "qemu:///system", "web-01", {"count": 2})
    volume, define = record.steps
    assert volume.done and volume.data == {"pool": "default", "name": "web-01.qcow2", "path": "/pool/web-01.qcow2"}
    assert not define.done and define.what == "define"
    # Whoever found it holds it: a second start must not do the same.
    assert list(Journal(tmp_path).abandoned()) == []
    entry.leave()
    ((_, again),) = Journal(tmp_path).abandoned()
    again.close()
    assert list(tmp_path.iterdir()) == []


def test_a_line_cut_in_half_was_not_begun(tmp_path: Path) -> None:
    entry = Journal(tmp_path).begin("create", "h", "t")
    entry.step("volume", name="a")
    entry.step("volume", name="b")
    entry.leave()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    ((record, held),) = Journal(tmp_path).abandoned()
    assert [step.data["name"] for step in record.steps] == ["a"]
    held.close()


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"[]\n", json.dumps({"format": 99}).encode() + b"\n"])
def test_what_cannot_be_understood_is_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.journal").write_bytes(content)
    assert list(Journal(tmp_path).abandoned()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["x.broken"]


def test_steps_go_on_with_the_next_number(tmp_path: Path) -> None:
    entry = Journal(tmp_path).begin("create", "h", "t")
    entry.step("volume", name="a")
    entry.leave()
    ((_, again),) = Journal(tmp_path).abandoned()
    again.did(again.step("define", uuid="u"))
    again.leave()
    ((record, last),) = Journal(tmp_path).abandoned()
    assert [(step.what, step.done) for step in record.steps] == [("volume", False), ("define", True)]
    last.close()


def test_nothing_begins_that_cannot_be_written_down(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(VirtError) as caught:
        Journal(tmp_path / "file").begin("create", "h", "t")
    assert caught.value.problem.name == "journal"
    assert os.listdir(tmp_path) == ["file"]
