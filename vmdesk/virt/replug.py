"""USB devices that a machine is given again whenever they are plugged in: the rules kept, the devices given."""

from collections.abc import Awaitable, Callable

import libvirt

from vmdesk.model.host_devices import HostUsb
from vmdesk.model.replug import UsbRule
from vmdesk.model.text import Text, text
from vmdesk.virt.acting import act, name
from vmdesk.virt.connection import Connection
from vmdesk.virt.defining import unreadable
from vmdesk.virt.hardware import Change, add_device, remove_device
from vmdesk.virtxml import replug as xmls
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.edit import replug


def keep(rule: UsbRule) -> Change:
    """Have the rule from now on; it travels with the definition."""
    what = text("Given to the machine whenever it is plugged in: {device}", device=called(rule))
    return Change(
        what,
        lambda xml: replug.put(xml, rule),
        _live(lambda xml: replug.put(xml, rule)),
        call="virDomainSetMetadata",
    )


def forget(rule: UsbRule) -> Change:
    """No such rule any more; what is plugged in stays."""
    what = text("Not given to the machine again: {device}", device=called(rule))
    return Change(
        what,
        lambda xml: replug.remove(xml, rule.called),
        _live(lambda xml: replug.remove(xml, rule.called)),
        call="virDomainSetMetadata",
    )


def give(rule: UsbRule, device: HostUsb) -> Change:
    """Plug it into the running machine; its definition stays as it is."""
    fragment = replug.given(device, rule)
    what = text("USB device {what}", what=device.what or device.address)
    made = add_device(what, fragment)
    return Change(made.what, None, made.live, call=made.call)


def take(key: str, what: Text) -> Change:
    """Take what is not plugged into the host any more out of the running machine."""
    made = remove_device(what, key)
    return Change(made.what, None, made.live, call=made.call)


def called(rule: UsbRule) -> Text | str:
    """For people."""
    return text("whatever is in USB port {port}", port=rule.port) if rule.port else rule.called


def _live(edit: Callable[[str], str]) -> Callable[[Connection, str], Awaitable[None]]:
    async def work(connection: Connection, uuid: str) -> None:
        def call(domain: "libvirt.virDomain") -> None:
            try:
                new = xmls.parse(root(edit(str(domain.XMLDesc(0)))))
            except XmlError as error:
                raise unreadable(error) from None
            kind = libvirt.VIR_DOMAIN_METADATA_ELEMENT
            element = xmls.build(new)
            domain.setMetadata(kind, element, xmls.PREFIX, xmls.NAMESPACE, libvirt.VIR_DOMAIN_AFFECT_LIVE)

        await act(connection, uuid, call, text("Changing {name}", name=name(connection, uuid)))

    return work
