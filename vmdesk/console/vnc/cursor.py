"""The guest's mouse pointer, in VNC's two spellings."""

from typing import Final

from vmdesk.console.screen import Cursor, Rect, pillow
from vmdesk.console.vnc import problems
from vmdesk.console.vnc.messages import RAW
from vmdesk.console.vnc.wire import Wire

_SIDE: Final = 1024
_EIGHT: Final = tuple(bytes(255 * (byte >> bit & 1) for bit in range(7, -1, -1)) for byte in range(256))


def rich(wire: Wire, rect: Rect) -> Cursor | None:
    """Pixels, and a mask of one bit a pixel. The rectangle's corner is the hot spot."""
    if not _check(rect):
        return None
    pixels = bytearray(wire.read(rect.width * rect.height * 4))
    stride = (rect.width + 7) // 8
    mask = wire.read(stride * rect.height)
    starts = range(0, len(mask), stride)
    pixels[3::4] = b"".join(b"".join(_EIGHT[byte] for byte in mask[a : a + stride])[: rect.width] for a in starts)
    return Cursor(rect.width, rect.height, rect.x, rect.y, bytes(pixels))


def alpha(wire: Wire, rect: Rect, as_is: bool) -> Cursor | None:
    """Pixels with alpha.

    as_is  they are B G R A, as QEMU sends them; else R G B A, multiplied by their alpha, as the definition says
    """
    if (kind := int.from_bytes(wire.read(4), "big")) != RAW:
        raise problems.protocol(f"a pointer in encoding {kind}")
    if not _check(rect):
        return None
    pixels = wire.read(rect.width * rect.height * 4)
    if not as_is:
        image = pillow().frombytes("RGBa", (rect.width, rect.height), pixels).convert("RGBA")
        pixels = image.tobytes("raw", "BGRA")
    return Cursor(rect.width, rect.height, rect.x, rect.y, pixels)


def _check(rect: Rect) -> bool:
    """False: no pointer at all."""
    if rect.width > _SIDE or rect.height > _SIDE:
        raise problems.protocol(f"a pointer of {rect.width} x {rect.height}")
    return rect.width > 0 and rect.height > 0
