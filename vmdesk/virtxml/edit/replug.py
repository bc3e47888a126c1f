"""The rules about USB devices: written into a definition and taken out, nothing else is touched."""

from collections.abc import Callable

from lxml import etree

from vmdesk.model.host_devices import HostUsb
from vmdesk.model.replug import UsbRule
from vmdesk.virtxml.edit.tree import Definition, add, drop, ensure
from vmdesk.virtxml.replug import NAMESPACE, PREFIX, TAG, fill, parse


def put(xml: str, rule: UsbRule) -> str:
    """Have that rule, in the place of one about the same device or port. Raises XmlError."""

    def put_in(rules: tuple[UsbRule, ...]) -> tuple[UsbRule, ...]:
        if all(one.called != rule.called for one in rules):
            return (*rules, rule)
        return tuple(rule if one.called == rule.called else one for one in rules)

    return _set(xml, put_in)


def remove(xml: str, called: str) -> str:
    """Have none about that device or port. Raises XmlError."""
    return _set(xml, lambda rules: tuple(one for one in rules if one.called != called))


def _set(xml: str, change: Callable[[tuple[UsbRule, ...]], tuple[UsbRule, ...]]) -> str:
    definition = Definition(xml)
    old = parse(definition.domain)
    new = change(old)
    if new == old:
        return xml
    there = definition.domain.find(f"metadata/{TAG}")
    if there is not None:
        above = there.getparent()
        drop(there)
        if above is not None and not len(above) and not new:
            drop(above)
    if new:
        made = etree.Element(TAG, nsmap={PREFIX: NAMESPACE})
        add(ensure(definition.domain, "metadata"), fill(made, new, f"{{{NAMESPACE}}}"))
    return definition.text


def given(device: HostUsb, rule: UsbRule) -> str:
    """A USB device that is plugged in now: by where it is, and what it is if the rule is about that. Not optional:
    libvirt would "plug in" one that is gone by now, and say nothing."""
    made = etree.Element("hostdev", mode="subsystem", type="usb", managed="yes")
    source = etree.SubElement(made, "source")
    if not rule.port:
        etree.SubElement(source, "vendor", id=f"0x{device.vendor}")
        etree.SubElement(source, "product", id=f"0x{device.product}")
    etree.SubElement(source, "address", bus=str(device.bus), device=str(device.device))
    etree.SubElement(made, "alias", name=rule.alias)
    return etree.tostring(made, encoding="unicode")
