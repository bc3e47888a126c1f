from PySide6.QtCore import QRect
from PySide6.QtGui import QRegion
from pytestqt.qtbot import QtBot

from vmdesk.ui.console.pacer import FramePacer


def test_first_at_once_then_together(qtbot: QtBot) -> None:
    told: list[QRegion | None] = []
    pacer = FramePacer(told.append)
    pacer.show(True)
    assert told == [None]
    pacer.add([QRect(0, 0, 10, 10)])
    assert len(told) == 2
    for n in range(100):
        pacer.add([QRect(n, n, 1, 1)])
    assert len(told) == 2
    qtbot.waitUntil(lambda: len(told) == 3)
    assert told[2] is not None and told[2].boundingRect() == QRect(0, 0, 100, 100)
    assert told[2].rectCount() <= 16


def test_nothing_while_hidden_and_all_afterwards(qtbot: QtBot) -> None:
    told: list[QRegion | None] = []
    pacer = FramePacer(told.append)
    pacer.show(True)
    pacer.add([QRect(0, 0, 1, 1)])
    pacer.add([QRect(5, 5, 1, 1)])
    pacer.show(False)
    told.clear()
    pacer.add([QRect(0, 0, 10, 10)])
    qtbot.wait(30)
    assert told == []
    pacer.show(True)
    assert told == [None]
    pacer.show(False)
    pacer.show(True)
    assert told == [None], "nothing was missed"
