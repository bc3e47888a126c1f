"""What every machine has besides: buses, a text console, the guest agent's channel, random numbers, the balloon."""

from lxml import etree

from vmdesk.virtxml.build.elements import add
from vmdesk.virtxml.build.plan import Plan

_AGENT = "org.qemu.guest_agent.0"
# Each takes one device while the machine runs; libvirt alone would leave one free.
_ROOT_PORTS = 14
_STATS_SECONDS = "5"


def add_buses(devices: etree._Element, plan: Plan) -> None:
    usb = plan.choices.usb
    if usb == "qemu-xhci":
        add(devices, "controller", type="usb", model=usb, ports="15")
    elif usb:
        _usb2(devices)
    if plan.where.qemu and plan.where.express:
        add(devices, "controller", type="pci", model="pcie-root")
        for _ in range(_ROOT_PORTS):
            add(devices, "controller", type="pci", model="pcie-root-port")


def _usb2(devices: etree._Element) -> None:
    """USB 2 with its three companions for older devices."""
    add(devices, "controller", type="usb", index="0", model="ich9-ehci1")
    for number in (1, 2, 3):
        companion = add(devices, "controller", type="usb", index="0", model=f"ich9-uhci{number}")
        add(companion, "master", startport=str(2 * (number - 1)))


def add_console(devices: etree._Element, plan: Plan) -> None:
    console = add(devices, "console", type="pty")
    if plan.where.container:
        add(console, "target", type="lxc", port="0")
    elif plan.where.arch == "s390x":
        add(console, "target", type="sclp")


def add_agent(devices: etree._Element, plan: Plan) -> None:
    if plan.where.qemu:
        channel = add(devices, "channel", type="unix")
        add(channel, "target", type="virtio", name=_AGENT)


def add_rest(devices: etree._Element, plan: Plan) -> None:
    if not plan.where.qemu:
        return
    balloon = add(devices, "memballoon", model="virtio")
    add(balloon, "stats", period=_STATS_SECONDS)
    if plan.choices.rng:
        add(add(devices, "rng", model="virtio"), "backend", "/dev/urandom", model="random")


def add_root(devices: etree._Element, plan: Plan) -> None:
    """A container's own files."""
    if plan.prepared.root:
        root = add(devices, "filesystem", type="mount", accessmode="passthrough")
        add(root, "source", dir=plan.prepared.root)
        add(root, "target", dir="/")
