"""The definitions that wishes become, as golden files; the choices and what must hold for all of them."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from tests.unit.virtxml import wishes
from tests.unit.virtxml.wishes import CASES, GOLDEN, Case, made
from vmdesk.model.abilities import HostAbilities
from vmdesk.model.sizes import GIB, KIB
from vmdesk.model.system import Needs, System
from vmdesk.model.wish import Cpu, Firmware, Forward, From, Nets, NicWish, Wish
from vmdesk.virtxml import displays, domain, edit
from vmdesk.virtxml.build import forwards
from vmdesk.virtxml.build.choose import choose, disk_bytes_for
from vmdesk.virtxml.build.disks import letters
from vmdesk.virtxml.build.platform import platform
from vmdesk.virtxml.build.prepared import Prepared

by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def case(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def first(name: str) -> etree._Element:
    return etree.fromstring(case(name).build().first)


def stored(name: str) -> etree._Element:
    return etree.fromstring(case(name).build().stored)


@by_name
def test_golden(case: Case) -> None:
    """Changed on purpose: `python -m tests.unit.virtxml.wishes` writes them anew; look at the difference."""
    assert case.written() == (GOLDEN / f"{case.name}.xml").read_text()


def test_each_golden_file_has_its_case() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == {case.name for case in CASES}
    assert len(CASES) >= 60


@pytest.fixture(scope="module")
def schema() -> etree.RelaxNG:
    """libvirt's own, which virt-xml-validate takes (with xmllint, which is the same library)."""
    file = Path("/usr/share/libvirt/schemas/domain.rng")
    if not file.exists():
        pytest.skip("libvirt's schemas come with libvirt-daemon or libvirt0")
    found = etree.RelaxNG(file=str(file))
    assert not found.validate(etree.fromstring("<domain type='kvm'><nam>web</nam></domain>"))
    return found


@by_name
def test_valid(case: Case, schema: etree.RelaxNG) -> None:
    made = case.build()
    for xml in {made.first, made.stored}:
        assert schema.validate(etree.fromstring(xml)), schema.error_log


@pytest.mark.skipif(
    shutil.which("virt-xml-validate") is None or shutil.which("xmllint") is None,
    reason="virt-xml-validate (libvirt-clients) needs xmllint (libxml2-utils)",
)
@by_name
def test_virt_xml_validate_accepts_it(case: Case, tmp_path: Path) -> None:
    """libvirt's own program, which chooses the schema by itself."""

    def validates(xml: str) -> bool:
        file = tmp_path / "machine.xml"
        file.write_text(xml)
        return subprocess.run(["virt-xml-validate", str(file)], capture_output=True).returncode == 0

    made = case.build()
    assert all(validates(xml) for xml in {made.first, made.stored})
    if case is CASES[0]:
        assert not validates(made.first.replace("<name>", "<nam>").replace("</name>", "</nam>"))


@by_name
def test_of_all(case: Case) -> None:
    made = case.build()
    for xml in (made.first, made.stored):
        found = etree.fromstring(xml)
        definition, _ = domain.parse(xml)
        assert definition.os_id == case.system.id and found.findtext("name") == "web"
        assert found.findtext("uuid") == (case.wish.uuid or None)
        # A disk is never guessed at.
        assert all(disk.find("driver[@type]") is not None for disk in found.findall("devices/disk[source]"))
        kinds = [channel.get("type") for channel in found.findall("devices/channel")]
        assert not {"spicevmc", "qemu-vdagent"} <= set(kinds)
        # Nothing answers on the network.
        for graphics in found.findall("devices/graphics[@type!='dbus']"):
            assert graphics.find("listen[@type='none']") is not None or graphics.get("listen") == "127.0.0.1"
        orders = [int(boot.get("order") or 0) for boot in found.findall("devices/*/boot")]
        assert sorted(orders) == list(range(1, len(orders) + 1))
        targets = [target.get("dev") for target in found.findall("devices/disk/target")]
        assert len(set(targets)) == len(targets)
        if case.wish.sealed:
            assert edit.is_sealed(xml) or not {"spicevmc", "qemu-vdagent"} & set(kinds)
    assert etree.fromstring(made.stored).findtext("on_reboot") == "restart"
    assert etree.fromstring(made.first).findtext("uuid") == etree.fromstring(made.stored).findtext("uuid")
    assert [mac.get("address") for mac in etree.fromstring(made.first).iter("mac")] == [
        mac.get("address") for mac in etree.fromstring(made.stored).iter("mac")
    ]


