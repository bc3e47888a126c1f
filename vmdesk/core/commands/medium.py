"""The CD that a machine was installed from: offered again when its installation was cut off."""

from collections.abc import Sequence
from typing import Any

from vmdesk.core.command import Act, Command, Offer, reference
from vmdesk.model.domain import Domain
from vmdesk.model.host import Feature
from vmdesk.model.text import Text, text
from vmdesk.virt import inserting


async def offer(act: Act) -> None:
    """After it was forced off: the drive of its next start is empty, and its disk may be, too."""
    medium = act.domain.definition.medium
    running = any(disk.device == "cdrom" and disk.source == medium for disk in act.domain.definition.disks)
    if act.ctx.live and medium and running:
        message = text("{name} was forced off with its installation medium in the drive.", name=act.domain.name)
        act.ctx.ask.offer(Offer(message, INSERT, (act.domain.key,)))


def _can(domain: Domain) -> Text | None:
    if not domain.definition.medium:
        return text("{name} was not installed from a CD by VMDesk.", name=domain.name)
    if not any(disk.device == "cdrom" and not disk.source for disk in domain.definition.disks):
        return text("{name} has no empty CD drive.", name=domain.name)
    return None


async def _insert(act: Act) -> None:
    await inserting.insert_medium(act.connection, act.uuid)


def _virsh(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
    drive = next((disk for disk in domain.definition.disks if disk.device == "cdrom" and not disk.source), None)
    if drive is None or not domain.definition.medium:
        return ()
    live = ("--live",) if domain.active else ()
    return (("change-media", reference(domain), drive.target, domain.definition.medium, "--insert", "--config", *live),)


INSERT = Command(
    "domain.insert-medium",
    text("Insert the medium again"),
    "disc",
    "Ctrl+Shift+E",
    when=_can,
    needs=Feature.DEFINE,
    doing=text("Inserting the medium of {name}"),
    run=_insert,
    call="virDomainUpdateDeviceFlags",
    virsh=_virsh,
)
