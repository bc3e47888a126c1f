"""Disks and CD drives, in the order in which they are tried."""

from urllib.parse import urlsplit

from lxml import etree

from vmdesk.virtxml import network_disk
from vmdesk.virtxml.build.elements import add
from vmdesk.virtxml.build.plan import Plan
from vmdesk.virtxml.build.prepared import DiskAt

_PREFIXES = {"virtio": "vd", "ide": "hd", "xen": "xvd", "fdc": "fd"}
_PORTS = {"http": 80, "https": 443, "ftp": 21, "ftps": 990}


def add_disks(devices: etree._Element, plan: Plan) -> None:
    taken: dict[str, int] = {}
    disks, cdroms = plan.prepared.disks, plan.prepared.cdroms
    medium = plan.medium
    order = 1
    if plan.medium_first:
        order = 2
    for wanted, disk in enumerate(disks):
        asked = plan.wish.disks[wanted].bus if wanted < len(plan.wish.disks) else ""
        bus = disk.bus or asked or plan.choices.disk_bus
        _disk(devices, plan, disk, bus, taken, order)
        order += 1
    for cdrom in cdroms:
        if cdrom.once and not plan.first:
            continue
        place = None
        if cdrom is medium:
            place = 1 if plan.medium_first else order
            if not plan.first and plan.installs and not cdrom.stays:
                cdrom = DiskAt(device="cdrom", format="raw", bus=cdrom.bus)
        _disk(devices, plan, cdrom, cdrom.bus or _cd_bus(plan, cdrom), taken, place)
    if any(element.get("bus") == "scsi" for element in devices.findall("disk/target")) and plan.choices.scsi:
        add(devices, "controller", type="scsi", index="0", model=plan.choices.scsi)


def _cd_bus(plan: Plan, cdrom: DiskAt) -> str:
    # The kernels that makers of cloud images take (Debian's cloud-amd64) drive no SATA: they would not see their seed.
    virtio = plan.choices.disk_bus == "virtio" and plan.choices.scsi == "virtio-scsi"
    return "scsi" if virtio and cdrom.stays and plan.wish.cloud is not None else plan.choices.cdrom_bus


def _disk(
    devices: etree._Element, plan: Plan, disk: DiskAt, bus: str, taken: dict[str, int], order: int | None
) -> None:
    cdrom = disk.device == "cdrom"
    kind = "file" if disk.empty else "network" if disk.place else disk.kind
    element = add(devices, "disk", type=kind, device=disk.device)
    _driver(element, plan, disk)
    _source(element, disk)
    source = element.find("source")
    if disk.secret and source is not None:
        source.append(network_disk.encryption(disk.secret))
    if disk.ended and not disk.empty:
        add(element, "backingStore")
    prefix = _PREFIXES.get(bus, "sd")
    number = taken.get(prefix, 0)
    taken[prefix] = number + 1
    add(element, "target", dev=prefix + letters(number), bus=bus)
    if cdrom or disk.readonly:
        add(element, "readonly")
    if order is not None:
        add(element, "boot", order=str(order))


def _driver(element: etree._Element, plan: Plan, disk: DiskAt) -> None:
    """The format always stands there: a format that is guessed is how a guest reads the host's files."""
    if not plan.where.qemu:
        if not disk.empty:
            add(element, "driver", type="raw" if disk.device == "cdrom" else disk.format)
        return
    if disk.device == "cdrom":
        add(element, "driver", name="qemu", type="raw")
        return
    block = disk.kind == "block"
    add(
        element,
        "driver",
        name="qemu",
        type=disk.format,
        cache="none" if block else None,
        # A full disk on the host pauses the machine: nothing is lost, and it goes on when there is space.
        error_policy="stop",
        io="native" if block else None,
        discard=None if disk.readonly else "unmap",
    )


def _source(element: etree._Element, disk: DiskAt) -> None:
    if disk.empty:
        return
    if disk.place is not None:
        element.append(network_disk.source(disk.place))
        return
    # A CD that only stays in its drive must not keep the machine from starting once its file has gone.
    optional = "optional" if disk.stays else None
    match disk.kind:
        case "volume":
            add(element, "source", pool=disk.pool, volume=disk.volume, startupPolicy=optional)
        case "block":
            add(element, "source", dev=disk.path, startupPolicy=optional)
        case "network":
            _network(element, disk.path)
        case _:
            source = add(element, "source", file=disk.path, startupPolicy=optional)
            if disk.keep_owner:
                add(source, "seclabel", model="dac", relabel="no")


def _network(element: etree._Element, url: str) -> None:
    parts = urlsplit(url)
    source = add(element, "source", protocol=parts.scheme, name=parts.path, query=parts.query or None)
    port = parts.port or _PORTS.get(parts.scheme, 80)
    add(source, "host", name=parts.hostname or "", port=str(port))


def letters(number: int) -> str:
    """0 -> a, 25 -> z, 26 -> aa."""
    found = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(ord("a") + rest) + found
    return found
