"""Whether there is a display: Qt ends the whole program without a word where there is none."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from vmdesk.model.text import tr

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
    if _answers(display):
        return ""
    return tr("The display {display} does not answer, so no window can be opened.", display=display)


def _answers(display: str) -> bool:
    """Whether an X server listens at `host:number.screen`."""
    host, _, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not number.isdigit():
        return False
    if host not in ("", "unix"):
        return _opens(socket.AF_INET, (host.removeprefix("tcp/"), 6000 + int(number)))
    path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - where X servers listen
    return _opens(socket.AF_UNIX, path) or _opens(socket.AF_UNIX, "\0" + path)


def _opens(family: socket.AddressFamily, address: tuple[str, int] | str) -> bool:
    try:
        if isinstance(address, tuple):
            socket.create_connection(address, _WAIT).close()
            return True
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(_WAIT)
            connection.connect(address)
    except OSError:
        return False
    return True
