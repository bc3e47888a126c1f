"""Broken messages: always an end with words, never a crash, a hang, or memory for what was only announced."""

import io
import random
import resource
import struct
import time
from collections.abc import Callable

import pytest
from PIL import Image

from tests.fakes import rfb_server as rfb
from tests.unit.console.vnc.feed import feed, log_in
from vmdesk.console.vnc.clipboard import Clipboard
from vmdesk.console.vnc.security import Login, Tls

SIZE = (24, 16)
INTERESTING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0")


def _jpeg(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((width, height), 50).convert("RGB").save(file, "JPEG", quality=70)
    return file.getvalue()


def _packed(stream: rfb.Stream, data: bytes) -> bytes:
    body = stream.pack(data)
    return rfb.compact(len(body)) + body


def messages() -> list[bytes]:
    """A session with something of everything."""
    zlibs, tights, noise = rfb.Stream(), rfb.Stream(), random.randbytes
    area, jpeg = (2, 3, 10, 8), _jpeg(10, 8)
    zlibbed = zlibs.pack(noise(320))
    return [
        rfb.update(
            rfb.rect(1, 0, 0, 0, -257),
            rfb.rect(0, 0, 0, 0, -258),
            rfb.rect(0, 0, 0, 0, -259),
            rfb.rect(0, 0, 1, 1, -261, b"\x03"),
            rfb.rect(0, 0, 0, 0, -307, struct.pack(">I", 4) + b"name"),
            rfb.desktop(*SIZE),
        ),
        rfb.screen(*SIZE),
        rfb.update(rfb.raw(*area, noise(320)), rfb.rect(5, 5, 9, 9, 1, struct.pack(">HH", 2, 3))),
        rfb.update(rfb.rect(*area, 6, struct.pack(">I", len(zlibbed)) + zlibbed)),
        rfb.update(
            rfb.rect(*area, 7, b"\x80abc"),
            rfb.rect(*area, 7, b"\x00" + _packed(tights, noise(240))),
            rfb.rect(*area, 7, b"\x40\x01\x01" + noise(6) + _packed(tights, noise(16))),
            rfb.rect(*area, 7, b"\x40\x01\x04" + noise(15) + _packed(tights, bytes(range(5)) * 16)),
            rfb.rect(*area, 7, b"\x40\x02" + _packed(tights, noise(240))),
            rfb.rect(*area, 7, b"\x90" + rfb.compact(len(jpeg)) + jpeg),
        ),
        rfb.update(
            rfb.rect(1, 1, 9, 5, -239, noise(180) + noise(10)),
            rfb.rect(1, 1, 9, 5, -314, bytes(4) + noise(180)),
            rfb.rect(0, 0, 0, 0, -224),
            count=0xFFFF,
        ),
        rfb.extended(rfb.CAPS | 1, struct.pack(">I", 1 << 20)),
        rfb.extended(rfb.NOTIFY | 1),
        rfb.provide(b"hello\0"),
        rfb.cut_text(b"latin"),
        struct.pack(">BBH", 255, 1, 1) + struct.pack(">BBHI", 255, 1, 2, 8) + noise(8) + struct.pack(">BBH", 255, 1, 0),
        b"\xfa\0\1\1\2",
        b"\1" + struct.pack(">xHH", 0, 2) + bytes(12),
        rfb.update(rfb.desktop(20, 10)),
        rfb.screen(20, 10),
    ]


def broken(data: bytes) -> bytes:
    """A few changes: bytes, lengths, pieces lost, doubled or made up."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        if not changed:
            break
        place = random.randrange(len(changed))
        what = random.random()
        if what < 0.4:
            changed[place] = random.randrange(256)
        elif what < 0.7:
            value = random.choice(INTERESTING)
            changed[place : place + len(value)] = value
        elif what < 0.8:
            del changed[place : place + random.randrange(1, 9)]
        elif what < 0.9:
            changed[place:place] = random.randbytes(random.randrange(1, 9))
        else:
            changed[place:place] = changed[place : place + random.randrange(1, 40)]
    return bytes(changed)


def test_whole() -> None:
    fed = feed(b"".join(messages()), size=SIZE, local=False)
    assert fed.problem.name == "eof", fed.problem
    assert len(fed.told.surfaces) == 2 and len(fed.told.cursors) == 2 and fed.told.bells == 1


@pytest.mark.timeout(1800)
def test_broken_sessions(reps: Callable[[int], int]) -> None:
    """1,000,000 broken messages that were read, at full scale; a third of the sessions is whole up to the break."""
    whole, done, wanted, longest = messages(), 0, reps(1_000_000), 0.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while done < wanted:
        first = random.randrange(len(whole))
        parts = whole[:first] if random.random() < 0.3 else [whole[1]]
        bad = [broken(random.choice(whole)) for _ in range(8)]
        began = time.monotonic()
        fed = feed(b"".join(parts + bad), size=SIZE, local=False)
        longest = max(longest, time.monotonic() - began)
        assert fed.problem.name in ("eof", "protocol"), fed.problem
        done += max(0, fed.messages - len(parts))
    assert longest < 2
    # A frame buffer may be 256 MiB large, and be replaced.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 900_000


def test_broken_beginnings(reps: Callable[[int], int]) -> None:
    init = rfb.init(*SIZE)
    for _ in range(reps(20_000)):
        fed = feed(rfb.screen(*SIZE), init=broken(init))
        assert fed.problem.name in ("eof", "protocol")


def test_broken_logins(reps: Callable[[int], int]) -> None:
    reason = struct.pack(">I", 1) + struct.pack(">I", 5) + b"wrong"
    whole = (
        rfb.VERSION + b"\x02\x01\x02" + bytes(4),
        rfb.VERSION + b"\x01\x02" + rfb.CHALLENGE + reason,
        rfb.VERSION + b"\x00" + reason[4:],
        b"RFB 003.003\n" + struct.pack(">I", 2) + rfb.CHALLENGE + bytes(4),
        rfb.VERSION
        + b"\x02\x13\x02"
        + b"\x00\x02\x00"
        + struct.pack(">BIII", 3, 260, 261, 262)
        + b"\x01\x16\x03\x03\x01\x00",
    )
    for _ in range(reps(20_000)):
        error = log_in(broken(random.choice(whole)), Login("secret", "admin"), random.choice((None, Tls("host", ()))))
        assert error is None or error.problem.name in ("eof", "protocol", "auth", "refused", "certificate")


def test_broken_clipboards(reps: Callable[[int], int]) -> None:
    board = Clipboard(lambda _data: None, lambda _text: None)
    board.allow(True, True)
    whole = [message[8:] for message in messages() if message[0] == 3]
    for _ in range(reps(200_000)):
        board.on_extended(broken(random.choice(whole)))


def test_chance(reps: Callable[[int], int]) -> None:
    for _ in range(reps(20_000)):
        fed = feed(random.choice((b"", b"\0\0\0\1")) + random.randbytes(300), size=SIZE)
        assert fed.problem.name in ("eof", "protocol")
