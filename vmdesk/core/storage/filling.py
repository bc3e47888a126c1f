"""A file of this computer becomes a volume."""

import contextlib
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from vmdesk.core.jobs import Report
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Pool, Volume
from vmdesk.model.text import text
from vmdesk.virt import pools, transfer, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virt.stopping import Progress


def telling(report: Report) -> Progress:
    """Bytes as a fraction."""
    return lambda done, total: report(done / total if total else None)


def length(file: Path) -> int:
    """Bytes. VirtError if it cannot be read."""
    try:
        return os.stat(file).st_size
    except OSError as error:
        what = text("{path} cannot be read.", path=str(file))
        raise VirtError(Problem(what, details=str(error), name="file")) from None


async def upload(connection: Connection, pool: Pool, name: str, file: Path, report: Report) -> Volume:
    """Make a volume with the file's content, whatever its format: libvirt sees by itself what it is then.

    Cancelled or failed, nothing of it stays.
    """
    # In a worker: a file on a network drive whose server is gone holds up whoever looks.
    size = max(1, await connection.long.call(lambda _conn: length(file)))
    made = await volumes.create_volume(connection, pool, name, size, format="raw" if pool.keeps_files else "")
    try:
        await transfer.upload(connection, made, file, telling(report))
    except BaseException:
        await undo(volumes.delete_volume(connection, made.pool, made.name, made.path))
        raise
    with contextlib.suppress(VirtError):  # while another one is being filled libvirt does not look
        await pools.refresh(connection, pool.name)
    return await volumes.volume(connection, made.pool, made.name)


async def undo(*steps: Coroutine[Any, Any, Any]) -> None:
    """Each of them, whatever becomes of the others: what a run made, and nothing else."""
    for step in steps:
        with contextlib.suppress(VirtError):
            await step
