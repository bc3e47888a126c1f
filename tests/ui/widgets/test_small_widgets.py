"""Tags, facts, layouts, buttons, bars, the picture of the processors."""

import re

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.machines import machine, store_of
from vmdesk.model.domain import State
from vmdesk.model.facts import Cell, Cpu, HostFacts
from vmdesk.ui.icons import icon
from vmdesk.ui.widgets.command_buttons import CommandButtons
from vmdesk.ui.widgets.facts import CopyButton, Fact, FactGroup, Facts, short
from vmdesk.ui.widgets.flow import Flow
from vmdesk.ui.widgets.stack_bar import Piece, StackBar
from vmdesk.ui.widgets.tags import Chip, TagEditor, TagRow
from vmdesk.ui.widgets.tool_button import ToolButton
from vmdesk.ui.widgets.topology import Topology, cells_of


@pytest.fixture
def tags(qtbot: QtBot) -> TagEditor:
    editor = TagEditor(["web"], ["web", "lab", "prod"])
    qtbot.addWidget(editor)
    editor.show()
    return editor


def test_enter_comma_and_blank_end_a_tag(tags: TagEditor, qtbot: QtBot) -> None:
    line = tags.findChild(QLineEdit, "tag-line")
    qtbot.keyClicks(line, "lab,prod db")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert tags.tags == ("web", "lab", "prod", "db")
    assert [chip.tag for chip in tags.findChildren(Chip) if chip.isVisible()] == ["web", "lab", "prod", "db"]


def test_a_tag_comes_once_only_and_what_is_being_typed_counts(tags: TagEditor, qtbot: QtBot) -> None:
    qtbot.keyClicks(tags.findChild(QLineEdit, "tag-line"), "Web,x")
    assert tags.tags == ("web", "x")


def test_backspace_and_a_click_take_tags_away(tags: TagEditor, qtbot: QtBot) -> None:
    line = tags.findChild(QLineEdit, "tag-line")
    qtbot.keyClicks(line, "lab,")
    qtbot.keyClick(line, Qt.Key.Key_Backspace)
    assert tags.tags == ("web",)
    next(chip for chip in tags.findChildren(Chip) if chip.isVisible()).click()
    assert tags.tags == ()


def test_tags_to_be_read(qtbot: QtBot) -> None:
    row = TagRow()
    qtbot.addWidget(row)
    row.set_tags(("a", "b"))
    assert [chip.text() for chip in row.findChildren(Chip)] == ["a", "b"]
    row.set_tags(())
    assert row.isHidden()


