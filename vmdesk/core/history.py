"""The last hour of every machine and host, in memory: single precision, grown as needed.

Series of a machine (NaN = unknown, a gap):
    cpu, cpu.N      percent of its virtual CPUs, of virtual CPU N
    wait            percent of its virtual CPUs' time spent waiting for a host CPU
    used given rss  KiB
    read write rx tx                                               bytes/s over all disks, all cards
    disk.<target>.read .write .read_ops .write_ops .latency        bytes/s, requests/s, ms
    net.<target>.rx .tx .rx_packets .tx_packets .drops             bytes/s, packets/s
Series of a host: cpu user system iowait (percent of all its CPUs), used total (KiB).
Times are Unix seconds.
"""

import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from vmdesk.core import rates
from vmdesk.model.domain import DomainKey
from vmdesk.model.stats import NAN, DomainCounters, Figures, HostCounters

HOUR = 3600.0
TRIM = 360.0  # seconds that may be older than an hour before they are cut off, all at once
CLOCK_STEP = 2.0  # seconds by which the wall clock must move against the steady one to be taken for set


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a graph; both arrays have the same length."""

    times: "array[float]"
    values: "array[float]"


@dataclass(frozen=True, slots=True)
class Share:
    """What one machine takes of its host. `cpu` in percent of all the host's CPUs, memory in KiB, rates in bytes/s."""

    key: DomainKey
    cpu: float
    memory: float
    read: float
    write: float
    rx: float
    tx: float


class _Track:
    """The columns of one machine or host; all as long as `times`."""

    __slots__ = ("columns", "counters", "figures", "names", "times")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.times = array("d")
        self.names = names
        self.columns = {name: array("f") for name in names}
        self.counters: DomainCounters | HostCounters | None = None
        self.figures = Figures()

    def append(self, at: float, names: tuple[str, ...], values: Iterable[float]) -> None:
        if names != self.names:
            self._widen(names)
            found = dict(zip(names, values))
            values = [found.get(name, NAN) for name in self.names]
        self.times.append(at)
        for column, value in zip(self.columns.values(), values):
            column.append(value)
        if self.times[0] < at - HOUR - TRIM:
            self._trim(at - HOUR)

    def gap(self) -> None:
        """End the line: what comes next is not joined to what was."""
        if self.times:
            self.append(self.times[-1] + 0.001, self.names, [NAN] * len(self.names))

    def shift(self, seconds: float) -> None:
        self.times = array("d", [at + seconds for at in self.times])

    def _widen(self, names: tuple[str, ...]) -> None:
        """Take in new columns; those that are gone stay, filled with gaps."""
        for name in names:
            if name not in self.columns:
                self.columns[name] = array("f", [NAN]) * len(self.times)
        self.names = tuple(self.columns)

    def _trim(self, oldest: float) -> None:
        cut = bisect_left(self.times, oldest)
        del self.times[:cut]
        for column in self.columns.values():
            del column[:cut]


