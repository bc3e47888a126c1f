"""What a killed program left on a host is put right as soon as that host is connected, as jobs that are shown."""

from collections.abc import Callable

from vmdesk.core.creating.recovery import left_behind, recover
from vmdesk.core.jobs import Jobs, Report
from vmdesk.core.journal import Entry, Journal, Record
from vmdesk.core.sessions import Sessions
from vmdesk.core.store import Changes, Store
from vmdesk.model.host import Link
from vmdesk.model.text import text
from vmdesk.virt.connection import Connection


class Tidying:
    """Follows the store until it is closed; a host that can only be looked at waits for another time."""

    def __init__(self, journal: Journal, store: Store, sessions: Sessions, jobs: Jobs) -> None:
        self._journal, self._store, self._sessions, self._jobs = journal, store, sessions, jobs
        self._seen: set[str] = set()
        self.close: Callable[[], None] = store.subscribe(self._on_store)
        self._on_store(Changes(hosts=frozenset(store.hosts)))

    def _on_store(self, changes: Changes) -> None:
        for host_id in changes.hosts:
            host, session = self._store.hosts.get(host_id), self._sessions.get(host_id)
            if host is None or session is None or host.link is not Link.UP:
                self._seen.discard(host_id)  # what could not be ended because it went away is tried again then
                continue
            if host_id in self._seen:
                continue
            if session.connection is not None and not session.connection.readonly:
                self._seen.add(host_id)
                tidy_up(self._journal, session.connection, self._jobs)


def tidy_up(journal: Journal, connection: Connection, jobs: Jobs) -> list["Tidied"]:
    """Start a job for each thing that was left on this host."""
    return [Tidied(connection, record, entry, jobs) for record, entry in left_behind(journal, connection.config_uri)]


class Tidied:
    """One of them; `job` ends when it is done."""

    def __init__(self, connection: Connection, record: Record, entry: Entry, jobs: Jobs) -> None:
        async def work(report: Report) -> None:
            report(1.0, await recover(connection, record, entry))

        self.job = jobs.start(text("Tidying up after {name}", name=record.title), work, cancellable=False)
