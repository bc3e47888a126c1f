"""Running machines are asked for their addresses: young and watched ones often, the rest seldom, one at a time."""

import asyncio
import contextlib
import time

import pytest

from tests.fakes.host import FakeHost, failure
from vmdesk.core import addresses
from vmdesk.core.addresses import Addresses
from vmdesk.core.bell import Bell
from vmdesk.core.calls import Calls
from vmdesk.model.domain import Domain, DomainKey, State


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(addresses, "WATCHED", 0.05)
    monkeypatch.setattr(addresses, "REST", (0.3, 0.6))
    monkeypatch.setattr(addresses, "YOUNG", (0.01, 0.03, 0.05))
    monkeypatch.setattr(addresses, "GRID", 0.005)
    monkeypatch.setattr(addresses, "PAUSE", 0.001)


class Round:
    def __init__(self, machines=3):
        self.asked = []
        self.answers = {}
        self.heard = []
        self.at_once = self.worst = 0
        self.error = None
        self.domains = {
            DomainKey("h", str(n)): Domain(DomainKey("h", str(n)), f"vm-{n}", State.RUNNING) for n in range(machines)
        }
        calls = Calls(way=FakeHost(0).calls.way, addresses=self._ask)
        self.addresses = Addresses("h", None, calls, self.domains, lambda *answer: self.heard.append(answer))

    async def _ask(self, _connection, uuid):
        self.asked.append(uuid)
        self.at_once += 1
        self.worst = max(self.worst, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        if self.error:
            raise failure(self.error)
        return self.answers.get(uuid, ())


def run(seconds, prepare, then=lambda r: None, machines=3):
    async def main():
        r = Round(machines)
        prepare(r)
        task = asyncio.get_running_loop().create_task(r.addresses.run())
        await asyncio.sleep(seconds)
        then(r)
        if r.error == "closed":
            assert task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return r

    return asyncio.run(main())


def test_each_is_asked_and_heard_one_at_a_time():
    def prepare(r):
        r.answers = {"0": ("192.0.2.1",)}
        for uuid in "012":
            r.addresses.take(uuid, started=False)
            r.addresses.take(uuid, started=False)

    r = run(0.15, prepare)
    assert sorted(r.asked) == ["0", "1", "2"]
    assert ("0", ("192.0.2.1",)) in r.heard
    assert r.worst == 1


def test_watched_ones_more_often():
    def prepare(r):
        for uuid in "012":
            r.addresses.take(uuid, started=False)
        r.addresses.watch(frozenset("1"))

    r = run(0.3, prepare)
    assert r.asked.count("1") >= 3
    assert r.asked.count("2") <= 2


def test_young_ones_until_they_have_one():
    r = run(0.2, lambda r: r.addresses.take("0", started=True))
    assert r.asked == ["0", "0", "0"]

    def prepare(r):
        r.answers = {"0": ("192.0.2.1",)}
        r.addresses.take("0", started=True)

    assert run(0.2, prepare).asked == ["0"]


def test_silent_busy_off_and_gone_ones_are_not_asked():
    def prepare(r):
        for uuid, domain in zip("012", list(r.domains.values()), strict=True):
            changed = {"0": {"responding": False}, "1": {"busy": "save"}, "2": {"state": State.SHUTOFF}}[uuid]
            r.domains[domain.key] = Domain(domain.key, domain.name, **{"state": State.RUNNING, **changed})
            r.addresses.take(uuid, started=False)
        r.addresses.take("nobody", started=False)

    assert run(0.15, prepare).asked == []


@pytest.mark.parametrize(("error", "asked"), [("closed", 1), ("timeout", 3)])
def test_errors(error, asked):
    def prepare(r):
        r.error = error
        for uuid in "012":
            r.addresses.take(uuid, started=False)

    assert len(run(0.15, prepare).asked) == asked


def test_bell():
    async def main():
        bell = Bell()
        assert not await bell.wait(0.001)
        bell.ring()
        bell.ring()
        assert await bell.wait(10)
        asyncio.get_running_loop().call_later(0.01, bell.ring)
        begun = time.monotonic()
        assert await bell.wait(10)
        assert time.monotonic() - begun < 5
        assert not await bell.wait(-1)

    asyncio.run(main())
