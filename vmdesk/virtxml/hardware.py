"""From a domain's XML to all that it holds."""

from lxml import etree

from vmdesk.model.hardware import (
    Bandwidth,
    Boot,
    Channel,
    Controller,
    Cpu,
    CpuLimits,
    DiskDevice,
    GraphicsDevice,
    Hardware,
    HostDevice,
    Input,
    IoTune,
    Limits,
    Memory,
    MemoryDevice,
    MemoryLimits,
    Nic,
    NumaCell,
    OtherDevice,
    Overview,
    Panic,
    Rng,
    Serial,
    SharedFolder,
    Sound,
    Topology,
    Tpm,
    UsbRedirection,
    Video,
    Vsock,
    Watchdog,
)
from vmdesk.virtxml import devices as naming
from vmdesk.virtxml import domain as domain_xml
from vmdesk.virtxml import replug
from vmdesk.virtxml.document import XmlError, kibibytes, number, root

_QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"
# libvirt's word -> ours.
_PARTS = {"bytes": "bytes", "iops": "requests"}
IOTUNE = {
    f"{way}_{theirs}_sec{after}": f"{way}_{ours}{our_after}"
    for way in ("read", "write", "total")
    for theirs, ours in _PARTS.items()
    for after, our_after in (("", ""), ("_max", "_burst"), ("_max_length", "_burst_seconds"))
}


def parse(xml: str) -> Hardware:
    """All of a `<domain>`. Raises XmlError."""
    domain = root(xml)
    if domain.tag != "domain":
        raise XmlError("not a <domain>")
    keyed = naming.keyed(domain)
    by_tag: dict[str, list[tuple[str, etree._Element]]] = {}
    for key, element in keyed:
        by_tag.setdefault(str(element.tag), []).append((key, element))

    def of(*tags: str) -> list[tuple[str, etree._Element]]:
        return [one for tag in tags for one in by_tag.pop(tag, [])]

    memory_devices, balloons = of("memory"), of("memballoon")
    return Hardware(
        overview=_overview(domain),
        cpu=_cpu(domain),
        memory=_memory(domain, memory_devices, balloons),
        boot=_boot(domain, keyed),
        limits=limits(domain),
        disks=tuple(_disk(*one) for one in of("disk")),
        nics=tuple(_nic(*one) for one in of("interface")),
        graphics=tuple(_graphics(*one) for one in of("graphics")),
        videos=tuple(_video(*one) for one in of("video")),
        sounds=tuple(Sound(key, _get(one, "model"), naming.alias(one)) for key, one in of("sound")),
        inputs=tuple(Input(key, _get(one, "type"), _get(one, "bus"), naming.alias(one)) for key, one in of("input")),
        serials=tuple(_serial(*one) for one in of("serial", "console", "parallel")),
        channels=tuple(
            Channel(key, _get(one, "type"), _at(one, "target", "name"), _at(one, "target", "type"), naming.alias(one))
            for key, one in of("channel")
        ),
        host_devices=tuple(_host_device(*one) for one in of("hostdev")),
        usb_rules=replug.parse(domain),
        redirections=tuple(
            UsbRedirection(key, _get(one, "type"), _get(one, "bus"), naming.alias(one)) for key, one in of("redirdev")
        ),
        tpms=tuple(
            Tpm(
                key,
                _get(one, "model"),
                _at(one, "backend", "type"),
                _at(one, "backend", "version"),
                naming.alias(one),
            )
            for key, one in of("tpm")
        ),
        rngs=tuple(_rng(*one) for one in of("rng")),
        watchdogs=tuple(
            Watchdog(key, _get(one, "model"), _get(one, "action") or "reset", naming.alias(one))
            for key, one in of("watchdog")
        ),
        panics=tuple(Panic(key, _get(one, "model"), naming.alias(one)) for key, one in of("panic")),
        vsocks=tuple(
            Vsock(
                key,
                _get(one, "model"),
                number(_at(one, "cid", "address")),
                _at(one, "cid", "auto") == "yes",
                naming.alias(one),
            )
            for key, one in of("vsock")
        ),
        folders=tuple(_folder(*one) for one in of("filesystem")),
        controllers=tuple(
            Controller(key, _get(one, "type"), number(one.get("index")), _get(one, "model"), naming.alias(one))
            for key, one in of("controller")
        ),
        others=tuple(
            OtherDevice(key, str(one.tag), _get(one, "model") or _get(one, "type"), naming.alias(one))
            for key, one in keyed
            if str(one.tag) in by_tag
        ),
    )


