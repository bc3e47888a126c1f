"""The bar that tells what waits for a restart, over libvirt's test driver."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.desk import until
from tests.ui.pages.xml_bench import Bench, bench
from vmdesk.model.domain import Domain
from vmdesk.model.text import text
from vmdesk.ui.dialogs.pending import PendingDialog
from vmdesk.ui.pages import machine_pending
from vmdesk.ui.pages.machine_pending import PendingBar
from vmdesk.virtxml import hardware

Talk = Callable[[Bench], Awaitable[None]]
GIB = 1024 * 1024
bars: list[PendingBar] = []
windows: list[QWidget] = []  # held as long as their bars


class FakeWatcher:
    """Remembers of which machines it was told."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def look_at(self, keys: Any) -> None:
        self.seen += keys


@pytest.fixture
def talk(run_async: Callable[[Any], Any], tmp_path: Path) -> Callable[..., None]:
    def run(work: Talk, readonly: bool = False) -> None:
        async def whole() -> None:
            async with bench(tmp_path, readonly) as made:
                made.parts.watcher = FakeWatcher()
                try:
                    await work(made)
                finally:
                    for bar in bars:
                        bar.follow(False)
                        bar._tasks.end()
                    bars.clear()

        run_async(whole())
        windows.clear()  # not before: the last window that goes ends the loop

    return run


async def bar_of(made: Bench, domain: Domain, qtbot: QtBot) -> PendingBar:
    window = QWidget()
    qtbot.addWidget(window)
    windows.append(window)
    window.show()
    bar = PendingBar(made.parts, domain.key, window)
    bars.append(bar)
    bar.follow(True)
    await until(lambda: bar._found is not None, "it was read")
    return bar


async def less_memory(made: Bench, domain: Domain, gib: int = 1) -> None:
    await made.call(domain, lambda one: one.setMemoryFlags(gib * GIB, 2))


async def stored(made: Bench, domain: Domain) -> Any:
    return hardware.parse(await made.whole(domain))


def test_not_there_while_nothing_waits(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        bar = await bar_of(made, made.runner, qtbot)
        assert bar.items == () and bar.isHidden()
        other = await bar_of(made, made.named("template-debian"), qtbot)
        assert other.items == () and other.isHidden()

    talk(work)


def test_one_thing_in_plain_words(talk: Callable[..., None], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_pending, "FOLLOW", 30)

    async def work(made: Bench) -> None:
        before = (await stored(made, made.runner)).memory.given_kib // GIB
        bar = await bar_of(made, made.runner, qtbot)
        assert made.parts.watcher.seen == [made.runner.key]
        await less_memory(made, made.runner)
        await until(lambda: bar.items, "it is seen, though libvirt does not tell of it")
        assert bar._words.text() == f"Memory: {before} GiB now, 1 GiB after restart"
        assert not bar.isHidden() and bar.now.isEnabled() and bar.drop.isEnabled()
        assert made.parts.watcher.seen == [made.runner.key] * 2  # and the history hears of it
        bar.watch(False)
        assert bar.isHidden()
        bar.watch(True)
        assert not bar.isHidden()

    talk(work)


def test_applied_now(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        await less_memory(made, made.runner)
        bar = await bar_of(made, made.runner, qtbot)
        bar.now.click()
        await until(lambda: not bar.items and not bar._working, "it is done")
        running = await made.call(made.runner, lambda one: one.XMLDesc(0))
        assert hardware.parse(running).memory.given_kib == GIB
        assert bar.isHidden()

    talk(work)


def test_dropped_after_asking_and_taken_back(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        before = await made.whole(made.star)
        assert made.star.active
        await less_memory(made, made.star)
        bar = await bar_of(made, made.star, qtbot)
        waits = {str(one.words) for one in bar.items}
        made.ask.agree = False
        bar.drop.click()
        await until(lambda: made.ask.asked and not bar._working, "it has asked")
        assert {str(item) for item in made.ask.asked[0].items} == waits and bar.items
        made.ask.agree = True
        bar.drop_items([one for one in bar.items if one.difference.name == "Memory.given_kib"])
        await until(lambda: made.shell.notices and not bar._working, "it is dropped")
        assert await made.whole(made.star) == before  # the password of its screen, too
        await until(lambda: waits != {str(one.words) for one in bar.items}, "it is seen")
        notice = made.shell.notices[-1]
        assert notice.actions[0][0] == "Undo"
        notice.actions[0][1]()
        await until(lambda: waits == {str(one.words) for one in bar.items}, "it waits again")
        assert (await stored(made, made.star)).memory.given_kib == GIB

    talk(work)


def test_what_somebody_changed_since_is_not_taken_back(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        await less_memory(made, made.runner)
        bar = await bar_of(made, made.runner, qtbot)
        bar.drop.click()
        await until(lambda: made.shell.notices and not bar._working, "it is dropped")
        await made.call(made.runner, lambda one: one.setMemoryFlags(2 * GIB, 2))
        theirs = await made.whole(made.runner)
        made.shell.notices[-1].actions[0][1]()
        await until(lambda: any(job.problem for job in made.parts.jobs.all), "it is refused")
        assert await made.whole(made.runner) == theirs

    talk(work)


def test_several_and_the_two_side_by_side(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        await less_memory(made, made.runner)
        xml = await made.whole(made.runner)
        old = "restart" if "<on_crash>restart" in xml else "destroy"
        await made.change(made.runner, f"<on_crash>{old}", "<on_crash>preserve")
        bar = await bar_of(made, made.runner, qtbot)
        assert bar._words.text().startswith("2 changes wait for a restart: ")
        bar.compare.click()
        await until(lambda: bar._dialog is not None, "it is open")
        dialog = bar._dialog
        assert isinstance(dialog, PendingDialog)
        buttons = {one.objectName(): one for one in dialog.findChildren(QPushButton)}
        crash = next(row for row, one in enumerate(bar.items, 1) if one.why_not is not None)
        memory = 3 - crash
        assert not buttons[f"item-now-{crash}"].isEnabled()
        assert buttons[f"item-now-{crash}"].toolTip() == "It is chosen when the machine starts."
        assert "+  <on_crash>preserve</on_crash>" in dialog.lines.toPlainText()
        buttons[f"item-now-{memory}"].click()
        await until(lambda: len(bar.items) == 1 and not bar._working, "one is done")
        assert "Memory" not in bar._words.text() and not bar.now.isEnabled()
        assert bar.now.toolTip() == "It is chosen when the machine starts."
        buttons = {one.objectName(): one for one in dialog.findChildren(QPushButton)}
        buttons["item-drop-1"].click()
        await until(lambda: not bar.items and not bar._working, "the other is dropped")
        await until(lambda: "on_crash" not in dialog.lines.toPlainText(), "the lines say so")
        dialog.accept()
        await until(lambda: bar._dialog is None, "it is closed")

    talk(work)


def test_read_only(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        bar = await bar_of(made, made.runner, qtbot)
        for button in (bar.now, bar.drop):
            assert not button.isEnabled() and button.toolTip() == "Practice host is connected read-only."

    talk(work, readonly=True)


def test_what_another_tab_has_changed_is_seen_at_once(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        bar = await bar_of(made, made.runner, qtbot)

        async def change(_report: Any) -> None:
            await less_memory(made, made.runner)

        await made.parts.jobs.start(text("Changing"), change, (made.runner.key,))
        await until(lambda: bar.items, "it is seen", 3)  # long before the next look

    talk(work)
