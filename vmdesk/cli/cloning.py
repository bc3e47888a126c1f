"""`vmdesk clone` and `vmdesk template`: what is done."""

import argparse
from typing import Any

from vmdesk.cli.output import emit, emit_json
from vmdesk.cli.session import Session
from vmdesk.cli.working import DONE, FAILED, job, machine
from vmdesk.core import plain, units
from vmdesk.core.cloning.clone import Cloned, clone, plan
from vmdesk.core.cloning.templates import make_template, unmake_template
from vmdesk.core.journal import Journal
from vmdesk.model.text import text, tr


async def run(session: Session, options: argparse.Namespace) -> int:
    found = await machine(session, options.name)
    if found is None:
        return FAILED
    domain, connection = found
    if options.dry_run:
        told = await plan(connection, domain.uuid, options.new, options.count, options.linked)
        if session.shared.json:
            emit_json(
                {
                    "names": list(told.names),
                    "bytes": told.bytes,
                    "freezes": [image.path for image in told.freezes],
                    "shares": [str(one) for one in told.shares],
                    "refused": str(told.refused) if told.refused is not None else None,
                }
            )
        elif told.refused is not None:
            emit(plain.clean(str(told.refused)))
        else:
            emit(", ".join(map(plain.clean, told.names)))
            emit(tr("To copy: {size}", size=units.size(told.bytes)))
            for shared in told.shares:
                emit(tr("Shared: {what}", what=plain.clean(str(shared))))
        return FAILED if told.refused is not None else DONE

    async def work(report: Any) -> Cloned:
        journal = Journal(session.paths.journal_folder)
        return await clone(journal, connection, domain.uuid, options.new, report, options.count, options.linked)

    done, came = await job(session, text("Cloning {name}", name=domain.name), work)
    if not done:
        return FAILED
    if session.shared.json:
        emit_json([{"name": name, "uuid": uuid, "host": session.uri(domain)} for name, uuid in came.machines])
        return DONE
    for name, _uuid in came.machines:
        emit(plain.clean(name))
    return DONE


async def template(session: Session, options: argparse.Namespace) -> int:
    found = await machine(session, options.name)
    if found is None:
        return FAILED
    domain, connection = found
    paths: tuple[str, ...] = ()
    if options.undo:
        await unmake_template(connection, domain.uuid)
    else:
        paths = await make_template(connection, domain.uuid)
    if session.shared.json:
        emit_json({"name": domain.name, "uuid": domain.uuid, "template": not options.undo, "read_only": list(paths)})
    elif options.undo:
        emit(tr("{name} is an ordinary machine again.", name=plain.clean(domain.name)))
    else:
        emit(tr("{name} is a template now: VMDesk does not start it.", name=plain.clean(domain.name)))
        if not paths:
            emit(tr("Its files are not ours to make read-only: another program could still start it."))
    return DONE
