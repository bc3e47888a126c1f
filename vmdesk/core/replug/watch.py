"""Follows the hosts' USB devices for the running machines that have rules about them.

An event only says that something came or went: what is there is read again, and compared with what the machines have.
"""

import shlex
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from vmdesk.core.activity import Activity, Entry, EntryKind
from vmdesk.core.bell import Bell
from vmdesk.core.command import Context, reference
from vmdesk.core.jobs import Job, JobState, Report
from vmdesk.core.replug import plan
from vmdesk.core.replug.plan import Do, Running, Step
from vmdesk.core.store import Changes
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Feature, Link
from vmdesk.model.host_devices import HostUsb
from vmdesk.model.replug import LiveUsb, UsbRule
from vmdesk.model.text import Text, text
from vmdesk.virt import domains, hardware, host_devices, replug
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Affect, Change
from vmdesk.virtxml import replug as replug_xml
from vmdesk.virtxml.document import XmlError

SETTLE = 0.5  # seconds after the last event: a stick is a dozen devices, and its disk is the last of them
MOST = 10  # times that it is waited for; a host that never rests is looked at all the same
IDLE = 3600.0
POLL = 10.0  # seconds between two looks at a host that tells nothing of its devices

Tell = Callable[[DomainKey, Problem], None]


async def _devices(connection: Connection) -> Sequence[HostUsb]:
    return (await host_devices.host_devices_of(connection, usb_only=True)).usb


async def _has(connection: Connection, uuid: str) -> Sequence[LiveUsb]:
    return replug_xml.live(await domains.xml(connection, uuid))


async def _apply(connection: Connection, uuid: str, change: Change) -> None:
    await hardware.apply(connection, uuid, [change], Affect.LIVE)


@dataclass(frozen=True, slots=True)
class Hands:
    """What is asked of a host, so that tests can put another one in its place."""

    devices: Callable[[Connection], Awaitable[Sequence[HostUsb]]] = _devices
    has: Callable[[Connection, str], Awaitable[Sequence[LiveUsb]]] = _has
    apply: Callable[[Connection, str, Change], Awaitable[None]] = _apply


