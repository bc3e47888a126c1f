"""What the running machine and its stored definition differ in: told, done now where that can be, or dropped."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from vmdesk.core.command import Context, Links
from vmdesk.core.jobs import Job, Report
from vmdesk.core.limiting import setting
from vmdesk.core.redefining import CALL, Definitions, censored, read_both, virsh
from vmdesk.model.domain import Domain
from vmdesk.model.errors import VirtError
from vmdesk.model.hardware import Bandwidth, CpuLimits, DiskDevice, Hardware, Nic
from vmdesk.model.limits import LIMITS, Setting
from vmdesk.model.text import Text, text
from vmdesk.virt import defining, errors, hardware, tuning
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Affect, Applied, Change
from vmdesk.virtxml import difference
from vmdesk.virtxml import hardware as definition
from vmdesk.virtxml.difference import ADDED, CHANGED, REMOVED, Difference
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit import EditError, devices, limits, machine, take_over
from vmdesk.virtxml.stored import as_stored

# What a running machine takes, or the guest would not see it: everything else waits for a start.
_PLUGGABLE = ("disk", "interface", "hostdev", "redirdev", "memory", "rng", "watchdog", "input", "channel", "vsock")
_LIMIT_FIELDS = {
    "cpu.shares": "shares",
    "cpu.period": "period",
    "cpu.quota": "quota",
    "cpu.total-period": "global_period",
    "cpu.total-quota": "global_quota",
    "cpu.emulator-period": "emulator_period",
    "cpu.emulator-quota": "emulator_quota",
    "cpu.io-period": "io_period",
    "cpu.io-quota": "io_quota",
    "cpu.emulator-pin": "emulator_pin",
}
_ENDINGS = (("", "average"), ("-peak", "peak"), ("-burst", "burst"))


@dataclass(frozen=True, slots=True)
class Item:
    """One of them. why_not: why it cannot be done now, None: it can."""

    difference: Difference
    why_not: Text | None = None

    @property
    def words(self) -> Text:
        """ "Memory: 2 GiB now, 4 GiB after restart"."""
        return difference.pending(self.difference)

    @property
    def sides(self) -> tuple[Text | str, Text | str]:
        """What stands under "Now" and under "After restart"."""
        one = self.difference
        if one.kind == ADDED:
            return text("not there"), text("there")
        if one.kind == REMOVED:
            return text("there"), text("not there")
        if not one.old and not one.new:
            return text("as it runs"), text("otherwise")
        return one.old or text("none"), one.new or text("none")


@dataclass(frozen=True, slots=True)
class Dropped:
    """What dropping did, so that it can be taken back. Has secrets in it: to be kept in memory only."""

    before: str = field(repr=False)
    after: str = field(repr=False)


class _Seen:
    """What a piece of work has read (with secrets) and calls."""

    def __init__(self) -> None:
        self.texts: tuple[str, ...] = ()
        self.calls: tuple[str, ...] = (CALL,)


def items(found: Definitions) -> tuple[Item, ...]:
    """All of them; none for a machine that is off, or has no stored definition. Raises XmlError."""
    if not found.running or not found.stored:
        return ()
    differences = difference.differences(found.running, found.stored, running=True)
    running, stored = definition.parse(found.running), definition.parse(found.stored)
    return tuple(Item(one, _why_not(one, running, stored, found.stored)) for one in differences)


async def read(links: Links, domain: Domain) -> Definitions:
    """Both, without secrets. VirtError."""
    if not (domain.active and domain.persistent):
        return Definitions("", "")
    return await read_both(links, domain)


# ---------------------------------------------------------------- now


def _why_not(one: Difference, running: Hardware, stored: Hardware, xml: str) -> Text | None:
    try:
        changes = tuple(_changes(one, running, stored, xml))
    except EditError as error:
        return error.why
    if not changes:
        return text("It is chosen when the machine starts.")
    return next((change.later for change in changes if change.live is None), None)


def _changes(one: Difference, running: Hardware, stored: Hardware, xml: str) -> Iterator[Change]:
    """The wishes that bring the running machine to what is stored; none where it cannot be. Raises EditError."""
    if one.kind == CHANGED:
        if one.key:
            yield from _of_device(one, running, stored)
        else:
            yield from _of_machine(one.name, running, stored)
        return
    tag = one.key.partition("/")[0]
    device = next((found for found in difference.all_devices(running if one.kind == REMOVED else stored)
                   if found.key == one.key), None)  # fmt: skip
    if tag not in _PLUGGABLE or (isinstance(device, DiskDevice) and device.removable):
        return
    what = difference.plain(one)
    if one.kind == ADDED:
        yield hardware.add_device(what, devices.device(xml, one.key))
    else:
        yield hardware.remove_device(what, one.key)


def _of_machine(name: str, running: Hardware, stored: Hardware) -> Iterator[Change]:
    if name == "Memory.given_kib":
        if stored.memory.given_kib > running.memory.most_kib:
            most = running.memory.most_kib // 1024
            raise EditError(text("It was started with {n} MiB. More can be added as a memory device.", n=most))
        if running.memory.balloon == "none":
            raise EditError(text("It has no balloon device to give memory back with."))
        yield hardware.memory(stored.memory.given_kib, stored.memory.most_kib)
    elif name == "Cpu.count":
        if stored.cpu.count > running.cpu.maximum:
            raise EditError(hardware.no_room(running.cpu.maximum))
        yield hardware.vcpus(stored.cpu.count)
    elif name == "Overview.title":
        yield hardware.title(stored.overview.title)
    elif name == "Overview.description":
        yield hardware.description(stored.overview.description)
    elif name == "Overview.os_id":
        yield hardware.system(stored.overview.os_id)
    else:
        yield from _of_limits(name, running, stored)


def _of_limits(name: str, running: Hardware, stored: Hardware) -> Iterator[Change]:
    found = _figures(name, stored)
    for key in dict.fromkeys([*_figures(name, running), *found]):
        wish = setting(key, found.get(key))
        # What stands in a definition is no percentage any more.
        plain = Setting(wish.limit, found.get(key), wish.device)
        if why := tuning.why_not_live(plain.limit, plain.value):
            raise EditError(why)
        yield hardware.limit(plain)


def _figures(name: str, found: Hardware) -> dict[str, int | str | None]:
    """The values of one fact, by the keys of their limits, in libvirt's own units."""
    cpu: CpuLimits = found.limits.cpu
    match name:
        case "cpu.pin":
            return {f"cpu.pin.{place}": cpus for place, cpus in cpu.pins}
        case "cpu.io-pin":
            return {f"cpu.io-pin.{place}": cpus for place, cpus in cpu.io_pins}
        case "memory.hard" | "memory.soft" | "memory.swap":
            return {name: getattr(found.limits.memory, name.partition(".")[2])}
        case "disk.weight":
            return {name: found.limits.disk_weight}
        case "memory.nodes":
            return {name: found.limits.numa_nodes or None}
        case "memory.mode":
            return {name: found.limits.numa_mode or None}
        case "cpu.io-threads":
            return {name: found.limits.io_threads or None}
    if name not in _LIMIT_FIELDS:
        return {}
    value = getattr(cpu, _LIMIT_FIELDS[name]) or None
    return {name: value if not isinstance(value, int) or 0 < value <= LIMITS[name].high else None}


