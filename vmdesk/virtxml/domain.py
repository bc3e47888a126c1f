"""From a domain's XML to what lists and overview show of it."""

from lxml import etree

from vmdesk.model.cpu_set import ALL, EMULATOR
from vmdesk.model.domain import Definition, Disk, Graphics, Labels, Nic
from vmdesk.virtxml import marks, medium, metadata, replug, system
from vmdesk.virtxml.document import XmlError, kibibytes, number, root

_AGENT = "org.qemu.guest_agent.0"


def parse(xml: str) -> tuple[Definition, Labels]:
    """What `xml` (a `<domain>`) says. Raises XmlError."""
    domain = root(xml)
    if domain.tag != "domain":
        raise XmlError("not a <domain>")
    return parse_element(domain)


def parse_element(domain: etree._Element) -> tuple[Definition, Labels]:
    """The same of a `<domain>` that was read already."""
    devices = domain.find("devices")
    if devices is None:
        devices = etree.Element("devices")
    os_type = domain.find("os/type")
    memory = kibibytes(domain.find("memory"))
    max_vcpus = number(domain.findtext("vcpu"), 1)
    vcpu = domain.find("vcpu")
    os_id = _os_id(domain)
    cpu, marked = domain.find("cpu"), marks.parse(domain)
    definition = Definition(
        vcpus=number(vcpu.get("current"), max_vcpus) if vcpu is not None else max_vcpus,
        max_vcpus=max_vcpus,
        memory_kib=kibibytes(domain.find("currentMemory")) or memory,
        max_memory_kib=memory,
        kind=domain.get("type") or "",
        arch=(os_type.get("arch") or "") if os_type is not None else "",
        machine=(os_type.get("machine") or "") if os_type is not None else "",
        emulator=devices.findtext("emulator") or "",
        os_id=os_id,
        os_name=system.name(os_id),
        firmware=_firmware(domain),
        cpu_mode=(cpu.get("mode") or ("custom" if cpu.find("model") is not None else "")) if cpu is not None else "",
        disks=tuple(_disk(disk) for disk in devices.findall("disk")),
        nics=tuple(nic(one) for one in devices.findall("interface")),
        graphics=tuple(_graphics(graphics) for graphics in devices.findall("graphics")),
        security=tuple(
            (label.get("model") or "", label.findtext("label") or "")
            for label in domain.findall("seclabel")
            if label.get("model")
        ),
        agent=any(
            target.get("name") == _AGENT for target in devices.findall("channel/target") if target.get("type") != "xen"
        ),
        vdagent=devices.find("channel[@type='qemu-vdagent']") is not None,
        cpuset=(vcpu.get("cpuset") or "") if vcpu is not None else "",
        pins=_pins(domain.find("cputune")),
        medium=medium.remembered(domain),
        template=marked.template,
        trashed=marked.trashed,
        usb_rules=replug.parse(domain),
    )
    return definition, metadata.parse(domain)


def _os_id(domain: etree._Element) -> str:
    for namespace in system.OSINFO:
        found = domain.find(f"metadata/{namespace}libosinfo/{namespace}os")
        if found is not None:
            return found.get("id") or ""
    return ""


def _firmware(domain: etree._Element) -> str:
    """ "efi", "bios" or "" when the definition leaves it to the hypervisor."""
    os_element = domain.find("os")
    if os_element is None:
        return ""
    if chosen := os_element.get("firmware"):
        return chosen
    loader = os_element.find("loader")
    if loader is None:
        return ""
    return "efi" if loader.get("type") == "pflash" or os_element.find("nvram") is not None else "bios"


def _pins(tune: etree._Element | None) -> tuple[tuple[int, str], ...]:
    """Which CPUs of the host the virtual ones run on, and the emulator."""
    if tune is None:
        return ()
    found = [(number(one.get("vcpu"), -1), one.get("cpuset") or "") for one in tune.findall("vcpupin")]
    found += [(EMULATOR, one.get("cpuset") or "") for one in tune.findall("emulatorpin")]
    return tuple((part, cpus) for part, cpus in found if cpus and part != ALL)


def _disk(disk: etree._Element) -> Disk:
    target, driver = disk.find("target"), disk.find("driver")
    return Disk(
        target=(target.get("dev") or "") if target is not None else "",
        device=disk.get("device") or "disk",
        source=disk_source(disk.find("source"), disk.get("type") or ""),
        format=(driver.get("type") or "") if driver is not None else "",
        readonly=disk.find("readonly") is not None,
        encrypted=disk.find("source/encryption") is not None or disk.find("encryption") is not None,
    )


def disk_source(source: etree._Element | None, kind: str) -> str:
    """A path, "pool/volume", a URL, or "" for an empty drive."""
    if source is None:
        return ""
    match kind:
        case "volume":
            return f"{source.get('pool') or ''}/{source.get('volume') or ''}"
        case "network":
            host = source.find("host")
            where = ""
            if host is not None:
                port = host.get("port")
                where = f"{host.get('name') or host.get('socket') or ''}{f':{port}' if port else ''}"
            return f"{source.get('protocol') or ''}://{where}/{(source.get('name') or '').lstrip('/')}"
        case "nvme":
            return "nvme"
        case "vhostuser":
            return source.get("path") or ""
    return source.get("file") or source.get("dev") or source.get("dir") or source.get("name") or ""


def nic(element: etree._Element) -> Nic:
    """A network card."""
    mac, model, target, source = (element.find(name) for name in ("mac", "model", "target", "source"))
    where = ""
    if source is not None:
        names = ("network", "bridge", "dev", "path", "name", "address")
        where = next((value for value in map(source.get, names) if value), "")
    return Nic(
        mac=(mac.get("address") or "") if mac is not None else "",
        kind=element.get("type") or "",
        source=where,
        model=(model.get("type") or "") if model is not None else "",
        target=(target.get("dev") or "") if target is not None else "",
    )


def _graphics(graphics: etree._Element) -> Graphics:
    listen = graphics.find("listen")
    address = graphics.get("listen") or ""
    if listen is not None:
        address = listen.get("address") or listen.get("socket") or listen.get("network") or address
    # -1 stands for "one will be chosen at start".
    return Graphics(graphics.get("type") or "", max(0, number(graphics.get("port"))), address)
