"""Two definitions of one machine: what is different, in plain language, and line by line."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from lxml import etree

from vmdesk.model.hardware import Hardware
from vmdesk.model.limits import LIMITS
from vmdesk.model.text import Text, text
from vmdesk.virtxml import devices as naming
from vmdesk.virtxml import hardware, run_only, secrets
from vmdesk.virtxml.document import root
from vmdesk.virtxml.facts import FIELDS, TITLES, Fact, device_title, machine_facts, said, said_bytes

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing.

    kind      added, removed (a device) or changed
    what      what it is: "Memory", "Network card 52:54:00:12:34:56: cable"
    old, new  in words; "" where there is none
    key       the device's, "" for the machine itself
    scope     the elements it stands in, for edit.take_over
    name      which figure of the machine ("Memory.given_kib", "cpu.quota"), or of the device ("iotune.read_bytes")
    """

    kind: str
    what: Text
    old: str = ""
    new: str = ""
    key: str = ""
    scope: tuple[str, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return str(plain(self))


def plain(one: Difference) -> Text:
    """ "Memory: 2 GiB → 4 GiB"."""
    if one.kind == ADDED:
        return text("{what} added", what=one.what)
    if one.kind == REMOVED:
        return text("{what} removed", what=one.what)
    if not one.old and not one.new:
        return text("{what} changed", what=one.what)
    return text("{what}: {old} → {new}", what=one.what, old=one.old or text("none"), new=one.new or text("none"))


def pending(one: Difference) -> Text:
    """ "Memory: 2 GiB now, 4 GiB after restart"."""
    if one.kind == ADDED:
        return text("{what}: there after restart", what=one.what)
    if one.kind == REMOVED:
        return text("{what}: gone after restart", what=one.what)
    if not one.old and not one.new:
        return text("{what}: different after restart", what=one.what)
    return text(
        "{what}: {old} now, {new} after restart",
        what=one.what,
        old=one.old or text("none"),
        new=one.new or text("none"),
    )


def differences(old: str, new: str, *, running: bool = False) -> tuple[Difference, ...]:
    """All of them, the machine's first. Raises XmlError.

    running  `old` is the running machine's: what libvirt adds to it for the run is no difference
    """
    first, second = hardware.parse(old), hardware.parse(new)
    if running:
        first = run_only.as_stored(first, second)
    found = [*_facts_changed(machine_facts(first), machine_facts(second)), *_devices_changed(first, second)]
    named = {scope for one in found for scope in one.scope} | {one.key for one in found}
    found += _rest(root(old), root(new), named, running)
    return tuple(found)


def unified(old: str, new: str, old_name: str, new_name: str) -> str:
    """Line by line, as `diff -u` has it; secrets are hidden. "" if there is no difference. Raises XmlError."""
    first, second = secrets.hide_both(old, new)
    lines = difflib.unified_diff(first.splitlines(), second.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)


def _facts_changed(old: dict[str, Fact], new: dict[str, Fact]) -> list[Difference]:
    found = [
        Difference(CHANGED, fact.what, old[name].value, fact.value, "", fact.scope, name)
        for name, fact in new.items()
        if old[name].value != fact.value
    ]
    values = {str(one.what): (one.old, one.new) for one in found}
    most, given = str(text("Most memory")), str(text("Memory"))
    if values.get(most) == values.get(given):  # both are one thing to people who have no balloon in mind
        found = [one for one in found if str(one.what) != most]
    most, given = str(text("Most virtual processors")), str(text("Virtual processors"))
    if values.get(most) == values.get(given):
        found = [one for one in found if str(one.what) != most]
    return found


def all_devices(found: Hardware) -> Iterator[Any]:
    """Every device of it, each with a key."""
    for field in fields(found):
        value = getattr(found, field.name)
        if isinstance(value, tuple) and field.name != "usb_rules":
            yield from value
    yield from found.memory.devices


def _devices_changed(old: Hardware, new: Hardware) -> Iterator[Difference]:
    before, after = ({one.key: one for one in all_devices(found)} for found in (old, new))
    for key, one in before.items():
        if key not in after:
            yield Difference(REMOVED, device_title(one), key=key, scope=_scope(key))
    for key, one in after.items():
        if key not in before:
            yield Difference(ADDED, device_title(one), key=key, scope=_scope(key))
            continue
        yield from _device_changed(before[key], one)


def _device_changed(old: Any, new: Any) -> Iterator[Difference]:
    for field in fields(new):
        first, second = getattr(old, field.name, None), getattr(new, field.name)
        if first == second:
            continue
        if field.name == "iotune":
            for part in fields(second):
                before, after = getattr(first, part.name), getattr(second, part.name)
                if before != after:
                    name = part.name.replace("_", "-")
                    how = said_bytes if name.removesuffix("-burst").endswith("bytes") else said
                    known = LIMITS.get(f"disk.{name}")
                    what = text("{device}: {field}", device=device_title(new), field=known.what if known else name)
                    own = f"iotune.{part.name}"
                    yield Difference(CHANGED, what, how(before), how(after), new.key, _scope(new.key), own)
        elif field.name in FIELDS:
            word, say = FIELDS[field.name]
            what = text("{device}: {field}", device=device_title(new), field=word)
            yield Difference(CHANGED, what, say(first), say(second), new.key, _scope(new.key), field.name)


def _scope(key: str) -> tuple[str, ...]:
    return (f"devices/{key.partition('/')[0]}",)


def _rest(old: etree._Element, new: etree._Element, named: set[str], running: bool) -> Iterator[Difference]:
    before, after = dict(naming.keyed(old)), dict(naming.keyed(new))
    if running:
        for domain in (old, new):
            run_only.strip(domain)
    for tag in dict.fromkeys(str(one.tag) for domain in (old, new) for one in domain.iterchildren("{*}*")):
        if tag in ("devices", *named) or (running and tag in run_only.SECTIONS):
            continue
        if _together(old, tag) != _together(new, tag):
            local = etree.QName(tag).localname
            yield Difference(CHANGED, text("Other settings of <{tag}>", tag=local), scope=(tag,))
    for key, element in after.items():
        told = key not in before or key in named or (key == "memballoon/memballoon" and "devices/memballoon" in named)
        if not told and _shape(before[key]) != _shape(element):
            tag, _, own = key.partition("/")
            what = text("{kind} {name}", kind=TITLES.get(tag, text("Device")), name=own)
            yield Difference(CHANGED, text("{device}: other settings", device=what), key=key, scope=_scope(key))


def _together(domain: etree._Element, tag: str) -> list[tuple[object, ...]]:
    return [_shape(one) for one in domain.findall(tag)]


def _shape(element: etree._Element) -> tuple[object, ...]:
    """What it says: without comments, prefixes, and spaces around words."""
    inner = tuple(_shape(child) for child in element.iterchildren("{*}*"))
    words = (element.text or "", *(child.tail or "" for child in element))
    return element.tag, tuple(sorted(element.attrib.items())), " ".join(" ".join(words).split()), inner
