"""The console beside Debian's remote-viewer: one guest, one display, one key, looked at from outside.

Everything is read from the X server's frame buffer, so that looking costs neither viewer anything. Rate: how often a
pixel in the middle changes while the guest draws, from one change to another (a part of a picture is none: in six
seconds that would be 0.17 a second). With SPICE, QEMU says how many it sent: it waits 30 ms after each. Key to pixel:
from the press to the changed square. The processor time is that of all threads of the viewer; the X server's is
nobody's.

VMDesk has sockets from QEMU, as libvirt hands them out. remote-viewer is held against it as people start it, over TCP;
SPICE's server packs nothing for a unix socket, so SPICE is measured over one as well.
"""

import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench import console_guest, process, programs, table
from tests.bench.console_guest import HEIGHT, WIDTH, Guest, Qemu, Unavailable
from tests.bench.console_keys import Keys
from tests.bench.screen import Screen

ROOM = (2048, 1280)  # of the X display: a viewer shows the guest at 1:1, with what it has around it
PIXEL = (1000, 700)  # on the guest in either viewer
SQUARE = 64 * 64  # pixels that a key changes
DRAWING, RESTING, KEYS = 6.0, 10.0, 30
ALL = 98.0  # percent: one more or less at either end
STILL = 1.0  # seconds without another picture after which none is waited for
PATIENCE = 20.0
THEIRS, OURS = "remote-viewer", "VMDesk"
NAMES = {"dbus": "D-Bus", "vnc": "VNC", "spice": "SPICE", "spice-tcp": "SPICE over TCP"}


@dataclass(frozen=True, slots=True)
class Cost:
    """One viewer, one protocol. cpu: percent of a core; frame: its ms for each frame it showed; key, p90: ms.

    sent: frames a second that QEMU gave it, where QEMU tells.
    """

    fps: float
    guest_fps: float
    sent: float | None
    cpu: float
    frame: float
    key: float
    p90: float
    idle: float
    hidden: float | None = None
    opened: float | None = None  # ms


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `reached` None: nothing is asked, or it was not measured."""

    what: str
    theirs: float | None
    ours: float | None
    unit: str
    target: str
    reached: bool | None = None
    note: str = ""  # in place of VMDesk's figure

    @property
    def cells(self) -> tuple[str, ...]:
        ratio = f"{self.ours / self.theirs:.2f}" if self.ours is not None and self.theirs else "-"
        reached = "-" if self.reached is None else "yes" if self.reached else "NO"
        ours = self.note if self.ours is None and self.note else self._figure(self.ours)
        return (self.what, self._figure(self.theirs), ours, ratio, self.target, reached)

    def _figure(self, value: float | None) -> str:
        return "-" if value is None else f"{value:.{2 if value < 10 else 1}f} {self.unit}".strip()


# ---------------------------------------------------------------- viewers


class Viewer:
    """A running one. `opened`: seconds from showing to its first picture, where it tells."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self._child = child
        self.opened: float | None = None

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def cpu(self) -> dict[str, int]:
        """Nanoseconds so far of each of its threads (the ticks of processes are 10 ms)."""
        found = {}
        for pid in process.tree(self._child.pid):
            for thread in Path(f"/proc/{pid}/task").glob("*"):
                with suppress(OSError, ValueError):
                    found[thread.name] = int((thread / "schedstat").read_text().split()[0])
        return found

    def since(self, before: dict[str, int]) -> float:
        """Seconds spent since `cpu` said this. What a thread has spent that ended meanwhile is not known."""
        return sum(now - before.get(thread, 0) for thread, now in self.cpu().items()) / 1e9

    def threads(self) -> list[float]:
        """Seconds so far of each that took some, the first one (the window's) first."""
        files = sorted(Path(f"/proc/{self._child.pid}/task").glob("*/schedstat"), key=lambda file: int(file.parts[4]))
        times = [round(int(file.read_text().split()[0]) / 1e9, 3) for file in files]
        return [one for one in times if one > 0.02]

    def say(self, word: str) -> None:
        assert self._child.stdin
        self._child.stdin.write(f"{word}\n".encode())
        self._child.stdin.flush()

    def hear(self, word: str, seconds: float = PATIENCE) -> float:
        """The number behind it."""
        assert self._child.stdout
        end = time.monotonic() + seconds
        while time.monotonic() < end and select.select([self._child.stdout], [], [], end - time.monotonic())[0]:
            line = self._child.stdout.readline().decode().split()
            if not line:
                break
            if line[0] == word:
                return float(line[1])
        raise Unavailable(f"the viewer did not say {word!r}")


