"""How sessions reach their hosts: with somebody to ask, and the practice host with its saved state."""

from pathlib import Path

from vmdesk.core import practice as practice_host
from vmdesk.core.calls import Way
from vmdesk.core.practice import Practice
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.prompt import Asker
from vmdesk.model.text import Text, text
from vmdesk.virt import listing
from vmdesk.virt.connection import Connection, Post
from vmdesk.virt.reach import Reach


class Ways:
    """`way` is for core/calls.py.

    runtime  the user's private runtime folder
    asker    who answers at log-in; None: nobody (ssh may use the terminal)
    """

    def __init__(self, runtime: Path, asker: Asker | None, practice: Practice) -> None:
        self._runtime, self._asker, self._practice = runtime, asker, practice

    def way(self, config: HostConfig) -> Way:
        """The way to one host."""
        reach = Reach(config, self._runtime, self._asker)
        return _PracticeWay(reach, self._practice) if config.id == practice_host.ID else reach

    async def probe(self, config: HostConfig) -> Text:
        """Open a host and close it again; what was found."""
        reach = Reach(config, self._runtime, self._asker)
        try:
            connection = await reach.open(0, lambda _event: None)
            try:
                machines = len(await listing.list_all(connection))
                can = connection.capabilities
            finally:
                await connection.close()
        finally:
            await reach.close()
        version = ".".join(str(part) for part in can.libvirt_version)
        return text(
            "It works: {driver}, libvirt {version}, machines: {n}", driver=can.driver, version=version, n=machines
        )


class _PracticeWay:
    """Opens the saved state, or the beginning where libvirt does not take it."""

    def __init__(self, reach: Reach, practice: Practice) -> None:
        self._reach, self._practice = reach, practice

    async def open(self, generation: int, post: Post) -> Connection:
        uri = self._practice.uri()
        try:
            connection = await self._reach.open(generation, post, uri)
        except VirtError as error:
            if not self._practice.saved:
                raise
            uri = self._practice.set_aside(str(error.problem.details or error.problem.what))
            connection = await self._reach.open(generation, post, uri)
        await self._practice.opened(connection)
        return connection

    def forgive(self) -> None:
        """Nothing is refused here."""

    async def close(self) -> None:
        await self._reach.close()
