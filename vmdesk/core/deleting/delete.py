"""The real deletion: planned, looked at once more, written down, then done. All or nothing."""

from collections.abc import Collection
from dataclasses import dataclass

from vmdesk.core.chains import DeletePlan, Index, delete_plan, file_plan, settled, top_first
from vmdesk.core.jobs import Report, to_its_end
from vmdesk.core.journal import LOST, Entry, Journal, Record
from vmdesk.core.snapshots.desk import refused
from vmdesk.model.chain import Files
from vmdesk.model.errors import VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import chains as virt_chains
from vmdesk.virt import domains, freezing, making, removing
from vmdesk.virt.connection import Connection

DELETE = "delete"  # the journal's word
_UNDEFINE, _FILE = "undefine", "file"


@dataclass(frozen=True, slots=True)
class Deleted:
    """What is gone, and of what was to go what is not: it is in the orphans' list."""

    name: str
    gone: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


async def plan(connection: Connection, uuid: str, chosen: Collection[str] | None = None) -> DeletePlan:
    """What it means now. VirtError "gone" if there is no such machine."""
    return _plan(await virt_chains.files(connection), uuid, chosen)


def _plan(files: Files, uuid: str, chosen: Collection[str] | None) -> DeletePlan:
    if uuid not in files.owners:
        raise refused(text("The machine is not there any more."), "gone")
    return delete_plan(files, uuid, chosen)


async def delete(
    journal: Journal,
    connection: Connection,
    uuid: str,
    name: str,
    report: Report,
    chosen: Collection[str] | None = (),
) -> Deleted:
    """Delete a machine that is off. VirtError: nothing was done.

    name    as the person saw it: if it has another one now, nothing is done
    chosen  the files that go, by the plan that the person saw; (): none, None: what the plan ticks by itself.
            If one of them is needed elsewhere by now, nothing is done; what others need and is not among them stays.
    Firmware settings and TPM state go with the disks, else they stay.
    """
    report(None, text("Looking at the disks"))
    files = await virt_chains.files(connection)
    found = _plan(files, uuid, chosen)
    with_disks = chosen is None or bool(chosen)
    _refuse(found, name, chosen, with_disks)
    gone = top_first(Index(files), {image.path for image in found.gone})
    entry = journal.begin(
        DELETE, connection.config_uri, name, uuid=uuid, name=name, files=list(gone), variables=with_disks
    )
    with entry.kept_if_lost():
        left = await to_its_end(_steps(connection, entry, uuid, name, gone, with_disks, report))
    return Deleted(name, tuple(path for path in gone if path not in left), left)


def _refuse(found: DeletePlan, name: str, chosen: Collection[str] | None, with_disks: bool) -> None:
    owner = found.owner
    if owner.name != name:
        raise refused(text("{name} is called {new} now: nothing was deleted.", name=name, new=owner.name), "changed")
    if owner.active:
        raise refused(text("{name} is not off. Shut it down or force it off first.", name=name), "state")
    why = found.refused if chosen is None else found.barred
    if with_disks and why is not None:
        raise refused(why, "needed")
    ticked = {image.path for image in found.gone}
    for path in chosen or ():
        if path not in ticked:
            raise refused(text("{path} is needed by somebody else now: nothing was deleted.", path=path), "needed")
    if owner.template and found.refused is not None:
        raise refused(found.refused, "needed")


async def _steps(
    connection: Connection,
    entry: Entry,
    uuid: str,
    name: str,
    gone: tuple[str, ...],
    with_disks: bool,
    report: Report,
) -> tuple[str, ...]:
    entry.step(_UNDEFINE)
    await _undefine(connection, uuid, name, with_disks)
    return await _files(connection, gone, report, entry)


async def _undefine(connection: Connection, uuid: str, name: str, with_disks: bool) -> None:
    stands = await making.standing(connection, uuid)
    if stands is None:
        return
    if stands.name != name or stands.runs:
        raise refused(text("{name} was changed or started meanwhile: nothing was deleted.", name=name), "changed")
    if with_disks:
        await removing.undefine_with_variables(connection, uuid, name)
    else:
        await domains.undefine(connection, uuid, managed_save=True, snapshots=True)


async def _files(
    connection: Connection, gone: tuple[str, ...], report: Report | None, entry: Entry | None
) -> tuple[str, ...]:
    """Delete what nobody needs, the top ones first; what is left."""
    files = await virt_chains.files(connection)
    index = Index(files)
    free = settled(index, [path for path in gone if path in files.images])
    left = []
    for number, path in enumerate(gone):
        if path not in files.images:
            continue
        if report:
            report(number / len(gone), text("Deleting {path}", path=path))
        if path not in free:
            left.append(path)
            continue
        if entry:
            entry.step(_FILE, path=path)
        freezing.thaw(connection, path)
        try:
            if not await removing.delete_path(connection, path):
                left.append(path)
        except VirtError as error:
            if error.problem.name in LOST:
                raise
            left.append(path)
    return tuple(left)


async def delete_unused(connection: Connection, path: str) -> None:
    """Delete one file that no machine, snapshot or other image needs. VirtError "needed" if that is not so."""
    files = await virt_chains.files(connection)
    told = file_plan(Index(files), path)
    if told.breaks:
        names = ", ".join(str(one.said()) for one in told.breaks)
        raise refused(text("{path} is needed by {who}.", path=path, who=names), "needed")
    if files.blind:
        raise refused(text("It is not certain who uses its files: {what}", what=str(files.blind[0])), "blind")
    freezing.thaw(connection, path)
    if not await removing.delete_path(connection, path):
        why = text("{path} is in no storage pool that is on: libvirt cannot delete it.", path=path)
        raise refused(why, "no-volume")


async def recover_delete(connection: Connection, record: Record) -> Text:
    """Finished if the definition is gone, else nothing was done."""
    name = record.title
    if await making.standing(connection, record.data["uuid"]) is not None:
        return text("Deleting {name} had only just begun when VMDesk ended: it is still there.", name=name)
    left = await _files(connection, tuple(record.data["files"]), None, None)
    if left:
        return text("{name} was deleted. What could not be: {things}", name=name, things=", ".join(left))
    return text("{name} was deleted to the end.", name=name)
