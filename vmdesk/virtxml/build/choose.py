"""What suits a system on a host: each choice that the wish left open, with its reason in one line."""

from dataclasses import dataclass

from vmdesk.model.abilities import VDAGENT_SAVES, HostAbilities, MachineAbilities
from vmdesk.model.sizes import GIB, KIB, MIB
from vmdesk.model.system import System
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Cpu, Firmware, From, Wish
from vmdesk.virtxml.build import platform as platforms
from vmdesk.virtxml.build.platform import VIRT, Platform, known

# libvirt that knows it.
_AUTO_FIRMWARE = (5, 2, 0)
_FIRMWARE_FEATURES = (7, 2, 0)
_DBUS = (8, 4, 0)  # the D-Bus display
# Baselines that newer processors of all makers have, best first.
_BASELINES = ("x86-64-v2", "Nehalem", "Penryn", "kvm64", "qemu64")
_BASELINES_ARM = ("cortex-a72", "cortex-a57")
_NIC_MODELS = ("e1000", "rtl8139", "ne2k_pci", "pcnet")


@dataclass(frozen=True, slots=True)
class Choices:
    """Every decision.

    efi         how UEFI is asked for: "" not at all, "auto" libvirt finds it, else the path of the loader
    secure      with Secure Boot; `features` libvirt can be told so
    tpm         its model, "" for none
    cpu         a mode (host-passthrough, host-model, maximum) or a model's name
    usb         the controller: qemu-xhci, ich9-ehci1, "" none
    agent       what the clipboard's channel is connected to: qemu-vdagent, spicevmc, "" none
    bounded     the guest's processors are told to be one socket
    why         (field of the wish, reason)
    """

    platform: Platform
    efi: str = ""
    secure: bool = False
    features: bool = False
    tpm: str = ""
    cpu: str = ""
    vcpus: int = 1
    memory_kib: int = 0
    disk_bus: str = "virtio"
    cdrom_bus: str = "sata"
    scsi: str = ""
    nic: str = "virtio"
    displays: tuple[str, ...] = ()
    video: str = ""
    sound: str = ""
    usb: str = ""
    agent: str = ""
    rng: bool = False
    hyperv: bool = False
    bounded: bool = False
    local_clock: bool = False
    why: tuple[tuple[str, Text], ...] = ()

    def reason(self, field: str) -> Text | None:
        """Why the choice for this field of the wish is what it is."""
        return dict(self.why).get(field)


def choose(wish: Wish, system: System, host: HostAbilities, machine: MachineAbilities) -> Choices:
    """`machine` is of the platform that `platform.platform` chose, or of another one that the person wants."""
    base = platforms.platform(wish, system, host)
    os_type = "exe" if machine.kind == "lxc" else base.os_type
    where = Platform(machine.kind, machine.arch, machine.machine, os_type, base.why)
    vcpus, memory = vcpus_for(wish, system, host), memory_for(wish, system, host)
    why = [*base.why, ("vcpus", vcpus[1]), ("memory_kib", memory[1])]
    if where.container:
        return Choices(where, vcpus=vcpus[0], memory_kib=memory[0], why=tuple(why))
    efi, secure, why_firmware = _firmware(wish, system, host, machine, where)
    tpm, why_tpm = _tpm(wish, system, machine, where)
    cpu, why_cpu = _cpu(wish, machine, where)
    bus, why_bus = _disk_bus(wish, system, where)
    nic, why_nic = _nic(wish, system, where)
    displays, why_displays = _displays(wish, host, machine, where)
    video, why_video = _video(system, machine, where, bool(efi), displays)
    why += [("firmware", why_firmware), ("tpm", why_tpm), ("cpu", why_cpu), ("disks.bus", why_bus)]
    why += [("nics.model", why_nic), ("displays", why_displays), ("video", why_video)]
    return Choices(
        where,
        efi=efi,
        secure=secure,
        features=host.libvirt_version >= _FIRMWARE_FEATURES,
        tpm=tpm,
        cpu=cpu,
        vcpus=vcpus[0],
        memory_kib=memory[0],
        disk_bus=bus,
        cdrom_bus=_cdrom_bus(where),
        scsi=_scsi(system, where),
        nic=nic,
        displays=displays,
        video=video,
        sound=_sound(system, where, displays),
        usb=_usb(system, where),
        agent=_agent(host, displays, where),
        rng=where.qemu and _has_rng(system, machine),
        hyperv=where.kind == "kvm" and where.x86 and system.family == "winnt",
        bounded=system.family == "winnt" and where.x86,
        local_clock=system.local_clock or system.family in ("winnt", "win9x", "msdos"),
        why=tuple(why),
    )


def vcpus_for(wish: Wish, system: System, host: HostAbilities) -> tuple[int, Text]:
    if wish.vcpus:
        return wish.vcpus, text("Chosen.")
    if wanted := system.recommended.vcpus:
        return min(wanted, host.cpus or wanted), text("What the system recommends, no more than the host has.")
    return max(min(2, host.cpus or 2), system.minimum.vcpus), text("Two do well for most systems.")


