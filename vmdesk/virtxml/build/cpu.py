"""The processor, what the chipset offers around it, and the clock."""

from lxml import etree

from vmdesk.virtxml.build.elements import add
from vmdesk.virtxml.build.plan import Plan

_MODES = ("host-passthrough", "host-model", "maximum")
_SPINS = "8191"
_MIGRATABLE = (6, 5, 0)  # libvirt that knows the attribute


def add_features(domain: etree._Element, plan: Plan) -> None:
    where = plan.where
    if where.container:
        if not plan.wish.nics:
            # Without this it would have the host's own network.
            add(add(domain, "features"), "privnet")
        return
    if where.os_type == "linux" or where.arch == "s390x":
        return
    features = add(domain, "features")
    if where.x86 or plan.choices.efi:
        add(features, "acpi")
    if where.x86:
        add(features, "apic")
    if plan.choices.hyperv:
        hyperv = add(features, "hyperv")
        for name in ("relaxed", "vapic"):
            add(hyperv, name, state="on")
        add(hyperv, "spinlocks", state="on", retries=_SPINS)
        for name in ("vpindex", "synic", "stimer"):
            add(hyperv, name, state="on")
    if where.qemu and where.x86:
        add(features, "vmport", state="off")
        if plan.choices.secure:
            add(features, "smm", state="on")
    if not len(features):
        domain.remove(features)


def add_cpu(domain: etree._Element, plan: Plan) -> None:
    model = plan.choices.cpu
    if not model and not plan.choices.bounded:
        return
    if model in _MODES:
        # Nothing to check: it is whatever the host has.
        passed = model != "host-model"
        movable = "on" if passed and plan.host.libvirt_version >= _MIGRATABLE else None
        cpu = add(domain, "cpu", mode=model, check="none" if passed else None, migratable=movable)
    elif model:
        emulated = "none" if plan.where.kind == "qemu" else "partial"
        cpu = add(domain, "cpu", mode="custom", match="exact", check=emulated)
        add(cpu, "model", model, fallback="forbid")
    else:
        cpu = add(domain, "cpu")
    if plan.choices.bounded and plan.choices.vcpus > 1:
        # Windows for desktops uses one or two sockets, however many processors they hold.
        add(cpu, "topology", sockets="1", cores=str(plan.choices.vcpus), threads="1")
    if model == "maximum" and plan.where.x86:
        # Five-level paging: emulated, and still too new for many a boot loader.
        add(cpu, "feature", policy="disable", name="la57")


def add_clock(domain: etree._Element, plan: Plan) -> None:
    clock = add(domain, "clock", offset="localtime" if plan.choices.local_clock else "utc")
    if not (plan.where.qemu and plan.where.x86):
        return
    add(clock, "timer", name="rtc", tickpolicy="catchup")
    add(clock, "timer", name="pit", tickpolicy="delay")
    add(clock, "timer", name="hpet", present="no")
    if plan.choices.hyperv:
        add(clock, "timer", name="hypervclock", present="yes")
