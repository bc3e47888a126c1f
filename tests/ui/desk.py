"""What a page is built from, without a hypervisor: a real store, history, trace and settings, readings by hand; and
`Desk`, a page that stands on it.
"""

import asyncio
import math
import random
import time
from array import array
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QWidget

from tests.fakes.screen import FakeDoors
from tests.ui.machines import machine, store_of
from vmdesk.core.activity import Activity, Entry, EntryKind
from vmdesk.core.archive import Archived, Gap
from vmdesk.core.command import Confirm, Question
from vmdesk.core.history import History
from vmdesk.core.jobs import Jobs
from vmdesk.core.paths import Paths
from vmdesk.core.screens import Screens
from vmdesk.core.settings import SettingsFile
from vmdesk.core.store import Store
from vmdesk.core.trace import Trace
from vmdesk.model.domain import Definition, Disk, Domain, DomainKey, Graphics, Labels, Nic, State
from vmdesk.model.stats import DiskCounters, DomainCounters, HostCounters, NicCounters
from vmdesk.model.text import Text, text
from vmdesk.ui.parts import Notice, Parts

GIB = 1024 * 1024


class Shell:
    """A window that only remembers what it was asked for."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.opened: list[object] = []
        self.ran: list[tuple[str, tuple[DomainKey, ...]]] = []
        self.copied: list[str] = []
        self.parent: QWidget | None = None

    def notify(self, notice: Notice) -> None:
        self.notices.append(notice)

    def open_machine(self, key: DomainKey) -> None:
        self.opened.append(key)

    def open_console(self, key: DomainKey) -> None:
        self.opened.append(("console", key))

    def open_host(self, host_id: str) -> None:
        self.opened.append(host_id)

    def open_checks(self, host_id: str) -> None:
        self.opened.append(("checks", host_id))

    def open_storage(self, host_id: str) -> None:
        self.opened.append(("storage", host_id))

    def open_page(self, name: str) -> Any:
        self.opened.append(name)

    def run(self, command_id: str, keys: Sequence[DomainKey]) -> None:
        self.ran.append((command_id, tuple(keys)))

    def copy(self, words: str) -> None:
        self.copied.append(words)

    def widget(self) -> Any:
        return self.parent


class Shelf:
    """Stands in for the archive: curves with one gap."""

    def __init__(self) -> None:
        self.asked: list[tuple[DomainKey, str]] = []

    async def read(self, key: DomainKey, series: str, start: float, end: float, step: int | None = None) -> Archived:
        self.asked.append((key, series))
        step = 60 if end - start <= 86_400 else 900 if end - start <= 31 * 86_400 else 21_600
        count = int((end - start) // step)
        scale = {"cpu": 60.0, "memory": 1.6 * GIB}.get(series, 4e6)
        chance = random.Random(series)
        gap = range(int(count * 0.55), int(count * 0.7))
        times, average, maximum = array("d"), array("f"), array("f")
        level = 0.5
        for n in range(count):
            level = min(max(level + chance.uniform(-0.08, 0.08), 0.05), 0.9)
            times.append(start + n * step)
            average.append(math.nan if n in gap else level * scale)
            maximum.append(math.nan if n in gap else min(level * (1.1 + chance.random() / 3), 1.0) * scale)
        closed = Gap(times[gap[0]], times[gap[-1]], text("VMDesk was closed or the computer was asleep"))
        return Archived(times, average, maximum, (closed,), step)


def full_machine(**values: Any) -> Domain:
    """One with everything that a page can show."""
    given: dict[str, Any] = {
        "state": State.RUNNING,
        "reason": "booted",
        "started": time.time() - 11_240,
        "addresses": ("192.168.122.17", "fe80::5054:ff:fe2a:11"),
        "autostart": True,
        "labels": Labels(
            "Shop front",
            "Serves the web shop",
            "Certificate renews in May.\nAsk Lan before a reboot.",
            "shop",
            ("web", "prod"),
        ),
        "definition": Definition(
            vcpus=4,
            max_vcpus=8,
            memory_kib=2 * GIB,
            max_memory_kib=4 * GIB,
            kind="kvm",
            arch="x86_64",
            machine="pc-q35-7.2",
            os_id="http://debian.org/debian/12",
            os_name="Debian 12",
            firmware="efi",
            cpu_mode="host-passthrough",
            disks=(
                Disk("vda", "disk", "/var/lib/libvirt/images/web-01.qcow2", "qcow2", False),
                Disk(
                    "vdb", "disk", "/srv/a-folder-with-a-long-name/and-one-more-below-it/web-01-data.raw", "raw", False
                ),
                Disk("sda", "cdrom", "", "", True),
            ),
            nics=(
                Nic("52:54:00:2a:00:11", "network", "default", "virtio", "vnet3"),
                Nic("52:54:00:2a:00:12", "bridge", "br0", "e1000e", "vnet4"),
            ),
            graphics=(Graphics("spice", 5903, "127.0.0.1"),),
            security=(("apparmor", "libvirt-9f6d3c1e-7c2b-4f2a-9b8e-0a1b2c3d4e5f"), ("dac", "+64055:+108")),
            agent=True,
        ),
    }
    given.update(values)
    return machine(0, "laptop", "web-01", **given)


def feed(history: History, key: DomainKey, seconds: int = 400, vcpus: int = 4, seed: int = 1) -> None:
    """Readings of the last `seconds` of a machine with two disks and two cards."""
    chance = random.Random(seed)
    now = time.monotonic()
    busy = [0] * vcpus
    wait, sums = 0, [0] * 8
    load = [chance.random() for _ in range(vcpus + 8)]
    for n in range(seconds):
        load = [min(max(one + chance.uniform(-0.09, 0.09), 0.02), 0.98) for one in load]
        busy = [one + int(load[i] * 1e9) for i, one in enumerate(busy)]
        wait += int(load[0] * 2e8)
        sums = [one + int(load[vcpus + i] * 6e6) for i, one in enumerate(sums)]
        disks = tuple(
            DiskCounters(
                name, sums[i], sums[i + 1], sums[i] // 9000, sums[i + 1] // 9000, sums[i] * 300, sums[i + 1] * 200
            )
            for i, name in ((0, "vda"), (2, "vdb"))
        )
        nics = tuple(
            NicCounters(name, sums[i], sums[i + 1], sums[i] // 900, sums[i + 1] // 1100, n // 90, 0)
            for i, name in ((4, "vnet3"), (6, "vnet4"))
        )
        counters = DomainCounters(
            now - seconds + n,
            vcpus,
            sum(busy),
            tuple(busy),
            wait,
            2 * GIB,
            int((0.5 + load[1]) * GIB),
            int((1.1 + load[2] / 3) * GIB),
            disks,
            nics,
        )
        history.add(key.host, {key.uuid: counters}, tell=False)


def feed_host(history: History, host: str, seconds: int = 400) -> None:
    """The same of a host."""
    chance = random.Random(host)
    now = time.monotonic()
    user = system = idle = iowait = 0
    level = 0.4
    for n in range(seconds):
        level = min(max(level + chance.uniform(-0.05, 0.05), 0.05), 0.9)
        user, system = user + int(level * 6e9), system + int(level * 1.5e9)
        idle, iowait = idle + int((1 - level) * 8e9), iowait + int(5e7)
        free = int((14 - 6 * level) * GIB)
        history.add_host(host, HostCounters(now - seconds + n, 8, user, system, idle, iowait, 16 * GIB, free))


def entries(count: int) -> list[Entry]:
    """Things that happened, oldest first."""
    kinds = (
        (EntryKind.LIFECYCLE, "started", "booted"),
        (EntryKind.LIFECYCLE, "stopped", "shutdown"),
        (EntryKind.LIFECYCLE, "stopped", "crashed"),
        (EntryKind.IO_ERROR, "pause", "enospc"),
        (EntryKind.HEALTH, "silent", ""),
        (EntryKind.LIFECYCLE, "suspended", "paused"),
    )
    now = time.time()
    found = []
    for n in range(count):
        kind, what, reason = kinds[n % len(kinds)]
        one = machine(n % 40, "laptop")
        found.append(Entry(now - (count - n) * 61, "laptop", "laptop", kind, what, reason, one.uuid, one.name))
    return found


def parts_of(folder: Path, store: Store | None = None, archive: Any = None) -> Parts:
    """Ready to build pages from. `parts.shell` remembers what it was asked."""

    def bug(error: BaseException) -> None:
        raise error

    paths = Paths.of(folder)
    paths.make()
    jobs = Jobs(bug)
    store = store or store_of(12)
    settings = SettingsFile(paths.settings_file)
    lane = ThreadPoolExecutor(1)
    return Parts(
        paths=paths,
        store=store,
        jobs=jobs,
        sessions=SimpleNamespace(),
        history=History(),
        archive=archive or Shelf(),
        activity=Activity(paths.activity_file, lane, jobs, lambda problem: None),
        settings=settings,
        trace=Trace(),
        context=SimpleNamespace(),
        sampler=SimpleNamespace(),
        shell=Shell(),
        screens=Screens(store, jobs, FakeDoors(), folder / "screens"),
    )


class FakeAsk:
    """A person who agrees, or not; remembers what was asked."""

    def __init__(self) -> None:
        self.agree = True
        self.asked: list[Confirm] = []
        self.questions: list[Question] = []
        self.warned: list[str] = []

    def warn(self, note: Text) -> None:
        self.warned.append(str(note))

    async def confirm(self, confirm: Confirm) -> bool:
        self.asked.append(confirm)
        return self.agree

    async def text(self, question: Question) -> str | None:
        self.questions.append(question)
        return question.value if self.agree else None


async def until(condition: Callable[[], Any], what: str = "what was waited for", seconds: float = 15) -> Any:
    """Poll, for what is found; AssertionError `what` when time is up."""
    for _ in range(int(seconds / 0.01)):
        if found := condition():
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {what}")


async def dialog_of(kind: type[QDialog] = QDialog) -> Any:
    """The open dialog, once it is there."""

    def found() -> QDialog | None:
        widgets = QApplication.topLevelWidgets()
        return next((one for one in widgets if isinstance(one, kind) and one.isVisible()), None)

    return await until(found, "the dialog")


class Desk:
    """A page and what it stands on. The tests of each page say what is theirs: the page, when it is read."""

    size = (1000, 600)

    def __init__(self, folder: Path, store: Store) -> None:
        self.parts = parts_of(folder, store)
        self.ask = FakeAsk()
        self.parts.context = SimpleNamespace(ask=self.ask)
        self.page: Any = None

    @property
    def shell(self) -> Shell:
        shell: Any = self.parts.shell
        return shell  # type: ignore[no-any-return]

    def ready(self) -> Any:
        """The page has read what it shows."""
        raise NotImplementedError

    async def settled(self) -> Any:
        """Until the work that was begun has ended and was shown; what was done, where a page's tests know it."""
        await until(lambda: not self.parts.jobs.running, "the work has ended")

    async def accept(self, dialog: QDialog) -> Any:
        """Press the button that does it, to the end of the work."""
        button = dialog.findChild(QPushButton, "action")
        assert button is not None
        assert button.isEnabled(), button.toolTip()
        button.click()
        return await self.settled()

    async def play(self, story: Callable[[Any], Coroutine[Any, Any, None]], qtbot: Any) -> None:
        """Show the page, have `story` happen, end what it began."""
        qtbot.addWidget(self.page)
        self.page.resize(*self.size)
        self.page.show()
        self.shell.parent = self.page
        await until(self.ready, "the page was read")
        await story(self)
        self.page.hide()
        await self.parts.jobs.close()
