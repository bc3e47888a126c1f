"""Small live pictures of many machines at a low rate: over shared VNC, else the host's screenshots. Throws nobody out,
costs nothing while it is not seen."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from vmdesk.console import small
from vmdesk.console.screen import Cursor, Rect, Surface
from vmdesk.console.small import Small
from vmdesk.core.bell import Bell
from vmdesk.core.broadcast import Keys
from vmdesk.core.jobs import Jobs
from vmdesk.core.screen import EVER, Screen
from vmdesk.core.screen_state import SHARED, Phase, Status
from vmdesk.core.screens import Screens
from vmdesk.core.sent_keys import Send, SentKeys
from vmdesk.core.store import Store
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import guest
from vmdesk.virt.connection import Connection
from vmdesk.virt.lane import Lane

MOST = 40  # tiles of one wall
EVERY = 0.2  # seconds between two pictures of a tile at least, and
EACH = 0.025  # ... more for each tile: forty of them get one picture a second
SHOTS = 3.0  # the same for screenshots, which cost the host something
SHOT_EACH = 0.25
SETTLE = 0.03  # seconds in which the rest of a change arrives
OPENING = 4  # connections that are made at the same time
SHOOTING = 2
PATIENCE = 3.0  # seconds that a connection keeps its place in that queue

Shoot = Callable[[DomainKey], Awaitable[bytes]]


class Linked(Protocol):
    """One host's session."""

    def require(self) -> Connection: ...


class Links(Protocol):
    """All hosts' sessions."""

    def of(self, key: DomainKey) -> Linked: ...


def shooting(sessions: Links) -> Shoot:
    """The hosts' own screenshots."""

    async def shoot(key: DomainKey) -> bytes:
        return (await guest.screenshot(sessions.of(key).require(), key.uuid))[1]

    return shoot


def sending(sessions: Links) -> Send:
    """Keys that the hosts press."""

    async def send(key: DomainKey, qnums: Sequence[int]) -> None:
        await guest.send_keys(sessions.of(key).require(), key.uuid, qnums)

    return send


class Tiles:
    """What the tiles of one wall share.

    failed(key, problem)  keys did not get to a machine
    """

    def __init__(
        self,
        screens: Screens,
        shoot: Shoot,
        send: Send,
        failed: Callable[[DomainKey, Problem], None] = lambda key, problem: None,
    ) -> None:
        self.screens = screens
        self.shoot = shoot
        self.send = send
        self.failed = failed
        self.opening = asyncio.Semaphore(OPENING)
        self.shooting = asyncio.Semaphore(SHOOTING)
        self.seen = 0  # tiles on the screen now
        self._lane: Lane | None = None

    @property
    def store(self) -> Store:
        return self.screens.store

    @property
    def jobs(self) -> Jobs:
        return self.screens.jobs

    @property
    def every(self) -> float:
        """Seconds between two pictures of a tile."""
        return max(EVERY, self.seen * EACH)

    @property
    def every_shot(self) -> float:
        return max(SHOTS, self.seen * SHOT_EACH)

    async def work(self, do: Callable[[], Small]) -> Small:
        """Away from the main thread, one at a time."""
        self._lane = self._lane or Lane(1, "wall")
        return await asyncio.get_running_loop().run_in_executor(self._lane, do)

    def close(self) -> None:
        """After the last tile."""
        if self._lane is not None:
            self._lane.shutdown(cancel_futures=True)


