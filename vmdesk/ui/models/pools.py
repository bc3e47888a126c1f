"""The storage pools of a host as a list, with all of them above and what nobody uses below."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from vmdesk.core import units
from vmdesk.core.storage.kinds import kind_words
from vmdesk.core.storage.rows import Row, reclaimable
from vmdesk.model.storage import Pool
from vmdesk.model.text import tr, trn
from vmdesk.ui.models.roles import Index, Role
from vmdesk.ui.plain import plain_tip

ALL, UNUSED = "\0all", "\0unused"  # no pool has such a name
_ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list. `fraction`: of the pool that is taken, -1.0 for no bar; `scarce`: almost full."""

    id: str
    title: str
    words: str
    icon: str
    tip: str = ""
    fraction: float = -1.0
    scarce: bool = False
    pool: Pool | None = None


def entries(pools: Sequence[Pool], rows: Sequence[Row] | None, scarce: frozenset[str]) -> list[Entry]:
    """rows  None while they are not read yet."""
    found = []
    known = rows is not None
    listed = rows or ()
    if len(pools) != 1:
        words = trn("{n} volume", "{n} volumes", len(listed)) if known else ""
        found.append(Entry(ALL, tr("All storage pools"), words, "layers-outline"))
    found += [_entry(pool, pool.name in scarce) for pool in pools]
    orphans = [row for row in listed if row.orphan]
    size = units.size(reclaimable(listed))
    words = trn("{n} volume, {size}", "{n} volumes, {size}", len(orphans), size=size) if known else ""
    tip = tr("Disk images that no machine and no other volume needs. Nothing is deleted by itself.")
    found.append(Entry(UNUSED, tr("Used by nobody"), words, "trash", tip))
    return found


def _entry(pool: Pool, scarce: bool) -> Entry:
    kind = kind_words(pool.kind)
    if not pool.active:
        words = tr("{kind}, off", kind=kind)
        return Entry(pool.name, pool.name, words, "folder", _tip(pool), pool=pool)
    words = tr("{free} free of {size}", free=units.size(pool.available), size=units.size(pool.capacity))
    taken = 1 - pool.available / pool.capacity if pool.capacity else -1.0
    return Entry(pool.name, pool.name, words, "alert" if scarce else "folder", _tip(pool), taken, scarce, pool)


def _tip(pool: Pool) -> str:
    lines = [kind_words(pool.kind)]
    lines += [pool.target] if pool.target else []
    lines.append(tr("starts with the host") if pool.autostart else tr("does not start with the host"))
    return "\n".join(lines)


class PoolsModel(QAbstractListModel):
    """Empty until `show_entries`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def show_entries(self, found: list[Entry]) -> bool:
        """Whether there are others now, so that what is chosen has to be chosen again."""
        if found == self._entries:
            return False
        if [one.id for one in found] == [one.id for one in self._entries]:
            self._entries = found
            self.dataChanged.emit(self.index(0), self.index(len(found) - 1))
            return False
        self.beginResetModel()
        self._entries = found
        self.endResetModel()
        return True

    def entry(self, row: int) -> Entry | None:
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def place_of(self, entry_id: str) -> int:
        return next((at for at, one in enumerate(self._entries) if one.id == entry_id), -1)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self.entry(index.row()) if index.isValid() else None
        if entry is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            scarce = [tr("almost full")] if entry.scarce else []
            return ", ".join([entry.title, *([entry.words] if entry.words else []), *scarce])
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(entry.tip) if entry.tip else None
        if role == Role.VALUE:
            return entry
        return None
