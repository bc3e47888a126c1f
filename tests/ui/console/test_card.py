"""The card with words where no picture is."""

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from vmdesk.ui import theme
from vmdesk.ui.console.card import Card, Strip, Words

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


def test_their_pictures_follow_light_and_dark(qtbot: QtBot, qapp: QApplication) -> None:
    around = QWidget()
    qtbot.addWidget(around)
    around.resize(900, 600)
    card, strip = Card(around), Strip(around)
    around.show()

    def drawn() -> list[QImage]:
        labels = [next(one for one in each.findChildren(QLabel) if not one.pixmap().isNull()) for each in (card, strip)]
        return [label.pixmap().toImage() for label in labels]

    before = qapp.palette()
    try:
        qapp.setPalette(theme.own_palette(False))
        card.show_words(Words("now", "lock", "No picture came."))
        strip.show_words("Another viewer took it.", "account")
        light = drawn()
        qapp.setPalette(theme.own_palette(True))
        qtbot.waitUntil(lambda: all(one != other for one, other in zip(light, drawn(), strict=True)))
    finally:
        qapp.setPalette(before)
