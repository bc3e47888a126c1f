"""What is worth a desktop notification: a crash, an I/O error, a long job that ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vmdesk.core import activity_words
from vmdesk.core.activity import Activity, Entry, EntryKind
from vmdesk.core.jobs import Job, Jobs, JobState
from vmdesk.core.settings import SettingsFile
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import tr, trn

LONG = 10.0  # seconds a job must have taken
QUIET = 60.0  # seconds in which the same is not said of a machine again
SINGLY = 3  # more machines than this at once are one notification


@dataclass(frozen=True, slots=True)
class Announcement:
    """Title and text as shown; `key` the machine to open when it is clicked, None for several."""

    title: str
    body: str
    key: DomainKey | None = None


class Notifier:
    """Listens to activity and jobs, and hands to `show` what the settings allow."""

    def __init__(
        self, activity: Activity, jobs: Jobs, settings: SettingsFile, show: Callable[[Announcement], None]
    ) -> None:
        self._settings = settings
        self._show = show
        self._said: dict[tuple[DomainKey, bool], float] = {}
        self._ends = [activity.subscribe(self._on_entries), jobs.subscribe(self._on_job)]

    def close(self) -> None:
        """Say nothing more."""
        for end in self._ends:
            end()

    def _on_entries(self, entries: Sequence[Entry]) -> None:
        settings = self._settings.current
        if settings.notify_crash:
            self._tell([entry for entry in entries if _crash(entry)], crash=True)
        if settings.notify_io_error:
            self._tell([entry for entry in entries if entry.kind is EntryKind.IO_ERROR], crash=False)

    def _tell(self, entries: Sequence[Entry], crash: bool) -> None:
        fresh: dict[DomainKey, Entry] = {}
        for entry in entries:
            if entry.time - self._said.get((entry.key, crash), 0.0) >= QUIET:
                self._said[entry.key, crash] = entry.time
                fresh.setdefault(entry.key, entry)
        if len(fresh) > SINGLY:
            names = ", ".join(sorted(entry.name for entry in fresh.values())[:10])
            n = len(fresh)
            title = (
                trn("{n} machine crashed", "{n} machines crashed", n)
                if crash
                else trn("{n} machine has a disk error", "{n} machines have disk errors", n)
            )
            self._show(Announcement(title, names))
            return
        for entry in fresh.values():
            what, why = activity_words.what(entry), activity_words.why(entry)
            self._show(Announcement(entry.name, f"{what}: {why}" if why else what, entry.key))

    def _on_job(self, job: Job) -> None:
        if job.running or job.state is JobState.CANCELLED or job.ended - job.started < LONG:
            return
        if self._settings.current.notify_jobs:
            body = str(job.problem or job.outcome or tr("Done"))
            self._show(Announcement(str(job.title), body, job.keys[0] if len(job.keys) == 1 else None))


def _crash(entry: Entry) -> bool:
    return entry.kind in (EntryKind.LIFECYCLE, EntryKind.FOUND) and (
        entry.what == "crashed" or (entry.what, entry.reason) in (("stopped", "crashed"), ("stopped", "failed"))
    )
