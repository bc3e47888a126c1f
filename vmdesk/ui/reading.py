"""A page's reading of its host: only while it is seen, one at a time, and once more if it was asked for meanwhile."""

import time
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from vmdesk.core.jobs import Job, Jobs
from vmdesk.core.store import Changes
from vmdesk.model.errors import VirtError
from vmdesk.model.text import Text
from vmdesk.ui.heard import Heard
from vmdesk.ui.models.turn import Turn
from vmdesk.ui.parts import Parts

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


class ReadingPage(QWidget):
    """A page that reads when it comes into view, and while it is seen: when something changes, and when work ends.

    reading  made by the page, before it is shown
    again    seconds after which it reads anyway; 0: it need not
    """

    reading: Reading

    def __init__(self, parts: Parts, parent: QWidget | None = None, again: float = 0.0) -> None:
        super().__init__(parent)
        self._parts = parts
        self._heard = Heard()
        self._timer = QTimer(self)
        self._timer.setInterval(round(again * 1000))
        self._timer.timeout.connect(self._on_clock)

    def _on_clock(self) -> None:
        self.reading.on_clock()

    def _concerns(self, changes: Changes) -> bool:
        """Whether what is shown may not be so any more."""
        raise NotImplementedError

    def _on_job(self, job: Job) -> None:
        """A job has another state. A page that shows what runs does more here."""
        if not job.running:
            self.reading.ask()

    def _on_changes(self, changes: Changes) -> None:
        if self._concerns(changes):
            self.reading.ask()

    def showEvent(self, event: QShowEvent) -> None:
        if not self._heard.on:
            self._heard.begin(
                lambda: (self._parts.store.subscribe(self._on_changes), self._parts.jobs.subscribe(self._on_job))
            )
            if self._timer.interval():
                self._timer.start()
            self.reading.ask()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._heard.end()
        self._timer.stop()
        super().hideEvent(event)
