"""Screens that do not open, in the real page: a sentence and a button each, and the window goes on meanwhile."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from qasync import QEventLoop

from tests.live.test_console_remote import One
from tests.live.test_screens_live import Bench
from tests.live.test_ssh import Person
from tests.testbed.client import KeeperClient
from tests.testbed.guests import Guest, Guests, wait_for
from tests.ui.desk import parts_of
from tests.ui.pages.test_wall import Stalls
from tests.unit.console.vnc.authority import Authority
from vmdesk.console.spice import Display as SpiceDisplay
from vmdesk.console.vnc import client
from vmdesk.core import screen, screens
from vmdesk.core.doors import RealDoors
from vmdesk.core.screen_state import Phase
from vmdesk.model.domain import DomainKey
from vmdesk.model.host import HostConfig
from vmdesk.ui.pages.machine_console import MachineConsole
from vmdesk.virt import domains, loop
from vmdesk.virt.connection import Connection

PICTURES = Path("build/consoles")
HOST = "host.example"
SECRET = ("-object", "secret,id=s,data=sesame")


def port() -> int:
    """One that nobody has, and that QEMU can count from 5900."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            found: int = probe.getsockname()[1]
        if found > 5900:
            return found


@contextmanager
def qemu(*options: str, listens: int) -> Iterator[int]:
    """A QEMU that shows its firmware at that port."""
    program = ["qemu-system-x86_64", "-accel", "tcg", "-m", "32", "-nodefaults", "-display", "none", "-vga", "std"]
    process = subprocess.Popen([*program, *options], stderr=subprocess.PIPE)

    def answers() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", listens)) == 0

    try:
        wait_for(answers, "QEMU listens")
        yield listens
    finally:
        process.kill()
        process.communicate()


def vnc(folder: Path) -> AbstractContextManager[int]:
    number = port()
    keys = f"tls-creds-x509,id=t,dir={folder},endpoint=server,verify-peer=no,sanity-check=no"
    display = f"127.0.0.1:{number - 5900},tls-creds=t,password-secret=s"
    return qemu(*SECRET, "-object", keys, "-vnc", display, listens=number)


def spice() -> AbstractContextManager[int]:
    number = port()
    return qemu(*SECRET, "-spice", f"port={number},addr=127.0.0.1,password-secret=s", listens=number)


@contextmanager
def silent() -> Iterator[int]:
    """Accepts, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for 15 seconds here."""
    monkeypatch.setattr(client, "SILENCE", 1.5)
    monkeypatch.setitem(SpiceDisplay.__init__.__kwdefaults__, "seconds", 1.5)
    monkeypatch.setattr(screen, "ONLY", 3.0)
    monkeypatch.setattr(screens, "ONLY", 3.0)


class Window:
    """The page of a machine, seen."""

    def __init__(self, page: MachineConsole) -> None:
        self.page = page

    @property
    def says(self) -> str:
        labels = self.page.pane.card.findChildren(QLabel)
        return " ".join(label.text() for label in labels if label.isVisible() and label.text())

    @property
    def buttons(self) -> dict[str, QPushButton]:
        return {one.text(): one for one in self.page.pane.card.findChildren(QPushButton) if one.isVisible()}

    async def until(self, what: Callable[[], object], seconds: float = 30) -> None:
        for _ in range(int(seconds / 0.02)):
            if what():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"did not come; it says {self.says!r}, {self.page.pane.screen_status}")

    async def fails(self, name: str, *words: str) -> None:
        """It says so, with a button to try again."""
        await self.until(lambda: self.page.pane.screen_status.phase is Phase.LOST and "Try again" in self.buttons)
        await asyncio.sleep(0.1)
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.grab().save(str(PICTURES / f"refused-{name}.png"))
        for one in words:
            assert one in self.says, self.says
        card = self.page.pane.card
        assert (
            "\0" not in self.says
            and card.accessibleName()
            and card.rect().contains(self.buttons["Try again"].geometry())
        )

    async def tries_again(self) -> None:
        QTest.mouseClick(self.buttons["Try again"], Qt.MouseButton.LeftButton)
        await self.until(lambda: self.page.pane.screen_status.phase is Phase.LIVE and self.page.pane.view.has_picture)
        assert self.page.pane.card.isHidden()


@asynccontextmanager
async def window(on: Bench, guest: Guest, folder: Path, wish: str) -> AsyncIterator[Window]:
    parts = parts_of(folder, on.store)
    parts.jobs, parts.screens, parts.sessions = on.jobs, on.screens, on.sessions
    page = MachineConsole(parts, DomainKey("bed", guest.uuid))
    page.pane.choose(wish)
    page.resize(900, 640)
    stalls = Stalls()
    page.show()
    try:
        yield Window(page)
    finally:
        stalls.stop()
        print(f"the main thread worked {stalls.busy * 1000:.0f} ms at most in one go")
        page.pane.close_screen()
        page.hide()
        page.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


class Far:
    """A machine of another computer, as it seems: libvirt is this one's, the display is where `xml` says."""

    def __init__(self, on: Bench, person: Person) -> None:
        self.on, self.person = on, person
        self.graphics = ""

    async def xml(self, *_: Any, **__: Any) -> str:
        return f"<domain><devices>{self.graphics}</devices></domain>"


