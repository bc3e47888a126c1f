"""The SPICE backend against a server of our own, through the real library on libvirt's event thread."""

import asyncio
import contextlib
import os
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.fakes.listener import Recorder
from tests.unit.console.spice.server import (
    AGENT_CAPS,
    CRLF,
    CURSOR,
    DISPLAY,
    FILES_DISABLED,
    INPUTS,
    MAIN,
    NEED_SECURED,
    PERMISSION_DENIED,
    PLAYBACK,
    RECORD,
    Server,
)  # fmt: skip
from vmdesk.console.screen import Rect, Surface
from vmdesk.console.spice import Address, Display, SpiceBackend, glib
from vmdesk.model.errors import VirtError
from vmdesk.virt import loop

CLIPBOARD = struct.pack("<I", 0)


@pytest.fixture(autouse=True)
def _events() -> None:
    try:
        glib.load()
    except VirtError as error:
        pytest.skip(str(error))
    loop.start()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@asynccontextmanager
async def opened(server: Server, **options: object) -> AsyncIterator[tuple[SpiceBackend, Recorder]]:
    told = Recorder()
    backend = SpiceBackend(Display(server.open_channel, seconds=5), told, **options)  # type: ignore[arg-type]
    await backend.open()
    try:
        await until(lambda: all(server.there(*one) for one in server.channels if one[0] not in (PLAYBACK, RECORD)))
        yield backend, told
    finally:
        backend.close()
        await until(lambda: told.ends)


