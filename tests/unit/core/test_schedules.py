"""Schedules: their units are what systemd takes, and what was begun and refused leaves nothing."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from vmdesk.core import schedules
from vmdesk.core.schedules import Schedule
from vmdesk.model.errors import VirtError

ONE = Schedule("qemu:///system", "10000000-0000-4000-8000-000000000001", "web-01", "daily", 7, ("--external",))
ODD = Schedule(
    'qemu+ssh://ann@lab/system?a="b"&c=%41$HOME', ONE.uuid, 'a "b" %n \\ ${x}\n[Service]', "Mon..Fri 22:00", 3
)

# What systemctl does as far as schedules need it: units are files, `enable` links them. "broken" refuses.
SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$LOG"
test "$1" = --user || exit 9
case "$2" in
show-environment) exit ${NO_MANAGER:-0} ;;
daemon-reload) exit 0 ;;
enable) test -n "$BROKEN" && { echo "Failed to enable"; exit 1; }
  unit="$XDG_CONFIG_HOME/systemd/user/$4"
  test -f "$unit" || exit 1
  mkdir -p "$XDG_CONFIG_HOME/systemd/user/timers.target.wants"
  ln -sf "$unit" "$XDG_CONFIG_HOME/systemd/user/timers.target.wants/$4" ;;
show) test "$3" = --property=Result || exit 7
  case "$4" in *"${FAILED:-none}"*) echo Result=exit-code ;; *) echo Result=success ;; esac ;;
disable) rm -f "$XDG_CONFIG_HOME/systemd/user/timers.target.wants/$4" ;;
*) exit 8 ;;
esac
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "systemctl").write_text(SYSTEMCTL)
    (programs / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    (tmp_path / "log").touch()
    return tmp_path


def units(home: Path) -> list[str]:
    return sorted(file.name for file in (home / "config").rglob("*") if not file.is_dir() or file.is_symlink())


def test_added_listed_removed(home: Path) -> None:
    schedules.add(ONE)
    assert schedules.listed() == [ONE] == schedules.listed(ONE.uri, ONE.uuid)
    assert schedules.listed("other") == [] and schedules.listed("", "other") == []
    assert units(home) == sorted([f"{ONE.unit}.service", f"{ONE.unit}.timer", f"{ONE.unit}.timer"])
    assert (home / "log").read_text().splitlines() == [
        "--user show-environment",
        "--user daemon-reload",
        f"--user enable --now {ONE.unit}.timer",
    ]
    schedules.remove(ONE)
    assert schedules.listed() == [] and units(home) == []


def test_the_same_time_again_replaces_it(home: Path) -> None:
    schedules.add(ONE)
    other = Schedule(ONE.uri, ONE.uuid, ONE.name, "daily", 3)
    schedules.add(other)
    assert schedules.listed() == [other]


def test_without_a_manager_nothing_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_MANAGER", "1")
    with pytest.raises(VirtError, match="enable-linger"):
        schedules.add(ONE)
    assert units(home) == []
    monkeypatch.setenv("PATH", "/nowhere")
    problem = schedules.unable()
    assert problem is not None and problem.name == "no-systemd" and "--keep" in str(problem.what_next)


def test_what_systemd_refuses_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKEN", "1")
    with pytest.raises(VirtError) as caught:
        schedules.add(ONE)
    assert "Failed to enable" in caught.value.problem.details and units(home) == []


def test_one_that_failed_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schedules.add(ONE)
    other = Schedule(ONE.uri, ONE.uuid, ONE.name, "weekly", 3)
    assert schedules.failed([ONE, other]) == frozenset() == schedules.failed([])
    monkeypatch.setenv("FAILED", other.unit)
    assert schedules.failed([ONE, other]) == {other.unit} and other.unit in schedules.log_command(other)


def test_other_files_are_no_schedules(home: Path) -> None:
    schedules.add(ONE)
    place = schedules.folder()
    (place / "vmdesk-snapshot-x.service").write_text("[Service]\n")
    (place / "vmdesk-snapshot-y.service").write_text("# VMDesk: {\n")
    (place / "vmdesk-snapshot-z.service").write_text((place / f"{ONE.unit}.service").read_text())
    assert schedules.listed() == [ONE]


@pytest.mark.parametrize(("every", "keep"), [("daily", 0), ("daily", 366), ("", 7), ("a\nb", 7)])
def test_what_is_no_schedule(every: str, keep: int) -> None:
    with pytest.raises(VirtError):
        schedules.check(every, keep)


def _unquoted(line: str) -> list[str]:
    """ExecStart= as systemd.service(5) has it read: quotes, C escapes, %% and $$."""
    words, at = [], 0
    while at < len(line):
        assert line[at] == '"'
        word, at = "", at + 1
        while line[at] != '"':
            if line[at] == "\\":
                word += {"n": "\n", "t": "\t"}.get(line[at + 1], line[at + 1])
                at += 2
            elif line[at] in "%$":
                assert line[at + 1] == line[at]
                word += line[at]
                at += 2
            else:
                word += line[at]
                at += 1
        words.append(word)
        at += 2
    return words


@pytest.mark.parametrize("one", [ONE, ODD])
def test_the_command_is_called_as_it_is_meant(one: Schedule) -> None:
    words = schedules.command(one, Path('/a folder/"x"'))
    text = schedules.service(one, words)
    assert sum(line.startswith("[Service]") for line in text.splitlines()) == 1
    (line,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    assert _unquoted(line.removeprefix("ExecStart=")) == list(words)
    assert words[-2:] == ("--", one.uuid) and one.uri in words


@pytest.mark.parametrize("one", [ONE, ODD])
def test_systemd_takes_the_units(one: Schedule, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not there")
    (tmp_path / "run").mkdir()
    words = ("/bin/true", *schedules.command(one)[1:])
    (tmp_path / f"{one.unit}.service").write_text(schedules.service(one, words))
    (tmp_path / f"{one.unit}.timer").write_text(schedules.timer(one))
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "run"), "LC_ALL": "C"}

    def said(*arguments: str) -> Any:
        done = subprocess.run(
            ["systemd-analyze", *arguments], capture_output=True, text=True, env=environment, check=False
        )
        return done.returncode, done.stderr

    assert said("verify", "--user", str(tmp_path / f"{one.unit}.timer")) == (0, "")
    assert said("verify", "--user", str(tmp_path / f"{one.unit}.service")) == (0, "")
    (tmp_path / f"{one.unit}.timer").write_text(schedules.timer(Schedule(one.uri, one.uuid, "x", "nonsense", 1)))
    assert said("verify", "--user", str(tmp_path / f"{one.unit}.timer"))[0] != 0  # it does look
    schedules.check("Mon..Fri 22:00", 1)
    with pytest.raises(VirtError, match="does not understand"):
        schedules.check("nonsense", 1)
