"""What starts first: firmware, kernel, and the TPM beside it."""

from lxml import etree

from vmdesk.virtxml.build.elements import add, yes
from vmdesk.virtxml.build.plan import Plan


def add_os(domain: etree._Element, plan: Plan) -> None:
    choices, where = plan.choices, plan.where
    auto = choices.efi == "auto"
    os = add(domain, "os", firmware="efi" if auto else None)
    add(os, "type", where.os_type, arch=where.arch or None, machine=where.machine or None)
    if where.container:
        add(os, "init", plan.prepared.init)
        return
    if auto and choices.features:
        firmware = add(os, "firmware")
        add(firmware, "feature", enabled=yes(choices.secure), name="enrolled-keys")
        add(firmware, "feature", enabled=yes(choices.secure), name="secure-boot")
    elif choices.efi and not auto:
        add(os, "loader", choices.efi, readonly="yes", type="pflash", secure="yes" if choices.secure else None)
    if plan.kernel:
        add(os, "kernel", plan.prepared.kernel)
        if plan.prepared.initrd:
            add(os, "initrd", plan.prepared.initrd)
        if append := plan.prepared.append or plan.wish.append:
            add(os, "cmdline", append)


def add_tpm(devices: etree._Element, plan: Plan) -> None:
    if not plan.choices.tpm:
        return
    tpm = add(devices, "tpm", model=plan.choices.tpm)
    add(tpm, "backend", type="emulator", version="2.0")
