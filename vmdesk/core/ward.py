"""Machines whose monitor does not answer: found out one by one, left in peace, asked again later.

A monitor call on a hung hypervisor process never returns, and each one takes a worker of the daemon for good. So the
calls that may hang are counted: two are waited for at a time, and while four are stuck on a daemon (of its twenty
workers) no further machine is put to the test.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

from vmdesk.core.calls import Calls
from vmdesk.core.jobs import Jobs
from vmdesk.core.session import Session
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.stats import DomainCounters
from vmdesk.virt.connection import Connection

RETRY = 30.0  # seconds until a machine that was silent or busy is asked again
AT_ONCE = 2  # machines asked at a time
STUCK = 4  # calls stuck on a daemon from which on nobody is asked

# Reasons of a state in which a job has the machine, and the word for the job.
JOBS = {
    "saving": "save",
    "creating snapshot": "snapshot",
    "migrating": "migration",
    "dumping": "dump",
    "starting up": "start",
    "post-copy": "migration",
}
SOME_JOB = "job"

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
        self._stuck = 0

    def __contains__(self, uuid: str) -> bool:
        return uuid in self._until

    def forget(self, uuid: str) -> None:
        """The machine is off or gone."""
        self._until.pop(uuid, None)

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
            if job := self._job(uuid, reason):
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
        waiting = list(reversed(uuids))

        async def ask_in_turn() -> None:
            while waiting and connection.outstanding < STUCK:
                uuid = waiting.pop()
                if (counters := await self._ask(connection, uuid)) is not None:
                    found[uuid] = counters

        await asyncio.gather(*(ask_in_turn() for _ in range(AT_ONCE)))
        for uuid in waiting:
            self._until[uuid] = self._clock() + RETRY
        self._stuck = connection.outstanding
        return found

    async def _ask(self, connection: Connection, uuid: str) -> DomainCounters | None:
        """Put one machine to the test."""
        try:
            counters = await self._calls.single(connection, uuid)
        except VirtError as error:
            self._failed(uuid, error)
            return None
        if counters.busy:
            # Without waiting libvirt passes over a machine that is at work. That work may be our own stuck question.
            self._held(uuid)
            return None
        self._until.pop(uuid, None)
        self._session.set_health(uuid, responding=True, busy="")
        return counters

    def _failed(self, uuid: str, error: VirtError) -> None:
        name = error.problem.name
        if name == "gone":
            self.forget(uuid)
        elif name == "closed":
            raise error
        elif name == "busy" and (job := _holder(error.problem)):
            self._busy(uuid, job)
        else:
            self._held(uuid)

    def _held(self, uuid: str) -> None:
        """It gave nothing: because of a job, or because it hangs."""
        domain = self._session.domain(uuid)
        job = self._job(uuid, domain.reason if domain else "")
        if job:
            self._busy(uuid, job)
        else:
            self._until[uuid] = self._clock() + RETRY
            self._session.set_health(uuid, responding=False, busy="")

    def _busy(self, uuid: str, job: str) -> None:
        self._until[uuid] = self._clock() + RETRY
        self._session.set_health(uuid, responding=True, busy=job)

    def _job(self, uuid: str, reason: str) -> str:
        """The word for the job that has the machine, "" if none is known."""
        if job := JOBS.get(reason):
            return job
        key = DomainKey(self._session.config.id, uuid)
        return SOME_JOB if any(key in job.keys for job in self._jobs.running) else ""


def _holder(problem: Problem) -> str:
    """Who libvirt says holds the machine's lock."""
    return str(dict(problem.why.values).get("holder", "")) if problem.why else ""
