"""Debian's installer: graphical through each protocol, in text mode on a serial port. What people do on day one."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from tests.live.looking import image_of, screenshot
from tests.live.test_screens_live import Bench
from tests.testbed import desktop
from tests.testbed.client import KeeperClient
from tests.testbed.connecting import opened
from tests.testbed.guests import INSTALLER, Guest, Guests, Kernel, System
from vmdesk.console.screen import Surface
from vmdesk.console.terminal.line import Line, Style
from vmdesk.console.text import Terminal
from vmdesk.core import typist
from vmdesk.core.screens import Screen
from vmdesk.model.host import HostConfig
from vmdesk.ui.widgets.terminal import TerminalPane
from vmdesk.virt import loop
from vmdesk.virt.consoles import TextConsole

# The pictures to look at: build/consoles/.
PICTURES = Path("build/consoles")
PROTOCOLS = ("vnc", "dbus", "spice")
DEVICES = (
    "<graphics type='dbus' p2p='yes'/><graphics type='spice'><listen type='none'/></graphics>"
    "<input type='tablet' bus='usb'/>"
)
# QEMU writes into its log where the pointer is: a guest would round.
TRACE = (
    "<commandline xmlns='http://libvirt.org/schemas/domain/qemu/1.0'>"
    "<arg value='-trace'/><arg value='input_event_abs'/></commandline>"
)
BOOT = 400  # seconds; 25 and 50 where nothing else runs, many times that where ten things do
CHOSEN = (43, 131, 123)  # the installer's green, about

pytestmark = [
    pytest.mark.skipif(INSTALLER is None, reason="debian-installer-12-netboot-amd64 is a package of Debian's"),
    pytest.mark.timeout(900),
]


async def until(condition: Callable[[], object], what: str, seconds: float = 30, pause: float = 0.02) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(pause)


class Installers(NamedTuple):
    graphical: Guest
    text: Guest


@pytest.fixture(scope="module")
def both(_quiet_libvirt: None) -> Iterator[Installers]:
    """Started together: the one in text mode is there first, and is looked at while the other still starts."""
    made = Guests(System(KeeperClient()))
    try:
        graphical = made(
            "gtk",
            memory=1024,
            kernel=Kernel.installer("gtk", "vga=normal quiet ---"),
            graphics="vnc",
            devices=DEVICES,
            extra=TRACE,
        )
        yield Installers(
            graphical, made("text", memory=1024, kernel=Kernel.installer("text", "console=ttyS0 quiet ---"))
        )
    finally:
        made.remove()


@pytest.fixture
def installers(system_uri: str, both: Installers) -> Installers:
    return both


# ---------------------------------------------------------------- text


class Page:
    """The installer in our terminal."""

    def __init__(self, pane: TerminalPane) -> None:
        self.pane = pane

    @property
    def terminal(self) -> Terminal:
        return self.pane.view.terminal

    @property
    def lines(self) -> list[Line]:
        return [self.terminal.line(n) for n in range(self.terminal.top, self.terminal.end)]

    @property
    def says(self) -> str:
        return "\n".join(line.text for line in self.lines)

    def style(self, words: str) -> Style:
        """How these words look."""
        (line,) = (line for line in self.lines if words in line.text)
        place = line.text.index(words)
        return [style for start, style in zip(line.starts, line.styles) if start <= place][-1]

    @property
    def chosen(self) -> str:
        """What is white on red."""
        for line in self.lines:
            for start, end, style in zip(line.starts, (*line.starts[1:], line.width), line.styles):
                if (style.fg, style.bg) == ("white", "red"):
                    return line.between(start, end).strip()
        return ""

    def press(self, *keys: Qt.Key) -> None:
        for key in keys:
            QTest.keyClick(self.pane.view, key)

    async def is_at(self, words: str, chosen: str = "", seconds: float = 30, without: str = "\0") -> None:
        """Until that page is there, with that line chosen, and nothing more is drawn."""
        before = ""

        def there() -> bool:
            nonlocal before
            last, before = before, self.says
            right = self.chosen == chosen if chosen else bool(self.chosen)
            return words in before and without not in before and before == last and right

        await until(there, f"{chosen} of {words}", seconds, 0.2)

    def frame(self) -> list[str]:
        """The box of the page, cut out of the screen. Its lines meet."""
        rows = [line.text for line in self.lines]
        top = next(n for n, row in enumerate(rows) if "┌" in row)
        left, right = rows[top].index("┌"), rows[top].index("┐")
        bottom = next(n for n, row in enumerate(rows) if n > top and row[left : left + 1] == "└")
        assert rows[bottom][right] == "┘" and set(rows[bottom][left + 1 : right]) == {"─"}
        assert all(row[left] + row[right] == "││" for row in rows[top + 1 : bottom])
        return [row[left : right + 1] for row in rows[top : bottom + 1]]

    def look(self, name: str) -> Image.Image:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.pane.view.flush()
        self.pane.grab().save(str(PICTURES / f"{name}.png"))
        return Image.open(PICTURES / f"{name}.png").convert("RGB")


def test_in_text_mode_on_a_serial_port(system_uri: str, installers: Installers, qapp: QApplication) -> None:
    async def run() -> None:
        async with opened(system_uri) as connection:
            pane = TerminalPane(lambda data: console.send(data))
            console = TextConsole(lambda: connection, installers.text.uuid, "serial0", pane.view.feed, pane.show_state)
            pane.resize(700, 420)
            pane.show()
            task = asyncio.create_task(console.run())
            try:
                await install(Page(pane))
            finally:
                print(Page(pane).says)  # for who reads a failure
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                pane.deleteLater()

    qapp.setQuitOnLastWindowClosed(False)  # as the program has it
    with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp, already_running=False)) as runner:
        runner.run(run())


async def install(page: Page) -> None:
    """The first two pages: to and fro, in a terminal that becomes larger and smaller."""
    language, location = "Choose the language", "Select your location"
    await page.is_at(language, "English", BOOT)
    first = page.frame()
    assert "┤ [!!] Select a language ├" in first[0]
    assert (page.style("[!!]").fg, page.style("[!!]").bg) == ("red", "white")
    assert (page.style("Choose the").fg, page.style("Choose the").bg) == ("black", "white")
    assert page.lines[2].styles[0].bg == "blue", "what the page lies on"
    page.press(Qt.Key.Key_Up)
    await page.is_at(language, "C")
    page.press(Qt.Key.Key_Down)
    await page.is_at(language, "English")
    assert page.frame() == first
    picture = page.look("installer-text-language")
    colors = {color for count, color in picture.getcolors(1 << 24) or [] if count > 300}  # type: ignore[misc]
    assert any(red > 150 > 2 * green for red, green, _ in colors), "red is seen"
    assert any(blue > 150 > 3 * red for red, _, blue in colors), "blue is seen"

    page.press(Qt.Key.Key_Up)
    await page.is_at(language, "C")
    page.press(Qt.Key.Key_Return)
    await page.is_at(location, "Africa", 60)
    page.press(Qt.Key.Key_Down, Qt.Key.Key_Down)
    await page.is_at(location, "Asia")
    second = page.frame()
    page.look("installer-text-location")
    for size in ((132, 43), (100, 30), (80, 24)):
        page.pane.view.set_fixed_size(size)
        await until(lambda size=size: (page.terminal.columns, page.terminal.lines) == size, "the new size")  # type: ignore[misc]
        assert page.frame() == second
        page.press(Qt.Key.Key_Down)
        await page.is_at(location, "Atlantic Ocean")
        page.press(Qt.Key.Key_Up)
        await page.is_at(location, "Asia")
        assert page.frame() == second
    page.press(*[Qt.Key.Key_Down] * 8)  # past the end of what is seen: the list is scrolled
    await page.is_at(location, without="Africa")
    page.frame()
    page.press(Qt.Key.Key_Tab)
    await page.is_at(location, "<Go Back>")
    page.press(Qt.Key.Key_Return)
    await page.is_at(language, "C", 60)
    assert page.frame() == first


# ---------------------------------------------------------------- graphical


@asynccontextmanager
async def bench(folder: Path, uri: str) -> AsyncIterator[Bench]:
    on = Bench(folder)
    on.sessions.add(HostConfig("bed", "bed", uri))
    await on.sessions.connect("bed")
    try:
        yield on
    finally:
        on.screens.close()
        await on.sessions.close()
        await on.jobs.close()
    assert not on.bugs


def chosen_row(image: Image.Image) -> int:
    """Where the chosen line of the installer's list is; 0: there is none."""
    if image.size != (1280, 800):
        return 0
    column = [image.getpixel((1000, y)) for y in range(170, 740)]
    rows = [y for y, pixel in enumerate(column, 170) if all(abs(a - b) < 25 for a, b in zip(pixel, CHOSEN))]  # type: ignore[arg-type]
    return rows[0] if 15 < len(rows) < 40 else 0


