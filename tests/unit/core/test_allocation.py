"""What is promised, what is used, what is promised more than once."""

from math import isnan

import pytest

from vmdesk.core import allocation
from vmdesk.core.allocation import Allocation, Portion
from vmdesk.core.history import Share
from vmdesk.core.storage.rows import Row, User
from vmdesk.model.chain import Image, Role
from vmdesk.model.domain import Definition, Domain, DomainKey, State
from vmdesk.model.storage import Pool

GIB = 1024 * 1024
NAN = float("nan")


def machine(name: str, vcpus: int, gib: int, state: State = State.RUNNING, given: int | None = None) -> Domain:
    definition = Definition(vcpus=vcpus, memory_kib=(given or gib) * GIB, max_memory_kib=gib * GIB)
    return Domain(DomainKey("laptop", name), name, state, definition=definition)


def share(name: str, cpu: float, memory: float) -> Share:
    return Share(DomainKey("laptop", name), cpu, memory, 0.0, 0.0, 0.0, 0.0)


MACHINES = [machine("db", 4, 8, given=2), machine("web", 2, 2), machine("old", 8, 16, State.SHUTOFF)]
SHARES = [share("web", 12.5, 1.0 * GIB), share("db", 25.0, 4.0 * GIB)]


def test_cpus() -> None:
    found = allocation.cpus(MACHINES, SHARES, 4)
    assert [(one.name, one.promised, one.used) for one in found.portions] == [("db", 4, 1.0), ("web", 2, 0.5)]
    assert (found.promised, found.used, found.over, found.times) == (6.0, 1.5, 2.0, 1.5)
    everybody = allocation.cpus(MACHINES, SHARES, 4, off=True)
    assert everybody.portions[0] == Portion(DomainKey("laptop", "old"), "old", 8.0, 0.0, False)
    assert everybody.times == 3.5


def test_memory_is_promised_up_to_what_each_may_have() -> None:
    found = allocation.memory(MACHINES, SHARES, 12 * GIB, 6.0 * GIB)
    assert [(one.name, one.promised / GIB) for one in found.portions] == [("db", 8.0), ("web", 2.0)]
    assert found.beside == 1.0 * GIB and found.over == 0.0
    assert allocation.memory(MACHINES, SHARES, 10 * GIB, 6.0 * GIB).over == 1.0 * GIB
    assert allocation.memory(MACHINES, SHARES, 10 * GIB).beside == 0.0


def test_what_is_not_told() -> None:
    found = allocation.cpus(MACHINES, [], 4)
    assert all(isnan(one.used) for one in found.portions) and found.used == 0.0
    nothing = Allocation(0.0, found.portions)
    assert nothing.over == 0.0 and isnan(nothing.times)
    assert allocation.cpus([machine("odd", 0, 0)], [], 4).portions == ()


def volume(
    name: str, capacity: int, taken: int, *users: User, above: tuple[str, ...] = (), pool: str = "images"
) -> Row:
    image = Image(f"/p/{name}", "qcow2", capacity, taken, pool=pool, volume=name)
    return Row(image, users, above)


def user(name: str, role: Role = Role.DISK, snapshot: str = "", active: bool = True) -> User:
    return User(name, name, role, "vda", live=active, snapshot=snapshot, active=active)


POOL = Pool("images", "1", capacity=100, allocation=60, available=40)


def test_disks_of_a_pool() -> None:
    rows = [
        volume("web.qcow2", 50, 10, user("web")),
        volume("web-data.qcow2", 20, 5, user("web")),
        volume("db.qcow2", 30, 20, user("db", active=False)),
        volume("nobody.qcow2", 500, 4),
        volume("base.qcow2", 40, 3, user("web", Role.BACKING), user("db", Role.BACKING), above=("/p/x",)),
        volume("elsewhere.qcow2", 900, 90, user("web"), pool="other"),
    ]
    (found,) = allocation.disks("laptop", [POOL], rows)
    assert [(one.name, one.promised, one.used, one.active) for one in found.portions] == [
        ("web", 70.0, 15.0, True),
        ("db", 30.0, 20.0, False),
    ]
    assert found.portions[0].key == DomainKey("laptop", "web")
    assert (found.shared, found.beside) == (7.0, 18.0)  # 60 are taken, of which volumes 42
    assert found.over == 25.0 and found.name == "images"


def test_a_disk_that_holds_more_than_its_size_and_one_below_another() -> None:
    rows = [
        volume("full.qcow2", 10, 12, user("web")),
        volume("frozen.qcow2", 99, 5, user("db"), above=("/p/top",)),
        volume("snap.qcow2", 99, 6, user("db", snapshot="s1")),
    ]
    (found,) = allocation.disks("laptop", [POOL], rows)
    assert [(one.promised, one.used) for one in found.portions] == [(12.0, 12.0)]
    assert found.shared == 11.0


def test_the_most_promised_pool_comes_first_and_those_that_are_off_do_not_come() -> None:
    small = Pool("small", "2", capacity=10, allocation=9, available=1)
    off = Pool("off", "3", active=False)
    unknown = Pool("unknown", "4")
    found = allocation.disks("laptop", [POOL, off, small, unknown], [])
    assert [one.name for one in found] == ["small", "images"]
    assert found[1].beside == pytest.approx(60.0)
