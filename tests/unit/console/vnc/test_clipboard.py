"""The clipboard: Unicode, both ways, and only when allowed."""

import struct
import zlib

import pytest

from tests.fakes import rfb_server as rfb
from vmdesk.console.vnc.clipboard import LONGEST, Clipboard

TEXT = "Xin chào 🌏\nzwei"
SERVER_CAPS = struct.pack(">II", rfb.CAPS | rfb.REQUEST | rfb.PEEK | rfb.NOTIFY | rfb.PROVIDE | 1, 1 << 20)


class Both:
    def __init__(self, *, extended: bool = True, as_is: bool = True, caps: bytes = SERVER_CAPS) -> None:
        self.sent: list[tuple[object, ...]] = []
        self.told: list[str] = []
        self.board = Clipboard(self._send, self.told.append)
        self.board.as_is = as_is
        if extended:
            self.board.on_extended(caps)
            flags = rfb.CAPS | rfb.REQUEST | rfb.PEEK | rfb.NOTIFY | rfb.PROVIDE | 1
            assert self.sent.pop() == ("clipboard", flags, struct.pack(">I", LONGEST))

    def _send(self, data: bytes) -> None:
        view = memoryview(data)

        def take(count: int) -> bytes:
            nonlocal view
            taken, view = view[:count], view[count:]
            return bytes(taken)

        self.sent.append(rfb.hear(take))
        assert not view

    def hear(self, flags: int, more: bytes = b"") -> None:
        self.board.on_extended(struct.pack(">I", flags) + more)

    def provided(self) -> bytes:
        kind, flags, packed = self.sent.pop()
        assert (kind, flags) == ("clipboard", rfb.PROVIDE | 1) and isinstance(packed, bytes)
        data = zlib.decompress(packed)
        assert int.from_bytes(data[:4], "big") == len(data) - 4
        return data[4:]


def packed(text: bytes, size: int | None = None) -> bytes:
    return zlib.compress(struct.pack(">I", len(text) if size is None else size) + text)


def test_everything_is_off_at_the_start() -> None:
    both = Both()
    both.board.set(TEXT)
    both.hear(rfb.NOTIFY | 1)
    both.hear(rfb.REQUEST | 1)
    both.hear(rfb.PEEK)
    both.hear(rfb.PROVIDE | 1, packed(b"secret"))
    both.board.on_text(b"secret")
    assert both.sent == both.told == []


@pytest.mark.parametrize(
    ("as_is", "expected"), [(True, TEXT.encode()), (False, TEXT.replace("\n", "\r\n").encode() + b"\0")]
)
def test_to_the_guest(as_is: bool, expected: bytes) -> None:
    both = Both(as_is=as_is)
    both.board.allow(True, False)
    both.board.set(TEXT.replace("\n", "\r\n"))
    assert both.sent.pop() == ("clipboard", rfb.NOTIFY | 1, b"")
    both.hear(rfb.REQUEST | 1)
    assert both.provided() == expected
    both.hear(rfb.PEEK)
    assert both.sent.pop() == ("clipboard", rfb.NOTIFY | 1, b"")
    both.board.allow(False, False)
    assert both.sent.pop() == ("clipboard", rfb.NOTIFY, b"")  # taken back
    both.hear(rfb.REQUEST | 1)
    assert both.sent == []
    both.board.allow(True, False)
    both.hear(rfb.REQUEST | 1)
    assert both.sent == []  # what was there before is forgotten


def test_to_a_server_that_is_not_told_but_given() -> None:
    both = Both(caps=struct.pack(">I", rfb.CAPS | rfb.PROVIDE | 1))
    both.board.allow(True, False)
    both.board.set("x")
    assert both.provided() == b"x"


@pytest.mark.parametrize("data", [TEXT.encode(), TEXT.encode() + b"\0", TEXT.replace("\n", "\r\n").encode() + b"\0"])
def test_from_the_guest(data: bytes) -> None:
    both = Both()
    both.board.allow(False, True)
    both.hear(rfb.NOTIFY | 1)
    assert both.sent.pop() == ("clipboard", rfb.REQUEST | 1, b"")
    both.hear(rfb.PROVIDE | 1, packed(data))
    assert both.told == [TEXT]
    both.hear(rfb.NOTIFY)  # empty now
    both.hear(rfb.NOTIFY | 4)  # a picture
    assert both.sent == []
    both.board.allow(False, False)
    both.hear(rfb.NOTIFY | 1)
    assert both.sent == []


def test_the_old_message() -> None:
    both = Both(extended=False)
    both.board.allow(True, True)
    both.board.set("grün 🌏")
    assert both.sent == [("text", "grün ?".encode("latin-1"))]
    both.board.on_text("grün\r\n".encode("latin-1"))
    assert both.told == ["grün\n"]


@pytest.mark.parametrize(
    ("flags", "more"),
    [
        (rfb.PROVIDE | 1, b""),
        (rfb.PROVIDE | 1, b"nonsense"),
        (rfb.PROVIDE | 1, zlib.compress(b"abc")),
        (rfb.PROVIDE | 1, packed(b"abc", 4)),
        (rfb.PROVIDE | 1, packed(b"abc", 0xFFFFFFFF)),
        (rfb.PROVIDE | 1, packed(b"x" * (LONGEST + 1))),
        (rfb.PROVIDE | 1, packed(bytes(200 << 20))),
        (rfb.PROVIDE | 4, packed(b"picture")),
        (0, b""),
    ],
)
def test_nonsense_and_endless_texts_are_passed_over(flags: int, more: bytes) -> None:
    both = Both()
    both.board.allow(True, True)
    both.board.on_extended(b"\0\0")
    both.hear(flags, more)
    assert both.told == both.sent == []


def test_a_text_that_is_too_long_does_not_go() -> None:
    both = Both()
    both.board.allow(True, True)
    both.board.set("x" * (LONGEST + 1))
    assert both.sent == []


def test_broken_unicode_is_no_error() -> None:
    both = Both()
    both.board.allow(True, True)
    both.board.set("a\ud800b")
    both.hear(rfb.REQUEST | 1)
    assert both.provided() == b"a?b"
    both.hear(rfb.PROVIDE | 1, packed(b"a\xffb"))
    assert both.told == ["a\ufffdb"]
