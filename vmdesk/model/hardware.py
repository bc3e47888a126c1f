"""All that a machine's definition holds, as values. Sizes in KiB unless the name says bytes; "" and None: not said.

A device's `key` names it in the running definition and in the stored one: "disk/vda", "interface/52:54:00:1c:0a:01",
"controller/usb/0", "hostdev/pci/0000:65:00.0"; what has nothing of its own is counted: "sound/0".
"""

from dataclasses import dataclass, field

from vmdesk.model.replug import UsbRule


@dataclass(frozen=True, slots=True)
class Overview:
    """What it is. `features`: names below <features>; `commandline`: what is handed to QEMU past libvirt."""

    name: str = ""
    title: str = ""
    description: str = ""
    uuid: str = ""
    kind: str = ""  # kvm, qemu, lxc, ...
    arch: str = ""
    machine: str = ""
    firmware: str = ""  # "efi", "bios" or "" for the hypervisor's default
    secure_boot: bool | None = None
    loader: str = ""
    nvram: str = ""
    emulator: str = ""
    os_id: str = ""
    features: tuple[str, ...] = ()
    clock: str = ""
    on_poweroff: str = ""
    on_reboot: str = ""
    on_crash: str = ""
    commandline: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topology:
    """Their product is the largest number of virtual processors."""

    sockets: int
    dies: int
    cores: int
    threads: int

    @property
    def total(self) -> int:
        return self.sockets * self.dies * self.cores * self.threads


@dataclass(frozen=True, slots=True)
class NumaCell:
    """One of the guest's own nodes."""

    id: int
    cpus: str
    memory_kib: int


@dataclass(frozen=True, slots=True)
class Cpu:
    """count: at start; maximum: how many may be added while it runs; features: (name, policy)."""

    count: int = 1
    maximum: int = 1
    cpuset: str = ""
    mode: str = ""  # host-passthrough, host-model, maximum, custom
    model: str = ""
    check: str = ""
    migratable: bool | None = None
    topology: Topology | None = None
    features: tuple[tuple[str, str], ...] = ()
    cells: tuple[NumaCell, ...] = ()


@dataclass(frozen=True, slots=True)
class MemoryDevice:
    """A DIMM, an NVDIMM or a virtio-mem block. requested, current: virtio-mem's."""

    key: str
    model: str
    size_kib: int
    node: int | None = None
    requested_kib: int = 0
    current_kib: int = 0
    block_kib: int = 0
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """given: what the guest has by its balloon; most: what it is built with; slots_kib: up to where DIMMs may go."""

    given_kib: int = 0
    most_kib: int = 0
    slots_kib: int = 0
    slots: int = 0
    huge_pages: bool = False
    huge_page_kib: int = 0
    shared: bool = False
    locked: bool = False
    no_merging: bool = False
    source: str = ""
    balloon: str = ""  # the balloon's model, "none" or ""
    balloon_period: int = 0  # seconds between its statistics
    devices: tuple[MemoryDevice, ...] = ()


@dataclass(frozen=True, slots=True)
class Boot:
    """order: by kind ("hd", "cdrom", "network", "fd"); devices: by device, (key, place), which libvirt has instead."""

    order: tuple[str, ...] = ()
    devices: tuple[tuple[str, int], ...] = ()
    menu: bool | None = None
    kernel: str = ""
    initrd: str = ""
    cmdline: str = ""


@dataclass(frozen=True, slots=True)
class IoTune:
    """Limits of one disk, 0 for none: bytes and requests a second, with bursts of so many for so many seconds."""

    read_bytes: int = 0
    write_bytes: int = 0
    total_bytes: int = 0
    read_requests: int = 0
    write_requests: int = 0
    total_requests: int = 0
    read_bytes_burst: int = 0
    write_bytes_burst: int = 0
    total_bytes_burst: int = 0
    read_requests_burst: int = 0
    write_requests_burst: int = 0
    total_requests_burst: int = 0
    read_bytes_burst_seconds: int = 0
    write_bytes_burst_seconds: int = 0
    total_bytes_burst_seconds: int = 0
    read_requests_burst_seconds: int = 0
    write_requests_burst_seconds: int = 0
    total_requests_burst_seconds: int = 0
    group: str = ""


@dataclass(frozen=True, slots=True)
class DiskDevice:
    """A disk, CD or floppy drive. `source` as domain.disk_source says it; "" for an empty drive."""

    key: str
    target: str
    bus: str = ""
    device: str = "disk"
    kind: str = "file"
    source: str = ""
    format: str = ""
    readonly: bool = False
    shareable: bool = False
    cache: str = ""
    io: str = ""
    discard: str = ""
    detect_zeroes: str = ""
    serial: str = ""
    boot: int = 0
    io_thread: int = 0
    alias: str = ""
    iotune: IoTune = field(default_factory=IoTune)

    @property
    def removable(self) -> bool:
        """Whether media go in and out."""
        return self.device in ("cdrom", "floppy")


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """One direction of a network card: KiB a second, burst in KiB; 0 for none."""

    average: int = 0
    peak: int = 0
    burst: int = 0


