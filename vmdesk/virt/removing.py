"""Files of machines that are to go: found by their path in whichever pool has them, and only deleted if they are it."""

import os
from functools import partial

import libvirt

from vmdesk.model.text import text
from vmdesk.virt.connection import Connection
from vmdesk.virt.pools import pools
from vmdesk.virt.volumes import delete_volume, volume_at


async def delete_path(connection: Connection, path: str) -> bool:
    """Delete the volume with that path; False if no storage pool that is on has one.

    Pools are asked to look again: what QEMU made a moment ago they do not know yet.
    """
    found = await volume_at(connection, path)
    if found is None:
        for pool in await pools(connection):
            if pool.active and pool.keeps_files and _same(connection, pool.target, os.path.dirname(path)):
                doing = text("Looking for the volume of {path}", path=path)
                await connection.long.call(partial(_refresh, pool.name), doing)
                found = await volume_at(connection, os.path.join(pool.target, os.path.basename(path)))
    if found is None:
        return False
    return await delete_volume(connection, found.pool, found.name, found.path)


def _refresh(name: str, conn: "libvirt.virConnect") -> None:
    try:
        conn.storagePoolLookupByName(name).refresh(0)
    except libvirt.libvirtError as error:
        if error.get_error_domain() == libvirt.VIR_FROM_RPC:
            raise


def _same(connection: Connection, one: str, other: str) -> bool:
    return one == other or (connection.local and os.path.realpath(one) == os.path.realpath(other))
