"""A wish as lines for a terminal."""

import argparse
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.virtxml import wishes
from tests.unit.virtxml.wishes import BASE, CASES, DEBIAN11, KVM, PLAIN
from vmdesk.cli import create
from vmdesk.cli.arguments import Usage
from vmdesk.core import options
from vmdesk.core.options import OptionError
from vmdesk.core.recipe import vmdesk_create
from vmdesk.core.virt_install import virt_install
from vmdesk.model.sizes import GIB, MIB, SizeError
from vmdesk.model.wish import (
    Away,
    CloudWish,
    Cpu,
    DiskWish,
    Firmware,
    Forward,
    From,
    Here,
    Nets,
    NicWish,
    Reach,
    There,
    UnattendedWish,
    Wish,
)
from vmdesk.virtxml.build.platform import platform

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA ann@home"


def line(wish: Wish, uri: str = "") -> str:
    return vmdesk_create(wish, uri).line


def installed(wish: Wish, system: wishes.System = DEBIAN11, host: wishes.HostAbilities = PLAIN, uri: str = "") -> str:
    where = platform(wish, system, host)
    return virt_install(wish, system, host, wishes.abilities(where.arch, where.kind, where.machine, host), uri).line


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish("web", media=Here("/srv/a b.iso")), "--name web --cdrom '/srv/a b.iso'"),
        (Wish("web", media=There("default", "a.iso")), "--name web --cdrom vol:default/a.iso"),
        (Wish("web", From.LOCATION, Away("http://h/d")), "--name web --location http://h/d"),
        (
            Wish("web", From.KERNEL, kernel=Here("/k"), initrd=Here("/i"), append="console=ttyS0 quiet"),
            "--name web --kernel /k --initrd /i --append 'console=ttyS0 quiet'",
        ),
        (Wish("web", From.PXE), "--name web --pxe"),
        (Wish("web", From.DISK, Here("/d.qcow2")), "--name web --import /d.qcow2"),
        (Wish("web", From.XML, Here("/d.xml")), "--name web --xml /d.xml"),
        (Wish("web", From.EMPTY, memory_kib=MIB, vcpus=4), "--name web --vcpus 4 --memory 1G"),
        (Wish("web", From.EMPTY, disks=(), nics=()), "--name web --disk none --network none"),
        (
            Wish("web", From.EMPTY, disks=(DiskWish(20 * GIB, "fast", "raw", full=True),)),
            "--name web --disk size=20G,pool=fast,format=raw,full",
        ),
        (
            Wish("web", From.EMPTY, nics=(NicWish(Nets.USER, "", forwards=(Forward(2222, 22),)),)),
            "--name web --network user,forward=2222:22",
        ),
        (Wish("web", From.EMPTY, nics=(NicWish(Nets.BRIDGE, "br0"),)), "--name web --network bridge=br0"),
        (Wish("lab", From.EMPTY, count=30, linked=True), "--name lab --count 30 --linked"),
        (Wish("lab-{01..30}", From.EMPTY, count=30), "--name 'lab-{01..30}'"),
        (
            Wish("web", From.EMPTY, os="win11", arch="aarch64", firmware=Firmware.SECURE, tpm=True, cpu=Cpu.MOVABLE),
            "--name web --os win11 --arch aarch64 --firmware secure --tpm yes --cpu movable",
        ),
        (
            Wish("web", From.EMPTY, displays=("spice",), sealed=True, start=False, autostart=True, title="a 'b'"),
            "--name web --display spice --sealed --title 'a '\"'\"'b'\"'\"'' --autostart --no-start",
        ),
        (
            Wish(
                "web",
                From.CLOUD,
                Here("/c.qcow2"),
                cloud=CloudWish("ann", "sesame", (KEY,), "web", ("vim", "git")),
            ),
            f"--name web --cloud-image /c.qcow2 --hostname web --user ann --packages vim,git --ssh-key '{KEY}'"
            " --password-file -",
        ),
        (
            Wish("web", From.CLOUD, Here("/c"), cloud=CloudWish(user_data="#cloud-config\npassword: sesame\n")),
            "--name web --cloud-image /c --user-data -",
        ),
        (
            Wish(
                "web",
                From.CLOUD,
                Here("/c"),
                network_stays=False,
                cloud=CloudWish(address="10.0.0.5/24", gateway="10.0.0.1", dns=("10.0.0.1", "9.9.9.9")),
            ),
            "--name web --cloud-image /c --no-network-autostart --address 10.0.0.5/24 --gateway 10.0.0.1"
            " --dns 10.0.0.1,9.9.9.9",
        ),
        (
            Wish("web", From.CLOUD, Here("/c"), cloud=CloudWish(network="version: 2\n")),
            "--name web --cloud-image /c --network-config network-config",
        ),
    ],
)
def test_vmdesk(wish: Wish, words: str) -> None:
    assert line(wish) == f"vmdesk create {words}"


