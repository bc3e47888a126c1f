"""Devices: added, changed, removed. One is called by its key, target, MAC or alias; its neighbours stay as they are."""

import re
from collections.abc import Iterable

from lxml import etree

from vmdesk.model.storage import NetworkPlace
from vmdesk.model.text import text
from vmdesk.virtxml import devices as naming
from vmdesk.virtxml import network_disk
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.edit.limits import find_one
from vmdesk.virtxml.edit.tree import Definition, EditError, add, drop, ensure, put, replace

TAGS = (
    *("disk", "controller", "lease", "filesystem", "interface", "smartcard", "serial", "parallel", "console"),
    *("channel", "input", "tpm", "graphics", "sound", "audio", "video", "hostdev", "redirdev", "redirfilter"),
    *("hub", "watchdog", "memballoon", "rng", "nvram", "panic", "shmem", "memory", "iommu", "vsock", "crypto"),
)
_PREFIXES = {"virtio": "vd", "ide": "hd", "xen": "xvd", "fdc": "fd"}


def device(xml: str, word: str) -> str:
    """A device as it stands there: what hot-plug wants. Raises EditError."""
    found = find_one(Definition(xml).domain, word)
    return etree.tostring(found, encoding="unicode", with_tail=False)


def alias_of(fragment: str) -> str:
    """libvirt's own name of a running machine's device."""
    return naming.alias(root(fragment))


def key(xml: str, word: str) -> str:
    """Its key. Raises EditError."""
    domain = Definition(xml).domain
    wanted = find_one(domain, word)
    return next(key for key, one in naming.keyed(domain) if one is wanted)


def key_of_added(xml: str, fragment: str) -> str:
    """The key that a device would have once it is added."""
    added = Definition(add_device(xml, fragment)).domain
    before = {key for key, _ in naming.keyed(Definition(xml).domain)}
    return next((key for key, _ in naming.keyed(added) if key not in before), "")


def add_device(xml: str, fragment: str) -> str:
    """Put a new device behind those of its kind. Raises XmlError, EditError."""
    definition = Definition(xml)
    element = _read(fragment)
    devices = ensure(definition.domain, "devices")
    place = TAGS.index(str(element.tag))
    before = [one for one in devices if one.tag in ("emulator", *TAGS[: place + 1])]
    same = [one for one in before if one.tag == element.tag]
    last = (same or before)[-1:]
    add(devices, element, after=last[0] if last else None)
    return definition.text


def remove_device(xml: str, word: str) -> str:
    """Take a device out. Raises EditError."""
    definition = Definition(xml)
    drop(find_one(definition.domain, word))
    return definition.text


def replace_device(xml: str, word: str, fragment: str) -> str:
    """Put another one in its place. Raises XmlError, EditError."""
    definition = Definition(xml)
    old, new = find_one(definition.domain, word), _read(fragment)
    if new.tag != old.tag:
        raise EditError(text("A {old} cannot become a {new}.", old=old.tag, new=new.tag))
    replace(old, new)
    return definition.text


def put_in_device(xml: str, word: str, path: str, attribute: str | None, value: str | None) -> str:
    """Say one thing of a device, at a plain path below it ("" for itself); None takes it away. Raises EditError."""
    definition = Definition(xml)
    found = find_one(definition.domain, word)
    if path:
        put(found, path, attribute, value)
    elif attribute is None:
        raise EditError(text("The machine has no device {word}.", word=word))
    elif value is not None:
        found.set(attribute, value)
    elif attribute in found.attrib:
        del found.attrib[attribute]
    return definition.text


# ---------------------------------------------------------------- drives


def drive(xml: str, word: str = "") -> str:
    """The target of the CD or floppy drive meant: that one, else the first empty CD drive, else the first."""
    domain = Definition(xml).domain
    if word:
        found = find_one(domain, word, "disk")
        if found.get("device") not in ("cdrom", "floppy"):
            raise EditError(text("{word} is not a drive: nothing can be put into it.", word=word))
        return _target(found)
    drives = [one for one in domain.findall("devices/disk") if one.get("device") == "cdrom"]
    if not drives:
        raise EditError(text("The machine has no CD drive."))
    return _target(next((one for one in drives if one.find("source") is None), drives[0]))


def full_drive(xml: str) -> str:
    """The target of the first CD drive with a medium. Raises EditError."""
    for one in Definition(xml).domain.findall("devices/disk"):
        if one.get("device") == "cdrom" and one.find("source") is not None:
            return _target(one)
    raise EditError(text("There is no medium in a CD drive."))


