"""Writing what people say about a machine, so that every host and client sees it."""

import libvirt

from vmdesk.model.domain import Labels
from vmdesk.model.host import Feature
from vmdesk.model.text import text
from vmdesk.virt.acting import act, name
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import domain as domain_xml
from vmdesk.virtxml import metadata


async def set_labels(connection: Connection, uuid: str, labels: Labels) -> None:
    """Write title, description and our own element, into the running machine and its definition; only what differs."""

    def write(domain: "libvirt.virDomain") -> None:
        if domain.isActive():
            _write(domain, labels, 0, libvirt.VIR_DOMAIN_AFFECT_LIVE)
        if domain.isPersistent():
            _write(domain, labels, libvirt.VIR_DOMAIN_XML_INACTIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG)

    doing = text("Writing the labels of {name}", name=name(connection, uuid))
    await act(connection, uuid, write, doing, Feature.METADATA)


def _write(domain: "libvirt.virDomain", new: Labels, which: int, flags: int) -> None:
    _definition, old = domain_xml.parse(domain.XMLDesc(which))
    # A title is one line; libvirt refuses another one.
    title, description = " ".join(metadata.clean(new.title).split()), metadata.clean(new.description)
    if title != old.title:
        domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, title or None, None, None, flags)
    if description != old.description:
        domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, description or None, None, None, flags)
    if (new.notes, new.group, new.tags) != (old.notes, old.group, old.tags):
        element = metadata.build(new)
        kind = libvirt.VIR_DOMAIN_METADATA_ELEMENT
        domain.setMetadata(kind, element, metadata.PREFIX, metadata.NAMESPACE, flags)
