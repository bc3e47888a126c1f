"""Templates: machines that are only there to be cloned. Not started, and kept while clones hang on them."""

from dataclasses import replace

from vmdesk.core import start_check
from vmdesk.core.chains import Index, clones_of
from vmdesk.core.snapshots.desk import View, refused, view
from vmdesk.model.chain import Role
from vmdesk.model.text import Text, text
from vmdesk.virt import freezing, marking
from vmdesk.virt.connection import Connection


def reason(seen: View) -> Text | None:
    """Why it cannot be made one."""
    owner = seen.files.owners[seen.domain.uuid]
    if owner.template:
        return text("{name} is a template already.", name=owner.name)
    if owner.active:
        return text("{name} runs. Shut it down first: its disks must stand still.", name=owner.name)
    if not owner.persistent:
        return text("{name} has no definition of its own: it vanishes when it stops.", name=owner.name)
    if seen.domain.managed_save:
        return text("{name} has a saved state. Restore or discard it first.", name=owner.name)
    return None


def frozen(seen: View) -> tuple[str, ...]:
    """Its disks' files: what clones stand on."""
    return tuple(
        use.path
        for use in Index(seen.files).of(seen.domain.uuid)
        if use.role is Role.DISK and use.writable and not use.snapshot and not use.live
    )


async def make_template(connection: Connection, uuid: str) -> tuple[str, ...]:
    """Mark it, and make its files read-only where they are ours; the paths for which that was so.

    Another client that does not know the mark could still start it: where the files are not ours, say so.
    """
    seen = await view(connection, uuid)
    if why := reason(seen):
        raise refused(why)
    marks = await marking.marks(connection, uuid)
    await marking.set_marks(connection, uuid, replace(marks, template=True))
    start_check.forget(connection)
    return tuple(path for path in frozen(seen) if freezing.freeze(connection, path))


async def unmake_template(connection: Connection, uuid: str) -> None:
    """An ordinary machine again. Refused while clones hang on it."""
    seen = await view(connection, uuid)
    owner = seen.files.owners[uuid]
    if not owner.template:
        raise refused(text("{name} is no template.", name=owner.name))
    if hanging := clones_of(Index(seen.files), uuid):
        raise refused(text("Clones hang on this template: {names}.", names=", ".join(hanging)), "needed")
    marks = await marking.marks(connection, uuid)
    for path in frozen(seen):
        freezing.thaw(connection, path)
    await marking.set_marks(connection, uuid, replace(marks, template=False))
    start_check.forget(connection)
