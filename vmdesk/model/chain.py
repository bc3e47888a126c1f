"""What files the machines of a host are made of, how they stand on one another, and who needs which."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from vmdesk.model.text import Text


class Role(Enum):
    """What a file is to whoever names it."""

    DISK = "disk"
    MEDIUM = "cdrom"  # a CD or floppy
    BACKING = "backing"  # below a disk, as a definition spells it out
    NVRAM = "nvram"
    TPM = "tpm"
    BOOT = "boot"  # kernel, initrd, device tree, firmware
    FROZEN = "frozen"  # what a disk was when a snapshot was taken
    OVERLAY = "overlay"  # what a snapshot put on top of that
    MEMORY = "memory"  # of a snapshot
    SAVED = "saved-state"


@dataclass(frozen=True, slots=True)
class Image:
    """One file or volume. Sizes in bytes, None if not told.

    path      as the host calls it
    capacity  what the guest sees; allocation: what it takes on the host's disk
    backing   the path of the file below it, "" if there is none
    known     False: what is below it could not be read
    pool, volume  where libvirt can delete it; "" if it is in no storage pool that is on
    modified  Unix time
    encrypted with a passphrase that libvirt keeps
    """

    path: str
    format: str = ""
    capacity: int | None = None
    allocation: int | None = None
    backing: str = ""
    backing_format: str = ""
    known: bool = True
    pool: str = ""
    volume: str = ""
    modified: float | None = None
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """Somebody needs a file. `path` is "" where libvirt does not tell it (TPM state, a saved state).

    machine   the UUID
    target    of a disk: vda
    writable  the machine writes into it
    shared    the definition says that others may do so, too (`<shareable/>`)
    live      the running machine's; else the stored definition's, or the snapshot's
    snapshot  named by this snapshot, "" by the definition
    """

    path: str
    role: Role
    machine: str
    target: str = ""
    format: str = ""
    writable: bool = False
    shared: bool = False
    live: bool = False
    snapshot: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """A machine as far as its files are concerned. `trashed`: Unix time, 0.0 if it is not in the trash."""

    uuid: str
    name: str
    active: bool = False
    persistent: bool = True
    template: bool = False
    trashed: float = 0.0


@dataclass(frozen=True, slots=True)
class Files:
    """All files of all machines of one host, and all volumes of its storage pools.

    blind  what could not be read (machines, pools), in words: who uses what is not certain then
    """

    images: Mapping[str, Image] = field(default_factory=dict)
    uses: tuple[Use, ...] = ()
    owners: Mapping[str, Owner] = field(default_factory=dict)
    blind: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """What we write into a machine's metadata besides labels.

    template   it is a template: not started, and kept while clones hang on it
    trashed    when it was put into the trash, Unix time; 0.0: it is not there
    autostart  it started with its host before it went to the trash
    """

    template: bool = False
    trashed: float = 0.0
    autostart: bool = False