def still_at_page(guest: Guest) -> Image.Image:
    """The page of the languages, when nothing more is drawn."""
    end = time.monotonic() + BOOT
    before = screenshot(guest)
    while True:
        time.sleep(1.5)
        now = screenshot(guest)
        if chosen_row(now) and now == before:
            return now
        assert time.monotonic() < end, "the installer did not come"
        before = now


async def same(guest: Guest, surface: Surface, what: str) -> Image.Image:
    """Until our picture is libvirt's, pixel by pixel; that."""
    end = time.monotonic() + 20
    while True:
        theirs = await asyncio.to_thread(screenshot, guest)
        if image_of(surface) == theirs:
            return theirs
        assert time.monotonic() < end, f"not the same picture: {what}"
        await asyncio.sleep(0.1)


def points_at(image: Image.Image, x: int, y: int) -> bool:
    """Whether the black tip of the guest's pointer is there. Between QEMU and the guest up to a pixel is lost."""
    return any(image.getpixel((max(x - a, 0), max(y - b, 0))) == (0, 0, 0) for a in (0, 1) for b in (0, 1))


def test_graphical_through_each_protocol(system_uri: str, installers: Installers, tmp_path: Path) -> None:
    """The same picture as libvirt's, keys that move, the guest's own pointer in each corner."""
    guest = installers.graphical
    still_at_page(guest)

    async def test() -> None:
        async with bench(tmp_path, system_uri) as on:
            for protocol in PROTOCOLS:
                screen, _ = await on.live(guest, protocol)
                assert screen.status.protocol == protocol
                await look(guest, screen, protocol)

    loop.start()
    asyncio.run(test())


