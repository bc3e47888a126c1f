"""Mediated devices: what is asked of libvirt, and that nothing is left of one that could not be made.

No computer of the tests can make one: the fake stands in for libvirt, and has its functions as they are.
"""

import asyncio
import inspect
from typing import Any, cast

import libvirt
import pytest

from vmdesk.model.host_devices import MdevType
from vmdesk.virt import mdevs
from vmdesk.virt.connection import Connection

KIND = MdevType("pci_0000_65_00_0", "NVIDIA TU104GL", "nvidia-222", "GRID T4-1B", "vfio-pci", 2)
UUID = "aaaaaaaa-6d5b-4c93-8d9c-8c0a5a8fd1d5"


class Device:
    """A virNodeDevice. `fails`: the call that does not work."""

    def __init__(self, host: "Host", xml: str, active: bool, persistent: bool) -> None:
        self.host, self.xml, self.active, self.persistent = host, xml, active, persistent

    def _called(self, what: str) -> None:
        self.host.calls.append(what)
        if self.host.fails == what:
            raise libvirt.libvirtError("it does not work")

    def create(self, flags: int = 0) -> None:
        self._called("create")
        self.active = True

    def setAutostart(self, autostart: int) -> None:
        self._called(f"autostart {autostart}")

    def destroy(self) -> None:
        self._called("destroy")
        self.active = False

    def undefine(self, flags: int = 0) -> None:
        self._called("undefine")
        self.host.devices.remove(self)

    def isActive(self) -> bool:
        return self.active

    def isPersistent(self) -> bool:
        return self.persistent

    def XMLDesc(self, flags: int = 0) -> str:
        return self.xml


class Host:
    """A virConnect, and the connection and the wire that it is called by."""

    def __init__(self, fails: str = "") -> None:
        self.calls: list[str] = []
        self.devices: list[Device] = []
        self.fails = fails
        self.actions = self

    async def call(self, work: Any, _doing: Any) -> Any:
        return work(self)

    def may_write(self, _doing: Any) -> None:
        pass

    def nodeDeviceCreateXML(self, xmlDesc: str, flags: int = 0) -> Device:
        self.devices.append(Device(self, xmlDesc, True, False))
        self.calls.append("createXML")
        return self.devices[-1]

    def nodeDeviceDefineXML(self, xmlDesc: str, flags: int = 0) -> Device:
        self.devices.append(Device(self, xmlDesc, False, True))
        self.calls.append("defineXML")
        return self.devices[-1]

    def listAllDevices(self, flags: int = 0) -> list[Device]:
        return self.devices

    def listAllDomains(self, flags: int = 0) -> list[Any]:
        return []


def make(host: Host, lasting: bool) -> None:
    asyncio.run(mdevs.create(cast(Connection, host), KIND, UUID, lasting))


def test_the_fake_is_called_as_libvirt_is() -> None:
    for fake, real in ((Device, libvirt.virNodeDevice), (Host, libvirt.virConnect)):
        for name, function in vars(fake).items():
            if name.startswith("_") or name in ("call", "may_write"):
                continue
            assert (
                inspect.signature(function).parameters.keys()
                == inspect.signature(getattr(real, name)).parameters.keys()
            )


@pytest.mark.parametrize("lasting", [True, False])
def test_one_is_made_and_deleted(lasting: bool) -> None:
    host = Host()
    make(host, lasting)
    assert host.calls == (["defineXML", "create", "autostart 1"] if lasting else ["createXML"])
    assert host.devices[0].active and UUID in host.devices[0].xml
    host.calls.clear()
    asyncio.run(mdevs.delete(cast(Connection, host), UUID))
    assert host.calls == (["destroy", "undefine"] if lasting else ["destroy"])


@pytest.mark.parametrize("step", ["create", "autostart 1"])
def test_nothing_is_left_of_one_that_could_not_be_made(step: str) -> None:
    host = Host(step)
    with pytest.raises(libvirt.libvirtError):
        make(host, lasting=True)
    assert host.devices == [] and host.calls[-1] == "undefine"
