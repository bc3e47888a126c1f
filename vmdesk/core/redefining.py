"""A machine's definition, written anew by a person: begun with its secrets held back, checked, shown, defined.

A person sees marks in the place of secrets (virtxml/masks.py); what has secrets in it never leaves this module but to
libvirt, and its values do not show in a `repr`.
"""

import shlex
from dataclasses import dataclass, field, replace

from vmdesk.core import definitions
from vmdesk.core.command import Context, Links, reference
from vmdesk.core.definitions import WayBack
from vmdesk.core.jobs import Job, Report
from vmdesk.core.store import away, read_only, unable
from vmdesk.model import names
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Feature, Host
from vmdesk.model.text import Text, text
from vmdesk.virt import defining, domains
from vmdesk.virtxml import comments, difference, masks, merge, secrets
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit import ranges
from vmdesk.virtxml.masks import Vault
from vmdesk.virtxml.merge import Merge
from vmdesk.virtxml.source import Mistake, Source, read

CALL = "virDomainDefineXMLFlags"
NOT_KEPT = text("Comments outside of <metadata> are not kept by libvirt: write what is to stay into the notes.")


@dataclass(frozen=True, slots=True)
class Definitions:
    """What there is to be read: as the machine runs ("" if it is off), as it is stored ("" if it is not)."""

    running: str
    stored: str


@dataclass(frozen=True, slots=True)
class Begun:
    """An edit: `shown` is what the person began with. The rest is nobody's business."""

    shown: str
    base: str = field(repr=False)
    vault: Vault = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a new text would change. `words` in plain language, `lines` line by line without secrets.

    idle   nothing to libvirt: only comments or layout are others, and it keeps neither
    notes  what to know before it is applied
    """

    words: tuple[Text, ...]
    lines: str
    new: str = field(repr=False)
    idle: bool = False
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """Somebody else changed it meanwhile: all without secrets. `begun`: an edit that begins with theirs.

    my_words, their_words  what each changed, in plain language, as far as it can be told
    """

    base: str
    mine: str
    theirs: str
    merged: Merge
    begun: Begun
    my_words: tuple[Text, ...] = ()
    their_words: tuple[Text, ...] = ()


async def read_both(links: Links, domain: Domain) -> Definitions:
    """Without secrets. VirtError."""
    connection, uuid = links.of(domain.key).require(), domain.uuid
    running = await domains.xml(connection, uuid) if domain.active else ""
    stored = await domains.xml(connection, uuid, inactive=True) if domain.persistent else ""
    return Definitions(masks.hide(running), masks.hide(stored))


def why_not(domain: Domain | None, host: Host | None) -> Text | None:
    """Why nothing of a machine can be changed here; None: it can, as it runs or as it is stored."""
    if domain is None:
        return text("The machine is not there any more.")
    return away(host, domain.key.host) or read_only(host) or unable(host, Feature.DEFINE)


def why_not_stored(domain: Domain | None, host: Host | None) -> Text | None:
    """Why its stored definition cannot be changed here; None: it can."""
    why = why_not(domain, host)
    if why is None and domain is not None and not domain.persistent:
        why = text("The machine has no stored definition: it is gone once it is switched off.")
    return why


async def begin(links: Links, key: DomainKey) -> Begun:
    """The stored definition, ready to be edited. VirtError."""
    return _begun(await defining.whole(links.of(key).require(), key.uuid), Vault())


def _begun(base: str, vault: Vault) -> Begun:
    return Begun(vault.hide(base), base, vault)


def problems(begun: Begun, shown: str) -> tuple[Mistake, ...]:
    """Why the text must not be defined, besides what a schema says."""
    found = list(begun.vault.problems(shown))
    source = read(shown)
    if source.mistakes or not source.elements:
        return (*source.mistakes, *found)
    before = read(begun.shown)
    uuid, name = _said(before, "uuid"), _said(before, "name")
    if _said(source, "uuid") != uuid:
        what = text("The UUID says which machine it is: it must stay {value}.", value=uuid)
        found.append(Mistake(*_place(source, "uuid"), what))
    if _said(source, "name") != name:
        what = text("To libvirt, another name is another machine. Keep {value}, and use Rename.", value=name)
        found.append(Mistake(*_place(source, "name"), what))
    if why := _dangerous(_said(source, "name")):
        found.append(Mistake(*_place(source, "name"), why))
    if not found:
        found += _out_of_range(begun, shown, source)
    return tuple(found)


def _dangerous(name: str) -> Text | None:
    """A name with which libvirt 9.0 deletes folders, whoever wrote it first."""
    return names.problem(name) if name in ("", ".", "..") or "/" in name else None


def _out_of_range(begun: Begun, shown: str, source: Source) -> list[Mistake]:
    domain = source.elements[0]
    head = domain.start, domain.start + 1 + len(domain.name)
    try:
        wrong = ranges.problems(begun.vault.reveal(shown), begun.base)
    except XmlError as error:
        return [Mistake(*head, text("It cannot be read: {words}", words=str(error)))]
    found = []
    for one in wrong:
        value = str(dict(one.values).get("value", "")).rstrip("…")
        place = shown.find(value) if value else -1
        found.append(Mistake(*((place, place + len(value)) if place >= 0 else head), one))
    return found


def _place(source: Source, name: str) -> tuple[int, int]:
    """Where the top element of that name is, or the outermost one's head."""
    domain = source.elements[0]
    found = next((one for one in source.elements if one.name == name and one.parent == 0), None)
    return (
        (found.start, max(found.end, found.start + 1)) if found else (domain.start, domain.start + 1 + len(domain.name))
    )


