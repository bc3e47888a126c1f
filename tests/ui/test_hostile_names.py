"""A host decides what its machines are called: no name, title or note may be taken for HTML anywhere in the window."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.desk import full_machine, parts_of
from tests.ui.machines import store_of
from tests.ui.window import Standing
from vmdesk.core.command import Confirm
from vmdesk.core.notify import Announcement
from vmdesk.model.domain import Labels
from vmdesk.model.errors import Problem
from vmdesk.model.text import text
from vmdesk.ui.dialogs.ask import ConfirmDialog
from vmdesk.ui.notify import call_of
from vmdesk.ui.pages.machine import MachinePage
from vmdesk.ui.parts import Level, Notice

EVIL = "<b>web</b><img src='file:///etc/passwd'>"


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[Standing]:
    store = store_of(2)
    labels = Labels(EVIL, EVIL, EVIL, EVIL, (EVIL,))
    store.update([full_machine(labels=labels)])
    found = Standing(tmp_path, store=store)
    yield found
    found.close()


def rich(root: QWidget) -> list[str]:
    """Labels that would take what they show for HTML."""
    return [
        label.text()
        for label in root.findChildren(QLabel)
        if "<b>web" in label.text() and label.textFormat() != Qt.TextFormat.PlainText
    ]


def shown(root: QWidget) -> bool:
    return any("<b>web" in label.text() for label in root.findChildren(QLabel))


def test_the_window(standing: Standing, qtbot: QtBot) -> None:
    window = standing.window
    window.show()
    key = next(key for key, domain in standing.store.domains.items() if domain.labels.title == EVIL)
    window.reveal(key)
    window.notify(Notice(Problem(text("{name} is lost.", name=EVIL)), Level.ERROR))
    qtbot.waitUntil(lambda: shown(window))
    assert rich(window) == []
    row = standing.model.row_of(key)
    for column in range(standing.model.columnCount()):
        tip = standing.model.index(row, column).data(Qt.ItemDataRole.ToolTipRole) or ""
        assert "<b>" not in tip and "<img" not in tip


def test_the_machines_page(standing: Standing, tmp_path: Path, qtbot: QtBot) -> None:
    key = next(key for key, domain in standing.store.domains.items() if domain.labels.title == EVIL)
    page = MachinePage(parts_of(tmp_path / "page", standing.store), key)
    qtbot.addWidget(page)
    page.show()
    assert shown(page)
    assert rich(page) == []


def test_questions(qtbot: QtBot) -> None:
    message = text("Force {name} off?", name=EVIL)
    dialog = ConfirmDialog(None, Confirm("domain.poweroff", message, message, text("Force off"), (EVIL,)))
    qtbot.addWidget(dialog)
    assert shown(dialog)
    assert rich(dialog) == []


def test_notifications() -> None:
    call = " ".join(call_of(Announcement("Crashed", EVIL)))
    assert "<img" not in call and "&lt;img" in call
