"""One machine's screen: connected while somebody holds it and the machine runs, taken up again, given up in time."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from vmdesk.console.screen import Backend, Cursor, Rect, Surface
from vmdesk.core.bell import Bell
from vmdesk.core.jobs import Jobs
from vmdesk.core.screen_link import Link
from vmdesk.core.screen_state import (
    EXCLUSIVE,
    SHARED,
    Doors,
    Found,
    Phase,
    Status,
    Watcher,
    no_door,
    protocol_name,
)
from vmdesk.core.sound import MachineSound
from vmdesk.core.store import Changes, Store
from vmdesk.model.display import Display
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text

FIRST = {"dbus": 1.6}  # seconds for a first picture where there is another door,
ELSE = 6.0  # ... for other protocols, and
ONLY = 15.0  # ... where there is no other
STOPPING = 4.0  # seconds in which we hear that a machine has stopped, after its screen went away
AGAIN = (0.3, 1.0, 3.0)  # seconds before tries to take up a connection that broke while the machine runs on
STEADY = 10.0  # seconds after which a connection counts as good
EVER = 86_400.0
FIRST_HEAD_ONLY = ("vnc",)


class Links(Protocol):
    """Where its connections come from (core/screens.py)."""

    @property
    def store(self) -> Store: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def doors(self) -> Doors: ...
    def allowed(self, key: DomainKey) -> tuple[bool, bool]: ...
    def sound(self, key: DomainKey) -> MachineSound: ...
    async def take(
        self, key: DomainKey, display: Display, head: int, seconds: float, may_ask: bool = False
    ) -> Link: ...
    def give(self, key: DomainKey, head: int, link: Link) -> None: ...
    def forget(self, screen: "Screen") -> None: ...


class Screen:
    """One machine's screen: connected while it is held and the machine runs. Everything on the main thread."""

    def __init__(self, screens: Links, key: DomainKey, wish: str, head: int) -> None:
        self.key, self.wish, self.head = key, wish, head
        self.held = 0
        self.status = Status()
        self.found = Found()
        self._screens = screens
        self._watchers: list[Watcher] = []
        self._hearers = 0
        self._link: Link | None = None
        self._ended: Problem | None = None
        self._again = False  # somebody wants another try, whatever has been
        # protocol -> why it is left alone in this run of the machine; None: another viewer took it from us
        self._lost: dict[str, Problem | None] = {}
        self._run = -1
        self._bell = Bell()
        self._waiting: list[asyncio.Future[Surface]] = []
        self._leave = screens.store.subscribe(self._on_store)
        self._task = screens.jobs.spawn(f"screen of {key.uuid}", self._keep())

    # ---------------------------------------------------------------- for those who look

    @property
    def surface(self) -> Surface | None:
        return self._link.picture if self._link else None

    @property
    def absolute(self) -> bool:
        return self._link.absolute if self._link else True

    @property
    def backend(self) -> Backend | None:
        """What keys and pointers go to; None while it is not live."""
        return self._link.backend if self._link and not self._link.over else None

    def attach(self, watcher: Watcher) -> None:
        """Hears at once how it stands and what there is to see."""
        self._watchers.append(watcher)
        watcher.status(self.status)
        if self._link is not None:
            self._link.look()
            if self._link.picture is not None:
                watcher.picture(self._link.picture)
            watcher.cursor(self._link.shape)
            watcher.pointer_mode(self._link.absolute)
            if self._link.lights is not None:
                watcher.leds(self._link.lights)

    def detach(self, watcher: Watcher) -> None:
        self._watchers.remove(watcher)
        watcher.picture(None)
        self.look()

    def look(self) -> None:
        """A watcher's `seen` has changed."""
        if self._link is not None:
            self._link.look()

    def hear(self, on: bool) -> None:
        """Somebody wants the machine's sound as well, seen or not; or no longer does."""
        before, self._hearers = self._hearers, self._hearers + (1 if on else -1)
        if self._link is not None and bool(before) != bool(self._hearers):
            sound = self._screens.sound(self.key)
            (sound.join if on else sound.leave)(self._link)

    def release(self) -> None:
        """One holder less; with the last one the connection is closed."""
        self.held -= 1
        if self.held <= 0:
            self._screens.forget(self)
            self.stop()

    def retry(self) -> None:
        """Try again now, what broke as well; but throw nobody out."""
        self._forgive()
        self._again = True
        self._bell.ring()

    def _forgive(self) -> None:
        self._lost = {protocol: why for protocol, why in self._lost.items() if why is None}

    def take_back(self) -> None:
        """Throw the other viewer out."""
        self._lost.clear()
        self.retry()

    async def first_picture(self, seconds: float = ONLY) -> Surface:
        """What is on the screen, as soon as there is something. VirtError if there will be nothing."""
        if self.surface is not None and self.status.phase is Phase.LIVE:
            return self.surface
        waiter: asyncio.Future[Surface] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._tell_waiting()
        try:
            async with asyncio.timeout(seconds):
                return await waiter
        except TimeoutError:
            raise VirtError(
                Problem(text("No picture came within {n} seconds.", n=f"{seconds:g}"), name="timeout")
            ) from None

    # ---------------------------------------------------------------- a link's viewer

    @property
    def seen(self) -> bool:
        return bool(self._waiting) or any(watcher.seen for watcher in self._watchers)

    def picture(self, surface: Surface | None) -> None:
        self._each(lambda watcher: watcher.picture(surface))
        self._tell_waiting()

    def damaged(self, rects: tuple[Rect, ...], since: float) -> None:
        self._each(lambda watcher: watcher.damaged(rects, since))

    def cursor(self, cursor: Cursor | None) -> None:
        self._each(lambda watcher: watcher.cursor(cursor))

    def pointer_mode(self, absolute: bool) -> None:
        self._each(lambda watcher: watcher.pointer_mode(absolute))

    def leds(self, leds: int) -> None:
        self._each(lambda watcher: watcher.leds(leds))

    def clipboard(self, text_: str) -> None:
        if self._screens.allowed(self.key)[1]:
            self._each(lambda watcher: watcher.clipboard(text_))

    def bell(self) -> None:
        self._each(lambda watcher: watcher.bell())

    def ended(self, problem: Problem | None) -> None:
        self._ended = problem or Problem(text("The connection to the screen ended."), name="eof")
        self._bell.ring()

    def _each(self, do: Callable[[Watcher], None]) -> None:
        for watcher in tuple(self._watchers):
            do(watcher)

    # ---------------------------------------------------------------- its life

    def stop(self) -> None:
        self._leave()
        self._leave = lambda: None
        self._task.cancel()
        self._drop()
        self._fail_waiting(Problem(text("The screen was closed."), name="closed"))

    def _on_store(self, changes: Changes) -> None:
        if self.key in changes.changed | changes.added | changes.removed or self.key.host in changes.hosts:
            self._bell.ring()

    @property
    def _domain(self) -> Domain | None:
        return self._screens.store.domains.get(self.key)

    async def _keep(self) -> None:
        tries = 0
        while True:
            domain = self._domain
            self._again = False
            if domain is None or not domain.active:
                self._show(Status(Phase.OFF))
                await self._bell.wait(EVER)
                continue
            if domain.live_id != self._run:
                self._run = domain.live_id
                self._lost.clear()
            self._show(Status(Phase.CONNECTING))
            try:
                why = await self._connect()
            except VirtError as error:
                taken = error.problem.name == "taken"
                self._show(Status(Phase.TAKEN if taken else Phase.LOST, problem=error.problem, taken=taken))
                await self._until_other(domain.live_id, EVER)
                self._forgive()
                continue
            assert self._link is not None
            self._show(Status(Phase.LIVE, self._link.protocol, why, taken=None in self._lost.values()))
            began = time.monotonic()
            problem = await self._until_ended()
            protocol = self._link.protocol
            self._drop()
            if problem is None:
                continue
            tries = 0 if time.monotonic() - began > STEADY else tries
            stopping = problem.name == "eof" and protocol in EXCLUSIVE
            if problem.name != "taken":
                self._show(Status(Phase.CONNECTING))
                if await self._until_other(domain.live_id, STOPPING if stopping else AGAIN[0]):
                    continue
            if problem.name == "taken" or stopping:
                self._lost[protocol] = None  # the machine runs on, so it was another viewer
                continue
            if protocol in EXCLUSIVE:
                self._lost[protocol] = problem  # to ask for it again might throw out whoever has it by now
                continue
            self._show(Status(Phase.LOST, problem=problem))
            await self._until_other(domain.live_id, AGAIN[tries] if tries < len(AGAIN) else EVER)
            tries += 1

    async def _connect(self) -> tuple[Text, ...]:
        """Open the first door that opens; why not a better one. VirtError."""
        self.found = await self._screens.doors.find(self.key)
        why = list(self.found.why)
        doors = [door for door in self.found.doors if self._fits(door)]
        if self.head and any(door.kind in FIRST_HEAD_ONLY for door in doors):
            doors = [door for door in doors if door.kind not in FIRST_HEAD_ONLY]
            why.append(text("VNC shows the first monitor only."))
        if not doors:
            raise VirtError(no_door(self.wish, self.found, why))
        problem: Problem | None = None
        for place, door in enumerate(doors):
            name = protocol_name(door.kind)
            if door.kind in self._lost:
                broke = self._lost[door.kind]
                if broke is None:
                    why.append(text("Another viewer took the {protocol} display.", protocol=name))
                else:
                    problem = problem or broke
                    why.append(text("{protocol}: {problem}", protocol=name, problem=broke))
                continue
            more = any(one.kind not in self._lost for one in doors[place + 1 :])
            try:
                seconds = FIRST.get(door.kind, ELSE) if more else ONLY
                # Not for a picture in passing: whoever watches can also be asked.
                may_ask = self.wish != SHARED and any(watcher.seen for watcher in self._watchers)
                link = await self._screens.take(self.key, door, self.head, seconds, may_ask)
            except VirtError as error:
                problem = error.problem
                why.append(text("{protocol}: {problem}", protocol=name, problem=problem))
                continue
            if link.backend is not None and not link.backend.secure:
                why.append(text("Not encrypted: others on the network can read along, keys too."))
            self._link, self._ended = link, link.problem if link.over else None
            link.attach(self)
            if self._hearers:
                self._screens.sound(self.key).join(link)
            return tuple(why)
        raise VirtError(problem or Problem(text("Another viewer took this display."), name="taken"))

    def _fits(self, door: Display) -> bool:
        if self.wish == SHARED:
            return door.kind not in EXCLUSIVE
        return not self.wish or door.kind == self.wish

    async def _until_ended(self) -> Problem | None:
        """Until the connection is over, or (None) somebody wants another one or the machine is not ours to see."""
        while self._ended is None:
            await self._bell.wait(EVER)
            if self._again or self._domain is None:
                return None
        return self._ended

    async def _until_other(self, live_id: int, seconds: float) -> bool:
        """Wait until another try makes sense: the machine stopped or was started again, somebody wants it."""
        end = time.monotonic() + seconds
        host = self._screens.store.hosts.get(self.key.host)
        link = host.link if host else None
        while (left := end - time.monotonic()) > 0:
            now = self._domain
            host = self._screens.store.hosts.get(self.key.host)
            changed = now is None or not now.active or now.live_id != live_id
            if self._again or changed or (host.link if host else None) is not link:
                return True
            await self._bell.wait(left)
        return False

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            if self._hearers:
                self._screens.sound(self.key).leave(link)
            link.detach(self)
            self._screens.give(self.key, self.head, link)

    def _show(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            self._each(lambda watcher: watcher.status(status))
        self._tell_waiting()

    def _tell_waiting(self) -> None:
        if self.status.phase is Phase.LIVE and self.surface is not None:
            for waiter in self._waiting:
                if not waiter.done():
                    waiter.set_result(self.surface)
            self._waiting.clear()
        elif self.status.phase is Phase.OFF:
            self._fail_waiting(Problem(text("The machine is not running."), name="off"))
        elif self.status.phase in (Phase.LOST, Phase.TAKEN) and self.status.problem is not None:
            self._fail_waiting(self.status.problem)

    def _fail_waiting(self, problem: Problem) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(VirtError(problem))
        self._waiting.clear()
