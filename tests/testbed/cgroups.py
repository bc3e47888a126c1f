"""A control group of its own for the sandbox, so that its guests and the machine's can bear the same name.

Outside: `Slice` makes one group below the root of every hierarchy, joins it, removes it. Inside: `remount` shows the
sandbox only what is below its group. Where the kernel refuses any of it, guests run without limits or in the
machine's own tree; nothing else changes.
"""

import contextlib
import os
import secrets
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Hierarchy:
    """One mounted hierarchy: version 1 has one for each set of controllers, version 2 one for all."""

    path: Path
    kind: str  # cgroup | cgroup2
    options: str


def hierarchies() -> list[Hierarchy]:
    """What is mounted, as /proc/self/mounts tells."""
    found = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, path, kind, options, *_ = line.split()
        if kind in {"cgroup", "cgroup2"}:
            known = {"rw", "ro", "relatime", "nosuid", "nodev", "noexec", "nsdelegate", "memory_recursiveprot"}
            own = [o for o in options.split(",") if o not in known and not o.startswith("release_agent")]
            found.append(Hierarchy(Path(path), kind, ",".join(own)))
    return found


@dataclass
class Slice:
    """One group in every hierarchy."""

    name: str = field(default_factory=lambda: f"vmdesk-test-{secrets.token_hex(4)}")
    groups: list[Path] = field(default_factory=list)

    def make(self) -> None:
        for hierarchy in hierarchies():
            _remove_abandoned(hierarchy.path)
            group = hierarchy.path / self.name
            with contextlib.suppress(OSError):
                group.mkdir()
                self.groups.append(group)
                if "cpuset" in hierarchy.options:  # version 1 lets nobody in before these are set
                    for name in ("cpuset.cpus", "cpuset.mems"):
                        (group / name).write_text((hierarchy.path / name).read_text())

    def join(self) -> None:
        """Runs in the child, between fork and exec."""
        for group in self.groups:
            with contextlib.suppress(OSError):
                (group / "cgroup.procs").write_text("0")

    def remove(self) -> None:
        for group in self.groups:
            _remove(group)


def _remove(group: Path) -> None:
    for directory, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            Path(directory).rmdir()


def _remove_abandoned(root: Path) -> None:
    """Groups of sandboxes whose parent was killed: nobody in them, and not made just now."""
    for group in root.glob("vmdesk-test-*"):
        with contextlib.suppress(OSError):
            used = any((Path(d) / "cgroup.procs").read_text() for d, _, _ in os.walk(group))
            if not used and time.time() - group.stat().st_mtime > 60:
                _remove(group)


def remount(before: list[Hierarchy]) -> None:
    """Mount the hierarchies again below a fresh /sys: each now begins at the sandbox's own group."""
    root = Path("/sys/fs/cgroup")
    if any(h.path != root for h in before):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "cgroup", root], check=True)
    for hierarchy in before:
        hierarchy.path.mkdir(parents=True, exist_ok=True)
        options = ["-o", hierarchy.options] if hierarchy.kind == "cgroup" else []
        subprocess.run(["mount", "-t", hierarchy.kind, *options, "cgroup", hierarchy.path], check=False)
        if hierarchy.kind == "cgroup2" and len(before) == 1:
            _hand_down(hierarchy.path)


def _hand_down(root: Path) -> None:
    """Version 2 hands controllers down only from a group without processes: move them aside first."""
    with contextlib.suppress(OSError):
        aside = root / "bed"
        aside.mkdir()
        for process in (root / "cgroup.procs").read_text().split():
            (aside / "cgroup.procs").write_text(process)
        for controller in (root / "cgroup.controllers").read_text().split():
            with contextlib.suppress(OSError):
                (root / "cgroup.subtree_control").write_text(f"+{controller}")
