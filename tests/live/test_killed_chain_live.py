"""The program or libvirt's daemon killed in the middle of work on snapshots, clones and deletions.

The next start of the program ends each: done, or taken back. What is read is what was there, files that others stand on
are there, and what is left over is told as orphans.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.chain_bed import Bed, check, digest, disk, quiet, write
from tests.testbed import scale
from tests.testbed.guests import Guest, Guests
from vmdesk.core.chains import Index, orphans
from vmdesk.core.cloning.clone import clone
from vmdesk.core.snapshots.desk import Desk
from vmdesk.core.snapshots.taking import Wish, take
from vmdesk.model.chain import Role
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.virt import pools, snapshots

pytestmark = pytest.mark.live
SNAPSHOTS = ("a", "b", "c")
Work = tuple[str, ...]
WORK: tuple[Work, ...] = (
    ("snapshot", "create", "{name}", "new", "--external"),
    ("snapshot", "revert", "{name}", "a"),
    ("clone", "{name}", "{name}-n", "--linked", "--count", "3"),
    ("snapshot", "delete", "{name}", "b"),
    ("delete", "{name}", "--with-disks", "--keep-shared", "--yes"),
    ("snapshot", "revert", "{name}", "b", "--save"),
    ("clone", "{name}", "{name}-n", "--count", "2"),
    ("snapshot", "delete", "{name}", "a", "--children"),
)


@pytest.fixture
def bed(make_session_guest: Guests, session_uri: str, tmp_path: Path) -> Iterator[Bed]:
    made = Bed(make_session_guest, session_uri, tmp_path / "pool", tmp_path / "settings")
    made.run(lambda connection: pools.set_pool_autostart(connection, made.pool, True))
    yield made
    make_session_guest.remove()
    made.close()


class Scene:
    """A machine with three external snapshots, above a base that a linked clone stands on, too."""

    def __init__(self, bed: Bed, number: int) -> None:
        self.bed = bed
        self.guest = bed.guest(f"k{number}", 8, start=False)
        write(disk(self.guest), 0, 1)

        async def link(desk: Desk) -> None:
            name = f"{self.guest.name}-by"
            done = await clone(desk.journal, desk.connection, desk.uuid, name, quiet, linked=True)
            self.bystander = Guest(*done.machines[0], self.guest.host)
            bed.guests._made.append(self.bystander)

        bed.at(self.guest, link)
        for value, name in enumerate(SNAPSHOTS, 2):
            write(disk(self.guest), value, value)
            bed.at(self.guest, lambda desk, name=name: take(desk, Wish(name, kind=Kind.EXTERNAL)))
        write(disk(self.guest), 9, 9)
        self.now, self.beside = digest(disk(self.guest)), digest(disk(self.bystander))
        self.then = {name: digest(one.disks[0].frozen) for name, one in self.snapshots().items()}

    def snapshots(self) -> dict[str, Snapshot]:
        found = self.bed.at(self.guest, lambda desk: snapshots.snapshots(desk.connection, desk.uuid))
        return {one.name: one for one in found}

    def line(self, *words: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "vmdesk",
            "--connect",
            self.bed.uri,
            "--settings-dir",
            str(self.bed.settings),
            *words,
        ]

    def start(self, work: Work) -> "subprocess.Popen[bytes]":
        line = self.line(*(word.format(name=self.guest.name) for word in work))
        return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def again(self) -> str:
        """The program started anew."""
        for _ in range(3):  # a daemon that was killed takes a moment to come back
            result = subprocess.run(self.line("list"), capture_output=True, text=True, check=False)
            if result.returncode == 0 and not self.bed.journals():
                return result.stderr
            time.sleep(0.5)
        raise AssertionError(f"not put right: {self.bed.journals()} {result.stdout} {result.stderr}")

    def compare(self, work: Work) -> str:
        """Everything is as before, or as it should be after; "gone" for a machine that was deleted."""
        files = self.bed.files()
        index = Index(files)
        assert not files.blind and digest(disk(self.bystander)) == self.beside
        mine = [owner for owner in files.owners.values() if owner.name.startswith(f"{self.guest.name}")]
        for owner in mine:
            assert not owner.active
            for use in index.of(owner.uuid):
                if use.role in (Role.DISK, Role.FROZEN) and use.format == "qcow2":
                    assert use.path in files.images and index.whole(use.path), use
                    check(*index.chain(use.path))
        for owner in mine:
            if owner.name.startswith(f"{self.guest.name}-n"):
                assert digest(disk(Guest(owner.name, owner.uuid, self.guest.host))) == self.now
        self.nothing_is_hidden(index)
        if self.guest.uuid not in files.owners:
            assert work[0] == "delete"
            return "gone"
        read = digest(disk(self.guest))
        allowed = {self.now, self.then[work[3]]} if work[1] == "revert" else {self.now}
        assert read in allowed
        listed = self.snapshots()
        for name, one in listed.items():
            if name in self.then:
                assert digest(one.disks[0].frozen) == self.then[name], name
        if work[:2] not in (("snapshot", "delete"),):
            assert set(self.then) <= set(listed)
        return "reverted" if read != self.now else f"{len(mine)} {len(listed)}"

    def nothing_is_hidden(self, index: Index) -> None:
        """Each file of the pool is somebody's, or an orphan that is listed."""
        used = index.closure(use.path for use in index.files.uses if use.path)
        told = {image.path for image in orphans(index.files)}
        for path in self.bed.folder.glob(f"{self.guest.name}*"):
            assert str(path) in used or str(path) in told, path

    def clear(self) -> None:
        """So that the next one has less to read."""
        for owner in self.bed.files().owners.values():
            if owner.name.startswith(self.guest.name):
                self.bed.guests._made.append(Guest(owner.name, owner.uuid, self.guest.host))
        self.bed.guests.remove()
        for path in self.bed.folder.iterdir():
            if path.is_file():
                path.unlink()