class History:
    """Takes readings, answers with figures and series.

    offset: Unix time minus steady time, in seconds (for tests)
    """

    def __init__(self, offset: Callable[[], float] = lambda: time.time() - time.monotonic()) -> None:
        self._read_offset = offset
        self._offset = offset()
        self._tracks: dict[DomainKey, _Track] = {}
        self._hosts: dict[str, _Track] = {}
        self._layouts: dict[tuple[int, tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {}
        self._listeners: list[Callable[[frozenset[DomainKey]], None]] = []
        self._host_listeners: list[Callable[[str], None]] = []

    def subscribe(self, listener: Callable[[frozenset[DomainKey]], None]) -> Callable[[], None]:
        """Hear, once a tick, which machines have new figures; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def subscribe_hosts(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Hear of each new reading of a host; returns the function that ends it."""
        self._host_listeners.append(listener)
        return lambda: self._host_listeners.remove(listener)

    def add(self, host_id: str, readings: Mapping[str, DomainCounters], tell: bool = True) -> None:
        """Take readings by UUID. `tell=False` when more of the same tick follow; then call `tell` at the end."""
        self._follow_clock()
        for uuid, counters in readings.items():
            self._take(DomainKey(host_id, uuid), counters)
        if tell:
            self.tell(DomainKey(host_id, uuid) for uuid in readings)

    def tell(self, keys: Iterable[DomainKey]) -> None:
        """Let listeners know of new figures."""
        told = frozenset(keys)
        if told:
            for listener in tuple(self._listeners):
                listener(told)

    def add_host(self, host_id: str, counters: HostCounters) -> None:
        """Take a reading of a host."""
        self._follow_clock()
        track = self._hosts.get(host_id)
        if track is None:
            track = self._hosts[host_id] = _Track(rates.HOST)
        old = track.counters if isinstance(track.counters, HostCounters) else None
        if old and counters.time - old.time < rates.SHORTEST:
            return
        track.counters = counters
        track.append(counters.time + self._offset, rates.HOST, rates.host_figures(old, counters))
        for listener in tuple(self._host_listeners):
            listener(host_id)

    def end(self, key: DomainKey) -> None:
        """The machine is off or out of sight: its line ends here, its figures are unknown."""
        track = self._tracks.get(key)
        if track and track.counters:
            track.gap()
            track.counters = None
            track.figures = Figures()

    def forget(self, key: DomainKey) -> None:
        """The machine is gone."""
        self._tracks.pop(key, None)

    def forget_host(self, host_id: str) -> None:
        """The host and its machines are gone."""
        self._hosts.pop(host_id, None)
        for key in [key for key in self._tracks if key.host == host_id]:
            del self._tracks[key]

    def figures(self, key: DomainKey) -> Figures:
        """The newest figures of a machine; all NaN while unknown."""
        track = self._tracks.get(key)
        return track.figures if track else Figures()

    def reading(self, key: DomainKey) -> DomainCounters | None:
        """The newest reading of a machine that runs."""
        track = self._tracks.get(key)
        return track.counters if track and isinstance(track.counters, DomainCounters) else None

    def host_reading(self, host_id: str) -> HostCounters | None:
        """The newest reading of a host."""
        track = self._hosts.get(host_id)
        return track.counters if track and isinstance(track.counters, HostCounters) else None

    def names(self, key: DomainKey) -> tuple[str, ...]:
        """The series there are of a machine."""
        track = self._tracks.get(key)
        return track.names if track else ()

    def series(self, key: DomainKey, name: str, since: float = 0.0) -> Series:
        """One series of a machine, of the last hour or since a time; empty if there is none."""
        return _series(self._tracks.get(key), name, since)

    def host(self, host_id: str, name: str, since: float = 0.0) -> Series:
        """One series of a host."""
        return _series(self._hosts.get(host_id), name, since)

    def recent(self, key: DomainKey, name: str, n: int, step: float = 10.0) -> list[float]:
        """At most `n` values `step` seconds apart, oldest first, for a sparkline; `step` 0: the last `n` as taken."""
        track = self._tracks.get(key)
        column = track.columns.get(name) if track else None
        if track is None or not column:
            return []
        times = track.times
        first = max(len(times) - n, 0)
        span, usual = times[-1] - times[first], (len(times) - first - 1) * step
        if not step or 0.8 * usual <= span <= 1.25 * usual:
            return column[first:].tolist()
        return _thin(times, column, n, step)

    def shares(self, host_id: str) -> list[Share]:
        """Who uses the host, the greatest CPU user first. Memory: what it holds on the host, else what it was given."""
        host = self.host_reading(host_id)
        cpus = max(host.cpus, 1) if host else 1
        shares = []
        for key, track in self._tracks.items():
            if key.host == host_id and isinstance(track.counters, DomainCounters):
                now = track.figures
                memory = now.rss if now.rss == now.rss else now.given
                cpu = now.cpu * track.counters.vcpus / cpus
                shares.append(Share(key, cpu, memory, now.read, now.write, now.rx, now.tx))
        shares.sort(key=lambda share: share.cpu if share.cpu == share.cpu else -1.0, reverse=True)
        return shares

    def cut(
        self, start: float, end: float, names: tuple[str, ...]
    ) -> "list[tuple[DomainKey, tuple[array[float] | None, ...]]]":
        """The points of all machines and hosts (uuid "") with start <= time < end. Only copies: cheap."""
        pieces: list[tuple[DomainKey, tuple[array[float] | None, ...]]] = []
        tracks = [*self._tracks.items(), *((DomainKey(host, ""), track) for host, track in self._hosts.items())]
        for key, track in tracks:
            times = track.times
            if not times or times[-1] < start:
                continue
            first, last = bisect_left(times, start), bisect_left(times, end)
            if first < last:
                found = (track.columns.get(name) for name in names)
                pieces.append((key, tuple(column[first:last] if column else None for column in found)))
        return pieces

    def _take(self, key: DomainKey, counters: DomainCounters) -> None:
        track = self._tracks.get(key)
        if track is None:
            track = self._tracks[key] = _Track(self._names(counters))
        old = track.counters if isinstance(track.counters, DomainCounters) else None
        if old and counters.time - old.time < rates.SHORTEST:
            return
        track.counters = counters
        track.figures = now = rates.figures(old, counters)
        values = [now.cpu, now.wait, now.used, now.given, now.rss, now.read, now.write, now.rx, now.tx]
        values += rates.details(old, counters)
        track.append(counters.time + self._offset, self._names(counters), values)

    def _names(self, counters: DomainCounters) -> tuple[str, ...]:
        """The series of one layout; machines of the same layout share one tuple."""
        layout = (
            len(counters.vcpu_ns),
            tuple([disk.name for disk in counters.disks]),
            tuple([nic.name for nic in counters.nics]),
        )
        names = self._layouts.get(layout)
        if names is None:
            names = self._layouts[layout] = (*rates.BASIC, *rates.detail_names(counters))
        return names

    def _follow_clock(self) -> None:
        """Follow the wall clock. Set forward, or after sleep: a gap. Set back: what is there moves along."""
        offset = self._read_offset()
        step = offset - self._offset
        if abs(step) < CLOCK_STEP:
            return
        self._offset = offset
        for track in (*self._tracks.values(), *self._hosts.values()):
            if step < 0:
                track.shift(step)
            else:
                track.gap()


def _series(track: _Track | None, name: str, since: float) -> Series:
    column = track.columns.get(name) if track else None
    if track is None or column is None:
        return Series(array("d"), array("f"))
    first = bisect_left(track.times, since) if since else 0
    return Series(track.times[first:], column[first:])


def _thin(times: "array[float]", column: "array[float]", n: int, step: float) -> list[float]:
    """The mean of each of the last `n` steps; NaN where the value was not known.

    A reading stands for the time since the one before it: a step between two known ones takes the later one's value.
    """
    end = times[-1]
    values: list[float] = []
    high = len(times)
    for k in range(1, n + 1):
        low = bisect_left(times, end - k * step + 1e-6, 0, high)
        if low == high:
            joined = times[low] - times[low - 1] <= rates.LONGEST and column[low - 1] == column[low - 1]
            values.append(column[low] if joined else NAN)
            continue
        known = [value for value in column[low:high] if value == value]
        values.append(sum(known) / len(known) if known else NAN)
        if low == 0:
            break
        high = low
    return values[::-1]
