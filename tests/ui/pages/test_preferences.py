"""Preferences: what is chosen is kept at once, what others change is shown."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.ui.desk import Shell, parts_of
from vmdesk.core.settings import Settings, SettingsFile
from vmdesk.ui.dialogs.ask import ConfirmDialog
from vmdesk.ui.pages.preferences import PreferencesPage
from vmdesk.ui.parts import Parts
from vmdesk.ui.widgets.shortcuts import all_keys

Run = Callable[[Any], Any]


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return parts_of(tmp_path)


@pytest.fixture
def page(parts: Parts, qtbot: QtBot) -> PreferencesPage:
    page = PreferencesPage(parts)
    qtbot.addWidget(page)
    page.show()
    return page


def now(parts: Parts) -> Settings:
    """What stands in the file."""
    return SettingsFile(parts.paths.settings_file).load()


def test_choices_are_kept_at_once(page: PreferencesPage, parts: Parts) -> None:
    assert not parts.paths.settings_file.exists()
    page.findChild(QComboBox, "theme").setCurrentIndex(2)
    page.findChild(QComboBox, "language").setCurrentIndex(2)
    page.findChild(QDoubleSpinBox, "others").setValue(30)
    page.findChild(QCheckBox, "notify_jobs").setChecked(False)
    page.findChild(QCheckBox, "ask-domain.poweroff").setChecked(False)
    line = page.findChild(QLineEdit, "ssh_user")
    line.setText("lan")
    line.editingFinished.emit()
    kept = now(parts)
    assert (kept.theme, kept.language, kept.others, kept.notify_jobs, kept.ssh_user) == ("dark", "vi", 30, False, "lan")
    assert not kept.confirms("domain.poweroff") and kept.confirms("domain.reset")


def test_shows_what_others_change(page: PreferencesPage, parts: Parts) -> None:
    parts.settings.set(theme="light", shutdown_wait=90.0)
    assert page.findChild(QComboBox, "theme").currentData() == "light"
    assert page.findChild(QDoubleSpinBox, "shutdown_wait").value() == 90
    page.hide()
    parts.settings.set(theme="dark")
    page.show()
    assert page.findChild(QComboBox, "theme").currentData() == "dark"


def test_deleting_cannot_be_made_silent(page: PreferencesPage) -> None:
    assert page.findChild(QCheckBox, "ask-domain.undefine") is None


def keys(page: PreferencesPage, command: str) -> QKeySequenceEdit:
    found = page.shortcuts.findChild(QKeySequenceEdit, f"keys-{command}")
    assert found is not None
    return found


def test_a_shortcut_is_changed_and_reset(page: PreferencesPage, parts: Parts) -> None:
    keys(page, "domain.start").setKeySequence(QKeySequence("Ctrl+Alt+R"))
    assert now(parts).shortcuts == {"domain.start": "Ctrl+Alt+R"}
    keys(page, "domain.start").setKeySequence(QKeySequence())
    assert now(parts).shortcuts == {"domain.start": ""}
    page.shortcuts.findChild(QToolButton, "reset-domain.start").click()
    assert now(parts).shortcuts == {}


def test_a_taken_shortcut_is_told_and_may_be_taken(page: PreferencesPage, parts: Parts) -> None:
    page.tabs.setCurrentWidget(page.shortcuts)
    keys(page, "domain.start").setKeySequence(QKeySequence("Ctrl+D"))
    row = page.shortcuts._rows["domain.start"]
    assert row.words.text() == "Ctrl+D belongs to “Shut down”."
    assert now(parts).shortcuts == {}
    page.shortcuts.findChild(QPushButton, "take-domain.start").click()
    assert now(parts).shortcuts == {"domain.shutdown": "", "domain.start": "Ctrl+D"}
    assert keys(page, "domain.shutdown").keySequence().isEmpty()
    assert row.wrong.isHidden()


def test_keys_that_are_needed_for_typing_are_refused(page: PreferencesPage, parts: Parts) -> None:
    keys(page, "domain.start").setKeySequence(QKeySequence("A"))
    assert now(parts).shortcuts == {}
    assert "typing" in page.shortcuts._rows["domain.start"].words.text()


def test_the_standard_shortcuts_do_not_clash() -> None:
    taken = [one.standard for one in all_keys() if one.standard]
    assert len(taken) == len(set(taken))
    assert all(QKeySequence(one.standard)[0].key().value for one in all_keys() if one.standard)


def test_commands_are_found(page: PreferencesPage) -> None:
    page.tabs.setCurrentWidget(page.shortcuts)
    page.shortcuts.findChild(QLineEdit).setText("force")
    seen = [name for name, row in page.shortcuts._rows.items() if row.name.isVisible()]
    assert seen == ["domain.poweroff"]


def test_reset_asks_and_keeps_hosts(page: PreferencesPage, parts: Parts, run_async: Run) -> None:
    parts.settings.set(theme="dark", columns=("name", "state"), others=99.0)
    assert isinstance(parts.shell, Shell)
    parts.shell.parent = page

    async def talk(agree: bool) -> None:
        page.findChild(QPushButton, "reset").click()
        await asyncio.sleep(0.05)
        dialog = page.findChild(ConfirmDialog)
        (dialog.action if agree else dialog.cancel).click()
        await asyncio.sleep(0.05)

    run_async(talk(False))
    assert now(parts).theme == "dark"
    run_async(talk(True))
    assert (now(parts).theme, now(parts).others, now(parts).columns) == ("system", 10.0, ("name", "state"))
    assert page.findChild(QComboBox, "theme").currentData() == "system"


def test_everything_on_every_tab_has_a_name(page: PreferencesPage) -> None:
    nameless = set()
    for place in range(page.tabs.count()):
        page.tabs.setCurrentIndex(place)
        for widget in page.findChildren(QWidget):
            if widget.isVisible() and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
                interface = QAccessible.queryAccessibleInterface(widget)
                inner = widget.objectName() == "qt_spinbox_lineedit"  # its box is what is read out
                if interface is not None and not inner and not interface.text(QAccessible.Text.Name):
                    nameless.add((type(widget).__name__, widget.objectName()))
    assert nameless == set()
