"""Block commit and pull of a running machine: layers that no snapshot and nobody else needs become one file."""

from collections.abc import Awaitable, Callable, Sequence

from vmdesk.core.chains import Break, Index
from vmdesk.core.journal import Record
from vmdesk.core.snapshots.desk import Desk, View, refused, view
from vmdesk.core.snapshots.taking import drop_unused
from vmdesk.model.chain import Role
from vmdesk.model.errors import VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import blockjobs
from vmdesk.virt import chains as virt_chains
from vmdesk.virt.connection import Connection
from vmdesk.virt.stopping import Progress

MERGE = "merge"  # the journal's word


async def commit(desk: Desk, target: str, top: str, base: str) -> None:
    """Write the layers from `top` ("": the one that is written) down to above `base` into `base`; their files go.

    Refused if anybody but this machine's own line needs one of them, or `base`, as it is.
    """
    seen = await view(desk.connection, desk.uuid)
    line = _line(seen, target)
    top = top or line[0]
    if top not in line or base not in line or line.index(top) >= line.index(base):
        raise refused(text("These files are not layers of {disk} in that order.", disk=target), "changed")
    gone = line[line.index(top) : line.index(base)]
    _refuse(missed(Index(seen.files), desk.uuid, line, (*gone, base)))
    doing = text("Writing the layers of {disk} down into the file below them", disk=target)
    await _merge(
        desk,
        seen,
        target,
        gone,
        doing,
        lambda tell: blockjobs.commit(desk.connection, desk.uuid, target, top, base, tell),
    )


async def pull(desk: Desk, target: str, base: str = "") -> None:
    """Copy what is below into the file that is written, down to above `base` (""; all). Files that nobody needs go."""
    seen = await view(desk.connection, desk.uuid)
    line = _line(seen, target)
    if base and base not in line[1:]:
        raise refused(text("These files are not layers of {disk} in that order.", disk=target), "changed")
    below = line[1 : line.index(base)] if base else line[1:]
    _refuse(tuple(one for one in missed(Index(seen.files), desk.uuid, line, below) if one.snapshot))
    index = Index(seen.files)
    own = {use.path for use in index.of(desk.uuid) if use.role is Role.OVERLAY}
    gone = [path for path in below if path in own or _looks_like_a_layer(index, path, line)]
    doing = text("Copying what is below {disk} into its own file, so that it stands alone", disk=target)
    if base:
        doing = text("Copying the layers below {disk} into its own file, down to {file}", disk=target, file=base)
    await _merge(
        desk, seen, target, gone, doing, lambda tell: blockjobs.pull(desk.connection, desk.uuid, target, base, tell)
    )


def _looks_like_a_layer(index: Index, path: str, line: Sequence[str]) -> bool:
    """Not the base: that one may be an image that somebody put there."""
    return bool(index.image(path).backing) and set(index.above(path)) <= set(line)


def missed(index: Index, machine: str, line: Sequence[str], files: Sequence[str]) -> tuple[Break, ...]:
    """Who needs one of these layers as it is: other machines, volumes, and snapshots."""
    found: dict[tuple[str, str], Break] = {}
    for path in files:
        for use in index.uses(path):
            own = use.machine == machine and not use.snapshot
            if not own and use.role is not Role.OVERLAY:
                found[index.name(use.machine), use.snapshot] = Break(index.name(use.machine), path, use.snapshot)
        for one in index.above(path):
            if one not in line:
                users = index.uses(one)
                name = index.name(users[0].machine) if users else ""
                found[name or one, ""] = Break(name, one, users[0].snapshot if users else "")
    return tuple(found.values())


def _refuse(who: Sequence[Break]) -> None:
    if who:
        names = ", ".join(dict.fromkeys(str(one.said()) for one in who))
        raise refused(text("These layers are needed as they are: {names}.", names=names), "needed")


def _line(seen: View, target: str) -> tuple[str, ...]:
    if not seen.domain.active:
        raise refused(text("{name} is not running: start it first, paused if you like.", name=seen.domain.name), "off")
    index = Index(seen.files)
    for use in index.of(seen.domain.uuid):
        if use.role is Role.DISK and not use.snapshot and use.live and use.target == target:
            return index.chain(use.path)
    raise refused(text("There is no such disk."), "no-disk")


async def _merge(
    desk: Desk, seen: View, target: str, gone: Sequence[str], doing: Text, work: Callable[[Progress], Awaitable[None]]
) -> None:
    entry = desk.journal.begin(
        MERGE, desk.connection.config_uri, seen.domain.name, uuid=desk.uuid, target=target, files=list(gone)
    )

    def tell(done: int, total: int) -> None:
        desk.report(done / total if total else None, doing)

    with entry.kept_if_lost():
        entry.step("merge")
        await work(tell)
        await drop_unused(desk.connection, list(gone))


async def recover_merge(connection: Connection, record: Record) -> Text:
    """A job that goes on is cancelled: the disk reads the same with and without it. Files that nobody needs go."""
    uuid, target, title = record.data["uuid"], record.data["target"], record.title
    try:
        await blockjobs.settle(connection, uuid, target)
    except VirtError as error:
        if error.problem.name not in ("gone", "state"):
            raise
    files = await virt_chains.files(connection)
    gone = await drop_unused(connection, list(record.data["files"]), files)
    if gone:
        things = ", ".join(gone)
        return text("Layers of {name} had been merged when VMDesk ended. Removed: {things}.", name=title, things=things)
    return text("Merging layers of {name} was cut off when VMDesk ended: its disk is as it was.", name=title)
