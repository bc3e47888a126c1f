"""Limits as figures: read from definitions, checked beside each other, told as lines for a terminal."""

from dataclasses import replace

import pytest

from tests.ui.machines import machine
from vmdesk.core import limiting
from vmdesk.core.limiting import GIVEN
from vmdesk.model.domain import State
from vmdesk.model.hardware import Hardware, Nic
from vmdesk.model.limits import NO_GROUPS, LimitError
from vmdesk.model.uri import is_session
from vmdesk.virtxml import hardware

XML = """<domain type='kvm'><name>a</name><memory>4194304</memory><currentMemory>2097152</currentMemory>
<vcpu>2</vcpu><os><type>hvm</type></os>
<cputune><shares>2048</shares><period>50000</period><quota>25000</quota><global_quota>150000</global_quota>
<emulator_quota>-1</emulator_quota><vcpupin vcpu='0' cpuset='0-3'/><vcpupin vcpu='1' cpuset='1'/></cputune>
<memtune><hard_limit unit='GiB'>5</hard_limit><soft_limit>9007199254740991</soft_limit></memtune>
<blkiotune><weight>300</weight></blkiotune>
<devices><disk type='file' device='disk'><source file='/a'/><target dev='vda'/>
<iotune><read_bytes_sec>1048576</read_bytes_sec><read_bytes_sec_max_length>1</read_bytes_sec_max_length>
<total_iops_sec>100</total_iops_sec><total_iops_sec_max>200</total_iops_sec_max>
<total_iops_sec_max_length>7</total_iops_sec_max_length></iotune></disk>
<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/>
<bandwidth><inbound average='1000' peak='5000' burst='5120'/></bandwidth></interface></devices></domain>"""


@pytest.fixture
def found() -> Hardware:
    return hardware.parse(XML)


def test_all_that_is_set_and_nothing_else(found: Hardware) -> None:
    assert limiting.figures(found, cpus=4) == {
        GIVEN: 2_097_152,
        "cpu.shares": 2048,
        "cpu.period": 50_000,
        "cpu.quota": 50.0,  # of its own period
        "cpu.total-quota": 150.0,  # of the usual one
        "cpu.pin.1": "1",  # vCPU 0 may run on all four
        "memory.hard": 5_242_880,
        "disk.weight": 300,
        "disk.vda.read-bytes": 1_048_576,  # a burst's length without a burst is nothing
        "disk.vda.total-requests": 100,
        "disk.vda.total-requests-burst": 200,
        "disk.vda.total-requests-burst-seconds": 7,
        "nic.52:54:00:00:00:01.in": 1000,
        "nic.52:54:00:00:00:01.in-peak": 5000,
        "nic.52:54:00:00:00:01.in-burst": 5120,
    }


def test_on_a_host_whose_processors_nobody_counted_every_pin_is_one(found: Hardware) -> None:
    assert limiting.figures(found)["cpu.pin.0"] == "0-3"


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("disk.vda.total-bytes", "Reading and writing are limited each by itself"),
        ("disk.vda.read-requests", "Reading and writing are limited together"),
        ("disk.vda.write-bytes-burst", "It goes beyond a limit"),
        ("disk.vda.read-bytes-burst-seconds", "There is no burst"),
        ("nic.52:54:00:00:00:01.out-peak", "It goes beyond an average"),
        ("cpu.io-quota", "The machine has no I/O threads"),
    ],
)
def test_what_does_not_go_together_says_why(found: Hardware, key: str, why: str) -> None:
    assert str(limiting.blocked(key, limiting.figures(found), found)).startswith(why)


@pytest.mark.parametrize(
    "key",
    ["disk.vda.write-bytes", "disk.vda.read-bytes-burst", "nic.52:54:00:00:00:01.in-peak", "cpu.quota", GIVEN,
     "disk.vda.total-requests-burst-seconds", "nic.52:54:00:00:00:01.out", "disk.weight"],
)  # fmt: skip
def test_what_goes_together(found: Hardware, key: str) -> None:
    assert limiting.blocked(key, limiting.figures(found), found) is None


def test_what_is_set_can_be_taken_away_whatever_stands_beside_it(found: Hardware) -> None:
    values = {**limiting.figures(found), "disk.vda.total-bytes": 5}
    assert limiting.blocked("disk.vda.total-bytes", values, found) is None


