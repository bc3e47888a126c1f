"""Writes test:/// files: one believable company's machines, as many as wanted, all of them running."""

import random
import uuid
from pathlib import Path
from urllib.parse import quote

ROLES = (
    "web",
    "db",
    "mail",
    "git",
    "ci",
    "cache",
    "build",
    "files",
    "proxy",
    "monitor",
    "desktop",
    "lab",
    "voip",
    "wiki",
)
SITES = ("ams", "ber", "han", "sgn", "nyc", "osl", "syd", "tyo")
KIB_OF_GIB = 1024 * 1024


def names(count: int) -> list[str]:
    """`count` different names like web-ams-001, in the order of a telephone book."""
    return sorted(f"{ROLES[n % len(ROLES)]}-{SITES[n // len(ROLES) % len(SITES)]}-{n:04d}" for n in range(count))


def _domain(number: int, name: str, draw: random.Random) -> str:
    memory = draw.choice((1, 1, 2, 2, 4, 8)) * KIB_OF_GIB
    disks = "".join(
        f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source file='/var/lib/libvirt/images/{name}-{letter}.qcow2'/><target dev='vd{letter}' bus='virtio'/></disk>"
        for letter in "ab"[: draw.choice((1, 1, 2))]
    )
    nics = "".join(
        f"<interface type='network'><mac address='52:54:00:{number >> 8 & 255:02x}:{number & 255:02x}:{card:02x}'/>"
        f"<source network='default'/><target dev='vnet{number}x{card}'/><model type='virtio'/></interface>"
        for card in range(draw.choice((1, 1, 2)))
    )
    return (
        f"<domain type='test'><name>{name}</name><uuid>{uuid.UUID(int=draw.getrandbits(128), version=4)}</uuid>"
        f"<memory unit='KiB'>{memory}</memory><vcpu>{draw.choice((1, 2, 4))}</vcpu>"
        f"<os><type arch='x86_64'>hvm</type><boot dev='hd'/></os><features><acpi/><apic/></features>"
        f"<devices>{disks}{nics}<graphics type='vnc' port='-1' autoport='yes'/>"
        f"<video><model type='virtio'/></video></devices></domain>"
    )


def _pool(volumes: int, machines: list[str]) -> str:
    """Each machine's first disk, and volumes of nobody."""
    first = [f"{name}-a.qcow2" for name in machines[:volumes]]
    listed = first + [f"spare-{number:05d}.qcow2" for number in range(volumes - len(first))]
    folder = "/var/lib/libvirt/images"
    each = "".join(
        f"<volume type='file'><name>{name}</name><capacity>{(1 + number % 40) << 30}</capacity>"
        f"<allocation>{(1 + number % 7) << 28}</allocation>"
        f"<target><path>{folder}/{name}</path><format type='qcow2'/></target></volume>"
        for number, name in enumerate(listed)
    )
    return (
        f"<pool type='dir'><name>images</name><uuid>{uuid.UUID(int=7, version=4)}</uuid>"
        f"<capacity unit='TiB'>900</capacity><target><path>{folder}</path></target>{each}</pool>"
    )


def write(folder: Path, count: int, seed: int = 1, volumes: int = 0) -> Path:
    """A file for `test://<file>` with `count` running machines, in no order; the same seed gives the same file.

    volumes  so many in one storage pool
    """
    draw = random.Random(seed)
    order = list(enumerate(names(count)))
    draw.shuffle(order)
    # Room for all of them: the test driver counts a host's memory and CPUs.
    cpu = (
        "<cpu><mhz>2400</mhz><model>x86_64</model><active>64</active><nodes>2</nodes><sockets>2</sockets>"
        "<cores>8</cores><threads>2</threads><memory>268435456</memory></cpu>"
    )
    network = (
        "<network><name>default</name><bridge name='virbr0'/><forward/>"
        "<ip address='192.168.122.1' netmask='255.255.255.0'/></network>"
    )
    file = folder / (f"fleet-{count}-{volumes}.xml" if volumes else f"fleet-{count}.xml")
    pool = _pool(volumes, names(count)) if volumes else ""
    machines = "\n".join(_domain(number, name, draw) for number, name in order)
    file.write_text(f"<node>\n{cpu}\n{network}\n{pool}\n{machines}\n</node>\n", encoding="utf-8")
    return file


def uri(file: Path) -> str:
    """The libvirt URI of such a file."""
    return f"test://{quote(str(file))}"
