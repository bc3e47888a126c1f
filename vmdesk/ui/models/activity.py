"""What happened, as a table that reads on as one scrolls: fifty thousand entries cost no more than fifty."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QIcon, QPalette

from vmdesk.core import activity_words
from vmdesk.core.activity import Activity, Entry, EntryKind
from vmdesk.core.jobs import Jobs
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import Text, fold, text
from vmdesk.ui.icons import icon
from vmdesk.ui.models.plain import PlainModel
from vmdesk.ui.models.roles import Index
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import error_color

SLICE = 500  # entries read at a time
ENTRY_ROLE = Qt.ItemDataRole.UserRole


class Column(IntEnum):
    TIME = 0
    MACHINE = 1
    HOST = 2
    WHAT = 3
    WHY = 4


_TITLES: dict[int, Text] = {
    Column.TIME: text("Time"),
    Column.MACHINE: text("Machine"),
    Column.HOST: text("Host"),
    Column.WHAT: text("What"),
    Column.WHY: text("Why"),
}


def stamp(moment: float) -> str:
    """A time as a table shows it, in local time."""
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M:%S")


def words_of(entry: Entry) -> tuple[str, str, str, str, str]:
    """An entry's cells."""
    return (
        stamp(entry.time),
        entry.name,
        entry.host_name,
        activity_words.what(entry),
        activity_words.why(entry),
    )


class ActivityModel(PlainModel):
    """Newest first. `key`: of one machine only."""

    titles = _TITLES

    loaded = Signal()  # a slice has arrived, or there is nothing more

    def __init__(
        self, activity: Activity, jobs: Jobs, key: DomainKey | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._activity, self._jobs, self._key = activity, jobs, key
        self._rows: list[Entry] = []
        self._words: tuple[str, ...] = ()
        self._kinds: tuple[EntryKind, ...] = ()
        self._only_bad = False
        self._before = 0  # the id of the oldest entry read so far, shown or not
        self._complete = True
        self._turn = 0  # answers to an older question are dropped
        self._reading = False
        self._alert = icon("alert-circle")
        self._unsubscribe: Callable[[], None] | None = None

    # -- what is shown

    def start(self) -> None:
        """Read anew and follow from now on."""
        if self._unsubscribe is None:
            self._unsubscribe = self._activity.subscribe(self._on_entries)
        self.reload()

    def stop(self) -> None:
        """Follow no more."""
        self._turn += 1
        self._reading = False
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def set_filter(self, words: str, kinds: Sequence[EntryKind] = (), only_bad: bool = False) -> None:
        """Only entries with all of `words` in them, of some kinds, or only what somebody should look at."""
        wanted = (tuple(fold(words).split()), tuple(kinds), only_bad)
        if wanted != (self._words, self._kinds, self._only_bad):
            self._words, self._kinds, self._only_bad = wanted
            self.reload()

    @property
    def filtered(self) -> bool:
        return bool(self._words or self._kinds or self._only_bad)

    @property
    def reading(self) -> bool:
        return self._reading

    def entry(self, row: int) -> Entry:
        return self._rows[row]

    def reload(self) -> None:
        self._turn += 1
        self._reading = True  # before views hear of the reset: they would ask for more at once
        self.beginResetModel()
        self._rows, self._before, self._complete = [], 0, False
        self.endResetModel()
        self._read()

    def _fits(self, entry: Entry) -> bool:
        if self._key is not None and entry.key != self._key:
            return False
        if self._kinds and entry.kind not in self._kinds:
            return False
        if self._only_bad and not activity_words.bad(entry):
            return False
        if not self._words:
            return True
        # The words as they are shown, in the person's language; the file only knows libvirt's.
        line = fold(" ".join(words_of(entry)))
        return all(word in line for word in self._words)

    def _on_entries(self, entries: tuple[Entry, ...]) -> None:
        known = self._rows[0].id if self._rows else 0
        fresh = [entry for entry in reversed(entries) if self._fits(entry) and (not entry.id or entry.id > known)]
        # The first slice is yet to come: they are in it. Later ones hold only what is older.
        if fresh and not (self._reading and not self._before):
            self.beginInsertRows(QModelIndex(), 0, len(fresh) - 1)
            self._rows[:0] = fresh
            self.endInsertRows()
            self.loaded.emit()

    # -- reading on

    def _read(self) -> None:
        self._reading = True
        self._jobs.spawn("read the activity", self._read_slices(self._turn))

    async def _read_slices(self, turn: int) -> None:
        """Read until a slice brings something to show (a filter may pass over thousands)."""
        found: list[Entry] = []
        while not found and not self._complete:
            entries = await self._activity.entries(
                key=self._key, kinds=self._kinds, before=self._before, limit=SLICE * (4 if self._words else 1)
            )
            if turn != self._turn:
                return
            self._complete = len(entries) < SLICE
            if entries:
                self._before = entries[-1].id
            found = [entry for entry in entries if self._fits(entry)]
        self._reading = False
        if found:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(found) - 1)
            self._rows += found
            self.endInsertRows()
        self.loaded.emit()

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and not self._complete and not self._reading

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self._read()

    # -- the table

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        entry = self._rows[index.row()]
        column = index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return words_of(entry)[column]
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{_TITLES[Column(column)]}: {words_of(entry)[column]}"
            case Qt.ItemDataRole.ToolTipRole if column in (Column.WHAT, Column.WHY):
                return plain_tip(activity_words.whole(entry))
            case Qt.ItemDataRole.DecorationRole if column == Column.WHAT:
                return self._alert if activity_words.bad(entry) else QIcon()
            case Qt.ItemDataRole.ForegroundRole:
                if column == Column.WHAT and activity_words.bad(entry):
                    return error_color()
                if column in (Column.TIME, Column.HOST):
                    return QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText)
            case _ if role == ENTRY_ROLE:
                return entry
        return None
