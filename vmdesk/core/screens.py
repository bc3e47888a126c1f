"""Open screens: one connection a machine and protocol, whoever looks at it; chosen, kept, taken up again."""

import asyncio
import functools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from vmdesk.console.screen import Backend, Cursor, Listener, Rect, Surface
from vmdesk.core.bell import Bell
from vmdesk.core.jobs import Jobs
from vmdesk.core.screen_link import Hop, Link, Viewer
from vmdesk.core.screen_lock import ScreenLocks
from vmdesk.core.store import Changes, Store
from vmdesk.model.display import Display, Displays
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt.lane import Lane

FIRST = {"dbus": 1.6}  # seconds for a first picture where there is another door,
ELSE = 6.0  # ... for other protocols, and
ONLY = 15.0  # ... where there is no other
STOPPING = 1.5  # seconds in which we hear that a machine has stopped, after its screen went away
AGAIN = (0.3, 1.0, 3.0)  # seconds before tries to take up a connection that broke while the machine runs on
STEADY = 10.0  # seconds after which a connection counts as good
EVER = 86_400.0

SHARED = "shared"  # a wish: any way that throws nobody out
EXCLUSIVE = ("dbus", "spice")  # QEMU gives these to one viewer; a newer one throws the older out


class Phase(Enum):
    IDLE = "idle"
    CONNECTING = "connecting"
    LIVE = "live"
    OFF = "off"  # the machine does not run
    LOST = "lost"  # it could not be opened, or broke; `problem` says why
    TAKEN = "taken"  # another viewer has it and there is no other way


@dataclass(frozen=True, slots=True)
class Status:
    """How it stands with a screen.

    protocol  what it is shown over, "" if it is not
    why       why not over something better, one sentence each
    taken     another viewer took the better display; `Screen.take_back` takes it again
    """

    phase: Phase = Phase.IDLE
    protocol: str = ""
    why: tuple[Text, ...] = ()
    problem: Problem | None = None
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a machine has now: `doors` in the order to try, `why` about those that cannot be used."""

    doors: tuple[Display, ...] = ()
    why: tuple[Text, ...] = ()
    displays: Displays = field(default_factory=Displays)


class Doors(Protocol):
    """The ways into machines (core/doors.py has the real ones)."""

    async def find(self, key: DomainKey) -> Found:
        """What is there now. VirtError."""

    async def backend(
        self, key: DomainKey, display: Display, head: int, listener: Listener, beside: Backend | None
    ) -> Backend:
        """A backend for one of them, not open yet. VirtError.

        beside  an open one for another monitor of the same display: the connection is one for all
        """

    async def ask(self, key: DomainKey, display: Display) -> bool:
        """A backend's `open` said "auth": ask the person for the password. True: another try makes sense."""

    async def answered(self, key: DomainKey, display: Display, right: bool) -> None:
        """Whether the display took what `ask` got."""


class Watcher(Viewer, Protocol):
    """Somebody who looks at a screen."""

    def status(self, status: Status) -> None: ...