def test_after_a_cd_the_drive_is_empty_and_the_disk_comes_first() -> None:
    one, two = first("cdrom-debian11"), stored("cdrom-debian11")
    cd = "devices/disk[@device='cdrom']"
    assert one.find(f"{cd}/source[@file='/var/lib/libvirt/images/install.iso']") is not None
    assert two.find(cd) is not None and two.find(f"{cd}/source") is None
    for definition in (one, two):
        assert definition.find("devices/disk[@device='disk']/boot[@order='1']") is not None
        assert definition.find(f"{cd}/boot[@order='2']") is not None
        assert definition.findtext("on_reboot") == "restart"


def test_drivers_and_seed_stay() -> None:
    sources = [source.get("file") for source in stored("cdrom-windows11-kvm-drivers").findall("devices/disk/source")]
    assert sources == [wishes.DISK.path, wishes.DRIVERS.path]
    assert stored("cloud").find("devices/disk/source[@startupPolicy='optional']") is not None


def test_a_live_cd_without_a_disk_stays() -> None:
    assert stored("cdrom-live-no-disk").find("devices/disk/source") is not None


def test_a_disk_with_something_on_it_does_not_keep_the_cd_from_starting() -> None:
    one, two = first("cdrom-on-a-used-disk"), stored("cdrom-on-a-used-disk")
    assert one.find("devices/disk[@device='cdrom']/boot[@order='1']") is not None
    assert one.findtext("on_reboot") == "destroy"
    assert two.find("devices/disk[@device='disk']/boot[@order='1']") is not None


def test_a_kernel_is_for_the_first_start_only() -> None:
    one, two = first("location"), stored("location")
    assert one.findtext("os/kernel") and one.findtext("os/cmdline") == "console=ttyS0"
    assert one.findtext("on_reboot") == "destroy"
    assert two.find("os/kernel") is None and two.find("os/initrd") is None and two.find("os/cmdline") is None


def test_a_kernel_without_a_disk_stays() -> None:
    assert case("kernel-no-disk").build().first == case("kernel-no-disk").build().stored
    assert stored("kernel-no-disk").findtext("os/kernel")


def test_the_network_comes_after_the_disk() -> None:
    found = first("pxe")
    assert found.find("devices/interface/boot[@order='2']") is not None
    assert found.find("devices/disk/boot[@order='1']") is not None


def test_no_uuid_and_no_mac_unless_they_are_known() -> None:
    found = first("no-uuid")
    assert found.find("uuid") is None and found.find("devices/interface/mac") is None


