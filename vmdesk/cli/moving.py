"""`vmdesk volume move` and `vmdesk volume unused`."""

import argparse
from typing import Any

from vmdesk.cli.output import emit, emit_json
from vmdesk.cli.session import Session
from vmdesk.cli.working import DONE, FAILED, job
from vmdesk.core import plain, units
from vmdesk.core.chains import orphans
from vmdesk.core.jobs import Report
from vmdesk.core.journal import Journal
from vmdesk.core.snapshots.desk import Desk
from vmdesk.core.storage.moving import Moved, move
from vmdesk.core.storage.offers import moves
from vmdesk.core.storage.rows import rows
from vmdesk.model.text import text, tr
from vmdesk.virt import chains, volumes
from vmdesk.virt.connection import Connection


async def to_pool(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    """Move the volume that is a machine's disk to another pool; while it works, or while it is off."""
    found = await rows(await chains.files(connection))  # libvirt looks again what is in its pools
    await volumes.volume(connection, options.pool, options.name)  # "there is none" is told in its own words
    row = next((one for one in found if one.key == (options.pool, options.name)), None)
    user = row.moving() if row else None
    if user is None:
        why = moves(row) if row else text("There is no such volume in the storage pool.")
        session.complain(plain.clean(str(why)))
        return FAILED
    journal = Journal(session.paths.journal_folder)

    async def work(report: Report) -> Moved:
        return await move(Desk(journal, connection, user.uuid, report), user.target, options.to_pool, options.keep)

    title = text("Moving {disk} of {name} to {pool}", disk=user.target, name=user.machine, pool=options.to_pool)
    done, moved = await job(session, title, work)
    if not done:
        return FAILED
    if session.shared.json:
        emit_json({"path": moved.path, "deleted": list(moved.gone)})
    else:
        emit(plain.clean(moved.path))
    return DONE


async def unused(session: Session, connection: Connection) -> int:
    """Disk images that nobody needs, the largest first, and what could be reclaimed. Nothing is deleted."""
    files = await chains.files(connection)
    for what in files.blind:
        session.complain(tr("It is not certain who uses its files: {what}", what=plain.clean(str(what))))
    found = orphans(files)
    if session.shared.json:
        keys: dict[str, Any] = {"pool": "pool", "name": "volume", "path": "path", "allocation": "allocation"}
        emit_json([{key: getattr(one, field) for key, field in keys.items()} for one in found])
        return FAILED if files.blind else DONE
    cells = [(one.pool, one.volume, units.size(one.allocation or 0)) for one in found]
    titles = (tr("Storage pool"), tr("Name"), tr("On disk"))
    for line in plain.table(titles, cells, frozenset({2})) if cells else ():
        emit(line)
    if cells:
        emit(tr("Could be freed: {size}", size=units.size(sum(one.allocation or 0 for one in found))))
    return FAILED if files.blind else DONE
