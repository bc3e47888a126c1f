"""A domain (virtual machine) as the window and the command line see it."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from vmdesk.model.replug import UsbRule


class DomainKey(NamedTuple):
    """Which machine: `host` is HostConfig.id, `uuid` libvirt's UUID in canonical text form."""

    host: str
    uuid: str


class State(Enum):
    """libvirt's domain states; the values are the words of `virsh domstate`."""

    NOSTATE = "no state"
    RUNNING = "running"
    BLOCKED = "idle"
    PAUSED = "paused"
    SHUTDOWN = "in shutdown"
    SHUTOFF = "shut off"
    CRASHED = "crashed"
    PMSUSPENDED = "pmsuspended"

    __hash__ = object.__hash__  # there is one of each; Enum's own is written in Python, and these are keys everywhere

    @property
    def active(self) -> bool:
        """Whether a process stands behind it."""
        return self not in (State.SHUTOFF, State.CRASHED)


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk of the definition in use. `source` is a path, "pool/volume", a URL or "" for an empty drive."""

    target: str
    device: str  # disk, cdrom, floppy, lun
    source: str
    format: str
    readonly: bool
    encrypted: bool = False  # its file is: libvirt has the passphrase


@dataclass(frozen=True, slots=True)
class Nic:
    """One network card. `source` is the network's, bridge's or device's name; `target` the host's tap ("" when off)."""

    mac: str
    kind: str  # network, bridge, user, direct, ...
    source: str
    model: str
    target: str


@dataclass(frozen=True, slots=True)
class Graphics:
    """One display. `kind` is vnc, spice, dbus, ...; `port` 0 when there is none."""

    kind: str
    port: int
    listen: str


@dataclass(frozen=True, slots=True)
class Labels:
    """What people wrote: kept in libvirt's title/description and in our own metadata element."""

    title: str = ""
    description: str = ""
    notes: str = ""
    group: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """What a domain XML says, as far as lists and overview show it. Memory in KiB."""

    vcpus: int = 0
    max_vcpus: int = 0
    memory_kib: int = 0
    max_memory_kib: int = 0
    kind: str = ""  # kvm, qemu, lxc, ...
    arch: str = ""
    machine: str = ""
    emulator: str = ""
    os_id: str = ""  # libosinfo id, a URL; "" when unknown
    os_name: str = ""
    firmware: str = ""
    cpu_mode: str = ""
    disks: tuple[Disk, ...] = ()
    nics: tuple[Nic, ...] = ()
    graphics: tuple[Graphics, ...] = ()
    security: tuple[tuple[str, str], ...] = ()  # (model, label) of <seclabel>
    cpuset: str = ""  # the host's CPUs that the whole machine may run on; "" for all
    pins: tuple[tuple[int, str], ...] = ()  # (number of a virtual CPU, host's CPUs); -2: the emulator
    agent: bool = False  # a guest agent channel is defined
    vdagent: bool = False  # QEMU's own channel for the clipboard is defined (qemu-vdagent)
    template: bool = False  # our mark: only there to be cloned
    trashed: float = 0.0  # our mark: when it went to the trash, Unix time; 0.0: it is not there
    medium: str = ""  # the CD that VMDesk installed it from
    usb_rules: tuple[UsbRule, ...] = ()  # which USB devices it is given whenever they are plugged in


@dataclass(frozen=True, slots=True)
class Domain:
    """One machine of one host.

    state, reason  the words of `virsh domstate --reason`
    responding     False: its hypervisor process does not answer its monitor
    busy           what holds its monitor now ("snapshot", "save", ...), "" if nothing
    started        Unix time in seconds when it was first seen running, 0.0 when off or unknown
    addresses      IP addresses, most useful first
    """

    key: DomainKey
    name: str
    state: State = State.NOSTATE
    reason: str = ""
    live_id: int = -1
    persistent: bool = True
    autostart: bool = False
    managed_save: bool = False
    responding: bool = True
    busy: str = ""
    started: float = 0.0
    addresses: tuple[str, ...] = ()
    labels: Labels = Labels()
    definition: Definition = Definition()

    @property
    def uuid(self) -> str:
        return self.key.uuid

    @property
    def active(self) -> bool:
        return self.state.active


@dataclass(frozen=True, slots=True)
class File:
    """Something of a machine that stays when its definition is deleted.

    path   as the host calls it; "" where libvirt does not tell it
    kind   disk, cdrom, backing, nvram, tpm, snapshot, memory (of a snapshot), saved-state
    bytes  what it takes on the host's disk, None if not told
    """

    path: str
    kind: str
    bytes: int | None = None
