"""A connection of the program's own for a test, to whichever host, without a window around it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from vmdesk.core.practice import DEMO
from vmdesk.model.errors import VirtError
from vmdesk.model.event import Event
from vmdesk.model.host import HostConfig
from vmdesk.virt.connection import Connection

PRACTICE = f"test://{DEMO}"


class Ears:
    """What a connection told."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    async def hear(self, wanted: Callable[[Event], bool], seconds: float = 30) -> Event:
        """The first such event, also of before."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := next((event for event in self.heard if wanted(event)), None):
                return found
            await asyncio.sleep(0.01)
        raise AssertionError(f"not heard; but {self.heard}")


@asynccontextmanager
async def opened(uri: str, ears: Ears | None = None, readonly: bool = False) -> AsyncIterator[Connection]:
    """Open, and closed at the end."""
    config = HostConfig("h", "h", uri, readonly=readonly)
    connection = await Connection.open(config, 7, (ears or Ears()).heard.append)
    try:
        yield connection
    finally:
        await connection.close()


def run(uri: str, work: Callable[[Connection], Coroutine[Any, Any, None]], readonly: bool = False) -> None:
    """Do this on a connection of its own."""

    async def whole() -> None:
        async with opened(uri, readonly=readonly) as connection:
            await work(connection)

    asyncio.run(whole())


async def problem(call: Coroutine[Any, Any, Any]) -> str:
    """The name of the problem that it ends with."""
    with pytest.raises(VirtError) as error:
        await call
    return error.value.problem.name