class Screens:
    """All of this process.

    folder  for the locks; all VMDesks of the user share it
    hop     runs a function on the main thread, from any thread
    """

    def __init__(self, store: Store, jobs: Jobs, doors: Doors, folder: Path, hop: Hop | None = None) -> None:
        self.store = store
        self.jobs = jobs
        self.doors = doors
        self._hop = hop
        self._locks = ScreenLocks(folder)
        self._screens: dict[tuple[DomainKey, str, int], Screen] = {}
        self._links: dict[tuple[DomainKey, str, int], tuple[Link, int]] = {}
        self._opening: dict[tuple[DomainKey, str, int], asyncio.Lock] = {}
        self._allowed: dict[DomainKey, tuple[bool, bool]] = {}
        self._lane: Lane | None = None

    def hold(self, key: DomainKey, wish: str = "", head: int = 0) -> "Screen":
        """The machine's screen; give it back with `Screen.release`.

        wish  "" for the best way, SHARED for one that throws nobody out, else a protocol
        """
        screen = self._screens.get((key, wish, head))
        if screen is None:
            screen = self._screens[key, wish, head] = Screen(self, key, wish, head)
        screen.held += 1
        return screen

    def forget(self, screen: "Screen") -> None:
        self._screens.pop((screen.key, screen.wish, screen.head), None)

    # ---------------------------------------------------------------- clipboards

    def allowed(self, key: DomainKey) -> tuple[bool, bool]:
        """Whether the clipboard may pass (to the guest, from the guest). Off until somebody switches it on."""
        return self._allowed.get(key, (False, False))

    def allow(self, key: DomainKey, to_guest: bool, from_guest: bool) -> None:
        """Holds at once, for all connections to the machine."""
        self._allowed[key] = to_guest, from_guest
        for (one, _protocol, _head), (link, _count) in self._links.items():
            if one == key and link.backend is not None:
                link.backend.clipboard_allow(to_guest, from_guest)

    # ---------------------------------------------------------------- pictures

    async def picture(self, key: DomainKey, wish: str = SHARED, seconds: float = ONLY) -> bytes:
        """The screen as a PNG file. VirtError."""
        screen = self.hold(key, wish)
        try:
            return await self.png(await screen.first_picture(seconds))
        finally:
            screen.release()

    async def png(self, surface: Surface) -> bytes:
        """A copy of what is on it now, packed in another thread."""
        still = Surface(surface.width, surface.height, surface.stride, memoryview(bytes(surface.data)))
        self._lane = self._lane or Lane(1, "pictures")
        return await asyncio.get_running_loop().run_in_executor(self._lane, still.png)

    # ---------------------------------------------------------------- connections

    async def take(self, key: DomainKey, display: Display, head: int, seconds: float, may_ask: bool = False) -> Link:
        """The open connection to a display, an own one or one that is there; give it back with `give`. VirtError.

        may_ask  somebody is there who can be asked for the display's password
        """
        place = key, display.kind, head
        async with self._opening.setdefault(place, asyncio.Lock()):
            link, count = self._links.get(place, (None, 0))
            if link is None or link.over:
                link, count = await self._log_in(key, display, head, seconds, may_ask), 0
            self._links[place] = link, count + 1
            return link

    def give(self, key: DomainKey, head: int, link: Link) -> None:
        place = key, link.protocol, head
        known, count = self._links.get(place, (None, 0))
        if known is not link:
            return  # it broke, and another one has its place
        if count > 1:
            self._links[place] = link, count - 1
            return
        del self._links[place]
        self._close(key, link)

    async def _log_in(self, key: DomainKey, display: Display, head: int, seconds: float, may_ask: bool) -> Link:
        """Open it, with as many passwords as it takes."""
        asked = False
        while True:
            try:
                link = await self._open(key, display, head, seconds)
            except VirtError as error:
                if asked:
                    await self.doors.answered(key, display, False)
                if error.problem.name != "auth" or not may_ask or not await self.doors.ask(key, display):
                    raise
                asked = True
            else:
                if asked:
                    await self.doors.answered(key, display, True)
                return link

    async def _open(self, key: DomainKey, display: Display, head: int, seconds: float) -> Link:
        exclusive = display.kind in EXCLUSIVE
        if exclusive and not self._locks.take(key.uuid):
            raise VirtError(Problem(text("Another VMDesk shows this machine."), name="busy"))
        link = Link(display.kind, self._hop or _hop_to(asyncio.get_running_loop()))
        try:
            async with asyncio.timeout(seconds):
                link.backend = await self.doors.backend(key, display, head, link, self._beside(key, display.kind))
                await link.backend.open()
            if allowed := self._allowed.get(key):
                link.backend.clipboard_allow(*allowed)
        except BaseException as error:
            self._close(key, link)
            if isinstance(error, TimeoutError):
                problem = Problem(text("No picture came within {n} seconds.", n=f"{seconds:g}"), name="timeout")
                raise VirtError(problem) from error
            raise
        return link

    def _beside(self, key: DomainKey, kind: str) -> Backend | None:
        for (machine, protocol, _head), (link, _count) in self._links.items():
            if machine == key and protocol == kind and not link.over:
                return link.backend
        return None

    def _close(self, key: DomainKey, link: Link) -> None:
        link.close()
        if link.protocol in EXCLUSIVE:
            self._locks.give(key.uuid)

    def close(self) -> None:
        """The end of the program."""
        for screen in tuple(self._screens.values()):
            screen.stop()
        self._screens.clear()
        for (key, _protocol, _head), (link, _count) in tuple(self._links.items()):
            self._close(key, link)
        self._links.clear()


