"""What a command is, when it may run, and the one way to run it on one machine or on forty."""

import asyncio
import shlex
import string
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from vmdesk.core.jobs import Job, Jobs, Report
from vmdesk.core.labels import LabelsEdit, LocalLabels
from vmdesk.core.settings import SettingsFile
from vmdesk.core.store import Store, away, read_only, unable
from vmdesk.core.trace import Trace
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Feature, Host
from vmdesk.model.text import Text, text
from vmdesk.virt.connection import Connection

AT_ONCE = 4  # libvirt calls of one command at the same time on one host
LISTED = 10  # names written out in a question about many machines


@dataclass(frozen=True, slots=True)
class Confirm:
    """A question before something that cannot be undone.

    items   lines that say what exactly: machines' names, files with their sizes
    action  the word on the button that does it
    id      the command's; a person may switch the question off in the preferences unless `always`
    """

    id: str
    title: Text
    message: Text
    action: Text
    items: tuple[Text | str, ...] = ()
    danger: bool = True
    always: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A line of text wanted. `check` says what is wrong with an answer, None when it is fine."""

    title: Text
    label: Text
    value: str
    action: Text
    check: Callable[[str], Text | None] = lambda answer: None


@dataclass(frozen=True, slots=True)
class Offer:
    """Something happened, and a command would help: a notice with a button, never a modal.

    undo  nothing is wrong, the command takes back what was done just now
    """

    message: Text
    command: "Command"
    keys: tuple[DomainKey, ...]
    undo: bool = False


class Ask(Protocol):
    """The person in front of it: the window's dialogs and notice bar, or the command line."""

    async def confirm(self, confirm: Confirm) -> bool: ...
    async def text(self, question: Question) -> str | None: ...
    async def labels(self, domains: Sequence[Domain]) -> LabelsEdit | None: ...
    def offer(self, offer: Offer) -> None: ...
    def tell(self, note: Text) -> None: ...
    def warn(self, note: Text) -> None: ...
    def copy(self, what: str) -> None: ...
    def open(self, key: DomainKey) -> None: ...
    def begin(self, work: str, key: DomainKey) -> None: ...


class Linked(Protocol):
    """One host's session."""

    def require(self) -> Connection: ...


class Links(Protocol):
    """All hosts' sessions."""

    def of(self, key: DomainKey) -> Linked: ...


@dataclass
class Context:
    """What commands work with. `live`: the store is fed by events (the window); else it is a listing (the CLI)."""

    store: Store
    sessions: Links
    jobs: Jobs
    settings: SettingsFile
    trace: Trace
    labels: LocalLabels
    ask: Ask
    live: bool = True
    turns: dict[str, asyncio.Semaphore] = field(default_factory=dict)  # host id -> its AT_ONCE places
    programs: list["subprocess.Popen[bytes]"] = field(default_factory=list)  # terminals that we opened

    def turn(self, host: str) -> asyncio.Semaphore:
        """The places for calls on one host."""
        return self.turns.setdefault(host, asyncio.Semaphore(AT_ONCE))


@dataclass(frozen=True, slots=True)
class Act:
    """One command at work on one machine. `argument` is what `Command.ask` brought (a new name, a LabelsEdit)."""

    ctx: Context
    connection: Connection
    domain: Domain
    report: Report
    argument: Any = None

    @property
    def uuid(self) -> str:
        return self.domain.uuid


_NOTHING = Text("")


