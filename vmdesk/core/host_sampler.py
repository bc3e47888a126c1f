"""Reads one host's statistics: some machines every second, the others now and then, and none in vain."""

import asyncio
import itertools
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vmdesk.core.bell import Bell
from vmdesk.core.calls import Calls
from vmdesk.core.history import History
from vmdesk.core.jobs import Jobs
from vmdesk.core.session import Session
from vmdesk.core.store import Store
from vmdesk.core.ward import Ward
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.errors import VirtError
from vmdesk.model.stats import DomainCounters
from vmdesk.virt import words
from vmdesk.virt.connection import Connection

SECOND_LOOK = 1.5  # seconds after the first reading: rates need two
SLOW_HOST = 30.0  # seconds to leave a host alone that does not even tell states
SLICE = 100  # readings taken in by one turn of the loop
BETWEEN = 0.004  # seconds from one such turn to the next: keys and the mouse come first
SLEPT = 5.0  # seconds that the computer must have slept for it to matter

_SAMPLED = (State.RUNNING, State.BLOCKED, State.PAUSED, State.SHUTDOWN)


@dataclass(frozen=True, slots=True)
class Cadence:
    """What to read how often, in seconds. `watched` by UUID; `host` whether the host itself is looked at."""

    watched: frozenset[str] = frozenset()
    host: bool = False
    looked: float = 1.0
    others: float = 10.0


class HostSampler:
    """One connection's clock. `run` is the loop; it ends when it is cancelled or the connection is gone."""

    def __init__(
        self,
        session: Session,
        connection: Connection,
        store: Store,
        history: History,
        jobs: Jobs,
        calls: Calls,
        cadence: Cadence,
    ) -> None:
        self._session = session
        self._connection = connection
        self._store = store
        self._history = history
        self._calls = calls
        self._cadence = cadence
        self._ward = Ward(session, calls, jobs)
        self._bell = Bell()
        self._next_all = self._next_looked = 0.0
        self._readings = 0  # readings of everything so far
        self._took = 0.0  # seconds that the last bulk call took
        self._fresh: dict[str, int] = {}  # machines that just started -> readings still wanted soon
        self._asleep = _asleep()

    @property
    def cadence(self) -> Cadence:
        return self._cadence

    @cadence.setter
    def cadence(self, cadence: Cadence) -> None:
        old, self._cadence = self._cadence, cadence
        now = time.monotonic()
        if self._readings > 1:
            self._next_all = min(self._next_all, now + cadence.others)
        if cadence.watched - old.watched or (cadence.host and not old.host):
            # Whatever was just scrolled into view is read now, but scrolling on does not mean reading on and on.
            self._next_looked = min(self._next_looked, now + 0.1)
            self._bell.ring()
        elif cadence != old:
            self._bell.ring()

    def started(self, uuid: str) -> None:
        """A machine runs that did not before: two readings soon, so that it has figures."""
        if self._readings:
            self._fresh[uuid] = 2
            self._bell.ring()

    def ended(self, uuid: str) -> None:
        """A machine is off or gone."""
        self._ward.forget(uuid)
        self._fresh.pop(uuid, None)

    async def run(self) -> None:
        """Read for ever."""
        while True:
            begun = time.monotonic()
            self._look_at_the_clock()
            all_due = begun >= self._next_all
            try:
                await self._take(await self._ward.retry(self._connection))
                if all_due:
                    await self._read_all()
                elif begun >= self._next_looked:
                    await self._read_looked()
            except VirtError as error:
                if error.problem.name == "closed":
                    return
                if error.problem.name == "timeout":
                    self._next_all = self._next_looked = time.monotonic() + SLOW_HOST
            # A slow host is left alone for as long as it took to answer.
            rested = time.monotonic() + self._took
            if all_due:
                wait = SECOND_LOOK if self._readings == 1 else self._cadence.others
                self._next_all = max(self._next_all, begun + wait, rested)
            self._next_looked = max(self._next_looked, begun + self._cadence.looked, rested)
            await self._wait()

    async def _wait(self) -> None:
        """Until the next reading. Nobody looks: until the next one of everything."""
        while True:
            looked = self._cadence.watched or self._cadence.host or self._fresh
            at = min(self._next_all, self._ward.next_look, self._next_looked if looked else math.inf)
            if not await self._bell.wait(at - time.monotonic()):
                return

    async def _read_all(self) -> None:
        self._readings += 1
        domains = self._store.of_host(self._session.config.id)
        await self._read([domain.uuid for domain in domains if self._wanted(domain)])
        self._history.add_host(self._session.config.id, await self._calls.host(self._connection))

    async def _read_looked(self) -> None:
        fresh = list(self._fresh)
        for uuid in fresh:
            self._fresh[uuid] -= 1
            if not self._fresh[uuid]:
                del self._fresh[uuid]
        host = self._session.config.id
        domains = (self._store.domains.get(DomainKey(host, uuid)) for uuid in self._cadence.watched.union(fresh))
        await self._read([domain.uuid for domain in domains if domain and self._wanted(domain)])
        if self._cadence.host:
            self._history.add_host(host, await self._calls.host(self._connection))

    def _wanted(self, domain: Domain) -> bool:
        """In good standing: it runs, no job has it, and it answers."""
        return domain.state in _SAMPLED and domain.reason not in words.JOBS and domain.uuid not in self._ward

    async def _read(self, uuids: list[str]) -> None:
        """The one bulk call of a tick, and what to do when it does not come back."""
        self._took = 0.0
        if not uuids:
            return
        begun = time.monotonic()
        try:
            readings = await self._calls.bulk(self._connection, uuids)
            self._took = time.monotonic() - begun
        except VirtError as error:
            if error.problem.name != "timeout":
                raise
            readings = await self._ward.examine(self._connection, uuids)
        await self._take(readings)

    async def _take(self, readings: Mapping[str, DomainCounters]) -> None:
        """Into the history, in slices, told once."""
        host = self._session.config.id
        for number, part in enumerate(_sliced(readings.items())):
            if number:
                await asyncio.sleep(BETWEEN)
            good = {}
            for uuid, counters in part:
                if counters.busy:
                    self._ward.take(uuid, counters.busy)
                else:
                    good[uuid] = counters
            self._history.add(host, good, tell=False)
        self._history.tell(DomainKey(host, uuid) for uuid in readings)

    def _look_at_the_clock(self) -> None:
        asleep = _asleep()
        if asleep - self._asleep > SLEPT:
            self._session.resync()
        self._asleep = asleep


def _asleep() -> float:
    """Seconds that the computer has slept since it was switched on."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()


def _sliced(
    items: Iterable[tuple[str, DomainCounters]],
) -> Iterable[list[tuple[str, DomainCounters]]]:
    rest = iter(items)
    return iter(lambda: list(itertools.islice(rest, SLICE)), [])
