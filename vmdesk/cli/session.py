"""One run of the program: its hosts, their machines and what was said."""

import asyncio
import importlib
import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from vmdesk.cli.arguments import Shared
from vmdesk.cli.output import emit, say, told
from vmdesk.core import choice, plain
from vmdesk.core.command import Confirm, Context, Offer, Question
from vmdesk.core.jobs import Jobs
from vmdesk.core.journal import Journal
from vmdesk.core.labels import LabelsEdit, LocalLabels
from vmdesk.core.paths import Paths
from vmdesk.core.settings import SettingsFile
from vmdesk.core.store import Store
from vmdesk.core.trace import Trace
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Host, HostConfig, Link
from vmdesk.model.text import Text, text, tr
from vmdesk.model.uri import parse
from vmdesk.virt import domains, packages
from vmdesk.virt.connection import Connection
from vmdesk.virt.reach import Reach

OPENING = 30.0  # seconds a host may take to answer, where nobody is asked anything meanwhile

Window = Callable[[list[str]], int]


class Links:
    """The connections of this run, as commands want them."""

    def __init__(self) -> None:
        self.open: dict[str, Connection] = {}

    def of(self, key: DomainKey) -> "Linked":
        return Linked(self.open[key.host])


@dataclass(frozen=True)
class Linked:
    connection: Connection

    def require(self) -> Connection:
        return self.connection


