"""The table's painting: all in one stretch, and just what Qt would paint with the same delegates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QImage, QPaintEvent, QRegion
from PySide6.QtWidgets import QTableView, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import Shiboken

from tests.ui.machines import Curves, machine, store_of
from vmdesk.core.columns import COLUMNS
from vmdesk.core.filter import parse
from vmdesk.core.store import Store
from vmdesk.model.domain import Labels, State
from vmdesk.model.host import Link
from vmdesk.model.text import Text, text
from vmdesk.ui.models.domains import DomainsModel
from vmdesk.ui.models.plain import PlainModel
from vmdesk.ui.models.roles import Index
from vmdesk.ui.widgets.domains_table import DomainsTable
from vmdesk.ui.widgets.plain_table import PlainTable


class _Numbers(PlainModel):
    """Rows to be counted."""

    titles: ClassVar[Mapping[int, Text]] = {0: text("Name")}
    _rows: Sequence[int] = range(20)

    def count(self, rows: int) -> None:
        self.beginResetModel()
        self._rows = range(rows)
        self.endResetModel()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        return str(self._rows[index.row()]) if role == Qt.ItemDataRole.DisplayRole else None


class _Usual(DomainsTable):
    """The same table, painted cell by cell by Qt."""

    def paintEvent(self, event: QPaintEvent) -> None:
        QTableView.paintEvent(self, event)


class Pair:
    """The same machines in both tables."""

    def __init__(self, qtbot: QtBot, store: Store) -> None:
        curves = Curves(store)
        self.tables = []
        for kind in (DomainsTable, _Usual):
            model = DomainsModel(store, None, curves.figures)
            table = kind(model, curves.recent)
            qtbot.addWidget(table)
            table.resize(900, 300)
            table.show()
            qtbot.waitExposed(table)
            self.tables.append(table)

    def each(self) -> Iterator[DomainsTable]:
        yield from self.tables

    def same(self, part: QRect | None = None) -> bool:
        ours, usual = (self._picture(table, part) for table in self.tables)
        assert ours.width() > 100
        assert any(ours.pixel(x, 12) != ours.pixel(0, 0) for x in range(ours.width())), "nothing was painted"
        return ours == usual

    def _picture(self, table: DomainsTable, part: QRect | None) -> QImage:
        view = table.viewport()
        image = QImage(view.size(), QImage.Format.Format_RGB32)
        image.fill(0xFFFFFF)
        if part is None:
            view.render(image)
        else:
            view.render(image, part.topLeft(), QRegion(part))
        return image


@pytest.fixture
def store() -> Store:
    made = store_of(60)
    keys = list(made.domains)
    titled = replace(made.domains[keys[0]], labels=Labels(title="The shop's front"))
    template = made.domains[keys[1]]
    made.update(
        [
            titled,
            replace(template, definition=replace(template.definition, template=True)),
            replace(made.domains[keys[2]], responding=False),
        ]
    )
    made.put_host(replace(made.hosts["lab"], link=Link.LOST))
    return made


@pytest.fixture
def pair(qtbot: QtBot, store: Store) -> Iterator[Pair]:
    made = Pair(qtbot, store)
    yield made
    for table in made.each():
        model = table.model()
        assert isinstance(model, DomainsModel)
        model.close()


def test_painted_as_qt_would(pair: Pair) -> None:
    assert pair.same()


def test_selected_and_current_rows(pair: Pair) -> None:
    for table in pair.each():
        model = table.model()
        assert isinstance(model, DomainsModel)
        table.select(model.keys[2:5] + model.keys[7:8], model.keys[7])
    assert pair.same()
    for table in pair.each():
        table.clearSelection()  # the current cell stays
    assert pair.same()


def test_scrolled_with_columns_moved_and_hidden(pair: Pair) -> None:
    for table in pair.each():
        table.show_columns(("network", "name", "uuid", "host", "state", "description", "cpu"), {"uuid": 300})
        table.verticalScrollBar().setValue(17)
        table.horizontalScrollBar().setValue(90)
    assert pair.same()


def test_the_end_of_the_list(pair: Pair) -> None:
    for table in pair.each():
        table.resize(900, 2400)  # more room than machines
    assert pair.same()


def test_a_part_only(pair: Pair) -> None:
    """What is asked for in two pieces is painted in both, once each."""
    assert pair.same(QRect(QPoint(130, 0), QPoint(420, 77)))


def test_the_focus_of_the_keyboard(qtbot: QtBot, store: Store) -> None:
    pictures = []
    for kind in (DomainsTable, _Usual):
        curves = Curves(store)
        model = DomainsModel(store, None, curves.figures)
        table = kind(model, curves.recent)
        qtbot.addWidget(table)
        table.resize(900, 300)
        table.show()
        qtbot.waitExposed(table)
        table.setCurrentIndex(model.index(3, 1))
        table.clearSelection()
        plain = table.viewport().grab().toImage()
        table.activateWindow()
        table.setFocus()
        qtbot.waitUntil(table.hasFocus)
        pictures.append(table.viewport().grab().toImage())
        assert pictures[-1] != plain, "the frame around the current cell"
        model.close()
    assert pictures[0] == pictures[1]


def test_what_it_paints_on_is_known_to_the_binding(pair: Pair) -> None:
    """It would load all classes of widgets before the first picture, to tell which one Qt's own is."""
    assert Shiboken.createdByPython(pair.tables[0].viewport())


