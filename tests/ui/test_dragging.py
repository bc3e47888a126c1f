"""Machines pulled from the table onto a group, a tag or the trash."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.ui.window import Standing
from vmdesk.core.labels import LabelsEdit
from vmdesk.model.domain import Domain
from vmdesk.ui import dragged
from vmdesk.ui.models.domains import Scope
from vmdesk.ui.models.sidebar import TRASH

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def standing(qtbot: QtBot, tmp_path: Path) -> Iterator[Standing]:
    made = Standing(tmp_path)
    made.window.show()
    qtbot.waitExposed(made.window)
    made.window.machines.settle()
    yield made
    made.close()
    assert not made.bugs


def some(standing: Standing, count: int) -> list[Domain]:
    return [standing.store.domains[key] for key in standing.window.machines.model.keys[:count]]


def drop(standing: Standing, scope: Scope, data: QMimeData) -> bool:
    bar = standing.window.sidebar
    where = QPointF(bar.visualRect(standing.window.sidebar_model.index_of(scope)).center())
    event = QDropEvent(where, Qt.DropAction.LinkAction, data, LEFT, PLAIN)
    bar.dropEvent(event)
    return event.isAccepted()


@pytest.mark.parametrize(
    ("scope", "command", "change"),
    [
        (Scope("group", "shop"), "domain.labels", LabelsEdit(group="shop")),
        (Scope("tag", "db"), "domain.labels", LabelsEdit(add=("db",))),
        (TRASH, "domain.trash", None),
    ],
)
def test_where_they_are_let_go(
    standing: Standing, monkeypatch: pytest.MonkeyPatch, scope: Scope, command: str, change: LabelsEdit | None
) -> None:
    gone = standing.store.domains[standing.window.machines.model.keys[-1]]
    standing.store.update([replace(gone, definition=replace(gone.definition, trashed=1.0))])
    standing.window.sidebar_model.settle()
    ran: list[object] = []
    monkeypatch.setattr(standing.window, "run", lambda *what: ran.append(what))
    domains = some(standing, 3)
    assert drop(standing, scope, dragged.pack(domains))
    keys = tuple(one.key for one in domains)
    assert ran == [(command, keys, change) if change else (command, keys)]


def test_only_machines_and_only_there(standing: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing.window, "run", lambda *what: pytest.fail(f"ran {what}"))
    words = QMimeData()
    words.setText("rm -rf /")
    assert not drop(standing, Scope("group", "shop"), words)
    assert not drop(standing, Scope(), dragged.pack(some(standing, 1)))
    odd = QMimeData()
    odd.setData(dragged.FORMAT, b"\xff\xfe\n\t\nno tab")
    assert not drop(standing, Scope("group", "shop"), odd)


def test_a_name_for_everything_else(standing: Standing) -> None:
    domains = some(standing, 2)
    packed = dragged.pack(domains)
    assert packed.text() == f"{domains[0].name}\n{domains[1].name}"
    assert dragged.unpack(packed) == tuple(one.key for one in domains)


def test_a_pull_begins_on_what_is_selected(standing: Standing) -> None:
    table = standing.window.machines.table
    view, pulled = table.viewport(), []
    table.dragged.disconnect()
    table.dragged.connect(pulled.append)
    spots = [table.visualRect(table.model().index(row, 0)).center() for row in range(3)]
    QTest.mouseClick(view, LEFT, PLAIN, spots[0])
    QTest.mouseClick(view, LEFT, Qt.KeyboardModifier.ShiftModifier, spots[1])
    chosen = table.selected_keys()
    assert len(chosen) == 2
    QTest.mousePress(view, LEFT, PLAIN, spots[1])
    assert table.selected_keys() == chosen, "not before it is let go"
    QTest.mouseMove(view, spots[1] + QPoint(2, 0))
    assert not pulled
    QTest.mouseMove(view, spots[1] + QPoint(60, 40))
    assert [one.key for one in pulled[0]] == chosen and len(pulled) == 1
    QTest.mouseRelease(view, LEFT, PLAIN, spots[1])
    QTest.mouseClick(view, LEFT, PLAIN, spots[1])
    assert table.selected_keys() == [chosen[1]], "a click chooses it alone"
    assert table.current_key() == chosen[1]
    QTest.mouseClick(view, LEFT, PLAIN, spots[2])
    assert len(table.selected_keys()) == 1
