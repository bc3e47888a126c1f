from pytestqt.qtbot import QtBot

from vmdesk.ui.widgets.keys_line import KeysLine


def test_keys_are_taken_and_nonsense_is_told(qtbot: QtBot) -> None:
    line = KeysLine("passed_keys", several=True)
    qtbot.addWidget(line)
    told: list[tuple[str, ...]] = []
    line.chosen.connect(told.append)
    line.line.setText("Alt+Tab,  ctrl-pgdn,")
    line.line.editingFinished.emit()
    assert told == [("alt-tab", "ctrl-pagedown")]
    line.line.setText("alt-tab, foo")
    line.line.editingFinished.emit()
    assert len(told) == 1 and "foo" in line.complaint
    line.line.setText("")
    line.line.editingFinished.emit()
    assert told[-1] == () and not line.complaint


def test_release_keys_cannot_be_none(qtbot: QtBot) -> None:
    line = KeysLine("release_keys", several=False)
    qtbot.addWidget(line)
    told: list[tuple[str, ...]] = []
    line.chosen.connect(told.append)
    line.line.setText("")
    line.line.editingFinished.emit()
    line.line.setText("rightctrl")
    line.line.editingFinished.emit()
    assert told == [("rightctrl",)]
    line.show_keys(("ctrl-alt",))
    assert line.line.text() == "ctrl-alt"
