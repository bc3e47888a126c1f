"""Configuration history: every definition seen of a machine, without secrets, the last 50; and the way back to one.

The file is readable by its owner only. A definition is kept as libvirt wrote it, with HIDDEN in place of each secret.
"""

import asyncio
import re
import sqlite3
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from vmdesk.core import lacking
from vmdesk.core.activity import Activity, Entry
from vmdesk.core.command import Links
from vmdesk.core.database import Database
from vmdesk.core.jobs import Jobs
from vmdesk.core.store import Changes, Store
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import defining
from vmdesk.virt.acting import name as name_of
from vmdesk.virt.connection import Connection
from vmdesk.virt.lane import Lane
from vmdesk.virtxml import difference, hardware, secrets
from vmdesk.virtxml.difference import Difference
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit.tree import Definition, put

MOST = 50
BREATH = 0.2  # seconds between two machines that were only found: a thousand of them are no work that is noticed
# Seconds in which every machine is read once more: of what is stored without an event (`virsh setmem --config`) nobody
# tells. One costs 1 to 2 ms of CPU, so that a thousand machines are 0.2 % of a core.
ROUND = 900.0
_SCHEMA = """
CREATE TABLE definitions (
  id INTEGER PRIMARY KEY, host TEXT NOT NULL, uuid TEXT NOT NULL, name TEXT NOT NULL, time REAL NOT NULL,
  complete INTEGER NOT NULL, xml BLOB NOT NULL
);
CREATE INDEX of_machine ON definitions (host, uuid, id)
"""
_HIDDEN = re.compile(rf" passwd=(['\"]){re.escape(secrets.HIDDEN)}\1")


@dataclass(frozen=True, slots=True)
class Kept:
    """One definition. complete: it shows where secrets were (it was read with them)."""

    id: int
    name: str
    time: float
    xml: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """One place of the time line: a definition, and what was different from the one before (none: the first)."""

    kept: Kept
    differences: tuple[Difference, ...]


