"""What a definition is made of besides the wish: where the prepared files are, as the hypervisor sees them."""

from dataclasses import dataclass

from vmdesk.model.storage import NetworkPlace


@dataclass(frozen=True, slots=True)
class DiskAt:
    """One disk or CD, ready to be used. `DiskAt(device="cdrom")` is an empty drive.

    path      the file or block device; of kind "network" a URL (http, https, ftp, ftps)
    pool, volume  of kind "volume"
    place     of kind "place": where QEMU reaches it over the network
    secret    of an encrypted one: the UUID under which libvirt keeps its passphrase
    ended     nothing stands below it: no backing file is looked for
    stays     of a CD: it is in the drive at later cold starts too
    once      of a CD: there for the installation only; the drive goes with it
    used      of a disk: it has something on it already, an installer must not wait for it to be empty
    bus       "" what the system drives
    keep_owner  the hypervisor must not make itself the owner of the file: it is a person's own
    """

    path: str = ""
    pool: str = ""
    volume: str = ""
    format: str = "qcow2"
    kind: str = "file"  # file, block, volume, network, place
    device: str = "disk"  # disk, cdrom
    readonly: bool = False
    ended: bool = False
    stays: bool = False
    once: bool = False
    used: bool = False
    bus: str = ""
    keep_owner: bool = False
    place: NetworkPlace | None = None
    secret: str = ""

    @property
    def empty(self) -> bool:
        return not (self.path or self.volume or self.place)


@dataclass(frozen=True, slots=True)
class Prepared:
    """All of it.

    disks   in the order of the wish
    cdroms  the installation medium first, if there is one; then drivers, cloud-init's seed
    append  the kernel's command line, "" the wish's own
    root    of a container: the folder that is its /
    init    of a container: what runs first
    """

    disks: tuple[DiskAt, ...] = ()
    cdroms: tuple[DiskAt, ...] = ()
    kernel: str = ""
    initrd: str = ""
    append: str = ""
    root: str = ""
    init: str = "/sbin/init"


@dataclass(frozen=True, slots=True)
class Definitions:
    """The XML of one new machine.

    first   what is started: the CD in the drive, or the installer's kernel
    stored  what is defined, for all later cold starts; the same text if there is nothing to install
    """

    first: str
    stored: str
