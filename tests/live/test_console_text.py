"""Text consoles and screen sockets of real guests."""

import asyncio
import contextlib
import os
import socket
import string
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import libvirt
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from tests.live.looking import is_menu, screenshot
from tests.testbed.client import KeeperClient
from tests.testbed.connecting import opened
from tests.testbed.guests import Guest, Guests
from vmdesk.console.text import Mods, Terminal
from vmdesk.core.jobs import Jobs
from vmdesk.core.sessions import Sessions
from vmdesk.core.store import Store
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.ui.widgets.terminal import TerminalPane
from vmdesk.virt import consoles, domains
from vmdesk.virt.connection import Connection
from vmdesk.virt.consoles import TextConsole, TextState, TextStatus
from vmdesk.virtxml import displays

# What the GRUB on the rescue CD is told through its keyboard: from then on it lives on the serial port.
_TO_SERIAL = "serial --unit=0 --speed=115200\nterminal_output serial\nterminal_input serial\n"
_KEYS = {" ": "SPACE", "-": "MINUS", "=": "EQUAL", "\n": "ENTER"}


async def until(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.01)


class Seat:
    """Somebody before a text console."""

    def __init__(self, require: Callable[[], Connection], guest: Guest, device: str = "serial0") -> None:
        self.states: list[TextState] = []
        self.terminal = Terminal(reply=lambda data: self.console.send(data) and None)
        self.console = TextConsole(require, guest.uuid, device, self._on_data, self.states.append)

    def _on_data(self, data: bytes) -> None:
        self.terminal.feed(data)
        self.terminal.advance()

    @property
    def status(self) -> TextStatus:
        return self.console.state.status

    @property
    def says(self) -> str:
        return self.terminal.text(self.terminal.everything)

    async def is_(self, status: TextStatus) -> None:
        await until(lambda: self.status is status, f"console is {status}, not {self.console.state}")

    @asynccontextmanager
    async def sitting(self) -> AsyncIterator["Seat"]:
        task = asyncio.create_task(self.console.run())
        try:
            yield self
        finally:
            print(self.says)  # for who reads a failure
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def test_what_is_typed_reaches_the_guest(system_uri: str, make_guest: Guests) -> None:
    guest = make_guest("typed")
    guest.wait_until_booted()

    async def run() -> None:
        async with opened(system_uri) as connection:
            xml = await domains.xml(connection, guest.uuid)
            (device,) = displays.parse(xml).texts
            assert device.streams
            async with Seat(lambda: connection, guest, device.name).sitting() as seat:
                await seat.is_(TextStatus.OPEN)
                everything = "".join(c for c in string.printable if c.isprintable() and c != ".")
                assert seat.console.send(everything.encode())

                def echoed() -> bool:
                    return everything in seat.says.replace(".", "").replace("\n", "")

                await until(echoed, "everything printable is echoed")
                # The guest reads one byte at a time: what is more than it can take waits, and nothing is lost.
                assert seat.console.send(b"y" * 300 + b"END")
                await until(lambda: seat.says.replace(".", "").replace("\n", "").endswith("END"), "all of it", 60)
                assert seat.says.count("y") >= 300
                assert not seat.console.send(b"y" * (consoles.MOST_UNSENT + 1))
            assert not seat.console.send(b"gone")
            # The console is free again at once.
            async with Seat(lambda: connection, guest).sitting() as seat:
                await seat.is_(TextStatus.OPEN)

    asyncio.run(run())


def test_two_want_the_same_console(system_uri: str, make_guest: Guests) -> None:
    guest = make_guest("seats")
    guest.wait_until_booted()

    async def run() -> None:
        async with (
            opened(system_uri) as here,
            opened(system_uri) as there,
            Seat(lambda: here, guest).sitting() as one,
            Seat(lambda: there, guest).sitting() as two,
        ):
            await until(lambda: {one.status, two.status} == {TextStatus.OPEN, TextStatus.TAKEN}, "one has it")
            has, has_not = (one, two) if one.status is TextStatus.OPEN else (two, one)
            problem = has_not.console.state.problem
            assert problem and problem.name == "taken" and problem.what_next
            for _ in range(3):  # taken over, and taken back
                has_not.console.take_over()
                await has_not.is_(TextStatus.OPEN)
                await has.is_(TextStatus.TAKEN)
                has, has_not = has_not, has
            await asyncio.sleep(1)
            assert (has.status, has_not.status) == (TextStatus.OPEN, TextStatus.TAKEN)  # nobody fights
            before = len(has.says)
            await until(lambda: len(has.says) > before, "the one who has it reads on")

    asyncio.run(run())


