"""Snapshots: `<domainsnapshot>` to values and back."""

from collections.abc import Sequence
from copy import deepcopy

from lxml import etree

from vmdesk.model.snapshot import Kind, Snapshot, SnapshotDisk
from vmdesk.virtxml import metadata
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.domain import disk_source


def parse(xml: str, *, current: bool = False) -> Snapshot:
    """Read one. Raises XmlError."""
    snapshot = _snapshot(xml)
    disks = tuple(_disk(disk, snapshot) for disk in snapshot.findall("disks/disk") if _kind(disk) is not Kind.NONE)
    memory = snapshot.find("memory")
    state = snapshot.findtext("state") or ""
    if memory is not None:
        where, file = memory.get("snapshot") or "no", memory.get("file") or ""
    else:  # an internal snapshot of a running machine, by an older libvirt
        where, file = ("internal" if state in ("running", "paused") else "no"), ""
    kinds = {disk.kind for disk in disks}
    return Snapshot(
        name=snapshot.findtext("name") or "",
        parent=snapshot.findtext("parent/name") or "",
        created=_seconds(snapshot.findtext("creationTime")),
        note=snapshot.findtext("description") or "",
        state=state,
        kind=Kind.NONE if not kinds else Kind.MIXED if len(kinds) > 1 else kinds.pop(),
        memory=where,
        memory_file=file,
        current=current,
        disks=disks,
    )


def build(
    name: str,
    note: str = "",
    *,
    disks: Sequence[SnapshotDisk] = (),
    memory: str = "",
    memory_file: str = "",
) -> str:
    """A `<domainsnapshot>` to be made. `disks`: all disks of the machine, Kind.NONE for those to be left out."""
    snapshot = etree.Element("domainsnapshot")
    try:
        etree.SubElement(snapshot, "name").text = name
        if note:
            etree.SubElement(snapshot, "description").text = metadata.clean(note)
        if memory:
            element = etree.SubElement(snapshot, "memory", snapshot=memory)
            if memory_file:
                element.set("file", memory_file)
        if disks:
            around = etree.SubElement(snapshot, "disks")
            for disk in disks:
                kind = "no" if disk.kind is Kind.NONE else disk.kind.value
                one = etree.SubElement(around, "disk", name=disk.target, snapshot=kind)
                if disk.overlay:
                    one.set("type", "file")
                    etree.SubElement(one, "driver", type=disk.overlay_format or "qcow2")
                    etree.SubElement(one, "source", file=disk.overlay)
    except ValueError as error:  # control characters
        raise XmlError(str(error)) from None
    return etree.tostring(snapshot, encoding="unicode", pretty_print=True)


def with_note(xml: str, note: str) -> str:
    """The same with another note, to be redefined. Raises XmlError."""
    snapshot = _snapshot(xml)
    found = snapshot.find("description")
    if found is not None:
        snapshot.remove(found)
    if note:
        found = etree.Element("description")
        found.text = metadata.clean(note)
        place = snapshot.find("name")
        snapshot.insert(0 if place is None else snapshot.index(place) + 1, found)
    return etree.tostring(snapshot, encoding="unicode")


def definition(xml: str, stored: str, overlays: dict[str, tuple[str, str]], running: bool = False) -> str:
    """The machine as the snapshot has it, on fresh overlays: target -> (path, format). Raises XmlError.

    stored   the definition of now: its name, title, description and metadata stay
    running  as it ran then, to be restored with its memory; else as it is to be stored
    """
    snapshot, now = _snapshot(xml), root(stored)
    then = snapshot.find("domain") if running else snapshot.find("inactiveDomain")
    if then is None:
        then = snapshot.find("domain")
    if then is None:
        raise XmlError("the snapshot has no definition")
    made = etree.Element("domain", nsmap={str(prefix): uri for prefix, uri in then.nsmap.items() if prefix})
    made.attrib.update({key: value for key, value in then.attrib.items() if key != "id"})
    made.extend([deepcopy(child) for child in then])
    for tag in ("name", "uuid", "title", "description", "metadata"):
        old, new = made.find(tag), now.find(tag)
        if old is not None:
            made.remove(old)
        if new is not None:
            made.append(deepcopy(new))
    return etree.tostring(on_disks(made, overlays), encoding="unicode")


def moved(xml: str, disks: dict[str, tuple[str, str]]) -> str:
    """A definition with other files in these disks: target -> (path, format). Raises XmlError if one is missing."""
    return etree.tostring(on_disks(root(xml), disks), encoding="unicode")


def on_disks(domain: etree._Element, disks: dict[str, tuple[str, str]]) -> etree._Element:
    """The definition with other files in these disks: target -> (path, format). Raises XmlError if one is missing."""
    left = dict(disks)
    for disk in domain.findall("devices/disk"):
        target = disk.find("target")
        place = left.pop((target.get("dev") or "") if target is not None else "", None)
        for element in disk.findall("backingStore") + disk.findall("mirror"):
            disk.remove(element)
        if place is None:
            continue
        _put(disk, *place)
    if left:
        raise XmlError(f"no disk {', '.join(left)}")
    return domain


def _put(disk: etree._Element, path: str, kind: str) -> None:
    source, driver = disk.find("source"), disk.find("driver")
    if driver is None:
        driver = etree.Element("driver", name="qemu")
        disk.insert(0, driver)
    driver.set("type", kind)
    fresh = etree.Element("source", file=path)
    # What is said of the access (labels, reservations) is of the old file; the number of its boot order is not here.
    if source is None:
        disk.insert(disk.index(driver) + 1, fresh)
    else:
        for label in source.findall("seclabel"):
            fresh.append(deepcopy(label))
        disk.replace(source, fresh)
    disk.set("type", "file")


def _snapshot(xml: str) -> etree._Element:
    found = root(xml)
    if found.tag != "domainsnapshot":
        raise XmlError("not a <domainsnapshot>")
    return found


def _disk(disk: etree._Element, snapshot: etree._Element) -> SnapshotDisk:
    name = disk.get("name") or ""
    frozen = frozen_format = ""
    for one in snapshot.findall("domain/devices/disk"):
        target, driver = one.find("target"), one.find("driver")
        if target is not None and target.get("dev") == name:
            frozen = disk_source(one.find("source"), one.get("type") or "")
            frozen_format = (driver.get("type") or "") if driver is not None else ""
    driver = disk.find("driver")
    external = _kind(disk) is Kind.EXTERNAL
    return SnapshotDisk(
        name,
        _kind(disk),
        frozen,
        frozen_format,
        disk_source(disk.find("source"), disk.get("type") or "file") if external else "",
        ((driver.get("type") or "") if driver is not None else "") if external else "",
    )


def _kind(disk: etree._Element) -> Kind:
    match disk.get("snapshot"):
        case "internal":
            return Kind.INTERNAL
        case "external":
            return Kind.EXTERNAL
    return Kind.NONE


def _seconds(words: str | None) -> float:
    try:
        return float(words) if words else 0.0
    except ValueError:
        return 0.0
