"""Hosts, groups and tags as a tree of two levels, with how many machines each has; then the trash, unless empty."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, Qt, Signal

from vmdesk.core.store import Changes, Store
from vmdesk.model.host import Host, Link
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.models.domains import Scope
from vmdesk.ui.models.roles import Index, Role
from vmdesk.ui.models.turn import Turn
from vmdesk.ui.plain import plain_tip

TRASH = Scope("trash")
_ROOT = QModelIndex()
_LINKS = {
    Link.OFF: text("not connected"),
    Link.CONNECTING: text("connecting"),
    Link.UP: text("connected"),
    Link.LOST: text("connection lost, trying again"),
    Link.FAILED: text("could not connect"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `host` is set for hosts; `count` is how many machines it has."""

    scope: Scope
    title: str
    count: int = 0
    host: Host | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One heading with its lines. `count` is set for a line of its own at the top level."""

    kind: str
    title: Text
    entries: tuple[Entry, ...] = ()
    count: int | None = None


def link_text(host: Host) -> str:
    """`connected`, `read-only`, or what is wrong and what to do."""
    words = str(_LINKS[host.link])
    if host.link is Link.UP and (host.config.readonly or (host.capabilities and host.capabilities.readonly)):
        words = tr("connected, read-only")
    return f"{words}\n{host.problem}" if host.problem else words


class SidebarModel(QAbstractItemModel):
    """Top level: "All machines" and the headings. Headings' internal id is 0, lines' is the heading's row + 1.

    rebuilt: lines came or went
    """

    rebuilt = Signal()

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._sections = self._read()
        self._turn = Turn(self._flush, 0.2, self)
        self.close = store.subscribe(self._on_store)

    def scope_at(self, index: Index) -> Scope | None:
        """What a line filters by; None for a heading."""
        if not index.isValid():
            return None
        if index.internalId() == 0:
            kind = self._sections[index.row()].kind
            return Scope() if kind == "all" else TRASH if kind == "trash" else None
        return self._sections[index.internalId() - 1].entries[index.row()].scope

    def index_of(self, scope: Scope) -> QModelIndex:
        if scope == Scope():
            return self.index(0, 0)
        if scope == TRASH and self._sections[-1].kind == "trash":
            return self.index(len(self._sections) - 1, 0)
        for row, section in enumerate(self._sections):
            for place, entry in enumerate(section.entries):
                if entry.scope == scope:
                    return self.index(place, 0, self.index(row, 0))
        return QModelIndex()

    def settle(self) -> None:
        self._turn.now()

    def index(self, row: int, column: int, parent: Index = _ROOT) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: Index = _ROOT) -> QModelIndex:  # type: ignore[override]
        if not index.isValid() or index.internalId() == 0:
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def rowCount(self, parent: Index = _ROOT) -> int:
        if not parent.isValid():
            return len(self._sections)
        if parent.internalId() or parent.column():
            return 0
        return len(self._sections[parent.row()].entries)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Never seen, but read out."""
        shown = orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        return tr("Hosts, groups and tags") if shown else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if index.isValid() and index.internalId() == 0 and self.scope_at(index) is None:
            return Qt.ItemFlag.ItemIsEnabled
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if index.internalId() == 0:
            return self._heading(index.row(), role)
        section = self._sections[index.internalId() - 1]
        entry = section.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            machines = trn("{n} machine", "{n} machines", entry.count)
            return f"{entry.title}, {str(_LINKS[entry.host.link]) + ', ' if entry.host else ''}{machines}"
        if role == Qt.ItemDataRole.ToolTipRole and entry.host:
            return plain_tip(f"{entry.host.config.uri}\n{link_text(entry.host)}")
        if role == Role.VALUE:
            return entry
        if role == Role.KIND:
            return section.kind
        if role == Role.COUNT:
            return entry.count
        return None

    def _heading(self, row: int, role: int) -> Any:
        section = self._sections[row]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return str(section.title)
        if role == Role.KIND:
            return section.kind if section.count is not None else "heading"
        if role == Role.COUNT:
            return section.count
        return None

    def _on_store(self, changes: Changes) -> None:
        self._turn.ask()

    def _read(self) -> tuple[Section, ...]:
        by_host: Counter[str] = Counter()
        groups: Counter[str] = Counter()
        tags: Counter[str] = Counter()
        trashed = 0
        for key, domain in self._store.domains.items():
            if domain.definition.trashed:
                trashed += 1
                continue
            by_host[key.host] += 1
            labels = domain.labels
            if labels.group:
                groups[labels.group] += 1
            if labels.tags:
                tags.update(labels.tags)
        hosts = tuple(
            Entry(Scope("host", host.id), host.config.name, by_host[host.id], host)
            for host in self._store.hosts.values()
        )
        there = len(self._store.domains) - trashed
        sections = [Section("all", text("All machines"), count=there), Section("host", text("Hosts"), hosts)]
        for kind, title, counted in (("group", text("Groups"), groups), ("tag", text("Tags"), tags)):
            if counted:
                entries = tuple(
                    Entry(Scope(kind, name), name, counted[name]) for name in sorted(counted, key=str.casefold)
                )
                sections.append(Section(kind, title, entries))
        if trashed:
            sections.append(Section("trash", text("Trash"), count=trashed))
        return tuple(sections)

    def _flush(self) -> None:
        old, new = self._sections, self._read()
        if [(section.kind, [entry.scope for entry in section.entries]) for section in old] == [
            (section.kind, [entry.scope for entry in section.entries]) for section in new
        ]:
            self._sections = new
            if old != new:
                for row, section in enumerate(new):
                    top = self.index(row, 0)
                    if section.entries:
                        self.dataChanged.emit(self.index(0, 0, top), self.index(len(section.entries) - 1, 0, top))
            self.dataChanged.emit(self.index(0, 0), self.index(len(new) - 1, 0))
            return
        self.beginResetModel()
        self._sections = new
        self.endResetModel()
        self.rebuilt.emit()
