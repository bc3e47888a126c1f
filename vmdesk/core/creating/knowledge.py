"""What is known of operating systems and media: the OS database and the files, read in a worker."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from vmdesk.media import disc, image, systems, tree, unattended
from vmdesk.media.disc import Disc
from vmdesk.media.image import Image
from vmdesk.media.systems import Database
from vmdesk.media.unattended import Answers
from vmdesk.model.errors import VirtError
from vmdesk.model.storage import Volume
from vmdesk.model.system import Medium, System
from vmdesk.model.wish import UnattendedWish
from vmdesk.virt import transfer
from vmdesk.virt.connection import Connection
from vmdesk.virt.lane import Lane

T = TypeVar("T")


class Knowledge:
    """One for the program. Without libosinfo everything is an unknown system, and `problem` says why."""

    def __init__(self) -> None:
        self.problem: VirtError | None = None
        self._database: Database | None = None
        self._loading: asyncio.Future[Database | None] | None = None
        # The database belongs to one thread at a time; files may lie on a server that has gone.
        self._lane = Lane(1, "systems")
        self._files = Lane(2, "media")

    async def systems(self) -> tuple[System, ...]:
        """All of the database, empty without one."""
        return await self._ask(lambda database: database.systems, ())

    async def system(self, name: str) -> System | None:
        """By id or short id; None if unknown."""
        return await self._ask(lambda database: database.system(name), None)

    async def named(self, words: str) -> System:
        """What a label or a file's name says it is."""
        return await self._ask(lambda database: database.relative(words), None) or System()

    async def identify(self, found: Disc) -> Medium:
        """What a CD holds."""
        unknown = Medium(label=found.volume, info=found.info, bytes=found.size)
        return await self._ask(lambda database: database.identify(found), unknown)

    async def medium(self, path: str) -> Medium:
        """What the CD image at `path` holds. VirtError if it cannot be read, or is none."""
        checked = await self.run(lambda: image.inspect(path))
        found = await self.run(lambda: disc.read_file(path)) if checked.format in ("iso", "raw") else None
        if found is None:
            raise image.no_disc(path)
        return await self.identify(found)

    async def volume(self, connection: Connection, volume: Volume) -> Medium | None:
        """What the CD image in a pool holds, read from there piece by piece; None if it cannot be told."""
        loop = asyncio.get_running_loop()

        def read(offset: int, length: int) -> bytes:
            return asyncio.run_coroutine_threadsafe(transfer.read(connection, volume, offset, length), loop).result()

        try:
            found = await self.run(lambda: disc.read_disc(read))
        except VirtError:  # a pool that gives nothing out: its name has to do
            return None
        return await self.identify(found) if found is not None else None

    async def image(self, path: str, expected: str = "") -> Image:
        """What the disk image at `path` is. VirtError if it is not safe."""
        return await self.run(lambda: image.inspect(path, expected))

    async def tree(self, url: str, arch: str) -> tuple[tree.Tree, System]:
        """The installer at `url`, and the system it installs."""
        stop = threading.Event()
        found = await self.run(lambda: tree.find(url, arch, stop), stop)
        return found, await self.named(found.words) if found.words else System()

    async def answers(
        self, system: System, wish: UnattendedWish, name: str, *, url: str, disk: str, arch: str
    ) -> Answers:
        """What this system's installer is told. VirtError."""
        found = await self._ask(
            lambda database: unattended.answers(database, system, wish, name, url=url, disk=disk, arch=arch), None
        )
        if found is None:
            assert self.problem is not None
            raise self.problem
        return found

    async def out_of(self, disc_: str, path: str, target: Path) -> None:
        """Save a file of a CD image as `target`. VirtError."""
        await self.run(lambda: disc.extract(disc_, path, target))

    async def renew(self, archive: Path) -> None:
        """Bring a newer OS database for this user, and read it."""
        await self.run(lambda: systems.add_to_database(archive))
        self._database, self._loading = None, None

    async def run(self, work: Callable[[], T], stop: threading.Event | None = None) -> T:
        """Blocking work on files in a worker; cancelled, `stop` is set and nobody waits."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._files, work)
        except asyncio.CancelledError:
            if stop is not None:
                stop.set()
            raise

    def close(self) -> None:
        self._lane.shutdown(cancel_futures=True)
        self._files.shutdown(cancel_futures=True)

    async def _ask(self, ask: Callable[[Database], T], otherwise: T) -> T:
        if self._loading is None:
            self._loading = asyncio.get_running_loop().run_in_executor(self._lane, self._load)
        database = await asyncio.shield(self._loading)
        if database is None:
            return otherwise
        return await asyncio.get_running_loop().run_in_executor(self._lane, ask, database)

    def _load(self) -> Database | None:
        try:
            return Database()
        except VirtError as error:
            self.problem = error
            return None
