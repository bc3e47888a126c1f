"""A storage pool without room: told with figures, before anything is written and when libvirt ran into it."""

import contextlib

import libvirt

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Pool
from vmdesk.model.text import Text, in_language, text
from vmdesk.virt import errors
from vmdesk.virt.connection import Connection

_MB, _GB = 10**6, 10**9


def is_short(pool: Pool, needed: int) -> bool:
    """Whether so many bytes have certainly no room in it. A pool that tells no figures may have any."""
    return pool.available < needed and bool(pool.available or pool.capacity)


def refusal(doing: Text, pool: str, needed: int, room: int) -> VirtError:
    """So many bytes are needed, and so many there are."""
    return errors.refused(doing, _why(pool, needed, room), _next(), "disk-full")


def check(found: "libvirt.virStoragePool", needed: int, doing: Text) -> None:
    """In a worker: VirtError "disk-full" if there is less room than that. What libvirt knew may be old: it looks anew
    before anything is refused.
    """
    if not _short(found, needed):
        return
    with contextlib.suppress(libvirt.libvirtError):  # while a volume of the pool is being filled, it does not look
        found.refresh(0)
    if _short(found, needed):
        raise refusal(doing, found.name(), needed, int(found.info()[3]))


async def told(connection: Connection, pool: str, volume: str, needed: int, doing: Text, error: VirtError) -> VirtError:
    """The error as it is to be told: of a full pool with how much was needed and how much there was.

    volume  what is written already of what did not fit, and is deleted by the caller; "" if libvirt took it back
    needed  bytes, about
    A lost connection and a broken stream are looked into, too: they may be what a full pool looks like from here.
    """
    if error.problem.name not in ("disk-full", "closed", "libvirt"):
        return error

    def look(conn: "libvirt.virConnect") -> tuple[int, bool]:
        found = conn.storagePoolLookupByName(pool)
        fresh = False
        with contextlib.suppress(libvirt.libvirtError):
            found.refresh(0)
            fresh = True
        taken = 0
        if volume:
            with contextlib.suppress(libvirt.libvirtError):
                taken = int(found.storageVolLookupByName(volume).info()[2])
        return int(found.info()[3]) + taken, fresh

    try:
        room, fresh = await connection.long.call(look, doing)
    except VirtError:
        return error
    if fresh and room < needed:
        why = _why(pool, needed, room)
    elif error.problem.name == "disk-full":
        why = text("The storage pool {pool} has no room left for it.", pool=pool)
    else:
        return error
    known = error.problem
    return VirtError(Problem(known.what, why, _next(), known.details, known.code, "disk-full"))


def _short(found: "libvirt.virStoragePool", needed: int) -> bool:
    _state, capacity, _allocation, available = found.info()
    return available < needed and bool(available or capacity)


def _why(pool: str, needed: int, room: int) -> Text:
    return text(
        "It needs {needed}, and the storage pool {pool} has {room} left.",
        needed=_size(needed),
        pool=pool,
        room=_size(room),
    )


def _next() -> Text:
    return text("Make room there (delete what nobody needs), or choose another storage pool.")


def _size(count: int) -> str:
    return in_language(f"{count / _GB:.1f} GB" if count >= _GB else f"{count / _MB:.1f} MB")
