"""Marks, snapshots, clones, layers and heads of qcow2 files."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from vmdesk.model.chain import Marks, Role
from vmdesk.model.snapshot import Kind, SnapshotDisk
from vmdesk.model.storage import Volume
from vmdesk.virtxml import clone, domain, layers, marks, qcow2, snapshots
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.layers import Layers

DOMAIN = """<domain type='kvm' id='7'><name>web</name><uuid>11111111-1111-1111-1111-111111111111</uuid>
<genid>22222222-2222-2222-2222-222222222222</genid><title>The web</title>
<metadata><m:marks xmlns:m='https://vmdesk.org/xmlns/marks/1' template='yes'/><x:y xmlns:x='urn:x'/></metadata>
<os><type arch='x86_64'>hvm</type><nvram template='/t.fd'>/v/web_VARS.fd</nvram><kernel>/k</kernel></os>
<sysinfo type='smbios'><system><entry name='uuid'>11111111-1111-1111-1111-111111111111</entry></system></sysinfo>
<devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/><source file='/p/o'/>
 <backingStore type='file'><format type='raw'/><source file='/p/base'/><backingStore/></backingStore>
 <target dev='vda' bus='virtio'/><boot order='1'/></disk>
<disk type='file' device='cdrom'><source file='/iso'/><target dev='sda'/><readonly/></disk>
<disk type='file' device='disk'><driver type='raw'/><source file='/p/s'/><target dev='vdb'/><shareable/></disk>
<interface type='network'><mac address='52:54:00:00:00:01'/><target dev='vnet3'/></interface>
<interface type='user'/>
<graphics type='vnc' port='5901' autoport='no'><listen type='address' address='127.0.0.1'/></graphics>
<channel type='unix'><source mode='bind' path='/run/domain-7-web/agent'/><target type='virtio' name='a'/></channel>
<serial type='pty'><log file='/var/log/web.log'/></serial>
<tpm model='tpm-crb'><backend type='emulator'/></tpm>
</devices></domain>"""
SNAPSHOT = f"""<domainsnapshot><name>s</name><description>why</description><state>shutoff</state>
<parent><name>r</name></parent><creationTime>1700000000</creationTime><memory snapshot='external' file='/p/mem'/>
<disks><disk name='vda' snapshot='external' type='file'><driver type='qcow2'/><source file='/p/o2'/></disk>
<disk name='vdb' snapshot='no'/></disks>{DOMAIN}</domainsnapshot>"""


def test_layers_of_a_definition() -> None:
    found = Layers()
    layers.of_domain(root(DOMAIN), "u", False, found)
    by_path = {one.path: one for one in found.uses}
    assert by_path["/p/o"].writable and not by_path["/iso"].writable and by_path["/p/s"].shared
    roles = {path: one.role for path, one in by_path.items()}
    assert roles == {
        "/p/o": Role.DISK,
        "/iso": Role.MEDIUM,
        "/p/s": Role.DISK,
        "/v/web_VARS.fd": Role.NVRAM,
        "/k": Role.BOOT,
        "": Role.TPM,
    }
    assert found.below == {"/p/o": ("/p/base", "raw"), "/p/base": ("", "")}
    assert layers.chain_of(root(DOMAIN), "vda") == (("/p/o", "/p/base"), False)


def test_a_snapshot_is_read_and_its_files_are_needed() -> None:
    one = snapshots.parse(SNAPSHOT, current=True)
    assert (one.name, one.parent, one.note, one.kind, one.memory) == ("s", "r", "why", Kind.EXTERNAL, "external")
    assert one.disks == (SnapshotDisk("vda", Kind.EXTERNAL, "/p/o", "qcow2", "/p/o2", "qcow2"),) and one.current
    found = Layers()
    layers.of_snapshot(root(SNAPSHOT), "u", found)
    assert {(use.role, use.path) for use in found.uses} == {
        (Role.FROZEN, "/p/o"),
        (Role.OVERLAY, "/p/o2"),
        (Role.MEMORY, "/p/mem"),
    }
    assert all(use.snapshot == "s" for use in found.uses)


def test_a_snapshot_is_written() -> None:
    made = snapshots.build("a & b", "<note>", disks=one_of_each(), memory="no")
    assert snapshots.parse(made.replace("</disks>", "</disks>")).note == "<note>"
    assert [disk.get("snapshot") for disk in root(made).findall("disks/disk")] == ["external", "no"]
    assert snapshots.parse(snapshots.with_note(SNAPSHOT, "new")).note == "new"
    assert snapshots.parse(snapshots.with_note(SNAPSHOT, "")).note == ""
    with pytest.raises(XmlError):
        snapshots.build("\0")


def one_of_each() -> list[SnapshotDisk]:
    return [SnapshotDisk("vda", Kind.EXTERNAL, "/p/o", "qcow2", "/p/x", "qcow2"), SnapshotDisk("vdb", Kind.NONE)]


def test_the_definition_after_a_revert_keeps_what_people_wrote() -> None:
    now = DOMAIN.replace("The web", "Another title").replace("/p/o'", "/p/now'")
    made = root(snapshots.definition(SNAPSHOT, now, {"vda": ("/p/fresh", "qcow2")}))
    assert made.findtext("title") == "Another title" and made.get("id") is None
    (first, cd, second) = made.findall("devices/disk")
    assert first.find("source").get("file") == "/p/fresh" and first.find("backingStore") is None  # type: ignore[union-attr]
    assert first.find("driver").get("cache") == "none" and first.find("boot") is not None  # type: ignore[union-attr]
    assert second.find("source").get("file") == "/p/s" and cd.find("source").get("file") == "/iso"  # type: ignore[union-attr]
    with pytest.raises(XmlError):
        snapshots.definition(SNAPSHOT, now, {"vdz": ("/p/fresh", "qcow2")})


def test_a_clone_has_nothing_that_must_be_its_own_twice() -> None:
    uuid = "33333333-3333-3333-3333-333333333333"
    macs = ("52:54:00:aa:aa:aa", "52:54:00:bb:bb:bb")
    xml = clone.definition(
        DOMAIN, name="web-2", uuid=uuid, macs=macs, disks={"vda": ("/p/c", "qcow2")}, nvram="/v/2.fd"
    )
    for old in (
        "11111111",
        "22222222",
        "00:00:00:01",
        "/p/o",
        "5901",
        "vnet3",
        "domain-7-web",
        "web.log",
        "template='yes'",
    ):
        assert old not in xml, old
    made = root(xml)
    assert clone.nvram(xml) == "/v/2.fd" and made.find("os/nvram").get("template") == "/t.fd"  # type: ignore[union-attr]
    assert [mac.get("address") for mac in made.findall("devices/interface/mac")] == list(macs)
    assert made.find("metadata/{urn:x}y") is not None and not domain.parse(xml)[0].template
    assert clone.nvram(clone.definition(DOMAIN, name="n", uuid=uuid, macs=macs, disks={})) == ""
    assert any("TPM" in str(one) for one in clone.shared(DOMAIN))
    with pytest.raises(XmlError):
        clone.definition(DOMAIN, name="n", uuid=uuid, macs=(), disks={})


@given(st.booleans(), st.one_of(st.just(0.0), st.integers(1, 2**40).map(float)), st.booleans())
def test_marks_come_back(template: bool, trashed: float, autostart: bool) -> None:
    wanted = Marks(template, trashed, autostart and bool(trashed))
    built = marks.build(wanted)
    element = etree.fromstring(built) if built else None
    around = etree.Element("domain")
    if element is not None:
        one = etree.SubElement(etree.SubElement(around, "metadata"), marks.TAG)
        one.attrib.update(element.attrib)
    assert marks.parse(around) == wanted


def test_a_spoilt_trash_mark_is_one() -> None:
    xml = f"<domain><metadata><m:marks xmlns:m='{marks.NAMESPACE}' trashed='?'/></metadata></domain>"
    assert marks.parse(root(xml)).trashed


def head(version: int = 3, backing: str = "", kind: str = "", size: int = 1 << 30) -> bytes:
    extension = struct.pack(">II", 0xE2792ACA, len(kind)) + kind.encode().ljust((len(kind) + 7) // 8 * 8, b"\0")
    rest = (extension if kind else b"") + bytes(8)
    start = 104 if version == 3 else 72
    name = backing.encode()
    fixed = b"QFI\xfb" + struct.pack(">IQIIQ", version, start + len(rest) if name else 0, len(name), 16, size)
    fixed = fixed.ljust(72, b"\0")
    if version == 3:
        fixed += struct.pack(">QQQII", 0, 0, 0, 4, 104)
    return fixed + rest + name


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(("backing", "kind"), [("", ""), ("/p/base", ""), ("base é.img", "raw"), ("b", "qcow2")])
def test_heads_of_qcow2_files(version: int, backing: str, kind: str) -> None:
    found = qcow2.parse(head(version, backing, kind if backing else ""))
    assert (found.version, found.capacity, found.backing, found.backing_format) == (version, 1 << 30, backing, kind)


@given(st.binary(max_size=300), st.integers(0, 200), st.binary(max_size=20))
def test_damaged_heads_are_no_heads_or_values(noise: bytes, at: int, over: bytes) -> None:
    for data in (noise, b"QFI\xfb" + noise, head(3, "/p/base", "raw")[:at] + over + head(3, "/p/base", "raw")[at:]):
        try:
            found = qcow2.parse(data)
        except qcow2.NotQcow2:
            continue
        assert len(found.backing) <= 1023


def test_where_a_job_copies_a_disk_to_is_used_too() -> None:
    running = root(
        "<domain><devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/a/d.img'/>"
        "<mirror type='file' job='copy' ready='yes'><format type='qcow2'/><source file='/b/d.qcow2'/></mirror>"
        "<target dev='vda'/></disk></devices></domain>"
    )
    found = Layers()
    layers.of_domain(running, "m", True, found)
    assert [(use.path, use.role, use.format, use.target) for use in found.uses] == [
        ("/a/d.img", Role.DISK, "raw", "vda"),
        ("/b/d.qcow2", Role.OVERLAY, "qcow2", "vda"),
    ]
    assert layers.chain_of(running, "vda") == (("/a/d.img",), True)


def canonical(xml: str) -> str:
    return etree.canonicalize(xml, with_comments=True)


def test_a_definition_with_one_disk_elsewhere() -> None:
    other = "<disk type='file' device='disk'><source file='/a/e.img'/><backingStore/><target dev='vdb'/></disk>"
    xml = (
        "<domain><name>n</name><!-- mine --><devices>{disk}" + other + "<odd:thing xmlns:odd='urn:odd'/></devices>"
        "</domain>"
    )
    old = (
        "<disk type='volume' device='disk'><driver name='qemu' type='qcow2' discard='unmap'/>"
        "<source pool='p' volume='d' startupPolicy='optional'><seclabel model='dac' relabel='no'/></source>"
        "<backingStore type='file'><source file='/a/b'/></backingStore><target dev='vda' bus='virtio'/></disk>"
    )
    new = (
        "<disk type='block' device='disk'><driver name='qemu' type='raw' discard='unmap'/>"
        "<source dev='/dev/fast/d' startupPolicy='optional'><seclabel model='dac' relabel='no'/></source>"
        "<target dev='vda' bus='virtio'/></disk>"
    )
    placed = layers.placed(xml.format(disk=old), "vda", Volume("fast", "d", "/dev/fast/d", "block", ""))
    assert canonical(placed) == canonical(xml.format(disk=new))
    bare = "<disk device='disk' type='file'><target dev='vda'/></disk>"
    told = root(layers.placed(xml.format(disk=bare), "vda", Volume("p", "d", "/p/d", format="qcow2")))
    found = Layers()
    layers.of_domain(told, "m", False, found)
    assert [(use.path, use.format) for use in found.uses] == [("/p/d", "qcow2"), ("/a/e.img", "")]
    with pytest.raises(XmlError):
        layers.placed(xml.format(disk=bare), "vdz", Volume("p", "d", "/p/d"))


@pytest.mark.parametrize(("kind", "word"), [("file", "file"), ("block", "dev")])
def test_where_a_disk_is_to_be_copied(kind: str, word: str) -> None:
    disk = root(layers.mirror(Volume("p", "a", "/p/a <&>", kind, "raw")))
    source, driver = disk.find("source"), disk.find("driver")
    assert source is not None and driver is not None
    assert (disk.get("type"), source.get(word), driver.get("type")) == (kind, "/p/a <&>", "raw")
