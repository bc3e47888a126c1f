"""What is gathered of one machine, and when there is anything to be said."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.core.test_slow import CALM, after
from vmdesk.core import slow_watch
from vmdesk.core.history import History
from vmdesk.core.slow import Cause
from vmdesk.core.slow_watch import SlowWatch
from vmdesk.core.store import Store
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.stats import HostCounters, Throttle
from vmdesk.model.text import text

KEY = DomainKey("laptop", "1")
XML = "<domain type='{}'><name>web</name><os><type arch='aarch64'>hvm</type></os><vcpu>2</vcpu>{}</domain>"


class Desk:
    """A host where one machine runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.xml = XML.format("kvm", "")
        self.throttles = [Throttle(100.0), Throttle(110.0, 9, 9, 8 * 10**9)]
        self.asked: list[str] = []
        self.store, self.history = Store(), History()
        self.store.update([Domain(KEY, "web", State.RUNNING)])
        self.links: Any = SimpleNamespace(of=lambda key: SimpleNamespace(require=lambda: None))
        self.watch = SlowWatch(self.store, self.history, KEY)
        monkeypatch.setattr(slow_watch, "domains", SimpleNamespace(xml=self._xml))
        monkeypatch.setattr(slow_watch, "throttling", SimpleNamespace(throttle=self._throttle))
        monkeypatch.setattr(slow_watch, "facts", SimpleNamespace(facts=self._facts))

    async def _xml(self, _connection: object, _uuid: str) -> str:
        self.asked.append("xml")
        if not self.xml:
            raise VirtError(Problem(text("Gone.")))
        return self.xml

    async def _throttle(self, _connection: object, _uuid: str) -> Throttle:
        return self.throttles.pop(0)

    async def _facts(self, _connection: object) -> object:
        self.asked.append("facts")
        return SimpleNamespace(arch="x86_64")

    def reading(self, counters: object) -> None:
        self.history.add("laptop", {"1": counters})  # type: ignore[dict-item]
        self.watch.take()

    def look(self) -> None:
        asyncio.run(self.watch.look(self.links))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def test_readings_with_the_kernels_figures_and_the_present_limits(desk: Desk) -> None:
    assert desk.watch.verdict() is None
    desk.look()
    desk.reading(CALM)
    desk.reading(CALM)  # the same again is no new one
    desk.xml = XML.format("kvm", "<cputune><quota>50000</quota></cputune>")
    desk.look()
    desk.history.add_host("laptop", HostCounters(1.0, 4, 0, 0, 0))
    desk.reading(after(cpu=0.5))
    found = desk.watch.verdict()
    assert found is not None and [one.cause for one in found.findings] == [Cause.QUOTA]
    assert found.findings[0].share == pytest.approx(0.4)
    assert "facts" not in desk.asked


def test_only_a_machine_that_runs_is_slow(desk: Desk) -> None:
    desk.look()
    desk.reading(CALM)
    for state in (State.PAUSED, State.SHUTOFF):
        desk.store.update([Domain(KEY, "web", state)])
        assert desk.watch.verdict() is None
    desk.look()
    assert desk.asked == ["xml"]


def test_the_hosts_kind_of_processor_is_asked_once_where_it_matters(desk: Desk) -> None:
    desk.xml = XML.format("qemu", "")
    desk.look()
    desk.look()
    assert desk.asked.count("facts") == 1
    found = desk.watch.verdict()
    assert found is not None and "aarch64" in str(found.findings[0].numbers)


def test_what_cannot_be_read_stays_as_it_was(desk: Desk) -> None:
    desk.look()
    for broken in ("", "<domain"):
        desk.xml = broken
        desk.look()
    desk.reading(CALM)
    desk.reading(replace(after(cpu=0.1), time=101.0))
    found = desk.watch.verdict()
    assert found is not None and found.seconds == 1.0
