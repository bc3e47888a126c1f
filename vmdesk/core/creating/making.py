"""What one run makes, written down before it is made, and taken back if the run does not come to its end."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from vmdesk.core.jobs import to_its_end
from vmdesk.core.journal import LOST, Entry, Step
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Pool, Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import domains, making, volumes
from vmdesk.virt.connection import Connection

T = TypeVar("T")
Progress = Callable[[int, int], None]

CREATE = "create"  # the journal's word for the whole
VOLUME, DOMAIN, STARTED, FILE, ONCE = "volume", "domain", "started", "file", "once"
# After these it is not known whether it was done.
# Seconds between writing down that a volume is about to be made and its first byte; and what two computers' clocks
# may differ.
_SOON, _CLOCKS = 30.0, 300.0
_TRIES = 5


class Making:
    """One run on one host. Everything goes through here, so that nothing is made that is not written down.

    machine  whose the volumes are that are made now; "": all machines'
    """

    def __init__(self, connection: Connection, entry: Entry) -> None:
        self.connection = connection
        self.machine = ""
        self._entry = entry
        self._steps: list[Step] = []

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
        """A new volume, which takes the next free name like this one."""

        def make(free: str) -> Awaitable[Volume]:
            return volumes.create_volume(
                self.connection,
                pool,
                free,
                capacity,
                format=format,
                full=full,
                backing=backing,
                backing_format=backing_format,
                progress=progress,
            )

        return await self._volume(pool, name, make, {"bytes": capacity, "format": format, "backing": backing})

    async def copy(self, pool: Pool, name: str, source: Volume, format: str, progress: Progress) -> Volume:  # noqa: A002
        """A new volume with the content of another one, which takes the next free name like this one."""

        def make(free: str) -> Awaitable[Volume]:
            return volumes.copy_volume(self.connection, pool, free, source, format=format, progress=progress)

        return await self._volume(
            pool, name, make, {"bytes": source.capacity, "format": format, "backing": "", "long": True}
        )

    async def define(self, name: str, uuid: str, xml: str, autostart: bool = False) -> None:
        """A new machine; VirtError "taken" if its name or UUID is."""
        number = self._step(DOMAIN, name=name, uuid=uuid, autostart=autostart)

        async def work() -> None:
            await making.define(self.connection, xml)
            stands = await making.standing(self.connection, uuid)
            self._did(number, mark=stands.mark if stands else "")
            if autostart:
                await domains.set_autostart(self.connection, uuid, True)

        await self._certain(number, to_its_end(work()))

    async def start(self, name: str, uuid: str, stored: str) -> None:
        """Start it; then its stored definition is `stored`. From here on it is finished rather than taken back."""
        number = self._step(STARTED, name=name, uuid=uuid, stored=stored)

        async def work() -> None:
            await making.start(self.connection, uuid)
            self._did(number)
            await making.redefine_stored(self.connection, uuid, stored)
            self._did(number, right=True)

        await to_its_end(work())

    def only_once(self, volume: Volume) -> None:
        """That volume of this run is not needed any more when the machines have been started."""
        self._did(self._step(ONCE, pool=volume.pool, name=volume.name, path=volume.path))

    async def drop_once(self) -> None:
        """Delete what was needed only once."""
        for step in self._steps:
            if step.what == ONCE:
                await volumes.delete_volume(self.connection, step.data["pool"], step.data["name"], step.data["path"])

    def file(self, path: Path) -> int:
        """About to write a file here that is not to stay; the number is for `file_gone`."""
        return self._step(FILE, path=str(path))

    def file_gone(self, number: int) -> None:
        self._did(number)

    def finish(self) -> None:
        """All is done."""
        self._entry.close()

    async def take_back(self) -> None:
        """Remove what this run made, the last first. What cannot be removed now is left for the next start."""
        try:
            await asyncio.shield(undo(self.connection, self._steps))
        except VirtError:
            self._entry.leave()
            raise
        self._entry.close()

    async def _volume(
        self, pool: Pool, name: str, make: Callable[[str], Awaitable[Volume]], wanted: dict[str, Any]
    ) -> Volume:
        for tries in itertools.count(1):
            free = await volumes.free_name(self.connection, pool.name, *_parts(name))
            number = self._step(VOLUME, pool=pool.name, name=free, machine=self.machine, at=time.time(), **wanted)
            try:
                made = await self._certain(number, make(free))  # cancelled or failed, it leaves nothing
            except VirtError as error:
                # Somebody was quicker; or libvirt does not list what is there.
                if error.problem.name != "taken" or tries == _TRIES:
                    raise
            else:
                self._did(number, path=made.path)
                return made
        raise AssertionError

    async def _certain(self, number: int, work: Awaitable[T]) -> T:
        try:
            return await work
        except VirtError as error:
            if error.problem.name not in LOST and not self._steps[number].done:
                self._did(number, void=True)
            raise

    def _step(self, what: str, **data: Any) -> int:
        self._steps.append(Step(what, data))
        return self._entry.step(what, **data)

    def _did(self, number: int, **data: Any) -> None:
        old = self._steps[number]
        self._steps[number] = replace(old, data={**old.data, **data}, done=True)
        self._entry.did(number, **data)


async def undo(connection: Connection, steps: Sequence[Step]) -> None:
    """Take back all that a run made, the last first. VirtError for what would not go."""
    first: VirtError | None = None
    for step in reversed(steps):
        try:
            if step.data.get("void"):
                continue
            if step.what == DOMAIN:
                await making.remove(connection, step.data["uuid"], step.data["name"])
            elif step.what == VOLUME and await is_ours(connection, step):
                await volumes.delete_volume(connection, step.data["pool"], step.data["name"], step.data.get("path", ""))
        except VirtError as error:
            first = first or error
    if first is not None:
        raise left_over(first)


async def is_ours(connection: Connection, step: Step) -> bool:
    """Whether the volume that is there is the one that the step made.

    Of one that may have been made or not it has to be shown: there is just such a one, made just then.
    """
    data = step.data
    if data.get("void"):
        return False
    try:
        found = await volumes.volume(connection, data["pool"], data["name"])
    except VirtError as error:
        if error.problem.name in ("gone", "no-volume", "no-pool"):
            return False
        raise
    if step.done:
        return bool(found.path == data["path"])
    skew = 1.0 if connection.local else _CLOCKS
    last = data["at"] + skew + (3600.0 if data.get("long") else _SOON)
    return bool(
        found.modified is not None
        and data["at"] - skew <= found.modified <= last
        and found.capacity == data["bytes"]
        and found.backing == data["backing"]
        and data["format"] in ("", found.format)
    )


def left_over(error: VirtError) -> VirtError:
    """What was made and could not be removed."""
    return VirtError(
        Problem(
            text("Not everything that was made could be removed again."),
            error.problem.what,
            text("It is tried again at the next start."),
            details=error.problem.details,
            name="left-over",
        )
    )


def named(steps: Sequence[Step]) -> tuple[Text, ...]:
    """The volumes of the steps, in words."""
    return tuple(text("the volume {volume}", volume=step.data["name"]) for step in steps)


def _parts(name: str) -> tuple[str, str]:
    """web.qcow2 -> web, .qcow2"""
    stem, dot, suffix = name.rpartition(".") if "." in name[1:] else (name, "", "")
    return stem, dot + suffix
