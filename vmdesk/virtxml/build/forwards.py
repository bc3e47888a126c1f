"""Ports of the host that lead into the guest: by passt where libvirt has it, else by an argument of QEMU's own."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from vmdesk.model.text import Text, text
from vmdesk.model.wish import Forward, Nets, NicWish
from vmdesk.virtxml.build.elements import add
from vmdesk.virtxml.build.plan import Plan
from vmdesk.virtxml.document import number, root

# One namespace has one element in <metadata>, and `labels` has ours: this is a second one.
NAMESPACE = "https://vmdesk.org/xmlns/forwards/1"
QEMU = "http://libvirt.org/schemas/domain/qemu/1.0"
_OURS = "vmdesk-user"
_DEVICES = {"virtio": "virtio-net-pci"}


@dataclass(frozen=True, slots=True)
class Forwards:
    """The forwards of one card. `ours`: by arguments of QEMU's, because libvirt there has no passt."""

    mac: str
    forwards: tuple[Forward, ...]
    ours: bool


def consequence() -> Text:
    """What it means that the card is not libvirt's."""
    return text(
        "This host's libvirt cannot forward ports (it has no passt), so QEMU does it directly: the network card is "
        "missing in libvirt's lists and statistics and cannot be changed while the machine runs."
    )


def by_arguments(plan: Plan, nic: NicWish) -> bool:
    """Whether the card has to be given to QEMU past libvirt: without passt, <portForward> starts and does nothing."""
    return nic.kind is Nets.USER and bool(nic.forwards) and plan.where.qemu and not plan.host.passt


def marks(plan: Plan) -> etree._Element | None:
    """Our note in <metadata> of the cards that are given to QEMU past libvirt; None if there are none."""
    nics = list(_ours(plan))
    if not nics:
        return None
    marks = etree.Element(f"{{{NAMESPACE}}}forwards", nsmap={"vmdesk-forwards": NAMESPACE})
    for place, nic in nics:
        card = etree.SubElement(marks, f"{{{NAMESPACE}}}nic", id=f"{_OURS}{place}")
        if nic.mac:
            card.set("mac", nic.mac)
        for forward in nic.forwards:
            one = etree.SubElement(card, f"{{{NAMESPACE}}}forward")
            one.set("protocol", forward.protocol)
            one.set("address", forward.address)
            one.set("host", str(forward.host))
            one.set("guest", str(forward.guest))
    return marks


def add_arguments(domain: etree._Element, plan: Plan) -> None:
    """The cards that libvirt does not know. Last in the definition, which must know the prefix "qemu"."""
    nics = list(_ours(plan))
    if not nics:
        return
    line = etree.SubElement(domain, f"{{{QEMU}}}commandline")
    for count, (place, nic) in enumerate(nics):
        ways = ",".join(
            f"hostfwd={forward.protocol}:{forward.address}:{forward.host}-:{forward.guest}" for forward in nic.forwards
        )
        model = nic.model or plan.choices.nic
        device = f"{_DEVICES.get(model, model)},netdev={_OURS}{place},id=vmdesk-nic{place}"
        device += f",mac={nic.mac}" if nic.mac else ""
        for value in ("-netdev", f"user,id={_OURS}{place},{ways}", "-device", device + _address(plan, count)):
            etree.SubElement(line, f"{{{QEMU}}}arg", value=value)


def add_port_forwards(interface: etree._Element, nic: NicWish) -> None:
    """passt's."""
    for forward in nic.forwards:
        element = add(interface, "portForward", proto=forward.protocol, address=forward.address)
        add(element, "range", start=str(forward.host), to=str(forward.guest))


def parse(xml: str) -> tuple[Forwards, ...]:
    """The port forwards of a definition, ours and passt's. Raises XmlError."""
    domain = root(xml)
    found = []
    for interface in domain.findall("devices/interface[@type='user']"):
        mac = interface.find("mac")
        if interface.find("portForward") is not None:
            address = (mac.get("address") or "") if mac is not None else ""
            found.append(Forwards(address, tuple(_passt(interface)), False))
    for card in domain.findall(f"metadata/{{{NAMESPACE}}}forwards/{{{NAMESPACE}}}nic"):
        ours = tuple(
            Forward(
                number(one.get("host")),
                number(one.get("guest")),
                one.get("protocol") or "tcp",
                one.get("address") or "",
            )
            for one in card.findall(f"{{{NAMESPACE}}}forward")
        )
        found.append(Forwards(card.get("mac") or "", ours, True))
    return tuple(found)


def _passt(interface: etree._Element) -> Iterator[Forward]:
    for element in interface.findall("portForward"):
        for one in element.findall("range"):
            start = number(one.get("start"))
            to = number(one.get("to"), start)
            for offset in range(min(number(one.get("end"), start) - start, 65_535) + 1):
                yield Forward(start + offset, to + offset, element.get("proto") or "tcp", element.get("address") or "")


def _ours(plan: Plan) -> Iterator[tuple[int, NicWish]]:
    yield from ((place, nic) for place, nic in enumerate(plan.wish.nics) if by_arguments(plan, nic))


def _address(plan: Plan, count: int) -> str:
    """A slot that libvirt, which counts from below and does not know of this card, does not come to."""
    if plan.where.arch == "s390x":
        return ""
    if plan.where.express:
        return f",bus=pcie.0,addr={0x10 + count:#x}"
    return f",bus=pci.0,addr={0x1F - count:#x}"
