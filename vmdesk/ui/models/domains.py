"""The machines of all hosts as a table. It sorts and filters by itself, in plain Python: a proxy would ask it for
every cell through Qt, which costs more than the work.
"""

import itertools
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal

from vmdesk.core.columns import COLUMNS, NO_FIGURES, natural
from vmdesk.core.filter import Predicate, haystack
from vmdesk.core.jobs import Job, Jobs
from vmdesk.core.store import Changes, Store
from vmdesk.core.words import state_text
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.host import Host
from vmdesk.model.stats import Figures
from vmdesk.model.text import fold, text, tr
from vmdesk.ui.models.roles import Index, Role
from vmdesk.ui.models.turn import Turn
from vmdesk.ui.plain import plain_tip

_AT_ONCE = 500  # machines, a millisecond or two
FEW = 16  # up to so many rows come, go and move one by one; more are one reset

_ROOT = QModelIndex()
# Made once: putting flags together costs 20 us, and every cell is asked.
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_STATE = next(place for place, column in enumerate(COLUMNS) if column.id == "state")

_NAME = next(place for place, column in enumerate(COLUMNS) if column.id == "name")
_FIRST_FIGURE = next(place for place, column in enumerate(COLUMNS) if column.figure)
_LAST_LIVE = max(place for place, column in enumerate(COLUMNS) if column.figure or column.live)


class Condition(Protocol):
    """What core/filter.py makes of a text."""

    @property
    def uses_figures(self) -> bool: ...
    @property
    def words(self) -> tuple[str, ...]: ...
    @property
    def rest(self) -> Predicate | None: ...

    def __call__(self, domain: Domain, host: Host | None, figures: Figures) -> bool: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What was clicked in the sidebar: all machines, those of a host, a group or a tag, or the trash's page."""

    kind: str = "all"  # all, host, group, tag, trash
    value: str = ""

    def holds(self, domain: Domain) -> bool:
        if self.kind == "host":
            return domain.key.host == self.value
        if self.kind == "group":
            return domain.labels.group == self.value
        if self.kind == "tag":
            return self.value in domain.labels.tags
        return True


def _alike(old: Domain, new: Domain) -> bool:
    """Whether no cell but the state's says anything else of the machine now."""
    state, reason, busy, saved = new.state, new.reason, new.busy, new.managed_save
    same = replace(old, state=state, reason=reason, busy=busy, managed_save=saved)
    return old.active == new.active and same == new


def _within(words: tuple[str, ...], sought: tuple[str, ...] | None) -> bool:
    """Whether whatever has all these words has all that were sought before: a letter was added."""
    return sought is not None and all(any(old in word for word in words) for old in sought)


