"""For every test of the window: an application, and a way to run coroutines on Qt's loop."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from qasync import QEventLoop


@pytest.fixture(autouse=True)
def _application(qapp: QApplication) -> None:
    """There is always one."""


@pytest.fixture
def run_async(qapp: QApplication) -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """`run_async(coroutine)`: runs it to its end on a qasync loop, as the program does."""
    with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp, already_running=False)) as runner:
        yield runner.run


@pytest.fixture(autouse=True)
def _no_window_is_left(qapp: QApplication) -> Iterator[None]:
    """What a test leaves open is taken away, so that the next one does not find it."""
    yield
    for widget in QApplication.topLevelWidgets():
        widget.close()
        widget.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture(autouse=True)
def _no_key_is_left_down(qapp: QApplication) -> Iterator[None]:
    """Qt holds Ctrl of a test's Ctrl+C for down until the next event: a row selected by code would be added to the
    selection.
    """
    yield
    if qapp.keyboardModifiers() is not Qt.KeyboardModifier.NoModifier:
        widget = QWidget()
        QTest.keyRelease(widget, Qt.Key.Key_Control)
        widget.deleteLater()
