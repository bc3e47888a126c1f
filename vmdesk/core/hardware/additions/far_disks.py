"""What a disk needs besides its place: the login of its pool, where QEMU reaches it over the network; the passphrase
of an encrypted one.
"""

from vmdesk.core.hardware.reading import Seen
from vmdesk.core.hardware.sheet import Values
from vmdesk.model.storage import NetworkPlace, Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import pools, secrets, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virtxml.edit import devices


async def where(connection: Connection, disk: Volume | str) -> tuple[str, NetworkPlace | None]:
    """A volume's path on the host, else POOL/VOLUME, with how QEMU reaches it if libvirt cannot say that by itself.

    disk  a volume, or what a person typed: a path, or POOL/VOLUME
    """
    if isinstance(disk, Volume):
        if disk.kind in ("file", "block"):
            return disk.path, None
        pool, volume = disk.pool, disk.name
    else:
        pool, _, volume = disk.strip().partition("/")
        if not pool or not volume:
            return disk, None
    return f"{pool}/{volume}", await pools.network_place(connection, pool, volume)


async def passphrase(connection: Connection, disk: Volume | str) -> str:
    """The UUID of libvirt's secret for an encrypted volume; "" of others, and where libvirt has none."""
    if isinstance(disk, Volume):
        found: Volume | None = disk
    elif disk.strip().startswith("/"):
        found = await volumes.volume_at(connection, disk.strip())
    else:
        pool, _, name = disk.strip().partition("/")
        found = await volumes.volume(connection, pool, name) if pool and name else None
    return await secrets.of_volume(connection, found.path) if found is not None and found.encrypted else ""


def disk(seen: Seen, values: Values, place: NetworkPlace) -> tuple[Text, str]:
    """What is added, and its definition."""
    bus = str(values.get("bus") or "virtio")
    target = devices.free_target(seen.base, bus)
    fragment = devices.far_disk_fragment(
        target, bus, place, str(values.get("format") or "raw"), bool(values.get("readonly"))
    )
    return text("Disk {target} ({path})", target=target, path=place.name), fragment
