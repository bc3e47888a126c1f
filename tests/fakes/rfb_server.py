"""A VNC server, byte by byte: builders of its messages, and one that runs in a thread on a real socket."""

import contextlib
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable

from vmdesk.console.vnc import des

VERSION = b"RFB 003.008\n"
CHALLENGE = bytes(range(16))
PROVIDE, NOTIFY, PEEK, REQUEST, CAPS = (1 << bit for bit in (28, 27, 26, 25, 24))


def init(width: int = 8, height: int = 4, name: str = "QEMU (test)") -> bytes:
    """ServerInit."""
    return struct.pack(">HH16xI", width, height, len(name)) + name.encode()


def rect(x: int, y: int, width: int, height: int, kind: int, payload: bytes = b"") -> bytes:
    return struct.pack(">HHHHi", x, y, width, height, kind) + payload


def update(*rects: bytes, count: int | None = None) -> bytes:
    return struct.pack(">BxH", 0, len(rects) if count is None else count) + b"".join(rects)


def raw(x: int, y: int, width: int, height: int, pixels: bytes) -> bytes:
    assert len(pixels) == width * height * 4
    return rect(x, y, width, height, 0, pixels)


def screen(width: int, height: int, pixel: bytes = b"\x10\x20\x30\x00") -> bytes:
    """All of it in one colour."""
    return update(raw(0, 0, width, height, pixel * (width * height)))


def desktop(width: int, height: int, reason: int = 0, status: int = 0, number: int = 7, flags: int = 9) -> bytes:
    """ExtendedDesktopSize with one monitor."""
    payload = struct.pack(">BxxxIHHHHI", 1, number, 0, 0, width, height, flags)
    return rect(reason, status, width, height, -308, payload)


def compact(length: int) -> bytes:
    """Tight's lengths."""
    if length < 0x80:
        return bytes([length])
    if length < 0x4000:
        return bytes([length & 0x7F | 0x80, length >> 7])
    return bytes([length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14])


