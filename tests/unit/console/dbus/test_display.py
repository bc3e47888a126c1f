"""The whole client against a server that does as it is told."""

import asyncio
import os
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from tests.fakes.dbus_display import LISTENER, MAP, MIME, Server, console, eventually
from vmdesk.console.dbus import DBusBackend, Display, wire
from vmdesk.console.dbus import backend as backend_module
from vmdesk.console.dbus import display as display_module
from vmdesk.console.screen import LEFT, RIGHT, WHEEL_RIGHT, WHEEL_UP, Backend, Cursor, Rect, Surface
from vmdesk.model.errors import Problem, VirtError

PATH = "/org/qemu/Display1/Console_0"
CLIPBOARD = "/org/qemu/Display1/Clipboard"
IFACE = {"mouse": "org.qemu.Display1.Mouse", "keyboard": "org.qemu.Display1.Keyboard",
         "console": "org.qemu.Display1.Console", "clipboard": "org.qemu.Display1.Clipboard"}  # fmt: skip


class Ears:
    """Notes all that a backend says; all on one thread, and nothing after the end."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.threads: set[str] = set()

    def _note(self, name: str, value: Any = None) -> None:
        assert not self.over, f"{name} after the end"
        self.threads.add(threading.current_thread().name)
        self.heard.append((name, value))

    def of(self, name: str) -> list[Any]:
        return [value for what, value in self.heard if what == name]

    @property
    def over(self) -> list[Any]:
        return self.of("closed")

    def surface(self, surface: Surface) -> None:
        self._note("surface", surface)

    def damage(self, rect: Rect) -> None:
        self._note("damage", rect)

    def cursor(self, cursor: Cursor | None) -> None:
        self._note("cursor", cursor)

    def pointer_mode(self, absolute: bool) -> None:
        self._note("pointer_mode", absolute)

    def leds(self, leds: int) -> None:
        self._note("leds", leds)

    def clipboard(self, text: str) -> None:
        self._note("clipboard", text)

    def bell(self) -> None: ...

    def closed(self, problem: Problem | None) -> None:
        self._note("closed", problem.name if problem else None)


class Speakers(Ears):
    def audio_begin(self, rate: int, channels: int, bits: int) -> None:
        self._note("begin", (rate, channels, bits))

    def audio(self, data: bytes) -> None:
        self._note("sound", data)

    def audio_end(self) -> None:
        self._note("end")


@pytest.fixture
def server() -> Iterator[Server]:
    """Afterwards no file and no thread is left."""
    before = len(os.listdir("/proc/self/fd"))
    threads = set(threading.enumerate())
    made = Server()
    yield made
    made.close()
    eventually(lambda: threads.issuperset(threading.enumerate()), "all threads ended")
    eventually(lambda: len(os.listdir("/proc/self/fd")) <= before, "all files closed")


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def opened(server: Server, ears: Ears | None = None, **options: Any) -> tuple[DBusBackend, Ears]:
    """A backend that has its first picture."""
    ears = ears or Ears()
    backend = DBusBackend(Display(server.fd()), ears, **options)
    asyncio.run(backend.open())
    eventually(lambda: server.listeners, "QEMU has its listener")
    return backend, ears


def refused(server: Server, head: int = 0) -> tuple[str, Ears, Problem]:
    ears = Ears()
    backend = DBusBackend(Display(server.fd()), ears, head)
    with pytest.raises(VirtError) as error:
        asyncio.run(backend.open())
    eventually(lambda: ears.over, "the listener is told")
    backend.close()
    assert ears.over == [error.value.problem.name]
    return error.value.problem.name, ears, error.value.problem


def test_open_and_close(server: Server) -> None:
    backend, ears = opened(server)
    typed: Backend = backend
    assert typed.protocol == "dbus"
    assert [(s.width, s.height) for s in ears.of("surface")] == [(64, 48)]
    assert ears.of("pointer_mode") == [True]
    assert ears.of("leds") == [2]
    assert server.properties == [({"Interfaces": [MAP]},)]
    began = time.monotonic()
    backend.close()
    backend.close()
    assert time.monotonic() - began < 0.1
    eventually(lambda: ears.over, "closed")
    assert ears.over == [None]
    assert ears.threads == {"dbus display"}


def test_without_shared_memory(server: Server) -> None:
    backend, _ = opened(server, shared=False)
    assert server.properties == [({"Interfaces": []},)]
    backend.close()


def test_pictures_arrive(server: Server) -> None:
    backend, ears = opened(server)
    server.listener.update(1, 2, 3, 4, b"abcd" * 12)
    eventually(lambda: ears.of("damage"), "damage")
    assert ears.of("damage") == [Rect(1, 2, 3, 4)]
    server.listener.scanout(1920, 1080, b"wxyz" * (1920 * 1080))
    eventually(lambda: len(ears.of("surface")) == 2, "a larger surface")
    assert bytes(ears.of("surface")[1].data[-8:]) == b"wxyzwxyz"
    fd = os.memfd_create("frame")
    os.write(fd, b"qqqq" * 64)
    assert server.listener.scanout_map(fd, 8, 8) == (wire.RETURN, ())
    os.close(fd)
    eventually(lambda: len(ears.of("surface")) == 3, "a shared surface")
    server.listener.call("UpdateMap", "iiii", [0, 0, 8, 8], interface=MAP)
    eventually(lambda: Rect(0, 0, 8, 8) in ears.of("damage"), "damage")
    backend.close()


def test_keys_and_buttons(server: Server) -> None:
    backend, _ = opened(server)
    backend.key(0x1E, True)
    backend.key(0x1E, True)  # repeated
    backend.key(0x1E, False)
    backend.key(0x30, False)  # never pressed
    backend.pointer(10, 20, LEFT | RIGHT)
    backend.pointer(10, 20, RIGHT)
    backend.pointer(9999, -5, WHEEL_UP | WHEEL_RIGHT)
    backend.motion(3, -4, 0)
    eventually(lambda: server.made("SetAbsPosition") == [(10, 20), (63, 0)], "positions")
    called = [(member, values) for _, member, values in server.calls if member in ("Press", "Release")]
    eventually(lambda: server.made("Release")[-1] == (8,), "all let go")
    called = [(member, values[0]) for _, member, values in server.calls if member in ("Press", "Release")]
    assert called == [
        ("Press", 0x1E), ("Press", 0x1E), ("Release", 0x1E),
        ("Press", 0), ("Press", 2), ("Release", 0),
        ("Release", 2), ("Press", 3), ("Press", 8), ("Release", 3), ("Release", 8),
    ]  # fmt: skip
    assert not server.made("RelMotion")
    backend.close()


def test_relative_mouse(server: Server) -> None:
    server.objects[PATH][IFACE["mouse"]]["IsAbsolute"] = ("b", False)
    backend, ears = opened(server)
    assert ears.of("pointer_mode") == [False]
    backend.motion(3, -4, LEFT)
    backend.pointer(5, 5, 0)
    eventually(lambda: server.made("Release"), "button")
    assert server.made("RelMotion") == [(3, -4)]
    assert not server.made("SetAbsPosition")
    server.change(PATH, IFACE["mouse"], IsAbsolute=("b", True))
    server.change(PATH, IFACE["keyboard"], Modifiers=("u", 5))
    server.change("/elsewhere", IFACE["keyboard"], Modifiers=("u", 1))
    server.change(PATH, IFACE["keyboard"], Nonsense=("s", "x"))
    eventually(lambda: ears.of("leds") == [2, 5], "lights")
    assert ears.of("pointer_mode") == [False, True]
    backend.pointer(5, 5, 0)
    eventually(lambda: server.made("SetAbsPosition") == [(5, 5)], "position")
    backend.close()


def test_held_keys_are_let_go_at_the_end(server: Server) -> None:
    backend, _ = opened(server)
    backend.key(0x1D, True)
    backend.key(0xD3, True)
    backend.pointer(1, 1, LEFT)
    backend.close()
    eventually(lambda: sorted(server.made("Release")) == [(0,), (0x1D,), (0xD3,)], "let go")


def test_resize(server: Server) -> None:
    backend, _ = opened(server)
    backend.resize(1280, 720)
    backend.resize(0, 720)
    backend.resize(99999, 720)
    backend.key(1, True)
    eventually(lambda: server.made("Press"), "a key after it")
    assert server.made("SetUIInfo") == [(0, 0, 0, 0, 1280, 720)]
    backend.close()


def test_new_size_without_a_whole_picture(server: Server) -> None:
    """As QEMU does in text mode."""
    backend, ears = opened(server)
    server.change(PATH, IFACE["console"], Width=("u", 80), Height=("u", 60))
    eventually(lambda: len(server.listeners) == 2, "it registers again")
    server.listener.scanout(80, 60)
    eventually(lambda: len(ears.of("surface")) == 2, "the new size")
    server.change(PATH, IFACE["console"], Width=("u", 80), Height=("u", 60))
    time.sleep(0.1)
    assert len(server.listeners) == 2
    backend.close()


def test_pause(server: Server) -> None:
    backend, ears = opened(server)
    backend.pause_updates(True)
    first = server.listener
    eventually(lambda: first.socket.fileno() < 0, "QEMU is rid of its listener")
    backend.key(1, True)
    eventually(lambda: server.made("Press"), "keys still work")
    backend.pause_updates(False)
    eventually(lambda: len(server.listeners) == 2 and ears.of("damage"), "pictures again")
    assert len(ears.of("surface")) == 1
    backend.close()


def test_two_monitors_share_one_connection(server: Server) -> None:
    server.objects = {
        f"/org/qemu/Display1/Console_{n}": console(n, "Text" if n == 1 else "Graphic") for n in (10, 2, 1)
    }
    display, ears = Display(server.fd()), [Ears(), Ears()]
    left, right = (DBusBackend(display, one, number) for number, one in enumerate(ears))
    asyncio.run(left.open())
    asyncio.run(right.open())
    assert [head.label for head in display.heads] == ["video2", "video10"]
    eventually(lambda: len(server.listeners) == 2, "both")
    right.key(5, True)
    eventually(lambda: ("/org/qemu/Display1/Console_10", "Press", (5,)) in server.calls, "the right one's key")
    server.listeners[1].update(0, 0, 1, 1, b"abcd")
    eventually(lambda: ears[1].of("damage"), "the right one's picture")
    assert not ears[0].of("damage")
    left.close()
    eventually(lambda: ears[0].over == [None], "the left one is closed")
    server.listeners[1].update(0, 0, 1, 1, b"abcd")
    eventually(lambda: len(ears[1].of("damage")) == 2, "the right one goes on")
    right.close()
    eventually(lambda: ears[1].over == [None], "both closed")


def test_a_monitor_that_is_not_there(server: Server) -> None:
    assert refused(server, head=3)[0] == "refused"


def test_no_graphics(server: Server) -> None:
    server.objects = {PATH: console(0, "Text")}
    assert refused(server)[0] == "refused"


def test_login_refused(server: Server) -> None:
    server.mechanism = b"REJECTED EXTERNAL"
    name, _, problem = refused(server)
    assert name == "auth"
    assert "REJECTED" in problem.details


def test_no_first_picture(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmdesk.console.dbus.backend.SECONDS", 0.2)
    server.first = False
    name, _, problem = refused(server)
    assert name == "no-frame"
    assert "AppArmor" in str(problem)


def test_listener_refused(server: Server) -> None:
    server.deaf = "Couldn't get peer fd"
    name, _, problem = refused(server)
    assert (name, problem.details) == ("no-frame", "Couldn't get peer fd")


def test_server_that_says_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display_module, "SECONDS", 0.1)
    server.silent = True
    assert refused(server)[0] == "timeout"


def test_server_that_stops_in_the_middle(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmdesk.console.dbus.backend.SECONDS", 0.2)
    server.first = False
    ears = Ears()
    backend = DBusBackend(Display(server.fd()), ears)

    async def half() -> None:
        opening = asyncio.gather(backend.open(), return_exceptions=True)
        while not server.listeners:
            await asyncio.sleep(0.01)
        message = wire.call(
            1, "/org/qemu/Display1/Listener", LISTENER, "Scanout", "uuuuay", [4, 4, 16, 0x20020888, bytes(64)]
        )
        server.listener.send(message[:-10])
        (error,) = await opening
        assert isinstance(error, VirtError)
        assert error.problem.name == "no-frame"

    run(half)
    eventually(lambda: ears.over == ["no-frame"], "told")


def test_close_while_a_picture_is_half_there(server: Server) -> None:
    backend, ears = opened(server)
    message = wire.call(
        1, "/org/qemu/Display1/Listener", LISTENER, "Scanout", "uuuuay", [4, 4, 16, 0x20020888, bytes(64)]
    )
    server.listener.send(message[:-10])
    time.sleep(0.05)
    backend.close()
    eventually(lambda: ears.over == [None], "closed")


def test_close_before_and_during_opening(server: Server) -> None:
    ears = Ears()
    DBusBackend(Display(server.fd()), ears).close()
    assert ears.over == [None]
    server.silent = True
    late = Ears()
    backend = DBusBackend(Display(server.fd()), late)

    async def both() -> None:
        opening = asyncio.gather(backend.open(), return_exceptions=True)
        await asyncio.sleep(0.05)
        backend.close()
        (error,) = await opening
        assert isinstance(error, VirtError)

    run(both)
    eventually(lambda: late.over == [None], "closed")


def test_cancelled_opening(server: Server) -> None:
    server.silent = True
    ears = Ears()
    backend = DBusBackend(Display(server.fd()), ears)

    async def cancel() -> None:
        task = asyncio.get_running_loop().create_task(backend.open())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(cancel)
    eventually(lambda: ears.over == [None], "closed")


def test_graphics_memory(server: Server) -> None:
    backend, ears = opened(server)
    fd = os.memfd_create("dmabuf")
    values = [0, 8, 8, 32, 0x34325258, 0, True]
    assert server.listener.ask("ScanoutDMABUF", "huuuutb", values, fds=[fd])[0] == wire.RETURN
    os.close(fd)
    eventually(lambda: ears.over == ["refused"], "given up")
    backend.close()


def test_nonsense_in_the_pictures(server: Server) -> None:
    backend, ears = opened(server)
    server.listener.send(b"GET / HTTP/1.1\r\n\r\n")
    eventually(lambda: ears.over == ["protocol"], "given up")
    backend.close()


def test_nonsense_on_the_connection(server: Server) -> None:
    backend, ears = opened(server)
    server.control.send(struct.pack("<cBBBIII", b"l", 2, 0, 1, 0xFFFFFFF0, 1, 5))
    eventually(lambda: ears.over == ["protocol"], "given up")
    backend.close()


def test_pictures_that_end_alone_are_asked_for_anew(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """QEMU 7.2 forgets a listener when one that we left ends, as often as a guest has another size: nobody took it."""
    monkeypatch.setattr(backend_module, "_ANEW", 0.01)
    backend, ears = opened(server)
    for number in range(2, 12):
        server.listener.close()
        eventually(lambda: len(server.listeners) == number, "another listener")  # noqa: B023 - waited for here
        server.listener.scanout(8 * number, 16)
        eventually(lambda: ears.of("surface")[-1].width == 8 * number, "its picture")  # noqa: B023
    backend.key(1, True)
    eventually(lambda: server.made("Press"), "a key")
    assert not ears.over
    server.first = False
    while not ears.over:
        asked = len(server.listeners)
        server.listener.close()
        eventually(lambda: ears.over or len(server.listeners) > asked, "asked or given up")  # noqa: B023
    assert ears.over == ["no-frame"], "no picture, again and again"
    assert len(server.made("RegisterListener")) == len(server.listeners) < 20
    backend.close()


def test_pictures_forgotten_while_it_is_opened(server: Server) -> None:
    """By the end of a console that was closed just before."""
    server.first = False
    ears = Ears()
    backend = DBusBackend(Display(server.fd()), ears)

    def play() -> None:
        eventually(lambda: server.listeners, "a listener")
        server.first = True
        server.listener.close()

    async def both() -> None:
        await asyncio.gather(backend.open(), asyncio.to_thread(play))

    run(both)
    assert len(server.listeners) == 2 and ears.of("surface") and not ears.over
    backend.close()


def test_taken_by_another_viewer(server: Server) -> None:
    """A QEMU that goes on with the pictures; one that does not, but lives; the second viewer lives on."""
    first, ears = opened(server)
    second, others = opened(server)
    eventually(lambda: ears.over == ["taken"], "told")
    server.listeners[1].close()
    server.control.close()
    eventually(lambda: others.over == ["taken"], "told")
    first.close()
    second.close()


def test_taken_while_the_clipboard_is_shared(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """QEMU 7.2 then keeps the connection; the pictures end, and there is no console on it any more."""
    monkeypatch.setattr(backend_module, "_ANEW", 0.01)
    backend, ears = opened(server)
    server.deaf = "Object does not exist at path “/org/qemu/Display1/Console_0”"
    server.listener.close()
    eventually(lambda: ears.over == ["taken"], "told")
    backend.close()


def test_the_machine_ends(server: Server) -> None:
    """A process of its own plays QEMU, and dies."""
    ours, theirs = socket.socketpair()
    script = (
        "import socket, sys, time; from tests.fakes import dbus_display as d; s = d.Server(); "
        "p = d.Peer(socket.socket(fileno=int(sys.argv[1]))); s.controls.append(p); "
        "import threading; threading.Thread(target=s._serve, args=[p], daemon=True).start(); "
        "d.eventually(lambda: s.made('Press'), 'a key'); import os; os._exit(0)"
    )
    import subprocess
    import sys

    program = subprocess.Popen([sys.executable, "-c", script, str(ours.fileno())], pass_fds=[ours.fileno()])
    ours.close()
    ears = Ears()
    backend = DBusBackend(Display(theirs.detach()), ears)
    display_seconds = display_module.SECONDS
    display_module.SECONDS = 20  # it has to start first
    try:
        asyncio.run(backend.open())
        backend.key(1, True)
        program.wait(10)
        eventually(lambda: ears.over == ["eof"], "told")
    finally:
        display_module.SECONDS = display_seconds
        program.kill()


# ---------------------------------------------------------------- clipboard


def grab(server: Server, text_kind: str = MIME, selection: int = 0, serial: int = 1) -> tuple[int, tuple[Any, ...]]:
    return server.control.ask(
        "Grab", "uuas", [selection, serial, [text_kind]], interface=IFACE["clipboard"], path=CLIPBOARD
    )


def request(server: Server) -> tuple[int, tuple[Any, ...]]:
    return server.control.ask("Request", "uas", [0, [MIME]], interface=IFACE["clipboard"], path=CLIPBOARD)


def test_clipboard_is_off_at_first(server: Server) -> None:
    backend, ears = opened(server)
    backend.clipboard_set("secret")
    backend.key(1, True)
    eventually(lambda: server.made("Press"), "a key after it")
    assert grab(server)[0] == wire.ERROR
    assert request(server)[0] == wire.ERROR
    assert not server.made("Register") and not server.made("Grab")
    assert not ears.of("clipboard")
    backend.close()


def test_clipboard_from_the_guest(server: Server) -> None:
    backend, ears = opened(server)
    backend.clipboard_allow(False, True)
    eventually(lambda: server.made("Register"), "registered")
    properties = "org.freedesktop.DBus.Properties"
    answer = server.control.ask("GetAll", "s", [IFACE["clipboard"]], interface=properties, path=CLIPBOARD)
    assert answer == (wire.RETURN, ({"Interfaces": []},))
    grab(server, "image/png")
    grab(server, selection=1)
    grab(server)
    eventually(lambda: ears.of("clipboard"), "the text")
    assert ears.of("clipboard") == ["from the guest"]
    backend.clipboard_set("secret")
    assert request(server)[0] == wire.ERROR
    backend.clipboard_allow(False, False)
    assert grab(server)[0] in (wire.ERROR, wire.RETURN)
    eventually(lambda: len(server.made("Unregister")) == 2, "given back")
    assert grab(server)[0] == wire.ERROR
    assert len(ears.of("clipboard")) == 1
    backend.close()


def test_clipboard_to_the_guest(server: Server) -> None:
    backend, ears = opened(server)
    backend.clipboard_allow(True, False)
    eventually(lambda: server.made("Register"), "registered")
    assert grab(server, serial=7)[0] == wire.RETURN
    backend.clipboard_set("Xin chào")
    eventually(lambda: server.made("Grab"), "grabbed")
    assert server.made("Grab") == [(0, 8, [MIME])]
    assert request(server) == (wire.RETURN, (MIME, "Xin chào".encode()))
    backend.clipboard_set("x" * (2 << 20))  # too long: the guest keeps what it has
    assert request(server) == (wire.RETURN, (MIME, "Xin chào".encode()))
    assert not server.made("Request")
    backend.clipboard_allow(False, False)
    eventually(lambda: server.made("Release") == [(0,)], "given back")
    assert request(server)[0] == wire.ERROR
    assert not ears.of("clipboard")
    backend.close()


# ---------------------------------------------------------------- sound


def hearing(server: Server) -> tuple[DBusBackend, Speakers]:
    backend, ears = opened(server, Speakers())
    assert isinstance(ears, Speakers)
    backend.sound(True)
    backend.microphone(True)
    return backend, ears


def test_sound(server: Server) -> None:
    server.objects["/org/qemu/Display1/Audio"] = {"org.qemu.Display1.Audio": {"NSamples": ("u", 480)}}
    backend, ears = hearing(server)
    eventually(lambda: server.sound, "registered")
    sound = server.sound
    assert sound

    def say(member: str, signature: str, *values: Any) -> None:
        path = "/org/qemu/Display1/AudioOutListener"
        sound.call(member, signature, values, interface="org.qemu.Display1.AudioOutListener", path=path)

    say("Init", "tybbuyuub", 1, 32, True, True, 48000, 2, 8, 384000, False)  # floating point: declined
    say("Init", "tybbuyuub", 2, 16, True, False, 44100, 2, 4, 176400, False)
    say("SetEnabled", "tb", 1, True)
    say("Write", "tay", 1, b"nothing!")
    say("SetEnabled", "tb", 2, True)
    say("Write", "tay", 2, struct.pack("<4h", 1000, -1000, 2, 3))
    say("SetVolume", "tbay", 2, False, bytes([255, 51]))
    say("Write", "tay", 2, struct.pack("<4h", 1000, -1000, 2, 5))
    say("SetVolume", "tbay", 2, True, b"")
    say("Write", "tay", 2, b"silence!")
    say("Fini", "t", 2)
    eventually(lambda: ears.of("end"), "the end")
    assert ears.of("begin") == [(44100, 2, 16)]
    assert ears.of("sound") == [struct.pack("<4h", 1000, -1000, 2, 3), struct.pack("<4h", 1000, -200, 2, 1)]
    sound.send(b"nonsense" * 10)
    backend.key(1, True)
    eventually(lambda: server.made("Press"), "the display goes on")
    backend.close()


class Talkers(Speakers):
    """Has a microphone as well."""

    def record_begin(self, rate: int, channels: int, bits: int, heard: Callable[[bytes], None]) -> None:
        self.hear = heard
        self._note("record", (rate, channels, bits))

    def record_end(self) -> None:
        self._note("recorded")


def test_the_guest_hears_only_while_it_may(server: Server) -> None:
    server.objects["/org/qemu/Display1/Audio"] = {"org.qemu.Display1.Audio": {"NSamples": ("u", 480)}}
    backend, ears = opened(server, Talkers())
    assert isinstance(ears, Talkers)
    backend.key(1, True)
    eventually(lambda: server.made("Press"), "a key after it")
    assert not server.made("RegisterInListener"), "off until it is switched on"
    backend.microphone(True)
    eventually(lambda: server.ear, "registered")
    ear = server.ear
    assert ear

    def say(member: str, signature: str, *values: Any) -> Any:
        path, interface = "/org/qemu/Display1/AudioInListener", "org.qemu.Display1.AudioInListener"
        return ear.ask(member, signature, values, interface=interface, path=path)[1]

    say("Init", "tybbuyuub", 3, 16, True, False, 48000, 2, 4, 192000, False)
    assert say("Read", "tt", 3, 8) == (b"",)
    say("SetEnabled", "tb", 3, True)
    eventually(lambda: ears.of("record") == [(48000, 2, 16)], "asked for")
    ears.hear(b"abcdefgh")
    assert say("Read", "tt", 3, 4) == (b"abcd",)
    ears.hear(b"1234" * 48000)  # a second: too old to be said now
    assert len(say("Read", "tt", 3, 1 << 20)[0]) == 38400
    ears.hear(b"more")
    backend.microphone(False)
    eventually(lambda: ears.of("recorded"), "no longer")
    ears.hear(b"secret!!")
    backend.close()


def test_sound_that_would_crash_qemu_is_not_asked_for(server: Server) -> None:
    server.objects["/org/qemu/Display1/Audio"] = {"org.qemu.Display1.Audio": {"Interfaces": ("as", [])}}
    backend, _ = hearing(server)
    backend.key(1, True)
    eventually(lambda: server.made("Press"), "a key after it")
    assert not server.made("RegisterOutListener")
    backend.close()
