"""Alt and a letter: each letter means one thing."""

from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QMenuBar, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from vmdesk.ui.widgets.mnemonics import letter, settle, share_out


def test_a_letter_is_what_follows_the_mark() -> None:
    assert [letter(one) for one in ("&Name", "Ne&xt", "Salt && &pepper", "R&&D", "plain")] == ["n", "x", "p", "", ""]


def test_who_asks_first_keeps_it_and_others_take_another_of_their_own() -> None:
    assert share_out(["&Copy", "&Cloud image", "&C", "&Delete"], {"d"}) == ["&Copy", "Cloud &image", "C", "D&elete"]


def test_what_no_keyboard_types_is_none() -> None:
    assert share_out(["&Ổ đĩa", "S&ố lượng"]) == ["Ổ đĩ&a", "&Số lượng"]


def test_marks_and_double_marks_stay_apart() -> None:
    assert share_out(["&Salt", "&Salt && pepper"]) == ["&Salt", "Salt && &pepper"]


def test_what_is_seen_now_counts(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    bar = QMenuBar(window)
    bar.addMenu("&Machine")
    page, line = QWidget(), QLineEdit()
    label, plain = QLabel("&Memory"), QLabel("Salt & pepper")
    label.setBuddy(line)
    one, other = QCheckBox("&Copy"), QCheckBox("&Close")
    inner = QVBoxLayout(page)
    for widget in (label, plain, line, other, one):
        inner.addWidget(widget)
    QVBoxLayout(window).addWidget(page)
    window.show()
    settle(page, (one,))
    assert [one.text(), other.text(), label.text(), plain.text()] == ["&Copy", "C&lose", "M&emory", "Salt & pepper"]
    other.setText("&Copy it")
    one.hide()
    settle(page, (one,))
    assert other.text() == "&Copy it"
