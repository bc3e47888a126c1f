"""What a person wants of a new machine: every choice of the wizard and of `vmdesk create`, and nothing else."""

from dataclasses import dataclass, field
from enum import Enum


class From(Enum):
    """Where the machine comes from. The values are the wizard's page names and stand in templates."""

    CDROM = "cdrom"  # an ISO or CD image
    LOCATION = "location"  # an installation tree: a URL
    KERNEL = "kernel"  # kernel, initrd, command line
    PXE = "pxe"
    DISK = "import"  # a disk that is there
    CLOUD = "cloud-image"
    XML = "xml"
    EMPTY = "empty"
    CONTAINER = "container"  # LXC: a root folder


@dataclass(frozen=True, slots=True)
class Here:
    """A file on the computer that VMDesk runs on; the path is absolute."""

    path: str


@dataclass(frozen=True, slots=True)
class There:
    """A volume in a pool of the host."""

    pool: str
    volume: str


@dataclass(frozen=True, slots=True)
class Away:
    """A file or tree on the network: http, https, ftp."""

    url: str


Place = Here | There | Away


class Reach(Enum):
    """What to do with a file here that the hypervisor cannot read where it is."""

    COPY = "copy"  # into a pool, with progress (the default)
    GRANT = "grant"  # search permission on the folders, by setfacl


class Firmware(Enum):
    DEFAULT = ""  # what the system and the architecture want
    BIOS = "bios"
    UEFI = "uefi"
    SECURE = "secure"  # UEFI with Secure Boot


class Cpu(Enum):
    """What the guest's processor is like; a name of a model is given as a string instead."""

    FAST = "fast"  # this host's own: host-passthrough with KVM, "max" without
    MOVABLE = "movable"  # can move to other hosts: a named baseline


class Nets(Enum):
    NETWORK = "network"  # a libvirt network
    BRIDGE = "bridge"
    MACVTAP = "direct"  # on an interface of the host
    USER = "user"  # through the user's own program (SLIRP, passt): no rights needed


@dataclass(frozen=True, slots=True)
class Forward:
    """A port of the host that leads into the guest. `address`: where the host listens."""

    host: int
    guest: int
    protocol: str = "tcp"
    address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class DiskWish:
    """One disk: a new volume of `bytes`, or `source`, used in place or copied.

    pool    where a new or copied volume goes; "" the host's first choice
    format  qcow2 or raw; "" what suits the pool. Of a source: its own format as the person says it, "" find out
    full    take all the space now
    copy    of a source: make a volume of its content instead of using it in place
    linked  of a source: make an overlay, the source stays below it untouched
    """

    bytes: int = 0
    pool: str = ""
    format: str = ""
    full: bool = False
    source: Place | None = None
    copy: bool = False
    linked: bool = False
    bus: str = ""  # "" what the system drives
    name: str = ""  # of the volume, "" from the machine's


@dataclass(frozen=True, slots=True)
class NicWish:
    """One network card. `source`: the network's, bridge's or interface's name.

    isolated  other machines on the same network cannot be reached
    """

    kind: Nets = Nets.NETWORK
    source: str = "default"
    model: str = ""  # "" what the system drives
    mac: str = ""  # "" a fresh one
    isolated: bool = False
    forwards: tuple[Forward, ...] = ()


@dataclass(frozen=True, slots=True)
class CloudWish:
    """What cloud-init is told at the first start. A `user_data` of one's own replaces all but host name and network.

    address  with its prefix, "192.168.122.10/24", of the first card of the first machine; "" by DHCP
    network  cloud-init's network configuration (version 2), which replaces address, gateway and DNS servers
    """

    user: str = ""
    password: str = field(default="", repr=False)  # plain; only its hash goes into the seed
    ssh_keys: tuple[str, ...] = ()  # lines of authorized_keys
    hostname: str = ""  # "" the machine's name
    packages: tuple[str, ...] = ()
    network: str = ""
    user_data: str = field(default="", repr=False)
    address: str = ""
    gateway: str = ""
    dns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnattendedWish:
    """Answers to an installer, for libosinfo's scripts. `profile`: "desktop" or "jeos"."""

    profile: str = ""
    user: str = ""
    full_name: str = ""
    password: str = field(default="", repr=False)
    root_password: str = field(default="", repr=False)
    hostname: str = ""
    language: str = ""  # "en_US"
    keyboard: str = ""
    timezone: str = ""
    product_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """All of it. What is left at its default is chosen to suit the system and the host.

    name         of one machine; with count > 1 its pattern: "lab-{01..30}", or "lab" for lab-01, lab-02, ...
    os           short id or URL of the database, "" find out from the medium
    kind         kvm, qemu, lxc, ...; "" the best that really works
    memory_kib, vcpus  0: what the system recommends
    media        the ISO, tree, kernel, disk image, cloud image or XML file of `source`
    drivers      a CD with drivers for Windows (virtio-win), shown to the installer as a second one
    displays     dbus, vnc, spice, or "none" alone; empty: dbus and vnc without an open port
    network_stays  libvirt's network "default", where it has to be switched on, is from then on with the host
    sealed       neither clipboard nor files may pass, by definition
    """

    name: str = ""
    source: From = From.CDROM
    media: Place | None = None
    reach: Reach = Reach.COPY
    kernel: Place | None = None
    initrd: Place | None = None
    append: str = ""  # the kernel's command line
    drivers: Place | None = None
    os: str = ""
    arch: str = ""
    kind: str = ""
    machine: str = ""
    firmware: Firmware = Firmware.DEFAULT
    tpm: bool | None = None
    cpu: Cpu | str = Cpu.FAST
    vcpus: int = 0
    memory_kib: int = 0
    disks: tuple[DiskWish, ...] = (DiskWish(),)
    nics: tuple[NicWish, ...] = (NicWish(),)
    network_stays: bool = True
    displays: tuple[str, ...] = ()
    sealed: bool = False
    cloud: CloudWish | None = None
    unattended: UnattendedWish | None = None
    title: str = ""
    description: str = ""
    uuid: str = ""
    count: int = 1
    linked: bool = False  # of several: overlays of one base
    autostart: bool = False
    start: bool = True
