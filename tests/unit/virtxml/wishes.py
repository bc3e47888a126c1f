"""Wishes for the golden definitions: systems, hosts and what is prepared, each case with the name of its file.

Run as a program it writes the files anew.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from lxml import etree

from vmdesk.model.abilities import HostAbilities, Machine, MachineAbilities, Processor
from vmdesk.model.facts import DomainAbilities
from vmdesk.model.sizes import GIB, MIB
from vmdesk.model.storage import Login, NetworkPlace
from vmdesk.model.system import Certainty, Needs, System
from vmdesk.model.wish import (
    Away,
    CloudWish,
    Cpu,
    DiskWish,
    Firmware,
    Forward,
    From,
    Here,
    Nets,
    NicWish,
    There,
    Wish,
)
from vmdesk.virtxml.build.definitions import build
from vmdesk.virtxml.build.platform import platform
from vmdesk.virtxml.build.prepared import Definitions, DiskAt, Prepared

GOLDEN = Path(__file__).parent / "golden"
UUID = "5f2f7b6c-6d0a-4d0e-9d64-2f1f9d7f3a10"
MAC = "52:54:00:6b:3c:58"

_VIRTIO = ("virtio-net", "virtio-block", "virtio-scsi", "virtio-balloon", "virtio-rng", "virtio-console")
_VIRTIO1 = tuple(f"virtio1.0-{name}" for name in ("net", "block", "scsi", "balloon", "rng", "console", "input"))
_NEW = frozenset(
    (*_VIRTIO, *_VIRTIO1, "virtio1.0-gpu", "qemu-x86-q35", "qemu-xhci", "qxl", "e1000e", "ich6", "ich9-hda")
)
_WINDOWS = frozenset(("ac97", "e1000", "e1000e", "ich6", "ich9-hda", "qemu-x86-q35", "qxl", "tablet", "vga"))


def _linux(short: str, url: str, name: str, devices: frozenset[str] = _NEW, memory: int = 2, disk: int = 20) -> System:
    return System(
        id=url,
        short_id=short,
        name=name,
        family="linux",
        recommended=Needs(0, memory * GIB, disk * GIB),
        devices=devices,
        certainty=Certainty.MEDIA,
    )


DEBIAN11 = _linux("debian11", "http://debian.org/debian/11", "Debian 11", memory=1)
DEBIAN8 = _linux(
    "debian8",
    "http://debian.org/debian/8",
    "Debian 8",
    frozenset((*_VIRTIO, "ac97", "ich6", "nec-xhci", "qemu-xhci", "qxl")),
    1,
    10,
)
UBUNTU = _linux("ubuntu22.04", "http://ubuntu.com/ubuntu/22.04", "Ubuntu 22.04 LTS", _NEW - {"virtio1.0-gpu"}, 4, 25)
FEDORA = _linux("fedora36", "http://fedoraproject.org/fedora/36", "Fedora Linux 36")
CENTOS6 = _linux(
    "centos6.0",
    "http://centos.org/centos/6.0",
    "CentOS 6.0",
    frozenset(("virtio-block", "virtio-net", "virtio-console", "qemu-x86-q35", "ich6", "ich9-hda", "e1000e", "tablet")),
    1,
    9,
)
FREEBSD = System(
    id="http://freebsd.org/freebsd/13.0",
    short_id="freebsd13.0",
    name="FreeBSD 13.0",
    family="freebsd",
    devices=frozenset(("e1000", "ne2k_pci", "virtio-block", "virtio-net")),
)
WIN11 = System(
    id="http://microsoft.com/win/11",
    short_id="win11",
    name="Microsoft Windows 11",
    family="winnt",
    devices=_WINDOWS | {"qemu-xhci"},
    firmware=frozenset({"efi"}),
    secure_boot=True,
    tpm=True,
    local_clock=True,
)
WIN10 = replace(
    WIN11, id="http://microsoft.com/win/10", short_id="win10", name="Microsoft Windows 10", secure_boot=False, tpm=False
)
WIN7 = replace(WIN10, id="http://microsoft.com/win/7", short_id="win7", name="Microsoft Windows 7", devices=_WINDOWS)
WINXP = replace(
    WIN10,
    id="http://microsoft.com/win/xp",
    short_id="winxp",
    name="Microsoft Windows XP",
    devices=frozenset(("ac97", "e1000", "qxl", "tablet", "vga")),
    recommended=Needs(0, 512 * MIB, 10 * GIB),
)
WIN98 = System(
    id="http://microsoft.com/win/98",
    short_id="win98",
    name="Microsoft Windows 98",
    family="win9x",
    devices=frozenset(("ac97", "qxl", "tablet", "vga")),
    recommended=Needs(0, 64 * MIB, 2 * GIB),
    local_clock=True,
)
DOS = System(id="http://microsoft.com/msdos/6.22", short_id="msdos6.22", name="Microsoft MS-DOS 6.22", family="msdos")
UNKNOWN = System()

_X86 = Processor(
    "x86_64",
    "hvm",
    ("kvm", "qemu"),
    "/usr/bin/qemu-system-x86_64",
    (Machine("pc-q35-7.2", "q35", 288), Machine("pc-i440fx-7.2", "pc", 255)),
)
_ARM = Processor("aarch64", "hvm", ("qemu",), "/usr/bin/qemu-system-aarch64", (Machine("virt-7.2", "virt", 512),))
_RISCV = Processor("riscv64", "hvm", ("qemu",), "/usr/bin/qemu-system-riscv64", (Machine("virt-7.2", "virt", 512),))
_POWER = Processor("ppc64le", "hvm", ("qemu",), "/usr/bin/qemu-system-ppc64", (Machine("pseries-7.2", "pseries", 384),))
_S390X = Processor(
    "s390x", "hvm", ("qemu",), "/usr/bin/qemu-system-s390x", (Machine("s390-ccw-virtio-7.2", "s390-ccw-virtio", 248),)
)
_I686 = replace(_X86, arch="i686")
_FOREIGN = (_I686, _ARM, _RISCV, _POWER, _S390X)

# Debian 12 in a virtual machine: KVM is offered and does not work.
PLAIN = HostAbilities(
    driver="QEMU",
    native="x86_64",
    libvirt_version=(9, 0, 0),
    hypervisor_version=(7, 2, 22),
    processors=(_X86, *_FOREIGN),
    kvm_works=False,
    cpus=4,
    memory=16 * GIB,
    free_memory=8 * GIB,
)
KVM = replace(PLAIN, kvm_works=True)
NEW = replace(KVM, libvirt_version=(11, 5, 0), hypervisor_version=(10, 1, 0), passt=True)
OLD = replace(KVM, libvirt_version=(5, 0, 0), hypervisor_version=(3, 1, 0))
AWAY = replace(KVM, local=False)
SESSION = replace(PLAIN, session=True)
SMALL = replace(PLAIN, cpus=1, memory=3 * GIB)
ARM_HOST = replace(
    KVM, native="aarch64", processors=(replace(_ARM, kinds=("kvm", "qemu")), replace(_X86, kinds=("qemu",)))
)
LXC = HostAbilities(
    driver="LXC", native="x86_64", libvirt_version=(9, 0, 0), processors=(Processor("x86_64", "exe", ("lxc",)),), cpus=4
)
PRACTICE = HostAbilities(
    driver="Test",
    native="i686",
    libvirt_version=(9, 0, 0),
    processors=(Processor("i686", "hvm", ("test",)),),
    cpus=16,
    memory=3 * GIB,
)


def abilities(arch: str, kind: str, machine: str, host: HostAbilities) -> MachineAbilities:
    """What a host with QEMU 7.2 says, as far as it is used."""
    if kind in ("lxc", "test"):
        return MachineAbilities(arch, kind, "", DomainAbilities(kind=kind))
    x86 = arch in ("x86_64", "i686")
    dbus = host.libvirt_version >= (8, 4, 0)
    return MachineAbilities(
        arch,
        kind,
        machine,
        DomainAbilities(
            kind=kind,
            firmware=("efi",) if arch in ("x86_64", "aarch64") and host.libvirt_version >= (5, 3, 0) else (),
            tpm=("passthrough", "emulator"),
            graphics=("sdl", "vnc", "spice", "egl-headless", *(("dbus",) if dbus else ())),
            video=("vga", "cirrus", "virtio", "none", "bochs", "ramfb", *(("qxl",) if x86 else ())),
        ),
        loaders={
            "x86_64": ("/usr/share/OVMF/OVMF_CODE_4M.ms.fd", "/usr/share/OVMF/OVMF_CODE_4M.fd"),
            "aarch64": ("/usr/share/AAVMF/AAVMF_CODE.ms.fd", "/usr/share/AAVMF/AAVMF_CODE.fd"),
        }.get(arch, ()),
        channels=frozenset(("pty", "unix", "spicevmc")),
        rng=frozenset(("random", "egd", "builtin")),
        usable_models=(
            "qemu64",
            "kvm64",
            "Penryn",
            "Nehalem",
            *(("x86-64-v2",) if host.libvirt_version > (10,) else ()),
        )
        if x86
        else (),
        maximum_cpu=host.libvirt_version >= (7, 1, 0),
    )


DISK = DiskAt("/var/lib/libvirt/images/web.qcow2", ended=True)
CD = DiskAt("/var/lib/libvirt/images/install.iso", format="raw", device="cdrom")
SEED = DiskAt("/var/lib/libvirt/images/web-seed.iso", format="raw", device="cdrom", stays=True)
DRIVERS = DiskAt("/var/lib/libvirt/images/virtio-win.iso", format="raw", device="cdrom", stays=True)
INSTALL = Prepared((DISK,), (CD,))
BASE = Wish(name="web", uuid=UUID, nics=(NicWish(mac=MAC),), media=Here("/srv/install.iso"))


def nic(kind: Nets = Nets.NETWORK, source: str = "default", **more: object) -> tuple[NicWish, ...]:
    return (NicWish(kind, source, mac=MAC, **more),)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    """`defines`: whether the libvirt 9.0 and QEMU 7.2 of Debian 12 take it (x86 and ARM, no KVM)."""

    name: str
    wish: Wish
    system: System = DEBIAN11
    host: HostAbilities = PLAIN
    prepared: Prepared = INSTALL
    defines: bool = True

    def build(self) -> Definitions:
        return made(self.wish, self.system, self.host, self.prepared)

    def written(self) -> str:
        """One golden file: what is started, and what is stored if that is different."""
        made = self.build()
        return made.first if made.first == made.stored else f"{made.first}<!-- stored -->\n{made.stored}"


def made(wish: Wish, system: System, host: HostAbilities, prepared: Prepared) -> Definitions:
    where = platform(wish, system, host)
    return build(wish, system, host, abilities(where.arch, where.kind, where.machine, host), prepared, wish.name)


def name_in(xml: str) -> str | None:
    """The name that a definition gives."""
    return etree.fromstring(xml).findtext("name")


def _wish(**changes: object) -> Wish:
    return replace(BASE, **changes)  # type: ignore[arg-type]


FORWARDS = (Forward(2222, 22), Forward(8053, 53, "udp"))
_KERNEL = Prepared((DISK,), (), "/var/lib/libvirt/boot/linux", "/var/lib/libvirt/boot/initrd.gz")

CASES = (
    # From a CD, by system.
    Case("cdrom-debian11", _wish()),
    Case("cdrom-debian11-kvm", _wish(), host=KVM, defines=False),
    Case("cdrom-debian11-new-libvirt", _wish(), host=NEW, defines=False),
    Case("cdrom-debian11-old-libvirt", _wish(), host=OLD, defines=False),
    Case("cdrom-debian8", _wish(), DEBIAN8),
    Case("cdrom-ubuntu", _wish(), UBUNTU),
    Case("cdrom-fedora-kvm", _wish(), FEDORA, KVM, defines=False),
    Case("cdrom-centos6", _wish(), CENTOS6),
    Case("cdrom-freebsd", _wish(), FREEBSD),
    Case("cdrom-unknown", _wish(), UNKNOWN),
    Case("cdrom-windows11", _wish(), WIN11),
    Case(
        "cdrom-windows11-kvm-drivers",
        _wish(drivers=Here("/srv/virtio-win.iso")),
        WIN11,
        KVM,
        Prepared((DISK,), (CD, DRIVERS)),
        False,
    ),
    Case("cdrom-windows10-kvm", _wish(), WIN10, KVM, defines=False),
    Case("cdrom-windows7", _wish(), WIN7),
    Case("cdrom-windowsxp", _wish(), WINXP),
    Case("cdrom-windows98", _wish(), WIN98),
    Case("cdrom-msdos", _wish(), DOS),
    # Firmware.
    Case("uefi", _wish(firmware=Firmware.UEFI)),
    Case("uefi-unknown", _wish(firmware=Firmware.UEFI), UNKNOWN),
    Case("secure", _wish(firmware=Firmware.SECURE, tpm=True)),
    Case("secure-old-libvirt", _wish(firmware=Firmware.SECURE), host=OLD, defines=False),
    Case("uefi-old-libvirt", _wish(firmware=Firmware.UEFI), host=OLD, defines=False),
    Case("windows11-bios", _wish(firmware=Firmware.BIOS, tpm=False), WIN11),
    # Architectures.
    Case("aarch64", _wish(arch="aarch64")),
    Case("aarch64-native", _wish(), host=ARM_HOST, defines=False),
    Case("aarch64-unknown", _wish(arch="arm64"), UNKNOWN),
    Case("aarch64-tpm", _wish(arch="aarch64", tpm=True)),
    Case("x86-on-arm", _wish(arch="x86_64"), host=ARM_HOST, defines=False),
    Case(
        "riscv64",
        _wish(arch="riscv64", source=From.KERNEL, kernel=Here("/boot/linux")),
        prepared=_KERNEL,
        defines=False,
    ),
    Case("ppc64le", _wish(arch="ppc64le"), defines=False),
    Case("s390x", _wish(arch="s390x"), defines=False),
    Case("i686", _wish(arch="i686"), WINXP, defines=False),
    # Where it comes from.
    Case(
        "volume",
        _wish(media=There("default", "install.iso")),
        prepared=Prepared(
            (DiskAt(kind="volume", pool="default", volume="web.qcow2"),),
            (DiskAt(kind="volume", pool="default", volume="install.iso", format="raw", device="cdrom"),),
        ),
    ),
    Case(
        "cdrom-network",
        _wish(media=Away("https://example.org/install.iso?a=1&b=2")),
        prepared=Prepared(
            (DISK,), (DiskAt("https://example.org/install.iso?a=1&b=2", kind="network", format="raw", device="cdrom"),)
        ),
    ),
    Case(
        "location",
        _wish(source=From.LOCATION, media=Away("http://deb.debian.org/d-i"), append="console=ttyS0"),
        prepared=_KERNEL,
    ),
    Case(
        "kernel-no-disk",
        _wish(source=From.KERNEL, kernel=Here("/boot/linux"), disks=(), append="quiet"),
        prepared=replace(_KERNEL, disks=()),
    ),
    Case("pxe", _wish(source=From.PXE), prepared=Prepared((DISK,))),
    Case("import", _wish(source=From.DISK), prepared=Prepared((replace(DISK, format="raw", used=True, ended=False),))),
    Case(
        "cloud",
        _wish(source=From.CLOUD, cloud=CloudWish("ann")),
        prepared=Prepared((replace(DISK, ended=False),), (SEED,)),
    ),
    Case("cloud-unknown", _wish(source=From.CLOUD), UNKNOWN, prepared=Prepared((DISK,), (SEED,))),
    Case("empty", _wish(source=From.EMPTY), prepared=Prepared((DISK,))),
    Case("cdrom-live-no-disk", _wish(disks=()), prepared=Prepared((), (CD,))),
    Case("cdrom-on-a-used-disk", _wish(), prepared=Prepared((replace(DISK, used=True),), (CD,))),
    Case(
        "block-and-second-disk",
        _wish(disks=(DiskWish(), DiskWish(bus="scsi"))),
        prepared=Prepared(
            (DiskAt("/dev/vg/web", kind="block", format="raw"), replace(DISK, path="/srv/data.qcow2")), (CD,)
        ),
    ),
    Case(
        "ceph-with-login",
        _wish(disks=(DiskWish(),)),
        prepared=Prepared(
            (
                DiskAt(
                    kind="place",
                    format="raw",
                    used=True,
                    place=NetworkPlace(
                        "rbd",
                        "machines/web",
                        ("ceph-1.lan", "ceph-2.lan:6789"),
                        Login("ceph", "libvirt", "11111111-2222-4333-8444-555555555555"),
                    ),
                ),
            ),
            (CD,),
        ),
        defines=False,  # not every QEMU has its part for Ceph
    ),
    Case(
        "encrypted-disk",
        _wish(),
        prepared=Prepared((replace(DISK, used=True, secret="11111111-2222-4333-8444-555555555555"),), (CD,)),
    ),
    # Network cards.
    Case("user", _wish(nics=nic(Nets.USER, "")), host=SESSION),
    Case("user-forwards", _wish(nics=nic(Nets.USER, "", forwards=FORWARDS)), host=SESSION),
    Case("user-forwards-old-board", _wish(nics=nic(Nets.USER, "", forwards=FORWARDS)), DEBIAN8, SESSION),
    Case("user-forwards-aarch64", _wish(arch="aarch64", nics=nic(Nets.USER, "", forwards=FORWARDS)), host=SESSION),
    Case("user-forwards-passt", _wish(nics=nic(Nets.USER, "", forwards=FORWARDS)), host=NEW, defines=False),
    Case("bridge-isolated", _wish(nics=nic(Nets.BRIDGE, "br0", isolated=True))),
    Case("macvtap", _wish(nics=(*nic(Nets.MACVTAP, "eth0"), NicWish(Nets.MACVTAP, "eth0", isolated=True)))),
    Case("network-isolated", _wish(nics=nic(isolated=True))),
    Case("no-network", _wish(nics=())),
    # Displays.
    Case("spice", _wish(displays=("spice",))),
    Case("spice-sealed", _wish(displays=("spice",), sealed=True), UBUNTU),
    Case("sealed", _wish(sealed=True)),
    Case("sealed-new", _wish(sealed=True), host=NEW, defines=False),
    Case("vnc-away", _wish(displays=("vnc",)), host=AWAY, defines=False),
    Case("no-display", _wish(displays=("none",))),
    # Processor and memory.
    Case("movable", _wish(cpu=Cpu.MOVABLE), host=NEW, defines=False),
    Case("movable-plain", _wish(cpu=Cpu.MOVABLE, vcpus=3, memory_kib=1536 * 1024)),
    Case("named-cpu", _wish(cpu="Penryn")),
    Case("small-host", _wish(), WIN10, SMALL),
    # What people write.
    Case("words", _wish(title='Máy chủ <web> & "bạn"', description="dòng 1\ndòng 2")),
    Case("no-uuid", _wish(uuid="", nics=(NicWish(),))),
    # Other hypervisors.
    Case("container", _wish(source=From.CONTAINER, disks=()), UNKNOWN, LXC, Prepared(root="/srv/web"), False),
    Case(
        "container-sealed-off",
        _wish(source=From.CONTAINER, disks=(), nics=()),
        UNKNOWN,
        LXC,
        Prepared(root="/srv/web", init="/bin/sh"),
        False,
    ),
    Case("practice", _wish(), DEBIAN11, PRACTICE, defines=False),
)

if __name__ == "__main__":
    for case in CASES:
        (GOLDEN / f"{case.name}.xml").write_text(case.written())
