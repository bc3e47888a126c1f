"""Devices of a host that a machine can be given."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostUsb:
    """A USB device that is plugged in. vendor, product: 4 hex digits.

    port     where: bus and ports, "1-1.4"; "" if the host does not tell
    typing   it is a keyboard or a mouse (or says so)
    disks    the host's names of the disks in it: "sdb"
    mounted  whether the host uses one of them now; None: it cannot be told from here
    """

    name: str
    vendor: str
    product: str
    what: str
    bus: int
    device: int
    port: str = ""
    typing: bool = False
    disks: tuple[str, ...] = ()
    mounted: bool | None = False

    @property
    def used(self) -> bool:
        """Whether the host would miss it, as far as is known: nobody is given it without being asked."""
        return self.typing or (bool(self.disks) and self.mounted is not False)

    @property
    def address(self) -> str:
        """As HostDevice.address has it, by what it is."""
        return f"{self.vendor}:{self.product}"


@dataclass(frozen=True, slots=True)
class HostPci:
    """A PCI device. group: its IOMMU group, whose members go together; None: the host isolates no devices.

    members  addresses of the whole group, this one among them
    driver   which of the host's drivers has it now, "" for none
    types    kinds of mediated devices that it can be divided into: (id, name, how many are left)
    """

    name: str
    address: str
    what: str
    driver: str = ""
    group: int | None = None
    members: tuple[str, ...] = ()
    network: bool = False
    types: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class MdevType:
    """A kind of slice that a device of the host can be divided into.

    parent  the host's name of that device; what: its words for it
    api     what of: vfio-pci, vfio-ccw, vfio-ap
    left    how many can still be made
    """

    parent: str
    what: str
    id: str
    name: str
    api: str = ""
    left: int = 0

    @property
    def key(self) -> str:
        return f"{self.parent}/{self.id}"


@dataclass(frozen=True, slots=True)
class HostMdev:
    """A mediated device: a slice of another one. active False: it is defined, and not there now."""

    name: str
    uuid: str
    type: str
    group: int | None = None
    parent: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class HostDevices:
    """All of them, by address."""

    usb: tuple[HostUsb, ...] = ()
    pci: tuple[HostPci, ...] = ()
    mdev: tuple[HostMdev, ...] = ()
    slices: tuple[MdevType, ...] = ()
