"""Hardware and limits of real machines, changed while they run."""

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.testbed.guests import Guest, Guests, connection, wait_for
from vmdesk.model import limits
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import text
from vmdesk.virt import defining, hardware
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Affect, Applied, Change
from vmdesk.virtxml import difference
from vmdesk.virtxml import hardware as hardware_xml
from vmdesk.virtxml.edit import devices, machine

pytestmark = pytest.mark.live
MAC = "52:54:00:0a:0b:0c"
ADD = text("added")


def run(uri: str, work: Callable[[Connection], Coroutine[Any, Any, Any]]) -> Any:
    async def whole() -> Any:
        opened = await Connection.open(HostConfig("h", "h", uri), 1, lambda _event: None)
        try:
            return await work(opened)
        finally:
            await opened.close()

    return asyncio.run(whole())


def apply(guest: Guest, *changes: Change, affect: Affect = Affect.BOTH) -> tuple[Applied, ...]:
    return run(guest.uri, lambda open_: hardware.apply(open_, guest.uuid, changes, affect))  # type: ignore[no-any-return]


def found(guest: Guest, *, stored: bool = False) -> Any:
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE if stored else 0
    return hardware_xml.parse(guest.ask(lambda domain: str(domain.XMLDesc(flags))))


def pending(guest: Guest) -> list[str]:
    now = guest.ask(lambda domain: str(domain.XMLDesc(0)))
    then = guest.ask(lambda domain: str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)))
    return [str(difference.pending(one)) for one in difference.differences(now, then, running=True)]


def both(applied: tuple[Applied, ...]) -> list[tuple[bool, bool]]:
    return [(one.live, one.stored) for one in applied]


def test_nothing_waits_on_a_machine_that_was_just_started(make_guest: Guests) -> None:
    guest = make_guest("fresh", graphics="vnc", network=None, extra="<seclabel type='none'/>")
    assert pending(guest) == []


def test_disk_nic_usb_vcpus_while_it_runs(make_guest: Guests, tmp_path: Path) -> None:
    guest = make_guest(
        "plug",
        vcpus=1,
        memory=64,
        devices="<controller type='usb' model='qemu-xhci'/><interface type='user'><mac address='52:54:00:0a:0b:01'/>"
        "<model type='virtio'/></interface>",
    )
    guest.wait_until_booted()
    second = make_guest("files", disks=[8], start=False)  # a disk that is there
    path = found(second, stored=True).disks[-1].source
    disk = devices.disk_fragment("vdq", "virtio", file=path, format="qcow2")
    card = devices.nic_fragment("user", "", MAC, "virtio")
    applied = apply(
        guest,
        hardware.add_device(ADD, disk),
        hardware.add_device(ADD, card),
        hardware.add_device(ADD, devices.input_fragment("tablet", "usb")),
    )
    assert both(applied) == [(True, True)] * 3
    for stored in (False, True):
        now = found(guest, stored=stored)
        assert "vdq" in [one.target for one in now.disks]
        assert MAC in [one.mac for one in now.nics]
        assert "tablet" in [one.kind for one in now.inputs]
    assert pending(guest) == []
    # It grows while it is in use.
    (grown,) = apply(guest, hardware.grow_disk("vdq", 16 << 20))
    assert grown.live and not grown.stored
    assert guest.ask(lambda domain: domain.blockInfo("vdq")[0]) == 16 << 20
    with pytest.raises(VirtError):
        apply(guest, hardware.grow_disk("vdq", 1 << 20))
    # The cable.
    assert both(apply(guest, hardware.link(MAC, False))) == [(True, True)]
    assert [one.link for one in found(guest).nics if one.mac == MAC] == [False]
    assert both(apply(guest, hardware.link(MAC, True))) == [(True, True)]
    assert [one.link for one in found(guest).nics if one.mac == MAC] == [True]


