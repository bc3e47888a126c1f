"""The trash: a mark with a date. Nothing moves, so that everything is there again when the mark is taken away."""

import time
from collections.abc import Collection
from dataclasses import replace

from vmdesk.core import start_check
from vmdesk.core.deleting.delete import Deleted, delete
from vmdesk.core.deleting.emptying import EmptyPlan, empty_plan, trashed
from vmdesk.core.jobs import Report
from vmdesk.core.journal import Journal
from vmdesk.core.snapshots.desk import refused
from vmdesk.model.chain import Marks
from vmdesk.model.domain import Domain
from vmdesk.model.errors import VirtError
from vmdesk.model.host import Capabilities, Feature
from vmdesk.model.text import Text, text
from vmdesk.virt import chains, domains, marking
from vmdesk.virt.connection import Connection


def reason(domain: Domain, capabilities: Capabilities) -> Text | None:
    """Why it cannot be put into the trash."""
    if domain.active:
        return text("{name} is not off. Shut it down or force it off first.", name=domain.name)
    if not domain.persistent:
        return text("{name} has no definition of its own: it vanishes when it stops.", name=domain.name)
    if not capabilities.can(Feature.METADATA):
        return text("This kind of host keeps no marks: delete {name} for good, or leave it.", name=domain.name)
    return None


async def trash(connection: Connection, domain: Domain, now: float | None = None) -> Marks:
    """Mark it with the date; it does not start with its host any more."""
    if why := reason(domain, connection.capabilities):
        raise refused(why)
    marks = await marking.marks(connection, domain.uuid)
    if marks.trashed:
        return marks
    new = replace(marks, trashed=time.time() if now is None else now, autostart=domain.autostart)
    # The mark first: cut off between the two, taking it out again puts the start with the host right.
    await marking.set_marks(connection, domain.uuid, new)
    if domain.autostart:
        await domains.set_autostart(connection, domain.uuid, False)
    return new


async def contents(connection: Connection, uuids: Collection[str] | None = None) -> EmptyPlan:
    """What emptying it means for this host now; of these machines only, as far as they are there."""
    files = await chains.files(connection)
    return empty_plan(files, [uuid for uuid in trashed(files) if uuids is None or uuid in uuids])


async def discard(
    journal: Journal, connection: Connection, uuid: str, name: str, chosen: Collection[str], report: Report
) -> Deleted:
    """Delete one for good, with these files, as its plan said. VirtError if it was taken out meanwhile."""
    if not (await marking.marks(connection, uuid)).trashed:
        raise refused(text("{name} was taken out of the trash meanwhile: nothing was deleted.", name=name), "changed")
    return await delete(journal, connection, uuid, name, report, tuple(chosen))


async def take_out(connection: Connection, uuid: str) -> None:
    """As if it had never been there."""
    marks = await marking.marks(connection, uuid)
    if not marks.trashed:
        return
    if marks.autostart:
        try:
            await domains.set_autostart(connection, uuid, True)
        except VirtError as error:
            if error.problem.name != "no-support":
                raise
    await marking.set_marks(connection, uuid, replace(marks, trashed=0.0, autostart=False))
    start_check.forget(connection)
