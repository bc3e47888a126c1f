"""Pictures: each way they come in, each format, and whatever else may be sent."""

import array
import os
import random
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.dbus_display import LISTENER, LISTENER_PATH, MAP, X8R8G8B8
from vmdesk.console.dbus import wire
from vmdesk.console.dbus.frames import CannotShow, Frames
from vmdesk.console.dbus.link import Ended, Link
from vmdesk.console.dbus.wire import ProtocolError
from vmdesk.console.screen import MAX_PIXELS, Cursor, Rect, Surface


class Replay:
    """A socket that gives these bytes, and files with the bytes at these places."""

    def __init__(self, data: bytes, files: dict[int, int] | None = None) -> None:
        self.data, self.at, self.files, self.sent = data, 0, files or {}, b""

    def recv_into(self, view: memoryview) -> int:
        part = self.data[self.at : self.at + len(view)]
        view[: len(part)] = part
        self.at += len(part)
        return len(part)

    def recvmsg_into(self, views: list[memoryview], *_: Any) -> tuple[int, list[Any], int, None]:
        fd = self.files.pop(self.at, None)
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]).tobytes())] if fd is not None else []
        count = sum(self.recv_into(view) for view in views)
        return count, ancillary, 0, None

    def send(self, data: bytes, _flags: int) -> int:
        self.sent += bytes(data)
        return len(data)

    def shutdown(self, _how: int) -> None: ...
    def close(self) -> None: ...
    def fileno(self) -> int:
        return -1


def heard(link: Link) -> wire.Header:
    header = link.header()
    assert header
    return header


class Screen:
    def __init__(self) -> None:
        self.surfaces: list[Surface] = []
        self.rects: list[Rect] = []
        self.cursors: list[Cursor | None] = []

    def surface(self, surface: Surface) -> None:
        assert surface.width * surface.height <= MAX_PIXELS
        assert len(surface.data) == surface.stride * surface.height
        self.surfaces.append(surface)

    def damage(self, rect: Rect) -> None:
        now = self.surfaces[-1]
        assert not rect.empty and rect.clipped(now.width, now.height) == rect
        self.rects.append(rect)

    def cursor(self, cursor: Cursor | None) -> None:
        self.cursors.append(cursor)


def call(member: str, signature: str, values: list[Any], *, fds: int = 0, reply: bool = True) -> bytes:
    interface = MAP if member.endswith("Map") else LISTENER
    return wire.call(9, LISTENER_PATH, interface, member, signature, values, fds=fds, reply=reply)


def scanout(width: int, height: int, stride: int, form: int, pixels: bytes) -> bytes:
    return call("Scanout", "uuuuay", [width, height, stride, form, pixels])


def update(x: int, y: int, width: int, height: int, stride: int, form: int, pixels: bytes) -> bytes:
    return call("Update", "iiiiuuay", [x, y, width, height, stride, form, pixels])


def play(*messages: bytes, files: dict[int, int] | None = None, screen: Screen | None = None) -> tuple[Screen, Replay]:
    """Everything through a Frames; `files`: number of a message -> file that comes with it."""
    screen = screen or Screen()
    starts = [sum(map(len, messages[:number])) for number in range(len(messages))]
    source = Replay(b"".join(messages), {starts[number]: fd for number, fd in (files or {}).items()})
    frames, link = Frames(screen), Link(source)  # type: ignore[arg-type]
    frames.attach(link)
    try:
        while True:
            frames.handle(heard(link))
    except Ended:
        assert source.at == len(source.data)
    finally:
        frames.close()
        link.close()
    return screen, source


def answers(source: Replay) -> list[tuple[int, tuple[Any, ...]]]:
    found, at = [], 0
    while at < len(source.sent):
        kind, _, length, _, size = wire.parse_fixed(source.sent[at : at + 16])
        fields = wire.parse_fields(source.sent[at + 16 : at + 16 + size], kind)
        at += 16 + wire.aligned(size, 8)
        found.append((kind, wire.decode(fields.signature, source.sent[at : at + length])))
        at += length
    return found


def test_picture_and_parts_of_it() -> None:
    whole = random.randbytes(4 * 10 * 8)
    part, rows = random.randbytes(4 * 3 * 2), random.randbytes(4 * 10 * 2)
    screen, source = play(
        scanout(10, 8, 40, X8R8G8B8, whole),
        update(2, 5, 3, 2, 12, X8R8G8B8, part),
        update(0, 0, 10, 2, 40, X8R8G8B8, rows),
    )
    (surface,) = screen.surfaces
    expected = bytearray(whole)
    expected[:80] = rows
    expected[5 * 40 + 8 : 5 * 40 + 20] = part[:12]
    expected[6 * 40 + 8 : 6 * 40 + 20] = part[12:]
    assert bytes(surface.data) == expected
    assert screen.rects == [Rect(2, 5, 3, 2), Rect(0, 0, 10, 2)]
    assert answers(source) == [(wire.RETURN, ())] * 3


