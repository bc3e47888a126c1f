"""Memory that somebody else draws into and frees, seen through pages of ours."""

import ctypes
import gc
import mmap
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmdesk.console.spice.pages import Pages

PAGE = mmap.PAGESIZE


class Theirs:
    """As the library does it: memory from calloc, drawn into, freed."""

    def __init__(self, size: int) -> None:
        self._libc = ctypes.CDLL(None)
        self._libc.calloc.restype, self._libc.calloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t] * 2
        self._libc.free.argtypes = [ctypes.c_void_p]
        self.address, self.size = self._libc.calloc(1, size), size

    def draw(self, value: int, start: int = 0, size: int | None = None) -> None:
        ctypes.memset(self.address + start, value, self.size - start if size is None else size)

    def read(self) -> bytes:
        return ctypes.string_at(self.address, self.size)

    def free(self) -> None:
        self._libc.free(self.address)


@pytest.fixture(params=[PAGE * 40, PAGE * 40 + 123, 1920 * 1080 * 4])
def theirs(request: pytest.FixtureRequest) -> Iterator[Theirs]:
    made = Theirs(request.param)
    yield made
    made.free()


def mapped() -> int:
    return sum(
        line.endswith("memfd:spice picture (deleted)") for line in Path("/proc/self/maps").read_text().split("\n")
    )


def test_what_is_drawn_is_there(theirs: Theirs) -> None:
    pages = Pages(theirs.address, theirs.size, 100)
    assert len(pages.view) == theirs.size + 100
    theirs.draw(7)
    assert pages.view[theirs.size // 2] == 7  # at once
    pages.settle()
    assert bytes(pages.view) == bytes([7]) * theirs.size + bytes(100)
    theirs.draw(9, 0, 1)
    theirs.draw(8, theirs.size - 1)
    pages.settle()
    assert (pages.view[0], pages.view[1], pages.view[theirs.size - 2]) == (9, 7, 7)
    assert pages.view[theirs.size - 1] == 8
    pages.leave()


def test_it_stays_when_their_memory_goes(theirs: Theirs) -> None:
    pages = Pages(theirs.address, theirs.size, 0)
    theirs.draw(7)
    pages.leave()
    pages.leave()
    theirs.draw(1)
    assert bytes(pages.view) == bytes([7]) * theirs.size
    assert theirs.read() == bytes([1]) * theirs.size


def test_nobody_elses_memory_is_touched() -> None:
    """The pieces beside it in the heap: nothing of them changes, whatever is drawn."""
    several = [Theirs(PAGE * 3 + 50) for _ in range(20)]
    for number, one in enumerate(several):
        one.draw(number + 1)
    middle = several[10]
    middle.draw(0)
    pages = Pages(middle.address, middle.size, 0)
    middle.draw(200)
    pages.settle()
    assert bytes(pages.view) == bytes([200]) * middle.size
    pages.leave()
    for number, one in enumerate(several):
        assert one is middle or one.read() == bytes([number + 1]) * one.size
        one.free()


def test_nothing_stays_mapped(theirs: Theirs) -> None:
    before = mapped()
    for _ in range(20):
        pages = Pages(theirs.address, theirs.size, 0)
        view = pages.view[10:20]
        pages.leave()
        del pages
        assert bytes(view) == bytes(10)
        del view
    gc.collect()
    assert mapped() == before


def test_less_than_a_page() -> None:
    small = Theirs(100)
    with pytest.raises(OSError, match="page"):
        Pages(small.address, small.size, 0)
    small.free()