class Session:
    """One run of the program: its hosts, their machines and what was said."""

    def __init__(self, shared: Shared, paths: Paths, settings: SettingsFile) -> None:
        self.shared = shared
        self.paths = paths
        self.links = Links()
        self.store = Store()
        self.labels = LocalLabels(paths.labels_file)
        self.labels.hear = lambda problem: say(told(problem, shared.debug))
        self.bugs: list[BaseException] = []
        self.jobs = Jobs(self.bugs.append)
        self.trace = Trace()
        self._reaches: list[Reach] = []
        self.failed = False
        self.then_window: list[str] = []  # arguments of the window to open when this run has ended
        self.context = Context(
            self.store, self.links, self.jobs, settings, self.trace, self.labels, _Terminal(self), live=False
        )

    @property
    def several(self) -> bool:
        return len(self.links.open) > 1

    def complain(self, message: object) -> None:
        """Something failed: said, and the exit code will be 1."""
        self.failed = True
        say(message)

    def debug(self, message: str) -> None:
        if self.shared.debug:
            say(message)

    async def connect(self, configs: Sequence[HostConfig] | None) -> bool:
        """Open the hosts (None: the first local one that opens); False if one could not be."""
        if configs is None:
            return await self._connect_local()
        results = await asyncio.gather(*(self._open(config) for config in configs))
        for config, problem in zip(configs, results):
            if problem:
                self.complain(self._told(config, problem))
        return not any(results)

    async def _connect_local(self) -> bool:
        problems: list[str] = []
        for config in choice.local():
            problem = await self._open(config)
            if problem is None:
                for earlier in problems:
                    say(earlier)
                if problems:
                    say(tr("Using {uri} instead.", uri=config.uri))
                return True
            problems.append(self._told(config, problem))
        for message in problems:
            self.complain(message)
        return False

    def _told(self, config: HostConfig, problem: Problem) -> str:
        message = told(problem, self.shared.debug)
        return message if config.uri in message else f"{config.uri}: {message}"

    async def _open(self, config: HostConfig) -> Problem | None:
        # Nobody to answer here: ssh asks on the terminal, if there is one. On a terminal hosts are called by their URI.
        reach = Reach(replace(config, name=""), self.paths.runtime, None)
        self._reaches.append(reach)
        asked = parse(config.uri).transport == "ssh" and sys.stdin is not None and sys.stdin.isatty()
        try:
            async with asyncio.timeout(None if asked else OPENING):
                connection = await reach.open(1, lambda event: None)
        except VirtError as error:
            return error.problem
        except TimeoutError:
            return _silent(config)
        self.links.open[config.id] = connection
        self.store.put_host(Host(config, Link.UP, capabilities=connection.capabilities))
        self.debug(f"{config.uri}: {connection.capabilities}")
        return None

    async def tidy_up(self) -> None:
        """Put right what a killed program left behind on these hosts, and say so."""
        if not any(self.paths.journal_folder.glob("*.journal")):
            return
        tidying = importlib.import_module("vmdesk.core.tidying")  # no other start needs it
        for connection in self.links.open.values():
            if connection.readonly:
                continue
            for one in tidying.tidy_up(Journal(self.paths.journal_folder), connection, self.jobs):
                job = await one.job
                say(told(job.problem, self.shared.debug) if job.problem else job.note or job.title)
            await self._drop_spent(connection)

    async def _drop_spent(self, connection: Connection) -> None:
        """An installer's answers whose installation has ended."""
        spent = importlib.import_module("vmdesk.core.creating.spent")
        for record, entry in spent.waiting(Journal(self.paths.journal_folder), connection.config_uri):
            try:
                if said := await spent.take_away(connection, record, entry):
                    say(said)
            except VirtError as error:
                self.debug(str(error))  # another time

    async def read(self) -> None:
        """List the machines of all hosts into the store."""
        listed = await asyncio.gather(*(domains.list_all(one) for one in self.links.open.values()))
        for found in listed:
            self.store.update(self.labels.merge(found))

    def machines(self) -> list[Domain]:
        """All machines, by host and name."""
        return sorted(self.store.domains.values(), key=lambda one: (one.key.host, one.name.casefold(), one.name))

    def host(self, domain: Domain) -> Host:
        return self.store.hosts[domain.key.host]

    def uri(self, domain: Domain) -> str:
        return self.host(domain).config.uri

    def find(self, names: Iterable[str]) -> list[Domain]:
        """The machines of these names or UUIDs, each once; what is not found or not clear is complained about."""
        found: dict[DomainKey, Domain] = {}
        for name in names:
            canonical = _canonical(name)
            matches = [one for one in self.machines() if name == one.name or canonical == one.uuid]
            if len(matches) == 1:
                found[matches[0].key] = matches[0]
            elif not matches:
                self.complain(tr("There is no machine {name}.", name=plain.clean(name)))
            else:
                self.complain(
                    tr("{name} is the name of several machines; use the UUID or --connect:", name=plain.clean(name))
                )
                for one in matches:
                    say(f"  {one.uuid}  {self.uri(one)}")
        return list(found.values())

    async def close(self) -> None:
        await self.jobs.close()
        await asyncio.gather(*(connection.close() for connection in self.links.open.values()))
        await asyncio.gather(*(reach.close() for reach in self._reaches))


class _Terminal:
    """Nobody is asked: whoever types a verb means it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def confirm(self, confirm: Confirm) -> bool:
        return True

    async def text(self, question: Question) -> str | None:
        return None

    async def labels(self, machines: Sequence[Domain]) -> LabelsEdit | None:
        return None

    def offer(self, offer: Offer) -> None:
        self._session.complain(offer.message)

    def tell(self, note: Text) -> None:
        say(note)

    def warn(self, note: Text) -> None:
        say(note)

    def copy(self, what: str) -> None:
        emit(what)

    def begin(self, work: str, key: DomainKey) -> None:
        """The command line has verbs of its own for that."""

    def open(self, key: DomainKey) -> None:
        pass


def _silent(config: HostConfig) -> Problem:
    """A daemon that is there and says nothing would be waited for for ever."""
    command = f"systemctl status {(not parse(config.uri).host and packages.daemon()) or 'libvirtd'}"
    return Problem(
        text("{doing} did not work.", doing=text('Connecting to "{host}"', host=config.uri)),
        text("There was no answer within {seconds} seconds.", seconds=f"{OPENING:g}"),
        text("libvirt's service there may hang or be very busy. See there: {command}", command=command),
        name="timeout",
        command=command,
    )


def _canonical(name: str) -> str | None:
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return None
