"""Changes to hardware as jobs: live where the host can, and in the definition."""

import shlex
from collections.abc import Sequence

from vmdesk.core import lacking
from vmdesk.core.command import Context, reference
from vmdesk.core.hardware.reading import Seen
from vmdesk.core.jobs import Job, Report
from vmdesk.model.domain import Domain
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import hardware
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Affect, Applied, Change
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit import EditError
from vmdesk.virtxml.masks import Vault


async def apply(ctx: Context, seen: Seen, changes: Sequence[Change]) -> tuple[Applied, ...] | Problem:
    """Make them, as one job; what became of each, or why not (which the job has told)."""
    domain = seen.domain
    doing = text("Changing the hardware of {name}", name=domain.name)
    done: list[Applied] = []

    async def work(report: Report) -> None:
        connection = ctx.sessions.of(domain.key).require()
        base = seen.base if domain.persistent else None
        try:
            with ctx.trace.noting(domain.key, domain.name, doing, lambda: _calls(changes, done), _virsh(ctx, domain)):
                said = await _lacking(connection, seen, changes)
                done.extend(await hardware.apply(connection, domain.uuid, changes, Affect.BOTH, base))
        except VirtError as error:
            raise VirtError(_without_secrets(error.problem, seen.base)) from None
        late = [one for one in done if one.later is not None]
        if late and seen.active:
            report(1.0, outcome_of(late))
        for warning in said:
            ctx.ask.warn(warning)

    job: Job = await ctx.jobs.start(doing, work, (domain.key,), cancellable=False)
    return job.problem if job.problem is not None else tuple(done)


async def _lacking(connection: Connection, seen: Seen, changes: Sequence[Change]) -> tuple[Text, ...]:
    """What may be in the way of its next start. VirtError if what they name is certainly not there."""
    xml = seen.base
    try:
        for one in changes:
            xml = one.edit(xml) if one.edit is not None else xml
        found = await lacking.look(connection, xml, seen.base)
    except (EditError, XmlError):
        return ()  # told by whoever makes the changes
    problem = lacking.problem(found, seen.domain.name)
    if problem is not None:
        raise VirtError(problem)
    return lacking.warnings(found)


STILL = text("It is there from the next start on.")
_PLAIN = {text("It holds from the next start.").source, STILL.source}  # they say no more than that


def outcome_of(late: Sequence[Applied]) -> Text:
    """What could not be done while the machine runs."""
    if len(late) == 1 and (late[0].later is None or late[0].later.source in _PLAIN):
        return text("{what}: from the next start", what=late[0].what)
    if len(late) == 1:
        return text("{what}: from the next start. {why}", what=late[0].what, why=late[0].later)
    return text("{n} changes hold from the next start", n=len(late))


def told(done: Sequence[Applied], seen: Seen) -> Text | None:
    """A word about what became of them, for people; None: nothing happened."""
    if not done:
        return None
    late = [one for one in done if one.later is not None]
    if late and seen.active:
        return outcome_of(late)
    if seen.active:
        return text("The hardware of {name} is changed.", name=seen.domain.name)
    return text("The hardware of {name} is changed, from its next start on.", name=seen.domain.name)


def _without_secrets(problem: Problem, base: str) -> Problem:
    """libvirt may quote what it complains about."""
    vault = Vault()
    vault.hide(base)
    return Problem(
        problem.what, problem.why, problem.what_next, vault.censor(problem.details), problem.code, problem.name
    )


def _calls(changes: Sequence[Change], done: Sequence[Applied]) -> str:
    """libvirt's functions that were called, each once."""
    live = [change.call for change, one in zip(changes, done, strict=False) if one.live and change.call]
    stored = ["virDomainDefineXMLFlags"] if not done or any(one.stored for one in done) else []
    return ", ".join(dict.fromkeys([*live, *stored]))


def _virsh(ctx: Context, domain: Domain) -> str:
    host = ctx.store.hosts.get(domain.key.host)
    return shlex.join(("virsh", "-c", host.config.uri if host else "", "edit", reference(domain)))
