"""What a machine's definition lets pass between guest and desktop; a change holds from the next cold start."""

from dataclasses import dataclass

from vmdesk.core.command import Links
from vmdesk.model.display import Displays
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import defining, domains
from vmdesk.virt.acting import name
from vmdesk.virtxml import displays, edit
from vmdesk.virtxml.document import XmlError


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the definition says.

    sealed_now  neither clipboard nor files pass, as the machine runs; sealed_then: from its next start
    can_seal    there is something to seal: SPICE, or a channel for the clipboard
    has_agent   it has a channel for the clipboard
    """

    sealed_now: bool
    sealed_then: bool
    can_seal: bool
    has_agent: bool

    @property
    def waits(self) -> bool:
        """Whether only a cold start makes it true."""
        return self.sealed_now != self.sealed_then


async def read(links: Links, key: DomainKey) -> Permissions:
    """VirtError."""
    connection = links.of(key).require()
    now, then = await domains.xml(connection, key.uuid), await domains.xml(connection, key.uuid, inactive=True)
    try:
        found = displays.parse(then)
        return Permissions(edit.is_sealed(now), edit.is_sealed(then), _can_seal(found), _agent(found))
    except XmlError as error:
        raise VirtError(
            Problem(text("The definition cannot be read."), details=str(error), name="definition")
        ) from None


async def seal(links: Links, key: DomainKey, on: bool) -> bool:
    """Write it into the definition; False if it said so already. VirtError."""
    connection = links.of(key).require()
    machine = name(connection, key.uuid)
    doing = text("Sealing {name}", name=machine) if on else text("Unsealing {name}", name=machine)
    return await defining.change(connection, key.uuid, edit.seal if on else edit.unseal, doing)


async def add_agent(links: Links, key: DomainKey) -> bool:
    """Add the channel for the clipboard; False if it has one, or no display that could use it. VirtError."""
    connection = links.of(key).require()
    doing = text("Adding a clipboard channel to {name}", name=name(connection, key.uuid))
    return await defining.change(connection, key.uuid, edit.add_agent, doing)


def after(running: bool) -> Text:
    """What to say after a change."""
    if running:
        return text("It is in the definition. It holds once the machine was shut down and started again.")
    return text("It is in the definition. It holds from the next start.")


def agent_missing() -> Text:
    """What the guest needs besides the channel."""
    return text("Agent missing: install spice-vdagent in the guest.")


def _can_seal(found: Displays) -> bool:
    return any(one.kind == "spice" for one in found.graphics) or any(
        one.kind == "qemu-vdagent" for one in found.channels
    )


def _agent(found: Displays) -> bool:
    return any(one.kind in ("qemu-vdagent", "spicevmc") for one in found.channels)
