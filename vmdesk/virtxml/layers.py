"""The files that a `<domain>` and a `<domainsnapshot>` name, and how they stand on one another."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from lxml import etree

from vmdesk.model.chain import Role, Use
from vmdesk.model.storage import Volume
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.domain import disk_source

# The path of the kernel and such may stand in other elements, too; these are what libvirt has.
_BOOT = ("os/kernel", "os/initrd", "os/dtb", "os/loader", "os/acpi/table")


@dataclass(slots=True)
class Layers:
    """What was found; `below`: path -> (path, format) of what is under it, "" for nothing, as definitions spell it."""

    uses: list[Use] = field(default_factory=list)
    below: dict[str, tuple[str, str]] = field(default_factory=dict)


def of_domain(domain: etree._Element, machine: str, live: bool, into: Layers, snapshot: str = "") -> None:
    """Add what a definition names; in a snapshot only what a disk was then counts, see of_snapshot."""
    for disk in domain.findall("devices/disk"):
        path = disk_source(disk.find("source"), disk.get("type") or "")
        if path:
            into.uses.append(_disk(disk, path, machine, live, snapshot))
        _chain(disk, path, into)
        mirror = disk.find("mirror")
        if mirror is not None:  # a block job copies it there: not yet its disk, but written already
            copy = disk_source(mirror.find("source"), mirror.get("type") or "") or mirror.get("file") or ""
            if copy and copy != path:
                target = _target(disk.find("target"), "dev")
                into.uses.append(Use(copy, Role.OVERLAY, machine, target, _format_of(mirror), live=live))
    for element, role in _others(domain):
        if path := (element.text or "").strip():
            into.uses.append(Use(path, role, machine, live=live, writable=role is Role.NVRAM))
    if domain.find("devices/tpm/backend[@type='emulator']") is not None:
        into.uses.append(Use("", Role.TPM, machine, live=live))


def of_snapshot(snapshot: etree._Element, machine: str, into: Layers) -> None:
    """Add what a snapshot stands on: the files that its disks were, what was put on top, its memory."""
    name = snapshot.findtext("name") or ""
    kinds = {
        _target(disk, "name"): disk.get("snapshot") or "" for disk in snapshot.findall("disks/disk") if disk.get("name")
    }
    for disk in snapshot.findall("domain/devices/disk"):
        path = disk_source(disk.find("source"), disk.get("type") or "")
        target = _target(disk.find("target"), "dev")
        if path and kinds.get(target, "no") not in ("no", "manual"):
            into.uses.append(Use(path, Role.FROZEN, machine, target, _format(disk), snapshot=name))
            _chain(disk, path, into)
    for disk in snapshot.findall("disks/disk[@snapshot='external']"):
        if path := disk_source(disk.find("source"), disk.get("type") or "file"):
            into.uses.append(
                Use(path, Role.OVERLAY, machine, _target(disk, "name"), _format(disk) or "qcow2", snapshot=name)
            )
    memory = snapshot.find("memory")
    if memory is not None and memory.get("snapshot") == "external" and (path := memory.get("file") or ""):
        into.uses.append(Use(path, Role.MEMORY, machine, snapshot=name))


def _disk(disk: etree._Element, path: str, machine: str, live: bool, snapshot: str) -> Use:
    medium = disk.get("device") in ("cdrom", "floppy")
    return Use(
        path,
        Role.MEDIUM if medium else Role.DISK,
        machine,
        _target(disk.find("target"), "dev"),
        _format(disk),
        writable=not medium and disk.find("readonly") is None and disk.find("transient") is None,
        shared=disk.find("shareable") is not None,
        live=live,
        snapshot=snapshot,
    )


def _others(domain: etree._Element) -> Iterator[tuple[etree._Element, Role]]:
    for element in domain.findall("os/nvram"):
        yield element, Role.NVRAM
    for where in _BOOT:
        for element in domain.findall(where):
            yield element, Role.BOOT


def _chain(disk: etree._Element, path: str, into: Layers) -> None:
    """`<backingStore>` in `<backingStore>`; an empty one ends the chain, none at all says nothing."""
    layer = disk.find("backingStore")
    while layer is not None and path:
        below = disk_source(layer.find("source"), layer.get("type") or "")
        into.below[path] = (below, _format_of(layer))
        path, layer = below, layer.find("backingStore")


def _target(element: etree._Element | None, attribute: str) -> str:
    return (element.get(attribute) or "") if element is not None else ""


def _format(disk: etree._Element) -> str:
    driver = disk.find("driver")
    return (driver.get("type") or "") if driver is not None else ""


def _format_of(layer: etree._Element) -> str:
    found = layer.find("format")
    return (found.get("type") or "") if found is not None else ""


def mirror(volume: Volume) -> str:
    """A `<disk>` that says where a running disk is copied to."""
    kind, word = _reached(volume)
    disk = etree.Element("disk", type=kind)
    etree.SubElement(disk, "driver", name="qemu", type=volume.format or "raw")
    etree.SubElement(disk, "source", {word: volume.path})
    return etree.tostring(disk, encoding="unicode")


def _reached(volume: Volume) -> tuple[str, str]:
    """The type of a `<disk>` with it, and the attribute of its `<source>`."""
    return ("block", "dev") if volume.kind == "block" else ("file", "file")


def placed(xml: str, target: str, volume: Volume) -> str:
    """A definition with that disk in another volume; nothing else of it is touched. Raises XmlError if it has none."""
    domain = root(xml)
    kind, word = _reached(volume)
    for disk in domain.findall("devices/disk"):
        if _target(disk.find("target"), "dev") != target:
            continue
        for element in disk.findall("backingStore") + disk.findall("mirror"):
            disk.remove(element)  # they tell of what the old file stood on
        source, driver = disk.find("source"), disk.find("driver")
        if driver is None:
            driver = etree.Element("driver", name="qemu")
            disk.insert(0, driver)
        driver.set("type", volume.format or "raw")
        fresh = etree.Element("source", {word: volume.path})
        fresh.tail = source.tail if source is not None else driver.tail
        if source is None:
            disk.insert(disk.index(driver) + 1, fresh)
        else:
            # What is said of the access (its label, how it is opened at the start) holds for the new one, too.
            fresh.attrib.update({key: value for key, value in source.attrib.items() if key == "startupPolicy"})
            fresh.extend([deepcopy(one) for one in source.findall("seclabel")])
            disk.replace(source, fresh)
        disk.set("type", kind)
        return etree.tostring(domain, encoding="unicode")
    raise XmlError(f"no disk {target}")


def chain_of(domain: etree._Element, target: str) -> tuple[tuple[str, ...], bool]:
    """The files of one disk, the top one first, as the definition spells them; whether a job on it is ready."""
    for disk in domain.findall("devices/disk"):
        if _target(disk.find("target"), "dev") != target:
            continue
        found, layer, kind = list[str](), disk, disk.get("type") or ""
        while True:
            if path := disk_source(layer.find("source"), kind):
                found.append(path)
            below = layer.find("backingStore")
            if below is None:
                break
            layer, kind = below, below.get("type") or ""
        mirror = disk.find("mirror")
        return tuple(found), mirror is not None and mirror.get("ready") == "yes"
    return (), False