@pytest.fixture
def far(
    tmp_path: Path,
    system_uri: str,
    make_guest: Guests,
    monkeypatch: pytest.MonkeyPatch,
    qapp: QApplication,
    soon: None,
) -> Callable[..., None]:
    """`far(protocol, test)` runs the coroutine test(window, far)."""
    guest = make_guest("far", graphics="vnc")
    real = socket.getaddrinfo

    def resolve(name: Any, *more: Any, **others: Any) -> Any:
        return real("127.0.0.1" if name == HOST else name, *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def run(protocol: str, test: Callable[[Window, Far], Any], start: str, *answers: str | None) -> None:
        async def whole() -> None:
            host = HOST if protocol == "vnc" else "127.0.0.1"  # the SPICE library asks the system
            config = HostConfig("bed", "bed", f"qemu+tls://{host}/system")
            connection = await Connection.open(config, 1, lambda _event: None, "qemu:///system")
            on = Bench(tmp_path)
            person = Person(*answers)
            on.screens.doors = RealDoors(One(connection), asker=person)
            on.store.update([one for one in await domains.list_all(connection) if one.uuid == guest.uuid])
            there = Far(on, person)
            there.graphics = start
            monkeypatch.setattr(domains, "xml", there.xml)
            try:
                async with window(on, guest, tmp_path, protocol) as seen:
                    await test(seen, there)
            finally:
                on.screens.close()
                await on.jobs.close()
                await connection.close()
            assert not on.bugs

        loop.start()
        qapp.setQuitOnLastWindowClosed(False)
        with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp, already_running=False)) as runner:
            runner.run(whole())

    return run


def graphics(protocol: str, number: int) -> str:
    return f"<graphics type='{protocol}' port='{number}' listen='0.0.0.0'/>"


@pytest.mark.parametrize("protocol", ["vnc", "spice"])
def test_no_way_in(tmp_path: Path, far: Callable[..., None], protocol: str) -> None:
    """One after the other, each mended by the button: nobody there, somebody silent, a wrong password."""
    authority = Authority(tmp_path)
    authority.server(folder=tmp_path)
    trusted = tmp_path / "home/.pki/CA/cacert.pem"
    trusted.parent.mkdir(parents=True)
    trusted.write_bytes(authority.file.read_bytes())

    with ExitStack() as stack:
        good = stack.enter_context(vnc(tmp_path) if protocol == "vnc" else spice())
        mute = stack.enter_context(silent())
        nobody = port()

        async def test(seen: Window, there: Far) -> None:
            await seen.fails(f"{protocol}-closed", "refuse")
            there.graphics = graphics(protocol, mute)
            QTest.mouseClick(seen.buttons["Try again"], Qt.MouseButton.LeftButton)
            await seen.until(lambda: seen.page.pane.screen_status.phase is Phase.CONNECTING)
            await seen.until(lambda: seen.page.pane.card.kind == "connecting")
            await seen.fails(
                f"{protocol}-silent", "has not answered for 2 seconds", "Try again, or use another display."
            )
            there.graphics = graphics(protocol, good)
            QTest.mouseClick(seen.buttons["Try again"], Qt.MouseButton.LeftButton)
            await seen.until(lambda: len(there.person.asked) == 2)
            await seen.fails(f"{protocol}-password", "The password is wrong")
            await seen.tries_again()
            assert [prompt.again for prompt in there.person.asked] == [False, True, False]

        far(protocol, test, graphics(protocol, nobody), "wrong", None, "sesame")


def test_an_expired_certificate(tmp_path: Path, far: Callable[..., None]) -> None:
    authority = Authority(tmp_path)
    trusted = tmp_path / "home/.pki/CA/cacert.pem"
    trusted.parent.mkdir(parents=True)
    trusted.write_bytes(authority.file.read_bytes())
    old, new = tmp_path / "old", tmp_path / "new"
    with ExitStack() as stack:
        for folder, days in ((old, (-20, -10)), (new, (-1, 1))):
            folder.mkdir()
            authority.server(days, folder=folder)
        first, second = (stack.enter_context(vnc(folder)) for folder in (old, new))

        async def test(seen: Window, there: Far) -> None:
            await seen.fails("vnc-certificate", HOST, "expired")
            there.graphics = graphics("vnc", second)
            await seen.tries_again()

        far("vnc", test, graphics("vnc", first), "sesame")


@pytest.mark.parametrize("protocol", ["vnc", "dbus", "spice"])
def test_a_machine_that_hangs(
    tmp_path: Path,
    system_uri: str,
    make_guest: Guests,
    keeper: KeeperClient,
    qapp: QApplication,
    soon: None,
    protocol: str,
) -> None:
    """QEMU itself does not answer: the tab says so, and shows the screen when it answers again."""
    devices = "<graphics type='dbus' p2p='yes'/><graphics type='spice'><listen type='none'/></graphics>"
    guest = make_guest("hung", graphics="vnc", devices=devices)
    guest.wait_until_booted()

    async def whole() -> None:
        on = Bench(tmp_path)
        on.sessions.add(HostConfig("bed", "bed", system_uri))
        await on.sessions.connect("bed")
        keeper.guest_stop(guest.name)
        try:
            async with window(on, guest, tmp_path, protocol) as seen:
                await seen.fails(f"{protocol}-hung", "seconds", "hang", "Try again, or use another display.")
                keeper.guest_continue(guest.name)
                await seen.tries_again()
        finally:
            keeper.guest_continue(guest.name)
            on.screens.close()
            await on.sessions.close()
            await on.jobs.close()
        assert not on.bugs

    loop.start()
    qapp.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp, already_running=False)) as runner:
        runner.run(whole())
