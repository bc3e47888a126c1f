"""Who collects garbage."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator

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
    gc.unfreeze()
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


def test_what_came_with_many_machines_is_looked_through_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set aside while they are there; a knot among it is found when they have gone."""
    monkeypatch.setattr(garbage, "EVERY", 0.001)
    monkeypatch.setattr(garbage, "WHOLE", 2)
    machines: list[list[Knot]] = []
    gone: list[bool] = []

    async def until(what: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not what():
                await asyncio.sleep(0.001)

    async def live() -> None:
        gc.unfreeze()
        task = asyncio.get_running_loop().create_task(garbage.collect(lambda: len(machines)))
        await asyncio.sleep(0)
        knot = Knot()
        weakref.finalize(knot, lambda: gone.append(True))
        machines.extend([knot] for _ in range(garbage.MANY))
        await until(lambda: gc.get_freeze_count() > garbage.MANY)
        collected = gc.get_stats()[2]["collections"]
        del knot
        machines[:] = machines[: garbage.MANY // 2]
        for one in machines:
            one.clear()
        await until(lambda: gc.get_stats()[2]["collections"] > collected + 1)
        assert not gone
        machines.clear()
        await until(lambda: bool(gone))
        assert gc.get_freeze_count() == 0
        task.cancel()

    asyncio.run(live())
