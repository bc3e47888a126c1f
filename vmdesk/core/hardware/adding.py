"""New hardware: each kind with its form, and the device that the form describes."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from vmdesk.core.command import Context, Links
from vmdesk.core.hardware import applying, cards, storage
from vmdesk.core.hardware.devices import ACTIONS, SOUNDS, VIDEOS
from vmdesk.core.hardware.reading import Offers, Seen
from vmdesk.core.hardware.sheet import Field, Kind, Value, Values, choice, fact, figure, plain, switch
from vmdesk.core.jobs import Job, JobState, Report
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host_devices import HostDevices, HostPci
from vmdesk.model.sizes import GIB
from vmdesk.model.storage import Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import domains, hardware, host_devices, making, pools, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Applied
from vmdesk.virtxml import hardware as hardware_xml
from vmdesk.virtxml.edit import EditError, devices

AGENT = "org.qemu.guest_agent.0"
_ONE = text("The machine has one already.")
_STILL = applying.STILL
# What no hypervisor takes while a machine runs.
NEVER_LIVE = frozenset({"graphics", "video", "sound", "tpm", "panic", "parallel", "boot"})
_FORMATS = {".qcow2": "qcow2", ".qcow": "qcow", ".vmdk": "vmdk", ".vdi": "vdi", ".vhdx": "vhdx"}


@dataclass(frozen=True, slots=True)
class Around:
    """What the host has that can be given away. `problem`: why its devices cannot be listed."""

    offers: Offers = field(default_factory=Offers)
    devices: HostDevices = field(default_factory=HostDevices)
    problem: Text | None = None
    taken: making.Taken = field(default_factory=making.Taken)


@dataclass(frozen=True, slots=True)
class Addition:
    """One kind of device.

    why    why none can be added; None: it can
    later  why it is there from the next start only; None: plugged in at once, where host and guest can
    make   (what it is, its XML) of the values; raises EditError
    notes  what to know about the chosen values
    """

    id: str
    title: Text
    icon: str
    fields: tuple[Field, ...]
    make: Callable[[Values], tuple[Text, str]]
    why: Text | None = None
    later: Text | None = None
    notes: Callable[[Values], Sequence[Text]] = lambda _values: ()


async def around(links: Links, seen: Seen, offers: Offers) -> Around:
    """Read what is needed for the forms."""
    connection = links.of(seen.domain.key).require()
    problem, found, taken = None, HostDevices(), making.Taken()
    try:
        found = await host_devices.host_devices_of(connection)
    except VirtError as error:
        problem = error.problem.why or error.problem.what
    with contextlib.suppress(VirtError):  # by chance alone an address is one's own, too
        taken = await making.taken(connection)
    return Around(offers, found, problem, taken)


def additions(seen: Seen, near: Around) -> tuple[Addition, ...]:
    """All kinds, those that people add most often first."""
    found = seen.stored
    return (
        _new_disk(seen, near),
        _old_disk(seen, near),
        _drive(seen, near),
        _card(seen, near),
        _usb(seen, near),
        _pci(near),
        _mdev(near),
        _folder(seen),
        _graphics(seen, near),
        _simple("video", text("Video"), "card", _videos(seen, near), devices.video_fragment),
        _simple("sound", text("Sound"), "volume-high", SOUNDS, devices.sound_fragment),
        _input(),
        _nothing("serial", text("Serial port"), "console", devices.serial_fragment, text("A console of VMDesk.")),
        _channel(seen),
        _nothing(
            "redirection",
            text("USB redirection"),
            "usb",
            devices.redirection_fragment,
            text("A port for USB devices of who looks at the screen (SPICE)."),
            None if any(one.kind == "spice" for one in found.graphics) else text("It needs a SPICE display."),
        ),
        _tpm(seen, near),
        _nothing(
            "rng",
            text("Random numbers"),
            "dice",
            devices.rng_fragment,
            text("The host's random numbers for the guest (virtio)."),
        ),
        _watchdog(seen),
        _simple(
            "panic",
            text("Panic notifier"),
            "alert",
            ("isa", "hyperv", "pvpanic"),
            devices.panic_fragment,
            _ONE if found.panics else None,
        ),
        _vsock(seen),
        _memory(seen),
        _controller(),
    )


def first(kind: Addition) -> dict[str, Value]:
    """The values that its form begins with."""
    return {one.name: one.value for one in kind.fields if one.kind is not Kind.FACT}


def when(kind: Addition, seen: Seen) -> Text:
    """For people: when it is there."""
    if not seen.active:
        return text("The machine is off: it is there from the next start on.")
    if kind.later is not None:
        return _STILL if kind.later is _STILL else text("From the next start on: {why}", why=kind.later)
    if not seen.domain.persistent:
        return text("It is plugged in now, until the machine is switched off.")
    return text("It is plugged in now if host and guest can; else it is there from the next start on.")


@dataclass(frozen=True, slots=True)
class Added:
    """What became of it, and its key in the list."""

    done: tuple[Applied, ...]
    key: str = ""


async def add(ctx: Context, seen: Seen, kind: Addition, values: Values) -> Added | None:
    """Add it, as jobs. None: it did not work, which they have told; a volume made for it is taken back."""
    made: list[Volume] = []
    if kind.id in ("disk", "existing"):
        found: dict[str, Value] = {}

        async def prepare(_report: Report) -> None:
            connection = ctx.sessions.of(seen.domain.key).require()
            if kind.id == "disk":
                made.append(await _volume(connection, seen, values))
                found.update(path=made[0].path, format=made[0].format or "raw")
            else:
                found.update(format=await _format(connection, str(values["path"]), str(values.get("format", ""))))

        doing = text("Making a disk for {name}", name=seen.domain.name)
        if kind.id == "existing":
            doing = text("Looking at the disk {path}", path=str(values.get("path", "")))
        job: Job = await ctx.jobs.start(doing, prepare, (seen.domain.key,))
        if job.state is not JobState.DONE:
            return None
        values = {**values, **found}
    what, fragment = kind.make(values)
    change = hardware.add_device(what, fragment)
    if kind.later is not None:
        change = hardware.later(what, lambda xml: devices.add_device(xml, fragment), kind.later)
    done = await applying.apply(ctx, seen, [change])
    if isinstance(done, Problem):
        for one in made:
            await ctx.jobs.start(text("Taking back the disk {name}", name=one.name), _take_back(ctx, seen, one))
        return None
    return Added(done, devices.key_of_added(seen.base, fragment))


async def _take_back(ctx: Context, seen: Seen, made: Volume) -> None:
    """Delete a volume that was made for nothing; not one that the running machine has already."""
    connection = ctx.sessions.of(seen.domain.key).require()
    if seen.active:
        running = hardware_xml.parse(await domains.xml(connection, seen.domain.uuid))
        if any(one.source == made.path for one in running.disks):
            return
    await volumes.delete_volume(connection, made.pool, made.name, made.path)


async def _format(connection: Connection, path: str, said: str) -> str:
    """What is in it, as the host knows it; else as it is called."""
    if said:
        return said
    known = await volumes.volume_at(connection, path) if path.startswith("/") else None
    if known is None and not path.startswith("/"):
        pool, _, name = path.partition("/")
        known = await volumes.volume(connection, pool, name)
    word = known.format if known and known.format else _FORMATS.get(PurePosixPath(path).suffix.lower(), "raw")
    return "raw" if word == "iso" else word


async def _volume(connection: Connection, seen: Seen, values: Values) -> Volume:
    pool = await pools.pool(connection, str(values.get("pool") or "default"))
    format_ = str(values.get("format") or "qcow2") if pool.keeps_files else "raw"
    suffix = f".{format_}" if format_ != "raw" else ".img" if pool.keeps_files else ""
    name = str(values.get("name", "")).strip()
    if not name:
        name = await volumes.free_name(connection, pool.name, seen.domain.name, suffix)
    full = bool(values.get("full"))
    return await volumes.create_volume(connection, pool, name, figure(values, "size"), format=format_, full=full)


# ---------------------------------------------------------------- disks


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


def _new_disk(seen: Seen, near: Around) -> Addition:
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


def _old_disk(seen: Seen, near: Around) -> Addition:
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


def _drive(seen: Seen, near: Around) -> Addition:
    hint = text("A file of the host, or POOL/VOLUME. Empty: nothing is in the drive.")
    fields = (Field("path", text("What is in it"), Kind.FILE, "", hint=hint), _bus(seen, near, drive=True))

    def make(values: Values) -> tuple[Text, str]:
        return _disk_of(seen, values, "cdrom")

    return Addition("cdrom", text("CD drive"), "disc", fields, make, later=_STILL)


# ---------------------------------------------------------------- cards and host devices


def _card(seen: Seen, near: Around) -> Addition:
    offered = cards.networks(near.offers)
    mine = [one.mac for one in seen.stored.nics]
    mac = making.free_mac(near.taken, frozenset(mine))
    model = next((one.model for one in seen.stored.nics if one.model), "virtio")
    fields = (
        choice("network", text("Joined to"), _usual(near, offered), offered),
        choice("model", text("Model"), model, plain(*cards.MODELS), free=True),
        Field("mac", text("MAC address"), Kind.TEXT, mac),
    )

    def make(values: Values) -> tuple[Text, str]:
        kind, _, source = str(values["network"]).partition(":")
        address = str(values["mac"]).strip().lower()
        fragment = devices.nic_fragment(kind, source, address, str(values["model"]).strip())
        added = devices.add_device(seen.base, fragment)
        devices.nic_mac(added, devices.key_of_added(seen.base, fragment), address)  # says what is wrong with it
        return text("Network card {mac} ({network})", mac=address, network=cards.where(kind, source)), fragment

    def notes(values: Values) -> Sequence[Text]:
        address = str(values.get("mac", "")).strip().lower()
        if address in near.taken.macs or address in mine:
            return (text("Another card has this address already: they disturb each other on one network."),)
        return ()

    return Addition("nic", text("Network card"), "network", fields, make, notes=notes)


def _usual(near: Around, offered: Sequence[tuple[str, Text | str]]) -> str:
    """What most cards are joined to: the default network if it is on, else another one that is, else the first."""
    on = [one.name for one in near.offers.host.networks if one.active]
    best = "default" if "default" in on else on[0] if on else ""
    return cards.joined_to("network", best) if best else offered[0][0]


def _usb(seen: Seen, near: Around) -> Addition:
    found = near.devices.usb
    offered: list[tuple[str, Text | str]] = [
        (one.name, f"{one.what or one.name} ({one.address}, {one.bus}-{one.device})") for one in found
    ]
    ways: list[tuple[str, Text | str]] = [
        ("device", text("what it is: found again wherever it is plugged in")),
        ("port", text("where it is plugged in now")),
    ]
    fields = (
        choice("device", text("Device"), found[0].name if found else "", offered),
        choice("way", text("Known by"), "device", ways),
        switch("optional", text("The machine starts without it, too"), True),
    )

    def make(values: Values) -> tuple[Text, str]:
        one = next((each for each in found if each.name == values["device"]), None)
        if one is None:
            raise EditError(text("Choose a device first."))
        if values["way"] == "port":
            return text("USB device {what}", what=one.what), devices.usb_port_fragment(one.bus, one.device)
        fragment = devices.usb_fragment(one.vendor, one.product, optional=bool(values["optional"]))
        return text("USB device {what}", what=one.what), fragment

    why = None if found else near.problem or text("No USB device is plugged into the host.")
    return Addition("usb", text("USB device of the host"), "usb", fields, make, why)


def _pci(near: Around) -> Addition:
    found = near.devices.pci
    offered: list[tuple[Value, Text | str]] = [(one.address, _pci_words(one)) for one in found]
    off = tuple((one.address, text("The host isolates no devices (no IOMMU).")) for one in found if one.group is None)
    free = next((one.address for one in found if one.group is not None), "")
    fields = (Field("device", text("Device"), Kind.CHOICE, free, tuple(offered), off=off),)

    def make(values: Values) -> tuple[Text, str]:
        address = str(values["device"])
        if not address:
            raise EditError(text("Choose a device first."))
        return text("PCI device {address}", address=address), devices.pci_fragment(address)

    def notes(values: Values) -> Sequence[Text]:
        one = next((each for each in found if each.address == values.get("device")), None)
        if one is None:
            return ()
        said = [text("The host cannot use it while the machine has it.")]
        if one.driver:
            said.append(text("The host uses it now, by its driver {driver}.", driver=one.driver))
        if one.network:
            said.append(text("It is a network card: the host may lose its connection."))
        rest = [address for address in one.members if address != one.address]
        if rest:
            names = "; ".join(_named(found, address) for address in rest)
            said.append(text("IOMMU group {n}: these go with it, or must be unused: {names}", n=one.group, names=names))
        elif one.group is not None:
            said.append(text("IOMMU group {n}: it stands alone there.", n=one.group))
        return said

    why: Text | None = None
    if not found:
        why = near.problem or text("The host tells of no PCI devices.")
    elif not free:
        why = text("The host isolates no devices: switch on its IOMMU (VT-d, AMD-Vi) in firmware and kernel.")
    return Addition("pci", text("PCI device of the host"), "card", fields, make, why, notes=notes)


def _pci_words(one: HostPci) -> Text | str:
    if one.group is None:
        return f"{one.address}  {one.what}"
    return text("{address}  {what} (IOMMU group {n})", address=one.address, what=one.what, n=one.group)


def _named(found: Sequence[HostPci], address: str) -> str:
    one = next((each for each in found if each.address == address), None)
    return f"{address} {one.what}" if one is not None else address


def _mdev(near: Around) -> Addition:
    found = near.devices.mdev
    offered: list[tuple[str, Text | str]] = [(one.uuid, f"{one.uuid} ({one.type})") for one in found]
    fields = (choice("device", text("Device"), found[0].uuid if found else "", offered),)

    def make(values: Values) -> tuple[Text, str]:
        uuid = str(values["device"])
        return text("Mediated device {uuid}", uuid=uuid), devices.mdev_fragment(uuid)

    why = None if found else text("The host has no mediated devices; they are made with mdevctl.")
    return Addition("mdev", text("Mediated device"), "card", fields, make, why)


def _folder(seen: Seen) -> Addition:
    shared = seen.stored.memory.shared
    offered: list[tuple[str, Text | str]] = [
        ("virtiofs", text("virtiofs (fast)")),
        ("path", text("9p (older systems)")),
    ]
    fields = (
        Field("folder", text("Folder"), Kind.FOLDER, ""),
        Field("tag", text("Name for the guest"), Kind.TEXT, "share"),
        choice("driver", text("Driver"), "virtiofs" if shared else "path", offered),
        switch("readonly", text("Read-only"), False),
    )

    def make(values: Values) -> tuple[Text, str]:
        path, tag, driver = (str(values[name]).strip() for name in ("folder", "tag", "driver"))
        if not path.startswith("/"):
            raise EditError(text("Give the folder with its whole path."))
        if not tag or any(one.target == tag for one in seen.stored.folders):
            raise EditError(text("The guest needs a name for it, and each folder another one."))
        fragment = devices.folder_fragment(
            path, tag, driver=driver, readonly=bool(values["readonly"]) and driver != "virtiofs"
        )
        return text("Shared folder {name}", name=tag), fragment

    def notes(values: Values) -> Sequence[Text]:
        tag = str(values.get("tag", "")).strip() or "share"
        if values.get("driver") == "virtiofs":
            said = [text("In the guest: {command}", command=f"mount -t virtiofs {tag} /mnt")]
            if not shared:
                said.append(text("It needs shared memory: switch that on under Memory first."))
            if values.get("readonly"):
                said.append(text("virtiofs cannot be made read-only here: the guest may write."))
            return said
        return (text("In the guest: {command}", command=f"mount -t 9p -o trans=virtio {tag} /mnt"),)

    return Addition("folder", text("Shared folder"), "folder", fields, make, notes=notes)


# ---------------------------------------------------------------- the rest


def _nothing(
    id_: str, title: Text, icon: str, make: Callable[[], str], words: Text, why: Text | None = None
) -> Addition:
    later = _STILL if id_ in NEVER_LIVE else None
    return Addition(id_, title, icon, (fact(text("What it is"), words),), lambda _values: (title, make()), why, later)


def _simple(
    id_: str, title: Text, icon: str, models: Sequence[str], make: Callable[[str], str], why: Text | None = None
) -> Addition:
    fields = (choice("model", text("Model"), models[0], plain(*models)),)

    def made(values: Values) -> tuple[Text, str]:
        model = str(values["model"])
        return text("{device} {model}", device=title, model=model), make(model)

    return Addition(id_, title, icon, fields, made, why, _STILL if id_ in NEVER_LIVE else None)


def _videos(seen: Seen, near: Around) -> Sequence[str]:
    """The best first; a second one is of a kind that need not be the first."""
    known = near.offers.machine.common.video or VIDEOS
    offered = [one for one in VIDEOS if one in known]
    if seen.stored.videos:
        offered = [one for one in offered if one in ("virtio", "qxl")]
    return offered or ("virtio",)


def _graphics(seen: Seen, near: Around) -> Addition:
    names = {"spice": "SPICE", "vnc": "VNC", "dbus": "D-Bus"}
    had = {one.kind for one in seen.stored.graphics}
    told = near.offers.machine.common.graphics
    kinds = [kind for kind in names if kind not in had and (not told or kind in told)]
    fields = (
        choice("kind", text("Kind"), kinds[0] if kinds else "", [(kind, names[kind]) for kind in kinds]),
        fact(text("Listens at"), text("a socket of the host: VMDesk finds it, no port is open")),
    )
    why = None if kinds else text("The machine has every kind of display that the host knows.")

    def make(values: Values) -> tuple[Text, str]:
        kind = str(values["kind"])
        return text("Display {kind}", kind=names.get(kind, kind)), devices.graphics_fragment(kind)

    return Addition("graphics", text("Display"), "monitor", fields, make, why, _STILL)


def _input() -> Addition:
    kinds: list[tuple[str, Text | str]] = [
        ("tablet", text("Tablet")),
        ("mouse", text("Mouse")),
        ("keyboard", text("Keyboard")),
    ]
    fields = (
        choice("kind", text("Kind"), "tablet", kinds),
        choice("bus", text("Bus"), "usb", plain("usb", "virtio")),
    )

    def make(values: Values) -> tuple[Text, str]:
        kind = str(values["kind"])
        what = text("{device} {model}", device=dict(kinds)[kind], model=str(values["bus"]))
        return what, devices.input_fragment(kind, str(values["bus"]))

    return Addition("input", text("Input"), "keyboard-outline", fields, make)


def _channel(seen: Seen) -> Addition:
    had = {one.name for one in seen.stored.channels}
    offered: list[tuple[str, Text | str]] = [
        (AGENT, text("QEMU guest agent: addresses, clean shutdown, file systems at rest")),
        ("com.redhat.spice.0", text("SPICE agent: clipboard, size of the screen")),
    ]
    offered = [one for one in offered if one[0] not in had]
    fields = (choice("name", text("For"), offered[0][0] if offered else "org.example.0", offered, free=True),)

    def make(values: Values) -> tuple[Text, str]:
        name = str(values["name"]).strip()
        if not name or name in had:
            raise EditError(text("A channel needs a name that no other has."))
        kind = "spicevmc" if name == "com.redhat.spice.0" else "unix"
        return text("Channel {name}", name=name), devices.channel_fragment(name, kind)

    return Addition("channel", text("Channel"), "link", fields, make)


def _tpm(seen: Seen, near: Around) -> Addition:
    fields = (
        choice("model", text("Model"), "tpm-crb", plain("tpm-crb", "tpm-tis")),
        choice("version", text("Version"), "2.0", plain("2.0", "1.2")),
    )

    def make(values: Values) -> tuple[Text, str]:
        version = str(values["version"])
        return text("TPM {version}", version=version), devices.tpm_fragment(str(values["model"]), version)

    return Addition("tpm", text("TPM"), "shield-check", fields, make, _ONE if seen.stored.tpms else None, _STILL)


def _watchdog(seen: Seen) -> Addition:
    fields = (
        choice("model", text("Model"), "i6300esb", plain("i6300esb", "itco", "ib700", "diag288")),
        choice("action", text("If the guest hangs"), "reset", list(ACTIONS.items())),
    )

    def make(values: Values) -> tuple[Text, str]:
        return text("Watchdog"), devices.watchdog_fragment(str(values["model"]), str(values["action"]))

    return Addition("watchdog", text("Watchdog"), "timer-alert", fields, make, _ONE if seen.stored.watchdogs else None)


def _vsock(seen: Seen) -> Addition:
    hint = text("By this number programs of the host reach the guest. 0: chosen at the start.")
    fields = (Field("cid", text("Address (CID)"), Kind.NUMBER, 0, hint=hint),)

    def make(values: Values) -> tuple[Text, str]:
        cid = figure(values, "cid")
        if cid in (1, 2):
            raise EditError(text("1 and 2 are the host's own: choose 3 or more, or 0."))
        return text("vsock"), devices.vsock_fragment(cid or None)

    return Addition("vsock", text("vsock"), "ip-network", fields, make, _ONE if seen.stored.vsocks else None)


def _memory(seen: Seen) -> Addition:
    live = seen.running.memory if seen.running else seen.stored.memory
    kinds: list[tuple[str, Text | str]] = [
        ("dimm", text("DIMM")),
        ("virtio", text("virtio-mem: gives and takes in small blocks")),
    ]
    fields = (
        Field("size", text("Size"), Kind.MEMORY, 1024 * 1024, low=1),
        choice("kind", text("Kind"), "dimm", kinds),
        Field("node", text("NUMA node"), Kind.NUMBER, 0, hint=text("Of the guest."), high=1023),
    )
    why = None
    if not live.slots_kib:
        why = text("It was built without room for more: give it some under Memory, “Room for more”.")

    def make(values: Values) -> tuple[Text, str]:
        size = figure(values, "size")
        if size % 2048:
            raise EditError(text("Memory is added in steps of 2 MiB."))
        virtio = values["kind"] == "virtio"
        fragment = devices.dimm_fragment(size, figure(values, "node"), virtio=virtio)
        return text("Memory device of {n} MiB", n=size // 1024), fragment

    return Addition("memory", text("Memory device"), "memory", fields, make, why)


def _controller() -> Addition:
    models = {
        "scsi": ("virtio-scsi", "lsilogic", "megasas"),
        "usb": ("qemu-xhci", "ich9-ehci1", "piix3-uhci"),
        "virtio-serial": (),
        "sata": (),
        "pci": ("pcie-root-port", "pci-bridge", "pcie-to-pci-bridge"),
    }
    offered: list[tuple[str, Text | str]] = [
        (f"{kind}:{model}", f"{kind} {model}".strip()) for kind, names in models.items() for model in names or ("",)
    ]
    fields = (choice("kind", text("Kind"), "scsi:virtio-scsi", offered),)

    def make(values: Values) -> tuple[Text, str]:
        kind, _, model = str(values["kind"]).partition(":")
        what = text("{device} {model}", device=text("Controller"), model=f"{kind} {model}".strip())
        return what, devices.controller_fragment(kind, model)

    return Addition("controller", text("Controller"), "server-network", fields, make)


def _size(bytes_: int) -> str:
    return f"{bytes_ / GIB:.0f} GiB"
