"""Work in the background for a widget: it ends when the widget does, and never touches one that is gone."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from vmdesk.core.jobs import Jobs


class Tasks:
    """`widget.destroyed.connect(tasks.end)`. No part of the widget: a method of it would not be called any more."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = self._jobs.spawn(name, work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def end(self) -> None:
        for task in tuple(self._running):
            task.cancel()
