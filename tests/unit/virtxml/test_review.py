"""Definitions from elsewhere: what reaches for the host is found, and gone unless it is ticked."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.unit.virtxml import wishes
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.review import Finding, apply, problems, review

SPARE = """<!-- before -->
<domain type="kvm" xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">
  <name>web</name>
  <uuid>5f2f7b6c-6d0a-4d0e-9d64-2f1f9d7f3a10</uuid>
  <metadata><note xmlns="urn:x" path="/etc/shadow">kept</note></metadata>
  <memory unit="MiB">512</memory>
  <!-- two -->
  <vcpu>2</vcpu>
  <os>
    <type arch="x86_64" machine="q35">hvm</type>
    OS
  </os>
  <devices>
    <!-- the drive -->
    <disk type="file" device="cdrom">
      <target dev="sda" bus="sata"/>
    </disk>
    <interface type="network">
      <mac address="52:54:00:00:00:01"/>
      <source network="default"/>
    </interface>
    DEVICES
    <rng model="virtio"><backend model="random">/dev/urandom</backend></rng>
  </devices>
  DOMAIN
</domain>
"""


def spare(devices: str = "", os: str = "", domain: str = "") -> str:
    text = SPARE
    for word, what in (("DEVICES", devices), ("OS", os), ("DOMAIN", domain)):
        text = re.sub(rf"(?m)^ *{word}\n", f"    {what}\n" if what else "", text)
    return text


def hostile() -> dict[str, dict[str, str]]:
    """[where] name = xml"""
    found: dict[str, dict[str, str]] = {}
    section = ""
    for line in (Path(__file__).parent / "hostile.txt").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line:
            name, _, xml = line.partition(" = ")
            found.setdefault(section, {})[name] = xml
    return found


HOSTILE = hostile()
DEVICES = HOSTILE["devices"]
CASES = [
    (f"{where}: {name}", spare(**{where: xml})) for where, all_of in HOSTILE.items() for name, xml in all_of.items()
]
EVIL = re.compile(
    r"/etc/|/tmp/|/dev/(?!urandom)|/srv/|/run/|/root|/home|/boot|/bin|evil|shadow|commandline|capabilit|0\.0\.0\.0"
)


def strip(xml: str) -> str:
    """Without what nobody minds."""
    return re.sub(r"<metadata>.*?</metadata>|xmlns:qemu=\"[^\"]*\"", "", xml)


@pytest.mark.parametrize(("name", "xml"), CASES, ids=[name for name, _ in CASES])
def test_hostile(name: str, xml: str) -> None:
    found = review(xml)
    assert found, "not found"
    for one in found:
        assert str(one.what) and str(one.why) and one.where.startswith("/domain/")
    assert len({one.id for one in found}) == len(found)
    clean = apply(xml, set())
    assert review(clean) == ()
    assert not EVIL.search(strip(clean)), clean
    # What was not named is still there, as it was.
    for kept in (
        "<!-- before -->",
        "<!-- two -->",
        "<!-- the drive -->",
        'path="/etc/shadow">kept</note>',
        "/dev/urandom",
    ):
        assert kept in clean
    assert apply(xml, {one.id for one in found}) == xml


def test_nothing_to_find() -> None:
    assert review(spare()) == ()
    assert apply(spare(), ()) == spare()


@pytest.mark.parametrize("case", wishes.CASES, ids=lambda case: case.name)
def test_our_own(case: wishes.Case) -> None:
    """Of ours: disks, kernels, loaders, the way past libvirt; nothing else."""
    made = case.build().first
    known = ("A disk of the host", "A medium of the host", "A kernel from a file of the host", "Its own firmware")
    known += ("Settings past libvirt", "A folder of the host", "What the container runs")
    assert {one.what.source for one in review(made)} <= set(known)


def test_one_ticked_the_others_gone() -> None:
    xml = spare(
        devices="<disk type='file'><source file='/srv/a.img'/><backingStore type='file'><source file='/srv/b.img'/>"
        "</backingStore><target dev='vda'/></disk><disk type='file' device='cdrom'><source file='/srv/c.iso'/>"
        "<target dev='sdb'/></disk><emulator>/tmp/x</emulator>"
    )
    found = {one.value.removeprefix("file="): one for one in review(xml)}
    assert set(found) == {"/srv/a.img", "type=file file=/srv/b.img", "/srv/c.iso", "/tmp/x"}
    only = etree.fromstring(apply(xml, {found["/srv/a.img"].id}))
    assert [source.get("file") for source in only.findall("devices/disk/source")] == ["/srv/a.img"]
    assert only.find("devices/disk/backingStore") is None and only.find("devices/emulator") is None
    # The drive stays, empty.
    assert len(only.findall("devices/disk[@device='cdrom']")) == 2
    assert etree.fromstring(apply(xml, {found["/srv/c.iso"].id})).find("devices/disk[@device='disk']") is None


def test_ids_hold_for_the_same_text() -> None:
    xml = spare(devices="<emulator>/a</emulator><hostdev mode='subsystem' type='usb'/><emulator>/b</emulator>")
    one, two, three = review(xml)
    assert [one.value, two.value, three.value] == ["/a", "mode=subsystem type=usb", "/b"]
    assert "/b" in apply(xml, {three.id}) and "/a" not in apply(xml, {three.id})


def test_passwords_are_not_shown() -> None:
    (found,) = review(spare(devices="<graphics type='vnc' passwd='sesame'/>"))
    assert isinstance(found, Finding) and "sesame" not in repr(found)
    other = review(spare(devices="<graphics type='sdl' passwd='sesame'/>"))
    assert other and "sesame" not in repr(other)


def test_harmless() -> None:
    for devices in (
        "<serial type='pty'/><console type='pty'><target type='serial' port='0'/></console>",
        "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
        "<channel type='spicevmc'/><graphics type='spice' listen='127.0.0.1'/>",
        "<graphics type='vnc'><listen type='none'/></graphics>",
        "<graphics type='vnc' listen='::1'/><graphics type='vnc' listen='localhost'/><audio id='1' type='none'/>",
        "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm><redirdev bus='usb' type='spicevmc'/>",
        "<interface type='direct'><source dev='eth0'/></interface><input type='tablet' bus='usb'/>",
        "<interface type='user'><backend type='passt'/><portForward proto='tcp' address='127.0.0.1'/></interface>",
    ):
        assert review(spare(devices=devices)) == (), devices
    domain = "<seclabel type='dynamic' model='dac' relabel='yes'/><sysinfo type='smbios'><bios/></sysinfo>"
    assert review(spare(domain=domain, os="<loader secure='yes'/><bootmenu enable='yes'/>")) == ()


def test_fresh_and_renamed() -> None:
    new = etree.fromstring(apply(spare(), (), fresh=True, name="web-2"))
    assert new.find("uuid") is None and new.find("devices/interface/mac") is None
    assert new.findtext("name") == "web-2" and new.find("devices/interface/source") is not None
    assert etree.fromstring(apply("<domain/>", (), name="a")).findtext("name") == "a"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("web", ".."), "for a folder"),
        (("web", "a/b"), "slash"),
        (("<name>web</name>", ""), "needs a name"),
        (("</name>", "</name><name>..</name>"), "more than one name"),
        ((">2<", ">0<"), "0 is not a number of processors"),
        ((">2<", ">99999<"), "99999 is not a number of processors"),
        ((">2<", ">-1<"), "-1 is not"),
        (("<vcpu>", "<vcpu current='4294967297'>"), "4294967297 is not"),
        ((">2<", ">two<"), "two is not"),
        ((">2<", "> <"), "“” is not"),
        ((">512<", ">99999999999999999999<"), "too large"),
        (("'sata'", "'sata' port='99999999999999999999'"), "too large"),
    ],
)
def test_what_libvirt_must_not_see(change: tuple[str, str], says: str) -> None:
    xml = spare().replace('"', "'").replace(*change)
    assert any(says in str(one) for one in problems(xml)), problems(xml)
    assert problems(spare()) == ()


@pytest.mark.parametrize(
    "xml", ["", "<a/>", "<!DOCTYPE a><domain/>", "<domain>", "x" * 5_000_000, "<domain xmlns='x'/>"]
)
def test_what_is_no_definition(xml: str) -> None:
    for look in (review, problems, lambda one: apply(one, ())):
        with pytest.raises(XmlError):
            look(xml)


@given(
    st.lists(st.sampled_from([*DEVICES.values(), "<!-- x -->", "<memballoon model='virtio'/>"]), max_size=8),
    st.randoms(),
)
def test_any_mixture_is_clean_afterwards(parts: list[str], chance) -> None:  # type: ignore[no-untyped-def]
    xml = spare(devices="".join(parts))
    found = review(xml)
    ticked = {one.id for one in found if chance.random() < 0.5}
    new = apply(xml, ticked)
    assert len(review(new)) <= len(ticked)
    assert apply(xml, {one.id for one in found}) == xml
    assert review(apply(xml, ())) == ()