class Talking(Recorder):
    """Has a microphone as well."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int, int] | None] = []

    def record_begin(self, rate: int, channels: int, bits: int, heard: Callable[[bytes], None]) -> None:
        self.asked.append((rate, channels, bits))
        self.heard = heard

    def record_end(self) -> None:
        self.asked.append(None)


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.002)


def pixel(surface: Surface, x: int, y: int) -> bytes:
    return bytes(surface.data[y * surface.stride + x * 4 :][:3])


def test_picture_and_changes(server: Server) -> None:
    async def run() -> None:
        async with opened(server) as (backend, told):
            surface = told.surfaces[-1]
            assert (surface.width, surface.height, len(surface.data)) == (64, 48, 64 * 48 * 4)
            assert told.modes == [True] and told.threads == {"libvirt events"}
            server.fill(0, 3, 5, 10, 2, 0x112233)
            await until(lambda: Rect(3, 5, 10, 2) in told.damaged)
            assert [pixel(surface, *at) for at in ((2, 5), (3, 5), (12, 6), (13, 6))] == [
                b"\0\0\0", b"\x33\x22\x11", b"\x33\x22\x11", b"\0\0\0"
            ]  # fmt: skip
            # another mode: another surface; the old one stays readable
            server.surface_gone(0)
            server.surface(0, 100, 30)
            server.fill(0, 0, 0, 100, 30, 0xABCDEF)
            await until(lambda: len(told.surfaces) == 2 and pixel(told.surfaces[-1], 99, 29) == b"\xef\xcd\xab")
            assert pixel(surface, 3, 5) == b"\x33\x22\x11"
            assert backend.display.heads[0].rect == Rect(0, 0, 100, 30)

    asyncio.run(run())


@pytest.mark.parametrize("ready", ["marked", "drawn", "neither"])
def test_a_new_mode_is_shown_when_there_is_something_to_see(server: Server, ready: str) -> None:
    async def run() -> None:
        async with opened(server) as (_, told):
            server.fill(0, 0, 0, 64, 48, 0x112233)
            await until(lambda: pixel(told.surfaces[-1], 63, 47) == b"\x33\x22\x11")
            server.surface_gone(0)
            server.surface(0, 100, 30)
            server.fill(0, 0, 0, 50, 30, 0xABCDEF)
            await asyncio.sleep(0.1)
            assert len(told.surfaces) == 1
            assert pixel(told.surfaces[0], 63, 47) == b"\x33\x22\x11"  # until then the last picture stays
            if ready == "marked":
                server.channel(DISPLAY).send(102)
            elif ready == "drawn":
                server.fill(0, 0, 0, 100, 30, 0xABCDEF)
            await until(lambda: len(told.surfaces) == 2)
            assert pixel(told.surfaces[-1], 49, 29) == b"\xef\xcd\xab"

    asyncio.run(run())


def test_pictures_come_before_the_rest(server: Server) -> None:
    """Each connection takes the server some time."""

    async def run() -> None:
        async with opened(server):
            kinds = [connection.kind for connection in server.connections]
            assert kinds[:2] == [MAIN, DISPLAY] and sorted(kinds[2:]) == [INPUTS, CURSOR]

    asyncio.run(run())


def test_without_a_picture_the_rest_comes_all_the_same(server: Server) -> None:
    server.sizes.clear()

    async def run() -> None:
        told = Recorder()
        backend = SpiceBackend(Display(server.open_channel, seconds=5), told)
        opening = asyncio.create_task(backend.open())
        await until(lambda: server.there(INPUTS) and server.there(CURSOR))
        opening.cancel()
        await until(lambda: told.ends)

    asyncio.run(run())


def test_many_changes_are_told_together(server: Server) -> None:
    server.sizes[0] = (512, 512)

    async def run() -> None:
        async with opened(server) as (_, told):
            surface = told.surfaces[-1]
            before = len(told.damaged)
            for row in range(512):
                server.fill(0, row, row, 1, 1, 0xFFFFFF)
            # Told after it is painted: the picture may be there some milliseconds before the news of it.
            await until(lambda: any(r.x + r.width == r.y + r.height == 512 for r in told.damaged[before:]))
            assert pixel(surface, 511, 511) == b"\xff\xff\xff"
            assert len(told.damaged) - before < 500
            assert all(pixel(surface, row, row) == b"\xff\xff\xff" for row in range(512))
            for row in range(512):
                assert any(r.x <= row < r.x + r.width and r.y <= row < r.y + r.height for r in told.damaged[before:])

    asyncio.run(run())


def test_16_bits(server: Server) -> None:
    server.formats[0] = 80

    async def run() -> None:
        async with opened(server) as (_, told):
            server.fill(0, 0, 0, 64, 48, 0xF800)
            await until(lambda: pixel(told.surfaces[-1], 63, 47) == b"\0\0\xff")

    asyncio.run(run())


@pytest.mark.parametrize(("size", "kind"), [((20000, 10), 32), ((8, 8), 8)])
def test_a_picture_that_cannot_be(server: Server, size: tuple[int, int], kind: int) -> None:
    server.sizes[0] = size
    server.formats[0] = kind

    async def run() -> None:
        told = Recorder()
        with pytest.raises(VirtError) as error:
            await SpiceBackend(Display(server.open_channel, seconds=5), told).open()
        assert error.value.problem.name == "refused"
        await until(lambda: told.ends)
        assert told.ends == [error.value.problem]

    asyncio.run(run())


def test_monitors_in_one_picture_and_in_two(server: Server) -> None:
    server.channels = [(DISPLAY, 0), (DISPLAY, 1), (INPUTS, 0)]
    server.sizes = {0: (200, 50), 1: (30, 20)}

    async def run() -> None:
        async with opened(server) as (backend, left):
            await until(lambda: len(backend.display.heads) == 2)
            server.heads(0, [(0, 0, 0, 100, 50), (1, 100, 0, 100, 50)])
            await until(lambda: len(backend.display.heads) == 3)
            heads = [(head.channel, head.monitor, head.rect.x) for head in backend.display.heads]
            assert heads == [(0, 0, 0), (0, 1, 100), (1, 0, 0)]
            await until(lambda: left.surfaces[-1].width == 100)
            right, third = Recorder(), Recorder()
            others = [SpiceBackend(backend.display, right, 1), SpiceBackend(backend.display, third, 2)]
            for one in others:
                await one.open()
            server.fill(0, 90, 10, 20, 1, 0x0000FF)
            server.fill(1, 0, 0, 30, 20, 0x00FF00)
            await until(lambda: right.damaged and pixel(third.surfaces[-1], 29, 19) == b"\0\xff\0")
            assert Rect(0, 10, 10, 1) in right.damaged and Rect(90, 10, 10, 1) in left.damaged
            assert pixel(right.surfaces[-1], 9, 10) == pixel(left.surfaces[-1], 99, 10) == b"\xff\0\0"
            assert pixel(right.surfaces[-1], 10, 10) == b"\0\0\0"
            others[0].pointer(5, 6, 1)
            others[1].pointer(7, 200, 0)
            inputs = server.channel(INPUTS)
            await until(lambda: len(inputs.of(112)) == 2)
            assert inputs.of(112) == [struct.pack("<IIHB", 5, 6, 0, 1), struct.pack("<IIHB", 7, 19, 0, 1)]
            others[0].close()
            await until(lambda: right.ends)
            assert not left.ends and not third.ends
            # outside of the picture, or nothing at all: what is left is shown
            server.heads(0, [(0, 0, 0, 5000, 5000), (3, 4000, 0, 10, 10)])
            await until(lambda: left.surfaces[-1].width == 200)
            missing = SpiceBackend(backend.display, right, 7)
            with pytest.raises(VirtError) as error:
                await missing.open()
            assert error.value.problem.name == "refused"
            others[1].close()

    asyncio.run(run())


def test_keys_pointer_lights_cursor(server: Server) -> None:
    async def run() -> None:
        async with opened(server) as (backend, told):
            inputs = server.channel(INPUTS)
            await until(lambda: 2 in told.lights)
            inputs.send(102, struct.pack("<H", 5))
            await until(lambda: told.lights[-1] == 5)
            for qnum in (0x1E, 0xC8):  # a, arrow up
                backend.key(qnum, True)
                backend.key(qnum, False)
            backend.key(0x2A, True)
            backend.key(0x30, False)  # not down: not let go
            backend.key(0x1D, True)
            backend.pointer(-5, 999, 0b1001)
            await until(lambda: len(inputs.of(113)) == 2 and inputs.of(112))
            assert [struct.unpack("<I", data)[0] for data in inputs.of(101)] == [0x1E, 0x48E0, 0x2A, 0x1D]
            assert [struct.unpack("<I", data)[0] for data in inputs.of(102)] == [0x9E, 0xC8E0]
            assert inputs.of(112) == [struct.pack("<IIHB", 0, 47, 0, 0)]
            assert inputs.of(113) == [struct.pack("<BH", 1, 1), struct.pack("<BH", 4, 9)]
            server.channel(MAIN).send(105, struct.pack("<HH", 1, 1))
            await until(lambda: told.modes[-1] is False)
            backend.pointer(1, 1, 0b1001)
            backend.motion(-3, 4, 0b1000)
            await until(lambda: inputs.of(111) and inputs.of(114))
            assert struct.unpack_from("<ii", inputs.of(111)[0]) == (-3, 4)
            server.cursor(0, 1, 2, b"\1\2\3\xff\5\6\7\x80")
            await until(lambda: told.cursors[-1])
            cursor = told.cursors[-1]
            assert cursor and (cursor.width, cursor.height, cursor.hot_x, cursor.hot_y) == (1, 2, 0, 1)
            assert cursor.rgba == b"\1\2\3\xff\5\6\7\x80"
            server.channel(CURSOR).send(105)
            await until(lambda: told.cursors[-1] is None)
        # what was held goes up before the end
        assert [struct.unpack("<I", data)[0] for data in inputs.of(102)][2:] in ([0xAA, 0x9D], [0x9D, 0xAA])
        assert len(inputs.of(114)) == 2

    asyncio.run(run())


def test_clipboard_only_while_allowed(server: Server) -> None:
    server.agent = True

    async def run() -> None:
        async with opened(server) as (backend, told):
            await until(lambda: server.agent_of(6) and backend.display.agent)
            server.agent_say(7, CLIPBOARD + struct.pack("<I", 1))
            backend.clipboard_set("secret")
            await asyncio.sleep(0.1)
            assert not server.agent_of(7) and not server.agent_of(8)

            backend.clipboard_allow(True, False)
            backend.clipboard_set("héllo")
            await until(lambda: server.agent_of(7))
            assert server.agent_of(7) == [CLIPBOARD + struct.pack("<I", 1)]
            server.agent_say(8, CLIPBOARD + struct.pack("<I", 1))
            await until(lambda: server.agent_of(4))
            assert server.agent_of(4) == [CLIPBOARD + struct.pack("<I", 1) + "héllo".encode()]
            server.agent_say(7, CLIPBOARD + struct.pack("<I", 1))
            await asyncio.sleep(0.1)
            assert not server.agent_of(8)

            backend.clipboard_set("again")
            await until(lambda: len(server.agent_of(7)) == 2)
            backend.clipboard_allow(False, True)
            await until(lambda: server.agent_of(9))
            server.agent_say(8, CLIPBOARD + struct.pack("<I", 1))
            await until(lambda: len(server.agent_of(4)) == 2)
            assert b"again" not in server.agent_of(4)[1]
            server.agent_say(7, CLIPBOARD + struct.pack("<I", 1))
            await until(lambda: server.agent_of(8))
            server.agent_say(4, CLIPBOARD + struct.pack("<I", 1) + b"from the guest")
            await until(lambda: told.texts)
            backend.clipboard_allow(False, False)
            await asyncio.sleep(0.05)
            server.agent_say(4, CLIPBOARD + struct.pack("<I", 1) + b"more")
            await asyncio.sleep(0.1)
            assert told.texts == ["from the guest"]

    asyncio.run(run())


def test_clipboard_of_windows_and_a_late_agent(server: Server) -> None:
    server.agent_caps = AGENT_CAPS | CRLF

    async def run() -> None:
        async with opened(server) as (backend, told):
            backend.clipboard_allow(True, True)
            backend.clipboard_set("a\nb")
            await asyncio.sleep(0.05)
            server.agent_comes(True)
            await until(lambda: server.agent_of(7))
            server.agent_say(8, CLIPBOARD + struct.pack("<I", 1))
            await until(lambda: server.agent_of(4))
            assert server.agent_of(4)[0].endswith(b"a\r\nb")
            server.agent_say(7, CLIPBOARD + struct.pack("<I", 1))
            await until(lambda: server.agent_of(8))
            server.agent_say(4, CLIPBOARD + struct.pack("<I", 1) + b"c\r\nd")
            await until(lambda: told.texts == ["c\nd"])
            server.agent_comes(False)
            await until(lambda: not backend.display.agent)

    asyncio.run(run())


def test_resize(server: Server) -> None:
    server.agent = True

    async def run() -> None:
        async with opened(server) as (backend, _):
            await until(lambda: server.agent_of(6))
            backend.resize(1234, 567)
            await until(lambda: server.agent_of(2))
            assert struct.unpack_from("<IIII", server.agent_of(2)[-1])[2:] == (567, 1234)

    asyncio.run(run())


def test_files(server: Server, tmp_path: Path) -> None:
    file, big = tmp_path / "a note.txt", tmp_path / "big"
    file.write_bytes(bytes(range(256)) * 400)
    received = b""

    def agent(kind: int, data: bytes) -> None:
        nonlocal received
        if kind == 10:
            server.agent_say(11, data[:4] + struct.pack("<I", 0))
        elif kind == 12:
            received += data[12:]
            if len(received) == file.stat().st_size:
                server.agent_say(11, data[:4] + struct.pack("<I", 3))

    async def run() -> None:
        async with opened(server) as (backend, _):
            display = backend.display
            with pytest.raises(VirtError) as error:
                await display.send_files([file])
            assert error.value.problem.name == "no-agent"
            server.agent_comes(True)
            await until(lambda: server.agent_of(6) and display.agent)
            await asyncio.sleep(0.05)
            server.on_agent = agent
            steps: list[tuple[int, int]] = []
            await asyncio.wait_for(display.send_files([file], lambda done, total: steps.append((done, total))), 10)
            assert received == file.read_bytes() and b"a note.txt" in server.agent_of(10)[0]
            assert steps and steps[-1] == (len(received), len(received))
            with pytest.raises(VirtError) as error:
                await asyncio.wait_for(display.send_files([tmp_path / "none"]), 10)
            assert error.value.problem.name == "files"
            # cancelled: the agent is told
            big.write_bytes(bytes(8 << 20))
            server.tokens = False
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(display.send_files([big]), 0.3)
            server.tokens = True
            server.channel(MAIN).send(110, struct.pack("<I", 10000))
            await until(lambda: struct.pack("<I", 1) in [data[4:8] for data in server.agent_of(11)])
            # refused by the guest
            server.on_agent = lambda kind, data: (
                server.agent_say(11, data[:4] + struct.pack("<I", 2)) if kind == 10 else None
            )
            with pytest.raises(VirtError):
                await asyncio.wait_for(display.send_files([file]), 10)
            server.agent_caps |= FILES_DISABLED
            server.agent_say(6, struct.pack("<II", 0, server.agent_caps))
            await asyncio.sleep(0.1)
            with pytest.raises(VirtError) as error:
                await asyncio.wait_for(display.send_files([file]), 10)
            assert error.value.problem.name == "locked"

    asyncio.run(run())


def test_sound(server: Server) -> None:
    server.channels.append((PLAYBACK, 0))

    async def run() -> None:
        async with opened(server) as (backend, told):
            await asyncio.sleep(0.1)
            assert not server.there(PLAYBACK)
            backend.sound(True)
            await until(lambda: server.there(PLAYBACK))
            channel = server.channel(PLAYBACK)
            channel.send(102, struct.pack("<IH", 0, 1))
            channel.send(103, struct.pack("<IHII", 2, 1, 44100, 0))
            channel.send(101, struct.pack("<I", 0) + b"\1\2\3\4")
            await until(lambda: len(told.sound) == 2)
            channel.send(104)
            await until(lambda: len(told.sound) == 3)
            assert told.sound == [(44100, 2, 16), b"\1\2\3\4", None]
            backend.sound(False)
            await until(lambda: not server.there(PLAYBACK))
            backend.sound(True)
            await until(lambda: server.there(PLAYBACK))

    asyncio.run(run())


def test_hidden_costs_nothing(server: Server) -> None:
    async def run() -> None:
        async with opened(server) as (backend, told):
            first = server.channel(DISPLAY)
            backend.pause_updates(True)
            await until(lambda: first.over)
            await asyncio.sleep(1.2)
            assert not told.ends
            backend.pause_updates(False)
            await until(lambda: server.there(DISPLAY))
            server.fill(0, 0, 0, 64, 48, 0xFF)
            await until(lambda: pixel(told.surfaces[-1], 0, 0) == b"\xff\0\0")
            for _ in range(20):
                backend.pause_updates(True)
                backend.pause_updates(False)
            await asyncio.sleep(0.2)
            await until(lambda: server.there(DISPLAY))
            server.fill(0, 0, 0, 64, 48, 0xFF00)
            await until(lambda: pixel(told.surfaces[-1], 0, 0) == b"\0\xff\0")

    asyncio.run(run())


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"login": PERMISSION_DENIED}, "auth"),
        ({"link": NEED_SECURED}, "protocol"),
        ({"link": 1}, "protocol"),
        ({"silent": True}, "timeout"),
        ({"channels": []}, "timeout"),
        ({"sizes": {}}, "timeout"),
        ({"alive": False}, "refused"),
    ],
)
def test_what_can_go_wrong(server: Server, change: dict[str, object], name: str) -> None:
    for key, value in change.items():
        setattr(server, key, value)

    async def run() -> None:
        told = Recorder()
        with pytest.raises(VirtError) as error:
            await SpiceBackend(Display(server.open_channel, seconds=0.7), told).open()
        assert error.value.problem.name == name
        await until(lambda: told.ends)
        assert told.ends == [error.value.problem]

    asyncio.run(run())


def test_nobody_at_an_address() -> None:
    async def run() -> None:
        for address in (Address("127.0.0.1", 1), Address("::1", tls_port=1)):
            told = Recorder()
            with pytest.raises(VirtError) as error:
                await SpiceBackend(Display(address, password="x", seconds=5), told).open()
            assert error.value.problem.name == "refused" and str(address) in str(error.value)

    asyncio.run(run())


@pytest.mark.parametrize(("alive", "name"), [(True, "taken"), (False, "eof")])
def test_the_server_hangs_up(server: Server, alive: bool, name: str) -> None:
    async def run() -> None:
        async with opened(server) as (_, told):
            server.alive = alive
            server.hang_up()
            await until(lambda: told.ends)
            assert told.ends[0] and told.ends[0].name == name

    asyncio.run(run())


def test_the_picture_alone_breaks(server: Server) -> None:
    async def run() -> None:
        async with opened(server) as (_, told):
            server.channel(DISPLAY).sock.shutdown(2)
            await until(lambda: told.ends)
            assert told.ends[0] and told.ends[0].name == "protocol"

    asyncio.run(run())


def test_nothing_is_left_behind(server: Server, reps: Callable[[int], int]) -> None:
    def fds() -> int:
        return len(os.listdir("/proc/self/fd"))

    async def run() -> None:
        async with opened(server):
            pass
        await until(lambda: all(connection.over for connection in server.connections))
        before = fds()
        for turn in range(reps(200)):
            told = Recorder()
            backend = SpiceBackend(Display(server.open_channel, seconds=5), told)
            if turn % 4 == 3:  # while it opens
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(backend.open(), 0.003 * (turn % 13))
            else:
                await backend.open()
            backend.close()
            backend.close()
            await until(lambda told=told: told.ends)  # type: ignore[misc]
            assert told.ends == [None]
        await until(lambda: fds() <= before)

    asyncio.run(run())


def test_microphone(server: Server) -> None:
    server.channels.append((RECORD, 0))

    async def run() -> None:
        told = Talking()
        backend = SpiceBackend(Display(server.open_channel, seconds=5), told)
        await backend.open()
        await asyncio.sleep(0.2)
        assert not server.there(RECORD), "off until it is switched on"
        backend.microphone(True)
        await until(lambda: server.there(RECORD))
        channel = server.channel(RECORD)
        await asyncio.sleep(0.1)
        channel.send(101, struct.pack("<IHI", 2, 1, 44100))
        await until(lambda: told.asked)
        told.heard(b"\1\2\3\4" * 4096)  # the library sends 2048 frames at a time
        await until(lambda: channel.of(101))
        assert (b"\1\2\3\4" * 4096).startswith(channel.of(101)[0][4:])
        backend.microphone(False)
        await until(lambda: not server.there(RECORD))
        before = len(channel.of(101))
        told.heard(b"\5\6\7\x08" * 441)
        await asyncio.sleep(0.1)
        assert len(channel.of(101)) == before
        assert told.asked == [(44100, 2, 16), None]
        backend.close()
        await until(lambda: told.ends)

    asyncio.run(run())


def test_usb(server: Server) -> None:
    async def run() -> None:
        async with opened(server) as (backend, _):
            assert isinstance(await backend.display.usb_devices(), tuple)
            with pytest.raises(VirtError) as gone:
                await backend.display.usb_connect("no such device")
            assert gone.value.problem.name == "gone"
            await backend.display.usb_disconnect("no such device")

    asyncio.run(run())


def test_folder_and_sound_settings_do_no_harm(server: Server, tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(server) as (backend, _):
            backend.display.share_folder(tmp_path)
            backend.display.share_folder(None)
            backend.sound(True)
            backend.microphone(True)
            await asyncio.sleep(0.1)
        told = Recorder()
        before = SpiceBackend(Display(server.open_channel), told)
        before.display.share_folder(tmp_path, writable=True)
        before.sound(True)
        before.microphone(True)
        await before.open()
        before.close()
        await until(lambda: told.ends)
        assert told.ends == [None]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("absent", "package"),
    [("gi", "python3-gi"), ("gi.repository.SpiceClientGLib", "gir1.2-spiceclientglib-2.0")],
)
def test_without_the_packages(monkeypatch: pytest.MonkeyPatch, absent: str, package: str) -> None:
    real = glib.importlib.import_module

    def missing(name: str) -> object:
        if name == absent:
            raise ImportError(name)
        return real(name)

    monkeypatch.setattr(glib.importlib, "import_module", missing)

    async def run() -> None:
        told = Recorder()
        with pytest.raises(VirtError) as error:
            await SpiceBackend(Display(Server().open_channel), told).open()
        assert error.value.problem.name == "missing" and package in str(error.value)
        assert told.ends == [error.value.problem]

    monkeypatch.setattr(glib, "_loaded", [])
    asyncio.run(run())


def test_used_after_the_end(server: Server) -> None:
    async def run() -> None:
        async with opened(server) as (backend, told):
            pass
        backend.key(30, True)
        backend.pointer(1, 1, 1)
        backend.motion(1, 1, 1)
        backend.resize(10, 10)
        backend.clipboard_allow(True, True)
        backend.clipboard_set("x")
        backend.pause_updates(True)
        backend.close()
        with pytest.raises(VirtError):
            await backend.display.send_files([])
        with pytest.raises(VirtError):
            await backend.display.usb_devices()
        assert told.ends == [None]
        closed = Recorder()
        never = SpiceBackend(Display(server.open_channel), closed)
        never.close()
        assert closed.ends == [None]

    asyncio.run(run())