def _of_device(one: Difference, running: Hardware, stored: Hardware) -> Iterator[Change]:
    now = next((device for device in difference.all_devices(running) if device.key == one.key), None)
    then = next((device for device in difference.all_devices(stored) if device.key == one.key), None)
    if isinstance(now, DiskDevice) and isinstance(then, DiskDevice):
        yield from _of_disk(one, then)
    elif isinstance(now, Nic) and isinstance(then, Nic):
        yield from _of_nic(one, now, then)


def _of_disk(one: Difference, then: DiskDevice) -> Iterator[Change]:
    kind, _, name = one.name.partition(".")
    if kind == "iotune":
        key = f"disk.{then.target}.{name.replace('_', '-')}"
        yield hardware.limit(setting(key, getattr(then.iotune, name) or None))
    elif one.name == "source" and then.removable:
        if not then.source:
            yield hardware.eject(then.target)
        elif then.kind == "volume":
            pool, _, volume = then.source.partition("/")
            yield hardware.insert(then.target, pool=pool, volume=volume)
        elif then.kind == "file":
            yield hardware.insert(then.target, file=then.source)


def _of_nic(one: Difference, now: Nic, then: Nic) -> Iterator[Change]:
    if one.name == "link" and then.mac:
        yield hardware.link(then.mac, then.link)
    elif one.name == "source" and now.kind == then.kind and then.mac:
        yield hardware.nic_source(then.mac, then.kind, then.source)
    elif one.name in ("inbound", "outbound") and then.mac:
        way, old, new = one.name.removesuffix("bound"), getattr(now, one.name), getattr(then, one.name)
        yield from _of_bandwidth(f"nic.{then.mac}.{way}", old, new)


