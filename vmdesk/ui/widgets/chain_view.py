"""The backing chain, drawn: each file a row, lanes from overlays down to what they stand on."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from vmdesk.model.text import tr
from vmdesk.ui.delegates.lanes import LanesDelegate
from vmdesk.ui.models.chain import ChainModel, Column
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.plain_table import PlainTable

MEASURED = 60  # rows that decide how wide a column is
WIDEST = 52 * GRID  # of the first column, unless the person makes it wider


class ChainView(PlainTable):
    """The menu has the page's own actions."""

    def __init__(self, model: ChainModel, actions: Sequence[QAction]) -> None:
        super().__init__(model, "chain", "")
        self._mine = tuple(actions)
        self.setSelectionMode(self.SelectionMode.SingleSelection)
        self.setAccessibleName(tr("Disk files"))
        self._lanes = LanesDelegate(self)
        self.setItemDelegateForColumn(Column.FILE, self._lanes)
        self.horizontalHeader().setMinimumSectionSize(6 * GRID)
        self.horizontalHeader().setResizeContentsPrecision(MEASURED)
        self.set_widths(40 * GRID, 26 * GRID, 11 * GRID)
        for action in actions:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.addAction(action)

    def fit(self) -> None:
        """Columns as wide as what is in them."""
        for column, least in ((Column.FILE, 20 * GRID), (Column.WHAT, 16 * GRID)):
            self.resizeColumnToContents(column)
            self.setColumnWidth(column, min(max(self.columnWidth(column) + 2 * GRID, least), WIDEST))

    def menu_for(self, row: int) -> QMenu:
        menu = super().menu_for(row)
        menu.setToolTipsVisible(True)
        first = menu.actions()[0]
        menu.insertActions(first, self._mine)
        menu.insertSeparator(first)
        return menu