class Replug:
    """Runs until it is cancelled. `tell`: why a machine does not get a device that a rule is about."""

    def __init__(self, ctx: Context, activity: Activity | None, tell: Tell, hands: Hands = Hands()) -> None:
        self._ctx, self._activity, self._tell, self._hands = ctx, activity, tell, hands
        self._bell = Bell()
        self._dirty: set[str] = set()
        self._known: dict[DomainKey, tuple[int, tuple[UsbRule, ...]]] = {}
        self._offered: dict[str, set[tuple[object, ...]]] = {}  # by host

    async def run(self) -> None:
        leave = self._ctx.store.subscribe(self._on_store)
        try:
            self._look_at(self._ctx.store.domains)
            while True:
                if not self._dirty:
                    await self._bell.wait(POLL if self._mute() else IDLE)
                    self._dirty |= self._mute()
                for _ in range(MOST):
                    if not await self._bell.wait(SETTLE):
                        break  # that was all
                hosts, self._dirty = self._dirty, set()
                for host in sorted(hosts):
                    await self.look(host)
        finally:
            leave()

    # ---------------------------------------------------------------- when

    def _on_store(self, changes: Changes) -> None:
        for key in changes.removed:
            self._known.pop(key, None)
        self._look_at(changes.added | changes.changed)
        self._stir(host for host in changes.devices if self._ruled(host))

    def _look_at(self, keys: Iterable[DomainKey]) -> None:
        """A machine that has just started, or has other rules than before, is a reason to look."""
        hosts: set[str] = set()
        for key in tuple(keys):
            domain = self._ctx.store.domains.get(key)
            if domain is None:
                continue
            now = (domain.live_id, domain.definition.usb_rules) if _runs(domain) else None
            before = self._known.get(key)
            if now is None:
                self._known.pop(key, None)
            elif now != before:
                self._known[key] = now
                hosts.add(key.host)
        self._stir(hosts)

    def _stir(self, hosts: Iterable[str]) -> None:
        found = set(hosts)
        if found:
            self._dirty |= found
            self._bell.ring()

    def _ruled(self, host: str) -> bool:
        return any(key.host == host for key in self._known)

    def _mute(self) -> set[str]:
        """Hosts with rules that say nothing when a device comes or goes."""
        found = set()
        for host in {key.host for key in self._known}:
            there = self._ctx.store.hosts.get(host)
            told = there.capabilities.can(Feature.DEVICE_EVENTS) if there and there.capabilities else True
            if not told:
                found.add(host)
        return found

    # ---------------------------------------------------------------- what

    async def look(self, host: str) -> None:
        """Read what is plugged in, and do what the rules say. What cannot be read is read another time."""
        there = self._ctx.store.hosts.get(host)
        machines = [one for one in self._ctx.store.of_host(host) if _runs(one)]
        if there is None or there.link is not Link.UP or there.config.readonly or not machines:
            return
        try:
            connection = self._ctx.sessions.of(machines[0].key).require()
            devices = await self._hands.devices(connection)
            running = [await self._running(connection, one) for one in machines]
        except (VirtError, XmlError):
            return
        found = plan.steps(running, devices)
        offered = self._offered.get(host, set())
        here = {one.key for one in machines}
        kept = {token for token in offered if token[0] not in here and token[0] in self._ctx.store.domains}
        self._offered[host] = kept | {step.token for step in found}
        for step in found:
            if step.token not in offered:
                await self._do(connection, step)

    async def _running(self, connection: Connection, domain: Domain) -> Running:
        has = tuple(await self._hands.has(connection, domain.uuid))
        rules = domain.definition.usb_rules
        return Running(domain.key, domain.name, rules, has, domain.started, domain.live_id)

    async def _do(self, connection: Connection, step: Step) -> None:
        if step.do is Do.GIVE and step.device is not None:
            doing = text("Giving {device} to {name}", device=plan.words(step.device), name=step.machine.name)
            await self._change(connection, step, replug.give(step.rule, step.device), doing, "plugged in")
        elif step.do is Do.TAKE and step.live is not None:
            doing = text(
                "Taking {device}, which was unplugged, from {name}", device=_called(step), name=step.machine.name
            )
            await self._change(connection, step, replug.take(step.live.key, doing), doing, "unplugged")
        elif (why := plan.refusal(step)) is not None and step.device is not None:
            device = plan.words(step.device)
            what = text("{name} was not given {device}.", name=step.machine.name, device=device)
            self._note(step, "not given", f"{device}: {why}")
            self._tell(step.machine.key, Problem(what, why, name="usb-rule"))

    async def _change(self, connection: Connection, step: Step, change: Change, doing: Text, what: str) -> None:
        async def work(_report: Report) -> None:
            uuid, device = step.machine.key.uuid, step.device
            try:
                await self._hands.apply(connection, uuid, change)
            except VirtError:
                # Another window may have been faster.
                if device is None or not any(live.is_(device) for live in await self._hands.has(connection, uuid)):
                    raise

        job: Job = await self._ctx.jobs.start(doing, work, (step.machine.key,), cancellable=False)
        outcome = job.problem.what if job.problem is not None else None
        key, host = step.machine.key, self._ctx.store.hosts.get(step.machine.key.host)
        domain = self._ctx.store.domains.get(key)
        command = "attach-device" if step.do is Do.GIVE else "detach-device"
        named = reference(domain) if domain is not None else key.uuid
        virsh = shlex.join(("virsh", "-c", host.config.uri if host else "", command, named, "FILE", "--live"))
        self._ctx.trace.note(key, step.machine.name, doing, change.call, virsh, outcome)
        self._note(step, what if job.state is JobState.DONE else "not given", _called(step))

    def _note(self, step: Step, what: str, reason: str) -> None:
        host = self._ctx.store.hosts.get(step.machine.key.host)
        if self._activity is not None and host is not None:
            key = step.machine.key
            entry = Entry(
                time.time(), key.host, host.config.name, EntryKind.DEVICE, what, reason, key.uuid, step.machine.name
            )
            self._activity.add(entry)


def _runs(domain: Domain) -> bool:
    return domain.active and domain.responding and bool(domain.definition.usb_rules)


def _called(step: Step) -> str:
    return plan.words(step.device) if step.device is not None else str(replug.called(step.rule))


async def follow(ctx: Context, activity: Activity | None, tell: Tell) -> None:
    """Until it is cancelled."""
    await Replug(ctx, activity, tell).run()
