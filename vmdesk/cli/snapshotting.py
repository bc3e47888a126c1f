"""`vmdesk snapshot`: what is done."""

import argparse
import time
from dataclasses import asdict, replace
from typing import Any

from vmdesk.cli.output import emit, emit_json, say
from vmdesk.cli.session import Session
from vmdesk.cli.working import DONE, FAILED, job, machine
from vmdesk.core import plain, practice, schedules, units
from vmdesk.core.journal import Journal
from vmdesk.core.snapshots import deleting, keeping, plan
from vmdesk.core.snapshots.album import Album
from vmdesk.core.snapshots.desk import Desk, view
from vmdesk.core.snapshots.reverting import revert
from vmdesk.core.snapshots.taking import Wish
from vmdesk.model.domain import Domain
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.model.text import text, tr
from vmdesk.virt import snapshots
from vmdesk.virt.connection import Connection


async def run(session: Session, options: argparse.Namespace) -> int:
    if options.what == "schedules" and not options.name:
        return _schedules(session, schedules.listed())
    found = await machine(session, options.name)
    if found is None:
        return FAILED
    domain, connection = found
    match options.what:
        case "list":
            return await _list(session, domain, connection)
        case "create":
            return await _create(session, options, domain, connection)
        case "revert":
            return await _revert(session, options, domain, connection)
        case "schedule":
            return _schedule(session, options, domain)
        case "schedules":
            return _schedules(session, schedules.listed(session.uri(domain), domain.uuid))
        case "unschedule":
            return _unschedule(session, options, domain)
        case "note":
            await snapshots.set_note(connection, domain.uuid, options.snapshot, options.note)
            return _said(
                session, domain, options.snapshot, tr("{name}: note written", name=plain.clean(options.snapshot))
            )
    return await _delete(session, options, domain, connection)


async def _list(session: Session, domain: Domain, connection: Connection) -> int:
    seen = await view(connection, domain.uuid)
    if session.shared.json:
        emit_json([_record(one) | {"revert": _why(seen.offers.revert[one.name])} for one in seen.snapshots])
        return DONE
    depth: dict[str, int] = {}
    rows = []
    for one in seen.snapshots:
        depth[one.name] = depth.get(one.parent, -1) + 1
        rows.append(
            (
                "  " * depth[one.name] + one.name,
                tr("now") if one.current else "",
                str(_KINDS[one.kind]),
                tr("with memory") if one.with_memory else "",
                time.strftime("%Y-%m-%d %H:%M", time.localtime(one.created)) if one.created else "",
                units.size(one.bytes) if one.bytes is not None else "",
                one.note,
            )
        )
    if rows:
        titles = (tr("Name"), "", tr("Kind"), "", tr("Taken"), tr("Size"), tr("Note"))
        for line in plain.table(titles, rows, frozenset({5})):
            emit(line)
    return DONE


_KINDS = {
    Kind.INTERNAL: text("internal"),
    Kind.EXTERNAL: text("external"),
    Kind.NONE: text("without disks"),
    Kind.MIXED: text("mixed"),
}


def _why(reason: Any) -> str | None:
    return str(reason) if reason is not None else None


def _record(one: Snapshot) -> dict[str, Any]:
    return {
        "name": one.name,
        "parent": one.parent or None,
        "created": one.created,
        "note": one.note,
        "kind": one.kind.value,
        "memory": one.memory,
        "state": one.state,
        "current": one.current,
        "bytes": one.bytes,
        "disks": [
            {"target": disk.target, "kind": disk.kind.value, "frozen": disk.frozen, "overlay": disk.overlay or None}
            for disk in one.disks
        ],
    }


async def _create(session: Session, options: argparse.Namespace, domain: Domain, connection: Connection) -> int:
    external = options.external or options.memory or options.quiesce
    kind = Kind.EXTERNAL if external else Kind.INTERNAL if options.internal else None
    wish = Wish(options.snapshot, options.note, kind, options.memory, options.quiesce)
    label = options.label or "kept"
    if options.keep is not None:
        wish = replace(wish, name=keeping.name_now(label, await snapshots.snapshots(connection, domain.uuid)))

    async def work(report: Any) -> str:
        return await Album(session.paths.pictures_folder).take(_desk(session, connection, domain, report), wish)

    done, name = await job(session, text("Taking a snapshot of {name}", name=domain.name), work)
    if not done:
        return FAILED
    _said(session, domain, name, plain.clean(name))
    return DONE if options.keep is None else await _thin_out(session, options.keep, label, domain, connection)


async def _thin_out(session: Session, keep: int, label: str, domain: Domain, connection: Connection) -> int:
    """Delete the schedule's own snapshots but for the newest. One that cannot go holds up no other."""
    code = DONE
    for name in keeping.surplus(await snapshots.snapshots(connection, domain.uuid), label, keep):

        async def work(report: Any, name: str = name) -> Any:
            return await deleting.delete(_desk(session, connection, domain, report), name)

        title = text("Deleting the snapshot {snapshot} of {name}", snapshot=name, name=domain.name)
        done, _gone = await job(session, title, work)
        code = code if done else FAILED
    return code


def _schedule(session: Session, options: argparse.Namespace, domain: Domain) -> int:
    if domain.key.host == practice.ID:
        session.complain(tr("What is done to the practice host here is forgotten: nothing is scheduled."))
        return FAILED
    kinds = ("internal", "external", "memory", "quiesce")
    chosen = tuple(f"--{kind}" for kind in kinds if getattr(options, kind))
    one = schedules.Schedule(session.uri(domain), domain.uuid, domain.name, options.every, options.keep, chosen)
    folder = session.shared.settings_dir
    schedules.add(one, folder.absolute() if folder else None)
    if session.shared.json:
        emit_json(_of_schedule(one))
    else:
        name, every = plain.clean(one.name), plain.clean(one.every)
        emit(tr("{name}: a snapshot {every}, {n} are kept.", name=name, every=every, n=one.keep))
    return DONE


