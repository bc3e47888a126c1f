"""Machines whose monitor does not answer: found out one by one, left in peace, asked again later.

A monitor call on a hung hypervisor process never returns, and each one takes a worker of the daemon for good. So the
calls that may hang are counted: two are waited for at a time, and while four are stuck on a daemon (of its twenty
workers) no further machine is put to the test.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterable

from vmdesk.core.calls import Calls
from vmdesk.core.jobs import Jobs
from vmdesk.core.session import Session
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.stats import DomainCounters
from vmdesk.model.text import Text
from vmdesk.virt import words
from vmdesk.virt.connection import Connection

RETRY = 30.0  # seconds until a silent machine is asked again; sooner when a stuck call came back
WORKING = 3.0  # the same for a machine at work; also how often to look whether a stuck call came back
AT_ONCE = 2  # machines asked at a time
STUCK = 4  # calls stuck on a daemon from which on nobody is asked
SOME_JOB = "job"  # the word for a job that nobody names

Found = dict[str, DomainCounters]


class Ward:
    """One host's machines that are not in good standing. Asked whether a machine `holds` good; told to `examine`.

    _until   uuid -> monotonic time of the next question; in it: silent, busy, or not asked yet
    """

    def __init__(self, session: Session, calls: Calls, jobs: Jobs, clock: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._calls = calls
        self._jobs = jobs
        self._clock = clock
        self._until: dict[str, float] = {}
        self._unnamed: set[str] = set()  # machines at work whose work could not be named
        self._stuck = 0

    def __contains__(self, uuid: str) -> bool:
        return uuid in self._until

    def forget(self, uuid: str) -> None:
        """The machine is off or gone."""
        self._until.pop(uuid, None)
        self._unnamed.discard(uuid)

    @property
    def next_look(self) -> float:
        """Monotonic time at which `retry` should be called; infinite while all machines are in good standing."""
        if not self._until:
            return math.inf
        return min(self._clock() + WORKING, *self._until.values())

    def take(self, uuid: str, busy: str) -> None:
        """A bulk call passed over the machine; why: DomainCounters.busy."""
        if busy == "job":
            self._busy(uuid, self._job(uuid) or SOME_JOB)
        elif busy == "hung":
            self._held(uuid)

    async def examine(self, connection: Connection, uuids: Iterable[str]) -> Found:
        """A bulk call on these machines did not come back: find out whose fault it is. The readings of the others.

        If even their states do not come, the host is slow and no machine is to blame: VirtError "timeout".
        """
        await connection.renew_stats()
        states = await self._calls.states(connection)
        suspects = []
        for uuid in uuids:
            state, reason = states.get(uuid, (None, ""))
            if state is None or not state.active:
                continue
            if job := words.JOBS.get(reason) or self._job(uuid):
                self._busy(uuid, job)
            else:
                suspects.append(uuid)
        return await self._ask_all(connection, suspects)

    async def retry(self, connection: Connection) -> Found:
        """Ask those again whose time has come, or all of them when a stuck call came back."""
        if not self._until:
            return {}
        stuck, self._stuck = self._stuck, connection.outstanding
        now = self._clock()
        due = [uuid for uuid, at in self._until.items() if at <= now or self._stuck < stuck]
        if not due:
            return {}
        return await self._ask_all(connection, due)

    async def _ask_all(self, connection: Connection, uuids: list[str]) -> Found:
        found: Found = {}
        before = connection.outstanding
        waiting = list(reversed(uuids))

        async def ask_in_turn() -> None:
            while waiting and connection.outstanding < STUCK:
                uuid = waiting.pop()
                if (counters := await self._ask(connection, uuid)) is not None:
                    found[uuid] = counters

        await asyncio.gather(*(ask_in_turn() for _ in range(AT_ONCE)))
        for uuid in waiting:
            self._until[uuid] = self._clock() + RETRY
        if connection.outstanding > before:
            await connection.renew_stats()  # the calls of a tick share a wire with nothing that is stuck
        self._stuck = connection.outstanding
        return found

    async def _ask(self, connection: Connection, uuid: str) -> DomainCounters | None:
        """Put one machine to the test."""
        try:
            counters = await self._calls.single(connection, uuid)
        except VirtError as error:
            if error.problem.name == "closed":
                raise
            await self._failed(connection, uuid, error.problem)
            return None
        if counters.busy:  # somebody else's call, just now: that says nothing
            self._until[uuid] = self._clock() + WORKING
            return None
        self.forget(uuid)
        self._session.set_health(uuid, responding=True, busy="")
        return counters

    async def _failed(self, connection: Connection, uuid: str, problem: Problem) -> None:
        if problem.name == "gone":
            self.forget(uuid)
        elif problem.name == "busy" and (job := _holder(problem)):
            if job == SOME_JOB and uuid not in self._unnamed and not connection.outstanding:
                self._unnamed.add(uuid)
                job = await self._calls.job(connection, uuid) or SOME_JOB
            domain = self._session.domain(uuid)
            self._busy(uuid, domain.busy if job == SOME_JOB and domain and domain.busy else job)
        else:
            self._held(uuid)

    def _held(self, uuid: str) -> None:
        """It gave nothing: because of a job, or because it hangs."""
        if job := self._job(uuid):
            self._busy(uuid, job)
        else:
            self._until[uuid] = self._clock() + RETRY
            self._session.set_health(uuid, responding=False, busy="")

    def _busy(self, uuid: str, job: str) -> None:
        self._until[uuid] = self._clock() + WORKING
        self._session.set_health(uuid, responding=True, busy=job)

    def _job(self, uuid: str) -> str:
        """The word for the job that has the machine, "" if none is known."""
        domain = self._session.domain(uuid)
        if domain and (job := words.JOBS.get(domain.reason)):
            return job
        key = DomainKey(self._session.config.id, uuid)
        return SOME_JOB if any(key in job.keys for job in self._jobs.running) else ""


def _holder(problem: Problem) -> str:
    """The job that has the machine; "" when it is only another question to its monitor that waits."""
    named = dict(problem.why.values).get("holder") if problem.why else None
    word = named.source if isinstance(named, Text) else str(named or "")
    return word or ("" if problem.code else SOME_JOB)
