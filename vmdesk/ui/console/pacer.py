"""Changed pixels become repaints: together, not more often than a screen shows them, and none while hidden."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QRect, Qt, QTimer
from PySide6.QtGui import QRegion

EVERY = 8  # ms between two repaints at least
PIECES = 16  # rectangles of one repaint; more become one around them


class FramePacer(QObject):
    """`paint(region)` is told what to repaint. `show(False)`: it keeps quiet, and asks for everything afterwards."""

    def __init__(self, paint: Callable[[QRegion | None], None], parent: QObject | None = None) -> None:
        """`paint(None)`: all of it."""
        super().__init__(parent)
        self._paint = paint
        self._region = QRegion()
        self._shown = False
        self._missed = True
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._flush)

    def show(self, shown: bool) -> None:
        self._shown = shown
        if not shown:
            self._timer.stop()
            self._missed = self._missed or not self._region.isEmpty()
            self._region = QRegion()
        elif self._missed:
            self._missed = False
            self._paint(None)

    def add(self, rects: list[QRect]) -> None:
        """These logical rectangles look different now."""
        if not self._shown:
            self._missed = True
            return
        for rect in rects:
            self._region += rect
        if self._region.rectCount() > PIECES:
            self._region = QRegion(self._region.boundingRect())
        if not self._timer.isActive():
            wait = self._last + EVERY / 1000 - time.monotonic()
            if wait <= 0:
                self._flush()
            else:
                self._timer.start(max(1, round(wait * 1000)))

    def _flush(self) -> None:
        region, self._region = self._region, QRegion()
        self._last = time.monotonic()
        if not region.isEmpty():
            self._paint(region)
