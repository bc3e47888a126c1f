"""QEMU's log of a machine."""

import os
import time
from pathlib import Path

import pytest

from vmdesk.virt import logs

OLD = "2026-01-01 10:00:00.000+0000: starting up libvirt version: 9.0.0\nold words\n"
START = "2026-01-02 10:00:00.000+0000: starting up libvirt version: 9.0.0\n"
COMMAND = "LC_ALL=C \\\n/usr/bin/qemu-system-x86_64 \\\n" + "-device x \\\n" * 60 + "-msg timestamp=on\n"
NEW = START + "qemu: no such disk\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "web.log"
    file.write_text(OLD + NEW)
    return file


def test_only_the_last_start(log: Path) -> None:
    assert logs.tail(log) == NEW.strip()


def test_its_command_line_is_left_out(log: Path) -> None:
    log.write_text(OLD + START + COMMAND + "qemu: no such disk\n")
    assert logs.tail(log) == NEW.strip()


def test_a_start_that_did_not_reach_qemu_has_no_log(log: Path) -> None:
    os.utime(log, (time.time() - 60, time.time() - 60))
    assert logs.tail(log, time.time()) == ""
    os.utime(log)
    assert logs.tail(log, time.time()) == NEW.strip()


def test_what_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    assert logs.tail(tmp_path / "none.log") == ""


def test_what_only_root_may_read_is_told(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert f"sudo tail {log}" in logs.tail(log)


def test_long_logs_are_cut(log: Path) -> None:
    log.write_text("x" * 100_000 + "\n" + "line\n" * 500)
    assert 30 < len(logs.tail(log).splitlines()) < 60
