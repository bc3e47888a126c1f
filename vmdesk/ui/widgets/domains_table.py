"""The table itself: selection kept by machine, columns as the person wants them, type-ahead on names."""

import heapq
import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QApplication, QMenu, QStyleOptionViewItem, QTableView, QWidget

from vmdesk.core.columns import COLUMNS, STANDARD, chosen
from vmdesk.core.words import state_text
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.delegates.canvas import Canvas
from vmdesk.ui.delegates.cell import CellDelegate
from vmdesk.ui.delegates.sparkline import Recent, SparklineDelegate
from vmdesk.ui.delegates.state import SIZE, StateDelegate
from vmdesk.ui.models.domains import DomainsModel
from vmdesk.ui.models.turn import Turn
from vmdesk.ui.widgets.header import FlatHeader
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.widgets.stretch import cells, shown_columns

TYPE_AHEAD = 1.0  # seconds between letters that still make one word
# Until a person gives them a width, names and states are as wide as what stands in them, within these pixels. Where
# room is scarce titles are cut below the second figure and names below the third, reasons of states likewise.
_NAME_LEAST, _NAME_SOME, _NAME_WHOLE, _NAME_MOST = 104, 160, 240, 360
_STATE_LEAST, _STATE_SOME, _STATE_MOST = 128, 160, 320
_ROOMY = 320  # so wide they grow, whatever stands in them, where nothing else needs the room
# For them these give so many pixels, of their lines mostly.
_SHRINKING = {"cpu": 20, "memory": 20, "disk": 16, "network": 16, "address": 8}
_LONGEST = 32  # words that are measured, those with the most letters: measuring thousands would hold up the window
_MARK = 14  # of a template, behind its name
_BAR = 16  # pixels that the scroll bar may need
_PLACE = {column.id: place for place, column in enumerate(COLUMNS)}


