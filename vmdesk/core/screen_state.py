"""How it stands with a machine's screen, what ways there are to it, and the words for having none."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from vmdesk.console.screen import Backend, Listener
from vmdesk.core.screen_link import Viewer
from vmdesk.model.display import Display, Displays
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text

SHARED = "shared"  # a wish: any way that throws nobody out
EXCLUSIVE = ("dbus", "spice")  # QEMU gives these to one viewer; a newer one throws the older out


class Phase(Enum):
    IDLE = "idle"
    CONNECTING = "connecting"
    LIVE = "live"
    OFF = "off"  # the machine does not run
    LOST = "lost"  # it could not be opened, or broke; `problem` says why
    TAKEN = "taken"  # another viewer has it and there is no other way


@dataclass(frozen=True, slots=True)
class Status:
    """How it stands with a screen.

    protocol  what it is shown over, "" if it is not
    why       why not over something better, one sentence each
    taken     another viewer took the better display; `Screen.take_back` takes it again
    """

    phase: Phase = Phase.IDLE
    protocol: str = ""
    why: tuple[Text, ...] = ()
    problem: Problem | None = None
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a machine has now: `doors` in the order to try, `why` about those that cannot be used."""

    doors: tuple[Display, ...] = ()
    why: tuple[Text, ...] = ()
    displays: Displays = field(default_factory=Displays)


class Doors(Protocol):
    """The ways into machines (core/doors.py has the real ones)."""

    async def find(self, key: DomainKey) -> Found:
        """What is there now. VirtError."""

    async def backend(
        self, key: DomainKey, display: Display, head: int, listener: Listener, beside: Backend | None
    ) -> Backend:
        """A backend for one of them, not open yet. VirtError.

        beside  an open one for another monitor of the same display: the connection is one for all
        """

    async def ask(self, key: DomainKey, display: Display) -> bool:
        """A backend's `open` said "auth": ask the person for the password. True: another try makes sense."""

    async def answered(self, key: DomainKey, display: Display, right: bool) -> None:
        """Whether the display took what `ask` got."""


class Watcher(Viewer, Protocol):
    """Somebody who looks at a screen."""

    def status(self, status: Status) -> None: ...


def protocol_name(kind: str) -> str:
    """As people write it."""
    return {"dbus": "D-Bus", "vnc": "VNC", "spice": "SPICE"}.get(kind, kind)


def no_door(wish: str, found: Found, why: Iterable[Text]) -> Problem:
    """Why there is no screen to be had."""
    reasons = tuple(why)
    if not found.displays.graphics:
        return Problem(
            text("This machine has no screen."),
            text("Its definition has no <graphics> device."),
            text("Its text console may work."),
            name="no-graphics",
        )
    if wish and wish != SHARED and any(one.kind == wish for one in found.displays.graphics):
        what = text("The {protocol} display cannot be used here.", protocol=protocol_name(wish))
    elif wish and wish != SHARED:
        what = text("This machine has no {protocol} display.", protocol=protocol_name(wish))
    else:
        what = text("None of its displays can be used here.")
    kinds = ", ".join(protocol_name(one.kind) for one in found.displays.graphics)
    return Problem(
        what, functools.reduce(lambda _, one: one, reasons, text("It has: {kinds}", kinds=kinds)), name="no-door"
    )
