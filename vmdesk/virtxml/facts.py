"""What a definition says, each thing by its name and in words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vmdesk.model import cpu_set
from vmdesk.model.hardware import Bandwidth, CpuLimits, Hardware, Topology
from vmdesk.model.limits import LIMITS
from vmdesk.model.text import Text, text
from vmdesk.virtxml import system
from vmdesk.virtxml.build.complaint import in_words
from vmdesk.virtxml.run_only import PERIOD


@dataclass(frozen=True, slots=True)
class Fact:
    """scope: the elements it stands in."""

    what: Text
    value: str
    scope: tuple[str, ...]


def machine_facts(found: Hardware) -> dict[str, Fact]:
    """Of the machine itself, by name ("Memory.given_kib", "cpu.quota")."""
    facts: dict[str, Fact] = {}
    areas = ((found.overview, _OVERVIEW), (found.cpu, _CPU), (found.memory, _MEMORY), (found.boot, _BOOT))
    for area, rows in areas:
        for name, what, scope, say in rows:
            facts[f"{type(area).__name__}.{name}"] = Fact(what, say(getattr(area, name)), scope)
    limits = found.limits
    for field, name in (
        *(("shares", "cpu.shares"), ("period", "cpu.period"), ("quota", "cpu.quota")),
        *(("global_period", "cpu.total-period"), ("global_quota", "cpu.total-quota")),
        *(("emulator_period", "cpu.emulator-period"), ("emulator_quota", "cpu.emulator-quota")),
        *(("io_period", "cpu.io-period"), ("io_quota", "cpu.io-quota")),
        *(("pins", "cpu.pin"), ("emulator_pin", "cpu.emulator-pin"), ("io_pins", "cpu.io-pin")),
    ):
        facts[name] = Fact(LIMITS[name].what, _of_cpu(limits.cpu, field), ("cputune",))
    for field, name in (("hard", "memory.hard"), ("soft", "memory.soft"), ("swap", "memory.swap")):
        facts[name] = Fact(LIMITS[name].what, _kib(getattr(limits.memory, field)), ("memtune",))
    for name, value, section in (
        ("disk.weight", limits.disk_weight, "blkiotune"),
        ("memory.mode", limits.numa_mode, "numatune"),
        ("memory.nodes", limits.numa_nodes, "numatune"),
        ("cpu.io-threads", limits.io_threads, "iothreads"),
    ):
        facts[name] = Fact(LIMITS[name].what, said(value), (section,))
    facts["balloon"] = Fact(text("Balloon"), found.memory.balloon, ("devices/memballoon",))
    period = text("Seconds between the balloon's figures")
    facts["balloon.period"] = Fact(period, said(found.memory.balloon_period), ("devices/memballoon",))
    rules = ", ".join(rule.called for rule in found.usb_rules)
    facts["usb.rules"] = Fact(text("USB devices given again when they are plugged in"), rules, ("metadata",))
    return facts


def _of_cpu(limits: CpuLimits, field: str) -> str:
    """A period in milliseconds, a quota as a share of one processor; what is below 1 is no quota."""
    value = getattr(limits, field)
    if isinstance(value, tuple):
        return _pins(value)
    if not isinstance(value, int):
        return said(value)
    if field.endswith("period"):
        return f"{value / 1000:g} ms" if value > 0 else ""
    if field.endswith("quota"):
        period = getattr(limits, field.replace("quota", "period")) or PERIOD
        return f"{value * 100 / period:g} %" if value > 0 else ""
    return said(value)


def _pins(pins: tuple[tuple[int, str], ...]) -> str:
    """ "0-3 on 8-11, 4 on 2": those with the same place together."""
    places: dict[str, set[int]] = {}
    for place, cpus in pins:
        places.setdefault(cpus, set()).add(place)
    return ", ".join(
        str(text("{vcpus} on {cpus}", vcpus=cpu_set.write(one), cpus=cpus)) for cpus, one in places.items()
    )


def device_title(device: Any) -> Text:
    """ "Disk vda", "Network card 52:54:00:12:34:56"."""
    key = str(device.key)
    tag, _, own = key.partition("/")
    if tag == "disk" and device.removable:
        return text("CD drive {name}", name=own) if device.device == "cdrom" else text("Floppy drive {name}", name=own)
    title = TITLES.get(tag)
    return text("{kind} {name}", kind=title, name=own) if title else text("Device {name}", name=key)


def said(value: Any) -> str:
    """ "" for what is not there."""
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


def _kib(value: Any) -> str:
    return in_words(int(value) * 1024) if value else ""


def said_bytes(value: Any) -> str:
    return in_words(int(value)) if value and int(value) >= 1024 else str(value or "")


TITLES: dict[str, Text] = {
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

_Row = tuple[str, Text, tuple[str, ...], Callable[[Any], str]]
_OVERVIEW: tuple[_Row, ...] = (
    ("title", text("Title"), ("title",), said),
    ("description", text("Description"), ("description",), said),
    ("os_id", text("System"), ("metadata",), lambda value: system.name(value) or said(value)),
    ("name", text("Name"), ("name",), said),
    ("kind", text("Kind of virtualization"), (), said),
    ("arch", text("Processor architecture"), ("os",), said),
    ("machine", text("Machine type"), ("os",), said),
    ("firmware", text("Firmware"), ("os",), said),
    ("secure_boot", text("Secure Boot"), ("os",), said),
    ("nvram", text("Firmware's settings"), ("os",), said),
    ("loader", text("Firmware's file"), ("os",), said),
    ("emulator", text("Emulator"), ("devices/emulator",), said),
    ("features", text("Features"), ("features",), said),
    ("clock", text("Clock"), ("clock",), said),
    ("on_poweroff", text("When the guest powers off"), ("on_poweroff",), said),
    ("on_reboot", text("When the guest restarts"), ("on_reboot",), said),
    ("on_crash", text("When the guest crashes"), ("on_crash",), said),
)
_CPU: tuple[_Row, ...] = (
    ("count", text("Virtual processors"), ("vcpu", "vcpus"), said),
    ("maximum", text("Most virtual processors"), ("vcpu", "vcpus", "cpu"), said),
    ("cpuset", text("Host CPUs"), ("vcpu",), said),
    ("mode", text("Processor mode"), ("cpu",), said),
    ("model", text("Processor model"), ("cpu",), said),
    ("topology", text("Processor topology"), ("cpu",), said),
    ("features", text("Processor features"), ("cpu",), said),
)
_MEMORY: tuple[_Row, ...] = (
    ("given_kib", text("Memory"), ("memory", "currentMemory", "cpu"), _kib),
    ("most_kib", text("Most memory"), ("memory", "currentMemory", "cpu"), _kib),
    ("slots_kib", text("Room for more memory"), ("maxMemory",), _kib),
    ("slots", text("Memory slots"), ("maxMemory",), said),
    ("huge_pages", text("Huge pages"), ("memoryBacking",), said),
    ("huge_page_kib", text("Size of huge pages"), ("memoryBacking",), _kib),
    ("shared", text("Shared memory"), ("memoryBacking",), said),
    ("locked", text("Locked memory"), ("memoryBacking",), said),
    ("no_merging", text("Kept apart from other machines' memory"), ("memoryBacking",), said),
)
_BOOT: tuple[_Row, ...] = (
    ("order", text("Boot order"), ("os",), said),
    ("menu", text("Boot menu"), ("os",), said),
    ("kernel", text("Kernel"), ("os",), said),
    ("initrd", text("Initial RAM disk"), ("os",), said),
    ("cmdline", text("Kernel's command line"), ("os",), said),
)
# A device's field -> its name and how it is said. Fields that are not here are its identity.
FIELDS: dict[str, tuple[Text, Callable[[Any], str]]] = {
    "source": (text("source"), said),
    "bus": (text("bus"), said),
    "device": (text("kind"), said),
    "format": (text("format"), said),
    "readonly": (text("read-only"), said),
    "shareable": (text("shareable"), said),
    "cache": (text("cache"), said),
    "io": (text("I/O"), said),
    "discard": (text("discard"), said),
    "detect_zeroes": (text("detection of zeroes"), said),
    "serial": (text("serial number"), said),
    "boot": (text("place in the boot order"), said),
    "io_thread": (text("I/O thread"), said),
    "model": (text("model"), said),
    "link": (text("cable"), lambda value: str(text("plugged in") if value else text("unplugged"))),
    "mtu": (text("MTU"), said),
    "queues": (text("queues"), said),
    "isolated": (text("isolated"), said),
    "filter": (text("filter"), said),
    "inbound": (text("limit into the guest"), said),
    "outbound": (text("limit out of the guest"), said),
    "listen": (text("address"), said),
    "gl": (text("OpenGL"), said),
    "memory_kib": (text("memory"), _kib),
    "heads": (text("screens"), said),
    "accelerated": (text("3D acceleration"), said),
    "backend": (text("backend"), said),
    "version": (text("version"), said),
    "rate": (text("rate"), said),
    "action": (text("action"), said),
    "cid": (text("number"), said),
    "driver": (text("driver"), said),
    "mode": (text("mode"), said),
    "startup": (text("when it is missing"), said),
    "size_kib": (text("size"), _kib),
    "requested_kib": (text("wanted size"), _kib),
    "node": (text("node"), said),
}
