"""The tab "Limits", over libvirt's test driver."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.desk import feed, until
from tests.ui.pages.xml_bench import Bench, Talk
from tests.ui.windows import windows_shown
from vmdesk.core import limiting
from vmdesk.core.limiting import Known
from vmdesk.core.store import Store
from vmdesk.model.domain import Domain
from vmdesk.ui.pages import machine_limits
from vmdesk.ui.pages.machine_limits import MachineLimits
from vmdesk.ui.widgets.slider_row import SliderRow

MIB = 1024 * 1024


@pytest.fixture
def talk(talk: Callable[..., None]) -> Callable[..., None]:
    """The same; the cores' part of the page ends with it."""

    def run(work: Talk, readonly: bool = False) -> None:
        async def whole(made: Bench) -> None:
            try:
                await work(made)
            finally:
                for page in made.pages:
                    page.hide()
                    page.pinning._tasks.end()

        talk(whole, readonly)

    return run


async def page_of(made: Bench, domain: Domain, qtbot: QtBot, width: int = 1200) -> MachineLimits:
    page = MachineLimits(made.parts, domain.key)
    made.show(page, qtbot, (width, 900))
    await until(lambda: page.views or page.empty.kind == "problem", "it was read")
    return page


def row(page: MachineLimits, key: str) -> SliderRow:
    return next(view.rows[key] for view in page.views.values() if key in view.rows)


async def known(made: Bench, domain: Domain) -> Known:
    return await limiting.read(made.parts.sessions, domain)


async def settled(page: MachineLimits) -> None:
    await until(lambda: not page.setting, "it is set")


