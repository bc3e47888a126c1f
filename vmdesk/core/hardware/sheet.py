"""One page about one thing of a machine: its fields, and the changes that new values of them are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from vmdesk.model.text import Text, text
from vmdesk.virt.hardware import Change

Value = str | int | bool | tuple[str, ...]
Values = Mapping[str, Value]


class Kind(Enum):
    """What a value is, and how it is put in.

    MEMORY in KiB, DISK in bytes; FREE is a choice in which anything may be typed; FILE a path of the host or
    POOL/VOLUME; FOLDER a path; HIDDEN a password, of which the old one is never shown; ORDER the chosen
    ones of `choices`, in their order; SYSTEM an operating system's id in the OS database; FACT is only read
    """

    FACT = "fact"
    TEXT = "text"
    HIDDEN = "hidden"
    LINES = "lines"
    NUMBER = "number"
    MEMORY = "memory"
    DISK = "disk"
    CHOICE = "choice"
    FREE = "free"
    SWITCH = "switch"
    FILE = "file"
    FOLDER = "folder"
    ORDER = "order"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Field:
    """One row.

    hint   what it is for
    now    in words, what the running machine has, where that is something else
    why    why it cannot be changed; None: it can
    off    choices that cannot be taken, with the reason
    needs  the switch that has to be on for it
    """

    name: str
    label: Text
    kind: Kind
    value: Value
    choices: tuple[tuple[Value, Text | str], ...] = ()
    hint: Text | None = None
    now: str = ""
    why: Text | None = None
    low: int = 0
    high: int = 2**31 - 1
    off: tuple[tuple[Value, Text], ...] = ()
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A heading over the fields that follow."""

    title: Text


@dataclass(frozen=True, slots=True)
class Wish:
    """A change, and why it would hold from the next start only; None: it acts at once."""

    change: Change
    later: Text | None = None


def _nothing(_values: Values) -> Sequence[Wish]:
    return ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One entry of the list and its page.

    group    the heading that it is listed under
    state    what is special about it: there until the machine is off, there from the next start on
    wishes   what the changed values mean; raises EditError
    device   whether it is one that can be removed; `fixed` says why not
    note     a sentence about it
    """

    key: str
    title: Text
    icon: str
    summary: Text | str
    group: Text
    rows: tuple[Field | Part, ...] = ()
    wishes: Callable[[Values], Sequence[Wish]] = _nothing
    device: bool = False
    fixed: Text | None = None
    state: Text | None = None
    note: Text | None = None

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(row for row in self.rows if isinstance(row, Field))


def fact(label: Text, value: object, hint: Text | None = None) -> Field:
    """Something to be read; nothing is a dash."""
    words = "" if value is None else str(value)
    return Field("", label, Kind.FACT, words or "–", hint=hint)


def switch(name: str, label: Text, value: bool, hint: Text | None = None, now: str = "") -> Field:
    return Field(name, label, Kind.SWITCH, value, hint=hint, now=now)


def choice(
    name: str,
    label: Text,
    value: str,
    choices: Sequence[tuple[str, Text | str]],
    hint: Text | None = None,
    now: str = "",
    free: bool = False,
) -> Field:
    """One of these; what is there already is offered in any case."""
    offered = list(choices)
    if value not in [one for one, _ in offered]:
        offered.insert(0, (value, value or text("Hypervisor's default")))
    kind = Kind.FREE if free else Kind.CHOICE
    return Field(name, label, kind, value, tuple(offered), hint, now)


def plain(*words: str) -> list[tuple[str, Text | str]]:
    """Choices that are called by libvirt's words; "" is the default."""
    return [(word, word or text("Hypervisor's default")) for word in words]


def figure(values: Values, name: str, old: int = 0) -> int:
    """A number among the changed values, else the old one."""
    value = values.get(name, old)
    return value if isinstance(value, int) else old


def on_off(value: bool) -> str:
    return str(text("on") if value else text("off"))
