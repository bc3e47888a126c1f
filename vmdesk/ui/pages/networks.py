"""The networks of a host: a list or a picture of them, the addresses they gave out, cards and packet filters."""

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from vmdesk.core import networks, networks_map, networks_work
from vmdesk.core.networks_map import Node
from vmdesk.core.networks_work import Seen
from vmdesk.core.store import Changes
from vmdesk.model.domain import Domain
from vmdesk.model.network import Lease, NetworkDetails
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.icons import icon
from vmdesk.ui.models.networks import NetworkColumn, NetworksModel, network_line
from vmdesk.ui.pages.networks_acts import Acts
from vmdesk.ui.pages.networks_views import Lower, NetworkTable
from vmdesk.ui.parts import Parts
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.reading import Reading, ReadingPage
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.empty import Emptiness, EmptyView
from vmdesk.ui.widgets.flow import Flow
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.network_map import NetworkMapView
from vmdesk.ui.widgets.tool_button import ToolButton, action_button, page_action
from vmdesk.virt import networks as virt_networks

AGAIN = 10.0  # seconds; libvirt tells nothing of addresses that are given out

# name, words, icon, keys
_ACTIONS = (
    ("new", text("New…"), "add", "Ins"),
    ("edit", text("Edit…"), "edit", "Ctrl+E"),
    ("start", text("Start"), "play", ""),
    ("stop", text("Stop…"), "stop", ""),
    ("autostart", text("Start with the host"), "autostart", ""),
    ("delete", text("Delete…"), "delete", "Del"),
)
_ZOOMS = (("smaller", "−", text("Smaller")), ("larger", "+", text("Larger")))


