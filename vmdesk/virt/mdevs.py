"""Mediated devices: made of what a device of the host can be divided into, and deleted when nobody uses them."""

import contextlib
from collections.abc import Callable

import libvirt
from lxml import etree

from vmdesk.model.host_devices import MdevType
from vmdesk.model.text import text
from vmdesk.virt import errors
from vmdesk.virt.connection import Connection
from vmdesk.virt.things import leniently
from vmdesk.virtxml import hardware
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.host_devices import mdev_uuid


def xml_of(kind: MdevType, uuid: str) -> str:
    """What libvirt makes one of."""
    device = etree.Element("device")
    etree.SubElement(device, "name").text = "mdev_" + uuid.replace("-", "_")  # libvirt makes its own of it
    etree.SubElement(device, "parent").text = kind.parent
    capability = etree.SubElement(device, "capability", type="mdev")
    etree.SubElement(capability, "type", id=kind.id)
    etree.SubElement(capability, "uuid").text = uuid
    return etree.tostring(device, encoding="unicode")


async def create(connection: Connection, kind: MdevType, uuid: str, lasting: bool) -> None:
    """Make one; lasting: it is there again when the host was restarted. VirtError: nothing of it is left."""
    doing = text("Making a mediated device of {what}", what=kind.what)
    connection.may_write(doing)
    xml = xml_of(kind, uuid)

    def work(conn: "libvirt.virConnect") -> None:
        if not lasting:
            conn.nodeDeviceCreateXML(xml, 0)
            return
        device = conn.nodeDeviceDefineXML(xml, 0)
        try:
            device.create(0)
            device.setAutostart(1)
        except libvirt.libvirtError:
            with contextlib.suppress(libvirt.libvirtError):
                device.destroy()
            with contextlib.suppress(libvirt.libvirtError):
                device.undefine(0)
            raise

    await connection.actions.call(work, doing)


async def delete(connection: Connection, uuid: str) -> None:
    """Delete it. VirtError "used" while a machine has it, as it runs or in its definition."""
    doing = text("Deleting the mediated device {uuid}", uuid=uuid)
    connection.may_write(doing)

    def work(conn: "libvirt.virConnect") -> None:
        if holder := _users(conn).get(uuid):
            raise errors.refused(doing, text("{name} has it.", name=holder), text("Remove it there first."), "used")
        for device in conn.listAllDevices(libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV):
            if mdev_uuid(str(device.XMLDesc(0))) != uuid:
                continue
            active, lasting = _is(device.isActive, True), _is(device.isPersistent, False)
            if active:
                device.destroy()
            if lasting:
                device.undefine(0)
            return
        raise errors.refused(doing, text("It is not there any more."), name="gone")

    await connection.actions.call(work, doing)


def _is(ask: Callable[[], int], otherwise: bool) -> bool:
    """libvirt before 7.8 knows only devices that are there, and of none that it stays."""
    try:
        return bool(ask())
    except libvirt.libvirtError:
        return otherwise


async def users(connection: Connection) -> dict[str, str]:
    """Which machine has which: UUID of the device -> name of the machine."""
    return await connection.long.call(_users, text("Reading the machines"))


def _users(conn: "libvirt.virConnect") -> dict[str, str]:
    found: dict[str, str] = {}
    for domain in conn.listAllDomains(0):
        for flags in (libvirt.VIR_DOMAIN_XML_INACTIVE, 0):
            with leniently(), contextlib.suppress(XmlError):
                for one in hardware.parse(str(domain.XMLDesc(flags))).host_devices:
                    if one.kind == "mdev":
                        found.setdefault(one.address, domain.name())
    return found
