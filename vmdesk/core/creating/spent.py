"""An installer's answers on a CD of their own: with the run of the machine that read them, they go.

There are passwords in them, and the stored definition does not name them. That run may last longer than VMDesk: what is
to go is written down in the journal, and looked at when a machine has ended and when a host is connected.
"""

from collections.abc import Callable, Iterator

from vmdesk.core.jobs import Jobs, Report
from vmdesk.core.journal import Entry, Journal, Record
from vmdesk.core.sessions import Sessions
from vmdesk.core.store import Changes, Store
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.host import Link
from vmdesk.model.storage import Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import making, pools, volumes
from vmdesk.virt.connection import Connection

ANSWERS = "answers"  # the journal's word
# Pools that only this host sees: what lies elsewhere may be needed on the host that a machine was moved to.
_OWN = ("dir", "fs", "logical", "disk", "zfs")


def note(journal: Journal, uri: str, name: str, uuid: str, volume: Volume) -> Entry:
    """Written down; held until the machine runs, then to be left."""
    return journal.begin(
        ANSWERS,
        uri,
        name,
        uuid=uuid,
        pool=volume.pool,
        volume=volume.name,
        path=volume.path,
        bytes=volume.capacity,
        modified=volume.modified,
    )


async def is_spent(connection: Connection, record: Record) -> bool:
    """Whether nobody needs it any more. VirtError."""
    data = record.data
    stands = await making.standing(connection, data["uuid"])
    if stands is not None and (stands.runs or stands.held):
        return False
    if stands is None and (await pools.pool(connection, data["pool"])).kind not in _OWN:
        return False
    used = await making.in_use(connection)
    return data["path"] not in used and f"{data['pool']}/{data['volume']}" not in used


async def take_away(connection: Connection, record: Record, entry: Entry) -> Text | None:
    """Delete it if nobody needs it any more, and say so. What stands under its name but is another one stays."""
    try:
        said = await _taken_away(connection, record)
    except BaseException:
        entry.leave()
        raise
    if said is None:
        entry.leave()
    else:
        entry.close()
    return said if isinstance(said, Text) else None


async def _taken_away(connection: Connection, record: Record) -> Text | str | None:
    """None: it is still needed; "": there is nothing of it any more."""
    data = record.data
    try:
        if not await is_spent(connection, record):
            return None
        found = await volumes.volume(connection, data["pool"], data["volume"])
    except VirtError as error:
        if error.problem.name not in ("no-volume", "no-pool"):
            raise
        return ""
    if (found.path, found.capacity, found.modified) != (data["path"], data["bytes"], data["modified"]):
        return ""
    await volumes.delete_volume(connection, data["pool"], data["volume"], data["path"])
    return text(
        "The installation of {name} has ended: its answers, with the passwords, were deleted.", name=record.title
    )


def waiting(journal: Journal, uri: str) -> Iterator[tuple[Record, Entry]]:
    """What is to go from that host, held by us now: for `take_away`."""
    for record, entry in journal.abandoned():
        if record.kind == ANSWERS and record.host == uri:
            yield record, entry
        else:
            entry.leave()


class Spending:
    """Follows the store until it is closed."""

    def __init__(self, journal: Journal, store: Store, sessions: Sessions, jobs: Jobs) -> None:
        self._journal, self._store, self._sessions, self._jobs = journal, store, sessions, jobs
        self._up: set[str] = set()
        self._busy: set[str] = set()
        self._again: set[str] = set()  # something happened while we looked
        self.close: Callable[[], None] = store.subscribe(self._on_store)
        self._on_store(Changes(hosts=frozenset(store.hosts)))

    def _on_store(self, changes: Changes) -> None:
        now = {key.host for key in changes.changed | changes.removed if self._is_off(key)}
        for host_id in changes.hosts:
            host = self._store.hosts.get(host_id)
            if host is None or host.link is not Link.UP:
                self._up.discard(host_id)
            elif host_id not in self._up:
                self._up.add(host_id)
                now.add(host_id)
        for host_id in now & self._up:
            session = self._sessions.get(host_id)
            if session is None or session.connection is None or session.connection.readonly:
                continue
            if host_id in self._busy:
                self._again.add(host_id)
            elif any(self._journal.folder.glob(f"*-{ANSWERS}-*.journal")):
                self._busy.add(host_id)
                self._jobs.spawn("answers that are spent", self._look(host_id, session.connection))

    def _is_off(self, key: DomainKey) -> bool:
        domain = self._store.domains.get(key)
        return domain is None or not domain.active

    async def _look(self, host_id: str, connection: Connection) -> None:
        try:
            while True:
                self._again.discard(host_id)
                for record, entry in waiting(self._journal, connection.config_uri):
                    await self._one(connection, record, entry)
                if host_id not in self._again:
                    return
        finally:
            self._busy.discard(host_id)

    async def _one(self, connection: Connection, record: Record, entry: Entry) -> None:
        """A job only where there is something to be done."""
        try:
            spent = await is_spent(connection, record)
        except BaseException as error:
            entry.leave()
            if isinstance(error, VirtError):
                return  # at the next connect
            raise
        if not spent:
            entry.leave()
            return

        async def work(report: Report) -> None:
            if said := await take_away(connection, record, entry):
                report(1.0, said)

        await self._jobs.start(
            text("Deleting the answers of {name}", name=record.title), work, cancellable=False, host=record.host
        )
