"""Who collects garbage."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from vmdesk.core import garbage


class Knot:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    on = gc.isenabled()
    gc.enable()
    yield
    if not on:
        gc.disable()


def test_only_the_main_thread_destroys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "EVERY", 0.01)
    where: list[threading.Thread] = []

    async def live() -> None:
        task = asyncio.get_running_loop().create_task(garbage.collect())
        await asyncio.sleep(0)
        knot = Knot()
        weakref.finalize(knot, lambda: where.append(threading.current_thread()))
        del knot
        await asyncio.to_thread(lambda: [Knot() for _ in range(20_000)])
        assert where == []
        for _ in range(100):
            if where:
                break
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(live())
    assert where == [threading.main_thread()]