def _said(source: Source, name: str) -> str:
    found = next((one for one in source.elements if one.name == name and one.parent == 0), None)
    return source.text[slice(*source.content(found))].strip() if found else ""


def plan(begun: Begun, shown: str) -> Plan:
    """What defining it would change. For a text without `problems`. Raises XmlError."""
    new = begun.vault.reveal(shown)
    words = tuple(difference.plain(one) for one in difference.differences(begun.base, new))
    idle = comments.meaning(new) == comments.meaning(begun.base)
    notes = (NOT_KEPT,) if comments.dropped(new) else ()
    return Plan(words, _diff(begun.shown, begun.vault.hide(new)), new, idle, notes)


def _diff(old: str, new: str) -> str:
    return merge.unified(old, new, str(text("before")), str(text("after")))


def compare(found: Definitions) -> tuple[tuple[Text, ...], str]:
    """How the running machine and the stored definition differ: in words, and line by line. Raises XmlError."""
    words = difference.differences(found.running, found.stored, running=True)
    titles = (str(text("in use now")), str(text("at the next start")))
    lines = merge.unified(found.running, found.stored, *titles, indented=False)
    return tuple(difference.pending(one) for one in words), lines


async def changed_meanwhile(links: Links, key: DomainKey, begun: Begun) -> str:
    """The definition as somebody else wrote it since, with its secrets; "" if nobody did. VirtError."""
    now = await defining.whole(links.of(key).require(), key.uuid)
    return now if now != begun.base else ""


def three_way(begun: Begun, shown: str, theirs: str) -> ThreeWay:
    """What the person made of it beside what somebody else did; `theirs` with its secrets."""
    other = _begun(theirs, begun.vault)
    merged = merge.merge(begun.shown, shown, other.shown)
    if merged.clean and read(merged.text).mistakes:
        merged = replace(merged, conflicts=(merge.NOWHERE,))  # two halves that make no whole
    words = (_in_words(begun, shown), _in_words(begun, other.shown))
    return ThreeWay(begun.shown, shown, other.shown, merged, other, *words)


def _in_words(begun: Begun, shown: str) -> tuple[Text, ...]:
    if problems(begun, shown):
        return ()
    try:
        return plan(begun, shown).words
    except XmlError:
        return ()


async def apply(ctx: Context, domain: Domain, begun: Begun, made: Plan) -> str | None:
    """Define it, as a job. None: done (or failed, which is told); else somebody was faster, and this is theirs."""
    theirs: list[str] = []
    doing = text("Changing the definition of {name}", name=domain.name)

    async def work(report: Report) -> None:
        try:
            with ctx.trace.noting(domain.key, domain.name, doing, CALL, virsh(ctx, domain)):
                connection = ctx.sessions.of(domain.key).require()
                await defining.change(connection, domain.uuid, lambda _old: made.new, doing, begun.base)
        except VirtError as error:
            if error.problem.name != "changed":
                raise VirtError(_without_secrets(error.problem, begun.vault)) from None
            theirs.append(await defining.whole(connection, domain.uuid))
            report(1.0, text("Not changed: somebody else changed it meanwhile"))

    job: Job = await ctx.jobs.start(doing, work, (domain.key,), cancellable=False)
    if theirs:
        return theirs[0]
    if job.problem is not None:
        raise VirtError(job.problem)
    return None


async def go_back(ctx: Context, domain: Domain, way: WayBack, answers: tuple[str, ...]) -> bool:
    """Take an older definition again, as a job, which tells what did not work; `answers` to what `way` asks for."""
    doing = text("Going back to an older definition of {name}", name=domain.name)

    async def work(_report: Report) -> None:
        try:
            with ctx.trace.noting(domain.key, domain.name, doing, CALL, virsh(ctx, domain)):
                await definitions.go_back(ctx.sessions.of(domain.key).require(), domain.uuid, way, answers)
        except VirtError as error:
            raise VirtError(censored(error.problem, way.base, secrets.fill_in(way.xml, answers))) from None

    job: Job = await ctx.jobs.start(doing, work, (domain.key,), cancellable=False)
    return job.problem is None


def censored(problem: Problem, *definitions_of_it: str) -> Problem:
    """libvirt may quote what it complains about: without the secrets that these definitions hold."""
    vault = Vault()
    for xml in definitions_of_it:
        vault.hide(xml)
    return _without_secrets(problem, vault)


def _without_secrets(problem: Problem, vault: Vault) -> Problem:
    """libvirt may quote what it complains about."""
    return replace(problem, details=vault.censor(problem.details))


def virsh(ctx: Context, domain: Domain) -> str:
    """The line for a terminal that does the same."""
    host = ctx.store.hosts.get(domain.key.host)
    return shlex.join(("virsh", "-c", host.config.uri if host else "", "edit", reference(domain)))
