"""Whether a wish can be, before libvirt sees anything: a number out of range can end the daemon of Debian 12."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from vmdesk.model import names
from vmdesk.model.abilities import HostAbilities, MachineAbilities
from vmdesk.model.system import System
from vmdesk.model.text import text
from vmdesk.model.wish import Away, From, Here, There, Wish
from vmdesk.virtxml.build import check_disks, check_nics, check_platform
from vmdesk.virtxml.build.complaint import Complaint, Weight, short, unwritable

_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_SCHEMES = ("http", "https", "ftp")
_DISPLAYS = ("dbus", "vnc", "spice")
_LONGEST_COMMAND_LINE = 2047  # bytes, on x86


def check(
    wish: Wish,
    system: System,
    host: HostAbilities,
    machine: MachineAbilities | None = None,
    *,
    medium_arch: str = "",
    confirmed: bool = False,
) -> tuple[Complaint, ...]:
    """All that is wrong or unwise. `confirmed`: what only needs confirming becomes a warning.

    What cloud-init is told is checked where its seed is made.
    """
    found = [
        *_names(wish),
        *_source(wish),
        *check_platform.check(wish, system, host, machine, medium_arch),
        *check_disks.check(wish, system, host),
        *check_nics.check(wish, host),
        *_rest(wish),
    ]
    if confirmed:
        found = [
            Complaint(one.field, one.what, Weight.WARNING) if one.weight is Weight.CONFIRM else one for one in found
        ]
    return tuple(found)


def refused(complaints: Sequence[Complaint]) -> bool:
    """Whether it cannot be made as it is."""
    return any(one.weight is not Weight.WARNING for one in complaints)


def _names(wish: Wish) -> Iterator[Complaint]:
    if not 1 <= wish.count <= names.MOST:
        yield Complaint("count", text("Between 1 and {most} machines can be made at once.", most=names.MOST))
        return
    all_names = names.names(wish)
    if names.is_pattern(wish.name) and not all_names:
        yield Complaint("name", text("The pattern counts backwards: write it like lab-{pattern}.", pattern="{01..30}"))
        return
    if len(all_names) > names.MOST:
        yield Complaint("name", text("Between 1 and {most} machines can be made at once.", most=names.MOST))
        return
    if names.is_pattern(wish.name) and wish.count not in (1, len(all_names)):
        yield Complaint(
            "count",
            text("The pattern is for {n} machines, but {count} are wanted.", n=len(all_names), count=wish.count),
        )
    # The last is the longest.
    for name in dict.fromkeys((wish.name, all_names[-1])) if not names.is_pattern(wish.name) else (all_names[-1],):
        if why := names.problem(name):
            yield Complaint("name", why)
            return
        if unwise := names.warning(name):
            yield Complaint("name", unwise, Weight.WARNING)
            return
    if wish.uuid and not _UUID.fullmatch(wish.uuid):
        yield Complaint("uuid", text("{uuid} is not a UUID.", uuid=short(wish.uuid)))
    if len(all_names) > 1:
        if wish.uuid:
            yield Complaint("uuid", text("Several machines cannot have the same UUID: leave it out."))
        if any(nic.mac for nic in wish.nics):
            yield Complaint("nics", text("Several machines cannot have the same MAC address: leave it out."))
        if any(nic.forwards for nic in wish.nics):
            yield Complaint("nics", text("Several machines cannot answer on the same port of the host."))


def _source(wish: Wish) -> Iterator[Complaint]:
    match wish.source:
        case From.CDROM if wish.media is None:
            yield Complaint("media", text("Choose the ISO file to install from."))
        case From.LOCATION if not isinstance(wish.media, Away):
            yield Complaint("media", text("Give the address (URL) of the installation tree."))
        case From.KERNEL if wish.kernel is None:
            yield Complaint("kernel", text("Choose the kernel to start."))
        case From.DISK if wish.media is None and not any(disk.source for disk in wish.disks):
            yield Complaint("media", text("Choose the disk image to use."))
        case From.CLOUD if wish.media is None:
            yield Complaint("media", text("Choose the cloud image to start from."))
        case From.XML if wish.media is None:
            yield Complaint("media", text("Choose the file with the definition."))
        case From.PXE if not wish.nics:
            yield Complaint("nics", text("To install over the network, the machine needs a network card."))
    for field in ("media", "kernel", "initrd", "drivers"):
        yield from _place(field, getattr(wish, field))
    for place, disk in enumerate(wish.disks):
        yield from _place(f"disks[{place}].source", disk.source)
    if "\n" in wish.append or unwritable(wish.append):
        yield Complaint("append", text("The kernel's command line is one line of plain text."))
    elif len(wish.append.encode()) > _LONGEST_COMMAND_LINE:
        yield Complaint(
            "append", text("The kernel's command line is too long: at most {most} bytes.", most=_LONGEST_COMMAND_LINE)
        )


def _place(field: str, place: Here | There | Away | None) -> Iterator[Complaint]:
    match place:
        case Here(path) | There(_, path) if unwritable(path):
            yield Complaint(field, text("The file's name has characters that a definition cannot hold: rename it."))
        case Away(url):
            try:
                parts = urlsplit(url)
                good = parts.scheme in _SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
            except ValueError:
                good = False
            if not good or unwritable(url) or any(sign.isspace() for sign in url):
                yield Complaint(
                    field, text("{url} is not an address: it begins with http://, https:// or ftp://.", url=short(url))
                )


def _rest(wish: Wish) -> Iterator[Complaint]:
    for kind in wish.displays:
        if kind not in _DISPLAYS and wish.displays != ("none",):
            yield Complaint("displays", text("There is no display called {kind}.", kind=short(kind)))
    if len(set(wish.displays)) != len(wish.displays):
        yield Complaint("displays", text("Each display once."))
    for field in ("title", "description"):
        value = getattr(wish, field)
        if len(value) > 65_536:
            yield Complaint(field, text("The text is too long."))
    if "\n" in wish.title:
        yield Complaint("title", text("A title is one line."))
