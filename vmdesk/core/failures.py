"""What a person or a timer wanted and did not get: each job that failed, written into the activity with its reason.

The words are kept as they are in the source, so that they are read later in whatever language is spoken then.
"""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from vmdesk.core.activity import Activity, Entry, EntryKind
from vmdesk.core.jobs import Job, Jobs, JobState
from vmdesk.core.store import Store
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text

DETAILS = 2000  # letters kept of what libvirt said
_NOTHING = Text("")


@dataclass(frozen=True, slots=True)
class Failure:
    """What an entry of kind JOB says: the job's title, and why it failed."""

    doing: Text
    problem: Problem


def follow(activity: Activity, jobs: Jobs, store: Store) -> Callable[[], None]:
    """Write down each job that fails, for each of its machines, or for its host; returns the function that ends it."""

    def on_job(job: Job) -> None:
        if job.state is JobState.FAILED and job.problem is not None:
            what, reason = packed(Failure(job.title, job.problem))
            for key in job.keys or (DomainKey(job.host, ""),):
                activity.add(_entry(store, job, key, what, reason))

    return jobs.subscribe(on_job)


def _entry(store: Store, job: Job, key: DomainKey, what: str, reason: str) -> Entry:
    host, domain = store.hosts.get(key.host), store.domains.get(key)
    if host is None and key.host:  # what a cut-off run left behind knows its host by the URI
        host = next((one for one in store.hosts.values() if one.config.uri == key.host), None)
    name = domain.name if domain else str(dict(job.title.values).get("name", "")) if key.uuid else ""
    host_id, host_name = (host.id, host.config.name) if host else (key.host, "")
    return Entry(job.ended, host_id, host_name, EntryKind.JOB, what, reason, key.uuid, name)


def packed(failure: Failure) -> tuple[str, str]:
    """An entry's `what` and `reason`."""
    problem = failure.problem
    words = [_packed(one or _NOTHING) for one in (problem.what, problem.why, problem.what_next)]
    reason = json.dumps([*words, problem.details[:DETAILS]], ensure_ascii=False)
    return json.dumps(_packed(failure.doing), ensure_ascii=False), reason


@functools.lru_cache(1024)
def unpacked(what: str, reason: str) -> Failure:
    """The way back; what cannot be read is shown as it stands."""
    try:
        said, why, what_next, details = json.loads(reason)
        problem = Problem(_unpacked(said), _unpacked(why), _unpacked(what_next), str(details))
        return Failure(_unpacked(json.loads(what)), problem)
    except (ValueError, TypeError, AttributeError):
        return Failure(_words(what), Problem(_words(reason)))


def _packed(words: Text) -> list[Any]:
    values = {name: _packed(value) if isinstance(value, Text) else str(value) for name, value in words.values}
    return [words.source, values]


def _unpacked(words: list[Any]) -> Text:
    source, values = words
    return _words(
        str(source),
        tuple((name, _unpacked(value) if isinstance(value, list) else str(value)) for name, value in values.items()),
    )


def _words(source: str, values: tuple[tuple[str, Any], ...] = ()) -> Text:
    """A text that was a literal when it was written down."""
    return replace(_NOTHING, source=source, values=values)
