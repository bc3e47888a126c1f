"""The console wall on real guests: small pictures of many at once, keys to some of them, a recording."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from tests.live.test_screens_live import Bench
from tests.testbed.guests import Guest, Guests
from tests.ui.desk import parts_of
from tests.ui.pages.test_wall import Stalls
from vmdesk.console import keys
from vmdesk.core.broadcast import Broadcast
from vmdesk.core.film import Film
from vmdesk.core.tiles import Tile, Tiles, sending, shooting
from vmdesk.core.typist import press, type_strokes
from vmdesk.model.domain import DomainKey
from vmdesk.model.host import HostConfig
from vmdesk.ui.pages.wall import WallPage
from vmdesk.virt import loop

Test = Callable[["Wall"], Coroutine[Any, Any, None]]
ROOM = (240, 150)


class Wall(Bench):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tiles = Tiles(self.screens, shooting(self.sessions), sending(self.sessions))
        self.shown: dict[str, Tile] = {}
        self.changes: dict[str, int] = {}

    def show(self, *guests: Guest) -> None:
        for guest in guests:

            def changed(uuid: str = guest.uuid) -> None:
                self.changes[uuid] = self.changes.get(uuid, 0) + 1

            tile = self.shown[guest.uuid] = Tile(self.tiles, DomainKey("bed", guest.uuid), changed)
            tile.show(True, ROOM)

    def tile(self, guest: Guest) -> Tile:
        return self.shown[guest.uuid]

    def at_menu(self, guest: Guest) -> bool:
        """GRUB's first entry is chosen: a light bar at the right end of the fifth line of text."""
        small = self.tile(guest).picture_shown
        if small is None or small.full[0] != 720:
            return False
        x, y = 650 * small.width // 720, 72 * small.height // 400
        return small.data[(y * small.width + x) * 4] > 70

    def bright(self, guest: Guest) -> int:
        """How many of its small picture's pixels are not black."""
        small = self.tile(guest).picture_shown
        return sum(1 for blue in small.data[::4] if blue > 40) if small else 0


@pytest.fixture
def wall(tmp_path: Path, system_uri: str) -> Callable[[Test], None]:
    def run(test: Test) -> None:
        async def whole() -> None:
            on = Wall(tmp_path)
            on.sessions.add(HostConfig("bed", "bed", system_uri))
            await on.sessions.connect("bed")
            try:
                await test(on)
            finally:
                for tile in on.shown.values():
                    tile.close()
                on.tiles.close()
                on.screens.close()
                await on.sessions.close()
                await on.jobs.close()
            assert not on.bugs

        loop.start()
        asyncio.run(whole())

    return run


def test_many_at_once(wall: Callable[[Test], None], make_guest: Guests) -> None:
    shared = [make_guest(f"wall{n}", graphics="vnc") for n in range(6)]
    alone = make_guest("alone", devices="<graphics type='dbus' p2p='yes'/><video><model type='vga'/></video>")
    blind = make_guest("blind")
    for guest in (*shared, alone, blind):
        guest.wait_until_booted()

    async def test(on: Wall) -> None:
        seat, _ = await on.live(alone)  # somebody is at it
        on.show(*shared, alone, blind)
        await on.until(lambda: all(on.bright(guest) > 50 for guest in (*shared, alone)), 40)
        assert all(on.tile(guest).live for guest in shared)
        assert all(on.tile(guest).picture_shown.full == (720, 400) for guest in shared)  # type: ignore[union-attr]
        assert on.tile(alone).shots and not on.tile(alone).live
        assert seat.backend is not None and not seat.status.taken, "the seat was not taken"
        await on.until(lambda: on.tile(blind).note)
        assert on.tile(blind).picture_shown is None
        assert "no screen" in str(on.tile(blind).note)
        for tile in on.shown.values():
            tile.show(False, ROOM)
        await asyncio.sleep(0.3)
        before = dict(on.changes)
        await asyncio.sleep(4)
        assert on.changes == before, "hidden ones cost nothing"

    wall(test)


