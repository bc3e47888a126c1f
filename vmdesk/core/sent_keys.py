"""Keys for a machine whose screen is not open: its host presses them, one combination after the other."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from vmdesk.console import keys
from vmdesk.core.jobs import Jobs
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError

Send = Callable[[DomainKey, Sequence[int]], Awaitable[None]]
MOST = 400  # combinations that wait; who types more than that ahead loses what comes after
_MODIFIERS = frozenset((keys.SHIFT, 0x36, keys.CTRL, 0x9D, keys.ALT, keys.ALTGR, keys.META, 0xDC))


class SentKeys:
    """One machine's. The host cannot hold keys down, so what is held goes with each key that is pressed meanwhile.

    problem  why keys do not get there; from then on none are sent
    """

    def __init__(self, jobs: Jobs, send: Send, key: DomainKey, failed: Callable[[Problem], None]) -> None:
        self.problem: Problem | None = None
        self._jobs, self._send, self._machine, self._failed = jobs, send, key, failed
        self._held: dict[int, None] = {}
        self._alone = 0  # a modifier that was pressed, and nothing since: let go, it counts as a key
        self._waiting: deque[tuple[int, ...]] = deque()
        self._task: asyncio.Task[None] | None = None

    def key(self, qnum: int, down: bool) -> None:
        if qnum not in _MODIFIERS:
            if down:
                self._alone = 0
                self._press((*self._held, qnum))
        elif down:
            if qnum not in self._held:
                self._held[qnum] = None
                self._alone = qnum
        elif qnum in self._held:
            chord = tuple(self._held)
            del self._held[qnum]
            if self._alone:
                self._press(chord)
            self._alone = 0

    def _press(self, chord: tuple[int, ...]) -> None:
        if self.problem is None and len(self._waiting) < MOST:
            self._waiting.append(chord)
            if self._task is None or self._task.done():
                self._task = self._jobs.spawn(f"keys to {self._machine.uuid}", self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._send(self._machine, self._waiting.popleft())
        except VirtError as error:
            self._waiting.clear()
            self.problem = error.problem
            self._failed(error.problem)

    def close(self) -> None:
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
