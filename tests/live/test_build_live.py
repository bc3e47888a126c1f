"""The definitions of new machines on a real libvirt, and beside those that virt-install writes for the same wish."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest
from lxml import etree

from tests.testbed.guests import System as Bed
from tests.testbed.guests import connection
from tests.unit.virtxml.test_review import CASES as HOSTILE
from tests.unit.virtxml.wishes import CASES
from vmdesk.virtxml.review import apply

pytestmark = pytest.mark.live
VALIDATE = libvirt.VIR_DOMAIN_DEFINE_VALIDATE
FORGET = libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
IMAGE = Bed.folder / "build-disk.qcow2"
RAW = Bed.folder / "build-disk.raw"
CD = Bed.folder / "build-install.iso"
KERNEL = Bed.folder / "build-kernel"
NAME = "vmdesk-build"


@pytest.fixture
def files(keeper: object) -> Iterator[None]:
    """A small disk, a CD and something like a kernel, where the hypervisor may read them."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", IMAGE, "64M"], check=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "raw", RAW, "64M"], check=True)
    CD.write_bytes(bytes(1 << 20))
    kernel = Path("/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/linux")
    if kernel.exists():
        shutil.copy(kernel, KERNEL)
    yield
    for file in (IMAGE, RAW, CD, KERNEL):
        file.unlink(missing_ok=True)


@pytest.fixture
def network(system_uri: str) -> Iterator[None]:
    """libvirt's own network "default", on."""
    with connection(system_uri) as opened:
        default = opened.networkLookupByName("default")
        was_on = default.isActive()
        if not was_on:
            default.create()
        yield
        if not was_on:
            default.destroy()


def test_defined(system_uri: str) -> None:
    """What the libvirt here can have, it takes: checked by its schema, its parser and QEMU's abilities."""
    with connection(system_uri) as opened:
        for case in CASES:
            if not case.defines:
                continue
            definitions = case.build()
            for xml in {definitions.first, definitions.stored}:
                try:
                    domain = opened.defineXMLFlags(xml.replace("<name>web<", f"<name>{NAME}<"), VALIDATE)
                except libvirt.libvirtError as error:
                    pytest.fail(f"{case.name}: {error}")
                domain.undefineFlags(FORGET)


STARTED = (
    *(
        "cdrom-debian11",
        "cdrom-debian8",
        "cdrom-unknown",
        "cdrom-windows11",
        "cdrom-windowsxp",
        "aarch64-tpm",
        "import",
    ),
    *("location", "user-forwards", "user-forwards-old-board", "user-forwards-aarch64", "spice-sealed"),
)


def _here(xml: str) -> str:
    """With files that are there, and little memory."""
    xml = re.sub(r'"[^"]*/web\.qcow2"', f'"{IMAGE}"', xml)
    xml = re.sub(r'"[^"]*\.iso"', f'"{CD}"', xml)
    xml = re.sub(r"/var/lib/libvirt/boot/[a-z.]+", str(KERNEL), xml)
    return re.sub(r'unit="KiB">\d+<', 'unit="KiB">262144<', xml)


@pytest.mark.parametrize("name", STARTED)
def test_started(name: str, system_uri: str, files: None, network: None) -> None:
    """A definition can be right for libvirt and wrong for QEMU. Paused: nothing of a guest runs."""
    case = next(case for case in CASES if case.name == name)
    if name == "location" and not KERNEL.exists():
        pytest.skip("debian-installer-12-netboot-amd64 is a package of Debian's")
    # A name of its own: UEFI's settings of another machine of that name would be taken over.
    xml = _here(case.build().first).replace("<name>web<", f"<name>{NAME}-{name}<")
    xml = xml.replace('type="qcow2"', 'type="raw"').replace(str(IMAGE), str(RAW)) if name == "import" else xml
    with connection(system_uri) as opened:
        domain = opened.defineXMLFlags(xml, VALIDATE)
        try:
            domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
            live = domain.XMLDesc()
            # What is stored in its place is taken too, while it runs, and has its devices in the same places.
            opened.defineXMLFlags(_here(case.build().stored).replace("<name>web<", f"<name>{NAME}-{name}<"), VALIDATE)
            assert _places(live) == _places(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        finally:
            if domain.isActive():
                domain.destroy()
            domain.undefineFlags(FORGET)


def _places(xml: str) -> list[tuple[str, ...]]:
    """Which device stands where."""
    devices = etree.fromstring(xml).findall("devices/*")
    found = ((device.tag, device.find("address")) for device in devices)
    return sorted((tag, *map(str, address.attrib.values())) for tag, address in found if address is not None)


def test_port_forwards_without_passt(system_uri: str) -> None:
    """Why ours go past libvirt: it takes <portForward>, starts, and nothing answers there. Ours does."""
    port = _free_port()
    case = next(case for case in CASES if case.name == "user-forwards")
    xml = re.sub(
        r"tcp:127\.0\.0\.1:\d+-:22,hostfwd=udp:127\.0\.0\.1:\d+-:53", f"tcp:127.0.0.1:{port}-:22", case.build().first
    )
    domain = etree.fromstring(_without_disks(xml))
    domain.find("name").text = NAME  # type: ignore[union-attr]
    with connection(system_uri) as opened:
        _start_and_see(opened, etree.tostring(domain, encoding="unicode"), port, answers=True)
        for element in domain.findall("{*}commandline"):
            domain.remove(element)
        nic = etree.SubElement(domain.find("devices"), "interface", type="user")
        forward = etree.SubElement(nic, "portForward", proto="tcp", address="127.0.0.1")
        etree.SubElement(forward, "range", start=str(port), to="22")
        _start_and_see(opened, etree.tostring(domain, encoding="unicode"), port, answers=False)
        etree.SubElement(nic, "backend", type="passt")
        with pytest.raises(libvirt.libvirtError, match="passt"):
            opened.defineXMLFlags(etree.tostring(domain, encoding="unicode"), VALIDATE)


def _without_disks(xml: str) -> str:
    domain = etree.fromstring(xml)
    for disk in domain.findall("devices/disk"):
        disk.getparent().remove(disk)  # type: ignore[union-attr]
    return etree.tostring(domain, encoding="unicode")


def _start_and_see(opened: libvirt.virConnect, xml: str, port: int, *, answers: bool) -> None:
    flags = libvirt.VIR_DOMAIN_START_PAUSED | libvirt.VIR_DOMAIN_START_VALIDATE
    domain = opened.createXML(xml, flags)
    try:
        with socket.socket() as tried:
            assert (tried.connect_ex(("127.0.0.1", port)) == 0) is answers
    finally:
        domain.destroy()


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def test_reviewed_definitions_are_taken(system_uri: str) -> None:
    """What is left when all that is suspect is out is still a definition."""
    wrong = []
    with connection(system_uri) as opened:
        for name, xml in HOSTILE:
            if "second devices" in name:
                continue  # two <devices> are none to the schema
            clean = apply(xml.replace('type="kvm"', 'type="qemu"'), (), fresh=True, name=NAME)
            try:
                opened.defineXMLFlags(clean, VALIDATE).undefineFlags(FORGET)
            except libvirt.libvirtError as error:
                wrong.append(f"{name}: {error}")
    assert wrong == []
