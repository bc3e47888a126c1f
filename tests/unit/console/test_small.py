import io

import pytest
from PIL import Image

from tests.fakes.screen import paint
from vmdesk.console.screen import Surface
from vmdesk.console.small import Small, fitting, of_file, of_surface
from vmdesk.model.errors import VirtError


def pixel(small: Small, x: int, y: int) -> tuple[int, ...]:
    """Red, green, blue, and the fourth."""
    start = (y * small.width + x) * 4
    blue, green, red, rest = small.data[start : start + 4]
    return red, green, blue, rest


def test_fitting() -> None:
    assert fitting((1920, 1080), (192, 500)) == (192, 108)
    assert fitting((1920, 1080), (5000, 108)) == (192, 108)
    assert fitting((320, 200), (5000, 5000)) == (320, 200)
    assert fitting((16000, 1), (10, 10)) == (10, 1)


def test_of_a_surface_with_a_wide_stride() -> None:
    stride = 648 * 4
    surface = Surface(640, 480, stride, memoryview(bytearray(b"\x10\x80\xf0\x00" * 648 * 480)))
    for y in range(480):  # what lies beside the picture is not of it
        surface.data[y * stride + 2560 : (y + 1) * stride] = b"\xff" * 32
    small = of_surface(surface, (160, 300))
    assert (small.width, small.height, small.full) == (160, 120, (640, 480))
    assert len(small.data) == 160 * 120 * 4
    assert {pixel(small, x, y) for x in (0, 80, 159) for y in (0, 119)} == {(0xF0, 0x80, 0x10, 255)}


def test_one_to_one_is_not_changed() -> None:
    surface = Surface.blank(64, 48)
    paint(surface)
    small = of_surface(surface, (640, 480))
    assert small.data[2::4] == bytes(surface.data)[2::4]


@pytest.mark.parametrize("kind", ["PPM", "PNG"])
def test_of_a_file(kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (800, 600), (10, 20, 30)).save(file, kind)
    small = of_file(file.getvalue(), (80, 80))
    assert (small.width, small.height, small.full) == (80, 60, (800, 600))
    assert pixel(small, 40, 30) == (10, 20, 30, 255)


@pytest.mark.parametrize(
    "data", [b"", b"no picture", b"P6\n99999 99999\n255\n", b"P6\n20 20\n255\n123", b"\x89PNG\r\n"]
)
def test_what_is_no_picture(data: bytes) -> None:
    with pytest.raises(VirtError) as caught:
        of_file(data, (80, 80))
    assert caught.value.problem.name == "picture"


def test_a_gif_is_not_taken() -> None:
    file = io.BytesIO()
    Image.new("P", (8, 8)).save(file, "GIF")
    with pytest.raises(VirtError):
        of_file(file.getvalue(), (8, 8))
