"""Pools, volumes and their content. Every function raises VirtError and works on the wire for long jobs."""

from vmdesk.virt.pools import (
    define_pool,
    ensure_default_pool,
    pool,
    pools,
    preferred,
    refresh,
    set_pool_autostart,
    start_pool,
    stop_pool,
    undefine_pool,
)
from vmdesk.virt.stopping import Progress
from vmdesk.virt.transfer import download, read, upload
from vmdesk.virt.volumes import (
    copy_volume,
    create_volume,
    delete_volume,
    free_name,
    grow,
    volume,
    volume_at,
    volumes,
    wipe,
)

__all__ = [
    "Progress",
    "copy_volume",
    "create_volume",
    "define_pool",
    "delete_volume",
    "download",
    "ensure_default_pool",
    "free_name",
    "grow",
    "pool",
    "pools",
    "preferred",
    "read",
    "refresh",
    "set_pool_autostart",
    "start_pool",
    "stop_pool",
    "undefine_pool",
    "upload",
    "volume",
    "volume_at",
    "volumes",
    "wipe",
]
