"""The trash and templates: marks on a machine, which change what it is for. Nothing of it moves."""

import asyncio
from collections.abc import Sequence
from typing import Any

from vmdesk.core.command import Act, Command, Context, Offer, reason, reference, run_on
from vmdesk.core.jobs import JobState
from vmdesk.core.later import load
from vmdesk.model.domain import Domain
from vmdesk.model.host import Feature
from vmdesk.model.text import Text, text
from vmdesk.virtxml import marks as marks_xml


def _still(domain: Domain) -> Text | None:
    if domain.active or domain.live_id >= 0:
        return text("{name} is not off. Shut it down or force it off first.", name=domain.name)
    if not domain.persistent:
        return text("{name} has no definition of its own: it vanishes when it stops.", name=domain.name)
    return None


def in_trash(domain: Domain) -> Text:
    return text("{name} is in the trash. Take it out first.", name=domain.name)


def _can_trash(domain: Domain) -> Text | None:
    return _still(domain) or (in_trash(domain) if domain.definition.trashed else None)


def _can_untrash(domain: Domain) -> Text | None:
    return None if domain.definition.trashed else text("{name} is not in the trash.", name=domain.name)


def _can_make_template(domain: Domain) -> Text | None:
    if domain.definition.template:
        return text("{name} is a template already.", name=domain.name)
    if domain.managed_save and not domain.active:
        return text("{name} has a saved state. Restore or discard it first.", name=domain.name)
    return _can_trash(domain)


def _can_unmake_template(domain: Domain) -> Text | None:
    return None if domain.definition.template else text("{name} is no template.", name=domain.name)


async def _put(act: Act) -> None:
    await load("trash")(act.connection, act.domain)


async def _take_out(act: Act) -> None:
    await load("take-out")(act.connection, act.uuid)


async def _make_template(act: Act) -> None:
    if not await load("make-template")(act.connection, act.uuid):
        note = text(
            "{name} is a template now. Its files are not ours to make read-only: another program could still start it.",
            name=act.domain.name,
        )
        act.ctx.ask.tell(note)


async def _unmake_template(act: Act) -> None:
    await load("unmake-template")(act.connection, act.uuid)


def _trash(ctx: Context, machines: Sequence[Domain]) -> None:
    ctx.jobs.spawn("trash", _trash_all(ctx, machines))


async def _trash_all(ctx: Context, machines: Sequence[Domain]) -> None:
    """One machine or forty: one word about it, with the way back."""
    able = [one for one in machines if reason(_PUT, one, ctx.store.hosts.get(one.key.host)) is None]
    jobs = await asyncio.gather(*await run_on(ctx, _PUT, able))
    there = [one for one, job in zip(able, jobs, strict=True) if job.state is JobState.DONE]
    if not there:
        return
    if len(there) == 1:
        message = text("{name} is in the trash: nothing of it was deleted.", name=there[0].name)
    else:
        message = text("{n} machines are in the trash: nothing of them was deleted.", n=len(there))
    ctx.ask.offer(Offer(message, UNTRASH, tuple(one.key for one in there), undo=True))


def _virsh(mark: str) -> Any:
    """The line that sets a mark; other marks of the machine would go with it: there are none on these roads."""

    def lines(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
        xml = ["--key", marks_xml.PREFIX, "--set", f"<marks {mark}/>"] if mark else ["--remove"]
        return (("metadata", reference(domain), marks_xml.NAMESPACE, "--config", *xml),)

    return lines


_PUT = Command(
    "domain.trash",
    text("Move to trash"),
    "trash",
    "",
    when=_can_trash,
    needs=Feature.METADATA,
    doing=text("Moving {name} to the trash"),
    run=_put,
    call="virDomainSetMetadata",
    virsh=_virsh('trashed="1"'),
)

TRASH = Command(
    "domain.trash",
    text("Move to trash"),
    "trash",
    "Ctrl+Delete",
    when=_can_trash,
    needs=Feature.METADATA,
    act=_trash,
)

UNTRASH = Command(
    "domain.untrash",
    text("Restore from the trash"),
    "delete-restore",
    "Ctrl+Shift+Z",
    when=_can_untrash,
    needs=Feature.METADATA,
    doing=text("Taking {name} out of the trash"),
    run=_take_out,
    call="virDomainSetMetadata",
    virsh=_virsh(""),
)

TEMPLATE = Command(
    "domain.template",
    text("Make it a template"),
    "template",
    "Ctrl+Shift+L",
    when=_can_make_template,
    needs=Feature.METADATA,
    doing=text("Making {name} a template"),
    run=_make_template,
    call="virDomainSetMetadata",
    virsh=_virsh('template="yes"'),
)

UNTEMPLATE = Command(
    "domain.no-template",
    text("Make it a machine again"),
    "machine",
    "Ctrl+Alt+L",
    when=_can_unmake_template,
    needs=Feature.METADATA,
    doing=text("Making {name} a machine again"),
    run=_unmake_template,
    call="virDomainSetMetadata",
    virsh=_virsh(""),
)
