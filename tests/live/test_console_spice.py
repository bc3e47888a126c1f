"""The SPICE console on real QEMUs."""

import asyncio
import functools
import gc
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import libvirt
import pytest

from tests.fakes.listener import Recorder
from tests.live.looking import rgb, screenshot_rgb
from tests.testbed.guests import Guest, Guests
from vmdesk.console import keys
from vmdesk.console.spice import Address, Display, SpiceBackend
from vmdesk.console.spice.sockets import OpenChannel
from vmdesk.core.typist import PAUSE
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.virt.connection import Connection
from vmdesk.virt.consoles import open_graphics_fd

FIRST = 3.0  # seconds; a busy test machine


def spice_guest(make: Guests, name: str, change: Callable[[str], str] = lambda xml: xml, **options: object) -> Guest:
    """With a SPICE display that listens nowhere."""
    guest = make(name, graphics="spice", start=False, **options)  # type: ignore[arg-type]

    def define(domain: libvirt.virDomain) -> None:
        xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)
        xml, count = re.subn("<listen type='socket'[^>]*/>", "<listen type='none'/>", xml)
        assert count == 1
        domain.connect().defineXML(change(xml))

    guest.ask(define)
    guest.start()
    return guest


@asynccontextmanager
async def host(uri: str) -> AsyncIterator[Connection]:
    connection = await Connection.open(HostConfig("h", "live", uri), 1, lambda event: None)
    try:
        yield connection
    finally:
        await connection.close()


def door(connection: Connection, guest: Guest, skip_auth: bool = True) -> OpenChannel:
    return functools.partial(open_graphics_fd, connection, guest.uuid, 0, skip_auth)


class Console:
    def __init__(self, where: OpenChannel | Address, **options: str) -> None:
        self.told = Recorder()
        self.display = Display(where, **options)  # type: ignore[arg-type]
        self.backend = SpiceBackend(self.display, self.told)

    async def press(self, names: str) -> None:
        for qnum, down in keys.chord(keys.parse(names)):
            self.backend.key(qnum, down)

    async def type(self, text: str) -> None:
        plan = keys.plan(text)
        assert not plan.missing
        for qnum, down in plan.strokes:
            self.backend.key(qnum, down)
            await asyncio.sleep(PAUSE)

    def shows(self) -> bytes:
        return rgb(self.told.surfaces[-1])


@asynccontextmanager
async def console(where: OpenChannel | Address, **options: str) -> AsyncIterator[Console]:
    opened = Console(where, **options)
    try:
        await opened.backend.open()
        yield opened
    finally:
        opened.backend.close()
        await until(lambda: opened.told.ends, "it says that it is over")


async def until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Asked aside: what opens channels is this loop."""
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)


async def at_menu(opened: Console) -> None:
    """GRUB has drawn its menu, and counts no more."""

    def bar() -> bool:
        """The chosen entry's light bar, at the right end of the fifth line of text."""
        surface = opened.told.surfaces[-1]
        spot = 72 * surface.stride + 650 * 4
        return surface.width == 720 and surface.data[spot] > 100

    await until(bar, "GRUB's menu")
    await opened.press("down")
    await until(lambda: not bar(), "the next entry is chosen")


def run(test: Callable[[Connection], Awaitable[None]], uri: str) -> None:
    async def main() -> None:
        async with host(uri) as connection:
            await test(connection)

    asyncio.run(main())


def test_the_picture_is_libvirts(make_guest: Guests, rescue_cd: Path) -> None:
    guest = spice_guest(make_guest, "grub", iso=rescue_cd, memory=64)

    async def test(connection: Connection) -> None:
        start = time.monotonic()
        async with console(door(connection, guest)) as opened:
            assert time.monotonic() - start < FIRST
            assert opened.told.threads == {"libvirt events"}
            await at_menu(opened)
            for key in ("", "c", "esc"):
                if key:
                    await opened.press(key)
                    await asyncio.sleep(1)
                await until(lambda: opened.shows() == screenshot_rgb(guest), "the same picture")
            # hidden: no pictures; then the one of now
            opened.backend.pause_updates(True)
            await asyncio.sleep(0.3)
            before = len(opened.told.damaged)
            await opened.press("down")
            await asyncio.sleep(1)
            assert len(opened.told.damaged) == before and not opened.told.ends
            opened.backend.pause_updates(False)
            await until(lambda: opened.shows() == screenshot_rgb(guest), "the picture of now")

    run(test, guest.uri)


def test_every_character_reaches_the_guest(make_guest: Guests, rescue_cd: Path) -> None:
    guest = spice_guest(make_guest, "grub", iso=rescue_cd, memory=64)

    async def test(connection: Connection) -> None:
        async with console(door(connection, guest)) as opened:
            await at_menu(opened)
            await opened.press("c")
            await asyncio.sleep(0.5)
            for command in ("serial --unit=0 --speed=115200\n", "terminal_output serial console\n"):
                await opened.type(command)
                await asyncio.sleep(0.5)
            await until(lambda: "grub>" in guest.serial(), "GRUB's command line on the serial port")
            text = "".join(chr(code) for code in range(32, 127) if chr(code) != "'")
            half = len(text) // 2  # a line that is longer than the screen is broken
            for part in (f"'{text[:half]}'", f"'{text[half:]}'", '"\'"'):
                await opened.type(f"echo {part}\n")
                line = f"\n{part[1:-1]}\n"
                await until(lambda line=line: line in guest.serial().replace("\r", ""), f"GRUB says {part}")  # type: ignore[misc]
                await asyncio.sleep(0.3)  # its prompt

    run(test, guest.uri)