@pytest.mark.parametrize(
    ("system", "host", "machine", "bus", "nic", "video", "usb"),
    [
        (wishes.DEBIAN11, wishes.PLAIN, "q35", "virtio", "virtio", "virtio", "qemu-xhci"),
        (wishes.DEBIAN8, wishes.PLAIN, "pc", "virtio", "virtio", "vga", "qemu-xhci"),
        (wishes.UBUNTU, wishes.PLAIN, "q35", "virtio", "virtio", "vga", "qemu-xhci"),
        (wishes.CENTOS6, wishes.PLAIN, "pc", "virtio", "virtio", "vga", "ich9-ehci1"),
        (wishes.FREEBSD, wishes.PLAIN, "pc", "virtio", "virtio", "vga", "ich9-ehci1"),
        (wishes.UNKNOWN, wishes.PLAIN, "q35", "sata", "e1000e", "vga", "qemu-xhci"),
        (wishes.WIN11, wishes.PLAIN, "q35", "sata", "e1000e", "bochs", "qemu-xhci"),
        (wishes.WIN7, wishes.PLAIN, "q35", "sata", "e1000e", "vga", "ich9-ehci1"),
        (wishes.WINXP, wishes.PLAIN, "pc", "ide", "e1000", "vga", "ich9-ehci1"),
        (wishes.DOS, wishes.PLAIN, "pc", "ide", "e1000", "vga", "ich9-ehci1"),
        (wishes.DEBIAN11, wishes.ARM_HOST, "virt", "virtio", "virtio", "virtio", "qemu-xhci"),
    ],
    ids=lambda value: value.short_id if isinstance(value, System) else "",
)
def test_what_suits(
    system: System, host: HostAbilities, machine: str, bus: str, nic: str, video: str, usb: str
) -> None:
    chosen = choose_for(Wish(), system, host)
    assert chosen.platform.machine == machine
    assert (chosen.disk_bus, chosen.nic, chosen.video, chosen.usb) == (bus, nic, video, usb)


def choose_for(wish: Wish, system: System, host: HostAbilities):  # type: ignore[no-untyped-def]
    where = platform(wish, system, host)
    return choose(wish, system, host, wishes.abilities(where.arch, where.kind, where.machine, host))


@pytest.mark.parametrize(
    ("works", "kind", "says"),
    [(True, "kvm", "nearly as fast"), (None, "kvm", "not tried"), (False, "qemu", "no machine starts")],
)
def test_kvm_only_if_it_works(works: bool | None, kind: str, says: str) -> None:
    where = platform(Wish(), wishes.DEBIAN11, replace(wishes.KVM, kvm_works=works))
    assert where.kind == kind and says in str(dict(where.why)["kind"])


def test_another_architecture_is_emulated() -> None:
    where = platform(Wish(arch="arm64"), wishes.DEBIAN11, wishes.KVM)
    assert (where.arch, where.kind, where.machine) == ("aarch64", "qemu", "virt")
    assert platform(Wish(), replace(wishes.DEBIAN11, architectures=("aarch64",)), wishes.KVM).arch == "aarch64"
    assert platform(Wish(), replace(wishes.DEBIAN11, architectures=("i686",)), wishes.KVM).arch == "x86_64"
    assert platform(Wish(), wishes.DEBIAN11, wishes.KVM, "riscv64").arch == "riscv64"
    lost = platform(Wish(), replace(wishes.DEBIAN11, architectures=("sparc64",)), wishes.KVM)
    assert lost.arch == "x86_64" and "cannot run" in str(dict(lost.why)["arch"])


def test_windows_11() -> None:
    chosen = choose_for(Wish(), wishes.WIN11, wishes.KVM)
    assert chosen.secure and chosen.efi == "auto" and chosen.tpm == "tpm-crb"
    assert chosen.hyperv and chosen.local_clock and chosen.bounded
    assert chosen.memory_kib == 4 * GIB // KIB and disk_bytes_for(wishes.WIN11)[0] == 64 * GIB
    without = choose_for(Wish(tpm=False, firmware=Firmware.BIOS), wishes.WIN11, wishes.PLAIN)
    assert not (without.secure or without.efi or without.tpm or without.hyperv)


def test_old_libvirt() -> None:
    chosen = choose_for(Wish(firmware=Firmware.SECURE), wishes.DEBIAN11, wishes.OLD)
    assert chosen.efi.endswith(".ms.fd") and chosen.displays == ("vnc",) and chosen.agent == ""
    assert choose_for(Wish(firmware=Firmware.UEFI), wishes.DEBIAN11, wishes.OLD).efi.endswith("4M.fd")


