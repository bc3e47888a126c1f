"""Rectangles as they come, onto a surface. The caller has checked that each lies on it."""

import zlib
from typing import Final

from vmdesk.console.screen import Rect, Surface
from vmdesk.console.vnc import problems
from vmdesk.console.vnc.wire import Wire


def raw(wire: Wire, surface: Surface, rect: Rect) -> None:
    """From the socket into the surface, without a copy between."""
    if rect.width == surface.width:
        start = rect.y * surface.stride
        wire.into(surface.data[start : start + rect.height * surface.stride])
    else:
        wire.rows(_rows(surface, rect))


def copyrect(wire: Wire, surface: Surface, rect: Rect) -> None:
    """From another place of the surface; the two may overlap."""
    source = wire.read(4)
    x, y = int.from_bytes(source[:2], "big"), int.from_bytes(source[2:], "big")
    if x + rect.width > surface.width or y + rect.height > surface.height:
        raise problems.protocol(f"a copy from outside the screen: {x}, {y}")
    pairs = list(zip(_rows(surface, rect), _rows(surface, Rect(x, y, rect.width, rect.height)), strict=True))
    # A row that is still to be read must not be written: downwards starts at the bottom. Within a row Python cares.
    for there, here in reversed(pairs) if rect.y > y else pairs:
        there[:] = here


def put(surface: Surface, rect: Rect, pixels: bytes | memoryview) -> None:
    """Whole pixels (4 bytes), without padding."""
    if rect.width == surface.width:
        start = rect.y * surface.stride
        surface.data[start : start + len(pixels)] = pixels
        return
    width, position = rect.width * 4, 0
    view = memoryview(pixels)
    for row in _rows(surface, rect):
        row[:] = view[position : position + width]
        position += width


def fill(surface: Surface, rect: Rect, pixel: bytes) -> None:
    """All of it in one colour (4 bytes)."""
    line = pixel * rect.width
    for row in _rows(surface, rect):
        row[:] = line


def _rows(surface: Surface, rect: Rect) -> list[memoryview]:
    data, stride, width = surface.data, surface.stride, rect.width * 4
    first = rect.y * stride + rect.x * 4
    return [data[start : start + width] for start in range(first, first + rect.height * stride, stride)]


class Inflater:
    """One zlib stream that goes on from rectangle to rectangle."""

    SLACK: Final = 4096

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()

    def inflate(self, packed: bytes, size: int) -> bytes:
        """`packed` must make exactly `size` bytes; no more memory is taken than for one byte more."""
        try:
            # One byte more than expected: then all of the input is used up, or it is too much.
            data = self._stream.decompress(packed, size + 1)
        except zlib.error as error:
            raise problems.protocol(str(error)) from None
        if len(data) != size:
            raise problems.protocol(f"{len(data)} bytes unpacked where {size} belong")
        return data

    @classmethod
    def longest(cls, size: int) -> int:
        """No honest packing of `size` bytes is longer."""
        return size + size // 8 + cls.SLACK


class Zlib:
    """The Zlib encoding."""

    def __init__(self) -> None:
        self._inflater = Inflater()

    def __call__(self, wire: Wire, surface: Surface, rect: Rect) -> None:
        length, size = int.from_bytes(wire.read(4), "big"), rect.width * rect.height * 4
        if length > Inflater.longest(size):
            raise problems.protocol(f"{length} packed bytes for {size}")
        put(surface, rect, self._inflater.inflate(wire.read(length), size))
