"""Who of our own processes holds the screens that only one viewer can have."""

import contextlib
import fcntl
import os
from pathlib import Path

from vmdesk.core.single import make_private
from vmdesk.model.errors import VirtError


class ScreenLocks:
    """One lock file a machine, in a folder that all VMDesks of the user share. The system frees it when we die."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, tuple[int, int]] = {}  # uuid -> file descriptor, how often it was taken

    def take(self, uuid: str) -> bool:
        """False: another VMDesk has it. Each True is given back by `give`."""
        if uuid in self._held:
            descriptor, count = self._held[uuid]
            self._held[uuid] = descriptor, count + 1
            return True
        try:
            make_private(self._folder)
            descriptor = os.open(
                self._folder / f"{uuid}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
            )
        except (OSError, VirtError):
            self._held[uuid] = -1, 1  # without a folder nobody can be told: then as if we were alone
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._held[uuid] = descriptor, 1
        return True

    def give(self, uuid: str) -> None:
        descriptor, count = self._held.pop(uuid)
        if count > 1:
            self._held[uuid] = descriptor, count - 1
        elif descriptor >= 0:
            # Not removed first: whoever waits for this very file would hold a lock that nobody else sees.
            with contextlib.suppress(OSError):
                os.close(descriptor)
