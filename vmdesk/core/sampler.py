"""Decides what is read how often, and starts and ends the reading of each host."""

import asyncio
from collections.abc import Iterable

from vmdesk.core.history import History
from vmdesk.core.host_sampler import Cadence, HostSampler
from vmdesk.core.jobs import Jobs
from vmdesk.core.sessions import Sessions
from vmdesk.core.settings import SettingsFile
from vmdesk.core.store import Changes, Store
from vmdesk.model.domain import DomainKey, State
from vmdesk.model.host import Link
from vmdesk.virt.connection import Connection

STANDS = 0.1  # percent of CPU up to which a machine counts as one that does nothing
HIDDEN = 30.0  # seconds between two readings while nobody sees the window, at least


class Sampler:
    """Feeds the history while hosts are connected. It works from the moment it is made until `close`."""

    def __init__(self, sessions: Sessions, store: Store, history: History, jobs: Jobs, settings: SettingsFile) -> None:
        self._sessions = sessions
        self._store = store
        self._history = history
        self._jobs = jobs
        self._settings = settings
        self._watched: frozenset[DomainKey] = frozenset()
        self._hosts: frozenset[str] = frozenset()
        self._fast = False
        self._visible = True
        self._running: dict[str, tuple[Connection, HostSampler, asyncio.Task[None]]] = {}
        self._ends = [store.subscribe(self._on_changes), settings.subscribe(lambda _settings: self._apply())]
        for host_id in store.hosts:
            self._follow(host_id)

    def watch(self, keys: Iterable[DomainKey], hosts: Iterable[str] = ()) -> None:
        """These machines and hosts are looked at now: they are read every second."""
        keys, hosts = frozenset(keys), frozenset(hosts)
        if (keys, hosts) != (self._watched, self._hosts):
            self._watched, self._hosts = keys, hosts
            self._apply()

    def fast(self, on: bool) -> None:
        """The table is sorted or filtered by a figure: all machines are read every two seconds."""
        if on != self._fast:
            self._fast = on
            self._apply()

    def visible(self, on: bool) -> None:
        """Whether anybody can see the window at all."""
        if on != self._visible:
            self._visible = on
            self._apply()

    @property
    def shown(self) -> bool:
        """As `visible` was told last."""
        return self._visible

    def close(self) -> None:
        """Read no more."""
        for end in self._ends:
            end()
        for host_id in tuple(self._running):
            self._end(host_id)

    def _apply(self) -> None:
        for session in self._sessions.all:
            session.watch(self._cadence(session.config.id).watched)
        for host_id, (_connection, sampler, _task) in self._running.items():
            sampler.cadence = self._cadence(host_id)

    def _cadence(self, host_id: str) -> Cadence:
        now = self._settings.current
        if not self._visible:
            return Cadence(looked=now.looked, others=max(now.others, HIDDEN))
        return Cadence(
            frozenset(key.uuid for key in self._watched if key.host == host_id),
            host_id in self._hosts,
            now.looked,
            min(now.sorted, now.others) if self._fast else now.others,
        )

    def _on_changes(self, changes: Changes) -> None:
        for host_id in changes.hosts:
            self._follow(host_id)
        for key in changes.removed:
            self._history.forget(key)
            if running := self._running.get(key.host):
                running[1].ended(key.uuid)
        for key in changes.added | changes.changed:
            domain = self._store.domains[key]
            reading = self._history.reading(key)
            running = self._running.get(key.host)
            if domain.active == (reading is not None):
                if running and domain.state is State.PAUSED and self._history.figures(key).cpu > STANDS:
                    running[1].started(key.uuid)  # what it did before is not what it does now
                continue
            if not domain.active:
                self._history.end(key)
                if running:
                    running[1].ended(key.uuid)
            elif running:
                running[1].started(key.uuid)

    def _follow(self, host_id: str) -> None:
        """Read the host if it is connected, by the connection that it has now."""
        host, session = self._store.hosts.get(host_id), self._sessions.get(host_id)
        connection = session.connection if session and host and host.link is Link.UP else None
        running = self._running.get(host_id)
        if running and running[0] is not connection:
            self._end(host_id)
        if host is None:
            self._history.forget_host(host_id)
        if session and connection and host_id not in self._running:
            cadence, calls = self._cadence(host_id), self._sessions.calls
            sampler = HostSampler(session, connection, self._store, self._history, self._jobs, calls, cadence)
            task = self._jobs.spawn(f"sampler {host_id}", sampler.run())
            self._running[host_id] = connection, sampler, task

    def _end(self, host_id: str) -> None:
        _connection, _sampler, task = self._running.pop(host_id)
        task.cancel()
        for domain in self._store.of_host(host_id):
            self._history.end(domain.key)
