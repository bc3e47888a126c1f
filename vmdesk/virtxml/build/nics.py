"""Network cards."""

from lxml import etree

from vmdesk.model.wish import From, Nets, NicWish
from vmdesk.virtxml.build import forwards
from vmdesk.virtxml.build.elements import add
from vmdesk.virtxml.build.plan import Plan


def add_nics(devices: etree._Element, plan: Plan) -> None:
    # The network is tried after the disks: an empty one is passed over, an installed one is not installed again.
    order = len(plan.prepared.disks) + 1 if plan.wish.source is From.PXE else None
    for nic in plan.wish.nics:
        if forwards.by_arguments(plan, nic):
            continue
        _nic(devices, plan, nic, order)
        order = None


def _nic(devices: etree._Element, plan: Plan, nic: NicWish, order: int | None) -> None:
    element = add(devices, "interface", type=nic.kind.value)
    if nic.mac:
        add(element, "mac", address=nic.mac)
    match nic.kind:
        case Nets.NETWORK:
            add(element, "source", network=nic.source)
        case Nets.BRIDGE:
            add(element, "source", bridge=nic.source)
        case Nets.MACVTAP:
            add(element, "source", dev=nic.source, mode="private" if nic.isolated else "bridge")
        case Nets.USER if nic.forwards:
            add(element, "backend", type="passt")
            forwards.add_port_forwards(element, nic)
    model = "" if plan.where.container else nic.model or plan.choices.nic
    if model:
        add(element, "model", type=model)
    if nic.isolated and nic.kind in (Nets.NETWORK, Nets.BRIDGE):
        add(element, "port", isolated="yes")
    if order is not None:
        add(element, "boot", order=str(order))
