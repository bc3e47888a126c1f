"""What of a host can be given to a machine: USB and PCI devices, mediated devices."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt

from vmdesk.model.host_devices import HostDevices
from vmdesk.model.text import text
from vmdesk.virt.connection import Connection, is_in_process
from vmdesk.virt.things import leniently
from vmdesk.virtxml import host_devices

_USB = ("USB_DEV", "USB_INTERFACE", "STORAGE")  # its interfaces and disks say what the host does with it
_KINDS = ("PCI_DEV", "MDEV", "MDEV_TYPES", *_USB)


async def host_devices_of(connection: Connection, usb_only: bool = False) -> HostDevices:
    """As they are now. VirtError, "no-support" where the host tells of none."""
    doing = text("Looking at the host's devices")
    here = connection.local and not is_in_process(connection.uri)
    kinds = _USB if usb_only else _KINDS
    return await connection.long.call(lambda conn: _read(conn, kinds, here), doing)


async def disks(connection: Connection) -> tuple[str, ...]:
    """Paths of the host's disks, as libvirt sees them. VirtError, "no-support" where the host tells of none."""
    return await _named(connection, "STORAGE", host_devices.disk)


async def adapters(connection: Connection) -> tuple[str, ...]:
    """Names of the host's SCSI adapters: scsi_host0, ... VirtError as above."""
    return await _named(connection, "SCSI_HOST", host_devices.name)


async def _named(connection: Connection, kind: str, read: Callable[[str], str]) -> tuple[str, ...]:
    def work(conn: "libvirt.virConnect") -> tuple[str, ...]:
        found = set()
        for device in conn.listAllDevices(getattr(libvirt, f"VIR_CONNECT_LIST_NODE_DEVICES_CAP_{kind}")):
            with leniently():  # it may have been unplugged meanwhile
                found.add(read(str(device.XMLDesc(0))))
        return tuple(sorted(found - {""}))

    return await connection.long.call(work, text("Looking at the host's devices"))


def _read(conn: "libvirt.virConnect", kinds: tuple[str, ...], here: bool) -> HostDevices:
    flags = 0
    for kind in kinds:
        flags |= getattr(libvirt, f"VIR_CONNECT_LIST_NODE_DEVICES_CAP_{kind}", 0)
    found: list[str] = []
    off: set[str] = set()
    for device in conn.listAllDevices(flags):
        with leniently():  # it may have been unplugged meanwhile
            found.append(str(device.XMLDesc(0)))
            if device.name().startswith("mdev") and not device.isActive():
                off.add(device.name())
    mounted = frozenset(used_disks()) if here else None
    return host_devices.parse(found, mounted, frozenset(off))


def used_disks(files: Path = Path("/")) -> Iterator[str]:
    """Paths below /sys of the disks of this computer that hold a mounted file system or swap; what lies between (LVM,
    encryption) is looked through."""
    for line in _lines(files / "proc/self/mountinfo"):
        yield from _below(files, line.partition(" - ")[2].split(" ")[1:2], line.split(" ")[2:3])
    for line in _lines(files / "proc/swaps")[1:]:
        yield from _below(files, line.split()[:1], [])


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _below(files: Path, sources: list[str], numbers: list[str]) -> Iterator[str]:
    for source in sources:
        if source.startswith("/dev/"):  # btrfs tells no number of the device below it
            try:
                number = os.stat(source).st_rdev
            except OSError:
                continue
            numbers = [f"{os.major(number)}:{os.minor(number)}"]
    for one in numbers:
        yield from _stack(files, files / "sys/dev/block" / one)


def _stack(files: Path, link: Path) -> Iterator[str]:
    if not link.exists():
        return
    real = link.resolve()
    yield f"/{real.relative_to(files.resolve())}"
    slaves = real / "slaves"
    for below in sorted(slaves.iterdir()) if slaves.is_dir() else ():
        yield from _stack(files, below)
