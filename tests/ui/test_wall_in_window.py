"""How the console wall is opened, and what it is for the rest of the window."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from tests.fakes.screen import FakeDoors
from tests.ui.window import Standing
from vmdesk.core.screens import Screens
from vmdesk.model.domain import DomainKey
from vmdesk.ui.models.domains import Scope
from vmdesk.ui.pages.wall import WallPage, key_of

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Test = Callable[[Standing], Coroutine[Any, Any, None]]


@pytest.fixture
def in_window(tmp_path: Path, run_async: Run) -> Callable[[Test], None]:
    def run(test: Test) -> None:
        async def whole() -> None:
            standing = Standing(tmp_path, 60)
            standing.parts.screens = Screens(standing.store, standing.jobs, FakeDoors(), tmp_path / "screens")
            standing.window.machines.settle()
            try:
                await test(standing)
            finally:
                for page in tuple(standing.window.tabs.pages()):
                    standing.window.tabs.close_page(page)
                standing.close()
                QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
                standing.parts.screens.close()
                await standing.jobs.close()
            assert not standing.bugs

        run_async(whole())

    return run


def wall(standing: Standing) -> WallPage:
    page = standing.window.tabs.currentWidget()
    assert isinstance(page, WallPage)
    return page


def test_of_those_selected_in_the_table(in_window: Callable[[Test], None]) -> None:
    async def test(standing: Standing) -> None:
        window = standing.window
        window.actions_["window.screens"].trigger()
        assert window.tabs.count() == 1  # nothing is selected
        standing.table.selectAll()
        keys = [domain.key for domain in window.acted_on()]
        window.actions_["window.screens"].trigger()
        assert wall(standing).keys == tuple(keys[:40])
        assert wall(standing).left_out == 20
        first = wall(standing)
        assert [one.key for one in window.acted_on()] == [keys[0]]
        for tile in first.grid.tiles[1:4]:
            tile.setChecked(True)
        assert [one.key for one in window.acted_on()] == keys[1:4]
        window.actions_["window.screens"].trigger()  # of those chosen on the wall
        assert wall(standing).keys == tuple(keys[1:4])
        window.open_screens(keys)
        assert wall(standing) is first
        await asyncio.sleep(0.05)

    in_window(test)


def test_of_all_that_run_in_a_group(in_window: Callable[[Test], None]) -> None:
    async def test(standing: Standing) -> None:
        window = standing.window
        window.sidebar.choose(Scope("group", "lab"))
        window.machines.set_scope(Scope("group", "lab"))
        window.actions_["window.screens-running"].trigger()
        domains = [standing.store.domains[key] for key in wall(standing).keys]
        assert domains and all(one.active and one.labels.group == "lab" for one in domains)
        assert wall(standing).title == "Screens: lab"

    in_window(test)


def test_enter_opens_the_console(in_window: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(standing: Standing) -> None:
        key = next(key for key, domain in standing.store.domains.items() if domain.active)
        standing.window.open_screens([key])
        page = wall(standing)
        opened: list[DomainKey] = []
        monkeypatch.setattr(standing.window, "open_console", opened.append)
        page.grid.tiles[0].opened.emit()
        assert opened == [key]

    in_window(test)


def test_it_is_there_again_the_next_time(in_window: Callable[[Test], None]) -> None:
    async def test(standing: Standing) -> None:
        window = standing.window
        keys = [*list(standing.store.domains)[:3], DomainKey("laptop", "gone")]
        window.last_tabs.keys = [key_of(keys), "wall:", "wall:laptop/nobody"]
        window.open_pending()
        assert window.tabs.page_of(key_of(keys)) is not None
        assert len(window.last_tabs.keys) == 2

    in_window(test)
