"""The inspector: whatever is in it, it is as wide as its pane."""

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from tests.ui.desk import full_machine
from tests.ui.machines import Curves, store_of
from vmdesk.model.domain import Labels, State
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text
from vmdesk.ui.widgets.facts import CopyButton
from vmdesk.ui.widgets.inspector import Inspector

WORD = "a-name-without-any-place-to-break-it-anywhere-at-all-" * 4


class Bench:
    """An inspector with a way to run what it starts."""

    def __init__(self, qtbot: QtBot, fetch: Any = None) -> None:
        self.copied: list[str] = []
        self.started: list[Any] = []
        self.store = store_of(3)
        actions = [QAction(f"Action {n}") for n in range(6)]
        self.inspector = Inspector(
            Curves(self.store), actions, self.copied.append, fetch, lambda name, what: self.started.append(what)
        )
        self.inspector.actions_kept = actions  # type: ignore[attr-defined]
        qtbot.addWidget(self.inspector)
        self.inspector.resize(240, 1200)
        self.inspector.show()


@pytest.mark.parametrize("width", [208, 240, 400])
def test_nothing_is_cut_off_at_the_right(width: int, qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    inspector = bench.inspector
    inspector.resize(width, 1200)
    domain = full_machine(labels=Labels(WORD, WORD, WORD, WORD, (WORD,)), addresses=(WORD,))
    inspector.show_domain(domain, bench.store.hosts["laptop"])
    qtbot.wait(20)
    inner = inspector.widget()
    assert inner.width() == inspector.viewport().width()
    for part in (*inner.findChildren(QLabel), *inner.findChildren(CopyButton)):
        if part.isVisible():
            right = part.mapTo(inner, QPoint(part.width(), 0)).x()
            assert right <= inner.width(), part.objectName() or part.metaObject().className()


def test_facts_are_there_only_if_known_and_can_be_copied(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    domain = full_machine()
    bench.inspector.show_domain(domain, bench.store.hosts["laptop"])
    for button in bench.inspector.findChildren(CopyButton):
        if button.accessibleName() == "Copy UUID":
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert bench.copied == [domain.uuid]
    bench.inspector.show_domain(full_machine(addresses=()), bench.store.hosts["laptop"])
    qtbot.wait(10)  # the old rows go
    shown = [label.text() for label in bench.inspector.findChildren(QLabel) if label.isVisible()]
    assert "IP address" not in shown and "UUID" in shown


@pytest.mark.parametrize(("state", "word"), [(State.SHUTOFF, "Off"), (State.CRASHED, "Crashed")])
def test_a_machine_without_a_process_says_its_state_where_its_screen_would_be(
    state: State, word: str, qtbot: QtBot
) -> None:
    bench = Bench(qtbot)
    bench.inspector.show_domain(full_machine(state=state), bench.store.hosts["laptop"])
    thumbnail = next(one for one in bench.inspector.findChildren(object) if one.objectName() == "thumbnail")
    assert thumbnail.accessibleDescription() == word


def test_no_picture_is_said_in_plain_words(qtbot: QtBot) -> None:
    async def fetch(key: Any) -> bytes:
        raise VirtError(Problem(text("x"), text("Requested operation is not valid: no graphics backend"), name="other"))

    bench = Bench(qtbot, fetch)
    bench.inspector.show_domain(full_machine(), bench.store.hosts["laptop"])
    for task in bench.started:
        with pytest.raises(StopIteration):
            task.send(None)
    thumbnail = next(one for one in bench.inspector.findChildren(object) if one.objectName() == "thumbnail")
    assert thumbnail.accessibleDescription() == "No picture of its screen."