def _longest(words: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those with the most letters, each once."""
    return heapq.nlargest(_LONGEST, set(words), key=lambda one: len(one[0]) + len(one[1]))


class DomainsTable(QTableView):
    """Rows of a DomainsModel.

    selected        the selection or the current machine changed (by the person or by the model)
    opened(key)     double click or Enter
    asked(point)    context menu of the selected wanted, global position
    ground_asked(point) the same where there is no machine, below the last one
    dragged(domains) the selection is pulled away with the mouse
    columns_changed the person showed, hid, moved or sized a column
    """

    selected = Signal()
    opened = Signal(object)
    asked = Signal(QPoint)
    ground_asked = Signal(QPoint)
    dragged = Signal(object)
    columns_changed = Signal()

    def __init__(self, model: DomainsModel, recent: Recent, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # One of ours: to tell what Qt's own one is, the binding would load every class of widget there is (15 ms).
        view = QWidget()
        view.setBackgroundRole(QPalette.ColorRole.Base)
        view.setAutoFillBackground(True)
        self.setViewport(view)
        self._domains = model
        self._kept: set[DomainKey] = set()
        self._kept_current: DomainKey | None = None
        self._kept_place = 0
        self._typed = ""
        self._typed_at = 0.0
        self._resetting = False
        self._grip: QPoint | None = None  # where a selected machine is held, before it is pulled or let go
        self._widths: dict[int, int] = {}  # as chosen, by place; on the screen some are wider
        self._growing = False
        self._measured = -1  # machines that were there when names and states were measured last
        self._needs: dict[int, tuple[int, int]] = {}  # by place: (at least, to see all of it)
        self._host = 0  # what the hosts' names need
        self._wording = Turn(self._on_wording, 1.0, self)
        self.setObjectName("machines-table")
        self.setAccessibleName(tr("Machines"))
        self.setFont(theme.figure_font(self.font()))
        self.setModel(model)
        self.setHorizontalHeader(FlatHeader(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        thin(self)
        self.setWordWrap(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(rows.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + theme.GRID + theme.GRID // 2)
        self._delegates = (CellDelegate(model), StateDelegate(model), SparklineDelegate(model, recent))
        self.setItemDelegate(self._delegates[0])
        for place in range(len(COLUMNS)):
            self.setItemDelegateForColumn(place, self._delegate(place))
        header = self.horizontalHeader()
        header.setObjectName("machines-header")
        header.setAccessibleName(tr("Columns"))
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.show_columns(())
        self.setSortingEnabled(True)
        self.sortByColumn(_PLACE["name"], Qt.SortOrder.AscendingOrder)
        header.customContextMenuRequested.connect(self._on_header_menu)
        header.sectionMoved.connect(self._on_columns_touched)
        header.sectionResized.connect(self._on_sized)
        self.doubleClicked.connect(self._on_double_clicked)
        model.modelAboutToBeReset.connect(self._on_before_reset)
        model.modelReset.connect(self._on_reset)
        model.refreshed.connect(self._on_refreshed)
        model.dataChanged.connect(self._on_changed)

    # ---------------------------------------------------------------- selection

    def selected_keys(self) -> list[DomainKey]:
        """The selected machines in the table's order."""
        rows: set[int] = set()
        selection = self.selectionModel().selection()
        for part in (selection.at(place) for place in range(selection.count())):
            rows.update(range(part.top(), part.bottom() + 1))
        keys = self._domains.keys
        return [keys[row] for row in sorted(rows) if row < len(keys)]

    def selected_domains(self) -> list[Domain]:
        domains = self._domains.store.domains
        return [domains[key] for key in self.selected_keys() if key in domains]

    def select(self, keys: Iterable[DomainKey], current: DomainKey | None = None) -> None:
        """Select exactly these machines, as far as they are shown."""
        rows = sorted(row for key in keys if (row := self._domains.row_of(key)) >= 0)
        selection = QItemSelection()
        last = self._domains.columnCount() - 1
        start = 0
        # Neighbours become one range: five thousand ranges would be slow.
        for place, row in enumerate(rows):
            if place + 1 == len(rows) or rows[place + 1] != row + 1:
                selection.select(self._domains.index(rows[start], 0), self._domains.index(row, last))
                start = place + 1
        row = self._domains.row_of(current) if current else (rows[0] if rows else -1)
        chooser = self.selectionModel()
        if row >= 0:
            chooser.setCurrentIndex(
                self._domains.index(row, _PLACE["name"]), QItemSelectionModel.SelectionFlag.NoUpdate
            )
        chooser.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def reveal(self, key: DomainKey) -> bool:
        """Select one machine and scroll to it; False if it is not shown."""
        row = self._domains.row_of(key)
        if row < 0:
            return False
        self.select([key], key)
        self.scrollTo(self._domains.index(row, _PLACE["name"]))
        return True

    def current_key(self) -> DomainKey | None:
        return self._domains.key_at(self.currentIndex().row())

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        if not self._resetting:
            self.selected.emit()

    def _on_before_reset(self) -> None:
        self._resetting = True
        self._kept = set(self.selected_keys())
        self._kept_current = self.current_key()
        self._kept_place = self.verticalScrollBar().value()

    def _on_reset(self) -> None:
        # Else Qt paints now, lays the rows out a moment later, and then paints all of them a second time.
        self.executeDelayedItemsLayout()
        # The kept ones that are filtered out now are forgotten: what is not seen must not be acted on.
        if self._kept or self._kept_current:
            # Rows move under a table sorted by figures; what the person looks at stays where it is.
            self.setAutoScroll(False)
            self.select(self._kept, self._kept_current)
            self.setAutoScroll(True)
            self.verticalScrollBar().setValue(self._kept_place)
        self._resetting = False
        self.selected.emit()

    # ---------------------------------------------------------------- columns

    def columns(self) -> tuple[str, ...]:
        """The ids of the shown columns, from left to right."""
        return tuple(COLUMNS[place].id for place in shown_columns(self))

    def show_columns(self, ids: tuple[str, ...], widths: Mapping[str, Any] | None = None) -> None:
        """Show these columns in this order; () for the standard ones."""
        header = self.horizontalHeader()
        blocked = header.blockSignals(True)
        shown = chosen(ids)
        rest = tuple(column.id for column in COLUMNS if column.id not in shown)
        for visual, column_id in enumerate((*shown, *rest)):
            header.moveSection(header.visualIndex(_PLACE[column_id]), visual)
            header.setSectionHidden(_PLACE[column_id], column_id not in shown)
        for column in COLUMNS:
            width = (widths or {}).get(column.id)
            chosen_width = width if isinstance(width, int) and 16 <= width <= 4000 else self._width(column.width)
            self._widths[_PLACE[column.id]] = chosen_width
            header.resizeSection(_PLACE[column.id], chosen_width)
        header.blockSignals(blocked)
        self._measure()
        self._grow()
        # The signals that the view itself listens to were held back as well.
        self.updateGeometries()
        self.viewport().update()

    def _width(self, wanted: int) -> int:
        """Column widths are given for a 10 point font."""
        return round(wanted * max(1.0, self.fontMetrics().averageCharWidth() / 7.0))

    def widths(self) -> dict[str, int]:
        """Of the shown columns, those that the person gave a width."""
        return {
            COLUMNS[place].id: self._widths[place]
            for place in map(_PLACE.__getitem__, self.columns())
            if not self._free(place)
        }

    def _free(self, place: int) -> bool:
        """Whether nobody gave the column a width."""
        return self._widths[place] == self._width(COLUMNS[place].width)

    def _last(self) -> int:
        """The place of the column at the right, which is as wide as there is room."""
        return _PLACE[self.columns()[-1]]

    def _measure(self) -> None:
        """What names and states need."""
        domains, hosts = self._domains.store.domains.values(), self._domains.store.hosts
        self._measured = self._domains.total
        wide, edge = self.fontMetrics().horizontalAdvance, 2 * theme.GRID + 2
        names = max((wide(one) for one, _ in _longest((domain.name, "") for domain in domains)), default=0)
        titled = _longest((domain.name, domain.labels.title) for domain in domains if domain.labels.title)
        titles = max((wide(name) + theme.GRID + wide(title) for name, title in titled), default=0)
        marked = _longest((domain.name, domain.labels.title) for domain in domains if domain.definition.template)
        marks = max((wide(name) + 2 * theme.GRID + _MARK + wide(title) for name, title in marked), default=0)
        whole = self._within(max(names, titles, marks) + edge, _NAME_LEAST, _NAME_MOST)
        least = max(self._within(names + edge, _NAME_LEAST, _NAME_WHOLE), min(whole, self._width(_NAME_SOME)))
        self._host = max((wide(host.config.name) for host in hosts.values()), default=0) + edge
        self._needs = {_PLACE["name"]: (least, whole), _PLACE["state"]: self._states()}

    def _states(self) -> tuple[int, int]:
        """What the states that machines are in need."""
        domains, hosts = self._domains.store.domains.values(), self._domains.store.hosts
        alike = {
            (one.state, one.reason, one.responding, one.managed_save, one.definition.template, one.key.host): one
            for one in domains
        }
        words = {state_text(one, one.key.host not in hosts or hosts[one.key.host].stale) for one in alike.values()}
        longest = max(map(self.fontMetrics().horizontalAdvance, words), default=0)
        state = self._within(longest + SIZE + 3 * theme.GRID + 2, _STATE_LEAST, _STATE_MOST)
        return min(state, self._width(_STATE_SOME)), state

    def sizeHintForColumn(self, place: int) -> int:
        """For a double click on the line behind its title: all of it, with what stands behind a name."""
        hint = super().sizeHintForColumn(place)
        return max(hint, self._needs[place][1]) if place in self._needs else hint

    def _within(self, wanted: int, least: int, most: int) -> int:
        return max(self._width(least), min(wanted, self._width(most)))

    def _on_refreshed(self) -> None:
        """Machines came or went: what stands in the columns may need more room. None is taken away meanwhile."""
        if self._domains.total == self._measured:
            return
        before = self._needs if self._measured > 0 else {}
        self._measure()
        self._keep(before)

    def _on_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        if first.column() <= _PLACE["state"] <= last.column() and self._needs:
            self._wording.ask()

    def _on_wording(self) -> None:
        """Machines are in other states: "Paused: out of disk space" needs more room than "Running"."""
        before = dict(self._needs)
        self._needs[_PLACE["state"]] = self._states()
        self._keep(before)

    def _keep(self, before: Mapping[int, tuple[int, int]]) -> None:
        """No room is taken away from what had it before."""
        for place, (least, whole) in before.items():
            now = self._needs[place]
            self._needs[place] = (max(least, now[0]), max(whole, now[1]))
        if self._needs != before:
            self._grow()

    def _grow(self) -> None:
        """Names and states as wide as they need to be, where there is room; in a narrow window lines are shorter."""
        header, last = self.horizontalHeader(), self._last()
        seen = [_PLACE[column_id] for column_id in self.columns()]
        free = [place for place in seen if place != last and self._free(place)]
        needs = {place: need for place, need in self._needs.items() if place in free}
        lines = {place: self._width(_SHRINKING[COLUMNS[place].id]) for place in free if COLUMNS[place].id in _SHRINKING}
        # The last one takes what is left over; a short name of a host does not need all that it usually has.
        tail = min(self._widths[last], self._host) if last == _PLACE["host"] else self._widths[last]
        room = self.width() - _BAR - tail - sum(self._widths[one] for one in seen if one != last and one not in needs)
        short = sum(whole for _least, whole in needs.values()) - room
        part = min(1.0, max(0.0, short / (sum(lines.values()) or 1)))
        self._growing = True
        if _PLACE["host"] in free:  # it may have been the last
            header.resizeSection(_PLACE["host"], self._widths[_PLACE["host"]])
        for place, most in lines.items():
            given = math.ceil(part * most)
            room += given
            header.resizeSection(place, self._widths[place] - given)
        widths = {place: least for place, (least, _whole) in needs.items()}
        room -= sum(widths.values())
        goals = [(place, whole) for place, (_least, whole) in needs.items()]  # the name's first
        for place, goal in (*goals, *((place, self._width(_ROOMY)) for place, _whole in goals)):
            given = min(max(0, room), max(0, goal - widths[place]))
            room -= given
            widths[place] += given
        for place, width in (*widths.items(), (last, tail)):
            header.resizeSection(place, width)
        self._growing = False

    def _on_sized(self, place: int, _old: int, new: int) -> None:
        if not self._growing and new and place != self._last():
            self._widths[place] = new

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._grow()

    def sorting(self) -> tuple[str, bool]:
        """(column id, descending)"""
        header = self.horizontalHeader()
        place = header.sortIndicatorSection()
        place = place if 0 <= place < len(COLUMNS) else _PLACE["name"]
        return COLUMNS[place].id, header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder

    def sort_by(self, column_id: str, down: bool) -> None:
        order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
        self.sortByColumn(_PLACE.get(column_id, _PLACE["name"]), order)

    def columns_menu(self) -> QMenu:
        """Which columns are shown; ticks."""
        menu = QMenu(tr("Columns"), self)
        shown = self.columns()
        for column in COLUMNS:
            action = QAction(str(column.title), menu)
            action.setCheckable(True)
            action.setChecked(column.id in shown)
            action.setEnabled(column.id != "name")
            action.setToolTip(str(column.about or column.title))
            action.toggled.connect(lambda on, column_id=column.id: self.show_column(column_id, on))
            menu.addAction(action)
        menu.addSeparator()
        standard = menu.addAction(tr("Standard columns"))
        standard.triggered.connect(self._on_standard)
        return menu

    def show_column(self, column_id: str, on: bool) -> None:
        header = self.horizontalHeader()
        self._growing = True  # the width that it had before it was hidden is not one that somebody gave it now
        header.setSectionHidden(_PLACE[column_id], not on)
        if on:
            header.resizeSection(_PLACE[column_id], self._widths[_PLACE[column_id]])
        self._growing = False
        self._grow()
        self.columns_changed.emit()

    def _on_standard(self) -> None:
        self.show_columns(STANDARD)
        self.columns_changed.emit()

    def _on_header_menu(self, point: QPoint) -> None:
        menu = self.columns_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.horizontalHeader().mapToGlobal(point))

    def _on_columns_touched(self) -> None:
        self._grow()  # another one may be the last
        self.columns_changed.emit()

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """What QTableView would paint with these delegates."""
        model = self._domains
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        delegates = [self._delegate(place) for place in range(len(COLUMNS))]
        painter = QPainter(self.viewport())
        canvas = Canvas(painter, option)
        for row, place, box, state in cells(self, event, option.state.value):
            domain = model.domain_at(row)
            if domain is not None:
                delegates[place].draw(canvas, box, domain, place, state)
        painter.end()

    def _delegate(self, place: int) -> CellDelegate:
        column = COLUMNS[place]
        return self._delegates[1 if column.id == "state" else 2 if column.series else 0]

    # ---------------------------------------------------------------- mouse and keys

    def _on_double_clicked(self, index: QModelIndex) -> None:
        if key := self._domains.key_at(index.row()):
            self.opened.emit(key)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """By the mouse: of the row there, or of the ground. By the key: of the selected, wherever they are."""
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        if self.selectionModel().hasSelection() if by_key else self.indexAt(event.pos()).isValid():
            self.asked.emit(event.globalPos())
        else:
            self.clearSelection()
            self.ground_asked.emit(event.globalPos())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A selected row can be pulled away: what a click on it does is done when it is let go."""
        index = self.indexAt(event.position().toPoint())
        self._grip = None
        plain = event.button() == Qt.MouseButton.LeftButton and event.modifiers() == Qt.KeyboardModifier.NoModifier
        if plain and index.isValid() and self.selectionModel().isSelected(index):
            self._grip = event.position().toPoint()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            super().mouseMoveEvent(event)
            return
        away = (event.position().toPoint() - self._grip).manhattanLength()
        if away >= QApplication.startDragDistance() and (domains := self.selected_domains()):
            self._grip = None
            self.dragged.emit(domains)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            super().mouseReleaseEvent(event)
            return
        index, self._grip = self.indexAt(self._grip), None
        self.selectionModel().setCurrentIndex(
            index, QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if key := self.current_key():
                self.opened.emit(key)
            return
        super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters go to the next name that begins so."""
        now = time.monotonic()
        again = now - self._typed_at > TYPE_AHEAD
        self._typed = search if again else self._typed + search
        self._typed_at = now
        row = self.currentIndex().row()
        found = self._domains.find(self._typed, row if again else row - 1)
        if found >= 0:
            self.selectionModel().setCurrentIndex(
                self._domains.index(found, _PLACE["name"]),
                QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
            )
