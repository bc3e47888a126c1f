"""The console wall: the screens of many machines at once, small and live; keys to several of them, after a warning."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from vmdesk.core import typist
from vmdesk.core.broadcast import Broadcast, Keys
from vmdesk.core.command import Confirm
from vmdesk.core.sent_keys import Send
from vmdesk.core.settings import Settings
from vmdesk.core.store import Changes
from vmdesk.core.tiles import MOST, Shoot, Tiles, sending, shooting
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import text, tr, trn
from vmdesk.ui.console.broadcast import BroadcastStrip
from vmdesk.ui.console.tile import ScreenTile
from vmdesk.ui.console.tile_grid import TileGrid
from vmdesk.ui.heard import Heard
from vmdesk.ui.icons import icon
from vmdesk.ui.parts import Notice, Parts
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID, caption_font
from vmdesk.ui.widgets.empty import Emptiness, EmptyView
from vmdesk.ui.widgets.tool_button import icon_button

CONFIRM = "wall.broadcast"
AGAIN = 300  # ms between two looks at what can be sent to


def key_of(keys: Sequence[DomainKey]) -> str:
    """For remembering a wall."""
    return "wall:" + ",".join(f"{key.host}/{key.uuid}" for key in _taken(keys))


def keys_of(key: str) -> tuple[DomainKey, ...]:
    """The machines of a remembered wall."""
    found = (one.rpartition("/") for one in key.removeprefix("wall:").split(","))
    return tuple(DomainKey(host, uuid) for host, _, uuid in found if host and uuid)


def _taken(keys: Sequence[DomainKey]) -> tuple[DomainKey, ...]:
    return tuple(dict.fromkeys(keys))[:MOST]


class WallPage(QWidget):
    """At most MOST machines. selected: other tiles are chosen, so other machines are acted on."""

    selected = Signal()
    title_changed = Signal(str)
    icon = "view-grid"

    def __init__(
        self,
        parts: Parts,
        keys: Sequence[DomainKey],
        shoot: Shoot | None = None,
        send: Send | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._parts = parts
        self._heard = Heard()
        self._asking = False
        self.keys = _taken(keys)
        self.left_out = len(dict.fromkeys(keys)) - len(self.keys)
        self.key = key_of(self.keys)
        self.title = self._title()
        self.setObjectName("wall-page")
        self.setAccessibleName(self.title)
        sessions = parts.sessions
        self.tiles = Tiles(parts.screens, shoot or shooting(sessions), send or sending(sessions), self._on_unsent)
        self.broadcast = Broadcast(self._keys, self._on_broadcast)
        self.grid = TileGrid(lambda ground: [ScreenTile(self.tiles, key, ground) for key in self.keys])
        self.grid.setAccessibleName(tr("Screens"))
        self._by_key = {tile.key: tile for tile in self.grid.tiles}
        self.strip = BroadcastStrip(self.broadcast)
        self._build()
        self._every = QTimer(self)
        self._every.setInterval(AGAIN)
        self._every.timeout.connect(self._show_broadcast)
        self._connect()
        self._show_machines(self.keys)
        self._show_counts()

    def watched(self) -> set[DomainKey]:
        """Pictures and states only: no figures."""
        return set()

    def selected_domains(self) -> list[Domain]:
        """What commands are for: the chosen ones, else the one with the focus."""
        current = self.grid.current
        tiles = self._chosen() or ([current] if current is not None else [])
        return [domain for tile in tiles if (domain := self._parts.store.domains.get(tile.key))]

    # ---------------------------------------------------------------- what it is made of

    def _build(self) -> None:
        self.count = PlainLabel()
        self.count.setObjectName("wall-count")
        self.hint = _Hint(tr("Enter or a double click opens a console. Space or the mark chooses."))
        self.hint.setFont(caption_font(self.font()))
        self.hint.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self.hint.setMinimumWidth(1)
        self.all = icon_button("check", tr("Choose all"), name="wall-all", words=True)
        self.none = icon_button("close", tr("Choose none"), name="wall-none", words=True)
        self.send = QPushButton(icon("keyboard-outline"), tr("Send keys to the chosen…"))
        self.send.setObjectName("wall-send")
        row = QHBoxLayout()
        row.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        row.setSpacing(GRID)
        row.addWidget(self.count)
        row.addSpacing(GRID)
        row.addWidget(self.hint, 1)
        for widget in (self.all, self.none, self.send):
            row.addWidget(widget)
        self.bar = QWidget()
        self.bar.setLayout(row)
        self.empty = EmptyView()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.grid)
        self.stack.addWidget(self.empty)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.bar)
        box.addWidget(self.strip)
        box.addWidget(self.stack, 1)
        self.setFocusProxy(self.grid)

    def _connect(self) -> None:
        self.all.clicked.connect(lambda: self._choose(True))
        self.none.clicked.connect(lambda: self._choose(False))
        self.send.clicked.connect(self._on_send)
        self.strip.stopped.connect(self.stop_sending)
        self.strip.wanted.connect(self._on_chord)
        self.grid.opened.connect(lambda tile: self._parts.shell.open_console(tile.key))
        self.grid.chosen.connect(self._on_chosen)
        self.grid.menu_wanted.connect(self._on_menu)
        self.destroyed.connect(self.tiles.close)

    def _title(self) -> str:
        domains = [self._parts.store.domains[key] for key in self.keys if key in self._parts.store.domains]
        groups = {domain.labels.group for domain in domains}
        group = groups.pop() if len(groups) == 1 and len(domains) > 1 else ""
        return tr("Screens: {group}", group=group) if group else tr("Screens")

    # ---------------------------------------------------------------- what it shows

    def _show_machines(self, keys: Sequence[DomainKey]) -> None:
        for key in keys:
            self._by_key[key].show_machine(self._parts.store.domains.get(key))
        there = any(key in self._parts.store.domains for key in self.keys)
        if not there:
            self.empty.show_state(self._nothing())
        self.stack.setCurrentWidget(self.grid if there else self.empty)

    def _nothing(self) -> Emptiness:
        back = ((tr("Show all machines"), lambda: self._open_machines()),)
        if self.keys:
            return Emptiness(
                "gone", "monitor-off", tr("These machines are not there any more."), tr("Choose others."), back
            )
        return Emptiness(
            "none",
            "view-grid",
            tr("No machine is chosen."),
            tr('Select machines in the table, then "Show screens".'),
            back,
        )

    def _open_machines(self) -> None:
        self._parts.shell.open_page("machines")

    def _show_counts(self) -> None:
        domains = [self._parts.store.domains[key] for key in self.keys if key in self._parts.store.domains]
        running = sum(1 for domain in domains if domain.active)
        parts = [
            trn("{n} machine", "{n} machines", len(self.keys)),
            trn("{n} runs", "{n} run", running),
        ]
        if self.left_out:
            parts.append(trn("{n} more is not shown", "{n} more are not shown", self.left_out))
        if chosen := len(self._chosen()):
            parts.append(trn("{n} chosen", "{n} chosen", chosen))
        self.count.setText(" · ".join(parts))
        self.send.setEnabled(bool(chosen) and not self._asking and not self.broadcast.on)
        self.send.setToolTip(
            "" if chosen else tr("Choose machines first: with Space, or with the mark in their corner.")
        )
        self.all.setEnabled(chosen < len(self.grid.tiles) and not self.broadcast.on)
        self.none.setEnabled(chosen > 0 and not self.broadcast.on)

    # ---------------------------------------------------------------- choosing

    def _chosen(self) -> list[ScreenTile]:
        return [tile for tile in self.grid.tiles if tile.isChecked()]

    def _choose(self, on: bool) -> None:
        for tile in self.grid.tiles:
            tile.setChecked(on)

    def _on_chosen(self) -> None:
        self._show_counts()
        self.selected.emit()

    def _on_menu(self, tile: ScreenTile, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("tile-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("monitor"), tr("Open the console"), lambda: self._parts.shell.open_console(tile.key))
        menu.addAction(icon("machine"), tr("Open the machine's page"), lambda: self._parts.shell.open_machine(tile.key))
        menu.addSeparator()
        menu.addAction(tr("Leave out of the choice") if tile.isChecked() else tr("Choose"), tile.toggle)
        menu.popup(where)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_A and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self._choose(True)
        elif event.key() == Qt.Key.Key_Escape and self._chosen():
            self._choose(False)
        else:
            super().keyPressEvent(event)

    # ---------------------------------------------------------------- keys to many

    def _keys(self, key: DomainKey) -> Keys | None:
        return self._by_key[key].tile.keys

    def _on_unsent(self, key: DomainKey, problem: Problem) -> None:
        if key in self.broadcast.targets:
            self._parts.shell.notify(Notice(problem))
            self._show_broadcast()

    def _on_send(self) -> None:
        if not self._asking and not self.broadcast.on:
            self._asking = True
            self._parts.jobs.spawn("keys to many", self._ask([tile.key for tile in self._chosen()]))

    async def _ask(self, keys: Sequence[DomainKey]) -> None:
        """What exactly will happen, before it does."""
        try:
            reached = [key for key in keys if self._keys(key) is not None]
            others = [key for key in keys if key not in reached]
            slow = [key for key in reached if not self._by_key[key].tile.live]
            question = Confirm(
                CONFIRM,
                text("Send every key to all of these machines?"),
                text(
                    "What you type goes to all of them at the same time, until you press Esc. "
                    "The same keys can do different things on different screens."
                ),
                text("Send keys"),
                (
                    *(self._by_key[key].name for key in reached if key not in slow),
                    *(text("{name}: by its host, a little later", name=self._by_key[key].name) for key in slow),
                    *(text("{name}: gets none, it has no live screen", name=self._by_key[key].name) for key in others),
                ),
                always=True,
            )
            agreed = await self._parts.context.ask.confirm(question)
        finally:
            self._asking = False
        if agreed and reached and self.isVisible():
            self.broadcast.start(reached)
        self._show_counts()

    def stop_sending(self) -> None:
        if self.broadcast.on:
            self.strip.let_go()
            self.broadcast.stop()

    def _on_broadcast(self) -> None:
        """It was switched on or off."""
        on = self.broadcast.on
        for tile in self.grid.tiles:
            tile.set_receiving(tile.key in self.broadcast.targets)
        self.grid.set_choosing(not on)
        self._show_broadcast()
        self.strip.setVisible(on)
        self._show_counts()
        if on:
            self._every.start()
            self.strip.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._every.stop()
            if self.isVisible():
                self.grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_broadcast(self) -> None:
        targets = self.broadcast.targets
        if targets:
            self.strip.show_targets([self._by_key[key].name for key in targets], len(self.broadcast.reached()))

    def _on_chord(self, names: str) -> None:
        if self.broadcast.on:
            self._parts.jobs.spawn(f"keys {names}", typist.press(self.broadcast.key, names))
            self.strip.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---------------------------------------------------------------- the widget

    def _on_changes(self, changes: Changes) -> None:
        mine = [key for key in self.keys if key in changes.changed | changes.added | changes.removed]
        if mine:
            for key in mine:
                if key not in self._parts.store.domains:
                    self.broadcast.drop(key)
            self._show_machines(mine)
            self._show_counts()
            title = self._title()
            if title != self.title and any(key in self._parts.store.domains for key in self.keys):
                self.title = title
                self.setAccessibleName(title)
                self.title_changed.emit(title)

    def _on_settings(self, settings: Settings) -> None:
        self.strip.configure(settings)

    def showEvent(self, event: QShowEvent) -> None:
        self._heard.begin(
            lambda: (self._parts.store.subscribe(self._on_changes), self._parts.settings.subscribe(self._on_settings))
        )
        self._on_settings(self._parts.settings.current)
        self._show_machines(self.keys)
        self._show_counts()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.stop_sending()
        self._heard.end()
        super().hideEvent(event)


class _Hint(PlainLabel):
    """Cut off with dots where there is no room."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
        painter.end()
