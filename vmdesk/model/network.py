"""Virtual networks, as libvirt tells them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """One libvirt network.

    forward  nat, route, open, bridge, private, vepa, passthrough, hostdev, or "" for an isolated one
    address  its own address with the prefix, "192.168.122.1/24"; "" if it has none
    """

    name: str
    uuid: str
    active: bool = True
    autostart: bool = False
    persistent: bool = True
    forward: str = ""
    bridge: str = ""
    address: str = ""
    dhcp: bool = False
