"""What a client says, byte by byte."""

import struct
from collections.abc import Sequence
from typing import Final

from vmdesk.console.screen import Power

RAW, COPYRECT, ZLIB, TIGHT = 0, 1, 6, 7
DESKTOP_SIZE, LAST_RECT, RICH_CURSOR = -223, -224, -239
POINTER_TYPE, EXTENDED_KEY, AUDIO, LEDS = -257, -258, -259, -261
DESKTOP_NAME, EXTENDED_DESKTOP_SIZE, XVP, ALPHA_CURSOR = -307, -308, -309, -314
CLIPBOARD: Final = 0xC0A1E5CE - (1 << 32)
_COMPRESSION, _QUALITY = -256, -32  # plus 0 to 9

_PSEUDO = (
    ALPHA_CURSOR,
    RICH_CURSOR,
    DESKTOP_SIZE,
    EXTENDED_DESKTOP_SIZE,
    LAST_RECT,
    POINTER_TYPE,
    EXTENDED_KEY,
    LEDS,
    DESKTOP_NAME,
    XVP,
    CLIPBOARD,
)
# Locally nothing is packed: packing takes longer than copying. Packing harder than 2 gains little and takes long, and
# from 5 on QEMU uses a filter that cannot be undone fast without per-pixel work.
LOCAL: Final = (COPYRECT, RAW, *_PSEUDO)
REMOTE: Final = (TIGHT, ZLIB, COPYRECT, RAW, *_PSEUDO, _COMPRESSION + 2, _QUALITY + 7)


def pixel_format() -> bytes:
    """32 bits, little endian, red at 16, green at 8, blue at 0: QEMU's own, and Qt's."""
    return struct.pack(">BxxxBBBBHHHBBBxxx", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)


def encodings(kinds: Sequence[int]) -> bytes:
    return struct.pack(f">BxH{len(kinds)}i", 2, len(kinds), *kinds)


def update_request(incremental: bool, width: int, height: int) -> bytes:
    return struct.pack(">BBHHHH", 3, incremental, 0, 0, width, height)


def key(keysym: int, down: bool) -> bytes:
    return struct.pack(">BBxxI", 4, down, keysym)


def extended_key(qnum: int, keysym: int, down: bool) -> bytes:
    return struct.pack(">BBHII", 255, 0, down, keysym, qnum)


def pointer(x: int, y: int, buttons: int) -> bytes:
    return struct.pack(">BBHH", 5, buttons & 0xFF, x, y)


def cut_text(latin1: bytes) -> bytes:
    return struct.pack(">BxxxI", 6, len(latin1)) + latin1


def extended_cut_text(data: bytes) -> bytes:
    return struct.pack(">Bxxxi", 6, -len(data)) + data


def desktop_size(width: int, height: int, screen: int, flags: int) -> bytes:
    return struct.pack(">BxHHBxIHHHHI", 251, width, height, 1, screen, 0, 0, width, height, flags)


def power(action: Power) -> bytes:
    return struct.pack(">BxBB", 250, 1, action)


def audio_format(rate: int, channels: int) -> bytes:
    """16 bits, signed."""
    return struct.pack(">BBHBBI", 255, 1, 2, 3, channels, rate)


def audio_enable(on: bool) -> bytes:
    return struct.pack(">BBH", 255, 1, 0 if on else 1)
