"""`vmdesk edit`: what is done."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmdesk.cli import create, usb
from vmdesk.cli import edit as arguments
from vmdesk.cli.arguments import Usage
from vmdesk.cli.output import emit, emit_json, say, told
from vmdesk.cli.session import Session
from vmdesk.core import lacking, plain
from vmdesk.core import options as values
from vmdesk.core.definitions import Definitions, see
from vmdesk.core.hardware import new_disk
from vmdesk.core.hardware.additions import far_disks
from vmdesk.core.hardware.new_disk import DiskWish, NewDisk
from vmdesk.core.journal import Journal
from vmdesk.core.options import OptionError
from vmdesk.media import systems
from vmdesk.model import sizes
from vmdesk.model.domain import Domain
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.sizes import SizeError
from vmdesk.model.storage import NetworkPlace
from vmdesk.model.text import Text, text, tr
from vmdesk.model.wish import Away, Here, Nets, NicWish, There
from vmdesk.virt import defining, hardware, making, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Affect, Applied, Change
from vmdesk.virt.lane import Lane
from vmdesk.virtxml import difference, secrets
from vmdesk.virtxml import hardware as hardware_xml
from vmdesk.virtxml import system as naming
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit import EditError, devices, machine, ranges

DONE, FAILED = 0, 1
NONE = "none"
_FORMATS = {".qcow2": "qcow2", ".qcow": "qcow", ".vmdk": "vmdk", ".vdi": "vdi", ".vhdx": "vhdx"}
_DISK_WORDS = ("size", "pool", "path", "format", "bus", "name")


@dataclass(frozen=True, slots=True)
class _DiskWish:
    """--add-disk: a new volume of so many bytes, or a file that is there."""

    bytes: int = 0
    pool: str = ""
    path: str = ""
    format: str = ""
    bus: str = ""
    name: str = ""


def run_alone(options: argparse.Namespace) -> int:
    """Edit a definition in a file; the result goes to stdout, secrets and all: it is the person's own file."""
    xml = sys.stdin.read(create.LONGEST + 1) if options.xml == create.STDIN else create.file(options.xml)
    try:
        changes = _plain_changes(xml, options)
        changes += [_nic(xml, _nic_wish(words), making.Taken()) for words in options.add_nic]
        changes += usb.alone(options)
        taken = xml
        for words in options.add_disk:
            wish = _disk_wish(words)
            if not wish.path:
                raise Usage(tr("With --xml a disk is one that is there: path=FILE."))
            changes.append(_disk(taken, wish, wish.path, _format(wish.path, wish.format)))
            taken = _edited(taken, changes[-1:])
        new = _edited(xml, changes)
        wrong = ranges.problems(new, xml)
    except EditError as error:
        say(plain.clean(str(error.why)))
        return FAILED
    except XmlError as error:
        say(tr("This is not a definition of a machine: {error}", error=plain.clean(str(error))))
        return FAILED
    for sentence in wrong:
        say(plain.clean(str(sentence)))
    if wrong:
        return FAILED
    if options.print_diff:
        _print(difference.unified(xml, new, "before", "after"))
    else:
        emit(new.removesuffix("\n"))
    return DONE


async def run(session: Session, options: argparse.Namespace) -> int:
    await session.read()
    machines = session.find([options.name])
    if not machines:
        return FAILED
    (domain,) = machines
    connection = session.links.open[domain.key.host]
    affect = Affect.LIVE if options.live else Affect.CONFIG if options.config else Affect.BOTH
    printing = options.print_xml or options.print_diff
    made: list[NewDisk] = []
    applied: Sequence[Applied] = ()
    problem: Problem | None = None
    try:
        base = await _base(connection, domain, affect, printing)
        changes = await _changes(session, connection, domain, base, options, printing, made)
        await _look_for_what_is_lacking(connection, domain, base, changes)
        if printing:
            return _preview(base, changes, options)
        stored = base if domain.persistent and affect is not Affect.LIVE else None
        applied = await _apply(session, connection, domain, changes, affect, stored)
    except EditError as error:
        problem = Problem(text("{name} was not changed.", name=domain.name), error.why, name="edit")
    except VirtError as error:
        problem = error.problem
    except BaseException:
        await _end(session, made, taken_back=True)
        raise
    await _end(session, made, taken_back=problem is not None)
    if problem is not None:
        session.complain(_line(domain, told(problem, session.shared.debug)))
        if problem.name == "changed" and problem.details:
            lines = problem.details.splitlines() if session.shared.debug else [tr("--debug shows both changes.")]
            for line in lines:
                say(plain.clean(line))
    _show(session, domain, applied, problem)
    return FAILED if problem else DONE


async def _end(session: Session, made: Sequence[NewDisk], taken_back: bool) -> None:
    """The machine has its new disks; or they were made for nothing."""
    for one in reversed(made):
        if not taken_back:
            one.finish()
            continue
        try:
            await one.take_back()
        except VirtError as error:
            say(told(error.problem, session.shared.debug))


