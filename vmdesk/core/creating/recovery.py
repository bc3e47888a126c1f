"""Operations that a killed program left behind: taken back, or finished, as a job that is shown.

A machine that was defined has all its disks, and somebody may have used it since: it stays, and is brought to its end.
Volumes of machines that never came to be are deleted, unless any machine uses them.
"""

import contextlib
import os
from collections.abc import Sequence

from vmdesk.core.creating.making import DOMAIN, FILE, ONCE, STARTED, VOLUME, is_ours, left_over, named
from vmdesk.core.journal import Entry, Record, Step
from vmdesk.model.errors import VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import domains, making, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virt.making import Standing

_LISTED = 8  # names in a sentence


async def recover(connection: Connection, record: Record, entry: Entry) -> Text:
    """Bring one creation to an end; says what was done. VirtError: it could not be, and is kept for another time."""
    try:
        said = await _Recovery(connection, record).run()
    except BaseException:
        entry.leave()
        raise
    entry.close()
    return said


class _Recovery:
    """Of one record."""

    def __init__(self, connection: Connection, record: Record) -> None:
        self._connection, self._record = connection, record

    async def run(self) -> Text:
        for step in self._of(FILE):
            with contextlib.suppress(OSError):
                os.unlink(step.data["path"])
        whole = {step.data["name"]: stands for step in self._of(DOMAIN) if (stands := await self._stands(step))}
        for step in self._of(DOMAIN):
            if step.data["name"] in whole:
                await self._settle(step, whole[step.data["name"]])
        gone, kept = await self._clear(set(whole))
        return self._said(whole, gone, kept)

    def _of(self, what: str) -> list[Step]:
        return [step for step in self._record.steps if step.what == what and not step.data.get("void")]

    async def _stands(self, step: Step) -> Standing | None:
        return await making.standing(self._connection, step.data["uuid"])

    async def _settle(self, defined: Step, stands: Standing) -> None:
        """What was still to be done for a machine that is there. A definition that was changed since stays as it is."""
        uuid = defined.data["uuid"]
        started = next((step for step in self._of(STARTED) if step.data["uuid"] == uuid), None)
        if started is None:
            if defined.data["autostart"]:
                await domains.set_autostart(self._connection, uuid, True)
            return
        untouched = stands.mark == defined.data.get("mark") and stands.name == defined.data["name"]
        if (started.done or stands.runs) and not started.data.get("right") and untouched:
            await making.redefine_stored(self._connection, uuid, started.data["stored"])

    async def _clear(self, whole: set[str]) -> tuple[list[Step], list[Step]]:
        """Delete what no machine of the run uses: what was deleted, and what could be ours and stays."""
        candidates = []
        for step in reversed(self._of(VOLUME)):
            machine = step.data["machine"]
            once = any(one.data["path"] == step.data.get("path") for one in self._of(ONCE))
            if machine in whole or (not machine and whole and not once):
                continue
            candidates.append(step)
        return await clear(self._connection, candidates)

    def _said(self, whole: dict[str, Standing], gone: Sequence[Step], kept: Sequence[Step]) -> Text:
        said = self._what_became(whole, gone, kept)
        wanted = _strings(self._record.data.get("names"))
        never = [name for name in wanted if name not in whole]
        if not whole or not never:
            return said
        made = [name for name in wanted if name in whole]
        return text("{said} Made: {made}. Never made: {never}.", said=said, made=listed(made), never=listed(never))

    def _what_became(self, whole: dict[str, Standing], gone: Sequence[Step], kept: Sequence[Step]) -> Text:
        name = self._record.title
        if kept:
            things = ", ".join(map(str, named(kept)))
            return text(
                "Making {name} was cut off when VMDesk ended. In use, and kept: {things}.", name=name, things=things
            )
        if gone:
            things = ", ".join(map(str, named(gone)))
            return text("Making {name} was cut off when VMDesk ended. Removed: {things}.", name=name, things=things)
        if len(_strings(self._record.data.get("names"))) > 1 and whole:
            return text("Making {name} was cut off when VMDesk ended.", name=name)
        if not whole:
            return text("Making {name} had only just begun when VMDesk ended: nothing was left.", name=name)
        if self._of(STARTED):
            return text("{name} had been started when VMDesk ended: its definition was put right.", name=name)
        return text("{name} had been made when VMDesk ended. It was not started.", name=name)


async def clear(connection: Connection, made: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """Delete volumes that no machine uses: what was deleted, and what could be ours and stays. VirtError."""
    used = await making.in_use(connection) if made else frozenset()
    gone, kept = list[Step](), list[Step]()
    first: VirtError | None = None
    for step in made:
        pool, name, path = step.data["pool"], step.data["name"], step.data.get("path", "")
        try:
            if not await is_ours(connection, step):
                continue
            path = path or (await volumes.volume(connection, pool, name)).path
            if path in used or f"{pool}/{name}" in used:
                kept.append(step)
            elif await volumes.delete_volume(connection, pool, name, path):
                gone.append(step)
        except VirtError as error:
            first = first or error
    if first is not None:
        raise left_over(first)
    return gone, kept


def listed(names: Sequence[str]) -> str:
    """In a sentence: of many only the first ones and the last."""
    return ", ".join(names if len(names) <= _LISTED else (*names[: _LISTED - 2], "…", names[-1]))


def _strings(found: object) -> list[str]:
    """What a file holds may be anything; one of an older program has none."""
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
