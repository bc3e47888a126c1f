"""`vmdesk edit --add-usb`: USB devices of the host, and the rules that give them to a machine again."""

import argparse
from collections.abc import Sequence
from dataclasses import replace

from vmdesk.cli.arguments import Usage
from vmdesk.core.hardware import usb
from vmdesk.core.replug import plan
from vmdesk.model.domain import Domain
from vmdesk.model.host_devices import HostUsb
from vmdesk.model.replug import UsbRule, rule_of
from vmdesk.model.text import text, tr
from vmdesk.virt import hardware, host_devices, replug
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Change
from vmdesk.virtxml import hardware as hardware_xml
from vmdesk.virtxml.edit import EditError, devices


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--add-usb",
        action="append",
        default=[],
        metavar="VENDOR:PRODUCT|PORT",
        help=tr("a USB device of the host (046d:c52b), or what is in a port (1-1.4: bus-port); repeatable"),
    )
    parser.add_argument(
        "--on-replug",
        action="store_true",
        help=tr("with --add-usb: again whenever it is plugged in, while VMDesk's window is open"),
    )
    parser.add_argument(
        "--even-if-used",
        action="store_true",
        help=tr("with --add-usb: also a keyboard, a mouse or a mounted disk of the host"),
    )


def check(options: argparse.Namespace) -> None:
    """Raises Usage."""
    rules(options)
    if (options.on_replug or options.even_if_used) and not options.add_usb:
        raise Usage(tr("--on-replug and --even-if-used go with --add-usb."))
    if options.xml is not None and not options.on_replug and any(rule.port for rule in rules(options)):
        raise Usage(tr("With --xml a port goes with --on-replug: what is in it now is known to its host only."))


def rules(options: argparse.Namespace) -> list[UsbRule]:
    """What --add-usb names. Raises Usage."""
    found = []
    for words in options.add_usb:
        rule = rule_of(words)
        if rule is None:
            raise Usage(tr("{option} cannot be {value}.", option="--add-usb", value=words))
        found.append(replace(rule, sure=options.even_if_used))
    return found


def alone(options: argparse.Namespace) -> list[Change]:
    """Without a host, which would say what is plugged in."""
    return [change for rule in rules(options) for change in _changes(rule, (), options.on_replug, False)]


async def changes(connection: Connection, domain: Domain, options: argparse.Namespace) -> list[Change]:
    """On its host. VirtError, EditError."""
    wanted = rules(options)
    if not wanted:
        return []
    there = (await host_devices.host_devices_of(connection, usb_only=True)).usb
    now = domain.active and not options.config
    return [change for rule in wanted for change in _changes(rule, there, options.on_replug, now)]


def _changes(rule: UsbRule, there: Sequence[HostUsb], again: bool, now: bool) -> list[Change]:
    found = [one for one in there if rule.matches(one)]
    use = next((use for one in found if (use := plan.use_of(one)) is not None), None)
    if use is not None and not rule.sure:
        raise EditError(text("{use} With --even-if-used the machine gets it all the same.", use=use))
    keep = [replug.keep(rule)] if again else []
    if rule.port and again:
        return [*([replug.give(rule, found[0])] if now and found else []), *keep]
    if rule.port:
        if not found:
            raise EditError(text("Nothing is plugged into USB port {port}.", port=rule.port))
        fragment = devices.usb_port_fragment(found[0].bus, found[0].device)
    else:
        fragment = devices.usb_fragment(rule.vendor, rule.product)
    what = text("USB device {what}", what=plan.words(found[0]) if found else rule.called)
    added = hardware.add_device(what, fragment)
    if not found and now:  # libvirt would say that it is plugged in
        added = replace(added, live=None, later=text("It is not plugged into the host now."))
    return [added, *keep]


def removal(xml: str, word: str) -> Change:
    """Take a device out; a USB device by its vendor and product, too, and a rule by what it is about. EditError."""
    found = hardware_xml.parse(xml)
    low = word.lower()
    key = next((one.key for one in found.host_devices if one.kind == "usb" and one.address == low), "")
    rule = next((one for one in found.usb_rules if one.called == low), None)
    what = text("{device} removed", device=word)
    if not key and rule is not None:
        return replace(replug.forget(rule), what=what)
    key = key or devices.key(xml, word)
    return usb.removal(hardware.remove_device(what, key), key, found)
