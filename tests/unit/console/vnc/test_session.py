"""What a session makes of a server's messages."""

import random
import struct

import pytest

from tests.fakes import rfb_server as rfb
from tests.unit.console.vnc.feed import feed
from vmdesk.console.screen import Cursor, Power, Rect

FORMAT = bytes((32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0))


def pixels(count: int) -> bytes:
    return random.randbytes(count * 4)


def test_the_beginning() -> None:
    fed = feed(rfb.screen(8, 4))
    assert fed.session.name == "QEMU (test)"
    assert fed.sent[0] == ("format", FORMAT)
    assert fed.sent[1][0] == "encodings" and fed.sent[1][1][:2] == (1, 0)  # type: ignore[index]
    assert fed.sent[2:] == [("ask", False, 8, 4), ("ask", True, 8, 4)]
    assert fed.told.picture == b"\x10\x20\x30\x00" * 32
    assert fed.told.damaged == [Rect(0, 0, 8, 4)]
    assert fed.opened == 1
    assert fed.problem.name == "eof"
    assert feed(b"", local=False).sent[1][1][0] == 7  # type: ignore[index]


def test_raw_whole_rows_and_parts() -> None:
    picture = [bytearray(pixels(8)) for _ in range(4)]
    first, part = b"".join(picture), pixels(3 * 2)
    fed = feed(rfb.update(rfb.raw(0, 0, 8, 4, first)) + rfb.update(rfb.raw(2, 1, 3, 2, part)))
    picture[1][8:20], picture[2][8:20] = part[:12], part[12:]
    assert fed.told.picture == b"".join(picture)
    assert fed.told.damaged[-1] == Rect(2, 1, 3, 2)


def test_large_raw_parts_come_through_more_than_one_call() -> None:
    part = pixels(5 * 2100)
    fed = feed(rfb.update(rfb.raw(1, 0, 5, 2100, part)), size=(7, 2100))
    expected = b"".join(b"\0\0\0\0" + part[row * 20 : row * 20 + 20] + b"\0\0\0\0" for row in range(2100))
    assert fed.told.picture == expected


@pytest.mark.parametrize(
    ("x", "y", "from_x", "from_y", "width", "height"),
    [
        (0, 1, 0, 0, 8, 3),
        (0, 0, 0, 1, 8, 3),
        (1, 0, 0, 0, 5, 4),
        (0, 0, 1, 0, 5, 4),
        (2, 2, 0, 0, 4, 2),
        (1, 1, 2, 2, 4, 2),
    ],
)
def test_copies_that_overlap(x: int, y: int, from_x: int, from_y: int, width: int, height: int) -> None:
    before = pixels(32)
    fed = feed(
        rfb.update(rfb.raw(0, 0, 8, 4, before), rfb.rect(x, y, width, height, 1, struct.pack(">HH", from_x, from_y)))
    )
    expected = bytearray(before)
    for row in range(height):
        for column in range(width):
            there, here = ((y + row) * 8 + x + column) * 4, ((from_y + row) * 8 + from_x + column) * 4
            expected[there : there + 4] = before[here : here + 4]
    assert fed.told.picture == bytes(expected)


def test_zlib_goes_on_from_one_to_the_next() -> None:
    stream, first, second = rfb.Stream(), pixels(32), pixels(6)
    parts = [stream.pack(first), stream.pack(second)]
    fed = feed(
        rfb.update(rfb.rect(0, 0, 8, 4, 6, struct.pack(">I", len(parts[0])) + parts[0]))
        + rfb.update(rfb.rect(5, 1, 3, 2, 6, struct.pack(">I", len(parts[1])) + parts[1]))
    )
    expected = bytearray(first)
    expected[52:64], expected[84:96] = second[:12], second[12:]
    assert fed.problem.name == "eof", fed.problem
    assert fed.told.picture == bytes(expected)


def test_updates_end_with_the_last_rectangle() -> None:
    fed = feed(rfb.update(rfb.raw(0, 0, 8, 4, bytes(128)), rfb.rect(0, 0, 0, 0, -224), count=0xFFFF) + b"\2")
    assert fed.told.bells == 1


