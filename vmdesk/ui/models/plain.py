"""What tables that are read have in common: titled columns over a list of rows."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt

from vmdesk.model.text import Text
from vmdesk.ui.models.roles import Index

_ROOT = QModelIndex()


class PlainModel(QAbstractTableModel):
    """`titles` by column; `_rows` is the subclass's. Columns in `numbers` stand at the right."""

    titles: ClassVar[Mapping[int, Text]]
    numbers: ClassVar[frozenset[int]] = frozenset()
    _rows: Sequence[Any]

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return str(self.titles[section])
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(section)
        return None

    def side(self, column: int) -> Qt.AlignmentFlag:
        """Where a column's words stand."""
        side = Qt.AlignmentFlag.AlignRight if column in self.numbers else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter
