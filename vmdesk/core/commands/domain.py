"""What can be done to a machine."""

import asyncio
import functools
import ipaddress
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from vmdesk.core import units
from vmdesk.core.command import Act, Command, Confirm, Context, Offer, Question, named, reference, refused
from vmdesk.core.labels import LabelsEdit
from vmdesk.model.domain import Domain, File, State
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Feature
from vmdesk.model.text import Text, text
from vmdesk.virt import domains
from vmdesk.virtxml import metadata

LONGEST_NAME = 200  # bytes; the driver makes file names of it, which may have 255
PROGRESS = 0.5  # seconds between two looks at a job's progress
FILES_LISTED = 12  # files written out in a question
# Terminal programs and the option after which their command stands, the desktop's own choice first.
TERMINALS = (
    ("x-terminal-emulator", "-e"),
    ("gnome-terminal", "--"),
    ("konsole", "-e"),
    ("xfce4-terminal", "-x"),
    ("xterm", "-e"),
)


# ---------------------------------------------------------------- when it makes sense


def _has_process(domain: Domain) -> bool:
    """Whether there is something to force off; a crashed machine may have been kept for a look."""
    return domain.active or (domain.state is State.CRASHED and domain.live_id >= 0)


def _off(domain: Domain) -> Text | None:
    if domain.state is State.PAUSED:
        return text("{name} is paused. Resume it.", name=domain.name)
    if domain.active:
        return text("{name} is already running.", name=domain.name)
    if _has_process(domain):
        return text("{name} has crashed and was kept. Force it off first.", name=domain.name)
    return None


def _running(domain: Domain) -> Text | None:
    if domain.state is State.PAUSED:
        return text("{name} is paused. Resume it first.", name=domain.name)
    if domain.state is State.PMSUSPENDED:
        return text("{name} sleeps. Wake it first.", name=domain.name)
    return None if domain.active else _is_off(domain)


def _is_off(domain: Domain) -> Text:
    return text("{name} is not running.", name=domain.name)


def _can_pause(domain: Domain) -> Text | None:
    if domain.state is State.PAUSED:
        return text("{name} is already paused.", name=domain.name)
    return _running(domain)


def _can_resume(domain: Domain) -> Text | None:
    if domain.state in (State.PAUSED, State.PMSUSPENDED):
        return None
    if domain.active:
        return text("{name} is already running.", name=domain.name)
    return _is_off(domain)


def _can_save(domain: Domain) -> Text | None:
    if not domain.active:
        return _is_off(domain)
    return _persistent(domain)


def _can_restore(domain: Domain) -> Text | None:
    return _off(domain) or _saved(domain)


def _saved(domain: Domain) -> Text | None:
    return None if domain.managed_save else text("{name} has no saved state.", name=domain.name)


def _persistent(domain: Domain) -> Text | None:
    if domain.persistent:
        return None
    return text("{name} has no definition of its own: it vanishes when it stops.", name=domain.name)


def _can_autostart(domain: Domain) -> Text | None:
    return _persistent(domain) or (_autostarts(domain) if domain.autostart else None)


def _can_not_autostart(domain: Domain) -> Text | None:
    return _persistent(domain) or (None if domain.autostart else _starts_by_hand(domain))


def _autostarts(domain: Domain) -> Text:
    return text("{name} already starts with its host.", name=domain.name)


def _starts_by_hand(domain: Domain) -> Text:
    return text("{name} does not start with its host.", name=domain.name)


def _definition_free(domain: Domain) -> Text | None:
    if _has_process(domain):
        return text("{name} is running. Shut it down first.", name=domain.name)
    return _persistent(domain)


def _always(domain: Domain) -> Text | None:
    return None


def _has_address(domain: Domain) -> Text | None:
    return None if domain.addresses else text("The address of {name} is not known.", name=domain.name)


def _can_ssh(domain: Domain) -> Text | None:
    if not domain.active:
        return _is_off(domain)
    if terminal("") is None:
        return text("No terminal program was found. Install xterm or your desktop's terminal.")
    if _address(domain) is None:
        return text("The address of {name} is not known.", name=domain.name)
    return None