def _overview(domain: etree._Element) -> Overview:
    os_type, loader, features = domain.find("os/type"), domain.find("os/loader"), domain.find("features")
    clock = domain.find("clock")
    commandline = domain.find(f"{_QEMU}commandline")
    secure = next(
        (one.get("enabled") == "yes" for one in domain.findall("os/firmware/feature[@name='secure-boot']")), None
    )
    if secure is None and loader is not None and loader.get("secure"):
        secure = loader.get("secure") == "yes"
    definition, labels = domain_xml.parse_element(domain)
    return Overview(
        name=domain.findtext("name") or "",
        title=labels.title,
        description=labels.description,
        uuid=(domain.findtext("uuid") or "").strip(),
        kind=_get(domain, "type"),
        arch=_get(os_type, "arch"),
        machine=_get(os_type, "machine"),
        firmware=definition.firmware,
        secure_boot=secure,
        loader=(loader.text or "").strip() if loader is not None else "",
        nvram=(domain.findtext("os/nvram") or "").strip(),
        emulator=definition.emulator,
        os_id=definition.os_id,
        features=tuple(str(one.tag) for one in _elements(features)),
        clock=_get(clock, "offset"),
        on_poweroff=domain.findtext("on_poweroff") or "",
        on_reboot=domain.findtext("on_reboot") or "",
        on_crash=domain.findtext("on_crash") or "",
        commandline=tuple(
            f"{one.get('name')}={_get(one, 'value')}" if one.get("name") else _get(one, "value")
            for one in _elements(commandline)
        ),
    )


def _cpu(domain: etree._Element) -> Cpu:
    vcpu, cpu = domain.find("vcpu"), domain.find("cpu")
    most = max(1, number(domain.findtext("vcpu"), 1))
    topology = cpu.find("topology") if cpu is not None else None
    migratable = _get(cpu, "migratable")
    model = cpu.find("model") if cpu is not None else None
    return Cpu(
        count=number(_get(vcpu, "current"), most),
        maximum=most,
        cpuset=_get(vcpu, "cpuset"),
        mode=_get(cpu, "mode") or ("custom" if model is not None else ""),
        model=(model.text or "").strip() if model is not None else "",
        check=_get(cpu, "check"),
        migratable=None if not migratable else migratable == "on",
        topology=None
        if topology is None
        else Topology(*(max(1, number(topology.get(name), 1)) for name in ("sockets", "dies", "cores", "threads"))),
        features=tuple((_get(one, "name"), _get(one, "policy") or "require") for one in _found(cpu, "feature")),
        cells=tuple(
            NumaCell(number(one.get("id"), place), _get(one, "cpus"), _cell_kib(one))
            for place, one in enumerate(_found(cpu, "numa/cell"))
        ),
    )


def _cell_kib(cell: etree._Element) -> int:
    said = etree.Element("memory", unit=cell.get("unit") or "KiB")
    said.text = cell.get("memory")
    return kibibytes(said)


def _memory(
    domain: etree._Element, devices: list[tuple[str, etree._Element]], balloons: list[tuple[str, etree._Element]]
) -> Memory:
    most = kibibytes(domain.find("memory"))
    slots, backing = domain.find("maxMemory"), domain.find("memoryBacking")
    page = backing.find("hugepages/page") if backing is not None else None
    pages = 0
    if page is not None:
        said = etree.Element("size", unit=page.get("unit") or "KiB")
        said.text = page.get("size")
        pages = kibibytes(said)
    balloon = balloons[0][1] if balloons else None
    return Memory(
        given_kib=kibibytes(domain.find("currentMemory")) or most,
        most_kib=most,
        slots_kib=kibibytes(slots),
        slots=number(_get(slots, "slots")),
        huge_pages=backing is not None and backing.find("hugepages") is not None,
        huge_page_kib=pages,
        shared=_at(backing, "access", "mode") == "shared",
        locked=backing is not None and backing.find("locked") is not None,
        no_merging=backing is not None and backing.find("nosharepages") is not None,
        source=_at(backing, "source", "type"),
        balloon=_get(balloon, "model"),
        balloon_period=number(_at(balloon, "stats", "period")),
        devices=tuple(_memory_device(*one) for one in devices),
    )


