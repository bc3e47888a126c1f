"""From libvirt's event callbacks to our events. One callback per event id: libvirt-python takes no second."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import libvirt

from vmdesk.model.event import Event, Kind
from vmdesk.virt import words

Fan = Callable[[Event], None]  # host and generation are filled in by whoever hears it

# What only says "read this machine again", by the name of the constant (newer ones are missing in older libvirt),
# and the word for it.
_CHANGES = {
    "REBOOT": "rebooted",
    "DISK_CHANGE": "medium changed",
    "PMWAKEUP": "woken up",
    "PMSUSPEND": "sleeping",
    "PMSUSPEND_DISK": "hibernating",
    "BALLOON_CHANGE": "memory changed",
    "DEVICE_REMOVED": "device removed",
    "DEVICE_ADDED": "device added",
    "DEVICE_REMOVAL_FAILED": "device not removed",
    "TUNABLE": "limits changed",
    "AGENT_LIFECYCLE": "guest agent",
    "METADATA_CHANGE": "metadata changed",
    "MEMORY_FAILURE": "memory failure",
    "MEMORY_DEVICE_SIZE_CHANGE": "memory changed",
    "BLOCK_JOB_2": "block job",
    "NIC_MAC_CHANGE": "network card changed",
}


def register(conn: "libvirt.virConnect", fan: Fan) -> list[int]:
    """Hear all events of `conn`; the numbers to deregister. [] if the driver has no events."""
    numbers: list[int] = []
    for name, callback in _callbacks(fan).items():
        event_id = getattr(libvirt, f"VIR_DOMAIN_EVENT_ID_{name}", None)
        if event_id is None:
            continue
        try:
            numbers.append(conn.domainEventRegisterAny(None, event_id, callback, None))
        except libvirt.libvirtError:
            # Lifecycle is asked first: a driver without it has no events, another one only lacks this kind.
            if name == "LIFECYCLE":
                return []
    return numbers


def register_pools(conn: "libvirt.virConnect", fan: Fan) -> list[int]:
    """Hear of the storage pools of `conn`; the numbers to deregister. [] if the driver tells nothing of them."""

    def tell(_conn: Any, pool: Any, *_rest: Any) -> None:
        fan(Event("", 0, Kind.POOL, name=pool.name(), time=time.time()))

    numbers: list[int] = []
    with contextlib.suppress(libvirt.libvirtError):
        for event_id in (libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE, libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH):
            numbers.append(conn.storagePoolEventRegisterAny(None, event_id, tell, None))
    return numbers


def register_networks(conn: "libvirt.virConnect", fan: Fan) -> list[int]:
    """Hear of the networks of `conn`; the numbers to deregister. [] if the driver tells nothing of them."""

    def tell(_conn: Any, network: Any, *_rest: Any) -> None:
        fan(Event("", 0, Kind.NETWORK, name=network.name(), time=time.time()))

    with contextlib.suppress(libvirt.libvirtError):
        return [conn.networkEventRegisterAny(None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, tell, None)]
    return []


def register_devices(conn: "libvirt.virConnect", fan: Fan) -> list[int]:
    """Hear of the host's own devices; the numbers to deregister. [] if the driver tells nothing of them."""

    def tell(_conn: Any, device: Any, *_rest: Any) -> None:
        fan(Event("", 0, Kind.DEVICE, name=device.name(), time=time.time()))

    with contextlib.suppress(libvirt.libvirtError):
        return [conn.nodeDeviceEventRegisterAny(None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, tell, None)]
    return []


def closed(reason: int) -> Event:
    """The connection is gone."""
    return Event("", 0, Kind.CLOSED, detail=words.close_reason(reason), time=time.time())


def _callbacks(fan: Fan) -> dict[str, Callable[..., None]]:
    """By constant name. libvirt passes (conn, domain, ..., opaque)."""

    def tell(domain: Any, kind: Kind, detail: str, reason: str = "") -> None:
        fan(Event("", 0, kind, domain.UUIDString(), domain.name(), detail, reason, time.time()))

    def on_lifecycle(_conn: Any, domain: Any, event: int, detail: int, _opaque: None) -> None:
        tell(domain, Kind.LIFECYCLE, *words.lifecycle(event, detail))

    def on_io_error(_conn: Any, domain: Any, _source: str, _device: str, action: int, reason: str, _: None) -> None:
        tell(domain, Kind.IO_ERROR, words.io_action(action), reason or "")

    def on_watchdog(_conn: Any, domain: Any, action: int, _opaque: None) -> None:
        tell(domain, Kind.WATCHDOG, words.watchdog_action(action))

    def on_job(_conn: Any, domain: Any, _figures: dict[str, Any], _opaque: None) -> None:
        tell(domain, Kind.JOB, "completed")

    def on_threshold(_conn: Any, domain: Any, device: str, *_rest: Any) -> None:
        tell(domain, Kind.GROWN, device)

    def changed(word: str) -> Callable[..., None]:
        return lambda _conn, domain, *_rest: tell(domain, Kind.CHANGED, word)

    def with_device(word: str) -> Callable[..., None]:
        return lambda _conn, domain, alias, *_rest: tell(domain, Kind.CHANGED, word, alias or "")

    def on_medium(_conn: Any, domain: Any, _old: str, _new: str, alias: str, *_rest: Any) -> None:
        tell(domain, Kind.CHANGED, _CHANGES["DISK_CHANGE"], alias or "")

    def on_tray(_conn: Any, domain: Any, alias: str, way: int, _opaque: None) -> None:
        opened = way == libvirt.VIR_DOMAIN_EVENT_TRAY_CHANGE_OPEN
        tell(domain, Kind.CHANGED, "tray opened" if opened else "tray closed", alias or "")

    special: dict[str, Callable[..., None]] = {
        "LIFECYCLE": on_lifecycle,
        "IO_ERROR_REASON": on_io_error,
        "WATCHDOG": on_watchdog,
        "JOB_COMPLETED": on_job,
        "BLOCK_THRESHOLD": on_threshold,
        "TRAY_CHANGE": on_tray,
    }
    for name in ("DEVICE_ADDED", "DEVICE_REMOVED", "DEVICE_REMOVAL_FAILED"):
        special[name] = with_device(_CHANGES[name])
    special["DISK_CHANGE"] = on_medium
    return {name: changed(word) for name, word in _CHANGES.items()} | special
