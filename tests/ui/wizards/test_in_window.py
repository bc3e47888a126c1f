"""The ways from the window into the wizard, and out of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton

from tests.ui.machines import LAPTOP
from tests.ui.window import Standing
from vmdesk.core.store import Store
from vmdesk.model.host import Host, Link
from vmdesk.model.wish import From, Here
from vmdesk.ui.models.domains import Scope

Run = Callable[[Any], Any]


def inside(run_async: Run, folder: Path, steps: Callable[[Standing], None], store: Store | None = None) -> None:
    async def whole() -> None:
        standing = Standing(folder, store=store)
        standing.window.show()
        steps(standing)
        await asyncio.sleep(0.05)
        await standing.jobs.close()
        standing.close()
        assert not standing.bugs

    run_async(whole())


def drop(path: str) -> QDropEvent:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path)])
    drop.kept = data  # type: ignore[attr-defined]  # the event does not keep it alive
    return QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )


def test_new_opens_one_wizard_on_the_chosen_host(run_async: Run, tmp_path: Path) -> None:
    def steps(on: Standing) -> None:
        lab = next(one.id for one in on.store.hosts.values() if one.id != LAPTOP.id and one.link is Link.UP)
        on.window.machines.set_scope(Scope("host", lab))
        on.window.actions_["window.new"].trigger()
        page: Any = on.window.tabs.currentWidget()
        assert page.key == "new" and page.desk.draft.host == lab
        on.window.open_page("machines")
        on.window.actions_["window.new"].trigger()
        assert on.window.tabs.currentWidget() is page
        page.key = "making:1"  # at work: the next one is another
        on.window.actions_["window.new"].trigger()
        other: Any = on.window.tabs.currentWidget()
        assert other is not page
        on.window.remember()
        assert not any(key.startswith(("new", "making")) for key in on.remembered.get("tabs", [""]))

    inside(run_async, tmp_path, steps)


def test_the_empty_table_offers_to_create(run_async: Run, tmp_path: Path) -> None:
    store = Store()
    store.put_host(Host(LAPTOP, Link.UP))

    def steps(on: Standing) -> None:
        button = on.window.machines.empty.findChild(QAbstractButton, "empty-action-0")
        assert button.text() == "Create one…"
        button.click()
        assert on.window.tabs.currentWidget().key == "new"

    inside(run_async, tmp_path, steps, store)


def test_a_file_dropped_on_the_window(run_async: Run, tmp_path: Path) -> None:
    def steps(on: Standing) -> None:
        on.window.dropEvent(drop("/home/anna/notes.txt"))
        assert on.window.tabs.currentWidget().key == "machines"
        on.window.dropEvent(drop("/home/anna/debian.iso"))
        page: Any = on.window.tabs.currentWidget()
        assert page.key == "new"
        assert (page.desk.draft.wish.source, page.desk.draft.wish.media) == (From.CDROM, Here("/home/anna/debian.iso"))

    inside(run_async, tmp_path, steps)


def test_menus_offer_it(run_async: Run, tmp_path: Path) -> None:
    def steps(on: Standing) -> None:
        offered = [action.text() for action in on.window.host_menu(LAPTOP.id).actions()]
        assert "New machine on this host" in offered
        assert on.window.actions_["window.new"].shortcut().toString() == "Ctrl+N"
        assert any(choice.title == "New machine" for choice in on.window.actions_.choices("Command", ""))

    inside(run_async, tmp_path, steps)


def test_a_closed_wizard_hears_no_more(run_async: Run, tmp_path: Path) -> None:
    def steps(on: Standing) -> None:
        before = len(on.store._listeners)
        on.window.open_new()
        page: Any = on.window.tabs.currentWidget()
        assert len(on.store._listeners) == before + 1
        page.desk.close()
        page.desk.close()
        assert len(on.store._listeners) == before
        on.window.tabs.close_page(page)

    inside(run_async, tmp_path, steps)
