"""From libvirt's node devices to what a machine can be given."""

import re
from collections.abc import Iterable

from lxml import etree

from vmdesk.model.host_devices import HostDevices, HostMdev, HostPci, HostUsb, MdevType
from vmdesk.virtxml.document import XmlError, number, root

_HUB = "0x1d6b"  # Linux's own root hubs
_INPUT, _TYPING = 3, (1, 2)  # USB's class of input devices; its keyboards and mice


def parse(xmls: Iterable[str], mounted: frozenset[str] | None = None, off: frozenset[str] = frozenset()) -> HostDevices:
    """Of all `<device>` texts; what cannot be read or given away is left out.

    mounted  paths below /sys of the disks that the host uses; None: they are not known
    off      names of the devices that are defined only
    """
    found: list[etree._Element] = []
    for xml in xmls:
        try:
            found.append(root(xml))
        except XmlError:
            continue
    usb: list[HostUsb] = []
    pci: list[HostPci] = []
    mdev: list[HostMdev] = []
    slices: list[MdevType] = []
    hosted = _Hosted(found, mounted)
    for device in found:
        for capability in device.findall("capability"):
            slices += _slices(device, capability)
            match capability.get("type"):
                case "usb_device" if _id(capability, "vendor") != _HUB:
                    usb.append(_usb(device, capability, hosted))
                case "pci" if capability.find("capability[@type='pci-bridge']") is None:
                    pci.append(_pci(device, capability))
                case "mdev":
                    mdev.append(_mdev(device, capability, _name(device) not in off))
    return HostDevices(
        tuple(sorted(usb, key=lambda one: (one.bus, one.device))),
        tuple(sorted(pci, key=lambda one: one.address)),
        tuple(sorted(mdev, key=lambda one: one.uuid)),
        tuple(sorted(slices, key=lambda one: (one.parent, one.id))),
    )


def disk(xml: str) -> str:
    """The path of a disk's device, "" of anything else. Raises XmlError."""
    return (root(xml).findtext("capability[@type='storage']/block") or "").strip()


def name(xml: str) -> str:
    """A device's name. Raises XmlError."""
    return _name(root(xml))


class _Hosted:
    """What the host does with its USB devices: their interfaces and disks are devices of their own, below them."""

    def __init__(self, found: Iterable[etree._Element], mounted: frozenset[str] | None) -> None:
        self._mounted = mounted
        self._typing: set[str] = set()
        self._disks: list[tuple[str, str]] = []
        for device in found:
            for capability in device.findall("capability"):
                kind = capability.get("type")
                if kind == "usb" and number(capability.findtext("class")) == _INPUT:
                    if number(capability.findtext("protocol")) in _TYPING:
                        self._typing.add(_path(device))
                elif kind == "storage":
                    name = (capability.findtext("block") or "").removeprefix("/dev/")
                    self._disks.append((_path(device), name or _name(device)))

    def typing(self, path: str) -> bool:
        return any(one.startswith(f"{path}/") for one in self._typing) if path else False

    def disks(self, path: str) -> tuple[str, ...]:
        return tuple(name for one, name in self._disks if path and one.startswith(f"{path}/"))

    def mounted(self, path: str) -> bool | None:
        if not self.disks(path):
            return False
        return None if self._mounted is None else any(one.startswith(f"{path}/") for one in self._mounted)


def _usb(device: etree._Element, capability: etree._Element, hosted: _Hosted) -> HostUsb:
    path = _path(device)
    return HostUsb(
        _name(device),
        _id(capability, "vendor").removeprefix("0x"),
        _id(capability, "product").removeprefix("0x"),
        _what(capability),
        number(capability.findtext("bus")),
        number(capability.findtext("device")),
        _port(device),
        hosted.typing(path),
        hosted.disks(path),
        hosted.mounted(path),
    )


def _port(device: etree._Element) -> str:
    """The last part of its path below /sys; libvirt makes its name of the same: usb_1_1_4."""
    last = _path(device).rpartition("/")[2]
    if re.fullmatch(r"[0-9]+-[0-9]+(\.[0-9]+)*", last):
        return last
    parts = _name(device).removeprefix("usb_").split("_")
    return f"{parts[0]}-{'.'.join(parts[1:])}" if len(parts) > 1 and all(one.isdigit() for one in parts) else ""


def _slices(device: etree._Element, capability: etree._Element) -> list[MdevType]:
    return [
        MdevType(
            _name(device),
            _what(capability) or _name(device),
            one.get("id") or "",
            one.findtext("name") or "",
            one.findtext("deviceAPI") or "",
            number(one.findtext("availableInstances")),
        )
        for one in capability.findall("capability[@type='mdev_types']/type")
    ]


def _pci(device: etree._Element, capability: etree._Element) -> HostPci:
    address = "{:04x}:{:02x}:{:02x}.{:x}".format(
        *(number(capability.findtext(name)) for name in ("domain", "bus", "slot", "function"))
    )
    group = capability.find("iommuGroup")
    return HostPci(
        name=_name(device),
        address=address,
        what=_what(capability),
        driver=device.findtext("driver/name") or "",
        group=number(group.get("number")) if group is not None else None,
        members=tuple(_member(one) for one in group.findall("address")) if group is not None else (),
        network=(capability.findtext("class") or "").lower().startswith("0x02"),
        types=tuple(
            (one.get("id") or "", one.findtext("name") or "", number(one.findtext("availableInstances")))
            for one in capability.findall("capability[@type='mdev_types']/type")
        ),
    )


def _mdev(device: etree._Element, capability: etree._Element, active: bool) -> HostMdev:
    group, kind = capability.find("iommuGroup"), capability.find("type")
    return HostMdev(
        _name(device),
        capability.findtext("uuid") or "",
        (kind.get("id") or "") if kind is not None else "",
        number(group.get("number")) if group is not None else None,
        device.findtext("parent") or "",
        active,
    )


def _member(address: etree._Element) -> str:
    figures = (_hex(address.get(name)) for name in ("domain", "bus", "slot", "function"))
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*figures)


def _hex(words: str | None) -> int:
    try:
        return int(words or "0", 16)
    except ValueError:
        return 0


def _path(device: etree._Element) -> str:
    return device.findtext("path") or ""


def _name(device: etree._Element) -> str:
    return device.findtext("name") or ""


def _id(capability: etree._Element, tag: str) -> str:
    found = capability.find(tag)
    return (found.get("id") or "").lower() if found is not None else ""


def _what(capability: etree._Element) -> str:
    """Maker and product in the host's words."""
    words = ((capability.findtext(tag) or "").strip() for tag in ("vendor", "product"))
    return " ".join(filter(None, words))


def mdev_uuid(xml: str) -> str:
    """Of a mediated device; "" if it is none. Raises XmlError."""
    return root(xml).findtext("capability[@type='mdev']/uuid") or ""
