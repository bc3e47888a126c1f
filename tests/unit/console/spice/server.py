"""A SPICE server in Python, as much of one as the tests need: greeting, main channel with an agent, pictures."""

import contextlib
import socket
import struct
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

MAIN, DISPLAY, INPUTS, CURSOR, PLAYBACK, RECORD = 1, 2, 3, 4, 5, 6
OK, NEED_SECURED, PERMISSION_DENIED = 0, 5, 7
# A key of 1024 bits, as SPICE has them. What is encrypted with it is not read.
_KEY = b64decode(
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCgVvsBEqz6OwusR9F2xJBCBTwOFmOkdARVBYCMOvl1uouL2RCchdwic0F4nV4NiJfOUTz+g"
    "z9QqAFX17MHxC7yGaWuPu2m2kvfVkOvapbYDX+Gv3te2pXB8o/LbjEHexAXS+f5fC2qe0/lQ/kFEXpQ/dkSz1J+M9JTUxAg0hLvQIDAQAB"
)
_COMMON = 0b1011  # AUTH_SELECTION, AUTH_SPICE, MINI_HEADER
_CAPS = {MAIN: 0b1111, DISPLAY: 0b10}  # DISPLAY: MONITORS_CONFIG
AGENT_CAPS = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7  # monitors, clipboard, by demand, selection, sparse
CRLF = 1 << 9
FILES_DISABLED = 1 << 13


@dataclass
class Connection:
    """One channel of one client; `got` is what it has sent: (type, data)."""

    sock: socket.socket
    kind: int
    number: int
    got: list[tuple[int, bytes]] = field(default_factory=list)
    over: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hang_up(self) -> None:
        """From any thread; the one that reads it hears it, and ends it."""
        with self._lock:
            if not self.over:
                with contextlib.suppress(OSError):  # the client has hung up already
                    self.sock.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        with self._lock:
            self.over = True
            self.sock.close()

    def send(self, kind: int, data: bytes = b"") -> None:
        self.sock.sendall(struct.pack("<HI", kind, len(data)) + data)

    def of(self, kind: int) -> list[bytes]:
        return [data for one, data in self.got if one == kind]


