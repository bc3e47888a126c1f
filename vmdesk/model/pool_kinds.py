"""Kinds of storage pools: what has to be said of each to make one. A table; the form and the command read it."""

from dataclasses import dataclass
from enum import Enum

from vmdesk.model.text import Text, text


class Field(Enum):
    """What has to be said. The value is its name in forms; `option` the command's."""

    HOST = "host"
    FOLDER = "folder"
    DEVICE = "device"
    SOURCE = "source"
    ADAPTER = "adapter"
    WWNN = "wwnn"
    WWPN = "wwpn"
    INITIATOR = "initiator"
    FORMAT = "format"
    VERSION = "version"
    TARGET = "target"
    USER = "user"

    @property
    def option(self) -> str:
        return _OPTIONS[self]


_OPTIONS = {
    Field.HOST: "--source-host",
    Field.FOLDER: "--source-path",
    Field.DEVICE: "--source-device",
    Field.SOURCE: "--source-name",
    Field.ADAPTER: "--source-adapter",
    Field.WWNN: "--source-wwnn",
    Field.WWPN: "--source-wwpn",
    Field.INITIATOR: "--source-initiator",
    Field.FORMAT: "--source-format",
    Field.VERSION: "--source-version",
    Field.TARGET: "--target",
    Field.USER: "--user",
}
SEVERAL = frozenset({Field.HOST, Field.DEVICE})  # with commas between


class Make(Enum):
    """What becomes of the source when the pool is made.

    KEEP  it is used as it is; NEW: an empty one is prepared, one with something on it is refused; OVERWRITE: whatever
    is on it is destroyed
    """

    KEEP = "keep"
    NEW = "new"
    OVERWRITE = "overwrite"


@dataclass(frozen=True, slots=True)
class Ask:
    """One field: its label, an example, whether it may be left out, and the words to choose from.

    most  of those that may be said with commas between; 0: any number
    """

    field: Field
    label: Text
    example: str = ""
    optional: bool = False
    choices: tuple[str, ...] = ()
    hint: Text | None = None
    most: int = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """`about`: what it is.

    builds  its folder is made if it is not there
    makes   what can become of its source besides being kept, in words
    target  where libvirt finds its volumes, where that is always the same; {source} is the source's name
    login   what kind of login its server may ask for
    finds   how libvirt can look for a source: "alone", "host" (of a server that has to be said), "disk" and "adapter"
            (among the host's devices), "" it cannot
    package  its part of libvirt, "" what is in every libvirt
    """

    id: str
    title: Text
    about: Text
    asks: tuple[Ask, ...]
    builds: bool = False
    makes: tuple[tuple[Make, Text], ...] = ()
    target: str = ""
    login: str = ""
    finds: str = ""
    package: str = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(ask.field for ask in self.asks)

    @property
    def keep(self) -> Text:
        """KEEP in words."""
        return text("Use what is on it; nothing is written")


