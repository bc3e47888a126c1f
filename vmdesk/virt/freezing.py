"""Files that others stand on, made read-only where they are ours: on this computer, and owned by us."""

import contextlib
import os
import stat
from collections.abc import Callable

from vmdesk.virt.connection import Connection

_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def freeze(connection: Connection, path: str) -> bool:
    """Take the right to write away; False where it is not ours."""
    return _change(connection, path, lambda mode: mode & ~_WRITE)


def thaw(connection: Connection, path: str) -> bool:
    """Give it back to the owner."""
    return _change(connection, path, lambda mode: mode | stat.S_IWUSR)


def _change(connection: Connection, path: str, new: Callable[[int], int]) -> bool:
    if not connection.local:
        return False
    with contextlib.suppress(OSError):
        found = os.stat(path, follow_symlinks=False)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid():
            os.chmod(path, new(stat.S_IMODE(found.st_mode)))
            return True
    return False
