"""Pools and volumes: where the files of machines live, as libvirt tells it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pool:
    """One storage pool. Sizes in bytes, 0 while it is off.

    kind    dir, fs, netfs, logical, disk, iscsi, rbd, zfs, ...
    target  the folder or device of its volumes on the host, "" where it has none
    """

    name: str
    uuid: str
    kind: str = "dir"
    target: str = ""
    active: bool = True
    autostart: bool = False
    persistent: bool = True
    capacity: int = 0
    allocation: int = 0
    available: int = 0

    @property
    def keeps_files(self) -> bool:
        """Whether its volumes are files with a format of their own, which can have a backing file."""
        return self.kind in ("dir", "fs", "netfs", "gluster", "vstorage")


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume. Sizes in bytes.

    kind     file, block, dir, network, netdir, ploop
    format   qcow2, raw, iso, ... "" where the pool knows none
    backing  the path of the file below it, "" if there is none
    """

    pool: str
    name: str
    path: str
    kind: str = "file"
    format: str = ""
    capacity: int = 0
    allocation: int = 0
    backing: str = ""
    backing_format: str = ""
    encrypted: bool = False
    owner: int | None = None
    mode: int | None = None
    modified: float | None = None  # Unix time in seconds
