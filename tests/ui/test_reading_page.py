"""A page that reads hears of the store, the jobs and the clock while it is seen, and not a moment longer."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.desk import parts_of, until
from tests.ui.machines import machine
from vmdesk.core.store import Changes
from vmdesk.model.text import text
from vmdesk.ui.parts import Parts
from vmdesk.ui.reading import Reading, ReadingPage


class Asked(Reading):
    """Only counts."""

    def __init__(self) -> None:
        self.times = self.clocks = 0

    def ask(self) -> None:
        self.times += 1

    def on_clock(self) -> None:
        self.clocks += 1


class Page(ReadingPage):
    """Shows the machines of one host."""

    def __init__(self, parts: Parts, again: float) -> None:
        super().__init__(parts, None, again)
        self.reading: Asked = Asked()

    def _concerns(self, changes: Changes) -> bool:
        return any(key.host == "lab" for key in changes.added)


@pytest.fixture
def page_of(tmp_path: Path, qtbot: QtBot) -> Callable[[float], Page]:
    def make(again: float) -> Page:
        page = Page(parts_of(tmp_path), again)
        qtbot.addWidget(page)
        return page

    return make


def test_reads_when_shown_and_when_what_it_shows_changes(page_of: Callable[[float], Page]) -> None:
    page = page_of(0)
    store = page._parts.store
    store.update([machine(50, "lab")])
    assert page.reading.times == 0  # nobody has seen it yet
    page.show()
    assert page.reading.times == 1
    QApplication.sendEvent(page, QShowEvent())  # its window was restored: it was heard all the while
    store.update([machine(51, "laptop")])
    assert page.reading.times == 1
    store.update([machine(52, "lab")])
    assert page.reading.times == 2
    page.hide()
    store.update([machine(53, "lab")])
    assert page.reading.times == 2
    page.show()
    store.update([machine(54, "lab")])
    assert page.reading.times == 4  # heard once, not twice


def test_reads_when_work_ends(page_of: Callable[[float], Page], run_async: Any) -> None:
    async def story() -> None:
        page = page_of(0)
        page.show()
        held = asyncio.Event()
        work = page._parts.jobs.start(text("Work"), held.wait())
        await until(lambda: page._parts.jobs.running)
        assert page.reading.times == 1
        held.set()
        await work
        assert page.reading.times == 2
        page.hide()
        await page._parts.jobs.start(text("Work"), asyncio.sleep(0))
        assert page.reading.times == 2

    run_async(story())


def test_its_clock_runs_while_it_is_seen_if_it_has_one(page_of: Callable[[float], Page], qtbot: QtBot) -> None:
    page, without = page_of(0.001), page_of(0)
    page.show()
    without.show()
    qtbot.waitUntil(lambda: page.reading.clocks > 1)
    assert without.reading.clocks == 0
    page.hide()
    before = page.reading.clocks
    qtbot.wait(20)
    assert page.reading.clocks == before
