"""From domain XML to what lists show."""

import pytest

from vmdesk.model.domain import Disk, Graphics, Labels, Nic
from vmdesk.virtxml import domain
from vmdesk.virtxml.document import XmlError

FULL = """<domain type='kvm' id='7'>
  <name>web</name><title>The shop</title><description>first line
second</description>
  <metadata>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
      <libosinfo:os id="http://debian.org/debian/12"/></libosinfo:libosinfo>
    <vmdesk:labels xmlns:vmdesk="https://vmdesk.org/xmlns/1"><!-- by hand -->
      <vmdesk:notes>call Ann</vmdesk:notes><vmdesk:group>shop</vmdesk:group>
      <vmdesk:tag>web</vmdesk:tag><vmdesk:tag> </vmdesk:tag><vmdesk:tag>prod</vmdesk:tag></vmdesk:labels>
  </metadata>
  <memory unit='MiB'>2048</memory><currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu placement='static' current='2'>4</vcpu>
  <os firmware='efi'><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <cpu mode='host-passthrough'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/img/web.qcow2'/>
      <backingStore type='file'><source file='/img/base.qcow2'/></backingStore><target dev='vda'/></disk>
    <disk type='volume'><source pool='fast' volume='data'/><target dev='vdb'/></disk>
    <disk type='network'><source protocol='rbd' name='p/i'><host name='ceph' port='6789'/></source>
      <target dev='vdc'/></disk>
    <disk type='file' device='cdrom'><target dev='sda'/><readonly/></disk>
    <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default' bridge='virbr0'/>
      <target dev='vnet3'/><model type='virtio'/></interface>
    <interface type='direct'><mac address='52:54:00:00:00:02'/><source dev='eth0' mode='bridge'/></interface>
    <interface type='user'/>
    <graphics type='spice' port='5901' listen='127.0.0.1'><listen type='address' address='127.0.0.1'/></graphics>
    <graphics type='vnc' port='-1' autoport='yes'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
  </devices>
  <seclabel type='dynamic' model='apparmor'><label>libvirt-1</label></seclabel><seclabel type='none'/>
</domain>"""


def test_everything_that_lists_show() -> None:
    definition, labels = domain.parse(FULL)
    assert labels == Labels("The shop", "first line\nsecond", "call Ann", "shop", ("web", "prod"))
    assert (definition.vcpus, definition.max_vcpus) == (2, 4)
    assert (definition.memory_kib, definition.max_memory_kib) == (1048576, 2097152)
    assert (definition.kind, definition.arch, definition.machine) == ("kvm", "x86_64", "pc-q35-7.2")
    assert (definition.os_name, definition.firmware, definition.cpu_mode) == ("Debian 12", "efi", "host-passthrough")
    assert definition.disks == (
        Disk("vda", "disk", "/img/web.qcow2", "qcow2", False),
        Disk("vdb", "disk", "fast/data", "", False),
        Disk("vdc", "disk", "rbd://ceph:6789/p/i", "", False),
        Disk("sda", "cdrom", "", "", True),
    )
    assert definition.nics == (
        Nic("52:54:00:00:00:01", "network", "default", "virtio", "vnet3"),
        Nic("52:54:00:00:00:02", "direct", "eth0", "", ""),
        Nic("", "user", "", "", ""),
    )
    assert definition.graphics == (Graphics("spice", 5901, "127.0.0.1"), Graphics("vnc", 0, ""))
    assert definition.security == (("apparmor", "libvirt-1"),)
    assert definition.agent and not definition.vdagent


def test_the_clipboard_channel_of_qemu() -> None:
    found, _labels = domain.parse("<domain><devices><channel type='qemu-vdagent'/></devices></domain>")
    assert found.vdagent and not found.agent


def test_the_least_domain() -> None:
    definition, labels = domain.parse("<domain><name>x</name></domain>")
    assert labels == Labels()
    assert (definition.vcpus, definition.max_vcpus, definition.memory_kib) == (1, 1, 0)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nonsense",
        "<domain>",
        "<network/>",
        "<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><domain>&x;</domain>",
        "<domain>" + " " * 5_000_000 + "</domain>",
        "<domain>" + "<a>" * 400 + "</a>" * 400 + "</domain>",
    ],
)
def test_what_is_no_domain_is_refused(bad: str) -> None:
    with pytest.raises(XmlError):
        domain.parse(bad)


@pytest.mark.parametrize(
    ("os", "firmware"),
    [
        ("<os><loader type='pflash'>/x</loader><nvram>/y</nvram></os>", "efi"),
        ("<os><loader type='rom'>/x</loader></os>", "bios"),
        ("<os firmware='bios'/>", "bios"),
        ("<os/>", ""),
        ("", ""),
    ],
)
def test_firmware(os: str, firmware: str) -> None:
    assert domain.parse(f"<domain>{os}</domain>")[0].firmware == firmware


def test_which_cpus_of_the_host() -> None:
    tune = "<cputune><shares>9</shares><vcpupin vcpu='1' cpuset='0-1'/><emulatorpin cpuset='3'/></cputune>"
    definition, _ = domain.parse(f"<domain type='kvm'><vcpu cpuset='0-3'>2</vcpu>{tune}</domain>")
    assert (definition.cpuset, definition.pins) == ("0-3", ((1, "0-1"), (-2, "3")))
    odd = "<cputune><vcpupin vcpu='x' cpuset='0'/><vcpupin vcpu='0'/></cputune>"
    assert domain.parse(f"<domain type='kvm'>{odd}</domain>")[0].pins == ()
