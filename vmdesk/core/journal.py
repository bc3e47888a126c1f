"""The intent journal: what an operation of several steps is about to do, on disk before it does it.

One file for one operation, one JSON object a line, fsynced before the step. Who works on it holds a lock on it, so that
a file without one belongs to a program that was killed: the next start finds it and finishes it or takes it back.
"""

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text

FORMAT = 1
# Problems after which it is not known whether the step was done.
LOST = ("closed", "timeout", "no-daemon", "unreachable")
_LARGEST = 4 << 20  # bytes: a definition and some steps


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was about to be done. `done`: it is certain that it was."""

    what: str  # "volume", "file", "define", "start", ...
    data: dict[str, Any]
    done: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One operation as it stands in its file.

    kind   "create", "clone", ...
    host   the host's URI: the folder of hosts may have changed since
    title  what a person reads: a machine's name
    """

    path: Path
    kind: str
    host: str
    title: str
    began: float  # Unix time in seconds
    data: dict[str, Any]
    steps: tuple[Step, ...] = ()


class Entry:
    """An operation at work. Ended by `close`, which takes its file away, or by `leave`, which keeps it."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd
        self._steps = 0

    def step(self, what: str, **data: Any) -> int:
        """About to do this; on disk when it returns. The number is for `did`."""
        self._write({"step": what, "data": data})
        self._steps += 1
        return self._steps - 1

    def did(self, number: int, **data: Any) -> None:
        """That step is done; `data` adds what is known now."""
        self._write({"done": number, "data": data})

    def close(self) -> None:
        """All is done, or taken back: nothing is left to be remembered."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        _sync_folder(self.path.parent)
        self._release()

    def leave(self) -> None:
        """It could not be ended now (the host is gone): the next start goes on from here."""
        self._release()

    @contextlib.contextmanager
    def kept_if_lost(self) -> Iterator[None]:
        """Around steps that take back what they made: closed when they are done or refused.

        Left to the next start if the host was lost meanwhile, or if this program is being ended.
        """
        try:
            yield
        except VirtError as error:
            if error.problem.name in LOST:
                self.leave()
            else:
                self.close()
            raise
        except BaseException:
            self.leave()
            raise
        self.close()

    def _write(self, line: dict[str, Any]) -> None:
        try:
            data = json.dumps(line).encode() + b"\n"
            while data:
                data = data[os.write(self._fd, data) :]
            os.fsync(self._fd)
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def _release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Journal:
    """The entries of one settings folder, of all programs that use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, kind: str, host: str, title: str, **data: Any) -> Entry:
        """A new operation. VirtError if it cannot be written down: then it must not be started."""
        path = self.folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{kind}-{secrets.token_hex(4)}.journal"
        fd = -1
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Complete and locked before it has its name: nobody can take it for an abandoned one.
            new = path.with_suffix(".new")
            fd = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            entry = Entry(path, fd)
            head = {"format": FORMAT, "kind": kind, "host": host, "title": title, "began": time.time(), "data": data}
            entry._write(head)
            new.rename(path)
            _sync_folder(self.folder)
        except OSError as error:
            if fd >= 0:
                os.close(fd)
            raise _unwritable(path, error) from None
        return entry

    def abandoned(self) -> Iterator[tuple[Record, Entry]]:
        """Each operation that nobody works on any more, held by us now: `close` or `leave` it.

        A file that cannot be understood is set aside under the name *.broken.
        """
        with contextlib.suppress(OSError):
            for left in self.folder.glob("*.new"):  # killed before its first step
                _drop_unheld(left)
        for path in sorted(self.folder.glob("*.journal")):
            fd = _take(path)
            if fd is None:
                continue
            record = _read(path, fd)
            if record is None:
                os.close(fd)
                with contextlib.suppress(OSError):
                    path.rename(path.with_suffix(".broken"))
                continue
            entry = Entry(path, fd)
            entry._steps = len(record.steps)
            yield record, entry


def _take(path: Path) -> int | None:
    """The file, locked; None while somebody works on it, or when it is gone meanwhile."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_nlink:  # else it was ended while we waited
            return fd
    except OSError:
        pass
    os.close(fd)
    return None


def _drop_unheld(path: Path) -> None:
    fd = _take(path)
    if fd is not None:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(fd)


def _read(path: Path, fd: int) -> Record | None:
    """What the file says; its last line may be cut off: that step was not begun."""
    try:
        lines = os.pread(fd, _LARGEST, 0).split(b"\n")
        head = json.loads(lines[0])
        if head["format"] != FORMAT:
            return None
        steps: list[Step] = []
        for line in lines[1:-1]:
            one = json.loads(line)
            if "step" in one:
                steps.append(Step(str(one["step"]), dict(one["data"])))
            else:
                old = steps[int(one["done"])]
                steps[int(one["done"])] = Step(old.what, {**old.data, **dict(one["data"])}, True)
        return Record(
            path,
            str(head["kind"]),
            str(head["host"]),
            str(head["title"]),
            float(head["began"]),
            dict(head["data"]),
            tuple(steps),
        )
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _unwritable(path: Path, error: OSError) -> VirtError:
    return VirtError(
        Problem(
            text("Nothing was begun: what is to be done cannot be written down."),
            text("{path} cannot be written.", path=str(path.parent)),
            text("Make room there, or change its permissions."),
            details=str(error),
            name="journal",
        )
    )
