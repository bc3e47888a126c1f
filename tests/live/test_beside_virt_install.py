"""Our definitions beside those of Debian's virt-install for the same wish: every difference has its reason here."""

import re
import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from lxml import etree

from tests.testbed.guests import System as Bed
from tests.unit.virtxml import wishes
from tests.unit.virtxml.wishes import DEBIAN11, MAC, PLAIN, UUID, WIN11, abilities, made, nic
from vmdesk.core.virt_install import virt_install
from vmdesk.model.sizes import GIB, KIB
from vmdesk.model.system import System
from vmdesk.model.wish import DiskWish, Firmware, From, Here, Nets, Wish
from vmdesk.virtxml.build.platform import platform
from vmdesk.virtxml.build.prepared import DiskAt, Prepared

pytestmark = pytest.mark.live
CD, IMAGE = Bed.folder / "beside.iso", Bed.folder / "beside.qcow2"


@pytest.fixture(scope="module")
def files() -> Iterator[None]:
    if not shutil.which("virt-install"):
        pytest.skip("virt-install is in Debian's package virtinst")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", IMAGE, "64M"], check=True)
    CD.write_bytes(bytes(1 << 20))
    yield
    for file in (CD, IMAGE):
        file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Same:
    """One wish in both languages. `words`: what virt-install is told; names, memory and disk are added."""

    name: str
    wish: Wish
    words: str
    system: System = DEBIAN11