def test_a_machine_without_balloon(found: Hardware) -> None:
    without = replace(found, memory=replace(found.memory, balloon="none"))
    assert str(limiting.blocked(GIVEN, {}, without)).startswith("It has no balloon")


def test_wishes_are_read_as_the_command_line_reads_them() -> None:
    assert limiting.setting("cpu.quota", 50.0).percent and limiting.setting("cpu.quota", 50.0).value == 50.0
    assert not limiting.setting("cpu.quota", None).percent
    assert limiting.setting("disk.vda.read-bytes", 10.4).value == 10
    assert limiting.setting("cpu.pin.1", "0-1").key == "cpu.pin.1"
    with pytest.raises(LimitError):
        limiting.setting("cpu.colour", 1)


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("cpu.quota", 50.0, "schedinfo web-0 vcpu_quota=50000 --live --config"),
        ("cpu.quota", None, "schedinfo web-0 vcpu_quota=-1 --live --config"),
        ("cpu.period", None, "schedinfo web-0 vcpu_period=100000 --live --config"),
        ("cpu.shares", 100, "schedinfo web-0 cpu_shares=100 --live --config"),
        ("cpu.pin.1", "0-1", "vcpupin web-0 1 0-1 --live --config"),
        ("cpu.emulator-pin", "2", "emulatorpin web-0 2 --live --config"),
        ("memory.hard", 1024, "memtune web-0 --hard-limit 1024 --live --config"),
        ("memory.soft", None, "memtune web-0 --soft-limit -1 --live --config"),
        ("memory.nodes", "0", "numatune web-0 --nodeset 0 --live --config"),
        (GIVEN, 2048, "setmem web-0 2048 --live --config"),
        ("disk.weight", 200, "blkiotune web-0 --weight 200 --live --config"),
        ("disk.vda.read-bytes", 1024, "blkdeviotune web-0 vda --read-bytes-sec 1024 --live --config"),
        (
            "disk.vda.write-requests-burst-seconds",
            5,
            "blkdeviotune web-0 vda --write-iops-sec-max-length 5 --live --config",
        ),
        ("nic.52:54:00:00:00:01.in", 10, "domiftune web-0 52:54:00:00:00:01 --inbound 10 --live --config"),
        ("nic.52:54:00:00:00:01.out-peak", 10, "domiftune web-0 52:54:00:00:00:01 --outbound ,10 --live --config"),
    ],
)
def test_the_same_in_a_terminal(key: str, value: limiting.Figure, line: str) -> None:
    (words,) = limiting.virsh(machine(0), {key: value})
    assert " ".join(words) == line


def test_a_machine_that_is_off_is_changed_in_its_definition_only() -> None:
    (words,) = limiting.virsh(machine(0, state=State.SHUTOFF), {"cpu.quota": 10.0})
    assert words[-1] == "--config" and "--live" not in words


@pytest.mark.parametrize("key", ["cpu.quota", "cpu.shares", "memory.hard", "disk.weight", "cpu.emulator-quota"])
def test_one_users_machines_have_no_control_groups(found: Hardware, key: str) -> None:
    assert limiting.blocked(key, {}, found, session=True) == NO_GROUPS
    assert limiting.blocked(key, {key: 5}, found, session=True) is None  # what is there can be taken away
    assert limiting.blocked(key, {}, found) is None
    for other in ("disk.vda.read-bytes", GIVEN):
        assert limiting.blocked(other, {}, found, session=True) is None


@pytest.mark.parametrize(("kind", "can"), [("user", False), ("hostdev", False), ("network", True), ("bridge", True)])
def test_a_card_that_libvirt_cannot_limit(kind: str, can: bool) -> None:
    mac = "52:54:00:00:00:01"
    found, key = Hardware(nics=(Nic("nic/0", mac, kind),)), f"nic.{mac}.in"
    assert (limiting.blocked(key, {}, found) is None) is can
    assert limiting.blocked(key, {key: 5}, found) is None  # what is there can be taken away


@pytest.mark.parametrize(
    ("uri", "session"),
    [("qemu:///session", True), ("qemu+ssh://ann@lab/session", True), ("qemu:///session?socket=/x", True),
     ("qemu:///system", False), ("vbox:///session", False), ("test:///default", False)],
)  # fmt: skip
def test_whose_daemon_it_is(uri: str, session: bool) -> None:
    assert is_session(uri) is session