def test_keys_to_some_of_them_and_a_recording(
    wall: Callable[[Test], None], make_guest: Guests, rescue_cd: Path, tmp_path: Path
) -> None:
    guests = [make_guest(f"grub{n}", iso=rescue_cd, graphics="vnc", memory=64) for n in range(3)]
    alone = "<graphics type='dbus' p2p='yes'/><video><model type='vga'/></video>"
    guests[1:2] = [make_guest("grub-alone", iso=rescue_cd, devices=alone, memory=64)]  # its host presses the keys

    async def test(on: Wall) -> None:
        on.show(*guests)
        await on.until(lambda: all(on.at_menu(guest) for guest in guests), 60)
        by_key = {DomainKey("bed", guest.uuid): guest for guest in guests}
        broadcast = Broadcast(lambda key: on.tile(by_key[key]).keys, lambda: None)
        film = Film(on.screens, DomainKey("bed", guests[0].uuid), "vnc", lambda why: None)
        broadcast.start(list(by_key)[:2])
        await press(broadcast.key, "down")  # nothing counts down any more
        await on.until(lambda: not any(on.at_menu(guest) for guest in guests[:2]))
        assert on.at_menu(guests[2])
        for typed in ("c", "serial --unit=0 --speed=115200\n", "terminal_output serial console\n", "echo to-all\n"):
            await type_strokes(broadcast.key, keys.plan(typed).strokes, 0.02)
            await asyncio.sleep(1.0)
        await on.until(lambda: all("\nto-all" in guest.serial().replace("\r", "") for guest in guests[:2]))
        broadcast.stop()
        assert "to-all" not in guests[2].serial()
        assert on.at_menu(guests[2])
        assert not film.empty
        await film.save(tmp_path / "grub.gif", lambda progress, note=None: None)
        film.close()
        with Image.open(tmp_path / "grub.gif") as made:
            assert made.n_frames > 4  # type: ignore[attr-defined]
            assert made.size[0] in (640, 720, 800, 1024)

    wall(test)


def test_the_window_is_never_held_up(
    tmp_path: Path, system_uri: str, make_guest: Guests, reps: Callable[[int], int], qapp: QApplication
) -> None:
    """The whole page on real guests, each of which draws once a second."""
    guests = [make_guest(f"tile{n}", graphics="vnc", memory=16) for n in range(reps(40))]

    async def whole() -> None:
        on = Wall(tmp_path)
        on.sessions.add(HostConfig("bed", "bed", system_uri))
        await on.sessions.connect("bed")
        parts = parts_of(tmp_path, on.store)
        parts.jobs, parts.screens, parts.sessions = on.jobs, on.screens, on.sessions
        page = WallPage(parts, [DomainKey("bed", guest.uuid) for guest in guests])
        page.resize(1400, 900)
        stalls = Stalls()
        page.show()
        await on.until(lambda: all(tile.has_picture for tile in page.grid.tiles), 60)
        opening = stalls.busy, stalls.worst
        stalls.worst = stalls.busy = 0.0
        began, used = time.monotonic(), time.process_time()
        await asyncio.sleep(5)
        share = (time.process_time() - used) / (time.monotonic() - began)
        later = stalls.busy, stalls.worst
        page.hide()
        await asyncio.sleep(0.5)
        began, used = time.monotonic(), time.process_time()
        await asyncio.sleep(3)
        hidden = (time.process_time() - used) / (time.monotonic() - began)
        stalls.stop()
        page.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        on.screens.close()
        await on.sessions.close()
        await on.jobs.close()
        print(
            f"{len(guests)} tiles: the main thread worked {opening[0] * 1000:.0f} ms at most while opening (away "
            f"{opening[1] * 1000:.0f} ms), {later[0] * 1000:.0f} ms later (away {later[1] * 1000:.0f} ms); "
            f"{share:.1%} of a core shown, {hidden:.1%} hidden"
        )
        assert not on.bugs

    loop.start()
    with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp, already_running=False)) as runner:
        runner.run(whole())