def test_vcpus_and_memory(make_guest: Guests) -> None:
    guest = make_guest("room", vcpus=1, memory=64)
    guest.ask(lambda domain: domain.destroy())
    apply(guest, hardware.vcpus(1, 4))
    apply(guest, hardware.later(ADD, lambda xml: machine.hot_memory(xml, 1 << 20)))
    guest.start()
    guest.wait_until_booted()
    assert both(apply(guest, hardware.vcpus(3))) == [(True, True)]
    assert guest.ask(lambda domain: domain.vcpusFlags(libvirt.VIR_DOMAIN_AFFECT_LIVE)) == 3
    assert found(guest, stored=True).cpu.count == 3
    (more,) = apply(guest, hardware.vcpus(8))
    assert not more.live and more.stored and "room for 4" in str(more.later)
    assert "Most virtual processors: 4 now, 8 after restart" in pending(guest)
    with pytest.raises(VirtError):
        apply(guest, hardware.vcpus(8), affect=Affect.LIVE)
    # A DIMM, and the balloon.
    dimm = devices.dimm_fragment(128 * 1024)
    assert both(apply(guest, hardware.add_device(ADD, dimm))) == [(True, True)]
    assert [one.size_kib for one in found(guest).memory.devices] == [128 * 1024]
    assert both(apply(guest, hardware.memory(48 * 1024), affect=Affect.LIVE)) == [(True, False)]


def test_a_medium_goes_in_and_out(make_guest: Guests, rescue_cd: Path) -> None:
    drive = "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>"
    guest = make_guest("cd", devices=drive)
    guest.wait_until_booted()
    assert both(apply(guest, hardware.insert("hdc", file=str(rescue_cd)))) == [(True, True)]
    assert [one.source for one in found(guest).disks if one.removable] == [str(rescue_cd)]
    assert pending(guest) == []
    assert both(apply(guest, hardware.eject("hdc"))) == [(True, True)]
    for stored in (False, True):
        assert [one.source for one in found(guest, stored=stored).disks if one.removable] == [""]


def test_a_guest_that_does_not_let_go_is_told(make_guest: Guests, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "LETTING_GO", 2.0)
    guest = make_guest("keeps", disks=[8])
    guest.wait_until_booted()
    target = found(guest).disks[-1].target
    (one,) = apply(guest, hardware.remove_device(ADD, target))
    assert not one.live and one.stored and "let go of" in str(one.later)
    assert target in [one.target for one in found(guest).disks]
    assert target not in [one.target for one in found(guest, stored=True).disks]
    assert pending(guest) == [f"Disk {target}: gone after restart"]


def test_what_qemu_cannot_is_stored(make_guest: Guests) -> None:
    guest = make_guest("panic")
    guest.wait_until_booted()
    (one,) = apply(guest, hardware.add_device(ADD, devices.panic_fragment("isa")))
    assert not one.live and one.stored and one.later is not None
    with pytest.raises(VirtError):
        apply(guest, hardware.add_device(ADD, devices.panic_fragment("isa")), affect=Affect.LIVE)


def test_a_disk_that_is_not_there_is_not_stored(make_guest: Guests) -> None:
    guest = make_guest("absent")
    guest.wait_until_booted()
    disk = devices.disk_fragment("vdq", "virtio", file="/nowhere/x.qcow2", format="qcow2")
    with pytest.raises(VirtError):
        apply(guest, hardware.add_device(ADD, disk))
    assert "vdq" not in [one.target for one in found(guest, stored=True).disks]


@contextlib.contextmanager
def private_network(make_guest: Guests, name: str) -> Iterator[None]:
    """A network without a way out, for cards that have one end here."""
    xml = f"<network><name>{name}</name><ip address='10.77.7.1' netmask='255.255.255.0'/></network>"
    with connection("qemu:///system") as opened:
        try:
            network = opened.networkCreateXML(xml)
        except libvirt.libvirtError as error:
            pytest.skip(f"no networks for machines here: {error}")
        try:
            yield
        finally:
            make_guest.remove()
            network.destroy()


