"""QEMU's side of the D-Bus display: a server that tests steer message by message.

`Server().fd()` is what openGraphicsFD would give. It logs clients in, lists its objects, connects to the listeners that
are registered, and notes every call; what is to be drawn, said or broken the test does with `Peer.send` and friends.
"""

import array
import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from vmdesk.console.dbus import wire

X8R8G8B8 = 0x20020888
LISTENER = "org.qemu.Display1.Listener"
MAP = "org.qemu.Display1.Listener.Unix.Map"
LISTENER_PATH = "/org/qemu/Display1/Listener"
MIME = "text/plain;charset=utf-8"


def console(number: int, kind: str = "Graphic", width: int = 64, height: int = 48) -> dict[str, Any]:
    return {
        "org.qemu.Display1.Console": {
            "Label": ("s", f"video{number}"), "Head": ("u", 0), "Type": ("s", kind),
            "Width": ("u", width), "Height": ("u", height),
        },
        "org.qemu.Display1.Mouse": {"IsAbsolute": ("b", True)},
        "org.qemu.Display1.Keyboard": {"Modifiers": ("u", 2)},
    }  # fmt: skip


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.serial = 0
        self.lock = threading.Lock()
        self.answers: dict[int, tuple[wire.Header, bytes]] = {}

    def log_in(self, mechanism: bytes = b"DATA") -> None:
        """As GDBus's server does; `mechanism` REJECTED refuses."""
        assert self._exactly(1) == b"\0"
        assert self._line() == b"AUTH EXTERNAL"
        self.socket.sendall(mechanism + b"\r\n")
        assert self._line() == b"DATA"
        self.socket.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
        assert self._line() == b"NEGOTIATE_UNIX_FD"
        self.socket.sendall(b"AGREE_UNIX_FD\r\n")
        assert self._line() == b"BEGIN"

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\r\n"):
            line += self._exactly(1)
        return line[:-2]

    def _exactly(self, count: int, fds: list[int] | None = None) -> bytes:
        data = b""
        while len(data) < count:
            part, ancillary, _, _ = self.socket.recvmsg(count - len(data), 1024)
            if not part:
                raise EOFError
            for level, kind, raw in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS) and fds is not None:
                    fds += array.array("i", raw).tolist()
            data += part
        return data

    def receive(self) -> tuple[wire.Header, bytes, list[int]]:
        fds: list[int] = []
        kind, flags, length, serial, size = wire.parse_fixed(self._exactly(16, fds))
        fields = wire.parse_fields(self._exactly(wire.aligned(size, 8), fds)[:size], kind)
        return wire.Header(kind, flags, length, serial, fields), self._exactly(length, fds), fds

    def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        with self.lock:
            sent = self.socket.sendmsg([data], rights)
            if sent < len(data):
                self.socket.sendall(data[sent:])

    def next(self) -> int:
        with self.lock:
            self.serial += 1
            return self.serial

    def call(
        self, member: str, signature: str = "", values: Sequence[Any] = (), *, interface: str = LISTENER,
        path: str = LISTENER_PATH, fds: Sequence[int] = (), reply: bool = False,
    ) -> int:  # fmt: skip
        serial = self.next()
        self.send(wire.call(serial, path, interface, member, signature, values, fds=len(fds), reply=reply), fds)
        return serial

    def ask(self, *arguments: Any, **named: Any) -> tuple[int, tuple[Any, ...]]:
        """Call and wait: (kind of the answer, its values)."""
        serial = self.call(*arguments, **named, reply=True)
        header, body = eventually(lambda: self.answers.get(serial), "an answer")
        return header.kind, wire.decode(header.fields.signature, body)

    # what QEMU calls on a listener

    def scanout(self, width: int, height: int, pixels: bytes | None = None, *, stride: int = 0, form: int = X8R8G8B8):
        stride = stride or width * 4
        data = pixels if pixels is not None else bytes(stride * height)
        self.call("Scanout", "uuuuay", [width, height, stride, form, data])

    def update(self, x: int, y: int, width: int, height: int, pixels: bytes, *, form: int = X8R8G8B8, size: int = 4):
        self.call("Update", "iiiiuuay", [x, y, width, height, width * size, form, pixels])

    def scanout_map(self, fd: int, width: int, height: int, *, offset: int = 0, stride: int = 0, form: int = X8R8G8B8):
        values = [0, offset, width, height, stride or width * 4, form]
        return self.ask("ScanoutMap", "huuuuu", values, interface=MAP, fds=[fd])

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@dataclass
class Server:
    """One machine's QEMU. `mechanism`, `silent`, `deaf` break the login, all answers, the listeners."""

    objects: dict[str, Any] = field(default_factory=lambda: {"/org/qemu/Display1/Console_0": console(0)})
    mechanism: bytes = b"DATA"
    silent: bool = False
    deaf: str = ""  # RegisterListener is refused with these words
    first: bool = True  # send a picture to each new listener
    calls: list[tuple[str, str, tuple[Any, ...]]] = field(default_factory=list)  # (path, member, values)
    listeners: list[Peer] = field(default_factory=list)
    controls: list[Peer] = field(default_factory=list)
    properties: list[Any] = field(default_factory=list)  # what listeners said to GetAll
    sound: Peer | None = None
    ear: Peer | None = None

    def fd(self) -> int:
        """A new client: the one before it is thrown out."""
        ours, theirs = socket.socketpair()
        for old in self.controls:
            old.close()
        peer = Peer(ours)
        self.controls.append(peer)
        if not self.silent:
            threading.Thread(target=self._serve, args=[peer], daemon=True).start()
        return theirs.detach()

    @property
    def control(self) -> Peer:
        return self.controls[-1]

    @property
    def listener(self) -> Peer:
        return self.listeners[-1]

    def close(self) -> None:
        for peer in [*self.controls, *self.listeners, *(one for one in (self.sound, self.ear) if one)]:
            peer.close()

    def made(self, member: str) -> list[tuple[Any, ...]]:
        """The values of all calls of this method so far."""
        return [values for _, name, values in list(self.calls) if name == member]

    def change(self, path: str, interface: str, **values: tuple[str, Any]) -> None:
        """Properties change."""
        data = [interface, values, []]
        self.control.send(
            wire.signal(
                self.control.next(), path, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", data
            )
        )

    def _serve(self, peer: Peer) -> None:
        try:
            peer.log_in(self.mechanism)
            while True:
                self._handle(peer, *peer.receive())
        except (OSError, EOFError, AssertionError):
            peer.close()

    def _handle(self, peer: Peer, header: wire.Header, body: bytes, fds: list[int]) -> None:
        if header.kind in (wire.RETURN, wire.ERROR):
            peer.answers[header.fields.reply_serial] = (header, body)
            return
        fields = header.fields
        values = wire.decode(fields.signature, body)
        self.calls.append((fields.path, fields.member, values))
        reply: tuple[str, Sequence[Any]] = ("", ())
        if fields.member == "GetManagedObjects":
            reply = ("a{oa{sa{sv}}}", [self.objects])
        elif fields.member == "Request":
            reply = ("say", [MIME, b"from the guest"])
        elif fields.member in ("RegisterListener", "RegisterOutListener", "RegisterInListener"):
            if self.deaf:
                os.close(fds[0])
                peer.send(wire.error(peer.next(), header.serial, "org.qemu.Display1.Error.Failed", self.deaf))
                return
            listener = Peer(socket.socket(fileno=fds[0]))
            listener.log_in()
            threading.Thread(target=self._listen, args=[listener, fields.path], daemon=True).start()
            if fields.member == "RegisterOutListener":
                self.sound = listener
            elif fields.member == "RegisterInListener":
                self.ear = listener
            else:
                self._greet(listener)
        if not header.flags & wire.NO_REPLY:
            peer.send(wire.reply(peer.next(), header.serial, *reply))

    def _greet(self, listener: Peer) -> None:
        serial = listener.call("GetAll", "s", [LISTENER], interface="org.freedesktop.DBus.Properties", reply=True)
        header, body = eventually(lambda: listener.answers.get(serial), "an answer to GetAll")
        self.properties.append(wire.decode(header.fields.signature, body))
        if self.first:
            listener.scanout(64, 48)
        self.listeners.append(listener)

    def _listen(self, listener: Peer, path: str) -> None:
        try:
            while True:
                header, body, _ = listener.receive()
                listener.answers[header.fields.reply_serial] = (header, body)
        except (OSError, EOFError):
            listener.close()


def eventually(condition: Callable[[], Any], what: str, seconds: float = 5) -> Any:
    end = time.monotonic() + seconds
    while True:
        if answer := condition():
            return answer
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.002)
