"""The activity page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from tests.ui.desk import Shell, entries, parts_of, until
from vmdesk.core import failures
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text
from vmdesk.ui.models.activity import words_of
from vmdesk.ui.pages.activity import ActivityPage
from vmdesk.ui.parts import Parts

Run = Callable[[Any], Any]


def shown(run_async: Run, qtbot: QtBot, parts: Parts, count: int, talk: Callable[[ActivityPage], Any]) -> None:
    async def main() -> None:
        for entry in entries(count):
            parts.activity.add(entry)
        page = ActivityPage(parts)
        qtbot.addWidget(page)
        page.resize(900, 600)
        page.show()
        await until(lambda: not page.view.model.reading, "what happened")
        await talk(page)
        page.hide()
        await parts.jobs.close()
        await parts.activity.close()

    run_async(main())


def test_goes_to_the_machine_and_copies(run_async: Run, qtbot: QtBot, tmp_path: Path) -> None:
    parts = parts_of(tmp_path)

    async def talk(page: ActivityPage) -> None:
        table = page.view.table
        here = next(row for row in range(40) if page.view.model.entry(row).key in parts.store.domains)
        table.selectRow(here)
        qtbot.keyClick(table, Qt.Key.Key_Return)
        assert isinstance(parts.shell, Shell)
        assert parts.shell.opened == [page.view.model.entry(here).key]
        qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        line = QGuiApplication.clipboard().text().split("\t")
        assert len(line) == 5 and line[1] == page.view.model.entry(here).name
        gone = next(row for row in range(40) if page.view.model.entry(row).key not in parts.store.domains)
        table.open_machine(gone)
        assert len(parts.shell.opened) == 1
        menu = table.menu_for(here)
        menu.actions()[-1].trigger()
        assert len(parts.shell.opened) == 2

    shown(run_async, qtbot, parts, 80, talk)


def test_filter_line_and_kind(run_async: Run, qtbot: QtBot, tmp_path: Path) -> None:
    async def talk(page: ActivityPage) -> None:
        kind = page.findChild(QComboBox, "activity-kind")
        kind.setCurrentIndex(kind.findText("Disk errors"))
        await until(lambda: page.view.model.rowCount() == 10, "what is of that kind")
        page.findChild(QLineEdit, "activity-filter").setText("nowhere")
        await until(lambda: page.view.model.rowCount() == 0, "the filter")
        await until(lambda: page.view.table._empty == "Nothing found.", "the words for nothing")
        page.grab()

    shown(run_async, qtbot, parts_of(tmp_path), 60, talk)


def test_what_failed_is_a_kind_and_goes_to_its_machine(run_async: Run, qtbot: QtBot, tmp_path: Path) -> None:
    parts = parts_of(tmp_path)
    failures.follow(parts.activity, parts.jobs, parts.store)
    key, domain = next(iter(parts.store.domains.items()))

    async def refuse() -> None:
        raise VirtError(Problem(text("It does not start."), text("A disk is missing."), details="/x: <gone>"))

    async def talk(page: ActivityPage) -> None:
        kind, model = page.findChild(QComboBox, "activity-kind"), page.view.model
        kind.setCurrentIndex(kind.findText("What failed"))
        await until(lambda: not model.reading and model.rowCount() == 0, "nothing failed yet")
        await parts.jobs.start(text("Refreshing {name}", name="default"), refuse())
        await parts.jobs.start(text("Starting {name}", name=domain.name), refuse(), (key,))
        await until(lambda: model.rowCount() == 2, "both failures")
        assert words_of(model.entry(0))[1:] == (
            domain.name,
            parts.store.hosts[key.host].config.name,
            f"Failed: Starting {domain.name}",
            "A disk is missing.",
        )
        tip = model.data(model.index(0, 4), Qt.ItemDataRole.ToolTipRole)
        assert "It does not start." in tip and "&lt;gone&gt;" in tip
        assert page.view.table.menu_for(0).actions()[-1].text() == f"Go to {domain.name}"
        assert not any("Go to" in action.text() for action in page.view.table.menu_for(1).actions())

    shown(run_async, qtbot, parts, 12, talk)


def test_empty_says_what_will_stand_there(run_async: Run, qtbot: QtBot, tmp_path: Path) -> None:
    async def talk(page: ActivityPage) -> None:
        assert "will stand here" in page.view.table._empty
        page.grab()

    shown(run_async, qtbot, parts_of(tmp_path), 0, talk)
