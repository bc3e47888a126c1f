"""What of a host can be given to a machine: USB and PCI devices, mediated devices."""

import libvirt

from vmdesk.model.host_devices import HostDevices
from vmdesk.model.text import text
from vmdesk.virt.connection import Connection
from vmdesk.virt.things import leniently
from vmdesk.virtxml import host_devices

_KINDS = ("PCI_DEV", "USB_DEV", "MDEV")


async def host_devices_of(connection: Connection) -> HostDevices:
    """As they are now. VirtError, "no-support" where the host tells of none."""
    doing = text("Looking at the host's devices")
    return await connection.long.call(_read, doing)


def _read(conn: "libvirt.virConnect") -> HostDevices:
    flags = 0
    for kind in _KINDS:
        flags |= getattr(libvirt, f"VIR_CONNECT_LIST_NODE_DEVICES_CAP_{kind}", 0)
    found: list[str] = []
    for device in conn.listAllDevices(flags):
        with leniently():  # it may have been unplugged meanwhile
            found.append(str(device.XMLDesc(0)))
    return host_devices.parse(found)
