"""Why is it slow: what holds a machine back, judged from readings of a minute, with the control that changes it.

Pure: `judge` looks at a sequence of readings and at what the machine has. When nothing holds it back, it tells what was
looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from math import isnan

from vmdesk.core import units
from vmdesk.model.hardware import DiskDevice, Hardware, Nic
from vmdesk.model.stats import NAN, DiskCounters, DomainCounters, NicCounters, Throttle
from vmdesk.model.text import Text, in_language, text

WINDOW = 60.0  # seconds that are looked at
SHORTEST = 0.9  # seconds below which nothing can be said

WAITS = 5.0  # percent of the virtual CPUs' time: from there a person feels it
HELD = 3.0  # percent of it that a quota took away
NEAR = 0.93  # of a limit: that is at it, for limits are met on average only
FULL = 95.0  # percent of a virtual CPU
SWAPS = 256.0  # KiB a second in and out of the guest's swap
FAULTS = 50.0  # pages a second that the guest had to read from its disk
SLOW_DISK = 20.0  # ms a request: a disk that turns needs about ten
REQUESTS = 10  # in the time looked at, from which on their mean says something
DROPS = 1.0  # packets a second,
LOST = 0.005  # and as a share of all: then what is sent anew is felt

PERIOD = 100_000  # microseconds, where a definition gives none
_FULL_MEMORY = 0.97  # of the hard limit


class Cause(Enum):
    """What holds it back. The values are words for scripts."""

    EMULATED = "emulated"
    WAITING = "waiting-for-host-cpu"
    QUOTA = "own-cpu-quota"
    BUSY = "own-cpus-busy"
    SWAPPING = "guest-swaps"
    MEMORY = "memory-limit"
    DISK = "disk-latency"
    DISK_LIMIT = "own-disk-limit"
    DROPS = "packets-dropped"
    NETWORK_LIMIT = "own-network-limit"


# Controls that are no limits. A limit's control is its key: "cpu.quota", "disk.vda.read-bytes".
CPUS, MEMORY, PINS, CHECKS = "hardware:cpu", "hardware:memory", "pins", "host:checks"


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading; `throttle` None: not told there."""

    counters: DomainCounters
    throttle: Throttle | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """The host: its CPUs, how busy they are (percent, NaN unknown), its architecture; 0 and "": unknown."""

    cpus: int = 0
    busy: float = NAN
    arch: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that holds it back. `share`: how much of its time or of its limit, 0..1, for the order.

    control  what changes it (see above), "" for nothing; `action` the words for that
    """

    cause: Cause
    what: Text
    numbers: Text
    share: float
    control: str = ""
    action: Text | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Something that was looked at. `value` in words, "" where the host does not tell it."""

    name: Text
    value: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, the worst first; what was looked at; over how many seconds (0: too few readings yet)."""

    findings: tuple[Finding, ...] = ()
    looks: tuple[Look, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Case:
    """Two readings, the first and the last of one run of the machine, and all that belongs to it."""

    old: DomainCounters
    new: DomainCounters
    seconds: float
    held: float  # percent of its virtual CPUs' time that a quota took away, NaN unknown
    found: Hardware
    around: Around

    def percent(self, old: int, new: int) -> float:
        """Nanoseconds of all virtual CPUs as a share of their time."""
        return (new - old) / (self.seconds * 1e7 * max(self.new.vcpus, 1)) if 0 <= old <= new else NAN

    def rate(self, old: int, new: int) -> float:
        return (new - old) / self.seconds if 0 <= old <= new else NAN


def judge(samples: Sequence[Sample], found: Hardware, around: Around = Around()) -> Verdict:
    """Look at the readings of the last minute, of the machine's present run."""
    run = _run(samples)
    emulated = _emulated(found, around)
    if len(run) < 2 or run[-1].counters.time - run[0].counters.time < SHORTEST:
        return Verdict(tuple(emulated))
    old, new = run[0].counters, run[-1].counters
    seconds = new.time - old.time
    case = _Case(old, new, seconds, _held(run, new.vcpus), found, around)
    findings, looks = [*emulated], [Look(text("processor"), _kind(found))]
    for look in (_cpu, _memory, _disks, _network):
        more, looked = look(case)
        findings += more
        looks += looked
    findings.sort(key=lambda one: (one.cause is not Cause.EMULATED, -one.share))
    return Verdict(tuple(findings), tuple(looks), seconds)


def _run(samples: Sequence[Sample]) -> list[Sample]:
    """Those of the last minute since it was started anew, if it was."""
    run: list[Sample] = []
    for sample in samples:
        if run and (sample.counters.cpu_ns < run[-1].counters.cpu_ns or sample.counters.time <= run[-1].counters.time):
            run = []
        run.append(sample)
    if not run:
        return []
    since = run[-1].counters.time - WINDOW
    return [sample for sample in run if sample.counters.time >= since]