def _cpu_share(guest: Guest, seconds: float = 3.0) -> float:
    """Processor time of the vCPUs in a second, measured by what QEMU's process used."""

    def used() -> int:
        return guest.ask(lambda domain: int(domain.info()[4]))

    began, at = used(), time.monotonic()
    time.sleep(seconds)
    return (used() - began) / 1e9 / (time.monotonic() - at)


def test_a_share_of_a_processor(make_guest: Guests) -> None:
    guest = make_guest("busy", busy=True)
    guest.wait_until_booted()
    setting = limits.parse("cpu.quota=5%")
    try:
        (applied,) = apply(guest, hardware.limit(setting), affect=Affect.LIVE)
    except VirtError as error:
        if "cgroup" in f"{error} {error.problem.details}".lower():
            pytest.skip(f"no control groups for machines here: {error.problem.details}")
        raise
    assert applied.live
    _cpu_share(guest, 1.0)
    limited = max(_cpu_share(guest) for _ in range(2))
    # A busy host may give less than the quota, but never much more. (What the emulator itself does is not limited.)
    assert limited < 0.10, limited
    apply(guest, hardware.limit(limits.parse("cpu.quota=none")), affect=Affect.LIVE)
    wait_for(lambda: _cpu_share(guest, 1.0) > limited * 2, "without the quota it gets twice as much at least", 60)


def test_half_the_throughput(make_guest: Guests) -> None:
    guest = make_guest("writer", writes=True, disks=[256])
    guest.wait_until_booted()
    target = found(guest).disks[-1].target

    def written(seconds: float = 4.0) -> float:
        def total() -> int:
            return guest.ask(lambda domain: int(domain.blockStats(target)[3]))

        began, at = total(), time.monotonic()
        time.sleep(seconds)
        return (total() - began) / (time.monotonic() - at)

    free = written()
    assert free > 0
    words = f"disk.{target}.write-bytes={max(1024, int(free / 4))}"
    assert both(apply(guest, hardware.limit(limits.parse(words)))) == [(True, True)]
    written(1.0)
    limited = written()
    assert limited < free / 2, (free, limited)
    assert both(apply(guest, hardware.limit(limits.parse(f"disk.{target}.write-bytes=none")))) == [(True, True)]
    wait_for(lambda: written(2.0) > free / 2, "the disk is as fast as before", 30)
    assert pending(guest) == []


@pytest.mark.parametrize(
    "words",
    [
        *("cpu.shares=512", "cpu.period=50000", "cpu.emulator-quota=80%", "cpu.pin.0=0", "cpu.emulator-pin=0"),
        *("memory.hard=2G", "memory.soft=1G", "cpu.io-threads=2", "disk.weight=300"),
    ],
)
def test_each_limit_live_or_with_its_reason(make_guest: Guests, words: str) -> None:
    guest = make_guest("limits")
    (one,) = apply(guest, hardware.limit(limits.parse(words)))
    assert one.stored and (one.live or one.later), one
    if one.live:
        assert pending(guest) == []
    key = words.partition("=")[0]
    (one,) = apply(guest, hardware.limit(limits.parse(f"{key}=none")))
    assert one.stored and (one.live or one.later), one


def test_a_cards_limit(make_guest: Guests) -> None:
    card = f"<interface type='network'><mac address='{MAC}'/><source network='lab'/><model type='virtio'/></interface>"
    with private_network(make_guest, "lab"):
        _limit_a_card(make_guest("net", devices=card))


