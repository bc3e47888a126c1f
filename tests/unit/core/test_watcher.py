"""Which definitions are read when: all of them some time, those that matter at once."""

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from tests.ui.machines import machine, store_of
from vmdesk.core import definitions
from vmdesk.core.activity import Entry, EntryKind
from vmdesk.core.definitions import Watcher
from vmdesk.core.jobs import Jobs
from vmdesk.model.domain import DomainKey


class Bench:
    """A watcher whose reading is noted; `fresh`: of which machines there is something new."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def bug(error: BaseException) -> None:
            raise error

        self.read: list[DomainKey] = []
        self.fresh: set[DomainKey] = set()
        self.gate = asyncio.Event()
        self.gate.set()

        async def see(_store: Any, _links: Any, _definitions: Any, key: DomainKey) -> bool:
            await self.gate.wait()
            self.read.append(key)
            return key in self.fresh

        monkeypatch.setattr(definitions, "see", see)
        monkeypatch.setattr(definitions, "BREATH", 0.001)
        self.store = store_of(6)
        self.keys = list(self.store.domains)
        self.jobs = Jobs(bug)
        self.watcher = Watcher(self.store, SimpleNamespace(), SimpleNamespace(), self.jobs)  # type: ignore[arg-type]
        self.told: list[DomainKey] = []
        self.watcher.subscribe(self.told.append)

    async def until(self, true: Callable[[], Any]) -> None:
        for _ in range(2000):
            if true():
                return
            await asyncio.sleep(0.002)
        raise AssertionError("not in time")


Work = Callable[[Bench], Coroutine[Any, Any, None]]


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    def run(work: Work) -> None:
        async def whole() -> None:
            bench = Bench(monkeypatch)
            try:
                await work(bench)
            finally:
                bench.watcher.close()
                await bench.jobs.close()

        asyncio.run(whole())

    return run


def test_all_of_them_one_after_the_other(over: Callable[[Work], None]) -> None:
    async def work(bench: Bench) -> None:
        bench.fresh = {bench.keys[1]}
        bench.watcher.begin_with(bench.keys)
        await bench.until(lambda: len(bench.read) == 6)
        assert bench.read == bench.keys and bench.told == [bench.keys[1]]

    over(work)


def test_what_somebody_looks_at_goes_first(over: Callable[[Work], None]) -> None:
    async def work(bench: Bench) -> None:
        bench.gate.clear()
        bench.watcher.begin_with(bench.keys)
        await asyncio.sleep(0)  # the first is being read
        bench.watcher.look_at([bench.keys[4], bench.keys[4]])
        bench.gate.set()
        await bench.until(lambda: len(bench.read) == 7)
        assert bench.read[:2] == [bench.keys[0], bench.keys[4]]

    over(work)


def test_what_is_found_or_defined_later(over: Callable[[Work], None]) -> None:
    async def work(bench: Bench) -> None:
        new = machine(40, "laptop")
        bench.store.update([new])
        await bench.until(lambda: bench.read == [new.key])
        heard: list[Any] = []
        activity = SimpleNamespace(subscribe=lambda listener: heard.append(listener) or (lambda: None))
        bench.watcher.listen(activity)  # type: ignore[arg-type]
        entry = Entry(0.0, "laptop", "laptop", EntryKind.LIFECYCLE, "defined", "", new.uuid, new.name)
        other = Entry(0.0, "laptop", "laptop", EntryKind.LIFECYCLE, "started", "", new.uuid, new.name)
        heard[0]((other, entry))
        await bench.until(lambda: bench.read == [new.key, new.key])

    over(work)


def test_closed_it_reads_nothing_more(over: Callable[[Work], None]) -> None:
    async def work(bench: Bench) -> None:
        bench.gate.clear()
        bench.watcher.begin_with(bench.keys)
        await asyncio.sleep(0)
        bench.watcher.close()
        bench.gate.set()
        bench.store.update([machine(41, "laptop")])
        await bench.until(lambda: bench.watcher._task is not None and bench.watcher._task.done())
        assert bench.read == bench.keys[:1]

    over(work)


def test_each_again_and_again_while_the_window_is_shown(
    over: Callable[[Work], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "ROUND", 0.02)

    async def work(bench: Bench) -> None:
        shown, asked = False, 0

        def is_shown() -> bool:
            nonlocal asked
            asked += 1
            return shown

        bench.watcher.go_round(is_shown)
        await bench.until(lambda: asked >= 12)
        assert bench.read == []
        shown = True
        bench.fresh = {bench.keys[2]}
        await bench.until(lambda: len(bench.read) >= 12)
        assert set(bench.read[:6]) == set(bench.keys) == set(bench.read[6:12])
        assert bench.told[0] == bench.keys[2]
        bench.watcher.close()
        await bench.until(lambda: bench.watcher._round is not None and bench.watcher._round.done())

    over(work)
