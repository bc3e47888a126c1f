"""Counters as libvirt gives them, and the figures computed from two of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiskCounters:
    """Since the machine started: bytes, requests, and nanoseconds spent in them."""

    name: str
    read_bytes: int = 0
    write_bytes: int = 0
    read_requests: int = 0
    write_requests: int = 0
    read_ns: int = 0
    write_ns: int = 0


@dataclass(frozen=True, slots=True)
class NicCounters:
    """Since the machine started, seen from the guest: rx is what it received."""

    name: str
    rx_bytes: int = 0
    tx_bytes: int = 0
    rx_packets: int = 0
    tx_packets: int = 0
    rx_drops: int = 0
    tx_drops: int = 0


@dataclass(frozen=True, slots=True)
class DomainCounters:
    """One reading of one running machine. `time` is monotonic seconds; -1 means "the driver does not tell".

    cpu_ns      CPU time used since start
    vcpu_ns     the same for each virtual CPU
    wait_ns     time the virtual CPUs waited for a host CPU (sum over vcpus of wait, else delay)
    given_kib   memory given (balloon.current), used_kib what the guest uses (available - unused/usable),
    rss_kib     what the hypervisor process holds on the host
    swap_in_kib, swap_out_kib, major_faults  what the guest read back and put away for want of memory, as it tells it
    busy        "" if its monitor answered. Else its figures are missing: "job" (libvirt is at work on it: save,
                snapshot, ...), "call" (somebody else's call, just now) or "hung" (a call has waited for over 2 s)
    """

    time: float
    vcpus: int = 1
    cpu_ns: int = -1
    vcpu_ns: tuple[int, ...] = ()
    wait_ns: int = -1
    given_kib: int = -1
    used_kib: int = -1
    rss_kib: int = -1
    disks: tuple[DiskCounters, ...] = ()
    nics: tuple[NicCounters, ...] = ()
    busy: str = ""
    swap_in_kib: int = -1
    swap_out_kib: int = -1
    major_faults: int = -1


@dataclass(frozen=True, slots=True)
class Throttle:
    """What a machine's own quotas held back since it started, over all its control groups; `time` as above."""

    time: float
    periods: int = 0
    throttled: int = 0
    throttled_ns: int = 0


@dataclass(frozen=True, slots=True)
class HostCounters:
    """One reading of a host. CPU times in ns since boot summed over all CPUs; memory in KiB; -1: not told."""

    time: float
    cpus: int = 1
    user_ns: int = -1
    system_ns: int = -1
    idle_ns: int = -1
    iowait_ns: int = -1
    memory_total_kib: int = -1
    memory_free_kib: int = -1


NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Figures:
    """What is shown of a machine at one moment; NaN where unknown. Rates are per second.

    cpu       percent of its virtual CPUs (0..100)
    wait      percent of its virtual CPUs' time spent waiting for a host CPU
    used, given, rss  KiB
    read, write, rx, tx  bytes/s
    """

    cpu: float = NAN
    wait: float = NAN
    used: float = NAN
    given: float = NAN
    rss: float = NAN
    read: float = NAN
    write: float = NAN
    rx: float = NAN
    tx: float = NAN