class Definitions:
    """The file. Nothing is opened before the first call; all work is done in the lane's worker."""

    def __init__(
        self,
        file: Path,
        lane: Executor,
        notice: Callable[[Problem], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = Database(file, _SCHEMA, 1, lane, notice)
        self._clock = clock

    async def saw(self, key: DomainKey, name: str, xml: str, complete: bool = True) -> bool:
        """Keep a definition (secrets are hidden here, should they not be); False if it is the one kept last."""
        hidden = secrets.hide(xml)
        now = self._clock()

        def work(connection: sqlite3.Connection) -> bool:
            last = connection.execute(
                "SELECT id, xml, complete FROM definitions WHERE host = ? AND uuid = ? ORDER BY id DESC LIMIT 1", key
            ).fetchone()
            if last is not None:
                number, packed, was_complete = last
                before = _unpacked(packed)
                if before == hidden:
                    return False
                # The same, seen by somebody who may read more, or less.
                if bool(was_complete) is not complete and _bare(before) == _bare(hidden):
                    if complete:
                        connection.execute(
                            "UPDATE definitions SET xml = ?, complete = 1 WHERE id = ?", (_packed(hidden), number)
                        )
                    return False
            connection.execute(
                "INSERT INTO definitions (host, uuid, name, time, complete, xml) VALUES (?, ?, ?, ?, ?, ?)",
                (*key, name, now, int(complete), _packed(hidden)),
            )
            connection.execute(
                "DELETE FROM definitions WHERE host = ? AND uuid = ? AND id NOT IN "
                "(SELECT id FROM definitions WHERE host = ? AND uuid = ? ORDER BY id DESC LIMIT ?)",
                (*key, *key, MOST),
            )
            return True

        return await self._database.run(work, False)

    async def all_of(self, key: DomainKey) -> tuple[Kept, ...]:
        """Newest first."""

        def work(connection: sqlite3.Connection) -> tuple[Kept, ...]:
            rows = connection.execute(
                "SELECT id, name, time, xml, complete FROM definitions WHERE host = ? AND uuid = ? ORDER BY id DESC",
                key,
            )
            return tuple(Kept(row[0], row[1], row[2], _unpacked(row[3]), bool(row[4])) for row in rows)

        return await self._database.run(work, (), write=False)

    async def close(self) -> None:
        await self._database.close()


def time_line(kept: Sequence[Kept]) -> tuple[Moment, ...]:
    """Newest first, as `all_of` gives them. A definition that cannot be read (any more) has no differences."""
    moments = []
    for place, one in enumerate(kept):
        before = kept[place + 1] if place + 1 < len(kept) else None
        found: tuple[Difference, ...] = ()
        if before is not None:
            try:
                found = difference.differences(before.xml, one.xml)
            except XmlError:
                found = ()
        moments.append(Moment(one, found))
    return tuple(moments)


# ---------------------------------------------------------------- going back


@dataclass(frozen=True, slots=True)
class WayBack:
    """What going back to a definition would do.

    xml          what would be defined; secrets are in it: to be kept in memory only
    base         the whole definition of now, which must not have changed meanwhile
    differences  from now to then
    asked        secrets of then that nobody knows any more, to be typed in (or left out)
    files        of then, that are not on the host any more, as far as it can be told
    networks     of then, that are not on the host any more
    """

    name: str
    xml: str
    base: str
    differences: tuple[Difference, ...]
    asked: tuple[Text, ...] = ()
    files: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


async def plan_back(connection: Connection, uuid: str, kept: Kept) -> WayBack:
    """How it would be. VirtError."""
    base = await defining.whole(connection, uuid)
    try:
        xml, asked = secrets.carry_over(_of_now(kept.xml, base), base, complete=kept.complete)
        found = difference.differences(base, xml)
        name = hardware.parse(xml).overview.name
        missing = await lacking.look(connection, xml, base)
    except XmlError as error:
        raise defining.unreadable(error) from None
    files = tuple(sorted((*missing.files, *missing.unseen)))
    return WayBack(name, xml, base, found, asked, files, missing.networks)


async def go_back(connection: Connection, uuid: str, way: WayBack, answers: tuple[str, ...] = ()) -> bool:
    """Define it; `answers` to what is asked, "" leaves a secret out. A running machine goes on as it is. VirtError."""
    doing = text("Going back to an older definition of {name}", name=name_of(connection, uuid))
    wanted = secrets.fill_in(way.xml, answers)
    return await defining.change(connection, uuid, lambda _now: wanted, doing, way.base)


def _of_now(then: str, now: str) -> str:
    """The older definition with today's name and UUID: it is the same machine."""
    definition, today = Definition(then), Definition(now).domain
    for tag in ("name", "uuid"):
        put(definition.domain, tag, None, (today.findtext(tag) or "").strip() or None)
    return definition.text


# ---------------------------------------------------------------- seeing


class Watcher:
    """Sees to it that every definition is kept: of each machine when it is found, and whenever one is defined.

    One at a time and in the background: a thousand machines are a thousand short calls. What somebody looks at or
    changes goes first.
    """

    def __init__(self, store: Store, links: Links, definitions: Definitions, jobs: Jobs) -> None:
        self._store, self._links, self._jobs = store, links, jobs
        self.definitions = definitions
        self._listeners: list[Callable[[DomainKey], None]] = []
        self._waiting: deque[DomainKey] = deque()
        self._found: deque[DomainKey] = deque()  # there is no hurry with these
        self._task: asyncio.Task[None] | None = None
        self._round: asyncio.Task[None] | None = None
        self._ends = [store.subscribe(self._on_store)]

    def subscribe(self, listener: Callable[[DomainKey], None]) -> Callable[[], None]:
        """Hear of each machine of which a new definition was kept; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def listen(self, activity: Activity) -> None:
        """Hear of definitions that change: the store shows only the one that is in use."""
        self._ends.append(activity.subscribe(self._on_activity))

    def go_round(self, shown: Callable[[], bool]) -> None:
        """From now on, read each machine again in every ROUND, evenly spread, while `shown()`."""
        if self._round is None:
            self._round = self._jobs.spawn("definitions, again", self._go_round(shown))

    async def _go_round(self, shown: Callable[[], bool]) -> None:
        while True:
            keys = tuple(self._store.domains)
            if not keys:
                await asyncio.sleep(ROUND)
            for key in keys:
                await asyncio.sleep(max(BREATH, ROUND / len(keys)))
                if key in self._store.domains and shown():
                    self.begin_with((key,))

    def close(self) -> None:
        if self._round is not None:
            self._round.cancel()
        for end in self._ends:
            end()
        self._ends.clear()
        self._waiting.clear()
        self._found.clear()

    def _on_store(self, changes: Changes) -> None:
        self.begin_with(changes.added)

    def _on_activity(self, entries: tuple[Entry, ...]) -> None:
        self.look_at(entry.key for entry in entries if entry.what in ("defined", "new") and entry.uuid)

    def look_at(self, keys: Iterable[DomainKey]) -> None:
        """Read these soon."""
        known = set(self._waiting)
        self._waiting.extend(key for key in dict.fromkeys(keys) if key not in known)
        self._go_on()

    def begin_with(self, keys: Iterable[DomainKey]) -> None:
        """Read these when there is time."""
        self._found.extend(keys)
        self._go_on()

    def _go_on(self) -> None:
        if (self._waiting or self._found) and (self._task is None or self._task.done()):
            self._task = self._jobs.spawn("definitions", self._read_all())

    async def _read_all(self) -> None:
        while self._waiting or self._found:
            hurry = bool(self._waiting)
            key = (self._waiting or self._found).popleft()
            if await see(self._store, self._links, self.definitions, key):
                for listener in tuple(self._listeners):
                    listener(key)
            if not hurry and self._found:
                await asyncio.sleep(BREATH)


def watch(
    store: Store, links: Links, jobs: Jobs, activity: Activity, file: Path, notice: Callable[[Problem], None]
) -> Watcher:
    """One that begins with all machines that there are."""
    watcher = Watcher(store, links, Definitions(file, Lane(1, "definitions"), notice), jobs)
    watcher.listen(activity)
    watcher.begin_with(store.domains)
    return watcher


async def see(store: Store, links: Links, definitions: Definitions, key: DomainKey) -> bool:
    """Keep the stored definition of one machine; True if it is a new one."""
    domain = store.domains.get(key)
    if domain is None or not domain.persistent:
        return False
    try:
        xml, complete = await defining.hidden(links.of(key).require(), key.uuid)
    except (VirtError, KeyError):
        return False  # it will be seen another time
    return await definitions.saw(key, domain.name, xml, complete)


def _packed(xml: str) -> bytes:
    return zlib.compress(xml.encode(), 6)


def _unpacked(packed: bytes) -> str:
    return zlib.decompress(packed).decode()


def _bare(xml: str) -> str:
    return _HIDDEN.sub("", xml)