def _never(domain: Domain) -> Text | None:
    return None


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be done to machines. Menus, toolbar, palette, shortcuts, CLI and trace read the same record.

    when     why it makes no sense on this machine now, in words; None: it does
    needs    what the driver must be able to do
    doing    the job's title, with {name}
    run      the libvirt call, in one of the host's AT_ONCE places; None for what needs no libvirt (see `act`)
    after    what follows the call without holding a place (waiting for the guest)
    act      instead of `run`: done at once, for all machines together, without a job; one that `writes` begins
             something that asks and works by itself
    call     libvirt's function; `virsh` the arguments of the virsh lines that do the same
    already  a note if the machine is already so (the command line's exit code is 0 then)
    ask      brings the argument from the person; None back: given up
    confirm  what exactly will happen, to be agreed to first
    single   makes sense on one machine at a time only
    writes   not on a read-only connection
    """

    id: str
    text: Text
    icon: str  # a Material Design Icons name
    shortcut: str
    when: Callable[[Domain], Text | None]
    doing: Text = _NOTHING
    run: Callable[[Act], Awaitable[None]] | None = None
    after: Callable[[Act], Awaitable[None]] | None = None
    act: Callable[[Context, Sequence[Domain]], None] | None = None
    call: str = ""
    virsh: Callable[[Domain, Any], Sequence[Sequence[str]]] = lambda domain, argument: ()
    needs: Feature | None = None
    already: Callable[[Domain], Text | None] = _never
    ask: Callable[[Context, Sequence[Domain]], Awaitable[Any]] | None = None
    confirm: Callable[[Context, Sequence[Domain]], Awaitable[Confirm | None]] | None = None
    danger: bool = False
    writes: bool = True
    single: bool = False

    def doing_to(self, name: str) -> Text:
        """The job's title for one machine."""
        return Text(self.doing.source, (("name", name),))

    def virsh_lines(self, domain: Domain, uri: str, argument: Any = None) -> str:
        """What to type into a shell to do the same; "" where virsh has no such thing."""
        lines = self.virsh(domain, argument)
        return "\n".join(shlex.join(("virsh", "-c", uri, *line)) for line in lines)


def reference(domain: Domain) -> str:
    """How virsh is told which machine: its name, or the UUID where virsh would take the name for something else."""
    name = domain.name
    if name.startswith("-") or name.isdigit() or _is_uuid(name):
        return domain.uuid
    return name


def reason(command: Command, domain: Domain, host: Host | None) -> Text | None:
    """Why the command cannot run on this machine now, in words; None: it can."""
    if command.act is None or command.writes:
        why = away(host, domain.key.host)
        why = why or (read_only(host) if command.writes else None)
        why = why or (unable(host, command.needs) if command.needs else None)
        if why:
            return why
        if command.id != "domain.poweroff":
            if not domain.responding:
                return text("{name} does not answer. Only Force off works.", name=domain.name)
            if domain.busy:
                return text("{name} is busy: {busy}. Wait until that has ended.", name=domain.name, busy=domain.busy)
    return command.when(domain)


def reason_many(command: Command, domains: Sequence[Domain], store: Store) -> Text | None:
    """Why the command can run on none of these machines; None: on at least one."""
    if not domains:
        return text("Select a machine first.")
    if command.single and len(domains) > 1:
        return text("This works on one machine at a time.")
    first: Text | None = None
    for domain in domains:
        why = reason(command, domain, store.hosts.get(domain.key.host))
        if why is None:
            return None
        first = first or why
    return first


def named(domains: Sequence[Domain]) -> tuple[Text | str, ...]:
    """The machines' names for a question, the first ten and how many more."""
    names: list[Text | str] = [domain.name for domain in domains[:LISTED]]
    if len(domains) > LISTED:
        names.append(text("and {n} more", n=len(domains) - LISTED))
    return tuple(names)


async def run_on(
    ctx: Context, command: Command, domains: Sequence[Domain], argument: Any = None, confirmed: bool = False
) -> list["asyncio.Task[Job]"]:
    """Do it: asks what has to be asked, then starts one job a machine, at most AT_ONCE at the same time on one host.

    Machines on which it cannot run are left out. The tasks end with the ended jobs; none when the person gave up.
    """
    able = [one for one in domains if reason(command, one, ctx.store.hosts.get(one.key.host)) is None]
    if not able:
        return []
    if command.act is not None:
        command.act(ctx, able)
        return []
    if argument is None and command.ask is not None:
        argument = await command.ask(ctx, able)
        if argument is None:
            return []
    if command.confirm is not None and not confirmed and not await _agreed(ctx, command, able):
        return []
    return [_start(ctx, command, domain, argument) for domain in able]


def launch(ctx: Context, command: Command, domains: Sequence[Domain], argument: Any = None) -> "asyncio.Task[None]":
    """`run_on` from a click: does not wait."""

    async def click() -> None:
        await run_on(ctx, command, domains, argument)

    return ctx.jobs.spawn(f"command {command.id}", click())


async def _agreed(ctx: Context, command: Command, domains: Sequence[Domain]) -> bool:
    assert command.confirm is not None
    try:
        confirm = await command.confirm(ctx, domains)
    except VirtError as error:
        ctx.ask.tell(error.problem.what)
        return False
    if confirm is None or (not confirm.always and not ctx.settings.current.confirms(command.id)):
        return True
    return await ctx.ask.confirm(confirm)


def _start(ctx: Context, command: Command, domain: Domain, argument: Any) -> "asyncio.Task[Job]":
    async def work(report: Report) -> None:
        turn = ctx.turn(domain.key.host)
        if turn.locked():
            report(None, text("Waiting for its turn"))
        async with turn:
            report(None)
            act = await _call(ctx, command, domain, report, argument)
        if command.after is not None:
            await command.after(act)

    return ctx.jobs.start(command.doing_to(domain.name), work, (domain.key,))


async def _call(ctx: Context, command: Command, domain: Domain, report: Report, argument: Any) -> Act:
    """The libvirt call itself, and its step in the trace."""
    assert command.run is not None
    host = ctx.store.hosts.get(domain.key.host)
    virsh = command.virsh_lines(domain, host.config.uri if host else "", argument)
    with ctx.trace.noting(domain.key, domain.name, command.doing_to(domain.name), command.call, virsh):
        act = Act(ctx, ctx.sessions.of(domain.key).require(), domain, report, argument)
        await command.run(act)
    return act


def refused(what: Text, why: Text | None = None, what_next: Text | None = None, name: str = "refused") -> VirtError:
    """A command's own "no"."""
    return VirtError(Problem(what, why, what_next, name=name))


def _is_uuid(name: str) -> bool:
    digits = name.replace("-", "")
    return len(digits) == 32 and all(digit in string.hexdigits for digit in digits)
