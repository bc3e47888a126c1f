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


@dataclass(frozen=True, slots=True)
class Login:
    """Who a server is told we are; `secret`: the UUID of libvirt's secret, `usage`: its name where it has no UUID here.

    kind  chap (iSCSI), ceph
    """

    kind: str
    user: str
    secret: str = ""
    usage: str = ""


@dataclass(frozen=True, slots=True)
class PoolSource:
    """Where a pool comes from; what its kind does not have is empty.

    hosts  servers, each "name" or "name:port"
    name   of a volume group, a Ceph pool, a Gluster volume, ...
    wwnn, wwpn  of a Fibre Channel adapter
    version  of the NFS protocol
    """

    hosts: tuple[str, ...] = ()
    folder: str = ""
    devices: tuple[str, ...] = ()
    name: str = ""
    format: str = ""
    initiator: str = ""
    adapter: str = ""
    wwnn: str = ""
    wwpn: str = ""
    version: str = ""
    login: Login | None = None


@dataclass(frozen=True, slots=True)
class PoolAbility:
    """One kind of pool that a host's libvirt has heard of. `formats`: of its source; () where it knows none."""

    kind: str
    supported: bool
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkPlace:
    """A volume that QEMU reaches over the network by itself, as a disk's definition names it.

    protocol  rbd, gluster, sheepdog
    """

    protocol: str
    name: str
    hosts: tuple[str, ...] = ()
    login: Login | None = None
