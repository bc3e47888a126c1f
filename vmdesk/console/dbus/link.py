"""One D-Bus connection over a socket that somebody handed us: handshake, whole messages in, messages out.

Reading is for one thread, and blocks; `post` is for any thread, and never does: what the socket does not take
waits in a queue until the reading thread calls `flush`. `shut` wakes the reader from any thread.
"""

import array
import contextlib
import errno
import itertools
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from vmdesk.console.dbus import wire
from vmdesk.console.dbus.wire import ProtocolError

_LINE_MAX = 1024
_QUEUE_MAX = 512  # messages that wait for a hung QEMU; then new ones are dropped
_CONTROL = socket.CMSG_SPACE(wire.UNIX_FDS_MAX * 4)
_CREDENTIALS = socket.CMSG_SPACE(12)


class Ended(Exception):
    """The connection is over: the other side closed it, or we did."""


class Refused(Exception):
    """The other side does not want us: its words."""


class Declined(Refused):
    """It answered, with an error."""


class _Waiting:
    """A message of the queue, perhaps sent in part."""

    __slots__ = ("data", "fds", "replaceable")

    def __init__(self, data: memoryview, fds: Sequence[int], replaceable: bool) -> None:
        self.data, self.fds, self.replaceable = data, fds, replaceable


class Link:
    """The client's side of a connection."""

    def __init__(self, sock: socket.socket, waiting: Callable[[], None] = lambda: None) -> None:
        """Takes `sock` over. `waiting` is called, from any thread, when something has to wait for `flush`."""
        self._socket = sock
        self._waiting = waiting
        self._queue: deque[_Waiting] = deque()
        self._lock = threading.Lock()
        self._serials = itertools.count(1)
        self._shut = False
        self._login = "AUTH"  # what was answered last
        self._said = bytearray()  # of a line of the login
        self.pid = 0  # of the other side's process
        self._left = 0  # bytes of the current body still on the wire
        self._fds: list[int] = []
        self._known: dict[tuple[int, bytes], wire.Fields] = {}
        self._fixed = memoryview(bytearray(wire.FIXED.size))

    def fileno(self) -> int:
        return self._socket.fileno()

    # ---------------------------------------------------------------- handshake

    def handshake(self, seconds: float) -> int:
        """Log in; the process number of the other side, 0 if the system does not tell. TimeoutError, Refused, Ended."""
        patience = select.poll()
        patience.register(self._socket, select.POLLIN)
        end = time.monotonic() + seconds
        self.begin()
        while not self.log_in():
            if not patience.poll(max(0.0, end - time.monotonic()) * 1000):
                raise TimeoutError
        return self.pid

    def begin(self) -> None:
        """Say the first words. What comes then, `log_in` reads."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        # Who we are the kernel tells. A user number of our own is refused where QEMU runs as another user.
        self._say(b"\0AUTH EXTERNAL")

    def log_in(self) -> bool:
        """Read as far as there is something to read; whether we are in. Refused, Ended, ProtocolError."""
        while (line := self._line()) is not None:
            if line.startswith(b"DATA") and self._login == "AUTH":
                self._say(b"DATA")
                self._login = "DATA"
            elif line.startswith(b"OK") and self._login in ("AUTH", "DATA"):
                self._say(b"NEGOTIATE_UNIX_FD")
                self._login = "OK"
            elif line.startswith(b"AGREE_UNIX_FD") and self._login == "OK":
                self._say(b"BEGIN")
                with contextlib.suppress(OSError):
                    self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
                return True
            else:
                raise Refused(line.decode(errors="replace"))
        return False

    def _say(self, line: bytes) -> None:
        self.post(line + b"\r\n", urgent=True)

    def _line(self) -> bytes | None:
        """A line, byte by byte: what follows it must stay on the wire. None: it is not all there yet."""
        line = self._said
        while not line.endswith(b"\r\n"):
            try:
                byte, ancillary, _, _ = self._socket.recvmsg(1, _CREDENTIALS, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            except OSError as error:
                raise Ended from error
            if not byte:
                raise Ended
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                    self.pid = array.array("i", data[:4])[0]
                elif (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    _close_all(_files(data))
            line += byte
            if len(line) > _LINE_MAX:
                raise ProtocolError("a line of the login without an end")
        self._said = bytearray()
        return bytes(line[:-2])

    # ---------------------------------------------------------------- in

    def header(self) -> wire.Header | None:
        """The next message's header; what the last one left on the wire is passed over first. None: there is no next.

        What has begun is waited for, but not that something begins: `poll` says at times that there is something to
        read when there is nothing, and QEMU may stand still until we have served another of its connections.
        """
        self._close_fds()
        self.skip()
        try:
            got = self._receive_with_files(self._fixed, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError as error:
            raise Ended from error
        if not got:
            raise Ended
        self._fill(self._fixed[got:], ancillary=True)
        kind, flags, length, serial, fields_length = wire.parse_fixed(self._fixed)
        raw = bytearray(wire.aligned(fields_length, 8))
        self._fill(memoryview(raw))
        fields = self._fields(kind, bytes(raw[:fields_length]))
        if fields.unix_fds != len(self._fds):
            raise ProtocolError(f"{fields.unix_fds} files announced, {len(self._fds)} came")
        if length and not fields.signature:
            raise ProtocolError("a body without a signature")
        self._left = length
        return wire.Header(kind, flags, length, serial, fields)

    def _fields(self, kind: int, raw: bytes) -> wire.Fields:
        """Frame after frame has the same fields, byte for byte."""
        key = (kind, raw)
        known = self._known.get(key)
        if known is None:
            known = wire.parse_fields(raw, kind)
            if kind == wire.CALL and len(self._known) < 64:
                self._known[key] = known
        return known

    @property
    def left(self) -> int:
        """Bytes of the body not read yet."""
        return self._left

    def read(self, count: int) -> bytearray:
        """Bytes of the body."""
        self._claim(count)
        data = bytearray(count)
        self._fill(memoryview(data))
        return data

    def rest(self, limit: int) -> bytearray:
        """All that is left of the body."""
        if self._left > limit:
            raise ProtocolError(f"a message of {self._left} bytes")
        return self.read(self._left)

    def read_into(self, view: memoryview) -> None:
        """Bytes of the body, straight to where they belong."""
        self._claim(len(view))
        self._fill(view)

    def read_rows(self, rows: list[memoryview]) -> None:
        """The same for rows of a picture that lie apart."""
        self._claim(sum(map(len, rows)))
        at = 0
        while at < len(rows):
            try:
                count = self._socket.recvmsg_into(rows[at : at + 1000])[0]
            except OSError as error:
                raise Ended from error
            if not count:
                raise Ended
            while at < len(rows) and count >= len(rows[at]):
                count -= len(rows[at])
                at += 1
            if count:
                rows[at] = rows[at][count:]

    def skip(self) -> None:
        """Pass over what is left of the body."""
        if not self._left:
            return
        waste = memoryview(bytearray(min(self._left, 1 << 16)))
        while self._left:
            self.read_into(waste[: min(self._left, len(waste))])

    def take_fd(self, index: int) -> int:
        """The file that came with the message at this place; the caller closes it."""
        if not 0 <= index < len(self._fds) or self._fds[index] < 0:
            raise ProtocolError(f"no file number {index} with the message")
        fd, self._fds[index] = self._fds[index], -1
        return fd

    def _claim(self, count: int) -> None:
        if count > self._left:
            raise ProtocolError("a value goes beyond its message")
        self._left -= count

    def _fill(self, view: memoryview, *, ancillary: bool = False) -> None:
        got = 0
        while got < len(view):
            try:
                if ancillary:
                    count = self._receive_with_files(view[got:])
                else:
                    count = self._socket.recv_into(view[got:])
            except OSError as error:
                raise Ended from error
            if not count:
                raise Ended
            got += count

    def _receive_with_files(self, view: memoryview, flags: int = 0) -> int:
        """A message's files come with its first byte; where no room is given for files, the kernel drops them."""
        count, ancillary, flags, _ = self._socket.recvmsg_into([view], _CONTROL, flags | socket.MSG_CMSG_CLOEXEC)
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._fds += _files(data)
        if flags & socket.MSG_CTRUNC or len(self._fds) > wire.UNIX_FDS_MAX:
            raise ProtocolError("files that may not be passed, or too many")
        return count

    def _close_fds(self) -> None:
        _close_all(self._fds)
        self._fds.clear()

    # ---------------------------------------------------------------- out

    def serial(self) -> int:
        return next(self._serials)

    def call(
        self, path: str, interface: str, member: str, signature: str = "", values: Sequence[Any] = (),
        *, replaceable: bool = False, urgent: bool = False,
    ) -> bool:  # fmt: skip
        """Call a method and wait for no answer; False: dropped."""
        data = wire.call(self.serial(), path, interface, member, signature, values, reply=False)
        return self.post(data, replaceable=replaceable, urgent=urgent)

    def answer(self, to: wire.Header, signature: str = "", values: Sequence[Any] = ()) -> None:
        if not to.flags & wire.NO_REPLY:
            self.post(wire.reply(self.serial(), to.serial, signature, values), urgent=True)

    def refuse(self, to: wire.Header, words: str, name: str = "org.freedesktop.DBus.Error.Failed") -> None:
        if not to.flags & wire.NO_REPLY:
            self.post(wire.error(self.serial(), to.serial, name, words), urgent=True)

    def post(self, data: bytes, fds: Sequence[int] = (), *, replaceable: bool = False, urgent: bool = False) -> bool:
        """Send, or queue, a message; False: dropped, because the other side has not read for long.

        fds          closed once sent
        replaceable  a newer one makes this one pointless while it waits (positions of the mouse)
        urgent       queued however long the queue is
        """
        with self._lock:
            if self._shut:
                _close_all(fds)
                return False
            message = _Waiting(memoryview(data), fds, replaceable)
            if not self._queue and self._send(message):
                return True
            if replaceable and self._queue and self._queue[-1].replaceable:
                self._queue.pop()
            elif len(self._queue) >= _QUEUE_MAX and not urgent:
                _close_all(fds)
                return False
            message.replaceable = message.replaceable and len(message.data) == len(data)
            self._queue.append(message)
        self._waiting()
        return True

    @property
    def behind(self) -> bool:
        """Something waits for `flush`."""
        return bool(self._queue)

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it."""
        with self._lock:
            while self._queue and self._send(self._queue[0]):
                self._queue.popleft()

    def _send(self, message: _Waiting) -> bool:
        """Whether it is sent whole (or never will be)."""
        try:
            while message.data:
                if message.fds:
                    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", message.fds))]
                    sent = self._socket.sendmsg([message.data], rights, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
                    _close_all(message.fds)
                    message.fds = ()
                else:
                    sent = self._socket.send(message.data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
                message.data = message.data[sent:]
                message.replaceable = False
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                return False
            _close_all(message.fds)  # the reader notices that the connection is over
        return True

    # ---------------------------------------------------------------- the end

    def finished(self) -> bool:
        """Whether the other side has closed and nothing is left to read. Does not block."""
        try:
            return not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def shut(self) -> None:
        """End the connection, from any thread; the reader gets Ended. What was posted still arrives."""
        with self._lock:
            if not self._shut:
                self._shut = True
                self._drop_queue()
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket: for the reading thread, when it is done."""
        self.shut()
        self._close_fds()
        self._socket.close()

    def _drop_queue(self) -> None:
        for message in self._queue:
            _close_all(message.fds)
        self._queue.clear()


def _files(data: bytes) -> list[int]:
    files = array.array("i")
    files.frombytes(data[: len(data) // 4 * 4])
    return files.tolist()


def _close_all(files: Sequence[int]) -> None:
    for fd in files:
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)
