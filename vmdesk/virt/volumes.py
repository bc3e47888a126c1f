"""Volumes: listed in bulk, made, grown, deleted. Nothing that is there is ever overwritten."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Sequence
from functools import partial

import libvirt

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Pool, Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import errors, room, secrets
from vmdesk.virt.connection import Connection
from vmdesk.virt.stopping import Progress, Stop, stoppable
from vmdesk.virt.things import UNKNOWN_FLAG, unreadable
from vmdesk.virtxml import volumes as volumes_xml
from vmdesk.virtxml.document import XmlError

_READERS = 3  # workers that share a listing: one stays free
_PART = 250  # volumes read in one go: then somebody else has a turn
_POLL = 0.3  # seconds between two looks at a volume that is being filled
_WHILE_BUSY = 10.0  # seconds to wait for a volume that is still being filled before it is deleted
_LONGEST = 255  # bytes of a file's name
# Full qcow2: its tables and all its space, instead of zeroes written one by one.
_PREALLOCATE = libvirt.VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA
# Kinds of pools where a volume without its space is something else than a thin one: in LVM it is a snapshot of
# nothing that breaks when it is full.
_ALWAYS_FULL = ("logical", "disk")


async def volumes(connection: Connection, pool: str, *, brief: bool = False) -> list[Volume]:
    """All volumes of a pool, by name; 10,000 take a second or two. One that vanishes meanwhile is left out.

    brief  one call for all: only names, and where libvirt's key is a path, paths
    """
    doing = text("Listing the volumes of {pool}", pool=pool)
    if brief:
        return await connection.long.call(lambda conn: _brief(_listed(conn, pool), pool), doing)
    parts = await connection.long.call(lambda conn: _parts(_listed(conn, pool)), doing)
    found: list[Volume] = []

    async def share() -> None:
        while parts:
            found.extend(await connection.long.call(partial(_read_part, parts.pop(), pool), doing))

    await asyncio.gather(*(share() for _ in range(_READERS)))
    return sorted(found, key=lambda one: one.name)


async def volume(connection: Connection, pool: str, name: str) -> Volume:
    """One volume as it is now."""
    doing = text("Looking at the volume {volume}", volume=name)
    return await connection.long.call(lambda conn: _read(_look_up(conn, pool, name), pool), doing)


async def volume_at(connection: Connection, path: str) -> Volume | None:
    """The volume with that path on the host; None if no pool that is on knows it."""

    def find(conn: "libvirt.virConnect") -> Volume | None:
        try:
            found = conn.storageVolLookupByPath(path)
            return _read(found, str(found.storagePoolLookupByVolume().name()))
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_VOL:
                return None
            raise

    return await connection.long.call(find, text("Looking for the volume of {path}", path=path))


async def free_name(connection: Connection, pool: str, stem: str, suffix: str = "") -> str:
    """`stem` + `suffix` ("web" and ".qcow2"), with a number between them if that is taken: web-2.qcow2."""
    taken = {one.name for one in await volumes(connection, pool, brief=True)}
    names = itertools.chain([stem + suffix], (f"{stem}-{number}{suffix}" for number in itertools.count(2)))
    return next(name for name in names if name not in taken)


async def create_volume(
    connection: Connection,
    pool: Pool,
    name: str,
    capacity: int,
    *,
    format: str = "",  # noqa: A002 - the word for it
    full: bool = False,
    backing: str = "",
    backing_format: str = "",
    secret: str = "",
    progress: Progress | None = None,
) -> Volume:
    """Make a volume of so many bytes. VirtError "taken" if there is something of that name.

    format   qcow2, raw; left out where the pool knows none
    full     take all its space now; `progress` hears how far that is
    backing  the path of the file below it, with its format
    secret   libvirt's secret with its passphrase, by UUID: it is encrypted
    Cancelled, what was made is deleted as soon as libvirt is done with it: at once, or after its last byte.
    """
    connection.may_write(doing := _making(name, pool))
    check_name(name, doing)
    full = full or pool.kind in _ALWAYS_FULL
    if full and room.is_short(pool, capacity):
        raise room.refusal(doing, pool.name, capacity, pool.available)
    xml = _build(
        doing,
        name,
        capacity,
        format=format if pool.keeps_files else "",
        allocation=capacity if full and not backing else 0,
        backing=backing,
        backing_format=backing_format,
        secret=secret,
    )
    flags = _PREALLOCATE if full and format == "qcow2" and not backing and pool.keeps_files else 0

    def make(found: "libvirt.virStoragePool", _conn: "libvirt.virConnect") -> "libvirt.virStorageVol":
        try:
            return found.createXML(xml, flags)
        except libvirt.libvirtError as error:
            if not flags or error.get_error_code() not in UNKNOWN_FLAG:
                raise
        return found.createXML(xml, 0)

    return await _make(connection, pool, name, make, doing, capacity, progress)


async def copy_volume(
    connection: Connection,
    pool: Pool,
    name: str,
    source: Volume,
    *,
    format: str = "",  # noqa: A002 - the word for it
    progress: Progress | None = None,
) -> Volume:
    """Make a volume with the content of another one, converted to `format`. Otherwise as create_volume.

    VirtError "encrypted" if it is: libvirt would write it as it reads it, without its encryption.
    """
    connection.may_write(doing := _making(name, pool))
    check_name(name, doing)
    if source.encrypted:
        why = text("{path} is encrypted: what is copied from it would not be.", path=source.path)
        raise errors.refused(doing, why, name="encrypted")
    xml = _build(doing, name, source.capacity, format=format if pool.keeps_files else "")

    def make(found: "libvirt.virStoragePool", conn: "libvirt.virConnect") -> "libvirt.virStorageVol":
        return found.createXMLFrom(xml, _look_up(conn, source.pool, source.name), 0)

    return await _make(connection, pool, name, make, doing, source.allocation or source.capacity, progress)


async def grow(connection: Connection, pool: str, name: str, capacity: int) -> None:
    """Make it larger (never smaller). Not for a disk of a running machine."""
    connection.may_write(doing := text("Enlarging the volume {volume}", volume=name))

    def work(conn: "libvirt.virConnect") -> None:
        found = _look_up(conn, pool, name)
        if capacity < found.info()[1]:
            why = text("It is larger than that, and making it smaller would destroy what is in it.")
            raise errors.refused(doing, why, name="smaller")
        found.resize(capacity, 0)

    await connection.long.call(work, doing)


async def wipe(connection: Connection, pool: str, name: str) -> None:
    """Overwrite all that is in it with zeroes. It goes on to its end whoever waits for it."""
    connection.may_write(doing := text("Wiping the volume {volume}", volume=name))
    await connection.long.call(lambda conn: _look_up(conn, pool, name).wipe(0), doing)


async def delete_volume(connection: Connection, pool: str, name: str, path: str = "") -> bool:
    """Delete it for good. False if it was not there. One that is still being filled is waited for, 10 s.

    The passphrase that libvirt kept for it alone goes, too.
    path  refused if it has another one meanwhile
    """
    connection.may_write(doing := text("Deleting the volume {volume}", volume=name))

    def work(conn: "libvirt.virConnect") -> bool:
        try:
            found = _look_up(conn, pool, name)
            there = found.path()
            if path and there != path:
                raise errors.refused(doing, text("Another volume has this name meanwhile."), name="changed")
            encrypted = "<encryption" in found.XMLDesc(0)
            _delete(found)
            if encrypted:
                secrets.forget_with_volume(conn, there)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_VOL:
                raise
            return False
        return True

    return await connection.long.call(work, doing)


def check_name(name: str, doing: Text) -> None:
    """Refuse what is no name of one file. Raises VirtError "name"."""
    if not name.strip() or name in (".", ".."):
        why = text("This is no name for a file.")
    elif "/" in name:
        why = text('A name cannot have "/" in it.')
    elif any(ord(letter) < 32 or letter == "\x7f" for letter in name):
        why = text("A name cannot have control characters in it.")
    elif len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
        why = text("The name is too long: {most} bytes at most.", most=_LONGEST)
    else:
        return
    raise errors.refused(doing, why, text("Choose another name."), "name")


async def _make(
    connection: Connection,
    pool: Pool,
    name: str,
    make: Callable[["libvirt.virStoragePool", "libvirt.virConnect"], "libvirt.virStorageVol"],
    doing: Text,
    total: int,
    progress: Progress | None,
) -> Volume:
    kept: list[str] = []

    def work(conn: "libvirt.virConnect", stop: Stop) -> Volume:
        stop.check()
        found = conn.storagePoolLookupByName(pool.name)
        made = make(found, conn)
        if stop.asked:
            with contextlib.suppress(libvirt.libvirtError):
                made.delete(0)
            stop.check()
        kept.append(made.path())
        return _read(made, pool.name)

    watching = asyncio.ensure_future(_watch(connection, pool.name, name, total, progress)) if progress else None
    try:
        made = await stoppable(connection, work, doing)
    except VirtError as error:
        raise await room.told(connection, pool.name, "", total, doing, error) from None
    except asyncio.CancelledError:
        if kept:  # it was done at that very moment
            with contextlib.suppress(VirtError):
                await delete_volume(connection, pool.name, name, kept[0])
        raise
    finally:
        if watching:
            watching.cancel()
    if progress:
        progress(total, total)
    return made


async def _watch(connection: Connection, pool: str, name: str, total: int, progress: Progress) -> None:
    """Tell how much of it is there already."""
    while True:
        await asyncio.sleep(_POLL)
        with contextlib.suppress(VirtError):
            taken = await connection.long.call(lambda conn: int(_look_up(conn, pool, name).info()[2]))
            progress(min(taken, total), total)


def _making(name: str, pool: Pool) -> Text:
    return text("Making the volume {volume} in {pool}", volume=name, pool=pool.name)


def _build(
    doing: Text,
    name: str,
    capacity: int,
    *,
    format: str = "",  # noqa: A002 - the word for it
    allocation: int = 0,
    backing: str = "",
    backing_format: str = "",
    secret: str = "",
) -> str:
    if not 0 < capacity <= volumes_xml.MOST_BYTES:
        raise errors.refused(doing, text("A volume has a size between 1 byte and 8 EiB."), name="size")
    try:
        return volumes_xml.build(
            name,
            capacity,
            format=format,
            allocation=allocation,
            backing=backing,
            backing_format=backing_format,
            secret=secret,
        )
    except XmlError as error:
        raise VirtError(Problem(text("{doing} did not work.", doing=doing), details=str(error), name="xml")) from None


def _delete(found: "libvirt.virStorageVol") -> None:
    end = time.monotonic() + _WHILE_BUSY
    while True:
        try:
            found.delete(0)
        except libvirt.libvirtError as error:
            words = error.get_error_message() or ""
            if not any(part in words for part in ("still being allocated", "still in use", "asynchronous jobs")):
                raise
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def _listed(conn: "libvirt.virConnect", pool: str) -> list["libvirt.virStorageVol"]:
    """In one call; names and keys come with it."""
    found = conn.storagePoolLookupByName(pool)
    try:
        return list(found.listAllVolumes(0))
    except libvirt.libvirtError as error:
        if error.get_error_code() not in UNKNOWN_FLAG:
            raise
        return [found.storageVolLookupByName(name) for name in found.listVolumes()]  # ESX


def _brief(listed: Sequence["libvirt.virStorageVol"], pool: str) -> list[Volume]:
    found = [Volume(pool, one.name(), key if (key := one.key()).startswith("/") else "") for one in listed]
    return sorted(found, key=lambda one: one.name)


def _parts(listed: list["libvirt.virStorageVol"]) -> list[list["libvirt.virStorageVol"]]:
    """The last ones first. Nobody else holds them: each is let go where it was read, not on the window's thread."""
    return [listed[start : start + _PART] for start in range(0, len(listed), _PART)]


def _read_part(listed: list["libvirt.virStorageVol"], pool: str, _conn: "libvirt.virConnect") -> list[Volume]:
    found = []
    while listed:
        one = listed.pop()
        try:
            found.append(_read(one, pool))
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_VOL:
                raise
    return found


def _read(found: "libvirt.virStorageVol", pool: str) -> Volume:
    try:
        return volumes_xml.parse(found.XMLDesc(0), pool)
    except XmlError as error:
        raise unreadable(error) from None


def _look_up(conn: "libvirt.virConnect", pool: str, name: str) -> "libvirt.virStorageVol":
    return conn.storagePoolLookupByName(pool).storageVolLookupByName(name)
