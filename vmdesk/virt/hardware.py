"""Changes to a machine's hardware: made while it runs where the host can, and in its definition.

A `Change` says both ways; `apply` makes several of them. What a host cannot do live has its reason.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import libvirt

from vmdesk.model import sizes
from vmdesk.model.errors import VirtError
from vmdesk.model.limits import NO_GROUPS, Setting, Unit
from vmdesk.model.text import Text, text, textn
from vmdesk.model.uri import is_session
from vmdesk.virt import defining, errors, tuning
from vmdesk.virt.acting import act, ask_monitor, look, name
from vmdesk.virt.connection import Connection
from vmdesk.virt.tuning import NOT_LIVE
from vmdesk.virtxml import hardware
from vmdesk.virtxml import system as systems
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit import EditError, devices, limits, machine

_LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
_ASKING = 3.0  # seconds its process has to answer
LETTING_GO = 10.0  # seconds a guest has to let go of a device
# libvirt's codes for "this host cannot".
_CANNOT = (
    libvirt.VIR_ERR_NO_SUPPORT,
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
    libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
    libvirt.VIR_ERR_OPERATION_UNSUPPORTED,
)
# And QEMU's words for it.
_CANNOT_WORDS = (
    "hotplug",
    "hot-plug",
    "hot plug",
    "no more available pci",
    "not supported",
    "unsupported",
    "no free",
    "no virtio-serial controllers",
    "qdisc kind",
    "controller is not mounted",
)


class Affect(Enum):
    """Which of the two. BOTH: the stored one, and the running one where the host can."""

    LIVE = "live"
    CONFIG = "config"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Change:
    """One wish.

    what   for people: "Memory: 4 GiB"
    edit   the stored definition's way, None where nothing is stored; raises EditError
    live   the running machine's way; None where there is none, and `later` says why
    off    what is done instead to a machine that is off, where that is no change of its definition
    call   libvirt's function that does it live
    system only the system's own daemon can: a session's machine would not start any more
    """

    what: Text
    edit: Callable[[str], str] | None
    live: Callable[[Connection, str], Awaitable[None]] | None = None
    later: Text | None = None
    off: Callable[[Connection, str], Awaitable[None]] | None = None
    call: str = ""
    system: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a wish. later: why it holds from the next start only."""

    what: Text
    live: bool
    stored: bool
    later: Text | None = None


async def apply(
    connection: Connection,
    uuid: str,
    changes: Sequence[Change],
    affect: Affect = Affect.BOTH,
    base: str | None = None,
) -> tuple[Applied, ...]:
    """Make them, live first, then one new definition. VirtError: what was made before it stays.

    base  the whole definition that the person began with; "changed" if it is another one by now
    """
    doing = text("Changing {name}", name=name(connection, uuid))
    active, persistent = await look(connection, uuid, lambda one: (one.isActive(), one.isPersistent()), doing)
    if affect is Affect.LIVE and not active:
        raise errors.refused(doing, text("The machine is off."), text("Change its definition instead."), "off")
    if affect is Affect.CONFIG and not persistent:
        why = text("The machine has no definition: it is gone once it is switched off.")
        raise errors.refused(doing, why, name="transient")
    if not persistent:
        affect = Affect.LIVE
    if any(one.system for one in changes) and is_session(connection.uri):
        raise errors.refused(doing, NO_GROUPS, text("Machines of qemu:///system can be limited so."), "session")
    if affect is Affect.LIVE and (stuck := next((one for one in changes if one.live is None), None)):
        raise errors.refused(doing, stuck.later or LATER, name=NOT_LIVE)
    storing = persistent and affect is not Affect.LIVE
    edits = [one.edit for one in changes if one.edit is not None]
    if storing:
        await defining.check(connection, uuid, _all(edits), doing, base)
    done: list[Applied] = []
    for one in changes:
        later: Text | None = None
        live = False
        if active and affect is not Affect.CONFIG:
            live, later = await _live(connection, uuid, one, affect)
        elif one.off is not None and not active:
            await one.off(connection, uuid)
        done.append(Applied(one.what, live, storing and one.edit is not None, later))
    if storing and edits:
        try:
            await defining.change(connection, uuid, _all(edits), doing, base)
        except VirtError as error:
            if not any(one.live for one in done):
                raise
            after = text("The running machine was changed already; only its definition was not.")
            raise VirtError(replace(error.problem, what_next=after)) from None
    return tuple(done)


LATER = text("It holds from the next start.")
_RUNNING = text("Changing the running machine")


def _all(edits: Sequence[Callable[[str], str]]) -> Callable[[str], str]:
    def edit(xml: str) -> str:
        for one in edits:
            xml = one(xml)
        return xml

    return edit