async def _look_for_what_is_lacking(
    connection: Connection, domain: Domain, base: str, changes: Sequence[Change]
) -> None:
    """VirtError if a file or network is not there; what cannot be told is said, and no reason to stop."""
    try:
        found = await lacking.look(connection, _edited(base, changes), base)
    except XmlError as error:
        raise defining.unreadable(error) from None
    problem = lacking.problem(found, domain.name)
    if problem is not None:
        raise VirtError(problem)
    for sentence in lacking.warnings(found):
        say(plain.clean(str(sentence)))


async def _apply(
    session: Session,
    connection: Connection,
    domain: Domain,
    changes: Sequence[Change],
    affect: Affect,
    base: str | None,
) -> Sequence[Applied]:
    """Both definitions, the old one and the new one, go to the history."""
    lane = Lane(1, "definitions")
    history = Definitions(
        session.paths.definitions_file, lane, lambda problem: say(told(problem, session.shared.debug))
    )
    try:
        await see(session.store, session.links, history, domain.key)
        try:
            return await hardware.apply(connection, domain.uuid, changes, affect, base)
        finally:
            await see(session.store, session.links, history, domain.key)
    finally:
        await history.close()
        lane.shutdown()


def _line(domain: Domain, message: str) -> str:
    return message if domain.name in message else f"{plain.clean(domain.name)}: {message}"


async def _base(connection: Connection, domain: Domain, affect: Affect, printing: bool) -> str:
    """What the wishes are read against: the definition that will be changed."""
    running = affect is Affect.LIVE or not domain.persistent
    if connection.readonly and printing:
        return (await defining.hidden(connection, domain.uuid))[0]
    return await defining.whole(connection, domain.uuid, running=running)


def _preview(base: str, changes: Sequence[Change], options: argparse.Namespace) -> int:
    try:
        new = _edited(base, changes)
        wrong = ranges.problems(new, base)
        if not wrong and options.print_diff:
            _print(difference.unified(base, new, "before", "after"))
        if not wrong and options.print_xml:
            emit(secrets.hide(new).rstrip("\n"))
    except XmlError as error:
        raise defining.unreadable(error) from None
    for sentence in wrong:
        say(plain.clean(str(sentence)))
    return FAILED if wrong else DONE


def _print(lines: str) -> None:
    for line in lines.splitlines():
        emit(plain.clean(line.replace("\t", "    ")))


def _edited(xml: str, changes: Sequence[Change]) -> str:
    for one in changes:
        if one.edit is not None:
            xml = one.edit(xml)
    return xml


def _show(session: Session, domain: Domain, applied: Sequence[Applied], problem: Problem | None) -> None:
    if session.shared.json:
        record: dict[str, Any] = {
            "name": domain.name,
            "uuid": domain.uuid,
            "host": session.uri(domain),
            "done": problem is None,
            "changes": [
                {
                    "what": str(one.what),
                    "live": one.live,
                    "stored": one.stored,
                    "later": str(one.later) if one.later else None,
                }
                for one in applied
            ],
            "error": str(problem) if problem else None,
        }
        emit_json([record])
        return
    for one in applied:
        emit(plain.clean(f"{one.what}: {_when(one)}"))


def _when(one: Applied) -> Text:
    if one.live and one.stored:
        return text("now and from every start on")
    if one.live:
        return text("now")
    if one.later is not None and one.later != hardware.LATER:
        return text("from the next start. {why}", why=one.later)
    return text("from the next start")


# ---------------------------------------------------------------- wishes


def _plain_changes(xml: str, options: argparse.Namespace) -> list[Change]:
    """Those that need no host."""
    found: list[Change] = []
    if options.title is not None:
        found.append(hardware.title(options.title))
    if options.os is not None:
        found.append(hardware.system(_os_id(options.os)))
    if options.vcpus is not None:
        found.append(hardware.vcpus(options.vcpus))
    if kib := arguments.memory_kib(options):
        found.append(hardware.memory(kib))
    for word in options.remove:
        found.append(usb.removal(xml, word))
    if options.eject:
        found.append(hardware.eject(devices.full_drive(xml)))
    if options.insert is not None:
        found.append(_insert(xml, options.insert))
    found += [hardware.limit(setting) for setting in arguments.settings(options)]
    if options.boot is not None:
        order = [word for word in options.boot.split(",") if word]
        what = text("Boot order: {order}", order=", ".join(order) or text("none"))
        found.append(hardware.later(what, lambda edited: machine.boot(edited, order)))
    return found


def _os_id(words: str) -> str:
    """libosinfo's id; "" for none. Raises EditError. A URL is taken as it is: the database may be too old for it."""
    words = words.strip()
    if words in ("", NONE) or naming.name(words):
        return "" if words == NONE else words
    try:
        found = systems.Database().system(words)
    except VirtError as error:
        raise EditError(error.problem.why or error.problem.what) from None
    if found is None:
        raise EditError(text("The OS database knows no system {name}.", name=words))
    return found.id


