"""What a session writes into the activity."""

import time
from collections.abc import Iterable, Mapping

from vmdesk.core.activity import Activity, Entry, EntryKind
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.event import Event, Kind
from vmdesk.model.host import HostConfig

_NOTED = {
    Kind.LIFECYCLE: EntryKind.LIFECYCLE,
    Kind.IO_ERROR: EntryKind.IO_ERROR,
    Kind.WATCHDOG: EntryKind.WATCHDOG,
}
# Of what only says "read this machine again", what somebody may ask about later. The rest is repeated all day (memory
# given and taken back) or told by another event (block jobs, waking up).
_CHANGES = frozenset(
    {
        "rebooted",
        "medium changed",
        "tray opened",
        "tray closed",
        "device added",
        "device removed",
        "device not removed",
        "limits changed",
        "memory failure",
    }
)
_ECHO = 2.0  # seconds: QEMU tells one restart two or three times


class Diary:
    """One host's entries. Without an activity (the command line) nothing is written."""

    def __init__(self, activity: Activity | None, config: HostConfig) -> None:
        self._activity = activity
        self.config = config
        self._changes: dict[tuple[str, str, str], float] = {}  # (machine, what, reason) -> when it was told last

    def host(self, what: str, reason: str = "") -> None:
        """connected, lost, returned, failed, disconnected."""
        self._add(time.time(), EntryKind.HOST, what, reason, "", "")

    def health(self, responding: bool, domain: Domain) -> None:
        """A machine's monitor fell silent, or answers again."""
        what = "answers" if responding else "silent"
        self._add(time.time(), EntryKind.HEALTH, what, "", domain.uuid, domain.name)

    def event(self, event: Event) -> None:
        """What libvirt told, if it is worth an entry."""
        if kind := _NOTED.get(event.kind):
            self._add(event.time, kind, event.detail, event.reason, event.uuid, event.name)
        elif event.kind is Kind.CHANGED and event.detail in _CHANGES and not self._echo(event):
            self._add(event.time, EntryKind.CHANGE, event.detail, event.reason, event.uuid, event.name)

    def found(self, old: Mapping[DomainKey, Domain], domains: Iterable[Domain]) -> None:
        """What is different after a time without events."""
        before = dict(old)
        for domain in domains:
            was = before.pop(domain.key, None)
            if was is None:
                self._found("new", "", domain)
            elif _rough(was) != _rough(domain):
                self._found(_rough(domain), domain.reason, domain)
        for was in before.values():
            self._found("gone", "", was)

    def _echo(self, event: Event) -> bool:
        """Whether the same was told of this machine a moment ago."""
        told = event.uuid, event.detail, event.reason
        before = self._changes.get(told)
        self._changes = {one: at for one, at in self._changes.items() if event.time - at < _ECHO}
        self._changes[told] = event.time
        return before is not None and event.time - before < _ECHO

    def _found(self, what: str, reason: str, domain: Domain) -> None:
        self._add(time.time(), EntryKind.FOUND, what, reason, domain.uuid, domain.name)

    def _add(self, at: float, kind: EntryKind, what: str, reason: str, uuid: str, name: str) -> None:
        if self._activity is not None:
            self._activity.add(Entry(at, self.config.id, self.config.name, kind, what, reason, uuid, name))


def _rough(domain: Domain) -> str:
    if not domain.active:
        return "stopped"
    return "paused" if domain.state is State.PAUSED else "running"
