"""A USB device of the host: this one, or whatever is in a port; once, or whenever it is plugged in."""

from collections.abc import Sequence

from vmdesk.core.hardware.additions.form import Addition, Around
from vmdesk.core.hardware.reading import Seen
from vmdesk.core.hardware.sheet import Values, choice, switch
from vmdesk.core.hardware.usb import AGAIN, MUTE, SURE, WHILE
from vmdesk.core.replug import plan
from vmdesk.model.host_devices import HostUsb
from vmdesk.model.replug import UsbRule
from vmdesk.model.text import Text, text
from vmdesk.virt import hardware, replug
from vmdesk.virt.hardware import Change
from vmdesk.virtxml.edit import EditError, devices
from vmdesk.virtxml.edit.replug import given


def usb(seen: Seen, near: Around) -> Addition:
    found = near.devices.usb
    offered: list[tuple[str, Text | str]] = [(one.name, _words(one)) for one in found]
    ways: list[tuple[str, Text | str]] = [
        ("device", text("what it is: this device, wherever it is plugged in")),
        ("port", text("where it is: whatever is plugged in there")),
    ]
    fields = (
        choice("device", text("Device"), found[0].name if found else "", offered),
        choice("way", text("Known by"), "device", ways),
        switch("again", AGAIN, False, WHILE if seen.tells else MUTE),
        switch(
            "optional", text("The machine starts without it, too"), True, text("With the tick above it always does.")
        ),
        switch("sure", SURE, False),
    )

    def chosen(values: Values) -> HostUsb:
        one = next((each for each in found if each.name == values["device"]), None)
        if one is None:
            raise EditError(text("Choose a device first."))
        if plan.use_of(one) is not None and not values.get("sure"):  # the notes say what it is used for
            raise EditError(text("Tick “{sure}” if the machine shall have it all the same.", sure=SURE))
        return one

    def make(values: Values) -> tuple[Text, str]:
        one = chosen(values)
        what = text("USB device {what}", what=plan.words(one))
        if values["way"] != "port":
            optional = bool(values["optional"] or values.get("again"))
            return what, devices.usb_fragment(one.vendor, one.product, optional=optional)
        if not values.get("again"):
            return what, devices.usb_port_fragment(one.bus, one.device)
        return what, given(one, _rule(one, values))

    def changes(values: Values) -> tuple[Sequence[Change], str]:
        what, fragment = make(values)
        added, key = hardware.add_device(what, fragment), devices.key_of_added(seen.base, fragment)
        if not values.get("again"):
            return (added,), key
        one = chosen(values)
        rule = _rule(one, values)
        if not rule.port:
            return (added, replug.keep(rule)), key
        now = (replug.give(rule, one),) if seen.active else ()
        return (*now, replug.keep(rule)), rule.key

    def notes(values: Values) -> Sequence[Text]:
        one = next((each for each in found if each.name == values.get("device")), None)
        if one is None:
            return ()
        said = [use] if (use := plan.use_of(one)) is not None else []
        again = values.get("again")
        if values.get("way") == "port" and again:
            said.append(
                text("Whatever comes into port {port} goes to the machine, whoever plugs it in there.", port=one.port)
            )
            if not values.get("sure"):
                said.append(text("Keyboards, mice and mounted disks are left to the host, and that is told."))
        elif values.get("way") == "port":
            said.append(text("It is lost when it is unplugged: its number is another one then."))
        elif sum(each.address == one.address for each in found) > 1:
            said.append(text("There are several of these: a port tells them apart, what they are does not."))
        return said

    why = None if found else near.problem or text("No USB device is plugged into the host.")
    return Addition("usb", text("USB device of the host"), "usb", fields, make, why, notes=notes, changes=changes)


def _rule(one: HostUsb, values: Values) -> UsbRule:
    sure = bool(values.get("sure"))
    if values["way"] != "port":
        return UsbRule(one.vendor, one.product, sure=sure)
    if not one.port:
        raise EditError(text("The host does not tell in which port it is."))
    return UsbRule(port=one.port, sure=sure)


def _words(one: HostUsb) -> Text | str:
    if not one.port:
        return f"{one.what or one.name} ({one.address}, {one.bus}-{one.device})"
    return text("{what} ({address}, port {port})", what=one.what or one.name, address=one.address, port=one.port)
