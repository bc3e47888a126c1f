"""What machines and hosts did in the last day (by the minute), month (by the quarter hour) and year (by six hours).

Each minute one small row takes the figures of all machines. When an hour is over its rows are folded into chunks, one a
machine and resolution: so a write is small, the file is dense, and the day of one machine is 25 rows.
"""

import sqlite3
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from vmdesk.core import packing
from vmdesk.core.database import Database
from vmdesk.core.packing import MINUTES, QUARTER_DAYS, QUARTERS, TIERS, Tier
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.stats import NAN
from vmdesk.model.text import Text, text

HOUR = 3600
CLOSED = 180  # seconds without a minute written after which VMDesk was not there
MOST_POINTS = 3200  # a finer resolution than this many points in the span is not used

_SCHEMA = """
CREATE TABLE machines (id INTEGER PRIMARY KEY, host TEXT NOT NULL, uuid TEXT NOT NULL, UNIQUE (host, uuid));
CREATE TABLE minutes (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, machines BLOB NOT NULL, codes BLOB NOT NULL);
CREATE TABLE chunks (id INTEGER PRIMARY KEY, codes BLOB NOT NULL);
CREATE TABLE runs (id INTEGER PRIMARY KEY, start INTEGER NOT NULL, end INTEGER NOT NULL)
"""