def memory_for(wish: Wish, system: System, host: HostAbilities) -> tuple[int, Text]:
    """KiB."""
    if wish.memory_kib:
        return wish.memory_kib, text("Chosen.")
    usual = (4 if system.family == "winnt" else 2) * GIB
    wanted = system.recommended.memory or max(usual, system.minimum.memory)
    why = text("What the system recommends.") if system.recommended.memory else text("Does well for most systems.")
    # Half of a small host, so that it stays usable; but not less than the system needs.
    if host.memory and wanted > host.memory // 2:
        smaller = max(host.memory // 2, system.minimum.memory, 64 * MIB)
        if smaller < wanted:
            return smaller // MIB * MIB // KIB, text("Half of the host's memory: the system recommends more.")
    return wanted // KIB, why


def disk_bytes_for(system: System) -> tuple[int, Text]:
    """For a new disk."""
    if system.recommended.disk:
        return system.recommended.disk, text("What the system recommends.")
    usual = (64 if system.family == "winnt" else 20) * GIB
    return max(usual, system.minimum.disk), text("Does well for most systems.")


def _firmware(
    wish: Wish, system: System, host: HostAbilities, machine: MachineAbilities, where: Platform
) -> tuple[str, bool, Text]:
    if not where.qemu:
        return "", False, text("The hypervisor's own.")
    asked = wish.firmware
    secure = asked is Firmware.SECURE or (asked is Firmware.DEFAULT and system.secure_boot and where.x86)
    why = text("Chosen.")
    if asked is Firmware.BIOS:
        return "", False, why
    if asked is Firmware.DEFAULT:
        if where.x86 and not secure:
            return "", False, text("BIOS: it starts fastest, and the system does not ask for UEFI.")
        if not where.x86 and where.arch not in VIRT:
            return "", False, text("The hypervisor's own.")
        why = text("The system asks for Secure Boot.") if secure else text("This architecture starts by UEFI.")
    way = _efi(host, machine, secure)
    if way:
        return way, secure, why
    if asked is Firmware.DEFAULT and not where.x86:
        return "", False, text("This host has no UEFI for {arch}: only a kernel of its own starts.", arch=where.arch)
    # What was asked for stands, even if the host says it has none: libvirt then tells what it looked for.
    return "auto", secure, text("This host has no UEFI firmware: install it there (package ovmf or edk2).")


def _efi(host: HostAbilities, machine: MachineAbilities, secure: bool) -> str:
    """ "auto" where libvirt finds the firmware itself, else the path of one; "" if there is none."""
    fresh = host.libvirt_version >= (_FIRMWARE_FEATURES if secure else _AUTO_FIRMWARE)
    if "efi" in machine.common.firmware and fresh:
        return "auto"
    signed = [path for path in machine.loaders if ".ms." in path or "secboot" in path or "secure" in path]
    plain = [path for path in machine.loaders if path not in signed]
    # Of those with Secure Boot, Microsoft's keys are in `.ms.` ones.
    signed.sort(key=lambda path: ".ms." not in path)
    return next(iter(signed if secure else plain), "")


def _tpm(wish: Wish, system: System, machine: MachineAbilities, where: Platform) -> tuple[str, Text]:
    can = where.qemu and "emulator" in machine.common.tpm
    if where.arch == "ppc64le":
        model = "tpm-spapr"
    else:
        model = "tpm-crb" if where.x86 and "q35" in where.machine else "tpm-tis"
    if wish.tpm is not None:
        return (model if wish.tpm else ""), text("Chosen.")
    if not system.tpm:
        return "", text("The system does not ask for one.")
    if not can:
        return "", text("The system asks for one, but this host cannot emulate it: install swtpm there.")
    return model, text("The system asks for one.")


def _cpu(wish: Wish, machine: MachineAbilities, where: Platform) -> tuple[str, Text]:
    if isinstance(wish.cpu, str):
        return wish.cpu, text("Chosen.")
    if not where.qemu:
        return "", text("The hypervisor's own.")
    if wish.cpu is Cpu.MOVABLE:
        baselines = _BASELINES if where.x86 else _BASELINES_ARM if where.arch == "aarch64" else ()
        # A model that only looks like KVM's own is no good beside real ones.
        for name in baselines:
            if name in machine.usable_models:
                return name, text("{model}: nearly all hosts have at least that, so it can move.", model=name)
        if where.kind == "kvm":
            return "host-passthrough", text("No common model is known here: it moves only to hosts of the same kind.")
    if where.kind in ("kvm", "hvf"):
        return "host-passthrough", text(
            "The host's own processor: fastest, but it moves only to hosts of the same kind."
        )
    if where.arch == "aarch64":
        # Of "max", pointer authentication alone makes the emulation several times slower.
        return _BASELINES_ARM[0], text("{model}: emulated faster than a newer one.", model=_BASELINES_ARM[0])
    if machine.maximum_cpu:
        return "maximum", text("All that the emulation can do.")
    return ("qemu64" if where.x86 else ""), text("The emulation's own.")


def _disk_bus(wish: Wish, system: System, where: Platform) -> tuple[str, Text]:
    if where.kind == "xen":
        return "xen", text("The hypervisor's own.")
    if system.drives("virtio-block", "virtio1.0-block"):
        return "virtio", text("The system drives virtio, the fastest.")
    if system.drives("virtio-scsi", "virtio1.0-scsi"):
        return "scsi", text("The system drives virtio over SCSI.")
    if not where.x86:
        return "virtio", text("This architecture has no older kind of disk.")
    if wish.source is From.CLOUD and not known(system):
        return "virtio", text("Cloud images are made for virtio.")
    if "q35" in where.machine:
        return "sata", text("Every system drives SATA; this one has no virtio of its own.")
    return "ide", text("Old systems drive IDE.")


def _cdrom_bus(where: Platform) -> str:
    if where.kind == "xen":
        return "ide"
    if not where.x86:
        return "scsi"
    return "sata" if "q35" in where.machine else "ide"


def _scsi(system: System, where: Platform) -> str:
    """The controller for SCSI disks, if there are any."""
    if not where.qemu:
        return ""
    driven = system.drives("virtio-scsi", "virtio1.0-scsi") or not known(system) or not where.x86
    return "virtio-scsi" if driven else "lsilogic"


def _nic(wish: Wish, system: System, where: Platform) -> tuple[str, Text]:
    if not where.qemu and where.kind != "test":
        return "", text("The hypervisor's own.")
    if system.drives("virtio-net", "virtio1.0-net"):
        return "virtio", text("The system drives virtio, the fastest.")
    if not where.x86:
        return "virtio", text("This architecture has no older kind of card.")
    if wish.source is From.CLOUD and not known(system):
        return "virtio", text("Cloud images are made for virtio.")
    if "q35" in where.machine:
        return "e1000e", text("An Intel card that nearly every system drives.")
    for model in _NIC_MODELS:
        if system.drives(model):
            return model, text("The card that the system drives.")
    return "e1000", text("An Intel card that nearly every system drives.")


def _displays(
    wish: Wish, host: HostAbilities, machine: MachineAbilities, where: Platform
) -> tuple[tuple[str, ...], Text]:
    if wish.displays:
        return tuple(kind for kind in wish.displays if kind != "none"), text("Chosen.")
    if not where.qemu:
        return ("vnc",), text("The hypervisor's own.")
    can = machine.common.graphics
    found = tuple(kind for kind in ("dbus", "vnc") if (kind in can or (not can and kind == "vnc")))
    if "dbus" in found and (host.libvirt_version < _DBUS):
        found = tuple(kind for kind in found if kind != "dbus")
    if "dbus" in found:
        return found, text("The fastest way on this computer, and VNC for all others; no port is open.")
    return found or tuple(can[:1]), text("What the host can do.")


def _video(
    system: System, machine: MachineAbilities, where: Platform, efi: bool, displays: tuple[str, ...]
) -> tuple[str, Text]:
    if not displays:
        return "", text("No display, no video card.")
    if not where.qemu:
        return "", text("The hypervisor's own.")
    can = machine.common.video

    def has(name: str) -> bool:
        return not can or name in can

    if not where.x86 and where.arch not in ("ppc64", "ppc64le"):
        return "virtio", text("The one that this architecture has.")
    if has("virtio") and system.drives("virtio1.0-gpu"):
        return "virtio", text("The system drives virtio, the fastest.")
    if "spice" in displays and has("qxl") and (system.drives("qxl") or not known(system)):
        return "qxl", text("Made for SPICE.")
    if efi and has("bochs"):
        return "bochs", text("Plain and enough where UEFI draws the first picture.")
    return "vga", text("Every system drives it.")


def _sound(system: System, where: Platform, displays: tuple[str, ...]) -> str:
    if not where.qemu or not where.x86 or not displays:
        return ""
    if known(system) and not system.drives("ich6", "ich9-hda"):
        return "ac97" if system.drives("ac97") else ""
    return "ich9" if "q35" in where.machine else "ich6"


def _usb(system: System, where: Platform) -> str:
    if not where.qemu or where.arch == "s390x":
        return ""
    if not where.x86 or system.drives("qemu-xhci") or not known(system):
        return "qemu-xhci"
    return "ich9-ehci1"


def _agent(host: HostAbilities, displays: tuple[str, ...], where: Platform) -> str:
    """Never both kinds: QEMU would refuse to start."""
    if not where.qemu:
        return ""
    if "spice" in displays:
        return "spicevmc"
    # An older QEMU could neither save such a machine nor take a snapshot of it while it runs. The clipboard is off
    # anyway until somebody wants it: the console's menu adds the channel then.
    if displays and host.hypervisor_version >= VDAGENT_SAVES:
        return "qemu-vdagent"
    return ""


def _has_rng(system: System, machine: MachineAbilities) -> bool:
    if machine.rng and "random" not in machine.rng:
        return False
    return system.drives("virtio-rng", "virtio1.0-rng") or system.family not in ("winnt", "win9x", "msdos")
