"""A table to be read: rows selectable and copyable, with words where it is empty."""

from collections.abc import Iterable

from PySide6.QtCore import QAbstractItemModel, QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QMenu, QTableView, QWidget

from vmdesk.model.text import tr
from vmdesk.ui.delegates.plain import PlainDelegate
from vmdesk.ui.theme import GRID, figure_font, muted
from vmdesk.ui.widgets.header import FlatHeader
from vmdesk.ui.widgets.scroll_bar import thin


class PlainTable(QTableView):
    """`opened(row)`: double click or Enter. `empty` is painted when there are no rows."""

    opened = Signal(int)

    def __init__(self, model: QAbstractItemModel, name: str, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._empty = empty
        self.setFont(figure_font(self.font()))
        self.setModel(model)
        self.setHorizontalHeader(FlatHeader(self, active=False))
        self.setItemDelegate(PlainDelegate(self))
        thin(self)
        self.setObjectName(name)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        # One height for all rows: 50,000 of them need not be measured.
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + GRID + GRID // 2)
        self.doubleClicked.connect(self._on_opened)
        # Else Qt paints at once, lays the rows out a moment later, and paints all of them a second time.
        model.modelReset.connect(self.executeDelayedItemsLayout)

    def set_widths(self, *widths: int) -> None:
        """Of the columns from the first on; the last takes what is left."""
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width)

    def set_empty(self, words: str) -> None:
        """What stands there when there is nothing."""
        self._empty = words
        self.viewport().update()

    def selected_rows(self) -> list[int]:
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def select_rows(self, rows: Iterable[int]) -> None:
        """Exactly these, whatever keys are down."""
        model, chosen = self.model(), QItemSelection()
        for row in rows:
            chosen.select(model.index(row, 0), model.index(row, model.columnCount() - 1))
        self.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def copy_text(self) -> str:
        """The selected rows (all if none is) as lines, cells parted by tabs, hidden columns left out."""
        model = self.model()
        rows = self.selected_rows() or list(range(model.rowCount()))
        columns = [column for column in range(model.columnCount()) if not self.isColumnHidden(column)]
        return "\n".join("\t".join(str(model.index(row, column).data() or "") for column in columns) for row in rows)

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.copy_text())

    def menu_for(self, row: int) -> QMenu:
        """What can be done with a row; -1 for none."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        action = menu.addAction(tr("Copy"), self.copy)
        action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_for(self.indexAt(event.pos()).row()).popup(event.globalPos())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self.paint_empty()

    def paint_empty(self) -> None:
        """The words that stand where rows would."""
        if self.model().rowCount() == 0 and self._empty:
            painter = QPainter(self.viewport())
            painter.setPen(muted(self.palette()))
            area = self.viewport().rect().adjusted(3 * GRID, GRID, -3 * GRID, -GRID)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._empty)

    def _on_opened(self, index: QModelIndex) -> None:
        self.opened.emit(index.row())
