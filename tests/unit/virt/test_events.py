"""libvirt's callbacks become our events."""

import libvirt
import pytest

from vmdesk.model.event import Kind
from vmdesk.virt import events


class Machine:
    def UUIDString(self):
        return "u"

    def name(self):
        return "web"


class Host:
    """Keeps what is registered, and calls it as libvirt does."""

    def __init__(self, lacks=()):
        self._lacks = lacks
        self.callbacks = {}

    def domainEventRegisterAny(self, domain, number, callback, opaque):
        if number in self._lacks:
            raise libvirt.libvirtError("not supported")
        self.callbacks[number] = callback
        return number

    def tell(self, name, *arguments):
        self.callbacks[getattr(libvirt, f"VIR_DOMAIN_EVENT_ID_{name}")](self, Machine(), *arguments, None)


@pytest.mark.parametrize(
    ("name", "arguments", "detail", "reason"),
    [
        ("REBOOT", (), "rebooted", ""),
        ("DEVICE_ADDED", ("net1",), "device added", "net1"),
        ("DEVICE_REMOVED", ("net1",), "device removed", "net1"),
        ("DEVICE_REMOVAL_FAILED", ("net1",), "device not removed", "net1"),
        ("DISK_CHANGE", ("/a.iso", "/b.iso", "ide0-0-0", 0), "medium changed", "ide0-0-0"),
        ("DISK_CHANGE", ("/a.iso", None, None, 0), "medium changed", ""),
        ("TRAY_CHANGE", ("ide0-0-0", libvirt.VIR_DOMAIN_EVENT_TRAY_CHANGE_OPEN), "tray opened", "ide0-0-0"),
        ("TRAY_CHANGE", ("ide0-0-0", libvirt.VIR_DOMAIN_EVENT_TRAY_CHANGE_CLOSE), "tray closed", "ide0-0-0"),
        ("BALLOON_CHANGE", (65536,), "memory changed", ""),
    ],
)
def test_a_change_says_what_it_was_and_of_which_device(name, arguments, detail, reason):
    host, heard = Host(), []
    events.register(host, heard.append)
    host.tell(name, *arguments)
    (event,) = heard
    assert (event.kind, event.uuid, event.name) == (Kind.CHANGED, "u", "web")
    assert (event.detail, event.reason) == (detail, reason)


def test_a_host_that_lacks_one_kind_tells_the_others():
    host = Host(lacks=(libvirt.VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE,))
    assert events.register(host, lambda event: None) == list(host.callbacks)
    assert libvirt.VIR_DOMAIN_EVENT_ID_REBOOT in host.callbacks


def test_a_host_without_lifecycle_events_has_none():
    assert events.register(Host(lacks=(libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,)), lambda event: None) == []
