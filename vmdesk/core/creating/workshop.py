"""What the wizard does besides being looked at: asks hosts and files, makes machines, remembers choices."""

from pathlib import Path

from vmdesk.core.checker import Checker
from vmdesk.core.creating import answering
from vmdesk.core.creating import create as creating
from vmdesk.core.creating.create import Created, Tools
from vmdesk.core.creating.edited import Edited
from vmdesk.core.creating.findings import Findings, find
from vmdesk.core.creating.knowledge import Knowledge
from vmdesk.core.creating.templates import Templates
from vmdesk.core.jobs import Report
from vmdesk.core.journal import Journal
from vmdesk.core.paths import Paths
from vmdesk.core.sessions import Sessions
from vmdesk.media import keys
from vmdesk.media.unattended import Answers
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Volume
from vmdesk.model.system import System
from vmdesk.model.text import text
from vmdesk.model.wish import Wish
from vmdesk.virt import making, volumes
from vmdesk.virt.connection import Connection

_MOST = 5  # mistakes told


class Workshop:
    """One for the program, made when it is first needed."""

    def __init__(self, sessions: Sessions, paths: Paths) -> None:
        self._sessions = sessions
        self._tools = Tools(Journal(paths.journal_folder), Knowledge(), paths.scratch)
        self._checker = Checker()
        self.templates = Templates(paths.templates_file)

    @property
    def problem(self) -> Problem | None:
        """Why operating systems cannot be recognised here."""
        error = self._tools.knowledge.problem
        return error.problem if error is not None else None

    async def find(self, host: str, wish: Wish) -> Findings:
        """What the wish meets there. VirtError if its medium cannot be used."""
        return await find(self._connection(host), self._tools.knowledge, wish)

    async def systems(self) -> tuple[System, ...]:
        return await self._tools.knowledge.systems()

    async def volumes(self, host: str, pool: str) -> list[Volume]:
        """Their names, quickly."""
        return await volumes.volumes(self._connection(host), pool, brief=True)

    async def keys(self) -> tuple[str, ...]:
        """The public SSH keys of this account."""
        return await self._tools.knowledge.run(lambda: keys.public(Path.home()))

    async def text_of(self, path: str) -> str:
        """A small text file here. VirtError."""
        return await self._tools.knowledge.run(lambda: keys.text_of(path))

    async def mistakes(self, xml: str) -> tuple[str, ...]:
        """What libvirt's schema, where it is installed, has against a definition: "line: what"."""
        found = await self._checker.mistakes(xml)
        return tuple(f"{xml.count(chr(10), 0, one.start) + 1}: {one.what}" for one in found[:_MOST])

    async def renew(self, archive: str) -> None:
        """A newer OS database from a file."""
        await self._tools.knowledge.renew(Path(archive))

    async def answers(self, wish: Wish, found: Findings, name: str) -> Answers | None:
        """What the installer of the machine `name` is told. VirtError."""
        return await answering.answers(self._tools.knowledge, wish, found, name)

    async def create(
        self, host: str, wish: Wish, found: Findings, report: Report, edited: Edited | None = None
    ) -> Created:
        """Make the machines of a wish; what has to be confirmed has been."""
        return await creating.create(self._tools, self._connection(host), wish, found, report, True, edited)

    async def define(self, host: str, xml: str) -> str:
        """Define a machine that somebody else described; its UUID."""
        return await making.define(self._connection(host), xml)

    def close(self) -> None:
        self._tools.knowledge.close()
        self._checker.close()

    def _connection(self, host: str) -> Connection:
        session = self._sessions.get(host)
        if session is None:
            raise VirtError(Problem(text("The host was removed."), name="closed"))
        return session.require()
