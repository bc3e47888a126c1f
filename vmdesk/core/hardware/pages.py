"""All pages of one machine, and what becomes of what was written on them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vmdesk.core.hardware import cards, devices, machine, storage, usb
from vmdesk.core.hardware.reading import Offers, Seen, keys_of
from vmdesk.core.hardware.sheet import Field, Part, Sheet, Values, Wish
from vmdesk.model.hardware import Hardware
from vmdesk.model.text import Text, text
from vmdesk.virt import hardware
from vmdesk.virt.hardware import Change
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit import EditError, ranges

ONLY_NOW = text("Only until the machine is switched off: it is not in its definition.")
ONLY_LATER = text("There from the next start on.")
ONLY_DEFINED = text("The running machine has not got it.")


def sheets(seen: Seen, host: Offers) -> tuple[Sheet, ...]:
    """In the order of the list."""
    found = [
        machine.overview(seen, host),
        machine.cpu(seen, host),
        machine.memory(seen, host),
        machine.boot(seen, host),
    ]
    stored = _devices(seen, seen.stored, host)
    if seen.running is None or not seen.domain.persistent:
        return (*found, *stored)
    live, kept = seen.live_keys, keys_of(seen.stored)
    marked = [one if not one.device or one.key in live else replace(one, state=ONLY_LATER) for one in stored]
    only = [
        replace(one, state=ONLY_NOW, wishes=_nothing, rows=tuple(_still(row) for row in one.rows))
        for one in _devices(seen, seen.running, host)
        if one.device and one.key not in kept
    ]
    return (*found, *marked, *only)


def _nothing(_values: Values) -> Sequence[Wish]:
    return ()


def _still(row: Field | Part) -> Field | Part:
    return replace(row, why=ONLY_NOW) if isinstance(row, Field) else row


def _devices(seen: Seen, found: Hardware, host: Offers) -> list[Sheet]:
    made = [storage.disk(seen, one, host) for one in found.disks]
    made += [cards.nic(seen, one, host) for one in found.nics]
    return [*made, *devices.others(found, host, seen.tells)]


def wishes(found: Sequence[Sheet], drafts: Mapping[str, Values], seen: Seen) -> tuple[Wish, ...]:
    """What all that was written means, in the order of the list. Raises EditError."""
    made: list[Wish] = []
    for sheet in found:
        values = drafts.get(sheet.key)
        if values:
            for wish in sheet.wishes(values):
                made.append(_placed(wish, sheet, seen))
    return tuple(made)


def _placed(wish: Wish, sheet: Sheet, seen: Seen) -> Wish:
    """A device that the running machine has not got yet cannot be changed there."""
    if seen.active and wish.later is None and sheet.device and sheet.key not in seen.live_keys:
        return replace(wish, later=ONLY_LATER)
    return wish


def when(wish: Wish, seen: Seen) -> Text:
    """Whether it acts now or at the next start, for people."""
    if not seen.active:
        if wish.change.off is not None and wish.change.edit is None:
            return text("at once")
        if seen.domain.managed_save:
            return text("once its saved state is discarded: it wakes up as it was saved")
        return text("from the next start: the machine is off")
    if wish.later is None:
        if wish.change.edit is None or not seen.domain.persistent:
            return text("now")
        return text("now, and from every start on")
    if str(wish.later) == str(machine.NEXT_START):
        return text("from the next start")
    return text("from the next start. {why}", why=wish.later)


def at_once(wish: Wish, seen: Seen) -> bool:
    """Whether something happens at once."""
    if not seen.active:
        return wish.change.off is not None and wish.change.edit is None
    return wish.later is None


def removal(sheet: Sheet, seen: Seen) -> Change:
    """Taking a device out: of the running machine, of its definition, or of both, wherever it is."""
    kind, _, called = sheet.key.partition("/")
    word = called if kind in ("disk", "interface") and called else sheet.key  # as people call it
    change = hardware.remove_device(text("{device} removed", device=sheet.title), word)
    if sheet.state is ONLY_NOW:
        return replace(change, edit=None)
    change = usb.removal(change, sheet.key, seen.stored)
    if sheet.state is ONLY_LATER:
        return replace(change, live=None, later=ONLY_DEFINED)
    return change


def problem(made: Sequence[Wish], seen: Seen) -> Text | None:
    """Why these cannot be applied; None: they can be tried."""
    if not seen.domain.persistent:
        stuck = next((one.later for one in made if one.later is not None), None)
        if stuck is not None:
            return text("The machine has no stored definition: only what acts at once can be changed.")
    xml = seen.base
    try:
        for one in made:
            if one.change.edit is not None:
                xml = one.change.edit(xml)
        wrong = ranges.problems(xml, seen.base)
    except EditError as error:
        return error.why
    except XmlError as error:
        return text("The definition cannot be read: {error}", error=str(error))
    return wrong[0] if wrong else None
