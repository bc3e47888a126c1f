import pytest

from vmdesk.model.display import Channel, Display, TextDevice
from vmdesk.virtxml import displays
from vmdesk.virtxml.document import XmlError

XML = """
<domain type='kvm'><devices>
  <graphics type='dbus' p2p='yes'><gl enable='no'/></graphics>
  <graphics type='vnc' port='5901' autoport='yes' listen='127.0.0.1'>
    <listen type='address' address='127.0.0.1'/></graphics>
  <graphics type='vnc' socket='/run/vnc.sock'><listen type='socket' socket='/run/vnc.sock'/></graphics>
  <graphics type='spice' port='-1' tlsPort='5910' autoport='yes'><listen type='none'/>
    <clipboard copypaste='no'/><filetransfer enable='no'/><gl enable='yes'/></graphics>
  <serial type='pty'><source path='/dev/pts/3'/><target type='isa-serial' port='0'><model name='isa-serial'/></target>
    <alias name='serial0'/></serial>
  <serial type='file'><source path='/tmp/x'/><target type='usb-serial' port='1'/></serial>
  <console type='pty' tty='/dev/pts/3'><target type='serial' port='0'/><alias name='serial0'/></console>
  <console type='pty'><target type='virtio' port='1'/><alias name='console1'/></console>
  <parallel type='pty'><target port='0'/></parallel>
  <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>
  <channel type='qemu-vdagent'><source><clipboard copypaste='yes'/><mouse mode='client'/></source>
    <target type='virtio' name='com.redhat.spice.0'/></channel>
  <video><model type='virtio' heads='2'/></video><video><model type='none'/></video>
  <input type='tablet' bus='usb'/>
</devices></domain>
"""


def test_every_door() -> None:
    found = displays.parse(XML)
    assert found.graphics == (
        Display("dbus", 0, p2p=True),
        Display("vnc", 1, "address", "127.0.0.1", 5901),
        Display("vnc", 2, "socket", socket="/run/vnc.sock"),
        Display("spice", 3, "none", tls_port=5910, gl=True, copy_paste=False, file_transfer=False),
    )
    assert found.texts == (
        TextDevice("serial0", "serial", "isa-serial", 0),
        TextDevice("serial1", "serial", "usb-serial", 1, "file"),
        TextDevice("console1", "console", "virtio", 1),
        TextDevice("parallel0", "parallel", "", 0),
    )
    assert [device.streams for device in found.texts] == [True, False, True, True]
    assert found.channels == (
        Channel("unix", "org.qemu.guest_agent.0", True),
        Channel("qemu-vdagent", "com.redhat.spice.0", None, True),
    )
    assert found.channel("com.redhat.spice.0") is found.channels[1]
    assert found.channel("nobody") is None
    assert found.heads == 2


def test_a_container_has_a_console_without_a_serial_port() -> None:
    xml = "<domain type='lxc'><devices><console type='pty'><target type='lxc' port='0'/></console></devices></domain>"
    assert displays.parse(xml).texts == (TextDevice("console0", "console", "lxc"),)


@pytest.mark.parametrize("xml", ["<domain/>", "<domain><devices/></domain>"])
def test_nothing(xml: str) -> None:
    found = displays.parse(xml)
    assert not found.graphics and not found.texts and not found.heads


def test_odd_values_are_nothing() -> None:
    xml = (
        "<domain><devices><graphics port='x'><listen/></graphics><serial/><channel/><video><model heads='-4'/></video>"
    )
    found = displays.parse(xml + "</devices></domain>")
    assert found.graphics == (Display("", 0),)
    assert found.texts == (TextDevice("serial0", "serial", source=""),)
    assert found.heads == 1


def test_what_is_not_a_domain() -> None:
    for xml in ("<network/>", "", "<!DOCTYPE a><domain/>"):
        with pytest.raises(XmlError):
            displays.parse(xml)
