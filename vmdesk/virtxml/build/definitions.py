"""From a wish to the XML of a domain."""

from dataclasses import replace

from lxml import etree

from vmdesk.model.abilities import HostAbilities, MachineAbilities
from vmdesk.model.system import System
from vmdesk.model.wish import Wish
from vmdesk.virtxml.build import cpu, devices, disks, displays, firmware, forwards, nics, overview
from vmdesk.virtxml.build.choose import choose
from vmdesk.virtxml.build.plan import Plan
from vmdesk.virtxml.build.prepared import Definitions, Prepared


def build(
    wish: Wish, system: System, host: HostAbilities, machine: MachineAbilities, prepared: Prepared, name: str
) -> Definitions:
    """The definitions of the machine `name`. `machine` says on what it runs (platform.platform chooses that).

    Pure: UUID and MACs are those of the wish, and missing where it has none.
    """
    choices = choose(wish, system, host, machine)
    first = Plan(wish, system, host, choices, prepared, name, first=True)
    return Definitions(_domain(first), _domain(replace(first, first=False)))


def _domain(plan: Plan) -> str:
    arguments = any(forwards.by_arguments(plan, nic) for nic in plan.wish.nics)
    domain = etree.Element("domain", type=plan.where.kind, nsmap={"qemu": forwards.QEMU} if arguments else None)
    overview.add_overview(domain, plan)
    firmware.add_os(domain, plan)
    cpu.add_features(domain, plan)
    if not plan.where.container:
        cpu.add_cpu(domain, plan)
    cpu.add_clock(domain, plan)
    overview.add_endings(domain, plan)
    _devices(etree.SubElement(domain, "devices"), plan)
    forwards.add_arguments(domain, plan)
    etree.indent(domain, "  ")
    return etree.tostring(domain, encoding="unicode") + "\n"


def _devices(element: etree._Element, plan: Plan) -> None:
    if plan.where.container:
        devices.add_root(element, plan)
        nics.add_nics(element, plan)
        devices.add_console(element, plan)
        return
    disks.add_disks(element, plan)
    devices.add_buses(element, plan)
    nics.add_nics(element, plan)
    devices.add_console(element, plan)
    devices.add_agent(element, plan)
    displays.add_displays(element, plan)
    firmware.add_tpm(element, plan)
    devices.add_rest(element, plan)
