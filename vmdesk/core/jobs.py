"""The one way to start work: named, shown, cancellable, its error told once."""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol, TypeVar

from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text

T = TypeVar("T")

KEEP_ENDED = 200  # ended jobs that stay listed


class JobState(Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work. `progress` is 0..1 or None if unknown; `left` seconds or None; times are Unix seconds.

    host  the id (or the URI) of the host that is worked on, where no machine is; else ""
    """

    id: int
    title: Text
    keys: tuple[DomainKey, ...] = ()
    state: JobState = JobState.RUNNING
    progress: float | None = None
    left: float | None = None
    problem: Problem | None = None
    started: float = 0.0
    ended: float = 0.0
    cancellable: bool = True
    note: Text | None = None  # what it is doing now; reported with a progress of 1: what came of it, if not just "done"
    host: str = ""

    @property
    def running(self) -> bool:
        return self.state is JobState.RUNNING

    @property
    def outcome(self) -> Text | None:
        """What came of it, where it ended without an error and "done" would say too much."""
        return self.note if self.state is JobState.DONE and self.progress == 1.0 else None


class Report(Protocol):
    """How work tells of its progress (0..1) while it runs."""

    def __call__(self, progress: float | None, note: Text | None = None) -> None: ...


class Jobs:
    """Starts coroutines as jobs and holds them until they end.

    bug: called with an exception that is not a VirtError; it is a mistake of the program, not of the world.
    """

    def __init__(self, bug: Callable[[BaseException], None]) -> None:
        self._bug = bug
        self._ids = itertools.count(1)
        self._jobs: dict[int, Job] = {}
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._listeners: list[Callable[[Job], None]] = []

    @property
    def all(self) -> tuple[Job, ...]:
        """Every job still listed, oldest first."""
        return tuple(self._jobs.values())

    @property
    def running(self) -> tuple[Job, ...]:
        return tuple(job for job in self._jobs.values() if job.running)

    def subscribe(self, listener: Callable[[Job], None]) -> Callable[[], None]:
        """Hear of every new state of every job; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def start(
        self,
        title: Text,
        work: Coroutine[Any, Any, Any] | Callable[[Report], Coroutine[Any, Any, Any]],
        keys: tuple[DomainKey, ...] = (),
        cancellable: bool = True,
        host: str = "",
    ) -> "asyncio.Task[Job]":
        """Run `work` (or `work(report)`) as a job. The task returns the ended job and never raises."""
        job_id = next(self._ids)
        self._put(Job(job_id, title, keys, started=time.time(), cancellable=cancellable, host=host))

        def report(progress: float | None, note: Text | None = None) -> None:
            job = self._jobs[job_id]
            spent = time.time() - job.started
            left = spent / progress - spent if progress and progress > 0.02 else None
            self._put(replace(job, progress=progress, left=left, note=note))

        coroutine = work(report) if callable(work) else work
        task = asyncio.create_task(self._run(job_id, coroutine), name=f"job {job_id}: {title.source}")
        self._tasks[job_id] = task
        return task

    def cancel(self, job_id: int) -> None:
        """Ask a job to stop; it ends when its coroutine has cleaned up."""
        if (task := self._tasks.get(job_id)) and self._jobs[job_id].cancellable:
            task.cancel()

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[None]":
        """Run something that is no job of the user's (a loop, a refresh): held, named, its mistakes reported."""
        task = asyncio.create_task(self._guard(work), name=name)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        task.add_done_callback(lambda _task: work.close())  # cancelled before its first step: it was never awaited
        return task

    async def close(self) -> None:
        """Cancel everything and wait until it has ended."""
        tasks = [*self._tasks.values(), *self._background]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job_id: int, work: Coroutine[Any, Any, Any]) -> Job:
        state, problem = JobState.DONE, None
        try:
            await work
        except asyncio.CancelledError:
            state = JobState.CANCELLED
        except VirtError as error:
            state, problem = JobState.FAILED, error.problem
        except Exception as error:
            state, problem = JobState.FAILED, Problem(Text("The program made a mistake."), details=repr(error))
            self._bug(error)
        finally:
            self._tasks.pop(job_id, None)
        ended = replace(self._jobs[job_id], state=state, problem=problem, ended=time.time(), left=None)
        self._put(ended)
        self._forget_old()
        return ended

    async def _guard(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._bug(error)

    def _put(self, job: Job) -> None:
        self._jobs[job.id] = job
        for listener in tuple(self._listeners):
            listener(job)

    def _forget_old(self) -> None:
        ended = [job.id for job in self._jobs.values() if not job.running]
        for job_id in ended[:-KEEP_ENDED]:
            del self._jobs[job_id]


async def to_its_end(work: Coroutine[Any, Any, T], done: Callable[[], None] = lambda: None) -> T:
    """A short step that is not cut in half. Cancelled, it is waited for; `done` is called if it succeeded anyway."""
    task = asyncio.create_task(work)
    try:
        result = await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        if not task.cancelled() and task.exception() is None:
            done()
        raise
    done()
    return result