@pytest.mark.parametrize(
    ("cpu", "host", "arch", "model"),
    [
        (Cpu.FAST, wishes.KVM, "", "host-passthrough"),
        (Cpu.FAST, wishes.PLAIN, "", "maximum"),
        (Cpu.FAST, replace(wishes.PLAIN, libvirt_version=(6, 0, 0)), "", "qemu64"),
        (Cpu.FAST, wishes.PLAIN, "aarch64", "cortex-a72"),
        (Cpu.MOVABLE, wishes.NEW, "", "x86-64-v2"),
        (Cpu.MOVABLE, wishes.KVM, "", "Nehalem"),
        (Cpu.MOVABLE, wishes.ARM_HOST, "", "host-passthrough"),
        ("EPYC", wishes.KVM, "", "EPYC"),
    ],
)
def test_processors(cpu: Cpu | str, host: HostAbilities, arch: str, model: str) -> None:
    assert choose_for(Wish(cpu=cpu, arch=arch), wishes.DEBIAN11, host).cpu == model


def test_memory_on_a_small_host() -> None:
    assert choose_for(Wish(), wishes.WIN10, wishes.SMALL).memory_kib == 3 * GIB // 2 // KIB
    needy = replace(wishes.WIN10, minimum=Needs(memory=2 * GIB))
    assert choose_for(Wish(), needy, wishes.SMALL).memory_kib == 2 * GIB // KIB
    assert choose_for(Wish(memory_kib=7), wishes.WIN10, wishes.SMALL).memory_kib == 7


def test_every_choice_has_a_reason() -> None:
    chosen = choose_for(Wish(), wishes.DEBIAN11, wishes.PLAIN)
    fields = ("kind", "arch", "machine", "firmware", "tpm", "cpu", "vcpus", "memory_kib", "disks.bus", "nics.model")
    for field in (*fields, "displays", "video"):
        assert str(chosen.reason(field) or "")
    assert chosen.reason("nothing") is None


@pytest.mark.parametrize("name", ["user-forwards", "user-forwards-old-board", "user-forwards-passt"])
def test_forwards_are_read_back(name: str) -> None:
    (found,) = forwards.parse(case(name).build().stored)
    assert found.forwards == wishes.FORWARDS and found.mac == wishes.MAC
    assert found.ours is (name != "user-forwards-passt")


def test_forwards_past_libvirt_are_bound_to_this_host() -> None:
    found = first("user-forwards")
    assert found.find("devices/interface") is None
    words = " ".join(arg.get("value") or "" for arg in found.iter(f"{{{forwards.QEMU}}}arg"))
    assert "hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp:127.0.0.1:8053-:53" in words
    assert "bus=pcie.0,addr=0x10" in words and wishes.MAC in words
    two = Wish(nics=(NicWish(Nets.USER, forwards=(Forward(1, 1),)), NicWish(Nets.USER, forwards=(Forward(2, 2),))))
    xml = made(replace(two, name="web"), wishes.DEBIAN8, wishes.PLAIN, Prepared()).first
    assert "addr=0x1f" in xml and "addr=0x1e" in xml and len(forwards.parse(xml)) == 2


def test_displays_are_what_the_viewer_looks_for() -> None:
    xml = case("cdrom-debian11").build().first
    found = displays.parse(xml)
    assert [display.kind for display in found.graphics] == ["dbus", "vnc"] and found.graphics[0].p2p
    assert found.channel("org.qemu.guest_agent.0") and 'type="tablet"' in xml.replace("'", '"')
    # A QEMU that could not save the machine then gets no channel for the clipboard.
    assert not found.channel("com.redhat.spice.0")
    assert displays.parse(case("cdrom-debian11-new-libvirt").build().first).channel("com.redhat.spice.0")
    assert not displays.parse(case("no-display").build().first).graphics


def test_words_that_xml_cannot_hold() -> None:
    wish = replace(case("words").wish, title="a\x00b\nc", description="\x1b[31m", source=From.EMPTY)
    found = etree.fromstring(made(wish, wishes.UNKNOWN, wishes.PLAIN, Prepared()).first)
    assert found.findtext("title") == "ab c" and found.findtext("description") == "[31m"


def test_letters() -> None:
    assert [letters(number) for number in (0, 1, 25, 26, 27, 701, 702)] == ["a", "b", "z", "aa", "ab", "zz", "aaa"]
