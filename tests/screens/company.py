"""The same machines, figures and events every time: what the golden pictures show."""

import math
from dataclasses import replace

from vmdesk.core.history import History
from vmdesk.core.store import Store
from vmdesk.model.domain import Definition, Disk, Domain, DomainKey, Graphics, Labels, Nic, State
from vmdesk.model.host import Capabilities, Host, HostConfig, Link
from vmdesk.model.stats import DiskCounters, DomainCounters, HostCounters, NicCounters

NOW = 1_760_000_000.0  # 9 October 2025, 08:53:20 UTC
LOCAL = HostConfig("laptop", "Laptop", "qemu:///system")
REMOTE = HostConfig("lab-2", "lab-2", "qemu+ssh://root@lab-2.example/system")
GIB = 1024 * 1024  # KiB

_DEFINITION = Definition(
    vcpus=2,
    max_vcpus=4,
    memory_kib=2 * GIB,
    max_memory_kib=4 * GIB,
    kind="kvm",
    arch="x86_64",
    machine="pc-q35-7.2",
    emulator="/usr/bin/qemu-system-x86_64",
    os_id="http://debian.org/debian/12",
    os_name="Debian 12",
    firmware="efi",
    cpu_mode="host-model",
    disks=(
        Disk("vda", "disk", "/var/lib/libvirt/images/web-01.qcow2", "qcow2", False),
        Disk("sda", "cdrom", "", "raw", True),
    ),
    nics=(Nic("52:54:00:12:34:56", "network", "default", "virtio", "vnet0"),),
    graphics=(Graphics("vnc", 5900, "127.0.0.1"),),
    security=(("apparmor", "libvirt-5f3c"), ("dac", "+64055:+106")),
    agent=True,
)


def _domain(number: int, name: str, state: State, reason: str, host: str = "laptop", **more: object) -> Domain:
    key = DomainKey(host, f"5f3c0000-0000-4000-8000-{number:012d}")
    live = number if state.active else -1
    domain = Domain(key, name, state, reason, live_id=live, definition=_DEFINITION)
    return replace(domain, **more)  # type: ignore[arg-type]


WEB = _domain(
    1,
    "web-01",
    State.RUNNING,
    "booted",
    autostart=True,
    addresses=("192.168.122.7", "fd00::7"),
    started=NOW - 93_000,
    labels=Labels("Shop front", "Serves the shop.\nAsk Minh before a restart.", "", "shop", ("prod", "web")),
)
DOMAINS = (
    WEB,
    _domain(2, "web-02", State.RUNNING, "booted", addresses=("192.168.122.8",), started=NOW - 3_700),
    _domain(3, "db-01", State.PAUSED, "I/O error", labels=Labels(tags=("prod",)), started=NOW - 500_000),
    _domain(4, "db-02", State.SHUTOFF, "shutdown", labels=Labels(group="shop")),
    _domain(5, "mail", State.CRASHED, "panicked"),
    _domain(6, "ci-01", State.RUNNING, "booted", responding=False, started=NOW - 12_000),
    _domain(7, "ci-02", State.RUNNING, "booted", busy="snapshot", started=NOW - 12_000),
    _domain(8, "template-debian", State.SHUTOFF, "unknown", labels=Labels("Template")),
    _domain(9, "desk-windows", State.PMSUSPENDED, "unknown", started=NOW - 70_000),
    _domain(10, "lab-attacker", State.RUNNING, "booted", "lab-2", labels=Labels(tags=("lab",)), started=NOW - 600),
    _domain(11, "lab-target", State.SHUTOFF, "destroyed", "lab-2", labels=Labels(tags=("lab",))),
)
CAPABILITIES = Capabilities("QEMU", (9, 0, 0), (7, 2, 0), "laptop.example")


def store() -> Store:
    """Two hosts, one of them lost, and their machines."""
    made = Store()
    made.put_host(Host(LOCAL, Link.UP, capabilities=CAPABILITIES))
    made.put_host(Host(REMOTE, Link.LOST, capabilities=replace(CAPABILITIES, hostname="lab-2")))
    made.update(DOMAINS)
    return made


def history() -> History:
    """Ten minutes of readings, one every five seconds, the last of them now."""
    made = History(lambda: NOW - 600.0)
    for second in range(0, 601, 5):
        for host in ("laptop", "lab-2"):
            running = [one for one in DOMAINS if one.key.host == host and one.state is State.RUNNING]
            made.add(host, {one.uuid: _reading(one.live_id, float(second)) for one in running if one.responding})
        made.add_host("laptop", _host_reading(float(second)))
    return made


def _wave(second: float, period: float, shift: float) -> float:
    """The integral from 0 of something between 0 and 1 that goes up and down."""
    turn = 2 * math.pi / period
    return second / 2 - (math.cos(turn * second + shift) - math.cos(shift)) / (2 * turn)


def _reading(number: int, second: float) -> DomainCounters:
    busy = _wave(second, 90.0 + 20 * number, number)
    cpu = int(busy * 1.2e9) + number * 10**9
    moved = int(_wave(second, 60.0, number * 2.0) * 8e6)
    return DomainCounters(
        time=second,
        vcpus=2,
        cpu_ns=cpu,
        vcpu_ns=(int(cpu * 0.7), int(cpu * 0.3)),
        wait_ns=int(busy * 2e7),
        given_kib=2 * GIB,
        used_kib=int(GIB * (0.8 + 0.05 * number + 0.1 * math.sin(second / 80))),
        rss_kib=int(GIB * 1.7),
        disks=(DiskCounters("vda", moved * 3, moved, moved // 9000, moved // 20000, moved * 30, moved * 60),),
        nics=(NicCounters("vnet0", moved // 4, moved // 2, moved // 900, moved // 1200, 0, 0),),
    )


def _host_reading(second: float) -> HostCounters:
    busy = _wave(second, 200.0, 1.0)
    return HostCounters(
        time=second,
        cpus=8,
        user_ns=int(busy * 3e9),
        system_ns=int(busy * 1e9),
        idle_ns=int((second * 8 - busy * 4.2) * 1e9),
        iowait_ns=int(busy * 2e8),
        memory_total_kib=32 * GIB,
        memory_free_kib=int((14 + 2 * math.sin(second / 120)) * GIB),
    )


# web-01's definition as it is stored, and the same as libvirt shows it of the running machine
STORED = f"""<domain type='kvm'>
  <name>web-01</name>
  <uuid>{WEB.uuid}</uuid>
  <title>Shop front</title>
  <memory unit='KiB'>4194304</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <!-- grows with the shop -->
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/web-01.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:12:34:56'/>
      <source network='default'/>
      <model type='virtio'/>
    </interface>
    <graphics type='vnc' port='-1' autoport='yes' passwd='sesame'/>
  </devices>
</domain>
"""
RUNNING = (
    STORED.replace("<domain type='kvm'>", "<domain type='kvm' id='1'>")
    .replace(" passwd='sesame'", "")
    .replace("port='-1'", "port='5900'")
    .replace(">4194304<", ">2097152<")
    .replace(
        "      <target dev='vda' bus='virtio'/>\n",
        "      <target dev='vda' bus='virtio'/>\n      <alias name='virtio-disk0'/>\n",
    )
)
