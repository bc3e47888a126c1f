"""What a definition needs and its host lacks: a machine that is defined so cannot start."""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from vmdesk.model import sizes
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import facts, networks, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virt.files import here, in_definition
from vmdesk.virtxml import hardware
from vmdesk.virtxml.edit.tree import Definition

_CARDS = Path("/sys/class/net")
_LISTED = 8  # names in a sentence


@dataclass(frozen=True, slots=True)
class Lacking:
    """What was looked for and not found.

    files     not there: neither in the file system nor in a pool
    unseen    files of which that cannot be told: of another computer, or behind folders that are closed to us
    networks  libvirt knows none of that name; `known` are those that there are
    off       there, but switched off
    cards     bridges and devices that this computer does not have now
    memory    KiB that are wanted now and were not before, where that is more than the host has; and what it has
    """

    files: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
    memory: tuple[int, int] | None = None


async def look(connection: Connection, xml: str, before: str = "") -> Lacking:
    """What `xml` names and `before` did not, and is not there. Raises XmlError."""
    new, old = Definition(xml).domain, Definition(before).domain if before else None

    def added(names: Callable[[etree._Element], Iterable[str]]) -> list[str]:
        had = set(names(old)) if old is not None else set()
        return sorted({one for one in names(new) if one} - had)

    files, unseen = list[str](), list[str]()
    for path in added(_paths):
        there = await _is_there(connection, path)
        if there is not True:
            (unseen if there is None else files).append(path)
    wanted, known, off = added(_networks), list[str](), set[str]()
    gone = list[str]()
    if wanted:
        with contextlib.suppress(VirtError):  # a kind of host that has none tells so itself
            found = await networks.networks(connection)
            known, off = [one.name for one in found], {one.name for one in found if not one.active}
            gone = [one for one in wanted if one not in known]
    cards = [one for one in added(_cards) if not (_CARDS / one).exists()] if _has_cards(connection) else []
    return Lacking(
        tuple(files),
        tuple(unseen),
        tuple(gone),
        tuple(known),
        tuple(one for one in wanted if one in off),
        tuple(cards),
        await _memory(connection, xml, before),
    )


def problem(found: Lacking, name: str) -> Problem | None:
    """Why the machine is not changed; None: nothing is missing for certain."""
    what = text("{name} was not changed.", name=name)
    if found.files:
        why = text("{path} is not there: the machine could not start.", path=_said(found.files))
        return Problem(what, why, text("Check the path, or put the file there first."), name="lacking")
    if found.networks:
        why = text("The host has no network {network}: the machine could not start.", network=_said(found.networks))
        then = text("It has: {names}.", names=_said(found.known)) if found.known else text("Make the network first.")
        return Problem(what, why, then, name="lacking")
    return None


def warnings(found: Lacking) -> tuple[Text, ...]:
    """What may be in the way of its next start."""
    said = [
        text("Whether {path} is there cannot be seen from here: without it the machine cannot start.", path=path)
        for path in found.unseen
    ]
    said += [
        text("The network {network} is off: the machine cannot start until it is on.", network=network)
        for network in found.off
    ]
    said += [
        text("This computer has no network interface {name} now: without it the machine cannot start.", name=name)
        for name in found.cards
    ]
    if found.memory is not None:
        wanted, there = (sizes.written(kib * sizes.KIB) for kib in found.memory)
        said.append(
            text(
                "The host has {there} of memory: a machine of {wanted} may not start.",
                there=there,
                wanted=wanted,
            )
        )
    return tuple(said)


async def _memory(connection: Connection, xml: str, before: str) -> tuple[int, int] | None:
    wanted = hardware.parse(xml).memory.most_kib
    if before and hardware.parse(before).memory.most_kib == wanted:
        return None
    there = 0
    with contextlib.suppress(VirtError):
        there = await facts.memory_kib(connection)
    return (wanted, there) if 0 < there < wanted else None


def _said(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed if len(listed) <= _LISTED else (*listed[: _LISTED - 1], "…"))


def _paths(domain: etree._Element) -> list[str]:
    found = [path for path, _kind in in_definition(domain)]
    found += [(domain.findtext(f"os/{tag}") or "").strip() for tag in ("kernel", "initrd")]
    found += [one.get("dir") or "" for one in domain.findall("devices/filesystem/source")]
    return found


def _networks(domain: etree._Element) -> list[str]:
    return [one.get("network") or "" for one in domain.findall("devices/interface[@type='network']/source")]


def _cards(domain: etree._Element) -> list[str]:
    named = (("bridge", "bridge"), ("direct", "dev"))
    return [
        one.get(word) or ""
        for kind, word in named
        for one in domain.findall(f"devices/interface[@type='{kind}']/source")
    ]


def _has_cards(connection: Connection) -> bool:
    """Whether its interfaces are this computer's, so that they can be seen."""
    return connection.local and connection.capabilities.driver in ("QEMU", "LXC", "Xen")


async def _is_there(connection: Connection, path: str) -> bool | None:
    """None: it cannot be told."""
    if path.startswith("/"):
        there = await here(connection, path)
        # Not a file, or none that we may see: a pool may know it (of an iSCSI target, of the practice host).
        return there or await _is_volume(connection, path) or there
    pool, slash, volume = path.partition("/")
    if not slash or "://" in path:
        return True  # of a server: the hypervisor asks it
    try:
        await volumes.volume(connection, pool, volume)
    except VirtError as error:
        return False if error.problem.name in ("no-pool", "no-volume") else None
    return True


async def _is_volume(connection: Connection, path: str) -> bool:
    try:
        return await volumes.volume_at(connection, path) is not None
    except VirtError:
        return False
