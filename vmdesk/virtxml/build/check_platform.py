"""Whether the host can run it: accelerator, architecture, firmware, processors, memory."""

import re
from collections.abc import Iterator

from vmdesk.model import names, sizes
from vmdesk.model.abilities import HostAbilities, MachineAbilities
from vmdesk.model.sizes import KIB, MIB
from vmdesk.model.system import System
from vmdesk.model.text import text
from vmdesk.model.wish import Firmware, Wish
from vmdesk.virtxml.build.choose import choose, memory_for, vcpus_for
from vmdesk.virtxml.build.complaint import Complaint, Weight, in_words, short
from vmdesk.virtxml.build.platform import X86, Platform, platform

LEAST_MEMORY = 64 * MIB
# What libvirt 9.0's QEMU has at most, where the host does not say it.
MOST_VCPUS = 512
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:-]{0,63}")


def check(
    wish: Wish, system: System, host: HostAbilities, machine: MachineAbilities | None, medium_arch: str
) -> Iterator[Complaint]:
    """`machine`: what a machine may have there, None if it was not asked."""
    where = platform(wish, system, host, medium_arch)
    yield from _runs(wish, host, where)
    if not where.container:
        yield from _firmware(wish, system, host, where, machine)
    yield from _processors(wish, system, host, where)
    yield from _memory(wish, host, system)


def _runs(wish: Wish, host: HostAbilities, where: Platform) -> Iterator[Complaint]:
    can = {processor.arch: processor for processor in host.processors}
    if where.arch not in can and host.processors:
        yield Complaint(
            "arch",
            text(
                "This host cannot run {arch}. It can run {can}: install the emulator for others.",
                arch=where.arch,
                can=", ".join(can),
            ),
        )
    elif host.processors and where.kind not in can[where.arch].kinds:
        yield Complaint(
            "kind", text("This host cannot run {kind} machines of {arch}.", kind=where.kind, arch=where.arch)
        )
    elif wish.kind == "kvm" and host.kvm_works is False:
        yield Complaint("kind", text("KVM does not work on this host: choose emulation."))
    elif where.kind == "qemu" and where.qemu:
        yield Complaint("kind", dict(where.why)["kind"], Weight.WARNING)
    processor = can.get(where.arch)
    known = {name for one in (processor.machines if processor else ()) for name in (one.name, one.alias)}
    if wish.machine and known and wish.machine not in known:
        yield Complaint("machine", text("This host knows no machine type {machine}.", machine=short(wish.machine)))


def _firmware(
    wish: Wish, system: System, host: HostAbilities, where: Platform, machine: MachineAbilities | None
) -> Iterator[Complaint]:
    if wish.firmware is Firmware.SECURE and where.arch not in X86:
        yield Complaint("firmware", text("Secure Boot is for x86 only."))
    elif wish.firmware is Firmware.SECURE and wish.machine and "q35" not in wish.machine:
        yield Complaint("firmware", text("Secure Boot needs the machine type q35."))
    elif wish.firmware is Firmware.BIOS and where.arch in ("aarch64", "riscv64"):
        yield Complaint("firmware", text("{arch} has no BIOS: it starts by UEFI.", arch=where.arch))
    elif machine is not None and wish.firmware in (Firmware.UEFI, Firmware.SECURE) and not _has_uefi(machine):
        yield Complaint("firmware", text("This host has no UEFI firmware: install it there (package ovmf or edk2)."))
    if system.secure_boot and wish.firmware in (Firmware.BIOS, Firmware.UEFI):
        yield Complaint("firmware", text("{system} asks for Secure Boot.", system=system.name), Weight.WARNING)
    if wish.tpm and machine is not None and "emulator" not in machine.common.tpm:
        yield Complaint("tpm", text("This host cannot emulate a TPM: install swtpm there."))
    elif machine is not None and choose(wish, system, host, machine).tpm and (odd := _odd_sign(wish)):
        yield Complaint(
            "name",
            text("A machine with a TPM cannot have {sign} in its name: swtpm would not start.", sign=odd),
        )
    if system.tpm and wish.tpm is False:
        yield Complaint("tpm", text("{system} asks for a TPM.", system=system.name), Weight.WARNING)


def _odd_sign(wish: Wish) -> str:
    """What swtpm, whose socket is called after the machine, would read as the end of the path; "" if nothing."""
    return next((sign for sign in wish.name if sign in ",\\"), "")


def _has_uefi(machine: MachineAbilities) -> bool:
    return "efi" in machine.common.firmware or bool(machine.loaders)


def _processors(wish: Wish, system: System, host: HostAbilities, where: Platform) -> Iterator[Complaint]:
    vcpus, _ = vcpus_for(wish, system, host)
    most = _most_vcpus(host, where)
    if not 1 <= vcpus <= most:
        words = text("A machine of this kind has between 1 and {most} processors.", most=most)
        yield Complaint("vcpus", text("A machine of this kind has one processor.") if most == 1 else words)
        return
    if host.cpus and vcpus > host.cpus:
        yield Complaint(
            "vcpus",
            text(
                "{n} processors are more than the host's {cpus}: it will be slower, not faster.",
                n=vcpus,
                cpus=host.cpus,
            ),
            Weight.WARNING,
        )
    if system.minimum.vcpus > vcpus:
        yield Complaint(
            "vcpus",
            text("{system} needs at least {n} processors.", system=system.name, n=system.minimum.vcpus),
            Weight.WARNING,
        )
    if isinstance(wish.cpu, str) and not _MODEL.fullmatch(wish.cpu):
        yield Complaint("cpu", text("{model} is not the name of a processor model.", model=short(wish.cpu)))


def _most_vcpus(host: HostAbilities, where: Platform) -> int:
    for processor in host.processors:
        if processor.arch == where.arch:
            for machine in processor.machines:
                if where.machine in (machine.name, machine.alias) and machine.max_vcpus:
                    return machine.max_vcpus
    return MOST_VCPUS


def _memory(wish: Wish, host: HostAbilities, system: System) -> Iterator[Complaint]:
    size = memory_for(wish, system, host)[0] * KIB
    count = len(names.names(wish)) or 1
    if size < LEAST_MEMORY:
        yield Complaint("memory_kib", text("A machine needs at least {least} of memory.", least=in_words(LEAST_MEMORY)))
    elif why := sizes.too_much(size // KIB):
        yield Complaint("memory_kib", why)
    elif host.memory and size > host.memory:
        yield Complaint(
            "memory_kib",
            text("{size} is more than all the host's memory ({all}).", size=in_words(size), all=in_words(host.memory)),
            Weight.CONFIRM,
        )
    elif host.memory and size * count > host.memory:
        yield Complaint(
            "memory_kib",
            text(
                "{n} machines of {size} are more than all the host's memory ({all}): not all can run at once.",
                n=count,
                size=in_words(size),
                all=in_words(host.memory),
            ),
            Weight.WARNING,
        )
    elif host.free_memory and size * count > host.free_memory:
        yield Complaint(
            "memory_kib",
            text(
                "{size} is more than what is free now ({free}).",
                size=in_words(size * count),
                free=in_words(host.free_memory),
            ),
            Weight.WARNING,
        )
    if wish.memory_kib and LEAST_MEMORY <= size < system.minimum.memory:
        yield Complaint(
            "memory_kib",
            text("{system} needs at least {size} of memory.", system=system.name, size=in_words(system.minimum.memory)),
            Weight.WARNING,
        )
