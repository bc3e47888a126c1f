"""What one run makes, written down before it is made, and taken back if the run does not come to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from vmdesk.core.jobs import to_its_end
from vmdesk.core.journal import Entry, Step
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Pool, Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import making, volumes
from vmdesk.virt.connection import Connection

Progress = Callable[[int, int], None]

CREATE = "create"  # the journal's word for the whole
VOLUME, DOMAIN, STARTED, FILE = "volume", "domain", "started", "file"


class Making:
    """One run on one host. Everything goes through here, so that nothing is made that is not written down."""

    def __init__(self, connection: Connection, entry: Entry) -> None:
        self.connection = connection
        self._entry = entry
        self._made: list[Step] = []

    async def volume(
        self,
        pool: Pool,
        name: str,
        capacity: int,
        *,
        format: str = "",  # noqa: A002 - the word for it
        full: bool = False,
        backing: str = "",
        backing_format: str = "",
        progress: Progress | None = None,
    ) -> Volume:
        """A new volume; VirtError "taken" if the name is."""
        work = volumes.create_volume(
            self.connection,
            pool,
            name,
            capacity,
            format=format,
            full=full,
            backing=backing,
            backing_format=backing_format,
            progress=progress,
        )
        return await self._volume(pool, name, work)

    async def copy(self, pool: Pool, name: str, source: Volume, format: str, progress: Progress) -> Volume:  # noqa: A002
        """A new volume with the content of another one."""
        work = volumes.copy_volume(self.connection, pool, name, source, format=format, progress=progress)
        return await self._volume(pool, name, work)

    async def define(self, name: str, uuid: str, xml: str) -> None:
        """A new machine; VirtError "taken" if its name or UUID is."""
        number = self._entry.step(DOMAIN, name=name, uuid=uuid)
        did = partial(self._did, number, DOMAIN, {"name": name, "uuid": uuid})
        await to_its_end(making.define(self.connection, xml), did)

    async def start(self, uuid: str, stored: str) -> None:
        """Start it; then its stored definition is `stored`. From here on it is finished rather than taken back."""
        number = self._entry.step(STARTED, uuid=uuid, stored=stored)
        await to_its_end(making.start(self.connection, uuid), partial(self._did, number, STARTED, {"uuid": uuid}))
        await self.store(uuid, stored)

    async def store(self, uuid: str, xml: str) -> None:
        """Put another stored definition in place of the first one."""
        await to_its_end(making.redefine_stored(self.connection, uuid, xml))

    async def drop(self, volume: Volume) -> None:
        """Delete a volume of this run that is not needed any more."""
        await volumes.delete_volume(self.connection, volume.pool, volume.name, volume.path)
        self._made = [step for step in self._made if step.data.get("path") != volume.path]

    def file(self, path: Path) -> int:
        """About to write a file here that is not to stay; the number is for `file_gone`."""
        return self._entry.step(FILE, path=str(path))

    def file_gone(self, number: int) -> None:
        self._entry.did(number)

    def finish(self) -> None:
        """All is done."""
        self._entry.close()

    async def take_back(self) -> None:
        """Remove what this run made, the last first. What cannot be removed now is left for the next start."""
        try:
            await asyncio.shield(undo(self.connection, self._made))
        except VirtError:
            self._entry.leave()
            raise
        self._entry.close()

    async def _volume(self, pool: Pool, name: str, work: Awaitable[Volume]) -> Volume:
        number = self._entry.step(VOLUME, pool=pool.name, name=name)
        made = await work  # cancelled or failed, it leaves nothing
        self._did(number, VOLUME, {"pool": pool.name, "name": name, "path": made.path})
        return made

    def _did(self, number: int, what: str, data: dict[str, str]) -> None:
        self._made.append(Step(what, data, True))
        self._entry.did(number, **data)


async def undo(connection: Connection, steps: Sequence[Step]) -> tuple[Text, ...]:
    """Take back what the steps made, the last first; what was removed, in words. VirtError for what would not go."""
    gone: list[Text] = []
    first: VirtError | None = None
    for step in reversed(steps):
        try:
            if step.what == DOMAIN and await making.remove(connection, step.data["uuid"], step.data["name"]):
                gone.append(text("the machine {name}", name=step.data["name"]))
            elif step.what == VOLUME and await _remove_volume(connection, step):
                gone.append(text("the volume {volume}", volume=step.data["name"]))
        except VirtError as error:
            first = first or error
    if first is not None:
        raise VirtError(
            Problem(
                text("Not everything that was made could be removed again."),
                first.problem.what,
                text("It is tried again at the next start."),
                details=first.problem.details,
                name="left-over",
            )
        )
    return tuple(gone)


async def _remove_volume(connection: Connection, step: Step) -> bool:
    return await volumes.delete_volume(connection, step.data["pool"], step.data["name"], step.data.get("path", ""))
