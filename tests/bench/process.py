"""What a program and its children cost, read from /proc."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
# Started by the private session bus for whoever asks; neither program's own.
NOT_ITS_OWN = ("dbus-daemon", "dbus-run-sessio", "dconf-service", "gvfsd", "at-spi-bus-laun", "at-spi2-registr")


def alive(pid: int) -> bool:
    """Whether it still runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def tree(root: int) -> list[int]:
    """`root` and everything started from it that is still there."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def own(root: int) -> list[int]:
    """The processes of the program started as `root`, without the bus it was started in."""
    result = []
    for pid in tree(root):
        try:
            word = Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            continue
        if not word.startswith(NOT_ITS_OWN):
            result.append(pid)
    return result


def cpu_seconds(root: int) -> float:
    """User and system time of all its processes since they began."""
    total = 0
    for pid in own(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mb(root: int) -> float:
    """Resident memory of all its processes in MB (10^6 bytes)."""
    total = 0
    for pid in own(root):
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        except OSError:
            continue
    return total / 1e6