def _memory_device(key: str, element: etree._Element) -> MemoryDevice:
    target = element.find("target")
    node = element.findtext("target/node")
    return MemoryDevice(
        key,
        _get(element, "model"),
        kibibytes(element.find("target/size")),
        None if node is None else number(node),
        kibibytes(target.find("requested")) if target is not None else 0,
        kibibytes(target.find("current")) if target is not None else 0,
        kibibytes(target.find("block")) if target is not None else 0,
        naming.alias(element),
    )


def _boot(domain: etree._Element, keyed: list[tuple[str, etree._Element]]) -> Boot:
    places = [(key, number(_at(one, "boot", "order"))) for key, one in keyed if one.find("boot") is not None]
    menu = _at(domain, "os/bootmenu", "enable")
    return Boot(
        order=tuple(_get(one, "dev") for one in domain.findall("os/boot")),
        devices=tuple(sorted(places, key=lambda one: one[1])),
        menu=None if not menu else menu == "yes",
        kernel=domain.findtext("os/kernel") or "",
        initrd=domain.findtext("os/initrd") or "",
        cmdline=domain.findtext("os/cmdline") or "",
    )


def limits(domain: etree._Element) -> Limits:
    """What stands above the devices."""
    tune, numa = domain.find("cputune"), domain.find("numatune/memory")
    cpu = CpuLimits(
        shares=_number(tune, "shares"),
        period=_number(tune, "period"),
        quota=_number(tune, "quota"),
        global_period=_number(tune, "global_period"),
        global_quota=_number(tune, "global_quota"),
        emulator_period=_number(tune, "emulator_period"),
        emulator_quota=_number(tune, "emulator_quota"),
        io_period=_number(tune, "iothread_period"),
        io_quota=_number(tune, "iothread_quota"),
        pins=tuple((number(one.get("vcpu")), _get(one, "cpuset")) for one in _found(tune, "vcpupin")),
        emulator_pin=_at(tune, "emulatorpin", "cpuset"),
        io_pins=tuple((number(one.get("iothread")), _get(one, "cpuset")) for one in _found(tune, "iothreadpin")),
    )
    return Limits(
        cpu,
        MemoryLimits(*(_kib(domain, f"memtune/{name}") for name in ("hard_limit", "soft_limit", "swap_hard_limit"))),
        _number(domain, "blkiotune/weight"),
        _get(numa, "mode"),
        _get(numa, "nodeset"),
        number(domain.findtext("iothreads")),
    )


def _disk(key: str, disk: etree._Element) -> DiskDevice:
    driver, tune = disk.find("driver"), disk.find("iotune")
    return DiskDevice(
        key=key,
        target=_at(disk, "target", "dev"),
        bus=_at(disk, "target", "bus"),
        device=_get(disk, "device") or "disk",
        kind=_get(disk, "type"),
        source=domain_xml.disk_source(disk.find("source"), _get(disk, "type")),
        format=_get(driver, "type"),
        readonly=disk.find("readonly") is not None,
        shareable=disk.find("shareable") is not None,
        cache=_get(driver, "cache"),
        io=_get(driver, "io"),
        discard=_get(driver, "discard"),
        detect_zeroes=_get(driver, "detect_zeroes"),
        serial=disk.findtext("serial") or "",
        boot=number(_at(disk, "boot", "order")),
        io_thread=number(_get(driver, "iothread")),
        alias=naming.alias(disk),
        iotune=_iotune(tune),
    )


def _iotune(tune: etree._Element | None) -> IoTune:
    if tune is None:
        return IoTune()
    said = {ours: number(tune.findtext(theirs)) for theirs, ours in IOTUNE.items()}
    return IoTune(**said, group=tune.findtext("group_name") or "")