@dataclass(frozen=True, slots=True)
class Nic:
    """A network card. in, out: as the guest sees them."""

    key: str
    mac: str
    kind: str = ""
    source: str = ""
    model: str = ""
    target: str = ""
    link: bool = True
    boot: int = 0
    mtu: int = 0
    queues: int = 0
    isolated: bool = False
    filter: str = ""
    alias: str = ""
    inbound: Bandwidth = Bandwidth()
    outbound: Bandwidth = Bandwidth()


@dataclass(frozen=True, slots=True)
class GraphicsDevice:
    """password: whether one is set (known only where the definition was read with its secrets)."""

    key: str
    kind: str
    listens: str = ""
    listen: str = ""
    port: int = 0
    password: bool = False
    gl: bool = False


@dataclass(frozen=True, slots=True)
class Video:
    key: str
    model: str
    memory_kib: int = 0
    heads: int = 1
    accelerated: bool = False
    primary: bool = False
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    key: str
    model: str
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    key: str
    kind: str
    bus: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Serial:
    """A serial port, console or parallel port; `device` says which."""

    key: str
    device: str
    kind: str
    target: str = ""
    port: int = 0
    path: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    key: str
    kind: str
    name: str = ""
    target: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class HostDevice:
    """A device of the host. kind: usb, pci, mdev, scsi ...; startup: what if it is missing.

    address  "1d6b:0002" (USB by device), "1-4" (USB by bus and device), "0000:65:00.0", an mdev's UUID
    """

    key: str
    kind: str
    address: str
    managed: bool = False
    startup: str = ""
    model: str = ""
    boot: int = 0
    alias: str = ""


@dataclass(frozen=True, slots=True)
class UsbRedirection:
    """A port that a viewer's USB device can be put through."""

    key: str
    kind: str
    bus: str = "usb"
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Tpm:
    key: str
    model: str
    backend: str
    version: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Rng:
    """rate: bytes in a period (milliseconds), 0 for no limit."""

    key: str
    model: str
    backend: str
    source: str = ""
    rate: int = 0
    period: int = 0
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Watchdog:
    key: str
    model: str
    action: str = "reset"
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Panic:
    key: str
    model: str
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Vsock:
    """cid 0: chosen at start."""

    key: str
    model: str
    cid: int = 0
    auto: bool = False
    alias: str = ""


@dataclass(frozen=True, slots=True)
class SharedFolder:
    """driver: virtiofs, path (9p), ...; target: the name by which the guest mounts it."""

    key: str
    driver: str
    source: str
    target: str
    readonly: bool = False
    mode: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Controller:
    key: str
    kind: str
    index: int
    model: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class OtherDevice:
    """What has no page of its own: smartcards, hubs, shared memory, an IOMMU ..."""

    key: str
    tag: str
    model: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class CpuLimits:
    """Microseconds of processor time in a period; None: no limit. Quotas of 0 or less are none, too.

    quota: of each virtual processor; global_: of the machine; pins: (vCPU, host's CPUs)
    """

    shares: int | None = None
    period: int | None = None
    quota: int | None = None
    global_period: int | None = None
    global_quota: int | None = None
    emulator_period: int | None = None
    emulator_quota: int | None = None
    io_period: int | None = None
    io_quota: int | None = None
    pins: tuple[tuple[int, str], ...] = ()
    emulator_pin: str = ""
    io_pins: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """KiB; None: no limit. swap: memory and swap together."""

    hard: int | None = None
    soft: int | None = None
    swap: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What it may use. What is limited on a disk or a card stands there."""

    cpu: CpuLimits = CpuLimits()
    memory: MemoryLimits = MemoryLimits()
    disk_weight: int | None = None
    numa_mode: str = ""
    numa_nodes: str = ""
    io_threads: int = 0


@dataclass(frozen=True, slots=True)
class Hardware:
    """All of it."""

    overview: Overview = Overview()
    cpu: Cpu = Cpu()
    memory: Memory = Memory()
    boot: Boot = Boot()
    limits: Limits = Limits()
    disks: tuple[DiskDevice, ...] = ()
    nics: tuple[Nic, ...] = ()
    graphics: tuple[GraphicsDevice, ...] = ()
    videos: tuple[Video, ...] = ()
    sounds: tuple[Sound, ...] = ()
    inputs: tuple[Input, ...] = ()
    serials: tuple[Serial, ...] = ()
    channels: tuple[Channel, ...] = ()
    host_devices: tuple[HostDevice, ...] = ()
    usb_rules: tuple[UsbRule, ...] = ()
    redirections: tuple[UsbRedirection, ...] = ()
    tpms: tuple[Tpm, ...] = ()
    rngs: tuple[Rng, ...] = ()
    watchdogs: tuple[Watchdog, ...] = ()
    panics: tuple[Panic, ...] = ()
    vsocks: tuple[Vsock, ...] = ()
    folders: tuple[SharedFolder, ...] = ()
    controllers: tuple[Controller, ...] = ()
    others: tuple[OtherDevice, ...] = ()
