"""A whole console against a server on a real socket."""

import asyncio
import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import rfb_server as rfb
from tests.fakes.listener import Recorder
from tests.fakes.rfb_server import RfbServer
from tests.unit.console.vnc.authority import Authority
from vmdesk.console.screen import Power, Powers, Rect
from vmdesk.console.vnc import session
from vmdesk.console.vnc.client import Address, VncBackend
from vmdesk.console.vnc.security import Login, Tls
from vmdesk.model.errors import Problem, VirtError

EVERYTHING = rfb.update(
    rfb.rect(1, 0, 0, 0, -257), rfb.rect(0, 0, 0, 0, -258), rfb.desktop(8, 4), rfb.raw(0, 0, 8, 4, bytes(128))
)


class Pair:
    """A backend, its listener and its server."""

    def __init__(
        self, *, local: bool = False, login: Login | None = None, tls: Tls | None = None, **server: Any
    ) -> None:
        ours, theirs = socket.socketpair()
        self.told = Recorder()
        self.server = RfbServer(theirs, tls=server.pop("tls_server", None), **server)
        self.backend = VncBackend(self.told, ours, local=local, login=login, tls=tls, name="test")

    def open(self) -> "Pair":
        asyncio.run(self.backend.open())
        return self

    def refusal(self) -> Problem:
        with pytest.raises(VirtError) as refused:
            self.open()
        self.told.wait(lambda told: told.ends)
        assert self.told.ends == [refused.value.problem]
        return refused.value.problem

    def end(self) -> None:
        self.backend.close()
        self.server.close()
        if self.backend._thread:
            self.told.wait(lambda told: told.ends)


