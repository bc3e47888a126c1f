import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.screen import FakeDoors
from tests.ui.machines import machine, store_of
from vmdesk.console.screen import Cursor, Rect, Surface
from vmdesk.core import screen as module
from vmdesk.core.jobs import Jobs
from vmdesk.core.screen_lock import ScreenLocks
from vmdesk.core.screen_state import SHARED, Phase, Status
from vmdesk.core.screens import Screens
from vmdesk.core.sound import Hearing
from vmdesk.model.display import Display, Displays
from vmdesk.model.domain import DomainKey, State
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text

KEY = machine(0).key


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOPPING", 0.05)
    monkeypatch.setattr(module, "FIRST", {"dbus": 0.05})
    monkeypatch.setattr(module, "AGAIN", (0.01, 0.01, 0.01))


class Watcher:
    def __init__(self) -> None:
        self.seen = True
        self.statuses: list[Status] = []
        self.pictures: list[Surface | None] = []
        self.rects: list[Rect] = []
        self.cursors: list[Cursor | None] = []
        self.copied: list[str] = []
        self.absolute = True

    def status(self, status: Status) -> None:
        self.statuses.append(status)

    def picture(self, surface: Surface | None) -> None:
        last = self.pictures[-1] if self.pictures else None
        assert last is None or surface is last or not last.released, "released before everybody let go"
        self.pictures.append(surface)

    def damaged(self, rects: tuple[Rect, ...], since: float) -> None:
        self.rects += rects

    def cursor(self, cursor: Cursor | None) -> None:
        self.cursors.append(cursor)

    def pointer_mode(self, absolute: bool) -> None:
        self.absolute = absolute

    def leds(self, leds: int) -> None: ...

    def clipboard(self, text: str) -> None:
        self.copied.append(text)

    def bell(self) -> None: ...
    def ended(self, problem: Problem | None) -> None: ...


class Bench:
    def __init__(self, folder: Path) -> None:
        self.store = store_of(6)
        self.bugs: list[BaseException] = []
        self.jobs = Jobs(self.bugs.append)
        self.doors = FakeDoors()
        self.screens = Screens(self.store, self.jobs, self.doors, folder / "screens")

    async def until(self, what: Callable[[], object]) -> None:
        for _ in range(200):
            if what():
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"did not come {self.bugs}")

    def put(self, key: DomainKey = KEY, **values: Any) -> None:
        self.store.update([replace(self.store.domains[key], **values)])

    async def live(self, wish: str = "") -> tuple[Any, Watcher]:
        watcher, screen = Watcher(), self.screens.hold(KEY, wish)
        screen.attach(watcher)
        await self.until(lambda: screen.status.phase is Phase.LIVE and screen.surface)
        return screen, watcher


Test = Callable[[Bench], Coroutine[Any, Any, None]]


@pytest.fixture
def bench(tmp_path: Path) -> Callable[[Test], None]:
    def run(test: Test) -> None:
        async def whole() -> None:
            standing = Bench(tmp_path)
            try:
                await test(standing)
            finally:
                standing.screens.close()
                await standing.jobs.close()
            assert not standing.bugs

        asyncio.run(whole())

    return run


