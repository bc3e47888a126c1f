"""Every editor, made ready for any definition: what it may touch, and what it does there (None: nothing to do)."""

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from vmdesk.model import limits
from vmdesk.model.domain import Labels
from vmdesk.model.hardware import Topology
from vmdesk.virtxml import edit, hardware
from vmdesk.virtxml.edit import devices, machine

Edit = Callable[[str], str]


@dataclass(frozen=True)
class Editor:
    """`scope`: plain paths of the elements that may differ afterwards."""

    name: str
    scope: tuple[str, ...]
    edit: Edit


def _double_memory(xml: str) -> str:
    memory = hardware.parse(xml).memory
    return machine.memory(xml, memory.given_kib * 2 or 1 << 20, memory.most_kib * 2 or 1 << 20)


def _more_vcpus(xml: str) -> str:
    cpu = hardware.parse(xml).cpu
    return machine.vcpus(xml, cpu.count, cpu.maximum * 2)


def _flat(xml: str) -> str:
    return machine.topology(xml, Topology(hardware.parse(xml).cpu.maximum, 1, 1, 1))


def _turned_boot(xml: str) -> str:
    boot = hardware.parse(xml).boot
    if boot.devices:
        return machine.boot(xml, [key for key, _ in reversed(boot.devices) if key.split("/")[0] in machine.BOOTABLE])
    return machine.boot(xml, ["network", "cdrom", "hd"])


def _limit_scope(words: str) -> tuple[str, ...]:
    limit = limits.parse(words).limit
    return {"disk": ("devices/disk",), "nic": ("devices/interface",)}.get(limit.owner, (limit.path.partition("/")[0],))


def _limit(words: str) -> Callable[[str], str]:
    return lambda xml: edit.limits.limit(xml, limits.parse(words))


def _first(xml: str, tag: str) -> str:
    """The key of the first device of that kind."""
    found = next((key for key, _ in devices.naming.keyed(edit.Definition(xml).domain) if key.startswith(f"{tag}/")), "")
    if not found:
        raise edit.EditError(limits.LIMITS["cpu.shares"].what)
    return found


def _on_first(tag: str, change: Callable[[str, str], str]) -> Edit:
    return lambda xml: change(xml, _first(xml, tag))


def _disk_limit(xml: str) -> str:
    target = _first(xml, "disk").partition("/")[2]
    return edit.limits.limit(xml, limits.parse(f"disk.{target}.read-bytes=10M"))


def _nic_limit(xml: str) -> str:
    key = _first(xml, "interface")
    return edit.limits.limit(xml, limits.parse(f"nic.{key}.in=10M"))


def _drive(xml: str) -> str:
    return devices.insert(xml, devices.drive(xml), file="/srv/iso/other.iso")


def _agent(xml: str) -> str:
    return edit.add_agent(xml)


_NIC = devices.nic_fragment("network", "lab", "52:54:00:99:99:99", "virtio")
_DISK = devices.disk_fragment("vdzz", "virtio", file="/srv/more.qcow2", format="qcow2")
_BOOT = ("os/boot", *(f"devices/{tag}" for tag in machine.BOOTABLE))
_MEMORY = ("memory", "currentMemory", "maxMemory", "cpu")
# Which elements each function may touch.
_SCOPES: dict[str, tuple[str, ...]] = {
    "title": ("title",),
    "description": ("description",),
    "system": ("metadata",),
    "vcpus": ("vcpu", "vcpus", "cpu"),
    "topology": ("cpu",),
    "cpu_model": ("cpu",),
    "cpu_feature": ("cpu",),
    "memory": _MEMORY,
    "hot_memory": _MEMORY,
    "huge_pages": ("memoryBacking",),
    "memory_shared": ("memoryBacking",),
    "memory_locked": ("memoryBacking",),
    "memory_merging": ("memoryBacking",),
    "boot": _BOOT,
    "boot_menu": ("os",),
    "kernel": ("os",),
    "firmware": ("os", "features"),
    "machine_type": ("os",),
    "feature": ("features",),
    "clock": ("clock",),
    "on_event": ("on_poweroff", "on_reboot", "on_crash"),
    "balloon_period": ("devices/memballoon",),
}

