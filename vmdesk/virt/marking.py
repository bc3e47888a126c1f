"""Our marks on a machine: template, trash. In its definition, so that every host and client sees them."""

import libvirt

from vmdesk.model.chain import Marks
from vmdesk.model.host import Feature
from vmdesk.model.text import text
from vmdesk.virt.acting import act, look, name
from vmdesk.virt.connection import Connection
from vmdesk.virt.things import unreadable
from vmdesk.virtxml import marks as marks_xml
from vmdesk.virtxml.document import XmlError, root


async def marks(connection: Connection, uuid: str) -> Marks:
    """Those of its stored definition."""

    def work(domain: "libvirt.virDomain") -> Marks:
        try:
            return marks_xml.parse(root(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)))
        except XmlError as error:
            raise unreadable(error) from None

    return await look(connection, uuid, work, text("Reading the marks of {name}", name=name(connection, uuid)))


async def set_marks(connection: Connection, uuid: str, new: Marks) -> None:
    """Write them, into the running machine, too."""
    element = marks_xml.build(new)

    def work(domain: "libvirt.virDomain") -> None:
        for there, flag in (
            (domain.isActive(), libvirt.VIR_DOMAIN_AFFECT_LIVE),
            (domain.isPersistent(), libvirt.VIR_DOMAIN_AFFECT_CONFIG),
        ):
            if there:
                kind = libvirt.VIR_DOMAIN_METADATA_ELEMENT
                domain.setMetadata(kind, element, marks_xml.PREFIX, marks_xml.NAMESPACE, flag)

    doing = text("Marking {name}", name=name(connection, uuid))
    await act(connection, uuid, work, doing, Feature.METADATA)
