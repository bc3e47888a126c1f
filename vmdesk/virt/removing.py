"""Files of machines that are to go: found by their path in whichever pool has them, and only deleted if they are it."""

import os
from functools import partial

import libvirt

from vmdesk.model.host import Feature
from vmdesk.model.text import text
from vmdesk.virt import errors
from vmdesk.virt.acting import act
from vmdesk.virt.connection import Connection
from vmdesk.virt.pools import pools
from vmdesk.virt.things import UNKNOWN_FLAG
from vmdesk.virt.volumes import delete_volume, volume_at

_NVRAM = libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
_TPM = getattr(libvirt, "VIR_DOMAIN_UNDEFINE_TPM", 0)
_REST = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | getattr(libvirt, "VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA", 0)
)


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


def undefine_whole(domain: "libvirt.virDomain") -> None:
    """Its firmware variables, TPM state, saved state and list of snapshots go too. Blocking; libvirtError."""
    # Older daemons know fewer flags, other drivers none.
    for flags in dict.fromkeys((_REST | _NVRAM | _TPM, _REST | _NVRAM, _NVRAM, 0)):
        try:
            domain.undefineFlags(flags)
        except libvirt.libvirtError as error:
            if error.get_error_code() not in UNKNOWN_FLAG:
                raise
        else:
            return
    domain.undefine()


async def undefine_with_variables(connection: Connection, uuid: str, called: str) -> None:
    """Delete the definition with its firmware variables, TPM state, saved state and list of snapshots; disks stay.

    VirtError "changed" if it has another name by now or runs: nothing is done then.
    """
    doing = text("Deleting {name}", name=called)

    def work(domain: "libvirt.virDomain") -> None:
        if domain.name() != called or domain.isActive():
            raise errors.refused(doing, text("It was renamed or started meanwhile."), name="changed")
        undefine_whole(domain)

    await act(connection, uuid, work, doing, Feature.DEFINE)


def _refresh(name: str, conn: "libvirt.virConnect") -> None:
    try:
        conn.storagePoolLookupByName(name).refresh(0)
    except libvirt.libvirtError as error:
        if error.get_error_domain() == libvirt.VIR_FROM_RPC:
            raise


def _same(connection: Connection, one: str, other: str) -> bool:
    return one == other or (connection.local and os.path.realpath(one) == os.path.realpath(other))