class _Paintings(QObject):
    """How often a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def test_painted_once_after_a_letter(pair: Pair, qtbot: QtBot) -> None:
    """Qt alone paints the new rows, lays them out, and paints them again."""
    table = pair.tables[0]
    model = table.model()
    assert isinstance(model, DomainsModel)
    qtbot.wait(50)
    paintings = _Paintings(table.viewport())
    model.set_filter(parse("1"))
    assert 0 < len(model.keys) < 60
    qtbot.waitUntil(lambda: paintings.count > 0)
    qtbot.wait(50)
    assert paintings.count == 1


def test_plain_tables_are_painted_once_when_all_is_new(qtbot: QtBot) -> None:
    model = _Numbers()
    table = PlainTable(model, "numbers", "Nothing yet")
    qtbot.addWidget(table)
    table.resize(300, 300)
    table.show()
    qtbot.waitExposed(table)
    qtbot.wait(50)
    paintings = _Paintings(table.viewport())
    model.count(40)
    qtbot.waitUntil(lambda: paintings.count > 0)
    qtbot.wait(50)
    assert paintings.count == 1


def test_a_longer_state_widens_its_column(pair: Pair, store: Store, qtbot: QtBot) -> None:
    """Nobody comes or goes: one machine says more than all did before."""
    table = pair.tables[0]
    table.show_columns(("name", "state", "host"))
    table.resize(520, 300)
    state = next(place for place, column in enumerate(COLUMNS) if column.id == "state")
    model = table.model()
    assert isinstance(model, DomainsModel)
    qtbot.wait(50)
    model.settle()
    one = store.domains[model.keys[5]]
    store.update([replace(one, state=State.PAUSED, reason="no space")])
    model.settle()
    words = model.text(store.domains[one.key], state)
    assert table.columnWidth(state) < table.fontMetrics().horizontalAdvance(words), "else the test tells nothing"
    qtbot.waitUntil(lambda: table.columnWidth(state) > table.fontMetrics().horizontalAdvance(words))
    store.update([replace(one, state=State.RUNNING, reason="")])
    model.settle()
    qtbot.wait(20)
    assert table.columnWidth(state) > table.fontMetrics().horizontalAdvance(words), "columns do not jump back"


def test_words_are_known_before_they_are_asked_for(qtbot: QtBot, store: Store) -> None:
    """New machines are read a few at a time; the first letter of a filter waits for none of them."""
    model = DomainsModel(store)
    store.update([machine(number, "lab") for number in range(1000, 2200)])
    qtbot.waitUntil(lambda: model._texts.keys() == store.domains.keys())
    model.close()
