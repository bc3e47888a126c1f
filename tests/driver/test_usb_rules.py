"""USB rules and mediated devices on libvirt's test driver: real device events, real metadata, a device that cannot be
plugged into a machine there, which is told."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import libvirt
import pytest
from lxml import etree

from vmdesk.core.jobs import Jobs, JobState
from vmdesk.core.replug.watch import Hands, Replug
from vmdesk.core.sessions import Sessions
from vmdesk.core.store import Changes, Store
from vmdesk.core.trace import Trace
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.host import Feature, HostConfig
from vmdesk.model.host_devices import HostDevices, HostUsb, MdevType
from vmdesk.model.replug import UsbRule
from vmdesk.virt import hardware, host_devices, mdevs, replug
from vmdesk.virt.hardware import Affect
from vmdesk.virtxml.edit.replug import given

UUID, OTHER = "11111111-0000-0000-0000-000000000001", "11111111-0000-0000-0000-000000000002"
MDEV = "aaaaaaaa-6d5b-4c93-8d9c-8c0a5a8fd1d5"
KEY = DomainKey("h", UUID)
CAM = UsbRule("046d", "0825")
NODE = f"""<node>
<device><name>computer</name><capability type='system'><hardware><vendor>L</vendor><uuid>{UUID}</uuid></hardware>
<firmware/></capability></device>
<device><name>scsi_host11</name><parent>computer</parent><capability type='scsi_host'><host>11</host>
<capability type='vport_ops'><max_vports>127</max_vports><vports>1</vports></capability>
<capability type='fc_host'><wwnn>2000000012341234</wwnn><wwpn>1000000012341234</wwpn></capability></capability></device>
<device><name>usb_1_4</name><path>/sys/devices/x/usb1/1-4</path><parent>computer</parent>
<capability type='usb_device'><bus>1</bus><device>4</device><product id='0x0825'>Webcam</product>
<vendor id='0x046d'>Logitech</vendor></capability></device>
<device><name>mdev_a</name><parent>computer</parent><capability type='mdev'><type id='nvidia-222'/>
<uuid>{MDEV}</uuid><iommuGroup number='7'/></capability></device>
<domain type='test'><name>desk</name><uuid>{UUID}</uuid><memory>1024</memory><os><type>hvm</type></os></domain>
<domain type='test'><name>render</name><uuid>{OTHER}</uuid><memory>1024</memory><os><type>hvm</type></os>
<devices><hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='{MDEV}'/></source></hostdev>
</devices></domain></node>"""
VHBA = """<device><parent>scsi_host11</parent><capability type='scsi_host'><capability type='fc_host'>
<wwnn>1111222233334444</wwnn><wwpn>2222333344445555</wwpn></capability></capability></device>"""


class World:
    """A host of two machines, and what Replug uses of a core.command.Context."""

    def __init__(self, file: Path) -> None:
        self.bugs: list[BaseException] = []
        self.jobs = Jobs(self.bugs.append)
        self.store, self.trace = Store(), Trace()
        self.sessions = Sessions(self.store, self.jobs)
        self.session = self.sessions.add(HostConfig("h", "host", f"test://{file}"))


def run(folder: Path, story: Callable[[World], Any]) -> None:
    file = folder / "node.xml"
    file.write_text(NODE)

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[World]:
        world = World(file)
        await world.session.open()
        yield world
        await world.sessions.close()
        await world.jobs.close()
        assert world.bugs == []

    async def main() -> None:
        async with opened() as world:
            await story(world)

    asyncio.run(main())


async def until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up, "it did not happen"
        await asyncio.sleep(0.005)


async def stir(w: World) -> None:
    """A device comes and goes: this driver knows none that is plugged in but virtual adapters."""

    def work(conn: "libvirt.virConnect") -> None:
        conn.nodeDeviceCreateXML(VHBA, 0).destroy()

    # Its events are told on the connection that it was done by: each open is a host of its own here.
    await w.session.require().control.call(work)


def test_a_device_that_comes_is_heard_of(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        assert w.session.require().capabilities.can(Feature.DEVICE_EVENTS)
        heard: list[Changes] = []
        w.store.subscribe(heard.append)
        await stir(w)
        await until(lambda: any("h" in changes.devices for changes in heard))

    run(tmp_path, story)


def test_the_rule_is_kept_live_and_stored_and_forgotten(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        connection = w.session.require()
        before = await connection.control.call(lambda conn: conn.lookupByUUIDString(UUID).XMLDesc(2))
        rules = (CAM, UsbRule(port="1-4", sure=True))
        done = await hardware.apply(connection, UUID, [replug.keep(rule) for rule in rules])
        assert [(one.live, one.stored) for one in done] == [(True, True)] * 2
        await until(lambda: w.store.domains[KEY].definition.usb_rules == rules)
        await hardware.apply(connection, UUID, [replug.forget(rules[0])], Affect.LIVE)
        await until(lambda: w.store.domains[KEY].definition.usb_rules == rules[1:])
        await hardware.apply(connection, UUID, [replug.forget(rule) for rule in rules], Affect.CONFIG)
        after = await connection.control.call(lambda conn: conn.lookupByUUIDString(UUID).XMLDesc(2))
        assert after == before

    run(tmp_path, story)


@pytest.mark.parametrize("rule", [CAM, UsbRule(port="1-4")])
def test_a_running_machine_is_given_what_its_rule_is_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: UsbRule
) -> None:
    monkeypatch.setattr("vmdesk.core.replug.watch.SETTLE", 0.01)

    async def story(w: World) -> None:
        given_: list[tuple[str, str]] = []

        async def apply(_connection: Any, uuid: str, change: Any) -> None:
            given_.append((uuid, str(change.what)))

        follow = Replug(w, None, lambda _key, _problem: None, Hands(apply=apply))  # type: ignore[arg-type]
        task = asyncio.create_task(follow.run())
        await hardware.apply(w.session.require(), UUID, [replug.keep(rule)])
        await until(lambda: given_)
        assert given_ == [(UUID, "USB device Logitech Webcam")]
        task.cancel()
        await asyncio.wait((task,))

    run(tmp_path, story)


def test_a_host_that_cannot_plug_it_in_is_told_by_the_job(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        await hardware.apply(w.session.require(), UUID, [replug.keep(CAM)])
        await until(lambda: w.store.domains[KEY].definition.usb_rules)
        await Replug(w, None, lambda _key, _problem: None).look("h")  # type: ignore[arg-type]
        (job,) = w.jobs.all
        assert job.state is JobState.FAILED and job.problem is not None and job.problem.name == "no-support"
        (step,) = w.trace.of(KEY)
        assert step.call == "virDomainAttachDeviceFlags" and step.outcome is not None

    run(tmp_path, story)


def test_what_the_host_has(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        found = await host_devices.host_devices_of(w.session.require())
        (usb,), (mdev,) = found.usb, found.mdev
        assert (usb.address, usb.port, usb.used) == ("046d:0825", "1-4", False)
        assert (mdev.uuid, mdev.active) == (MDEV, True)
        only = await host_devices.host_devices_of(w.session.require(), usb_only=True)
        assert only == HostDevices(usb=(usb,))

    run(tmp_path, story)


# ---------------------------------------------------------------- mediated devices


def test_who_has_a_mediated_device_keeps_it(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        connection = w.session.require()
        assert await mdevs.users(connection) == {MDEV: "render"}
        with pytest.raises(VirtError) as caught:
            await mdevs.delete(connection, MDEV)
        assert caught.value.problem.name == "used" and "render has it" in str(caught.value.problem.why)
        with pytest.raises(VirtError) as caught:
            await mdevs.delete(connection, OTHER)
        assert caught.value.problem.name == "gone"
        with pytest.raises(VirtError):  # this driver makes none
            await mdevs.create(connection, MdevType("computer", "x", "nvidia-222", "GRID"), OTHER, lasting=True)

    run(tmp_path, story)


SCHEMAS = Path("/usr/share/libvirt/schemas")


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="libvirt's schemas are not installed")
def test_what_libvirt_is_given_is_what_its_schemas_allow() -> None:
    device = etree.fromstring(mdevs.xml_of(MdevType("pci_0000_65_00_0", "x", "nvidia-222", "GRID"), MDEV))
    etree.RelaxNG(etree.parse(SCHEMAS / "nodedev.rng")).assertValid(device)
    for rule in (CAM, UsbRule(port="1-1.4")):
        made = given(HostUsb("usb_1_1_4", "046d", "0825", "x", 1, 7, "1-1.4"), rule)
        xml = "<domain type='kvm'><name>x</name><memory>1</memory><os><type>hvm</type></os><devices/></domain>"
        xml = xml.replace("<devices/>", f"<devices>{made}</devices>")
        etree.RelaxNG(etree.parse(SCHEMAS / "domain.rng")).assertValid(etree.fromstring(xml))