EDITORS = (
    Editor("title", _SCOPES["title"], lambda xml: machine.title(xml, "Another <title>")),
    Editor("no title", _SCOPES["title"], lambda xml: machine.title(xml, None)),
    Editor("description", _SCOPES["description"], lambda xml: machine.description(xml, "Two\nlines")),
    Editor(
        "labels", ("title", "description", "metadata"), lambda xml: edit.label(xml, Labels("T", "D", "n", "g", ("a",)))
    ),
    Editor("system", _SCOPES["system"], lambda xml: machine.system(xml, "http://x.org/a/1")),
    Editor("no system", _SCOPES["system"], lambda xml: machine.system(xml, "")),
    Editor("vcpus", _SCOPES["vcpus"], _more_vcpus),
    Editor("topology", _SCOPES["topology"], _flat),
    Editor("no topology", _SCOPES["topology"], lambda xml: machine.topology(xml, None)),
    Editor("cpu mode", _SCOPES["cpu_model"], lambda xml: machine.cpu_model(xml, "host-model")),
    Editor("cpu model", _SCOPES["cpu_model"], lambda xml: machine.cpu_model(xml, "custom", "Nehalem")),
    Editor("no cpu model", _SCOPES["cpu_model"], lambda xml: machine.cpu_model(xml, None)),
    Editor("cpu feature", _SCOPES["cpu_feature"], lambda xml: machine.cpu_feature(xml, "vmx", "disable")),
    Editor("memory", _SCOPES["memory"], _double_memory),
    Editor("memory slots", _SCOPES["hot_memory"], lambda xml: machine.hot_memory(xml, 1 << 36)),
    Editor("no memory slots", _SCOPES["hot_memory"], lambda xml: machine.hot_memory(xml, None)),
    Editor("huge pages", _SCOPES["huge_pages"], lambda xml: machine.huge_pages(xml, True, 2048)),
    Editor("no huge pages", _SCOPES["huge_pages"], lambda xml: machine.huge_pages(xml, False)),
    Editor("shared memory", _SCOPES["memory_shared"], lambda xml: machine.memory_shared(xml, True)),
    Editor("locked memory", _SCOPES["memory_locked"], lambda xml: machine.memory_locked(xml, True)),
    Editor("no merging", _SCOPES["memory_merging"], lambda xml: machine.memory_merging(xml, False)),
    Editor("boot order", _SCOPES["boot"], _turned_boot),
    Editor("boot menu", _SCOPES["boot_menu"], lambda xml: machine.boot_menu(xml, True)),
    Editor("kernel", _SCOPES["kernel"], lambda xml: machine.kernel(xml, "/k", "/i", "a=b")),
    Editor("no kernel", _SCOPES["kernel"], lambda xml: machine.kernel(xml, "")),
    Editor("secure boot", _SCOPES["firmware"], lambda xml: machine.firmware(xml, "secure")),
    Editor("bios", _SCOPES["firmware"], lambda xml: machine.firmware(xml, "bios")),
    Editor("machine type", _SCOPES["machine_type"], lambda xml: machine.machine_type(xml, "q35")),
    Editor("acpi off", _SCOPES["feature"], lambda xml: machine.feature(xml, "acpi", False)),
    Editor("pae on", _SCOPES["feature"], lambda xml: machine.feature(xml, "pae", True)),
    Editor("clock", _SCOPES["clock"], lambda xml: machine.clock(xml, "localtime")),
    Editor("on crash", _SCOPES["on_event"], lambda xml: machine.on_event(xml, "crash", "preserve")),
    Editor("balloon", _SCOPES["balloon_period"], lambda xml: machine.balloon_period(xml, 7)),
    Editor("add nic", ("devices/interface",), lambda xml: devices.add_device(xml, _NIC)),
    Editor("add disk", ("devices/disk",), lambda xml: devices.add_device(xml, _DISK)),
    Editor("add usb", ("devices/hostdev",), lambda xml: devices.add_device(xml, devices.usb_fragment("046d", "c52b"))),
    Editor(
        "add folder", ("devices/filesystem",), lambda xml: devices.add_device(xml, devices.folder_fragment("/s", "s"))
    ),
    *(
        Editor(f"remove {tag}", (f"devices/{tag}",), _on_first(tag, devices.remove_device))
        for tag in ("disk", "interface", "controller", "graphics", "video", "channel", "hostdev", "memory")
    ),
    Editor("insert", ("devices/disk",), _drive),
    Editor("eject", ("devices/disk",), lambda xml: devices.eject(xml, devices.full_drive(xml))),
    Editor("link down", ("devices/interface",), _on_first("interface", lambda xml, key: devices.link(xml, key, False))),
    Editor(
        "nic network",
        ("devices/interface",),
        _on_first("interface", lambda xml, key: devices.nic_source(xml, key, "network", "lab")),
    ),
    Editor(
        "nic model",
        ("devices/interface",),
        _on_first("interface", lambda xml, key: devices.nic_model(xml, key, "e1000e")),
    ),
    Editor(
        "disk cache",
        ("devices/disk",),
        _on_first("disk", lambda xml, key: devices.put_in_device(xml, key, "driver", "cache", "none")),
    ),
    Editor("disk limit", ("devices/disk",), _disk_limit),
    Editor("nic limit", ("devices/interface",), _nic_limit),
    Editor("seal", ("devices/graphics", "devices/channel"), edit.seal),
    Editor("agent", ("devices/channel",), _agent),
    *(
        Editor(words, _limit_scope(words), _limit(words))
        for words in (
            *("cpu.shares=512", "cpu.shares=none", "cpu.quota=50%", "cpu.total-quota=100000", "cpu.pin.0=0"),
            *("cpu.pin.0=none", "cpu.emulator-pin=0-1", "cpu.io-threads=2", "memory.hard=2T", "memory.hard=none"),
            *("disk.weight=500", "memory.nodes=0"),
        )
    ),
    Editor("disk bus", ("devices/disk",), _on_first("disk", lambda xml, key: devices.disk_bus(xml, key, "usb"))),
    Editor("video", ("devices/video",), _on_first("video", lambda xml, key: devices.video_model(xml, key, "bochs"))),
    Editor(
        "listen",
        ("devices/graphics",),
        _on_first("graphics", lambda xml, key: devices.graphics_listen(xml, key, "address", "10.1.2.3")),
    ),
    Editor(
        "no listen",
        ("devices/graphics",),
        _on_first("graphics", lambda xml, key: devices.graphics_listen(xml, key, "none")),
    ),
    Editor(
        "screen password",
        ("devices/graphics",),
        _on_first("graphics", lambda xml, key: devices.graphics_password(xml, key, "s<e>c'r\"et")),
    ),
)


