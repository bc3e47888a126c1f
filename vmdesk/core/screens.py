"""Open screens: one connection a machine and protocol, whoever looks at it; one clipboard's permission a machine."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from vmdesk.console.screen import Backend, Surface
from vmdesk.core.jobs import Jobs
from vmdesk.core.screen import ONLY, Screen
from vmdesk.core.screen_link import Hop, Link
from vmdesk.core.screen_lock import ScreenLocks
from vmdesk.core.screen_state import EXCLUSIVE, SHARED, Doors
from vmdesk.core.sound import MachineSound
from vmdesk.core.store import Store
from vmdesk.model.display import Display
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text
from vmdesk.virt.lane import Lane


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
        self._sounds: dict[DomainKey, MachineSound] = {}
        self._lane: Lane | None = None

    def hold(self, key: DomainKey, wish: str = "", head: int = 0) -> Screen:
        """The machine's screen; give it back with `Screen.release`.

        wish  "" for the best way, SHARED for one that throws nobody out, else a protocol
        """
        screen = self._screens.get((key, wish, head))
        if screen is None:
            screen = self._screens[key, wish, head] = Screen(self, key, wish, head)
        screen.held += 1
        return screen

    def forget(self, screen: Screen) -> None:
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

    # ---------------------------------------------------------------- sound

    def sound(self, key: DomainKey) -> MachineSound:
        """The machine's. It is played while somebody who also hears looks at a screen of it (`Screen.hear`)."""
        sound = self._sounds.get(key)
        if sound is None:
            domain = self.store.domains.get(key)
            name = domain.name if domain else key.uuid
            sound = self._sounds[key] = MachineSound(name, self._hop or _hop_to(asyncio.get_running_loop()))
        return sound

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
                raise VirtError(_no_picture(seconds)) from error
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
        for sound in self._sounds.values():
            sound.close()
        self._screens.clear()
        for (key, _protocol, _head), (link, _count) in tuple(self._links.items()):
            self._close(key, link)
        self._links.clear()


def _no_picture(seconds: float) -> Problem:
    what = text("No picture came within {n} seconds.", n=f"{seconds:g}")
    if seconds < ONLY:  # the next door is tried, and this stands beside its picture
        return Problem(what, name="timeout")
    why, what_next = text("QEMU may hang or be very busy."), text("Try again, or use another display.")
    return Problem(what, why, what_next, name="timeout")


def _hop_to(loop: asyncio.AbstractEventLoop) -> Hop:
    def hop(do: Callable[[], None]) -> None:
        loop.call_soon_threadsafe(do)

    return hop