def _limit_a_card(guest: Guest) -> None:
    assert both(apply(guest, hardware.link(MAC, False))) == [(True, True)]
    assert [nic.link for nic in found(guest).nics] == [False] and pending(guest) == []
    (one,) = apply(guest, hardware.limit(limits.parse(f"nic.{MAC}.in=1M")))
    assert one.stored
    if not one.live:
        assert pending(guest) == [f"Network card {MAC}: limit into the guest: none now, 1 MiB/s after restart"]
        pytest.skip(f"this kernel shapes no traffic: {one.later}")
    (burst,) = apply(guest, hardware.limit(limits.parse(f"nic.{MAC}.in-burst=2M")))
    assert burst.live
    for stored in (False, True):
        inbound = found(guest, stored=stored).nics[0].inbound
        assert (inbound.average, inbound.burst) == (1024, 2048)
    (one,) = apply(guest, hardware.limit(limits.parse(f"nic.{MAC}.in=none")))
    assert one.live and found(guest).nics[0].inbound.average == 0
    assert pending(guest) == []


def test_the_command_line(make_guest: Guests, tmp_path: Path) -> None:
    guest = make_guest("shell", vcpus=1, memory=64)
    guest.wait_until_booted()

    def vmdesk(*words: str) -> "subprocess.CompletedProcess[str]":
        line = [".venv/bin/vmdesk", "--connect", guest.uri, "--settings-dir", str(tmp_path), *words]
        return subprocess.run(
            line, capture_output=True, text=True, timeout=60, check=False, env=os.environ | {"LANGUAGE": "en"}
        )

    ended = vmdesk(
        "edit", guest.name, "--add-nic", f"user,mac={MAC}", "--title", "By hand", "--set-limit", "cpu.shares=300"
    )
    assert ended.returncode == 0, ended.stderr
    assert MAC in [one.mac for one in found(guest).nics] and MAC in [one.mac for one in found(guest, stored=True).nics]
    assert found(guest, stored=True).overview.title == "By hand"
    ended = vmdesk("edit", guest.name, "--config", "--remove", MAC, "--memory", "128M")
    assert ended.returncode == 0, ended.stderr
    assert found(guest, stored=True).memory.most_kib == 128 * 1024
    lines = pending(guest)
    assert f"Network card {MAC}: gone after restart" in lines and "Memory: 64 MiB now, 128 MiB after restart" in lines
    # What was seen is kept, without passwords.
    assert (tmp_path / "definitions.sqlite").exists()


def test_a_device_that_only_the_stored_definition_has(make_guest: Guests) -> None:
    guest = make_guest("stored")
    card = devices.nic_fragment("user", "", MAC, "virtio")
    assert both(apply(guest, hardware.add_device(ADD, card), affect=Affect.CONFIG)) == [(False, True)]
    (one,) = apply(guest, hardware.remove_device(ADD, MAC))
    assert not one.live and one.stored and not found(guest, stored=True).nics


def test_somebody_else_was_faster(make_guest: Guests) -> None:
    guest = make_guest("race", devices="<graphics type='vnc' passwd='sesame'><listen type='socket'/></graphics>")

    async def work(open_: Connection) -> None:
        base = await defining.whole(open_, guest.uuid)
        guest.ask(lambda domain: domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "theirs", None, None, 2))
        card = hardware.add_device(ADD, devices.nic_fragment("user", "", MAC, "virtio"))
        with pytest.raises(VirtError) as error:
            await hardware.apply(open_, guest.uuid, [card], base=base)
        problem = error.value.problem
        assert problem.name == "changed" and "sesame" not in problem.details
        assert "+  <title>theirs</title>" in problem.details and MAC in problem.details

    run(guest.uri, work)
    assert not found(guest).nics  # nothing was done before it was known


def test_passwords_survive(make_guest: Guests) -> None:
    graphics = "<graphics type='vnc' passwd='sesame'><listen type='socket'/></graphics>"
    guest = make_guest("secret", devices=graphics)
    apply(guest, hardware.title("new"))
    whole = run(guest.uri, lambda open_: defining.whole(open_, guest.uuid))
    assert "passwd='sesame'" in whole and "<title>new</title>" in whole
