"""USB and mediated devices in the forms and pages of the Hardware tab: what is asked, what is changed."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.unit.core.test_hardware_pages import BARE, OFFERS, XML, edited, seen, sheet
from vmdesk.core.hardware import adding, pages
from vmdesk.core.hardware.adding import Addition, Around
from vmdesk.core.hardware.sheet import Value
from vmdesk.model.host_devices import HostDevices, HostMdev, HostUsb, MdevType
from vmdesk.model.replug import UsbRule
from vmdesk.virtxml import hardware
from vmdesk.virtxml.edit import EditError, replug

CAM = HostUsb("usb_2_1_3", "046d", "0825", "Webcam C270", 2, 5, "2-1.3")
KEYS = HostUsb("usb_1_2", "046d", "c52b", "Logitech Receiver", 1, 3, "1-2", typing=True)
STICK = HostUsb("usb_1_4", "0951", "1666", "DataTraveler", 1, 7, "1-4", disks=("sdb",), mounted=True)
SLICE = MdevType("pci_0000_65_00_0", "NVIDIA TU104GL", "nvidia-222", "GRID T4-1B", "vfio-pci", 2)
FULL = replace(SLICE, id="nvidia-230", name="GRID T4-16Q", left=0)
MDEV = HostMdev("mdev_a", "aaaaaaaa-6d5b-4c93-8d9c-8c0a5a8fd1d5", "nvidia-222", 7, "pci_0000_65_00_0")


def kind(id_: str, devices: HostDevices, running: bool = False, holders: Mapping[str, str] | None = None) -> Addition:
    near = Around(OFFERS, devices, holders=holders or {})
    found = seen(BARE, BARE if running else None)
    return next(one for one in adding.additions(found, near) if one.id == id_)


def usb(values: Mapping[str, Value], *devices: HostUsb, running: bool = False) -> tuple[list[str], hardware.Hardware]:
    """What would be done, and how it would be stored."""
    one = kind("usb", HostDevices(devices or (CAM,)), running)
    assert one.changes is not None
    changes, _key = one.changes({**adding.first(one), **values})
    xml = BARE
    for change in changes:
        xml = change.edit(xml) if change.edit is not None else xml
    return [str(change.what) for change in changes], hardware.parse(xml)


# ---------------------------------------------------------------- given


def test_a_device_is_kept_with_its_rule() -> None:
    said, stored = usb({"again": True, "optional": False})
    assert said == ["USB device Webcam C270", "Given to the machine whenever it is plugged in: 046d:0825"]
    (device,) = stored.host_devices
    assert (device.address, device.startup) == ("046d:0825", "optional")  # it starts without it, whatever was ticked
    assert stored.usb_rules == (UsbRule("046d", "0825"),)
    _said, stored = usb({})
    assert stored.usb_rules == () and len(stored.host_devices) == 1


def test_a_port_is_a_rule_alone_and_what_is_in_it_is_given_now() -> None:
    said, stored = usb({"way": "port", "again": True}, running=True)
    assert said == [
        "USB device Webcam C270",
        "Given to the machine whenever it is plugged in: whatever is in USB port 2-1.3",
    ]
    assert stored.usb_rules == (UsbRule(port="2-1.3"),) and stored.host_devices == ()
    said, _stored = usb({"way": "port", "again": True})
    assert len(said) == 1  # it is off: nothing is plugged into it now
    _said, stored = usb({"way": "port"})
    assert stored.usb_rules == () and stored.host_devices[0].address == "2-5"
    with pytest.raises(EditError, match="in which port"):
        usb({"way": "port", "again": True}, replace(CAM, port=""))


@pytest.mark.parametrize(
    ("device", "word"), [(KEYS, "keyboard"), (STICK, "mounted"), (replace(STICK, mounted=None), "sdb")]
)
@pytest.mark.parametrize("again", [True, False])
def test_what_the_host_uses_is_asked_about(device: HostUsb, word: str, again: bool) -> None:
    one = kind("usb", HostDevices((device,)))
    values = {**adding.first(one), "again": again}
    assert any(word in str(note) for note in one.notes(values))
    with pytest.raises(EditError, match="Also if the host uses it"):
        one.make(values)
    _said, stored = usb({"again": again, "sure": True}, device)
    assert [rule.sure for rule in stored.usb_rules] == [True] * again


def test_what_is_to_be_known_about_a_choice() -> None:
    one = kind("usb", HostDevices((CAM, replace(CAM, name="usb_2_2", device=9, port="2-2"))))
    first = adding.first(one)
    assert "several of these" in str(one.notes(first)[0])
    assert "number is another" in str(one.notes({**first, "way": "port"})[0])
    said = [str(note) for note in one.notes({**first, "way": "port", "again": True})]
    assert "Whatever comes into port 2-1.3" in said[0] and "left to the host" in said[1]
    mute = replace(seen(BARE), tells=False)
    (again,) = (
        field
        for each in adding.additions(mute, Around(OFFERS, HostDevices((CAM,))))
        if each.id == "usb"
        for field in each.fields
        if field.name == "again"
    )
    assert "does not tell" in str(again.hint)


# ---------------------------------------------------------------- on its page


DEVICE = "hostdev/usb/046d:c52b"
RULED = replug.put(XML, UsbRule("046d", "c52b"))


def test_the_rule_is_a_switch_on_the_device_s_page_and_can_be_undone() -> None:
    found = seen(XML)
    fields = {field.name: field.value for field in sheet(found, DEVICE).fields}
    assert fields["again"] is False
    ruled = edited(found, DEVICE, {"again": True})
    stored = hardware.parse(ruled)
    assert stored.usb_rules == (UsbRule("046d", "c52b"),) and stored.host_devices[0].startup == "optional"
    sure = hardware.parse(edited(seen(ruled), DEVICE, {"sure": True}))
    assert sure.usb_rules == (UsbRule("046d", "c52b", sure=True),)
    assert edited(seen(RULED), DEVICE, {"again": False}) == XML  # to the letter


def test_with_a_device_goes_its_rule() -> None:
    found = seen(RULED)
    change = pages.removal(sheet(found, DEVICE), found)
    assert change.edit is not None and change.live is not None
    stored = hardware.parse(change.edit(RULED))
    assert stored.usb_rules == () and stored.host_devices == ()


@pytest.mark.parametrize("rule", [UsbRule(port="1-1.4"), UsbRule("0951", "1666")])
def test_a_rule_without_a_device_has_a_page_of_its_own(rule: UsbRule) -> None:
    xml = replug.put(XML, rule)
    found = seen(xml, XML)  # the running machine does not know it yet
    page = sheet(found, rule.key)
    assert page.device and page.state is pages.ONLY_LATER and rule.called in str(page.title)
    change = pages.removal(page, seen(xml))
    assert change.edit is not None and change.edit(xml) == XML
    changed = hardware.parse(edited(seen(xml), rule.key, {"sure": True}))
    assert changed.usb_rules == (replace(rule, sure=True),)


def test_a_device_known_by_its_number_is_not_found_again() -> None:
    xml = XML.replace("<vendor id='0x046d'/><product id='0xc52b'/>", "<address bus='1' device='4'/>")
    page = sheet(seen(xml), "hostdev/usb/1-4")
    assert "not found again" in str(page.note) and "again" not in {field.name for field in page.fields}


# ---------------------------------------------------------------- mediated devices


def test_one_that_is_there_or_a_new_one() -> None:
    one = kind("mdev", HostDevices(mdev=(MDEV,), slices=(SLICE, FULL)))
    first = adding.first(one)
    assert [field.name for field in one.fields] == ["device", "new", "kind", "lasting"] and first["new"] is False
    assert MDEV.uuid in one.make(first)[1] and one.before(first) is None
    new = {**first, "new": True}
    what, fragment = one.make(new)
    assert MDEV.uuid not in fragment and str(what).removeprefix("Mediated device ") in fragment
    before = one.before(new)
    assert before is not None and str(before[0]) == "Making a mediated device of NVIDIA TU104GL"
    kinds = next(field for field in one.fields if field.name == "kind")
    assert [str(words) for _, words in kinds.choices] == [
        "GRID T4-1B (nvidia-222) of NVIDIA TU104GL, 2 left",
        "GRID T4-16Q (nvidia-230) of NVIDIA TU104GL, 0 left",
    ]
    assert [value for value, _why in kinds.off] == [FULL.key]
    with pytest.raises(EditError, match="None of this kind"):
        one.make({**new, "kind": FULL.key})


def test_one_that_a_machine_has_is_neither_given_nor_deleted() -> None:
    one = kind("mdev", HostDevices(mdev=(MDEV,), slices=(SLICE,)), holders={MDEV.uuid: "render"})
    first = adding.first(one)
    assert first["new"] is True  # none is free
    with pytest.raises(EditError, match="render has it"):
        one.make({**first, "new": False})
    assert one.delete is not None
    uuid, why = one.delete(first)
    assert uuid == MDEV.uuid and "render has it" in str(why)
    free = kind("mdev", HostDevices(mdev=(MDEV,)))
    assert free.delete is not None and free.delete(adding.first(free)) == (MDEV.uuid, None)


def test_a_host_without_any_says_so() -> None:
    assert "no device that can be divided" in str(kind("mdev", HostDevices()).why)
    assert "divided up" in str(kind("mdev", HostDevices(slices=(FULL,))).why)
    new = kind("mdev", HostDevices(slices=(SLICE,)))
    assert new.why is None and [field.name for field in new.fields] == ["kind", "lasting"] and new.delete is None
    assert "gone when the host is restarted" in str(new.notes({**adding.first(new), "lasting": False})[1])
