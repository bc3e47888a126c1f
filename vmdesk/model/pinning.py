"""Who may run on which of a host's CPUs only, because somebody said so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vmdesk.model import cpu_set
from vmdesk.model.cpu_set import ALL, EMULATOR
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.hardware import Hardware

STRICT = "strict"
MODES = (STRICT, "preferred", "interleave")  # of memory


@dataclass(frozen=True, slots=True)
class Pinned:
    """A machine on one CPU of the host. `parts`: numbers of its virtual CPUs, EMULATOR; (ALL,) for the whole."""

    key: DomainKey
    name: str
    parts: tuple[int, ...]
    active: bool = True


def by_cpu(domains: Iterable[Domain], host_cpus: Iterable[int]) -> dict[int, tuple[Pinned, ...]]:
    """For each CPU of the host, who is pinned there. Told to run on all of them is not pinned."""
    everywhere = frozenset(host_cpus)
    found: dict[int, list[Pinned]] = {}
    for domain in domains:
        parts: dict[int, list[int]] = {}
        for part, cpus in pins_of(domain).items():
            if not cpus >= everywhere:
                for cpu in cpus & everywhere:
                    parts.setdefault(cpu, []).append(part)
        for cpu, numbers in parts.items():
            found.setdefault(cpu, []).append(Pinned(domain.key, domain.name, _short(numbers, domain), domain.active))
    return {cpu: tuple(sorted(pinned, key=lambda one: one.name)) for cpu, pinned in found.items()}


def pins_of(domain: Domain) -> Mapping[int, frozenset[int]]:
    """The CPUs of each part that is pinned; what has no pin of its own runs where the machine's `cpuset` says."""
    definition = domain.definition
    own = {part: cpu_set.parse(cpus) for part, cpus in definition.pins}
    if definition.cpuset:
        cpus = cpu_set.parse(definition.cpuset)
        return {**dict.fromkeys((*range(max(definition.vcpus, 1)), EMULATOR), cpus), **own}
    return own


def _short(numbers: list[int], domain: Domain) -> tuple[int, ...]:
    """All virtual CPUs are the machine."""
    parts = tuple(sorted(set(numbers), key=lambda part: (part < 0, part)))
    whole = range(max(domain.definition.vcpus, 1))
    return (ALL,) if set(whole) <= set(parts) else parts


@dataclass(frozen=True, slots=True)
class Place:
    """Where a machine runs: the CPUs of each part that is pinned, and the nodes that its memory comes from."""

    pins: Mapping[int, frozenset[int]]
    nodes: frozenset[int] = frozenset()
    mode: str = ""

    def cpus(self, part: int, vcpus: int) -> frozenset[int]:
        """Those of one part; of ALL those that all virtual CPUs have in common, none if they differ."""
        if part != ALL:
            return self.pins.get(part, frozenset())
        found = {self.pins.get(one, frozenset()) for one in range(vcpus)}
        return found.pop() if len(found) == 1 else frozenset()

    def with_cpus(self, part: int, cpus: frozenset[int], vcpus: int) -> "Place":
        """The same with other CPUs for a part; none: any."""
        pins = dict(self.pins)
        for one in range(vcpus) if part == ALL else (part,):
            pins.pop(one, None)
            if cpus:
                pins[one] = cpus
        return replace(self, pins=pins)

    def wishes(self, new: "Place") -> dict[str, str | None]:
        """What has to be set for the new one, by the names of limits; None takes it away."""
        found: dict[str, str | None] = {}
        for part in sorted(set(self.pins) | set(new.pins), key=lambda part: (part < 0, part)):
            if self.pins.get(part) != new.pins.get(part):
                key = "cpu.emulator-pin" if part == EMULATOR else f"cpu.pin.{part}"
                found[key] = cpu_set.write(new.pins.get(part, ())) or None
        if self.nodes != new.nodes:
            found["memory.nodes"] = cpu_set.write(new.nodes) or None
        # Nodes without a mode are strict; a mode without nodes is nothing.
        if new.nodes and (new.mode or STRICT) != ((self.mode or STRICT) if self.nodes else STRICT):
            found["memory.mode"] = new.mode or STRICT
        return found


def place_of(found: Hardware, host_cpus: Iterable[int]) -> Place:
    """As a definition says it; told to run on all CPUs of the host is not pinned."""
    everywhere = frozenset(host_cpus)
    limits = found.limits
    pins = {part: cpu_set.parse(cpus) for part, cpus in limits.cpu.pins}
    if limits.cpu.emulator_pin:
        pins[EMULATOR] = cpu_set.parse(limits.cpu.emulator_pin)
    pins = {part: cpus for part, cpus in pins.items() if cpus and not (everywhere and cpus >= everywhere)}
    return Place(pins, cpu_set.parse(limits.numa_nodes), limits.numa_mode)
