"""Waiting for a time or a call, whichever comes first."""

import asyncio


class Bell:
    """One coroutine waits, anybody on the main thread rings. A ring while nobody waits is heard by the next wait."""

    def __init__(self) -> None:
        self._rung = False
        self._waiter: asyncio.Future[bool] | None = None

    def ring(self) -> None:
        if self._waiter is None:
            self._rung = True
        elif not self._waiter.done():
            self._waiter.set_result(True)

    async def wait(self, seconds: float) -> bool:
        """True if it was rung, False when the time was over."""
        if self._rung:
            self._rung = False
            return True
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiter = waiter
        timer = loop.call_later(max(seconds, 0.0), _over, waiter)
        try:
            return await waiter
        finally:
            timer.cancel()
            self._waiter = None


def _over(waiter: "asyncio.Future[bool]") -> None:
    if not waiter.done():
        waiter.set_result(False)