class NetworksPage(ReadingPage):
    """Reads while it is seen: when it is opened, when a network or a machine changes, when work ends, now and then."""

    def __init__(self, parts: Parts, host: str, parent: QWidget | None = None) -> None:
        super().__init__(parts, parent, AGAIN)
        self._host = host
        self.seen: Seen | None = None
        self.leases: list[Lease] = []
        self._leases_of = ""
        self.setObjectName("networks")
        self.setAccessibleName(tr("Networks"))
        self.acts = Acts(parts, host, lambda: self.seen or Seen(()))
        self.actions_: dict[str, QAction] = {}
        for name, words, picture, keys in _ACTIONS:
            self.actions_[name] = page_action(self, name, str(words), picture, keys, partial(self._run, name))
        self.actions_["autostart"].setCheckable(True)
        self.model = NetworksModel(self)
        self.table = NetworkTable(self.model, [self.actions_[name] for name, *_rest in _ACTIONS])
        self.below = Lower(parts, host, self.acts)
        self.map = NetworkMapView()
        self._make_layout()
        self.reading = Reading(self, parts.jobs, "list networks", self._load, self._cannot, self._show)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._on_chosen())
        self.table.opened.connect(lambda _row: self.actions_["edit"].trigger())
        self.map.picture.chosen.connect(self._on_node)
        self.as_list.setChecked(True)
        self._show()

    # ---------------------------------------------------------------- what it is made of

    def _make_layout(self) -> None:
        self.why = Muted()
        self.why.setObjectName("why")
        self.why.setMinimumHeight(self.why.fontMetrics().height())
        upper = QWidget()
        above = QVBoxLayout(upper)
        above.setContentsMargins(0, 0, 0, 0)
        above.addWidget(self.table)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.setObjectName("networks-split")
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(2 * GRID)
        self.split.addWidget(upper)
        self.split.addWidget(self.below)
        self.split.setSizes([40 * GRID, 40 * GRID])
        for place in (0, 1):
            self.split.setStretchFactor(place, 1)
        self.empty = EmptyView()
        self.stack = QStackedWidget()
        for widget in (self.empty, self.split, self.map):
            self.stack.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        layout.addLayout(self._make_bar())
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.why)

    def _make_bar(self) -> QHBoxLayout:
        tools = QWidget()
        flow = Flow(tools, GRID // 2)
        self._chosen_only: list[QToolButton] = []
        for name, *_rest in _ACTIONS:
            button = action_button(self.actions_[name], f"networks-{name}", 18)
            flow.addWidget(button)
            if name != "new":
                self._chosen_only.append(button)
        bar = QHBoxLayout()
        bar.setSpacing(GRID)
        bar.addWidget(tools, 1)
        self._zooms: list[QToolButton] = []
        for name, sign, words in _ZOOMS:
            self._zooms.append(self._zoom_button(name, sign, str(words)))
        self._zooms.append(self._zoom_button("fit", tr("All of it"), tr("As large as all of it can be seen")))
        for button in self._zooms:
            bar.addWidget(button)
        group = QActionGroup(self)
        self.as_list = QAction(icon("columns"), tr("List"), self)
        self.as_map = QAction(icon("network"), tr("Picture"), self)
        for action, name in ((self.as_list, "list"), (self.as_map, "map")):
            action.setCheckable(True)
            group.addAction(action)
            action.toggled.connect(lambda _on: self._on_way())
            bar.addWidget(action_button(action, f"networks-{name}", 18))
        return bar

    def _zoom_button(self, name: str, sign: str, words: str) -> QToolButton:
        button = ToolButton()
        button.setObjectName(f"networks-{name}")
        button.setText(sign)
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.setAutoRaise(True)
        button.setMinimumWidth(4 * GRID)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        do: dict[str, Callable[[], None]] = {
            "smaller": lambda: self.map.picture.step_zoom(-1),
            "larger": lambda: self.map.picture.step_zoom(1),
            "fit": self.map.fit,
        }
        button.clicked.connect(lambda _checked=False: do[name]())
        return button

    # ---------------------------------------------------------------- reading

    def _cannot(self) -> Text | None:
        return self._parts.store.away(self._host)

    def _readonly(self) -> Text | None:
        if (why := self._parts.store.read_only(self._host)) is not None:
            return why
        if self.seen is not None and self.seen.session and not self.seen.networks:
            return text("Machines of a session have no networks of their own: that needs more rights.")
        return None

    async def _load(self) -> None:
        session = self._parts.sessions.get(self._host)
        if session is not None and session.connected:
            connection = session.require()
            self.seen = await networks_work.look(connection)
            await self._load_leases(connection)

    async def _load_leases(self, connection: Any) -> None:
        chosen = self.chosen() or (self.seen.networks[0] if self.seen and self.seen.networks else None)
        name = chosen.network.name if chosen else ""
        self.leases = await virt_networks.leases(connection, name) if chosen and chosen.network.active else []
        self._leases_of = name

    # ---------------------------------------------------------------- showing

    def chosen(self) -> NetworkDetails | None:
        rows = self.table.selected_rows()
        found = self.model.rows[rows[0]].thing if rows else None
        return found if isinstance(found, NetworkDetails) else None

    def choose(self, name: str) -> None:
        """Select a network; the first one if there is none of that name, the usual one for ""."""
        if self.model.rowCount():
            place = max(self.model.place_of(name), 0) if name else self.model.place_of(virt_networks.DEFAULT)
            self.table.selectRow(max(place, 0))

    def _domains(self) -> dict[str, Domain]:
        return {one.uuid: one for one in self._parts.store.of_host(self._host)}

    def _show(self) -> None:
        seen = self.seen or Seen(())
        domains = self._domains()
        chosen = self.chosen()
        lines = [network_line(one, networks.machines_on(one, seen.cards, domains)) for one in seen.networks]
        if self.model.show_lines(lines):
            self.choose(chosen.network.name if chosen else "")
            self.table.fit(*NetworkColumn)
        self._show_map()
        self._show_below()
        self._show_stack()
        self._show_actions()

    def _show_map(self) -> None:
        """Only while it is looked at: it takes a while with thousands of machines."""
        if self.as_map.isChecked():
            seen, domains = self.seen or Seen(()), self._domains()
            self.map.picture.show_map(networks_map.draw(seen.networks, seen.interfaces, domains.values(), seen.cards))

    def _show_below(self) -> None:
        seen, chosen = self.seen or Seen(()), self.chosen()
        leases = self.leases if chosen is not None and chosen.network.name == self._leases_of else []
        self.below.show_seen(seen, chosen, leases, self._cannot() or self._readonly())

    def _show_stack(self) -> None:
        empty = self._emptiness()
        pictured = self.as_map.isChecked() and empty is None
        if empty is not None:
            self.empty.show_state(empty)
        self.stack.setCurrentWidget(self.empty if empty else self.map if pictured else self.split)
        for button in self._zooms:
            button.setVisible(pictured)
        # In the picture nothing is chosen: a click there goes to the list.
        for button in self._chosen_only:
            button.setVisible(not self.as_map.isChecked())
        self.why.setVisible(not pictured)

    def _emptiness(self) -> Emptiness | None:
        why = self._cannot() or self.reading.problem
        if self.seen is None:
            if why is not None:
                return Emptiness("unreadable", "alert-circle", tr("The networks cannot be shown"), str(why))
            return Emptiness("reading", "clock", tr("Looking for networks"), "")
        if self.seen.networks or (self.as_map.isChecked() and self.seen.cards):
            return None
        words = tr(
            "A network connects machines with each other, with the host and with the outside, as you like. Machines "
            "in “user” mode need none."
        )
        if (refusal := self._cannot() or self._readonly()) is not None:
            return Emptiness("none-readonly", "network", tr("No networks"), f"{words}\n\n{refusal}")
        actions = ((tr("New network…"), lambda: self._run("new")),)
        return Emptiness("none", "network", tr("No networks yet"), words, actions)

    def _show_actions(self) -> None:
        chosen, host = self.chosen(), self._cannot() or self._readonly()
        nothing = host or (None if chosen else text("Select a network first."))
        network = chosen.network if chosen else None
        active = bool(network and network.active)
        reasons: dict[str, Text | None] = {
            "new": host,
            "edit": nothing or self._not_edited(chosen),
            "start": nothing or (text("It is on.") if active else None),
            "stop": nothing or (None if active else text("It is off.")),
            "autostart": nothing
            or (None if network and network.persistent else text("It has no stored definition to start from.")),
            "delete": nothing,
        }
        for name, why in reasons.items():
            action = self.actions_[name]
            action.setEnabled(why is None)
            action.setToolTip(plain_tip(str(why) if why is not None else action.text()))
        self.actions_["autostart"].setChecked(bool(network and network.autostart))
        why = host or reasons["edit"]
        edit = self.actions_["edit"].text().rstrip("…")
        if host is not None:
            self.why.setText(str(host))
        elif chosen is not None and why is not None:
            self.why.setText(tr("{action}: {why}", action=edit, why=str(why)))
        else:
            self.why.setText(trn("{n} network", "{n} networks", self.model.rowCount()) if self.model.rowCount() else "")

    def _not_edited(self, details: NetworkDetails | None) -> Text | None:
        if details is not None and details.kind not in networks.ADDRESSED:
            return text("Addresses and names in this network are given by others, not by libvirt.")
        return None

    # ---------------------------------------------------------------- doing

    def _run(self, name: str) -> None:
        chosen = self.chosen()
        if name == "new":
            self.acts.new()
        elif chosen is not None:
            getattr(self.acts, name)(chosen)
        # A checkable action switches itself; what counts is what the host says.
        self._show_actions()

    def _on_way(self) -> None:
        self._show_map()
        self._show_stack()

    def _on_chosen(self) -> None:
        chosen = self.chosen()
        self._show_below()
        self._show_actions()
        if chosen is not None and chosen.network.name != self._leases_of:
            self.reading.ask()

    def _on_node(self, node: Node) -> None:
        if node.key is not None:
            self._parts.shell.open_machine(node.key)
        elif node.kind == "network" and self.model.place_of(node.name) >= 0:
            self.as_list.setChecked(True)
            self.choose(node.name)
            self.table.setFocus()

    # ---------------------------------------------------------------- when

    def _concerns(self, changes: Changes) -> bool:
        keys = changes.changed | changes.added | changes.removed
        return self._host in changes.hosts | changes.networks or any(key.host == self._host for key in keys)