def test_again_and_again(make_guest: Guests, reps: Callable[[int], int]) -> None:
    guest = spice_guest(make_guest, "again")
    guest.wait_until_booted()

    async def test(connection: Connection) -> None:
        async def look() -> None:
            async with console(door(connection, guest)) as opened:
                assert len(opened.shows()) > 1000

        for _ in range(3):
            await look()
        await asyncio.sleep(0.5)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(reps(100)):
            await look()
        gc.collect()
        await until(lambda: len(os.listdir("/proc/self/fd")) <= before, "no socket is left")

    run(test, guest.uri)


def test_another_viewer_takes_it(make_guest: Guests) -> None:
    guest = spice_guest(make_guest, "taken")
    guest.wait_until_booted()

    async def test(connection: Connection) -> None:
        async with console(door(connection, guest)) as first, console(door(connection, guest)) as second:
            await until(lambda: first.told.ends, "the first is thrown out")
            assert first.told.ends[0] and first.told.ends[0].name == "taken"
            await asyncio.sleep(0.5)
            assert not second.told.ends
            # Its text cursor blinks: what is compared may have been seen before and after that.
            await until(lambda: second.shows() == screenshot_rgb(guest), "the second shows what the guest does")
        assert second.told.ends == [None]

    run(test, guest.uri)


def test_the_machine_pauses_and_ends(make_guest: Guests) -> None:
    guest = spice_guest(make_guest, "ends")

    async def test(connection: Connection) -> None:
        async with console(door(connection, guest)) as opened:
            guest.ask(lambda domain: domain.suspend())
            await asyncio.sleep(0.3)
            guest.ask(lambda domain: domain.resume())
            guest.ask(lambda domain: domain.reset())
            await asyncio.sleep(0.3)
            assert not opened.told.ends
            guest.ask(lambda domain: domain.destroy())
            await until(lambda: opened.told.ends, "the end is told")
            assert opened.told.ends[0] and opened.told.ends[0].name == "eof"
        with pytest.raises(VirtError):
            await Console(door(connection, guest)).backend.open()

    run(test, guest.uri)


def test_pointer_without_a_tablet(make_guest: Guests) -> None:
    guest = spice_guest(make_guest, "mouse")

    async def test(connection: Connection) -> None:
        async with console(door(connection, guest)) as opened:
            assert opened.told.modes[-1] is False
            opened.backend.pointer(10, 10, 1)
            opened.backend.motion(3, 3, 0)
            await asyncio.sleep(0.1)
            assert not opened.told.ends

    run(test, guest.uri)


def test_two_monitors(make_guest: Guests) -> None:
    guest = spice_guest(
        make_guest, "heads", lambda xml: re.sub("<model type='vga'.*?/>", "<model type='virtio' heads='2'/>", xml)
    )

    async def test(connection: Connection) -> None:
        async with console(door(connection, guest)) as first:
            told = Recorder()
            await until(lambda: len(first.display.heads) == 2, "two monitors")
            second = SpiceBackend(first.display, told, 1)
            await second.open()
            assert told.surfaces[0].width > 100
            second.close()
            await until(lambda: told.ends, "it ends")
            assert told.ends == [None] and not first.told.ends

    run(test, guest.uri)


def test_a_password(make_guest: Guests) -> None:
    def protect(xml: str) -> str:
        return xml.replace("<graphics type='spice'", "<graphics type='spice' passwd='secret'")

    guest = spice_guest(make_guest, "secret", protect)

    async def test(connection: Connection) -> None:
        async with console(door(connection, guest)):
            pass  # libvirt lets its own users in
        async with console(door(connection, guest, False), password="secret"):
            pass
        for password in ("", "wrong"):
            with pytest.raises(VirtError) as refused:
                await Console(door(connection, guest, False), password=password).backend.open()
            assert refused.value.problem.name == "auth"

    run(test, guest.uri)


def test_over_the_network(make_guest: Guests) -> None:
    def listen(xml: str) -> str:
        return re.sub(
            "<graphics type='spice'.*?</graphics>",
            "<graphics type='spice' port='5977'><listen type='address' address='127.0.0.1'/></graphics>",
            xml,
            flags=re.S,
        )

    guest = spice_guest(make_guest, "net", listen)

    async def test(connection: Connection) -> None:
        address = Address("127.0.0.1", 5977)
        async with console(address) as opened:
            async with console(address):
                await until(lambda: opened.told.ends, "thrown out")
            assert opened.told.ends[0] and opened.told.ends[0].name == "taken"
        async with console(address) as opened:
            guest.ask(lambda domain: domain.destroy())
            await until(lambda: opened.told.ends, "the end is told")
            assert opened.told.ends[0] and opened.told.ends[0].name == "eof"

    run(test, guest.uri)