class Tile:
    """One machine's. `changed()`: another picture, or something else is to be said. A watcher of its screen.

    picture  the last one, None if there is none to show
    note     why there is no live picture
    shots    they are the host's screenshots
    """

    def __init__(self, tiles: Tiles, key: DomainKey, changed: Callable[[], None]) -> None:
        self.key = key
        self.picture_shown: Small | None = None
        self.note: Text | None = None
        self.shots = False
        self._tiles = tiles
        self._changed = changed
        self._screen: Screen | None = None
        self._sent: SentKeys | None = None
        self._surface: Surface | None = None
        self._shown = False
        self._room = (0, 0)
        self._due = True  # another picture may come
        self._dirty = False
        self._shot_at = 0.0
        self._bell = Bell()
        self._task: asyncio.Task[None] | None = None

    # ---------------------------------------------------------------- for the wall

    @property
    def live(self) -> bool:
        return self._screen is not None and self._screen.status.phase is Phase.LIVE

    @property
    def keys(self) -> Keys | None:
        """What keys go to: the screen, else the host, which takes a little longer; None: they get nowhere."""
        if self._screen is not None and self.live:
            return self._screen.backend
        if not self.shots:
            return None
        if self._sent is None:
            self._sent = SentKeys(
                self._tiles.jobs, self._tiles.send, self.key, lambda problem: self._tiles.failed(self.key, problem)
            )
        return None if self._sent.problem else self._sent

    def show(self, shown: bool, room: tuple[int, int]) -> None:
        """Whether it is on the screen, and how many pixels there are for the picture."""
        if shown != self._shown:
            self._tiles.seen += 1 if shown else -1
            self._shown = shown
        if room != self._room:
            self._room = room
            self._dirty = True
            self._shot_at = 0.0
        if shown and self._task is None:
            self._task = self._tiles.jobs.spawn(f"tile of {self.key.uuid}", self._run())
        if self._screen is not None:
            self._screen.look()
        self._bell.ring()

    def close(self) -> None:
        self.show(False, self._room)
        self._changed = lambda: None
        if self._task is not None:
            self._task.cancel()
        if self._sent is not None:
            self._sent.close()
        if self._screen is not None:
            screen, self._screen = self._screen, None
            screen.detach(self)
            screen.release()

    # ---------------------------------------------------------------- a screen's watcher

    @property
    def seen(self) -> bool:
        """Between two pictures it looks away, so that none are sent."""
        return self._shown and self._due

    def status(self, status: Status) -> None:
        if status.phase is Phase.LIVE:
            self.note = None
        elif status.phase is Phase.CONNECTING or status.phase is Phase.IDLE:
            self.note = None if self.picture_shown else text("Connecting …")
        elif status.phase is Phase.OFF:
            self.picture_shown, self.note = None, None
        else:
            self.note = status.problem.what if status.problem else None
        self.shots = status.phase in (Phase.LOST, Phase.TAKEN) and _may_shoot(status)
        if self._sent is not None and not self.shots:
            self._sent = None  # the next run of the machine may take keys again
        self._shot_at = 0.0
        self._bell.ring()
        self._changed()

    def picture(self, surface: Surface | None) -> None:
        self._surface = surface
        self._mark()

    def damaged(self, rects: tuple[Rect, ...], since: float) -> None:
        self._mark()

    def cursor(self, cursor: Cursor | None) -> None:
        """Too small to be seen."""

    def pointer_mode(self, absolute: bool) -> None:
        """It has no pointer."""

    def leds(self, leds: int) -> None:
        """Nobody types here."""

    def clipboard(self, text: str) -> None:
        """Nothing is taken over."""

    def bell(self) -> None:
        """Forty of them would be a concert."""

    def ended(self, problem: object) -> None:
        """The status tells."""

    def _mark(self) -> None:
        self._dirty = True
        self._bell.ring()

    # ---------------------------------------------------------------- its life

    async def _run(self) -> None:
        await self._open()
        while True:
            surface = self._surface
            wait = EVER
            if self._shown and self._room[0] > 0:
                if surface is not None and self._dirty:
                    await self._shrink()
                    continue
                if surface is None and self.shots:
                    wait = self._shot_at + self._tiles.every_shot - time.monotonic()
                    if wait <= 0:
                        await self._shoot()
                        continue
            await self._bell.wait(wait)

    async def _open(self) -> None:
        """One after the other: forty connections at once would take the processor from everybody."""
        async with self._tiles.opening:
            self._screen = self._tiles.screens.hold(self.key, SHARED)
            self._screen.attach(self)
            end = time.monotonic() + PATIENCE
            while self._screen.status.phase in (Phase.IDLE, Phase.CONNECTING) and time.monotonic() < end:
                await self._bell.wait(end - time.monotonic())

    async def _shrink(self) -> None:
        began = time.monotonic()
        await asyncio.sleep(SETTLE)
        self._dirty, self._due = False, False
        self._look()
        surface, room = self._surface, self._room
        if surface is not None:
            # Shared screens are VNC's: their memory is Python's own and cannot go away under us.
            made = await self._tiles.work(lambda: small.of_surface(surface, room))
            if self._surface is surface:
                self.picture_shown = made
                self._changed()
        await asyncio.sleep(max(0.0, began + self._tiles.every - time.monotonic()))
        self._due = True
        self._look()

    def _look(self) -> None:
        if self._screen is not None:
            self._screen.look()

    async def _shoot(self) -> None:
        room = self._room
        try:
            async with self._tiles.shooting:
                data = await self._tiles.shoot(self.key)
                made = await self._tiles.work(lambda: small.of_file(data, room))
        except VirtError as error:
            if self.shots:
                self.note = error.problem.what
                self.picture_shown = None
        else:
            if self.shots:
                self.picture_shown = made
        self._shot_at = time.monotonic()
        self._changed()


def _may_shoot(status: Status) -> bool:
    """A machine without any screen has nothing to be photographed."""
    return status.problem is None or status.problem.name != "no-graphics"
