"""QEMU's own log of a machine: why it did not start."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from vmdesk.model.text import text
from vmdesk.virt.connection import Connection

_TAIL = 16 * 1024
_LINES = 40


async def qemu_log_tail(connection: Connection, name: str) -> str:
    """Its last lines; "" where the log is on another host, not readable (root's) or not QEMU's."""
    folder = log_folder(connection.config_uri)
    if folder is None or "/" in name:
        return ""
    path = folder / f"{name}.log"
    return await connection.control.call(lambda _conn: tail(path), text("Reading the log of {name}", name=name))


def log_folder(uri: str) -> Path | None:
    """Where libvirt puts QEMU's logs, if that is on this computer."""
    parts = urlsplit(uri)
    if parts.scheme != "qemu" or parts.hostname:
        return None
    if parts.path == "/session":
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "libvirt/qemu/log")
    return Path("/var/log/libvirt/qemu")


def tail(path: Path) -> str:
    """The last lines of a file, "" if it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            words = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(words.splitlines()[-_LINES:])
