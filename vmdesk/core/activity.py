"""What happened: every event with its time and reason, kept across restarts."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from vmdesk.core.database import Database
from vmdesk.core.jobs import Jobs
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem

KEEP = 50_000  # entries
SLACK = 1_000  # entries above KEEP before the oldest are deleted, all at once
GATHER = 0.2  # seconds to gather entries before they are told and written, all at once

_SCHEMA = """
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, time REAL NOT NULL, host TEXT NOT NULL, host_name TEXT NOT NULL, uuid TEXT NOT NULL,
    name TEXT NOT NULL, kind TEXT NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX of_machine ON entries (uuid, id)
"""


class EntryKind(Enum):
    """Where an entry comes from. FOUND: not told by an event but seen after the connection had been away."""

    LIFECYCLE = "lifecycle"
    IO_ERROR = "io-error"
    WATCHDOG = "watchdog"
    FOUND = "found"
    HOST = "host"
    HEALTH = "health"
    DEVICE = "device"  # a USB device of the host that a rule is about
    CHANGE = "change"  # restarted, or another device, medium, limit, while it runs
    JOB = "job"  # a job of ours that failed; core/failures.py makes and reads its words


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `what` and `reason` are libvirt's or our own code words: activity_words shows them.

    time       Unix seconds
    host_name  the host's name at that time
    uuid, name the machine's, "" for what concerns the whole host
    id         its place in the file; 0 until it is written
    """

    time: float
    host: str
    host_name: str
    kind: EntryKind
    what: str
    reason: str = ""
    uuid: str = ""
    name: str = ""
    id: int = 0

    @property
    def key(self) -> DomainKey:
        return DomainKey(self.host, self.uuid)


Listener = Callable[[tuple[Entry, ...]], None]


class Activity:
    """The list of what happened. Adding is cheap; the file is written in a lane's worker, many entries at once."""

    def __init__(self, file: Path, lane: Executor, jobs: Jobs, notice: Callable[[Problem], None]) -> None:
        self._database = Database(file, _SCHEMA, 1, lane, notice)
        self._jobs = jobs
        self._fresh: list[Entry] = []
        self._timer: asyncio.TimerHandle | None = None
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear of new entries, oldest first, a burst at a time; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def add(self, entry: Entry) -> None:
        """Take one entry. Within a fraction of a second it is told and written."""
        self._fresh.append(entry)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER, self._on_timer)

    async def entries(
        self,
        *,
        key: DomainKey | None = None,
        kinds: Iterable[EntryKind] = (),
        before: int = 0,
        limit: int = 500,
    ) -> list[Entry]:
        """Newest first: of one machine, of some kinds, before the entry of that id."""
        await self.flush()
        wanted: list[tuple[str, tuple[object, ...]]] = []
        if key:
            wanted.append(("host = ? AND uuid = ?", key))
        if kinds := tuple(kinds):
            wanted.append((f"kind IN ({', '.join('?' * len(kinds))})", tuple(kind.value for kind in kinds)))
        if before:
            wanted.append(("id < ?", (before,)))
        where = " AND ".join(f"({condition})" for condition, _ in wanted) or "1"
        values = [value for _, some in wanted for value in some]
        query = (
            "SELECT time, host, host_name, kind, what, reason, uuid, name, id FROM entries"  # noqa: S608 - our own text
            f" WHERE {where} ORDER BY id DESC LIMIT ?"
        )

        def work(connection: sqlite3.Connection) -> list[Entry]:
            rows = connection.execute(query, (*values, limit))
            return [
                Entry(at, host, host_name, EntryKind(kind), what, reason, uuid, name, number)
                for at, host, host_name, kind, what, reason, uuid, name, number in rows
            ]

        return await self._database.run(work, [], write=False)

    async def flush(self) -> None:
        """Tell and write what is waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        fresh, self._fresh = self._fresh, []
        if not fresh:
            return
        told = await self._database.run(lambda connection: _write(connection, fresh), tuple(fresh))
        for listener in tuple(self._listeners):
            listener(told)

    async def close(self) -> None:
        """Write what is waiting and close the file."""
        await self.flush()
        await self._database.close()

    def _on_timer(self) -> None:
        self._timer = None
        self._jobs.spawn("write the activity", self.flush())


def _write(connection: sqlite3.Connection, entries: list[Entry]) -> tuple[Entry, ...]:
    """The entries with their places in the file, made here: thousands would hold up the window."""
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM entries").fetchone()
    rows = [
        (number, e.time, e.host, e.host_name, e.uuid, e.name, e.kind.value, e.what, e.reason)
        for number, e in enumerate(entries, last + 1)
    ]
    connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    last += len(rows)
    (first,) = connection.execute("SELECT min(id) FROM entries").fetchone()
    if last - first >= KEEP + SLACK:
        connection.execute("DELETE FROM entries WHERE id <= ?", (last - KEEP,))
    return tuple(replace(entry, id=row[0]) for entry, row in zip(entries, rows))
