"""Changing a definition: read with its passwords, changed, defined only if nobody else changed it meanwhile."""

import hashlib
from collections.abc import Callable

import libvirt

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Feature
from vmdesk.model.text import Text, text
from vmdesk.virt import errors
from vmdesk.virt.acting import act, name
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import difference, secrets
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit import EditError, ranges

# With the passwords: what is defined without them has none any more.
_WHOLE = libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE


async def whole(connection: Connection, uuid: str, *, running: bool = False) -> str:
    """The stored definition (or the running machine's) with its passwords. To be kept in memory only, never logged."""
    flags = libvirt.VIR_DOMAIN_XML_SECURE if running else _WHOLE
    doing = text("Reading the definition of {name}", name=name(connection, uuid))
    return await act(connection, uuid, lambda domain: str(domain.XMLDesc(flags)), doing)


async def check(connection: Connection, uuid: str, edit: Callable[[str], str], doing: Text, base: str | None) -> None:
    """Whether `change` would be refused, before anything else is done. VirtError as there; libvirt is not asked."""

    def work(domain: "libvirt.virDomain") -> None:
        now = str(domain.XMLDesc(_WHOLE))
        began = now if base is None else base
        new = _edited(began, edit, doing)
        if _mark(now) != _mark(began):
            raise _changed(name(connection, uuid), began, new, now)

    await act(connection, uuid, work, doing, Feature.DEFINE)


async def hidden(connection: Connection, uuid: str) -> tuple[str, bool]:
    """The stored definition with its passwords hidden, and whether their places are in it (not on a read-only host)."""
    doing = text("Reading the definition of {name}", name=name(connection, uuid))

    def read(domain: "libvirt.virDomain") -> str:
        return secrets.hide(str(domain.XMLDesc(_WHOLE)))  # here already: they do not leave the worker

    def plain(domain: "libvirt.virDomain") -> str:
        return secrets.hide(str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)))

    try:
        if connection.readonly:
            return await connection.control.call(lambda conn: plain(conn.lookupByUUIDString(uuid)), doing), False
        return await act(connection, uuid, read, doing), True
    except XmlError as error:
        raise unreadable(error) from None


async def change(
    connection: Connection, uuid: str, edit: Callable[[str], str], doing: Text, base: str | None = None
) -> bool:
    """Define what `edit` makes of the definition; False if that is the same. VirtError, "changed" if it was too late.

    edit  pure; called in a worker, may raise XmlError and EditError. What it gets has secrets in it: not to be logged.
    base  the whole definition that the person began with: if it is another one by now, nothing is defined
    """

    def work(domain: "libvirt.virDomain") -> bool:
        if not domain.isPersistent():
            why = text("The machine has no definition: it is gone once it is switched off.")
            raise errors.refused(doing, why, name="transient")
        old = str(domain.XMLDesc(_WHOLE))
        began = old if base is None else base
        new = _edited(began, edit, doing)
        if new == began:
            return False
        now = str(domain.XMLDesc(_WHOLE))
        if _mark(now) != _mark(began):
            raise _changed(name(connection, uuid), began, new, now)
        # Without VALIDATE a wrong definition can end the daemon of Debian 12.
        domain.connect().defineXMLFlags(new, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
        return True

    return await act(connection, uuid, work, doing, Feature.DEFINE)


def _edited(began: str, edit: Callable[[str], str], doing: Text) -> str:
    try:
        new = edit(began)
        wrong = ranges.problems(new, began)
    except EditError as error:
        raise errors.refused(doing, error.why, name="edit") from None
    except XmlError as error:
        raise unreadable(error) from None
    if wrong:
        raise errors.refused(doing, wrong[0], name="range")
    return new


def unreadable(error: XmlError) -> VirtError:
    return VirtError(Problem(text("The definition cannot be read."), details=str(error), name="definition"))


def _changed(called: str, began: str, ours: str, theirs: str) -> VirtError:
    """What both wanted, line by line, with passwords hidden."""
    details = "\n".join(
        difference.unified(began, after, "before", whose) for after, whose in ((ours, "yours"), (theirs, "theirs"))
    )
    return VirtError(
        Problem(
            text("The definition of {name} was not changed.", name=called),
            text("Somebody else changed it at the same moment."),
            text("Try again."),
            details,
            name="changed",
        )
    )


def _mark(xml: str) -> bytes:
    return hashlib.sha256(xml.encode()).digest()
