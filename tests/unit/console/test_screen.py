"""Rectangles and surfaces."""

import io

import pytest
from PIL import Image

from vmdesk.console.screen import Rect, Surface, size_allowed


def test_union() -> None:
    assert Rect(1, 2, 3, 4).union(Rect(10, 0, 1, 1)) == Rect(1, 0, 10, 6)
    assert Rect(1, 2, 3, 4).union(Rect(0, 0, 0, 9)) == Rect(1, 2, 3, 4)
    assert Rect(0, 0, 0, 0).union(Rect(5, 5, 1, 1)) == Rect(5, 5, 1, 1)


@pytest.mark.parametrize(
    ("rect", "expected"),
    [
        (Rect(0, 0, 10, 10), Rect(0, 0, 10, 10)),
        (Rect(-5, -5, 10, 30), Rect(0, 0, 5, 20)),
        (Rect(8, 18, 10, 10), Rect(8, 18, 2, 2)),
        (Rect(30, 30, 5, 5), Rect(10, 20, 0, 0)),
        (Rect(-9, 0, 5, 5), Rect(0, 0, 0, 5)),
    ],
)
def test_clipped(rect: Rect, expected: Rect) -> None:
    assert rect.clipped(10, 20) == expected
    assert expected.empty == (expected.width == 0 or expected.height == 0)


@pytest.mark.parametrize(
    ("width", "height", "allowed"),
    [
        (1920, 1080, True),
        (1, 1, True),
        (0, 5, False),
        (5, 0, False),
        (-1, 5, False),
        (65535, 65535, False),
        (16384, 9, 1),
    ],
)
def test_sizes(width: int, height: int, allowed: bool) -> None:
    assert size_allowed(width, height) == allowed


def test_png_knows_the_order_of_colours_and_the_stride() -> None:
    surface = Surface(2, 2, 12, memoryview(bytearray(24)))
    surface.data[0:4] = b"\x01\x02\x03\xff"
    surface.data[16:20] = b"\x04\x05\x06\x00"
    image = Image.open(io.BytesIO(surface.png()))
    assert (image.mode, image.size) == ("RGB", (2, 2))
    assert [image.getpixel(spot) for spot in ((0, 0), (1, 0), (0, 1), (1, 1))] == [
        (3, 2, 1),
        (0, 0, 0),
        (0, 0, 0),
        (6, 5, 4),
    ]


def test_release_frees_once() -> None:
    freed: list[int] = []
    surface = Surface(1, 1, 4, memoryview(bytearray(4)), 0, lambda: freed.append(1))
    assert not surface.released
    surface.release()
    surface.release()
    assert surface.released and freed == [1]
