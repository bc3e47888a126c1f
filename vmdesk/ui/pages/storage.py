"""The storage of a host: its pools at the left, the volumes of the chosen one at the right, and what can be done."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vmdesk.core import own_files, units
from vmdesk.core.jobs import Job
from vmdesk.core.storage.kinds import kind_words
from vmdesk.core.storage.offers import Offers, offers
from vmdesk.core.storage.room import scarce
from vmdesk.core.storage.rows import Row, reclaimable
from vmdesk.core.storage.work import Able, Seen
from vmdesk.core.store import Changes
from vmdesk.model.errors import Problem
from vmdesk.model.storage import Pool
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.icons import icon
from vmdesk.ui.models.pools import ALL, UNUSED, PoolsModel, entries
from vmdesk.ui.models.volumes import Column, VolumesModel
from vmdesk.ui.pages.storage_acts import Acts
from vmdesk.ui.pages.storage_views import OneLine, PoolList, Tools, VolumesTable
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.reading import Reading, ReadingPage
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.empty import Emptiness, EmptyView
from vmdesk.ui.widgets.form import Muted, Section
from vmdesk.ui.widgets.glyph import Glyph
from vmdesk.ui.widgets.tool_button import action_button, page_action
from vmdesk.virt.pools import DEFAULT

AGAIN = 30.0  # seconds; libvirt tells what becomes of pools, but little of volumes

# name, words, icon, keys
_VOLUME = (
    ("new", text("New…"), "add", "Ins"),
    ("upload", text("Upload…"), "upload", "Ctrl+U"),
    ("download", text("Download…"), "download", "Ctrl+D"),
    ("copy", text("Copy…"), "content-duplicate", "Ctrl+Shift+D"),
    ("move", text("Move…"), "move", "Ctrl+M"),
    ("grow", text("Enlarge…"), "resize", "Ctrl+E"),
    ("wipe", text("Wipe…"), "eraser", ""),
    ("delete", text("Delete…"), "delete", "Del"),
)
_MENU_ONLY = ("wipe",)
_TOLD = ("delete", "move", "grow", "download")  # whose reason is told first
_POOL = (
    ("start", text("Start"), "play"),
    ("stop", text("Stop"), "stop"),
    ("refresh", text("Look again"), "refresh"),
    ("autostart", text("Start with the host"), "autostart"),
    ("forget", text("Delete the pool…"), "delete"),
)


class StoragePage(ReadingPage):
    """Reads while it is seen: when it is opened, when a pool changes, when work ends, and now and then."""

    def __init__(self, parts: Parts, host: str, parent: QWidget | None = None) -> None:
        super().__init__(parts, parent, AGAIN)
        self._host = host
        self.seen: Seen | None = None
        self._able: Able | None = None
        self._fresh = False
        self._offers = Offers()
        self.setObjectName("storage")
        self.setAccessibleName(tr("Storage"))
        self.acts = Acts(parts, host, lambda: self.seen, lambda: self._able)
        self.actions_: dict[str, QAction] = {}
        pools = ((*one, "") for one in (*_POOL, ("new_pool", text("New pool…"), "add")))
        for name, words, picture, keys in (*_VOLUME, *pools):
            self.actions_[name] = page_action(self, name, str(words), picture, keys, partial(self._run, name))
        self.actions_["autostart"].setCheckable(True)
        self.pools_model, self.model = PoolsModel(self), VolumesModel(self)
        self.pool_menu = QMenu(self)
        self.pool_menu.setToolTipsVisible(True)
        self.pool_menu.addActions([self.actions_[name] for name, _words, _icon in _POOL])
        self.pool_menu.addSeparator()
        self.pool_menu.addAction(self.actions_["new_pool"])
        self.pools = PoolList(self.pools_model, self.pool_menu)
        self.table = VolumesTable(self.model, [self.actions_[name] for name, *_rest in _VOLUME])
        self._make_layout()
        self.reading = Reading(self, parts.jobs, "list volumes", self._load, self._cannot, self._show)
        self.pools.chosen.connect(self._on_chosen)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_actions())
        self.table.opened.connect(lambda _row: self._show_users())
        self.table.dropped.connect(lambda file: parts.jobs.spawn("dropped file", self._take(self.pool(), file)))
        self.filter.textChanged.connect(self._on_filter)
        self.filter.returnPressed.connect(self.table.setFocus)
        self.table.arranged.connect(self._remember)
        self.split.splitterMoved.connect(lambda *_: self._remember())
        self._wanted = str(self._recalled().get("pool", ""))
        self._recall()
        self._show()

    # ---------------------------------------------------------------- what it is made of

    def _button(self, name: str) -> QToolButton:
        return action_button(self.actions_[name], f"storage-{name}", 18)

    def _make_layout(self) -> None:
        left = QWidget()
        box = QVBoxLayout(left)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        top = QHBoxLayout()
        top.addWidget(Section(tr("Storage pools")), 1)
        top.addWidget(self._button("new_pool"))
        box.addLayout(top)
        box.addWidget(self.pools, 1)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setObjectName("storage-split")
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(2 * GRID)
        self.split.addWidget(left)
        self.split.addWidget(self._make_right())
        self.split.setStretchFactor(1, 1)
        self.split.setSizes([27 * GRID, 103 * GRID])
        self.blank = EmptyView()
        self.whole = QStackedWidget()
        self.whole.addWidget(self.blank)
        self.whole.addWidget(self.split)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.addWidget(self.whole)

    def _make_right(self) -> QWidget:
        right = QWidget()
        box = QVBoxLayout(right)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        self._title = Section("")
        self._title.setObjectName("pool-title")
        self._title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._about = OneLine()
        self._about.setObjectName("pool-about")
        self.more = QPushButton(tr("Pool"))
        self.more.setObjectName("pool-menu")
        self.more.setAccessibleName(tr("What can be done with the pool"))
        self.more.setMenu(self.pool_menu)
        policy = self.more.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.more.setSizePolicy(policy)
        head = QHBoxLayout()
        head.setSpacing(2 * GRID)
        head.addWidget(self._title)
        head.addWidget(self._about, 1)
        head.addWidget(self.more)
        box.addLayout(head)
        self._notice = self._make_notice()
        box.addWidget(self._notice)
        self.filter = QLineEdit()
        self.filter.setObjectName("volumes-filter")
        self.filter.setAccessibleName(tr("Filter volumes"))
        self.filter.setPlaceholderText(tr("Filter by name, path, format or user"))
        self.filter.setClearButtonEnabled(True)
        self.filter.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        box.addWidget(Tools([self._button(name) for name, *_rest in _VOLUME if name not in _MENU_ONLY]))
        box.addWidget(self.filter)
        self.empty = EmptyView()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.table)
        box.addWidget(self.stack, 1)
        foot = QHBoxLayout()
        self.why = Muted()
        self.why.setObjectName("why")
        self.summary = Muted()
        self.summary.setWordWrap(False)
        self.summary.setObjectName("summary")
        foot.addWidget(self.why, 1)
        foot.addWidget(self.summary)
        box.addLayout(foot)
        return right

    def _make_notice(self) -> QWidget:
        notice = QWidget()
        row = QHBoxLayout(notice)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(Glyph("alert", 18))
        self.low = PlainLabel()
        self.low.setObjectName("low-space")
        self.low.setWordWrap(True)
        row.addWidget(self.low, 1)
        notice.hide()
        return notice

    # ---------------------------------------------------------------- reading

    def _cannot(self) -> Text | None:
        return self._parts.store.away(self._host)

    def _readonly(self) -> Text | None:
        return self._parts.store.read_only(self._host)

    def look_again(self) -> None:
        """With libvirt looking anew what is in the pools."""
        self._fresh = True
        self.reading.ask()

    async def _load(self) -> None:
        fresh, self._fresh = self._fresh or self.seen is None, False
        if self.seen is None:
            # The pools at once; who uses what takes longer.
            pools = await self._parts.storage.pools(self._host)
            self._show_pools(pools, None)
        if self._able is None:
            self._able = await self._parts.storage.able(self._host)
        self.seen = await self._parts.storage.look(self._host, fresh and self._readonly() is None)

    # ---------------------------------------------------------------- showing

    async def _take(self, pool: Pool | None, file: Path) -> None:
        """It was dropped on the table."""
        if await own_files.plain((file,)):
            self.acts.upload(pool, file)
        else:
            what = text("{name} cannot be uploaded: it is no plain file.", name=file.name)
            self._parts.shell.notify(Notice(Problem(what), Level.INFO))

    def pool(self) -> Pool | None:
        """The chosen one; None where several are shown."""
        entry = self.pools.entry()
        return entry.pool if entry else None

    def _show(self) -> None:
        if self.seen is None:
            if self._cannot() is not None or self.reading.problem is not None or not self.pools_model.rowCount():
                self.blank.show_state(self._blankness())
                self.whole.setCurrentWidget(self.blank)
            self._show_actions()
            return
        self._show_pools(self.seen.pools, self.seen.rows)
        if not self.seen.pools:
            self.blank.show_state(self._blankness())
            self.whole.setCurrentWidget(self.blank)
        self._show_volumes()

    def _show_pools(self, pools: Sequence[Pool], rows: Sequence[Row] | None) -> None:
        low = frozenset(pool.name for pool in pools if scarce(pool))
        entry = self.pools.entry()
        wanted = entry.id if entry else self._wanted
        if self.pools_model.show_entries(entries(pools, rows, low)):
            names = [pool.name for pool in pools]
            first = DEFAULT if DEFAULT in names else names[0] if names else ALL
            _found = self.pools.choose(wanted) or self.pools.choose(first)
        if pools:
            self.whole.setCurrentWidget(self.split)
        self._show_head()

    def _blankness(self) -> Emptiness:
        why = self._cannot() or self.reading.problem
        if why is not None:
            return Emptiness("unreadable", "alert-circle", tr("The storage cannot be shown"), str(why))
        if self.seen is None:
            return Emptiness("reading", "clock", tr("Looking for storage pools"), "")
        words = tr(
            "A storage pool is where disks of machines lie: a folder, a volume group, a server's export. libvirt shows "
            "what is in it, and makes room for new ones."
        )
        if (refusal := self._readonly()) is not None:
            return Emptiness("none-readonly", "disk", tr("No storage pools"), f"{words}\n\n{refusal}")
        actions = ((tr("New pool…"), lambda: self._run("new_pool")),)
        return Emptiness("none", "disk", tr("No storage pools yet"), words, actions)

    def _show_head(self) -> None:
        entry = self.pools.entry()
        self._title.setText(entry.title if entry else "")
        pool = entry.pool if entry else None
        if pool is not None:
            state = tr("on") if pool.active else tr("off")
            auto = tr("starts with the host") if pool.autostart else tr("does not start with the host")
            self._about.show_words(
                " · ".join([kind_words(pool.kind), state, auto, *([pool.target] if pool.target else [])])
            )
        else:
            self._about.show_words(entry.tip if entry else "")
        words = self.acts.low_words(pool) if pool is not None else None
        self.low.setText(str(words) if words else "")
        self._notice.setVisible(words is not None)
        self.more.setVisible(pool is not None)

    def _show_volumes(self) -> None:
        entry = self.pools.entry()
        if self.seen is None or entry is None:
            return
        if entry.id == ALL:
            rows: Sequence[Row] = self.seen.rows
        elif entry.id == UNUSED:
            rows = [row for row in self.seen.rows if row.orphan]
        else:
            rows = self.seen.of(entry.id)
        self.table.setColumnHidden(Column.POOL, entry.pool is not None)
        self.table.fit()
        self.model.show_rows(rows)
        self._show_summary()
        shown = bool(self.model.rows)
        if not shown:
            self.empty.show_state(self._emptiness())
        self.stack.setCurrentWidget(self.table if shown else self.empty)
        self._show_actions()

    def _show_summary(self) -> None:
        shown = self.model.rows
        words = [trn("{n} volume", "{n} volumes", len(shown)), units.size(sum(row.allocation for row in shown))]
        if free := reclaimable(shown):
            words.append(tr("{size} used by nobody", size=units.size(free)))
        self.summary.setText(" · ".join(words) if shown else "")

    def _emptiness(self) -> Emptiness:
        entry = self.pools.entry()
        pool = entry.pool if entry else None
        if self.model.all:
            clear = ((tr("Clear the filter"), self.filter.clear),)
            return Emptiness("filtered", "filter", tr("Nothing fits the filter"), "", clear)
        if entry is not None and entry.id == UNUSED:
            words = tr("Every disk image in the storage pools is needed by a machine, a snapshot or another volume.")
            return Emptiness("all-used", "check-circle", tr("Nothing to reclaim"), words)
        if pool is not None and not pool.active:
            words = tr("While it is off nobody knows what is in it.")
            actions = ((tr("Start"), lambda: self._run("start")),) if self._readonly() is None else ()
            return Emptiness("pool-off", "power", tr("This storage pool is off"), words, actions)
        words = tr("Make a volume, or drop a file here: an image, an installation medium.")
        actions = ((tr("New volume…"), lambda: self._run("new")),) if self._offers.new is None else ()
        return Emptiness("no-volumes", "disk", tr("No volumes yet"), words, actions)

    def _show_actions(self) -> None:
        chosen = self.table.chosen() if self.seen is not None else []
        pool, host = self.pool(), self._cannot() or self._readonly()
        self._offers = told = offers(pool, chosen, host, self.seen.blind if self.seen else ())
        nothing = {str(text("Select a volume first.")), str(text("Choose a storage pool first.")), str(host)}
        reasons: dict[str, str] = {}
        for name, action in self.actions_.items():
            why = getattr(told, name)
            action.setEnabled(why is None)
            action.setToolTip(plain_tip(str(why) if why is not None else action.text()))
            if why is not None and str(why) not in nothing:
                reasons[name] = tr("{action}: {why}", action=action.text().rstrip("…"), why=str(why))
        self.actions_["autostart"].setChecked(bool(pool and pool.autostart))
        told_first = next((reasons[name] for name in _TOLD if name in reasons), "") if chosen else ""
        above_all = host or self.reading.problem  # what is shown is what was read last
        self.why.setText(str(above_all) if above_all is not None else told_first)
        self.table.takes_files = told.upload is None

    def _show_users(self) -> None:
        """Double click: to the machine that uses it."""
        for row in self.table.chosen()[:1]:
            users = list(dict.fromkeys(user.uuid for user in row.users))
            if len(users) == 1:
                self.acts.open_machine(users[0])

    # ---------------------------------------------------------------- doing

    def _run(self, name: str) -> None:
        if self.actions_[name].isEnabled() or name in ("new_pool",):
            self.acts.run(name, self.pool(), self.table.chosen())

    def _on_chosen(self) -> None:
        self._show_head()
        self._show_volumes()
        self._show_actions()
        self._remember()

    def _on_filter(self, words: str) -> None:
        self.model.filter(words)
        self._show_summary()
        if not self.model.rows:
            self.empty.show_state(self._emptiness())
        self.stack.setCurrentWidget(self.table if self.model.rows else self.empty)
        self._show_actions()

    # ---------------------------------------------------------------- remembered

    def _recalled(self) -> dict[str, Any]:
        kept = self._parts.remembered
        found: dict[str, Any] = kept.get("storage", {}) if kept is not None else {}
        return found

    def _recall(self) -> None:
        kept = self._recalled()
        widths, split, order = kept.get("widths"), kept.get("split"), kept.get("sorted")
        if isinstance(widths, list) and len(widths) == len(Column) and all(isinstance(one, int) for one in widths):
            self.table.fits = False
            for column, width in enumerate(widths[:-1]):
                if width > 0:
                    self.table.setColumnWidth(column, width)
        if isinstance(split, list) and len(split) == 2 and all(isinstance(one, int) and one > 0 for one in split):
            self.split.setSizes(split)
        if isinstance(order, list) and len(order) == 2 and order[0] in tuple(Column):
            down = Qt.SortOrder.DescendingOrder if order[1] else Qt.SortOrder.AscendingOrder
            self.table.sortByColumn(int(order[0]), down)

    def _remember(self) -> None:
        kept = self._parts.remembered
        if kept is None:
            return
        header, entry = self.table.horizontalHeader(), self.pools.entry()
        old = self._recalled().get("widths") or [0] * len(Column)
        widths = [header.sectionSize(column) or old[column] for column in range(len(Column))]
        if self.table.fits:
            widths = []
        down = header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
        value = {
            "widths": widths,
            "split": self.split.sizes(),
            "sorted": [header.sortIndicatorSection(), down],
            "pool": entry.id if entry else self._wanted,
        }
        kept.set("storage", value)

    # ---------------------------------------------------------------- when

    def _concerns(self, changes: Changes) -> bool:
        machines = any(key.host == self._host for key in changes.added | changes.removed)
        return machines or self._host in changes.hosts | changes.pools

    def _on_job(self, job: Job) -> None:
        if not job.running:
            self._fresh = True
        super()._on_job(job)
