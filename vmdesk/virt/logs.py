"""QEMU's own log of a machine: why it did not start."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from vmdesk.model.text import text, tr
from vmdesk.virt.connection import Connection

_TAIL = 16 * 1024
_LINES = 40
CLOCK = 1.0  # seconds by which a file's time may be coarser than ours


async def qemu_log_tail(connection: Connection, name: str, since: float = 0.0) -> str:
    """What the last start left there (the last lines of it); "" if nothing was written after `since` (Unix seconds),
    and where the log is on another host or not QEMU's. Where only root may read it, how he does: libvirt has no call
    that gives it to others, not even to those who may do everything else.
    """
    folder = log_folder(connection.config_uri)
    if folder is None or "/" in name:
        return ""
    path = folder / f"{name}.log"
    doing = text("Reading the log of {name}", name=name)
    return await connection.control.call(lambda _conn: tail(path, since), doing)


def log_folder(uri: str) -> Path | None:
    """Where libvirt puts QEMU's logs, if that is on this computer."""
    parts = urlsplit(uri)
    if parts.scheme != "qemu" or parts.hostname:
        return None
    if parts.path == "/session":
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "libvirt/qemu/log")
    return Path("/var/log/libvirt/qemu")


def tail(path: Path, since: float = 0.0) -> str:
    """The last lines of a log, from its last start on; "" if there is none or it is older than `since`."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_mtime < since - CLOCK:
                return ""
            file.seek(max(0, found.st_size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except PermissionError:
        line = f"sudo tail {path}"
        return tr("What QEMU itself wrote, if it was begun at all, only root may read: {line}", line=line)
    except OSError:
        return ""
    starts = [number for number, line in enumerate(lines) if ": starting up" in line]
    return "\n".join(_said(lines[starts[-1] if starts else 0 :])[-_LINES:])


def _said(lines: list[str]) -> list[str]:
    """Without QEMU's command line: that is one option a line, each but the last with a backslash at its end."""
    before = ["", *lines]
    return [line for line, last in zip(lines, before) if not line.endswith("\\") and not last.endswith("\\")]
