"""A page's reading of its host: only while it is seen, one at a time, and once more if it was asked for meanwhile."""

import time
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtWidgets import QWidget

from vmdesk.core.jobs import Jobs
from vmdesk.model.errors import VirtError
from vmdesk.model.text import Text
from vmdesk.ui.models.turn import Turn

PATIENCE = 20.0  # times what a reading takes passes before a clock starts another


class Reading:
    """`busy` while it reads; `problem` is what the last one met, None if it went well.

    work    reads, and keeps what it read
    cannot  why the host cannot be asked now, None if it can
    show    called when something was read, or cannot be
    """

    def __init__(
        self,
        page: QWidget,
        jobs: Jobs,
        title: str,
        work: Callable[[], Coroutine[Any, Any, None]],
        cannot: Callable[[], Text | None],
        show: Callable[[], None],
    ) -> None:
        self.problem: Text | None = None
        self._page, self._jobs, self._title = page, jobs, title
        self._work, self._cannot, self._show = work, cannot, show
        self.busy = self._again = False
        self._turn = Turn(self._begin, 0.5, page)
        self._enough = 0.0  # a clock waits until then

    def on_clock(self) -> None:
        """Now and then: rarely where reading takes long."""
        if time.monotonic() >= self._enough:
            self.ask()

    def ask(self) -> None:
        """Something changed over there, or the page is seen again."""
        self._turn.ask()

    def _begin(self) -> None:
        if not self._page.isVisible():
            return
        if self.busy:
            self._again = True
        elif self._cannot() is not None:
            self._show()
        else:
            self.busy = True
            self._jobs.spawn(self._title, self._read())

    async def _read(self) -> None:
        began = time.monotonic()
        try:
            await self._work()
            self.problem = None
        except VirtError as error:
            self.problem = error.problem.what
        finally:
            self.busy = False
            self._enough = time.monotonic() + PATIENCE * (time.monotonic() - began)
        self._show()
        if self._again:
            self._again = False
            self.ask()