_BASE = Wish("web", media=Here(str(CD)), uuid=UUID, nics=nic(), memory_kib=GIB // KIB, vcpus=2)
_CD = f"--cdrom {CD}"
_NET = f"--network network=default,mac={MAC}"
ALL = (
    Same("debian11", _BASE, f"{_CD} {_NET}"),
    Same("debian8", _BASE, f"{_CD} {_NET}", wishes.DEBIAN8),
    Same("ubuntu", _BASE, f"{_CD} {_NET}", wishes.UBUNTU),
    Same("centos6", _BASE, f"{_CD} {_NET}", wishes.CENTOS6),
    Same("freebsd", _BASE, f"{_CD} {_NET}", wishes.FREEBSD),
    Same("windows11", _BASE, f"{_CD} {_NET}", WIN11),
    Same("windows10", _BASE, f"{_CD} {_NET}", wishes.WIN10),
    Same("windows7", _BASE, f"{_CD} {_NET}", wishes.WIN7),
    Same("windowsxp", _BASE, f"{_CD} {_NET}", wishes.WINXP),
    Same("uefi", replace(_BASE, firmware=Firmware.UEFI), f"{_CD} {_NET} --boot uefi"),
    Same("aarch64", replace(_BASE, arch="aarch64"), f"{_CD} {_NET} --arch aarch64 --graphics vnc"),
    Same("pxe", replace(_BASE, source=From.PXE), f"--pxe {_NET}"),
    Same("import", replace(_BASE, source=From.DISK, media=Here(str(IMAGE))), f"--import {_NET}"),
    Same("spice", replace(_BASE, displays=("spice",)), f"{_CD} {_NET} --graphics spice,listen=none"),
    Same("user", replace(_BASE, nics=nic(Nets.USER, "")), f"{_CD} --network user,mac={MAC}"),
    Same(
        "isolated", replace(_BASE, nics=nic(isolated=True)), f"{_CD} {_NET},xpath.set=./port/@isolated,xpath.value=yes"
    ),
    Same("no-network-no-screen", replace(_BASE, nics=(), displays=("none",)), f"{_CD} --network none --graphics none"),
    Same("sata", replace(_BASE, disks=(DiskWish(bus="sata"),)), f"{_CD} {_NET}"),
)


def theirs(words: list[str]) -> list[str]:
    """What virt-install would define: the first text is what it starts, the last what stays."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return re.findall(r"(?s)<domain.*?</domain>", done.stdout)


def asked(same: Same) -> list[str]:
    bus = f",bus={same.wish.disks[0].bus}" if same.wish.disks[0].bus else ""
    return [
        *("virt-install", "--connect", "qemu:///system", "--print-xml", "--dry-run", "--virt-type", "qemu"),
        *("--osinfo", same.system.short_id, "--name", "web", "--uuid", UUID, "--memory", "1024", "--vcpus", "2"),
        *("--disk", f"path={IMAGE},format=qcow2{bus}", *shlex.split(same.words)),
    ]


def ours(same: Same) -> list[str]:
    cds = (DiskAt(str(CD), format="raw", device="cdrom"),) if same.wish.source is From.CDROM else ()
    definitions = made(same.wish, same.system, PLAIN, Prepared((DiskAt(str(IMAGE)),), cds))
    return [definitions.first, definitions.stored]


def flat(xml: str) -> Counter[str]:
    """Each fact of a definition as one line, whatever the order: "devices/disk vda/driver type=qcow2"."""
    found: Counter[str] = Counter()

    def walk(element: etree._Element, path: str) -> None:
        for name, value in element.attrib.items():
            found[f"{path} {name}={value}"] += 1
        words = (element.text or "").strip()
        found[f"{path}{f' = {words}' if words else ''}"] += 1
        for child in element.iterchildren("{*}*"):
            walk(child, f"{path}/{etree.QName(child).localname}{_which(child)}")

    walk(etree.fromstring(xml), "")
    return found


def _which(element: etree._Element) -> str:
    """What tells a device from the others of its kind."""
    target = element.find("target")
    match element.tag:
        case "disk" if target is not None:
            return f" {target.get('dev')}"
        case "channel" if target is not None:
            return f" {target.get('name')}"
        case "controller":
            return f" {element.get('type')} {element.get('model')}"
        case "graphics" | "feature" | "timer":
            return f" {element.get('type') or element.get('name')}"
    return ""


# Each difference: a pattern of what is theirs (-) or ours (+), and why. What is not here is a bug.
WHY = (
    (r"[+] /(memory|currentMemory) unit=KiB", "said; theirs is libvirt's default, the same"),
    (
        r"[+] /metadata/medium",
        "ours: the CD that it is installed from, to be put in again after an installation cut off",
    ),
    (r"- /devices/emulator", "left to libvirt, which knows where it is on that host"),
    (r"[+] /on_(crash|poweroff)", "said; theirs is libvirt's default, the same"),
    (r"[-+] /on_reboot", "from a CD nothing has to be ended: disk and CD are in an order that suits both starts"),
    (r"[-+] /os/boot|[+] /devices/(disk \w+|interface)/boot", "an order of devices, which does not change afterwards"),
    (r"[-+] /os/type machine=", "the alias; libvirt puts the newest in"),
    (r"[+] /devices/disk \w+/driver (discard|error_policy)=", "space comes back; a full host pauses the machine"),
    (r"[+] /devices/disk (hda|sda|sdb)/driver( name=qemu| type=raw|)$", "an empty drive says its format too"),
    (r"- /devices/disk (hdb|sdb)/source", "Windows' CD is out at the next cold start; its setup needs it till then"),
    (r"[+] /cpu( |$|/feature la57)", "all that the emulation can do, but five-level paging"),
    (r"- /cpu( match=exact| mode=custom|/model = cortex-a57)|[+] /cpu/model", "a newer one of the same kind"),
    (r"[+] /cpu/topology", "Windows uses one or two sockets only"),
    (r"- /(features/hyperv|clock/timer hypervclock)", "without KVM nobody answers to them"),
    (r"[-+] /devices/graphics|- /devices/redirdev|[-+] /devices/channel com\.redhat", "D-Bus and VNC, not SPICE"),
    (r"[+] /devices/(sound/)?audio", "where the sound goes is said"),
    (r"[-+] /devices/video/model type=(qxl|vga|bochs|none)$", "qxl is for SPICE; without a screen, none"),
    (r"[+] /devices/video", "said; theirs is libvirt's default, the same"),
    (r"[-+] /devices/sound( model=(ac97|ich6)|)$", "XP drives AC'97 only; FreeBSD none that the database knows"),
    (r"[+] /devices/memballoon/stats", "what the guest uses of its memory is seen"),
    (r"[+] /devices/(memballoon|rng|channel org\.qemu)", "always there: drivers that come later find them"),
    (r"- /devices/channel org\.qemu.*/source", "libvirt's default"),
    (r"[+] /devices/controller (usb ich9-\w+|scsi virtio-scsi) index=0", "said; theirs is libvirt's default, the same"),
    (r"- /devices/tpm", "only for a system that asks for one"),
    (r"[+] /devices/tpm/backend version=2.0", "said; theirs is libvirt's default, the same"),
    (r"[+] /features/smm", "said; libvirt adds it for Secure Boot"),
    (r"[+] /os/firmware", "with or without Secure Boot is said: theirs takes what comes first on the host"),
    (r"[+] /features/vmport", "theirs has it with SPICE only; without, some mice are wrong too"),
)


def differences(same: Same) -> set[str]:
    found = set()
    texts = theirs(asked(same))
    for old, new in zip((texts[0], texts[-1]), ours(same), strict=True):
        before, after = flat(old), flat(new)
        found |= {f"- {line}" for line in before - after} | {f"+ {line}" for line in after - before}
    return found


def test_every_difference_has_its_reason(system_uri: str, files: None) -> None:
    used: Counter[str] = Counter()
    unexplained = []
    for same in ALL:
        for line in sorted(differences(same)):
            patterns = [pattern for pattern, _ in WHY if re.match(pattern, line)]
            used.update(patterns)
            if not patterns:
                unexplained.append(f"{same.name}: {line}")
    assert unexplained == []
    assert {pattern for pattern, _ in WHY} - set(used) == set()


SHOWN = (
    *("cdrom-debian11", "cdrom-windows11", "secure", "aarch64", "pxe", "import", "bridge-isolated", "macvtap"),
    *("network-isolated", "user-forwards", "no-network", "spice-sealed", "no-display", "movable-plain", "words"),
)


@pytest.mark.parametrize("name", SHOWN)
def test_the_line_that_is_shown_makes_it(name: str, system_uri: str, files: None) -> None:
    """virt-install takes our line, and what it makes has our chipset, firmware, cards, buses and memory."""
    case = next(case for case in wishes.CASES if case.name == name)
    wish = replace(case.wish, media=Here(str(IMAGE if case.wish.source is From.DISK else CD)))
    if wish.source is not From.DISK:
        wish = replace(wish, disks=tuple(replace(disk, source=Here(str(IMAGE))) for disk in wish.disks))
    where = platform(wish, case.system, case.host)
    can = abilities(where.arch, where.kind, where.machine, case.host)
    recipe = virt_install(wish, case.system, case.host, can, system_uri)
    texts = theirs(
        [*(word for word in shlex.split(recipe.line) if word != "--noautoconsole"), "--print-xml", "--dry-run"]
    )
    old, new = etree.fromstring(texts[-1]), etree.fromstring(case.build().stored)
    for path in ("name", "uuid", "memory", "vcpu", "title", "description", "os/type"):
        assert old.findtext(path) == new.findtext(path), path
    for path in (
        "os/type",
        "os",
        "cpu",
        "cpu/model",
        "devices/tpm",
        "devices/video/model",
        "devices/graphics[@type='vnc']",
    ):
        for attribute in ("machine", "firmware", "mode", "model", "type"):
            assert _said(old, path, attribute) == _said(new, path, attribute), (path, attribute)
    for path in ("devices/interface", "devices/interface/source", "devices/interface/model"):
        assert _all(old, path) == _all(new, path), path
    # It chooses one where none was wished for.
    assert all(mac in _all(old, "devices/interface/mac") for mac in _all(new, "devices/interface/mac"))
    assert _all(old, "devices/interface/port") == _all(new, "devices/interface/port")
    assert [one.get("bus") for one in old.findall("devices/disk[@device='disk']/target")] == [
        one.get("bus") for one in new.findall("devices/disk[@device='disk']/target")
    ]
    assert ("hostfwd=tcp:127.0.0.1:2222-:22" in texts[-1]) is (name == "user-forwards")


def _said(domain: etree._Element, path: str, attribute: str) -> str | None:
    element = domain if path == "" else domain.find(path)
    found = element.get(attribute) if element is not None else None
    # No video card, or one that is none.
    return None if found in (None, "none") else re.sub(r"^pc-(q35)-.*", r"\1", found)


def _all(domain: etree._Element, path: str) -> list[dict[str, str]]:
    return [{str(name): str(value) for name, value in one.attrib.items()} for one in domain.findall(path)]
