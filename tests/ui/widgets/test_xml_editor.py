"""The XML editor: what one types, folds, finds; what is wrong is marked; showing a text changes nothing in it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette, QTextCursor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from vmdesk.core.checker import Checker
from vmdesk.core.jobs import Jobs
from vmdesk.model.text import text
from vmdesk.ui import theme
from vmdesk.ui.widgets.xml_colors import CONTRAST, KINDS, contrast, ink, readable
from vmdesk.ui.widgets.xml_editor import XmlEditor
from vmdesk.ui.widgets.xml_folding import ranges
from vmdesk.ui.widgets.xml_typing import closing_name, closing_tag, new_line, outdent
from vmdesk.virtxml import schema
from vmdesk.virtxml.source import Mistake, read

Run = Callable[[Any], Any]
KEY = Qt.Key
SMALL = """<domain type='kvm'>
  <name>a</name>
  <devices>
    <disk type='file'>
      <target dev='vda'/>
    </disk>
    <!-- two
    lines -->
  </devices>
</domain>
"""


@pytest.fixture
def editor(qtbot: QtBot) -> XmlEditor:
    editor = XmlEditor("xml", "Definition")
    qtbot.addWidget(editor)
    editor.resize(700, 500)
    editor.set_text(SMALL)
    editor.show()
    return editor


def at(editor: XmlEditor, words: str, after: bool = True) -> None:
    """The cursor beside the first place of `words`."""
    offset = editor.text().index(words) + (len(words) if after else 0)
    cursor = editor.area.textCursor()
    cursor.setPosition(editor.area.mirror.to_qt(offset))
    editor.area.setTextCursor(cursor)


def write(editor: XmlEditor, words: str) -> None:
    QTest.keyClicks(editor.area, words)
    editor.completion._popup.hide()


def visible(editor: XmlEditor) -> list[int]:
    document = editor.area.document()
    return [n + 1 for n in range(editor.area.blockCount()) if document.findBlockByNumber(n).isVisible()]


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    "words", [SMALL, "", "a\u00a0b", "<a>\U0001f600é</a>\n\n", "no end", "\tx  \n", "<a b='&#13;'/>"]
)
def test_what_is_shown_is_what_was_given(editor: XmlEditor, words: str) -> None:
    editor.set_text(words)
    assert editor.text() == words


def test_signs_that_qt_would_eat_become_references(editor: XmlEditor) -> None:
    editor.set_text("<a>\u2028\u2029</a>")
    assert editor.text() == "<a>&#x2028;&#x2029;</a>"


def test_set_text_is_silent_and_cannot_be_undone(editor: XmlEditor) -> None:
    told: list[int] = []
    editor.changed.connect(lambda: told.append(1))
    editor.set_text("<a/>")
    editor.area.undo()
    assert editor.text() == "<a/>" and not told
    at(editor, "<a")
    write(editor, " ")
    assert told and editor.text() == "<a />"
    editor.area.undo()
    assert editor.text() == "<a/>"
    editor.area.redo()
    assert editor.text() == "<a />"
    editor.replace_text("<b/>")
    assert editor.text() == "<b/>"
    editor.area.undo()
    assert editor.text() == "<a />"


def test_the_place_stays(editor: XmlEditor) -> None:
    at(editor, "dev='")
    editor.set_text(SMALL.replace("'kvm'", "'qemu'"))
    assert editor.area.textCursor().block().text().startswith("      <target")


def test_read_only(editor: XmlEditor) -> None:
    editor.set_read_only(True)
    at(editor, "<name>")
    QTest.keyClicks(editor.area, "x<>")
    QTest.keyClick(editor.area, KEY.Key_Return)
    QTest.keyClick(editor.area, KEY.Key_Backspace)
    assert editor.text() == SMALL and editor.read_only
    assert editor.area.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByKeyboard
    editor.open_find(True)
    assert editor.find_bar.instead.isHidden()


# ---------------------------------------------------------------- typing


def test_a_tag_is_closed(editor: XmlEditor) -> None:
    at(editor, "<devices>")
    QTest.keyClick(editor.area, KEY.Key_Return)
    assert editor.area.textCursor().block().text() == "    "
    write(editor, "<disk>")
    assert editor.area.textCursor().block().text() == "    <disk></disk>"
    QTest.keyClick(editor.area, KEY.Key_Return)
    lines = editor.text().split("\n")
    assert lines[3:6] == ["    <disk>", "      ", "    </disk>"]
    assert editor.area.textCursor().block().text() == "      "


def test_an_end_tag_knows_its_name(editor: XmlEditor) -> None:
    editor.set_text("<domain><os>")
    at(editor, "<os>")
    write(editor, "</")
    assert editor.text() == "<domain><os></os>"
    write(editor, "</")
    assert editor.text() == "<domain><os></os></domain>"


def test_quotation_marks_come_in_pairs(editor: XmlEditor) -> None:
    editor.set_text("<a />")
    at(editor, "<a ")
    write(editor, "b='c'")
    assert editor.text() == "<a b='c'/>"


@pytest.mark.parametrize(
    ("words", "adds"),
    [
        ("<a>", "</a>"), ("<a x='>'>", "</a>"), ("<a/>", ""), ("<a></a>", ""), ("</a>", ""), ("a > b>", ""),
        ("<a><a>|</a>", "</a>"), ("<a>|</a>", ""), ("<!-- -->", ""),
    ],
)  # fmt: skip
def test_what_follows_a_bracket(words: str, adds: str) -> None:
    offset = words.find("|") if "|" in words else len(words)
    assert closing_tag(words.replace("|", ""), offset) == adds


def test_what_follows_a_slash() -> None:
    assert closing_name("<a><b></", 8) == "b>"
    assert closing_name("</", 2) == ""
    assert closing_name("<a></name", 5) == ""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("  <a>|", ("\n    ", "")), ("  <a>|</a>", ("\n    ", "\n  ")), ("  <a/>|", ("\n  ", "")),
        ("  </a>|", ("\n  ", "")), ("  <!-- -->|", ("\n  ", "")), ("|", ("\n", "")), ("  x|y", ("\n  ", "")),
    ],
)  # fmt: skip
def test_the_next_line(line: str, found: tuple[str, str]) -> None:
    assert new_line(line.replace("|", ""), line.index("|")) == found


def test_indent_and_outdent(editor: XmlEditor) -> None:
    cursor = editor.area.textCursor()
    cursor.setPosition(SMALL.index("  <name"))
    cursor.setPosition(SMALL.index("    <disk"), QTextCursor.MoveMode.KeepAnchor)
    editor.area.setTextCursor(cursor)
    QTest.keyClick(editor.area, KEY.Key_Tab)
    assert editor.text().split("\n")[1:4] == ["    <name>a</name>", "    <devices>", "    <disk type='file'>"]
    QTest.keyClick(editor.area, KEY.Key_Backtab)
    assert editor.text() == SMALL
    assert (outdent("   x"), outdent(" x"), outdent("\tx"), outdent("x")) == (2, 1, 1, 0)


def test_escape_leaves_the_text(editor: XmlEditor, qtbot: QtBot) -> None:
    editor.activateWindow()
    qtbot.waitUntil(editor.isActiveWindow)
    editor.area.setFocus()
    QTest.keyClick(editor.area, KEY.Key_Escape)
    assert QApplication.focusWidget() is not editor.area


# ---------------------------------------------------------------- folding


def test_what_can_be_folded() -> None:
    assert ranges(read(SMALL)) == {0: 9, 2: 8, 3: 5}
    assert ranges(read("<a>\n</a><b>\n</b>")) == {1: 2}
    assert ranges(read("<a>\n<b>\n")) == {}


def test_folding_hides_lines_and_nothing_else(editor: XmlEditor) -> None:
    folding = editor.area.folding
    assert folding.toggle(3)
    assert visible(editor) == [1, 2, 3, 4, 7, 8, 9, 10, 11]
    assert editor.text() == SMALL
    editor.grab()
    assert folding.toggle(3) and visible(editor) == list(range(1, 12))
    assert not folding.toggle(1)


def test_all_and_around(editor: XmlEditor) -> None:
    folding = editor.area.folding
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(editor.area, KEY.Key_BraceLeft, both)
    assert folding.folded == {2}
    QTest.keyClick(editor.area, KEY.Key_BraceRight, both)
    assert not folding.folded
    at(editor, "<target")
    QTest.keyClick(editor.area, KEY.Key_BracketLeft, Qt.KeyboardModifier.ControlModifier)
    assert folding.folded == {3} and editor.area.textCursor().blockNumber() == 3
    QTest.keyClick(editor.area, KEY.Key_BracketRight, Qt.KeyboardModifier.ControlModifier)
    assert not folding.folded


def test_a_cursor_is_never_hidden(editor: XmlEditor) -> None:
    editor.area.folding.toggle(2)
    editor.go_to(5)
    assert visible(editor) == list(range(1, 12)) and editor.area.textCursor().blockNumber() == 4
    editor.area.folding.toggle(3)
    editor.area.select(SMALL.index("vda"), SMALL.index("vda") + 3)
    assert 5 in visible(editor)


def test_folds_go_with_their_lines(editor: XmlEditor) -> None:
    editor.area.folding.toggle(3)
    at(editor, "</name>")
    QTest.keyClick(editor.area, KEY.Key_Return)
    editor.area.settle()
    assert editor.area.folding.folded == {4} and visible(editor) == [1, 2, 3, 4, 5, 8, 9, 10, 11, 12]


def test_a_click_folds(editor: XmlEditor) -> None:
    gutter = editor.area._gutter
    (rect,) = [rect for line, rect in editor.area.lines_seen() if line == 2]
    QTest.mouseClick(gutter, Qt.MouseButton.LeftButton, pos=QPoint(gutter.width() - 5, rect.center().y()))
    assert editor.area.folding.folded == {2}


# ---------------------------------------------------------------- finding


def test_find_next_and_round(editor: XmlEditor) -> None:
    QTest.keyClick(editor.area, KEY.Key_F, Qt.KeyboardModifier.ControlModifier)
    bar = editor.find_bar
    assert not bar.isHidden()
    bar.line.setText("D")
    count = SMALL.lower().count("d")
    assert bar._count.text() == f"1 of {count}"
    editor.step(1)
    assert bar._count.text() == f"2 of {count}"
    editor.step(-1)
    editor.step(-1)
    assert bar._count.text() == f"{count} of {count}"
    assert editor.area.textCursor().selectedText() == "d"
    bar.case.setChecked(True)
    assert bar._count.text() == "not found"
    QTest.keyClick(bar.line, KEY.Key_Escape)
    assert bar.isHidden()


def test_what_is_folded_is_found(editor: XmlEditor) -> None:
    editor.area.folding.toggle(2)
    editor.open_find()
    editor.find_bar.line.setText("vda")
    assert editor.area.textCursor().selectedText() == "vda" and 5 in visible(editor)


def test_replace(editor: XmlEditor) -> None:
    editor.open_find(True)
    editor.find_bar.line.setText("disk")
    editor.find_bar.instead.setText("hostdev")
    QTest.keyClick(editor.find_bar.instead, KEY.Key_Return)
    assert editor.text() == SMALL.replace("disk", "hostdev", 1)
    next(one for one in editor.find_bar.findChildren(QPushButton) if one.text() == "Replace all").click()
    assert editor.text() == SMALL.replace("disk", "hostdev")
    editor.area.undo()
    assert editor.text() == SMALL.replace("disk", "hostdev", 1)


def test_beyond_the_first_plane(editor: XmlEditor) -> None:
    editor.set_text("<a>\U0001f600\U0001f600 vda</a>")
    editor.open_find()
    editor.find_bar.line.setText("vda")
    assert editor.area.textCursor().selectedText() == "vda"
    editor.find_bar.line.setText("\U0001f600")
    assert editor.area.textCursor().selectedText() == "\U0001f600"


def test_go_to_a_line(editor: XmlEditor) -> None:
    QTest.keyClick(editor.area, KEY.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert not editor.line_bar.isHidden()
    editor.line_bar.line.setText("4")
    QTest.keyClick(editor.line_bar.line, KEY.Key_Return)
    assert editor.area.textCursor().block().text().strip() == "<disk type='file'>" and editor.line_bar.isHidden()


# ---------------------------------------------------------------- marks


def test_mistakes_are_listed_and_lead_to_their_place(editor: XmlEditor) -> None:
    start = SMALL.index("type='file'")
    editor.show_mistakes([Mistake(start, start + 11, text("Wrong.")), Mistake(9999, 9999, text("Beyond."))])
    assert [editor.problems.item(row).text() for row in range(2)] == ["Line 4: Wrong.", "Line 11: Beyond."]
    assert editor.area.wrong_in(3) == "Wrong." and editor.area.wrong_in(2) == ""
    assert editor._state.text() == "2 problems"
    editor.problems.itemActivated.emit(editor.problems.item(0))
    assert editor.area.textCursor().selectedText() == "type='file'"
    at(editor, "</name>")
    QTest.keyClick(editor.area, KEY.Key_Return)
    assert editor.area.wrong_in(4) == "Wrong."
    editor.show_mistakes([])
    assert editor.problems.isHidden() and not editor.area.wrong_in(4)


def test_the_pair_of_tags_is_marked(editor: XmlEditor) -> None:
    at(editor, "<devi")
    editor.area._show_pair()
    marked = [one.cursor.selectedText() for one in editor.area._layers["tag"]]
    assert marked == ["devices", "devices"]
    at(editor, "<name>")
    assert not editor.area._layers["tag"]


# ---------------------------------------------------------------- completion and checking


@pytest.mark.skipif(schema.load() is None, reason="libvirt's schemas are not installed")
def test_checks_and_proposes(run_async: Run, editor: XmlEditor) -> None:
    async def talk() -> None:
        bugs: list[BaseException] = []
        jobs, checker = Jobs(bugs.append), Checker()
        editor.set_text(SMALL.replace("<target ", "<target bsu='virtio' "))
        editor.check_with(checker, jobs)
        told = asyncio.Event()
        editor.checked.connect(told.set)
        await asyncio.wait_for(told.wait(), 20)
        assert [str(one.what)[:35] for one in editor.mistakes] == ["<target> has no attribute “bsu” here"[:35]]
        at(editor, "<disk type='file'>")
        QTest.keyClick(editor.area, KEY.Key_Return)
        QTest.keyClicks(editor.area, "<")
        assert {"driver", "source"} <= set(editor.completion.shown)
        assert "target" not in editor.completion.shown
        QTest.keyClicks(editor.completion._popup, "so")
        assert editor.completion.shown == ["source"]
        QTest.keyClick(editor.completion._popup, KEY.Key_Return)
        assert editor.area.textCursor().block().text() == "      <source></source>"
        QTest.keyClick(editor.area, KEY.Key_Left)
        QTest.keyClick(editor.area, KEY.Key_Space)
        QTest.keyClick(editor.area, KEY.Key_Space, Qt.KeyboardModifier.ControlModifier)
        assert "file" in editor.completion.shown
        held = editor.window().focusWidget()
        QTest.keyClick(editor.completion._popup, KEY.Key_Escape)
        assert editor.completion.shown == [] and editor.window().focusWidget() is held is editor.area
        checker.close()
        await jobs.close()
        assert not bugs

    run_async(talk())


@pytest.mark.skipif(schema.load() is None, reason="libvirt's schemas are not installed")
def test_values_are_proposed_after_the_attribute(run_async: Run, editor: XmlEditor) -> None:
    async def talk() -> None:
        checker = Checker()
        await checker.mistakes("<a/>")
        editor.set_proposer(checker.proposals)
        at(editor, "<disk type='file'")
        QTest.keyClicks(editor.area, " dev")
        QTest.keyClick(editor.area, KEY.Key_Space, Qt.KeyboardModifier.ControlModifier)
        assert editor.completion.shown == ["device"]
        QTest.keyClick(editor.completion._popup, KEY.Key_Tab)
        assert editor.completion.shown == ["cdrom", "disk", "floppy"]  # "lun" needs a block device
        QTest.keyClick(editor.completion._popup, KEY.Key_Down)
        QTest.keyClick(editor.completion._popup, KEY.Key_Return)
        assert "<disk type='file' device='disk'>" in editor.text()
        at(editor, "<name>a")
        QTest.keyClick(editor.area, KEY.Key_Space, Qt.KeyboardModifier.ControlModifier)
        assert editor.completion.shown == [] and not editor.completion._nothing.isHidden()
        checker.close()

    run_async(talk())


def test_what_libvirt_must_never_be_shown(run_async: Run) -> None:
    async def talk() -> None:
        checker = Checker()
        good = "<domain type='kvm'><name>{}</name><memory>{}</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>"
        assert await checker.mistakes(good.format("a", 1024)) == ()
        wrong = good.format("..", 1024)
        (found,) = await checker.mistakes(wrong)
        assert wrong[found.start : found.end] == ".." and "folder" in str(found.what)
        wrong = good.format("a", "0" * 18 + "1024")
        found = (await checker.mistakes(wrong))[-1]
        assert wrong[found.start : found.end].endswith("1024") and "too large" in str(found.what)
        checker.close()

    run_async(talk())


# ---------------------------------------------------------------- look


@pytest.mark.parametrize("dark", [False, True])
def test_all_colours_can_be_read(dark: bool) -> None:
    palette = theme.own_palette(dark)
    for kind in KINDS:
        assert contrast(ink(kind, palette), palette.color(QPalette.ColorRole.Base)) >= CONTRAST
    for ground in (QColor("#ffffe0"), QColor("#303050"), QColor("black"), QColor("white")):
        assert contrast(readable(QColor("#808080"), ground), ground) >= CONTRAST


def test_another_look_is_followed(editor: XmlEditor, qapp: QApplication) -> None:
    before = QGuiApplication.palette()
    try:
        qapp.setPalette(theme.own_palette(True))
        QApplication.processEvents()
        base = editor.area.palette().color(QPalette.ColorRole.Base)
        assert base == theme.own_palette(True).color(QPalette.ColorRole.Base)
        formats = editor.area.document().firstBlock().layout().formats()
        assert formats[0].format.foreground().color() == ink("tag", editor.area.palette())
    finally:
        qapp.setPalette(before)
        QApplication.processEvents()


def test_zoom(editor: XmlEditor) -> None:
    usual = editor.area.font().pointSizeF()
    width = editor.area._gutter.sizeHint().width()
    wheel = QWheelEvent(
        QPointF(50, 50), QPointF(50, 50), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(editor.area.viewport(), wheel)
    assert editor.area.font().pointSizeF() == usual + 1 and editor.area._gutter.sizeHint().width() > width
    QTest.keyClick(editor.area, KEY.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert editor.area.font().pointSizeF() == usual


def test_names_for_screen_readers(editor: XmlEditor) -> None:
    assert editor.area.accessibleName() == "Definition"
    assert editor.problems.accessibleName() and editor.find_bar.line.accessibleName()
    editor.set_read_only(False)
    assert "Escape" in editor.area.accessibleDescription()
