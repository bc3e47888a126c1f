"""What each libvirt driver can do: known by table, the rest is learnt from VIR_ERR_NO_SUPPORT.

Source: libvirt's hvsupport page (12.7.0); figures are the first libvirt version with it.
"""

import libvirt

from vmdesk.model.host import Capabilities, Feature

Version = tuple[int, int, int]
_F = Feature
_BLOCKS = (_F.BLOCK_JOBS, _F.BLOCK_THRESHOLD)  # QEMU's alone

# Per driver: what it lacks in every version. A driver that is not here lacks nothing that we know of.
_LACKS: dict[str, tuple[Feature, ...]] = {
    "XEN": (
        *(_F.RESET, _F.RENAME, _F.SCREENSHOT, _F.BULK_STATS, _F.KSM, _F.AGENT, _F.HOST_CPU, _F.HOST_MEMORY),
        *(_F.SNAPSHOT, *_BLOCKS),
    ),
    "LXC": (
        *(_F.RESET, _F.MANAGED_SAVE, _F.RENAME, _F.SCREENSHOT, _F.BULK_STATS, _F.AGENT),
        *(_F.SNAPSHOT, *_BLOCKS),
    ),
    "CH": (
        *(_F.AUTOSTART, _F.RESET, _F.RENAME, _F.METADATA, _F.SCREENSHOT, _F.BULK_STATS),
        *(_F.KSM, _F.HOST_CPU, _F.AGENT, _F.SNAPSHOT, *_BLOCKS),
    ),
    "BHYVE": (
        *(_F.SUSPEND, _F.RESET, _F.MANAGED_SAVE, _F.SCREENSHOT, _F.BULK_STATS),
        *(_F.SNAPSHOT, *_BLOCKS),
    ),
    "VZ": (
        *(_F.AUTOSTART, _F.RENAME, _F.METADATA, _F.SCREENSHOT, _F.KSM, _F.ADDRESSES, _F.AGENT),
        *_BLOCKS,
    ),
    "VBOX": (
        *(_F.AUTOSTART, _F.RESET, _F.MANAGED_SAVE, _F.RENAME, _F.METADATA, _F.BULK_STATS),
        *(_F.EVENTS, _F.ADDRESSES, _F.KSM, _F.HOST_CPU, _F.HOST_MEMORY, _F.AGENT, *_BLOCKS),
    ),
    "ESX": (
        *(_F.RESET, _F.MANAGED_SAVE, _F.RENAME, _F.METADATA, _F.BULK_STATS, _F.EVENTS),
        *(_F.KSM, _F.HOST_CPU, _F.HOST_MEMORY, _F.AGENT, *_BLOCKS),
    ),
    "VMWARE": (
        *(_F.AUTOSTART, _F.RESET, _F.MANAGED_SAVE, _F.RENAME, _F.METADATA, _F.SCREENSHOT),
        *(_F.BULK_STATS, _F.EVENTS, _F.ADDRESSES, _F.KSM, _F.HOST_CPU, _F.HOST_MEMORY, _F.AGENT),
        *(_F.SNAPSHOT, *_BLOCKS),
    ),
    "HYPERV": (
        *(_F.RENAME, _F.METADATA, _F.BULK_STATS, _F.EVENTS, _F.KSM, _F.AGENT),
        *(_F.HOST_CPU, _F.HOST_MEMORY, *_BLOCKS),
    ),
    "OPENVZ": (
        *(_F.RESET, _F.MANAGED_SAVE, _F.RENAME, _F.METADATA, _F.SCREENSHOT, _F.BULK_STATS),
        *(_F.EVENTS, _F.ADDRESSES, _F.KSM, _F.AGENT, _F.SNAPSHOT, *_BLOCKS),
    ),
    "TEST": (_F.KSM, _F.HOST_MEMORY, _F.AGENT, *_BLOCKS),
}
# What came later, and with which libvirt.
_SINCE: dict[str, dict[Feature, Version]] = {
    "LXC": {_F.ADDRESSES: (6, 1, 0)},
    "CH": {
        **dict.fromkeys((_F.DEFINE, _F.SUSPEND, _F.REBOOT), (7, 5, 0)),
        _F.MANAGED_SAVE: (10, 2, 0),
        _F.EVENTS: (10, 10, 0),
        _F.HOST_MEMORY: (10, 10, 0),
        _F.ADDRESSES: (11, 0, 0),
    },
    "BHYVE": {_F.RENAME: (12, 6, 0), _F.ADDRESSES: (12, 3, 0), _F.AGENT: (12, 4, 0)},
    "ESX": {_F.ADDRESSES: (6, 8, 0)},
    "HYPERV": {
        **dict.fromkeys((_F.AUTOSTART, _F.RESET), (6, 9, 0)),
        **dict.fromkeys((_F.DEFINE, _F.SCREENSHOT), (7, 1, 0)),
        _F.ADDRESSES: (12, 1, 0),
        _F.SNAPSHOT: (12, 3, 0),
    },
    "TEST": {_F.BULK_STATS: (7, 8, 0)},
}
# How virConnectGetType spells some of them.
_ALIASES = {"XENLIGHT": "XEN", "LIBXL": "XEN", "HYPER-V": "HYPERV", "PARALLELS": "VZ", "VIRTUOZZO": "VZ", "VPX": "ESX"}


def lacking(driver: str, version: Version) -> frozenset[Feature]:
    """What the driver (as getType() spells it) of that libvirt version is known to lack."""
    name = driver.upper()
    name = _ALIASES.get(name, name)
    later = (feature for feature, since in _SINCE.get(name, {}).items() if version < since)
    return frozenset((*_LACKS.get(name, ()), *later))


def look(conn: "libvirt.virConnect", readonly: bool) -> Capabilities:
    """The record of a fresh connection."""
    driver = conn.getType()
    version = _version(conn.getLibVersion())
    try:
        hostname = conn.getHostname()
    except libvirt.libvirtError:
        hostname = ""
    try:
        hypervisor = _version(conn.getVersion())
    except libvirt.libvirtError:
        hypervisor = (0, 0, 0)  # no QEMU there, or a driver without versions
    return Capabilities(driver, version, hypervisor, hostname, readonly, lacking(driver, version))


def _version(number: int) -> Version:
    """libvirt's 9000002 -> (9, 0, 2)."""
    return number // 1_000_000, number // 1000 % 1000, number % 1000
