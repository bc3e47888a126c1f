"""Item roles and the type of an index, for all models."""

from enum import IntEnum

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex


class Role(IntEnum):
    """What our models tell besides Qt's own roles."""

    VALUE = Qt.ItemDataRole.UserRole  # the object behind the row
    SORT = Qt.ItemDataRole.UserRole + 1  # a value to sort by
    KIND = Qt.ItemDataRole.UserRole + 2
    COUNT = Qt.ItemDataRole.UserRole + 3
    PROGRESS = Qt.ItemDataRole.UserRole + 4
