"""Asks running machines for their IP addresses, one at a time and never in a hurry."""

import heapq
import math
import time
from collections.abc import Callable, Mapping

from vmdesk.core.bell import Bell
from vmdesk.core.calls import Calls
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.virt.connection import Connection

WATCHED = 30.0  # seconds between two questions to a machine that somebody looks at
REST = (60.0, 300.0)  # the same for the others, by how many there are
EACH = 0.3  # seconds of the round that each of the others adds
YOUNG = (3.0, 8.0, 15.0, 30.0)  # seconds after a start: the guest gets its address somewhere here
PAUSE = 0.1  # seconds between two questions
GRID = 2.0  # questions due within these seconds are asked together, for each wake-up costs


class Addresses:
    """One host's round. `run` is the loop; `set` hears of each answer; `domains` are the store's."""

    def __init__(
        self,
        host: str,
        connection: Connection,
        calls: Calls,
        domains: Mapping[DomainKey, Domain],
        set: Callable[[str, tuple[str, ...]], None],  # noqa: A002 - the word for it
    ) -> None:
        self._host = host
        self._connection = connection
        self._ask = calls.addresses
        self._domains = domains
        self._set = set
        self._bell = Bell()
        self._watched: frozenset[str] = frozenset()
        self._due: dict[str, float] = {}  # the truth; what the heap says beyond it is old
        self._heap: list[tuple[float, str]] = []
        self._young: dict[str, list[float]] = {}  # uuid -> when to ask while it has none

    def watch(self, uuids: frozenset[str]) -> None:
        """These are looked at now."""
        new, self._watched = uuids - self._watched, uuids
        soon = time.monotonic() + WATCHED
        for uuid in new:
            if self._due.get(uuid, 0.0) > soon:
                self._plan(uuid, soon)

    def take(self, uuid: str, started: bool) -> None:
        """A machine runs: it is asked from now on. `started`: just now."""
        now = time.monotonic()
        if started:
            self._young[uuid] = [now + seconds for seconds in reversed(YOUNG)]
            self._plan(uuid, self._young[uuid].pop())
        elif uuid not in self._due:
            self._plan(uuid, now + (0.0 if uuid in self._watched else GRID))
        else:
            return
        self._bell.ring()

    async def run(self) -> None:
        """Ask for ever; ends when it is cancelled or the host is gone."""
        while True:
            now = time.monotonic()
            while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
                heapq.heappop(self._heap)
            if not self._heap:
                await self._bell.wait(60.0)
            elif (wait := self._heap[0][0] - now) > 0:
                await self._bell.wait(wait)
            else:
                uuid = heapq.heappop(self._heap)[1]
                if not await self._question(uuid):
                    return
                await self._bell.wait(PAUSE)

    async def _question(self, uuid: str) -> bool:
        """Ask one machine; False when the connection is gone."""
        domain = self._domains.get(DomainKey(self._host, uuid))
        if domain is None or not domain.active:
            self._due.pop(uuid, None)
            self._young.pop(uuid, None)
            return True
        found: tuple[str, ...] = ()
        if domain.responding and not domain.busy:
            try:
                found = await self._ask(self._connection, uuid)
            except VirtError as error:
                if error.problem.name == "closed":
                    return False
            self._set(uuid, found)
        self._plan(uuid, self._next(uuid, bool(found)))
        return True

    def _next(self, uuid: str, found: bool) -> float:
        young = self._young.get(uuid)
        if young and not found:
            return young.pop()
        self._young.pop(uuid, None)
        if uuid in self._watched:
            wait = WATCHED
        else:
            wait = min(max(len(self._due) * EACH, REST[0]), REST[1])
        return math.ceil((time.monotonic() + wait) / GRID) * GRID

    def _plan(self, uuid: str, at: float) -> None:
        self._due[uuid] = at
        heapq.heappush(self._heap, (at, uuid))
