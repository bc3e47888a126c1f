"""The trash and templates in the window, on the practice host."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtWidgets import QDialog

from tests.ui.test_app_inside import Play, play, until  # noqa: F401 - a fixture
from tests.ui.test_main_window import standing  # noqa: F401 - a fixture
from tests.ui.window import Standing
from vmdesk.app import App
from vmdesk.core.command import reason
from vmdesk.core.commands.domain import BY_ID
from vmdesk.core.words import state_text
from vmdesk.model.domain import Domain
from vmdesk.ui.models.domains import Scope
from vmdesk.ui.models.sidebar import TRASH
from vmdesk.ui.parts import Level


def off(app: App) -> list[Domain]:
    return [one for one in app.store.domains.values() if not one.active and one.live_id < 0 and not one.managed_save]


def in_trash(app: App) -> int:
    return sum(bool(one.definition.trashed) for one in app.store.domains.values())


def test_there_and_back(play: Play) -> None:  # noqa: F811
    async def script(app: App) -> None:
        await until(lambda: len(app.store.domains) == 30)
        window: Any = app.window
        first, second = off(app)[:2]
        window.run("domain.trash", [first.key, second.key])
        await until(lambda: in_trash(app) == 2 and window.notices.current is not None)
        assert "2 machines are in the trash" in str(window.notices.current.problem)
        assert window.notices.current.level is Level.INFO
        window.machines.settle()
        window.sidebar_model.settle()
        assert window.machines.model.rowCount() == 28
        trashed = app.store.domains[first.key]
        assert state_text(trashed).endswith("in the trash")
        why = reason(BY_ID["domain.start"], trashed, app.store.hosts[first.key.host])
        assert why is not None and "trash" in str(why)
        window.sidebar.setCurrentIndex(window.sidebar_model.index_of(TRASH))
        page = window.tabs.currentWidget()
        assert page.key == "trash"
        await until(lambda: page.model.rowCount() == 2 and all(row.plan for row in page.model.rows))
        action = window.notices.findChild(object, "notice-action-0")
        action.click()  # the way back
        await until(lambda: in_trash(app) == 0)
        await until(lambda: page.model.rowCount() == 0)
        window.sidebar_model.settle()
        assert not window.sidebar_model.index_of(TRASH).isValid() and window.tabs.currentWidget() is page
        app.window.close()

    assert play(script) == 0


def test_the_delete_dialog_offers_the_trash_and_emptying_is_for_good(play: Play) -> None:  # noqa: F811
    async def script(app: App) -> None:
        await until(lambda: len(app.store.domains) == 30)
        window: Any = app.window
        one = off(app)[0]

        async def dialog() -> Any:
            await until(lambda: [two for two in window.findChildren(QDialog) if two.isVisible()])
            return next(two for two in window.findChildren(QDialog) if two.isVisible())

        window.begin("delete", one.key)
        (await dialog()).trash.click()
        await until(lambda: in_trash(app) == 1)
        page = window.open_page("trash")
        await until(lambda: page.empty_all.isEnabled())
        page.empty_all.trigger()
        (await dialog()).action.click()
        await until(lambda: one.key not in app.store.domains)
        app.window.close()

    assert play(script) == 0


def test_a_template_is_marked_and_not_started(play: Play) -> None:  # noqa: F811
    async def script(app: App) -> None:
        await until(lambda: len(app.store.domains) == 30)
        one = off(app)[0]
        app.window.run("domain.template", [one.key])
        await until(lambda: app.store.domains[one.key].definition.template)
        now = app.store.domains[one.key]
        assert state_text(now).endswith("template")
        host = app.store.hosts[one.key.host]
        assert "is a template" in str(reason(BY_ID["domain.start"], now, host))
        assert "already" in str(reason(BY_ID["domain.template"], now, host))
        app.window.run("domain.no-template", [one.key])
        await until(lambda: not app.store.domains[one.key].definition.template)
        assert reason(BY_ID["domain.start"], app.store.domains[one.key], host) is None
        app.window.close()

    assert play(script) == 0


def test_the_sidebars_line(standing: Standing) -> None:  # noqa: F811
    bar, model = standing.window.sidebar, standing.window.sidebar_model
    assert not model.index_of(TRASH).isValid()
    bar.setCurrentIndex(model.index_of(Scope("host", "lab")))
    one = next(domain for domain in standing.store.domains.values() if not domain.active)
    standing.store.update([replace(one, definition=replace(one.definition, trashed=1.0))])
    model.settle()
    assert model.index_of(TRASH).data() == "Trash" and model.scope_at(model.index_of(TRASH)) == TRASH
    assert bar.currentIndex() == model.index_of(Scope("host", "lab"))
    bar.show_trash(True)
    assert bar.currentIndex() == model.index_of(TRASH)
    bar.show_trash(False)
    assert bar.currentIndex() == model.index_of(Scope("host", "lab"))
    bar.show_trash(True)
    standing.store.update([one])
    model.settle()
    assert bar.currentIndex() == model.index_of(Scope("host", "lab")) and standing.model.scope == Scope("host", "lab")


@pytest.mark.parametrize("command", ["domain.trash", "domain.untrash", "domain.template", "domain.no-template"])
def test_why_not(standing: Standing, command: str) -> None:  # noqa: F811
    runs = next(domain for domain in standing.store.domains.values() if domain.active)
    assert BY_ID[command].when(runs) is not None