def test_where() -> None:
    assert line(Wish("a", From.EMPTY), "qemu:///system").startswith("vmdesk create --connect qemu:///system --name a")
    assert installed(BASE, uri="qemu:///system").startswith("virt-install --connect qemu:///system --name web")


def test_never_a_secret() -> None:
    wish = Wish(
        "web",
        From.CLOUD,
        Here("/c"),
        cloud=CloudWish("ann", "sesame", user_data=""),
        unattended=UnattendedWish("desktop", password="sesame", root_password="sesame", product_key="sesame"),
    )
    for made in (vmdesk_create(wish), vmdesk_create(replace(wish, cloud=CloudWish(user_data="sesame")))):
        assert "sesame" not in repr(made) and made.notes
    assert "sesame" not in installed(wish)


INSTALLED: tuple[tuple[dict[str, object], tuple[str, ...]], ...] = (
    ({"memory_kib": 2 * MIB}, ("--memory 2048", "--vcpus 2", "--cdrom /srv/install.iso", "--machine q35")),
    (
        {},
        ("--osinfo debian11", "--disk size=20,bus=virtio", "--network network=default,model.type=virtio,mac.address="),
    ),
    (
        {"firmware": Firmware.SECURE, "tpm": True},
        ("--boot firmware=efi,", "smm.state=on", "--tpm backend.type=emulator"),
    ),
    (
        {"source": From.LOCATION, "media": Away("http://h/d"), "append": "a b"},
        ("--location http://h/d", "--extra-args 'a b'"),
    ),
    ({"source": From.PXE}, ("--pxe",)),
    ({"source": From.KERNEL, "kernel": Here("/k"), "initrd": Here("/i")}, ("--install kernel=/k,initrd=/i",)),
    ({"source": From.DISK, "media": Here("/d.raw")}, ("--import", "--disk path=/d.raw,bus=virtio")),
    ({"disks": (), "nics": ()}, ("--disk none", "--network none")),
    (
        {"disks": (DiskWish(3 * GIB // 2, "fast", "raw", full=True),)},
        ("--disk size=1.5,pool=fast,format=raw,sparse=no,bus=virtio",),
    ),
    (
        {"nics": wishes.nic(Nets.BRIDGE, "br0", isolated=True)},
        ("--network bridge=br0,", "xpath.set=./port/@isolated,xpath.value=yes"),
    ),
    (
        {"nics": wishes.nic(Nets.USER, "", forwards=wishes.FORWARDS)},
        ("--network none", "hostfwd=tcp:127.0.0.1:2222-:22"),
    ),
    ({"displays": ("none",)}, ("--graphics none",)),
    ({"displays": ("spice",), "sealed": True}, ("--graphics spice,listen=none,clipboard.copypaste=no",)),
    (
        {"name": "lab", "count": 2, "uuid": "", "nics": ()},
        ("for NAME in lab-01 lab-02; do", '--name "$NAME"', "|| break; done"),
    ),
    ({"source": From.XML, "media": Here("/d.xml")}, ("virsh define --validate /d.xml",)),
)


@pytest.mark.parametrize(("changes", "words"), INSTALLED)
def test_virt_install(changes: dict[str, object], words: tuple[str, ...]) -> None:
    made = installed(replace(BASE, **changes))  # type: ignore[arg-type]
    for word in words:
        assert word in made, made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_line_is_one_line_of_a_shell(case: wishes.Case) -> None:
    for made in (line(case.wish), installed(case.wish, case.system, case.host)):
        assert "\n" not in made.replace("dòng 1\ndòng 2", "")
        assert shlex.split(made)[0] in ("vmdesk", "virt-install", "virsh", "for")


READ_BACK = (
    *(case.wish for case in CASES),
    replace(BASE, cloud=CloudWish("ann", ssh_keys=(KEY,), hostname="h", packages=("vim", "git")), source=From.CLOUD),
    replace(BASE, source=From.LOCATION, media=Away("http://h/d"), append="-s a=b", reach=Reach.GRANT, autostart=True),
    replace(
        BASE, source=From.LOCATION, media=Away("http://h/d"), unattended=UnattendedWish("desktop", "ann", hostname="h")
    ),
    replace(BASE, source=From.CLOUD, media=Here("/c"), cloud=CloudWish(address="10.0.0.5/24", dns=("9.9.9.9", "::1"))),
    replace(BASE, network_stays=False),
    replace(BASE, unattended=UnattendedWish("jeos", "ann", language="vi_VN", keyboard="us", timezone="Asia/Tokyo")),
    replace(BASE, unattended=UnattendedWish("jeos", "ann", full_name="Ann Ông")),
    replace(BASE, drivers=There("p", "v.iso"), tpm=False, cpu=Cpu.MOVABLE, memory_kib=777, vcpus=3, start=False),
    replace(BASE, name="lab", count=5, linked=True, disks=(DiskWish(GIB + 512, source=Here("/a,b")), DiskWish())),
)


@pytest.mark.parametrize("wish", READ_BACK)
def test_vmdesk_understands_its_own_line(wish: Wish) -> None:
    if wish.source in (From.PXE, From.KERNEL, From.EMPTY, From.CONTAINER):
        wish = replace(wish, media=None)
    parser = argparse.ArgumentParser()
    create.arguments(parser)
    read = create.read(parser.parse_args(shlex.split(line(wish))[2:]), lambda _: "").wish
    assert replace(read, cloud=None) == replace(wish, cloud=None)
    assert read.cloud == (wish.cloud or (CloudWish() if wish.source is From.CLOUD else None))


def test_names_cannot_leave_their_quotes() -> None:
    for made in (
        line(replace(BASE, name="a; rm -rf $HOME `id`")),
        installed(replace(BASE, name="a; rm -rf $HOME `id`")),
    ):
        assert "a; rm -rf $HOME `id`" in shlex.split(made)


def test_forwards_have_their_consequence() -> None:
    wish = replace(BASE, nics=wishes.nic(Nets.USER, "", forwards=wishes.FORWARDS))
    can = wishes.abilities("x86_64", "qemu", "q35", PLAIN)
    assert (
        "past" in str(virt_install(wish, DEBIAN11, PLAIN, can).notes) or virt_install(wish, DEBIAN11, PLAIN, can).notes
    )
    assert virt_install(wish, DEBIAN11, replace(KVM, passt=True), can).notes == ()


words = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12)
places = st.one_of(
    st.builds(Here, words),
    st.builds(There, words.filter(lambda pool: "/" not in pool), words),
    st.builds(lambda path: Away(f"http://h/{path}"), words),
)


@given(places)
def test_places_are_read_back(where: Here | There | Away) -> None:
    found = options.place(options.written_place(where))
    assert found == where or (isinstance(where, Here) and found == Here(f"./{where.path}"))


@given(
    st.builds(
        DiskWish,
        st.integers(0, 2**46).map(lambda size: size // 512 * 512),
        st.one_of(st.just(""), words),
        st.sampled_from(("", "qcow2", "raw")),
        st.booleans(),
        st.one_of(st.none(), places.filter(lambda where: not isinstance(where, Here))),
        st.booleans(),
        st.booleans(),
        st.sampled_from(("", "sata")),
        st.one_of(st.just(""), words),
    )
)
def test_disks_are_read_back(disk: DiskWish) -> None:
    assert options.disk(options.written_disk(disk)) == disk


@given(
    st.builds(
        NicWish,
        st.sampled_from(Nets),
        words,
        st.one_of(st.just(""), words),
        st.sampled_from(("", wishes.MAC)),
        st.booleans(),
        st.lists(
            st.builds(
                Forward,
                st.integers(1, 65535),
                st.integers(1, 65535),
                st.sampled_from(("tcp", "udp")),
                st.sampled_from(("127.0.0.1", "0.0.0.0", "10.0.0.1")),
            ),
            max_size=3,
        ).map(tuple),
    )
)
def test_cards_are_read_back(nic: NicWish) -> None:
    nic = replace(nic, source="") if nic.kind is Nets.USER else nic
    assert options.network(options.written_network(nic)) == nic


def test_short_forms() -> None:
    assert options.disk("20") == options.disk("size=20") == DiskWish(20 * GIB)
    assert options.disk("size=512M,full=no") == DiskWish(512 * MIB)
    assert options.disk("source=/a,,b.img,copy") == DiskWish(source=Here("/a,b.img"), copy=True)
    assert options.network("lab") == NicWish(source="lab") and options.network("user").kind is Nets.USER
    (way,) = options.network("user,forward=0.0.0.0:8080:80").forwards
    assert way == Forward(8080, 80, "tcp", "0.0.0.0")
    assert options.disk("default") == DiskWish()


@pytest.mark.parametrize("words", ["size=big", "size=-1", "5X"])
def test_sizes_that_are_none(words: str) -> None:
    with pytest.raises(SizeError):
        options.disk(words)


@pytest.mark.parametrize("words", ["", "sise=20", "size=20,,", "full=perhaps", "a,b", "source=vol:x", "source="])
def test_disks_that_are_none(words: str) -> None:
    with pytest.raises((OptionError, SizeError)):
        options.disk(words)


@pytest.mark.parametrize("words", ["", "user,forward=22", "user,forward=a:b", "lab,lab2", "bridge=", "user,isolated=x"])
def test_cards_that_are_none(words: str) -> None:
    with pytest.raises(OptionError):
        options.network(words)


def test_secrets_of_an_installer_are_asked_for_in_their_order() -> None:
    """None of them is on the line, and each that was typed is asked for again."""
    told = UnattendedWish("jeos", "ann", password="sesam1", root_password="sesam2", product_key="AB-12")
    made = line(replace(BASE, unattended=told))
    assert not any(secret in made for secret in ("sesam1", "sesam2", "AB-12"))
    parser = argparse.ArgumentParser()
    create.arguments(parser)
    assert create.several_secrets(parser.parse_args(shlex.split(made)[2:]))
    typed = iter(("sesam1\n", "sesam2\n", "AB-12\n"))
    read = create.read(parser.parse_args(shlex.split(made)[2:]), lambda _question: next(typed))
    assert read.wish.unattended == told


def test_secrets_of_an_installer_from_files(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("sesam2\n", encoding="utf-8")
    (tmp_path / "key").write_text("AB-12\n", encoding="utf-8")
    parser = argparse.ArgumentParser()
    create.arguments(parser)
    words = f"--name a --cdrom /i --unattended jeos --full-name Ann --root-password-file {tmp_path}/root"
    options = parser.parse_args([*words.split(), "--product-key-file", f"{tmp_path}/key"])
    asked = create.read(options, lambda _: "").wish.unattended
    assert asked == UnattendedWish("jeos", full_name="Ann", root_password="sesam2", product_key="AB-12")
    for alone in ("--full-name=A", "--root-password-file=/f", "--product-key-file=/f", "--keyboard=us"):
        with pytest.raises(Usage, match="goes with --unattended"):
            create.check(parser.parse_args(["--name", "a", "--cdrom", "/i", alone]))


def test_virt_install_asks_nobody_either() -> None:
    told = UnattendedWish("jeos", "ann", password="sesame", product_key="AB-12", hostname="h")
    made = installed(replace(BASE, source=From.CDROM, media=Here("/i.iso"), unattended=told))
    assert "--location /i.iso" in made and "--cdrom" not in made
    wanted = "--unattended profile=jeos,user-login=ann,user-password-file=password,admin-password-file=root-password"
    assert wanted in made and "sesame" not in made and "AB-12" not in made
