"""What a person chose, in one JSON file that the window and the command line share."""

import contextlib
import fcntl
import json
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from vmdesk.core.aside import free_name
from vmdesk.model import uri
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import text

VERSION = 1
LOCK_WAIT = 2.0  # seconds another process may hold the file; it does so for milliseconds

LANGUAGES = ("", "en", "vi")
THEMES = ("system", "light", "dark")
CLOSINGS = ("ask", "wait", "tray")


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it. Intervals and waits in seconds.

    language       "" follows the system
    looked, sorted, others  how often the machines are read that are looked at, that decide a sorting, and the rest
    shutdown_wait  how long a guest may take to shut down before Force off is offered
    shortcuts      command id -> key sequence, where it differs from the command's own ("" for none)
    confirmations  command id -> False where the question was switched off
    columns        ids of the table's columns in order; empty: the standard ones
    closing        with jobs running: ask, wait for them, or go on in the tray
    ssh_user       the user name in guests, "" for ssh's own choice
    terminal       the terminal program for ssh, "" for the first one found
    archive        keep graphs across restarts
    notify_*       desktop notifications
    release_keys   the keys that take the keyboard back from a guest ("ctrl-alt")
    passed_keys    keys that a guest never gets ("alt-tab")
    send_keys      own entries of the console's "Send keys" menu
    screens        machine's UUID -> what was chosen for its screen: "mode" (fit, one, guest), "wish" (a
                   protocol), "sound" (on, off), "volume" (per cent)
    """

    hosts: tuple[HostConfig, ...] = ()
    language: str = ""
    theme: str = "system"
    looked: float = 1.0
    sorted: float = 2.0
    others: float = 10.0
    shutdown_wait: float = 60.0
    shortcuts: Mapping[str, str] = field(default_factory=dict)
    confirmations: Mapping[str, bool] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    closing: str = "ask"
    ssh_user: str = ""
    terminal: str = ""
    archive: bool = True
    thumbnails: bool = True
    notify_crash: bool = True
    notify_io_error: bool = True
    notify_jobs: bool = True
    release_keys: str = "ctrl-alt"
    passed_keys: tuple[str, ...] = ()
    send_keys: tuple[str, ...] = ()
    screens: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def confirms(self, command_id: str) -> bool:
        """Whether the person wants to be asked before this command."""
        return self.confirmations.get(command_id, True)

    def host(self, name: str) -> HostConfig | None:
        """The remembered host of that name, id or URI."""
        by_name = [one for one in self.hosts if one.name == name]
        return next((one for one in (*by_name, *self.hosts) if name in (one.name, one.id, one.uri)), None)


Listener = Callable[[Settings], None]


class SettingsFile:
    """The file: read with care, written whole, under a lock and merged with what others wrote meanwhile.

    `current` is always usable. `notices` are problems met so far, for the notice bar or stderr.
    """

    def __init__(self, file: Path) -> None:
        self.current = Settings()
        self.notices: list[Problem] = []
        self._file = file
        self._stamp: tuple[int, int] | None = None
        self._unknown: dict[str, Any] = {}  # what a newer version wrote
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear of every change; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def load(self) -> Settings:
        """Read the file. A missing one means defaults; one that makes no sense is set aside with a notice."""
        self._take(self._read())
        return self.current

    def refresh(self) -> bool:
        """Read the file again if another process changed it; True if that changed anything."""
        if _stamp(self._file) == self._stamp:
            return False
        return self._take(self._read())

    def save(self, change: Callable[[Settings], Settings]) -> Problem | None:
        """Change the settings: `save(lambda s: replace(s, theme="dark"))`.

        What another process wrote meanwhile stays. The change holds for this run even where it cannot be written; the
        problem that comes back (and stands in `notices`) says so.
        """
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock():
                latest = self.current if _stamp(self._file) == self._stamp else self._read()
                changed = change(latest)
                self._write(changed)
        except OSError as error:
            problem = Problem(
                text("The settings could not be saved."),
                text("{file} cannot be written.", file=str(self._file)),
                text("Check the folder's owner and free space. Until then changes hold for this run only."),
                error.strerror or str(error),
                name="settings-unwritable",
            )
            self._notice(problem)
            self._take(change(self.current))
            return problem
        self._take(changed)
        return None

    def set(self, **values: Any) -> Problem | None:
        """`save` for single fields: `set(theme="dark")`."""
        return self.save(lambda settings: replace(settings, **values))

    def _take(self, settings: Settings) -> bool:
        if settings == self.current:
            return False
        self.current = settings
        for listener in tuple(self._listeners):
            listener(settings)
        return True

    def _notice(self, problem: Problem) -> None:
        if problem not in self.notices:
            self.notices.append(problem)

    def _read(self) -> Settings:
        self._stamp = _stamp(self._file)
        try:
            tree = json.loads(self._file.read_text(encoding="utf-8"))
            if not isinstance(tree, dict):
                raise ValueError("not a JSON object")
        except FileNotFoundError:
            return Settings()
        except (OSError, ValueError, RecursionError) as error:
            self._set_aside(_why(error))
            return Settings()
        settings, wrong = decode(tree)
        newer = isinstance(version := tree.get("version"), int) and version > VERSION
        self._unknown = {
            name: value for name, value in tree.items() if name not in _KNOWN and (newer or name != "version")
        }
        if wrong:
            self._keep_copy(wrong)
        return settings

    def _set_aside(self, why: str) -> None:
        try:
            aside = free_name(self._file)
            self._file.rename(aside)
            next_step = text("It was set aside as {file}; VMDesk starts with the standard settings.", file=str(aside))
        except OSError as error:
            why = why if _why(error) == why else f"{why}; {_why(error)}"
            next_step = text(
                "VMDesk starts with the standard settings. Check the owner of {file}.", file=str(self._file)
            )
        self._stamp = _stamp(self._file)
        self._notice(Problem(text("The settings file cannot be read."), None, next_step, why, name="settings-broken"))

    def _keep_copy(self, wrong: list[str]) -> None:
        """Some settings were not understood and the next save loses them: leave a copy of the file as it was."""
        # One copy for each state of the file, however often it is read.
        aside = self._file.with_name(f"{self._file.name}.broken-{self._stamp[0] if self._stamp else 0:x}")
        next_step = text("The standard value is used instead.")
        with contextlib.suppress(OSError):
            if not aside.exists():
                _create(aside, self._file.read_bytes())
            next_step = text("The standard value is used instead; a copy of the file is {file}.", file=str(aside))
        names = ", ".join(wrong)
        self._notice(
            Problem(
                text("Some settings were not understood: {names}", names=names), None, next_step, name="settings-field"
            )
        )

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        lock = os.open(self._file.with_name(self._file.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            give_up = time.monotonic() + LOCK_WAIT
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > give_up:
                        raise
                    time.sleep(0.01)
            yield
        finally:
            os.close(lock)

    def _write(self, settings: Settings) -> None:
        """Whole or not at all, also when the power goes."""
        tree = encode(settings) | self._unknown
        new = self._file.with_name(self._file.name + ".new")
        _create(new, json.dumps(tree, ensure_ascii=False, indent=1).encode())
        os.replace(new, self._file)
        folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._stamp = _stamp(self._file)


def encode(settings: Settings) -> dict[str, Any]:
    """The JSON object of the settings."""
    tree = {name: getattr(settings, name) for name in _FIELDS}
    tree["hosts"] = [asdict(host) for host in settings.hosts]
    tree["shortcuts"], tree["confirmations"] = dict(settings.shortcuts), dict(settings.confirmations)
    tree["passed_keys"], tree["send_keys"] = list(settings.passed_keys), list(settings.send_keys)
    tree["screens"] = {uuid: dict(chosen) for uuid, chosen in settings.screens.items()}
    return {"version": VERSION, **tree}


def decode(tree: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """The settings of a JSON object, and the names of those that made no sense (they have their default)."""
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for name, check in _CHECKS.items():
        if name in tree:
            try:
                values[name] = check(tree[name])
            except (ValueError, TypeError, VirtError):
                wrong.append(name)
    if "hosts" in tree:
        hosts, wrong_hosts = _hosts(tree["hosts"])
        values["hosts"] = hosts
        wrong += wrong_hosts
    return Settings(**values), wrong


def new_host_id(name: str, taken: Mapping[str, Any] | tuple[HostConfig, ...]) -> str:
    """An id for a new host: readable, and not taken."""
    ids = {one.id for one in taken} if isinstance(taken, tuple) else set(taken)
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "host"
    candidates = (stem, *(f"{stem}-{n}" for n in range(2, len(ids) + 3)))
    return next(one for one in candidates if one not in ids)


def _hosts(value: Any) -> tuple[tuple[HostConfig, ...], list[str]]:
    if not isinstance(value, list):
        return (), ["hosts"]
    hosts: dict[str, HostConfig] = {}
    wrong: list[str] = []
    for place, entry in enumerate(value):
        try:
            host = _host(entry)
            if host.id in hosts:
                raise ValueError(host.id)
            hosts[host.id] = host
        except (ValueError, TypeError, KeyError, VirtError):
            name = entry.get("name") if isinstance(entry, dict) else None
            wrong.append(f"hosts[{name if isinstance(name, str) else place}]")
    return tuple(hosts.values()), wrong


def _host(entry: Any) -> HostConfig:
    address = _word(entry["uri"])
    # A practice file may be gone for now (checked when it is opened); everything else must be on the allow-list.
    if uri.parse(address).driver != "test":
        uri.check(address, allow_no_verify=True)
    return HostConfig(
        id=_filled(entry["id"]),
        name=_filled(entry["name"]),
        uri=address,
        connect_at_start=_switch(entry.get("connect_at_start", True)),
        readonly=_switch(entry.get("readonly", False)),
    )


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(value)
    return value


def _filled(value: Any) -> str:
    if not _word(value).strip():
        raise ValueError(value)
    return str(value)


def _one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(value)
        return str(value)

    return check


def _between(low: float, high: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(value)
        if not low <= value <= high:
            raise ValueError(value)
        return float(value)

    return check


def _map_of(check: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    def checked(value: Any) -> dict[str, Any]:
        return {_word(key): check(one) for key, one in dict(value).items()}

    return checked


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(value)
    return tuple(_filled(one) for one in value)


# The limits that the preferences page shows, too.
LIMITS: dict[str, tuple[float, float]] = {
    "looked": (0.5, 60.0),
    "sorted": (1.0, 60.0),
    "others": (2.0, 600.0),
    "shutdown_wait": (1.0, 3600.0),
}

_CHECKS: dict[str, Callable[[Any], Any]] = {
    "language": _one_of(LANGUAGES),
    "theme": _one_of(THEMES),
    **{name: _between(low, high) for name, (low, high) in LIMITS.items()},
    "shortcuts": _map_of(_word),
    "confirmations": _map_of(_switch),
    "columns": _words,
    "closing": _one_of(CLOSINGS),
    "ssh_user": _word,
    "terminal": _word,
    "archive": _switch,
    "thumbnails": _switch,
    "notify_crash": _switch,
    "notify_io_error": _switch,
    "notify_jobs": _switch,
    "release_keys": _word,
    "passed_keys": _words,
    "send_keys": _words,
    "screens": _map_of(_map_of(_word)),
}
_FIELDS = tuple(one.name for one in fields(Settings))
_KNOWN = {*_FIELDS}


def _stamp(file: Path) -> tuple[int, int] | None:
    """What changes whenever the file is replaced; None if it is not there."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino


def _create(file: Path, content: bytes) -> None:
    """A new private file, on disk when this returns."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _why(error: Exception) -> str:
    """The reason without the path, which is told once, beside it."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
