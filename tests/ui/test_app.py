"""The program as a whole, as another process: start, second start, orderly end, broken files."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vmdesk.core.paths import Paths
from vmdesk.core.single import send

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start("--demo")`: the window on a display that nobody sees."""
    running: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "vmdesk", "--settings-dir", str(tmp_path), *words]
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def listens(tmp_path: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until the window hears."""
    end = time.monotonic() + 30
    while not send(Paths.of(tmp_path).socket, {"do": "raise"}):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.1)


def ends(process: "subprocess.Popen[str]", how: int = signal.SIGTERM) -> str:
    """Ask it to end; what it said on stderr."""
    process.send_signal(how)
    _out, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    return errors


def test_starts_is_raised_by_the_second_and_ends_in_order(start: Start, tmp_path: Path) -> None:
    first = start("--demo")
    listens(tmp_path, first)
    second = start("--demo")
    _out, errors = second.communicate(timeout=20)
    assert second.returncode == 0 and "raised" in errors
    said = ends(first).splitlines()
    assert not [line for line in said if "does not support raise" not in line]  # the offscreen platform
    assert json.loads((tmp_path / "window.json").read_text())["machines"]["sort"] == "name"
    assert (tmp_path / "practice.xml").is_file()
    assert not Paths.of(tmp_path).socket.exists()


def test_ctrl_c_ends_it_in_order(start: Start, tmp_path: Path) -> None:
    window = start("--demo")
    listens(tmp_path, window)
    assert "Traceback" not in ends(window, signal.SIGINT)


def test_broken_files_are_set_aside(start: Start, tmp_path: Path) -> None:
    for name in ("settings.json", "window.json", "history.sqlite", "activity.sqlite", "practice.xml", "labels.json"):
        (tmp_path / name).write_text('{"cut in ha')
    window = start("--demo")
    listens(tmp_path, window)
    ends(window)
    aside = {file.name.partition(".broken")[0] for file in tmp_path.glob("*.broken*")}
    assert {"settings.json", "window.json", "practice.xml"} <= aside


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--connect", ""), 2),
        (("--connect", "   "), 2),
        (("--connect", "http://[half"), 2),
        (("--connect", "qemu:///system", "--connect", "\x01\x02"), 2),
        (("--settings-dir", "list"), 2),
        (("--connect", "qemu+ext:///system?command=/bin/true"), 2),
        (("--connect", "no-such-name"), 2),
        (("--settings-dir",), 2),
        (("--unknown",), 2),
    ],
)
def test_wrong_usage(start: Start, words: tuple[str, ...], code: int) -> None:
    process = start(*words)
    _out, errors = process.communicate(timeout=20)
    assert process.returncode == code
    assert errors and "Traceback" not in errors


def test_an_unusable_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = [sys.executable, "-m", "vmdesk", "--demo", "--settings-dir", str(tmp_path / "file" / "below")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "cannot be used" in done.stderr and "Traceback" not in done.stderr


def test_no_display_is_told() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("QT_QPA_PLATFORM", "DISPLAY")}
    command = [sys.executable, "-m", "vmdesk", "--demo"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)
    assert done.returncode == 1
    assert "no display" in done.stderr and "Traceback" not in done.stderr
