"""`vmdesk volume`: what is done."""

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vmdesk.cli import moving, secret_words
from vmdesk.cli.deleting import agreed
from vmdesk.cli.output import emit, emit_json
from vmdesk.cli.session import Session
from vmdesk.cli.working import DONE, FAILED, job, only_host, shown
from vmdesk.core import plain, units
from vmdesk.core.chains import Index, file_plan
from vmdesk.core.storage import filling, making
from vmdesk.model.text import text, tr
from vmdesk.virt import chains, pools, transfer, volumes
from vmdesk.virt.connection import Connection


async def volume(session: Session, options: argparse.Namespace) -> int:
    connection = only_host(session)
    if connection is None:
        return FAILED
    match options.what:
        case "list":
            return await _volumes(session, options, connection)
        case "create":
            return await _make_volume(session, options, connection)
        case "grow":
            await volumes.grow(connection, options.pool, options.name, options.bytes)
        case "copy":
            return await _copy(session, options, connection)
        case "move":
            return await moving.to_pool(session, options, connection)
        case "unused":
            return await moving.unused(session, connection)
        case "upload":
            return await _upload(session, options, connection)
        case "download":
            found = await volumes.volume(connection, options.pool, options.name)
            title = text("Reading the volume {volume}", volume=options.name)
            target = Path(options.file)
            done, _none = await job(
                session, title, lambda report: transfer.download(connection, found, target, _telling(report))
            )
            return DONE if done else FAILED
        case "wipe":
            return await _wipe(session, options, connection)
        case "delete":
            return await _delete(session, options, connection)
    return shown(session, asdict(await volumes.volume(connection, options.pool, options.name)))


async def _volumes(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    await pools.pool(connection, options.pool)  # "there is no such pool" is told in its own words
    files = await chains.files(connection)
    index = Index(files)
    found = sorted(
        (image for image in files.images.values() if image.pool == options.pool), key=lambda image: image.volume
    )
    used = {image.path: _users(index, image.path) for image in found}
    if session.shared.json:
        emit_json(
            [
                {
                    "name": image.volume,
                    "path": image.path,
                    "format": image.format,
                    "capacity": image.capacity,
                    "allocation": image.allocation,
                    "backing": image.backing or None,
                    "used_by": used[image.path],
                }
                for image in found
            ]
        )
        return DONE
    rows = [
        (
            image.volume,
            image.format,
            units.size(image.capacity or 0),
            units.size(image.allocation or 0),
            ", ".join(used[image.path]),
        )
        for image in found
    ]
    titles = (tr("Name"), tr("Format"), tr("Size"), tr("On disk"), tr("Used by"))
    for line in plain.table(titles, rows, frozenset({2, 3})) if rows else ():
        emit(line)
    return DONE


def _users(index: Index, path: str) -> list[str]:
    """The machines that need it, directly or through a chain, and the volumes of nobody that stand on it."""
    return list(dict.fromkeys(one.machine or one.path for one in file_plan(index, path).breaks))


async def _make_volume(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    where = await pools.pool(connection, options.pool)
    suffix = Path(options.name).suffix.lstrip(".")
    kind = options.format or (suffix if suffix in ("qcow2", "raw") else "qcow2" if where.keeps_files else "")
    passphrase = ""
    if options.encrypted:
        passphrase = secret_words.read(options.passphrase_file, tr("Passphrase: "), tr("Again: "))
        if len(passphrase) < making.LEAST:
            session.complain(tr("A passphrase has at least {n} letters.", n=making.LEAST))
            return FAILED

    async def work(report: Any) -> Any:
        return await making.make_volume(
            connection,
            where,
            options.name,
            options.bytes,
            format=kind,
            full=options.full,
            passphrase=passphrase,
            progress=_telling(report) if options.full else None,
        )

    title = text("Making the volume {volume} in {pool}", volume=options.name, pool=options.pool)
    done, made = await job(session, title, work)
    return shown(session, asdict(made)) if done else FAILED


async def _copy(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    source = await volumes.volume(connection, options.pool, options.name)
    where = await pools.pool(connection, options.to_pool)

    async def work(report: Any) -> Any:
        return await volumes.copy_volume(
            connection, where, options.new, source, format=options.format or source.format, progress=_telling(report)
        )

    done, made = await job(session, text("Copying the volume {volume}", volume=options.name), work)
    return shown(session, asdict(made)) if done else FAILED


async def _upload(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    where, source = await pools.pool(connection, options.pool), Path(options.file)
    if not _is_there(session, options.file):
        return FAILED

    async def work(report: Any) -> Any:
        return await filling.upload(connection, where, options.name, source, report)

    done, made = await job(session, text("Writing the volume {volume}", volume=options.name), work)
    return shown(session, asdict(made)) if done else FAILED


def _is_there(session: Session, file: str) -> bool:
    try:
        os.stat(file)
    except OSError as error:
        session.complain(tr("{path} cannot be read: {reason}", path=plain.clean(file), reason=error.strerror or ""))
        return False
    return True


async def _wipe(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    found = await volumes.volume(connection, options.pool, options.name)
    plan = file_plan(Index(await chains.files(connection)), found.path)
    if needed := ", ".join(str(one.said()) for one in plan.breaks):
        session.complain(tr("{path} is needed by {who}.", path=plain.clean(found.path), who=plain.clean(needed)))
        return FAILED
    question = tr("Wipe {volume}?", volume=plain.clean(found.path))
    if not options.yes and not agreed(tr("{question} yes/no: ", question=question)):
        session.complain(tr("Nothing was done. Say --yes to overwrite what is in it."))
        return FAILED

    async def work(_report: Any) -> Any:
        await volumes.wipe(connection, options.pool, options.name)

    done, _none = await job(session, text("Wiping the volume {volume}", volume=options.name), work)
    if not done:
        return FAILED
    return shown(session, {**asdict(await volumes.volume(connection, options.pool, options.name)), "wiped": True})


async def _delete(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    found = await volumes.volume(connection, options.pool, options.name)
    files = await chains.files(connection)
    index = Index(files)
    path = next(
        (one.path for one in files.images.values() if (one.pool, one.volume) == (found.pool, found.name)), found.path
    )
    plan = file_plan(index, path)
    needed = ", ".join(str(one.said()) for one in plan.breaks)
    if needed:
        session.complain(tr("{path} is needed by {who}.", path=plain.clean(path), who=plain.clean(needed)))
    elif not options.dry_run:
        await volumes.delete_volume(connection, options.pool, options.name, found.path)
    if session.shared.json:
        emit_json(
            {
                "path": path,
                "frees": plan.frees,
                "done": not needed and not options.dry_run,
                "needed_by": [str(one.said()) for one in plan.breaks],
            }
        )
    elif not needed:
        emit(tr("Freed: {size}", size=units.size(plan.frees)))
    return FAILED if needed else DONE


def _telling(report: Any) -> Any:
    return lambda done, total: report(done / total if total else None)
