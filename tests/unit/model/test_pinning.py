"""Sets of CPUs, and who is pinned where."""

import random
from dataclasses import replace

from vmdesk.model import cpu_set
from vmdesk.model.cpu_set import ALL, EMULATOR
from vmdesk.model.domain import Definition, Domain, DomainKey
from vmdesk.model.hardware import CpuLimits, Hardware, Limits
from vmdesk.model.pinning import Pinned, Place, by_cpu, place_of

KEY = DomainKey("laptop", "00000000-0000-0000-0000-000000000001")
WEB = Domain(KEY, "web", definition=Definition(vcpus=2))


def test_sets_are_read_and_written() -> None:
    assert cpu_set.parse("0-3,^2,8") == {0, 1, 3, 8}
    assert cpu_set.parse("^1,0-2") == {0, 1, 2}  # taken away from what came before it
    assert cpu_set.write((8, 0, 1, 3)) == "0-1,3,8"
    assert (cpu_set.parse(""), cpu_set.write(())) == (frozenset(), "")


def test_what_is_written_is_read_back() -> None:
    chance = random.Random(7)
    for _ in range(300):
        numbers = frozenset(chance.sample(range(64), chance.randrange(64)))
        assert cpu_set.parse(cpu_set.write(numbers)) == numbers


def test_nonsense_is_no_set() -> None:
    assert cpu_set.parse("x,1-,-3,5-4,1e3") == {1}
    assert len(cpu_set.parse("0-99999999999999999999")) == cpu_set.MOST + 1
    assert cpu_set.parse("9" * 30) == frozenset()


def pinned(domain: Domain, cpus: int = 4) -> dict[int, tuple[int, ...]]:
    found = by_cpu([domain], range(cpus))
    assert all(one.key == KEY and one.name == "web" for many in found.values() for one in many)
    return {cpu: many[0].parts for cpu, many in found.items()}


def with_pins(*pins: tuple[int, str], cpuset: str = "") -> Domain:
    return replace(WEB, definition=replace(WEB.definition, pins=pins, cpuset=cpuset))


def test_who_is_pinned_where() -> None:
    assert pinned(WEB) == {}
    assert pinned(with_pins((0, "1"), (1, "1-2"))) == {1: (ALL,), 2: (1,)}
    assert pinned(with_pins((EMULATOR, "3"))) == {3: (EMULATOR,)}
    # One with a set for the whole of it: what has no pin of its own has that.
    assert pinned(with_pins((0, "1"), cpuset="2-3")) == {1: (0,), 2: (1, EMULATOR), 3: (1, EMULATOR)}


def test_everywhere_is_not_pinned_and_what_the_host_has_not_is_nowhere() -> None:
    assert pinned(with_pins((0, "0-3"), (1, "0-7"))) == {}
    assert pinned(with_pins((0, "3,40"))) == {3: (0,)}


def test_several_on_one_cpu_come_by_name() -> None:
    other = replace(with_pins((0, "1")), key=DomainKey("laptop", "2"), name="db")
    found = by_cpu([with_pins((0, "1")), other], range(4))[1]
    assert found == (Pinned(other.key, "db", (0,)), Pinned(KEY, "web", (0,)))


def test_a_place_by_its_parts() -> None:
    place = Place({}).with_cpus(ALL, frozenset({0, 1}), 2)
    assert place.cpus(ALL, 2) == place.cpus(0, 2) == {0, 1}
    place = place.with_cpus(1, frozenset({3}), 2)
    assert (place.cpus(ALL, 2), place.cpus(1, 2)) == (frozenset(), {3})
    assert place.with_cpus(ALL, frozenset(), 2) == Place({})


def test_what_has_to_be_set() -> None:
    old = Place({0: frozenset({1}), EMULATOR: frozenset({0})})
    new = Place({0: frozenset({1, 2}), 1: frozenset({3})}, frozenset({0, 1}), "interleave")
    assert old.wishes(old) == {}
    assert old.wishes(new) == {
        "cpu.pin.0": "1-2",
        "cpu.pin.1": "3",
        "cpu.emulator-pin": None,
        "memory.nodes": "0-1",
        "memory.mode": "interleave",
    }
    assert list(old.wishes(new)).index("memory.nodes") < list(old.wishes(new)).index("memory.mode")
    assert new.wishes(replace(new, mode="strict")) == {"memory.mode": "strict"}
    # Without nodes there is no mode; strict is what it is without one.
    assert new.wishes(replace(new, nodes=frozenset())) == {"memory.nodes": None}
    assert Place({}).wishes(Place({}, frozenset({1}), "strict")) == {"memory.nodes": "1"}


def test_a_place_as_the_definition_says_it() -> None:
    found = Hardware(
        limits=Limits(CpuLimits(pins=((0, "0-3"), (1, "2")), emulator_pin="1"), numa_mode="strict", numa_nodes="0")
    )
    assert place_of(found, range(4)) == Place({1: frozenset({2}), EMULATOR: frozenset({1})}, frozenset({0}), "strict")
    assert place_of(found, ()).pins[0] == {0, 1, 2, 3}
