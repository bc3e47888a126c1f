"""Two definitions of one machine: what is different, in plain language, and line by line."""

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from lxml import etree

from vmdesk.model import cpu_set
from vmdesk.model.hardware import Bandwidth, CpuLimits, Hardware, Limits, Topology
from vmdesk.model.limits import LIMITS
from vmdesk.model.text import Text, text
from vmdesk.virtxml import devices as naming
from vmdesk.virtxml import hardware, secrets, system
from vmdesk.virtxml.build.complaint import in_words
from vmdesk.virtxml.document import number, root

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
PERIOD = 100_000  # microseconds: libvirt's and the kernel's own
WEIGHT = 500  # what a machine has whose disks' weight was taken away while it runs
_QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing.

    kind      added, removed (a device) or changed
    what      what it is: "Memory", "Network card 52:54:00:12:34:56: cable"
    old, new  in words; "" where there is none
    key       the device's, "" for the machine itself
    scope     the elements it stands in, for edit.take_over
    name      which figure of the machine ("Memory.given_kib", "cpu.quota"), or of the device ("iotune.read_bytes")
    """

    kind: str
    what: Text
    old: str = ""
    new: str = ""
    key: str = ""
    scope: tuple[str, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return str(plain(self))


def plain(one: Difference) -> Text:
    """ "Memory: 2 GiB → 4 GiB"."""
    if one.kind == ADDED:
        return text("{what} added", what=one.what)
    if one.kind == REMOVED:
        return text("{what} removed", what=one.what)
    if not one.old and not one.new:
        return text("{what} changed", what=one.what)
    return text("{what}: {old} → {new}", what=one.what, old=one.old or text("none"), new=one.new or text("none"))


def pending(one: Difference) -> Text:
    """ "Memory: 2 GiB now, 4 GiB after restart"."""
    if one.kind == ADDED:
        return text("{what}: there after restart", what=one.what)
    if one.kind == REMOVED:
        return text("{what}: gone after restart", what=one.what)
    if not one.old and not one.new:
        return text("{what}: different after restart", what=one.what)
    return text(
        "{what}: {old} now, {new} after restart",
        what=one.what,
        old=one.old or text("none"),
        new=one.new or text("none"),
    )


def differences(old: str, new: str, *, running: bool = False) -> tuple[Difference, ...]:
    """All of them, the machine's first. Raises XmlError.

    running  `old` is the running machine's: what libvirt adds to it for the run is no difference
    """
    first, second = hardware.parse(old), hardware.parse(new)
    if running:
        first = _as_stored(first, second)
    found = [*_facts_changed(_machine_facts(first), _machine_facts(second)), *_devices_changed(first, second)]
    named = {scope for one in found for scope in one.scope} | {one.key for one in found}
    found += _rest(root(old), root(new), named, running)
    return tuple(found)


def unified(old: str, new: str, old_name: str, new_name: str) -> str:
    """Line by line, as `diff -u` has it; secrets are hidden. "" if there is no difference. Raises XmlError."""
    first, second = secrets.hide_both(old, new)
    lines = difflib.unified_diff(first.splitlines(), second.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)


def device_title(device: Any) -> Text:
    """ "Disk vda", "Network card 52:54:00:12:34:56"."""
    key = str(device.key)
    tag, _, own = key.partition("/")
    if tag == "disk" and device.removable:
        return text("CD drive {name}", name=own) if device.device == "cdrom" else text("Floppy drive {name}", name=own)
    title = _TITLES.get(tag)
    return text("{kind} {name}", kind=title, name=own) if title else text("Device {name}", name=key)


_TITLES: dict[str, Text] = {
    "disk": text("Disk"),
    "interface": text("Network card"),
    "graphics": text("Display"),
    "video": text("Video card"),
    "sound": text("Sound card"),
    "input": text("Input device"),
    "serial": text("Serial port"),
    "console": text("Text console"),
    "parallel": text("Parallel port"),
    "channel": text("Channel"),
    "hostdev": text("Host device"),
    "redirdev": text("USB redirection"),
    "tpm": text("TPM"),
    "rng": text("Random numbers"),
    "watchdog": text("Watchdog"),
    "panic": text("Panic device"),
    "vsock": text("Vsock"),
    "filesystem": text("Shared folder"),
    "controller": text("Controller"),
    "memory": text("Memory device"),
    "memballoon": text("Balloon"),
}

# ---------------------------------------------------------------- facts


@dataclass(frozen=True, slots=True)
class _Fact:
    what: Text
    value: str
    scope: tuple[str, ...]


def _kib(value: Any) -> str:
    return in_words(int(value) * 1024) if value else ""


def _bytes(value: Any) -> str:
    return in_words(int(value)) if value and int(value) >= 1024 else str(value or "")


def _said(value: Any) -> str:
    match value:
        case None | "" | () | 0:
            return ""
        case bool():
            return str(text("yes")) if value else str(text("no"))
        case Topology():
            return f"{value.sockets} x {value.dies} x {value.cores} x {value.threads}"
        case Bandwidth():
            parts = (value.average, value.peak, value.burst)
            return " / ".join(
                f"{_kib(part)}/s" if place < 2 else _kib(part) for place, part in enumerate(parts) if part
            )
        case tuple():
            return ", ".join("=".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in value)
    return str(value)


_Row = tuple[str, Text, tuple[str, ...], Callable[[Any], str]]
_OVERVIEW: tuple[_Row, ...] = (
    ("title", text("Title"), ("title",), _said),
    ("description", text("Description"), ("description",), _said),
    ("os_id", text("System"), ("metadata",), lambda value: system.name(value) or _said(value)),
    ("name", text("Name"), ("name",), _said),
    ("kind", text("Kind of virtualization"), (), _said),
    ("arch", text("Processor architecture"), ("os",), _said),
    ("machine", text("Machine type"), ("os",), _said),
    ("firmware", text("Firmware"), ("os",), _said),
    ("secure_boot", text("Secure Boot"), ("os",), _said),
    ("nvram", text("Firmware's settings"), ("os",), _said),
    ("loader", text("Firmware's file"), ("os",), _said),
    ("emulator", text("Emulator"), ("devices/emulator",), _said),
    ("features", text("Features"), ("features",), _said),
    ("clock", text("Clock"), ("clock",), _said),
    ("on_poweroff", text("When the guest powers off"), ("on_poweroff",), _said),
    ("on_reboot", text("When the guest restarts"), ("on_reboot",), _said),
    ("on_crash", text("When the guest crashes"), ("on_crash",), _said),
)
_CPU: tuple[_Row, ...] = (
    ("count", text("Virtual processors"), ("vcpu", "vcpus"), _said),
    ("maximum", text("Most virtual processors"), ("vcpu", "vcpus", "cpu"), _said),
    ("cpuset", text("Host CPUs"), ("vcpu",), _said),
    ("mode", text("Processor mode"), ("cpu",), _said),
    ("model", text("Processor model"), ("cpu",), _said),
    ("topology", text("Processor topology"), ("cpu",), _said),
    ("features", text("Processor features"), ("cpu",), _said),
)
_MEMORY: tuple[_Row, ...] = (
    ("given_kib", text("Memory"), ("memory", "currentMemory", "cpu"), _kib),
    ("most_kib", text("Most memory"), ("memory", "currentMemory", "cpu"), _kib),
    ("slots_kib", text("Room for more memory"), ("maxMemory",), _kib),
    ("slots", text("Memory slots"), ("maxMemory",), _said),
    ("huge_pages", text("Huge pages"), ("memoryBacking",), _said),
    ("huge_page_kib", text("Size of huge pages"), ("memoryBacking",), _kib),
    ("shared", text("Shared memory"), ("memoryBacking",), _said),
    ("locked", text("Locked memory"), ("memoryBacking",), _said),
    ("no_merging", text("Kept apart from other machines' memory"), ("memoryBacking",), _said),
)
_BOOT: tuple[_Row, ...] = (
    ("order", text("Boot order"), ("os",), _said),
    ("menu", text("Boot menu"), ("os",), _said),
    ("kernel", text("Kernel"), ("os",), _said),
    ("initrd", text("Initial RAM disk"), ("os",), _said),
    ("cmdline", text("Kernel's command line"), ("os",), _said),
)
# A device's field -> its name and how it is said. Fields that are not here are its identity.
_FIELDS: dict[str, tuple[Text, Callable[[Any], str]]] = {
    "source": (text("source"), _said),
    "bus": (text("bus"), _said),
    "device": (text("kind"), _said),
    "format": (text("format"), _said),
    "readonly": (text("read-only"), _said),
    "shareable": (text("shareable"), _said),
    "cache": (text("cache"), _said),
    "io": (text("I/O"), _said),
    "discard": (text("discard"), _said),
    "detect_zeroes": (text("detection of zeroes"), _said),
    "serial": (text("serial number"), _said),
    "boot": (text("place in the boot order"), _said),
    "io_thread": (text("I/O thread"), _said),
    "model": (text("model"), _said),
    "link": (text("cable"), lambda value: str(text("plugged in") if value else text("unplugged"))),
    "mtu": (text("MTU"), _said),
    "queues": (text("queues"), _said),
    "isolated": (text("isolated"), _said),
    "filter": (text("filter"), _said),
    "inbound": (text("limit into the guest"), _said),
    "outbound": (text("limit out of the guest"), _said),
    "listen": (text("address"), _said),
    "gl": (text("OpenGL"), _said),
    "memory_kib": (text("memory"), _kib),
    "heads": (text("screens"), _said),
    "accelerated": (text("3D acceleration"), _said),
    "backend": (text("backend"), _said),
    "version": (text("version"), _said),
    "rate": (text("rate"), _said),
    "action": (text("action"), _said),
    "cid": (text("number"), _said),
    "driver": (text("driver"), _said),
    "mode": (text("mode"), _said),
    "startup": (text("when it is missing"), _said),
    "size_kib": (text("size"), _kib),
    "requested_kib": (text("wanted size"), _kib),
    "node": (text("node"), _said),
}


def _machine_facts(found: Hardware) -> dict[str, _Fact]:
    facts: dict[str, _Fact] = {}
    areas = ((found.overview, _OVERVIEW), (found.cpu, _CPU), (found.memory, _MEMORY), (found.boot, _BOOT))
    for area, rows in areas:
        for name, what, scope, say in rows:
            facts[f"{type(area).__name__}.{name}"] = _Fact(what, say(getattr(area, name)), scope)
    limits = found.limits
    for field, name in (
        *(("shares", "cpu.shares"), ("period", "cpu.period"), ("quota", "cpu.quota")),
        *(("global_period", "cpu.total-period"), ("global_quota", "cpu.total-quota")),
        *(("emulator_period", "cpu.emulator-period"), ("emulator_quota", "cpu.emulator-quota")),
        *(("io_period", "cpu.io-period"), ("io_quota", "cpu.io-quota")),
        *(("pins", "cpu.pin"), ("emulator_pin", "cpu.emulator-pin"), ("io_pins", "cpu.io-pin")),
    ):
        facts[name] = _Fact(LIMITS[name].what, _of_cpu(limits.cpu, field), ("cputune",))
    for field, name in (("hard", "memory.hard"), ("soft", "memory.soft"), ("swap", "memory.swap")):
        facts[name] = _Fact(LIMITS[name].what, _kib(getattr(limits.memory, field)), ("memtune",))
    for name, value, section in (
        ("disk.weight", limits.disk_weight, "blkiotune"),
        ("memory.mode", limits.numa_mode, "numatune"),
        ("memory.nodes", limits.numa_nodes, "numatune"),
        ("cpu.io-threads", limits.io_threads, "iothreads"),
    ):
        facts[name] = _Fact(LIMITS[name].what, _said(value), (section,))
    facts["balloon"] = _Fact(text("Balloon"), found.memory.balloon, ("devices/memballoon",))
    period = text("Seconds between the balloon's figures")
    facts["balloon.period"] = _Fact(period, _said(found.memory.balloon_period), ("devices/memballoon",))
    rules = ", ".join(rule.called for rule in found.usb_rules)
    facts["usb.rules"] = _Fact(text("USB devices given again when they are plugged in"), rules, ("metadata",))
    return facts


def _of_cpu(limits: CpuLimits, field: str) -> str:
    """A period in milliseconds, a quota as a share of one processor; what is below 1 is no quota."""
    value = getattr(limits, field)
    if isinstance(value, tuple):
        return _pins(value)
    if not isinstance(value, int):
        return _said(value)
    if field.endswith("period"):
        return f"{value / 1000:g} ms" if value > 0 else ""
    if field.endswith("quota"):
        period = getattr(limits, field.replace("quota", "period")) or PERIOD
        return f"{value * 100 / period:g} %" if value > 0 else ""
    return _said(value)


def _pins(pins: tuple[tuple[int, str], ...]) -> str:
    """ "0-3 on 8-11, 4 on 2": those with the same place together."""
    places: dict[str, set[int]] = {}
    for place, cpus in pins:
        places.setdefault(cpus, set()).add(place)
    return ", ".join(
        str(text("{vcpus} on {cpus}", vcpus=cpu_set.write(one), cpus=cpus)) for cpus, one in places.items()
    )


def _facts_changed(old: dict[str, _Fact], new: dict[str, _Fact]) -> list[Difference]:
    found = [
        Difference(CHANGED, fact.what, old[name].value, fact.value, "", fact.scope, name)
        for name, fact in new.items()
        if old[name].value != fact.value
    ]
    values = {str(one.what): (one.old, one.new) for one in found}
    most, given = str(text("Most memory")), str(text("Memory"))
    if values.get(most) == values.get(given):  # both are one thing to people who have no balloon in mind
        found = [one for one in found if str(one.what) != most]
    most, given = str(text("Most virtual processors")), str(text("Virtual processors"))
    if values.get(most) == values.get(given):
        found = [one for one in found if str(one.what) != most]
    return found


def all_devices(found: Hardware) -> Iterator[Any]:
    """Every device of it, each with a key."""
    for field in fields(found):
        value = getattr(found, field.name)
        if isinstance(value, tuple) and field.name != "usb_rules":
            yield from value
    yield from found.memory.devices


def _devices_changed(old: Hardware, new: Hardware) -> Iterator[Difference]:
    before, after = ({one.key: one for one in all_devices(found)} for found in (old, new))
    for key, one in before.items():
        if key not in after:
            yield Difference(REMOVED, device_title(one), key=key, scope=_scope(key))
    for key, one in after.items():
        if key not in before:
            yield Difference(ADDED, device_title(one), key=key, scope=_scope(key))
            continue
        yield from _device_changed(before[key], one)


def _device_changed(old: Any, new: Any) -> Iterator[Difference]:
    for field in fields(new):
        first, second = getattr(old, field.name, None), getattr(new, field.name)
        if first == second:
            continue
        if field.name == "iotune":
            for part in fields(second):
                before, after = getattr(first, part.name), getattr(second, part.name)
                if before != after:
                    name = part.name.replace("_", "-")
                    said = _bytes if name.removesuffix("-burst").endswith("bytes") else _said
                    known = LIMITS.get(f"disk.{name}")
                    what = text("{device}: {field}", device=device_title(new), field=known.what if known else name)
                    own = f"iotune.{part.name}"
                    yield Difference(CHANGED, what, said(before), said(after), new.key, _scope(new.key), own)
        elif field.name in _FIELDS:
            word, say = _FIELDS[field.name]
            what = text("{device}: {field}", device=device_title(new), field=word)
            yield Difference(CHANGED, what, say(first), say(second), new.key, _scope(new.key), field.name)


def _scope(key: str) -> tuple[str, ...]:
    return (f"devices/{key.partition('/')[0]}",)


def _as_stored(running: Hardware, stored: Hardware) -> Hardware:
    """A host model is spelled out while it runs, another one gets the features that QEMU added; screens get sockets.

    An empty drive has no format while it runs; stored it is "raw". What shall be if a device is missing at the start
    means nothing once it runs.
    """
    cpu, now = stored.cpu, running.cpu
    if cpu.mode == "host-model":
        now = replace(now, mode=cpu.mode, model=cpu.model, features=cpu.features)
    elif now.check == "full":
        named = {name for name, _ in cpu.features}
        now = replace(now, features=tuple(one for one in now.features if one[0] in named))
    graphics = {one.key: one for one in stored.graphics}
    screens = tuple(
        replace(one, listen=graphics[one.key].listen, port=graphics[one.key].port)
        if one.key in graphics and (not graphics[one.key].listen or graphics[one.key].listens == "socket")
        else one
        for one in running.graphics
    )
    empty = {one.key: one.format for one in stored.disks if not one.source}
    disks = tuple(
        replace(one, format=empty[one.key]) if one.key in empty and not one.source and not one.format else one
        for one in running.disks
    )
    startup = {one.key: one.startup for one in stored.host_devices}
    given = tuple(replace(one, startup=startup.get(one.key, one.startup)) for one in running.host_devices)
    limits = _usual_is_none(running.limits, stored.limits)
    return replace(running, cpu=now, graphics=screens, disks=disks, host_devices=given, limits=limits)


def _usual_is_none(running: Limits, stored: Limits) -> Limits:
    """A period or a weight that was set while it runs is never none again: it has the usual one."""
    now, then = running.cpu, stored.cpu
    cpu = replace(
        now,
        period=_unless_usual(now.period, then.period),
        global_period=_unless_usual(now.global_period, then.global_period),
        emulator_period=_unless_usual(now.emulator_period, then.emulator_period),
        io_period=_unless_usual(now.io_period, then.io_period),
    )
    return replace(running, cpu=cpu, disk_weight=_unless_usual(running.disk_weight, stored.disk_weight, WEIGHT))


def _unless_usual(running: int | None, stored: int | None, usual: int = PERIOD) -> int | None:
    return None if stored is None and running == usual else running


# ---------------------------------------------------------------- what no fact names


_RUN_ELEMENTS = ("alias", "backingStore", "mirror", "seclabel", "privateData", "reservations")
# (what it stands in, "" for anything; element) -> attributes.
_RUN_ATTRIBUTES = {
    ("", "domain"): ("id",),
    ("disk", "source"): ("index",),
    ("hostdev", "source"): ("missing", "startupPolicy"),
    ("interface", "source"): ("portid", "bridge"),
    ("interface", "target"): ("dev",),
    ("channel", "source"): ("path", "mode"),
    ("channel", "target"): ("state",),
    ("serial", "source"): ("path",),
    ("console", "source"): ("path",),
    ("devices", "graphics"): ("port", "tlsPort", "websocket", "passwd", "listen", "socket"),
    ("graphics", "listen"): ("address", "socket"),
    ("devices", "console"): ("tty",),
    ("vsock", "cid"): ("address",),
}
_QUOTAS = ("quota", "global_quota", "emulator_quota", "iothread_quota")
_PERIODS = ("period", "global_period", "emulator_period", "iothread_period")
_RUN_SECTIONS = ("seclabel", "resource", "cpu", "iothreadids", f"{_QEMU}commandline")


def _rest(old: etree._Element, new: etree._Element, named: set[str], running: bool) -> Iterator[Difference]:
    before, after = dict(naming.keyed(old)), dict(naming.keyed(new))
    if running:
        for domain in (old, new):
            _strip(domain)
    for tag in dict.fromkeys(str(one.tag) for domain in (old, new) for one in domain.iterchildren("{*}*")):
        if tag in ("devices", *named) or (running and tag in _RUN_SECTIONS):
            continue
        if _together(old, tag) != _together(new, tag):
            local = etree.QName(tag).localname
            yield Difference(CHANGED, text("Other settings of <{tag}>", tag=local), scope=(tag,))
    for key, element in after.items():
        told = key not in before or key in named or (key == "memballoon/memballoon" and "devices/memballoon" in named)
        if not told and _shape(before[key]) != _shape(element):
            tag, _, own = key.partition("/")
            what = text("{kind} {name}", kind=_TITLES.get(tag, text("Device")), name=own)
            yield Difference(CHANGED, text("{device}: other settings", device=what), key=key, scope=_scope(key))


def _strip(domain: etree._Element) -> None:
    """What libvirt adds for the run, or chooses at each start."""
    for element in list(domain.iter("{*}*")):
        if element.tag in _RUN_ELEMENTS and element.getparent() is not None and element.getparent() is not domain:
            element.getparent().remove(element)  # type: ignore[union-attr]
            continue
        above = element.getparent()
        if above is not None and _is_usual(str(above.tag), str(element.tag), number(element.text, 1)):
            above.remove(element)  # what a running machine has whose limit was taken away
            continue
        if element.tag == "address" and above is not None and _is_device(above):
            above.remove(element)  # what was plugged in has another place than it will have
            continue
        if element.tag == "address" and above is not None and above.find("vendor") is not None:
            above.remove(element)  # where the USB device of that kind was found
            continue
        if element.tag == "driver" and above is not None and above.tag == "disk" and above.find("source") is None:
            element.attrib.pop("type", "")  # an empty drive: see _as_stored
        for name in _RUN_ATTRIBUTES.get((str(above.tag) if above is not None else "", str(element.tag)), ()):
            if name in element.attrib:
                del element.attrib[name]
    for element in list(domain.iter("{*}*")):
        if not len(element) and not (element.text or "").strip():
            element.text = None
            parent = element.getparent()
            if element.tag in ("source", "target") and not element.attrib and parent is not None:
                parent.remove(element)
                if not len(parent) and not (parent.text or "").strip():
                    parent.text = None
            elif element.tag in ("cputune", "blkiotune") and parent is not None:
                parent.remove(element)


def _is_usual(above: str, tag: str, value: int) -> bool:
    if above == "cputune":
        return (tag in _QUOTAS and value <= 0) or (tag in _PERIODS and value == PERIOD)
    return (above, tag, value) == ("blkiotune", "weight", WEIGHT)


def _is_device(element: etree._Element) -> bool:
    above = element.getparent()
    return above is not None and above.tag == "devices"


def _together(domain: etree._Element, tag: str) -> list[tuple[object, ...]]:
    return [_shape(one) for one in domain.findall(tag)]


def _shape(element: etree._Element) -> tuple[object, ...]:
    """What it says: without comments, prefixes, and spaces around words."""
    inner = tuple(_shape(child) for child in element.iterchildren("{*}*"))
    words = (element.text or "", *(child.tail or "" for child in element))
    return element.tag, tuple(sorted(element.attrib.items())), " ".join(" ".join(words).split()), inner
