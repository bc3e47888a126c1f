"""What is asked before something is done to machines."""

from collections.abc import Sequence

from vmdesk.core import units
from vmdesk.core.command import Confirm, Context, Question, named
from vmdesk.core.labels import LabelsEdit
from vmdesk.model import names
from vmdesk.model.domain import Domain, File
from vmdesk.model.text import Text, text, textn
from vmdesk.virt import domains

FILES_LISTED = 12  # files written out in a question


def name_problem(ctx: Context, domain: Domain, name: str) -> Text | None:
    """What is wrong with a new name for this machine, None if nothing."""
    if wrong := names.problem(name):
        return wrong
    if any(other.name == name and other.key != domain.key for other in ctx.store.of_host(domain.key.host)):
        return text("There is already a machine {name} on this host.", name=name)
    return None


async def ask_name(ctx: Context, machines: Sequence[Domain]) -> str | None:
    domain = machines[0]

    def check(answer: str) -> Text | None:
        return name_problem(ctx, domain, answer)

    title = text("Rename {name}", name=domain.name)
    answer = await ctx.ask.text(Question(title, text("New name"), domain.name, text("Rename"), check))
    return None if answer is None or answer == domain.name else answer


async def ask_labels(ctx: Context, machines: Sequence[Domain]) -> LabelsEdit | None:
    return await ctx.ask.labels(machines)


async def confirm_poweroff(ctx: Context, machines: Sequence[Domain]) -> Confirm:
    return Confirm(
        "domain.poweroff",
        text("Force off {name}?", name=machines[0].name)
        if len(machines) == 1
        else text("Force off {n} machines?", n=len(machines)),
        text("This is like pulling the plug: unsaved data in the guest is lost, and its file systems may be damaged."),
        text("Force off"),
        named(machines) if len(machines) > 1 else (),
    )


async def confirm_reset(ctx: Context, machines: Sequence[Domain]) -> Confirm:
    return Confirm(
        "domain.reset",
        text("Reset {name}?", name=machines[0].name)
        if len(machines) == 1
        else text("Reset {n} machines?", n=len(machines)),
        text("This is like the reset button: unsaved data in the guest is lost."),
        text("Reset"),
        named(machines) if len(machines) > 1 else (),
    )


async def confirm_discard(ctx: Context, machines: Sequence[Domain]) -> Confirm:
    return Confirm(
        "domain.discard-save",
        text("Discard the saved state of {name}?", name=machines[0].name)
        if len(machines) == 1
        else text("Discard the saved states of {n} machines?", n=len(machines)),
        text("What was in memory when it was saved is lost; the next start boots the system as after a power cut."),
        text("Discard"),
        named(machines) if len(machines) > 1 else (),
    )


def lose_unapplied(kind: str, message: Text) -> Confirm:
    """Before what was written on a page and not applied is lost: always asked."""
    return Confirm(kind, text("Discard your changes?"), message, text("Discard"), always=True)


async def confirm_undefine(ctx: Context, machines: Sequence[Domain]) -> Confirm:
    """Lists what stays on disk (one machine: its files; many: one line each) and says what goes."""
    if len(machines) == 1:
        title = text("Delete the definition of {name}?", name=machines[0].name)
        items = await _lines(ctx, machines[0])
    else:
        title = text("Delete the definitions of {n} machines?", n=len(machines))
        items = tuple([await _summary(ctx, domain) for domain in machines[:10]]) + named(machines)[10:]
    message = text(
        "The files listed here stay on disk. What goes: the settings of the machine and its list of snapshots."
    )
    if any(domain.managed_save for domain in machines):
        message = text(
            "The files listed here stay on disk. What goes: the settings of the machine, its list of snapshots "
            "and its saved state (the memory of the guest)."
        )
    return Confirm("domain.undefine", title, message, text("Delete definition"), items, always=True)


async def what_stays(ctx: Context, domain: Domain) -> list[File]:
    """The files that deleting the definition leaves behind."""
    found = await domains.files(ctx.sessions.of(domain.key).require(), domain.uuid)
    return [file for file in found if file.kind != "saved-state"]


async def _lines(ctx: Context, domain: Domain) -> tuple[Text | str, ...]:
    files = await what_stays(ctx, domain)
    if not files:
        return (text("No files: this machine has no disks of its own."),)
    lines = [file_line(file) for file in files[:FILES_LISTED]]
    if len(files) > FILES_LISTED:
        lines.append(text("and {n} more", n=len(files) - FILES_LISTED))
    return tuple(lines)


async def _summary(ctx: Context, domain: Domain) -> Text:
    files = await what_stays(ctx, domain)
    size = units.size(sum(file.bytes or 0 for file in files))
    return textn(
        "{name}: {n} file stays, {size}", "{name}: {n} files stay, {size}", len(files), name=domain.name, size=size
    )


_KINDS = {
    "cdrom": text("installation medium"),
    "backing": text("base image, perhaps of other machines, too"),
    "nvram": text("firmware settings"),
    "tpm": text("TPM state"),
    "snapshot": text("snapshot"),
    "memory": text("memory of a snapshot"),
}


def file_line(file: File) -> Text | str:
    """A file with what it is and its size, as far as they are known."""
    size = units.size(file.bytes) if file.bytes is not None else ""
    about = ", ".join(str(part) for part in (_KINDS.get(file.kind, ""), size) if part)
    return f"{file.path} ({about})" if file.path and about else file.path or about
