"""With the keyboard alone: Tab gets to everything on every page, and away again."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QRadioButton, QTabWidget, QWidget

from tests.ui.test_app_inside import Play, play, until  # noqa: F401 - a fixture
from vmdesk.app import App

STEPS = 400


def can_be_reached(window: QWidget) -> Iterator[QWidget]:
    """What is seen and takes the keyboard."""
    for widget in window.findChildren(QWidget):
        takes = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
        # Of a group of radio buttons one is on the way; arrows lead to the others.
        other = isinstance(widget, QRadioButton) and widget.autoExclusive() and not widget.isChecked()
        if takes and not other and widget.isEnabled() and widget.isVisible() and widget.window() is window:
            yield widget


def gone_round(window: QWidget, key: Qt.Key) -> list[QWidget]:
    """Where Tab leads, until it leads to where it began."""
    seen: list[QWidget] = []
    for _ in range(STEPS):
        now = window.focusWidget()
        assert now is not None, f"after {seen[-1:]} the keyboard is nowhere"
        if seen and now is seen[0]:
            return seen
        seen.append(now)
        QTest.keyClick(now, key)
    raise AssertionError(f"no way round: {[name_of(one) for one in seen[-6:]]}")


def name_of(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.objectName()} {widget.accessibleName()!r}"


def pages(app: App) -> Iterator[str]:
    """Each page with each of its inner tabs, raised one after the other."""
    window, domain = app.window, next(one for one in app.store.domains.values() if one.active)
    yield "machines"
    openings: tuple[Any, ...] = (
        lambda: window.open_machine(domain.key),
        lambda: window.open_host(domain.key.host),
        lambda: window.open_page("activity"),
        lambda: window.open_page("preferences"),
        lambda: window.open_page("trash"),
        window.open_new,
    )
    for open_it in openings:
        open_it()
        page: Any = window.tabs.currentWidget()
        inner = page.findChildren(QTabWidget)[:1]
        for place in range(inner[0].count() if inner else 1):
            name = inner[0].tabText(place) if inner else ""
            if name == "Console":
                continue  # there Tab is a key like others
            if inner:
                inner[0].setCurrentIndex(place)
            if name == "XML":
                continue  # likewise; it is raised because going down with it crashed once
            yield f"{page.key} {name}"


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Backtab])
def test_the_keyboard_gets_everywhere(play: Play, key: Qt.Key) -> None:  # noqa: F811
    async def script(app: App) -> None:
        try:
            await walk(app)
        finally:
            app.end()

    async def walk(app: App) -> None:
        await until(lambda: len(app.store.domains) == 30)
        window = app.window
        window.activateWindow()
        window.machines.settle()
        missed = {}
        for page in pages(app):
            await asyncio.sleep(0.3)
            window.filter.setFocus()
            there = gone_round(window, key)
            missed[page] = [name_of(one) for one in can_be_reached(window) if one not in there]
        assert {page: names for page, names in missed.items() if names} == {}

    assert play(script) == 0
