"""Snapshots of a machine, as libvirt keeps them."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Where the disks of a snapshot are."""

    INTERNAL = "internal"  # inside the disk's own file
    EXTERNAL = "external"  # the file was frozen, and an overlay put on top
    NONE = "none"  # no disk is in it
    MIXED = "mixed"  # of both kinds: made by somebody else


@dataclass(frozen=True, slots=True)
class SnapshotDisk:
    """One disk in a snapshot.

    frozen   the file that holds what it was then
    overlay  of an external one: the file that was put on top
    """

    target: str
    kind: Kind
    frozen: str = ""
    frozen_format: str = ""
    overlay: str = ""
    overlay_format: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot.

    memory       "no", "internal" or "external"; memory_file: where, of an external one
    state        of the machine then, libvirt's word: running, shutoff, disk-snapshot, ...
    created      Unix time
    bytes        what it takes on the host's disk alone, None if not told: of an internal one only its memory
    """

    name: str
    parent: str = ""
    created: float = 0.0
    note: str = ""
    state: str = ""
    kind: Kind = Kind.NONE
    memory: str = "no"
    memory_file: str = ""
    current: bool = False
    disks: tuple[SnapshotDisk, ...] = ()
    bytes: int | None = None

    @property
    def with_memory(self) -> bool:
        return self.memory != "no"