@pytest.mark.parametrize("name", ["QEMU (test)", "another server"])
def test_new_sizes(name: str) -> None:
    fed = feed(
        rfb.update(rfb.desktop(8, 4))
        + rfb.screen(8, 4)
        + rfb.update(rfb.desktop(4, 2))
        + rfb.screen(4, 2)
        + rfb.update(rfb.rect(0, 0, 6, 3, -223))
        + rfb.update(rfb.desktop(60, 30, reason=1, status=3))
        + rfb.screen(6, 3),
        name=name,
    )
    assert [(s.width, s.height, s.generation) for s in fed.told.surfaces] == [(8, 4, 1), (4, 2, 2), (6, 3, 3)]
    whole = 0 if name.startswith("QEMU") else 1
    assert fed.sent[2:].count(("ask", False, 4, 2)) == fed.sent.count(("ask", False, 6, 3)) == whole
    assert fed.session.can_resize
    assert fed.told.surfaces[0].released and not fed.told.surfaces[-1].released


def test_qemu_has_one_request_at_a_time() -> None:
    """With two it stops for good when the guest changes its resolution at the wrong moment."""
    pictures = 0
    data = b""
    for size in ((8, 4), (4, 2), (6, 3)):
        data += rfb.update(rfb.desktop(*size)) + rfb.update(rfb.rect(0, 0, 1, 1, -261, b"\x02")) + rfb.screen(*size)
        data += rfb.update(rfb.rect(1, 0, 0, 0, -257)) + rfb.update(rfb.raw(0, 0, 1, 1, bytes(4)))
        pictures += 2
    data += rfb.update()  # a picture that was given up is an answer, too
    asks = [one for one in feed(data).sent if one[0] == "ask"]
    assert len(asks) == 1 + pictures + 1
    assert [one[1] for one in asks].count(False) == 1, "the first"


def test_pointer_keyboard_lights_power_and_bell() -> None:
    fed = feed(
        rfb.update(rfb.rect(1, 0, 0, 0, -257), rfb.rect(0, 0, 0, 0, -258), rfb.rect(0, 0, 1, 1, -261, b"\x06"))
        + rfb.update(rfb.rect(0, 0, 0, 0, -257))
        + rfb.update(rfb.rect(0, 0, 0, 0, -307, struct.pack(">I", 3) + b"new"))
        + b"\2"
        + b"\xfa\0\1\1"
        + b"\1\0\0\0\0\2"
        + bytes(12)
    )
    assert fed.problem.name == "eof"
    assert fed.told.modes == [True, False]
    assert fed.told.lights == [6]
    assert fed.told.bells == 1
    assert fed.session.powers == (Power.SHUTDOWN, Power.RESET)  # QEMU does not reboot
    assert fed.session.name == "new"


def test_cursors() -> None:
    two = b"\1\2\3\x80\4\5\6\xff"
    fed = feed(
        rfb.update(
            rfb.rect(1, 0, 2, 1, -314, bytes(4) + two),
            rfb.rect(0, 0, 2, 1, -239, b"\1\2\3\0\4\5\6\0" + b"\x40"),
            rfb.rect(0, 0, 0, 0, -239),
            rfb.rect(0, 0, 0, 0, -314, bytes(4)),
        )
    )
    assert fed.told.cursors == [
        Cursor(2, 1, 1, 0, two),
        Cursor(2, 1, 0, 0, b"\1\2\3\0\4\5\6\xff"),
        None,
        None,
    ]
    other = feed(rfb.update(rfb.rect(0, 0, 1, 1, -314, bytes(4) + b"\x40\x20\x10\x80")), name="TigerVNC")
    assert other.told.cursors == [Cursor(1, 1, 0, 0, b"\x1f\x3f\x7f\x80")]  # was R G B A, multiplied


