"""Snapshots by the clock: a timer of systemd's user instance that calls `vmdesk snapshot create`.

The unit files are all there is: their first line says what they are for, so that they can be listed without systemd.
Blocking; systemd is asked by its own programs, each with a time limit.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vmdesk.core.snapshots.keeping import MOST
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text

WORDS = ("hourly", "daily", "weekly", "monthly")
_PREFIX = "vmdesk-snapshot-"
_MARK = "# VMDesk: "
_PATIENCE = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Schedule:
    """Snapshots of one machine.

    uri, uuid   which machine; name: as it was called then
    every       hourly, daily, weekly, monthly, or a calendar expression of systemd
    keep        how many of its own stay
    options     of `vmdesk snapshot create`: --external, --memory ...
    """

    uri: str
    uuid: str
    name: str
    every: str
    keep: int
    options: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """In the names of its snapshots."""
        return self.every if self.every in WORDS else f"at-{_digest(self.every)}"

    @property
    def unit(self) -> str:
        """Without its ending."""
        return f"{_PREFIX}{self.uuid}-{_digest(self.uri)}-{self.label}"


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def folder() -> Path:
    """Where a user's units are."""
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "systemd" / "user"


def program() -> tuple[str, ...]:
    """How this very VMDesk is called."""
    beside = Path(sys.executable).with_name("vmdesk")
    return (str(beside),) if beside.is_file() else (sys.executable, "-m", "vmdesk")


def command(schedule: Schedule, settings: Path | None = None) -> tuple[str, ...]:
    """What the timer runs. `settings`: the folder of --settings-dir."""
    return (
        *program(),
        *("--connect", schedule.uri),
        *(("--settings-dir", str(settings)) if settings else ()),
        *("snapshot", "create"),
        *schedule.options,
        *("--keep", str(schedule.keep), "--label", schedule.label),
        *("--", schedule.uuid),
    )


def service(schedule: Schedule, words: Sequence[str]) -> str:
    """The text of the unit that takes one."""
    return "\n".join(
        (
            _MARK + json.dumps(asdict(schedule)),
            "[Unit]",
            f"Description=Snapshot of {_line(schedule.name)}",
            "",
            "[Service]",
            "Type=oneshot",
            "ExecStart=" + " ".join(_quoted(word) for word in words),
            "",
        )
    )


def timer(schedule: Schedule) -> str:
    """The text of the unit that says when. A time that was slept through is made up for."""
    return "\n".join(
        (
            "[Unit]",
            f"Description=Snapshots of {_line(schedule.name)}, {_line(schedule.every)}",
            "",
            "[Timer]",
            f"OnCalendar={_line(schedule.every)}",
            "Persistent=true",
            "RandomizedDelaySec=1min",
            "",
            "[Install]",
            "WantedBy=timers.target",
            "",
        )
    )


def _line(words: str) -> str:
    """One line of a unit file, with nothing that systemd would put something else in the place of."""
    return " ".join(words.split()).replace("%", "%%").rstrip("\\")


def _quoted(word: str) -> str:
    """One word of ExecStart=."""
    kept = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return '"' + kept.replace("\n", "\\n").replace("\t", "\\t") + '"'


def listed(uri: str = "", uuid: str = "") -> list[Schedule]:
    """Those that there are; of one machine if it is given."""
    found = []
    for file in sorted(folder().glob(f"{_PREFIX}*.service")):
        one = _read(file)
        if one is not None and uuid in ("", one.uuid) and uri in ("", one.uri) and file.stem == one.unit:
            found.append(one)
    return found


def _read(file: Path) -> Schedule | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        first = file.read_text("utf-8").partition("\n")[0]
        if first.startswith(_MARK):
            values = json.loads(first.removeprefix(_MARK))
            return Schedule(**{**values, "options": tuple(values["options"])})
    return None


def failed(those: Iterable[Schedule]) -> frozenset[str]:
    """The units of those whose last run failed, as far as systemd tells."""
    units = [one.unit for one in those]
    if not units or shutil.which("systemctl") is None:
        return frozenset()
    found = set()
    for unit in units:
        code, words = _run("systemctl", "--user", "show", "--property=Result", f"{unit}.service")
        if code == 0 and words.strip() not in ("", "Result=", "Result=success"):
            found.add(unit)
    return frozenset(found)


