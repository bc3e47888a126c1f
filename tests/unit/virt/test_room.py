"""A full pool is told with figures, and a connection that breaks over it is not lost."""

import asyncio
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Pool
from vmdesk.model.text import text
from vmdesk.virt import room

MB = 10**6
DOING = text("Writing the volume {volume}", volume="x")


class FakePool:
    """`free` before and after libvirt looked anew; `written`: bytes of a volume that is there in part."""

    def __init__(self, before: int, after: int, written: int = 0, capacity: int = 100 * MB, busy: bool = False) -> None:
        self._free, self._after, self._written = before, after, written
        self._capacity, self._busy, self.looked = capacity, busy, 0

    def name(self) -> str:
        return "p"

    def info(self) -> list[int]:
        return [2, self._capacity, 0, self._free]

    def refresh(self, _flags: int) -> None:
        self.looked += 1
        if self._busy:
            raise libvirt.libvirtError("pool 'p' has asynchronous jobs running.")
        self._free = self._after

    def storageVolLookupByName(self, _name: str) -> Any:
        written = self._written

        class Volume:
            def info(self) -> list[int]:
                return [0, 0, written]

        return Volume()


class FakeConnection:
    """With one pool; `broken`: it cannot be asked."""

    def __init__(self, pool: FakePool, broken: bool = False) -> None:
        self._pool, self._broken, self.long = pool, broken, self

    async def call(self, ask: Callable[[Any], Any], _doing: object = None) -> Any:
        if self._broken:
            raise VirtError(Problem(DOING, name="closed"))
        return ask(self)

    def storagePoolLookupByName(self, _name: str) -> FakePool:
        return self._pool


def told(name: str, connection: FakeConnection, volume: str = "x") -> Problem:
    error = VirtError(Problem(DOING, text("As libvirt says."), details="raw", code=38, name=name))
    found = asyncio.run(room.told(connection, "p", volume, 50 * MB, DOING, error))  # type: ignore[arg-type]
    return found.problem


@pytest.mark.parametrize("name", ["disk-full", "closed", "libvirt"])
def test_what_a_full_pool_looks_like_is_told_with_figures(name: str) -> None:
    said = told(name, FakeConnection(FakePool(90 * MB, 10 * MB, written=20 * MB)))
    assert (said.name, said.details, said.code) == ("disk-full", "raw", 38)
    assert "50.0 MB" in str(said) and "pool p has 30.0 MB left" in str(said) and "another storage pool" in str(said)


def test_other_troubles_stay_what_they_are() -> None:
    for name in ("closed", "libvirt", "permission"):
        assert told(name, FakeConnection(FakePool(90 * MB, 90 * MB))).name == name
    full = FakeConnection(FakePool(0, 0), broken=True)
    assert told("closed", full).name == "closed"
    assert str(told("disk-full", full).why) == "As libvirt says."


def test_figures_that_may_be_old_are_not_told() -> None:
    said = told("disk-full", FakeConnection(FakePool(10 * MB, 10 * MB, busy=True)))
    assert said.name == "disk-full" and "MB" not in str(said) and "pool p" in str(said)
    assert told("closed", FakeConnection(FakePool(10 * MB, 10 * MB, busy=True))).name == "closed"


def test_nothing_is_refused_for_old_figures() -> None:
    enough = FakePool(10 * MB, 60 * MB)
    room.check(enough, 50 * MB, DOING)
    assert enough.looked == 1
    with pytest.raises(VirtError, match=r"pool p has 40\.0 MB left"):
        room.check(FakePool(10 * MB, 40 * MB), 50 * MB, DOING)
    unsaid = FakePool(0, 0, capacity=0)
    room.check(unsaid, 50 * MB, DOING)
    assert unsaid.looked == 0


def test_a_pool_with_nothing_left_is_short_and_one_without_figures_is_not() -> None:
    assert room.is_short(Pool("p", "u", capacity=9, available=0), 1)
    assert not room.is_short(Pool("p", "u"), 1) and not room.is_short(Pool("p", "u", capacity=9, available=1), 1)
