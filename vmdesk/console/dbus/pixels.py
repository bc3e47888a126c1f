"""QEMU's picture formats (pixman's numbers) and how they become the B G R X of a Surface."""

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Format:
    """name    as pixman calls it
    size    bytes a pixel
    raw     Pillow's name for the bytes in memory; "" for B G R X: needs no conversion
    """

    name: str
    size: int
    raw: str


FORMATS = {
    0x20020888: Format("x8r8g8b8", 4, ""),
    0x20028888: Format("a8r8g8b8", 4, ""),
    0x20030888: Format("x8b8g8r8", 4, "RGBX"),
    0x20038888: Format("a8b8g8r8", 4, "RGBX"),
    0x20080888: Format("b8g8r8x8", 4, "XRGB"),
    0x20088888: Format("b8g8r8a8", 4, "XRGB"),
    0x20090888: Format("r8g8b8x8", 4, "XBGR"),
    0x20098888: Format("r8g8b8a8", 4, "XBGR"),
    0x18020888: Format("r8g8b8", 3, "BGR"),
    0x18030888: Format("b8g8r8", 3, "RGB"),
    0x10020565: Format("r5g6b5", 2, "BGR;16"),
    0x10020555: Format("x1r5g5b5", 2, "BGR;15"),
    0x10021555: Format("a1r5g5b5", 2, "BGR;15"),
}


def to_bgrx(form: Format, width: int, height: int, stride: int, data: bytes | bytearray | memoryview) -> bytes:
    """The picture as B G R X, rows without padding. `data` has at least `stride` x `height` bytes."""
    image = _pillow().frombuffer("RGB", (width, height), data[: stride * height], "raw", form.raw or "BGRX", stride, 1)
    raw: bytes = image.tobytes("raw", "BGRX")
    return raw


def _pillow() -> Any:
    # Loaded when a screen first has such a format: most never do.
    return importlib.import_module("PIL.Image")
