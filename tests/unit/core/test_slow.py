"""Why is it slow: judged from readings made by hand."""

from dataclasses import replace

import pytest

from vmdesk.core import slow
from vmdesk.core.slow import Around, Cause, Finding, Sample, Verdict, judge
from vmdesk.model.hardware import (
    Bandwidth,
    Cpu,
    CpuLimits,
    DiskDevice,
    Hardware,
    IoTune,
    Limits,
    MemoryLimits,
    Nic,
    Overview,
)
from vmdesk.model.stats import DiskCounters, DomainCounters, NicCounters, Throttle

GIB = 1024 * 1024
SECOND = 10**9
MAC = "52:54:00:00:00:01"
KVM = Hardware(
    overview=Overview(kind="kvm", arch="x86_64"),
    cpu=Cpu(2, 2),
    disks=(DiskDevice("disk/vda", "vda"),),
    nics=(Nic(f"interface/{MAC}", MAC, target="vnet0"),),
)
QUIET = Around(8, 20.0, "x86_64")
CALM = DomainCounters(
    time=100.0,
    vcpus=2,
    cpu_ns=50 * SECOND,
    vcpu_ns=(25 * SECOND, 25 * SECOND),
    wait_ns=SECOND,
    given_kib=2 * GIB,
    used_kib=GIB,
    rss_kib=2 * GIB,
    disks=(DiskCounters("vda", 0, 0, 0, 0, 0, 0),),
    nics=(NicCounters("vnet0"),),
    swap_in_kib=0,
    swap_out_kib=0,
    major_faults=0,
)


def after(seconds: float = 10.0, cpu: float = 0.1, wait: float = 0.0, **values: object) -> DomainCounters:
    """CALM, so much later: `cpu` and `wait` in seconds a second of each virtual CPU."""
    busy, waited = round(cpu * seconds * SECOND), round(wait * seconds * SECOND)
    return replace(
        CALM,
        time=CALM.time + seconds,
        cpu_ns=CALM.cpu_ns + 2 * busy,
        vcpu_ns=tuple(one + busy for one in CALM.vcpu_ns),
        wait_ns=CALM.wait_ns + 2 * waited,
        **values,
    )


def verdict(new: DomainCounters, found: Hardware = KVM, around: Around = QUIET, held: float | None = None) -> Verdict:
    """`held`: seconds a second of each virtual CPU that the kernel says a quota took."""
    throttles = (None, None)
    if held is not None:
        spent = round(held * (new.time - CALM.time) * 2 * SECOND)
        throttles = Throttle(100.0), Throttle(new.time, 100, 50, spent)
    return judge([Sample(CALM, throttles[0]), Sample(new, throttles[1])], found, around)


def only(found: Verdict) -> Finding:
    (finding,) = found.findings
    return finding


def limited(**cpu: int) -> Hardware:
    return replace(KVM, limits=Limits(CpuLimits(**cpu)))


def test_when_nothing_is_slow_it_says_what_was_looked_at() -> None:
    found = verdict(after())
    assert found.findings == () and found.seconds == 10.0
    assert slow.summary(found) == (
        "processor: KVM · its use of the CPU: 10 % · waiting for the host's CPU: 0 % · "
        "its own CPU quota: none · swapping in the guest: 0 kB/s · packets dropped: 0/s"
    )
    assert slow.untold(found) == "how long its disks take"  # there were no requests


def test_too_few_readings_say_nothing() -> None:
    assert judge([], KVM) == Verdict()
    assert judge([Sample(CALM)], KVM) == Verdict()
    assert judge([Sample(CALM), Sample(after(0.3, wait=0.9))], KVM) == Verdict()


def test_waiting_for_the_hosts_cpu() -> None:
    finding = only(verdict(after(wait=0.3), around=Around(8, 99.0, "x86_64")))
    assert (finding.cause, finding.control) == (Cause.WAITING, "cpu.shares")
    assert "30 % of the time" in str(finding.numbers) and "99 % busy" in str(finding.numbers)
    assert finding.share == pytest.approx(0.3)


