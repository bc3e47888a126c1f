"""What new machines of one host may have: its domain capabilities, one architecture at a time."""

from dataclasses import dataclass

from vmdesk.model.facts import DomainAbilities
from vmdesk.model.network import Network
from vmdesk.model.storage import Pool

# The first QEMU that can save the memory of a machine with its clipboard channel, qemu-vdagent.
VDAGENT_SAVES = (10, 1, 0)


@dataclass(frozen=True, slots=True)
class Machine:
    """A chipset: "pc-q35-7.2"; `alias` "q35" where it is the newest of its kind."""

    name: str
    alias: str = ""
    max_vcpus: int = 0
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Processor:
    """One architecture that the host can run. `kinds`: what may run it, best first: kvm, qemu, ..."""

    arch: str
    os_type: str = "hvm"
    kinds: tuple[str, ...] = ()
    emulator: str = ""
    machines: tuple[Machine, ...] = ()


@dataclass(frozen=True, slots=True)
class HostAbilities:
    """All that the wizard and the builder know of a host.

    native       its own processor, "x86_64"
    kvm_works    None: not tried; False: KVM is offered or not, but a machine does not run with it
    memory, free_memory  bytes; 0: not told
    cpus         threads of the host
    passt        user-mode cards may use passt (tried by defining)
    session      the user's own daemon (qemu:///session): no bridges without a helper, user networking
    interfaces   the host's own network interfaces that macvtap and bridges could use (name, kind)
    room         bytes free where the first pool would be made, on a host without one; 0: not told
    """

    driver: str = ""
    native: str = ""
    libvirt_version: tuple[int, int, int] = (0, 0, 0)
    hypervisor_version: tuple[int, int, int] = (0, 0, 0)
    processors: tuple[Processor, ...] = ()
    kvm_works: bool | None = None
    cpus: int = 0
    memory: int = 0
    free_memory: int = 0
    passt: bool = False
    session: bool = False
    local: bool = True
    pools: tuple[Pool, ...] = ()
    networks: tuple[Network, ...] = ()
    interfaces: tuple[tuple[str, str], ...] = ()
    room: int = 0


@dataclass(frozen=True, slots=True)
class MachineAbilities:
    """What a machine of one (kind, arch, machine type) may have there."""

    arch: str
    kind: str
    machine: str
    common: DomainAbilities
    disk_buses: frozenset[str] = frozenset()
    loaders: tuple[str, ...] = ()
    channels: frozenset[str] = frozenset()  # unix, spicevmc, qemu-vdagent, dbus
    rng: frozenset[str] = frozenset()
    usable_models: tuple[str, ...] = ()
    maximum_cpu: bool = False  # mode='maximum' is known
