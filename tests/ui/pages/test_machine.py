"""The machine's page: it shows what is so, follows while it is seen, and does what its buttons say."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import shiboken6
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QTabBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.desk import GIB, Shelf, Shell, feed, full_machine, parts_of
from vmdesk.core import slow_watch
from vmdesk.model.domain import Domain, State
from vmdesk.model.text import text
from vmdesk.ui.pages import machine
from vmdesk.ui.pages.machine import MachinePage
from vmdesk.ui.pages.machine_facts import facts_of
from vmdesk.ui.pages.machine_plans import plans_of
from vmdesk.ui.parts import Parts
from vmdesk.ui.widgets.graph import Graph
from vmdesk.ui.widgets.graphs import Graphs
from vmdesk.ui.widgets.timeline import SPANS

Run = Callable[[Any], Any]


@pytest.fixture
def domain() -> Domain:
    return full_machine()


@pytest.fixture
def parts(tmp_path: Path, domain: Domain) -> Parts:
    parts = parts_of(tmp_path)
    parts.store.update([domain])
    feed(parts.history, domain.key, 60)
    return parts


@pytest.fixture
def page(parts: Parts, domain: Domain, qtbot: QtBot) -> MachinePage:
    page = MachinePage(parts, domain.key)
    qtbot.addWidget(page)
    page.resize(1280, 900)
    page.show()
    return page


def label(page: MachinePage, name: str) -> str:
    return page.findChild(QLabel, name).text()


def graph(page: MachinePage, name: str) -> Graph:
    found = page.findChild(Graphs).graph(name)
    assert found is not None
    return found


def test_head_tells_name_and_state(page: MachinePage) -> None:
    assert (page.title, page.key) == ("web-01", f"machine:laptop/{page._machine.uuid}")
    assert label(page, "machine-name") == "web-01"
    assert label(page, "machine-state").startswith("Running · for 3 h 07 min")
    assert page.watched() == {page._machine}


def test_follows_the_store(page: MachinePage, parts: Parts, domain: Domain, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.title_changed) as told:
        parts.store.update([replace(domain, name="shop", state=State.PAUSED, reason="no space")])
    assert told.args == ["shop"]
    assert label(page, "machine-state").startswith("Paused · no space left on the host's disk")
    assert page.findChild(QToolButton, "domain.resume").isEnabled()


def test_does_nothing_while_it_is_not_seen(page: MachinePage, parts: Parts, domain: Domain) -> None:
    page.hide()
    assert not parts.store._listeners and not parts.history._listeners
    parts.store.update([replace(domain, state=State.SHUTOFF, reason="shutdown")])
    assert label(page, "machine-state").startswith("Running")
    page.show()
    assert label(page, "machine-state") == "Off"


def test_a_machine_that_is_gone(page: MachinePage, parts: Parts, domain: Domain) -> None:
    parts.store.update(drop=[domain.key])
    assert "not there any more" in label(page, "machine-state")
    assert not page.findChild(QToolButton, "domain.shutdown").isEnabled()
    parts.store.update([domain])
    assert page.findChild(QToolButton, "domain.shutdown").isEnabled()


def test_a_job_on_the_machine_is_told(run_async: Run, page: MachinePage, parts: Parts, domain: Domain) -> None:
    async def talk() -> None:
        task = parts.jobs.start(text("Pausing {name}", name="web-01"), asyncio.sleep(0.05), (domain.key,))
        assert label(page, "machine-state") == "Pausing web-01"
        await task
        assert label(page, "machine-state").startswith("Running")
        await parts.jobs.close()

    run_async(talk())


def test_buttons_run_commands(page: MachinePage, parts: Parts, domain: Domain) -> None:
    button = page.findChild(QToolButton, "domain.shutdown")
    assert button.toolTip() == "Shut down (Ctrl+D)"
    button.click()
    assert isinstance(parts.shell, Shell)
    assert parts.shell.ran == [("domain.shutdown", (domain.key,))]


def test_graphs_of_everything_that_is_measured(domain: Domain, parts: Parts) -> None:
    ids = [plan.id for plan in plans_of(domain, parts.history.names(domain.key))]
    assert ids[:4] == ["cpu", "memory", "vcpus", "wait"]
    assert {"disk", "disk.vda.bytes", "disk.vdb.latency", "net", "net.vnet3.packets"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_one_disk_is_all_disks() -> None:
    plans = {plan.id: plan for plan in plans_of(full_machine(), ["cpu", "disk.vda.read", "net.v.rx"])}
    assert "disk" not in plans and "net" not in plans
    assert [curve.archived for curve in plans["disk.vda.bytes"].curves] == ["read", "write"]


def test_graphs_show_the_newest_reading(page: MachinePage, parts: Parts, domain: Domain) -> None:
    cpu = parts.history.figures(domain.key).cpu
    assert graph(page, "cpu").figures() == [("", f"{cpu:.0f} %")]
    (limit,) = graph(page, "memory")._drawing.limits
    assert limit.value == 4 * GIB


def test_a_disk_that_is_plugged_in_gets_its_graphs(page: MachinePage, parts: Parts, domain: Domain) -> None:
    names = parts.history.names(domain.key)
    assert page.findChild(Graphs).graph("disk.vdc.bytes") is None
    parts.history._tracks[domain.key]._widen((*names, "disk.vdc.read"))
    parts.history.tell([domain.key])
    assert page.findChild(Graphs).graph("disk.vdc.bytes") is not None


def test_day_comes_from_the_archive(run_async: Run, page: MachinePage, parts: Parts, domain: Domain) -> None:
    async def talk() -> None:
        page.findChild(QToolButton, "span-day").click()
        await asyncio.sleep(0.1)
        assert {series for _, series in parts.archive.asked} == {"cpu", "memory", "read", "write", "rx", "tx"}
        cpu = graph(page, "cpu")
        assert cpu.lines[0].high and cpu._drawing.gaps[0].name.startswith("VMDesk was closed")
        assert graph(page, "wait").isHidden()
        page.findChild(QToolButton, "span-minutes").click()
        assert not graph(page, "wait").isHidden()
        assert not cpu.lines[0].high
        await parts.jobs.close()

    run_async(talk())


def test_graphs_that_go_while_the_archive_is_read(run_async: Run, page: MachinePage, parts: Parts) -> None:
    async def talk() -> None:
        graphs = page.findChild(Graphs)
        source, begun, answered = graphs._source, asyncio.Event(), asyncio.Event()
        read = source.archived

        async def slow(*asked: Any) -> Any:
            begun.set()
            await answered.wait()
            return await read(*asked)

        source.archived = slow
        graphs.timeline.set_span(SPANS[2])
        await begun.wait()
        told: list[BaseException] = []
        parts.jobs._bug = told.append
        shiboken6.delete(graphs)
        answered.set()
        await asyncio.sleep(0.05)
        await parts.jobs.close()
        assert not told

    run_async(talk())


def test_what_was_before_a_restart_stands_in_the_live_graphs(run_async: Run, page: MachinePage, parts: Parts) -> None:
    async def talk() -> None:
        graphs = page.findChild(Graphs)
        graphs.timeline.set_span(SPANS[1])
        await asyncio.sleep(0.1)
        once = list(parts.archive.asked)
        assert sorted(series for _, series in once) == ["cpu", "memory", "read", "rx", "tx", "write"]
        cpu = graph(page, "cpu")
        times = list(cpu.lines[0].times)
        live = parts.history.series(page._machine, "cpu").times
        assert times == sorted(times) and times[-len(live) :] == list(live)
        assert times[0] < graphs.timeline.now - 3500
        earlier = [at for at in times if at < live[0]]
        # Two points a minute, which are joined; and no line over the time of which nothing is known.
        assert earlier[1] - earlier[0] == earlier[2] - earlier[1] == 30 < SPANS[1].hole
        (gap,) = cpu._drawing.gaps
        assert gap.name.startswith("VMDesk was closed") and not [at for at in times if gap.start < at < gap.end]
        assert not graph(page, "wait")._drawing.gaps
        for span in (SPANS[0], SPANS[2], SPANS[1]):
            graphs.timeline.set_span(span)
            graphs.refresh()
            if span.live:
                assert cpu._drawing.gaps == (gap,)
        await asyncio.sleep(0.05)
        assert parts.archive.asked[: len(once)] == once
        assert len(parts.archive.asked) <= 2 * len(once), "only the day is read anew"
        await parts.jobs.close()

    run_async(talk())


def test_an_answer_that_comes_too_late_is_dropped(run_async: Run, page: MachinePage, parts: Parts) -> None:
    class Slow(Shelf):
        async def read(self, *asked: Any, **more: Any) -> Any:
            await asyncio.sleep(0.05)
            return await super().read(*asked, **more)

    async def talk() -> None:
        parts.archive = Slow()
        graphs = page.findChild(Graphs)
        graphs.timeline.set_span(SPANS[2])
        await asyncio.sleep(0.01)
        graphs.timeline.set_span(SPANS[0])
        await asyncio.sleep(0.2)
        assert not graph(page, "cpu").lines[0].high
        await parts.jobs.close()

    run_async(talk())


def test_back_to_now(page: MachinePage) -> None:
    back = page.findChild(QToolButton, "back-to-now")
    assert not back.isVisible()
    page.findChild(Graphs).timeline.pan(-100)
    assert back.isVisible()
    back.click()
    assert not back.isVisible()


def test_facts(domain: Domain, parts: Parts) -> None:
    groups = facts_of(domain, parts.store.hosts["laptop"])
    told = {fact.label: fact for group in groups for fact in group.facts}
    assert told["IP address"].value.splitlines()[0] == "192.168.122.17"
    assert told["UUID"].copy == domain.uuid
    assert told["Processor"].value == "4 virtual CPUs, up to 8"
    assert told["vda"].copy == "/var/lib/libvirt/images/web-01.qcow2"
    assert told["sda (CD)"].value == "empty"
    assert told["vnet4"].value == "52:54:00:2a:00:12\nbridge br0, e1000e"
    assert told["AppArmor"].copy.startswith("libvirt-")
    assert told["Screen"].value == "SPICE\n127.0.0.1:5903"


def test_facts_of_a_machine_of_which_nothing_is_known(domain: Domain) -> None:
    bare = Domain(domain.key, "bare")
    assert facts_of(bare, None)


def test_what_did_this_do(page: MachinePage, parts: Parts, domain: Domain, run_async: Run) -> None:
    async def talk() -> None:
        page.tabs.setCurrentIndex(page.tabs.count() - 1)
        line = "virsh -c qemu:///system start web-01"
        parts.trace.note(domain.key, "web-01", text("Starting {name}", name="web-01"), "virDomainCreate", line, None)
        assert (page.trace.call.text(), page.trace.virsh.text()) == ("virDomainCreate", line)
        page.trace.virsh.findChild(QToolButton, "copy").click()
        assert isinstance(parts.shell, Shell) and parts.shell.copied == [line]
        await asyncio.sleep(0.05)
        page.hide()
        await parts.jobs.close()

    run_async(talk())


def test_narrow_puts_facts_under_the_graphs(page: MachinePage) -> None:
    wide = page.overview._side.x()
    page.resize(700, 900)
    assert page.overview._side.x() < wide


def test_everything_has_a_name(page: MachinePage) -> None:
    for button in page.findChildren(QToolButton):
        inside_qt = isinstance(button.parent(), QLineEdit | QTabBar)
        assert inside_qt or button.accessibleName() or button.text(), button.parent()
    assert all(one.accessibleName() for one in page.findChildren(Graph))


def test_why_it_is_slow_is_looked_for_when_it_is_asked(
    parts: Parts, domain: Domain, qtbot: QtBot, run_async: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def xml(_connection: object, uuid: str) -> str:
        asked.append(uuid)
        return "<domain type='qemu'><name>web</name><os><type arch='x86_64'>hvm</type></os><vcpu>4</vcpu></domain>"

    async def nothing(*_: object) -> None:
        return None

    async def facts(_connection: object) -> object:
        return SimpleNamespace(arch="x86_64")

    monkeypatch.setattr(slow_watch, "domains", SimpleNamespace(xml=xml))
    monkeypatch.setattr(slow_watch, "throttling", SimpleNamespace(throttle=nothing))
    monkeypatch.setattr(slow_watch, "facts", SimpleNamespace(facts=facts))
    parts.context = SimpleNamespace(sessions=SimpleNamespace(of=lambda key: SimpleNamespace(require=lambda: None)))
    page = MachinePage(parts, domain.key)
    qtbot.addWidget(page)

    async def talk() -> None:
        page.show()
        await asyncio.sleep(0.01)
        assert asked == [] and page.overview.slow.isHidden()
        with qtbot.waitSignal(page.overview.control_wanted) as told:
            page.overview.why_slow.click()
            await asyncio.sleep(0.02)
            row = page.findChild(QWidget, "slow-emulated")
            assert "emulated in software" in row.accessibleName() and asked == [domain.uuid]
            row.findChild(QPushButton, "slow-control").click()
        assert told.args == ["host:checks"]
        parts.store.update([replace(domain, state=State.SHUTOFF, reason="shutdown")])
        assert label(page, "slow-answer").startswith("It does not run")
        page.overview.why_slow.click()
        assert page.overview.slow.isHidden() and not page.overview._look_again.isActive()
        page.hide()
        await parts.jobs.close()

    run_async(talk())


def test_what_its_console_needs_is_loaded_once_the_page_is_drawn(
    page: MachinePage, parts: Parts, domain: Domain, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before somebody opens it, and not for a machine without a screen."""
    loaded: list[object] = []
    monkeypatch.setattr(machine, "load", lambda name: lambda kinds: loaded.append((name, kinds)))
    qtbot.waitUntil(lambda: loaded == [("screens-ahead", {one.kind for one in domain.definition.graphics})])
    page.hide()
    loaded.clear()
    parts.store.update([replace(domain, definition=replace(domain.definition, graphics=()))])
    page.show()
    qtbot.waitUntil(lambda: not page._looked.isActive())
    assert loaded == []
