"""`vmdesk delete` and `vmdesk orphans`: what is done."""

import argparse
import sys
from typing import Any

from vmdesk.cli.output import emit, emit_json, say
from vmdesk.cli.session import Session
from vmdesk.cli.working import DONE, FAILED, job, machine
from vmdesk.core import plain, units
from vmdesk.core.chains import DeletePlan, Item, Keep
from vmdesk.core.chains import orphans as orphans_of
from vmdesk.core.deleting import delete as deletion
from vmdesk.core.journal import Journal
from vmdesk.model.chain import Role
from vmdesk.model.domain import Domain
from vmdesk.model.text import Text, text, tr
from vmdesk.virt import chains


async def run(session: Session, options: argparse.Namespace) -> int:
    found = await machine(session, options.name)
    if found is None:
        return FAILED
    domain, connection = found
    if options.with_base and not options.with_disks:
        session.complain(tr("--with-base goes with --with-disks."))
        return FAILED
    told = await deletion.plan(connection, domain.uuid, None if options.with_disks else ())
    if options.with_base and told.bases:
        told = await deletion.plan(connection, domain.uuid, _with_bases(told))
    why = _refused(told, options.with_disks, options.keep_shared)
    chosen = _chosen(told, options.with_disks)
    if not session.shared.json:
        _show(told, chosen is None or bool(chosen), why is not None)
    if why is not None:
        session.complain(plain.clean(str(why)))
    if options.dry_run or why is not None:
        if session.shared.json:
            emit_json(_record(session, domain, told, False, why))
        return FAILED if why is not None else DONE
    if not options.yes and not agreed(tr('Delete {name} for good? Type "yes": ', name=plain.clean(domain.name))):
        say(tr("Nothing was deleted. To delete it without being asked: --yes"))
        return FAILED

    async def work(report: Any) -> deletion.Deleted:
        journal = Journal(session.paths.journal_folder)
        return await deletion.delete(journal, connection, domain.uuid, domain.name, report, chosen)

    done, came = await job(session, text("Deleting {name}", name=domain.name), work)
    if session.shared.json:
        emit_json(_record(session, domain, told, done, None))
    if not done:
        return FAILED
    for path in came.left:
        session.complain(tr("{path} could not be deleted.", path=plain.clean(path)))
    if not session.shared.json:
        emit(tr("{name} is deleted.", name=plain.clean(domain.name)))
    return FAILED if came.left else DONE


def _with_bases(told: DeletePlan) -> tuple[str, ...]:
    return tuple(item.image.path for item in told.items if item.ticked or item.spare)


def _chosen(told: DeletePlan, with_disks: bool) -> tuple[str, ...] | None:
    """The files that go. None: it has none, and what goes with disks goes; (): no file, and that stays, too."""
    files = tuple(image.path for image in told.gone)
    return files if files or not with_disks or told.refused is not None else None


def _refused(told: DeletePlan, with_disks: bool, keep_shared: bool) -> Text | None:
    if told.owner.active:
        return text("{name} is not off. Shut it down or force it off first.", name=told.owner.name)
    if not with_disks and not told.owner.template:
        return None
    if not with_disks or told.owner.template:
        return told.refused
    if keep_shared or told.barred is not None:
        return told.barred
    if told.refused is not None:
        return text("{why} To delete the rest and keep what is shared: --keep-shared", why=told.refused)
    # All or nothing: "with its disks" is not half of them, though the other half would be kept safe.
    for item in told.items:
        if item.keep in _OF_OTHERS and item.used_by:
            who = ", ".join(str(one.said()) for one in item.used_by)
            return text(
                "{path} is needed by {who}. To delete the rest and keep what is shared: --keep-shared",
                path=item.image.path,
                who=who,
            )
    return None


def agreed(question: str) -> bool:
    """Whether the person at the terminal says yes."""
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("yes", tr("yes"))


_KEEPS = {
    Keep.NEEDED: text("needed"),
    Keep.SHARED: text("others write into it, too"),
    Keep.READONLY: text("read-only"),
    Keep.MEDIUM: text("installation medium"),
    Keep.BASE: text("what it stands on"),
    Keep.ELSEWHERE: text("in no storage pool that is on"),
    Keep.GONE: text("not there"),
    Keep.CHOSEN: text("kept"),
}
_OF_OTHERS = (Keep.NEEDED, Keep.SHARED, Keep.BASE)  # not what it only reads: that is as a CD in its drive
_HIDDEN = {
    Role.NVRAM: text("firmware settings"),
    Role.TPM: text("TPM state"),
    Role.SAVED: text("saved state"),
}


def _show(told: DeletePlan, with_disks: bool, refused: bool) -> None:
    name = plain.clean(told.owner.name)
    gone = [item for item in told.items if item.ticked]
    if refused:
        emit(tr("Nothing of {name} is deleted. What would go otherwise:", name=name))
    else:
        emit(tr("What goes of {name}:", name=name))
    emit("  " + tr("its definition"))
    for snapshot in told.snapshots:
        emit("  " + tr("the snapshot {snapshot}", snapshot=plain.clean(snapshot)))
    for role in told.hidden:
        if role is Role.SAVED or with_disks:
            emit(f"  {_HIDDEN[role]}")
    for item in gone:
        emit("  " + plain.clean(line(item)))
    stays = [item for item in told.items if not item.ticked]
    if stays or (told.hidden and not with_disks):
        emit(tr("What stays:"))
    for item in stays:
        emit("  " + plain.clean(line(item)))
    for role in told.hidden:
        if role is not Role.SAVED and not with_disks:
            emit(f"  {_HIDDEN[role]}")
    if gone and not refused:
        emit(tr("Freed: {size}", size=units.size(told.frees)))


def line(item: Item) -> str:
    about = [units.size(item.image.allocation)] if item.image.allocation is not None else []
    if item.spare:
        about.append(tr("what it stands on, needed by nobody else; it goes with --with-base"))
    elif item.keep is not None:
        about.append(str(_KEEPS[item.keep]))
    about += [str(one.said()) for one in item.used_by]
    return f"{item.image.path} ({', '.join(about)})" if about else item.image.path


def _record(session: Session, domain: Domain, told: DeletePlan, done: bool, why: Text | None) -> dict[str, Any]:
    def file(item: Item) -> dict[str, Any]:
        return {
            "path": item.image.path,
            "bytes": item.image.allocation,
            "why": item.keep.value if item.keep else None,
            "used_by": [str(one.said()) for one in item.used_by],
        }

    return {
        "name": domain.name,
        "uuid": domain.uuid,
        "host": session.uri(domain),
        "done": done,
        "goes": [file(item) for item in told.items if item.ticked],
        "stays": [file(item) for item in told.items if not item.ticked],
        "snapshots": list(told.snapshots),
        "frees": told.frees,
        "refused": str(why) if why is not None else None,
    }


async def orphans(session: Session, options: argparse.Namespace) -> int:
    records = []
    for connection in session.links.open.values():
        files = await chains.files(connection)
        for what in files.blind:
            say(str(what))
        records += [
            {"path": one.path, "pool": one.pool, "bytes": one.allocation, "host": connection.config_uri}
            for one in orphans_of(files)
        ]
    if session.shared.json:
        emit_json(records)
        return DONE
    for one in records:
        size = units.size(one["bytes"]) if one["bytes"] is not None else ""  # type: ignore[arg-type]
        emit(plain.clean(f"{size:>8}  {one['path']}"))
    return DONE