class Screen:
    """One machine's screen: connected while it is held and the machine runs. Everything on the main thread."""

    def __init__(self, screens: Screens, key: DomainKey, wish: str, head: int) -> None:
        self.key, self.wish, self.head = key, wish, head
        self.held = 0
        self.status = Status()
        self.found = Found()
        self._screens = screens
        self._watchers: list[Watcher] = []
        self._link: Link | None = None
        self._ended: Problem | None = None
        self._again = False  # somebody wants another try, whatever has been
        self._lost_to: set[str] = set()  # protocols that another viewer took from us in this run of the machine
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

    def release(self) -> None:
        """One holder less; with the last one the connection is closed."""
        self.held -= 1
        if self.held <= 0:
            self._screens.forget(self)
            self.stop()

    def retry(self) -> None:
        """Try again now."""
        self._again = True
        self._bell.ring()

    def take_back(self) -> None:
        """Throw the other viewer out."""
        self._lost_to.clear()
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
                self._lost_to.clear()
            self._show(Status(Phase.CONNECTING))
            try:
                why = await self._connect()
            except VirtError as error:
                taken = error.problem.name == "taken"
                self._show(Status(Phase.TAKEN if taken else Phase.LOST, problem=error.problem, taken=taken))
                await self._until_other(domain.live_id, EVER)
                continue
            assert self._link is not None
            self._show(Status(Phase.LIVE, self._link.protocol, why, taken=bool(self._lost_to)))
            began = time.monotonic()
            problem = await self._until_ended()
            protocol = self._link.protocol
            self._drop()
            if problem is None:
                continue
            tries = 0 if time.monotonic() - began > STEADY else tries
            if problem.name != "taken":
                self._show(Status(Phase.CONNECTING))
                if await self._until_other(domain.live_id, STOPPING if protocol in EXCLUSIVE else AGAIN[0]):
                    continue
            if problem.name == "taken" or protocol in EXCLUSIVE:
                self._lost_to.add(protocol)  # the machine runs on, so it was another viewer
                continue
            self._show(Status(Phase.LOST, problem=problem))
            await self._until_other(domain.live_id, AGAIN[tries] if tries < len(AGAIN) else EVER)
            tries += 1

    async def _connect(self) -> tuple[Text, ...]:
        """Open the first door that opens; why not a better one. VirtError."""
        self.found = await self._screens.doors.find(self.key)
        why = list(self.found.why)
        doors = [door for door in self.found.doors if self._fits(door)]
        if not doors:
            raise VirtError(_no_door(self.wish, self.found, why))
        problem: Problem | None = None
        for place, door in enumerate(doors):
            name = protocol_name(door.kind)
            if door.kind in self._lost_to:
                why.append(text("Another viewer took the {protocol} display.", protocol=name))
                continue
            more = any(one.kind not in self._lost_to for one in doors[place + 1 :])
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


def _hop_to(loop: asyncio.AbstractEventLoop) -> Hop:
    def hop(do: Callable[[], None]) -> None:
        loop.call_soon_threadsafe(do)

    return hop


def protocol_name(kind: str) -> str:
    """As people write it."""
    return {"dbus": "D-Bus", "vnc": "VNC", "spice": "SPICE"}.get(kind, kind)


def _no_door(wish: str, found: Found, why: Iterable[Text]) -> Problem:
    """Why there is no screen to be had."""
    reasons = tuple(why)
    if not found.displays.graphics:
        return Problem(
            text("This machine has no screen."),
            text("Its definition has no <graphics> device."),
            text("Its text console may work."),
            name="no-graphics",
        )
    if wish and wish != SHARED and any(one.kind == wish for one in found.displays.graphics):
        what = text("The {protocol} display cannot be used here.", protocol=protocol_name(wish))
    elif wish and wish != SHARED:
        what = text("This machine has no {protocol} display.", protocol=protocol_name(wish))
    else:
        what = text("None of its displays can be used here.")
    kinds = ", ".join(protocol_name(one.kind) for one in found.displays.graphics)
    return Problem(
        what, functools.reduce(lambda _, one: one, reasons, text("It has: {kinds}", kinds=kinds)), name="no-door"
    )
