"""What another thread brings, waited for."""

import asyncio
import concurrent.futures
import gc
from typing import Any

import pytest

from vmdesk.console.spice.display import within


def test_what_comes_too_late_is_nobodys_mistake() -> None:
    """Python complains of errors that nobody asked for, and the window would show that as a bug of ours."""
    complaints: list[dict[str, Any]] = []

    async def late() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: complaints.append(context))
        future: concurrent.futures.Future[None] = concurrent.futures.Future()
        with pytest.raises(TimeoutError):
            await within(future, 0.001)
        future.set_exception(OSError("no picture"))
        for _ in range(3):
            await asyncio.sleep(0)
        gc.collect()

    asyncio.run(late())
    assert not complaints
