"""What a session makes of given bytes, without a thread."""

import socket
from dataclasses import dataclass

from tests.fakes import rfb_server as rfb
from tests.fakes.listener import Recorder
from vmdesk.console.vnc.security import Login, Tls, handshake
from vmdesk.console.vnc.session import Session
from vmdesk.console.vnc.wire import Wire
from vmdesk.model.errors import Problem, VirtError


@dataclass
class Fed:
    told: Recorder
    problem: Problem
    session: Session
    sent: list[tuple[object, ...]]  # what the client said after ClientInit
    opened: int
    messages: int  # so many were read, the last one perhaps not whole


class _Counting(Session):
    count = 0

    def _message(self) -> None:
        self.count += 1
        super()._message()


def feed(
    data: bytes,
    *,
    size: tuple[int, int] = (8, 4),
    name: str = "QEMU (test)",
    local: bool = True,
    init: bytes | None = None,
    sound: bool = False,
) -> Fed:
    """`data` comes after ServerInit (or `init` in its place); then the server hangs up."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        theirs.sendall((rfb.init(*size, name) if init is None else init) + data)
        theirs.shutdown(socket.SHUT_WR)
        wire, told, opened = Wire(ours), Recorder(), []
        session = _Counting(wire, told, local, lambda: opened.append(1))
        session.sound(sound)
        try:
            session.run()
        except VirtError as error:
            problem = error.problem
        finally:
            wire.close()
        theirs.settimeout(0)
        said = b""
        try:
            while more := theirs.recv(1 << 20):
                said += more
        except OSError:
            pass
    return Fed(told, problem, session, _sent(said[1:]), len(opened), session.count)


def _sent(said: bytes) -> list[tuple[object, ...]]:
    place = 0

    def take(count: int) -> bytes:
        nonlocal place
        assert place + count <= len(said)
        place += count
        return said[place - count : place]

    messages = []
    while place < len(said):
        messages.append(rfb.hear(take))
    return messages


def log_in(data: bytes, login: Login, tls: Tls | None) -> VirtError | None:
    """What a log-in makes of a server that says `data` and hangs up; None: it succeeds."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        wire = Wire(ours)
        try:
            handshake(wire, login, tls)
        except VirtError as error:
            return error
        finally:
            wire.close()
    return None