def _nic(key: str, nic: etree._Element) -> Nic:
    brief = domain_xml.nic(nic)
    return Nic(
        key=key,
        mac=brief.mac.lower(),
        kind=brief.kind,
        source=brief.source,
        model=brief.model,
        target=brief.target,
        link=_at(nic, "link", "state") != "down",
        boot=number(_at(nic, "boot", "order")),
        mtu=number(_at(nic, "mtu", "size")),
        queues=number(_at(nic, "driver", "queues")),
        isolated=_at(nic, "port", "isolated") == "yes",
        filter=_at(nic, "filterref", "filter"),
        alias=naming.alias(nic),
        inbound=_bandwidth(nic.find("bandwidth/inbound")),
        outbound=_bandwidth(nic.find("bandwidth/outbound")),
    )


def _bandwidth(element: etree._Element | None) -> Bandwidth:
    return Bandwidth(*(number(_get(element, name)) for name in ("average", "peak", "burst")))


def _graphics(key: str, graphics: etree._Element) -> GraphicsDevice:
    listen = graphics.find("listen")
    return GraphicsDevice(
        key,
        _get(graphics, "type"),
        _get(listen, "type"),
        _get(listen, "address") or _get(listen, "socket") or _get(graphics, "listen"),
        max(0, number(graphics.get("port"))),
        graphics.get("passwd") is not None,
        _at(graphics, "gl", "enable") == "yes",
    )


def _video(key: str, video: etree._Element) -> Video:
    model = video.find("model")
    return Video(
        key,
        _get(model, "type"),
        number(_get(model, "vram") or _get(model, "vgamem")),
        max(1, number(_get(model, "heads"), 1)),
        _at(model, "acceleration", "accel3d") == "yes",
        _get(model, "primary") == "yes",
        naming.alias(video),
    )


def _serial(key: str, element: etree._Element) -> Serial:
    return Serial(
        key,
        str(element.tag),
        _get(element, "type"),
        _at(element, "target/model", "name") or _at(element, "target", "type"),
        number(_at(element, "target", "port")),
        _at(element, "source", "path"),
        naming.alias(element),
    )


def _host_device(key: str, element: etree._Element) -> HostDevice:
    return HostDevice(
        key,
        _get(element, "type") or _get(element, "mode"),
        naming.host_address(element),
        _get(element, "managed") == "yes",
        _at(element, "source", "startupPolicy"),
        _get(element, "model"),
        number(_at(element, "boot", "order")),
        naming.alias(element),
    )


def _rng(key: str, element: etree._Element) -> Rng:
    backend, rate = element.find("backend"), element.find("rate")
    return Rng(
        key,
        _get(element, "model"),
        _get(backend, "model"),
        ((backend.text or "").strip() if backend is not None else ""),
        number(_get(rate, "bytes")),
        number(_get(rate, "period")),
        naming.alias(element),
    )


def _folder(key: str, element: etree._Element) -> SharedFolder:
    source = element.find("source")
    names = ("dir", "file", "dev", "name", "socket", "volume")
    return SharedFolder(
        key,
        _at(element, "driver", "type") or _get(element, "type"),
        next((value for value in (_get(source, name) for name in names) if value), ""),
        _at(element, "target", "dir"),
        element.find("readonly") is not None,
        _get(element, "accessmode"),
        naming.alias(element),
    )


# -------------------------------------------------------------------- reading


def _get(element: etree._Element | None, name: str) -> str:
    return (element.get(name) or "") if element is not None else ""


def _at(element: etree._Element | None, path: str, name: str) -> str:
    return _get(element.find(path), name) if element is not None else ""


def _found(element: etree._Element | None, path: str) -> list[etree._Element]:
    return element.findall(path) if element is not None else []


def _elements(element: etree._Element | None) -> list[etree._Element]:
    return list(element.iterchildren("{*}*")) if element is not None else []


def _number(element: etree._Element | None, path: str) -> int | None:
    said = element.findtext(path) if element is not None else None
    return None if said is None else number(said)


def _kib(element: etree._Element, path: str) -> int | None:
    found = element.find(path)
    return None if found is None else kibibytes(found)
