"""The rules about USB devices in a definition: read, written and taken out without a trace."""

import pytest

from vmdesk.model.host_devices import HostUsb
from vmdesk.model.replug import LiveUsb, UsbRule
from vmdesk.virtxml import difference, domain, replug
from vmdesk.virtxml.document import root
from vmdesk.virtxml.edit import replug as edit

XML = """<domain type='kvm'>
  <name>web</name>
  <memory>1024</memory>
  <devices>
    <emulator>/usr/bin/qemu</emulator>
  </devices>
</domain>
"""
OTHERS = XML.replace("  <memory>", "  <metadata><x:y xmlns:x='urn:x'/></metadata>\n  <memory>")
A, B = UsbRule("046d", "c52b"), UsbRule(port="1-1.4", sure=True)


@pytest.mark.parametrize("xml", [XML, OTHERS])
def test_there_and_back(xml: str) -> None:
    one = edit.put(xml, A)
    both = edit.put(one, B)
    assert replug.parse(root(both)) == (A, B) == domain.parse(both)[0].usb_rules
    assert edit.put(both, A) == both
    assert edit.remove(both, "1-1.4") == one and edit.remove(one, "046d:c52b") == xml
    assert edit.remove(xml, "1-1.4") == xml
    sure = UsbRule("046d", "c52b", sure=True)
    assert replug.parse(root(edit.put(both, sure))) == (sure, B)


def test_what_libvirt_is_given_and_gives_back() -> None:
    element = replug.build((A, B))
    assert element == '<usb><device vendor="046d" product="c52b"/><device port="1-1.4" sure="yes"/></usb>'
    assert replug.build(()) is None
    inner = element.replace("usb>", "v:usb>").replace("<device", "<v:device")
    inner = inner.replace("<v:usb>", f"<v:usb xmlns:v='{replug.NAMESPACE}'>")
    assert replug.parse(root(f"<domain><metadata>{inner}</metadata></domain>")) == (A, B)


def test_what_somebody_spoilt_is_no_rule() -> None:
    inner = "<device/><device vendor='1'/><device port='x'/><device port='1-2'/><device port='1-2' sure='yes'/>"
    xml = f"<domain><metadata><usb xmlns='{replug.NAMESPACE}'>{inner}</usb></metadata></domain>"
    assert replug.parse(root(xml)) == (UsbRule(port="1-2"),)


def test_what_a_running_machine_has() -> None:
    given = edit.given(HostUsb("usb_1_4", "046d", "c52b", "x", 1, 7, "1-4"), A)
    by_port = edit.given(HostUsb("usb_1_4", "046d", "c52b", "x", 1, 8, "1-1.4"), B)
    other = "<hostdev mode='subsystem' type='pci'><source><address bus='1'/></source></hostdev><hostdev type='usb'/>"
    xml = f"<domain><devices>{given}{by_port}{other}</devices></domain>"
    first, second = replug.live(xml)
    assert first == LiveUsb("hostdev/usb/046d:c52b", "046d", "c52b", 1, 7, "ua-vmdesk-usb-046d_c52b")
    assert second == LiveUsb("hostdev/usb/1-8", "", "", 1, 8, "ua-vmdesk-usb-1_1_4")
    assert first.came_by(A) and second.came_by(B) and not first.came_by(B) and not second.came_by(A)


def test_what_was_missing_at_the_start_is_nowhere() -> None:
    source = "<source startupPolicy='optional' missing='yes'><vendor id='0x046d'/><product id='0xc52b'/>"
    element = f"<hostdev type='usb'>{source}<address bus='1' device='7'/></source></hostdev>"
    (live,) = replug.live(f"<domain><devices>{element}</devices></domain>")
    assert (live.bus, live.device) == (0, 0) and live.came_by(A)


def test_what_libvirt_adds_while_it_runs_waits_for_no_restart() -> None:
    ids = "<vendor id='0x046d'/><product id='0xc52b'/>"
    kept = f"<hostdev mode='subsystem' type='usb'><source startupPolicy='optional'>{ids}</source></hostdev>"
    stored = XML.replace("  </devices>", f"    {kept}\n  </devices>")
    for source in (
        f"<source startupPolicy='optional' missing='yes'>{ids}</source>",
        f"<source>{ids}<address bus='1' device='7'/></source><alias name='{A.alias}'/>",
    ):
        running = XML.replace("  </devices>", f"<hostdev mode='subsystem' type='usb'>{source}</hostdev></devices>")
        assert difference.differences(running, stored, running=True) == ()
    (rule,) = difference.differences(XML, edit.put(XML, B))
    assert (str(rule.what), rule.new, rule.scope) == (
        "USB devices given again when they are plugged in",
        "1-1.4",
        ("metadata",),
    )