def _schedules(session: Session, found: list[schedules.Schedule]) -> int:
    failed = schedules.failed(found)
    if session.shared.json:
        emit_json([_of_schedule(one) | {"failed": one.unit in failed} for one in found])
        return DONE
    for one in found:
        if one.unit in failed:
            say(tr("The last one failed. Why: {command}", command=schedules.log_command(one)))
    rows = [
        (plain.clean(one.name), plain.clean(one.every), str(one.keep), " ".join(one.options), plain.clean(one.uri))
        for one in found
    ]
    if rows:
        for line in plain.table((tr("Name"), tr("When"), tr("Kept"), "", tr("Host")), rows, frozenset({2})):
            emit(line)
    return DONE


def _unschedule(session: Session, options: argparse.Namespace, domain: Domain) -> int:
    found = [one for one in schedules.listed(session.uri(domain), domain.uuid) if options.every in ("", one.every)]
    if not found:
        session.complain(tr("Nothing is scheduled for {name}.", name=plain.clean(domain.name)))
        return FAILED
    for one in found:
        schedules.remove(one)
    if session.shared.json:
        emit_json([_of_schedule(one) for one in found])
    else:
        emit(tr("{name}: no more snapshots by the clock; those that there are stay.", name=plain.clean(domain.name)))
    return DONE


def _of_schedule(one: schedules.Schedule) -> dict[str, Any]:
    return asdict(one) | {"options": list(one.options), "label": one.label, "unit": f"{one.unit}.timer"}


async def _revert(session: Session, options: argparse.Namespace, domain: Domain, connection: Connection) -> int:
    async def work(report: Any) -> Any:
        return await revert(_desk(session, connection, domain, report), options.snapshot, options.save)

    title = text("Reverting {name} to {snapshot}", name=domain.name, snapshot=options.snapshot)
    done, came = await job(session, title, work)
    if not done:
        return FAILED
    if session.shared.json:
        emit_json(
            {
                "name": domain.name,
                "uuid": domain.uuid,
                "snapshot": options.snapshot,
                "saved": came.saved or None,
                "branch": list(came.branch),
            }
        )
        return DONE
    emit(tr("{doing}: done", doing=plain.clean(str(title))))
    if came.saved:
        emit(tr("Before that it is in the snapshot {snapshot}.", snapshot=plain.clean(came.saved)))
    for path in came.branch if not came.saved else ():
        emit(tr("What was before that stays in {path}.", path=plain.clean(path)))
    return DONE


async def _delete(session: Session, options: argparse.Namespace, domain: Domain, connection: Connection) -> int:
    if options.dry_run:
        return await _plan(session, options, domain, connection)

    async def work(report: Any) -> Any:
        return await deleting.delete(_desk(session, connection, domain, report), options.snapshot, options.children)

    title = text("Deleting the snapshot {snapshot} of {name}", snapshot=options.snapshot, name=domain.name)
    done, gone = await job(session, title, work)
    if not done:
        return FAILED
    if session.shared.json:
        emit_json({"name": domain.name, "uuid": domain.uuid, "deleted": list(gone)})
    else:
        emit(tr("{doing}: done", doing=plain.clean(str(title))))
    return DONE


async def _plan(session: Session, options: argparse.Namespace, domain: Domain, connection: Connection) -> int:
    seen = await view(connection, domain.uuid)
    seen.named(options.snapshot)
    told = deleting.plan(seen, options.snapshot, options.children)
    if session.shared.json:
        emit_json(
            [
                {
                    "snapshot": one.name,
                    "way": one.way.value,
                    "files": [image.path for image in one.gone],
                    "frees": one.frees,
                    "needed_by": [str(need.said()) for need in one.needed],
                    "refused": _why(one.refused),
                }
                for one in told
            ]
        )
    else:
        for one in told:
            if one.refused is not None:
                emit(f"{plain.clean(one.name)}: {plain.clean(str(one.refused))}")
                continue
            if one.way is plan.Way.LIBVIRT and seen.named(one.name).kind is not Kind.EXTERNAL:
                emit(tr("{snapshot}: taken out of the disks' files", snapshot=plain.clean(one.name)))
                continue
            for line in deletion_lines(one):
                emit(plain.clean(line))
    return FAILED if any(one.refused is not None for one in told) else DONE


_WAYS = {
    plan.Way.LIBVIRT: text("its changes are merged; what goes:"),
    plan.Way.DROP: text("it is forgotten, and files go that nobody needs:"),
    plan.Way.FORGET: text("it is forgotten, and its files stay"),
}


def deletion_lines(one: plan.SnapshotPlan) -> list[str]:
    """What deleting an external snapshot means: what goes, and who needs what stays."""
    found = [tr("{name}: {how}", name=one.name, how=str(_WAYS[one.way]))]
    found += [f"  {image.path}" for image in one.gone]
    if one.needed:
        who = ", ".join(dict.fromkeys(str(need.said()) for need in one.needed))
        found.append("  " + tr("what stays is needed by {who}", who=who))
    return found


def _desk(session: Session, connection: Connection, domain: Domain, report: Any) -> Desk:
    return Desk(Journal(session.paths.journal_folder), connection, domain.uuid, report)


def _said(session: Session, domain: Domain, name: str, line: str) -> int:
    if session.shared.json:
        emit_json({"name": domain.name, "uuid": domain.uuid, "snapshot": name})
    else:
        emit(line)
    return DONE
