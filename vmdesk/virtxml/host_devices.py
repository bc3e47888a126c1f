"""From libvirt's node devices to what a machine can be given."""

from collections.abc import Iterable

from lxml import etree

from vmdesk.model.host_devices import HostDevices, HostMdev, HostPci, HostUsb
from vmdesk.virtxml.document import XmlError, number, root

_HUB = "0x1d6b"  # Linux's own root hubs


def parse(xmls: Iterable[str]) -> HostDevices:
    """Of all `<device>` texts; what cannot be read or given away is left out."""
    usb: list[HostUsb] = []
    pci: list[HostPci] = []
    mdev: list[HostMdev] = []
    for xml in xmls:
        try:
            device = root(xml)
        except XmlError:
            continue
        for capability in device.findall("capability"):
            match capability.get("type"):
                case "usb_device" if _id(capability, "vendor") != _HUB:
                    usb.append(_usb(device, capability))
                case "pci" if capability.find("capability[@type='pci-bridge']") is None:
                    pci.append(_pci(device, capability))
                case "mdev":
                    mdev.append(_mdev(device, capability))
    return HostDevices(
        tuple(sorted(usb, key=lambda one: (one.bus, one.device))),
        tuple(sorted(pci, key=lambda one: one.address)),
        tuple(sorted(mdev, key=lambda one: one.uuid)),
    )


def _usb(device: etree._Element, capability: etree._Element) -> HostUsb:
    return HostUsb(
        _name(device),
        _id(capability, "vendor").removeprefix("0x"),
        _id(capability, "product").removeprefix("0x"),
        _what(capability),
        number(capability.findtext("bus")),
        number(capability.findtext("device")),
    )


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


def _mdev(device: etree._Element, capability: etree._Element) -> HostMdev:
    group, kind = capability.find("iommuGroup"), capability.find("type")
    return HostMdev(
        _name(device),
        capability.findtext("uuid") or "",
        (kind.get("id") or "") if kind is not None else "",
        number(group.get("number")) if group is not None else None,
    )


def _member(address: etree._Element) -> str:
    figures = (_hex(address.get(name)) for name in ("domain", "bus", "slot", "function"))
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*figures)


def _hex(words: str | None) -> int:
    try:
        return int(words or "0", 16)
    except ValueError:
        return 0


def _name(device: etree._Element) -> str:
    return device.findtext("name") or ""


def _id(capability: etree._Element, tag: str) -> str:
    found = capability.find(tag)
    return (found.get("id") or "").lower() if found is not None else ""


def _what(capability: etree._Element) -> str:
    """Maker and product in the host's words."""
    words = ((capability.findtext(tag) or "").strip() for tag in ("vendor", "product"))
    return " ".join(filter(None, words))