def insert(xml: str, word: str, file: str = "", pool: str = "", volume: str = "") -> str:
    """Put a medium into a drive: a file of the host or a volume. Raises EditError."""
    definition = Definition(xml)
    found = find_one(definition.domain, word, "disk")
    if found.get("device") not in ("cdrom", "floppy"):
        raise EditError(text("{word} is not a drive: nothing can be put into it.", word=word))
    made = etree.Element("source")
    if pool:
        made.set("pool", pool)
        made.set("volume", volume)
    else:
        made.set("file", file)
    _set(found, "type", "volume" if pool else "file")
    driver = found.find("driver")
    if driver is not None and driver.get("type"):
        _set(driver, "type", "raw")
    old = found.find("source")
    if old is not None:
        replace(old, made)
    else:
        add(found, made, after=driver, first=driver is None)
    for chain in found.findall("backingStore"):
        drop(chain)
    return definition.text


def eject(xml: str, word: str) -> str:
    """Take the medium out. Raises EditError."""
    definition = Definition(xml)
    found = find_one(definition.domain, word, "disk")
    if found.get("device") not in ("cdrom", "floppy"):
        raise EditError(text("{word} is not a drive: nothing can be put into it.", word=word))
    for tag in ("source", "backingStore"):
        for one in found.findall(tag):
            drop(one)
    if found.get("type") not in ("file", "block"):
        _set(found, "type", "file")
    return definition.text


def disk_bus(xml: str, word: str, bus: str) -> str:
    """Connect a disk to another bus: it gets a new target there, and a place that libvirt chooses. Raises EditError."""
    definition = Definition(xml)
    found = find_one(definition.domain, word, "disk")
    where = found.find("target")
    if where is None or where.get("bus") == bus:
        return definition.text
    if not _target(found).startswith(_PREFIXES.get(bus, "sd")):
        _set(where, "dev", free_target(xml, bus))
    _set(where, "bus", bus)
    for tag in ("address", "alias"):
        for one in found.findall(tag):
            drop(one)
    return definition.text


def video_model(xml: str, word: str, model: str) -> str:
    """Another graphics adapter; how much memory the old one had says nothing about the new one. Raises EditError."""
    definition = Definition(xml)
    put(find_one(definition.domain, word, "video"), "model", "type", model)
    said = find_one(definition.domain, word, "video").find("model")
    for name in ("ram", "vram", "vram64", "vgamem"):
        if said is not None and name in said.attrib:
            del said.attrib[name]
    return definition.text


def graphics_listen(xml: str, word: str, way: str, address: str = "") -> str:
    """Where a SPICE or VNC server listens: "socket", "none" (nowhere) or an "address" of the host. Raises EditError."""
    definition = Definition(xml)
    found = find_one(definition.domain, word, "graphics")
    for one in found.findall("listen"):
        drop(one)
    for name in ("listen", "socket"):
        if name in found.attrib:
            del found.attrib[name]
    if way == "address":
        _set(found, "listen", address)
        if not found.get("port"):
            found.set("port", "-1")
            found.set("autoport", "yes")
    else:
        for name in ("port", "autoport", "tlsPort"):
            if name in found.attrib:
                del found.attrib[name]
        add(found, "listen", first=True).set("type", way)
        return definition.text
    made = add(found, "listen", first=True)
    made.set("type", "address")
    made.set("address", address)
    return definition.text


def requested(xml: str, word: str, kib: int) -> str:
    """How much a virtio-mem device shall give now. Raises EditError."""
    definition = Definition(xml)
    found = find_one(definition.domain, word, "memory")
    if found.get("model") != "virtio-mem":
        raise EditError(text("The machine has no device {word}.", word=word))
    put(found, "target/requested", None, str(kib))
    put(found, "target/requested", "unit", "KiB")
    return definition.text


def graphics_password(xml: str, word: str, password: str) -> str:
    """Another password, "" for none; how long the old one was valid goes with it. Raises EditError."""
    definition = Definition(xml)
    found = find_one(definition.domain, word, "graphics")
    for name in ("passwd", "passwdValidTo"):
        if name in found.attrib:
            del found.attrib[name]
    if password:
        found.set("passwd", password)
    return definition.text