def test_same_size_again_is_damage_another_size_a_new_surface() -> None:
    screen, _ = play(
        scanout(4, 4, 16, X8R8G8B8, bytes(64)),
        scanout(4, 4, 16, X8R8G8B8, b"\1" * 64),
        scanout(4, 2, 24, X8R8G8B8, b"\2" * 48),
    )
    assert [(s.width, s.height, s.stride, s.generation) for s in screen.surfaces] == [(4, 4, 16, 0), (4, 2, 24, 1)]
    assert bytes(screen.surfaces[0].data) == b"\1" * 64
    assert screen.rects == [Rect(0, 0, 4, 4)]


FORMATS = {  # number: how the pixel red 8, green 16, blue 24 lies in memory
    X8R8G8B8: bytes([24, 16, 8, 0]),
    0x20028888: bytes([24, 16, 8, 0]),
    0x20030888: bytes([8, 16, 24, 0]),
    0x20080888: bytes([0, 8, 16, 24]),
    0x20090888: bytes([0, 24, 16, 8]),
    0x18020888: bytes([24, 16, 8]),
    0x18030888: bytes([8, 16, 24]),
    0x10020565: struct.pack("<H", 1 << 11 | 4 << 5 | 3),
    0x10020555: struct.pack("<H", 1 << 10 | 2 << 5 | 3),
}


@pytest.mark.parametrize(("form", "pixel"), FORMATS.items())
@pytest.mark.parametrize("padding", [0, 4])
def test_formats(form: int, pixel: bytes, padding: int) -> None:
    row = pixel * 3 + bytes(padding)
    part = pixel * 2 + bytes(padding)
    screen, _ = play(scanout(3, 2, len(row), form, bytes(2 * len(row))), update(1, 0, 2, 2, len(part), form, part * 2))
    surface = screen.surfaces[0]
    for y in range(2):
        line = surface.data[y * surface.stride : y * surface.stride + 12]
        for x in range(3):
            blue, green, red = line[x * 4 : x * 4 + 3]
            assert (red, green, blue) == pytest.approx((8, 16, 24) if x else (0, 0, 0), abs=1)


@pytest.mark.parametrize(
    "message",
    [
        scanout(2, 2, 8, 0x12345678, bytes(16)),
        scanout(0, 0, 0, X8R8G8B8, b""),
        scanout(65535, 65535, 65535 * 4, X8R8G8B8, b""),
        scanout(16384, 16384, 65536, X8R8G8B8, b""),
        call("ScanoutDMABUF", "huuuutb", [0, 8, 8, 32, 0, 0, True]),
        call("UpdateDMABUF", "iiii", [0, 0, 1, 1]),
    ],
)
def test_cannot_be_shown(message: bytes) -> None:
    with pytest.raises(CannotShow):
        play(message)


def test_graphics_memory_is_answered_before_it_is_given_up() -> None:
    source = Replay(call("UpdateDMABUF", "iiii", [0, 0, 1, 1]))
    frames, link = Frames(Screen()), Link(source)  # type: ignore[arg-type]
    frames.attach(link)
    with pytest.raises(CannotShow):
        frames.handle(heard(link))
    assert answers(source) == [(wire.RETURN, ())]


@pytest.mark.parametrize(
    "message",
    [
        scanout(2, 2, 8, X8R8G8B8, bytes(15)),
        scanout(2, 2, 8, X8R8G8B8, bytes(17)),
        scanout(2, 2, 4, X8R8G8B8, bytes(8)),
        scanout(2, 2, 1 << 20, X8R8G8B8, bytes(8)),
        update(0, 0, 2, 2, 8, X8R8G8B8, bytes(15)),
        update(0, 0, 2, 2, 4, X8R8G8B8, bytes(8)),
        call("CursorDefine", "iiiiay", [2, 2, 0, 0, bytes(15)]),
        call("CursorDefine", "iiiiay", [-1, 2, 0, 0, bytes(8)]),
        call("CursorDefine", "iiiiay", [5000, 5000, 0, 0, b""]),
    ],
)
def test_nonsense_is_refused(message: bytes) -> None:
    with pytest.raises(ProtocolError):
        play(scanout(2, 2, 8, X8R8G8B8, bytes(16)), message)