class Stream:
    """A zlib stream that goes on."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(1)

    def pack(self, data: bytes) -> bytes:
        return self._packer.compress(data) + self._packer.flush(zlib.Z_SYNC_FLUSH)


def cut_text(text: bytes) -> bytes:
    return struct.pack(">BxxxI", 3, len(text)) + text


def extended(flags: int, more: bytes = b"") -> bytes:
    """A message of the extended clipboard."""
    return struct.pack(">BxxxiI", 3, -4 - len(more), flags) + more


def provide(text: bytes) -> bytes:
    return extended(PROVIDE | 1, zlib.compress(struct.pack(">I", len(text)) + text))


def hear(take: Callable[[int], bytes]) -> tuple[object, ...]:
    """One message of a client: its name, and what it says."""
    kind = take(1)[0]
    if kind == 0:
        return ("format", take(19)[3:])
    if kind == 2:
        (count,) = struct.unpack(">xH", take(3))
        return ("encodings", struct.unpack(f">{count}i", take(4 * count)))
    if kind == 3:
        incremental, _x, _y, width, height = struct.unpack(">BHHHH", take(9))
        return ("ask", bool(incremental), width, height)
    if kind == 4:
        down, symbol = struct.unpack(">BxxI", take(7))
        return ("key", symbol, bool(down))
    if kind == 5:
        buttons, x, y = struct.unpack(">BHH", take(5))
        return ("pointer", x, y, buttons)
    if kind == 6:
        (length,) = struct.unpack(">xxxi", take(7))
        if length >= 0:
            return ("text", take(length))
        return ("clipboard", int.from_bytes(take(4), "big"), take(-length - 4))
    if kind == 250:
        return ("power", take(3)[2])
    if kind == 251:
        width, height, count = struct.unpack(">xHHBx", take(7))
        return ("size", width, height, *(struct.unpack(">IHHHHI", take(16)) for _ in range(count)))
    if kind == 255:
        sub = take(1)[0]
        if sub == 0:
            down, symbol, qnum = struct.unpack(">HII", take(10))
            return ("scan", qnum, symbol, bool(down))
        (operation,) = struct.unpack(">H", take(2))
        return ("audio", operation, take(6) if operation == 2 else b"")
    raise AssertionError(f"a client's message {kind}")


class RfbServer:
    """Serves one client in a thread: log-in, ServerInit, `first`; notes all that it hears.

    security  none, password, x509-none, x509-password, x509-plain, or bytes: sent in place of the kinds
    say       None: nothing at all is said
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        first: bytes | None = None,
        size: tuple[int, int] = (8, 4),
        name: str = "QEMU (test)",
        security: str | bytes = "none",
        password: str = "secret",
        tls: ssl.SSLContext | None = None,
        version: bytes = VERSION,
        mute: bool = False,
    ) -> None:
        self._sock = sock
        self._first = screen(*size) if first is None else first
        self._init = init(*size, name)
        self._security = security
        self._password = password
        self._tls = tls
        self._version = version
        self._mute = mute
        self.heard: list[tuple[object, ...]] = []
        self.times: list[float] = []
        self.error: BaseException | None = None
        self.gone = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._sock.close()
        assert self.error is None

    def hears(self, *message: object, seconds: float = 5) -> tuple[object, ...]:
        """Wait for a message that begins like this; it is taken off."""
        end = time.monotonic() + seconds
        while True:
            for place, heard in enumerate(self.heard):
                if heard[: len(message)] == message:
                    del self.heard[place]
                    return heard
            assert time.monotonic() < end, f"{message} not heard; but {self.heard}"
            time.sleep(0.002)

    def _run(self) -> None:
        try:
            if self._mute:
                while self._sock.recv(4096):
                    pass
            elif self._log_in():
                self._take(1)  # shared
                self.send(self._init)
                self._note("encodings")
                self._note("ask")
                self.send(self._first)
                while True:
                    self._note("")
        except (EOFError, ConnectionError, ssl.SSLError):
            pass
        except BaseException as error:
            self.error = error
        finally:
            self.gone.set()

    def _note(self, until: str) -> None:
        while True:
            message = hear(self._take)
            self.times.append(time.monotonic())
            self.heard.append(message)
            if not until or message[0] == until:
                return

    def _take(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            if not (more := self._sock.recv(count - len(data))):
                raise EOFError
            data += more
        return data

    def _log_in(self) -> bool:
        self.send(self._version)
        answer = self._take(12)
        if isinstance(self._security, bytes):
            self.send(self._security)
            with contextlib.suppress(EOFError):
                self._take(1)
            return False
        kind = {"none": 1, "password": 2}.get(self._security, 19)
        old = answer < b"RFB 003.007"
        self.send(struct.pack(">I", kind) if old else bytes([1, kind]))
        if not old:
            assert self._take(1)[0] == kind
        right = True
        if kind == 19:
            right = self._vencrypt()
        elif kind == 2:
            right = self._challenge()
        if right:
            if answer >= b"RFB 003.008" or kind != 1:
                self.send(bytes(4))
        else:
            reason = b"authentication failed"
            self.send(struct.pack(">I", 1) + (struct.pack(">I", len(reason)) + reason if answer >= VERSION else b""))
        return right

    def _challenge(self) -> bool:
        self.send(CHALLENGE)
        return self._take(16) == des.answer(self._password.encode(), CHALLENGE)

    def _vencrypt(self) -> bool:
        assert self._tls
        self.send(b"\x00\x02")
        assert self._take(2) == b"\x00\x02"
        kind = {"x509-none": 260, "x509-password": 261, "x509-plain": 262}[str(self._security)]
        self.send(struct.pack(">BBII", 0, 2, 257, kind))
        assert self._take(4) == struct.pack(">I", kind)
        self.send(b"\x01")
        self._sock = self._tls.wrap_socket(self._sock, server_side=True)
        if kind == 261:
            return self._challenge()
        if kind == 262:
            user, password = struct.unpack(">II", self._take(8))
            return self._take(user + password) == f"admin{self._password}".encode()
        return True


def listening(serve: Callable[[socket.socket], RfbServer]) -> tuple[int, "socket.socket"]:
    """A TCP port whose first client `serve` gets; the port, and the listener to close."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            serve(listener.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1], listener
