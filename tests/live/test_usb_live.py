"""A USB rule on a real QEMU; a device that is not there is refused. (No host of the tests has a USB device.)"""

import pytest

from tests.live.test_edit_live import Guests, apply, both, found, pending
from vmdesk.model.errors import VirtError
from vmdesk.model.host_devices import HostUsb
from vmdesk.model.replug import UsbRule
from vmdesk.virt import replug
from vmdesk.virtxml import replug as replug_xml

pytestmark = pytest.mark.live
CAM = HostUsb("usb_1_4", "046d", "0825", "Webcam C270", 1, 7, "1-4")


def test_the_rule_is_there_at_once_and_what_is_not_plugged_in_is_refused(make_guest: Guests) -> None:
    guest = make_guest("usb", memory=64, devices="<controller type='usb' model='qemu-xhci'/>")
    rules = (UsbRule(CAM.vendor, CAM.product), UsbRule(port=CAM.port, sure=True))
    assert both(apply(guest, *map(replug.keep, rules))) == [(True, True)] * 2
    assert found(guest).usb_rules == found(guest, stored=True).usb_rules == rules
    assert pending(guest) == []
    for rule in rules:
        with pytest.raises(VirtError):
            apply(guest, replug.give(rule, CAM))
    assert replug_xml.live(guest.ask(lambda domain: str(domain.XMLDesc(0)))) == ()
    apply(guest, *map(replug.forget, rules))
    assert found(guest).usb_rules == found(guest, stored=True).usb_rules == ()
