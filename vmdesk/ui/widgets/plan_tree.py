"""What a deletion would do, as a table or a tree of machines and files: what it is, its size, what becomes of it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QTreeWidget

from vmdesk.model.text import tr
from vmdesk.ui.theme import GRID, figure_font
from vmdesk.ui.widgets.header import FlatHeader
from vmdesk.ui.widgets.scroll_bar import thin

NAME, KIND, SIZE, FATE = range(4)


class PlanTree(QTreeWidget):
    """`first` is the title of its first column, `widths` those of all but the last in GRIDs."""

    def __init__(self, name: str, said: str, first: str, widths: tuple[int, int, int]) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(said)
        self.setColumnCount(4)
        self.setHeader(FlatHeader(self, active=False))
        self.setHeaderLabels([first, tr("What it is"), tr("Size"), tr("What becomes of it")])
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAllColumnsShowFocus(True)
        self.setFont(figure_font(self.font()))
        thin(self)
        self.headerItem().setTextAlignment(SIZE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.header().setStretchLastSection(True)
        for column, width in zip((NAME, KIND, SIZE), widths, strict=True):
            self.setColumnWidth(column, width * GRID)

    def show_rows(self, rows: int, row_height: int) -> None:
        """As high as so many rows."""
        self.setFixedHeight(self.header().height() + rows * row_height + GRID)