def log_command(schedule: Schedule) -> str:
    """What shows why."""
    return f"journalctl --user -u {schedule.unit}.service"


def unable() -> Problem | None:
    """Why nothing can be scheduled here; None: it can."""
    if shutil.which("systemctl") is None:
        return Problem(
            text("Snapshots cannot be scheduled here."),
            text("This computer has no systemd."),
            text("Have cron call: {command}", command="vmdesk snapshot create NAME --keep 7"),
            name="no-systemd",
        )
    code, words = _run("systemctl", "--user", "show-environment")
    if code == 0:
        return None
    return Problem(
        text("Snapshots cannot be scheduled here."),
        text("systemd's user instance does not run: there is no session of yours that it belongs to."),
        text("Log in on this computer, or let it run without: {command}", command="sudo loginctl enable-linger $USER"),
        words,
        name="no-user-systemd",
    )


def check(every: str, keep: int) -> None:
    """VirtError "schedule" if that is no schedule."""
    what = text("This cannot be a schedule: {every}", every=every)
    if not 1 <= keep <= MOST:
        raise VirtError(Problem(what, text("Between 1 and {n} snapshots can be kept.", n=MOST), name="schedule"))
    if every in WORDS:
        return
    if not every.strip() or not every.isprintable():
        raise VirtError(Problem(what, text("Say hourly, daily, weekly, monthly, or a calendar."), name="schedule"))
    if shutil.which("systemd-analyze") is None:
        why = text("systemd-analyze, which could check a calendar, is not there.")
        raise VirtError(Problem(what, why, text("Say hourly, daily, weekly or monthly."), name="schedule"))
    code, words = _run("systemd-analyze", "calendar", "--", every)
    if code:
        why = text("systemd does not understand this calendar.")
        raise VirtError(Problem(what, why, text("For example: Mon..Fri 22:00"), words, name="schedule"))


def add(schedule: Schedule, settings: Path | None = None) -> None:
    """Write and start it; one of the same machine and time is replaced. VirtError: nothing is left of it."""
    check(schedule.every, schedule.keep)
    if (problem := unable()) is not None:
        raise VirtError(problem)
    place = folder()
    files = {
        place / f"{schedule.unit}.service": service(schedule, command(schedule, settings)),
        place / f"{schedule.unit}.timer": timer(schedule),
    }
    try:
        place.mkdir(parents=True, exist_ok=True)
        for file, words in files.items():
            new = file.with_suffix(file.suffix + ".new")
            new.write_text(words, "utf-8")
            new.replace(file)
    except OSError as error:
        _forget(schedule)
        what = text("The schedule could not be written.")
        raise VirtError(Problem(what, None, None, f"{error.filename}: {error.strerror}", name="unwritable")) from error
    for verb in (("daemon-reload",), ("enable", "--now", f"{schedule.unit}.timer")):
        code, said = _run("systemctl", "--user", *verb)
        if code:
            _forget(schedule)
            _run("systemctl", "--user", "daemon-reload")
            raise VirtError(Problem(text("systemd did not take the schedule."), None, None, said, name="systemd"))


def remove(schedule: Schedule) -> None:
    """Stop and delete it; its snapshots stay. Works without systemd, too."""
    if shutil.which("systemctl"):
        _run("systemctl", "--user", "disable", "--now", f"{schedule.unit}.timer")
    _forget(schedule)
    if shutil.which("systemctl"):
        _run("systemctl", "--user", "daemon-reload")


def _forget(schedule: Schedule) -> None:
    place = folder()
    wanted = place / "timers.target.wants" / f"{schedule.unit}.timer"
    files = [place / f"{schedule.unit}{ending}" for ending in (".timer", ".service", ".timer.new", ".service.new")]
    for file in (wanted, *files):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            file.unlink()


def _run(*words: str) -> tuple[int, str]:
    """The exit code and what was said."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            env={**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, f"{words[0]}: no answer within {_PATIENCE:.0f} s"
    except OSError as error:
        return 1, f"{words[0]}: {error.strerror}"
    return done.returncode, done.stdout.decode(errors="replace").strip()