@contextmanager
def viewer(who: str, protocol: str, guest: Guest, screen: Screen, folder: Path) -> Iterator[Viewer]:
    """Started on the guest, and its picture is there."""
    home = folder / f"home-{who}"
    home.mkdir()
    if who == THEIRS:
        tcp = f"{protocol.removesuffix('-tcp')}://127.0.0.1:{guest.port}"
        uri = f"spice+unix://{guest.display}" if protocol == "spice" else tcp
        command = ["remote-viewer", "--zoom=100", uri]
    else:
        command = [sys.executable, "-m", "tests.bench.console_window", protocol, str(guest.folder)]
    environment = programs.environment(home, screen.name)
    if os.environ.get("BENCH_PROFILE") and who == OURS:
        environment["BENCH_PROFILE"] = f"{os.environ['BENCH_PROFILE']}.{protocol}"
    with (folder / f"{who}.log").open("wb") as log:
        child = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE if who == OURS else log, stderr=log
        )
        try:
            running = Viewer(child)
            if who == OURS:
                running.opened = running.hear("open")
            _wait_for(lambda: not running.alive or any(screen.pixel(*PIXEL)), "a picture")
            if not running.alive:
                raise Unavailable(f"{who} ended by itself: {(folder / f'{who}.log').read_text()[-500:]}")
            yield running
        except Unavailable as error:
            raise Unavailable(f"{error}\n{(folder / f'{who}.log').read_text()[-500:]}") from None
        finally:
            if who == OURS:
                with suppress(OSError, subprocess.TimeoutExpired):
                    running.say("end")
                    child.wait(5)
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(5)
            child.kill()
            child.wait()


