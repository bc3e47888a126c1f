"""Bringing files to the host: used where they are if the hypervisor can read them there, else copied into a pool."""

import contextlib
import io
import posixpath
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
from vmdesk.media.image import Image
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Pool, Volume
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Away, Place, Reach, There
from vmdesk.virt import reaching, transfer, volumes
from vmdesk.virt.reaching import Blocked, Reached


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

    async def path(self, place: Place, reach: Reach = Reach.COPY, name: str = "") -> Brought:
        """Where the hypervisor finds the file as it is.

        name  what the copy is called, if one is made; "" like the file
        """
        if isinstance(place, There):
            return Brought((await volumes.volume(self._making.connection, place.pool, place.volume)).path)
        if isinstance(place, Away):
            with self._temporary(posixpath.basename(place.url)) as target:
                await self._fetch(place.url, target)
                made = await self._upload(target, name or posixpath.basename(place.url), "")
            return Brought(made.path, made)
        if self._local and (there := await self._reached(place.path, reach)) is not None:
            return Brought(place.path, keep_owner=there.keep_owner)
        made = await self._upload(Path(place.path), name or Path(place.path).name, "")
        return Brought(made.path, made)

    async def disk(self, image: Image, name: str, pool: str) -> Volume:
        """The content of a disk image here as a new volume: raw stays raw, all other formats become qcow2."""
        if image.format in ("qcow2", "raw", "iso"):
            return await self._upload(Path(image.path), name, pool)
        with self._temporary(f"{name}.qcow2") as target:
            stop = threading.Event()
            doing = text("Converting {file}", file=Path(image.path).name)
            await self._knowledge.run(
                lambda: convert(image, str(target), "qcow2", lambda done: self._report(done, doing), stop), stop
            )
            return await self._upload(target, name, pool)

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
        stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
        free = await volumes.free_name(self._making.connection, where.name, stem, dot + suffix)
        made = await self._making.volume(where, free, size, format="raw")
        doing = text("Copying {file} to {pool}", file=name, pool=where.name)
        progress = _telling(self._report, doing)
        progress(0, size)
        await transfer.upload(self._making.connection, made, source, progress)
        return await volumes.volume(self._making.connection, where.name, free)

    async def _fetch(self, url: str, target: Path) -> None:
        stop = threading.Event()
        doing = text("Fetching {file}", file=posixpath.basename(url))
        await self._knowledge.run(
            lambda: tree.fetch(url, str(target), lambda done: self._report(done, doing), stop), stop
        )

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


def _length(path: Path) -> int:
    with path.open("rb") as file:
        return max(file.seek(0, 2), 1)
