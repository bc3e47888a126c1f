"""Looking at a machine's disks before a dialog can say what something means: as a job, so that it is seen and can be
cancelled.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from vmdesk.core.jobs import Job, JobState, Report
from vmdesk.core.snapshots.desk import View
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import text
from vmdesk.ui.parts import Parts

T = TypeVar("T")


def name_of(parts: Parts, key: DomainKey) -> str:
    """The machine's name, as far as it is known."""
    domain = parts.store.domains.get(key)
    return domain.name if domain else key.uuid


async def look(parts: Parts, key: DomainKey) -> View | None:
    """All that is known of its disks. None: it could not be read, which the job has told."""
    return await looked(parts, key, lambda: parts.layers.look(key))


async def looked(parts: Parts, key: DomainKey, read: Callable[[], Awaitable[T]]) -> T | None:
    """The same with something else to read."""
    found: list[T] = []

    async def work(report: Report) -> None:
        found.append(await read())

    title = text("Looking at the disks of {name}", name=name_of(parts, key))
    job: Job = await parts.jobs.start(title, work, host=key.host)
    return found[0] if found and job.state is JobState.DONE else None
