"""Edit, then the inverse edit: the identity. On documents that have everything that XML can have, everywhere."""

import string

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from tests.testbed import scale
from tests.unit.virtxml.editors import EDITORS, canonical, rest
from vmdesk.model import limits
from vmdesk.model.hardware import Topology
from vmdesk.virtxml import edit, hardware, secrets
from vmdesk.virtxml.edit import devices, machine
from vmdesk.virtxml.edit import limits as edit_limits
from vmdesk.virtxml.edit.tree import Definition

MANY = settings(
    max_examples=max(25, round(600 * scale.SCALE)),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

WORDS = st.text(string.ascii_letters + string.digits + " äß漢ạ'\"", max_size=12)
SPACE = st.sampled_from(["", "\n", "\n  ", "\n    ", " ", "\t", "\n\n"])
FOREIGN = st.sampled_from(
    [
        "<my:own xmlns:my='urn:x:own' my:a='1'>  kept &amp; <![CDATA[<as> it is]]></my:own>",
        "<!-- a <comment> -->",
        "<?pi some='thing'?>",
        '<x:empty xmlns:x="urn:x"/>',
        "<unknown a = '1'   b=\"'\" />",
        "<unknown><!-- in it --><deep>\n\n<![CDATA[]]>x</deep></unknown >",
    ]
)


NOTHING = st.just("")


def element(
    name: str, inner: st.SearchStrategy[str], attributes: st.SearchStrategy[str] = NOTHING
) -> st.SearchStrategy[str]:
    return st.builds(lambda said, given_: f"<{name}{given_}>{said}</{name}>", inner, attributes)


def container(*children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The children in any order, with anything between them."""
    between = st.lists(FOREIGN, max_size=2)

    def join(kids: list[str], others: list[list[str]], spaces: list[str]) -> str:
        out = ""
        for place, kid in enumerate(kids):
            out += spaces[place % len(spaces)] + kid + "".join(others[place % len(others)] if others else [])
        return out + spaces[-1]

    chosen = st.tuples(*(st.one_of(st.just(""), child) for child in children)).map(
        lambda found: [one for one in found if one]
    )
    return st.builds(
        join,
        chosen.flatmap(st.permutations),
        st.lists(between, min_size=1, max_size=4),
        st.lists(SPACE, min_size=1, max_size=4),
    )


MAC = "52:54:00:00:00:01"
DISK = st.sampled_from(
    [
        "<disk type='file' device='disk'><source file='/a.qcow2'/><target dev='vda' bus='virtio'/></disk>",
        "<disk type='file' device='disk'>\n  <driver name='qemu' type='raw'/><!-- c --><target dev='vda'/>"
        "<boot order='1'/></disk>",
    ]
)
CD = st.sampled_from(
    [
        "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>",
        "<disk device='cdrom' type='file'><source file='/a.iso'><!-- why --></source><target dev='sda'/></disk>",
    ]
)
NIC = st.sampled_from(
    [
        f"<interface type='network'><mac address='{MAC}'/><source network='default'/></interface>",
        f"<interface type='user'>\n      <mac address=\"{MAC}\"/>\n      <model type='e1000'/>\n    </interface>",
    ]
)
GRAPHICS = st.sampled_from(
    [
        "<graphics type='vnc' passwd='pw'/>",
        "<graphics type='spice' passwd=\"&lt;&quot;\"><listen type='none'/></graphics>",
    ]
)
DEVICES = element(
    "devices",
    container(DISK, CD, NIC, GRAPHICS, st.just("<memballoon model='virtio'/>"), st.just("<emulator>/q</emulator>")),
)
NUMBER = st.integers(1, 64).map(str)
DOMAINS = st.builds(
    lambda before, inner, after, crlf: (
        "<?xml version='1.0'?>\n<!-- " + before + " -->\n<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
        f"\n  <name>x</name>{inner}</domain>\n<!-- {after} -->\n"
    ).replace("\n", "\r\n" if crlf else "\n"),
    st.just("b"),
    container(
        element("title", WORDS),
        element("memory", st.integers(2, 4096).map(lambda mib: f" {mib} "), st.just(" unit='MiB'")),
        element("vcpu", NUMBER, st.sampled_from(["", " placement='static'"])),
        element("os", container(st.just("<type arch='x86_64' machine='pc'>hvm</type>"), st.just("<boot dev='hd'/>"))),
        element("features", container(st.just("<acpi/>"), st.just("<apic/>"))),
        element("cputune", container(st.just("<shares>7</shares>"), st.just("<vcpupin vcpu='0' cpuset='0'/>"))),
        element("metadata", container(FOREIGN)),
        DEVICES,
        st.just(
            "<qemu:commandline><qemu:arg value='-object'/><qemu:arg value='secret,id=a,data=s3cret'/>"
            "</qemu:commandline>"
        ),
    ),
    st.just("a"),
    st.booleans(),
)  # fmt: skip


@MANY
@given(DOMAINS)
def test_written_back_it_is_the_same_to_the_letter(xml: str) -> None:
    assert Definition(xml).text == xml


@MANY
@given(DOMAINS, st.sampled_from(EDITORS))
def test_every_editor_stays_in_its_subtree_and_can_be_undone(xml: str, editor) -> None:  # type: ignore[no-untyped-def]
    try:
        new = editor.edit(xml)
    except edit.EditError:
        return
    assert rest(new, editor.scope) == rest(xml, editor.scope)
    assert canonical(edit.take_over(new, xml, editor.scope)) == canonical(xml)
    assert Definition(new).text == new
    assert ("\r\n" in new) is ("\r\n" in xml) and "\r\n" not in new.replace("\r\n", "")
    assert new.count("<![CDATA[") + 3 > xml.count("<![CDATA[")


@MANY
@given(DOMAINS, st.sampled_from(["nic", "disk", "folder", "usb", "rng", "vsock"]))
def test_a_device_added_and_removed(xml: str, what: str) -> None:
    fragment = {
        "nic": devices.nic_fragment("network", "lab", "52:54:00:99:99:99"),
        "disk": devices.disk_fragment("vdq", "virtio", file="/q"),
        "folder": devices.folder_fragment("/srv", "tag"),
        "usb": devices.usb_fragment("1d6b", "0002"),
        "rng": devices.rng_fragment(),
        "vsock": devices.vsock_fragment(7),
    }[what]
    new = devices.add_device(xml, fragment)
    key = devices.key_of_added(xml, fragment)
    assert key in [one.key for one in _all(hardware.parse(new))]
    back = devices.remove_device(new, key)
    if "<devices" not in xml:
        back = edit.take_over(back, xml, ("devices",))
    assert canonical(back) == canonical(xml)


@MANY
@given(DOMAINS, st.integers(1, 32), st.integers(2, 9000), WORDS)
def test_a_value_changed_and_changed_back(xml: str, vcpus: int, mib: int, words: str) -> None:
    before = hardware.parse(xml)
    if before.memory.most_kib:
        new = machine.memory(xml, mib * 1024, mib * 1024)
        assert hardware.parse(new).memory.given_kib == mib * 1024
        back = machine.memory(new, before.memory.given_kib, before.memory.most_kib)
        assert hardware.parse(back) == before
    if "</vcpu>" in xml:
        new = machine.vcpus(xml, vcpus, max(vcpus, before.cpu.maximum))
        assert hardware.parse(new).cpu.count == vcpus
        back = machine.vcpus(new, before.cpu.count, before.cpu.maximum)
        assert canonical(back) == canonical(xml)
    # Blanks make no other title: one that says the same is left as it was written.
    new = machine.title(xml, words)
    assert hardware.parse(new).overview.title.split() == words.split()
    assert (
        hardware.parse(machine.title(new, before.overview.title)).overview.title.split()
        == before.overview.title.split()
    )


@MANY
@given(
    DOMAINS,
    st.sampled_from(
        [
            "cpu.period=50000",
            "cpu.quota=25%",
            "memory.hard=8G",
            "disk.vda.read-bytes=1M",
            "disk.vda.total-requests=50",
            f"nic.{MAC}.in=2M",
            "cpu.emulator-pin=0",
            "disk.weight=200",
            "memory.nodes=0",
        ]
    ),
)
def test_a_limit_set_and_taken_away(xml: str, words: str) -> None:
    setting = limits.parse(words)
    try:
        new = edit_limits.limit(xml, setting)
    except edit.EditError:
        assert "interface" not in xml or "vda" not in xml
        return
    back = edit_limits.limit(new, limits.parse(words.partition("=")[0] + "=none"))
    if "<cputune" in xml and "<shares" not in xml and "<vcpupin" not in xml:
        return  # an element that said nothing is gone
    assert canonical(back) == canonical(xml)


@MANY
@given(DOMAINS)
def test_switches_there_and_back(xml: str) -> None:
    for there, back in (
        (lambda one: machine.boot_menu(one, True), lambda one: machine.boot_menu(one, None)),
        (lambda one: machine.memory_locked(one, True), lambda one: machine.memory_locked(one, False)),
        (lambda one: machine.feature(one, "pae", True), lambda one: machine.feature(one, "pae", False)),
        (lambda one: devices.link(one, MAC, False), lambda one: devices.link(one, MAC, True)),
        (
            lambda one: machine.topology(one, Topology(hardware.parse(one).cpu.maximum, 1, 1, 1)),
            lambda one: machine.topology(one, None),
        ),
    ):
        try:
            new = there(xml)
        except edit.EditError:
            continue
        if any(f"<{tag}>" in xml and len(Definition(xml).domain.find(tag)) == 0 for tag in ("os", "features")):
            continue
        assert canonical(back(new)) == canonical(xml)


@MANY
@given(DOMAINS)
def test_secrets_hidden_and_carried_over(xml: str) -> None:
    hidden = secrets.hide(xml)
    assert "s3cret" not in hidden and "passwd='pw'" not in hidden and "&lt;&quot;" not in hidden
    back, missing = secrets.carry_over(hidden, xml)
    assert not missing and canonical(back) == canonical(xml)


@pytest.mark.parametrize(
    "words",
    [
        "cpu.foo=1",
        "cpu.shares",
        "cpu.shares=x",
        "disk.vda.foo=1",
        "nic.in=1",
        "cpu.pin.x=1",
        "disk..read-bytes=1",
        "cpu.quota=0%",
        "cpu.shares=99999999",
        "memory.mode=x",
        "cpu.pin.0=1-",
        "memory.hard=-1",
    ],
)
def test_what_is_no_limit(words: str) -> None:
    with pytest.raises(limits.LimitError):
        limits.parse(words)


@pytest.mark.parametrize(
    ("words", "value", "device"),
    [
        ("cpu.quota=50%", 50.0, ""),
        ("memory.hard=2G", 2 * 1024**2, ""),
        ("disk.vda.read-bytes=10M", 10 * 1024**2, "vda"),
        (f"nic.{MAC}.in=1M", 1024, MAC),
        ("cpu.pin.07=0-3,^1", "0-3,^1", "7"),
        ("memory.soft=none", None, ""),
    ],
)
def test_limits_are_read(words: str, value: object, device: str) -> None:
    setting = limits.parse(words)
    assert (setting.value, setting.device) == (value, device)
    assert limits.named(setting.key)[0] is setting.limit


def _all(found: hardware.Hardware) -> list:  # type: ignore[type-arg]
    return [
        one
        for name in found.__dataclass_fields__
        for one in (getattr(found, name) if isinstance(getattr(found, name), tuple) else ())
    ]
