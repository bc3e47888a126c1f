"""Linked machines: `vmdesk create --count N --linked` beside Debian's virt-clone.

What is compared: N machines whose disk is an overlay of one volume of a pool, defined and not started, with one disk
and no network, on the same libvirtd. VMDesk makes all of them in one run of the program. virt-clone has no linked
clones: an overlay is made by `virsh vol-create-as --backing-vol`, then `virt-clone --preserve-data --file` defines the
machine that uses it; one run of both programs for each machine. Time is from the start of the first program to the end
of the last, divided by N; CPU is that of the programs, the daemon's left out.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import libvirt

from tests.bench import table

URI = "qemu:///system"
MANY = 30
HEADER = ("30 linked machines, for each", "virt-clone", "VMDesk", "ratio")
_POOL, _BASE, _TEMPLATE = "vmdesk-bench", "base.qcow2", "bench-template"


@dataclass(frozen=True, slots=True)
class Cost:
    """For one machine, in seconds."""

    wall: float
    cpu: float


def measure(scale: float) -> tuple[Cost | None, Cost | None]:
    """(virt-clone's, VMDesk's); None where it cannot be had."""
    many = max(3, round(MANY * scale))
    with tempfile.TemporaryDirectory(prefix="vmdesk-bench-") as home, libvirt.open(URI) as conn:
        folder = Path("/var/lib/libvirt/bed/bench-pool")
        folder.mkdir(parents=True, exist_ok=True)
        xml = f"<pool type='dir'><name>{_POOL}</name><target><path>{folder}</path></target></pool>"
        pool = conn.storagePoolCreateXML(xml, 0)
        try:
            path = pool.createXML(
                f"<volume><name>{_BASE}</name><capacity unit='GiB'>2</capacity>"
                "<target><format type='qcow2'/></target></volume>",
                0,
            ).path()
            theirs = _timed(lambda: _clones(conn, path, many), many) if shutil.which("virt-clone") else None
            _clear(conn)
            ours = _timed(lambda: _ours(home, many), many)
        finally:
            _clear(conn)
            for volume in pool.listAllVolumes(0):
                volume.delete(0)
            pool.destroy()
    return theirs, ours


def draw(costs: tuple[Cost | None, Cost | None]) -> str:
    theirs, ours = costs
    rows = []
    for what, get in (("time", lambda cost: cost.wall), ("CPU of the programs", lambda cost: cost.cpu)):
        figures = [f"{get(cost):.3f} s" if cost else "-" for cost in costs]
        ratio = f"{get(ours) / get(theirs):.2f}" if theirs and ours else "-"
        rows.append((what, *figures, ratio))
    return table.draw(HEADER, rows)


def _timed(work: Callable[[], None], many: int) -> Cost:
    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    began, before = time.monotonic(), spent()
    work()
    return Cost((time.monotonic() - began) / many, (spent() - before) / many)


def _ours(home: str, many: int) -> None:
    words = ("create", "--name", "bench", "--count", str(many), "--linked", "--import", f"vol:{_POOL}/{_BASE}")
    more = ("--disk", f"pool={_POOL}", "--network", "none", "--memory", "64M", "--no-start")
    vmdesk = (sys.executable, "-m", "vmdesk", "--settings-dir", home, "--connect", URI)
    subprocess.run([*vmdesk, *words, *more], check=True, stdout=subprocess.DEVNULL)


def _clones(conn: "libvirt.virConnect", base: str, many: int) -> None:
    conn.defineXML(
        f"<domain type='qemu'><name>{_TEMPLATE}</name><memory unit='MiB'>64</memory><os><type>hvm</type></os><devices>"
        f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{base}'/><target dev='vda' bus='virtio'/>"
        "</disk></devices></domain>"
    )
    environment = os.environ | {"LC_ALL": "C"}
    for number in range(many):
        name = f"clone-{number:02d}"
        made = ("virsh", "-q", "-c", URI, "vol-create-as", _POOL, f"{name}.qcow2", "2G", "--format", "qcow2")
        subprocess.run([*made, "--backing-vol", base, "--backing-vol-format", "qcow2"], check=True, env=environment)
        file = str(Path(base).with_name(f"{name}.qcow2"))
        clone = ("virt-clone", "--connect", URI, "--original", _TEMPLATE, "--name", name, "--preserve-data")
        subprocess.run([*clone, "--file", file], check=True, env=environment, stdout=subprocess.DEVNULL)


def _clear(conn: "libvirt.virConnect") -> None:
    for domain in conn.listAllDomains(0):
        if domain.name().startswith(("bench-", "clone-")):
            domain.undefine()