def test_waiting_because_it_is_pinned_or_larger_than_the_host() -> None:
    pinned = limited(pins=((0, "3"), (1, "3")))
    finding = only(verdict(after(wait=0.5), pinned))
    assert finding.control == slow.PINS and "on CPU 3 of the host only" in str(finding.numbers)
    assert only(verdict(after(wait=0.5), around=Around(1, 80.0))).control == slow.CPUS


def test_its_own_quota_by_the_kernels_figures() -> None:
    finding = only(verdict(after(cpu=0.5, wait=0.48), limited(quota=50_000, period=100_000), held=0.48))
    assert (finding.cause, finding.control) == (Cause.QUOTA, "cpu.quota")
    assert str(finding.numbers) == (
        "Its quota is 50 % of a host's CPU for each virtual one, and it uses 50 %. It was held back 48 % of the time."
    )


def test_its_own_quota_by_what_it_uses() -> None:
    # Without the kernel's figures, waiting is the quota's: it is not told twice.
    finding = only(verdict(after(cpu=0.49, wait=0.4), limited(quota=50_000)))
    assert finding.cause is Cause.QUOTA and "held back" not in str(finding.numbers)
    # Both: what is beyond the quota is the host's.
    both = verdict(after(cpu=0.3, wait=0.6), limited(quota=30_000), held=0.4).findings
    assert [one.cause for one in both] == [Cause.QUOTA, Cause.WAITING]
    assert both[1].share == pytest.approx(0.2)


def test_the_quota_of_the_whole_machine() -> None:
    finding = only(verdict(after(cpu=0.5), limited(global_quota=100_000)))
    assert finding.control == "cpu.total-quota" and "Its quota is 100 % of a host's CPU, and" in str(finding.numbers)
    assert verdict(after(cpu=0.3), limited(global_quota=100_000)).findings == ()


def test_a_quota_that_is_none_or_far_away() -> None:
    assert verdict(after(cpu=0.9), limited(quota=-1)).findings == ()
    assert verdict(after(cpu=0.2), limited(quota=50_000)).findings == ()
    assert "20 % / 50 %" in slow.summary(verdict(after(cpu=0.2), limited(quota=50_000)))
    # More than a virtual CPU can use does not hold it back.
    assert only(verdict(after(cpu=1.0), limited(quota=100_000))).cause is Cause.BUSY


def test_all_its_own_cpus_are_at_work() -> None:
    finding = only(verdict(after(cpu=0.99)))
    assert (finding.cause, finding.control) == (Cause.BUSY, slow.CPUS)
    one = replace(after(cpu=0.5), vcpu_ns=(CALM.vcpu_ns[0] + 10 * SECOND, CALM.vcpu_ns[1]))
    assert verdict(one).findings == ()  # more of them would not help


def test_a_guest_that_swaps() -> None:
    finding = only(verdict(after(swap_in_kib=10_240, swap_out_kib=20_480, major_faults=900)))
    assert (finding.cause, finding.control) == (Cause.SWAPPING, slow.MEMORY)
    assert str(finding.numbers) == (
        "It moves 3.1 MB/s between memory and swap. 90 times a second it waits for memory to be read from disk. "
        "In use: 1.0 / 2.0 GiB."
    )
    assert verdict(after(swap_in_kib=100)).findings == ()
    assert "swapping" in slow.untold(verdict(after(swap_in_kib=-1, swap_out_kib=-1)))


def test_its_own_memory_limit() -> None:
    found = replace(KVM, limits=Limits(memory=MemoryLimits(hard=2 * GIB)))
    finding = only(verdict(after(), found))
    assert (finding.cause, finding.control) == (Cause.MEMORY, "memory.hard")


def disk(requests: int, ms: float, size: int = 4096) -> DiskCounters:
    half = requests // 2
    spent = round(requests * ms * 1e6) // 2
    return DiskCounters("vda", half * size, half * size, half, half, spent, spent)


def test_a_slow_disk() -> None:
    finding = only(verdict(after(disks=(disk(100, 80.0),))))
    assert (finding.cause, finding.control) == (Cause.DISK, "disk.weight")
    assert "80 ms on average, with 10 a second" in str(finding.numbers)
    quick = verdict(after(disks=(disk(100, 0.4),)))
    assert quick.findings == () and "how long its disks take: 0.4 ms" in slow.summary(quick)
    assert verdict(after(disks=(disk(4, 500.0),))).findings == ()  # too few to say anything


