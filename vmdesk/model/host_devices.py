"""Devices of a host that a machine can be given."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostUsb:
    """A USB device that is plugged in. vendor, product: 4 hex digits."""

    name: str
    vendor: str
    product: str
    what: str
    bus: int
    device: int

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
class HostMdev:
    """A mediated device: a slice of another one."""

    name: str
    uuid: str
    type: str
    group: int | None = None


@dataclass(frozen=True, slots=True)
class HostDevices:
    """All of them, by address."""

    usb: tuple[HostUsb, ...] = ()
    pci: tuple[HostPci, ...] = ()
    mdev: tuple[HostMdev, ...] = ()
