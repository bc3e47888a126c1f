"""Each minute, what the history saw in it goes to the archive."""

import asyncio
import time
from collections.abc import Callable

from vmdesk.core.archive import CUT, Archive
from vmdesk.core.history import History

AFTER = 1.0  # seconds after the full minute: readings under way have come


class Recorder:
    """`run` is the loop, to be spawned once; it ends when it is cancelled."""

    def __init__(
        self,
        history: History,
        archive: Archive,
        enabled: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._history = history
        self._archive = archive
        self._enabled = enabled
        self._clock = clock

    async def run(self) -> None:
        """Write every minute, for ever."""
        while True:
            await asyncio.sleep(60 - self._clock() % 60 + AFTER)
            if self._enabled():
                await self.write()

    async def write(self) -> None:
        """Write the last full minute."""
        minute = int(self._clock()) // 60 * 60 - 60
        await self._archive.add(minute, self._history.cut(minute, minute + 60, CUT))
