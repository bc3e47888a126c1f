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
from vmdesk.virtxml.document import XmlError

# With the passwords: what is defined without them has none any more.
_WHOLE = libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE


async def change(connection: Connection, uuid: str, edit: Callable[[str], str], doing: Text) -> bool:
    """Define what `edit` makes of the definition; False if that is the same. VirtError, "changed" if it was too late.

    edit  pure; called in a worker, may raise XmlError. What it gets has secrets in it: not to be logged.
    """

    def work(domain: "libvirt.virDomain") -> bool:
        if not domain.isPersistent():
            why = text("The machine has no definition: it is gone once it is switched off.")
            raise errors.refused(doing, why, name="transient")
        old = str(domain.XMLDesc(_WHOLE))
        mark = _mark(old)
        try:
            new = edit(old)
        except XmlError as error:
            raise VirtError(
                Problem(text("The definition cannot be read."), details=str(error), name="definition")
            ) from None
        if new == old:
            return False
        if _mark(str(domain.XMLDesc(_WHOLE))) != mark:
            raise VirtError(
                Problem(
                    text("The definition of {name} was not changed.", name=name(connection, uuid)),
                    text("Somebody else changed it at the same moment."),
                    text("Try again."),
                    name="changed",
                )
            )
        # Without VALIDATE a wrong definition can end the daemon of Debian 12.
        domain.connect().defineXMLFlags(new, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
        return True

    return await act(connection, uuid, work, doing, Feature.DEFINE)


def _mark(xml: str) -> bytes:
    return hashlib.sha256(xml.encode()).digest()
