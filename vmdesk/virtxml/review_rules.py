"""What in a definition reaches for the host: one rule for each kind, and one for what no other knows."""

import ipaddress
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from lxml import etree

from vmdesk.model.text import Text, text

_SHORT = 300
_WORDS = ("name", "title", "description", "cmdline", "metadata")
_PATHS = ("/", "../", "./", "file:")
_RANDOM = ("/dev/urandom", "/dev/random", "/dev/hwrng")


@dataclass(frozen=True, slots=True)
class Found:
    """`remove` is taken out if the finding is not allowed: the element, or one attribute of it."""

    element: etree._Element
    what: Text
    why: Text
    value: str
    remove: etree._Element
    attribute: str = ""


Rule = Callable[[etree._Element], Iterator[Found]]


def found_in(domain: etree._Element) -> Iterator[Found]:
    """Each thing once: what a rule names is not named again by the last one, which looks for paths."""
    all_found = [found for rule in _RULES for found in rule(domain)]
    covered: set[tuple[etree._Element, str]] = set()
    for found in all_found:
        if found.attribute:
            covered.add((found.element, found.attribute))
        else:
            covered.update((element, "") for element in found.element.iter())
    all_found += _paths(domain, covered)
    order = {element: place for place, element in enumerate(domain.iter())}
    yield from sorted(all_found, key=lambda one: order[one.element])


def _whole(domain: etree._Element, path: str, what: Text, why: Text) -> Iterator[Found]:
    for element in domain.findall(path):
        yield Found(element, what, why, _value(element), element)


def _programs(domain: etree._Element) -> Iterator[Found]:
    program = text("It is a program that runs on the host.")
    yield from _whole(domain, "devices/emulator", text("Its own emulator"), program)
    for path in ("bootloader", "bootloader_args"):
        yield from _whole(domain, path, text("A boot loader of the host"), program)
    for path in ("script", "downscript"):
        yield from _whole(domain, f"devices/interface/{path}", text("A script for the network card"), program)
    for name in ("init", "initarg", "initenv", "initdir", "inituser", "initgroup"):
        why = text("It runs on the host's own kernel, in the container.")
        yield from _whole(domain, f"os/{name}", text("What the container runs"), why)


def _foreign(domain: etree._Element) -> Iterator[Found]:
    """Elements of other namespaces; inside <metadata> they are notes."""
    what = text("Settings past libvirt")
    why = text("They go to the hypervisor unchecked: they can read and write any file, and run programs.")
    for element in domain.iterdescendants("{*}*"):
        if in_metadata(element):
            continue
        above = element.getparent()
        inside = above is not None and etree.QName(above).namespace is not None
        if etree.QName(element).namespace is not None and not inside:
            yield Found(element, what, why, _value(element), element)
    for element in domain.iter(etree.Element):
        for name in element.attrib:
            if str(name).startswith("{") and not in_metadata(element):
                value = cut(f"{etree.QName(str(name)).localname}={element.attrib[name]!s}")
                yield Found(element, what, why, value, element, str(name))


def _firmware(domain: etree._Element) -> Iterator[Found]:
    read = text("A file of the host: the guest reads it.")
    written = text("A file of the host: the guest writes it.")
    for element in domain.findall("os/loader"):
        if (element.text or "").strip():
            yield Found(element, text("Its own firmware"), read, _value(element), element)
    for element in domain.findall("os/nvram"):
        if (element.text or "").strip() or element.attrib or len(element):
            yield Found(element, text("Its own memory for UEFI's settings"), written, _value(element), element)
    for name in ("kernel", "initrd", "dtb", "shim"):
        yield from _whole(domain, f"os/{name}", text("A kernel from a file of the host"), read)
    yield from _whole(domain, "os/acpi/table", text("A table for ACPI from a file of the host"), read)
    for element in domain.findall("sysinfo[@type='fwcfg']/entry"):
        if element.get("file"):
            yield Found(element, text("A file handed to the firmware"), read, _value(element), element)


def _disks(domain: etree._Element) -> Iterator[Found]:
    why_file = text("The guest reads and writes it, whosever it is.")
    why_device = text("A device of the host: the guest reads and writes it, past the host's file systems.")
    why_network = text("The host connects to it, with what the host may do there.")
    why_below = text("The guest reads what stands in it.")
    for disk in domain.findall("devices/disk"):
        kind, device = disk.get("type") or "file", disk.get("device") or "disk"
        sources = disk.findall("source")
        mirrors = disk.findall("mirror")
        why = {"file": why_file, "volume": why_file, "network": why_network}.get(kind, why_device)
        what = text("A disk of the host") if device in ("disk", "lun") else text("A medium of the host")
        for element in (*sources, *mirrors):
            if not element.attrib and not len(element):
                continue
            # A drive without a medium is a drive; a disk without a source is nothing.
            whole = device in ("disk", "lun") or element.tag == "mirror" or kind in ("nvme", "vhostuser", "vhostvdpa")
            yield Found(element, what, why, _value(element), disk if whole else element)
        for below in disk.findall("backingStore"):
            if len(below) or below.attrib:
                yield Found(below, text("Files below a disk"), why_below, _value(below), below)
        for name in ("rawio", "sgio"):
            if disk.get(name) not in (None, "no", "filtered"):
                yield Found(
                    disk, text("SCSI commands past the host"), why_device, f"{name}={disk.get(name)}", disk, name
                )


