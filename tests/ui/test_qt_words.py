"""Qt's own texts."""

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from vmdesk.core import language
from vmdesk.core.paths import RESOURCES
from vmdesk.model.text import use_language
from vmdesk.ui.qt_words import QtWords


@pytest.fixture(autouse=True)
def _english_again(qapp: QApplication) -> Iterator[None]:
    words = QtWords()
    qapp.installTranslator(words)
    yield
    qapp.removeTranslator(words)
    use_language(RESOURCES / "i18n", "en")


def menu_of_a_text_field(qtbot: QtBot) -> list[str]:
    field = QLineEdit()
    qtbot.addWidget(field)
    menu = field.createStandardContextMenu()
    qtbot.addWidget(menu)
    return [action.text().partition("\t")[0] for action in menu.findChildren(QAction) if action.text()]


def test_menus_of_text_fields(qtbot: QtBot) -> None:
    assert "&Copy" in menu_of_a_text_field(qtbot)
    language.use("vi")
    found = menu_of_a_text_field(qtbot)
    assert "&Chép" in found and "Chọn tất cả" in found


def test_what_is_not_known_stays(qapp: QApplication) -> None:
    assert qapp.translate("QFileDialog", "Something of Qt") == "Something of Qt"
