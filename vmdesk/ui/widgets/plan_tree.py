"""What a deletion would do, as a table or a tree of machines and files: what it is, its size, what becomes of it."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QStyleOptionViewItem, QTreeWidget, QTreeWidgetItem

from vmdesk.model.text import tr
from vmdesk.ui.delegates.plain import PlainDelegate
from vmdesk.ui.theme import GRID, figure_font
from vmdesk.ui.widgets.header import FlatHeader
from vmdesk.ui.widgets.scroll_bar import thin

NAME, KIND, SIZE, FATE = range(4)
_WIDEST = 140 * GRID


class PlanDelegate(PlainDelegate):
    """Of a path that is too long the end is read, of words the begin."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        inner = QStyleOptionViewItem(option)
        path = index.column() == NAME and str(index.data() or "").startswith("/")
        inner.textElideMode = Qt.TextElideMode.ElideLeft if path else Qt.TextElideMode.ElideRight
        super().paint(painter, inner, index)


class PlanTree(QTreeWidget):
    """`first` is the title of its first column, `widths` those of all but the last in GRIDs, at least.

    What becomes of a file is read whole; a long path gives way, in its folder.
    """

    def __init__(self, name: str, said: str, first: str, widths: tuple[int, int, int]) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(said)
        self.setColumnCount(4)
        self.setHeader(FlatHeader(self, active=False))
        self.setHeaderLabels([first, tr("What it is"), tr("Size"), tr("What becomes of it")])
        self.setUniformRowHeights(True)
        self.setItemDelegate(PlanDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAllColumnsShowFocus(True)
        self.setFont(figure_font(self.font()))
        thin(self)
        self.headerItem().setTextAlignment(SIZE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.header().setStretchLastSection(True)
        for column, width in zip((NAME, KIND, SIZE), widths, strict=True):
            self.setColumnWidth(column, width * GRID)
        self._least = {KIND: widths[1] * GRID // 2, SIZE: widths[2] * GRID}

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def sizeHint(self) -> QSize:
        """As wide as its words, within reason."""
        width = sum(map(self._needed, (NAME, KIND, SIZE, FATE))) + 6 * GRID
        return QSize(min(width, _WIDEST), super().sizeHint().height())

    def fit(self) -> None:
        """The room for what stands there: the last column as much as it needs, the first what is left."""
        room = self.viewport().width()
        kind, fate = (self._needed(column) for column in (KIND, FATE))
        kind = min(kind, max(room // 4, self._least[KIND]))
        fate = min(fate, room // 2)
        size = max(self._needed(SIZE), self._least[SIZE])
        for column, width in ((KIND, kind), (SIZE, size), (NAME, max(room - kind - size - fate, room // 5))):
            self.setColumnWidth(column, width)

    def _needed(self, column: int) -> int:
        metrics, head = self.fontMetrics(), self.header()
        # The header's own margins are wider than those Qt counts.
        title = head.fontMetrics().horizontalAdvance(self.headerItem().text(column)) + 2 * GRID + GRID // 2
        widest = max(title, head.sectionSizeHint(column))
        waiting: list[QTreeWidgetItem | None] = [self.invisibleRootItem()]
        while waiting:
            item = waiting.pop()
            if item is None:
                continue
            widest = max(widest, metrics.horizontalAdvance(item.text(column)) + 4 * GRID)
            waiting += [item.child(place) for place in range(item.childCount())]
        return widest

    def show_rows(self, rows: int, row_height: int) -> None:
        """As high as so many rows."""
        self.setFixedHeight(self.header().height() + rows * row_height + GRID)
