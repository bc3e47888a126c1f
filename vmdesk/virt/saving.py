"""Saving a machine's memory to disk, and the long jobs of libvirt."""

import asyncio
import contextlib
from typing import Any

import libvirt

from vmdesk.model.errors import VirtError
from vmdesk.model.host import Feature
from vmdesk.model.text import text
from vmdesk.virt import errors
from vmdesk.virt.acting import act, ask_monitor, name
from vmdesk.virt.connection import Connection

_ASKING = 2.0
_ABORTING = 15.0

# virDomainJobOperation, by the end of the constant's name.
_OPERATIONS = {
    "START": "start",
    "SAVE": "save",
    "RESTORE": "restore",
    "MIGRATION_IN": "migration",
    "MIGRATION_OUT": "migration",
    "SNAPSHOT": "snapshot",
    "SNAPSHOT_REVERT": "snapshot revert",
    "SNAPSHOT_DELETE": "snapshot delete",
    "DUMP": "dump",
    "BACKUP": "backup",
}
_WORDS = {
    getattr(libvirt, f"VIR_DOMAIN_JOB_OPERATION_{constant}"): word
    for constant, word in _OPERATIONS.items()
    if hasattr(libvirt, f"VIR_DOMAIN_JOB_OPERATION_{constant}")
}


async def managed_save(connection: Connection, uuid: str) -> None:
    """Save its memory and stop it; the next start goes on from there. Cancelling lets it run on."""
    doing = text("Saving {name}", name=name(connection, uuid))
    call = act(connection, uuid, lambda domain: domain.managedSave(0), doing, Feature.MANAGED_SAVE, connection.long)
    try:
        await call
    except asyncio.CancelledError:
        with contextlib.suppress(VirtError):
            await abort_job(connection, uuid)
        raise


async def managed_save_remove(connection: Connection, uuid: str) -> None:
    """Throw the saved memory away; the next start is a fresh one."""
    doing = text("Discarding the saved state of {name}", name=name(connection, uuid))
    await act(connection, uuid, lambda domain: domain.managedSaveRemove(0), doing, Feature.MANAGED_SAVE)


async def job_progress(connection: Connection, uuid: str) -> float | None:
    """How far libvirt's job on it is, 0 to 1; None if there is none or it cannot be told now."""
    values = await _job(connection, uuid)
    done = total = 0
    for part in ("data", "disk"):  # "data" is the sum where a driver gives it, memory included
        done, total = done or values.get(f"{part}_processed", 0), total or values.get(f"{part}_total", 0)
    return min(1.0, done / total) if total else None


async def job(connection: Connection, uuid: str) -> str:
    """What libvirt's job on it is: "save", "snapshot", "backup", ...; "" if there is none or it cannot be told now."""
    values = await _job(connection, uuid)
    return _WORDS.get(values.get("operation", 0), "") or str(values.get("holder", ""))


async def abort_job(connection: Connection, uuid: str) -> None:
    """Cancel libvirt's job on it."""
    connection.may_write(doing := text("Cancelling the job of {name}", name=name(connection, uuid)))
    wire = connection.actions
    await wire.call(lambda conn: wire.domain(conn, uuid).abortJob(), doing, _ABORTING)


async def _job(connection: Connection, uuid: str) -> dict[str, Any]:
    """virDomainGetJobStats, {} if there is no job; "holder" where only the lock's holder is known."""
    doing = text("Asking for the progress of {name}", name=name(connection, uuid))
    try:
        values: dict[str, Any] = await ask_monitor(connection, uuid, lambda d: d.jobStats(0), doing, _ASKING)
    except VirtError as error:
        found = errors.holder(error.problem.details) if error.problem.name == "busy" else ""
        return {"holder": found} if found else {}
    return {} if values.get("type", 0) == libvirt.VIR_DOMAIN_JOB_NONE else values