async def look(guest: Guest, screen: Screen, protocol: str) -> None:
    assert screen.backend and screen.surface
    row = chosen_row(await same(guest, screen.surface, f"{protocol}, at first"))
    for key, way in (("down", 1), ("up", -1), ("end", 1), ("home", -1)):
        await typist.press(screen.backend.key, key)
        end = time.monotonic() + 20
        while (now := chosen_row(image_of(screen.surface))) == row or not now:
            assert time.monotonic() < end, f"{protocol}: {key} moves nothing"
            await asyncio.sleep(0.05)
        assert (now > row) == (way > 0), f"{protocol}: {key}"
        row = chosen_row(await same(guest, screen.surface, f"{protocol}, after {key}"))
    PICTURES.mkdir(parents=True, exist_ok=True)
    image_of(screen.surface).save(PICTURES / f"installer-{protocol}.png")
    # Elsewhere first: a guest that was never told believes it in the first corner (and shows it in the middle).
    for x, y in ((300, 200), (0, 0), (1279, 0), (1279, 799), (0, 799)):
        screen.backend.pointer(x, y, 0)
        await until(lambda x=x, y=y: points_at(image_of(screen.surface), x, y), f"{protocol}: a pointer at {x}, {y}")  # type: ignore[misc, arg-type]
    await same(guest, screen.surface, f"{protocol}, with the pointer in a corner")


@pytest.mark.skipif(not shutil.which("xdotool"), reason="xdotool is a package of Debian's")
@pytest.mark.parametrize("factor", ["1", "1.5", "2"])
def test_pointer_in_the_corners(system_uri: str, installers: Installers, factor: str) -> None:
    """The real page on a real display; what counts is what QEMU got."""
    guest = installers.graphical
    still_at_page(guest)
    told = desktop.seen_at(factor, "tests.live.pointer_on_x", system_uri, guest.uuid, guest.name, seconds=200)
    assert [seen for seen in told["seen"] if seen["wanted"] != seen["got"]] == []
    ways = {(seen["protocol"], seen["mode"], seen["room"]) for seen in told["seen"]}
    assert len(ways) == len(PROTOCOLS) * 4, ways
    assert len(told["seen"]) == len(ways) * 5
