"""Screens made small: for tiles, where forty of them are on the screen at once. Any thread; Pillow does the work."""

import io
from dataclasses import dataclass
from typing import Any

from vmdesk.console.screen import Surface, pillow, size_allowed
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text

FORMATS = ("PNG", "PPM")  # what hypervisors make
_BILINEAR = 2  # PIL.Image.Resampling.BILINEAR
_GAP = 2.0  # a quick reduction first, to twice the wanted size


@dataclass(frozen=True, slots=True)
class Small:
    """`data`: width x height pixels, in memory B G R 255, no padding. `full`: the size of the screen itself."""

    width: int
    height: int
    data: bytes
    full: tuple[int, int]


def fitting(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the same form that fits into `room`; never larger than `size`, never empty."""
    scale = min(room[0] / size[0], room[1] / size[1], 1.0)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def of_surface(surface: Surface, room: tuple[int, int]) -> Small:
    """What is on it now. Nothing is copied but the small picture; memory that may be unmapped must not be given."""
    whole = pillow().frombuffer(
        "RGBX",  # whatever they are called: four bytes that are averaged
        (surface.stride // 4, surface.height),
        surface.data[: surface.stride * surface.height],
        "raw",
        "RGBX",
        surface.stride,
        1,
    )
    full = surface.width, surface.height
    return _small(whole if whole.size == full else whole.crop((0, 0, *full)), full, room)


def of_file(data: bytes, room: tuple[int, int]) -> Small:
    """A hypervisor's screenshot. VirtError "picture" if it is none."""
    library = pillow()
    try:
        image = library.open(io.BytesIO(data), formats=FORMATS)
        full = image.size
        if not size_allowed(*full):
            raise ValueError(f"{full[0]} x {full[1]}")
        red, green, blue = image.convert("RGB").split()
        made = library.merge("RGBX", (blue, green, red, blue))
    except (OSError, ValueError, SyntaxError, library.DecompressionBombError) as error:
        problem = Problem(text("The host's picture of the screen cannot be read."), details=str(error), name="picture")
        raise VirtError(problem) from error
    return _small(made, full, room)


def _small(image: Any, full: tuple[int, int], room: tuple[int, int]) -> Small:
    size = fitting(full, room)
    *colors, _ = image.resize(size, _BILINEAR, (0, 0, *full), _GAP).split()
    # The fourth byte has to be 255: Qt's painters take it for an alpha value here and there.
    made = pillow().merge("RGBX", (*colors, pillow().new("L", size, 255)))
    return Small(*size, made.tobytes("raw", "RGBX"), full)
