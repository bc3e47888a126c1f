"""`vmdesk slow`: what holds machines back."""

import argparse
import asyncio
from typing import Any

from vmdesk.cli import asking
from vmdesk.cli.output import emit, emit_json
from vmdesk.cli.session import Session
from vmdesk.core import plain
from vmdesk.core.slow import Around, Finding, Sample, Verdict, judge, summary, untold
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.stats import HostCounters
from vmdesk.model.text import tr
from vmdesk.virt import domains, facts, stats, throttling
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import hardware
from vmdesk.virtxml.document import XmlError

DONE = 0
STEP = 1.0  # seconds between two readings


async def run(session: Session, options: argparse.Namespace) -> int:
    await session.read()
    machines = session.find(options.names)
    running = [one for one in machines if one.active]
    for one in machines:
        if not one.active:
            session.complain(tr("{name} is not running.", name=plain.clean(one.name)))
    samples, hosts, silent = await _gather(session, running, max(options.seconds, STEP))
    for one in running:
        if one.key in silent:
            session.complain(tr("{name} does not answer.", name=plain.clean(one.name)))
    told = [(one, await _judged(session, one, samples[one.key], hosts)) for one in running if samples.get(one.key)]
    if session.shared.json:
        emit_json([_record(one, session.uri(one), verdict) for one, verdict in told])
    else:
        for one, verdict in told:
            _tell(one, verdict)
    return DONE


async def _gather(
    session: Session, machines: list[Domain], time: float
) -> tuple[dict[DomainKey, list[Sample]], dict[str, list[HostCounters]], set[DomainKey]]:
    """A reading of each machine and of its host every second."""
    samples: dict[DomainKey, list[Sample]] = {one.key: [] for one in machines}
    hosts: dict[str, list[HostCounters]] = {one.key.host: [] for one in machines}
    silent: set[DomainKey] = set()
    for turn in range(int(time / STEP) + 1):
        left = [one for one in machines if one.key not in silent]
        if turn and left:
            await asyncio.sleep(STEP)
        answers = await asking.ask(session, left)
        silent |= answers.silent
        for key, counters in answers.counters.items():
            throttle = await _quietly(throttling.throttle(session.links.open[key.host], key.uuid))
            samples[key].append(Sample(counters, throttle))
        for host, readings in hosts.items():
            reading = await _quietly(stats.host(session.links.open[host]))
            if reading is not None:
                readings.append(reading)
    return samples, hosts, silent


async def _quietly(asked: Any) -> Any:
    """What a host does not tell is None."""
    try:
        return await asked
    except VirtError:
        return None


async def _judged(
    session: Session, domain: Domain, samples: list[Sample], hosts: dict[str, list[HostCounters]]
) -> Verdict:
    connection = session.links.open[domain.key.host]
    try:
        found = hardware.parse(await domains.xml(connection, domain.uuid))
    except XmlError:
        return Verdict()
    around = _around(hosts[domain.key.host])
    if found.overview.kind == "qemu":
        around = Around(around.cpus, around.busy, await _arch(connection))
    return judge(samples, found, around)


async def _arch(connection: Connection) -> str:
    return (await facts.facts(connection)).arch


def _around(readings: list[HostCounters]) -> Around:
    if not readings:
        return Around()
    old, new = readings[0], readings[-1]
    spent, idle = new.time - old.time, new.idle_ns - old.idle_ns
    if spent <= 0 or old.idle_ns < 0 or idle < 0:
        return Around(new.cpus)
    return Around(new.cpus, min(max(100.0 - idle / (spent * 1e7 * max(new.cpus, 1)), 0.0), 100.0))


def _record(domain: Domain, uri: str, verdict: Verdict) -> dict[str, Any]:
    """`control` is a limit of `vmdesk edit --set-limit`, where there is one."""
    return {
        "name": domain.name,
        "uuid": domain.uuid,
        "host": uri,
        "seconds": round(verdict.seconds, 1),
        "findings": [
            {
                "cause": one.cause.value,
                "what": str(one.what),
                "numbers": str(one.numbers),
                "share": round(one.share, 3),
                "control": _limit(one),
            }
            for one in verdict.findings
        ],
        "looked": {str(look.name): look.value or None for look in verdict.looks},
    }


def _limit(finding: Finding) -> str:
    """What `--set-limit` takes; "" for controls that are none."""
    area, _, name = finding.control.partition(".")
    return finding.control if name and area in ("cpu", "memory", "disk", "nic") else ""


def _tell(domain: Domain, verdict: Verdict) -> None:
    name = plain.clean(domain.name)
    for one in verdict.findings:
        emit(plain.clean(tr("{name}: {what}", name=name, what=one.what)))
        emit("  " + plain.clean(str(one.numbers)))
        if limit := _limit(one):
            emit(f"  vmdesk edit {name} --set-limit {limit}=…")
    if not verdict.findings:
        emit(tr("{name}: nothing that can be seen from here holds it back.", name=name))
    if looked := summary(verdict):
        emit("  " + plain.clean(tr("Looked at for {n} s: {looked}", n=f"{verdict.seconds:.0f}", looked=looked)))
    if missing := untold(verdict):
        emit("  " + plain.clean(tr("Not told in this time: {untold}", untold=missing)))