def _host_devices(domain: etree._Element) -> Iterator[Found]:
    device = text("A device of the host is taken away from it and given to the guest.")
    yield from _whole(domain, "devices/hostdev", text("A device of the host"), device)
    memory = text("Memory shared with other programs of the host.")
    yield from _whole(domain, "devices/shmem", text("Shared memory"), memory)
    folder = text("A folder of the host: the guest reads it, and writes it if it may.")
    yield from _whole(domain, "devices/filesystem", text("A folder of the host"), folder)
    yield from _whole(domain, "devices/lease", text("A lock on the host"), text("It is kept in a file of the host."))
    for path in ("devices/input[@type='passthrough']", "devices/input[@type='evdev']"):
        why = text("All that is typed on the host's keyboard goes to the guest.")
        yield from _whole(domain, path, text("A keyboard or mouse of the host"), why)
    for tpm in domain.findall("devices/tpm"):
        backend = tpm.find("backend")
        kind = backend.get("type") if backend is not None else ""
        if kind != "emulator" or any(True for _ in tpm.iterfind("backend/source")):
            yield Found(tpm, text("The host's own TPM"), text("Its keys are the host's."), _value(tpm), tpm)
    for card in domain.findall("devices/smartcard"):
        if card.get("mode") in ("host", "host-certificates"):
            yield Found(card, text("The host's smart card"), text("Its keys are the host's."), _value(card), card)
    for path in ("devices/memory", "memoryBacking/source"):
        for element in domain.findall(path):
            if element.get("type") == "file" or element.get("model") in ("nvdimm", "virtio-pmem", "sgx-epc"):
                what = text("Memory in a file of the host")
                yield Found(
                    element, what, text("The guest reads and writes it, whosever it is."), _value(element), element
                )
    yield from _whole(
        domain, "memoryBacking/locked", text("Locked memory"), text("The host cannot take it back when it needs it.")
    )


_CHARACTERS = ("serial", "parallel", "console", "channel", "redirdev", "smartcard", "rng/backend")
_HARMLESS = ("pty", "null", "vc", "spicevmc", "spiceport", "qemu-vdagent", "dbus", "")


def _ports(domain: etree._Element) -> Iterator[Found]:
    """Serial ports, consoles and channels that lead to something on the host."""
    why = text("What the guest says goes there, and what comes from there goes to the guest.")
    log = text("The host writes all that the guest says into this file.")
    for name in _CHARACTERS:
        for element in domain.findall(f"devices/{name}"):
            kind = element.get("type") or ""
            what = text("A port that leads to the host ({kind})", kind=kind)
            sources = [source for source in element.findall("source") if source.get("path")]
            if kind == "pty" or (kind == "unix" and name == "channel"):
                # Without its path it is one that libvirt makes itself.
                for source in sources:
                    yield Found(source, what, why, _value(source), source)
            elif kind not in _HARMLESS:
                device = element.getparent() if name == "rng/backend" else element
                assert device is not None
                yield Found(element, what, why, _value(element), device)
            for file in element.findall("log"):
                yield Found(file, text("A log of a port"), log, _value(file), file)
    for element in domain.findall("devices/rng/backend"):
        where = (element.text or "").strip()
        if element.get("model") == "random" and where not in ("", *_RANDOM):
            parent = element.getparent()
            assert parent is not None
            yield Found(element, text("Random numbers from a file of the host"), why, cut(where), parent)
        elif element.get("model") == "egd" and element.get("type") is None:
            parent = element.getparent()
            assert parent is not None
            yield Found(element, text("Random numbers from elsewhere"), why, _value(element), parent)