class Server:
    """`open_channel` is for a Display. Each connection has a thread."""

    def __init__(self) -> None:
        self.channels = [(DISPLAY, 0), (INPUTS, 0), (CURSOR, 0)]
        self.modes = (3, 2)  # supported, current: 2 is the client's
        self.agent = False
        self.agent_caps = AGENT_CAPS
        self.tokens = True
        self.link = OK
        self.login = OK
        self.silent = False
        self.alive = True
        self.asked: int = 0
        self.connections: list[Connection] = []
        self.agent_got: list[tuple[int, bytes]] = []
        self.sizes: dict[int, tuple[int, int]] = {0: (64, 48)}
        self.formats: dict[int, int] = {}
        self.monitors: dict[int, list[tuple[int, int, int, int, int]]] = {}
        self.on_agent: Callable[[int, bytes], None] = lambda kind, data: None
        self._threads: list[threading.Thread] = []
        self._agent_in = b""

    async def open_channel(self) -> int:
        self.asked += 1
        if not self.alive:
            raise ConnectionRefusedError("no such machine")
        ours, theirs = socket.socketpair()
        thread = threading.Thread(target=self._serve, args=(ours,), daemon=True)
        self._threads.append(thread)
        thread.start()
        return theirs.detach()

    def channel(self, kind: int, number: int = 0) -> Connection:
        """The newest open one of this kind."""
        return next(one for one in reversed(self.connections) if self._is(one, kind, number))

    def there(self, kind: int, number: int = 0) -> bool:
        return any(self._is(one, kind, number) for one in self.connections)

    def _is(self, one: Connection, kind: int, number: int) -> bool:
        return (one.kind, one.number, one.over) == (kind, number, False)

    def hang_up(self) -> None:
        for connection in self.connections:
            connection.hang_up()

    def close(self) -> None:
        self.hang_up()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    # ---------------------------------------------------------------- what it sends

    def surface(self, number: int, width: int, height: int, kind: int = 32) -> None:
        channel = self.channel(DISPLAY, number)
        channel.send(314, struct.pack("<5I", 0, width, height, kind, 1))

    def surface_gone(self, number: int) -> None:
        self.channel(DISPLAY, number).send(315, struct.pack("<I", 0))

    def fill(self, number: int, x: int, y: int, width: int, height: int, color: int) -> None:
        box = struct.pack("<I4iB", 0, y, x, y + height, x + width, 0)
        self.channel(DISPLAY, number).send(302, box + struct.pack("<BIHB2iI", 1, color, 8, 0, 0, 0, 0))

    def heads(self, number: int, heads: list[tuple[int, int, int, int, int]]) -> None:
        """(id, x, y, width, height)"""
        data = struct.pack("<HH", len(heads), 16)
        for one, x, y, width, height in heads:
            data += struct.pack("<7I", one, 0, width, height, x, y, 0)
        self.channel(DISPLAY, number).send(317, data)

    def cursor(self, number: int, width: int, height: int, pixels: bytes) -> None:
        head = struct.pack("<hhBHQBHHHH", 0, 0, 1, 0, 7, 0, width, height, 0, 1)
        self.channel(CURSOR, number).send(103, head + pixels)

    def agent_comes(self, here: bool) -> None:
        self.agent = here
        self.channel(MAIN).send(*((107, b"") if here else (108, struct.pack("<I", 0))))

    def agent_say(self, kind: int, data: bytes) -> None:
        message = struct.pack("<IIQI", 1, kind, 0, len(data)) + data
        for start in range(0, len(message), 2048):
            self.channel(MAIN).send(109, message[start : start + 2048])

    def agent_of(self, kind: int) -> list[bytes]:
        return [data for one, data in self.agent_got if one == kind]

    # ---------------------------------------------------------------- threads

    def _serve(self, sock: socket.socket) -> None:
        connection = None
        try:
            connection = self._greet(sock)
            if connection is None:
                return
            self._begin(connection)
            for kind, data in _messages(sock):
                connection.got.append((kind, data))
                if connection.kind == MAIN:
                    self._main_said(connection, kind, data)
        except OSError:
            pass  # it hung up
        finally:
            if connection:
                connection.end()
            else:
                sock.close()

    def _greet(self, sock: socket.socket) -> Connection | None:
        magic, _, _, size = struct.unpack("<4sIII", _exactly(sock, 16))
        assert magic == b"REDQ"
        body = _exactly(sock, size)
        kind, number = body[4], body[5]
        connection = Connection(sock, kind, number)
        if self.silent:
            _exactly(sock, 1)
        caps = struct.pack("<2I", _COMMON, _CAPS.get(kind, 0))
        answer = struct.pack("<I162s3I", self.link, _KEY, 1, 1, 178) + caps
        sock.sendall(struct.pack("<4sIII", b"REDQ", 2, 2, len(answer)) + answer)
        if self.link != OK:
            return None
        _exactly(sock, 4 + 128)
        sock.sendall(struct.pack("<I", self.login))
        if self.login != OK:
            return None
        self.connections.append(connection)
        return connection

    def _begin(self, connection: Connection) -> None:
        if connection.kind == MAIN:
            connection.send(103, struct.pack("<8I", 1, len(self.sizes), *self.modes, self.agent, 1000, 0, 0))
        elif connection.kind == INPUTS:
            connection.send(101, struct.pack("<H", 2))
        elif connection.kind == CURSOR:
            connection.send(101, struct.pack("<hhHHBH", 0, 0, 0, 0, 1, 1))
        elif connection.kind == DISPLAY and connection.number in self.sizes:
            width, height = self.sizes[connection.number]
            connection.send(314, struct.pack("<5I", 0, width, height, self.formats.get(connection.number, 32), 1))
            connection.send(102)

    def _main_said(self, connection: Connection, kind: int, data: bytes) -> None:
        if kind == 104:
            pairs = b"".join(struct.pack("<BB", *pair) for pair in self.channels)
            connection.send(104, struct.pack("<I", len(self.channels)) + pairs)
        elif kind == 107:
            if self.tokens:
                connection.send(110, struct.pack("<I", 1))
            self._agent_in += data
            while len(self._agent_in) >= 20:
                _, what, _, size = struct.unpack_from("<IIQI", self._agent_in)
                if len(self._agent_in) < 20 + size:
                    return
                payload, self._agent_in = self._agent_in[20 : 20 + size], self._agent_in[20 + size :]
                self.agent_got.append((what, payload))
                if what == 6 and struct.unpack_from("<I", payload)[0]:
                    self.agent_say(6, struct.pack("<II", 0, self.agent_caps))
                self.on_agent(what, payload)


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise ConnectionResetError
        data += part
    return data


def _messages(sock: socket.socket) -> Iterator[tuple[int, bytes]]:
    while True:
        kind, size = struct.unpack("<HI", _exactly(sock, 6))
        yield kind, _exactly(sock, size)