async def _live(connection: Connection, uuid: str, one: Change, affect: Affect) -> tuple[bool, Text | None]:
    if one.live is None:
        return False, one.later or LATER
    try:
        await one.live(connection, uuid)
    except VirtError as error:
        if affect is Affect.LIVE or one.edit is None or not _cannot(error):
            raise
        if "unsupported flags" in error.problem.details:
            return False, text("This kind of host cannot do that while a machine runs.")
        if "no more available pci slots" in error.problem.details.lower():
            return False, text(
                "The running machine has no free slot for it. Its controllers get one at the next start."
            )
        return False, error.problem.why or error.problem.what
    return True, None


def _cannot(error: VirtError) -> bool:
    """Whether the host (or the guest) cannot do it now, and not that something is wrong with it."""
    problem = error.problem
    low = problem.details.lower()
    return (
        problem.name in (NOT_LIVE, "no-support") or problem.code in _CANNOT or any(one in low for one in _CANNOT_WORDS)
    )


# ---------------------------------------------------------------- wishes


def later(what: Text, edit: Callable[[str], str], why: Text | None = None) -> Change:
    """Something that holds from the next start only."""
    return Change(what, edit, later=why or LATER)


def title(words: str) -> Change:
    def live(domain: "libvirt.virDomain", _xml: str) -> None:
        kind = libvirt.VIR_DOMAIN_METADATA_TITLE
        domain.setMetadata(kind, " ".join(words.split()) or None, None, None, _LIVE)

    return Change(
        text("Title: {words}", words=words.strip() or text("none")),
        lambda xml: machine.title(xml, words),
        _with_xml(live),
        call="virDomainSetMetadata",
    )


def description(words: str) -> Change:
    def live(domain: "libvirt.virDomain", _xml: str) -> None:
        kind = libvirt.VIR_DOMAIN_METADATA_DESCRIPTION
        domain.setMetadata(kind, words or None, None, None, _LIVE)

    return Change(
        text("Notes changed"), lambda xml: machine.description(xml, words), _with_xml(live), call="virDomainSetMetadata"
    )


def system(os_id: str) -> Change:
    """Which operating system is in it, by libosinfo's id; "" takes that away. The running machine is told, too."""

    def live(domain: "libvirt.virDomain", xml: str) -> None:
        old, new = systems.told(xml), systems.told(machine.system(xml, os_id))
        for namespace in {**old, **new}:
            if old.get(namespace) != new.get(namespace):
                kind = libvirt.VIR_DOMAIN_METADATA_ELEMENT
                domain.setMetadata(kind, new.get(namespace), systems.PREFIX, namespace, _LIVE)

    return Change(
        text("System: {value}", value=systems.name(os_id) or os_id or text("not told")),
        lambda xml: machine.system(xml, os_id),
        _with_xml(live),
        call="virDomainSetMetadata",
    )


def balloon_period(seconds: int) -> Change:
    """How often the guest tells what of its memory it uses; 0: never."""

    def live(domain: "libvirt.virDomain", _xml: str) -> None:
        domain.setMemoryStatsPeriod(seconds, _LIVE)

    what = text("The guest tells of its memory every {n} s", n=seconds)
    return Change(
        what,
        lambda xml: machine.balloon_period(xml, seconds or None),
        _with_xml(live),
        call="virDomainSetMemoryStatsPeriod",
    )


def no_room(most: int) -> Text:
    """Why no more than so many processors can be had while it runs."""
    return textn(
        "It was started with room for {n} virtual processor.",
        "It was started with room for {n} virtual processors.",
        most,
    )


def vcpus(count: int, maximum: int | None = None) -> Change:
    """So many virtual processors; live up to the number it was started with."""

    def live(domain: "libvirt.virDomain", xml: str) -> None:
        most = hardware.parse(xml).cpu.maximum
        if count > most:
            raise errors.refused(_RUNNING, no_room(most), name=NOT_LIVE)
        domain.setVcpusFlags(count, _LIVE)

    what = text("Virtual processors: {n}", n=count)
    return Change(what, lambda xml: machine.vcpus(xml, count, maximum), _with_xml(live), call="virDomainSetVcpusFlags")


