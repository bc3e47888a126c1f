"""What a host is made of. Data only: None (or an empty tuple) means "not told"; what it means is said by the window."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pages:
    """Memory pages of one size in one NUMA cell. `free` None: not told."""

    size_kib: int
    total: int
    free: int | None = None


@dataclass(frozen=True, slots=True)
class Cpu:
    """One CPU thread as the host numbers it; `siblings` share its core."""

    id: int
    socket: int
    core: int
    siblings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One NUMA cell: the CPUs near a piece of memory. `distances` (cell, distance); its own is 10."""

    id: int
    memory_kib: int
    free_kib: int | None = None
    cpus: tuple[Cpu, ...] = ()
    pages: tuple[Pages, ...] = ()
    distances: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Ksm:
    """Kernel same-page merging, from virNodeGetMemoryParameters; pages of `page_kib`. None: not told.

    shared   pages that stand for several equal ones; sharing: how many more use them, which is what is saved
    scanning KSM is not asked whether it is on (libvirt does not tell); it has been if it has scanned or shared
    """

    page_kib: int = 4
    shared: int | None = None
    sharing: int | None = None
    unshared: int | None = None
    volatile: int | None = None
    full_scans: int | None = None

    @property
    def saved_kib(self) -> int | None:
        return None if self.sharing is None else self.sharing * self.page_kib

    @property
    def scanning(self) -> bool | None:
        return None if self.full_scans is None else bool(self.full_scans or self.shared)


@dataclass(frozen=True, slots=True)
class SecurityModel:
    """One way the host keeps its machines apart: selinux, apparmor, dac; `labels` (domain type, label)."""

    model: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Guest:
    """One processor that the host can run machines for. `kinds`: kvm, qemu, ..."""

    arch: str
    os_type: str
    kinds: tuple[str, ...] = ()
    emulator: str = ""
    machines: int = 0  # how many machine types


@dataclass(frozen=True, slots=True)
class DomainAbilities:
    """What machines of the host's own processor may have there (domain capabilities).

    firmware     kinds of automatic firmware: bios, efi
    secure_boot, tpm, ...  None: not told
    """

    kind: str = ""
    emulator: str = ""
    machine: str = ""
    max_vcpus: int | None = None
    cpu_modes: tuple[str, ...] = ()
    cpu_models: tuple[str, ...] = ()  # that this processor can give
    firmware: tuple[str, ...] = ()
    secure_boot: bool | None = None
    tpm: tuple[str, ...] = ()
    graphics: tuple[str, ...] = ()
    video: tuple[str, ...] = ()
    nested: bool | None = None  # vmx or svm is handed on to guests


@dataclass(frozen=True, slots=True)
class HostFacts:
    """All of one host.

    virtualization  "vmx" (Intel VT-x), "svm" (AMD-V), "" if the processor shows neither, None if not told
    kvm             libvirt offers KVM there (prove_kvm says whether it works)
    nested          machines there can run machines of their own
    """

    uri: str = ""
    hostname: str = ""
    driver: str = ""
    libvirt_version: tuple[int, int, int] | None = None
    hypervisor_version: tuple[int, int, int] | None = None
    arch: str = ""
    cpu_model: str = ""
    cpu_vendor: str = ""
    cpu_name: str = ""  # as sold: "AMD EPYC 7B13"; known on this computer only
    cpus: int | None = None
    mhz: int | None = None
    sockets: int | None = None
    cores: int | None = None  # per socket
    threads: int | None = None  # per core
    memory_kib: int | None = None
    memory_free_kib: int | None = None
    cells: tuple[Cell, ...] = ()
    ksm: Ksm | None = None
    security: tuple[SecurityModel, ...] = ()
    virtualization: str | None = None
    kvm: bool | None = None
    nested: bool | None = None
    iommu: bool | None = None
    guests: tuple[Guest, ...] = ()
    abilities: DomainAbilities | None = None

    @property
    def huge_pages(self) -> tuple[Pages, ...]:
        """Pages larger than the normal ones, over all cells, smallest first."""
        sums: dict[int, Pages] = {}
        for page in (page for cell in self.cells for page in cell.pages):
            old = sums.get(page.size_kib, Pages(page.size_kib, 0, 0))
            free = None if page.free is None or old.free is None else old.free + page.free
            sums[page.size_kib] = Pages(page.size_kib, old.total + page.total, free)
        return tuple(sums[size] for size in sorted(sums)[1:])
