"""Our rules about USB devices in a machine's metadata. An element of its own, beside the marks' and the labels'.

`<vmdesk-usb:usb xmlns:vmdesk-usb="https://vmdesk.org/xmlns/usb/1"><device vendor="046d" product="c52b"/>
<device port="1-1.4" sure="yes"/></vmdesk-usb:usb>`
"""

from collections.abc import Sequence
from dataclasses import replace

from lxml import etree

from vmdesk.model.replug import LiveUsb, UsbRule, rule_of
from vmdesk.virtxml import devices
from vmdesk.virtxml.document import number, root

NAMESPACE = "https://vmdesk.org/xmlns/usb/1"
PREFIX = "vmdesk-usb"
TAG = f"{{{NAMESPACE}}}usb"


def parse(domain: etree._Element) -> tuple[UsbRule, ...]:
    """The rules of a `<domain>` element, each once; what somebody spoilt is none."""
    found: dict[str, UsbRule] = {}
    for one in domain.findall(f"metadata/{TAG}/{{*}}device"):
        rule = rule_of(one.get("port") or f"{one.get('vendor')}:{one.get('product')}")
        if rule is not None:
            found.setdefault(rule.called, replace(rule, sure=one.get("sure") == "yes"))
    return tuple(found.values())


def live(xml: str) -> tuple[LiveUsb, ...]:
    """The USB devices of the host in a running definition. Raises XmlError."""
    found: list[LiveUsb] = []
    for key, element in devices.keyed(root(xml)):
        source = element.find("source")
        if element.tag != "hostdev" or element.get("type") != "usb" or source is None:
            continue
        # What was missing at the start is in the definition all the same, marked so.
        address = source.find("address") if source.get("missing") != "yes" else None
        found.append(
            LiveUsb(
                key,
                _id(source, "vendor"),
                _id(source, "product"),
                number(address.get("bus")) if address is not None else 0,
                number(address.get("device")) if address is not None else 0,
                devices.alias(element),
            )
        )
    return tuple(found)


def _id(source: etree._Element, tag: str) -> str:
    found = source.find(tag)
    return (found.get("id") or "").lower().removeprefix("0x") if found is not None else ""


def build(rules: Sequence[UsbRule]) -> str | None:
    """The element for virDomainSetMetadata, which adds the namespace itself; None when there is nothing to keep."""
    if not rules:
        return None
    return etree.tostring(fill(etree.Element("usb"), rules), encoding="unicode")


def fill(element: etree._Element, rules: Sequence[UsbRule], space: str = "") -> etree._Element:
    """Put them into it; `space`: of its children, "{uri}"."""
    for rule in rules:
        one = etree.SubElement(element, f"{space}device")
        said = {"port": rule.port} if rule.port else {"vendor": rule.vendor, "product": rule.product}
        for name, value in {**said, **({"sure": "yes"} if rule.sure else {})}.items():
            one.set(name, value)
    return element