def memory(given_kib: int, most_kib: int | None = None) -> Change:
    """So much memory; live by the balloon, up to what it was started with."""

    def live(domain: "libvirt.virDomain", xml: str) -> None:
        found = hardware.parse(xml).memory
        if given_kib > found.most_kib:
            why = text("It was started with {n} MiB. More can be added as a memory device.", n=found.most_kib // 1024)
            raise errors.refused(_RUNNING, why, name=NOT_LIVE)
        if found.balloon == "none":
            raise errors.refused(_RUNNING, text("It has no balloon device to give memory back with."), name=NOT_LIVE)
        domain.setMemoryFlags(given_kib, _LIVE)

    what = text("Memory: {n} MiB", n=given_kib // 1024)
    return Change(
        what, lambda xml: machine.memory(xml, given_kib, most_kib), _with_xml(live), call="virDomainSetMemoryFlags"
    )


def add_device(what: Text, fragment: str) -> Change:
    """A new device (edit.devices.*_fragment)."""

    def live(domain: "libvirt.virDomain", _xml: str) -> None:
        domain.attachDeviceFlags(fragment, _LIVE)

    return Change(
        what, lambda xml: devices.add_device(xml, fragment), _with_xml(live), call="virDomainAttachDeviceFlags"
    )


def remove_device(what: Text, word: str) -> Change:
    """Take a device out; the guest has to let go of it."""

    async def live(connection: Connection, uuid: str) -> None:
        await _detach(connection, uuid, word)

    return Change(what, lambda xml: devices.remove_device(xml, word), live, call="virDomainDetachDeviceFlags")


def update_device(what: Text, word: str, edit: Callable[[str], str], *, force: bool = False) -> Change:
    """Change what libvirt can change of a device that is in use: a medium, a cable, a network.

    edit   of the definition; the running machine's device is taken out of what it makes of the running definition
    force  a drive that the guest has locked is opened
    """

    def live(domain: "libvirt.virDomain", xml: str) -> None:
        flags = _LIVE | (libvirt.VIR_DOMAIN_DEVICE_MODIFY_FORCE if force else 0)
        domain.updateDeviceFlags(devices.device(edit(xml), word), flags)

    return Change(what, edit, _with_xml(live), call="virDomainUpdateDeviceFlags")


def insert(target: str, *, file: str = "", pool: str = "", volume: str = "", force: bool = False) -> Change:
    """Put a medium into a drive."""
    what = text("{medium} in {drive}", medium=file or f"{pool}/{volume}", drive=target)
    return update_device(what, target, lambda xml: devices.insert(xml, target, file, pool, volume), force=force)


def eject(target: str, *, force: bool = False) -> Change:
    """Take the medium out of a drive."""
    return update_device(
        text("No medium in {drive}", drive=target), target, lambda xml: devices.eject(xml, target), force=force
    )


def link(mac: str, up: bool) -> Change:
    """Plug a network card's cable in, or pull it."""
    what = text("Cable of {mac} plugged in", mac=mac) if up else text("Cable of {mac} unplugged", mac=mac)
    return update_device(what, mac, lambda xml: devices.link(xml, mac, up))


def nic_source(mac: str, kind: str, source: str) -> Change:
    """Join a network card to another network."""
    what = text("{mac} joined to {network}", mac=mac, network=source or kind)
    return update_device(what, mac, lambda xml: devices.nic_source(xml, mac, kind, source))


def limit(setting: Setting) -> Change:
    """Set or take away one limit."""
    value: object = setting.value
    if value is None:
        value = text("none")
    elif setting.percent:
        value = f"{value:g} %"
    elif setting.limit.unit is Unit.KIB:
        value = sizes.written(int(setting.value or 0) * sizes.KIB)
    elif setting.limit.unit is Unit.BYTES and int(setting.value or 0) % sizes.KIB == 0:
        value = sizes.written(int(setting.value or 0))
    what = text("{key}: {value}", key=setting.key, value=value)
    why = tuning.why_not_live(setting.limit, setting.value)
    live = None if why else _with_xml(lambda domain, xml: tuning.set_live(domain, xml, setting))
    system = setting.limit.system and setting.value is not None
    return Change(what, lambda xml: limits.limit(xml, setting), live, why, system=system)


def grow_disk(target: str, size: int) -> Change:
    """Make a disk larger, to so many bytes; what is in it has to be told so. A smaller size is refused."""
    doing = text("Growing the disk {target}", target=target)

    def check(old: int) -> None:
        if size < old:
            raise errors.refused(doing, text("A disk is never made smaller: what is at its end would be lost."))

    def live(domain: "libvirt.virDomain", _xml: str) -> None:
        check(int(domain.blockInfo(target)[0]))
        domain.blockResize(target, size, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)

    def off(domain: "libvirt.virDomain", xml: str) -> None:
        disk = next((one for one in hardware.parse(xml).disks if one.target == target), None)
        if disk is None:
            raise errors.refused(doing, text("The machine has no device {word}.", word=target))
        conn = domain.connect()
        if disk.kind == "volume":
            pool, _, volume = disk.source.partition("/")
            found = conn.storagePoolLookupByName(pool).storageVolLookupByName(volume)
        else:
            found = conn.storageVolLookupByPath(disk.source)
        check(int(found.info()[1]))
        found.resize(size)

    what = text("{target}: {n} bytes", target=target, n=size)
    return Change(what, None, _with_xml(live), off=_with_xml(off), call="virDomainBlockResize")


async def disk_sizes(connection: Connection, uuid: str, targets: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Bytes that the guest sees of these disks; without those that the host does not tell."""

    def work(domain: "libvirt.virDomain") -> tuple[tuple[str, int], ...]:
        found = []
        for target in targets:
            with contextlib.suppress(libvirt.libvirtError):
                found.append((target, int(domain.blockInfo(target)[0])))
        return tuple(found)

    return await ask_monitor(connection, uuid, work, text("Asking for the disks' sizes"), _ASKING)


# ---------------------------------------------------------------- the running machine


def _with_xml(call: Callable[["libvirt.virDomain", str], None]) -> Callable[[Connection, str], Awaitable[None]]:
    """A call that needs the running definition, secrets included: what is given back has to have them."""

    async def work(connection: Connection, uuid: str) -> None:
        doing = text("Changing {name}", name=name(connection, uuid))

        def called(domain: "libvirt.virDomain") -> None:
            try:
                call(domain, str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)))
            except EditError as error:
                raise errors.refused(doing, error.why, name=NOT_LIVE) from None
            except XmlError as error:
                raise defining.unreadable(error) from None

        await act(connection, uuid, called, doing)

    return work


async def _detach(connection: Connection, uuid: str, word: str) -> None:
    """Ask the guest to let go of a device, and wait until it has, or says no."""
    doing = text("Removing {device} of {name}", device=word, name=name(connection, uuid))
    loop = asyncio.get_running_loop()
    heard: asyncio.Future[bool] = loop.create_future()

    def tell(gone: bool) -> None:
        if not heard.done():
            heard.set_result(gone)

    def begin(domain: "libvirt.virDomain") -> tuple[str, list[int]]:
        xml = str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE))
        try:
            fragment, key = devices.device(xml, word), devices.key(xml, word)
        except EditError as error:
            raise errors.refused(doing, error.why, name=NOT_LIVE) from None
        alias = devices.alias_of(fragment)
        numbers = _listen(domain, alias, lambda gone: loop.call_soon_threadsafe(tell, gone))
        try:
            domain.detachDeviceFlags(fragment, _LIVE)
        except libvirt.libvirtError:
            _forget(domain, numbers)
            raise
        return key, numbers

    key, numbers = await act(connection, uuid, begin, doing)
    gone = False
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LETTING_GO):
                while not (gone := await _is_gone(connection, uuid, key, doing)):
                    done, _ = await asyncio.wait({heard}, timeout=1.0)
                    if done and not heard.result():
                        break
    finally:
        await look(connection, uuid, lambda domain: _forget(domain, numbers), doing, wire=connection.actions)
    if gone:
        return
    if heard.done() and not heard.result():
        why = text("The guest refuses to let go of {device}.", device=word)
    else:
        why = text("The guest has not let go of {device} within {n} seconds.", device=word, n=f"{LETTING_GO:g}")
    raise errors.refused(doing, why, text("Try again when the guest's system runs."), NOT_LIVE)


async def _is_gone(connection: Connection, uuid: str, key: str, doing: Text) -> bool:
    xml = await look(connection, uuid, lambda domain: str(domain.XMLDesc(0)), doing)
    try:
        devices.device(xml, key)
    except EditError:
        return True
    return False


def _listen(domain: "libvirt.virDomain", alias: str, tell: Callable[[bool], Any]) -> list[int]:
    """Hear of this device on this connection; [] where the driver has no such events."""
    numbers: list[int] = []

    def on_event(gone: bool) -> Callable[..., None]:
        return lambda _conn, _domain, device, _opaque: tell(gone) if device == alias else None

    for word, gone in (("REMOVED", True), ("REMOVAL_FAILED", False)):
        event = getattr(libvirt, f"VIR_DOMAIN_EVENT_ID_DEVICE_{word}")
        with contextlib.suppress(libvirt.libvirtError):
            numbers.append(domain.connect().domainEventRegisterAny(domain, event, on_event(gone), None))
    return numbers


def _forget(domain: "libvirt.virDomain", numbers: list[int]) -> None:
    while numbers:
        with contextlib.suppress(libvirt.libvirtError):
            domain.connect().domainEventDeregisterAny(numbers.pop())
