"""A host's devices, as libvirt tells of them."""

from vmdesk.virtxml import host_devices

USB = """<device><name>usb_1_4</name><capability type='usb_device'><bus>1</bus><device>4</device>
<product id='0xc52b'>Unifying Receiver</product><vendor id='0x046d'>Logitech, Inc.</vendor></capability></device>"""
HUB = USB.replace("0x046d", "0x1d6b")
PCI = """<device><name>pci_0000_65_00_0</name><driver><name>nvidia</name></driver><capability type='pci'>
<class>0x030000</class><domain>0</domain><bus>101</bus><slot>0</slot><function>0</function>
<product id='0x1eb8'>TU104GL</product><vendor id='0x10de'>NVIDIA</vendor>
<capability type='mdev_types'><type id='nvidia-222'><name>GRID T4-1B</name><deviceAPI>vfio-pci</deviceAPI>
<availableInstances>16</availableInstances></type></capability>
<iommuGroup number='33'><address domain='0x0000' bus='0x65' slot='0x00' function='0x0'/>
<address domain='0x0000' bus='0x65' slot='0x00' function='0x1'/></iommuGroup></capability></device>"""
BRIDGE = "<device><name>b</name><capability type='pci'><capability type='pci-bridge'/></capability></device>"
MDEV = """<device><name>mdev_x</name><capability type='mdev'><type id='nvidia-222'/>
<uuid>5d5ef1f5-6d5b-4c93-8d9c-8c0a5a8fd1d5</uuid><iommuGroup number='7'/></capability></device>"""


def test_what_can_be_given_away() -> None:
    found = host_devices.parse([USB, HUB, PCI, BRIDGE, MDEV, "broken", "<!DOCTYPE a><device/>"])
    (usb,) = found.usb
    assert (usb.address, usb.what, usb.bus, usb.device) == ("046d:c52b", "Logitech, Inc. Unifying Receiver", 1, 4)
    (pci,) = found.pci
    assert (pci.address, pci.group, pci.driver) == ("0000:65:00.0", 33, "nvidia")
    assert pci.members == ("0000:65:00.0", "0000:65:00.1") and not pci.network
    assert pci.types == (("nvidia-222", "GRID T4-1B", 16),)
    (mdev,) = found.mdev
    assert (mdev.type, mdev.group) == ("nvidia-222", 7)