def lines(bed: Bed) -> int:
    """How much is written in the journal of what is going on."""
    with contextlib.suppress(OSError):
        return sum(path.read_text().count("\n") for path in bed.journals())
    return 0


def wait(bed: Bed, program: "subprocess.Popen[bytes]", steps: int, more: float) -> None:
    """Until it has written so many lines and a little later, or has ended."""
    end = time.monotonic() + 30
    while program.poll() is None and lines(bed) < steps and time.monotonic() < end:
        time.sleep(0.002)
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.wait(more)


def kill_daemon() -> bool:
    pid = Path(os.environ["XDG_RUNTIME_DIR"], "libvirt/libvirtd.pid")
    with contextlib.suppress(OSError, ValueError):
        os.kill(int(pid.read_text()), signal.SIGKILL)
        return True
    return False


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("who", ["program", "daemon"])
def test_killed(bed: Bed, reps: Callable[[int], int], who: str) -> None:
    chance = random.Random(scale.SEED)
    outcomes = []
    for number in range(reps(100)):
        work = WORK[(number * 2 + (who == "daemon")) % len(WORK)] if reps(100) < len(WORK) else WORK[number % len(WORK)]
        scene = Scene(bed, number)
        program = scene.start(work)
        wait(bed, program, chance.randint(1, 6), chance.random() * 0.15)
        if who == "program":
            program.kill()
        else:
            assert kill_daemon()
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(60)
        program.kill()
        assert program.stderr is not None
        said = program.stderr.read().decode()
        program.stderr.close()
        program.wait()
        assert "Traceback" not in said and "made a mistake" not in said, said
        told = scene.again()
        try:
            outcomes.append((work[:2], program.returncode, scene.compare(work), told.strip()))
        except AssertionError as error:
            raise AssertionError(f"{work} after {outcomes}: {said} {told}: {error}") from error
        scene.clear()
    print(*outcomes, sep="\n")
    assert len(outcomes) == reps(100)
