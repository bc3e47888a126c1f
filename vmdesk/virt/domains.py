"""Machines: what can be done with one, by its UUID. Every function raises VirtError."""

from collections.abc import Callable
from typing import Literal, TypeVar

import libvirt

from vmdesk.model.host import Feature
from vmdesk.model.text import Text, text
from vmdesk.virt.connection import Connection
from vmdesk.virt.listing import list_all, read
from vmdesk.virt.wire import Wire

__all__ = [
    "destroy",
    "list_all",
    "read",
    "reboot",
    "reset",
    "resume",
    "shutdown",
    "start",
    "suspend",
    "xml",
]

T = TypeVar("T")
Mode = Literal["agent", "acpi", "default"]
_SHUTDOWN = {
    "agent": libvirt.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT,
    "acpi": libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN,
    "default": libvirt.VIR_DOMAIN_SHUTDOWN_DEFAULT,
}
_REBOOT = {
    "agent": libvirt.VIR_DOMAIN_REBOOT_GUEST_AGENT,
    "acpi": libvirt.VIR_DOMAIN_REBOOT_ACPI_POWER_BTN,
    "default": libvirt.VIR_DOMAIN_REBOOT_DEFAULT,
}


async def xml(connection: Connection, uuid: str, *, inactive: bool = False) -> str:
    """The definition in use, or with `inactive` the one for the next start. Without passwords."""
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0
    doing = text("Reading the definition of {name}", name=_name(connection, uuid))
    return await _on(connection.control, uuid, lambda domain: str(domain.XMLDesc(flags)), doing)


async def start(connection: Connection, uuid: str, *, paused: bool = False) -> None:
    """Start it, or restore it if it has a saved state."""
    flags = libvirt.VIR_DOMAIN_START_PAUSED if paused else 0
    doing = text("Starting {name}", name=_name(connection, uuid))
    await act(connection, uuid, lambda domain: domain.createWithFlags(flags), doing)


async def shutdown(connection: Connection, uuid: str, *, mode: Mode = "default") -> None:
    """Ask the guest to shut down; returns when it has been asked."""
    doing = text("Shutting down {name}", name=_name(connection, uuid))
    await act(connection, uuid, lambda domain: domain.shutdownFlags(_SHUTDOWN[mode]), doing)


async def reboot(connection: Connection, uuid: str, *, mode: Mode = "default") -> None:
    """Ask the guest to restart; returns when it has been asked."""
    doing = text("Restarting {name}", name=_name(connection, uuid))
    await act(connection, uuid, lambda domain: domain.reboot(_REBOOT[mode]), doing, Feature.REBOOT)


async def reset(connection: Connection, uuid: str) -> None:
    """The reset button: the guest is not asked."""
    doing = text("Resetting {name}", name=_name(connection, uuid))
    await act(connection, uuid, lambda domain: domain.reset(0), doing, Feature.RESET)


async def destroy(connection: Connection, uuid: str) -> None:
    """Force off. Works on a hung machine too, where it takes some 12 seconds."""
    doing = text("Forcing {name} off", name=_name(connection, uuid))
    # On the control wire: libvirtd answers it first, and hung calls never stand in its way there.
    await act(connection, uuid, lambda domain: domain.destroy(), doing, wire=connection.control)


async def suspend(connection: Connection, uuid: str) -> None:
    """Pause: it stays in memory."""
    doing = text("Pausing {name}", name=_name(connection, uuid))
    await act(connection, uuid, lambda domain: domain.suspend(), doing, Feature.SUSPEND)


async def resume(connection: Connection, uuid: str) -> None:
    """Let a paused machine run on, or wake a sleeping one."""

    def run_on(domain: "libvirt.virDomain") -> None:
        if domain.state()[0] == libvirt.VIR_DOMAIN_PMSUSPENDED:
            domain.pMWakeup(0)
        else:
            domain.resume()

    doing = text("Resuming {name}", name=_name(connection, uuid))
    await act(connection, uuid, run_on, doing, Feature.SUSPEND)


async def act(
    connection: Connection,
    uuid: str,
    fn: Callable[["libvirt.virDomain"], T],
    doing: Text,
    feature: Feature | None = None,
    wire: Wire | None = None,
) -> T:
    """Change something: refused on a read-only connection and where the host lacks `feature`."""
    connection.may_write(doing, feature)
    wire = wire or connection.actions

    def call(conn: "libvirt.virConnect") -> T:
        return fn(wire.domain(conn, uuid))

    if feature is None:
        return await wire.call(call, doing)
    return await connection.learning(feature, wire, call, doing)


async def _on(
    wire: Wire, uuid: str, fn: Callable[["libvirt.virDomain"], T], doing: Text, timeout: float | None = None
) -> T:
    return await wire.call(lambda conn: fn(wire.domain(conn, uuid)), doing, timeout)


def _name(connection: Connection, uuid: str) -> str:
    """For messages: its name as last seen, else the UUID."""
    return connection.names.get(uuid, uuid)
