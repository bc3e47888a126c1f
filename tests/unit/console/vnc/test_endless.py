"""Little that unpacks to a lot: only what was announced is unpacked, and the memory for it taken."""

import resource
import struct
import zlib

import pytest

from tests.fakes import rfb_server as rfb
from tests.unit.console.vnc.feed import feed
from vmdesk.console.vnc.clipboard import Clipboard

MIB = 1 << 20


def endless(first: bytes = b"", size: int = 200 * MIB) -> bytes:
    """So many zero bytes, packed a thousandfold."""
    packer, zeros = zlib.compressobj(9), bytes(MIB)
    parts = [packer.compress(first), *(packer.compress(zeros) for _ in range(size // MIB))]
    return b"".join(parts) + packer.flush(zlib.Z_SYNC_FLUSH)


@pytest.fixture(scope="module")
def bomb() -> bytes:
    return endless()


def tight(control: bytes, bomb: bytes) -> bytes:
    return rfb.update(rfb.rect(0, 0, 8, 4, 7, control + rfb.compact(len(bomb)) + bomb))


@pytest.mark.parametrize("way", ["zlib", "copy", "palette", "gradient"])
def test_a_picture(bomb: bytes, way: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    message = {
        "zlib": rfb.update(rfb.rect(0, 0, 8, 4, 6, struct.pack(">I", len(bomb)) + bomb)),
        "copy": tight(b"\x00", bomb),
        "palette": tight(b"\x40\x01\x04" + bytes(15), bomb),
        "gradient": tight(b"\x40\x02", bomb),
    }[way]
    fed = feed(message, local=False)
    assert fed.problem.name == "protocol", fed.problem
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KiB


def test_a_clipboard() -> None:
    bomb = endless(struct.pack(">I", 0x7FFFFFFF))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    heard: list[str] = []
    board = Clipboard(lambda _data: None, heard.append)
    board.allow(True, True)
    board.on_extended(struct.pack(">I", rfb.PROVIDE | 1) + bomb)
    assert not heard
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000
