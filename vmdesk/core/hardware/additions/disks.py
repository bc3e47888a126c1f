"""New disks and drives, and the volume that is made for one."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from vmdesk.core.hardware import storage
from vmdesk.core.hardware.additions.form import Addition, Around
from vmdesk.core.hardware.applying import STILL
from vmdesk.core.hardware.new_disk import DiskWish
from vmdesk.core.hardware.reading import Seen
from vmdesk.core.hardware.sheet import Field, Kind, Values, choice, figure, plain, switch
from vmdesk.model.sizes import GIB
from vmdesk.model.text import Text, text
from vmdesk.virt import pools, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virtxml.edit import EditError, devices

_FORMATS = {".qcow2": "qcow2", ".qcow": "qcow", ".vmdk": "vmdk", ".vdi": "vdi", ".vhdx": "vhdx"}


def _bus(seen: Seen, near: Around, drive: bool = False) -> Field:
    told = near.offers.machine.disk_buses
    buses = tuple(bus for bus in storage.BUSES if (not told or bus in told) and not (drive and bus == "virtio"))
    usual = next((one.bus for one in seen.stored.disks if one.removable is drive and one.bus in buses), "")
    return choice("bus", text("Bus"), usual or (buses[0] if buses else ""), plain(*buses))


def _source(words: str) -> Mapping[str, str]:
    """file=, block= or pool= and volume= of what was typed."""
    words = words.strip()
    if words.startswith("/dev/"):
        return {"block": words}
    if words.startswith("/"):
        return {"file": words}
    pool, slash, volume = words.partition("/")
    if not slash or not volume:
        raise EditError(text("Give a path that begins with /, or POOL/VOLUME."))
    return {"pool": pool, "volume": volume}


def _disk_of(seen: Seen, values: Values, device: str = "disk") -> tuple[Text, str]:
    bus = str(values.get("bus") or "virtio")
    target = devices.free_target(seen.base, bus)
    path = str(values.get("path", ""))
    source = _source(path) if path else {}
    fragment = devices.disk_fragment(
        target,
        bus,
        format=str(values.get("format") or "raw"),
        device=device,
        readonly=device == "cdrom" or bool(values.get("readonly")),
        **source,
    )
    if device == "cdrom":
        return text("CD drive {target}", target=target), fragment
    return text("Disk {target} ({path})", target=target, path=path), fragment


def new_disk(seen: Seen, near: Around) -> Addition:
    found = [one for one in near.offers.host.pools if one.active]
    names = [(one.name, text("{pool}, {size} free", pool=one.name, size=_size(one.available))) for one in found]
    best = pools.preferred(list(found))
    fields = (
        Field("size", text("Size"), Kind.DISK, 20 * GIB, low=1),
        choice("pool", text("Pool"), best.name if best else "", list(names)),
        choice("format", text("Format"), "qcow2", plain("qcow2", "raw"), text("qcow2 grows with what is in it.")),
        switch("full", text("Take all the space now"), False),
        Field("name", text("Name"), Kind.TEXT, "", hint=text("Empty: the machine's name, with a number.")),
        _bus(seen, near),
    )

    def notes(values: Values) -> Sequence[Text]:
        pool = next((one for one in found if one.name == values.get("pool")), None)
        if pool is not None and figure(values, "size") > pool.available > 0:
            if values.get("full"):
                return (text("There is less space left in the pool than that."),)
            return (text("The pool has less space left than the disk can grow to."),)
        return ()

    why = None if found else text("The host has no storage pool that is on.")
    return Addition("disk", text("New disk"), "disk", fields, lambda values: _disk_of(seen, values), why, notes=notes)


def old_disk(seen: Seen, near: Around) -> Addition:
    formats = [("", text("As the host knows it")), *plain("qcow2", "raw", "vmdk", "vdi")]
    hint = text("A file or block device of the host, or POOL/VOLUME.")
    fields = (
        Field("path", text("Disk"), Kind.FILE, "", hint=hint),
        choice("format", text("Format"), "", formats),
        switch("readonly", text("Read-only"), False),
        _bus(seen, near),
    )

    def make(values: Values) -> tuple[Text, str]:
        path = str(values.get("path", "")).strip()
        if not path:
            raise EditError(text("Choose a file first."))
        if any(one.source == path for one in seen.stored.disks):
            raise EditError(text("The machine has that disk already."))
        return _disk_of(seen, {**values, "path": path})

    def notes(values: Values) -> Sequence[Text]:
        return (text("Two machines that write to one disk destroy what is on it."),)

    return Addition("existing", text("Existing disk"), "disk", fields, make, notes=notes)


def drive(seen: Seen, near: Around) -> Addition:
    hint = text("A file of the host, or POOL/VOLUME. Empty: nothing is in the drive.")
    fields = (Field("path", text("What is in it"), Kind.FILE, "", hint=hint), _bus(seen, near, drive=True))

    def make(values: Values) -> tuple[Text, str]:
        return _disk_of(seen, values, "cdrom")

    return Addition("cdrom", text("CD drive"), "disc", fields, make, later=STILL)


def _size(bytes_: int) -> str:
    return f"{bytes_ / GIB:.0f} GiB"


# ---------------------------------------------------------------- volumes


def wish_of(values: Values) -> DiskWish:
    """The new disk's volume, as its form says."""
    return DiskWish(
        figure(values, "size"),
        str(values.get("pool") or ""),
        str(values.get("format") or ""),
        str(values.get("name", "")).strip(),
        bool(values.get("full")),
    )


async def format_of(connection: Connection, path: str, said: str) -> str:
    """What is in it, as the host knows it; else as it is called."""
    if said:
        return said
    known = await volumes.volume_at(connection, path) if path.startswith("/") else None
    if known is None and not path.startswith("/"):
        pool, _, name = path.partition("/")
        known = await volumes.volume(connection, pool, name)
    word = known.format if known and known.format else _FORMATS.get(PurePosixPath(path).suffix.lower(), "raw")
    return "raw" if word == "iso" else word
