"""What runs the machine: accelerator, architecture, chipset. Chosen first: what else there is depends on it."""

from collections.abc import Iterable
from dataclasses import dataclass

from vmdesk.model.abilities import HostAbilities, Processor
from vmdesk.model.system import System
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Firmware, From, Wish

X86 = ("x86_64", "i686")
# Where machines start by UEFI, and PCI is PCI Express.
VIRT = ("aarch64", "riscv64", "loongarch64")
_SAME = {"i386": "i686", "i486": "i686", "i586": "i686", "amd64": "x86_64", "arm64": "aarch64"}
_EMULATED = ("qemu", "kvm", "hvf")


@dataclass(frozen=True, slots=True)
class Platform:
    """`machine` "" where the hypervisor knows no kinds of machines. `why`: (field of the wish, reason)."""

    kind: str
    arch: str
    machine: str = ""
    os_type: str = "hvm"
    why: tuple[tuple[str, Text], ...] = ()

    @property
    def container(self) -> bool:
        return self.os_type == "exe"

    @property
    def qemu(self) -> bool:
        """Whether QEMU runs it, with or without an accelerator."""
        return self.kind in _EMULATED

    @property
    def x86(self) -> bool:
        return self.arch in X86

    @property
    def express(self) -> bool:
        """Whether its bus is PCI Express."""
        return "q35" in self.machine or self.arch in VIRT


def platform(wish: Wish, system: System, host: HostAbilities, medium_arch: str = "") -> Platform:
    """`medium_arch`: what the installation medium is for, "" if it does not say."""
    container = wish.source is From.CONTAINER
    arch, why_arch = _arch(wish, system, host, medium_arch)
    processor = _processor(host, arch, container)
    kind, why_kind = _kind(wish, host, processor)
    why = (("arch", why_arch), ("kind", why_kind))
    if container or (processor is not None and processor.os_type == "exe"):
        return Platform(kind, arch, "", "exe", why)
    machine, why_machine = _machine(wish, system, host, processor, arch)
    os_type = processor.os_type if processor else "hvm"
    return Platform(kind, arch, machine, os_type, (*why, ("machine", why_machine)))


def _arch(wish: Wish, system: System, host: HostAbilities, medium: str) -> tuple[str, Text]:
    if wish.arch:
        return _SAME.get(wish.arch, wish.arch), text("Chosen.")
    can = {processor.arch for processor in host.processors}
    native = host.native or next((processor.arch for processor in host.processors), "x86_64")
    wanted = [_SAME.get(arch, arch) for arch in ((medium,) if medium else system.architectures)]
    if not wanted or native in wanted or "all" in wanted or (native == "x86_64" and "i686" in wanted):
        return native, text("The host's own processor, which is the fastest.")
    for arch in wanted:
        if arch in can:
            return arch, text("The system is made for {arch}.", arch=arch)
    return native, text("The system is made for {arch}, which this host cannot run.", arch=", ".join(wanted))


def _processor(host: HostAbilities, arch: str, container: bool) -> Processor | None:
    return next(
        (one for one in host.processors if one.arch == arch and (not container or one.os_type == "exe")),
        None,
    )


def _kind(wish: Wish, host: HostAbilities, processor: Processor | None) -> tuple[str, Text]:
    kinds = processor.kinds if processor is not None else ()
    if wish.kind:
        return wish.kind, text("Chosen.")
    if "kvm" in kinds:
        if host.kvm_works:
            return "kvm", text("KVM works on this host: nearly as fast as without a virtual machine.")
        if host.kvm_works is None:
            return "kvm", text("The host offers KVM. It was not tried whether a machine starts with it.")
        return "qemu", text("The host offers KVM, but no machine starts with it: it is emulated, which is slow.")
    if "qemu" in kinds:
        if processor is not None and processor.arch != host.native and not {processor.arch, host.native} <= set(X86):
            return "qemu", text(
                "The host's processor is {native}: {arch} is emulated, which is slow.",
                native=host.native or "?",
                arch=processor.arch,
            )
        return "qemu", text("The host has no KVM: the machine is emulated, which is slow.")
    if kinds:
        return kinds[0], text("The only way on this host.")
    return ("qemu" if host.driver.upper() in ("", "QEMU") else host.driver.lower()), text("The only way on this host.")


def _machine(
    wish: Wish, system: System, host: HostAbilities, processor: Processor | None, arch: str
) -> tuple[str, Text]:
    if wish.machine:
        return wish.machine, text("Chosen.")
    if host.driver.upper() not in ("", "QEMU"):
        return "", text("The hypervisor's own.")
    if arch in X86:
        return _chipset(wish, system, processor)
    if arch in (*VIRT, "armv7l"):
        return "virt", text("The board made for virtual machines.")
    if arch in ("ppc64", "ppc64le"):
        return "pseries", text("The board made for virtual machines.")
    if arch == "s390x":
        return "s390-ccw-virtio", text("The board made for virtual machines.")
    return "", text("The hypervisor's own.")


def _chipset(wish: Wish, system: System, processor: Processor | None) -> tuple[str, Text]:
    if processor is not None and processor.machines and "q35" not in _names(processor):
        return "pc", text("The host knows no newer board.")
    if wish.firmware is Firmware.SECURE or (wish.firmware is Firmware.DEFAULT and system.secure_boot):
        return "q35", text("Secure Boot needs it.")
    if not known(system):
        return "q35", text("Nearly every system of the last fifteen years drives it.")
    if not drives_q35(system):
        return "pc", text("{system} has no drivers for the newer board.", system=system.name or system.short_id)
    return "q35", text("The newer board, with PCI Express.")


def _names(processor: Processor) -> Iterable[str]:
    return {name for machine in processor.machines for name in (machine.alias, machine.name)}


def known(system: System) -> bool:
    """Whether the database says anything of its drivers, or how old it is."""
    return bool(system.devices) or (bool(system.id) and system.family not in ("", "linux"))


def drives_q35(system: System) -> bool:
    """Its virtio drivers must be of version 1: behind a PCI Express port there is no other (virt-install's rule)."""
    old = system.drives("virtio-net") and not system.drives("virtio1.0-net")
    return system.drives("qemu-x86-q35", "q35") and not old
