"""Operating systems: what one needs and has drivers for, so that a new machine suits it."""

from dataclasses import dataclass
from enum import Enum


class Certainty(Enum):
    """How a system was found out."""

    MEDIA = "media"  # the database knows this very medium
    RELATIVE = "relative"  # named by its own words; the defaults are those of the newest relative in the database
    CHOSEN = "chosen"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Needs:
    """What it wants at least, or works well with. Bytes; 0: not told."""

    vcpus: int = 0
    memory: int = 0
    disk: int = 0


@dataclass(frozen=True, slots=True)
class System:
    """One operating system, as the OS database (libosinfo) tells it. `System()` is an unknown one.

    id          the database's URL, "http://debian.org/debian/11"; short_id what people type, "debian11"
    name        "Debian 11"; of a newer relative its own words, "Debian GNU/Linux 12.7"
    family      linux, winnt, freebsd, ...; "" if unknown
    devices     libosinfo's names of the devices it has drivers for: virtio-net, virtio1.0-block, qemu-xhci, ...
    firmware    what it can boot with: "bios", "efi"; empty: not told
    unattended  kinds of answer files: "desktop", "jeos", ...
    stands_for  the relative whose defaults these are (its name), "" if they are its own
    """

    id: str = ""
    short_id: str = ""
    name: str = ""
    family: str = ""
    distro: str = ""
    version: str = ""
    released: str = ""  # "2021-08-14", "" if not told
    ended: bool = False  # its maker has given it up
    architectures: tuple[str, ...] = ()
    minimum: Needs = Needs()
    recommended: Needs = Needs()
    devices: frozenset[str] = frozenset()
    firmware: frozenset[str] = frozenset()
    secure_boot: bool = False  # asks for it
    tpm: bool = False  # asks for one
    local_clock: bool = False  # keeps local time in the hardware clock
    unattended: tuple[str, ...] = ()
    stands_for: str = ""
    certainty: Certainty = Certainty.NONE

    def drives(self, *names: str) -> bool:
        """Whether it has a driver for one of these devices."""
        return any(name in self.devices for name in names)


@dataclass(frozen=True, slots=True)
class Medium:
    """What was read from an installation medium or tree, and what it is.

    label       the volume's label; info: the text of .disk/info
    kernel, initrd  their paths inside, where the database or the tree's own .treeinfo names them
    live        it runs without being installed
    """

    system: System = System()
    architecture: str = ""
    label: str = ""
    info: str = ""
    kernel: str = ""
    initrd: str = ""
    live: bool = False
    bytes: int = 0