def test_its_own_disk_limit_explains_a_slow_disk() -> None:
    tuned = replace(KVM, disks=(DiskDevice("disk/vda", "vda", iotune=IoTune(write_requests=5)),))
    finding = only(verdict(after(disks=(disk(100, 80.0),)), tuned))
    assert (finding.cause, finding.control) == (Cause.DISK_LIMIT, "disk.vda.write-requests")
    assert str(finding.numbers) == "5 of at most 5 requests a second."
    bytes_ = replace(KVM, disks=(DiskDevice("disk/vda", "vda", iotune=IoTune(total_bytes=1_000_000)),))
    finding = only(verdict(after(disks=(disk(2500, 1.0),)), bytes_))
    assert (finding.control, str(finding.numbers)) == ("disk.vda.total-bytes", "1.0 MB/s of at most 1.0 MB/s.")


def test_packets_are_lost() -> None:
    nics = (NicCounters("vnet0", rx_packets=900, rx_drops=100),)
    finding = only(verdict(after(nics=nics)))
    assert finding.cause is Cause.DROPS and str(finding.numbers).startswith("Of 100 packets a second 10 are dropped")
    assert finding.share == pytest.approx(0.1)
    few = (NicCounters("vnet0", rx_packets=100_000, rx_drops=30),)
    assert verdict(after(nics=few)).findings == ()  # 3 a second of 10,000
    all_ = (NicCounters("vnet0", rx_drops=100),)
    assert only(verdict(after(nics=all_))).share == 1.0


def test_its_own_network_limit() -> None:
    card = replace(KVM.nics[0], outbound=Bandwidth(average=100))
    nics = (NicCounters("vnet0", rx_bytes=10**9, tx_bytes=1_020_000, tx_drops=500),)
    finding = only(verdict(after(nics=nics), replace(KVM, nics=(card,))))
    assert (finding.cause, finding.control) == (Cause.NETWORK_LIMIT, f"nic.{MAC}.out")


def test_emulation_comes_first_and_needs_no_readings() -> None:
    found = replace(KVM, overview=Overview(kind="qemu", arch="x86_64"))
    finding = only(judge([], found, Around(8, 0.0, "x86_64")))
    assert (finding.cause, finding.control) == (Cause.EMULATED, slow.CHECKS)
    causes = [one.cause for one in verdict(after(wait=0.9), found).findings]
    assert causes == [Cause.EMULATED, Cause.WAITING]
    other = replace(KVM, overview=Overview(kind="qemu", arch="aarch64"))
    finding = only(judge([], other, Around(8, 0.0, "x86_64")))
    assert finding.control == "" and "aarch64" in str(finding.numbers)


def test_the_worst_comes_first() -> None:
    new = after(wait=0.2, disks=(disk(100, 90.0),), swap_in_kib=10**6)
    causes = [one.cause for one in verdict(new).findings]
    assert causes == [Cause.DISK, Cause.SWAPPING, Cause.WAITING]


def test_a_run_that_began_anew_is_judged_from_its_beginning() -> None:
    fresh = [replace(CALM, time=200.0 + n, cpu_ns=n * SECOND // 10, wait_ns=0) for n in range(4)]
    found = judge([Sample(CALM), Sample(after(50.0, wait=0.9)), *map(Sample, fresh)], KVM)
    assert found.findings == () and found.seconds == 3.0


def test_only_the_last_minute_counts() -> None:
    early = [Sample(after(10.0, wait=0.9)), Sample(after(20.0, wait=0.9))]
    calm = replace(after(20.0, wait=0.9), time=CALM.time + 90.0)
    later = replace(calm, time=CALM.time + 120.0)
    found = judge([Sample(CALM), *early, Sample(calm), Sample(later)], KVM)
    assert found.seconds == 30.0 and found.findings == ()


def test_what_the_driver_does_not_tell_is_no_finding() -> None:
    bare = DomainCounters(time=1.0)
    found = judge([Sample(bare), Sample(replace(bare, time=9.0))], Hardware(overview=Overview(kind="test")))
    assert found.findings == () and slow.summary(found) == "processor: TEST · its own CPU quota: none"
    assert "waiting for the host's CPU" in slow.untold(found)