def _of_bandwidth(start: str, old: Bandwidth, new: Bandwidth) -> Iterator[Change]:
    for ending, name in _ENDINGS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after and (after or new.average or name == "average"):
            yield hardware.limit(setting(f"{start}{ending}", after or None))


async def apply_now(ctx: Context, domain: Domain, wanted: Sequence[Item]) -> tuple[Applied, ...]:
    """Bring the running machine to what is stored, in these; as a job, which tells what did not work."""
    done: list[Applied] = []
    doing = _doing(domain, wanted)

    async def work(connection: Connection, seen: _Seen) -> None:
        running = await defining.whole(connection, domain.uuid, running=True)
        stored = await defining.whole(connection, domain.uuid)
        seen.texts += (running, stored)
        try:
            first, second = definition.parse(running), definition.parse(stored)
            changes = [change for one in wanted for change in _changes(one.difference, first, second, stored)]
        except EditError as error:
            raise errors.refused(doing, error.why, name="edit") from None
        except XmlError as error:
            raise defining.unreadable(error) from None
        seen.calls = tuple(dict.fromkeys(change.call for change in changes if change.call))
        done.extend(await hardware.apply(connection, domain.uuid, changes, Affect.LIVE))

    await _job(ctx, domain, doing, work)
    return tuple(done)


# ---------------------------------------------------------------- dropped


async def drop(ctx: Context, domain: Domain, wanted: Sequence[Item]) -> Dropped | None:
    """Store of these what runs; None if it did not work, which the job has told."""
    made: list[Dropped] = []
    doing = text("{name}: dropping changes", name=domain.name)

    async def work(connection: Connection, seen: _Seen) -> None:
        running = await defining.whole(connection, domain.uuid, running=True)
        before = await defining.whole(connection, domain.uuid)
        seen.texts += (running, before)
        differences = [one.difference for one in wanted]
        await defining.change(connection, domain.uuid, lambda xml: kept(running, xml, differences), doing, before)
        made.append(Dropped(before, await defining.whole(connection, domain.uuid)))

    await _job(ctx, domain, doing, work)
    return made[0] if made else None


async def take_back(ctx: Context, domain: Domain, dropped: Dropped) -> bool:
    """The definition as it was before `drop`, if nobody has changed it since."""
    doing = text("{name}: taking back what was dropped", name=domain.name)

    async def work(connection: Connection, seen: _Seen) -> None:
        seen.texts += (dropped.before, dropped.after)
        await defining.change(connection, domain.uuid, lambda _now: dropped.before, doing, dropped.after)

    return await _job(ctx, domain, doing, work)


def kept(running: str, stored: str, wanted: Sequence[Difference]) -> str:
    """The stored definition with these things as they run. Raises XmlError, EditError."""
    for one in wanted:
        stored = _kept(running, stored, one)
    return stored


def _kept(running: str, stored: str, one: Difference) -> str:
    """Each way is tried: what counts is that the difference is gone and no other has come."""
    before = _names(running, stored)
    if _name(one) not in before:
        return stored
    for edit in _edits(running, one):
        try:
            new = edit(stored)
            left = _names(running, new)
        except EditError:
            continue
        if _name(one) not in left and left <= before:
            return new
    raise EditError(text("{what}: this cannot be dropped by itself. Change it in the XML.", what=one.what))


def _name(one: Difference) -> tuple[str, str, str, str]:
    return one.kind, one.key, one.name, str(one.what)


