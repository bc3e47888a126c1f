"""The first picture of the window is the window, not a draft of it."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from tests.ui.window import Standing
from vmdesk.ui.widgets import scroll_bar


def test_no_bars_that_go_away_again(qtbot: QtBot, tmp_path: Path) -> None:
    standing = Standing(tmp_path)
    window = standing.window
    window.resize(1600, 900)
    window.show()
    window.machines.settle()
    scroll_bar.settle(window)
    shown = [
        area.objectName()
        for area in (window.machines.table, window.sidebar, window.machines.inspector)
        for bar in (area.horizontalScrollBar(), area.verticalScrollBar())
        if bar.isVisible()
    ]
    assert not shown
    standing.close()
