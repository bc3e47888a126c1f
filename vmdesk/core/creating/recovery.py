"""Operations that a killed program left behind: taken back, or finished, as a job that is shown."""

import contextlib
import os
from collections.abc import Iterator

from vmdesk.core.creating.making import CREATE, DOMAIN, FILE, STARTED, VOLUME, undo
from vmdesk.core.journal import Entry, Journal, Record, Step
from vmdesk.model.errors import VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import making, volumes
from vmdesk.virt.connection import Connection

_CLOCKS = 300.0  # seconds that two computers' clocks may differ


def left_behind(journal: Journal, uri: str) -> Iterator[tuple[Record, Entry]]:
    """What was begun on that host and never ended, held by us now: for `recover`. Other hosts' waits."""
    for record, entry in journal.abandoned():
        if record.host == uri and record.kind == CREATE:
            yield record, entry
        else:
            entry.leave()


async def recover(connection: Connection, record: Record, entry: Entry) -> Text:
    """Bring one creation to an end; says what was done. VirtError: it could not be, and is kept for another time."""
    try:
        said = await _recover(connection, record)
    except BaseException:
        entry.leave()
        raise
    entry.close()
    return said


async def _recover(connection: Connection, record: Record) -> Text:
    for step in record.steps:
        if step.what == FILE:
            with contextlib.suppress(OSError):
                os.unlink(step.data["path"])
    started = [step for step in record.steps if step.what == STARTED]
    defined = [step for step in record.steps if step.what == DOMAIN]
    if started and len(started) == len(defined) and all([await _runs(connection, step) for step in started]):
        for step in started:
            await making.redefine_stored(connection, step.data["uuid"], step.data["stored"])
        return text("{name} had been started when VMDesk ended: its definition was put right.", name=record.title)
    steps = [step for step in record.steps if await _is_ours(connection, record, step)]
    gone = await undo(connection, steps)
    if not gone:
        return text("Making {name} had only just begun when VMDesk ended: nothing was left.", name=record.title)
    return text(
        "Making {name} was cut off when VMDesk ended. Removed: {things}.",
        name=record.title,
        things=", ".join(map(str, gone)),
    )


async def _runs(connection: Connection, step: Step) -> bool:
    return await making.runs(connection, step.data["uuid"])


async def _is_ours(connection: Connection, record: Record, step: Step) -> bool:
    """Whether what the step names is what this run made: it may have been cut off before it made anything."""
    if step.what == DOMAIN:
        return True  # its UUID was thought up for it
    if step.what != VOLUME:
        return False
    try:
        found = await volumes.volume(connection, step.data["pool"], step.data["name"])
    except VirtError as error:
        if error.problem.name in ("gone", "no-volume", "no-pool"):
            return False
        raise
    if step.done:
        return found.path == step.data.get("path")
    return found.modified is None or found.modified >= record.began - _CLOCKS
