"""Storage pools."""

import contextlib
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import libvirt

from vmdesk.model.errors import VirtError
from vmdesk.model.pool_kinds import Make
from vmdesk.model.storage import NetworkPlace, Pool, PoolAbility, PoolSource
from vmdesk.model.text import text
from vmdesk.virt import errors
from vmdesk.virt.connection import Connection
from vmdesk.virt.things import UNKNOWN_FLAG, Switches, of_one, unreadable
from vmdesk.virtxml import pools as pools_xml
from vmdesk.virtxml.document import XmlError

DEFAULT = "default"
SYSTEM_FOLDER = "/var/lib/libvirt/images"
_COMMON = ("dir", "fs", "netfs", "logical", "disk", "iscsi")
_VALIDATE = getattr(libvirt, "VIR_STORAGE_POOL_DEFINE_VALIDATE", 0)
_EMPTY = "<domain type='qemu'><name>vmdesk-home</name><memory>65536</memory><os><type>hvm</type></os></domain>"
_HOME = re.compile(r'"file":"(/[^"]*)/\.config/libvirt/qemu/lib/domain-')


async def pools(connection: Connection) -> list[Pool]:
    """All pools of the host, by name. A pool that vanishes meanwhile is left out."""
    return await connection.long.call(_pools, text("Listing the storage pools"))


async def pool(connection: Connection, name: str) -> Pool:
    """One pool as it is now."""
    doing = text("Looking at the storage pool {pool}", pool=name)
    return await connection.long.call(lambda conn: _read(conn.storagePoolLookupByName(name)), doing)


async def abilities(connection: Connection) -> tuple[PoolAbility, ...]:
    """The kinds that the host knows: dir, netfs, logical, ... Of a host that does not tell, those that all have."""
    common = tuple(PoolAbility(kind, True) for kind in _COMMON)

    def ask(conn: "libvirt.virConnect") -> tuple[PoolAbility, ...]:
        try:
            return pools_xml.parse_abilities(conn.getStoragePoolCapabilities(0))
        except (AttributeError, XmlError):
            return common
        except libvirt.libvirtError as error:
            if error.get_error_code() not in UNKNOWN_FLAG:
                raise
            return common

    return await connection.long.call(ask, text("Asking which storage pools there can be"))


async def find_sources(connection: Connection, kind: str, source: PoolSource) -> tuple[PoolSource, ...]:
    """What libvirt finds to make a pool of: exports and targets of a server, volume groups. VirtError if it cannot."""
    doing = text("Looking for what a storage pool can be made of")
    try:
        words = pools_xml.build_source(source) if source != PoolSource() else None
    except XmlError as error:
        raise unreadable(error) from None

    def ask(conn: "libvirt.virConnect") -> tuple[PoolSource, ...]:
        try:
            return pools_xml.parse_sources(conn.findStoragePoolSources(kind, words, 0))
        except XmlError as error:
            raise unreadable(error) from None
        except libvirt.libvirtError as error:
            if "no storage pools were found" not in (error.get_error_message() or ""):
                raise
            return ()

    return await connection.long.call(ask, doing)


async def pool_xml(connection: Connection, name: str) -> str:
    """Its definition."""
    doing = text("Looking at the storage pool {pool}", pool=name)
    return await connection.long.call(lambda conn: str(conn.storagePoolLookupByName(name).XMLDesc(0)), doing)


async def network_place(connection: Connection, pool_name: str, volume: str) -> NetworkPlace | None:
    """How QEMU reaches a volume of that pool by itself; None of a pool whose volumes the host has."""
    try:
        return pools_xml.network_place(await pool_xml(connection, pool_name), volume)
    except XmlError as error:
        raise unreadable(error) from None


async def build_pool(connection: Connection, name: str, make: Make = Make.KEEP) -> None:
    """Make its folder, or prepare what it comes from, as `make` says."""
    connection.may_write(doing := text("Preparing the storage pool {pool}", pool=name))
    flags = {
        Make.KEEP: 0,
        Make.NEW: libvirt.VIR_STORAGE_POOL_BUILD_NO_OVERWRITE,
        Make.OVERWRITE: libvirt.VIR_STORAGE_POOL_BUILD_OVERWRITE,
    }[make]

    def work(conn: "libvirt.virConnect") -> None:
        found = conn.storagePoolLookupByName(name)
        try:
            found.build(flags)
        except libvirt.libvirtError as error:
            # ZFS knows no flags, and never takes a device with something on it.
            if make is not Make.NEW or error.get_error_code() not in UNKNOWN_FLAG:
                raise
            if pools_xml.parse(found.XMLDesc(0)).kind != "zfs":
                raise
            found.build(0)

    await connection.long.call(work, doing)


async def define_pool(connection: Connection, xml: str) -> str:
    """Define one; its name. A name that is taken is refused, a definition is never replaced."""
    connection.may_write(doing := text("Defining a storage pool"))
    return await connection.long.call(lambda conn: str(_define(conn, xml).name()), doing)


async def start_pool(connection: Connection, name: str, *, build: bool = False) -> None:
    """Switch it on; nothing if it is on. build: make its folder first."""
    connection.may_write(doing := text("Starting the storage pool {pool}", pool=name))
    await connection.long.call(lambda conn: _start(conn.storagePoolLookupByName(name), build), doing)


