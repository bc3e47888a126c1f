"""Writing what people say about a machine, so that every host and client sees it."""

import contextlib
from dataclasses import replace

import libvirt

from vmdesk.model.domain import Labels
from vmdesk.model.host import Feature
from vmdesk.model.text import text
from vmdesk.virt.acting import act, name
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import domain as domain_xml
from vmdesk.virtxml import edit, metadata


async def set_labels(connection: Connection, uuid: str, labels: Labels) -> None:
    """Write title, description and our own element, into the running machine and its definition; only what differs."""

    def write(domain: "libvirt.virDomain") -> None:
        if domain.isActive():
            _write(domain, labels, 0, libvirt.VIR_DOMAIN_AFFECT_LIVE)
        if domain.isPersistent():
            _write(domain, labels, libvirt.VIR_DOMAIN_XML_INACTIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
            _write_saved(domain, labels)

    doing = text("Writing the labels of {name}", name=name(connection, uuid))
    await act(connection, uuid, write, doing, Feature.METADATA)


def _write_saved(domain: "libvirt.virDomain", labels: Labels) -> None:
    """A saved state holds a definition of its own: the machine that is restored would have its old labels."""
    # Drivers without saved states, and the image formats of older QEMUs, cannot do it: the labels stand all the same.
    with contextlib.suppress(libvirt.libvirtError):
        if not domain.isActive() and domain.hasManagedSaveImage():
            xml = domain.managedSaveGetXMLDesc(libvirt.VIR_DOMAIN_SAVE_IMAGE_XML_SECURE)
            domain.managedSaveDefineXML(edit.label(xml, _clean(labels)))


def _clean(labels: Labels) -> Labels:
    """As libvirt takes them: a title is one line; it refuses another one."""
    title = " ".join(metadata.clean(labels.title).split())
    return replace(labels, title=title, description=metadata.clean(labels.description))


def _write(domain: "libvirt.virDomain", new: Labels, which: int, flags: int) -> None:
    _definition, old = domain_xml.parse(domain.XMLDesc(which))
    new = _clean(new)
    if new.title != old.title:
        domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, new.title or None, None, None, flags)
    if new.description != old.description:
        domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, new.description or None, None, None, flags)
    if (new.notes, new.group, new.tags) != (old.notes, old.group, old.tags):
        element = metadata.build(new)
        kind = libvirt.VIR_DOMAIN_METADATA_ELEMENT
        domain.setMetadata(kind, element, metadata.PREFIX, metadata.NAMESPACE, flags)