# ---------------------------------------------------------------- already so


def _already_running(domain: Domain) -> Text | None:
    running = domain.active and domain.state not in (State.PAUSED, State.PMSUSPENDED)
    return text("{name} is already running.", name=domain.name) if running else None


def _already_paused(domain: Domain) -> Text | None:
    return text("{name} is already paused.", name=domain.name) if domain.state is State.PAUSED else None


def _already_off(domain: Domain) -> Text | None:
    return None if _has_process(domain) else text("{name} is already off.", name=domain.name)


def _already_saved(domain: Domain) -> Text | None:
    if domain.managed_save and not domain.active:
        return text("{name} is already saved.", name=domain.name)
    return None


def _already_autostarts(domain: Domain) -> Text | None:
    return _autostarts(domain) if domain.autostart else None


def _already_by_hand(domain: Domain) -> Text | None:
    return None if domain.autostart else _starts_by_hand(domain)


# ---------------------------------------------------------------- the work


async def _start(act: Act) -> None:
    await domains.start(act.connection, act.uuid)


async def _start_paused(act: Act) -> None:
    await domains.start(act.connection, act.uuid, paused=True)


async def _shutdown(act: Act) -> None:
    """The guest agent where there is one, then the power button (ACPI); other drivers have their own way."""
    if act.connection.capabilities.driver != "QEMU":
        await domains.shutdown(act.connection, act.uuid)
        return
    if act.domain.definition.agent:
        try:
            await domains.shutdown(act.connection, act.uuid, mode="agent")
            return
        except VirtError as error:
            if error.problem.name == "gone":
                raise
            act.report(None, text("The guest agent does not answer; pressing the power button"))
    await domains.shutdown(act.connection, act.uuid, mode="acpi")


async def _wait_until_off(act: Act) -> None:
    """Wait for the guest; when it takes too long, offer Force off and end."""
    seconds = act.ctx.settings.current.shutdown_wait
    act.report(None, text("Waiting for the guest, {n} seconds at most", n=round(seconds)))
    if not await until_off(act.ctx, act.domain, seconds):
        message = text("{name} has not shut down within {n} seconds.", name=act.domain.name, n=round(seconds))
        act.ctx.ask.offer(Offer(message, POWEROFF, (act.domain.key,)))


async def until_off(ctx: Context, domain: Domain, seconds: float) -> bool:
    """Wait until the machine has stopped (or vanished); False when it has not in that time."""
    if not ctx.live:
        return await _polled_off(ctx, domain, seconds)
    changed = asyncio.Event()
    leave = ctx.store.subscribe(lambda changes: changed.set())
    try:
        async with asyncio.timeout(seconds):
            while (now := ctx.store.domains.get(domain.key)) and _has_process(now):
                await changed.wait()
                changed.clear()
    except TimeoutError:
        return False
    finally:
        leave()
    return True


async def _polled_off(ctx: Context, domain: Domain, seconds: float) -> bool:
    loop = asyncio.get_running_loop()
    give_up = loop.time() + seconds
    while True:
        found, _gone = await domains.read(ctx.sessions.of(domain.key).require(), [domain.uuid])
        if not found or not _has_process(found[0]):
            return True
        if loop.time() >= give_up:
            return False
        await asyncio.sleep(min(0.5, max(0.0, give_up - loop.time())))


async def _reboot(act: Act) -> None:
    await domains.reboot(act.connection, act.uuid)


async def _reset(act: Act) -> None:
    await domains.reset(act.connection, act.uuid)


async def _poweroff(act: Act) -> None:
    await domains.destroy(act.connection, act.uuid)


async def _pause(act: Act) -> None:
    await domains.suspend(act.connection, act.uuid)


async def _resume(act: Act) -> None:
    await domains.resume(act.connection, act.uuid)


