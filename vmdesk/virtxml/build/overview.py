"""Name, description, memory, processors, and what happens when it ends."""

from lxml import etree

from vmdesk.virtxml import medium
from vmdesk.virtxml.build import forwards
from vmdesk.virtxml.build.elements import add
from vmdesk.virtxml.build.plan import Plan

OSINFO = "http://libosinfo.org/xmlns/libvirt/domain/1.0"


def add_overview(domain: etree._Element, plan: Plan) -> None:
    wish = plan.wish
    add(domain, "name", plan.name)
    if wish.uuid:
        add(domain, "uuid", wish.uuid)
    if wish.title:
        add(domain, "title", wish.title.replace("\n", " "))
    if wish.description:
        add(domain, "description", wish.description)
    _metadata(domain, plan)
    add(domain, "memory", str(plan.choices.memory_kib), unit="KiB")
    add(domain, "currentMemory", str(plan.choices.memory_kib), unit="KiB")
    add(domain, "vcpu", str(plan.choices.vcpus))


def _metadata(domain: etree._Element, plan: Plan) -> None:
    marks = forwards.marks(plan)
    cd = plan.medium if plan.installs and plan.medium is not None and plan.medium.kind == "file" else None
    if not plan.system.id and marks is None and cd is None:
        return
    metadata = add(domain, "metadata")
    if plan.system.id:
        info = etree.SubElement(metadata, f"{{{OSINFO}}}libosinfo", nsmap={"libosinfo": OSINFO})
        etree.SubElement(info, f"{{{OSINFO}}}os", id=plan.system.id)
    if marks is not None:
        metadata.append(marks)
    if cd is not None and cd.path:
        metadata.append(medium.element(cd.path, cd.keep_owner))


def add_endings(domain: etree._Element, plan: Plan) -> None:
    add(domain, "on_poweroff", "destroy")
    add(domain, "on_reboot", "destroy" if plan.once else "restart")
    add(domain, "on_crash", "destroy")
    if plan.where.qemu and plan.where.x86:
        # A guest that puts itself to sleep is a machine that seems to hang.
        power = add(domain, "pm")
        add(power, "suspend-to-mem", enabled="no")
        add(power, "suspend-to-disk", enabled="no")
