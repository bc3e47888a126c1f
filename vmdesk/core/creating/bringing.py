"""Bringing files to the host: used where they are if the hypervisor can read them there, else copied into a pool."""

import asyncio
import contextlib
import io
import posixpath
import shutil
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vmdesk.core.creating.knowledge import Knowledge
from vmdesk.core.creating.making import Making
from vmdesk.core.jobs import Report
from vmdesk.media import tree
from vmdesk.media.convert import convert
from vmdesk.media.image import Image, opened
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Pool, Volume
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Away, Here, Place, Reach, There
from vmdesk.virt import pools, reaching, transfer, volumes
from vmdesk.virt.reaching import Blocked, Reached

# Looks at what libvirt takes a volume for, and seconds between them.
_LOOKS, _PAUSE = 100, 0.1
_TELLING = 0.1  # seconds between two reports


@dataclass(frozen=True, slots=True)
class Brought:
    """Where a file is for the hypervisor. `made`: the volume that this run made for it."""

    path: str
    made: Volume | None = None
    keep_owner: bool = False


class Bringing:
    """One run's way of getting files to where the hypervisor reads them.

    pool     where to, asked for when the first file has to be copied
    scratch  a folder here for what has to be converted or fetched first
    """

    def __init__(
        self,
        making: Making,
        knowledge: Knowledge,
        pool: Callable[[str], Awaitable[Pool]],
        scratch: Path,
        report: Report,
        local: bool,
    ) -> None:
        self._making, self._knowledge, self._pool = making, knowledge, pool
        self._scratch, self._report, self._local = scratch, report, local

    async def path(self, place: Place, reach: Reach = Reach.COPY, name: str = "", tail: bytes = b"") -> Brought:
        """Where the hypervisor finds the file as it is.

        name  what the copy is called, if one is made; "" like the file
        tail  what is added at its end: then it is always a copy
        """
        if tail and isinstance(place, Here):
            with self._temporary(Path(place.path).name) as target:
                await self._knowledge.run(lambda: _copied(Path(place.path), target))
                return await self._tailed(target, name, tail)
        if isinstance(place, There):
            return Brought((await volumes.volume(self._making.connection, place.pool, place.volume)).path)
        if isinstance(place, Away):
            with self._temporary(posixpath.basename(place.url)) as target:
                await self._fetch(place.url, target)
                if tail:
                    return await self._tailed(target, name, tail)
                made = await self._upload(target, name or posixpath.basename(place.url), "")
            return Brought(made.path, made)
        if self._local and (there := await self._reached(place.path, reach)) is not None:
            return Brought(place.path, keep_owner=there.keep_owner)
        made = await self._upload(Path(place.path), name or Path(place.path).name, "")
        return Brought(made.path, made)

    async def out_of(self, disc: str, inner: str, name: str, tail: bytes = b"") -> Brought:
        """A file of a CD image here, as a new volume."""
        with self._temporary(posixpath.basename(inner)) as target:
            await self._knowledge.out_of(disc, inner, target)
            return await self._tailed(target, name, tail)

    async def _tailed(self, target: Path, name: str, tail: bytes) -> Brought:
        await self._knowledge.run(lambda: _append(target, tail))
        made = await self._upload(target, name, "")
        return Brought(made.path, made)

    async def disk(self, image: Image, name: str, pool: str) -> Volume:
        """The content of a disk image here as a new volume: raw stays raw, all other formats become qcow2."""
        if image.usable:
            made = await self._upload(Path(image.path), name, pool)
            return await self._recognised(made, image.format) if image.format == "qcow2" else made
        with self._temporary(f"{name}.qcow2") as target:
            stop = threading.Event()
            doing = text("Converting {file}", file=Path(image.path).name)
            tell = self._from_worker(doing)
            await self._knowledge.run(lambda: convert(image, str(target), "qcow2", tell, stop), stop)
            return await self._recognised(await self._upload(target, name, pool), "qcow2")

    async def bytes(self, data: bytes, name: str, pool: str = "") -> Volume:
        """A new volume with these bytes."""
        where = await self._pool(pool)
        made = await self._making.volume(where, name, len(data), format="raw")
        await transfer.upload(self._making.connection, made, io.BytesIO(data))
        return made

    async def _reached(self, path: str, reach: Reach) -> Reached | None:
        """None if it has to be copied."""
        found = await reaching.reach(self._making.connection, path)
        if isinstance(found, Blocked) and reach is Reach.GRANT:
            await reaching.grant(found.commands)
            found = await reaching.reach(self._making.connection, path)
        if isinstance(found, Reached):
            return found
        if reach is Reach.COPY:
            return None
        raise VirtError(
            Problem(
                text("The hypervisor cannot read {path}.", path=path),
                found.why,
                text("Let VMDesk copy it into a storage pool."),
                command="\n".join(found.lines),
                name="unreachable-file",
            )
        )

    async def _upload(self, source: Path, name: str, pool: str) -> Volume:
        where = await self._pool(pool)
        size = await self._knowledge.run(lambda: _length(source))
        made = await self._making.volume(where, name, size, format="raw")
        doing = text("Copying {file} to {pool}", file=name, pool=where.name)
        progress = _telling(self._report, doing)
        progress(0, size)
        await transfer.upload(self._making.connection, made, source, progress)
        return await volumes.volume(self._making.connection, where.name, made.name)

    async def _recognised(self, volume: Volume, format: str) -> Volume:  # noqa: A002 - the word for it
        """The volume when libvirt has seen what was written into it: it looks in the background, a moment later.

        Until then it takes a qcow2 file for raw: a machine would show the guest its tables, growing would miss them.
        """
        connection = self._making.connection
        for _ in range(_LOOKS):
            with contextlib.suppress(VirtError):  # busy with other volumes of the pool
                await pools.refresh(connection, volume.pool)
            found = await volumes.volume(connection, volume.pool, volume.name)
            if found.format == format:
                return found
            await asyncio.sleep(_PAUSE)
        why = text("The host takes it for {found} and not for {wanted}.", found=found.format or "?", wanted=format)
        raise VirtError(Problem(text("{file} was copied, but is not as it was.", file=volume.name), why, name="format"))

    async def _fetch(self, url: str, target: Path) -> None:
        stop = threading.Event()
        doing = text("Fetching {file}", file=posixpath.basename(url))
        tell = self._from_worker(doing)
        await self._knowledge.run(lambda: tree.fetch(url, str(target), tell, stop), stop)

    def _from_worker(self, doing: Text) -> Callable[[float | None], None]:
        """A report for work in another thread: ten a second at most."""
        loop = asyncio.get_running_loop()
        last = -1.0

        def tell(done: float | None) -> None:
            nonlocal last
            now = loop.time()
            if now - last >= _TELLING or done == 1.0:
                last = now
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(self._report, done, doing)

        return tell

    @contextlib.contextmanager
    def _temporary(self, name: str) -> Iterator[Path]:
        """A name for a file here that is gone afterwards, whatever happens."""
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self._scratch / f"{uuid.uuid4().hex[:8]}-{name}"
        number = self._making.file(target)
        try:
            yield target
        finally:
            with contextlib.suppress(OSError):
                target.unlink()
            self._making.file_gone(number)


def _telling(report: Report, doing: Text) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        report(done / total if total else None, doing)

    return tell


def _copied(source: Path, target: Path) -> None:
    with opened(str(source)) as file, target.open("xb") as new:
        shutil.copyfileobj(file, new, 1 << 20)


def _append(target: Path, tail: bytes) -> None:
    """The kernel takes what follows an initrd for another one if it begins at a multiple of four bytes."""
    with target.open("ab") as file:
        file.write(bytes(-file.tell() % 4) + tail)


def _length(path: Path) -> int:
    with path.open("rb") as file:
        return max(file.seek(0, 2), 1)