def _insert(xml: str, words: str) -> Change:
    drive = devices.drive(xml)
    try:
        place = values.place(words)
    except OptionError as error:
        raise Usage(str(error.why)) from None
    match place:
        case There(pool, volume):
            return hardware.insert(drive, pool=pool, volume=volume)
        case Here(path):
            return hardware.insert(drive, file=_absolute(path))
        case Away():
            raise Usage(tr("A medium is a file or vol:POOL/VOLUME; an address has to be downloaded first."))


async def _changes(
    session: Session,
    connection: Connection,
    domain: Domain,
    base: str,
    options: argparse.Namespace,
    printing: bool,
    made: list[NewDisk],
) -> list[Change]:
    """All of them. New volumes are made here, into `made` (not where only something is printed)."""
    try:
        found = _plain_changes(base, options)
        if options.add_nic:
            taken = await making.taken(connection)
            found += [_nic(base, _nic_wish(words), taken) for words in options.add_nic]
        found += await usb.changes(connection, domain, options)
        for words in options.add_disk:
            xml = _edited(base, found)
            wish = _disk_wish(words)
            if wish.path:
                known = await volumes.volume_at(connection, wish.path)
                format_ = wish.format or (known.format if known and known.format else _format(wish.path, ""))
                secret = await far_disks.passphrase(connection, known) if known else ""
                found.append(_disk(xml, wish, wish.path, "raw" if format_ == "iso" else format_, secret=secret))
                continue
            new = DiskWish(wish.bytes, wish.pool, wish.format, wish.name)
            if printing:
                there = await new_disk.place(connection, domain.name, new)
                path, place = there.path, None
                if not there.pool.target:
                    path, place = await far_disks.where(connection, f"{there.pool.name}/{there.name}")
                found.append(_disk(xml, wish, path, there.format, place))
                continue
            journal = Journal(session.paths.journal_folder)
            made.append(await new_disk.make(journal, connection, domain.name, new))
            volume = made[-1].volume
            path, place = await far_disks.where(connection, volume)
            found.append(_disk(xml, wish, path, volume.format or "raw", place))
    except XmlError as error:
        raise defining.unreadable(error) from None
    return found


def _disk(
    xml: str, wish: _DiskWish, path: str, format_: str, place: NetworkPlace | None = None, secret: str = ""
) -> Change:
    found = hardware_xml.parse(xml)
    bus = wish.bus or next((one.bus for one in found.disks if one.device == "disk" and one.bus), "virtio")
    target = devices.free_target(xml, bus)
    if place is not None:
        fragment = devices.far_disk_fragment(target, bus, place, format_)
    elif path.startswith("/dev/"):
        fragment = devices.disk_fragment(target, bus, block=path, format=format_)
    elif path.startswith("/"):
        fragment = devices.disk_fragment(target, bus, file=path, format=format_)
    else:
        pool, _, volume = path.partition("/")
        fragment = devices.disk_fragment(target, bus, pool=pool, volume=volume, format=format_)
    what = text("Disk {target} ({path})", target=target, path=path)
    return hardware.add_device(what, devices.encrypted(fragment, secret))


def _nic(xml: str, wish: NicWish, taken: making.Taken) -> Change:
    found = hardware_xml.parse(xml)
    mac = wish.mac or making.free_mac(taken, frozenset(one.mac for one in found.nics))
    model = wish.model or next((one.model for one in found.nics if one.model), "virtio")
    fragment = devices.nic_fragment(wish.kind.value, wish.source, mac, model)
    where = wish.source or wish.kind.value
    return hardware.add_device(text("Network card {mac} ({network})", mac=mac, network=where), fragment)


def _nic_wish(words: str) -> NicWish:
    try:
        wish = values.network(words)
    except OptionError as error:
        raise Usage(str(error.why)) from None
    if wish.forwards or wish.isolated:
        raise Usage(tr("--add-nic takes a network, a bridge, a device or user, with model and mac."))
    if wish.kind is not Nets.USER and not wish.source:
        raise Usage(tr("{option} needs a value.", option="--add-nic"))
    return wish


def _disk_wish(words: str) -> _DiskWish:
    said: dict[str, Any] = {}
    for part in words.replace(",,", "\0").split(","):
        name, equals, value = part.replace("\0", ",").partition("=")
        if not equals and not said and name[:1].isdigit():
            name, value = "size", name
        if name not in _DISK_WORDS or not value:
            known = ", ".join(_DISK_WORDS)
            raise Usage(tr("{option} knows no {name}. It knows: {known}.", option="--add-disk", name=name, known=known))
        said[name] = value
    try:
        size = sizes.disk_bytes(said.pop("size")) if "size" in said else 0
    except SizeError as error:
        raise Usage(str(error.why)) from None
    wish = _DiskWish(bytes=size, **said)
    if bool(wish.path) is bool(wish.bytes) or (wish.path and (wish.pool or wish.name)):
        raise Usage(tr("A disk is new (size=20G,pool=default) or there already (path=/file)."))
    return _DiskWish(wish.bytes, wish.pool, _absolute(wish.path) if wish.path else "", wish.format, wish.bus, wish.name)


def _format(path: str, said: str) -> str:
    return said or _FORMATS.get(Path(path).suffix.lower(), "raw")


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())
