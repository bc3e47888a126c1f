"""`vmdesk create`: what is done."""

import argparse
import getpass
import sys
from dataclasses import replace
from typing import Any

from vmdesk.cli import create as arguments
from vmdesk.cli.output import emit, emit_json, say, told
from vmdesk.cli.session import Session
from vmdesk.core import plain
from vmdesk.core.creating.answering import answers
from vmdesk.core.creating.create import Created, Tools, create
from vmdesk.core.creating.findings import find
from vmdesk.core.creating.knowledge import Knowledge
from vmdesk.core.creating.preview import preview
from vmdesk.core.jobs import Job, JobState, Report
from vmdesk.core.journal import Journal
from vmdesk.model.names import names
from vmdesk.model.system import Certainty
from vmdesk.model.text import Text, text, tr
from vmdesk.model.wish import From, Here, Nets, NicWish, Wish
from vmdesk.virt import abilities, making
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import review
from vmdesk.virtxml.build.complaint import Weight
from vmdesk.virtxml.document import XmlError

DONE, FAILED = 0, 1


async def run(session: Session, options: argparse.Namespace) -> int:
    if len(session.links.open) > 1:
        session.complain(tr("A machine is made on one host: give one --connect."))
        return FAILED
    (connection,) = session.links.open.values()
    wanted = arguments.read(options, _line if arguments.several_secrets(options) else _stdin)
    if wanted.wish.source is From.XML:
        return await _from_xml(session, connection, wanted.wish, options)
    knowledge = Knowledge()
    try:
        return await _create(session, connection, wanted, options, knowledge)
    finally:
        knowledge.close()


async def _create(
    session: Session, connection: Connection, wanted: arguments.Read, options: argparse.Namespace, knowledge: Knowledge
) -> int:
    host = await abilities.host_abilities(connection)
    wish = wanted.wish
    if not wanted.network_chosen and host.session:
        wish = replace(wish, nics=(NicWish(Nets.USER, ""),))
    found = await find(connection, knowledge, wish, host)
    if knowledge.problem is not None:
        say(told(knowledge.problem.problem, session.shared.debug))
    wrong = False
    for one in found.complaints:
        if one.weight is Weight.WARNING or (one.weight is Weight.CONFIRM and options.anyway):
            say(one.what)
            continue
        wrong = True
        session.complain(one.what)
        if one.weight is Weight.CONFIRM:
            say(tr("With --anyway it is done nevertheless."))
    if wrong:
        return FAILED
    if options.print_xml:
        shown = preview(wish, found, await answers(knowledge, wish, found, names(wish)[0]))
        if options.print_xml == arguments.AFTERWARDS:
            emit(shown.stored.rstrip("\n"))
            return DONE
        emit(shown.first.rstrip("\n"))
        if shown.first != shown.stored:
            say(tr("This is for the installation; --print-xml afterwards shows what stays."))
        return DONE
    if found.system.certainty is Certainty.RELATIVE:
        say(tr("{system}: set up like {relative}.", system=found.system.name, relative=found.system.stands_for))
    tools = Tools(Journal(session.paths.journal_folder), knowledge, session.paths.scratch)
    results: list[Created] = []

    async def work(report: Report) -> None:
        results.append(await create(tools, connection, wish, found, report, options.anyway))

    job = await session.jobs.start(text("Making {name}", name=wish.name), _told(work))
    return _show(session, wish, job, results)


def _told(work: Any) -> Any:
    """What is being done, on stderr; a job's progress only where somebody watches."""
    watched = sys.stderr.isatty()

    async def telling(report: Report) -> None:
        last: list[str] = [""]

        def tell(progress: float | None, note: Text | None = None) -> None:
            report(progress, note)
            line = str(note or "")
            if line and line != last[0]:
                last[0] = line
                say(line)
            elif watched and progress is not None:
                sys.stderr.write(f"\r{progress * 100:3.0f} %\r")

        await work(tell)

    return telling


def _show(session: Session, wish: Wish, job: Job, results: list[Created]) -> int:
    if job.state is not JobState.DONE:
        if job.problem is not None:
            session.complain(told(job.problem, session.shared.debug))
        return FAILED
    (created,) = results
    for line in created.set_up:
        say(line)
    uri = next(iter(session.links.open.values())).config_uri
    if session.shared.json:
        emit_json([{"name": name, "uuid": uuid, "host": uri} for name, uuid in created.machines])
    else:
        for name, _ in created.machines:
            emit(plain.clean(name))
    if wish.source is From.KERNEL and not wish.start:
        say(tr("Every start is the installer's until you take the kernel out of the definition."))
    return DONE


async def _from_xml(session: Session, connection: Connection, wish: Wish, options: argparse.Namespace) -> int:
    """A definition from a file is looked through: what could do harm is out unless --allow names it. Never started."""
    assert isinstance(wish.media, Here)
    xml = _stdin("") if wish.media.path == arguments.STDIN else arguments.file(wish.media.path)
    try:
        findings = review.review(xml)
        numbers = {str(number): found.id for number, found in enumerate(findings, 1)}
        allowed = frozenset(numbers[one] for one in options.allow if one in numbers)
        cleaned = review.apply(xml, allowed, fresh=True, name=wish.name)
        wrong = review.problems(cleaned)
    except XmlError as error:
        session.complain(tr("This is not a definition of a machine: {error}", error=plain.clean(str(error))))
        return FAILED
    for one in options.allow:
        if one not in numbers:
            session.complain(tr("--allow {n}: there are {all} of them.", n=plain.clean(one), all=len(numbers)))
    for sentence in wrong:
        session.complain(sentence)
    if session.failed:
        return FAILED
    for number, found in enumerate(findings, 1):
        verdict = tr("left in") if found.id in allowed else tr("left out; --allow {n} keeps it", n=number)
        say(plain.clean(f"{number}. {found.what} {found.value} {found.why} [{verdict}]"))
    if options.print_xml:
        emit(cleaned.rstrip("\n"))
        return DONE
    made = await making.define(connection, cleaned)
    if session.shared.json:
        emit_json([{"name": wish.name, "uuid": made, "host": connection.config_uri}])
    else:
        emit(plain.clean(wish.name))
    return DONE


def _stdin(question: str) -> str:
    """What is typed without being shown, or all that is piped in."""
    if question and sys.stdin.isatty():
        return getpass.getpass(question, sys.stderr)
    return sys.stdin.read(arguments.LONGEST + 1)


def _line(question: str) -> str:
    """What is typed without being shown, or the next line that is piped in."""
    return _stdin(question) if sys.stdin.isatty() else sys.stdin.readline(arguments.LONGEST + 1)
