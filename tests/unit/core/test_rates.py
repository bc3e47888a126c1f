"""Counters become rates; what cannot be known is a gap, never a spike."""

from dataclasses import replace
from math import isnan

import pytest

from vmdesk.core import rates
from vmdesk.model.stats import DiskCounters, DomainCounters, HostCounters, NicCounters

OLD = DomainCounters(
    time=100.0,
    vcpus=2,
    cpu_ns=10_000_000_000,
    vcpu_ns=(6_000_000_000, 4_000_000_000),
    wait_ns=0,
    given_kib=2048,
    used_kib=1024,
    rss_kib=1500,
    disks=(DiskCounters("vda", 1000, 2000, 10, 20, 5_000_000, 5_000_000),),
    nics=(NicCounters("vnet0", 100, 200, 1, 2, 0, 0),),
)
NEW = replace(
    OLD,
    time=102.0,
    cpu_ns=12_000_000_000,
    vcpu_ns=(8_000_000_000, 4_000_000_000),
    wait_ns=400_000_000,
    disks=(DiskCounters("vda", 3000, 2000, 30, 20, 45_000_000, 5_000_000),),
    nics=(NicCounters("vnet0", 1100, 400, 11, 4, 3, 1),),
)


def detail(old, new):
    return dict(zip(rates.detail_names(new), rates.details(old, new), strict=True))


def test_rates_between_two_readings():
    now = rates.figures(OLD, NEW)
    assert now.cpu == pytest.approx(50.0)  # 2 s of CPU time in 2 s on 2 virtual CPUs
    assert now.wait == pytest.approx(10.0)
    assert (now.used, now.given, now.rss) == (1024, 2048, 1500)
    assert (now.read, now.write, now.rx, now.tx) == (1000, 0, 500, 100)
    assert detail(OLD, NEW) == pytest.approx(
        {
            "cpu.0": 100.0,
            "cpu.1": 0.0,
            "disk.vda.read": 1000,
            "disk.vda.write": 0,
            "disk.vda.read_ops": 10,
            "disk.vda.write_ops": 0,
            "disk.vda.latency": 2.0,  # 40 ms over 20 requests
            "net.vnet0.rx": 500,
            "net.vnet0.tx": 100,
            "net.vnet0.rx_packets": 5,
            "net.vnet0.tx_packets": 1,
            "net.vnet0.drops": 2,
        }
    )


def test_first_reading_has_gauges_and_no_rates():
    now = rates.figures(None, NEW)
    assert now.used == 1024
    assert all(isnan(v) for v in (now.cpu, now.wait, now.read, now.write, now.rx, now.tx))
    assert all(isnan(v) for v in rates.details(None, NEW))


@pytest.mark.parametrize("new", [replace(NEW, cpu_ns=5), replace(NEW, time=100.01), replace(NEW, time=100.0 + 1000)])
def test_restart_too_soon_and_too_late_are_gaps(new):
    now = rates.figures(OLD, new)
    assert isnan(now.cpu)
    assert isnan(now.rx)
    assert all(isnan(v) for v in rates.details(OLD, new))


def test_one_counter_that_went_down_is_a_gap_in_that_series_only():
    new = replace(NEW, nics=(NicCounters("vnet0", 50, 400, 11, 4),))
    now = rates.figures(OLD, new)
    assert isnan(now.rx)
    assert now.read == 1000
    assert isnan(detail(OLD, new)["net.vnet0.rx"])
    assert detail(OLD, new)["net.vnet0.tx"] == 100


def test_a_disk_plugged_in_is_no_spike():
    new = replace(NEW, disks=(DiskCounters("sda", 10**12, 10**12, 1, 1, 1, 1), *NEW.disks))
    assert rates.figures(OLD, new).read == 1000
    assert isnan(detail(OLD, new)["disk.sda.read"])
    assert detail(OLD, new)["disk.vda.read"] == 1000


def test_what_a_driver_does_not_tell_is_unknown():
    now = rates.figures(DomainCounters(1.0), DomainCounters(2.0))
    assert all(isnan(getattr(now, name)) for name in rates.BASIC)


def test_cpu_never_above_100():
    assert rates.figures(OLD, replace(NEW, cpu_ns=10**12)).cpu == 100.0


def test_host():
    old = HostCounters(10.0, 4, 0, 0, 0, 0, 1000, 400)
    new = HostCounters(12.0, 4, 2_000_000_000, 1_000_000_000, 0, 800_000_000, 1000, 300)
    assert dict(zip(rates.HOST, rates.host_figures(old, new), strict=True)) == pytest.approx(
        {"cpu": 37.5, "user": 25.0, "system": 12.5, "iowait": 10.0, "used": 700, "total": 1000}
    )
    assert isnan(rates.host_figures(None, new)[0])
    assert isnan(rates.host_figures(old, HostCounters(12.0))[0])
