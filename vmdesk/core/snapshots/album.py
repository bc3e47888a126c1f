"""Pictures of the screens at the moments of snapshots: small PNG files in our own folder, one for each snapshot."""

import asyncio
import contextlib
import hashlib
from collections.abc import Collection
from pathlib import Path

from vmdesk.console import small
from vmdesk.console.screen import Surface
from vmdesk.core.snapshots.desk import Desk
from vmdesk.core.snapshots.taking import Wish, take
from vmdesk.model.errors import VirtError
from vmdesk.model.host import Feature
from vmdesk.virt import domains, guest
from vmdesk.virt.connection import Connection
from vmdesk.virt.lane import Lane

ROOM = (480, 300)  # pixels at most


class Album:
    """The pictures of all machines. A picture that cannot be had or kept is no reason not to take a snapshot."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lane = Lane(1, "album")  # its thread begins with the first picture

    def picture(self, uri: str, uuid: str, name: str) -> bytes:
        """A PNG file; b"" if there is none."""
        with contextlib.suppress(OSError):
            return self._file(uri, uuid, name).read_bytes()
        return b""

    async def take(self, desk: Desk, wish: Wish) -> str:
        """Take a snapshot, and a picture of the screen just before if there is one; the snapshot's name."""
        shot = await _shot(desk.connection, desk.uuid)
        name = await take(desk, wish)
        if shot:
            file = self._file(desk.connection.config_uri, desk.uuid, name)
            with contextlib.suppress(OSError, VirtError):
                await asyncio.get_running_loop().run_in_executor(self._lane, self._keep, file, shot)
        return name

    def forget_others(self, uri: str, uuid: str, names: Collection[str]) -> None:
        """Delete the pictures of snapshots that are no more: of this machine there are these."""
        folder = self._of(uri, uuid)
        kept = {self._file(uri, uuid, name).name for name in names}
        with contextlib.suppress(OSError):
            for file in folder.iterdir():
                if file.name not in kept:
                    file.unlink()
            if not kept:
                folder.rmdir()

    def _of(self, uri: str, uuid: str) -> Path:
        return self._folder / f"{uuid}-{_digest(uri)}"

    def _file(self, uri: str, uuid: str, name: str) -> Path:
        # A snapshot may be called anything: what it is called is no file name.
        return self._of(uri, uuid) / f"{_digest(name)}.png"

    @staticmethod
    def _keep(file: Path, shot: bytes) -> None:
        made = small.of_file(shot, ROOM)
        png = Surface(made.width, made.height, made.width * 4, memoryview(bytearray(made.data))).png()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_bytes(png)
        new.replace(file)


async def _shot(connection: Connection, uuid: str) -> bytes:
    """The hypervisor's own picture; b"" where there is none: it is off, has no screen, or does not answer."""
    if not connection.capabilities.can(Feature.SCREENSHOT):
        return b""
    try:
        found, _gone = await domains.read(connection, [uuid])
        if not found or not found[0].active:
            return b""
        return (await guest.screenshot(connection, uuid))[1]
    except VirtError:
        return b""


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode(errors="surrogatepass")).hexdigest()[:20]
