"""The practice host: libvirt's test driver with a small company's machines. Its state survives the program.

The state file carries a digest: libvirt reads it inside this process, and its reader does not survive everything that
a damaged file can hold.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from vmdesk.core.aside import free_name
from vmdesk.core.paths import RESOURCES, Paths
from vmdesk.model import uri
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import text, tr
from vmdesk.virt import practice
from vmdesk.virt.connection import Connection

ID = "practice"
DEMO = RESOURCES / "demo.xml"
_SEAL = re.compile(r"<!-- sha256 ([0-9a-f]{64}) -->\n\Z")


class Practice:
    """Where the practice host's state is, and how it gets there.

    notices  problems met with it, each told to `hear` as well
    """

    def __init__(self, paths: Paths, demo: Path = DEMO) -> None:
        self.notices: list[Problem] = []
        self.hear: Callable[[Problem], None] = lambda problem: None
        self._file = paths.practice_file
        self._demo = demo
        self._state = ""  # what the host was opened with, if it was the saved state

    @property
    def saved(self) -> bool:
        """Whether what `uri` gave was the saved state."""
        return bool(self._state)

    def config(self, connect_at_start: bool = False) -> HostConfig:
        """The host as it stands in the list; its URI names the file that it begins with."""
        return HostConfig(ID, tr("Practice host"), uri.of_file(self._demo), connect_at_start)

    def uri(self) -> str:
        """What to open: the saved state if it is sound, else the beginning. A damaged one is set aside."""
        self._state = ""
        try:
            sealed = self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return uri.of_file(self._demo)
        except (OSError, ValueError) as error:
            return self.set_aside(str(error))
        state = _unsealed(sealed)
        if state is None:
            return self.set_aside("the digest does not fit")
        self._state = state
        return uri.of_file(self._file)

    def set_aside(self, why: str) -> str:
        """The saved state is of no use (libvirt refused it, say): keep it beside; the URI of the beginning."""
        self._state = ""
        aside = free_name(self._file)
        with contextlib.suppress(OSError):
            os.replace(self._file, aside)
        self.notices.append(
            Problem(
                text("The practice host's saved state cannot be read."),
                None,
                text("It was set aside as {file}; the practice host begins anew.", file=str(aside)),
                why,
                name="practice-broken",
            )
        )
        self.hear(self.notices[-1])
        return uri.of_file(self._demo)

    async def opened(self, connection: Connection) -> None:
        """The host was opened with `uri()`: bring back the rest of its state."""
        if self._state:
            await practice.settle(connection, self._state)

    async def save(self, connection: Connection) -> None:
        """Write the host's state down. Raises VirtError if that is not possible."""
        state = await practice.dump(connection)
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self._file, _sealed(state))
        except OSError as error:
            raise VirtError(
                Problem(
                    text("The practice host's state could not be saved."),
                    text("{file} cannot be written.", file=str(self._file)),
                    text("Check the folder's owner and free space."),
                    error.strerror or str(error),
                    name="practice-unwritable",
                )
            ) from None

    def reset(self) -> None:
        """Forget the saved state: the next open finds the host as it was in the beginning."""
        self._state = ""
        self._file.unlink(missing_ok=True)


def _sealed(state: str) -> bytes:
    return f"{state}<!-- sha256 {hashlib.sha256(state.encode()).hexdigest()} -->\n".encode()


def _unsealed(sealed: str) -> str | None:
    seal = _SEAL.search(sealed)
    if seal is None:
        return None
    state = sealed[: seal.start()]
    return state if hashlib.sha256(state.encode()).hexdigest() == seal[1] else None


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, also when the power goes."""
    new = file.with_name(file.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(new, file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
