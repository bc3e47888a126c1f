"""From libvirt's records to counters."""

from vmdesk.model.stats import DiskCounters, NicCounters
from vmdesk.virt import stats

RECORD = {
    "state.state": 1, "state.reason": 1, "cpu.time": 900, "vcpu.current": 2, "vcpu.maximum": 4,
    "vcpu.0.time": 400, "vcpu.0.wait": 0, "vcpu.0.delay": 11, "vcpu.2.time": 500, "vcpu.2.wait": 0, "vcpu.2.delay": 12,
    "balloon.current": 1000, "balloon.maximum": 2000, "balloon.available": 990, "balloon.unused": 300,
    "balloon.usable": 490, "balloon.rss": 700,
    "block.count": 2, "block.0.name": "vda", "block.0.rd.bytes": 1, "block.0.wr.bytes": 2, "block.0.rd.reqs": 3,
    "block.0.wr.reqs": 4, "block.0.rd.times": 5, "block.0.wr.times": 6, "block.1.name": "sda",
    "net.count": 1, "net.0.name": "vnet0", "net.0.rx.bytes": 1, "net.0.tx.bytes": 2, "net.0.rx.pkts": 3,
    "net.0.tx.pkts": 4, "net.0.rx.drop": 5, "net.0.tx.drop": 6,
}  # fmt: skip


def test_counters() -> None:
    found = stats.counters(RECORD, 12.5)
    assert (found.time, found.vcpus, found.cpu_ns, found.vcpu_ns, found.wait_ns) == (12.5, 2, 900, (400, 500), 23)
    assert (found.given_kib, found.used_kib, found.rss_kib, found.busy) == (1000, 500, 700, "")
    assert found.disks == (DiskCounters("vda", 1, 2, 3, 4, 5, 6), DiskCounters("sda"))
    assert found.nics == (NicCounters("vnet0", 1, 2, 3, 4, 5, 6),)


def test_wait_before_delay() -> None:
    assert stats.counters({**RECORD, "vcpu.0.wait": 5}, 0).wait_ns == 5


def test_nothing_told_is_minus_one() -> None:
    found = stats.counters({"state.state": 1}, 1.0, "job")
    assert (found.cpu_ns, found.wait_ns, found.given_kib, found.used_kib, found.rss_kib) == (-1,) * 5
    assert found.busy == "job"


def test_sum_of_vcpus_where_there_is_no_total() -> None:
    record = {key: value for key, value in RECORD.items() if key != "cpu.time"}
    assert stats.counters(record, 0).cpu_ns == 900
