"""What real QEMUs sent, played again and broken. tests/live/record_consoles.py made the files in recorded/.

A file's name ends with what is on the screen at the end.
"""

import hashlib
import lzma
import random
import resource
import socket
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.fakes.listener import Recorder
from tests.unit.console.dbus.test_frames import Replay, Screen, heard
from tests.unit.console.vnc.feed import feed
from tests.unit.console.vnc.test_fuzz import broken
from vmdesk.console.dbus import wire as messages
from vmdesk.console.dbus.frames import CannotShow, Frames
from vmdesk.console.dbus.link import Ended, Link
from vmdesk.console.dbus.wire import ProtocolError
from vmdesk.console.screen import Surface
from vmdesk.console.vnc.session import Session
from vmdesk.console.vnc.wire import Wire
from vmdesk.model.errors import VirtError

FILES = {file.stem.rpartition("-")[0]: file for file in (Path(__file__).parent / "recorded").glob("*.xz")}
SIZES = [(720, 400), (640, 480), (720, 400)]  # the menu, a graphical terminal, text again; the firmware's before


@cache
def recorded(name: str) -> tuple[bytes, str]:
    """What was sent, and the colours at the end."""
    file = FILES[name]
    return lzma.decompress(file.read_bytes()), file.stem.rpartition("-")[2]


def colors(surface: Surface) -> str:
    picture = bytes(surface.data)
    return hashlib.sha256(picture[0::4] + picture[1::4] + picture[2::4]).hexdigest()[:16]


@pytest.mark.parametrize("name", ["vnc-near", "vnc-far"])
def test_vnc(name: str) -> None:
    data, wanted = recorded(name)
    ours, theirs = socket.socketpair()

    def send() -> None:
        with theirs:
            theirs.sendall(data)

    sender = threading.Thread(target=send)
    sender.start()
    told, wire = Recorder(), Wire(ours)
    with pytest.raises(VirtError) as end:
        Session(wire, told, name == "vnc-near", lambda: None).run()
    wire.close()
    sender.join(10)
    assert end.value.problem.name == "eof"
    assert [(one.width, one.height) for one in told.surfaces][-3:] == SIZES
    assert len(told.damaged) > 20
    assert colors(told.surfaces[-1]) == wanted


def sittings() -> list[bytes]:
    """The connections for pictures, one after the other."""
    data, found = recorded("dbus")[0], []
    while data:
        size = 4 + int.from_bytes(data[:4], "big")
        found.append(data[4:size])
        data = data[size:]
    return found


def play(parts: list[bytes]) -> tuple[Screen, list[BaseException]]:
    """Each through a link of its own, into the same picture."""
    screen, ends = Screen(), []
    frames = Frames(screen)  # type: ignore[arg-type]
    for part in parts:
        link = Link(Replay(part))  # type: ignore[arg-type]
        frames.attach(link)
        try:
            while True:
                frames.handle(heard(link))
        except (Ended, ProtocolError, CannotShow) as error:
            ends.append(error)
        link.close()
    frames.close()
    return screen, ends


def test_dbus() -> None:
    screen, ends = play(sittings())
    assert {type(one) for one in ends} == {Ended}
    assert [(one.width, one.height) for one in screen.surfaces][-3:] == SIZES
    assert len(screen.rects) > 20
    assert colors(screen.surfaces[-1]) == recorded("dbus")[1]


# ---------------------------------------------------------------- broken


@pytest.mark.timeout(1800)
def test_broken_vnc(reps: Callable[[int], int]) -> None:
    data, longest = recorded("vnc-far")[0], 0.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(reps(2000)):
        began = time.monotonic()
        fed = feed(b"", init=broken(data), local=False)
        longest = max(longest, time.monotonic() - began)
        assert fed.problem.name in ("eof", "protocol"), fed.problem
    assert longest < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 900_000


def short() -> list[bytes]:
    """Whole messages of the recording that are not large: what is wrong with a picture is soon seen."""
    found, size = [], 0
    for part in sittings():
        at = 0
        while at + 16 <= len(part):
            _, _, body, _, fields = messages.parse_fixed(part[at : at + 16])
            end = at + 16 + -(-fields // 8) * 8 + body
            if end - at < 200_000 and size < 3_000_000:
                found.append(part[at:end])
                size += end - at
            at = end
    return found


@pytest.mark.timeout(1800)
def test_broken_dbus(reps: Callable[[int], int]) -> None:
    pieces = short()
    assert len(pieces) > 30
    whole = next(part for part in sittings())
    first = whole[:2_500_000]
    for number in range(reps(4000)):
        data = [random.choice(pieces) for _ in range(8)]
        if number % 200 == 0:
            data.insert(0, first)
        for _ in range(random.randint(1, 3)):
            chosen = random.randrange(len(data))
            # Where a picture's bytes are, anything may be: the beginnings are what is read.
            data[chosen] = broken(data[chosen][:200]) + data[chosen][200:]
        _, ends = play([b"".join(data)])
        assert len(ends) == 1
