"""All hosts' sessions."""

import asyncio

from vmdesk.core.activity import Activity
from vmdesk.core.calls import Calls
from vmdesk.core.inbox import Inbox
from vmdesk.core.jobs import Jobs
from vmdesk.core.session import Session
from vmdesk.core.store import Store
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.event import Event
from vmdesk.model.host import HostConfig
from vmdesk.model.text import text


class Sessions:
    """Hosts that are known, connected or not.

    loop      where events are handled; None: the running one
    activity  None where nothing is to be kept (the command line)
    """

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        activity: Activity | None = None,
        calls: Calls | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.calls = calls or Calls()
        self._store = store
        self._jobs = jobs
        self._activity = activity
        self._sessions: dict[str, Session] = {}
        self._inbox = Inbox(loop or asyncio.get_running_loop(), self._handle)

    @property
    def all(self) -> tuple[Session, ...]:
        return tuple(self._sessions.values())

    def add(self, config: HostConfig) -> Session:
        """Know a host; it is not connected by that."""
        if config.id in self._sessions:
            raise ValueError(f"host {config.id} is there already")
        session = Session(config, self._store, self._jobs, self._activity, self._inbox.post, self.calls)
        self._sessions[config.id] = session
        return session

    async def change(self, config: HostConfig) -> None:
        """Take other settings of a known host. With another URI or right to write it is connected anew."""
        session = self._sessions[config.id]
        old = session.config
        if (old.uri, old.readonly) == (config.uri, config.readonly):
            session.rename(config)
            return
        open_again = session.connected
        await session.close()
        session.rename(config)
        if open_again:
            self.connect(config.id)

    async def remove(self, host_id: str) -> None:
        """Disconnect a host and forget it."""
        session = self._sessions.pop(host_id)
        await session.close()
        self._store.drop_host(host_id)

    def connect(self, host_id: str) -> "asyncio.Task[None]":
        """Connect in the background; the task ends with the first try."""
        return self._jobs.spawn(f"connect {host_id}", self._sessions[host_id].open())

    def disconnect(self, host_id: str) -> "asyncio.Task[None]":
        """Disconnect in the background."""
        return self._jobs.spawn(f"disconnect {host_id}", self._sessions[host_id].close())

    def get(self, host_id: str) -> Session | None:
        return self._sessions.get(host_id)

    def of(self, key: DomainKey) -> Session:
        """The session of a machine's host; VirtError "closed" if the host was removed."""
        session = self._sessions.get(key.host)
        if session is None:
            raise VirtError(Problem(text("The host of this machine was removed."), name="closed"))
        return session

    async def close(self) -> None:
        """Disconnect all hosts, at the same time, and hear no more events."""
        await asyncio.gather(*(session.close() for session in self._sessions.values()))
        self._inbox.close()

    def _handle(self, events: list[Event]) -> None:
        by_host: dict[str, list[Event]] = {}
        for event in events:
            by_host.setdefault(event.host, []).append(event)
        for host_id, some in by_host.items():
            if session := self._sessions.get(host_id):
                session.handle(some)