async def _save(act: Act) -> None:
    """Save with progress; cancelling the job cancels the saving, and the machine runs on."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(PROGRESS)
            try:
                act.report(await domains.job_progress(act.connection, act.uuid))
            except VirtError:
                return  # only the picture of the progress is lost; the saving itself tells what is wrong

    watching = act.ctx.jobs.spawn(f"progress of saving {act.domain.name}", watch())
    try:
        await domains.managed_save(act.connection, act.uuid)
    finally:
        watching.cancel()


async def _discard_save(act: Act) -> None:
    await domains.managed_save_remove(act.connection, act.uuid)


async def _autostart(act: Act) -> None:
    await domains.set_autostart(act.connection, act.uuid, True)


async def _no_autostart(act: Act) -> None:
    await domains.set_autostart(act.connection, act.uuid, False)


async def _rename(act: Act) -> None:
    new = str(act.argument)
    if wrong := name_problem(act.ctx, act.domain, new):
        raise refused(text("{name} could not be renamed.", name=act.domain.name), wrong)
    await domains.rename(act.connection, act.uuid, new)


async def _undefine(act: Act) -> None:
    # The question said that these go; libvirt refuses to leave them without a machine.
    await domains.undefine(act.connection, act.uuid, managed_save=act.domain.managed_save, snapshots=True)


async def _labels(act: Act) -> None:
    labels = act.argument.apply(act.domain.labels)
    if act.connection.capabilities.can(Feature.METADATA):
        try:
            await domains.set_labels(act.connection, act.uuid, labels)
            return
        except VirtError as error:
            if error.problem.name != "no-support":
                raise
    try:
        act.ctx.labels.put(act.domain.key, labels)
    except OSError as error:
        problem = Problem(
            text("The labels of {name} could not be saved.", name=act.domain.name),
            text("{file} cannot be written.", file=error.filename) if error.filename else None,
            text("Check the folder's owner and free space."),
            error.strerror or str(error),
            name="labels-unwritable",
        )
        raise VirtError(problem) from error


# ---------------------------------------------------------------- questions


def name_problem(ctx: Context, domain: Domain, name: str) -> Text | None:
    """What is wrong with a new name for this machine, None if nothing."""
    if not name.strip():
        return text("A name is needed.")
    if name != name.strip():
        return text("A name cannot begin or end with a blank.")
    if not name.isprintable() or "/" in name:
        return text("A name cannot contain / or control characters.")
    if name in (".", ".."):
        return text("This cannot be a name.")
    if len(name.encode()) > LONGEST_NAME:
        return text("The name is too long.")
    if any(other.name == name and other.key != domain.key for other in ctx.store.of_host(domain.key.host)):
        return text("There is already a machine {name} on this host.", name=name)
    return None


async def _ask_name(ctx: Context, machines: Sequence[Domain]) -> str | None:
    domain = machines[0]

    def check(answer: str) -> Text | None:
        return name_problem(ctx, domain, answer)

    title = text("Rename {name}", name=domain.name)
    answer = await ctx.ask.text(Question(title, text("New name"), domain.name, text("Rename"), check))
    return None if answer is None or answer == domain.name else answer


async def _ask_labels(ctx: Context, machines: Sequence[Domain]) -> LabelsEdit | None:
    return await ctx.ask.labels(machines)


async def _confirm_poweroff(ctx: Context, machines: Sequence[Domain]) -> Confirm:
    return Confirm(
        "domain.poweroff",
        text("Force off {name}?", name=machines[0].name)
        if len(machines) == 1
        else text("Force off {n} machines?", n=len(machines)),
        text("This is like pulling the plug: unsaved data in the guest is lost, and its file systems may be damaged."),
        text("Force off"),
        named(machines) if len(machines) > 1 else (),
    )


async def _confirm_reset(ctx: Context, machines: Sequence[Domain]) -> Confirm:
    return Confirm(
        "domain.reset",
        text("Reset {name}?", name=machines[0].name)
        if len(machines) == 1
        else text("Reset {n} machines?", n=len(machines)),
        text("This is like the reset button: unsaved data in the guest is lost."),
        text("Reset"),
        named(machines) if len(machines) > 1 else (),
    )


async def _confirm_discard(ctx: Context, machines: Sequence[Domain]) -> Confirm:
    return Confirm(
        "domain.discard-save",
        text("Discard the saved state of {name}?", name=machines[0].name)
        if len(machines) == 1
        else text("Discard the saved states of {n} machines?", n=len(machines)),
        text("What was in memory when it was saved is lost; the next start boots the system as after a power cut."),
        text("Discard"),
        named(machines) if len(machines) > 1 else (),
    )


async def _confirm_undefine(ctx: Context, machines: Sequence[Domain]) -> Confirm:
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
    return text("{name}: {n} files stay, {size}", name=domain.name, n=len(files), size=size)


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


# ---------------------------------------------------------------- without libvirt


def _copy_names(ctx: Context, machines: Sequence[Domain]) -> None:
    ctx.ask.copy("\n".join(domain.name for domain in machines))


def _copy_uuids(ctx: Context, machines: Sequence[Domain]) -> None:
    ctx.ask.copy("\n".join(domain.uuid for domain in machines))


def _copy_addresses(ctx: Context, machines: Sequence[Domain]) -> None:
    ctx.ask.copy("\n".join(domain.addresses[0] for domain in machines if domain.addresses))


def _open(ctx: Context, machines: Sequence[Domain]) -> None:
    for domain in machines:
        ctx.ask.open(domain.key)


def _address(domain: Domain) -> str | None:
    """The first address that can be reached without naming a network card."""
    for address in domain.addresses:
        try:
            parsed = ipaddress.ip_address(address.partition("/")[0])
        except ValueError:
            continue  # a guest may report anything
        if not (parsed.is_link_local or parsed.is_loopback or parsed.is_unspecified):
            return str(parsed)
    return None


def terminal(chosen: str) -> list[str] | None:
    """The terminal program and its option after which a command stands; None if there is none."""
    names = dict(TERMINALS)
    found = ((program, names.get(os.path.basename(program), "-e")) for program in (chosen, *names) if program)
    for program, option in found:
        if path := _which(program, os.environ.get("PATH", os.defpath)):
            # What stands behind Debian's alternative is often gnome-terminal's wrapper, which takes -e, too.
            return [path, option]
    return None


@functools.lru_cache(maxsize=64)
def _which(program: str, path: str) -> str | None:
    """Remembered: the menus ask this for every machine that is selected."""
    return shutil.which(program, path=path)


def ssh_arguments(domain: Domain, user: str) -> list[str]:
    """ssh to the machine's address; `user` "" leaves the name to ssh."""
    address = _address(domain)
    assert address is not None
    return ["ssh", *(["-l", user] if user else []), "--", address]


