"""The Tight encoding: one colour, a palette, a gradient, plain or JPEG; four zlib streams."""

import io
import struct
from typing import Any, Final

from vmdesk.console.screen import Rect, Surface, pillow
from vmdesk.console.vnc import problems
from vmdesk.console.vnc.pixels import Inflater, fill, put
from vmdesk.console.vnc.wire import Wire

_FILL, _JPEG = 8, 9
_COPY, _PALETTE, _GRADIENT = 0, 1, 2
_UNPACKED: Final = 12  # fewer bytes than this are sent as they are
_MAX_WIDTH: Final = 2048  # by the definition of the encoding
_GRADIENT_PIXELS: Final = 1 << 20  # these are counted by Python, one by one


class Tight:
    """Keeps the streams of one connection."""

    def __init__(self) -> None:
        # Loaded with the first rectangle: a local console never has one.
        self._image = pillow()
        self._streams = [Inflater() for _ in range(4)]

    def __call__(self, wire: Wire, surface: Surface, rect: Rect) -> None:
        control = wire.read(1)[0]
        for number in range(4):
            if control >> number & 1:
                self._streams[number] = Inflater()
        kind = control >> 4
        if kind == _FILL:
            red, green, blue = wire.read(3)
            fill(surface, rect, bytes((blue, green, red, 0)))
        elif kind == _JPEG:
            self._jpeg(wire, surface, rect)
        elif kind < _FILL:
            self._basic(wire, surface, rect, self._streams[kind & 3], kind >> 2)
        else:
            raise problems.protocol(f"Tight, kind {kind}")

    def _basic(self, wire: Wire, surface: Surface, rect: Rect, stream: Inflater, told: int) -> None:
        if rect.width > _MAX_WIDTH:
            raise problems.protocol(f"Tight, {rect.width} wide")
        filtering = wire.read(1)[0] if told else _COPY
        if filtering == _COPY:
            rgb = _unpacked(wire, stream, rect.width * rect.height * 3)
            image = self._image.frombuffer("RGB", (rect.width, rect.height), rgb, "raw", "RGB", 0, 1)
        elif filtering == _PALETTE:
            image = self._palette(wire, rect, stream)
        elif filtering == _GRADIENT:
            if rect.width * rect.height > _GRADIENT_PIXELS:
                raise problems.protocol(f"a gradient of {rect.width} x {rect.height}")
            differences = _unpacked(wire, stream, rect.width * rect.height * 3)
            rgb = _gradient(differences, rect.width * 3)
            image = self._image.frombuffer("RGB", (rect.width, rect.height), rgb, "raw", "RGB", 0, 1)
        else:
            raise problems.protocol(f"Tight, filter {filtering}")
        put(surface, rect, image.tobytes("raw", "BGRX"))

    def _palette(self, wire: Wire, rect: Rect, stream: Inflater) -> Any:
        count = wire.read(1)[0] + 1
        colours = wire.read(count * 3)
        stride, layout = ((rect.width + 7) // 8, "P;1") if count == 2 else (rect.width, "P")
        numbers = _unpacked(wire, stream, stride * rect.height)
        image = self._image.frombytes("P", (rect.width, rect.height), numbers, "raw", layout, stride, 1)
        image.putpalette(colours.ljust(768, b"\0"), "RGB")
        return image.convert("RGB")

    def _jpeg(self, wire: Wire, surface: Surface, rect: Rect) -> None:
        data = wire.read(_compact(wire, rect.width * rect.height * 4 + 65536))
        # Before anything is decoded: a picture of another size could be of any size.
        if _jpeg_size(data) != (rect.width, rect.height):
            raise problems.protocol("a JPEG picture of another size than its rectangle")
        try:
            image = self._image.open(io.BytesIO(data), formats=("JPEG",)).convert("RGB")
            pixels = image.tobytes("raw", "BGRX")
        except (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError, struct.error) as error:
            raise problems.protocol(f"JPEG: {error}") from None
        if len(pixels) != rect.width * rect.height * 4:
            raise problems.protocol("a JPEG picture of another size than it said")
        put(surface, rect, pixels)


def _compact(wire: Wire, longest: int) -> int:
    """A length in one to three bytes."""
    length = 0
    for shift in (0, 7, 14):
        byte = wire.read(1)[0]
        length |= (byte if shift == 14 else byte & 0x7F) << shift
        if not byte & 0x80:
            break
    if length > longest:
        raise problems.protocol(f"Tight: {length} bytes where {longest} can be")
    return length


def _unpacked(wire: Wire, stream: Inflater, size: int) -> bytes:
    if size < _UNPACKED:
        return wire.read(size)
    return stream.inflate(wire.read(_compact(wire, Inflater.longest(size))), size)


def _gradient(differences: bytes, stride: int) -> bytes:
    """Undo: each value was told as its difference to left + above - above left.

    Rare: servers use it at high compression only, which we do not ask for.
    """
    above = bytes(stride + 3)
    rows = []
    for start in range(0, len(differences), stride):
        row = bytearray(stride + 3)  # three zeros stand left of each row
        for place, difference in enumerate(differences[start : start + stride], start=3):
            guess = row[place - 3] + above[place] - above[place - 3]
            row[place] = (difference + (0 if guess < 0 else 255 if guess > 255 else guess)) & 255
        rows.append(row[3:])
        above = bytes(row)
    return b"".join(rows)


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """The size in the first frame header; None if there is none."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        place += 2 + length if marker != 0xFF else 1
    return None