# ---------------------------------------------------------------- processor


def _emulated(found: Hardware, around: Around) -> list[Finding]:
    if found.overview.kind != "qemu":
        return []
    arch = found.overview.arch
    if around.arch and arch and arch != around.arch:
        why = text(
            "The guest is {guest}, the host {host}: each instruction is translated, ten times slower or more.",
            guest=arch,
            host=around.arch,
        )
        return [Finding(Cause.EMULATED, text("Its processor is emulated in software"), why, 1.0)]
    why = text("Without KVM each instruction is translated: ten times slower or more.")
    what, action = text("Its processor is emulated in software"), text("What this host lacks for KVM")
    return [Finding(Cause.EMULATED, what, why, 1.0, CHECKS, action)]


def _kind(found: Hardware) -> str:
    return {"kvm": "KVM", "qemu": "QEMU"}.get(found.overview.kind, found.overview.kind.upper())


def _held(run: Sequence[Sample], vcpus: int) -> float:
    """Percent of the virtual CPUs' time."""
    known = [one.throttle for one in run if one.throttle is not None]
    if len(known) < 2 or known[-1].time <= known[0].time or known[-1].throttled_ns < known[0].throttled_ns:
        return NAN
    spent = known[-1].throttled_ns - known[0].throttled_ns
    return min(spent / ((known[-1].time - known[0].time) * 1e7 * max(vcpus, 1)), 100.0)


def _quota(quota: int | None, period: int | None) -> float:
    """Percent of one processor; NaN without one."""
    return 100.0 * quota / (period or PERIOD) if quota and quota > 0 else NAN


def _each(case: _Case) -> list[float]:
    """Percent that each virtual CPU was at work."""
    pairs = zip(case.old.vcpu_ns, case.new.vcpu_ns)
    return [(new - old) / (case.seconds * 1e7) for old, new in pairs if 0 <= old <= new]


def _cpu(case: _Case) -> tuple[list[Finding], list[Look]]:
    limits = case.found.limits.cpu
    own, whole = _quota(limits.quota, limits.period), _quota(limits.global_quota, limits.global_period)
    used, each = case.percent(case.old.cpu_ns, case.new.cpu_ns), _each(case)
    waited = case.percent(case.old.wait_ns, case.new.wait_ns)
    findings: list[Finding] = []
    total = used * case.new.vcpus
    limit = ("cpu.quota", own, max(each, default=NAN)) if not isnan(own) else ("cpu.total-quota", whole, total)
    if not isnan(own) and not isnan(whole) and total >= NEAR * whole:
        limit = ("cpu.total-quota", whole, total)
    at_quota = limit[2] >= NEAR * limit[1] and (limit[0] != "cpu.quota" or own < 100.0)
    if at_quota or case.held >= HELD:
        findings.append(_at_quota(case, *limit))
    # While a quota holds them back, the virtual CPUs wait in the kernel's books, too.
    waited_only = waited - case.held if case.held > 0 else waited
    if waited_only >= WAITS and not (at_quota and isnan(case.held)):
        findings.append(_waits(case, waited_only))
    busy = bool(each) and min(each) >= FULL
    if busy and not findings:
        numbers = text("{used} of {n} virtual CPUs in use.", used=units.percent(used), n=case.new.vcpus)
        what = text("All its virtual CPUs are at work")
        findings.append(Finding(Cause.BUSY, what, numbers, 0.5, CPUS, text("Give it more virtual CPUs")))
    looks = [
        Look(text("its use of the CPU"), _words(used)),
        Look(text("waiting for the host's CPU"), _words(max(waited_only, 0.0))),
    ]
    told = _words(case.held)
    if not told:
        told = _of(limit[2], limit[1]) if not isnan(limit[1]) else str(text("none"))
    looks.append(Look(text("its own CPU quota") if isnan(case.held) else text("held back by its own quota"), told))
    return findings, looks


def _of(used: float, quota: float) -> str:
    return f"{units.percent(used)} / {units.percent(quota)}"


def _at_quota(case: _Case, key: str, quota: float, used: float) -> Finding:
    parts: list[Text] = []
    if not isnan(quota):
        most = text("Its quota is {quota} of a host's CPU", quota=units.percent(quota))
        if key == "cpu.quota":
            most = text("Its quota is {quota} of a host's CPU for each virtual one", quota=units.percent(quota))
        parts.append(text("{quota}, and it uses {used}.", quota=most, used=units.percent(used)))
    if not isnan(case.held):
        parts.append(text("It was held back {held} of the time.", held=units.percent(case.held)))
    share = case.held / 100 if not isnan(case.held) else 0.6
    action = text("Change its CPU quota")
    return Finding(Cause.QUOTA, text("Its own CPU quota holds it back"), _joined(parts), share, key, action)