# What History.cut is asked for; memory is what the guest uses, else what it was given.
CUT = ("cpu", "used", "given", "read", "write", "rx", "tx")


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which nothing can be known, and why. Unix seconds."""

    start: float
    end: float
    why: Text


@dataclass(frozen=True, slots=True)
class Archived:
    """One series: a point each `step` seconds, NaN where nothing is known. The three arrays have the same length."""

    times: "array[float]"
    average: "array[float]"
    maximum: "array[float]"
    gaps: tuple[Gap, ...]
    step: int


class Archive:
    """The file. Nothing is opened before the first call; all work is done in the lane's worker."""

    def __init__(
        self,
        file: Path,
        lane: Executor,
        notice: Callable[[Problem], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        # Chunks have 1.4 to 2.9 kB: in small pages a third would be waste.
        self._database = Database(file, _SCHEMA, 1, lane, notice, page_size=16_384)
        self._clock = clock
        self._began = clock()
        self._run = 0  # the row of `runs` that stands for this process

    async def add(self, minute: int, pieces: "Sequence[tuple[DomainKey, tuple[array[float] | None, ...]]]") -> None:
        """Keep one minute, which began at `minute` (Unix seconds, a multiple of 60). `pieces`: History.cut(.., CUT)."""
        now = int(self._clock())

        def work(connection: sqlite3.Connection) -> None:
            self._note_run(connection, minute)
            points = _points(pieces)
            if points:
                numbers = _numbers(connection, [key for key, _ in points])
                codes = array("H")
                for _, found in points:
                    codes.extend(found)
                ids = array("I", [numbers[key] for key, _ in points])
                connection.execute(
                    "INSERT INTO minutes (time, machines, codes) VALUES (?, ?, ?)",
                    (minute, packing.pack(ids), packing.pack(codes)),
                )
            if _fold(connection, before=minute // HOUR * HOUR):
                _expire(connection, now)

        await self._database.run(work, None)

    async def read(self, key: DomainKey, series: str, start: float, end: float, step: int | None = None) -> Archived:
        """One of packing.SERIES between times; a host is DomainKey(host, ""). `step`: 60, 900, 21600 or what fits."""
        now = self._clock()
        tier = next((one for one in TIERS if one.step == step), None) or fitting(start, end, now)
        index = packing.SERIES.index(series)
        low, high = int(start) // tier.step * tier.step, max(int(end), int(start))

        def work(connection: sqlite3.Connection) -> Archived:
            chunks = _chunks(connection, key, tier, low, high)
            average, maximum = array("H"), array("H")
            for number in range(tier.chunk(low), tier.chunk(high) + 1):
                chunk = chunks.get(number) or tier.empty()
                average.extend(packing.column(chunk, tier, index, False))
                maximum.extend(packing.column(chunk, tier, index, True))
            times = array("d", range(low, high, tier.step))
            first = tier.slot(low)
            decode = packing.decoding().__getitem__
            return Archived(
                times,
                array("f", map(decode, average[first : first + len(times)])),
                array("f", map(decode, maximum[first : first + len(times)])),
                tuple(_gaps(connection, low, high, 0.0 if self._run else self._began)),
                tier.step,
            )

        nothing = Archived(array("d"), array("f"), array("f"), (), tier.step)
        return await self._database.run(work, nothing, write=False)

    async def close(self) -> None:
        """Finish and close the file."""
        await self._database.close()

    def _note_run(self, connection: sqlite3.Connection, minute: int) -> None:
        """Write down that VMDesk was there until the end of this minute."""
        changed = connection.execute(
            "UPDATE runs SET end = ? WHERE id = ? AND end BETWEEN ? AND ?",
            (minute + 60, self._run, minute + 60 - CLOSED, minute + 60),
        )
        if not changed.rowcount:
            row = connection.execute("INSERT INTO runs (start, end) VALUES (?, ?)", (minute, minute + 60))
            self._run = row.lastrowid or 0


def fitting(start: float, end: float, now: float) -> Tier:
    """The finest resolution that still reaches back to `start` and is not too much to draw."""
    for tier in TIERS[:-1]:
        if start >= now - tier.keep and (end - start) / tier.step <= MOST_POINTS:
            return tier
    return TIERS[-1]


def _points(
    pieces: "Iterable[tuple[DomainKey, tuple[array[float] | None, ...]]]",
) -> "list[tuple[DomainKey, array[int]]]":
    """Average and maximum of each machine and host. What a host reads and sends is what its machines do together."""
    found: list[tuple[DomainKey, array[int]]] = []
    hosts: list[tuple[DomainKey, tuple[array[float] | None, ...]]] = []
    sums: dict[str, list[float]] = {}
    decode = packing.decoding()
    for key, (cpu, used, given, *traffic) in pieces:
        if not key.uuid:
            hosts.append((key, (cpu, used)))
            continue
        memory = used if used and any(value == value for value in used) else given
        codes = packing.point((cpu, memory, *traffic))
        if codes:
            found.append((key, codes))
            total = sums.setdefault(key.host, [0.0] * len(traffic))
            for n in range(len(traffic)):
                value = decode[codes[4 + 2 * n]]
                total[n] += value if value == value else 0.0
    for key, values in hosts:
        together = [array("f", [value]) for value in sums.get(key.host, [NAN] * 4)]
        codes = packing.point((*values, *together))
        if codes:
            found.append((key, codes))
    return found


def _numbers(connection: sqlite3.Connection, keys: Sequence[DomainKey]) -> dict[DomainKey, int]:
    """The machines' numbers in the file; new ones get one."""
    numbers = {
        DomainKey(host, uuid): number
        for number, host, uuid in connection.execute("SELECT id, host, uuid FROM machines")
    }
    for key in keys:
        if key not in numbers:
            row = connection.execute("INSERT INTO machines (host, uuid) VALUES (?, ?)", key)
            numbers[key] = row.lastrowid or 0
    return numbers


def _row(tier: Tier, chunk: int, machine: int) -> int:
    """A chunk's id: by resolution, then time, then machine. So new rows come last and old ones go in one piece."""
    return tier.number << 56 | chunk << 28 | machine


def _load(connection: sqlite3.Connection, tier: Tier, chunk: int, machine: int) -> "array[int]":
    row = connection.execute("SELECT codes FROM chunks WHERE id = ?", (_row(tier, chunk, machine),)).fetchone()
    return packing.unpack(row[0]) if row else tier.empty()


def _save(connection: sqlite3.Connection, tier: Tier, chunk: int, machine: int, codes: "array[int]") -> None:
    connection.execute(
        "INSERT INTO chunks (id, codes) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET codes = ?2",
        (_row(tier, chunk, machine), packing.pack(codes)),
    )


def _fold(connection: sqlite3.Connection, before: int) -> bool:
    """Move the rows of finished hours into chunks; whether there were any."""
    rows = connection.execute(
        "SELECT time, machines, codes FROM minutes WHERE time < ? ORDER BY time, id", (before,)
    ).fetchall()
    hours: dict[int, list[tuple[int, bytes, bytes]]] = {}
    for row in rows:
        hours.setdefault(MINUTES.chunk(row[0]), []).append(row)
    for hour, minutes in hours.items():
        fine: dict[int, array[int]] = {}
        for at, ids, codes in minutes:
            _spread(fine, MINUTES.slot(at), packing.unpack(ids, "I"), packing.unpack(codes), connection, hour)
        for machine, chunk in sorted(fine.items()):
            _save(connection, MINUTES, hour, machine, chunk)
        for machine, chunk in sorted(fine.items()):
            _coarsen(connection, machine, hour, chunk)
    if rows:
        connection.execute("DELETE FROM minutes WHERE time < ?", (before,))
    return bool(rows)


def _spread(
    fine: "dict[int, array[int]]",
    slot: int,
    ids: "array[int]",
    codes: "array[int]",
    connection: sqlite3.Connection,
    hour: int,
) -> None:
    """One minute of all machines into their chunks."""
    for place, machine in enumerate(ids):
        chunk = fine.get(machine)
        if chunk is None:
            chunk = fine[machine] = _load(connection, MINUTES, hour, machine)
        packing.put(chunk, MINUTES, slot, codes[place * packing.WIDTH : (place + 1) * packing.WIDTH])


def _coarsen(connection: sqlite3.Connection, machine: int, hour: int, fine: "array[int]") -> None:
    """Bring the coarser resolutions up to this hour."""
    at = hour * HOUR
    day = _load(connection, QUARTERS, QUARTERS.chunk(at), machine)
    quarters(day, at, fine)
    _save(connection, QUARTERS, QUARTERS.chunk(at), machine, day)
    month = _load(connection, QUARTER_DAYS, QUARTER_DAYS.chunk(at), machine)
    quarter_day(month, at, day)
    _save(connection, QUARTER_DAYS, QUARTER_DAYS.chunk(at), machine, month)


def quarters(day: "array[int]", at: int, fine: "array[int]") -> None:
    """Put the four quarters of the hour that begins at `at` into the day's chunk."""
    for n in range(4):
        if (codes := packing.coarser(fine, MINUTES, n * 15, n * 15 + 15)) is not None:
            packing.put(day, QUARTERS, QUARTERS.slot(at) + n, codes)


def quarter_day(month: "array[int]", at: int, day: "array[int]") -> None:
    """Put the six hours around `at` into the month's chunk."""
    first = QUARTERS.slot(at) // 24 * 24
    if (codes := packing.coarser(day, QUARTERS, first, first + 24)) is not None:
        packing.put(month, QUARTER_DAYS, QUARTER_DAYS.slot(at), codes)


def _expire(connection: sqlite3.Connection, now: int) -> None:
    for tier in TIERS:
        oldest = tier.chunk(now - tier.keep)
        connection.execute("DELETE FROM chunks WHERE id >= ? AND id < ?", (_row(tier, 0, 0), _row(tier, oldest, 0)))
    connection.execute("DELETE FROM runs WHERE end < ?", (now - QUARTER_DAYS.keep,))


def _chunks(
    connection: sqlite3.Connection, key: DomainKey, tier: Tier, start: int, end: int
) -> "dict[int, array[int]]":
    """One machine's chunks of one resolution by their number, what is not folded yet included."""
    row = connection.execute("SELECT id FROM machines WHERE host = ? AND uuid = ?", key).fetchone()
    if row is None:
        return {}
    machine: int = row[0]
    chunks = {}
    for number in range(tier.chunk(start), tier.chunk(end) + 1):
        found = connection.execute("SELECT codes FROM chunks WHERE id = ?", (_row(tier, number, machine),)).fetchone()
        if found:
            chunks[number] = packing.unpack(found[0])
    unfolded = _unfolded(connection, machine)
    if tier is MINUTES:
        return chunks | unfolded
    days: dict[int, array[int]] = {}
    for hour, fine in unfolded.items():
        at = hour * HOUR
        number = QUARTERS.chunk(at)
        if number not in days:
            days[number] = _load(connection, QUARTERS, number, machine)
        quarters(days[number], at, fine)
        if tier is QUARTER_DAYS:
            quarter_day(chunks.setdefault(tier.chunk(at), tier.empty()), at, days[number])
    return chunks | days if tier is QUARTERS else chunks


def _unfolded(connection: sqlite3.Connection, machine: int) -> "dict[int, array[int]]":
    """The minutes of one machine that are not in a chunk yet, as chunks by hour."""
    hours: dict[int, array[int]] = {}
    for at, ids, data in connection.execute("SELECT time, machines, codes FROM minutes ORDER BY time, id"):
        numbers = packing.unpack(ids, "I")
        if machine in numbers:
            hour = MINUTES.chunk(at)
            if hour not in hours:
                hours[hour] = _load(connection, MINUTES, hour, machine)
            place = numbers.index(machine) * packing.WIDTH
            packing.put(hours[hour], MINUTES, MINUTES.slot(at), packing.unpack(data)[place : place + packing.WIDTH])
    return hours


def _gaps(connection: sqlite3.Connection, start: int, end: int, began: float) -> Iterable[Gap]:
    """The times between two runs of VMDesk. `began`: of this one, while none of its minutes is written; else 0."""
    why = text("VMDesk was closed or the computer was asleep")
    until: int | None = None
    told = connection.execute("SELECT start, end FROM runs ORDER BY start").fetchall()
    for begin, finish in (*told, (began, began)) if began else told:
        if until is not None and begin - until >= CLOSED - 60 and begin > start and until < end:
            yield Gap(max(until, start), min(begin, end), why)
        until = max(until or 0, finish)