def test_it_comes_back_after_off_and_on(system_uri: str, make_guest: Guests) -> None:
    guest = make_guest("again")
    guest.wait_until_booted()

    async def run() -> None:
        async with opened(system_uri) as connection, Seat(lambda: connection, guest).sitting() as seat:
            await seat.is_(TextStatus.OPEN)
            await domains.reset(connection, guest.uuid)
            await until(lambda: "VMDesk test guest" in seat.says, "the greeting of a reset guest")
            assert seat.states[-1].status is TextStatus.OPEN
            await domains.destroy(connection, guest.uuid)

            def off() -> bool:
                problem = seat.console.state.problem
                return problem is not None and problem.name == "off"

            await until(off, "why it is not open")
            assert seat.status is TextStatus.WAITING
            await domains.start(connection, guest.uuid)
            seat.console.wake()
            await seat.is_(TextStatus.OPEN)
            assert seat.console.send(b"hello again")
            await until(lambda: "hello again" in seat.says.replace(".", "").replace("\n", ""), "typed after the start")
            # Without a word from anybody it comes back, too, only later.
            await domains.destroy(connection, guest.uuid)
            await until(lambda: seat.status is TextStatus.WAITING, "off")
            await domains.start(connection, guest.uuid)
            await seat.is_(TextStatus.OPEN)

    asyncio.run(run())


def test_the_daemon_is_killed_and_started(system_uri: str, make_guest: Guests, keeper: KeeperClient) -> None:
    guest = make_guest("daemon")
    guest.wait_until_booted()

    async def run() -> None:
        bugs: list[BaseException] = []
        jobs = Jobs(bugs.append)
        sessions = Sessions(Store(), jobs, None)
        session = sessions.add(HostConfig("h", "live", system_uri))
        await session.open()
        async with Seat(session.require, guest).sitting() as seat:
            await seat.is_(TextStatus.OPEN)
            keeper.daemon_kill()
            await seat.is_(TextStatus.WAITING)
            keeper.daemon_start()
            await seat.is_(TextStatus.OPEN)
            before = len(seat.says)
            await until(lambda: len(seat.says) > before, "it reads on")
            # A daemon that hangs does not hold up the end.
            keeper.daemon_stop()
        keeper.daemon_continue()
        await sessions.close()
        await jobs.close()
        assert bugs == []

    asyncio.run(run())


def test_nothing_is_left_behind(system_uri: str, make_guest: Guests, reps: Callable[[int], int]) -> None:
    guest = make_guest("leak", graphics="vnc")
    guest.wait_until_booted()

    async def once(connection: Connection) -> None:
        async with Seat(lambda: connection, guest).sitting() as seat:
            await seat.is_(TextStatus.OPEN)
        opening = asyncio.create_task(consoles.open_graphics_fd(connection, guest.uuid, 0))
        await asyncio.sleep(0)
        opening.cancel()  # the socket that still comes is closed
        os.close(await consoles.open_graphics_fd(connection, guest.uuid, 0))

    async def run() -> None:
        async with opened(system_uri) as connection:
            await once(connection)
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(reps(100)):
                await once(connection)
            await asyncio.sleep(0.2)
            assert len(os.listdir("/proc/self/fd")) <= before
            assert not connection.closers
            # Closing the connection ends what is open on it.
            async with Seat(lambda: connection, guest).sitting() as seat:
                await seat.is_(TextStatus.OPEN)
                await connection.close()
                await seat.is_(TextStatus.WAITING)
                assert seat.console.state.problem and seat.console.state.problem.name == "closed"

    asyncio.run(run())


def test_words_for_what_cannot_be(system_uri: str, make_guest: Guests) -> None:
    guest = make_guest("words", devices="<serial type='null'/>")
    guest.wait_until_booted()

    async def named(connection: Connection, device: str) -> str:
        with pytest.raises(VirtError) as refused:
            await consoles.open_text(connection, guest.uuid, device, lambda _data: None)
        assert guest.name in str(refused.value)
        return refused.value.problem.name

    async def run() -> None:
        async with opened(system_uri, readonly=True) as connection:
            await domains.list_all(connection)
            assert await named(connection, "serial0") == "read-only"
        async with opened(system_uri) as connection:
            await domains.list_all(connection)
            assert await named(connection, "serial7") == "no-device"
            assert await named(connection, "serial1") == "no-device"
            async with Seat(lambda: connection, guest, "serial7").sitting() as seat:
                await seat.is_(TextStatus.FAILED)
            with pytest.raises(VirtError) as refused:
                await consoles.open_graphics_fd(connection, guest.uuid, 0)
            assert refused.value.problem.name == "no-device"
            await domains.destroy(connection, guest.uuid)
            assert await named(connection, "") == "off"
            with pytest.raises(VirtError) as refused:
                await consoles.open_graphics_fd(connection, guest.uuid, 0)
            assert refused.value.problem.name == "off"

    asyncio.run(run())


