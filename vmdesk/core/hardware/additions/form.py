"""What a kind of new hardware is, and what is known when its form is filled in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from vmdesk.core.hardware.applying import STILL
from vmdesk.core.hardware.reading import Offers
from vmdesk.core.hardware.sheet import Field, Values, choice, fact, plain
from vmdesk.model.host_devices import HostDevices
from vmdesk.model.text import Text, text
from vmdesk.virt import making
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Change

Work = Callable[[Connection], Awaitable[None]]

# What no hypervisor takes while a machine runs.
NEVER_LIVE = frozenset({"graphics", "video", "sound", "tpm", "panic", "parallel", "boot"})


@dataclass(frozen=True, slots=True)
class Around:
    """What the host has that can be given away. `problem`: why its devices cannot be listed.

    holders  which machine has which mediated device, by UUID and name
    """

    offers: Offers = field(default_factory=Offers)
    devices: HostDevices = field(default_factory=HostDevices)
    problem: Text | None = None
    taken: making.Taken = field(default_factory=making.Taken)
    holders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Addition:
    """One kind of device.

    why    why none can be added; None: it can
    later  why it is there from the next start only; None: plugged in at once, where host and guest can
    make   (what it is, its XML) of the values; raises EditError
    notes  what to know about the chosen values

    changes  what is changed, and the key of what is added, where that is more than what `make` makes
    before   what is made on the host first, with its title; None: nothing. `undo` takes it back
    delete   which of those that are chosen from can be deleted on the host, and why not
    """

    id: str
    title: Text
    icon: str
    fields: tuple[Field, ...]
    make: Callable[[Values], tuple[Text, str]]
    why: Text | None = None
    later: Text | None = None
    notes: Callable[[Values], Sequence[Text]] = lambda _values: ()
    changes: Callable[[Values], tuple[Sequence[Change], str]] | None = None
    before: Callable[[Values], tuple[Text, Work] | None] = lambda _values: None
    undo: Work | None = None
    delete: Callable[[Values], tuple[str, Text | None]] | None = None


def bare(id_: str, title: Text, icon: str, make: Callable[[], str], words: Text, why: Text | None = None) -> Addition:
    """Nothing can be chosen."""
    later = STILL if id_ in NEVER_LIVE else None
    return Addition(id_, title, icon, (fact(text("What it is"), words),), lambda _values: (title, make()), why, later)


def of_model(
    id_: str, title: Text, icon: str, models: Sequence[str], make: Callable[[str], str], why: Text | None = None
) -> Addition:
    """Only its model can be chosen."""
    fields = (choice("model", text("Model"), models[0], plain(*models)),)

    def made(values: Values) -> tuple[Text, str]:
        model = str(values["model"])
        return text("{device} {model}", device=title, model=model), make(model)

    return Addition(id_, title, icon, fields, made, why, STILL if id_ in NEVER_LIVE else None)
