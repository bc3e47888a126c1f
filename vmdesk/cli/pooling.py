"""`vmdesk pool`: what is done."""

import argparse
from dataclasses import asdict

from vmdesk.cli import pool_options, secret_words
from vmdesk.cli.deleting import agreed
from vmdesk.cli.output import emit, emit_json
from vmdesk.cli.session import Session
from vmdesk.cli.working import DONE, FAILED, only_host, shown
from vmdesk.core import plain, units
from vmdesk.core.journal import Journal
from vmdesk.core.storage import making, pool_form
from vmdesk.core.storage.kinds import BY_ID, KINDS, Field, Make, PoolWish, new_secret, refusals
from vmdesk.model.text import tr
from vmdesk.virt import pools
from vmdesk.virt.connection import Connection


async def pool(session: Session, options: argparse.Namespace) -> int:
    connection = only_host(session)
    if connection is None:
        return FAILED
    match options.what:
        case "list":
            return await _listed(session, connection)
        case "kinds":
            return await _kinds(session, connection)
        case "sources":
            return await _found(session, options, connection)
        case "create":
            return await _made(session, options, connection)
        case "start":
            await pools.start_pool(connection, options.name)
        case "stop":
            await pools.stop_pool(connection, options.name)
        case "refresh":
            await pools.refresh(connection, options.name)
        case "autostart":
            await pools.set_pool_autostart(connection, options.name, options.on == "on")
        case "delete":
            await making.forget_pool(connection, options.name)
            if session.shared.json:
                emit_json({"name": options.name, "deleted": True})
            else:
                emit(plain.clean(options.name))
            return DONE
    return shown(session, asdict(await pools.pool(connection, options.name)))


async def _listed(session: Session, connection: Connection) -> int:
    found = await pools.pools(connection)
    if session.shared.json:
        emit_json([asdict(one) for one in found])
        return DONE
    rows = [
        (
            one.name,
            one.kind,
            tr("on") if one.active else tr("off"),
            tr("with the host") if one.autostart else "",
            units.size(one.available) if one.active else "",
            units.size(one.capacity) if one.active else "",
            one.target,
        )
        for one in found
    ]
    titles = (tr("Name"), tr("Kind"), tr("State"), tr("Starts"), tr("Free"), tr("Size"), tr("Path"))
    for line in plain.table(titles, rows, frozenset({4, 5})) if rows else ():
        emit(line)
    return DONE


async def _kinds(session: Session, connection: Connection) -> int:
    able = await pools.abilities(connection)
    off, formats = refusals(able), {one.kind: one.formats for one in able}
    if session.shared.json:
        emit_json(
            [
                {
                    "kind": kind.id,
                    "title": str(kind.title),
                    "supported": kind.id not in off,
                    "why": str(off[kind.id]) if kind.id in off else None,
                    "needs": [ask.field.option for ask in kind.asks if not (ask.optional or ask.choices)],
                    "takes": [ask.field.option for ask in kind.asks if ask.optional or ask.choices],
                    "formats": list(formats.get(kind.id, ())),
                    "make": [make.value for make, _words in kind.makes],
                }
                for kind in KINDS
            ]
        )
        return DONE
    rows = [
        (
            kind.id,
            tr("yes") if kind.id not in off else tr("no"),
            str(kind.title) if kind.id not in off else str(off[kind.id]),
        )
        for kind in KINDS
    ]
    for line in plain.table((tr("Kind"), tr("Possible"), ""), rows):
        emit(line)
    return DONE


async def _found(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    kind = BY_ID[options.kind]
    if not kind.finds:
        session.complain(tr("libvirt cannot look for this kind."))
        return FAILED
    wish = PoolWish("sources", kind.id, tuple(pool_options.said(options).items()))
    found = await making.find_sources(connection, wish)
    if session.shared.json:
        emit_json([{name: value for name, value in asdict(one).items() if value} for one in found])
    else:
        for one in found:
            emit(plain.clean(pool_form.found_words(kind, one)))
    return DONE


async def _made(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    said = pool_options.said(options)
    password = ""
    if Field.USER in said:
        password = secret_words.read(options.password_file, tr("Password: "))
    wish = PoolWish(
        options.name,
        options.kind,
        tuple(said.items()),
        autostart=not options.no_autostart,
        start=not options.no_start,
        make=Make(options.make),
        password=password,
        secret=new_secret(),
    )
    if (wrong := wish.problem()) is not None:
        session.complain(str(wrong))
        return FAILED
    if wish.destroys and not options.yes:
        question = tr("Destroy all that is on {devices}?", devices=", ".join(wish.destroys))
        if not agreed(tr("{question} yes/no: ", question=plain.clean(question))):
            session.complain(tr("Nothing was done. Say --yes to destroy what is on it."))
            return FAILED
    name = await making.make_pool(Journal(session.paths.journal_folder), connection, wish)
    return shown(session, asdict(await pools.pool(connection, name)))
