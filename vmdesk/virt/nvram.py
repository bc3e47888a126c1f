"""Firmware variables (NVRAM) copied through libvirt: their folder becomes a storage pool for that moment."""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator

import libvirt

from vmdesk.model.text import Text, text
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import pools as pools_xml
from vmdesk.virtxml import volumes as volumes_xml
from vmdesk.virtxml.document import XmlError, root

PREFIX = "vmdesk-nvram-"


async def copy(connection: Connection, source: str, target: str) -> bool:
    """A new file with the same content in the same folder; False if there is no source yet. Never over another file."""

    def work(pool: "libvirt.virStoragePool") -> None:
        found = pool.storageVolLookupByName(os.path.basename(source))
        size = int(found.info()[1])
        pool.createXMLFrom(volumes_xml.build(os.path.basename(target), size, format="raw"), found, 0)

    return await _where(connection, source, work, text("Copying the firmware settings {path}", path=source))


async def remove(connection: Connection, path: str) -> bool:
    """Delete one that was copied a moment ago; False if it is not there."""

    def work(pool: "libvirt.virStoragePool") -> None:
        pool.storageVolLookupByName(os.path.basename(path)).delete(0)

    return await _where(connection, path, work, text("Deleting the firmware settings {path}", path=path))


async def _where(
    connection: Connection, path: str, work: Callable[["libvirt.virStoragePool"], None], doing: Text
) -> bool:
    """Do it in the pool of the folder in which that file is; False if it is not there."""
    connection.may_write(doing)

    def call(conn: "libvirt.virConnect") -> bool:
        with _pool(conn, os.path.dirname(path)) as pool:
            if pool is None:
                return False
            try:
                work(pool)
            except libvirt.libvirtError as error:
                if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_VOL:
                    raise
                return False
            return True

    return await connection.long.call(call, doing)


@contextlib.contextmanager
def _pool(conn: "libvirt.virConnect", folder: str) -> "Iterator[libvirt.virStoragePool | None]":
    """The pool of that folder, for this moment; None if the folder is not there. One left over is used, and ended."""
    found = None
    for pool in conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
        with contextlib.suppress(libvirt.libvirtError, XmlError):
            if (root(pool.XMLDesc(0)).findtext("target/path") or "").rstrip("/") == folder.rstrip("/"):
                found = pool
    ours = found is None or found.name().startswith(PREFIX)
    if found is None:
        try:
            found = conn.storagePoolCreateXML(pools_xml.build(f"{PREFIX}{secrets.token_hex(4)}", folder), 0)
        except libvirt.libvirtError as error:
            if "cannot open directory" not in (error.get_error_message() or ""):
                raise
            yield None
            return
    try:
        found.refresh(0)
        yield found
    finally:
        if ours:
            with contextlib.suppress(libvirt.libvirtError):
                found.destroy()
