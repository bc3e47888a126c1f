"""A connection: login, queue, files."""

import os
import socket
import threading
import time

import pytest

from tests.fakes.dbus_display import Peer, eventually
from vmdesk.console.dbus import wire
from vmdesk.console.dbus.link import Ended, Link, Refused
from vmdesk.console.dbus.wire import ProtocolError


def pair() -> tuple[Link, Peer]:
    ours, theirs = socket.socketpair()
    return Link(ours), Peer(theirs)


def files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_login_tells_who_is_there() -> None:
    link, peer = pair()
    thread = threading.Thread(target=peer.log_in)
    thread.start()
    assert link.handshake(5) == os.getpid()
    thread.join()
    link.close()
    peer.close()


def test_login_refused() -> None:
    link, peer = pair()
    peer.socket.sendall(b"REJECTED EXTERNAL\r\n")
    with pytest.raises(Refused, match="REJECTED"):
        link.handshake(5)
    link.close()
    peer.close()


def test_login_without_an_answer() -> None:
    link, peer = pair()
    with pytest.raises(TimeoutError):
        link.handshake(0.05)
    link.close()
    peer.close()


def test_login_with_an_endless_line() -> None:
    link, peer = pair()
    peer.socket.sendall(b"x" * 5000)
    with pytest.raises(ProtocolError):
        link.handshake(5)
    link.close()
    peer.close()


def test_login_with_a_closed_socket() -> None:
    link, peer = pair()
    peer.close()
    with pytest.raises(Ended):
        link.handshake(5)
    link.close()


def test_messages_wait_for_a_peer_that_hangs_and_are_bounded() -> None:
    woken = []
    ours, theirs = socket.socketpair()
    link, peer = Link(ours, lambda: woken.append(1)), Peer(theirs)
    posted = 0
    while link.call("/a", "b.c", "Press", "u", [1]) and posted < 5000:
        posted += 1
    assert link.behind and woken
    assert 500 < posted < 5000
    assert not link.call("/a", "b.c", "Press", "u", [2])
    for step in range(100):
        link.call("/a", "b.c", "Move", "u", [step], replaceable=True, urgent=True)
    link.call("/a", "b.c", "Release", "u", [1], urgent=True)
    got = []
    peer.socket.settimeout(0.2)
    while len(got) < posted + 2:
        link.flush()
        header, body, _ = peer.receive()
        got.append((header.fields.member, wire.decode("u", body)[0]))
    assert got[-2:] == [("Move", 99), ("Release", 1)]
    assert not link.behind
    with pytest.raises(TimeoutError):
        peer.receive()
    link.close()
    peer.close()


def test_files_arrive_and_nothing_leaks() -> None:
    before = files()
    link, peer = pair()
    for taken in (True, False):
        fd = os.memfd_create("x")
        peer.call("A", "h", [0], fds=[fd])
        os.close(fd)
        link.header()
        if taken:
            got = link.take_fd(0)
            os.fstat(got)
            os.close(got)
            with pytest.raises(ProtocolError):
                link.take_fd(0)
        with pytest.raises(ProtocolError):
            link.take_fd(1)
    link.close()
    peer.close()
    assert files() == before


@pytest.mark.parametrize(("announced", "sent"), [(2, 1), (0, 1), (1, 0), (4, 30)])
def test_files_not_as_announced(announced: int, sent: int) -> None:
    before = files()
    link, peer = pair()
    fd = os.memfd_create("x")
    peer.send(wire.call(1, "/a", "b.c", "D", "u", [0], fds=announced), [fd] * sent)
    os.close(fd)
    with pytest.raises(ProtocolError):
        link.header()
    link.close()
    peer.close()
    assert files() == before


def test_files_in_the_middle_of_a_message_are_dropped() -> None:
    before = files()
    link, peer = pair()
    data = wire.call(1, "/a", "b.c", "D", "u", [5])
    fd = os.memfd_create("x")
    peer.send(data[:40])
    peer.send(data[40:], [fd])
    os.close(fd)
    link.header()
    assert wire.decode("u", link.rest(4)) == (5,)
    assert files() == before + 2
    link.close()
    peer.close()


def test_shut_wakes_the_reader() -> None:
    link, peer = pair()
    ended = []

    def read() -> None:
        try:
            while link.header() is None:
                time.sleep(0.01)
        except Ended:
            ended.append(1)

    thread = threading.Thread(target=read)
    thread.start()
    link.shut()
    thread.join(5)
    assert ended
    link.close()
    assert not link.post(b"x")
    eventually(link.finished, "it is over")
    peer.close()


def test_nothing_to_read_is_not_waited_for() -> None:
    link, peer = pair()
    assert link.header() is None
    peer.send(wire.call(1, "/a", "b.c", "D")[:5])
    thread = threading.Thread(target=lambda: (time.sleep(0.1), peer.send(wire.call(1, "/a", "b.c", "D")[5:])))
    thread.start()
    header = link.header()
    assert header and header.fields.member == "D"
    thread.join()
    link.close()
    peer.close()
