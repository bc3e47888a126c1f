"""From counters to figures: what happened a second, between two readings of one machine or host.

A counter that went down means that the machine started anew or the device was replaced: the rate is unknown (NaN)
that once, never negative and never a spike.
"""

from collections.abc import Sequence
from typing import TypeVar

from vmdesk.model.stats import NAN, DiskCounters, DomainCounters, Figures, HostCounters, NicCounters

Device = TypeVar("Device", DiskCounters, NicCounters)

# Seconds between two readings below which a rate would be noise: a guest that writes once a second has then written
# nothing, or twice as much. The shortest interval that can be chosen is half a second.
SHORTEST = 0.4
LONGEST = 90.0  # seconds after which two readings say nothing about "now"

BASIC = ("cpu", "wait", "used", "given", "rss", "read", "write", "rx", "tx")  # the fields of Figures, in order
HOST = ("cpu", "user", "system", "iowait", "used", "total")  # percent of all CPUs; KiB


def figures(old: DomainCounters | None, new: DomainCounters) -> Figures:
    """The figures at `new`; `old` is the reading before it, if there was one."""
    gauges = (_known(new.used_kib), _known(new.given_kib), _known(new.rss_kib))
    seconds = new.time - old.time if old else 0.0
    if old is None or not comparable(old, new):
        return Figures(NAN, NAN, *gauges)
    percent = 1e-7 / seconds / max(new.vcpus, 1)  # nanoseconds -> percent of all virtual CPUs
    return Figures(
        _share(old.cpu_ns, new.cpu_ns, percent),
        _share(old.wait_ns, new.wait_ns, percent),
        *gauges,
        *_sum_disks(old.disks, new.disks, seconds),
        *_sum_nics(old.nics, new.nics, seconds),
    )


def comparable(old: DomainCounters, new: DomainCounters) -> bool:
    """Whether rates between the two readings make sense."""
    return SHORTEST <= new.time - old.time <= LONGEST and new.cpu_ns >= old.cpu_ns


def detail_names(new: DomainCounters) -> tuple[str, ...]:
    """Names of the series that `details` gives for this reading, in its order."""
    names = [f"cpu.{n}" for n in range(len(new.vcpu_ns))]
    for disk in new.disks:
        names += [f"disk.{disk.name}.{what}" for what in ("read", "write", "read_ops", "write_ops", "latency")]
    for nic in new.nics:
        names += [f"net.{nic.name}.{what}" for what in ("rx", "tx", "rx_packets", "tx_packets", "drops")]
    return tuple(names)


def details(old: DomainCounters | None, new: DomainCounters) -> list[float]:
    """Per virtual CPU (percent), disk (bytes/s, requests/s, ms a request) and card (bytes/s, packets/s, drops/s)."""
    if old is None or not comparable(old, new):
        return [NAN] * (len(new.vcpu_ns) + 5 * len(new.disks) + 5 * len(new.nics))
    seconds = new.time - old.time
    percent = 1e-7 / seconds
    before = old.vcpu_ns
    values = [_share(before[n], now, percent) if n < len(before) else NAN for n, now in enumerate(new.vcpu_ns)]
    for place, disk in enumerate(new.disks):
        values += _disk(_same(old.disks, place, disk.name), disk, seconds)
    for place, nic in enumerate(new.nics):
        values += _nic(_same(old.nics, place, nic.name), nic, seconds)
    return values


def host_figures(old: HostCounters | None, new: HostCounters) -> tuple[float, ...]:
    """The values of HOST at `new`."""
    total = _known(new.memory_total_kib)
    used = total - new.memory_free_kib if new.memory_free_kib >= 0 else NAN
    if old is None or not SHORTEST <= new.time - old.time <= LONGEST or new.user_ns < old.user_ns:
        return (NAN, NAN, NAN, NAN, used, total)
    percent = 1e-7 / (new.time - old.time) / max(new.cpus, 1)
    user = _share(old.user_ns, new.user_ns, percent)
    system = _share(old.system_ns, new.system_ns, percent)
    return (min(user + system, 100.0), user, system, _share(old.iowait_ns, new.iowait_ns, percent), used, total)


def _known(value: int) -> float:
    return float(value) if value >= 0 else NAN


def _share(old: int, new: int, percent: float) -> float:
    """Percent, at most 100: emulator threads and clock steps may push the quotient a little above."""
    return min((new - old) * percent, 100.0) if 0 <= old <= new else NAN


def _rate(old: int, new: int, seconds: float) -> float:
    return (new - old) / seconds if 0 <= old <= new else NAN


def _same(found: Sequence[Device], place: int, name: str) -> Device | None:
    """The device of that name: as a rule where it was at the other reading."""
    if place < len(found) and found[place].name == name:
        return found[place]
    return next((one for one in found if one.name == name), None)


def _sum_disks(old: Sequence[DiskCounters], new: Sequence[DiskCounters], seconds: float) -> tuple[float, float]:
    """Bytes/s read and written over the disks that were there at both readings."""
    read = write = 0
    for place, disk in enumerate(new):
        before = _same(old, place, disk.name)
        if before is None:
            continue
        if disk.read_bytes < before.read_bytes or disk.write_bytes < before.write_bytes:
            return NAN, NAN
        read += disk.read_bytes - before.read_bytes
        write += disk.write_bytes - before.write_bytes
    return (read / seconds, write / seconds) if new else (NAN, NAN)


def _sum_nics(old: Sequence[NicCounters], new: Sequence[NicCounters], seconds: float) -> tuple[float, float]:
    """Bytes/s received and sent over the cards that were there at both readings."""
    rx = tx = 0
    for place, nic in enumerate(new):
        before = _same(old, place, nic.name)
        if before is None:
            continue
        if nic.rx_bytes < before.rx_bytes or nic.tx_bytes < before.tx_bytes:
            return NAN, NAN
        rx += nic.rx_bytes - before.rx_bytes
        tx += nic.tx_bytes - before.tx_bytes
    return (rx / seconds, tx / seconds) if new else (NAN, NAN)


def _disk(old: DiskCounters | None, new: DiskCounters, seconds: float) -> tuple[float, ...]:
    if old is None:
        return (NAN,) * 5
    requests = new.read_requests - old.read_requests + new.write_requests - old.write_requests
    spent = new.read_ns - old.read_ns + new.write_ns - old.write_ns
    return (
        _rate(old.read_bytes, new.read_bytes, seconds),
        _rate(old.write_bytes, new.write_bytes, seconds),
        _rate(old.read_requests, new.read_requests, seconds),
        _rate(old.write_requests, new.write_requests, seconds),
        spent / requests / 1e6 if requests > 0 and spent >= 0 else NAN,
    )


def _nic(old: NicCounters | None, new: NicCounters, seconds: float) -> tuple[float, ...]:
    if old is None:
        return (NAN,) * 5
    return (
        _rate(old.rx_bytes, new.rx_bytes, seconds),
        _rate(old.tx_bytes, new.tx_bytes, seconds),
        _rate(old.rx_packets, new.rx_packets, seconds),
        _rate(old.tx_packets, new.tx_packets, seconds),
        _rate(old.rx_drops + old.tx_drops, new.rx_drops + new.tx_drops, seconds),
    )
