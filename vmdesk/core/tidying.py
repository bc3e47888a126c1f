"""What a killed program left on a host is put right as soon as that host is connected, as jobs that are shown.

Each kind of operation of the intent journal knows how it is finished or taken back.
"""

from collections.abc import Awaitable, Callable, Iterator

from vmdesk.core.cloning.clone import CLONE, recover_clone
from vmdesk.core.creating import recovery as creation
from vmdesk.core.creating.making import CREATE
from vmdesk.core.deleting import delete as deletion
from vmdesk.core.hardware import new_disk
from vmdesk.core.jobs import Jobs, Report
from vmdesk.core.journal import Entry, Journal, Record
from vmdesk.core.sessions import Sessions
from vmdesk.core.snapshots import deleting, merging, reverting, taking
from vmdesk.core.storage import making, moving
from vmdesk.core.store import Changes, Store
from vmdesk.model.host import Link
from vmdesk.model.text import Text, text
from vmdesk.virt.connection import Connection

_RECOVERIES: dict[str, Callable[[Connection, Record], Awaitable[Text]]] = {
    taking.TAKE: taking.recover_take,
    reverting.REVERT: reverting.recover_revert,
    deleting.DELETE: deleting.recover_delete,
    merging.MERGE: merging.recover_merge,
    CLONE: recover_clone,
    deletion.DELETE: deletion.recover_delete,
    moving.MOVE: moving.recover_move,
    new_disk.DISK: new_disk.recover_disk,
    making.POOL: making.recover_pool,
}


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


def left_behind(journal: Journal, uri: str) -> Iterator[tuple[Record, Entry]]:
    """What was begun on that host and never ended, held by us now: for `recover`. Other hosts' waits."""
    for record, entry in journal.abandoned():
        if record.host == uri and (record.kind == CREATE or record.kind in _RECOVERIES):
            yield record, entry
        else:
            entry.leave()


async def recover(connection: Connection, record: Record, entry: Entry) -> Text:
    """Bring one operation to an end; says what was done. VirtError: it could not be, and is kept for another time."""
    if record.kind == CREATE:
        return await creation.recover(connection, record, entry)
    try:
        said = await _RECOVERIES[record.kind](connection, record)
    except BaseException:
        entry.leave()
        raise
    entry.close()
    return said


class Tidied:
    """One of them; `job` ends when it is done."""

    def __init__(self, connection: Connection, record: Record, entry: Entry, jobs: Jobs) -> None:
        async def work(report: Report) -> None:
            report(1.0, await recover(connection, record, entry))

        self.job = jobs.start(
            text("Tidying up after {name}", name=record.title), work, cancellable=False, host=record.host
        )