def _waits(case: _Case, waited: float) -> Finding:
    parts = [
        text(
            "Its virtual CPUs were ready to run and had none of the host's for {share} of the time.",
            share=units.percent(waited),
        )
    ]
    if not isnan(case.around.busy):
        parts.append(text("The host's CPUs are {busy} busy.", busy=units.percent(case.around.busy)))
    pins = {cpus for _, cpus in case.found.limits.cpu.pins} | ({case.found.cpu.cpuset} - {""})
    control, action = "cpu.shares", text("Change its CPU shares")
    if pins and not case.around.busy >= FULL:
        parts.append(text("It may run on CPU {cpus} of the host only.", cpus=" / ".join(sorted(pins))))
        control, action = PINS, text("Choose where it runs")
    elif 0 < case.around.cpus < case.new.vcpus:
        some = text("It has {n} virtual CPUs, the host {m}.", n=case.new.vcpus, m=case.around.cpus)
        parts.append(some)
        control, action = CPUS, text("Change its virtual CPUs")
    return Finding(Cause.WAITING, text("It waits for the host's CPU"), _joined(parts), waited / 100, control, action)


# ---------------------------------------------------------------- memory


def _memory(case: _Case) -> tuple[list[Finding], list[Look]]:
    old, new = case.old, case.new
    swapped = case.rate(old.swap_in_kib, new.swap_in_kib) + case.rate(old.swap_out_kib, new.swap_out_kib)
    faults = case.rate(old.major_faults, new.major_faults)
    findings: list[Finding] = []
    if swapped >= SWAPS or faults >= FAULTS:
        parts = []
        if swapped >= SWAPS:
            parts.append(text("It moves {rate} between memory and swap.", rate=units.rate(swapped * 1024)))
        if faults >= FAULTS:
            parts.append(text("{n} times a second it waits for memory to be read from disk.", n=f"{faults:.0f}"))
        if new.used_kib >= 0 and new.given_kib > 0:
            parts.append(text("In use: {memory}.", memory=units.kib_of(new.used_kib, new.given_kib)))
        what, action = text("The guest has too little memory"), text("Give it more memory")
        findings.append(Finding(Cause.SWAPPING, what, _joined(parts), 0.8, MEMORY, action))
    hard = case.found.limits.memory.hard
    if hard and new.rss_kib >= _FULL_MEMORY * hard:
        numbers = text("Its process holds {memory} of its hard limit.", memory=units.kib_of(new.rss_kib, hard))
        what, action = text("Its own memory limit holds it back"), text("Change its memory limit")
        findings.append(Finding(Cause.MEMORY, what, numbers, 0.7, "memory.hard", action))
    told = "" if isnan(swapped) else units.rate(swapped * 1024)
    return findings, [Look(text("swapping in the guest"), told)]


# ---------------------------------------------------------------- disks


def _disks(case: _Case) -> tuple[list[Finding], list[Look]]:
    findings, slowest = [], NAN
    for new in case.new.disks:
        old = next((one for one in case.old.disks if one.name == new.name), None)
        if old is None or new.read_requests < old.read_requests or new.write_requests < old.write_requests:
            continue
        latency, share = _latency(case, old, new)
        if not isnan(latency):
            slowest = latency if isnan(slowest) else max(slowest, latency)
        device = next((one for one in case.found.disks if one.target == new.name), None)
        limited = _disk_limit(case, old, new, device) if device else None
        if limited is not None:
            findings.append(limited)
        elif latency >= SLOW_DISK:
            findings.append(_slow_disk(case, old, new, latency, share))
    looks = [Look(text("how long its disks take"), _milliseconds(slowest) if not isnan(slowest) else "")]
    return findings, looks if case.new.disks else []


def _latency(case: _Case, old: DiskCounters, new: DiskCounters) -> tuple[float, float]:
    """Milliseconds a request, and how much of the time one was on its way."""
    requests = new.read_requests - old.read_requests + new.write_requests - old.write_requests
    spent = new.read_ns - old.read_ns + new.write_ns - old.write_ns
    if requests < REQUESTS or spent < 0 or not (new.read_ns or new.write_ns):
        return NAN, NAN
    return spent / requests / 1e6, min(spent / (case.seconds * 1e9), 1.0)


def _slow_disk(case: _Case, old: DiskCounters, new: DiskCounters, latency: float, share: float) -> Finding:
    requests = new.read_requests - old.read_requests + new.write_requests - old.write_requests
    numbers = text(
        "A request takes {time} on average, with {n} a second. The host's storage is slow or has too much to do.",
        time=_milliseconds(latency),
        n=f"{requests / case.seconds:.0f}",
    )
    what = text("Its disk {name} is slow to answer", name=new.name)
    return Finding(Cause.DISK, what, numbers, share, "disk.weight", text("Change the weight of its disks"))


