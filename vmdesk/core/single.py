"""One window for each settings folder: a second start, or the command line, tells the first what to do.

JSON objects, one a line, over a unix socket in the private runtime folder; each is answered by {"ok": true|false}.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text

LONGEST = 64 * 1024  # bytes of one message
ANSWER = 3.0  # seconds the first window may take to answer

Message = dict[str, Any]
Handler = Callable[[Message], None]


class Listening:
    """The first window's ear. `close()` when the window goes."""

    def __init__(self, server: asyncio.Server, path: Path, lock: int) -> None:
        self._server = server
        self._path = path
        self._lock = lock

    async def start(self) -> None:
        await self._server.start_serving()

    async def close(self) -> None:
        self._server.close()
        _remove(self._path)
        os.close(self._lock)


async def listen(path: Path, handler: Handler) -> Listening | None:
    """Become the first: calls `handler` with each message. None when another living process already listens.

    Raises VirtError when the folder is not ours alone. A socket that a dead process left is replaced.
    """
    make_private(path.parent)
    # Held as long as we live, and given back by the system when we die: no doubt who is first.
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    _remove(path)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if _peer(writer.get_extra_info("socket")) == os.getuid():
                await _serve(reader, writer, handler)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass  # whoever it was, they went away or talk nonsense
        finally:
            writer.close()

    listening = Listening(
        await asyncio.start_unix_server(serve, str(path), limit=LONGEST, start_serving=False), path, lock
    )
    try:
        await listening.start()
    except asyncio.CancelledError:
        await listening.close()
        raise
    return listening


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
    while line := await reader.readline():
        message = json.loads(line)
        known = isinstance(message, dict)
        if known:
            handler(message)
        writer.write(json.dumps({"ok": known}).encode() + b"\n")
        await writer.drain()


def send(path: Path, message: Message) -> bool:
    """Tell the window that listens there. False when there is none."""
    try:
        if path.parent.stat().st_uid != os.getuid():
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
            connection.settimeout(ANSWER)
            connection.connect(str(path))
            connection.sendall(json.dumps(message).encode() + b"\n")
            answer = connection.makefile("rb").readline(LONGEST)
    except OSError:
        return False
    try:
        return bool(json.loads(answer) == {"ok": True})
    except ValueError:
        return False


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def make_private(folder: Path) -> None:
    """Create a folder that only we can use; raises VirtError when it, or one above it, is in somebody else's hands."""
    try:
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and found.st_mode & 0o077:
            folder.chmod(0o700)
        above = [one.stat() for one in folder.parents]
    except OSError as error:
        raise _not_private(folder, error.strerror or str(error)) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise _not_private(folder, f"owner {found.st_uid}, mode {found.st_mode:o}")
    # Root is whoever owns "/": within a user namespace that leaves root out it has another number.
    trusted = (0, os.getuid(), above[-1].st_uid)
    for parent in above:
        # Whoever may write there could put another folder in this one's place; /tmp's sticky bit forbids that.
        if parent.st_uid not in trusted or (parent.st_mode & 0o022 and not parent.st_mode & stat.S_ISVTX):
            raise _not_private(folder, f"above it: owner {parent.st_uid}, mode {parent.st_mode:o}")


def _not_private(folder: Path, details: str) -> VirtError:
    return VirtError(
        Problem(
            text("The folder {folder} cannot be used.", folder=str(folder)),
            text("It must belong to you alone."),
            text("Remove it, or set XDG_RUNTIME_DIR to a folder of your own."),
            details,
            name="runtime-folder",
        )
    )


def _peer(connection: socket.socket) -> int:
    """The user at the other end."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _process, user, _group = struct.unpack("3i", credentials)
    return int(user)