_TARGET = Ask(Field.TARGET, text("Mounted at"), "/mnt/machines", hint=text("This folder is made if it is not there."))
_SERVER = text("Server")
_IQN = text("Target's name (IQN)")
_USER = Ask(
    Field.USER,
    text("User"),
    "",
    optional=True,
    hint=text("Empty: the server asks for no login."),
)
KINDS: tuple[Kind, ...] = (
    Kind(
        "dir",
        text("Folder"),
        text("Files in a folder of the host. The folder is made if it is not there."),
        (Ask(Field.TARGET, text("Folder"), "/srv/machines"),),
        builds=True,
    ),
    Kind(
        "fs",
        text("File system on a device"),
        text("Files on a partition that is mounted while the pool is on."),
        (
            Ask(Field.DEVICE, text("Device"), "/dev/sdb1"),
            Ask(Field.FORMAT, text("File system"), "auto", choices=("auto", "ext4", "xfs", "ext3", "vfat")),
            _TARGET,
        ),
        builds=True,
        makes=(
            (Make.NEW, text("Make a file system, if there is none on it")),
            (Make.OVERWRITE, text("Make a new file system: destroys all that is on it")),
        ),
        finds="disk",
    ),
    Kind(
        "netfs",
        text("Network file system (NFS)"),
        text("Files of a server's export (NFS, CIFS, Gluster) that is mounted while the pool is on."),
        (
            Ask(Field.HOST, _SERVER, "nas.lan"),
            Ask(Field.FOLDER, text("Exported folder"), "/export/machines", hint=text("Of CIFS: the share's name.")),
            Ask(Field.FORMAT, text("Protocol"), "nfs", choices=("nfs", "cifs", "glusterfs", "auto")),
            Ask(
                Field.VERSION,
                text("NFS version"),
                "4.2",
                optional=True,
                hint=text("Empty: what host and server agree on."),
            ),
            _TARGET,
        ),
        builds=True,
        finds="host",
    ),
    Kind(
        "logical",
        text("LVM volume group"),
        text("Each volume is a logical volume of a group."),
        (
            Ask(Field.SOURCE, text("Volume group"), "vg0"),
            Ask(
                Field.DEVICE,
                text("Its devices"),
                "/dev/sdb, /dev/sdc",
                optional=True,
                hint=text("Only for a new group; with commas between."),
                most=0,
            ),
        ),
        makes=(
            (Make.NEW, text("Make the group on empty devices")),
            (Make.OVERWRITE, text("Make the group anew: destroys all that is on its devices")),
        ),
        target="/dev/{source}",
        finds="alone",
    ),
    Kind(
        "disk",
        text("Partitions of a disk"),
        text("A whole disk with a partition table; each volume is a partition."),
        (
            Ask(Field.DEVICE, text("Disk"), "/dev/sdc"),
            Ask(Field.FORMAT, text("Partition table"), "gpt", choices=("gpt", "dos")),
        ),
        makes=(
            (Make.NEW, text("Write a partition table, if the disk is empty")),
            (Make.OVERWRITE, text("Write a new partition table: destroys all that is on the disk")),
        ),
        target="/dev",
        finds="disk",
    ),
    Kind(
        "iscsi",
        text("iSCSI target"),
        text("The units of a target, which the host logs in to. They are made on the server."),
        (
            Ask(Field.HOST, _SERVER, "san.lan"),
            Ask(Field.DEVICE, _IQN, "iqn.2026-01.lan.san:machines"),
            Ask(
                Field.INITIATOR,
                text("The host's own name (IQN)"),
                "iqn.2026-01.lan.host:1",
                optional=True,
                hint=text("Empty: the one that the host has."),
            ),
            _USER,
        ),
        target="/dev/disk/by-path",
        login="chap",
        finds="host",
        package="iscsi",
    ),
    Kind(
        "iscsi-direct",
        text("iSCSI target, by QEMU itself"),
        text("The units of a target, which each machine logs in to by itself; the host sees no devices of it."),
        (
            Ask(Field.HOST, _SERVER, "san.lan"),
            Ask(Field.DEVICE, _IQN, "iqn.2026-01.lan.san:machines"),
            Ask(Field.INITIATOR, text("The host's own name (IQN)"), "iqn.2026-01.lan.host:1"),
            _USER,
        ),
        login="chap",
        package="iscsi-direct",
    ),
    Kind(
        "scsi",
        text("SCSI or Fibre Channel adapter"),
        text("The units that an adapter of the host sees."),
        (
            Ask(
                Field.ADAPTER,
                text("Adapter"),
                "scsi_host2",
                optional=True,
                hint=text("Either this, or both names of a Fibre Channel port."),
            ),
            Ask(Field.WWNN, text("WWNN of the port"), "20000000c9831b4b", optional=True),
            Ask(Field.WWPN, text("WWPN of the port"), "10000000c9831b4b", optional=True),
        ),
        target="/dev/disk/by-path",
        finds="adapter",
        package="scsi",
    ),
    Kind(
        "mpath",
        text("Multipath devices"),
        text("All devices of the host that are reached by several ways. A host has one such pool."),
        (),
        target="/dev/mapper",
        package="mpath",
    ),
    Kind(
        "rbd",
        text("Ceph (RBD)"),
        text("Block devices of a Ceph cluster, which each machine reaches by itself."),
        (
            Ask(
                Field.HOST,
                text("Monitors"),
                "ceph-1.lan, ceph-2.lan:6789",
                hint=text("With commas between; a port behind a colon."),
                most=0,
            ),
            Ask(Field.SOURCE, text("Pool in the cluster"), "machines"),
            _USER,
        ),
        login="ceph",
        package="rbd",
    ),
    Kind(
        "gluster",
        text("Gluster, without mounting"),
        text("Files of a Gluster volume, which each machine reaches by itself."),
        (
            Ask(Field.HOST, _SERVER, "gluster.lan"),
            Ask(Field.SOURCE, text("Gluster volume"), "machines"),
            Ask(Field.FOLDER, text("Folder in it"), "/images", optional=True, hint=text("Empty: all of it.")),
        ),
        finds="host",
        package="gluster",
    ),
    Kind(
        "zfs",
        text("ZFS"),
        text("Volumes of a ZFS pool."),
        (
            Ask(Field.SOURCE, text("ZFS pool"), "tank/machines"),
            Ask(Field.DEVICE, text("Its device"), "/dev/sdb", optional=True, hint=text("Only for a new ZFS pool.")),
        ),
        makes=((Make.NEW, text("Make the ZFS pool on an empty device")),),
        finds="alone",
        package="zfs",
    ),
    Kind(
        "vstorage",
        text("Virtuozzo Storage"),
        text("Files of a cluster of Virtuozzo Storage that is mounted while the pool is on."),
        (Ask(Field.SOURCE, text("Cluster"), "machines"), _TARGET),
        builds=True,
        package="vstorage",
    ),
    Kind(
        "sheepdog",
        text("Sheepdog"),
        text("Block devices of a Sheepdog cluster. Newer versions of libvirt cannot use them any more."),
        (Ask(Field.HOST, _SERVER, "localhost:7000"), Ask(Field.SOURCE, text("Cluster"), "machines")),
        package="sheepdog",
    ),
)
BY_ID = {kind.id: kind for kind in KINDS}