async def stop_pool(connection: Connection, name: str) -> None:
    """Switch it off; its volumes stay where they are."""
    connection.may_write(doing := text("Stopping the storage pool {pool}", pool=name))
    await connection.long.call(lambda conn: conn.storagePoolLookupByName(name).destroy(), doing)


async def undefine_pool(connection: Connection, name: str) -> None:
    """Forget it; its volumes stay where they are. It must be off."""
    connection.may_write(doing := text("Removing the storage pool {pool}", pool=name))
    await connection.long.call(lambda conn: conn.storagePoolLookupByName(name).undefine(), doing)


async def set_pool_autostart(connection: Connection, name: str, on: bool) -> None:
    """Whether it is switched on with the host."""
    connection.may_write(doing := text("Setting the automatic start of the storage pool {pool}", pool=name))
    await connection.long.call(lambda conn: conn.storagePoolLookupByName(name).setAutostart(int(on)), doing)


async def refresh(connection: Connection, name: str) -> None:
    """Let libvirt look which volumes there are now."""
    doing = text("Refreshing the storage pool {pool}", pool=name)
    connection.may_write(doing)
    await connection.long.call(lambda conn: conn.storagePoolLookupByName(name).refresh(0), doing)


async def ensure_default_pool(connection: Connection) -> tuple[Pool, bool]:
    """The pool that new disks go to, and whether it was made just now.

    The one called "default", else the one with the most room that keeps files; one that is off is switched on. On a
    host without any, "default" is made, started, and set to start with the host.
    """
    connection.may_write(doing := text("Looking for a place for disks"))
    return await connection.long.call(lambda conn: _ensure(connection, conn), doing)


def preferred(found: list[Pool]) -> Pool | None:
    """Where new disks go: "default" before others, on before off, then by room. Only pools that keep files."""
    return max(
        (one for one in found if one.keeps_files),
        key=lambda one: (one.name == DEFAULT, one.active, one.available),
        default=None,
    )


def _ensure(connection: Connection, conn: "libvirt.virConnect") -> tuple[Pool, bool]:
    chosen = preferred(_pools(conn))
    if chosen is not None:
        found = conn.storagePoolLookupByName(chosen.name)
        _start(found, build=False)
        return _read(found), False
    made = _define(conn, pools_xml.build(DEFAULT, _default_folder(connection, conn)))
    try:
        _start(made, build=True)
        made.setAutostart(1)
    except libvirt.libvirtError:
        with contextlib.suppress(libvirt.libvirtError):
            made.undefine()
        raise
    return _read(made), True


def _default_folder(connection: Connection, conn: "libvirt.virConnect") -> str:
    """As the daemon sees it. On another computer only libvirt knows the user's home there."""
    if not is_session(connection):
        return SYSTEM_FOLDER
    with contextlib.suppress(libvirt.libvirtError):
        # QEMU's command line has the folder of the session's settings in it; nothing is defined for that.
        if found := _HOME.search(conn.domainXMLToNative("qemu-argv", _EMPTY)):
            return f"{found.group(1)}/.local/share/libvirt/images"
    if connection.local:
        data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
        return str(Path(data, "libvirt/images"))
    raise errors.refused(
        text("Making a place for disks"),
        text("The home folder on that host is not known."),
        text("Make a storage pool there first."),
        "no-folder",
    )


def first_room(connection: Connection, conn: "libvirt.virConnect") -> int:
    """Bytes free in the folder where `ensure_default_pool` would make a pool, which need not be there yet; 0: unknown.

    For a worker thread: the folder may lie on a server.
    """
    if not connection.local or connection.capabilities.driver.upper() != "QEMU":
        return 0
    try:
        folder = Path(_default_folder(connection, conn))
        found = os.statvfs(next(one for one in (folder, *folder.parents) if one.exists()))
    except (OSError, VirtError):
        return 0
    return found.f_bavail * found.f_frsize


def is_session(connection: Connection) -> bool:
    """Whether it is a user's own daemon (qemu:///session), here or elsewhere."""
    return urlsplit(connection.config_uri).path == "/session"


def _pools(conn: "libvirt.virConnect") -> list[Pool]:
    switches = Switches(
        conn.listAllStoragePools,
        libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE,
        libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART,
        libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT,
    )
    found = []
    for one in _listed(conn):
        try:
            found.append(pools_xml.parse(one.XMLDesc(0), **switches.of(one)))
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_POOL:
                raise
        except XmlError as error:
            raise unreadable(error) from None
    return sorted(found, key=lambda one: one.name)


def _listed(conn: "libvirt.virConnect") -> list["libvirt.virStoragePool"]:
    try:
        return list(conn.listAllStoragePools(0))
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            raise
    # ESX tells names only.
    return [conn.storagePoolLookupByName(name) for name in conn.listStoragePools()]


def _read(found: "libvirt.virStoragePool") -> Pool:
    try:
        return pools_xml.parse(found.XMLDesc(0), **of_one(found))
    except XmlError as error:
        raise unreadable(error) from None


def _define(conn: "libvirt.virConnect", xml: str) -> "libvirt.virStoragePool":
    try:
        return conn.storagePoolDefineXML(xml, _VALIDATE)
    except libvirt.libvirtError as error:
        if not _VALIDATE or error.get_error_code() not in UNKNOWN_FLAG:
            raise
    return conn.storagePoolDefineXML(xml, 0)


def _start(found: "libvirt.virStoragePool", build: bool) -> None:
    if found.isActive():
        return
    if build:
        found.build(0)
    found.create(0)
