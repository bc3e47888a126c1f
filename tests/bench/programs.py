"""Starts either program in a home of its own and says when its window is populated and what it costs.

Populated: the same criterion for both, from outside. The display's frame buffer is read about a hundred times a second
until it has kept still for some seconds, apart from what lives (graphs and figures). The last picture is the settled
one. What changed during the last quiet seconds, and a few pixels around it, is what lives, and does not count. The
window was populated when, for the first time, less than two percent of what counts differed from the settled picture,
and it stayed so. Machines stand in the file in no order, so a list that is filled row by row differs until its end.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench import process
from tests.bench.screen import Picture, Screen, different, widened

QUIET = 4.0  # seconds without a large change: settled
PATIENCE = 60.0
LARGE = 0.02  # part of the window: a tenth to a third of what a list of names covers
AROUND = 4  # pixels of a picture


@dataclass(frozen=True, slots=True)
class Program:
    """`command` gets the URI appended; `{settings}` in it is a fresh folder."""

    name: str
    command: tuple[str, ...]


VIRT_MANAGER = Program("virt-manager", ("virt-manager", "--no-fork", "--connect"))
VMDESK = Program("VMDesk", (sys.executable, "-m", "vmdesk", "--settings-dir", "{settings}", "--connect"))


def environment(home: Path, display: str) -> dict[str, str]:
    """A home, a runtime folder and settings of its own; nothing of whoever runs the bench but PATH."""
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
        "GSETTINGS_BACKEND": "memory",
        "NO_AT_BRIDGE": "1",
        "GDK_BACKEND": "x11",
        "QT_QPA_PLATFORM": "xcb",
        "LC_ALL": "C.UTF-8",
        "DISPLAY": display,
    }


@dataclass(frozen=True, slots=True)
class Running:
    """A started program: `pid` of its session bus, its parent; `started` monotonic seconds."""

    pid: int
    started: float
    blank: Picture


@contextmanager
def run(program: Program, uri: str, screen: Screen) -> Iterator[Running]:
    """The program, on a session bus of its own; gone at the end, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="vmdesk-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        command = [part.format(settings=home / "settings") for part in program.command]
        blank = screen.picture()
        with (home / "output").open("w+", encoding="utf-8", errors="replace") as output:
            started = time.monotonic()
            child = subprocess.Popen(
                ["dbus-run-session", "--", *command, uri],
                env=environment(home, screen.name), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
            try:
                yield Running(child.pid, started, blank)
            except NotPopulated as error:
                output.seek(0)
                raise NotPopulated(f"{program.name}: {error}\n{output.read()[-3000:]}") from None
            finally:
                os.killpg(child.pid, signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    child.wait(10)
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        time.sleep(0.3)  # its window goes


class NotPopulated(RuntimeError):
    """The window did not come."""


def populated_after(running: Running, screen: Screen) -> float:
    """Seconds from the start to the populated window (see above)."""
    frames: list[tuple[float, Picture]] = [(0.0, running.blank)]
    large_at, base, began = 0.0, running.blank, running.started
    while True:
        now = time.monotonic() - began
        picture = screen.picture()
        if picture != frames[-1][1]:
            frames.append((now, picture))
            window = max(different(picture, running.blank).bit_count(), 1)
            if different(picture, base).bit_count() > LARGE * window:
                large_at, base = now, picture
        if large_at and now - large_at > QUIET:
            break
        if now > PATIENCE:
            raise NotPopulated("no settled window within a minute")
        if not process.alive(running.pid):
            raise NotPopulated("it ended by itself")
        time.sleep(0.008)
    settled = frames[-1][1]
    living = 0
    for _, picture in (frame for frame in frames if frame[0] > large_at + QUIET / 4):
        living |= different(picture, settled)
    living = widened(living, AROUND)
    window = (different(settled, running.blank) & ~living).bit_count()
    moment = frames[-1][0]
    for when, picture in reversed(frames):
        if (different(picture, settled) & ~living).bit_count() > LARGE * window:
            break
        moment = when
    return moment
