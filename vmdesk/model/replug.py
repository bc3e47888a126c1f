"""The rule by which a machine is given a USB device of its host again whenever it is plugged in."""

import re
from dataclasses import dataclass

from vmdesk.model.host_devices import HostUsb

_PORT = re.compile(r"[0-9]+-[0-9]+(\.[0-9]+)*")
_DEVICE = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")
KEY = "usb-rule/"  # how a rule's key begins, among those of the devices


@dataclass(frozen=True, slots=True)
class UsbRule:
    """One device by its vendor and product (4 hex digits each), or whatever is in one port ("1-1.4": bus, ports).

    sure  also a keyboard or mouse of the host, and a disk that the host has mounted
    """

    vendor: str = ""
    product: str = ""
    port: str = ""
    sure: bool = False

    @property
    def called(self) -> str:
        """ "046d:c52b", or the port."""
        return self.port or f"{self.vendor}:{self.product}"

    @property
    def key(self) -> str:
        return f"{KEY}{self.called}"

    @property
    def alias(self) -> str:
        """What libvirt shall call a device that was plugged in by it."""
        return "ua-vmdesk-usb-" + re.sub(r"[^0-9a-f]", "_", self.called)

    def matches(self, device: HostUsb) -> bool:
        if self.port:
            return device.port == self.port
        return (device.vendor, device.product) == (self.vendor, self.product)


@dataclass(frozen=True, slots=True)
class LiveUsb:
    """A USB device of the host that a running machine has. bus, device: 0 where libvirt found none for it.

    key  its key in the running definition
    """

    key: str
    vendor: str = ""
    product: str = ""
    bus: int = 0
    device: int = 0
    alias: str = ""

    def is_(self, device: HostUsb) -> bool:
        """Whether that is it, plugged in as it was when it was given."""
        what = (self.vendor, self.product)
        return (self.bus, self.device) == (device.bus, device.device) and what in (
            ("", ""),
            (device.vendor, device.product),
        )

    def came_by(self, rule: UsbRule) -> bool:
        if self.alias == rule.alias:
            return True
        return not rule.port and (self.vendor, self.product) == (rule.vendor, rule.product)


def rule_of(words: str) -> UsbRule | None:
    """Of "046d:c52b" or "1-1.4"; None: it is neither."""
    low = words.strip().lower().replace("0x", "")
    if _DEVICE.fullmatch(low):
        vendor, _, product = low.partition(":")
        return UsbRule(vendor, product)
    return UsbRule(port=low) if _PORT.fullmatch(low) else None