@pytest.mark.parametrize("rect", [(-1, 0, 1, 1), (2, 0, 1, 1), (0, 0, 3, 1), (0, 0, 0, 0), (0, 0, -1, 1), (1, 1, 2, 1)])
def test_parts_outside_are_passed_over(rect: tuple[int, int, int, int]) -> None:
    pixels = bytes(4 * max(rect[2], 0) * max(rect[3], 0))
    screen, source = play(
        scanout(2, 2, 8, X8R8G8B8, bytes(16)), update(*rect, max(rect[2], 0) * 4, X8R8G8B8, pixels),
        update(0, 0, 1, 1, 4, X8R8G8B8, b"abcd"),
    )  # fmt: skip
    assert screen.rects == [Rect(0, 0, 1, 1)]
    assert len(answers(source)) == 3


def test_part_before_the_whole_is_passed_over() -> None:
    screen, _ = play(update(0, 0, 1, 1, 4, X8R8G8B8, b"abcd"))
    assert not screen.rects


def test_cursor() -> None:
    arrow = random.randbytes(4 * 4 * 3)
    screen, _ = play(
        call("MouseSet", "iii", [1, 1, 1]),
        call("CursorDefine", "iiiiay", [4, 3, 9, -2, arrow]),
        call("MouseSet", "iii", [2, 2, 1]),
        call("MouseSet", "iii", [2, 2, 0]),
        call("MouseSet", "iii", [2, 2, 0]),
        call("MouseSet", "iii", [2, 2, 1]),
    )
    shape = Cursor(4, 3, 3, 0, arrow)
    assert screen.cursors == [shape, None, shape]


def test_disabled_display_is_black() -> None:
    screen, _ = play(scanout(2, 2, 8, X8R8G8B8, b"\1" * 16), call("Disable", "", []))
    assert bytes(screen.surfaces[0].data) == bytes(16)
    assert screen.rects == [Rect(0, 0, 2, 2)]


# ---------------------------------------------------------------- shared memory


