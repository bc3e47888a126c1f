"""What libvirt tells us. An event carries no truth: it says "re-read this" (and, for the activity page, why)."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Which libvirt event it was."""

    LIFECYCLE = "lifecycle"
    CHANGED = "changed"  # metadata, device, balloon, tray, agent ...: re-read the machine
    IO_ERROR = "io-error"
    WATCHDOG = "watchdog"
    CLOSED = "closed"  # the connection is gone; detail is "eof", "keepalive", "error" or "client"
    JOB = "job"  # a libvirt job ended
    GROWN = "grown"  # a disk was written beyond the mark that was set in its file
    POOL = "pool"  # a storage pool is not as it was; name is its name
    DEVICE = "device"  # one of the host's own devices came or went; name is its name
    NETWORK = "network"  # a network is not as it was; name is its name
    LEARNT = "learnt"  # the host turned out to lack a feature: Connection.capabilities is new; detail names it


@dataclass(frozen=True, slots=True)
class Event:
    """`host` is HostConfig.id, `uuid` "" for events of the connection, of pools and of networks, `generation` which
    connection of that host sent it.

    name    the machine's name at that time, or the pool's, or the network's
    detail  libvirt's words: "started", "stopped", "defined", ...
    reason  libvirt's word for why: "booted", "crashed", "destroyed", "enospc", ... or ""
    time    Unix seconds
    """

    host: str
    generation: int
    kind: Kind
    uuid: str = ""
    name: str = ""
    detail: str = ""
    reason: str = ""
    time: float = 0.0