def test_flow_begins_a_new_line_where_the_width_ends(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    flow = Flow(widget, 8)
    for _ in range(4):
        part = QWidget()
        part.setFixedSize(100, 20)
        flow.addWidget(part)
    assert flow.heightForWidth(500) == 20
    assert flow.heightForWidth(220) == 48
    flow.setGeometry(QRect(0, 0, 220, 48))
    assert [item.geometry().topLeft().toTuple() for item in (flow.itemAt(1), flow.itemAt(2)) if item] == [
        (108, 0),
        (0, 28),
    ]


def test_facts_change_in_place_and_are_copied_whole(qtbot: QtBot) -> None:
    copied: list[str] = []
    facts = Facts(copied.append)
    qtbot.addWidget(facts)
    path = "/a/very/long/path/to/a/disk/image.qcow2"
    facts.set_groups([FactGroup("Disks", (Fact("vda", short(path), path), Fact("vdb", "empty")))])
    facts.findChildren(CopyButton)[0].click()
    assert copied == [path]
    labels = facts.findChildren(QLabel)
    facts.set_groups([FactGroup("Disks", (Fact("vda", "new"), Fact("vdb", "empty")))])
    assert facts.findChildren(QLabel) == labels
    assert facts.text() == "Disks\nvda: new\nvdb: empty"


@pytest.mark.parametrize(
    "value", ["9a4db1ac-620e-4a4d-9b3c-f126509adb11", "/srv/a/very/long/path.qcow2", "x" * 70, "a short one", "--" * 20]
)
def test_long_values_break_and_are_copied_as_they_are(value: str, qtbot: QtBot) -> None:
    facts = Facts()
    qtbot.addWidget(facts)
    facts.set_groups([FactGroup("", (Fact("What", value),))])
    facts.resize(13 * 8 + 150, 300)
    facts.show()
    label = next(one for one in facts.findChildren(QLabel) if one.accessibleName())
    longest = max(label.fontMetrics().horizontalAdvance(piece) for piece in re.split(r"[\s\u200b]", label.text()))
    assert longest <= 100 and label.text().replace("\u200b", "") == value
    label.setFocus()
    label.setSelection(0, len(label.text()))
    qtbot.keySequence(label, QKeySequence(QKeySequence.StandardKey.Copy))
    assert QGuiApplication.clipboard().text() == value


@pytest.mark.parametrize(("words", "most"), [("short", 24), ("x" * 24, 24), ("y" * 60, 24), ("z" * 61, 31)])
def test_short_is_short(words: str, most: int) -> None:
    assert len(short(words, most)) <= most


def test_buttons_say_why_they_are_off(qtbot: QtBot) -> None:
    ran: list[str] = []
    buttons = CommandButtons(ran.append)
    qtbot.addWidget(buttons)
    store = store_of(0)
    domain = machine(0, state=State.RUNNING)
    buttons.show_machine(domain, store.hosts["laptop"])
    start, shutdown = buttons.button("domain.start"), buttons.button("domain.shutdown")
    assert start is not None and shutdown is not None
    assert not start.isEnabled() and "already running" in start.toolTip()
    assert shutdown.isEnabled()
    shutdown.click()
    assert ran == ["domain.shutdown"]
    assert buttons.findChild(QPushButton, "more").accessibleName()


def test_pause_and_resume_share_a_place(qtbot: QtBot) -> None:
    buttons = CommandButtons(lambda command: None)
    qtbot.addWidget(buttons)
    host = store_of(0).hosts["laptop"]
    buttons.show_machine(machine(0, state=State.RUNNING), host)
    assert buttons.button("domain.pause") and not buttons.button("domain.resume")
    buttons.show_machine(machine(0, state=State.PAUSED, reason="user"), host)
    assert buttons.button("domain.resume") and not buttons.button("domain.pause")


def test_stack_bar_tells_its_pieces(qtbot: QtBot) -> None:
    bar = StackBar("CPU")
    qtbot.addWidget(bar)
    bar.resize(200, 40)
    bar.show_pieces([Piece("web-01: 50 %", 0.5, 0), Piece("the rest: 25 %", 0.25)], "75 %")
    bar.grab()
    assert bar.words_at(50, 25) == "web-01: 50 %"
    assert bar.words_at(120, 25) == "the rest: 25 %"
    assert bar.words_at(190, 25) == ""
    assert bar.words_at(50, 5) == "CPU: 75 %"
    assert "web-01" in bar.accessibleDescription()


def test_topology_tells_each_cpu(qtbot: QtBot) -> None:
    cpus = tuple(Cpu(n, 0, n % 2, (n % 2, n % 2 + 2)) for n in range(4))
    facts = HostFacts(cells=(Cell(0, 8 * 1024 * 1024, 1024 * 1024, cpus, distances=((0, 10), (1, 21))),))
    view = Topology()
    qtbot.addWidget(view)
    view.show_facts(facts)
    view.resize(400, view.heightForWidth(400))
    view.grab()
    assert len(view._nodes[0].cores) == 2
    area, cpu = view._nodes[0].threads[0]
    words = view.words_at(area.center().x(), area.center().y())
    assert words.startswith(f"CPU {cpu.id}: socket 0") and "shares its core" in words
    assert "4 CPUs" in view.accessibleDescription()
    assert "2.1 ×" in view.words_at(390, view.height() - 2)


def test_topology_from_counts_where_nothing_else_is_told() -> None:
    (cell,) = cells_of(HostFacts(cpus=8, sockets=1, cores=4, threads=2))
    assert len({cpu.siblings for cpu in cell.cpus}) == 4
    assert cells_of(HostFacts()) == ()


def test_clipboard_is_used_where_nobody_else_copies(qtbot: QtBot) -> None:
    button = CopyButton("name", lambda: "web-01")
    qtbot.addWidget(button)
    button.click()
    assert QGuiApplication.clipboard().text() == "web-01"


def test_words_of_a_button_stand_in_its_middle(qtbot: QtBot) -> None:
    button = ToolButton()
    qtbot.addWidget(button)
    button.setIcon(icon("save"))
    button.setText("Words")
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setAutoRaise(True)
    button.resize(300, 40)
    image = button.grab().toImage()
    ground = image.pixel(1, 1)
    inked = [x for x in range(300) if any(image.pixel(x, y) != ground for y in range(8, 32))]
    assert inked, "nothing is painted"
    left, right = inked[0], 299 - inked[-1]
    assert abs(left - right) < 12, (left, right)
    assert inked[-1] - inked[0] > 30, "both of them"