def rest(xml: str, scope: tuple[str, ...]) -> bytes:
    """All of a document but the elements in `scope`, canonical, and without the space around them."""
    domain = etree.fromstring(xml.encode())
    for path in scope:
        above, _, _ = path.rpartition("/")
        for element in domain.findall(path):
            parent = element.getparent()
            assert parent is not None
            before = element.getprevious()
            if before is not None:
                before.tail = (before.tail or "") + (element.tail or "")
            else:
                parent.text = (parent.text or "") + (element.tail or "")
            parent.remove(element)
        # What was made for it or went with it.
        for element in domain.findall(above) if above else ():
            if not len(element) and not element.attrib and not (element.text or "").strip():
                element.getparent().remove(element)
    for element in domain.iter():
        for name in ("text", "tail"):
            if isinstance(element.tag, str) and not (getattr(element, name) or "").strip():
                setattr(element, name, None)
            elif name == "tail" and not (element.tail or "").strip():
                element.tail = None
            elif isinstance(element.tag, str) or name == "tail":
                setattr(element, name, (getattr(element, name) or "").strip())
    return etree.tostring(domain, method="c14n", with_comments=True)


def canonical(xml: str) -> bytes:
    return etree.tostring(etree.fromstring(xml.encode()), method="c14n", with_comments=True)
