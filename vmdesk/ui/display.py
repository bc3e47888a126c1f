"""Whether there is a display: Qt ends the whole program without a word where there is none."""

import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from vmdesk.model.text import tr

_Place = tuple[str, int] | str
_COOKIE = b"MIT-MAGIC-COOKIE-1"
_WAIT = 2.0  # seconds for an X server in the network


def display_problem(environment: Mapping[str, str] = os.environ) -> str:
    """Why no window can be opened; "" if one can."""
    if environment.get("QT_QPA_PLATFORM"):
        return ""  # chosen by somebody who knows
    wayland = environment.get("WAYLAND_DISPLAY")
    if wayland and (Path(environment.get("XDG_RUNTIME_DIR", "/")) / wayland).exists():
        return ""
    display = environment.get("DISPLAY")
    if not display:
        return tr("There is no display (DISPLAY and WAYLAND_DISPLAY are not set), so no window can be opened.")
    if _answers(display, environment):
        return ""
    return tr("The display {display} does not answer, so no window can be opened.", display=display)


def _answers(display: str, environment: Mapping[str, str]) -> bool:
    """Whether an X server listens at `host:number.screen` and lets us in."""
    host, _, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not number.isdigit():
        return False
    cookies = [b"", *_cookies(number, environment)]
    if host not in ("", "unix"):
        place: _Place = (host.removeprefix("tcp/"), 6000 + int(number))
        return any(_lets_in(place, cookie) for cookie in cookies)
    path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - where X servers listen
    return any(_lets_in(place, cookie) for place in (path, "\0" + path) for cookie in cookies)


def _cookies(number: str, environment: Mapping[str, str]) -> list[bytes]:
    """The keys to that display in the user's Xauthority file."""
    file = environment.get("XAUTHORITY") or str(Path(environment.get("HOME", "/")) / ".Xauthority")
    found: list[bytes] = []
    try:
        content = Path(file).read_bytes()
    except OSError:
        return found
    place = 0
    while place + 2 <= len(content):
        place += 2  # the family of the address
        fields: list[bytes] = []
        for _ in range(4):  # address, number, name, data: each with its length before it
            length = int.from_bytes(content[place : place + 2], "big")
            fields.append(content[place + 2 : place + 2 + length])
            place += 2 + length
        if fields[1] in (number.encode(), b"") and fields[2] == _COOKIE:
            found.append(fields[3])
    return found


def _lets_in(place: _Place, cookie: bytes) -> bool:
    """Begin the X protocol; the first byte of the answer is 1 when all is well."""
    name = _COOKIE if cookie else b""
    hello = struct.pack("<BxHHHHxx", ord("l"), 11, 0, len(name), len(cookie)) + _padded(name) + _padded(cookie)
    try:
        if isinstance(place, tuple):
            connection = socket.create_connection(place, _WAIT)
        else:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(_WAIT)
    except OSError:
        return False
    with connection:
        try:
            if isinstance(place, str):
                connection.connect(place)
            connection.sendall(hello)
            return connection.recv(1) == b"\x01"
        except OSError:
            return False


def _padded(word: bytes) -> bytes:
    return word + bytes(-len(word) % 4)
