"""The pages about disks and drives."""

from collections.abc import Sequence

from vmdesk.core import units
from vmdesk.core.hardware.machine import DEVICES, later
from vmdesk.core.hardware.reading import Offers, Seen
from vmdesk.core.hardware.sheet import (
    Field,
    Kind,
    Part,
    Sheet,
    Values,
    Wish,
    choice,
    fact,
    figure,
    on_off,
    plain,
    switch,
)
from vmdesk.model.hardware import DiskDevice
from vmdesk.model.text import Text, text
from vmdesk.virt import hardware
from vmdesk.virtxml.edit import EditError, devices

BUSES = ("virtio", "scsi", "sata", "ide", "usb")
_CACHES = {
    "": text("Hypervisor's default"),
    "none": text("None: past the host's cache (none)"),
    "writeback": text("The host's, written when the guest asks (writeback)"),
    "writethrough": text("The host's, written at once (writethrough)"),
    "directsync": text("None, written at once (directsync)"),
    "unsafe": text("Never waits: a power cut destroys it (unsafe)"),
}


def disk(seen: Seen, one: DiskDevice, host: Offers) -> Sheet:
    """A disk; or a drive, whose page is another one."""
    if one.removable:
        return _drive(seen, one)
    size = dict(seen.sizes).get(one.target)
    rows: list[Field | Part] = [
        fact(text("Source"), one.source),
        fact(text("Format"), one.format),
        Field(
            "size",
            text("Size"),
            Kind.DISK,
            size,
            hint=text("It can only grow, also while the machine runs; the guest's partitions are grown in the guest."),
            low=1,
        )
        if size
        else fact(text("Size"), "", text("The host does not tell how large it is.")),
        Part(text("How the guest sees it")),
        fact(text("Name"), one.target),
        choice(
            "bus",
            text("Bus"),
            one.bus,
            plain(*_buses(host)),
            text("virtio is fastest, and needs a driver in the guest; the name of the disk changes with it."),
        ),
        Field("serial", text("Serial number"), Kind.TEXT, one.serial),
        switch("readonly", text("Read-only"), one.readonly),
        switch("shareable", text("Several machines write to it at the same time"), one.shareable, _SHARED),
        Part(text("How the host keeps it")),
        choice("cache", text("Cache"), one.cache, list(_CACHES.items())),
        choice("io", text("Requests"), one.io, plain("", "native", "threads", "io_uring")),
        choice(
            "discard",
            text("What the guest frees"),
            one.discard,
            [
                ("", text("Hypervisor's default")),
                ("unmap", text("is given back to the host")),
                ("ignore", text("stays taken")),
            ],
        ),
    ]
    key = one.key
    parts = (
        ("cache", "driver", "cache", text("Cache of {target}", target=one.target)),
        ("io", "driver", "io", text("Requests of {target}", target=one.target)),
        ("discard", "driver", "discard", text("Freed space of {target}", target=one.target)),
        ("serial", "serial", None, text("Serial number of {target}", target=one.target)),
    )

    def wishes(values: Values) -> Sequence[Wish]:
        made: list[Wish] = []
        if "size" in values:
            wanted = figure(values, "size")
            if wanted < (size or 0):
                raise EditError(text("A disk is never made smaller: what is at its end would be lost."))
            made.append(Wish(hardware.grow_disk(one.target, wanted)))
        for name, path, attribute, label in parts:
            if name in values:
                made.append(put(key, path, attribute, str(values[name]), label))
        for name, label in (("readonly", text("Read-only")), ("shareable", text("Shared among machines"))):
            if name in values:
                made.append(_flag(key, name, bool(values[name]), label))
        if "bus" in values:
            bus = str(values["bus"])
            what = text("Bus of {target}: {value}", target=one.target, value=bus)
            made.append(later(what, lambda xml: devices.disk_bus(xml, key, bus)))
        return made

    words = _name(one.source) or text("No source")
    if size:
        words = text("{size}, {file}", size=units.kib(size / 1024), file=_name(one.source))
    title = text("Disk {target}", target=one.target)
    return Sheet(key, title, "disk", words, DEVICES, tuple(rows), wishes, device=True)


_SHARED = text("Only with a file system that is made for that: anything else is destroyed.")


def _drive(seen: Seen, one: DiskDevice) -> Sheet:
    running = next((each for each in seen.running.disks if each.key == one.key), None) if seen.running else None
    now = ""
    if running is not None and running.source != one.source:
        now = running.source or str(text("no medium"))
    rows: list[Field | Part] = [
        Field(
            "medium",
            text("What is in it"),
            Kind.FILE,
            one.source,
            hint=text("A file of the host, or POOL/VOLUME. Empty: nothing is in the drive."),
            now=now,
        ),
        switch(
            "force",
            text("Also if the guest has locked the drive"),
            False,
            text("Like the pin into the small hole: the guest may complain."),
        ),
        Part(text("How the guest sees it")),
        fact(text("Name"), one.target),
        fact(text("Bus"), one.bus),
    ]

    def wishes(values: Values) -> Sequence[Wish]:
        if "medium" not in values:
            return ()
        words, force = str(values["medium"]).strip(), bool(values.get("force"))
        if not words:
            change = hardware.eject(one.target, force=force)
        elif words.startswith("/"):
            change = hardware.insert(one.target, file=words, force=force)
        else:
            pool, _, volume = words.partition("/")
            change = hardware.insert(one.target, pool=pool, volume=volume, force=force)
        return (Wish(change),)

    floppy = one.device == "floppy"
    title = text("Floppy {target}", target=one.target) if floppy else text("CD drive {target}", target=one.target)
    words = _name(one.source) or text("empty")
    return Sheet(one.key, title, "disc", words, DEVICES, tuple(rows), wishes, device=True)


def put(key: str, path: str, attribute: str | None, value: str, label: Text) -> Wish:
    """One word in a device; "" takes it away."""
    what = text("{label}: {value}", label=label, value=value or text("none"))
    return later(what, lambda xml: devices.put_in_device(xml, key, path, attribute, value or None))


def _flag(key: str, name: str, on: bool, label: Text) -> Wish:
    what = text("{label}: {value}", label=label, value=on_off(on))
    return later(what, lambda xml: devices.put_in_device(xml, key, name, None, "" if on else None))


def _buses(host: Offers) -> tuple[str, ...]:
    told = host.machine.disk_buses
    return tuple(bus for bus in BUSES if not told or bus in told)


def _name(source: str) -> str:
    return source.rpartition("/")[2] or source
