"""The activity page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from tests.ui.desk import Shell, entries, parts_of, until
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


def test_empty_says_what_will_stand_there(run_async: Run, qtbot: QtBot, tmp_path: Path) -> None:
    async def talk(page: ActivityPage) -> None:
        assert "will stand here" in page.view.table._empty
        page.grab()

    shown(run_async, qtbot, parts_of(tmp_path), 0, talk)
