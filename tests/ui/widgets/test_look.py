"""One look: tables, tabs, check boxes, and the command that a notice offers."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QDoubleSpinBox,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QTableView,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from vmdesk.core.trace import Trace
from vmdesk.model.errors import Problem
from vmdesk.model.text import text
from vmdesk.ui.models.trace import TraceModel
from vmdesk.ui.parts import Level, Notice
from vmdesk.ui.theme import _FIELDS as theme_fields
from vmdesk.ui.theme import Theme, own_palette
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.glyph import Glyph
from vmdesk.ui.widgets.header import FlatHeader
from vmdesk.ui.widgets.inner_tabs import InnerTabs
from vmdesk.ui.widgets.notice_bar import NoticeBar
from vmdesk.ui.widgets.plain_table import PlainTable
from vmdesk.ui.widgets.scroll_bar import ThinScrollBar


def test_tables_have_the_header_and_the_scroll_bars_of_the_machines(qtbot: QtBot) -> None:
    table: QTableView = PlainTable(TraceModel(Trace()), "steps", "Nothing yet")
    qtbot.addWidget(table)
    assert isinstance(table.horizontalHeader(), FlatHeader)
    assert isinstance(table.verticalScrollBar(), ThinScrollBar)
    assert table.verticalHeader().sectionResizeMode(0) == QHeaderView.ResizeMode.Fixed
    table.resize(400, 200)
    table.show()
    assert not table.grab().isNull()


def test_tabs_have_room_for_what_hangs_below_the_line(qtbot: QtBot) -> None:
    tabs = InnerTabs("pages")
    qtbot.addWidget(tabs)
    tabs.addTab(QWidget(), "Readings, Ỹỵ")
    tabs.show()
    assert tabs.tabBar().tabRect(0).height() >= tabs.fontMetrics().height() + 12


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("on", [False, True])
def test_a_check_box_is_seen_on_any_ground(dark: bool, on: bool, qapp: QApplication, qtbot: QtBot) -> None:
    box = CheckBox("")
    qtbot.addWidget(box)
    box.setPalette(own_palette(dark))
    box.setChecked(on)
    box.resize(24, 24)
    image = box.grab().toImage()
    ground = own_palette(dark).window().color()
    most = max(
        abs(image.pixelColor(x, y).lightness() - ground.lightness())
        for x in range(image.width())
        for y in range(image.height())
    )
    assert most > 60


def test_a_glyph_follows_the_palette(qtbot: QtBot) -> None:
    glyph = Glyph("host", 32)
    qtbot.addWidget(glyph)
    light, dark = [], []
    for found, palette in ((light, own_palette(False)), (dark, own_palette(True))):
        glyph.setPalette(palette)
        image = glyph.grab().toImage()
        found.append([image.pixelColor(x, 16).lightness() for x in range(32)])
    assert min(light[0]) < 100 and max(dark[0]) > 150


def test_the_command_of_a_notice_is_copied_to_the_letter(qtbot: QtBot) -> None:
    bar = NoticeBar()
    qtbot.addWidget(bar)
    command = "sudo usermod -aG libvirt ann"
    words = text("Run: {command}, then log out and in once.", command=command)
    bar.tell(Notice(Problem(text("Not allowed."), what_next=words, command=command), Level.ERROR))
    button = bar.findChild(QToolButton, "notice-command")
    assert not button.isHidden() and button.toolTip() == command
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == command
    bar.dismiss()
    bar.tell(Notice(Problem(text("Something else.")), Level.ERROR))
    assert button.isHidden()


@pytest.mark.parametrize("dark", [False, True])
def test_a_field_stands_out_from_its_ground(dark: bool, qapp: QApplication, qtbot: QtBot) -> None:
    before = qapp.palette()
    theme = Theme(qapp)
    try:
        theme.apply("dark" if dark else "light")
        for field in (QLineEdit(), QDoubleSpinBox(), QPlainTextEdit()):
            qtbot.addWidget(field)
            field.ensurePolished()
            palette = field.palette()
            base, window = palette.base().color().lightness(), own_palette(dark).window().color().lightness()
            assert base - window >= 8, type(field).__name__
        table = QTableView()
        qtbot.addWidget(table)
        table.ensurePolished()
        assert table.palette().base().color() == own_palette(dark).base().color()
    finally:
        for kind in theme_fields:
            qapp.setPalette(before, kind)
        qapp.setPalette(before)