_DISK_LIMITS = (
    ("total-bytes", "total_bytes", ("read_bytes", "write_bytes")),
    ("read-bytes", "read_bytes", ("read_bytes",)),
    ("write-bytes", "write_bytes", ("write_bytes",)),
    ("total-requests", "total_requests", ("read_requests", "write_requests")),
    ("read-requests", "read_requests", ("read_requests",)),
    ("write-requests", "write_requests", ("write_requests",)),
)


def _disk_limit(case: _Case, old: DiskCounters, new: DiskCounters, device: DiskDevice) -> Finding | None:
    """One of its own limits that it is at."""
    for key, field, counters in _DISK_LIMITS:
        limit = int(getattr(device.iotune, field))
        rate = sum(getattr(new, one) - getattr(old, one) for one in counters) / case.seconds
        if limit and rate >= NEAR * limit:
            numbers = _of_limit(rate, limit, key.endswith("bytes"))
            what = text("Its own limit holds its disk {name} back", name=new.name)
            action = text("Change the limit of {name}", name=new.name)
            return Finding(Cause.DISK_LIMIT, what, numbers, 0.6, f"disk.{new.name}.{key}", action)
    return None


def _of_limit(rate: float, limit: float, of_bytes: bool) -> Text:
    if of_bytes:
        return text("{rate} of at most {limit}.", rate=units.rate(rate), limit=units.rate(limit))
    return text("{rate} of at most {limit} requests a second.", rate=f"{rate:.0f}", limit=f"{limit:.0f}")


# ---------------------------------------------------------------- network


def _network(case: _Case) -> tuple[list[Finding], list[Look]]:
    findings, most = [], 0.0
    for new in case.new.nics:
        old = next((one for one in case.old.nics if one.name == new.name), None)
        if old is None:
            continue
        device = next((one for one in case.found.nics if one.target == new.name or one.mac == new.name), None)
        limited = _nic_limit(case, old, new, device) if device else None
        if limited is not None:
            findings.append(limited)
        drops = case.rate(old.rx_drops + old.tx_drops, new.rx_drops + new.tx_drops)
        most = max(most, 0.0 if isnan(drops) else drops)
        packets = case.rate(old.rx_packets + old.tx_packets, new.rx_packets + new.tx_packets)
        lost = drops / (drops + packets) if drops > 0 and packets >= 0 else 0.0
        if drops >= DROPS and lost >= LOST and limited is None:
            findings.append(_dropping(new.name, drops, packets))
    looks = [Look(text("packets dropped"), f"{most:.0f}/s")]
    return findings, looks if case.new.nics else []


def _dropping(name: str, drops: float, packets: float) -> Finding:
    numbers = text(
        "Of {all} packets a second {n} are dropped: the guest does not take them fast enough.",
        all=f"{drops + packets:.0f}",
        n=f"{drops:.0f}",
    )
    what, action = text("Its network card {name} loses packets", name=name), text("Give it more virtual CPUs")
    return Finding(Cause.DROPS, what, numbers, min(drops / (drops + packets), 1.0), CPUS, action)


def _nic_limit(case: _Case, old: NicCounters, new: NicCounters, device: Nic) -> Finding | None:
    ways = (
        ("in", device.inbound.average, new.rx_bytes - old.rx_bytes),
        ("out", device.outbound.average, new.tx_bytes - old.tx_bytes),
    )
    for way, kib, moved in ways:
        rate = moved / case.seconds
        if kib and rate >= NEAR * kib * 1024:
            what = text("Its own limit holds its network card {name} back", name=new.name)
            numbers = _of_limit(rate, kib * 1024, True)
            action = text("Change the limit of {name}", name=new.name)
            return Finding(Cause.NETWORK_LIMIT, what, numbers, 0.5, f"nic.{device.mac}.{way}", action)
    return None


# ---------------------------------------------------------------- words


def _words(percent: float) -> str:
    return "" if isnan(percent) else units.percent(percent)


def _milliseconds(value: float) -> str:
    return in_language(f"{value:.1f} ms") if value < 9.95 else f"{value:.0f} ms"


def _joined(parts: Iterable[Text]) -> Text:
    found: Text | None = None
    for part in parts:
        found = part if found is None else text("{first} {second}", first=found, second=part)
    return found or text("It is not told how much.")


def summary(verdict: Verdict) -> str:
    """What was looked at, and what came of it: "waiting for the host's CPU: 0 % · packets dropped: 0/s"."""
    told = (text("{name}: {value}", name=look.name, value=look.value) for look in verdict.looks if look.value)
    return " · ".join(str(one) for one in told)


def untold(verdict: Verdict) -> str:
    """What the host does not tell."""
    return ", ".join(str(look.name) for look in verdict.looks if not look.value)
