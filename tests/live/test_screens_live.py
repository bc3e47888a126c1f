"""Screens of real guests: shared, fallen back, thrown out, back after a start."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.testbed.guests import Guest, Guests
from tests.unit.core.test_screens import Watcher
from vmdesk.core.doors import RealDoors
from vmdesk.core.jobs import Jobs
from vmdesk.core.screen import Screen
from vmdesk.core.screen_state import Phase
from vmdesk.core.screens import Screens
from vmdesk.core.sessions import Sessions
from vmdesk.core.store import Store
from vmdesk.model.domain import DomainKey
from vmdesk.model.host import HostConfig
from vmdesk.virt import loop

BOTH = {"graphics": "vnc", "devices": "<graphics type='dbus' p2p='yes'/>"}
Test = Callable[["Bench"], Coroutine[Any, Any, None]]


class Bench:
    def __init__(self, folder: Path) -> None:
        self.bugs: list[BaseException] = []
        self.store = Store()
        self.jobs = Jobs(self.bugs.append)
        self.sessions = Sessions(self.store, self.jobs)
        self.screens = Screens(self.store, self.jobs, RealDoors(self.sessions), folder / "screens")

    async def until(self, what: Callable[[], object], seconds: float = 20) -> None:
        for _ in range(int(seconds / 0.01)):
            if what():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"did not come: {self.bugs}")

    async def live(self, guest: Guest, wish: str = "") -> tuple[Screen, Watcher]:
        key = DomainKey("bed", guest.uuid)
        watcher, screen = Watcher(), self.screens.hold(key, wish)
        screen.attach(watcher)
        await self.until(lambda: screen.status.phase is Phase.LIVE and screen.surface)
        return screen, watcher


@pytest.fixture
def bench(tmp_path: Path, system_uri: str) -> Callable[[Test], None]:
    def run(test: Test) -> None:
        async def whole() -> None:
            standing = Bench(tmp_path)
            standing.sessions.add(HostConfig("bed", "bed", system_uri))
            await standing.sessions.connect("bed")
            try:
                await test(standing)
            finally:
                standing.screens.close()
                await standing.sessions.close()
                await standing.jobs.close()
            assert not standing.bugs

        loop.start()
        asyncio.run(whole())

    return run


async def do(guest: Guest, what: Callable[[libvirt.virDomain], object]) -> None:
    await asyncio.to_thread(guest.ask, what)


def test_best_first_and_pictures_beside_it(bench: Callable[[Test], None], make_guest: Guests) -> None:
    guest = make_guest("both", **BOTH)
    guest.wait_until_booted()

    async def test(on: Bench) -> None:
        screen, _ = await on.live(guest)
        assert screen.status.protocol == "dbus"
        png = await on.screens.picture(screen.key)
        assert png.startswith(b"\x89PNG")
        assert screen.status.phase is Phase.LIVE and not screen.status.taken, "nobody was thrown out"
        shared, _ = await on.live(guest, "vnc")
        assert bytes(shared.surface.data)[::4] == bytes(screen.surface.data)[::4]

    bench(test)


def test_another_viewer(bench: Callable[[Test], None], make_guest: Guests, tmp_path: Path) -> None:
    guest = make_guest("both", **BOTH)
    guest.wait_until_booted()

    async def test(on: Bench) -> None:
        screen, _ = await on.live(guest)
        other = Screens(on.store, on.jobs, RealDoors(on.sessions), tmp_path / "elsewhere")  # knows nothing of our lock
        try:
            thief = other.hold(screen.key, "dbus")
            await on.until(lambda: thief.status.phase is Phase.LIVE)
            await on.until(lambda: screen.status.protocol == "vnc")
            assert screen.status.taken
            await asyncio.sleep(2)
            assert thief.status.phase is Phase.LIVE, "we do not fight for it"
            screen.take_back()
            await on.until(lambda: screen.status.protocol == "dbus")
        finally:
            other.close()

    bench(test)


def test_a_second_vmdesk_shares(bench: Callable[[Test], None], make_guest: Guests, tmp_path: Path) -> None:
    guest = make_guest("both", **BOTH)
    guest.wait_until_booted()

    async def test(on: Bench) -> None:
        screen, _ = await on.live(guest)
        other = Screens(on.store, on.jobs, RealDoors(on.sessions), tmp_path / "screens")
        try:
            second = other.hold(screen.key)
            await on.until(lambda: second.status.phase is Phase.LIVE)
            assert second.status.protocol == "vnc" and screen.status.protocol == "dbus"
            assert "Another VMDesk" in str(second.status.why[0])
        finally:
            other.close()

    bench(test)


@pytest.mark.parametrize("wish", ["dbus", "vnc"])
def test_off_and_on_reset_pause(bench: Callable[[Test], None], make_guest: Guests, wish: str) -> None:
    guest = make_guest("again", **BOTH)
    guest.wait_until_booted()

    async def test(on: Bench) -> None:
        screen, watcher = await on.live(guest, wish)
        await do(guest, lambda domain: domain.reset())
        await asyncio.sleep(1)
        assert screen.status.phase is Phase.LIVE, "a reboot keeps the screen"
        await do(guest, lambda domain: domain.suspend())
        await do(guest, lambda domain: domain.resume())
        assert screen.status.phase is Phase.LIVE
        for _ in range(3):
            await do(guest, lambda domain: domain.destroy())
            await on.until(lambda: screen.status.phase is Phase.OFF)
            assert watcher.pictures[-1] is None
            await do(guest, lambda domain: domain.create())
            await on.until(lambda: screen.status.phase is Phase.LIVE and screen.surface)
            assert screen.status.protocol == wish and not screen.status.taken

        def again(domain: libvirt.virDomain) -> None:
            domain.destroy()
            domain.create()

        made = len(watcher.pictures)
        await do(guest, again)
        await on.until(lambda: len(watcher.pictures) > made + 1 and screen.status.phase is Phase.LIVE)
        assert not screen.status.taken

    bench(test)


def test_without_a_screen(bench: Callable[[Test], None], make_guest: Guests) -> None:
    guest = make_guest("blind")

    async def test(on: Bench) -> None:
        screen = on.screens.hold(DomainKey("bed", guest.uuid))
        await on.until(lambda: screen.status.phase is Phase.LOST)
        assert screen.status.problem is not None and screen.status.problem.name == "no-graphics"

    bench(test)
