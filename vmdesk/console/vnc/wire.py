"""Bytes to and from a VNC server. One thread reads; any thread sends, and never waits."""

import contextlib
import os
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from typing import Any, Final

from vmdesk.console.vnc import problems

STALL: Final = 30.0  # seconds a server may stop in the middle of a message
SILENCE: Final = 10.0  # seconds a server may take to say something during the opening
_BUFFER: Final = 16384
_UNSENT: Final = 4 << 20  # bytes; a server that takes none is given up
_AT_ONCE: Final = int(socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
_VIEWS: Final = 1000  # the kernel takes 1024 at once


class Wire:
    """A connected socket, which from now on is the wire's. Every read raises VirtError when there is nothing to read.

    The reading thread sleeps in `ready` between messages and, within one, in the kernel until all of it is there: no
    turn for Python and its lock a packet.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        sock.settimeout(None)
        self._buffer = memoryview(bytearray(_BUFFER))
        self._start = self._end = 0
        self._lock = threading.Lock()
        self._unsent = bytearray()
        self._closed = False
        self._deadline: float | None = None
        self._seconds = SILENCE
        self._tls: Any = None  # an SSLObject; its stubs do not know that it reads into memoryviews
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)
        self._set_limit(STALL)

    @property
    def local(self) -> bool:
        """Whether nobody else can listen in."""
        return self._sock.family == socket.AF_UNIX

    @property
    def encrypted(self) -> bool:
        return self._tls is not None

    # ------------------------------------------------------------ time

    def opening(self, seconds: float | None) -> None:
        """The next `seconds` must bring everything that is read; None: the opening is over."""
        self._deadline = None if seconds is None else time.monotonic() + seconds
        if seconds is None:
            self._set_limit(STALL)
        else:
            self._seconds = seconds

    def seconds_left(self) -> float | None:
        """Of the opening. VirtError "timeout" if there are none; None after the opening."""
        if self._deadline is None:
            return None
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._late()
        return left

    def _set_limit(self, seconds: float) -> None:
        whole = int(seconds)
        limit = struct.pack("ll", whole, int((seconds - whole) * 1e6) or int(not whole))
        with contextlib.suppress(OSError):  # the other end is gone: reading will tell
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)

    # ------------------------------------------------------------ reading

    def ready(self, seconds: float | None) -> bool:
        """Sleep until there is something to read; False: woken up, or `seconds` are over."""
        if self._start < self._end:
            return True
        if self._tls and self._take_decrypted():
            return True
        self._poll.modify(self._sock.fileno(), select.POLLIN | (select.POLLOUT if self._unsent else 0))
        readable = False
        for fd, event in self._poll.poll(None if seconds is None else max(0, round(seconds * 1000))):
            if fd == self._wake:
                os.eventfd_read(fd)
                continue
            if event & select.POLLOUT:
                self._flush()
            readable = readable or bool(event & ~select.POLLOUT)
        if readable and self._tls:
            self._take_encrypted(socket.MSG_DONTWAIT)
            return self._take_decrypted()
        return readable

    def read(self, count: int) -> bytes:
        """Exactly so many bytes. The caller has checked that `count` is not too much."""
        if count > self._end - self._start and not self._refill(count):
            whole = bytearray(count)
            self.into(memoryview(whole))
            return bytes(whole)
        start, self._start = self._start, self._start + count
        return bytes(self._buffer[start : self._start])

    def into(self, view: memoryview) -> None:
        """Fill `view`."""
        done = self._from_buffer(view)
        while done < len(view):
            done += self._receive(view[done:], socket.MSG_WAITALL)

    def rows(self, views: Sequence[memoryview]) -> None:
        """Fill one after the other; they are equally long and not empty."""
        left = list(views)
        while left and self._start < self._end:
            done = self._from_buffer(left[0])
            if done < len(left[0]):
                left[0] = left[0][done:]
                break
            left.pop(0)
        if self._tls:
            for view in left:
                self.into(view)
            return
        first = 0
        while first < len(left):
            got = self._receive_rows(left[first : first + _VIEWS])
            while got and got >= len(left[first]):
                got -= len(left[first])
                first += 1
            if got:
                left[first] = left[first][got:]

    def skip(self, count: int) -> None:
        """Read so many bytes and forget them."""
        while count > 0:
            count -= len(self.read(min(count, _BUFFER)))

    def _refill(self, count: int) -> bool:
        """Get `count` bytes into the buffer; False if it is too small."""
        if count > _BUFFER:
            return False
        if _BUFFER - self._start < count:
            rest = bytes(self._buffer[self._start : self._end])
            self._start, self._end = 0, len(rest)
            self._buffer[: len(rest)] = rest
        elif self._start == self._end:
            self._start = self._end = 0
        while self._end - self._start < count:
            self._end += self._receive(self._buffer[self._end :], 0)
        return True

    def _from_buffer(self, view: memoryview) -> int:
        count = min(len(view), self._end - self._start)
        if count:
            view[:count] = self._buffer[self._start : self._start + count]
            self._start += count
        return count

    def _receive(self, view: memoryview, flags: int) -> int:
        if self._tls:
            return self._receive_tls(view)
        self._keep_time()
        try:
            count = self._sock.recv_into(view, 0, flags)
        except BlockingIOError:
            raise self._late() from None
        except OSError as error:
            raise problems.eof(str(error)) from None
        if not count:
            raise problems.eof()
        return count

    def _receive_rows(self, views: list[memoryview]) -> int:
        self._keep_time()
        try:
            count: int = self._sock.recvmsg_into(views, 0, socket.MSG_WAITALL)[0]
        except BlockingIOError:
            raise self._late() from None
        except OSError as error:
            raise problems.eof(str(error)) from None
        if not count:
            raise problems.eof()
        return count

    def _keep_time(self) -> None:
        if (left := self.seconds_left()) is not None:
            self._set_limit(left)

    def _late(self) -> Exception:
        return problems.timeout(STALL if self._deadline is None else self._seconds)

    # ------------------------------------------------------------ TLS

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Encrypt from here on. ssl.SSLError if that fails, a bad certificate included."""
        left = bytes(self._buffer[self._start : self._end])
        self._start = self._end = 0
        self._incoming.write(left)
        tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._push(self._outgoing.read())
                self._take_encrypted(0)
            except ssl.SSLError:
                self._push(self._outgoing.read())  # the alert: why we go
                raise
        self._push(self._outgoing.read())
        self._tls = tls

    def _receive_tls(self, view: memoryview) -> int:
        while True:
            count = self._decrypt(view)
            if count:
                return count
            self._take_encrypted(0)

    def _decrypt(self, view: memoryview) -> int:
        """What can be had without waiting; perhaps nothing."""
        with self._lock:
            try:
                count: int = self._tls.read(len(view), view)
            except ssl.SSLWantReadError:
                count = -1
            except ssl.SSLError as error:
                raise problems.eof(str(error)) from None
            reply = self._outgoing.read()
        self._push(reply)
        if not count:
            raise problems.eof()
        return max(count, 0)

    def _take_encrypted(self, flags: int) -> None:
        self._keep_time()
        try:
            data = self._sock.recv(65536, flags)
        except BlockingIOError:
            if flags & socket.MSG_DONTWAIT:
                return
            raise self._late() from None
        except OSError as error:
            raise problems.eof(str(error)) from None
        if not data:
            raise problems.eof()
        with self._lock:
            self._incoming.write(data)

    def _take_decrypted(self) -> bool:
        self._start = 0
        self._end = 0
        self._end = self._decrypt(self._buffer)
        return self._end > 0

    # ------------------------------------------------------------ sending, from any thread

    def send(self, data: bytes) -> None:
        """Send it now or as soon as it goes. After the end: nothing happens."""
        if self._tls:
            with self._lock:
                if self._closed:
                    return
                with contextlib.suppress(ssl.SSLError):  # ended by the server: reading tells
                    self._tls.write(data)
                self._push_locked(self._outgoing.read())
        else:
            self._push(data)

    def _push(self, data: bytes) -> None:
        if data:
            with self._lock:
                self._push_locked(data)

    def _push_locked(self, data: bytes) -> None:
        if self._closed:
            return
        if not self._unsent:
            data = data[self._try(data) :]
        if data:
            self._unsent += data
            if len(self._unsent) > _UNSENT:
                self._hang_up()
            os.eventfd_write(self._wake, 1)  # for the reader to ask when there is room again

    def _try(self, data: bytes | bytearray) -> int:
        try:
            return self._sock.send(data, _AT_ONCE)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)  # gone: reading tells

    def _flush(self) -> None:
        with self._lock:
            if self._unsent:
                del self._unsent[: self._try(self._unsent)]

    # ------------------------------------------------------------ waking and ending

    def wake(self) -> None:
        """Let the reader return from `ready`. From any thread."""
        with self._lock:
            if not self._closed:
                os.eventfd_write(self._wake, 1)

    def hang_up(self) -> None:
        """End both directions: reading raises from now on. From any thread."""
        with self._lock:
            if not self._closed:
                self._hang_up()
                os.eventfd_write(self._wake, 1)

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the file descriptors back. By the reader, last."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._sock.close()
                os.close(self._wake)