def memory(data: bytes) -> int:
    fd = os.memfd_create("frame", os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    return fd


def scanout_map(width: int, height: int, stride: int, offset: int = 0, form: int = X8R8G8B8) -> bytes:
    return call("ScanoutMap", "huuuuu", [0, offset, width, height, stride, form], fds=1)


def test_shared_picture() -> None:
    fd = memory(b"12345678" + b"abcd" * 6)
    keep = os.dup(fd)
    source = Replay(scanout_map(3, 2, 12, 8) + call("UpdateMap", "iiii", [1, 1, 2, 1]), {0: fd})
    screen = Screen()
    frames, link = Frames(screen), Link(source)  # type: ignore[arg-type]
    frames.attach(link)
    frames.handle(heard(link))
    assert bytes(screen.surfaces[0].data) == b"abcd" * 6
    os.pwrite(keep, b"WXYZ", 8 + 16)
    assert bytes(screen.surfaces[0].data) == b"abcd" * 6
    frames.handle(heard(link))
    assert bytes(screen.surfaces[0].data) == b"abcd" * 4 + b"WXYZ" + b"abcd"
    assert screen.rects == [Rect(1, 1, 2, 1)]
    frames.close()
    link.close()
    os.close(keep)


def test_one_buffer_after_the_other() -> None:
    """A guest that draws into one while it shows another: the window keeps its surface."""
    files = [memory(letter * 24) for letter in (b"a", b"b", b"c")]
    messages = [message for _ in files for message in (scanout_map(3, 2, 12), call("UpdateMap", "iiii", [0, 0, 3, 2]))]
    screen, _ = play(*messages, files=dict(zip((0, 2, 4), files, strict=True)))
    assert [bytes(surface.data) for surface in screen.surfaces] == [b"c" * 24]
    assert screen.rects == [Rect(0, 0, 3, 2)] * 5


def test_shared_picture_then_copies() -> None:
    screen, _ = play(
        scanout_map(2, 2, 8), scanout(2, 2, 8, X8R8G8B8, b"x" * 16), update(0, 0, 1, 1, 4, X8R8G8B8, b"1234"),
        files={0: memory(b"a" * 16)},
    )  # fmt: skip
    assert [bytes(surface.data) for surface in screen.surfaces] == [b"1234" + b"x" * 12]


def test_disabled_shared_picture_is_black() -> None:
    screen, _ = play(scanout_map(2, 2, 8), call("Disable", "", []), files={0: memory(b"a" * 16)})
    assert [bytes(surface.data) for surface in screen.surfaces] == [bytes(16)]
    assert screen.rects == [Rect(0, 0, 2, 2)]


def test_shared_picture_in_16_bits() -> None:
    pixel = FORMATS[0x10020565]
    screen, _ = play(scanout_map(2, 2, 4, 0, 0x10020565), files={0: memory(pixel * 4)})
    assert len(screen.surfaces[0].data) == 16


@pytest.mark.parametrize("what", ["short", "pipe", "file", "null", "format", "huge"])
def test_memory_that_is_refused(what: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    message = scanout_map(4, 4, 16)
    if what == "short":
        fd = memory(bytes(63))
    elif what == "pipe":
        fd, other = os.pipe()
        os.close(other)
    elif what == "file":
        fd = os.open(__file__, os.O_RDONLY)
    elif what == "null":
        fd = os.open("/dev/zero", os.O_RDONLY)
    elif what == "format":
        fd, message = memory(bytes(64)), scanout_map(4, 4, 16, 0, 1234)
    else:
        fd, message = memory(bytes(64)), scanout_map(65535, 65535, 262140)
    screen, source = play(message, files={0: fd})
    assert not screen.surfaces
    assert answers(source)[0][0] == wire.ERROR  # QEMU then copies
    assert len(os.listdir("/proc/self/fd")) == before


def test_memory_that_is_shortened_later() -> None:
    fd = memory(bytes(64))
    keep = os.dup(fd)

    class Shortens(Screen):
        def surface(self, surface: Surface) -> None:
            super().surface(surface)
            os.ftruncate(keep, 0)

    with pytest.raises(ProtocolError, match="shortened"):
        play(scanout_map(4, 4, 16), call("UpdateMap", "iiii", [0, 0, 4, 4]), files={0: fd}, screen=Shortens())
    os.close(keep)


def test_properties_and_unknown_methods() -> None:
    properties = "org.freedesktop.DBus.Properties"
    _, source = play(
        wire.call(1, LISTENER_PATH, properties, "GetAll", "s", [LISTENER]),
        wire.call(2, LISTENER_PATH, properties, "GetAll", "s", [MAP]),
        wire.call(3, LISTENER_PATH, properties, "Get", "ss", [LISTENER, "Interfaces"]),
        wire.call(4, LISTENER_PATH, properties, "Get", "ss", [LISTENER, "Nothing"]),
        wire.call(5, LISTENER_PATH, "org.freedesktop.DBus.Peer", "Ping"),
        wire.call(6, LISTENER_PATH, LISTENER, "ScanoutDMABUF3", "u", [1]),
        wire.call(7, LISTENER_PATH, LISTENER, "Nothing", "u", [1], reply=False),
    )
    assert answers(source)[:3] == [
        (wire.RETURN, ({"Interfaces": [MAP]},)), (wire.RETURN, ({},)), (wire.RETURN, ([MAP],)),
    ]  # fmt: skip
    assert [kind for kind, _ in answers(source)[3:]] == [wire.ERROR, wire.RETURN, wire.ERROR]


# ---------------------------------------------------------------- anything


def test_mutated_messages_are_shown_or_refused(reps: Callable[[int], int]) -> None:
    """A million at full scale. Nothing but the two known ends, nothing outside the picture, no file left open."""
    samples = [
        scanout(6, 4, 24, X8R8G8B8, random.randbytes(96)),
        update(1, 1, 3, 2, 12, X8R8G8B8, random.randbytes(24)),
        scanout(6, 4, 12, 0x10020565, random.randbytes(48)),
        call("CursorDefine", "iiiiay", [2, 2, 0, 0, bytes(16)]),
        call("MouseSet", "iii", [0, 0, 1]),
        call("UpdateMap", "iiii", [0, 0, 6, 4]),
        call("Disable", "", []),
        wire.call(1, LISTENER_PATH, "org.freedesktop.DBus.Properties", "GetAll", "s", [LISTENER]),
    ]
    shared = scanout_map(6, 4, 24)
    before = len(os.listdir("/proc/self/fd"))
    original = memory(random.randbytes(96))
    done = 0
    while done < reps(1_000_000):
        messages = [random.choice(samples) for _ in range(6)]
        files = {}
        if random.random() < 0.2:
            messages.insert(1, shared)
            files = {1: os.dup(original)}
        data = [bytearray(message) for message in messages]
        for _ in range(random.randint(1, 5)):
            chosen = random.choice(data)
            chosen[random.randrange(len(chosen))] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
        if random.random() < 0.1:
            del data[-1][random.randrange(len(data[-1])) :]
        starts = [sum(map(len, data[:number])) for number in range(len(data))]
        source = Replay(b"".join(data), {starts[number]: fd for number, fd in files.items()})
        frames, link = Frames(Screen()), Link(source)  # type: ignore[arg-type]
        frames.attach(link)
        try:
            while True:
                frames.handle(heard(link))
                done += 1
        except (Ended, ProtocolError, CannotShow):
            done += 1
        frames.close()
        link.close()
        for fd in source.files.values():  # not reached
            os.close(fd)
    os.close(original)
    assert len(os.listdir("/proc/self/fd")) == before