def _names(running: str, stored: str) -> set[tuple[str, str, str, str]]:
    return {_name(one) for one in difference.differences(running, stored, running=True)}


def _edits(running: str, one: Difference) -> Iterator[Callable[[str], str]]:
    """Ways to have it as it runs, the one that touches least first."""
    found = definition.parse(running)
    if one.kind == ADDED:
        yield lambda xml: devices.remove_device(xml, one.key)
    elif one.kind == REMOVED:
        yield lambda xml: devices.add_device(xml, as_stored(devices.device(running, one.key)))
    elif one.key:
        yield from _device_edits(running, found, one)
    else:
        yield from _machine_edits(found, one)
        scope = [path for path in one.scope if not path.startswith("devices/")] or one.scope
        yield lambda xml: take_over(xml, running, scope)


def _machine_edits(found: Hardware, one: Difference) -> Iterator[Callable[[str], str]]:
    name, cpu, memory = one.name, found.cpu, found.memory
    if name.startswith("Memory.") and name.endswith(("given_kib", "most_kib")):
        yield lambda xml: machine.memory(xml, memory.given_kib, memory.most_kib)
    elif name in ("Cpu.count", "Cpu.maximum"):
        yield lambda xml: machine.vcpus(xml, cpu.count, cpu.maximum)
    elif name == "Cpu.topology":
        yield lambda xml: machine.topology(xml, cpu.topology)
    elif name in ("Cpu.mode", "Cpu.model"):
        yield lambda xml: machine.cpu_model(xml, cpu.mode or None, cpu.model)
    elif name == "Overview.title":
        yield lambda xml: machine.title(xml, found.overview.title or None)
    elif name == "Overview.description":
        yield lambda xml: machine.description(xml, found.overview.description or None)
    elif _figures(name, found):
        yield lambda xml: _with_figures(xml, name, found)


def _with_figures(xml: str, name: str, found: Hardware) -> str:
    wanted = _figures(name, found)
    for key in dict.fromkeys([*_figures(name, definition.parse(xml)), *wanted]):
        xml = limits.limit(xml, Setting(setting(key, None).limit, wanted.get(key), setting(key, None).device))
    return xml


def _device_edits(running: str, found: Hardware, one: Difference) -> Iterator[Callable[[str], str]]:
    now = next((device for device in difference.all_devices(found) if device.key == one.key), None)
    kind, _, name = one.name.partition(".")
    if isinstance(now, DiskDevice) and kind == "iotune":
        wish = setting(f"disk.{now.target}.{name.replace('_', '-')}", getattr(now.iotune, name) or None)
        yield lambda xml: limits.limit(xml, wish)
    elif isinstance(now, Nic) and one.name == "link":
        yield lambda xml: devices.link(xml, one.key, now.link)
    elif isinstance(now, Nic) and one.name == "source":
        yield lambda xml: devices.nic_source(xml, one.key, now.kind, now.source)
    yield lambda xml: devices.replace_device(xml, one.key, _at_its_place(running, xml, one.key))


def _at_its_place(running: str, stored: str, key: str) -> str:
    """The running machine's device, with the address that is stored for it."""
    return as_stored(devices.device(running, key), devices.device(stored, key))


# ---------------------------------------------------------------- jobs


def _doing(domain: Domain, wanted: Sequence[Item]) -> Text:
    what = wanted[0].difference.what if len(wanted) == 1 else text("{n} changes", n=len(wanted))
    return text("{name}: applying now: {what}", name=domain.name, what=what)


async def _job(ctx: Context, domain: Domain, doing: Text, work: Callable[[Connection, _Seen], Awaitable[None]]) -> bool:
    seen = _Seen()

    async def run(_report: Report) -> None:
        try:
            with ctx.trace.noting(domain.key, domain.name, doing, lambda: ", ".join(seen.calls), virsh(ctx, domain)):
                await work(ctx.sessions.of(domain.key).require(), seen)
        except VirtError as error:
            raise VirtError(censored(error.problem, *seen.texts)) from None

    job: Job = await ctx.jobs.start(doing, run, (domain.key,), cancellable=False)
    return job.problem is None
