"""Wishes that cannot be, and what is said of them, before libvirt sees anything."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.virtxml import wishes
from tests.unit.virtxml.wishes import BASE, DEBIAN11, KVM, PLAIN, WIN11
from vmdesk.model.abilities import HostAbilities
from vmdesk.model.network import Network
from vmdesk.model.sizes import GIB, KIB, MIB, TIB
from vmdesk.model.storage import Pool
from vmdesk.model.system import System
from vmdesk.model.wish import (
    Away,
    Cpu,
    DiskWish,
    Firmware,
    Forward,
    From,
    Here,
    Nets,
    NicWish,
    There,
    Wish,
)
from vmdesk.virtxml.build.checks import check, refused
from vmdesk.virtxml.build.complaint import Complaint, Weight

POOLS = (
    Pool("default", "1", available=30 * GIB, capacity=100 * GIB),
    Pool("small", "2", available=GIB, capacity=2 * GIB),
    Pool("off", "3", active=False),
)
HOST = replace(
    KVM, pools=POOLS, networks=(Network("default", "1"), Network("lab", "2")), free_memory=8 * GIB, memory=16 * GIB
)


def wish(**changes: object) -> Wish:
    return replace(BASE, **changes)  # type: ignore[arg-type]


def nic(**changes: object) -> tuple[NicWish, ...]:
    return (NicWish(**changes),)  # type: ignore[arg-type]


def user(*ways: Forward) -> tuple[NicWish, ...]:
    return nic(kind=Nets.USER, source="", forwards=ways)


def said(asked: Wish, host: HostAbilities = HOST, system: System = DEBIAN11) -> list[tuple[str, str]]:
    return [(one.field, str(one.what)) for one in check(asked, system, host) if one.weight is not Weight.WARNING]


def warned(asked: Wish, host: HostAbilities = HOST, system: System = DEBIAN11) -> list[tuple[str, str]]:
    return [(one.field, str(one.what)) for one in check(asked, system, host) if one.weight is Weight.WARNING]


def test_an_ordinary_wish_is_all_right() -> None:
    assert check(BASE, DEBIAN11, HOST) == ()
    for case in wishes.CASES:
        if case.name not in ("container", "container-sealed-off", "windows11-bios"):
            assert not refused(check(case.wish, case.system, case.host)), case.name


BAD = [
    (wish(name=""), "name", "needs a name"),
    (wish(name=".."), "name", "for a folder"),
    (wish(name="a/b"), "name", "slash"),
    (wish(name="-rf"), "name", "option"),
    (wish(name="a" * 300), "name", "too long"),
    (wish(name="a" * 198, count=3, nics=nic()), "name", "too long"),
    (wish(name="lab-{30..01}", uuid="", nics=nic()), "name", "backwards"),
    (wish(name="lab-{0001..9999}", uuid="", nics=nic()), "name", "Between 1 and 999"),
    (wish(count=0), "count", "Between 1 and 999"),
    (wish(count=-5), "count", "Between 1 and 999"),
    (wish(count=1000), "count", "Between 1 and 999"),
    (wish(name="lab-{01..03}", count=5, uuid="", nics=nic()), "count", "for 3 machines, but 5"),
    (wish(count=2, nics=nic()), "uuid", "same UUID"),
    (wish(count=2, uuid=""), "nics", "same MAC"),
    (wish(count=2, uuid="", nics=user(Forward(1, 1))), "nics", "same port"),
    (wish(uuid="not-one"), "uuid", "not a UUID"),
    (wish(media=None), "media", "Choose the ISO"),
    (wish(source=From.LOCATION), "media", "address"),
    (wish(source=From.LOCATION, media=Away("file:///etc/passwd")), "media", "begins with http"),
    (wish(source=From.LOCATION, media=Away("https://")), "media", "begins with http"),
    (wish(source=From.LOCATION, media=Away("http://a b/")), "media", "begins with http"),
    (wish(source=From.LOCATION, media=Away("http://a:99999/")), "media", "begins with http"),
    (wish(source=From.LOCATION, media=Away("http://[::1")), "media", "begins with http"),
    (wish(source=From.KERNEL), "kernel", "Choose the kernel"),
    (wish(source=From.DISK, media=None), "media", "Choose the disk"),
    (wish(source=From.CLOUD, media=None), "media", "Choose the cloud"),
    (wish(source=From.XML, media=None), "media", "Choose the file"),
    (wish(source=From.PXE, nics=()), "nics", "needs a network card"),
    (wish(media=Here("/srv/a\nb.iso")), "media", "rename it"),
    (wish(media=There("default", "a\x01.iso")), "media", "rename it"),
    (wish(kernel=Here("/a\udc80")), "kernel", "rename it"),
    (wish(append="a\nb"), "append", "one line"),
    (wish(append="x" * 2048), "append", "too long"),
    (wish(arch="sparc64"), "arch", "cannot run sparc64"),
    (wish(kind="xen"), "kind", "cannot run xen"),
    (wish(arch="aarch64", kind="kvm"), "kind", "cannot run kvm"),
    (wish(machine="pc-q35-99"), "machine", "no machine type"),
    (wish(arch="aarch64", firmware=Firmware.SECURE), "firmware", "x86 only"),
    (wish(machine="pc", firmware=Firmware.SECURE), "firmware", "q35"),
    (wish(arch="aarch64", firmware=Firmware.BIOS), "firmware", "no BIOS"),
    (wish(vcpus=-1), "vcpus", "between 1 and 288"),
    (wish(vcpus=289), "vcpus", "between 1 and 288"),
    (wish(vcpus=2**32 + 1), "vcpus", "between 1 and 288"),
    (wish(vcpus=256, machine="pc"), "vcpus", "between 1 and 255"),
    (wish(cpu="EPYC'/><x"), "cpu", "not the name"),
    (wish(cpu=""), "cpu", "not the name"),
    (wish(memory_kib=-1), "memory_kib", "at least 64 MiB"),
    (wish(memory_kib=63 * MIB // KIB), "memory_kib", "at least 64 MiB"),
    (wish(memory_kib=2**60), "memory_kib", "more than any machine can have: at most 4096T"),
    (wish(memory_kib=(4096 * TIB) // KIB), "memory_kib", "more than all the host's memory"),
    (wish(memory_kib=17 * GIB // KIB), "memory_kib", "17 GiB is more than all the host's memory (16 GiB)"),
    (wish(disks=(DiskWish(-1),)), "disks[0].bytes", "negative"),
    (wish(disks=(DiskWish(), DiskWish(512))), "disks[1].bytes", "at least 1 MiB"),
    (wish(disks=(DiskWish(65 * TIB),)), "disks[0].bytes", "at most 64 TiB"),
    (wish(disks=(DiskWish(40 * GIB, full=True),)), "disks", "has 30 GiB left, the disks take 40 GiB at once"),
    (wish(disks=(DiskWish(20 * GIB, full=True),) * 2), "disks", "take 40 GiB"),
    (wish(disks=(DiskWish(2 * GIB, "small", full=True),)), "disks", "pool small has 1 GiB"),
    (wish(disks=(DiskWish(pool="gone"),)), "disks[0].pool", "no pool gone"),
    (wish(disks=(DiskWish(bus="warp"),)), "disks[0].bus", "no disk bus"),
    (wish(disks=(DiskWish(format="vmdk"),)), "disks[0].format", "qcow2 or raw"),
    (wish(disks=(DiskWish(name="../x"),)), "disks[0].name", "not the name of a file"),
    (wish(disks=(DiskWish(name=".."),)), "disks[0].name", "not the name of a file"),
    (wish(disks=(DiskWish(MIB),) * 61), "disks", "at most 60"),
    (wish(machine="pc", disks=(DiskWish(MIB, bus="ide"),) * 4), "disks", "three disks and a CD"),
    (wish(nics=nic(mac="52:54:00")), "nics[0].mac", "six pairs"),
    (wish(nics=nic(mac="525400123456")), "nics[0].mac", "six pairs"),
    (wish(nics=nic(mac="53:54:00:00:00:01")), "nics[0].mac", "multicast"),
    (wish(nics=nic(mac="ff:ff:ff:ff:ff:ff")), "nics[0].mac", "multicast"),
    (wish(nics=nic(mac="00:00:00:00:00:00")), "nics[0].mac", "zeros"),
    (wish(nics=nic(mac=wishes.MAC) + nic(mac=wishes.MAC.upper())), "nics[0].mac", "twice"),
    (wish(nics=nic(model="a b")), "nics[0].model", "not the name of a card"),
    (wish(nics=nic(source="nowhere")), "nics[0].source", "no network nowhere"),
    (wish(nics=nic(source=" ")), "nics[0].source", "Say which"),
    (wish(nics=nic(kind=Nets.BRIDGE, source="a-very-long-bridge")), "nics[0].source", "15"),
    (wish(nics=nic(forwards=(Forward(1, 1),))), "nics[0].forwards", "Only a user-mode"),
    (wish(nics=nic() * 29), "nics", "at most 28"),
    (wish(nics=user(Forward(0, 22))), "nics[0].forwards[0]", "0 is not a port"),
    (wish(nics=user(Forward(2222, 65536))), "nics[0].forwards[0]", "65536 is not a port"),
    (wish(nics=user(Forward(-2, 22))), "nics[0].forwards[0]", "-2 is not a port"),
    (wish(nics=user(Forward(22, 22, "sctp"))), "nics[0].forwards[0]", "tcp or udp"),
    (wish(nics=user(Forward(2222, 22), Forward(2222, 80))), "nics[0].forwards[0]", "twice"),
    (wish(nics=user(Forward(2222, 22), Forward(2222, 80))), "nics[0].forwards[1]", "twice"),
    (wish(nics=user(Forward(2222, 22, "tcp", "::1"))), "nics[0].forwards[0]", "not an address"),
    (wish(nics=user(Forward(2222, 22, "tcp", "127.0.0.1,x=y"))), "nics[0].forwards[0]", "not an address"),
    (wish(nics=user(Forward(2222, 22, "tcp", ""))), "nics[0].forwards[0]", "not an address"),
    (wish(displays=("gopher",)), "displays", "no display"),
    (wish(displays=("vnc", "vnc")), "displays", "once"),
    (wish(displays=("none", "vnc")), "displays", "no display"),
    (wish(title="a\nb"), "title", "one line"),
    (wish(description="x" * 70_000), "description", "too long"),
]


@pytest.mark.parametrize(("asked", "field", "says"), BAD)
def test_refused(asked: Wish, field: str, says: str) -> None:
    found = said(asked)
    assert any(where == field and says in what for where, what in found), found
    assert refused(check(asked, DEBIAN11, HOST))


@pytest.mark.parametrize(
    ("asked", "field", "says"),
    [
        (wish(name="42"), "name", "number"),
        (wish(vcpus=8), "vcpus", "more than the host's 4"),
        (wish(memory_kib=9 * GIB // KIB), "memory_kib", "9 GiB is more than what is free now (8 GiB)"),
        (wish(count=10, uuid="", nics=nic(), memory_kib=2 * GIB // KIB), "memory_kib", "10 machines of 2 GiB"),
        (wish(disks=(DiskWish(40 * GIB),)), "disks", "may grow to 40 GiB"),
        (wish(count=3, uuid="", nics=nic(), disks=(DiskWish(20 * GIB),)), "disks", "may grow to 60 GiB"),
        (wish(nics=user(Forward(8080, 80, "tcp", "0.0.0.0"))), "nics[0].forwards[0]", "open to everybody"),
        (wish(arch="aarch64"), "kind", "is emulated"),
    ],
)
def test_warned(asked: Wish, field: str, says: str) -> None:
    assert any(where == field and says in what for where, what in warned(asked)), warned(asked)
    assert said(asked) == []


def test_linked_disks_are_counted_once() -> None:
    asked = wish(count=3, uuid="", nics=nic(), disks=(DiskWish(20 * GIB),), linked=True)
    assert check(asked, DEBIAN11, HOST) == ()


def test_what_a_system_asks_for() -> None:
    found = warned(wish(firmware=Firmware.BIOS, tpm=False, memory_kib=MIB, disks=(DiskWish(GIB),)), system=WIN11)
    assert [where for where, _ in found] == ["firmware", "tpm"]
    needy = replace(DEBIAN11, minimum=wishes.Needs(2, 2 * GIB, 10 * GIB))
    found = warned(wish(memory_kib=MIB, vcpus=1, disks=(DiskWish(GIB),)), system=needy)
    assert [where for where, _ in found] == ["vcpus", "memory_kib", "disks[0].bytes"]


def test_more_memory_than_there_is_can_be_confirmed() -> None:
    asked = wish(memory_kib=17 * GIB // KIB)
    (one,) = check(asked, DEBIAN11, HOST)
    assert one.weight is Weight.CONFIRM and refused([one])
    (one,) = check(asked, DEBIAN11, HOST, confirmed=True)
    assert one.weight is Weight.WARNING and not refused([one])


def test_what_only_the_machines_own_abilities_tell() -> None:
    can = wishes.abilities("x86_64", "kvm", "q35", HOST)
    without = replace(can, loaders=(), common=replace(can.common, firmware=(), tpm=()))
    found = check(wish(firmware=Firmware.UEFI, tpm=True), DEBIAN11, HOST, without)
    assert [one.field for one in found] == ["firmware", "tpm"]
    assert check(wish(firmware=Firmware.UEFI, tpm=True), DEBIAN11, HOST, can) == ()
    for name in ("a,b", "a\\b"):
        (odd,) = check(wish(name=name, tpm=True), DEBIAN11, HOST, can)
        assert odd.field == "name" and "swtpm" in str(odd.what)
        assert check(wish(name=name), DEBIAN11, HOST, can) == ()


def test_kvm_that_does_not_work() -> None:
    assert ("kind", "KVM does not work on this host: choose emulation.") in said(wish(kind="kvm"), PLAIN)
    assert said(wish(kind="kvm"), HOST) == []


def test_forwards_without_passt_are_told() -> None:
    ((field, words),) = warned(wish(nics=user(Forward(2222, 22))), replace(HOST, passt=False))
    assert field == "nics[0].forwards" and "passt" in words
    assert warned(wish(nics=user(Forward(2222, 22))), replace(HOST, passt=True)) == []


def test_the_users_own_daemon() -> None:
    own = replace(HOST, session=True, passt=True)
    assert [field for field, _ in said(wish(nics=nic(kind=Nets.MACVTAP, source="eth0")), own)] == ["nics[0].kind"]
    assert [field for field, _ in warned(wish(nics=user(Forward(80, 80))), own)] == ["nics[0].forwards[0]"]


_big = st.integers(-(2**70), 2**70)
_disks = st.builds(
    DiskWish,
    bytes=st.one_of(st.integers(0, 9 * GIB), _big),
    name=st.one_of(st.just(""), st.text(max_size=9)),
    format=st.sampled_from(("", "qcow2", "raw", "vdi")),
)
_nics = st.builds(
    NicWish,
    mac=st.one_of(st.just(""), st.from_regex(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", fullmatch=True), st.text(max_size=17)),
    source=st.one_of(st.just("lab"), st.text(max_size=20)),
)
_media = st.one_of(st.none(), st.builds(Here, st.text(max_size=20)), st.builds(Away, st.text(max_size=30)))


@given(
    st.builds(
        Wish,
        name=st.one_of(st.text(min_size=1, max_size=9), st.text("ab-{}.0123", max_size=12)),
        count=st.one_of(st.just(1), st.integers(-2, 2000)),
        vcpus=st.one_of(st.integers(0, 9), _big),
        memory_kib=st.one_of(st.integers(0, 8 * GIB // KIB), _big),
        append=st.text(max_size=9),
        cpu=st.one_of(st.sampled_from(Cpu), st.text(max_size=10)),
        disks=st.lists(_disks, max_size=3).map(tuple),
        nics=st.lists(_nics, max_size=3).map(tuple),
        media=_media,
        source=st.sampled_from((From.CDROM, From.EMPTY, From.PXE)),
        title=st.text(max_size=10),
        uuid=st.one_of(st.just(""), st.uuids().map(str), st.text(max_size=36)),
    )
)
def test_what_passes_can_be_built(asked: Wish) -> None:
    """Nothing that is typed raises anything; what is let through is a definition with that name."""
    found = check(asked, DEBIAN11, HOST)
    assert all(isinstance(one, Complaint) and str(one.what) and one.field for one in found)
    if not refused(found):
        xml = wishes.made(asked, DEBIAN11, HOST, wishes.INSTALL).first
        assert wishes.name_in(xml) == asked.name


def test_a_disk_that_is_there_needs_no_room() -> None:
    """It may grow in its own place; the default size of new disks is none of its business."""
    tight = replace(HOST, pools=(Pool("default", "1", available=GIB, capacity=2 * GIB),))
    imported = replace(BASE, source=From.DISK, media=Here("/d.qcow2"))
    assert not [
        one
        for one in check(imported, DEBIAN11, tight, wishes.abilities("x86_64", "kvm", "q35", KVM))
        if one.field == "disks"
    ]
    grown = replace(imported, disks=(DiskWish(5 * GIB, copy=True),))
    assert [
        one
        for one in check(grown, DEBIAN11, tight, wishes.abilities("x86_64", "kvm", "q35", KVM))
        if one.field == "disks"
    ]
