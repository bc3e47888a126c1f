"""The verbs that change something: the same commands as in the window."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vmdesk.cli.output import emit, emit_json, say, told
from vmdesk.cli.session import Session
from vmdesk.core import plain, single
from vmdesk.core.command import Act, Command, reason, refused, run_on
from vmdesk.core.commands.domain import BY_ID
from vmdesk.core.commands.questions import file_line, what_stays
from vmdesk.core.commands.work import until_off
from vmdesk.core.jobs import Job, JobState
from vmdesk.core.labels import LabelsEdit, tags_of
from vmdesk.model.domain import Domain
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text, tr

DONE, FAILED = 0, 1

Verb = Callable[[Session, argparse.Namespace], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one machine. `note`: it was so already; `problem`: why not."""

    domain: Domain
    note: Text | None = None
    problem: Problem | None = None

    @property
    def done(self) -> bool:
        return self.problem is None


def of(command_id: str) -> Verb:
    """The verb that runs a command on the machines of its names."""

    async def run(session: Session, options: argparse.Namespace) -> int:
        await _show_results(session, BY_ID[command_id], await _on_names(session, BY_ID[command_id], options.names))
        return DONE

    return run


async def start(session: Session, options: argparse.Namespace) -> int:
    return await of("domain.start-paused" if options.paused else "domain.start")(session, options)


async def autostart(session: Session, options: argparse.Namespace) -> int:
    return await of("domain.autostart" if options.on else "domain.no-autostart")(session, options)


async def shut_down(session: Session, options: argparse.Namespace) -> int:
    """Returns when the guests were asked, or with --wait when they are off."""
    seconds = options.wait

    async def wait(act: Act) -> None:
        if not await until_off(act.ctx, act.domain, seconds):
            name = act.domain.name
            raise refused(
                text(
                    "{name} has not shut down within {n} second."
                    if seconds == 1
                    else "{name} has not shut down within {n} seconds.",
                    name=name,
                    n=f"{seconds:g}",
                ),
                None,
                text("To force it off: vmdesk poweroff {name}", name=name),
                "shutdown-timeout",
            )

    command = replace(BY_ID["domain.shutdown"], after=None if seconds is None else wait)
    results = await _on_names(session, command, options.names)
    await _show_results(session, command, results)
    return DONE


async def rename(session: Session, options: argparse.Namespace) -> int:
    await session.read()
    command = BY_ID["domain.rename"]
    machines = session.find([options.name])
    if machines and machines[0].name == options.new:
        note = text("{name} already has this name.", name=options.new)
        say(plain.clean(str(note)))
        await _show_results(session, command, [Result(machines[0], note)])
        return DONE
    await _show_results(session, command, await _on(session, command, machines, options.new))
    return DONE


async def undefine(session: Session, options: argparse.Namespace) -> int:
    """Deletes definitions, and lists the files that stay."""
    await session.read()
    command = BY_ID["domain.undefine"]
    machines = session.find(options.names)
    stays = {one.key: await what_stays(session.context, one) for one in machines}
    results = await _on(session, command, machines)

    def files(domain: Domain) -> dict[str, Any]:
        return {"stays": [{"path": file.path, "kind": file.kind, "bytes": file.bytes} for file in stays[domain.key]]}

    await _show_results(session, command, results, files)
    if not session.shared.json:
        for result in results:
            if result.done and stays[result.domain.key]:
                emit(tr("What stays on disk of {name}:", name=plain.clean(result.domain.name)))
                for file in stays[result.domain.key]:
                    emit("  " + plain.clean(str(file_line(file))))
    return DONE


async def tag(session: Session, options: argparse.Namespace) -> int:
    """Changes tags, or without --add and --remove shows them."""
    await session.read()
    machines = session.find(options.names)
    edit = LabelsEdit(add=_tags(options.add), remove=_tags(options.remove))
    command = replace(BY_ID["domain.labels"], already=lambda one: _same_tags(edit, one))
    results = await _on(session, command, machines, edit) if edit != LabelsEdit() else [Result(one) for one in machines]
    labelled = [(one.domain, edit.apply(one.domain.labels) if one.done else one.domain.labels) for one in results]
    if session.shared.json:
        emit_json(
            [
                _record(session, result) | {"tags": list(labels.tags)}
                for result, (_one, labels) in zip(results, labelled)
            ]
        )
        return DONE
    for one, labels in labelled:
        emit(f"{plain.clean(one.name)}: {plain.clean(', '.join(labels.tags))}".rstrip(": "))
    return DONE


async def open_window(session: Session, options: argparse.Namespace) -> int:
    """The machine's page in the window that is open, else in a new one."""
    await session.read()
    for one in session.find([options.name]):
        message = {"do": "open", "uri": session.uri(one), "uuid": one.uuid, "name": one.name}
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(None, single.send, session.paths.socket, message):
            session.then_window = ["--open", one.uuid]
    return DONE


def _tags(given: Sequence[str]) -> tuple[str, ...]:
    return tags_of(",".join(given))


def _same_tags(edit: LabelsEdit, domain: Domain) -> Text | None:
    if edit.apply(domain.labels) == domain.labels:
        return text("{name} already has exactly these tags.", name=domain.name)
    return None


async def _on_names(session: Session, command: Command, names: Sequence[str]) -> list[Result]:
    await session.read()
    return await _on(session, command, session.find(names))


async def _on(session: Session, command: Command, machines: Sequence[Domain], argument: Any = None) -> list[Result]:
    """Run a command on machines; those that are so already or cannot are told apart first."""
    results: dict[Domain, Result] = {}
    for one in machines:
        if note := command.already(one):
            say(plain.clean(str(note)))
            results[one] = Result(one, note)
        elif why := reason(command, one, session.host(one)):
            session.complain(plain.clean(str(why)))
            results[one] = Result(one, problem=Problem(why, name="refused"))
    able = [one for one in machines if one not in results]
    for one, task in zip(able, await run_on(session.context, command, able, argument, confirmed=True)):
        results[one] = _result(session, one, await task)
    for step in session.trace.entries:
        session.debug(f"{step.call}: {step.virsh}")
    return [results[one] for one in machines]


def _result(session: Session, domain: Domain, job: Job) -> Result:
    if job.state is JobState.DONE:
        return Result(domain)
    problem = job.problem or Problem(text("{name}: cancelled", name=domain.name))
    message = told(problem, session.shared.debug)
    session.complain(message if domain.name in message else f"{plain.clean(domain.name)}: {message}")
    return Result(domain, problem=problem)


def _record(session: Session, result: Result) -> dict[str, Any]:
    domain = result.domain
    return {
        "name": domain.name,
        "uuid": domain.uuid,
        "host": session.uri(domain),
        "done": result.done,
        "note": str(result.note) if result.note else None,
        "error": str(result.problem) if result.problem else None,
    }


async def _show_results(
    session: Session,
    command: Command,
    results: Sequence[Result],
    more: Callable[[Domain], dict[str, Any]] = lambda domain: {},
) -> None:
    if session.shared.json:
        emit_json([_record(session, one) | more(one.domain) for one in results])
        return
    for one in results:
        if one.done and one.note is None:
            emit(tr("{doing}: done", doing=plain.clean(str(command.doing_to(one.domain.name)))))
