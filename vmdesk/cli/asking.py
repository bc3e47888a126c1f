"""Asking running machines for their counters, some of which may hang."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from vmdesk.cli.session import Session
from vmdesk.core import rates
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.stats import DomainCounters, Figures
from vmdesk.virt import stats
from vmdesk.virt.connection import Connection

BETWEEN = 1.0  # seconds between the two readings from which figures are made
ALONE = 2  # machines asked alone at the same time on one host
AT_WORK = "job"  # what holds a machine that is busy


@dataclass
class Answers:
    """What came back. `silent`: hangs; `working`: libvirt is at work on it and it cannot be asked now."""

    counters: dict[DomainKey, DomainCounters] = field(default_factory=dict)
    silent: set[DomainKey] = field(default_factory=set)
    working: set[DomainKey] = field(default_factory=set)

    def told(self, domain: Domain) -> Domain:
        """The machine with what is known now of its health."""
        return replace(
            domain,
            responding=domain.key not in self.silent,
            busy=AT_WORK if domain.key in self.working else domain.busy,
        )


async def ask(session: Session, machines: Iterable[Domain]) -> Answers:
    """The counters of the running ones among these machines."""
    answers = Answers()
    running = [one for one in machines if one.active]
    hosts = {
        host: [one.uuid for one in running if one.key.host == host and one.key.host in session.links.open]
        for host in session.links.open
    }
    await asyncio.gather(*(_ask(session.links.open[host], uuids, answers) for host, uuids in hosts.items() if uuids))
    return answers


async def health(session: Session, machines: Iterable[Domain]) -> Answers:
    """The same as far as it says who answers: only QEMU has a monitor that can hang."""
    qemu = {host for host, connection in session.links.open.items() if connection.capabilities.driver == "QEMU"}
    return await ask(session, [one for one in machines if one.key.host in qemu])


async def figures(session: Session, machines: Iterable[Domain]) -> tuple[dict[DomainKey, Figures], Answers]:
    """Figures from two readings, and the second one."""
    running = [one for one in machines if one.active]
    if not running:
        return {}, Answers()
    first = await ask(session, running)
    await asyncio.sleep(BETWEEN)
    second = await ask(session, [one for one in running if one.key not in first.silent])
    second.silent |= first.silent
    found = {key: rates.figures(first.counters.get(key), now) for key, now in second.counters.items()}
    return found, second


async def _ask(connection: Connection, uuids: list[str], answers: Answers) -> None:
    """One call for all; those that it leaves open, or all if it does not come back, are asked alone."""
    try:
        found = await stats.bulk(connection, uuids)
    except VirtError as error:
        if error.problem.name != "timeout":
            raise
        await connection.renew_stats()
        found, alone = {}, uuids
    else:
        alone = [one for one, counters in found.items() if counters.busy == "call"]
    for one, counters in found.items():
        _sort(DomainKey(connection.host, one), counters, answers)
    places = asyncio.Semaphore(ALONE)

    async def ask_alone(one: str) -> None:
        async with places:
            await _ask_alone(connection, one, answers)

    await asyncio.gather(*(ask_alone(one) for one in alone))


async def _ask_alone(connection: Connection, one: str, answers: Answers) -> None:
    key = DomainKey(connection.host, one)
    try:
        _sort(key, await stats.single(connection, one), answers)
    except VirtError as error:
        if error.problem.name == "timeout":
            answers.silent.add(key)
        elif error.problem.name == "busy":
            answers.working.add(key)
        elif error.problem.name != "gone":
            raise


def _sort(key: DomainKey, counters: DomainCounters, answers: Answers) -> None:
    match counters.busy:
        case "":
            answers.counters[key] = counters
        case "hung":
            answers.silent.add(key)
        case "job":
            answers.working.add(key)
