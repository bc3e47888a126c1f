"""Machines: reading them and acting on one, by its UUID. Every function raises VirtError."""

from typing import Literal

import libvirt

from vmdesk.model.host import Feature
from vmdesk.model.text import text
from vmdesk.virt.acting import act, look, name
from vmdesk.virt.connection import Connection
from vmdesk.virt.files import files
from vmdesk.virt.guest import addresses, screenshot
from vmdesk.virt.labels import set_labels
from vmdesk.virt.listing import list_all, read
from vmdesk.virt.saving import abort_job, job, job_progress, managed_save, managed_save_remove

__all__ = [
    "abort_job",
    "addresses",
    "destroy",
    "files",
    "job",
    "job_progress",
    "list_all",
    "managed_save",
    "managed_save_remove",
    "read",
    "reboot",
    "rename",
    "reset",
    "resume",
    "screenshot",
    "set_autostart",
    "set_labels",
    "shutdown",
    "start",
    "suspend",
    "undefine",
    "xml",
]

Mode = Literal["agent", "acpi", "default"]
_SHUTDOWN = {
    "agent": libvirt.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT,
    "acpi": libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN,
    "default": libvirt.VIR_DOMAIN_SHUTDOWN_DEFAULT,
}
# Newer than libvirt 9.0's Python constants on some systems: 0 asks for nothing.
_KEEP_NVRAM = getattr(libvirt, "VIR_DOMAIN_UNDEFINE_KEEP_NVRAM", 0)
_KEEP_TPM = getattr(libvirt, "VIR_DOMAIN_UNDEFINE_KEEP_TPM", 0)
_CHECKPOINTS = getattr(libvirt, "VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA", 0)
_UNKNOWN_FLAG = (libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_NO_SUPPORT)


async def xml(connection: Connection, uuid: str, *, inactive: bool = False) -> str:
    """The definition in use, or with `inactive` the one for the next start. Without passwords."""
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0
    doing = text("Reading the definition of {name}", name=name(connection, uuid))
    return await look(connection, uuid, lambda domain: str(domain.XMLDesc(flags)), doing)


async def start(connection: Connection, uuid: str, *, paused: bool = False) -> None:
    """Start it, or restore it if it has a saved state.

    paused  before its first instruction; where the driver knows no such start, right after it
    """
    doing = text("Starting {name}", name=name(connection, uuid))
    await act(connection, uuid, _start_paused if paused else lambda domain: domain.create(), doing)


def _start_paused(domain: "libvirt.virDomain") -> None:
    try:
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    except libvirt.libvirtError as error:
        if error.get_error_code() not in _UNKNOWN_FLAG:
            raise
        domain.create()
        domain.suspend()


async def shutdown(connection: Connection, uuid: str, *, mode: Mode = "default") -> None:
    """Ask the guest to shut down; returns when it has been asked."""
    doing = text("Shutting down {name}", name=name(connection, uuid))
    await act(connection, uuid, lambda domain: domain.shutdownFlags(_SHUTDOWN[mode]), doing)


async def reboot(connection: Connection, uuid: str) -> None:
    """Ask the guest to restart; returns when it has been asked."""
    doing = text("Restarting {name}", name=name(connection, uuid))
    await act(connection, uuid, lambda domain: domain.reboot(libvirt.VIR_DOMAIN_REBOOT_DEFAULT), doing, Feature.REBOOT)


async def reset(connection: Connection, uuid: str) -> None:
    """The reset button: the guest is not asked."""
    doing = text("Resetting {name}", name=name(connection, uuid))
    await act(connection, uuid, lambda domain: domain.reset(0), doing, Feature.RESET)


async def destroy(connection: Connection, uuid: str) -> None:
    """Force off. Works on a hung machine too, where it takes some 12 seconds."""
    doing = text("Forcing {name} off", name=name(connection, uuid))
    # On the control wire: libvirtd answers it first, and hung calls never stand in its way there.
    await act(connection, uuid, lambda domain: domain.destroy(), doing, wire=connection.control)


async def suspend(connection: Connection, uuid: str) -> None:
    """Pause: it stays in memory."""
    doing = text("Pausing {name}", name=name(connection, uuid))
    await act(connection, uuid, lambda domain: domain.suspend(), doing, Feature.SUSPEND)


async def resume(connection: Connection, uuid: str) -> None:
    """Let a paused machine run on, or wake a sleeping one."""

    def run_on(domain: "libvirt.virDomain") -> None:
        if domain.state()[0] == libvirt.VIR_DOMAIN_PMSUSPENDED:
            domain.pMWakeup(0)
        else:
            domain.resume()

    doing = text("Resuming {name}", name=name(connection, uuid))
    await act(connection, uuid, run_on, doing, Feature.SUSPEND)


async def set_autostart(connection: Connection, uuid: str, on: bool) -> None:
    """Whether the host starts it when the host itself starts."""
    if on:
        doing = text("Letting {name} start with the host", name=name(connection, uuid))
    else:
        doing = text("Not letting {name} start with the host", name=name(connection, uuid))
    await act(connection, uuid, lambda domain: domain.setAutostart(int(on)), doing, Feature.AUTOSTART)


async def rename(connection: Connection, uuid: str, new: str) -> None:
    """Give it another name; it must be off."""
    doing = text("Renaming {name} to {new}", name=name(connection, uuid), new=new)
    await act(connection, uuid, lambda domain: domain.rename(new, 0), doing, Feature.RENAME)
    connection.names[uuid] = new


async def undefine(connection: Connection, uuid: str, *, managed_save: bool = False, snapshots: bool = False) -> None:
    """Delete the definition; disks, firmware variables and TPM state stay. A running machine runs on, once.

    managed_save  also remove the saved state
    snapshots     also forget the snapshots and checkpoints; files that they made stay
    Without them libvirt refuses where there are such.
    """
    told = libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE if managed_save else 0
    if snapshots:
        told |= libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | _CHECKPOINTS
    doing = text("Deleting the definition of {name}", name=name(connection, uuid))
    await act(connection, uuid, lambda domain: _undefine(domain, told), doing, Feature.DEFINE)


def _undefine(domain: "libvirt.virDomain", told: int) -> None:
    # Drivers and older daemons know fewer flags. Leaving some away deletes nothing: libvirt refuses then.
    for flags in dict.fromkeys(
        (
            told | _KEEP_NVRAM | _KEEP_TPM,
            told | _KEEP_NVRAM,
            told,
            told & ~_CHECKPOINTS | _KEEP_NVRAM,
            told & ~_CHECKPOINTS,
        )
    ):
        try:
            domain.undefineFlags(flags)
        except libvirt.libvirtError as error:
            if error.get_error_code() not in _UNKNOWN_FLAG:
                raise
        else:
            return
    domain.undefine()
