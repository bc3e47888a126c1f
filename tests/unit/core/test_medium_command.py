"""The CD of a cut installation is offered again."""

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from vmdesk.core.command import Act, Offer
from vmdesk.core.commands import medium
from vmdesk.model.domain import Definition, Disk, Domain, DomainKey, State

CD = "/iso/debian.iso"
EMPTY, FULL = Disk("sda", "cdrom", "", "raw", True), Disk("sda", "cdrom", CD, "raw", True)
INSTALLED = Domain(DomainKey("lab", "u"), "web", State.SHUTOFF, definition=Definition(disks=(EMPTY,), medium=CD))


class Context:
    """What `offer` uses of one."""

    def __init__(self, live: bool) -> None:
        self.live, self.ask, self.offers = live, self, list[Offer]()

    def offer(self, offer: Offer) -> None:
        self.offers.append(offer)


@pytest.mark.parametrize(
    ("definition", "possible"),
    [
        (Definition(disks=(EMPTY,), medium=CD), True),
        (Definition(disks=(FULL,), medium=CD), False),
        (Definition(disks=(), medium=CD), False),
        (Definition(disks=(EMPTY,)), False),
    ],
)
def test_when(definition: Definition, possible: bool) -> None:
    assert (medium.INSERT.when(replace(INSTALLED, definition=definition)) is None) == possible


def test_virsh() -> None:
    line = f"virsh -c qemu:///system change-media web sda {CD} --insert --config"
    assert medium.INSERT.virsh_lines(INSTALLED, "qemu:///system") == line
    running = replace(INSTALLED, state=State.RUNNING)
    assert medium.INSERT.virsh_lines(running, "qemu:///system") == f"{line} --live"
    assert medium.INSERT.virsh_lines(replace(INSTALLED, definition=Definition()), "qemu:///system") == ""


@pytest.mark.parametrize(
    ("disks", "live", "offers"),
    [((FULL,), True, 1), ((EMPTY,), True, 0), ((FULL,), False, 0)],
    ids=["in the drive", "installed long ago", "on the command line"],
)
def test_offered_when_it_is_forced_off_with_the_cd_in(disks: Any, live: bool, offers: int) -> None:
    context = Context(live)
    domain = replace(INSTALLED, state=State.RUNNING, definition=Definition(disks=disks, medium=CD))
    asyncio.run(medium.offer(Act(cast("Any", context), cast("Any", None), domain, lambda *_: None)))
    assert len(context.offers) == offers
