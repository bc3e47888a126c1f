"""Closing with work going on, and mistakes of the program."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from vmdesk.core.jobs import Jobs
from vmdesk.core.settings import SettingsFile
from vmdesk.model.text import text
from vmdesk.ui.dialogs import closing
from vmdesk.ui.dialogs.closing import Closing, ClosingDialog
from vmdesk.ui.dialogs.crash import CrashDialog

Run = Callable[[Any], Any]


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def settings(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.json")


def close(
    run_async: Run,
    window: QWidget,
    settings: SettingsFile,
    do: Callable[[ClosingDialog, asyncio.Event], object],
    tray: bool = True,
) -> Closing:
    async def talk() -> Closing:
        jobs = Jobs(lambda error: None)
        end = asyncio.Event()

        async def work() -> None:
            await end.wait()

        jobs.start(text("Saving db-01"), work())
        asking = asyncio.ensure_future(closing.ask(window, jobs, settings, tray))
        await asyncio.sleep(0.02)
        dialog = window.findChild(ClosingDialog)
        if dialog is not None:
            do(dialog, end)
        choice = await asking
        end.set()
        await jobs.close()
        return choice

    found: Closing = run_async(talk())
    return found


def test_choices(run_async: Run, window: QWidget, settings: SettingsFile) -> None:
    assert close(run_async, window, settings, lambda d, end: d.action.click()) is Closing.WAIT
    assert close(run_async, window, settings, lambda d, end: d.findChild(QPushButton, "tray").click()) is Closing.TRAY
    assert close(run_async, window, settings, lambda d, end: d.cancel.click()) is Closing.CANCEL
    assert settings.current.closing == "ask"


def test_says_what_is_at_work_and_that_machines_go_on(run_async: Run, window: QWidget, settings: SettingsFile) -> None:
    def look(dialog: ClosingDialog, end: asyncio.Event) -> None:
        words = " ".join(label.text() for label in dialog.findChildren(QLabel))
        assert "Saving db-01" in words and "never stops a machine" in words
        dialog.reject()

    close(run_async, window, settings, look)


def test_without_a_tray_it_is_not_offered(run_async: Run, window: QWidget, settings: SettingsFile) -> None:
    def look(dialog: ClosingDialog, end: asyncio.Event) -> None:
        assert dialog.findChild(QPushButton, "tray") is None
        dialog.reject()

    close(run_async, window, settings, look, tray=False)


def test_when_the_last_job_ends_the_question_is_moot(run_async: Run, window: QWidget, settings: SettingsFile) -> None:
    assert close(run_async, window, settings, lambda d, end: end.set()) is Closing.WAIT


def test_always(run_async: Run, window: QWidget, settings: SettingsFile) -> None:
    def always(dialog: ClosingDialog, end: asyncio.Event) -> None:
        dialog.again.setChecked(True)
        dialog.findChild(QPushButton, "tray").click()

    close(run_async, window, settings, always)
    assert settings.current.closing == "tray"
    assert close(run_async, window, settings, lambda d, end: pytest.fail("asked")) is Closing.TRAY


def test_nothing_to_ask(run_async: Run, window: QWidget, settings: SettingsFile) -> None:
    async def talk() -> Closing:
        return await closing.ask(window, Jobs(lambda error: None), settings, True)

    assert run_async(talk()) is Closing.WAIT


def test_crash_report(window: QWidget, qtbot: QtBot) -> None:
    try:
        raise ZeroDivisionError("oops")
    except ZeroDivisionError as error:
        dialog = CrashDialog(window, error)
    dialog.show()
    dialog.add(KeyError("another"))
    dialog.findChild(QPushButton, "copy").click()
    report = QGuiApplication.clipboard().text()
    assert "ZeroDivisionError: oops" in report and "another" in report and "PySide6" in report
    dialog.action.click()
