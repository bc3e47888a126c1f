"""A libvirt connection as a person configures and sees it."""

from dataclasses import dataclass
from enum import Enum

from vmdesk.model.errors import Problem


@dataclass(frozen=True, slots=True)
class HostConfig:
    """What is remembered of a host. `id` never changes; `name` is the person's; `uri` passed the allow-list."""

    id: str
    name: str
    uri: str
    connect_at_start: bool = True
    readonly: bool = False


class Link(Enum):
    """How the connection stands."""

    OFF = "off"
    CONNECTING = "connecting"
    UP = "up"
    LOST = "lost"  # was up; reconnecting; what is shown is stale
    FAILED = "failed"


class Feature(Enum):
    """What a driver may or may not be able to do (research: the driver table). The value names the libvirt API."""

    DEFINE = "virDomainDefineXML"
    AUTOSTART = "virDomainSetAutostart"
    SUSPEND = "virDomainSuspend"
    RESET = "virDomainReset"
    REBOOT = "virDomainReboot"
    MANAGED_SAVE = "virDomainManagedSave"
    RENAME = "virDomainRename"
    METADATA = "virDomainSetMetadata"
    SCREENSHOT = "virDomainScreenshot"
    BULK_STATS = "virConnectGetAllDomainStats"
    EVENTS = "virConnectDomainEventRegisterAny"
    DEVICE_EVENTS = "virConnectNodeDeviceEventRegisterAny"
    ADDRESSES = "virDomainInterfaceAddresses"
    KSM = "virNodeGetMemoryParameters"
    HOST_CPU = "virNodeGetCPUStats"
    HOST_MEMORY = "virNodeGetMemoryStats"
    AGENT = "virDomainQemuAgentCommand"
    SNAPSHOT = "virDomainSnapshotCreateXML"
    BLOCK_JOBS = "virDomainBlockCommit"
    BLOCK_THRESHOLD = "virDomainSetBlockThreshold"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the host behind a connection is and can do. Versions as (major, minor, micro)."""

    driver: str = ""  # QEMU, TEST, LXC, ... as libvirt's getType() says
    libvirt_version: tuple[int, int, int] = (0, 0, 0)
    hypervisor_version: tuple[int, int, int] = (0, 0, 0)
    hostname: str = ""
    readonly: bool = False
    lacking: frozenset[Feature] = frozenset()  # known not to work, by the driver table or learnt

    def can(self, feature: Feature) -> bool:
        return feature not in self.lacking


@dataclass(frozen=True, slots=True)
class Host:
    """One host in the store."""

    config: HostConfig
    link: Link = Link.OFF
    problem: Problem | None = None
    capabilities: Capabilities | None = None
    retry_at: float = 0.0  # monotonic seconds of the next attempt while LOST

    @property
    def id(self) -> str:
        return self.config.id

    @property
    def stale(self) -> bool:
        return self.link is not Link.UP
