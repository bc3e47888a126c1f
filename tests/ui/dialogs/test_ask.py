"""Questions to the person in front of the window: awaited, and the answer is what was clicked."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.desk import Shell
from tests.ui.machines import machine, store_of
from vmdesk.core.command import Confirm, Offer, Question
from vmdesk.core.commands.domain import BY_ID
from vmdesk.core.settings import SettingsFile
from vmdesk.model.domain import Labels
from vmdesk.model.text import Text, text
from vmdesk.ui.dialogs.ask import ConfirmDialog, QuestionDialog, WindowAsk
from vmdesk.ui.dialogs.labels import LabelsDialog
from vmdesk.ui.parts import Level

Run = Callable[[Any], Any]
DELETE = Confirm(
    "domain.discard-save", text("Discard?"), text("The saved state is lost."), text("Discard"), ("web-01", "db-01")
)


@pytest.fixture
def shell(qtbot: QtBot) -> Shell:
    shell = Shell()
    shell.parent = QWidget()
    qtbot.addWidget(shell.parent)
    shell.parent.show()
    return shell


@pytest.fixture
def settings(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.json")


@pytest.fixture
def ask(shell: Shell, settings: SettingsFile) -> WindowAsk:
    return WindowAsk(lambda: shell, store_of(3), settings)


def soon(shell: Shell, kind: type, do: Callable[[Any], object]) -> None:
    """Do something to the dialog once it is open."""

    def look() -> None:
        assert shell.parent is not None
        dialog = shell.parent.findChild(kind)
        if dialog is not None and dialog.isVisible():
            do(dialog)
        else:
            asyncio.get_running_loop().call_later(0.01, look)

    asyncio.get_running_loop().call_soon(look)


def answer(run_async: Run, shell: Shell, kind: type, do: Callable[[Any], object], question: Callable[[], Any]) -> Any:
    async def talk() -> Any:
        soon(shell, kind, do)
        return await question()

    return run_async(talk())


def test_confirmed(run_async: Run, ask: WindowAsk, shell: Shell, settings: SettingsFile) -> None:
    assert answer(run_async, shell, ConfirmDialog, lambda d: d.action.click(), lambda: ask.confirm(DELETE)) is True
    assert settings.current.confirms(DELETE.id)


def test_not_confirmed(run_async: Run, ask: WindowAsk, shell: Shell) -> None:
    assert answer(run_async, shell, ConfirmDialog, lambda d: d.cancel.click(), lambda: ask.confirm(DELETE)) is False
    assert answer(run_async, shell, ConfirmDialog, lambda d: d.reject(), lambda: ask.confirm(DELETE)) is False


def test_enter_does_not_destroy(run_async: Run, ask: WindowAsk, shell: Shell, qtbot: QtBot) -> None:
    def press(dialog: ConfirmDialog) -> None:
        assert [dialog.findChild(QListWidget).item(n).text() for n in (0, 1)] == ["web-01", "db-01"]
        qtbot.keyClick(dialog, Qt.Key.Key_Return)

    assert answer(run_async, shell, ConfirmDialog, press, lambda: ask.confirm(DELETE)) is False


def test_asked_never_again(run_async: Run, ask: WindowAsk, shell: Shell, settings: SettingsFile) -> None:
    def agree(dialog: ConfirmDialog) -> None:
        assert dialog.again is not None
        dialog.again.setChecked(True)
        dialog.action.click()

    answer(run_async, shell, ConfirmDialog, agree, lambda: ask.confirm(DELETE))
    assert not settings.current.confirms(DELETE.id)


def test_what_always_asks_cannot_be_switched_off(qtbot: QtBot) -> None:
    dialog = ConfirmDialog(None, Confirm("x", text("?"), text("!"), text("Do"), always=True))
    qtbot.addWidget(dialog)
    assert dialog.again is None


def test_giving_up_closes_the_dialog(run_async: Run, ask: WindowAsk, shell: Shell) -> None:
    async def talk() -> None:
        task = asyncio.ensure_future(ask.confirm(DELETE))
        await asyncio.sleep(0.05)
        assert shell.parent is not None and shell.parent.findChild(ConfirmDialog).isVisible()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.05)
        assert shell.parent.findChild(ConfirmDialog) is None

    run_async(talk())


def no_blank(answer: str) -> Text | None:
    return text("A name has no blanks.") if " " in answer else None


NAME = Question(text("Rename"), text("New name:"), "web-01", text("Rename"), no_blank)


def test_question(run_async: Run, ask: WindowAsk, shell: Shell, qtbot: QtBot) -> None:
    def type_it(dialog: QuestionDialog) -> None:
        assert dialog.line.selectedText() == "web-01"
        dialog.line.setText("a b")
        assert not dialog.action.isEnabled()
        dialog.line.setText(" web-02 ")
        qtbot.keyClick(dialog.line, Qt.Key.Key_Return)

    assert answer(run_async, shell, QuestionDialog, type_it, lambda: ask.text(NAME)) == "web-02"


def test_question_given_up(run_async: Run, ask: WindowAsk, shell: Shell) -> None:
    assert answer(run_async, shell, QuestionDialog, lambda d: d.reject(), lambda: ask.text(NAME)) is None


def test_labels_of_one(run_async: Run, ask: WindowAsk, shell: Shell) -> None:
    domain = machine(1, labels=Labels("Old", "About", "", "shop", ("web", "lab")))

    def edit(dialog: LabelsDialog) -> None:
        dialog._title.setText("New")  # type: ignore[union-attr]
        dialog._tags.findChild(QWidget, "tag-line").setText("prod")
        dialog._tags._remove("web")
        dialog.action.click()

    found = answer(run_async, shell, LabelsDialog, edit, lambda: ask.labels([domain]))
    assert (found.title, found.description, found.notes, found.group) == ("New", None, None, None)
    assert (found.add, found.remove) == (("prod",), ("web",))


def test_labels_of_many_touch_only_what_was_changed(qtbot: QtBot) -> None:
    one = machine(1, labels=Labels("One", group="a", tags=("web", "x")))
    two = machine(2, labels=Labels("Two", group="b", tags=("web",)))
    dialog = LabelsDialog(None, [one, two], ["web", "x"], ["a", "b"])
    qtbot.addWidget(dialog)
    edit = dialog.edit()
    assert edit.apply(one.labels) == one.labels and edit.apply(two.labels) == two.labels
    dialog._group.setCurrentText("c")
    dialog._tags._remove("x")
    edit = dialog.edit()
    assert edit.apply(one.labels) == Labels("One", group="c", tags=("web",))
    assert edit.apply(two.labels) == Labels("Two", group="c", tags=("web",))


def test_offers_and_notes_go_to_the_notice_bar(ask: WindowAsk, shell: Shell) -> None:
    key = machine(1).key
    ask.offer(Offer(text("It does not listen."), BY_ID["domain.poweroff"], (key,)))
    ask.tell(text("Copied."))
    offer, note = shell.notices
    assert (offer.level, note.level) == (Level.WARNING, Level.INFO)
    offer.actions[0][1]()
    assert shell.ran == [("domain.poweroff", (key,))]
    ask.offer(Offer(text("It is in the trash."), BY_ID["domain.untrash"], (key,), undo=True))
    undo = shell.notices[-1]
    assert undo.level is Level.INFO and undo.actions[0][0] == "Undo"  # nothing is wrong
    undo.actions[0][1]()
    assert shell.ran[-1] == ("domain.untrash", (key,))
    ask.copy("words")
    ask.open(key)
    assert (shell.copied, shell.opened) == (["words"], [key])


def test_every_control_has_a_name(qtbot: QtBot) -> None:
    dialogs = [
        ConfirmDialog(None, DELETE),
        QuestionDialog(None, NAME),
        LabelsDialog(None, [machine(1)], ["a"], ["b"]),
    ]
    for dialog in dialogs:
        qtbot.addWidget(dialog)
        for button in dialog.findChildren(QPushButton):
            assert button.text() or button.accessibleName()
