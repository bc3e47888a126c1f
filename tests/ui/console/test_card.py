"""The card with words where no picture is."""

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from vmdesk.ui.console.card import Card, Words

LONG = "Nothing answers at host.example:5900. Check that the machine runs and that no firewall stands between."


@pytest.mark.parametrize(("body", "details"), [("", ""), (LONG, ""), (LONG, "[Errno 111] Connection refused")])
def test_as_large_as_its_words(qtbot: QtBot, body: str, details: str) -> None:
    """Nothing is cut off, nothing is torn apart, whatever it showed before."""
    around = QWidget()
    qtbot.addWidget(around)
    around.resize(900, 600)
    card = Card(around)
    around.show()
    card.show_words(Words("before", "lock", "Something else", LONG * 3, "", (("One", print), ("Two", print))))
    card.show_words(Words("now", "lan-disconnect", "No picture came.", body, details, (("Try again", print),)))
    qtbot.wait(50)
    labels = [label for label in card.findChildren(QLabel) if label.isVisible()]
    assert len(labels) == 2 + bool(body) + bool(details)
    for label in labels:
        assert label.height() == (label.heightForWidth(label.width()) if label.text() else 48), label.text()
    (button,) = (one for one in card.findChildren(QPushButton) if one.isVisible())
    assert button.height() >= button.sizeHint().height()
    assert card.rect().contains(button.geometry())
    assert abs(card.geometry().center().y() - around.rect().center().y()) <= 1