def free_target(xml: str, bus: str) -> str:
    """The next free name of a disk on that bus: vdb."""
    taken = {_target(one) for one in Definition(xml).domain.findall("devices/disk")}
    prefix = _PREFIXES.get(bus, "sd")
    for place in range(702):
        letters = chr(ord("a") + place % 26)
        if place >= 26:
            letters = chr(ord("a") + place // 26 - 1) + letters
        if prefix + letters not in taken:
            return prefix + letters
    raise EditError(text("The machine has no room for another disk."))


# ---------------------------------------------------------------- cards


def link(xml: str, word: str, up: bool) -> str:
    """Plug or unplug a network card's cable. Raises EditError."""
    return _card(xml, word, "link", "state", None if up else "down")


def nic_model(xml: str, word: str, model: str) -> str:
    return _card(xml, word, "model", "type", model)


def nic_mac(xml: str, word: str, mac: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", mac):
        raise EditError(text("{mac} is not a MAC address.", mac=mac))
    return _card(xml, word, "mac", "address", mac.lower())


def nic_source(xml: str, word: str, kind: str, source: str) -> str:
    """Join another network (kind network), bridge (bridge), device of the host (direct), or user networking (user)."""
    definition = Definition(xml)
    found = find_one(definition.domain, word, "interface")
    _set(found, "type", kind)
    name = {"network": "network", "bridge": "bridge", "direct": "dev"}.get(kind)
    old = found.find("source")
    if name is None:
        if old is not None:
            drop(old)
        return definition.text
    if old is None:
        old = add(found, "source", after=found.find("mac"), first=found.find("mac") is None)
    # What libvirt noted of the old one (port's UUID, bridge) is not the new one's.
    for attribute in list(old.attrib):
        if attribute not in (name, "mode"):
            del old.attrib[attribute]
    if kind == "direct" and not old.get("mode"):
        old.set("mode", "bridge")
    elif kind != "direct" and "mode" in old.attrib:
        del old.attrib["mode"]
    _set(old, name, source)
    return definition.text


def _card(xml: str, word: str, path: str, attribute: str, value: str | None) -> str:
    definition = Definition(xml)
    put(find_one(definition.domain, word, "interface"), path, attribute, value)
    return definition.text


# ---------------------------------------------------------------- fragments


def _fragment(tag: str, children: Iterable[etree._Element | None], **attributes: str) -> str:
    made = etree.Element(tag)
    for name, value in attributes.items():
        if value:
            made.set(name, value)
    made.extend([child for child in children if child is not None])
    return etree.tostring(made, encoding="unicode")


def _el(tag: str, words: str | None = None, **attributes: str) -> etree._Element:
    made = etree.Element(tag)
    for name, value in attributes.items():
        if value:
            made.set(name, value)
    made.text = words
    return made


def disk_fragment(
    target: str,
    bus: str,
    *,
    file: str = "",
    pool: str = "",
    volume: str = "",
    block: str = "",
    format: str = "raw",  # noqa: A002 - libvirt's word
    device: str = "disk",
    readonly: bool = False,
) -> str:
    """A disk or an (empty) drive."""
    kind = "volume" if pool else "block" if block else "file"
    source = _el("source", file=file, dev=block, pool=pool, volume=volume) if file or block or pool else None
    driver = _el("driver", name="qemu", type=format, discard="unmap" if device == "disk" else "")
    return _fragment(
        "disk",
        (driver, source, _el("target", dev=target, bus=bus), _el("readonly") if readonly else None),
        type=kind,
        device=device,
    )


def encrypted(fragment: str, secret: str) -> str:
    """That disk with the passphrase that libvirt keeps under the UUID `secret`; "" for none."""
    disk = root(fragment)
    source = disk.find("source")
    if source is None or not secret:
        return fragment
    source.append(network_disk.encryption(secret))
    return etree.tostring(disk, encoding="unicode")


def far_disk_fragment(target: str, bus: str, place: NetworkPlace, kind: str = "raw", readonly: bool = False) -> str:
    """A disk that QEMU reaches over the network; `kind`: its format."""
    driver = _el("driver", name="qemu", type=kind, discard="unmap")
    more = _el("readonly") if readonly else None
    parts = (driver, network_disk.source(place), _el("target", dev=target, bus=bus), more)
    return _fragment("disk", parts, type="network", device="disk")


def nic_fragment(kind: str, source: str, mac: str, model: str = "") -> str:
    """A network card."""
    name = {"network": "network", "bridge": "bridge", "direct": "dev"}.get(kind, "")
    where = _el("source", **{name: source}, mode="bridge" if kind == "direct" else "") if name else None
    return _fragment(
        "interface", (_el("mac", address=mac), where, _el("model", type=model) if model else None), type=kind
    )


def usb_fragment(vendor: str, product: str, *, optional: bool = True) -> str:
    """A USB device of the host, by what it is: found again wherever it is plugged in. Numbers as 4 hex digits."""
    source = _el("source", startupPolicy="optional" if optional else "")
    source.extend([_el("vendor", id=f"0x{vendor}"), _el("product", id=f"0x{product}")])
    return _fragment("hostdev", (source,), mode="subsystem", type="usb", managed="yes")


def usb_port_fragment(bus: int, device: int) -> str:
    """A USB device of the host, by where it is plugged in now."""
    source = _el("source")
    source.append(_el("address", bus=str(bus), device=str(device)))
    return _fragment("hostdev", (source,), mode="subsystem", type="usb", managed="yes")


def pci_fragment(address: str) -> str:
    """A PCI device of the host: "0000:65:00.0". Raises EditError."""
    found = re.fullmatch(r"([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", address.lower())
    if found is None:
        raise EditError(text("{address} is not the address of a PCI device.", address=address))
    names = ("domain", "bus", "slot", "function")
    source = _el("source")
    source.append(_el("address", **{name: f"0x{part}" for name, part in zip(names, found.groups())}))
    return _fragment("hostdev", (source,), mode="subsystem", type="pci", managed="yes")


def mdev_fragment(uuid: str, model: str = "vfio-pci") -> str:
    """A mediated device of the host (a slice of a graphics card)."""
    source = _el("source")
    source.append(_el("address", uuid=uuid))
    return _fragment("hostdev", (source,), mode="subsystem", type="mdev", model=model)


def redirection_fragment() -> str:
    """A port for USB devices of whoever looks at the screen."""
    return _fragment("redirdev", (), bus="usb", type="spicevmc")


def dimm_fragment(size_kib: int, node: int = 0, *, virtio: bool = False, block_kib: int = 2048) -> str:
    """Memory to be added: a DIMM, or a block of virtio-mem that gives and takes."""
    target = _el("target")
    size = _el("size", str(size_kib), unit="KiB")
    target.append(size)
    target.append(_el("node", str(node)))
    if virtio:
        target.append(_el("block", str(block_kib), unit="KiB"))
        target.append(_el("requested", str(size_kib), unit="KiB"))
    return _fragment("memory", (target,), model="virtio-mem" if virtio else "dimm")


def folder_fragment(path: str, tag: str, *, driver: str = "virtiofs", readonly: bool = False) -> str:
    """A folder of the host for the guest, by virtiofs or 9p ("path")."""
    parts = (
        _el("driver", type=driver),
        _el("source", dir=path),
        _el("target", dir=tag),
        _el("readonly") if readonly else None,
    )
    return _fragment("filesystem", parts, type="mount", accessmode="passthrough" if driver == "virtiofs" else "mapped")


def tpm_fragment(model: str = "tpm-crb", version: str = "2.0") -> str:
    return _fragment("tpm", (_el("backend", type="emulator", version=version),), model=model)


def rng_fragment(source: str = "/dev/urandom") -> str:
    return _fragment("rng", (_el("backend", source, model="random"),), model="virtio")


def watchdog_fragment(model: str, action: str = "reset") -> str:
    return _fragment("watchdog", (), model=model, action=action)


def panic_fragment(model: str = "isa") -> str:
    return _fragment("panic", (), model=model)


def vsock_fragment(cid: int | None = None) -> str:
    number = _el("cid", auto="no" if cid else "yes", address=str(cid) if cid else "")
    return _fragment("vsock", (number,), model="virtio")


def sound_fragment(model: str) -> str:
    return _fragment("sound", (), model=model)


def video_fragment(model: str) -> str:
    return _fragment("video", (_el("model", type=model),))


def input_fragment(kind: str, bus: str = "usb") -> str:
    return _fragment("input", (), type=kind, bus=bus)


def serial_fragment() -> str:
    return _fragment("serial", (), type="pty")


def channel_fragment(name: str, kind: str = "unix") -> str:
    return _fragment("channel", (_el("target", type="virtio", name=name),), type=kind)


def controller_fragment(kind: str, model: str = "") -> str:
    return _fragment("controller", (), type=kind, model=model)


def graphics_fragment(kind: str) -> str:
    listen = None if kind == "dbus" else _el("listen", type="socket")
    return _fragment("graphics", (listen,), type=kind, p2p="yes" if kind == "dbus" else "")


def _read(fragment: str) -> etree._Element:
    found = root(fragment)
    if found.tag not in TAGS:
        raise XmlError(f"<{found.tag}> is not a device")
    return found


def _target(disk: etree._Element) -> str:
    found = disk.find("target")
    return (found.get("dev") or "") if found is not None else ""


def _set(element: etree._Element, name: str, value: str) -> None:
    if element.get(name) != value:
        element.set(name, value)
