"""How much a machine's own CPU quotas held it back: the kernel's figures, where they can be read from here.

libvirt does not tell them. They are in the control groups of the machine's process, which anybody may read on the
computer that it runs on.
"""

import time
from pathlib import Path

import libvirt

from vmdesk.model.stats import Throttle
from vmdesk.model.text import text
from vmdesk.virt.acting import look
from vmdesk.virt.connection import Connection

_PROC, _GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
_MICROSECOND = 1000  # nanoseconds


async def throttle(connection: Connection, uuid: str) -> Throttle | None:
    """Since its start; None where it cannot be known: on another computer, without control groups."""
    folder = connection.pid_folder
    if folder is None:
        return None

    def read(domain: "libvirt.virDomain") -> Throttle | None:
        return from_kernel(Path(folder, f"{domain.name()}.pid"))

    return await look(connection, uuid, read, text("Reading what a quota held back"))


def from_kernel(pid_file: Path, proc: Path = _PROC, groups: Path = _GROUPS) -> Throttle | None:
    """The figures of the process that this file names."""
    try:
        pid = int(pid_file.read_text())
        folder = _group(Path(proc, str(pid), "cgroup").read_text(), groups)
        if folder is None:
            return None
        # libvirt's own groups: one for each virtual CPU, the emulator and the I/O threads, below that of the machine.
        found = [_stat(file) for one in (folder, *_parts(folder)) if (file := one / "cpu.stat").exists()]
    except (OSError, ValueError):
        return None
    if not found:
        return None
    now = time.monotonic()
    return Throttle(now, *(sum(part) for part in zip(*found, strict=True)))


def _group(words: str, groups: Path) -> Path | None:
    """The machine's group, by the lines `number:controllers:/path` of its process."""
    unified = None
    for line in words.splitlines():
        _number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "cpu" in controllers.split(","):
            return _machine(groups / "cpu" / path.lstrip("/"))
        if not controllers:
            unified = _machine(groups / path.lstrip("/"))
    return unified


def _machine(path: Path) -> Path | None:
    """Without the part for one kind of threads. A process that libvirt did not put into a group has none."""
    if path.name == "emulator" or path.name.startswith(("vcpu", "iothread")):
        path = path.parent
    known = any(part.endswith((".scope", ".libvirt-qemu", ".libvirt-lxc")) for part in path.parts)
    return path if known else None


def _parts(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.name.startswith(("vcpu", "iothread", "emulator")))


def _stat(file: Path) -> tuple[int, int, int]:
    """Periods, those in which it was held back, and nanoseconds of that."""
    values = dict(line.split(maxsplit=1) for line in file.read_text().splitlines() if " " in line)
    spent = int(values["throttled_usec"]) * _MICROSECOND if "throttled_usec" in values else values.get("throttled_time")
    return int(values.get("nr_periods", 0)), int(values.get("nr_throttled", 0)), int(spent or 0)
