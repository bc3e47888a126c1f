"""A new disk for a machine that is there: its volume is written down before it is made, until the machine has it.

A program that is killed in between leaves no file that nobody uses: the next start deletes it, or says who has it.
"""

import asyncio
import time
from dataclasses import dataclass, replace

from vmdesk.core.creating.making import VOLUME, named
from vmdesk.core.creating.recovery import clear
from vmdesk.core.journal import LOST, Entry, Journal, Record, Step
from vmdesk.model.errors import VirtError
from vmdesk.model.storage import Pool, Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import pools, volumes
from vmdesk.virt.connection import Connection

DISK = "disk"  # the journal's word


@dataclass(frozen=True, slots=True)
class DiskWish:
    """A new volume of so many bytes; what is "" is chosen."""

    bytes: int
    pool: str = ""
    format: str = ""
    name: str = ""
    full: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where it would be, and as what."""

    pool: Pool
    name: str
    format: str

    @property
    def path(self) -> str:
        return f"{self.pool.target}/{self.name}"


async def place(connection: Connection, machine: str, wish: DiskWish) -> Place:
    """Nothing is made. VirtError."""
    pool = await pools.pool(connection, wish.pool or "default")
    format_ = wish.format or "qcow2"
    if not pool.keeps_files:
        format_ = "raw"
    suffix = f".{format_}" if format_ != "raw" else ".img" if pool.keeps_files else ""
    return Place(pool, wish.name or await volumes.free_name(connection, pool.name, machine, suffix), format_)


async def make(journal: Journal, connection: Connection, machine: str, wish: DiskWish) -> "NewDisk":
    """Make the volume. VirtError; then, and when it is cancelled, nothing of it is left."""
    there = await place(connection, machine, wish)
    entry = journal.begin(DISK, connection.config_uri, machine)
    step = Step(
        VOLUME,
        {
            "pool": there.pool.name,
            "name": there.name,
            "at": time.time(),
            "bytes": wish.bytes,
            "format": there.format if there.pool.keeps_files else "",
            "backing": "",
            "long": wish.full,
        },
    )
    try:
        number = entry.step(step.what, **step.data)
        made = await volumes.create_volume(
            connection, there.pool, there.name, wish.bytes, format=there.format, full=wish.full
        )
        entry.did(number, path=made.path)
    except VirtError as error:
        if error.problem.name in LOST:
            entry.leave()
        else:
            entry.close()
        raise
    except BaseException:
        entry.leave()  # libvirt deletes what it was at as soon as it can; the next start looks whether it did
        raise
    return NewDisk(connection, entry, replace(step, data={**step.data, "path": made.path}, done=True), made)


class NewDisk:
    """One that was made and that no machine has yet: to be ended by `finish` or `take_back`."""

    def __init__(self, connection: Connection, entry: Entry, step: Step, made: Volume) -> None:
        self._connection, self._entry, self._step = connection, entry, step
        self.volume = made

    def finish(self) -> None:
        """The machine has it."""
        self._entry.close()

    async def take_back(self) -> None:
        """It was made for nothing; it stays if a machine has it already. What cannot be done now the next start does.

        VirtError.
        """
        try:
            await asyncio.shield(clear(self._connection, (self._step,)))
        except BaseException:
            self._entry.leave()
            raise
        self._entry.close()


async def recover_disk(connection: Connection, record: Record) -> Text:
    """Delete what nobody uses. VirtError."""
    name = record.title
    gone, kept = await clear(connection, [step for step in record.steps if step.what == VOLUME])
    said = ", ".join(map(str, named(kept or gone)))
    if kept:
        return text(
            "Adding a disk to {name} was cut off when VMDesk ended. In use, and kept: {things}.", name=name, things=said
        )
    if gone:
        return text("Adding a disk to {name} was cut off when VMDesk ended. Removed: {things}.", name=name, things=said)
    return text("Adding a disk to {name} had only just begun when VMDesk ended: nothing was left.", name=name)
