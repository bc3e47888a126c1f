"""Disks that the host itself does not have: QEMU reaches them over the network, with the login of their pool."""

from vmdesk.core.hardware.reading import Seen
from vmdesk.core.hardware.sheet import Values
from vmdesk.model.storage import NetworkPlace, Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import pools
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


def disk(seen: Seen, values: Values, place: NetworkPlace) -> tuple[Text, str]:
    """What is added, and its definition."""
    bus = str(values.get("bus") or "virtio")
    target = devices.free_target(seen.base, bus)
    fragment = devices.far_disk_fragment(
        target, bus, place, str(values.get("format") or "raw"), bool(values.get("readonly"))
    )
    return text("Disk {target} ({path})", target=target, path=place.name), fragment
