"""A machine's disk files as rows, each with its place in the lanes of the picture."""

from collections.abc import Mapping, Sequence
from enum import IntEnum

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QFont, QGuiApplication

from vmdesk.core import units
from vmdesk.core.snapshots.stack import Layer
from vmdesk.model.chain import Files, Role, Use
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.models.plain import PlainModel
from vmdesk.ui.models.roles import Index
from vmdesk.ui.models.snapshots import ROW_ROLE
from vmdesk.ui.plain import plain_tip


class Column(IntEnum):
    FILE = 0
    WHAT = 1
    TAKES = 2
    USES = 3


_TITLES: dict[int, Text] = {
    Column.FILE: text("File"),
    Column.WHAT: text("What it is"),
    Column.TAKES: text("On disk"),
    Column.USES: text("Needed by"),
}


def what_it_is(layer: Layer) -> str:
    """`disk vda, written now`, `base image`, `layer`."""
    if layer.target:
        return tr("disk {disk}, written now", disk=layer.target)
    if any(use.role is Role.DISK and not use.snapshot for use in layer.uses):
        return tr("disk of another machine") if not layer.mine else tr("disk, and somebody stands on it")
    if any(use.snapshot for use in layer.uses):
        return tr("frozen by a snapshot")
    return tr("layer") if layer.image.backing else tr("base image")


def users(uses: Sequence[Use], names: Mapping[str, str]) -> list[str]:
    """Who names it: machines with their disks, snapshots; each once."""
    found: dict[str, None] = {}
    for use in uses:
        name = names.get(use.machine, use.machine)
        if use.snapshot:
            found[tr("{name}: snapshot {snapshot}", name=name, snapshot=use.snapshot)] = None
        elif use.role is Role.DISK:
            found[tr("{name}: {disk}", name=name, disk=use.target)] = None
        elif use.role is not Role.BACKING:
            found[name] = None
    return list(found)


class ChainModel(PlainModel):
    """Empty until `show_layers`."""

    titles = _TITLES
    numbers = frozenset({Column.TAKES})

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Layer] = ()
        self._names: dict[str, str] = {}

    @property
    def rows(self) -> Sequence[Layer]:
        return self._rows

    def show_layers(self, layers: Sequence[Layer], files: Files) -> bool:
        """Whether anything is different."""
        names = {uuid: owner.name for uuid, owner in files.owners.items()}
        if layers == self._rows and names == self._names:
            return False
        self.beginResetModel()
        self._rows, self._names = layers, names
        self.endResetModel()
        return True

    def layer(self, row: int) -> Layer | None:
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def place_of(self, path: str) -> int:
        """Its row, -1 if it is not there."""
        return next((at for at, row in enumerate(self._rows) if row.path == path), -1)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words(row, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{_TITLES[column]}: {self._words(row, column)}"
        if role == Qt.ItemDataRole.AccessibleDescriptionRole and row.image.backing:
            return tr("stands on {path}", path=row.image.backing)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self._tip(row, column))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(column)
        if role == Qt.ItemDataRole.FontRole and column is Column.FILE and row.target:
            font = QFont(QGuiApplication.font())
            font.setBold(True)
            return font
        if role == ROW_ROLE and column is Column.FILE:
            return row
        return None

    def _words(self, row: Layer, column: Column) -> str:
        match column:
            case Column.FILE:
                return row.path.rpartition("/")[2] or row.path
            case Column.WHAT:
                return what_it_is(row)
            case Column.TAKES:
                return units.UNKNOWN if row.image.allocation is None else units.size(row.image.allocation)
            case Column.USES:
                named = ", ".join(users(row.uses, self._names))
                return named or trn("{n} file stands on it", "{n} files stand on it", len(row.joins))

    def _tip(self, row: Layer, column: Column) -> str:
        if column is Column.FILE:
            about = [row.path]
            if row.image.format:
                about.append(tr("Format: {format}", format=row.image.format))
            if row.image.capacity is not None:
                about.append(tr("The guest sees {size}", size=units.size(row.image.capacity)))
            if not row.image.known:
                about.append(tr("What it stands on could not be read."))
            return "\n".join(about)
        return self._words(row, column)
