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


AT = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.4"
STICK = f"""<device><name>usb_1_1_4</name><path>{AT}</path><capability type='usb_device'><bus>1</bus><device>7</device>
<product id='0x1666'>DataTraveler</product><vendor id='0x0951'>Kingston</vendor></capability></device>"""
DISK = f"""<device><name>block_sdb</name><path>{AT}/1-1.4:1.0/host3/target3:0:0/3:0:0:0/block/sdb</path>
<capability type='storage'><block>/dev/sdb</block></capability></device>"""
OTHER_DISK = DISK.replace("1-1.4", "1-1.40").replace("sdb", "sdc")
KEYS = f"""<device><name>usb_1_1_4_1_0</name><path>{AT}/1-1.4:1.0</path><capability type='usb'><number>0</number>
<class>3</class><subclass>1</subclass><protocol>1</protocol></capability></device>"""


def test_where_a_usb_device_is_and_what_the_host_does_with_it() -> None:
    (plain,) = host_devices.parse([STICK, OTHER_DISK, KEYS.replace("<class>3", "<class>8")]).usb
    assert (plain.port, plain.typing, plain.disks, plain.mounted, plain.used) == ("1-1.4", False, (), False, False)
    (typing,) = host_devices.parse([STICK, KEYS]).usb
    assert typing.typing and typing.used
    for mounted, said in ((None, None), (frozenset({f"{AT}0/x"}), False), (frozenset({f"{AT}/1-1.4:1.0/x"}), True)):
        (stick,) = host_devices.parse([DISK, STICK], mounted).usb
        assert stick.disks == ("sdb",) and stick.mounted is said and stick.used is (said is not False)
    (named,) = host_devices.parse([USB]).usb
    assert named.port == "1-4"  # libvirt's name tells it, too


def test_what_a_device_can_be_divided_into() -> None:
    off = host_devices.parse(
        [PCI, MDEV.replace("<name>", "<parent>pci_0000_65_00_0</parent><name>")], off=frozenset({"mdev_x"})
    )
    (kind,) = off.slices
    assert (kind.key, kind.what, kind.name) == ("pci_0000_65_00_0/nvidia-222", "NVIDIA TU104GL", "GRID T4-1B")
    assert (kind.api, kind.left) == ("vfio-pci", 16)
    (mdev,) = off.mdev
    assert (mdev.parent, mdev.active) == ("pci_0000_65_00_0", False)
    assert host_devices.mdev_uuid(MDEV) == mdev.uuid and host_devices.mdev_uuid(USB) == ""
