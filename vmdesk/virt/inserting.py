"""The CD that a machine was installed from, put into its drive again."""

import libvirt

from vmdesk.model.host import Feature
from vmdesk.model.text import text
from vmdesk.virt import errors
from vmdesk.virt.acting import act, name
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import medium
from vmdesk.virtxml.document import XmlError, root


async def insert_medium(connection: Connection, uuid: str) -> None:
    """Into the first empty drive: of the stored definition, and of the running machine. VirtError if there is none."""
    doing = text("Inserting the medium of {name}", name=name(connection, uuid))

    def work(domain: "libvirt.virDomain") -> None:
        stored = _drive(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)) if domain.isPersistent() else None
        live = _drive(domain.XMLDesc(0)) if domain.isActive() else None
        if stored is None and live is None:
            raise errors.refused(doing, text("The machine has no empty CD drive."), name="no-drive")
        if stored is not None:
            domain.updateDeviceFlags(stored, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
        if live is not None:
            domain.updateDeviceFlags(live, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    await act(connection, uuid, work, doing, Feature.DEFINE)


def _drive(xml: str) -> str | None:
    try:
        return medium.inserted(root(xml))
    except XmlError:
        return None