def test_a_screen_without_its_password(system_uri: str, make_guest: Guests) -> None:
    screens = "<graphics type='vnc' passwd='secret'><listen type='none'/></graphics>"
    guest = make_guest("screen", devices=screens)
    guest.wait_until_booted()

    def security(fd: int) -> list[int]:
        with socket.socket(fileno=fd) as door:
            door.settimeout(5)
            assert not door.get_inheritable()
            assert door.recv(12) == b"RFB 003.008\n"
            door.sendall(b"RFB 003.008\n")
            return list(door.recv(door.recv(1)[0]))

    async def run() -> None:
        async with opened(system_uri) as connection:
            assert security(await consoles.open_graphics_fd(connection, guest.uuid, 0)) == [1]
            assert security(await consoles.open_graphics_fd(connection, guest.uuid, 0, skip_auth=False)) == [2]

    asyncio.run(run())


def _press(guest: Guest, text: str) -> None:
    def press(domain: libvirt.virDomain) -> None:
        for character in text:
            name = _KEYS.get(character) or character.upper()
            codes = [_code("LEFTSHIFT"), _code("MINUS")] if character == "_" else [_code(name)]
            domain.sendKey(libvirt.VIR_KEYCODE_SET_LINUX, 50, codes, len(codes), 0)
            time.sleep(0.12)

    guest.ask(press)


def _code(name: str) -> int:
    rows = ("QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM")
    for start, row in zip((16, 30, 44), rows, strict=True):
        if name in row:
            return start + row.index(name)
    named = {"SPACE": 57, "MINUS": 12, "EQUAL": 13, "ENTER": 28, "LEFTSHIFT": 42, "0": 11}
    return named[name] if name in named else 1 + int(name)


def test_grub_on_the_serial_port(system_uri: str, make_guest: Guests, rescue_cd: Path) -> None:
    """A program that draws on the whole screen, with colours, cursor keys and answers to where the cursor is."""
    guest = make_guest("grub", iso=rescue_cd, memory=64, graphics="vnc")

    async def run() -> None:
        async with opened(system_uri) as connection, Seat(lambda: connection, guest).sitting() as seat:
            await seat.is_(TextStatus.OPEN)
            await until(lambda: is_menu(screenshot(guest)), "GRUB's menu", 60)
            _press(guest, "c")
            await asyncio.sleep(1)
            _press(guest, _TO_SERIAL)
            await until(lambda: seat.says.rstrip().endswith("grub>"), "GRUB on the serial port", 30)
            typed = "".join(c for c in string.printable if c.isprintable() and c != " ")
            for character in typed:
                seat.console.send(seat.terminal.typed(character))
            await until(lambda: typed in seat.says.replace("\n", ""), "all of it echoed", 15)
            seat.console.send(seat.terminal.typed("c", Mods.CTRL))
            # Keys that move: Home, then write before what is there; the line's end by End.
            seat.console.send(b"\x15" + seat.terminal.typed("cho MOVED"))
            seat.console.send(seat.terminal.key("home") + seat.terminal.typed("e") + seat.terminal.key("end") + b"\r")
            await until(lambda: "\nMOVED" in seat.says, "cursor keys are understood")
            seat.console.send(seat.terminal.key("escape"))
            await until(lambda: "|*GNU/Linux " in seat.says, "the menu")
            seat.console.send(seat.terminal.key("down"))
            await until(lambda: "|*GNU (aka GNU/Hurd) " in seat.says, "the second entry")
            look = next(
                seat.terminal.line(n) for n in range(seat.terminal.end) if "*GNU (aka" in seat.terminal.line(n).text
            )
            assert len(look.styles) > 1  # it stands out

    asyncio.run(run())


def test_in_the_window(system_uri: str, make_guest: Guests, qapp: QApplication) -> None:
    """The widget, the loop of the window, libvirt's thread, a guest: what is typed is seen."""
    guest = make_guest("window")
    guest.wait_until_booted()

    async def run() -> None:
        async with opened(system_uri) as connection:
            pane = TerminalPane(lambda data: console.send(data))
            console = TextConsole(lambda: connection, guest.uuid, "serial0", pane.view.feed, pane.show_state)
            pane.resize(800, 600)
            pane.show()
            task = asyncio.create_task(console.run())
            await until(lambda: console.state.status is TextStatus.OPEN, "the console is open")
            QTest.keyClicks(pane.view, "typed in a window")

            def seen() -> bool:
                return "typed in a window" in pane.view.reading.text().replace(".", "").replace("\n", "")

            await until(seen, "what was typed is seen")
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            pane.deleteLater()

    qapp.setQuitOnLastWindowClosed(False)  # as the program has it
    with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp, already_running=False)) as runner:
        runner.run(run())