def _screens(domain: etree._Element) -> Iterator[Found]:
    public = text("Everybody who reaches the host reaches the screen.")
    own = text("It is on the host's own screen, or connected to programs of the host.")
    for graphics in domain.findall("devices/graphics"):
        if _is_public(graphics.get("listen")):
            yield Found(
                graphics,
                text("A screen open to the network"),
                public,
                f"listen={graphics.get('listen')}",
                graphics,
                "listen",
            )
        for listen in graphics.findall("listen"):
            kind = listen.get("type")
            if kind == "network" or (kind == "address" and _is_public(listen.get("address"))):
                yield Found(listen, text("A screen open to the network"), public, _value(listen), listen)
            elif listen.get("socket"):
                yield Found(listen, text("A socket of its own choice"), own, _value(listen), listen)
        for name in ("socket", "address", "display", "xauth"):
            if graphics.get(name):
                yield Found(
                    graphics, text("A socket of its own choice"), own, f"{name}={graphics.get(name)}", graphics, name
                )
        if graphics.get("type") == "sdl":
            yield Found(graphics, text("A window on the host"), own, _value(graphics), graphics)
        if graphics.get("passwd"):
            why = text("Whoever wrote this file knows it.")
            yield Found(graphics, text("A password for the screen"), why, "", graphics, "passwd")
    for path in ("devices/graphics/gl[@rendernode]", "devices/video/model/acceleration[@rendernode]"):
        yield from _whole(domain, path, text("The host's graphics card"), own)
    for element in domain.findall("devices/audio"):
        if element.get("type") not in ("none", "spice", "dbus"):
            why = text("The guest hears and speaks through the host's loudspeaker and microphone.")
            yield Found(element, text("Sound of the host"), why, _value(element), element)


def _networks(domain: etree._Element) -> Iterator[Found]:
    why = text("It is connected to other programs of the host, or to other computers.")
    for nic in domain.findall("devices/interface"):
        kind = nic.get("type") or ""
        if kind == "hostdev":
            device = text("A device of the host is taken away from it and given to the guest.")
            yield Found(nic, text("A device of the host"), device, _value(nic), nic)
        elif kind not in ("network", "bridge", "user", "direct", "internal", "null"):
            what = text("A network card of an unusual kind ({kind})", kind=kind)
            yield Found(nic, what, why, _value(nic), nic)
        for backend in nic.findall("backend"):
            if set(backend.attrib) - {"type"}:
                yield Found(backend, text("Devices behind a network card"), why, _value(backend), backend)
        for forward in nic.findall("portForward"):
            if _is_public(forward.get("address"), unsaid=True):
                opened = text("Everybody who reaches the host reaches the guest.")
                yield Found(forward, text("A port open to the network"), opened, _value(forward), forward)


def _protection(domain: etree._Element) -> Iterator[Found]:
    why = text("The wall between the guest and the host is lower, or somewhere else.")
    for label in domain.iter("seclabel"):
        dynamic = label.get("type") in (None, "dynamic") and label.get("relabel") in (None, "yes")
        if not dynamic or label.find("baselabel") is not None:
            yield Found(label, text("Its own security label"), why, _value(label), label)
    yield from _whole(domain, "features/capabilities", text("Rights of the container on the host"), why)
    yield from _whole(domain, "idmap", text("Whom the container's users are on the host"), why)
    yield from _whole(domain, "resource", text("A place in the host's control groups"), why)
    secrets = text("It uses keys of the host's platform.")
    yield from _whole(domain, "launchSecurity", text("Sealed memory"), secrets)


_RULES: tuple[Rule, ...] = (
    _programs,
    _foreign,
    _firmware,
    _disks,
    _host_devices,
    _ports,
    _screens,
    _networks,
    _protection,
)


def _paths(domain: etree._Element, covered: Collection[tuple[etree._Element, str]]) -> Iterator[Found]:
    """Whatever else names something on the host."""
    what, why = text("A path on the host"), text("What it is for is not known here: it may be read or written.")
    for element in domain.iterdescendants(etree.Element):
        if (element, "") in covered or in_metadata(element) or element.tag in _WORDS:
            continue
        values = [str(value) for name, value in element.attrib.items() if (element, str(name)) not in covered]
        values.append(element.text or "")
        if any(value.strip().startswith(_PATHS) and value.strip() not in _RANDOM for value in values):
            yield Found(element, what, why, _value(element), _device(element))


def _device(element: etree._Element) -> etree._Element:
    """The device it belongs to: one without its path may be something else. Elsewhere, itself."""
    one = element
    for above in element.iterancestors():
        if above.tag == "devices":
            return one
        one = above
    return element


def in_metadata(element: etree._Element) -> bool:
    """Whether it is part of the notes: <metadata> directly below the domain."""
    chain = [*[*element.iterancestors()][::-1], element]
    return len(chain) > 1 and chain[1].tag == "metadata"


def _is_public(address: str | None, *, unsaid: bool = False) -> bool:
    if not address:
        return unsaid
    try:
        return not ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address != "localhost"


def _value(element: etree._Element) -> str:
    """What an element says: its attributes, its text, and its children's, without passwords."""
    parts = []
    for one in element.iter(etree.Element):
        for name, value in one.attrib.items():
            secret = name in ("passwd", "password")
            parts.append(f"{etree.QName(str(name)).localname}={'…' if secret else str(value)}")
        if (one.text or "").strip():
            parts.append((one.text or "").strip())
    return cut(" ".join(parts))


def cut(words: str) -> str:
    return words if len(words) <= _SHORT else words[: _SHORT - 1] + "…"
