"""What is to be done about the USB rules of a host's running machines, now. Pure: in goes what there is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from vmdesk.model.domain import DomainKey
from vmdesk.model.host_devices import HostUsb
from vmdesk.model.replug import LiveUsb, UsbRule
from vmdesk.model.text import Text, text


@dataclass(frozen=True, slots=True)
class Running:
    """A machine that runs. started: Unix seconds; run: libvirt's number of this run."""

    key: DomainKey
    name: str
    rules: tuple[UsbRule, ...]
    has: tuple[LiveUsb, ...] = ()
    started: float = 0.0
    run: int = 0


class Do(Enum):
    GIVE = "give"
    TAKE = "take"  # it is not plugged in any more
    HAS = "has"  # nothing: it has it already
    HELD = "held"  # nothing: another machine has it
    USED = "used"  # nothing: the host uses it, and nobody has agreed to take it from it


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, or why it is not done. holder: the machine that has the device."""

    do: Do
    machine: Running
    rule: UsbRule
    device: HostUsb | None = None
    live: LiveUsb | None = None
    holder: str = ""

    @property
    def token(self) -> tuple[object, ...]:
        """This device in this run of the machine: done once, so that what a person takes out stays out, and what does
        not work is not tried for ever."""
        one = self.device
        where: tuple[object, ...] = (one.bus, one.device, one.address) if one is not None else ("", self.live)
        return (self.machine.key, self.machine.run, self.rule.called, *where)


def steps(machines: Sequence[Running], devices: Sequence[HostUsb]) -> tuple[Step, ...]:
    """First what is gone is taken, then what is there is given: the machine that has it keeps it, else the one that
    was started first gets it."""
    order = sorted(machines, key=lambda one: (one.started or float("inf"), one.name, one.key))
    held = {_place(device): one for one in order for live in one.has for device in devices if live.is_(device)}
    taken = [step for one in order for step in _taken(one, devices)]
    given: list[Step] = []
    for machine in order:
        for rule in machine.rules:
            for step in _given(machine, rule, devices, held):
                given.append(step)
                if step.do is Do.GIVE and step.device is not None:
                    held[_place(step.device)] = machine
    return (*taken, *given)


def _taken(machine: Running, devices: Sequence[HostUsb]) -> Iterator[Step]:
    for live in machine.has:
        rule = next((one for one in machine.rules if live.came_by(one)), None)
        if rule is not None and not any(live.is_(device) for device in devices):
            yield Step(Do.TAKE, machine, rule, live=live)


def _given(
    machine: Running, rule: UsbRule, devices: Sequence[HostUsb], held: dict[tuple[int, int], Running]
) -> Iterator[Step]:
    """A rule is about one device: of several equal ones the machine gets the first that is free."""
    there = [device for device in devices if rule.matches(device)]
    mine = [device for device in there if _place(device) in held and held[_place(device)].key == machine.key]
    free = [device for device in there if _place(device) not in held]
    if mine:
        yield Step(Do.HAS, machine, rule, mine[0])
    elif free:
        do = Do.USED if free[0].used and not rule.sure else Do.GIVE
        yield Step(do, machine, rule, free[0])
    elif there:
        yield Step(Do.HELD, machine, rule, there[0], holder=held[_place(there[0])].name)


def _place(device: HostUsb) -> tuple[int, int]:
    return device.bus, device.device


def words(device: HostUsb) -> str:
    """For people."""
    return device.what or device.address


def use_of(device: HostUsb) -> Text | None:
    """What the host does with it; None: nothing that is known."""
    disks = ", ".join(device.disks)
    if device.disks and device.mounted:
        return text("The host has its disk {disks} mounted: what is being written there would be lost.", disks=disks)
    if device.disks and device.mounted is None:
        return text(
            "It holds a disk of the host ({disks}). Whether it is mounted cannot be seen from here.", disks=disks
        )
    if device.typing:
        return text("It is a keyboard or mouse: the host cannot be worked with by it while the machine has it.")
    return None


def refusal(step: Step) -> Text | None:
    """Why a device is not given, for people."""
    if step.device is None:
        return None
    if step.do is Do.HELD:
        return text("{name} has it. Remove it there, then plug it in again.", name=step.holder)
    if step.do is Do.USED:
        return use_of(step.device)
    return None
