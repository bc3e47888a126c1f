"""The pages about USB devices of the host, and about the rules that give them to the machine again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vmdesk.core.hardware.machine import DEVICES
from vmdesk.core.hardware.sheet import Sheet, Values, Wish, choice, fact, switch
from vmdesk.core.hardware.storage import put
from vmdesk.model.hardware import Hardware, HostDevice
from vmdesk.model.replug import KEY, UsbRule, rule_of
from vmdesk.model.text import Text, text
from vmdesk.virt import replug
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Change

AGAIN = text("Give it to the machine again whenever it is plugged in")
SURE = text("Also if the host uses it: a keyboard, a mouse, a mounted disk")
WHILE = text("While the machine runs and VMDesk's window is open.")
MUTE = text("This host does not tell when a device is plugged in: VMDesk looks every {n} seconds.", n=10)
_STARTUP = text("If the USB device is not there")


def sheets(found: Hardware, tells: bool) -> Iterator[Sheet]:
    """Devices that are kept, and rules about what is not kept: ports, devices that were taken out."""
    rules = {rule.called: rule for rule in found.usb_rules}
    for one in found.host_devices:
        if one.kind == "usb":
            yield _device(one, rules.pop(one.address, None), tells)
    for rule in rules.values():
        yield _rule(rule, tells)


def _device(one: HostDevice, rule: UsbRule | None, tells: bool) -> Sheet:
    choices: list[tuple[str, Text | str]] = [
        ("", text("The machine does not start (mandatory)")),
        ("requisite", text("It does not start, but may move (requisite)")),
        ("optional", text("The machine starts without it (optional)")),
    ]
    rows = [
        fact(text("Address"), one.address),
        choice("startup", text("If it is not there"), one.startup, choices),
    ]
    known = rule_of(one.address) if ":" in one.address else None
    note: Text | None = None
    if known is not None:
        rows.append(switch("again", AGAIN, rule is not None, WHILE if tells else MUTE))
        rows.append(replace(switch("sure", SURE, rule is not None and rule.sure), needs="again"))
    else:
        note = text("It is known by its number: unplugged, it is not found again.")

    def wishes(values: Values) -> Sequence[Wish]:
        made = []
        again = bool(values.get("again", rule is not None))
        if known is not None and values.keys() & {"again", "sure"}:
            sure = bool(values.get("sure", rule is not None and rule.sure))
            if again:
                made.append(Wish(replug.keep(replace(known, sure=sure))))
            elif rule is not None:
                made.append(Wish(replug.forget(rule)))
        startup = str(values.get("startup", "optional" if values.get("again") else one.startup))
        if startup != one.startup:
            made.append(put(one.key, "source", "startupPolicy", startup, _STARTUP))
        return made

    title = text("USB device")
    return Sheet(one.key, title, "usb", one.address, DEVICES, tuple(rows), wishes, device=True, note=note)


def _rule(rule: UsbRule, tells: bool) -> Sheet:
    where = (text("Port"), rule.port) if rule.port else (text("Device"), rule.called)
    rows = (fact(*where, WHILE if tells else MUTE), switch("sure", SURE, rule.sure))

    def wishes(values: Values) -> Sequence[Wish]:
        return (Wish(replug.keep(replace(rule, sure=bool(values["sure"])))),) if "sure" in values else ()

    title = text("USB port {port}", port=rule.port) if rule.port else text("USB device {what}", what=rule.called)
    summary = text("whatever is plugged in there") if rule.port else text("whenever it is plugged in")
    note = text("Whatever is plugged in there is given to the machine.")
    if not rule.port:
        note = text("It is given to the machine whenever it is plugged in.")
    return Sheet(rule.key, title, "usb", summary, DEVICES, rows, wishes, device=True, note=note)


def removal(change: Change, key: str, found: Hardware) -> Change:
    """With a device goes the rule about it: it would come back. A rule alone goes alone: what is plugged in stays."""
    if key.startswith(KEY):
        rule = next((one for one in found.usb_rules if one.key == key), None)
        return replace(replug.forget(rule), what=change.what) if rule is not None else change
    address = next((one.address for one in found.host_devices if one.key == key and one.kind == "usb"), None)
    rule = next((one for one in found.usb_rules if one.called == address), None)
    if rule is None:
        return change
    forget, edit, live = replug.forget(rule), change.edit, change.live

    def both(xml: str) -> str:
        return edit(forget.edit(xml)) if edit is not None and forget.edit is not None else xml

    async def now(connection: Connection, uuid: str) -> None:
        if forget.live is not None and live is not None:
            await forget.live(connection, uuid)
            await live(connection, uuid)

    return replace(change, edit=both if edit is not None else None, live=now if live is not None else None)