def test_a_part_for_each_thing_it_has(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        with windows_shown() as shown:
            page = await page_of(made, made.runner, qtbot)
        assert set(shown) == {MachineLimits}  # no part of it is one, not even for a moment
        found = (await known(made, made.runner)).shown
        disks = [f"disk.{one.target}" for one in found.disks if not one.removable]
        nics = [f"nic.{one.mac}" for one in found.nics]
        assert list(page.views) == ["cpu", "memory", "disk", *disks, *nics]
        assert page.hint.text().startswith("What you set holds at once and from every start on")
        for view in page.views.values():
            for one in view.rows.values():
                assert one.slider.accessibleName() and one.field.accessibleName()
                assert one.slider.isEnabled() or one.slider.toolTip()  # every disabled one says why
        assert not row(page, "cpu.io-quota").slider.isEnabled()

    talk(work)


def test_what_is_set_holds_now_and_is_stored(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.runner, qtbot)
        page.set_figure("memory.hard", 20 * MIB)
        await settled(page)
        now = await known(made, made.runner)
        assert now.running and now.stored
        assert now.running.limits.memory.hard == now.stored.limits.memory.hard == 20 * MIB
        one = row(page, "memory.hard")
        assert one.field.text() == "20 GiB" and one.note.text() == "Holds now and from every start on."
        assert [limit.value for limit in page.graphs["memory"]._drawing.limits] == [20 * MIB]
        one.clear.click()
        await settled(page)
        assert one.field.text() == "no limit"
        assert (await known(made, made.runner)).shown.limits.memory.hard in (None, limiting._UNLIMITED_KIB)

    talk(work)


def test_what_the_host_cannot_do_live_waits_and_says_so(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.runner, qtbot)
        page.set_figure("cpu.quota", 50.0)
        await settled(page)
        note = row(page, "cpu.quota").note.text()
        assert note == "From the next start: 50 %. This kind of host cannot do that while a machine runs."
        assert row(page, "cpu.quota").field.text() == "no limit"  # that is how it is now
        step = made.parts.trace.entries[-1]
        assert step.worked and step.call == "virDomainSetSchedulerParametersFlags"
        assert "schedinfo" in step.virsh and "vcpu_quota=50000" in step.virsh

    talk(work)


def test_many_changes_are_few_calls(talk: Callable[..., None], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []
    true = limiting.apply

    async def counted(ctx: Any, domain: Domain, found: Known, wishes: Any) -> Any:
        calls.append(dict(wishes))
        return await true(ctx, domain, found, wishes)

    monkeypatch.setattr(machine_limits.limiting, "apply", counted)

    async def work(made: Bench) -> None:
        page = await page_of(made, made.runner, qtbot)
        for value in range(1, 60):
            page.set_figure("memory.hard", (20 + value) * MIB)
            if value % 10 == 0:
                await asyncio.sleep(0)
        await settled(page)
        assert len(calls) <= 2 and calls[-1] == {"memory.hard": 79 * MIB}
        assert (await known(made, made.runner)).shown.limits.memory.hard == 79 * MIB

    talk(work)


def test_one_limit_blocks_another_and_says_why(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.named("template-debian"), qtbot)
        assert page.hint.text().startswith("The machine is off")
        disk = next(name for name in page.views if name.startswith("disk."))
        burst = row(page, f"{disk}.read-bytes-burst")
        assert not burst.slider.isEnabled() and "set that first" in burst.slider.toolTip()
        page.set_figure(f"{disk}.read-bytes", 10 * MIB)
        await settled(page)
        assert row(page, f"{disk}.read-bytes").note.text() == "Holds from the next start."
        assert burst.slider.isEnabled()
        together = row(page, f"{disk}.total-bytes")
        assert not together.field.isEnabled() and "take those limits away first" in together.field.toolTip()

    talk(work)


def test_a_failure_is_told_and_the_truth_is_shown(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.runner, qtbot)
        page.set_figure("memory.hard", 20 * MIB)
        await settled(page)
        page.set_figure("memory.swap", 1024)  # below what memory alone may be
        await settled(page)
        failed = [job for job in made.parts.jobs.all if job.problem]
        assert len(failed) == 1 and "memory.swap" in str(failed[0].problem)
        assert row(page, "memory.swap").field.text() == "no limit" and not row(page, "memory.swap").busy

    talk(work)


def test_the_balloon_leaves_the_machines_size_alone(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        before = (await known(made, made.runner)).shown.memory
        page = await page_of(made, made.runner, qtbot)
        page.set_figure(limiting.GIVEN, before.most_kib // 2)
        await settled(page)
        now = await known(made, made.runner)
        assert now.stored is not None and now.running is not None
        for found in (now.running.memory, now.stored.memory):
            assert (found.given_kib, found.most_kib) == (before.most_kib // 2, before.most_kib)
        assert row(page, limiting.GIVEN).clear.isHidden()

    talk(work)


def test_where_nothing_can_be_changed_it_says_why(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.runner, qtbot)
        assert page.hint.text() == "Nothing can be changed here: Practice host is connected read-only."
        for view in page.views.values():
            for one in view.rows.values():
                assert not one.slider.isEnabled() and "read-only" in one.slider.toolTip()

    talk(work, readonly=True)


def test_the_graph_stands_beside_the_sliders(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        feed(made.parts.history, made.runner.key, 60)
        page = await page_of(made, made.runner, qtbot)
        view = page.views["cpu"]
        assert view.graphs.x() > next(iter(view.rows.values())).x()
        assert page.graphs["cpu"].figures()[0][1].endswith("%")
        assert all(graph.lines for graph in page.graphs.values())
        page.resize(700, 900)
        await asyncio.sleep(0.05)
        assert view.graphs.y() > next(iter(view.rows.values())).y()

    talk(work)


def test_what_is_hidden_does_nothing(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.runner, qtbot)
        store: Store = made.parts.store
        listening = len(store._listeners)
        page.hide()
        assert not page._clock.isActive() and not page._follow.isActive() and len(store._listeners) < listening

    talk(work)


def test_bursts_are_behind_a_switch_until_they_are_set(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.runner, qtbot)
        view = next(view for name, view in page.views.items() if name.startswith("nic."))
        peak = next(one for key, one in view.rows.items() if key.endswith("in-peak"))
        assert not peak.isVisible()
        view.switch.click()
        assert peak.isVisible()
        view.switch.click()
        assert not peak.isVisible()
        nic = (await known(made, made.runner)).shown.nics[0]
        limited = replace(nic, inbound=replace(nic.inbound, average=100, peak=200))
        shown = replace((await known(made, made.runner)).shown, nics=(limited,))
        page._known, page._layout_of = Known(shown, shown), ()
        page.show_limits()
        again = next(one for one in page.views[f"nic.{nic.mac}"].rows.values() if one.key.endswith("in-peak"))
        await until(again.isVisible, "what is set is seen")
        assert again.field.text() == "200 KiB/s"

    talk(work)
