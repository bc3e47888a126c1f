"""Block jobs of a running machine's disk: layers merged by commit (down into a file below) and pull (up into the top
one), and a disk copied to another place while the guest works.

A job that was begun goes on in QEMU whatever becomes of us; cancelled here, it is cancelled there, and the chain is as
it was. How it ended is read from the chain itself, for events can be missed.
"""

import asyncio
import contextlib
from collections.abc import Callable

import libvirt

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Feature
from vmdesk.model.storage import Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import errors
from vmdesk.virt.acting import act, look, name
from vmdesk.virt.connection import Connection
from vmdesk.virt.stopping import Progress
from vmdesk.virt.things import UNKNOWN_FLAG, unreadable
from vmdesk.virtxml import layers
from vmdesk.virtxml.document import XmlError, root

_POLL = 0.2
_NEAR = 0.9  # of what is to be written, which grows while the guest writes: then it is asked whether it may be ended
_INTO = libvirt.VIR_DOMAIN_BLOCK_COPY_REUSE_EXT  # the volume is there: libvirt's storage made it
_ASK = libvirt.VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES


async def chain(connection: Connection, uuid: str, target: str) -> tuple[str, ...]:
    """The files of a running machine's disk, the one that is written first."""
    doing = text("Reading the backing chain of {name}", name=name(connection, uuid))
    return (await look(connection, uuid, lambda domain: _chain(domain, target), doing))[0]


async def commit(
    connection: Connection, uuid: str, target: str, top: str, base: str, progress: Progress | None = None
) -> None:
    """Write what is in the layers from `top` down to above `base` into `base`; then they are in the chain no more.

    top  "" or the file that is written: everything down to `base`
    The files that are in the chain no more stay on the disk, for the caller to delete.
    """
    doing = text("Merging the layers of {target} of {name}", target=target, name=name(connection, uuid))
    before = await _chain_of(connection, uuid, target, doing)
    top = top or before[0]
    if top not in before or base not in before or before.index(top) >= before.index(base):
        raise errors.refused(doing, text("These files are not layers of this disk in that order."), name="changed")
    active = top == before[0]
    flags = libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE if active else 0

    def begin(domain: "libvirt.virDomain") -> None:
        domain.blockCommit(target, base, top, 0, flags)

    gone = before[before.index(top) : before.index(base)]
    await _run(connection, uuid, target, begin, active, gone, doing, progress)


async def pull(
    connection: Connection, uuid: str, target: str, base: str = "", progress: Progress | None = None
) -> None:
    """Copy what is in the layers below into the file that is written; it then stands on `base`, or on nothing."""
    doing = text("Pulling the layers of {target} of {name} up", target=target, name=name(connection, uuid))
    before = await _chain_of(connection, uuid, target, doing)
    if base and base not in before[1:]:
        raise errors.refused(doing, text("This file is not below this disk."), name="changed")
    gone = before[1 : before.index(base)] if base else before[1:]
    if not gone:
        return

    def begin(domain: "libvirt.virDomain") -> None:
        if base:
            domain.blockRebase(target, base, 0, 0)
        else:
            domain.blockPull(target, 0, 0)

    await _run(connection, uuid, target, begin, False, gone, doing, progress)


async def copy(
    connection: Connection, uuid: str, target: str, volume: Volume, progress: Progress | None = None
) -> None:
    """Copy the disk with all that is below it into an empty volume of its size, and let the machine go on there.

    Cancelled before that, the disk is where it was. Its old files stay, for the caller to delete.
    """
    doing = text("Moving {target} of {name}", target=target, name=name(connection, uuid))
    before = await _chain_of(connection, uuid, target, doing)
    xml = layers.mirror(volume)

    def begin(domain: "libvirt.virDomain") -> None:
        try:
            domain.blockCopy(target, xml, {}, _INTO | libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB)
        except libvirt.libvirtError as error:
            if error.get_error_code() not in UNKNOWN_FLAG:
                raise
            domain.blockCopy(target, xml, {}, _INTO)

    await _run(connection, uuid, target, begin, True, before, doing, progress)


async def settle(connection: Connection, uuid: str, target: str) -> None:
    """Cancel a job that somebody left on this disk; nothing if there is none."""
    doing = text("Cancelling the merging of {target} of {name}", target=target, name=name(connection, uuid))

    def work(domain: "libvirt.virDomain") -> None:
        if domain.isActive() and domain.blockJobInfo(target, _ASK):
            domain.blockJobAbort(target, 0)

    await act(connection, uuid, work, doing, Feature.BLOCK_JOBS)


async def _run(
    connection: Connection,
    uuid: str,
    target: str,
    begin: Callable[["libvirt.virDomain"], None],
    pivots: bool,
    gone: tuple[str, ...],
    doing: Text,
    progress: Progress | None,
) -> None:
    await act(connection, uuid, begin, doing, Feature.BLOCK_JOBS)
    try:
        while True:
            info = await look(
                connection, uuid, lambda domain: domain.blockJobInfo(target, _ASK), doing, wire=connection.actions
            )
            if not info:
                break
            if progress and info.get("end"):
                progress(int(info["cur"]), int(info["end"]))
            if pivots and info.get("end") and info["cur"] >= info["end"] * _NEAR:
                now, ready = await look(connection, uuid, lambda domain: _chain(domain, target), doing)
                if ready:
                    await act(connection, uuid, lambda domain: _pivot(domain, target), doing, wire=connection.actions)
                    break
                del now
            await asyncio.sleep(_POLL)
    except asyncio.CancelledError:
        with contextlib.suppress(VirtError):
            await asyncio.shield(settle(connection, uuid, target))
        raise
    after = await _chain_of(connection, uuid, target, doing)
    if set(gone) & set(after):
        why = text("The job ended before its time; the disk is as it was.")
        raise VirtError(Problem(text("{doing} did not work.", doing=doing), why, text("Try again."), name="aborted"))
    if progress:
        progress(1, 1)


def _pivot(domain: "libvirt.virDomain", target: str) -> None:
    domain.blockJobAbort(target, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)


async def _chain_of(connection: Connection, uuid: str, target: str, doing: Text) -> tuple[str, ...]:
    found, _ready = await look(connection, uuid, lambda domain: _chain(domain, target), doing)
    if not found:
        raise errors.refused(doing, text("There is no such disk."), name="no-disk")
    return found


def _chain(domain: "libvirt.virDomain", target: str) -> tuple[tuple[str, ...], bool]:
    """The files of the disk, and whether a job on it is ready to be ended."""
    try:
        definition = root(domain.XMLDesc(0))
    except XmlError as error:
        raise unreadable(error) from None
    return layers.chain_of(definition, target)
