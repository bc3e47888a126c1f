"""`vmdesk trash`: what is done."""

import argparse
import time
from typing import Any

from vmdesk.cli.deleting import agreed, line
from vmdesk.cli.output import emit, emit_json, say, told
from vmdesk.cli.session import Session
from vmdesk.cli.working import DONE, FAILED, job
from vmdesk.core import plain, units
from vmdesk.core.chains import DeletePlan
from vmdesk.core.deleting import trash
from vmdesk.core.deleting.delete import Deleted
from vmdesk.core.deleting.emptying import EmptyPlan
from vmdesk.core.journal import Journal
from vmdesk.model.domain import Domain
from vmdesk.model.errors import VirtError
from vmdesk.model.text import text, tr
from vmdesk.virt.connection import Connection


async def run(session: Session, options: argparse.Namespace) -> int:
    await session.read()
    if options.what == "list":
        return await _list(session)
    found = session.find(options.names) if options.names else []
    if options.names and not found:
        return FAILED
    if options.what == "empty":
        return await _empty(session, options, found)
    return await _mark(session, found, options.what == "put")


async def _mark(session: Session, machines: list[Domain], put: bool) -> int:
    records = []
    for domain in machines:
        connection = session.links.open[domain.key.host]
        try:
            if put:
                await trash.trash(connection, domain)
            else:
                await trash.take_out(connection, domain.uuid)
        except VirtError as error:
            session.complain(told(error.problem, session.shared.debug))
            continue
        records.append({"name": domain.name, "uuid": domain.uuid, "trashed": put})
        name = plain.clean(domain.name)
        if not session.shared.json:
            emit(
                tr("{name} is in the trash: nothing of it was deleted.", name=name)
                if put
                else tr("{name} is out of the trash.", name=name)
            )
    if session.shared.json:
        emit_json(records if len(machines) > 1 else records[0] if records else None)
    return DONE if len(records) == len(machines) else FAILED


def _there(session: Session) -> list[Domain]:
    found = [one for one in session.machines() if one.definition.trashed]
    return sorted(found, key=lambda one: -one.definition.trashed)


async def _plans(session: Session, machines: list[Domain]) -> dict[str, EmptyPlan]:
    """By host's id."""
    found = {}
    for host in dict.fromkeys(one.key.host for one in machines):
        uuids = [one.uuid for one in machines if one.key.host == host]
        found[host] = await trash.contents(session.links.open[host], uuids)
    return found


async def _list(session: Session) -> int:
    machines = _there(session)
    hosts = await _plans(session, machines)
    plans = {plan.owner.uuid: plan for one in hosts.values() for plan in (*one.goes, *one.stays)}
    if session.shared.json:
        emit_json([_record(session, one, plans[one.uuid], False) for one in machines if one.uuid in plans])
        return DONE
    rows = []
    for one in machines:
        plan = plans.get(one.uuid)
        size = units.size(plan.frees) if plan and plan.refused is None else ""
        why = str(plan.refused) if plan and plan.refused is not None else ""
        rows.append(
            (
                plain.clean(one.name),
                time.strftime("%Y-%m-%d %H:%M", time.localtime(one.definition.trashed)),
                size,
                plain.clean(why),
            )
        )
    if rows:
        for words in plain.table((tr("Name"), tr("Since"), tr("Frees"), ""), rows, frozenset({2})):
            emit(words)
    return DONE


def _record(session: Session, domain: Domain, plan: DeletePlan, done: bool) -> dict[str, Any]:
    return {
        "name": domain.name,
        "uuid": domain.uuid,
        "host": session.uri(domain),
        "trashed": domain.definition.trashed,
        "done": done,
        "goes": [image.path for image in plan.gone] if plan.refused is None else [],
        "stays": [item.image.path for item in plan.stays],
        "snapshots": list(plan.snapshots),
        "frees": plan.frees if plan.refused is None else 0,
        "refused": str(plan.refused) if plan.refused is not None else None,
    }


async def _empty(session: Session, options: argparse.Namespace, chosen: list[Domain]) -> int:
    outside = [one.name for one in chosen if not one.definition.trashed]
    for name in outside:
        session.complain(tr("{name} is not in the trash.", name=plain.clean(name)))
    if outside:
        return FAILED
    machines = chosen or _there(session)
    hosts = await _plans(session, machines)
    by_uuid = {one.uuid: one for one in machines}
    goes = [(session.links.open[host], plan) for host, one in hosts.items() for plan in one.goes]
    stays = [plan for one in hosts.values() for plan in one.stays]
    if not session.shared.json:
        _show([plan for _connection, plan in goes])
    for plan in stays:
        session.complain(plain.clean(f"{plan.owner.name}: {plan.refused}"))
    done = dict.fromkeys(by_uuid, False)
    code = FAILED if stays else DONE
    if goes and not options.dry_run:
        if options.yes or agreed(tr('Delete what is in the trash for good? Type "yes": ')):
            code = await _delete(session, goes, done) or code
        else:
            say(tr("Nothing was deleted. To delete it without being asked: --yes"))
            code = FAILED
    if session.shared.json:
        everything = [plan for _connection, plan in goes] + stays
        emit_json([_record(session, by_uuid[one.owner.uuid], one, done[one.owner.uuid]) for one in everything])
    return code


def _show(plans: list[DeletePlan]) -> None:
    for plan in plans:
        emit(tr("What goes of {name}:", name=plain.clean(plan.owner.name)))
        emit("  " + tr("its definition"))
        for snapshot in plan.snapshots:
            emit("  " + tr("the snapshot {snapshot}", snapshot=plain.clean(snapshot)))
        for item in plan.items:
            if item.ticked:
                emit("  " + plain.clean(line(item)))
        for item in plan.stays:
            emit("  " + tr("stays: {file}", file=plain.clean(line(item))))
    if plans:
        emit(tr("Freed: {size}", size=units.size(sum(plan.frees for plan in plans))))


async def _delete(session: Session, goes: list[tuple[Connection, DeletePlan]], done: dict[str, bool]) -> int:
    code = DONE
    for connection, plan in goes:
        owner = plan.owner

        async def work(report: Any, connection: Connection = connection, plan: DeletePlan = plan) -> Deleted:
            journal = Journal(session.paths.journal_folder)
            chosen = [image.path for image in plan.gone]
            return await trash.discard(journal, connection, plan.owner.uuid, plan.owner.name, chosen, report)

        ended, came = await job(session, text("Deleting {name}", name=owner.name), work)
        done[owner.uuid] = ended
        if not ended or came.left:
            code = FAILED
        for path in came.left if ended else ():
            session.complain(tr("{path} could not be deleted.", path=plain.clean(path)))
        if ended and not session.shared.json:
            emit(tr("{name} is deleted.", name=plain.clean(owner.name)))
    return code