def test_sound() -> None:
    fed = feed(
        rfb.update(rfb.rect(0, 0, 0, 0, -259))
        + struct.pack(">BBH", 255, 1, 1)
        + struct.pack(">BBHI", 255, 1, 2, 4)
        + b"abcd"
        + struct.pack(">BBH", 255, 1, 0),
        sound=True,
    )
    assert fed.told.sound == [(48000, 2, 16), b"abcd", None]
    assert fed.sent[-2:] == [("audio", 2, struct.pack(">BBI", 3, 2, 48000)), ("audio", 0, b"")]
    assert fed.session.can_sound


def test_sound_is_not_asked_for_before_it_is_wanted() -> None:
    fed = feed(rfb.update(rfb.rect(0, 0, 0, 0, -259)))
    assert fed.session.can_sound
    assert not [one for one in fed.sent if one[0] == "audio"]


def _jpeg_less_zlib(size: int) -> bytes:
    packed = rfb.Stream().pack(bytes(size))
    return struct.pack(">I", len(packed)) + packed


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\x09", "message 9"),
        (rfb.update(rfb.rect(0, 0, 9, 4, 0)), "on a screen"),
        (rfb.update(rfb.rect(1, 0, 8, 4, 0)), "on a screen"),
        (rfb.update(rfb.rect(0, 65535, 1, 65535, 0)), "on a screen"),
        (rfb.update(rfb.rect(0, 0, 4, 4, 1, struct.pack(">HH", 5, 0))), "outside"),
        (rfb.update(rfb.rect(0, 0, 4, 4, 99)), "encoding 99"),
        (rfb.update(rfb.rect(0, 0, 4, 4, -99)), "encoding -99"),
        (rfb.update(rfb.rect(0, 0, 0, 4, 6)), "of nothing"),
        (rfb.update(rfb.rect(0, 0, 8, 4, 6, struct.pack(">I", 1 << 31))), "packed bytes"),
        (rfb.update(rfb.rect(0, 0, 8, 4, 6, _jpeg_less_zlib(5000))), "129 bytes"),
        (rfb.update(rfb.rect(0, 0, 8, 4, 6, _jpeg_less_zlib(127))), "127 bytes"),
        (rfb.update(rfb.rect(0, 0, 8, 4, 6, struct.pack(">I", 4) + b"nope")), ""),
        (rfb.update(rfb.rect(0, 0, 65535, 65535, -223)), "65535"),
        (rfb.update(rfb.desktop(0, 0)), "0 x 0"),
        (rfb.update(rfb.desktop(16384, 16384)), "16384"),
        (rfb.update(rfb.rect(0, 0, 2000, 1, -239)), "pointer"),
        (rfb.update(rfb.rect(0, 0, 65535, 65535, -314, bytes(4))), "pointer"),
        (rfb.update(rfb.rect(0, 0, 1, 1, -314, b"\0\0\0\7")), "encoding 7"),
        (struct.pack(">BxxxI", 3, 0x7FFFFFFF), "text of"),
        (struct.pack(">BxxxI", 3, 0x80000000), "text of"),
        (struct.pack(">BBHI", 255, 1, 2, 1 << 31), "sound"),
        (struct.pack(">BBH", 255, 1, 9), "QEMU"),
        (rfb.update(rfb.rect(0, 0, 0, 0, -307, struct.pack(">I", 1 << 31))), "name"),
    ],
)
def test_what_may_not_be_is_refused(data: bytes, word: str) -> None:
    problem = feed(data).problem
    assert problem.name == "protocol"
    assert word in problem.details


@pytest.mark.parametrize("size", [(0, 0), (65535, 65535), (0, 10), (16385, 1), (16384, 16384)])
def test_screens_that_may_not_be(size: tuple[int, int]) -> None:
    fed = feed(b"", size=size)
    assert fed.problem.name == "protocol"
    assert not fed.told.surfaces


def test_long_texts_and_names_are_cut_or_passed_over() -> None:
    fed = feed(rfb.cut_text(b"x" * (1 << 21))[:200000], name="n" * 5000)
    assert len(fed.session.name) == 1024
    assert fed.problem.name == "eof"