Make = Callable[..., Pair]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Pair] = []

    def pair(**options: Any) -> Pair:
        made.append(Pair(**options))
        return made[-1]

    yield pair
    for one in made:
        one.end()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience of a third of a second."""
    for module in ("client", "wire"):
        monkeypatch.setattr(f"vmdesk.console.vnc.{module}.SILENCE", 0.3)


def threads() -> int:
    return sum(thread.name == "vnc test" for thread in threading.enumerate())


def test_open_look_and_close(make: Make) -> None:
    pair = make().open()
    assert pair.told.picture == b"\x10\x20\x30\x00" * 32
    assert pair.told.threads == {"vnc test"}
    pair.server.send(rfb.update(rfb.raw(1, 1, 1, 1, b"abcd")))
    pair.told.wait(lambda told: Rect(1, 1, 1, 1) in told.damaged)
    began = time.monotonic()
    pair.backend.close()
    pair.backend.close()
    assert time.monotonic() - began < 0.1
    pair.told.wait(lambda told: told.ends)
    assert pair.told.ends == [None]
    assert pair.server.gone.wait(5)
    pair.backend.key(1, True)
    pair.backend.pointer(1, 1, 0)
    pair.backend.resize(5, 5)
    pair.backend.clipboard_set("x")
    pair.backend.pause_updates(True)


def test_keys_by_scan_code(make: Make) -> None:
    pair = make(first=EVERYTHING).open()
    pair.backend.key(0x2A, True)
    pair.backend.key(0x1E, True)
    assert pair.server.hears("scan", 0x1E) == ("scan", 0x1E, ord("A"), True)
    pair.backend.key(0x2A, False)
    pair.backend.key(0x1E, False)
    assert pair.server.hears("scan", 0x1E) == ("scan", 0x1E, ord("A"), False)  # let go as it was pressed
    pair.backend.key(0xC8, True)
    pair.backend.close()  # lets go what is held
    assert pair.server.hears("scan", 0xC8, 0xFF52, False)


def test_keys_by_symbol_where_there_are_no_scan_codes(make: Make) -> None:
    pair = make().open()
    pair.backend.key(0x1E, True)
    pair.backend.key(0x7F, True)  # has no symbol
    pair.backend.key(0x1E, False)
    assert pair.server.hears("key", ord("a"), True)
    assert pair.server.hears("key", ord("a"), False)
    assert not [message for message in pair.server.heard if message[0] in ("key", "scan")]


def test_the_pointer_stays_on_the_screen(make: Make) -> None:
    pair = make(first=EVERYTHING).open()
    for x, y in ((0, 0), (7, 3), (-5, 2), (80, 40)):
        pair.backend.pointer(x, y, 1)
    pair.backend.motion(1, 1, 0)  # not in this mode
    heard = [pair.server.hears("pointer")[1:] for _ in range(4)]
    assert heard == [(0, 0, 1), (7, 3, 1), (0, 2, 1), (7, 3, 1)]


def test_movements(make: Make) -> None:
    pair = make(first=rfb.update(rfb.rect(0, 0, 0, 0, -257), rfb.raw(0, 0, 8, 4, bytes(128)))).open()
    assert pair.told.modes == [False]
    pair.backend.pointer(1, 1, 0)
    pair.backend.motion(-3, 5, 64)
    assert pair.server.hears("pointer") == ("pointer", 0x7FFF - 3, 0x7FFF + 5, 64)


def test_the_guest_is_asked_for_a_size(make: Make) -> None:
    pair = make(first=EVERYTHING)
    pair.backend.resize(1000, 700)  # before there is anybody to ask
    pair.open()
    assert pair.backend.can_resize
    assert pair.server.hears("size") == ("size", 1000, 700, (7, 0, 0, 1000, 700, 9))
    pair.backend.resize(8, 4)  # is so already
    pair.backend.resize(9, 4)
    assert pair.server.hears("size")[1:3] == (9, 4)


def test_power(make: Make) -> None:
    pair = make(first=b"\xfa\0\1\1" + rfb.screen(8, 4)).open()
    assert isinstance(pair.backend, Powers) and pair.backend.powers == (Power.SHUTDOWN, Power.RESET)
    pair.backend.power(Power.REBOOT)  # QEMU would not
    pair.backend.power(Power.RESET)
    assert pair.server.hears("power")[1] == 4


def test_power_of_another_server(make: Make) -> None:
    pair = make(first=b"\xfa\0\1\1" + rfb.screen(8, 4), name="another").open()
    assert pair.backend.powers == tuple(Power)
    pair.backend.power(Power.REBOOT)
    assert pair.server.hears("power")[1] == 3


def test_no_power(make: Make) -> None:
    pair = make(first=b"\xfa\0\1\0" + rfb.screen(8, 4)).open()
    assert pair.backend.powers == ()


def test_paused_it_asks_for_nothing(make: Make) -> None:
    pair = make().open()
    pair.server.hears("ask", True)
    pair.backend.pause_updates(True)
    pair.server.send(rfb.screen(8, 4) + b"\2")
    pair.told.wait(lambda told: told.bells)
    pair.backend.key(0x1E, True)
    pair.server.hears("key")
    assert ("ask", True, 8, 4) not in pair.server.heard
    pair.backend.pause_updates(False)
    pair.server.hears("ask", True, 8, 4)


def test_a_new_size_of_which_nothing_comes_is_black(make: Make) -> None:
    """As QEMU does it: its own copy of a new picture begins black, and only what differs from that is sent."""
    pair = make().open()
    pair.server.send(rfb.update(rfb.desktop(4, 2)))
    pair.told.wait(lambda told: len(told.surfaces) == 2)
    assert (pair.told.surfaces[-1].width, pair.told.picture) == (4, bytes(32))
    pair.server.send(rfb.screen(4, 2) + b"\2")  # the first thing that is drawn
    pair.told.wait(lambda told: told.bells)
    assert len(pair.told.surfaces) == 2 and pair.told.picture == b"\x10\x20\x30\x00" * 8
    assert [message for message in pair.server.heard if message[:2] == ("ask", False)] == [("ask", False, 8, 4)]


def test_a_new_size_is_not_black_while_nobody_asks_for_it(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_BLACK_AFTER", 0.0)
    pair = make().open()
    pair.backend.pause_updates(True)
    pair.server.send(rfb.screen(8, 4) + rfb.update(rfb.desktop(4, 2)) + b"\2\2")
    pair.told.wait(lambda told: told.bells == 2)
    assert len(pair.told.surfaces) == 1
    pair.backend.pause_updates(False)
    pair.told.wait(lambda told: len(told.surfaces) == 2)
    pair.server.hears("ask", True, 4, 2)


def test_another_server_is_waited_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for the whole picture, and sends it."""
    monkeypatch.setattr(session, "_BLACK_AFTER", 0.0)
    pair = make(name="TigerVNC").open()
    pair.server.send(rfb.update(rfb.desktop(4, 2)) + b"\2\2")
    pair.told.wait(lambda told: told.bells == 2)
    assert len(pair.told.surfaces) == 1
    pair.server.hears("ask", False, 4, 2)
    pair.server.send(rfb.screen(4, 2))
    pair.told.wait(lambda told: len(told.surfaces) == 2)


def nudges(pair: Pair) -> int:
    return sum(message[:2] == ("scan", 0x76) for message in pair.server.heard)


