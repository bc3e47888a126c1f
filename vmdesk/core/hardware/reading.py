"""What a machine has, as it runs and as it is stored, and what its host could give it."""

import asyncio
from dataclasses import dataclass, field, fields, replace

from vmdesk.core import redefining
from vmdesk.core.command import Links
from vmdesk.model.abilities import HostAbilities, MachineAbilities
from vmdesk.model.domain import Domain
from vmdesk.model.errors import VirtError
from vmdesk.model.facts import DomainAbilities
from vmdesk.model.hardware import Hardware
from vmdesk.model.host import Feature, Host
from vmdesk.model.text import Text
from vmdesk.virt import abilities, defining, domains, hardware
from vmdesk.virtxml import hardware as hardware_xml
from vmdesk.virtxml.document import XmlError

TIMES, PAUSE = 3, 0.2  # how often a busy machine is asked for the sizes of its disks, and seconds between


@dataclass(frozen=True, slots=True)
class Seen:
    """One machine.

    stored   what its definition says; of a machine without one what it runs with
    running  what it runs with, None while it is off
    base     the whole definition with its secrets: kept in memory, compared just before it is changed
    why      why nothing can be changed
    sizes    of its disks in bytes by their targets, as far as they are known
    tells    whether the host tells when one of its devices comes or goes
    """

    domain: Domain
    stored: Hardware
    running: Hardware | None = None
    base: str = field(default="", repr=False)
    why: Text | None = None
    sizes: tuple[tuple[str, int], ...] = ()
    tells: bool = True

    @property
    def active(self) -> bool:
        return self.running is not None

    @property
    def live_keys(self) -> frozenset[str]:
        """The devices that the running machine has."""
        return keys_of(self.running) if self.running else frozenset()


@dataclass(frozen=True, slots=True)
class Offers:
    """What the host has; all empty where it does not tell."""

    host: HostAbilities = field(default_factory=HostAbilities)
    machine: MachineAbilities = field(default_factory=lambda: MachineAbilities("", "", "", DomainAbilities()))


def keys_of(found: Hardware) -> frozenset[str]:
    """The keys of all devices."""
    listed = [getattr(found, one.name) for one in fields(found)]
    return frozenset(one.key for part in listed if isinstance(part, tuple) for one in part) | {
        one.key for one in found.memory.devices
    }


async def read(links: Links, domain: Domain, host: Host | None) -> Seen:
    """As it is now. VirtError."""
    connection, uuid = links.of(domain.key).require(), domain.uuid
    # One without a definition can be changed while it runs.
    why = redefining.why_not(replace(domain, persistent=True), host)
    if not domain.persistent:
        xml = await defining.whole(connection, uuid, running=True)
    elif connection.readonly:
        xml = (await defining.hidden(connection, uuid))[0]
    else:
        xml = await defining.whole(connection, uuid)
    try:
        stored = hardware_xml.parse(xml)
        running = None
        if domain.active:
            running = hardware_xml.parse(await domains.xml(connection, uuid))
    except XmlError as error:
        raise defining.unreadable(error) from None
    tells = connection.capabilities.can(Feature.DEVICE_EVENTS)
    return Seen(domain, stored, running, xml, why, tells=tells)


async def disk_sizes(links: Links, domain: Domain, found: Hardware) -> tuple[tuple[str, int], ...]:
    """As far as the host tells them."""
    targets = tuple(one.target for one in found.disks if one.target and not one.removable)
    if not targets or not domain.responding:
        return ()
    for _ in range(TIMES):
        try:
            return await hardware.disk_sizes(links.of(domain.key).require(), domain.uuid, targets)
        except VirtError as error:
            if error.problem.name != "timeout":
                break
            await asyncio.sleep(PAUSE)  # its statistics are being asked for
    return ()


async def offers(links: Links, domain: Domain) -> Offers:
    """What the host could give this machine; less where it does not tell."""
    connection = links.of(domain.key).require()
    definition = domain.definition
    host, machine = HostAbilities(), Offers().machine
    try:
        host = await abilities.host_abilities(connection)
        machine = await abilities.machine_abilities(connection, definition.kind, definition.arch, definition.machine)
    except VirtError:
        pass  # an older or another kind of host
    return Offers(host, machine)
