"""What is done with a machine without libvirt: its name on the clipboard, a terminal that logs in."""

import functools
import ipaddress
import os
import shutil
import subprocess
from collections.abc import Sequence

from vmdesk.core.command import Context
from vmdesk.model.domain import Domain
from vmdesk.model.text import text

# Terminal programs and the option after which their command stands, the desktop's own choice first.
TERMINALS = (
    ("x-terminal-emulator", "-e"),
    ("gnome-terminal", "--"),
    ("ptyxis", "--"),
    ("kgx", "--"),
    ("konsole", "-e"),
    ("xfce4-terminal", "-x"),
    ("mate-terminal", "-x"),
    ("alacritty", "-e"),
    ("kitty", "--"),
    ("foot", "--"),
    ("xterm", "-e"),
)


def copy_names(ctx: Context, machines: Sequence[Domain]) -> None:
    ctx.ask.copy("\n".join(domain.name for domain in machines))


def copy_uuids(ctx: Context, machines: Sequence[Domain]) -> None:
    ctx.ask.copy("\n".join(domain.uuid for domain in machines))


def copy_addresses(ctx: Context, machines: Sequence[Domain]) -> None:
    ctx.ask.copy("\n".join(domain.addresses[0] for domain in machines if domain.addresses))


def open_page(ctx: Context, machines: Sequence[Domain]) -> None:
    for domain in machines:
        ctx.ask.open(domain.key)


def address(domain: Domain) -> str | None:
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
    found = address(domain)
    assert found is not None
    return ["ssh", *(["-l", user] if user else []), "--", found]


def ssh(ctx: Context, machines: Sequence[Domain]) -> None:
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