def test_nudges_after_a_key_and_only_for_a_second(make: Make) -> None:
    pair = make(first=EVERYTHING, local=True).open()
    time.sleep(0.1)
    assert nudges(pair) == 0
    pair.backend.key(0x1E, True)
    time.sleep(0.5)
    assert 10 <= nudges(pair) <= 26
    time.sleep(0.7)
    last = nudges(pair)
    time.sleep(0.2)
    assert nudges(pair) == last <= 51


def test_nudges_after_a_new_size(make: Make) -> None:
    pair = make(first=EVERYTHING, local=True).open()
    pair.server.send(rfb.update(rfb.desktop(4, 2)))
    pair.server.hears("scan", 0x76)


@pytest.mark.parametrize("options", [{"local": False}, {"local": True, "name": "TigerVNC"}])
def test_nobody_else_is_nudged(make: Make, options: dict[str, Any]) -> None:
    pair = make(first=EVERYTHING, **options).open()
    pair.backend.key(0x1E, True)
    time.sleep(0.15)
    assert nudges(pair) == 0


# ---------------------------------------------------------------- logging in


@pytest.mark.parametrize("version", [b"RFB 003.003\n", b"RFB 003.007\n", b"RFB 003.889\n", b"RFB 004.001\n"])
@pytest.mark.parametrize("security", ["none", "password"])
def test_other_versions(make: Make, version: bytes, security: str) -> None:
    make(version=version, security=security, login=Login("secret")).open()


def test_passwords(make: Make) -> None:
    make(security="password", login=Login("secret")).open()
    wrong = make(security="password", login=Login("wrong")).refusal()
    assert (wrong.name, str(wrong.why)) == ("auth", "The password is wrong, or it has expired.")
    assert wrong.details == "authentication failed"
    missing = make(security="password").refusal()
    assert (missing.name, str(missing.why)) == ("auth", "It asks for a password.")


def test_only_kinds_that_nobody_knows(make: Make) -> None:
    problem = make(security=b"\x02\x05\x14").refusal()
    assert (problem.name, problem.details) == ("auth", "RA2, SASL")


def test_turned_away(make: Make) -> None:
    problem = make(security=b"\x00\x00\x00\x00\x08too many").refusal()
    assert (problem.name, problem.details) == ("refused", "too many")


@pytest.mark.parametrize("version", [b"HTTP/1.1 400", b"RFB 003.xyz\n", bytes(12)])
def test_something_else_listens(make: Make, version: bytes) -> None:
    assert make(version=version).refusal().name == "protocol"


@pytest.mark.usefixtures("short")
def test_a_server_that_says_nothing(make: Make) -> None:
    began = time.monotonic()
    problem = make(mute=True).refusal()
    assert problem.name == "timeout"
    assert 0.2 < time.monotonic() - began < 2


@pytest.mark.usefixtures("short")
def test_a_server_that_never_sends_a_picture(make: Make) -> None:
    assert make(first=b"\2").refusal().name == "timeout"
    assert make(first=rfb.update(rfb.rect(0, 0, 0, 0, -258))).refusal().name == "timeout"


@pytest.mark.usefixtures("short")
def test_a_server_that_dribbles(make: Make) -> None:
    pair = make(mute=True)
    ended = threading.Event()

    def dribble() -> None:
        while not ended.wait(0.05):
            with contextlib.suppress(OSError):
                pair.server.send(b"R")

    thread = threading.Thread(target=dribble)
    thread.start()
    try:
        assert pair.refusal().name in ("timeout", "protocol")
    finally:
        ended.set()
        thread.join()


def test_the_server_goes(make: Make) -> None:
    pair = make().open()
    pair.server.close()
    pair.told.wait(lambda told: told.ends)
    assert pair.told.ends[0] and pair.told.ends[0].name == "eof"


def test_closed_before_and_while_opening(make: Make) -> None:
    make().backend.close()
    pair = make(mute=True)

    async def run() -> None:
        task = asyncio.get_running_loop().create_task(pair.backend.open())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    pair.told.wait(lambda told: told.ends)
    assert pair.told.ends == [None]


# ---------------------------------------------------------------- by network


def test_over_tcp() -> None:
    servers: list[RfbServer] = []

    def serve(sock: socket.socket) -> RfbServer:
        servers.append(RfbServer(sock))
        return servers[0]

    port, listener = rfb.listening(serve)
    told = Recorder()
    with listener:
        backend = VncBackend(told, Address("localhost", port), name="test")
        asyncio.run(backend.open())
        backend.close()
        told.wait(lambda told: told.ends)
        servers[0].close()


