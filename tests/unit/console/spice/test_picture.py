"""What is told of a picture's changes, without the library: how they are joined, bounded and brought."""

import ctypes
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdesk.console.screen import Rect
from vmdesk.console.spice.picture import Picture

WIDTH, HEIGHT = 640, 400
COLUMN = 32


class Shown:
    """A picture that has something to show; `told` is what a viewer heard, `flush` ends a frame."""

    def __init__(self) -> None:
        self.told: list[tuple[Rect, ...]] = []
        self.waiting: list[Callable[[], None]] = []
        self._memory = (ctypes.c_ubyte * (WIDTH * HEIGHT * 4))()
        self.picture = Picture(self.told.append, lambda: None, self.waiting.append, lambda _, task: None)
        self.picture.create(32, WIDTH, HEIGHT, WIDTH * 4, ctypes.addressof(self._memory))
        self.picture.mark()

    def close(self) -> None:
        self.picture.destroy()


@pytest.fixture
def shown() -> Shown:
    return Shown()


def test_columns_side_by_side_are_one_change(shown: Shown) -> None:
    for x in range(64, 320, COLUMN):
        shown.picture.damage(x, 10, COLUMN, 200)
    assert not shown.told  # one task for all of it, and nothing said yet
    assert len(shown.waiting) == 1
    shown.picture.flush()
    assert shown.told == [(Rect(64, 10, 256, 200),)]
    shown.close()


def test_a_whole_frame_is_told_with_its_last_column(shown: Shown) -> None:
    for _ in range(2):
        for x in range(0, WIDTH, COLUMN):
            shown.picture.damage(x, 0, COLUMN, HEIGHT)
    assert shown.told == [(Rect(0, 0, WIDTH, HEIGHT),)] * 2
    shown.close()


@pytest.mark.parametrize(
    "other",
    [
        (33, 10, 32, 50),  # a gap
        (32, 11, 32, 50),  # another row
        (32, 10, 32, 51),  # another height
        (0, 60, 32, 50),  # below
        (31, 10, 32, 50),  # over it
    ],
)
def test_what_is_not_the_next_column_is_told_apart(shown: Shown, other: tuple[int, int, int, int]) -> None:
    shown.picture.damage(0, 10, 32, 50)
    shown.picture.damage(*other)
    shown.picture.flush()
    assert shown.told == [(Rect(0, 10, 32, 50), Rect(*other))]
    shown.close()


def test_too_many_become_the_one_around_them(shown: Shown) -> None:
    for step in range(20):
        shown.picture.damage(10 + step * 20, 5 + step, 10, 7)
    shown.picture.flush()
    assert shown.told == [(Rect(10, 5, 390, 26),)]
    shown.close()


def test_what_lies_outside_does_not_count(shown: Shown) -> None:
    """The server's numbers are not checked by the library."""
    high = 2**31 - 1
    for x, y, width, height in (
        (-50, -50, 20, 20), (WIDTH, 0, 10, 10), (0, HEIGHT, 10, 10), (5, 5, 0, 9), (5, 5, -5, 9),
        (high, high, high, high),
    ):  # fmt: skip
        shown.picture.damage(x, y, width, height)
    shown.picture.flush()
    assert shown.told == []
    shown.picture.damage(-5, -5, 10, 10)
    shown.picture.damage(600, 390, high, high)
    shown.picture.flush()
    assert shown.told == [(Rect(0, 0, 5, 5), Rect(600, 390, 40, 10))]
    shown.close()


_side = st.one_of(st.integers(-100, 800), st.sampled_from(range(0, 640, COLUMN)), st.integers(-(2**31), 2**31 - 1))
_change = st.tuples(_side, _side, st.one_of(st.just(COLUMN), _side), st.one_of(st.just(100), _side))


@given(st.lists(_change, min_size=1, max_size=40))
def test_no_change_is_left_out_and_nothing_far_away_is_told(changes: list[tuple[int, int, int, int]]) -> None:
    shown = Shown()
    for change in changes:
        shown.picture.damage(*change)
    shown.picture.flush()
    told = [rect for rects in shown.told for rect in rects]
    wanted = [rect for rect in (Rect(*change).clipped(WIDTH, HEIGHT) for change in changes) if not rect.empty]
    assert all(any(one.union(rect) == one for one in told) for rect in wanted)
    around = Rect(0, 0, 0, 0)
    for rect in wanted:
        around = around.union(rect)
    assert all(around.union(one) == around for one in told)
    shown.close()