class DomainsModel(QAbstractTableModel):
    """Rows are machines, columns are COLUMNS in their order; the header decides which of them are seen and where.
    Those in the trash are not among them: they have a page of their own.

    figures      the latest figures of a machine
    shown        True while somebody can see the table: nothing is done otherwise
    refreshed    signal: rows came, went or moved (counts and empty states may have changed)
    """

    refreshed = Signal()

    def __init__(
        self,
        store: Store,
        jobs: Jobs | None = None,
        figures: Callable[[DomainKey], Figures] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.store = store
        self._figures = figures or (lambda key: NO_FIGURES)
        self._column = COLUMNS[_NAME]
        self._down = False
        self._filter: Condition | None = None
        self._scope = Scope()
        self._order: list[DomainKey] = []  # every machine, sorted
        self._rows: list[DomainKey] = []  # those that pass filter and scope, in the same order
        self._places: dict[DomainKey, int] = {}  # key -> row; empty: to be made when asked for
        self._values: dict[DomainKey, Any] = {}  # key -> sort value
        self._ties: dict[DomainKey, Any] = {}  # key -> what decides between equal values
        self._names: dict[DomainKey, str] = {}  # key -> the name that its tie is made of
        self._texts: dict[DomainKey, str] = {}  # key -> where words are looked for; made when first asked for
        self._sought: tuple[str, ...] | None = None  # the words that the rows are the answer to; None: not just words
        self._doing: dict[DomainKey, str] = {}  # key -> what a running job does to it
        self._known: dict[DomainKey, Domain] = dict(store.domains)  # as last heard of
        self._touched: set[DomainKey] = set()
        self._wide: set[DomainKey] = set()  # those of the touched with more to paint than their state
        self._whole = False  # everything has to be looked at again
        self._hosts_touched = False
        self.shown = True
        self._turn = Turn(self._flush, parent=self)
        self._reading = Turn(self._read_some, parent=self)
        self._leave = [store.subscribe(self._on_store)]
        if jobs is not None:
            self._leave.append(jobs.subscribe(self._on_job))
        self._rebuild()

    # ---------------------------------------------------------------- what is where

    @property
    def keys(self) -> list[DomainKey]:
        """The machines shown, in their order."""
        return self._rows

    @property
    def total(self) -> int:
        """How many there are, shown or not."""
        return len(self._order)

    @property
    def by_figures(self) -> bool:
        """Whether order or choice depends on figures."""
        return self._column.figure or bool(self._filter and self._filter.uses_figures)

    @property
    def filtered(self) -> bool:
        return self._filter is not None or self._scope != Scope()

    def key_at(self, row: int) -> DomainKey | None:
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def domain_at(self, row: int) -> Domain | None:
        return self.store.domains.get(self._rows[row]) if 0 <= row < len(self._rows) else None

    def row_of(self, key: DomainKey) -> int:
        """Its row, -1 if it is not shown."""
        if not self._places and self._rows:
            self._places = {one: row for row, one in enumerate(self._rows)}
        return self._places.get(key, -1)

    def figures_of(self, key: DomainKey) -> Figures:
        return self._figures(key)

    def doing(self, key: DomainKey) -> str:
        """What a running job does to the machine, "" if none."""
        return self._doing.get(key, "")

    def host_of(self, key: DomainKey) -> Host | None:
        return self.store.hosts.get(key.host)

    def find(self, beginning: str, after: int = -1) -> int:
        """The next row whose name begins so, -1 if there is none."""
        wanted = fold(beginning)
        count = len(self._rows)
        for step in range(1, count + 1):
            row = (after + step) % count
            domain = self.domain_at(row)
            if domain and fold(domain.name).startswith(wanted):
                return row
        return -1

    # ---------------------------------------------------------------- what Qt asks

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        place = index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if COLUMNS[place].right else _LEFT
        domain = self.domain_at(index.row())
        if domain is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(domain, place)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.text(domain, place) or tr("none")
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self._tip(domain, place))
        if role == Role.SORT:
            return COLUMNS[place].sort(domain, self.host_of(domain.key), self._figures(domain.key))
        if role == Role.VALUE:
            return domain
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        column = COLUMNS[section]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return str(column.title)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return str(column.about) if column.about else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.right else _LEFT
        return None

    def text(self, domain: Domain, place: int) -> str:
        """What the cell says."""
        host = self.store.hosts.get(domain.key.host)
        if place == _STATE:
            return state_text(domain, bool(host and host.stale), self._doing.get(domain.key, ""))
        return COLUMNS[place].text(domain, host, self._figures(domain.key))

    def _tip(self, domain: Domain, place: int) -> str:
        if place == _NAME:
            parts = (domain.name, domain.labels.title, domain.labels.description)
            return "\n".join(part for part in parts if part)
        return self.text(domain, place)

    # ---------------------------------------------------------------- sorting and filtering

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Called by the header."""
        if 0 <= column < len(COLUMNS):
            self._column, self._down = COLUMNS[column], order == Qt.SortOrder.DescendingOrder
            self._rebuild()

    def set_filter(self, condition: Condition | None) -> None:
        """Show only what the condition holds for."""
        # Rows that are not up to date with the store are no ground to go on from.
        narrower = not (self._touched or self._whole or self._hosts_touched)
        self._filter = condition
        self._choose(narrower)

    def set_scope(self, scope: Scope) -> None:
        """Show only one host, group or tag."""
        if scope != self._scope:
            self._scope = scope
            self._choose()

    @property
    def scope(self) -> Scope:
        return self._scope

    def _passes(self, domain: Domain) -> bool:
        if not self._scope.holds(domain):
            return False
        if self._filter is None:
            return True
        key = domain.key
        figures = self._figures(key) if self._filter.uses_figures else NO_FIGURES
        return self._filter(domain, self.store.hosts.get(key.host), figures)

    def _chosen(self, narrower: bool = False) -> list[DomainKey]:
        """What is to be shown, in order. `narrower`: nothing but the filter is another than it was."""
        domains = self.store.domains
        sought, self._sought = self._sought, None
        if not self.filtered:
            return list(self._order)
        # What is gone stays in the order until its turn comes.
        keys = [key for key in self._order if key in domains] if self._touched else self._order
        passes = self._passes
        if self._filter is not None and self._filter.words:
            plain = self._filter.rest is None and self._scope == Scope()
            if narrower and plain and _within(self._filter.words, sought):
                keys = self._rows
            keys = self._with_words(self._filter.words, keys)
            if plain:
                self._sought = self._filter.words
                return keys
        return [key for key in keys if passes(domains[key])]

    def _read_some(self) -> None:
        """New machines' texts, a few at a time: the first letter typed must not wait for thousands."""
        if self._read(_AT_ONCE):
            self._reading.ask()

    def _read(self, most: int | None = None) -> bool:
        """Make the texts that are not known; True if there are more than `most`."""
        domains, texts = self.store.domains, self._texts
        missing = domains.keys() - texts.keys() if len(texts) != len(domains) else set[DomainKey]()
        for key in itertools.islice(missing, most):
            texts[key] = haystack(domains[key])
        return most is not None and len(missing) > most

    def _with_words(self, words: tuple[str, ...], keys: list[DomainKey]) -> list[DomainKey]:
        """Those of the machines in whose texts all words stand."""
        self._read()
        texts = self._texts
        for word in words:
            keys = [key for key in keys if word in texts[key]]
        return keys

    def _value(self, domain: Domain) -> Any:
        return self._column.sort(domain, self.store.hosts.get(domain.key.host), self._figures(domain.key))

    def _name(self, key: DomainKey, name: str) -> None:
        """Note how the machine is called; a name is taken apart once."""
        if self._names.get(key) != name:
            self._names[key] = name
            self._ties[key] = (natural(name), key)

    def _sorted(self) -> list[DomainKey]:
        """All machines in order. Both sorts are stable: equal values stay in the order of their names."""
        domains = {key: domain for key, domain in self.store.domains.items() if not domain.definition.trashed}
        for key in self._names.keys() - domains.keys():
            del self._names[key], self._ties[key]
        for key, domain in domains.items():
            self._name(key, domain.name)
        order = sorted(domains, key=self._ties.__getitem__)
        if self._column is COLUMNS[_NAME]:
            self._values = {key: self._ties[key][0] for key in domains}
            if self._down:
                order.reverse()
        else:
            self._values = {key: self._value(domain) for key, domain in domains.items()}
            order.sort(key=self._values.__getitem__, reverse=self._down)
        return order

    def _rebuild(self) -> None:
        """Sort everything anew."""
        self._touched.clear()
        self._wide.clear()
        self._whole = self._hosts_touched = False
        self._order = self._sorted()
        self._choose()

    def _choose(self, narrower: bool = False) -> None:
        """Filter everything anew; the rows that stay in place stay untouched."""
        rows = self._chosen(narrower)
        if rows == self._rows:
            self._changed(0, len(rows) - 1, 0, len(COLUMNS) - 1)
        else:
            self.beginResetModel()
            self._rows = rows
            self._places = {}
            self.endResetModel()
        self.refreshed.emit()

    def _columns(self, wide: bool) -> tuple[int, int]:
        """The first and the last column of what there is to paint anew."""
        return (0, len(COLUMNS) - 1) if wide else (_STATE, _STATE)

    def _changed(self, first: int, last: int, left: int, right: int) -> None:
        if 0 <= first <= last:
            self.dataChanged.emit(self.index(first, left), self.index(last, right))

    # ---------------------------------------------------------------- what the store says

    def _on_store(self, changes: Changes) -> None:
        self._touched |= changes.added | changes.changed | changes.removed
        domains, known = self.store.domains, self._known
        for key in changes.changed | changes.added:
            old, new = known.get(key), domains[key]
            known[key] = new
            if old is None or not _alike(old, new):
                self._wide.add(key)
                self._texts.pop(key, None)
        for key in changes.removed:
            known.pop(key, None)
            self._texts.pop(key, None)
        self._hosts_touched = self._hosts_touched or bool(changes.hosts)
        if changes.added:
            self._reading.ask()
        if self.shown:
            self._turn.ask()

    def _on_job(self, job: Job) -> None:
        for key in job.keys:
            old = self._doing.get(key, "")
            if job.running:
                # "Starting web-01" in web-01's own row is "Starting …"
                self._doing[key] = str(text(job.title.source, **(dict(job.title.values) | {"name": "…"})))
            else:
                self._doing.pop(key, None)
            if self._doing.get(key, "") != old:
                self._touched.add(key)
                if self.shown:
                    self._turn.ask()

    def on_figures(self, keys: Collection[DomainKey]) -> None:
        """New figures of these machines: one dataChanged."""
        if not self.shown:
            return
        if self.by_figures:
            self._whole = True
            self._turn.ask()
            return
        if len(keys) * 2 > len(self.store.domains):
            self._changed(0, len(self._rows) - 1, _FIRST_FIGURE, _LAST_LIVE)  # looking for each costs more
            return
        rows = [row for key in keys if (row := self.row_of(key)) >= 0]
        if rows:
            self._changed(min(rows), max(rows), _FIRST_FIGURE, _LAST_LIVE)

    def show(self, shown: bool) -> None:
        """Whether somebody can see it; catches up when that becomes true."""
        self.shown = shown
        if shown and (self._touched or self._whole or self._hosts_touched):
            self._turn.ask()

    def settle(self) -> None:
        """Do what is due now (for tests, and before a question about what is shown)."""
        self._turn.now()

    def _flush(self) -> None:
        touched, self._touched = self._touched, set()
        wide, self._wide = self._wide, set()
        whole, self._whole = self._whole, False
        hosts, self._hosts_touched = self._hosts_touched, False
        # A host's name and link may decide about order and choice.
        whole = whole or (hosts and (self._filter is not None or self._column.id in ("host", "state")))
        if whole or len(touched) > FEW:
            self._reorder(touched if not (whole or hosts) else None, bool(wide))
            return
        moved = False
        for key in touched:
            moved = self._place(key, key in wide) or moved
        if hosts:
            self._changed(0, len(self._rows) - 1, 0, len(COLUMNS) - 1)
            moved = True  # an empty table says other things when a host's link changes
        if moved:
            self.refreshed.emit()

    def _unmoved(self, touched: set[DomainKey]) -> bool:
        """Whether none of these came, went, or changed its place or whether it is shown."""
        domains = self.store.domains
        for key in touched:
            domain = domains.get(key)
            if domain is None or domain.definition.trashed or self._values.get(key) != self._value(domain):
                return False
            if self._names.get(key) != domain.name or self._passes(domain) != (self.row_of(key) >= 0):
                return False
        return True

    def _reorder(self, touched: set[DomainKey] | None, wide: bool) -> None:
        """Many changes. One dataChanged where the order is still the same, else a reset."""
        if touched is not None and self._unmoved(touched):
            self._tell_rows(touched, wide)
            self.refreshed.emit()
            return
        order = self._sorted()
        self._order = order
        rows = self._chosen()
        if rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self._places = {}
            self.endResetModel()
        elif touched is None:
            self._changed(0, len(rows) - 1, 0, len(COLUMNS) - 1)
        else:
            self._tell_rows(touched, wide)
        self.refreshed.emit()

    def _tell_rows(self, keys: Iterable[DomainKey], wide: bool) -> None:
        """These machines look different now, their state or all of their rows: one dataChanged."""
        rows = [row for key in keys if (row := self.row_of(key)) >= 0]
        if rows:
            self._changed(min(rows), max(rows), *self._columns(wide))

    def _place(self, key: DomainKey, wide: bool) -> bool:
        """One machine came, went or changed; True if a row came, went or moved."""
        domain = self.store.domains.get(key)
        row = self.row_of(key)
        if domain is None or domain.definition.trashed:
            if key in self._values:
                self._order.remove(key)
                del self._values[key], self._ties[key], self._names[key]
            if row >= 0:
                self._remove(row)
            return True
        value, tie = self._value(domain), (natural(domain.name), key)
        if self._values.get(key) != value or self._ties.get(key) != tie:
            if key in self._values:
                self._order.remove(key)
            self._values[key] = value
            self._name(key, domain.name)
            self._order.insert(self._slot(self._order, key), key)
        if not self._passes(domain):
            if row >= 0:
                self._remove(row)
            return row >= 0
        if row < 0:
            self._insert(self._slot(self._rows, key), key)
            return True
        rest = self._rows[:row] + self._rows[row + 1 :]
        slot = self._slot(rest, key)
        if slot == row:
            self._changed(row, row, *self._columns(wide))
            return False
        # Qt counts the destination in the list as it is before the move.
        self.beginMoveRows(_ROOT, row, row, _ROOT, slot if slot < row else slot + 1)
        rest.insert(slot, key)
        self._rows = rest
        self._places = {}
        self.endMoveRows()
        self._changed(slot, slot, *self._columns(wide))
        return True

    def _insert(self, row: int, key: DomainKey) -> None:
        self.beginInsertRows(_ROOT, row, row)
        self._rows.insert(row, key)
        self._places = {}
        self.endInsertRows()

    def _remove(self, row: int) -> None:
        self.beginRemoveRows(_ROOT, row, row)
        del self._rows[row]
        self._places = {}
        self.endRemoveRows()

    def _slot(self, keys: list[DomainKey], key: DomainKey) -> int:
        """Where `key` belongs among the sorted `keys` (which do not have it)."""
        low, high = 0, len(keys)
        while low < high:
            middle = (low + high) // 2
            if self._before(keys[middle], key):
                low = middle + 1
            else:
                high = middle
        return low

    def _before(self, one: DomainKey, other: DomainKey) -> bool:
        value, other_value = self._values[one], self._values[other]
        if value != other_value:
            return bool(value > other_value if self._down else value < other_value)
        down = self._down and self._column is COLUMNS[_NAME]
        return bool(self._ties[one] > self._ties[other] if down else self._ties[one] < self._ties[other])

    def close(self) -> None:
        """Hear no more of the store."""
        for leave in self._leave:
            leave()
        self._leave.clear()