def _wait_for(fine: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not fine():
        if time.monotonic() > end:
            raise Unavailable(f"{what} did not come within {seconds:g} s")
        time.sleep(0.01)


# ---------------------------------------------------------------- measures


def pictures(
    look: Callable[[], bytes],
    seconds: float,
    begin: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[int, float]:
    """How many came, and in how many seconds (those asked for, or a little more): from one change to another.

    `begin` is called with the change that is not counted.
    """
    first, asked = look(), clock()
    while (last := look()) == first and clock() - asked < STILL:
        sleep(0.001)
    began, count = clock(), 0
    begin()
    while True:
        seen, passed = look(), clock() - began
        if seen != last:
            count, last = count + 1, seen
            if passed >= seconds:
                return count, passed
        elif passed >= seconds + STILL:
            return count, passed
        sleep(0.001)


def rate(
    running: Viewer, guest: Guest, screen: Screen, seconds: float
) -> tuple[float, float, float | None, float, float]:
    """Frames a second: on the screen, in the guest, sent; percent of a core; ms of it for each frame on the screen."""
    guest.press("f12")
    time.sleep(1.5)
    before: dict[str, int] = {}
    drawn, sent = 0, None

    def begin() -> None:
        nonlocal drawn, sent
        before.update(running.cpu())
        drawn, sent = guest.frames, guest.sent

    frames, length = pictures(lambda: screen.pixel(*PIXEL), seconds, begin)
    spent = running.since(before)
    drawn, sent = guest.frames - drawn, None if sent is None else (guest.sent or 0) - sent
    if os.environ.get("BENCH_PROFILE"):
        say(f"seconds of each thread: {running.threads()}")
    guest.press("f12")
    time.sleep(1)
    told = None if sent is None else sent / length
    return frames / length, drawn / length, told, spent / length * 100, spent * 1000 / max(frames, 1)


def square(keys: Keys, screen: Screen) -> tuple[int, int]:
    """Where the key's square is on the screen; that it is as large as in the guest shows that it is 1:1."""
    for _ in range(4):
        before = screen.part(0, 0, *ROOM)
        keys.press(True)
        keys.press(False)
        time.sleep(0.5)
        after = screen.part(0, 0, *ROOM)
        changed = [n // 4 for n in range(0, len(before), 4) if before[n : n + 4] != after[n : n + 4]]
        if len(changed) >= SQUARE / 2:
            if len(changed) != SQUARE:
                say(f"the square has {len(changed)} pixels on the screen, not {SQUARE}: not shown at 1:1")
            middle = sorted(n % ROOM[0] for n in changed)[len(changed) // 2]
            return middle, sorted(n // ROOM[0] for n in changed)[len(changed) // 2]
    raise Unavailable("keys do not reach the guest")


def delays(keys: Keys, screen: Screen, place: tuple[int, int], count: int) -> list[float]:
    """ms from pressing the key to the changed pixel, 0.4 to 0.5 s apart, sorted."""
    found = []
    for number in range(count):
        time.sleep(0.4 + number * 37 % 100 / 1000)
        before = screen.pixel(*place)
        began = time.perf_counter()
        keys.press(True)
        while screen.pixel(*place) == before and time.perf_counter() - began < 2:
            time.sleep(0.0002)
        found.append((time.perf_counter() - began) * 1000)
        keys.press(False)
    return sorted(found)


def rest(running: Viewer, seconds: float) -> float:
    """Percent of a core while nothing happens."""
    time.sleep(3)
    before, began = running.cpu(), time.monotonic()
    time.sleep(seconds)
    return running.since(before) / (time.monotonic() - began) * 100


def measure(qemu: Qemu, program: Path, who: str, protocol: str, screen: Screen, scale: float) -> Cost:
    """One viewer on a fresh guest."""
    with tempfile.TemporaryDirectory(prefix="vmdesk-bench-") as name:
        folder = Path(name)
        opened: list[float] = []
        for last in [False] * (max(1, round(4 * scale)) if who == OURS else 0) + [True]:
            place = folder / f"{len(opened)}"
            place.mkdir()
            with (
                console_guest.run(qemu, program, place / "guest", protocol) as guest,
                viewer(who, protocol, guest, screen, place) as running,
            ):
                if running.opened is not None:
                    opened.append(running.opened * 1000)
                if not last:
                    continue
                time.sleep(2)
                figures = rate(running, guest, screen, max(DRAWING * scale, 2))
                keys = Keys(screen.name)
                try:
                    keys.focus(*PIXEL)
                    late = delays(keys, screen, square(keys, screen), max(round(KEYS * scale), 5))
                finally:
                    keys.close()
                idle, hidden = rest(running, max(RESTING * scale, 3)), None
                if who == OURS:
                    running.say("hide")
                    guest.press("f12")
                    hidden = rest(running, max(RESTING * scale, 3))
            time.sleep(0.3)  # its window goes
    cost = Cost(
        *figures, late[len(late) // 2], late[len(late) * 9 // 10], idle, hidden,
        statistics.median(opened) if opened else None,
    )  # fmt: skip
    say(f"QEMU {qemu.version}, {NAMES[protocol]}, {who}: {cost}, load {os.getloadavg()[0]:.1f}")
    return cost


def memcpy() -> float:
    """ms to copy a frame from one buffer into another: the best of many, as nothing else is in its way."""
    source, target = memoryview(bytearray(b"\1" * (WIDTH * HEIGHT * 4))), memoryview(bytearray(WIDTH * HEIGHT * 4))
    best = 1.0
    for _ in range(60):
        began = time.perf_counter()
        target[:] = source
        best = min(best, time.perf_counter() - began)
    return best * 1000


# ---------------------------------------------------------------- the table


def rows(scale: float) -> list[Row]:
    """All of them; one that cannot be measured says so."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="vmdesk-bench-") as folder:
        try:
            program, old = console_guest.build(Path(folder)), console_guest.installed()
        except Unavailable as error:
            return [Row("console", None, None, "", "", note=f"not run: {error}")]
        frame = memcpy()
        # With more going on than there are cores, rates and times tell of that rather than of the viewers.
        load = os.getloadavg()[0]
        say(f"a copy of a frame: {frame:.2f} ms; load of this computer: {load:.1f}, {os.cpu_count()} cores")
        found += _of_qemu(old, program, scale, ("vnc", "spice-tcp", "spice", "dbus"), frame)
        if not old.shares_memory:
            try:
                new = console_guest.newer()
            except Unavailable as error:
                say(str(error))
                what = "D-Bus, shared memory, QEMU 10"
                found.append(Row(f"{what}: pictures on the screen", None, None, "fps", "58", note="not run"))
                found.append(Row(f"{what}: key to pixel", None, None, "ms", "8", note="not run"))
                found.append(Row(f"{what}: cost of a frame", None, None, "x memcpy", "12", note="not run"))
            else:
                found += _of_qemu(new, program, scale, ("vnc", "spice-tcp", "spice", "dbus"), frame)
    return found


def _of_qemu(qemu: Qemu, program: Path, scale: float, protocols: tuple[str, ...], frame: float) -> list[Row]:
    costs: dict[tuple[str, str], Cost] = {}
    for protocol in protocols:
        who_can = {"dbus": (OURS,), "spice-tcp": (THEIRS,)}
        for who in who_can.get(protocol, (THEIRS, OURS)):
            try:
                # A display of its own: nothing of the one before is left on it.
                with Screen(*ROOM) as screen:
                    costs[who, protocol] = measure(qemu, program, who, protocol, screen, scale)
            except Unavailable as error:
                say(f"QEMU {qemu.version}, {NAMES[protocol]}, {who}: {error}")
    found: list[Row] = []
    for protocol in ("dbus", "vnc", "spice"):
        found += _of_protocol(qemu, protocol, costs, frame)
    return found


def _of_protocol(qemu: Qemu, protocol: str, costs: dict[tuple[str, str], Cost], frame: float) -> list[Row]:
    shared = protocol == "dbus" and qemu.shares_memory
    what = f"{NAMES[protocol]}{', shared memory' if shared else ''}, QEMU {qemu.version}"
    ours = costs.get((OURS, protocol))
    if ours is None:
        return [Row(what, None, None, "", "", note="not run")]
    # D-Bus is held against the best of remote-viewer's.
    like = "spice-tcp" if protocol == "spice" else protocol
    known = [cost for (who, one), cost in costs.items() if who == THEIRS and like in ("dbus", one)]
    theirs = max(known, key=lambda cost: cost.fps) if known else None
    best_key = min((cost.key for cost in known), default=None)
    best_idle = min((cost.idle for cost in known), default=None)
    their_fps = theirs.fps if theirs else 0.0
    target, least = {
        "dbus": ("58 fps", 58.0) if shared else ("1.5 x theirs", their_fps * 1.5),
        "vnc": ("31 fps, 1.5 x theirs", max(31.0, their_fps * 1.5)),
        "spice": ("29 fps, above theirs", max(29.0, their_fps)),
    }[protocol]
    soon = {"dbus": 8, "vnc": 25, "spice": 30}[protocol]
    times = {"dbus": 12, "vnc": 20, "spice": 30}[protocol]
    cpu_fine = ours.cpu <= theirs.cpu / 2 if theirs and protocol == "spice" else None
    copied = protocol == "dbus" and not shared
    shown = theirs.fps if theirs else None
    local = costs.get((THEIRS, "spice")) if protocol == "spice" else None
    also = []
    if local:
        what_local = f"{what}, both on a unix socket"
        also = [
            Row(f"{what_local}: pictures on the screen", local.fps, ours.fps, "fps", "-"),
            Row(f"{what_local}: key to pixel, median", local.key, ours.key, "ms", "-"),
            Row(f"{what_local}: cost of a frame", local.frame / frame, ours.frame / frame, "x memcpy", "-"),
        ]
    return [
        Row(f"{what}: pictures on the screen", shown, ours.fps, "fps", target, ours.fps >= least),
        *_share(what, theirs, ours),
        Row(f"{what}: key to pixel, median", best_key, ours.key, "ms", f"{soon} ms", ours.key <= soon),
        Row(
            f"{what}: cost of a frame", theirs.frame / frame if theirs else None, ours.frame / frame, "x memcpy",
            "-" if copied else f"{times}", None if copied else ours.frame / frame <= times,
        ),
        Row(
            f"{what}: CPU while drawing", theirs.cpu if theirs else None, ours.cpu, "%",
            "1/2 of theirs" if protocol == "spice" else "-", cpu_fine,
        ),
        Row(f"{what}: CPU, still picture", best_idle, ours.idle, "%", "0.3 %", ours.idle <= 0.3),
        Row(
            f"{what}: CPU, hidden while it draws", None, ours.hidden, "%", "nothing",
            None if ours.hidden is None else ours.hidden <= 0.1,
        ),
        Row(
            f"{what}: open to first picture", None, ours.opened, "ms", "150 ms",
            None if ours.opened is None else ours.opened <= 150,
        ),
        *also,
    ]  # fmt: skip


def _share(what: str, theirs: Cost | None, ours: Cost) -> list[Row]:
    """How much of what QEMU sent was to be seen: that it waits between two is no viewer's doing."""
    if not ours.sent:
        return []
    shown = theirs.fps / theirs.sent * 100 if theirs and theirs.sent else None
    share = ours.fps / ours.sent * 100
    return [Row(f"{what}: shown of the pictures sent", shown, share, "%", "all", share >= ALL)]


def draw(found: list[Row]) -> str:
    return table.draw(("console", THEIRS, OURS, "ratio", "target", "reached"), [row.cells for row in found])


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
