"""Kinds of storage pools: what has to be said of each to make one."""

from dataclasses import dataclass
from enum import Enum

from vmdesk.model.text import Text, text
from vmdesk.virtxml import pools as pools_xml
from vmdesk.virtxml.document import XmlError


class Field(Enum):
    """What has to be said. The value is its name in `virtxml.pools.build`."""

    HOST = "host"
    FOLDER = "folder"
    DEVICE = "device"
    SOURCE = "source"
    FORMAT = "source_format"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Ask:
    """One field: its label, an example, whether it may be left out, and the words to choose from."""

    field: Field
    label: Text
    example: str = ""
    optional: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """`about`: what it is. `builds`: its folder is made if it is not there."""

    id: str
    title: Text
    about: Text
    asks: tuple[Ask, ...]
    builds: bool = False


_TARGET = Ask(Field.TARGET, text("Mounted at"), "/mnt/machines")
_SERVER = text("Server")
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
        text("Files on a partition that is mounted while the pool is on. It must hold a file system already."),
        (
            Ask(Field.DEVICE, text("Device"), "/dev/sdb1"),
            Ask(Field.FORMAT, text("File system"), "auto", choices=("auto", "ext4", "xfs", "ext3", "vfat")),
            _TARGET,
        ),
        builds=True,
    ),
    Kind(
        "netfs",
        text("Network file system (NFS)"),
        text("Files on a server's export that is mounted while the pool is on."),
        (
            Ask(Field.HOST, _SERVER, "nas.lan"),
            Ask(Field.FOLDER, text("Exported folder"), "/export/machines"),
            Ask(Field.FORMAT, text("Protocol"), "nfs", choices=("nfs", "cifs", "glusterfs", "auto")),
            _TARGET,
        ),
        builds=True,
    ),
    Kind(
        "logical",
        text("LVM volume group"),
        text("Logical volumes of a group that is there already."),
        (Ask(Field.SOURCE, text("Volume group"), "vg0"),),
    ),
    Kind(
        "disk",
        text("Partitions of a disk"),
        text("A whole disk with a partition table; each volume is a partition."),
        (
            Ask(Field.DEVICE, text("Disk"), "/dev/sdc"),
            Ask(Field.FORMAT, text("Partition table"), "gpt", choices=("gpt", "dos")),
        ),
    ),
    Kind(
        "iscsi",
        text("iSCSI target"),
        text("The units of a target. They are made on the server."),
        (
            Ask(Field.HOST, _SERVER, "san.lan"),
            Ask(Field.DEVICE, text("Target's name (IQN)"), "iqn.2026-01.lan.san:machines"),
        ),
    ),
    Kind(
        "rbd",
        text("Ceph (RBD)"),
        text("Block devices of a Ceph cluster that asks for no log-in."),
        (Ask(Field.HOST, text("Monitor"), "ceph-mon.lan"), Ask(Field.SOURCE, text("Pool in the cluster"), "machines")),
    ),
    Kind(
        "zfs",
        text("ZFS"),
        text("Volumes of a ZFS pool that is there already."),
        (Ask(Field.SOURCE, text("ZFS pool"), "tank/machines"),),
    ),
    Kind(
        "gluster",
        text("Gluster"),
        text("Files of a Gluster volume, without mounting it."),
        (Ask(Field.HOST, _SERVER, "gluster.lan"), Ask(Field.SOURCE, text("Gluster volume"), "machines")),
    ),
)
BY_ID = {kind.id: kind for kind in KINDS}
# What libvirt can use, but does not make: nobody is asked for a folder here.
_TARGETS = {"logical": "/dev/{source}", "disk": "/dev", "iscsi": "/dev/disk/by-path"}


def offered(known: tuple[str, ...]) -> tuple[Kind, ...]:
    """Those of the host that can be made here."""
    return tuple(kind for kind in KINDS if kind.id in known)


def kind_words(kind: str) -> str:
    """`Folder`; libvirt's own word for what is not known here."""
    return str(BY_ID[kind].title) if kind in BY_ID else kind


@dataclass(frozen=True, slots=True)
class PoolWish:
    """A pool to be made. `said`: what the kind asks for."""

    name: str
    kind: str
    said: tuple[tuple[Field, str], ...] = ()
    autostart: bool = True

    @property
    def builds(self) -> bool:
        return BY_ID[self.kind].builds

    def problem(self) -> Text | None:
        """What is wrong with it, in words."""
        if not self.name.strip():
            return text("Give it a name.")
        if "/" in self.name or self.name.startswith("."):
            return text('A name cannot have "/" in it, and does not begin with a dot.')
        said = dict(self.said)
        for ask in BY_ID[self.kind].asks:
            words = said.get(ask.field, "").strip()
            if not words and not ask.optional:
                return text("Say this, too: {field}.", field=str(ask.label))
            path = ask.field in (Field.TARGET, Field.FOLDER) or (ask.field is Field.DEVICE and self.kind != "iscsi")
            if words and path and not words.startswith("/"):
                return text("{field}: a path begins with /.", field=str(ask.label))
        try:
            self.xml()
        except XmlError:
            return text("There is a character in it that cannot be written.")
        return None

    def xml(self) -> str:
        """Raises XmlError."""
        said = {field.value: words.strip() for field, words in self.said if words.strip()}
        if self.kind in _TARGETS and "target" not in said:
            said["target"] = _TARGETS[self.kind].format(source=said.get("source", ""))
        if self.kind == "logical":
            said["source_format"] = "lvm2"
        return pools_xml.build(self.name.strip(), kind=self.kind, **said)