def test_best_door_and_one_connection_for_all(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        screen, first = await on.live()
        again = on.screens.hold(KEY)
        explicit = on.screens.hold(KEY, "dbus")
        second = Watcher()
        explicit.attach(second)
        await on.until(lambda: explicit.status.phase is Phase.LIVE)
        assert again is screen and explicit is not screen
        assert [one.protocol for one in on.doors.made] == ["dbus"]
        on.doors.last.in_thread(lambda: on.doors.last.draw(Rect(1, 2, 3, 4), 0xFF0000))
        await on.until(lambda: Rect(1, 2, 3, 4) in first.rects and Rect(1, 2, 3, 4) in second.rects)
        screen.release()
        assert not on.doors.last.closes
        again.release()
        explicit.release()
        assert on.doors.last.closes == 1
        await on.until(lambda: on.doors.last.surface.released)

    bench(test)


def test_falls_back_and_says_why(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        on.doors.prepare = lambda backend: setattr(backend, "silent", backend.protocol == "dbus")
        screen, _ = await on.live()
        assert screen.status.protocol == "vnc"
        assert "D-Bus: No picture came" in str(screen.status.why[0])

    bench(test)


def test_nothing_works(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        problem = Problem(text("Wrong password."), name="auth")
        on.doors.prepare = lambda backend: setattr(backend, "fails", problem)
        screen = on.screens.hold(KEY)
        await on.until(lambda: screen.status.phase is Phase.LOST)
        assert screen.status.problem == problem
        on.doors.prepare = lambda backend: None
        screen.retry()
        await on.until(lambda: screen.status.phase is Phase.LIVE)

    bench(test)


def test_no_graphics(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        on.doors.displays = Displays()
        screen = on.screens.hold(KEY)
        await on.until(lambda: screen.status.phase is Phase.LOST)
        assert screen.status.problem.name == "no-graphics"

    bench(test)


def test_off_and_back(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        screen, watcher = await on.live()
        first = on.doors.last
        first.in_thread(first.end)
        on.put(state=State.SHUTOFF, live_id=-1)
        await on.until(lambda: screen.status.phase is Phase.OFF)
        assert watcher.pictures[-1] is None and first.surface.released
        on.put(state=State.RUNNING, live_id=7)
        await on.until(lambda: screen.status.phase is Phase.LIVE and screen.surface)
        assert on.doors.last is not first and screen.status.protocol == "dbus"

    bench(test)


def test_started_again_before_we_looked(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        screen, _ = await on.live()
        on.put(live_id=99)  # a destroy and a start, seen as one change
        on.doors.last.in_thread(on.doors.last.end)
        await on.until(lambda: len(on.doors.made) == 2 and screen.status.phase is Phase.LIVE)
        assert screen.status.protocol == "dbus" and not screen.status.taken

    bench(test)


@pytest.mark.parametrize("name", ["taken", "eof"])
def test_taken_goes_on_shared_and_comes_back_only_when_asked(bench: Callable[[Test], None], name: str) -> None:
    async def test(on: Bench) -> None:
        screen, _ = await on.live()
        on.doors.last.in_thread(lambda: on.doors.last.end(name))
        await on.until(lambda: screen.status.protocol == "vnc")
        assert screen.status.taken and "Another viewer took the D-Bus display." in map(str, screen.status.why)
        on.put(reason="unpaused")
        await asyncio.sleep(0.05)
        assert [one.protocol for one in on.doors.made] == ["dbus", "vnc"]
        screen.take_back()
        await on.until(lambda: screen.status.protocol == "dbus")
        assert not screen.status.taken

    bench(test)


def test_one_that_broke_was_not_taken(bench: Callable[[Test], None]) -> None:
    """What it sent made no sense, say: on over VNC with its own words, and D-Bus again when somebody asks."""

    async def test(on: Bench) -> None:
        screen, _ = await on.live()
        on.doors.last.in_thread(lambda: on.doors.last.end("protocol"))
        await on.until(lambda: screen.status.protocol == "vnc")
        assert not screen.status.taken
        assert list(map(str, screen.status.why)) == ["D-Bus: The connection to the screen ended."]
        screen.retry()
        await on.until(lambda: screen.status.protocol == "dbus")

    bench(test)


def test_one_that_broke_without_another_way(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        screen, _ = await on.live("dbus")
        on.doors.last.in_thread(lambda: on.doors.last.end("no-frame"))
        await on.until(lambda: screen.status.phase is Phase.LOST)
        assert screen.status.problem and screen.status.problem.name == "no-frame" and not screen.status.taken
        await asyncio.sleep(0.05)
        assert len(on.doors.made) == 1, "nobody else is thrown out"
        screen.retry()
        await on.until(lambda: screen.status.phase is Phase.LIVE)

    bench(test)


def test_taken_without_another_way(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        on.doors.displays = Displays((Display("spice", 0),))
        screen, _ = await on.live()
        on.doors.last.end("taken")
        await on.until(lambda: screen.status.phase is Phase.TAKEN)
        await asyncio.sleep(0.05)
        assert len(on.doors.made) == 1
        screen.take_back()
        await on.until(lambda: screen.status.phase is Phase.LIVE)

    bench(test)


def test_broken_vnc_is_tried_again_and_then_given_up(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        screen, _ = await on.live("vnc")
        for _ in range(6):
            on.doors.last.end()
            await asyncio.sleep(0.08)
        assert screen.status.phase is Phase.LOST and len(on.doors.made) == 4

    bench(test)


def test_hidden_costs_nothing(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        screen, watcher = await on.live()
        watcher.seen = False
        screen.look()
        assert on.doors.last.paused[-1] is True
        watcher.seen = True
        screen.look()
        assert on.doors.last.paused[-1] is False

    bench(test)


def test_clipboard_only_where_allowed(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        _, watcher = await on.live()
        on.doors.last.listener.clipboard("secret")
        await asyncio.sleep(0.02)
        assert watcher.copied == [] and on.doors.last.allowed == []
        on.screens.allow(KEY, False, True)
        assert on.doors.last.allowed == [(False, True)]
        on.doors.last.listener.clipboard("told")
        await on.until(lambda: watcher.copied == ["told"])

    bench(test)


def test_picture_throws_nobody_out(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        png = await on.screens.picture(KEY)
        assert png.startswith(b"\x89PNG") and [one.protocol for one in on.doors.made] == ["vnc"]
        assert on.doors.last.closes == 1
        on.put(state=State.SHUTOFF, live_id=-1)
        with pytest.raises(VirtError, match="not running"):
            await on.screens.picture(KEY, SHARED)

    bench(test)


def test_damage_of_a_burst_is_bounded_and_nothing_is_lost(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        _, watcher = await on.live()
        await asyncio.sleep(0.02)
        watcher.rects.clear()

        def burst() -> None:
            for n in range(500):
                on.doors.last.listener.damage(Rect(n, n % 400, 2, 2))

        on.doors.last.in_thread(burst)
        await asyncio.sleep(0.05)
        assert 0 < len(watcher.rects) <= 25
        around = watcher.rects[0]
        for rect in watcher.rects:
            around = around.union(rect)
        assert around == Rect(0, 0, 501, 401)

    bench(test)


def test_surfaces_that_nobody_saw_are_released(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        screen, _ = await on.live()
        seen: list[Surface] = []

        def flood() -> None:
            for n in range(20):
                on.doors.last.resize_now(64 + n, 48, painted=False)
                seen.append(on.doors.last.surface)

        on.doors.last.in_thread(flood)
        await on.until(lambda: screen.surface is seen[-1])
        assert all(one.released for one in seen[:-1]) and not seen[-1].released

    bench(test)


def test_a_second_program_shares(bench: Callable[[Test], None], tmp_path: Path) -> None:
    async def test(on: Bench) -> None:
        other = ScreenLocks(tmp_path / "screens")
        assert other.take(KEY.uuid) and other.take(KEY.uuid)
        screen, _ = await on.live()
        assert screen.status.protocol == "vnc" and "Another VMDesk" in str(screen.status.why[0])
        other.give(KEY.uuid)
        other.give(KEY.uuid)
        screen.retry()
        await on.until(lambda: screen.status.protocol == "dbus")
        assert not other.take(KEY.uuid)

    bench(test)


def _wants(password: str) -> Callable[[FakeDoors], Callable[[Any], None]]:
    """Backends that open after the right password was asked for."""

    def make(doors: FakeDoors) -> Callable[[Any], None]:
        def prepare(backend: Any) -> None:
            if not doors.given or doors.given[-1] != password:
                backend.fails = Problem(text("No."), name="auth")

        return prepare

    return make


def test_the_password_is_asked_until_it_is_right(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        on.doors.prepare = _wants("right")(on.doors)
        on.doors.passwords = ["wrong", "right"]
        screen, _watcher = await on.live("vnc")
        assert (on.doors.asked, on.doors.answers) == (["vnc", "vnc"], [False, True])
        screen.release()

    bench(test)


def test_a_password_that_is_not_given_is_not_asked_again(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        on.doors.prepare = _wants("right")(on.doors)
        screen = on.screens.hold(KEY, "vnc")
        screen.attach(Watcher())
        await on.until(lambda: screen.status.phase is Phase.LOST)
        await asyncio.sleep(0.05)
        assert screen.status.problem and screen.status.problem.name == "auth" and on.doors.asked == ["vnc"]
        screen.retry()
        await on.until(lambda: on.doors.asked == ["vnc", "vnc"])
        screen.release()

    bench(test)


def test_a_picture_in_passing_asks_nobody(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        on.doors.prepare = _wants("right")(on.doors)
        with pytest.raises(VirtError) as error:
            await on.screens.picture(KEY)
        assert error.value.problem.name == "auth" and not on.doors.asked

    bench(test)


def test_what_others_can_read_is_told(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        on.doors.prepare = lambda backend: setattr(backend, "secure", backend.protocol != "vnc")
        screen, _watcher = await on.live("vnc")
        assert any("Not encrypted" in str(one) for one in screen.status.why)
        other, _watcher = await on.live("dbus")
        assert not other.status.why
        screen.release()
        other.release()

    bench(test)


def test_another_monitor_is_never_shown_as_the_first_one(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        on.doors.prepare = lambda backend: (
            setattr(backend, "fails", Problem(text("No such monitor."), name="refused"))
            if backend.protocol == "dbus"
            else None
        )
        screen = on.screens.hold(KEY, "", 1)
        screen.attach(Watcher())
        await on.until(lambda: screen.status.phase is Phase.LOST)
        assert [made.protocol for made in on.doors.made] == ["dbus"], "VNC would show the first one"
        only = on.screens.hold(KEY, "vnc", 1)
        await on.until(lambda: only.status.phase is Phase.LOST)
        assert only.status.problem is not None
        assert str(only.status.problem.why) == "VNC shows the first monitor only."

    bench(test)


def test_sound_goes_with_whoever_hears(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        screen, _ = await on.live()
        first = on.doors.last
        assert first.sounds == [], "looking is not hearing"
        sound = on.screens.sound(KEY)
        screen.hear(True)
        assert (first.sounds[-1], first.microphones[-1]) == (True, False)
        sound.choose(Hearing(volume=0))
        assert first.sounds[-1] is False
        sound.choose(Hearing(microphone=True))
        assert (first.sounds[-1], first.microphones[-1]) == (True, True)
        first.in_thread(lambda: first.end("taken"))
        await on.until(lambda: screen.status.protocol == "vnc")
        assert (on.doors.last.sounds[-1], on.doors.last.microphones[-1]) == (True, True)
        screen.hear(False)
        assert (on.doors.last.sounds[-1], on.doors.last.microphones[-1]) == (False, False)

    bench(test)