def test_no_port_no_host_no_socket(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for where, words in (
        (Address("127.0.0.1", port), f"Nothing answers at 127.0.0.1:{port}."),
        (Address("no-such-host.invalid", 5900), "There is no host named no-such-host.invalid."),
        (tmp_path / "none", f"Nothing answers at {tmp_path / 'none'}."),
    ):
        told = Recorder()
        with pytest.raises(VirtError) as refused:
            asyncio.run(VncBackend(told, where, name="test").open())
        assert (refused.value.problem.name, str(refused.value.problem.why)) == ("refused", words)
        told.wait(lambda told: told.ends)


# ---------------------------------------------------------------- TLS


@pytest.mark.parametrize("security", ["x509-none", "x509-password", "x509-plain"])
def test_tls(make: Make, authority: Authority, security: str) -> None:
    tls = Tls("host.example", authorities=(authority.file, Path("/none")))
    login = Login("secret", "admin")
    pair = make(security=security, tls_server=authority.server(), tls=tls, login=login, size=(300, 200)).open()
    assert pair.told.picture == b"\x10\x20\x30\x00" * 60000
    part = os.urandom(100 * 50 * 4)
    pair.server.send(rfb.update(rfb.raw(20, 10, 100, 50, part)))
    pair.told.wait(lambda told: len(told.damaged) == 2)
    assert pair.told.picture[(10 * 300 + 20) * 4 :][:400] == part[:400]
    pair.backend.pointer(1, 2, 0)
    pair.server.hears("pointer", 1, 2)


@pytest.mark.parametrize("security", ["x509-password", "x509-plain"])
def test_wrong_and_missing_passwords_with_tls(make: Make, authority: Authority, security: str) -> None:
    tls = Tls("host.example", authorities=(authority.file,))
    wrong = make(security=security, tls_server=authority.server(), tls=tls, login=Login("no", "admin")).refusal()
    assert (wrong.name, str(wrong.why)) == ("auth", "The password is wrong, or it has expired.")
    missing = make(security=security, tls_server=authority.server(), tls=tls).refusal()
    assert missing.name == "auth" and str(missing.why).startswith("It asks for")


def test_certificates_are_never_taken_on_trust(make: Make, authority: Authority) -> None:
    trusted = (authority.file,)
    for server, host, authorities, words in (
        (authority.server(), "host.example", (), "was not signed by anybody"),
        (authority.server(), "other.example", trusted, "belongs to another host than other.example"),
        (authority.server(), "127.0.0.1", trusted, "belongs to another host"),
        (authority.server(days=(-20, -10)), "host.example", trusted, "has expired"),
        (authority.server(days=(10, 20)), "host.example", trusted, "is not valid yet"),
    ):
        problem = make(security="x509-none", tls_server=server, tls=Tls(host, authorities=authorities)).refusal()
        assert problem.name == "certificate"
        assert words in str(problem.why)


def test_tls_that_is_none(make: Make, authority: Authority) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    problem = make(security="x509-none", tls_server=old, tls=Tls("host.example", (authority.file,))).refusal()
    assert problem.name == "certificate"


# ---------------------------------------------------------------- again and again


def test_nothing_is_left_behind(make: Make, reps: Callable[[int], int]) -> None:
    make().open().end()
    wait_for_threads()
    before = len(os.listdir("/proc/self/fd"))
    for number in range(reps(200)):
        pair = Pair(mute=True) if number % 3 == 2 else Pair().open()
        pair.end()
    wait_for_threads()
    assert len(os.listdir("/proc/self/fd")) <= before


def wait_for_threads() -> None:
    end = time.monotonic() + 5
    while threads():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_server_that_takes_nothing_does_not_stop_us(make: Make) -> None:
    ours, theirs = socket.socketpair()
    told = Recorder()
    backend = VncBackend(told, ours, name="test")
    theirs.sendall(rfb.VERSION + b"\x01\x01" + bytes(4) + rfb.init() + EVERYTHING)
    asyncio.run(backend.open())
    began = time.monotonic()
    for number in range(300_000):  # the kernel's buffer is long full: the rest is kept, up to a limit
        backend.pointer(number % 8, 1, 0)
        if told.ends:
            break
    assert time.monotonic() - began < 20
    theirs.settimeout(0.2)
    with contextlib.suppress(TimeoutError):
        while theirs.recv(1 << 20):
            pass
    backend.close()
    theirs.close()
    told.wait(lambda told: told.ends)