def _ssh(ctx: Context, machines: Sequence[Domain]) -> None:
    settings = ctx.settings.current
    opener = terminal(settings.terminal)
    if opener is None:
        ctx.ask.tell(text("No terminal program was found. Install xterm or your desktop's terminal."))
        return
    ctx.programs[:] = [program for program in ctx.programs if program.poll() is None]
    for domain in machines:
        try:
            program = subprocess.Popen(
                [*opener, *ssh_arguments(domain, settings.ssh_user)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            ctx.ask.tell(text("{program} could not be started: {why}", program=opener[0], why=error.strerror or ""))
            return
        ctx.programs.append(program)


# ---------------------------------------------------------------- the same with virsh


def _virsh(*words: str) -> Any:
    """`virsh WORD MACHINE WORD...`"""

    def lines(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
        return ((words[0], reference(domain), *words[1:]),)

    return lines


def _virsh_shutdown(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
    agent = domain.definition.agent and domain.definition.kind in ("kvm", "qemu")
    return (("shutdown", reference(domain), *(("--mode", "agent,acpi") if agent else ())),)


def _virsh_resume(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
    return (("dompmwakeup" if domain.state is State.PMSUSPENDED else "resume", reference(domain)),)


def _virsh_rename(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
    return (("domrename", reference(domain), str(argument)),) if argument else ()


def _virsh_undefine(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
    flags = ["--managed-save"] if domain.managed_save else []
    flags += ["--snapshots-metadata"]
    # Other drivers refuse the flags of what they do not have.
    flags += (
        ["--checkpoints-metadata", "--keep-nvram", "--keep-tpm"] if domain.definition.kind in ("kvm", "qemu") else []
    )
    return (("undefine", reference(domain), *flags),)


def _virsh_labels(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
    if not isinstance(argument, LabelsEdit):
        return ()
    old, new, name = domain.labels, argument.apply(domain.labels), reference(domain)
    where = [*(["--config"] if domain.persistent else []), *(["--live"] if domain.active else [])]
    lines: list[list[str]] = []
    if new.title != old.title:
        lines.append(["desc", name, *where, "--title", "--new-desc", new.title])
    if new.description != old.description:
        lines.append(["desc", name, *where, "--new-desc", new.description])
    if (new.notes, new.group, new.tags) != (old.notes, old.group, old.tags):
        lines.append(["metadata", name, metadata.NAMESPACE, *where, *_metadata_of(new)])
    return lines


def _metadata_of(labels: Any) -> list[str]:
    xml = metadata.build(labels)
    return ["--key", metadata.PREFIX, "--set", xml] if xml else ["--remove"]


# ---------------------------------------------------------------- the list

POWEROFF = Command(
    "domain.poweroff",
    text("Force off"),
    "power-plug-off",
    "Ctrl+Shift+K",
    when=lambda domain: None if _has_process(domain) else _is_off(domain),
    doing=text("Forcing off {name}"),
    run=_poweroff,
    call="virDomainDestroy",
    virsh=_virsh("destroy"),
    already=_already_off,
    confirm=_confirm_poweroff,
    danger=True,
)

COMMANDS: tuple[Command, ...] = (
    Command(
        "domain.open",
        text("Open"),
        "open-in-new",
        "Alt+Return",
        when=_always,
        act=_open,
        writes=False,
    ),
    Command(
        "domain.start",
        text("Start"),
        "play",
        "Ctrl+R",
        when=_off,
        doing=text("Starting {name}"),
        run=_start,
        call="virDomainCreate",
        virsh=_virsh("start"),
        already=_already_running,
    ),
    Command(
        "domain.start-paused",
        text("Start paused"),
        "play-pause",
        "Ctrl+Shift+R",
        when=_off,
        doing=text("Starting {name} paused"),
        run=_start_paused,
        call="virDomainCreateWithFlags",
        virsh=_virsh("start", "--paused"),
        already=_already_paused,
    ),
    Command(
        "domain.shutdown",
        text("Shut down"),
        "power",
        "Ctrl+D",
        when=_running,
        doing=text("Shutting down {name}"),
        run=_shutdown,
        after=_wait_until_off,
        call="virDomainShutdownFlags",
        virsh=_virsh_shutdown,
        already=_already_off,
    ),
    Command(
        "domain.reboot",
        text("Reboot"),
        "restart",
        "Ctrl+B",
        when=_running,
        needs=Feature.REBOOT,
        doing=text("Rebooting {name}"),
        run=_reboot,
        call="virDomainReboot",
        virsh=_virsh("reboot"),
    ),
    Command(
        "domain.reset",
        text("Reset"),
        "restart-alert",
        "Ctrl+Shift+B",
        when=lambda domain: None if _has_process(domain) else _is_off(domain),
        needs=Feature.RESET,
        doing=text("Resetting {name}"),
        run=_reset,
        call="virDomainReset",
        virsh=_virsh("reset"),
        confirm=_confirm_reset,
        danger=True,
    ),
    POWEROFF,
    Command(
        "domain.pause",
        text("Pause"),
        "pause",
        "Ctrl+P",
        when=_can_pause,
        needs=Feature.SUSPEND,
        doing=text("Pausing {name}"),
        run=_pause,
        call="virDomainSuspend",
        virsh=_virsh("suspend"),
        already=_already_paused,
    ),
    Command(
        "domain.resume",
        text("Resume"),
        "play-circle-outline",
        "Ctrl+Shift+P",
        when=_can_resume,
        needs=Feature.SUSPEND,
        doing=text("Resuming {name}"),
        run=_resume,
        call="virDomainResume",
        virsh=_virsh_resume,
        already=_already_running,
    ),
    Command(
        "domain.save",
        text("Save and stop"),
        "content-save-outline",
        "Ctrl+S",
        when=_can_save,
        needs=Feature.MANAGED_SAVE,
        doing=text("Saving {name}"),
        run=_save,
        call="virDomainManagedSave",
        virsh=_virsh("managedsave"),
        already=_already_saved,
    ),
    Command(
        "domain.restore",
        text("Restore saved state"),
        "backup-restore",
        "Ctrl+Shift+S",
        when=_can_restore,
        needs=Feature.MANAGED_SAVE,
        doing=text("Restoring {name}"),
        run=_start,
        call="virDomainCreate",
        virsh=_virsh("start"),
        already=_already_running,
    ),
    Command(
        "domain.discard-save",
        text("Discard saved state"),
        "content-save-off-outline",
        "Ctrl+Shift+Backspace",
        when=_saved,
        needs=Feature.MANAGED_SAVE,
        doing=text("Discarding the saved state of {name}"),
        run=_discard_save,
        call="virDomainManagedSaveRemove",
        virsh=_virsh("managedsave-remove"),
        already=_saved,
        confirm=_confirm_discard,
        danger=True,
    ),
    Command(
        "domain.autostart",
        text("Start with the host"),
        "rocket-launch-outline",
        "Ctrl+T",
        when=_can_autostart,
        needs=Feature.AUTOSTART,
        doing=text("Setting {name} to start with its host"),
        run=_autostart,
        call="virDomainSetAutostart",
        virsh=_virsh("autostart"),
        already=_already_autostarts,
    ),
    Command(
        "domain.no-autostart",
        text("Do not start with the host"),
        "rocket",
        "Ctrl+Shift+T",
        when=_can_not_autostart,
        needs=Feature.AUTOSTART,
        doing=text("Setting {name} not to start with its host"),
        run=_no_autostart,
        call="virDomainSetAutostart",
        virsh=_virsh("autostart", "--disable"),
        already=_already_by_hand,
    ),
    Command(
        "domain.rename",
        text("Rename"),
        "rename-box",
        "F2",
        when=_definition_free,
        needs=Feature.RENAME,
        doing=text("Renaming {name}"),
        run=_rename,
        call="virDomainRename",
        virsh=_virsh_rename,
        ask=_ask_name,
        single=True,
    ),
    Command(
        "domain.labels",
        text("Edit labels"),
        "tag-outline",
        "Ctrl+L",
        when=_always,
        doing=text("Labelling {name}"),
        run=_labels,
        call="virDomainSetMetadata",
        virsh=_virsh_labels,
        ask=_ask_labels,
    ),
    Command(
        "domain.copy-name",
        text("Copy name"),
        "content-copy",
        "Ctrl+Shift+C",
        when=_always,
        act=_copy_names,
        writes=False,
    ),
    Command(
        "domain.copy-uuid",
        text("Copy UUID"),
        "identifier",
        "Ctrl+Shift+U",
        when=_always,
        act=_copy_uuids,
        writes=False,
    ),
    Command(
        "domain.copy-address",
        text("Copy IP address"),
        "ip-network",
        "Ctrl+Shift+I",
        when=_has_address,
        act=_copy_addresses,
        writes=False,
    ),
    Command(
        "domain.ssh",
        text("Open ssh to the guest"),
        "console",
        "Ctrl+Shift+H",
        when=_can_ssh,
        act=_ssh,
        writes=False,
    ),
    Command(
        "domain.undefine",
        text("Delete definition"),
        "delete-outline",
        "Shift+Delete",
        when=_definition_free,
        needs=Feature.DEFINE,
        doing=text("Deleting the definition of {name}"),
        run=_undefine,
        call="virDomainUndefineFlags",
        virsh=_virsh_undefine,
        confirm=_confirm_undefine,
        danger=True,
    ),
)

BY_ID = {command.id: command for command in COMMANDS}
