"""Records what a real QEMU sends, for tests/unit/console/test_recorded.py to play again and to break.

`python -m tests.testbed run .venv/bin/python -m tests.live.record_consoles build/recorded`, then copy what is new.
The guest is the rescue CD's GRUB: its menu, its command line, three sizes.
"""

import asyncio
import hashlib
import lzma
import socket
import sys
import time
from pathlib import Path
from typing import Any

import libvirt

from tests.fakes.listener import Recorder
from tests.testbed import client
from tests.testbed.guests import RESCUE_CD, Guest, Guests, System
from vmdesk.console import keys
from vmdesk.console.dbus import DBusBackend, Display
from vmdesk.console.dbus import display as dbus_display
from vmdesk.console.screen import Backend
from vmdesk.console.vnc.client import VncBackend
from vmdesk.core.typist import PAUSE

VNC_LOGIN = 12 + 2 + 4  # bytes before ServerInit, where no password is asked for
WORDS = (
    "c",
    "echo recorded\n",
    "insmod all_video\n",
    "gfxmode=640x480\n",
    "terminal_output gfxterm\n",
    "echo drawn\n",
    "terminal_output console\n",
)


class Tee(socket.socket):
    """Keeps all that is read."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.heard = bytearray()

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        count = super().recv_into(buffer, nbytes, flags)
        self.heard += memoryview(buffer).cast("B")[:count]
        return count

    def recvmsg_into(self, buffers: Any, *more: Any) -> Any:
        views = [memoryview(one).cast("B") for one in buffers]
        found = super().recvmsg_into(views, *more)
        left = found[0]
        for view in views:
            self.heard += view[: min(left, len(view))]
            left -= min(left, len(view))
        return found

    def recv(self, size: int, flags: int = 0) -> bytes:
        data = super().recv(size, flags)
        self.heard += b"" if flags & socket.MSG_PEEK else data
        return data


def colors(picture: bytes) -> str:
    """A name for a picture (B G R X)."""
    return hashlib.sha256(picture[0::4] + picture[1::4] + picture[2::4]).hexdigest()[:16]


def work(guest: Guest, backend: Backend, told: Recorder) -> bytes:
    """Somebody sits at the guest; the picture at the end."""
    asyncio.run(backend.open())
    guest.ask(lambda domain: domain.resume())
    time.sleep(6)
    for qnum, down in keys.chord(keys.parse("down")):
        backend.key(qnum, down)
    time.sleep(1)
    for words in WORDS:
        for qnum, down in keys.plan(words).strokes:
            backend.key(qnum, down)
            time.sleep(PAUSE)
        time.sleep(1)
    backend.pause_updates(True)
    time.sleep(0.5)
    picture = told.picture
    backend.close()
    told.wait(lambda heard: heard.ends)
    return picture


def vnc(guest: Guest, local: bool) -> tuple[bytes, bytes]:
    fd = guest.ask(lambda domain: domain.openGraphicsFD(0, libvirt.VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH))
    tee, told = Tee(fileno=fd), Recorder()
    picture = work(guest, VncBackend(told, tee, local=local, name="recorded"), told)
    return bytes(tee.heard[VNC_LOGIN:]), picture


def dbus(guest: Guest) -> tuple[bytes, bytes]:
    tees: list[Tee] = []

    def pair(*arguments: Any) -> tuple[socket.socket, socket.socket]:
        ours, theirs = real(*arguments)
        tees.append(Tee(fileno=ours.detach()))
        return tees[-1], theirs

    real, dbus_display.socket.socketpair = socket.socketpair, pair  # type: ignore[assignment]
    try:
        told = Recorder()
        fd = guest.ask(lambda domain: domain.openGraphicsFD(1, 0))
        picture = work(guest, DBusBackend(Display(fd), told), told)
    finally:
        dbus_display.socket.socketpair = real
    # Text in a new size has brought a new connection each time. (The login is read in another way.)
    heard = [bytes(tee.heard) for tee in tees if tee.heard[:1] == b"l"]  # the event loop has a pair as well
    return b"".join(len(one).to_bytes(4, "big") + one for one in heard), picture


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    guests = Guests(System(client.KeeperClient()))
    try:
        for name, record in (
            ("vnc-near", lambda guest: vnc(guest, True)),
            ("vnc-far", lambda guest: vnc(guest, False)),
            ("dbus", dbus),
        ):
            guest = guests(
                "rec",
                iso=RESCUE_CD,
                memory=64,
                graphics="vnc",
                devices="<graphics type='dbus' p2p='yes'/>",
                paused=True,
            )
            data, picture = record(guest)
            file = folder / f"{name}-{colors(picture)}.xz"
            file.write_bytes(lzma.compress(data, preset=9))
            print(f"{file}: {len(data)} bytes, packed {file.stat().st_size}")
    finally:
        guests.remove()


if __name__ == "__main__":
    libvirt.registerErrorHandler(lambda *_: None, None)
    main(Path(sys.argv[1]))
