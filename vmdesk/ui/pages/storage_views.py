"""The two lists of the storage page: pools, and volumes, onto which files can be dropped."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QListView, QMenu, QStyleOptionViewItem, QToolButton, QWidget

from vmdesk.core.storage.rows import Row
from vmdesk.model.text import tr
from vmdesk.ui.delegates.canvas import SELECTED, Canvas
from vmdesk.ui.delegates.pool import PoolDelegate
from vmdesk.ui.models.pools import Entry, PoolsModel
from vmdesk.ui.models.volumes import Column, VolumesModel
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import GRID, figure_font
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.header import FlatHeader
from vmdesk.ui.widgets.plain_table import PlainTable
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.widgets.stretch import cells

# Pixels of the first column, and for the last.
_LEAST, _MOST, _USED = 20 * GRID, 40 * GRID, 27 * GRID


class OneLine(Muted):
    """Words that are cut off with dots where there is no room; the tooltip has all of them."""

    def __init__(self) -> None:
        super().__init__(caption=False)
        self.setWordWrap(False)
        self.setMinimumWidth(8 * GRID)
        self._whole = ""

    def show_words(self, words: str) -> None:
        self._whole = words
        self.setToolTip(plain_tip(words))
        self.setAccessibleName(words)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._whole), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(8 * GRID, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width()))


class Tools(QWidget):
    """A row of actions; icons alone where there is no room for their words."""

    def __init__(self, buttons: Sequence[QToolButton]) -> None:
        super().__init__()
        self._buttons = tuple(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for button in self._buttons:
            row.addWidget(button)
        row.addStretch(1)
        self._needed = sum(button.sizeHint().width() for button in self._buttons)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        if self.width() < self._needed:
            style = Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in self._buttons:
            button.setToolButtonStyle(style)


class PoolList(QListView):
    """`chosen`: another entry. `menu`: what a right click offers."""

    chosen = Signal()

    def __init__(self, model: PoolsModel, menu: QMenu) -> None:
        super().__init__()
        self._pools, self._menu = model, menu
        self._kept = ""
        self.setObjectName("pools")
        self.setAccessibleName(tr("Storage pools"))
        self.setFont(figure_font(self.font()))
        self.setModel(model)
        self.setItemDelegate(PoolDelegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(self.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(24 * GRID)
        thin(self)
        self.selectionModel().currentChanged.connect(lambda *_: self._on_current())

    def entry(self) -> Entry | None:
        return self._pools.entry(self.currentIndex().row())

    def choose(self, entry_id: str) -> bool:
        """False if there is none of that name."""
        place = self._pools.place_of(entry_id)
        if place < 0:
            return False
        self.setCurrentIndex(self._pools.index(place))
        return True

    def _on_current(self) -> None:
        entry = self.entry()
        if entry is not None and entry.id != self._kept:
            self._kept = entry.id
            self.chosen.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            place: QPoint = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        else:
            place = event.globalPos()
        self._menu.popup(place)


class VolumesTable(PlainTable):
    """Keeps what is selected through new readings. `dropped(file)`: to be uploaded, where `takes_files`."""

    dropped = Signal(object)
    arranged = Signal()  # the person made columns wider or sorted

    def __init__(self, model: VolumesModel, actions: Sequence[QAction]) -> None:
        super().__init__(model, "volumes", "")
        self._volumes = model
        self._mine = tuple(actions)
        self._kept: set[tuple[str, str]] = set()
        self.takes_files = False
        self.fits = True  # the columns follow the width, until the person chooses theirs
        self._fitting = True
        self.setAccessibleName(tr("Volumes"))
        header = FlatHeader(self)
        self.setHorizontalHeader(header)
        header.setObjectName("volumes-header")
        header.setAccessibleName(tr("Columns"))
        self.setSortingEnabled(True)
        self.sortByColumn(Column.NAME, Qt.SortOrder.AscendingOrder)
        self.set_widths(*(width * GRID for width in (34, 15, 11, 10, 10)))
        self.setAcceptDrops(True)
        self.setDragDropMode(self.DragDropMode.DropOnly)
        model.about_to_change.connect(self._on_about_to_change)
        model.changed.connect(self._on_changed)
        header.sectionResized.connect(self._on_sized)
        header.sortIndicatorChanged.connect(lambda *_: None if self._fitting else self.arranged.emit())
        self._fitting = False
        for action in actions:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.addAction(action)

    def _on_sized(self, column: int, before: int, now: int) -> None:
        """By the person: not the last, which takes what is left, and not one that is hidden or shown."""
        if not self._fitting and column != len(Column) - 1 and before and now:
            self.fits = False
            self.arranged.emit()

    def fit(self) -> None:
        """So that who uses a volume is seen in a small window, too; the last column takes what is left."""
        if self.fits:
            others = (Column.POOL, Column.FORMAT, Column.CAPACITY, Column.ALLOCATION)
            taken = sum(self.columnWidth(one) for one in others if not self.isColumnHidden(one))
            self._fitting = True
            self.setColumnWidth(Column.NAME, min(max(self.viewport().width() - taken - _USED, _LEAST), _MOST))
            self._fitting = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """What QTableView would paint with this delegate."""
        option, words, numbers = QStyleOptionViewItem(), self._volumes.words, self._volumes.numbers
        self.initViewItemOption(option)
        painter = QPainter(self.viewport())
        canvas = Canvas(painter, option)
        for row, place, box, state in cells(self, event, option.state.value):
            canvas.ground(box, state)
            role = QPalette.ColorRole.HighlightedText if state & SELECTED else QPalette.ColorRole.Text
            painter.setPen(canvas.color(role))
            inner = box.cut(GRID, GRID)
            canvas.write(inner, canvas.fitting(words(row, place), inner.width), place in numbers)
        painter.end()
        self.paint_empty()

    def chosen(self) -> list[Row]:
        """The selected volumes, in the table's order."""
        rows = self._volumes.rows
        return [rows[place] for place in self._places() if place < len(rows)]

    def _places(self) -> list[int]:
        # Not selectedRows(): that asks for each cell of ten thousand rows.
        places: set[int] = set()
        selection = self.selectionModel().selection()
        for part in (selection.at(place) for place in range(selection.count())):
            places.update(range(part.top(), part.bottom() + 1))
        return sorted(places)

    def selected_rows(self) -> list[int]:
        return self._places()

    def _on_about_to_change(self) -> None:
        self._kept = {row.key for row in self.chosen()}

    def _on_changed(self) -> None:
        if not self._kept:
            return
        selection, last = QItemSelection(), len(Column) - 1
        begin = -1
        rows = self._volumes.rows
        for place in range(len(rows) + 1):
            held = place < len(rows) and rows[place].key in self._kept
            if held and begin < 0:
                begin = place
            elif not held and begin >= 0:
                selection.select(self._volumes.index(begin, 0), self._volumes.index(place - 1, last))
                begin = -1
        self._kept = set()
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def menu_for(self, row: int) -> QMenu:
        menu = super().menu_for(row)
        menu.setToolTipsVisible(True)
        first = menu.actions()[0]
        menu.insertActions(first, self._mine)
        menu.insertSeparator(first)
        return menu

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.takes_files and _files(event):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self.takes_files and _files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        found = _files(event)
        if self.takes_files and found:
            event.acceptProposedAction()
            for file in found:
                self.dropped.emit(file)


def _files(event: QDropEvent) -> list[Path]:
    """What is dragged of this computer. Whether they are plain files is not looked up here: a drive may not answer."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
