"""Gathering: the first change is shown at once, those that follow closely are shown together."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer


class Turn(QObject):
    """Calls `work` soon after `ask`, at most once every `gap` seconds. No timer runs when nothing was asked.

    The gap grows with what the work costs, so that a storm of changes leaves the window at least half of the time.
    """

    def __init__(self, work: Callable[[], None], gap: float = 0.05, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._gap = gap
        self._free_at = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._run)

    def ask(self) -> None:
        """Something changed."""
        if self._timer.isActive():
            return
        wait = self._free_at - time.monotonic()
        self._timer.start(max(0, round(wait * 1000)))

    def now(self) -> None:
        """Do what was asked for without waiting; nothing if nothing was."""
        if self._timer.isActive():
            self._timer.stop()
            self._run()

    def _run(self) -> None:
        began = time.monotonic()
        self._work()
        ended = time.monotonic()
        self._free_at = ended + max(self._gap, ended - began)
