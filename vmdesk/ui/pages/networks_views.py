"""The tables of the networks page, and what stands below the list: addresses, cards, filters."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from vmdesk.core import networks
from vmdesk.core.networks import LeaseRow
from vmdesk.core.networks_work import Seen
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.network import Card, Lease, NetworkDetails
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.icons import icon
from vmdesk.ui.models.networks import (
    CardColumn,
    CardsModel,
    FilterColumn,
    FiltersModel,
    LeaseColumn,
    LeasesModel,
    Line,
    LinesModel,
    card_line,
    filter_line,
    lease_line,
)
from vmdesk.ui.pages.networks_acts import Acts
from vmdesk.ui.parts import Parts
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.inner_tabs import InnerTabs
from vmdesk.ui.widgets.plain_table import PlainTable

WIDEST = 40 * GRID
LEAST = 9 * GRID


class LinesTable(PlainTable):
    """One line is chosen at a time; its menu has the page's own actions before Copy."""

    def __init__(self, model: LinesModel, name: str, words: str, empty: str, actions: Sequence[QAction] = ()) -> None:
        super().__init__(model, name, empty)
        self.lines = model
        self._mine = tuple(actions)
        self.setAccessibleName(words)
        self.setSelectionMode(self.SelectionMode.SingleSelection)
        self.horizontalHeader().setMinimumSectionSize(6 * GRID)
        for action in actions:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.addAction(action)

    def chosen(self) -> Line | None:
        rows = self.selected_rows()
        return self.lines.rows[rows[0]] if rows else None

    def show_lines(self, lines: Sequence[Line], *fitted: int) -> None:
        """New rows; what was chosen stays chosen, and these columns are as wide as their words."""
        before = self.chosen()
        if self.lines.show_lines(lines):
            place = self.lines.place_of(before.key) if before else -1
            if place >= 0:
                self.selectRow(place)
            self.fit(*fitted)

    def fit(self, *columns: int) -> None:
        for column in columns:
            self.resizeColumnToContents(column)
            self.setColumnWidth(column, min(max(self.columnWidth(column) + 2 * GRID, LEAST), WIDEST))

    def menu_for(self, row: int) -> QMenu:
        menu = super().menu_for(row)
        menu.setToolTipsVisible(True)
        if self._mine:
            first = menu.actions()[0]
            menu.insertActions(first, self._mine)
            menu.insertSeparator(first)
        return menu


class NetworkTable(LinesTable):
    def __init__(self, model: LinesModel, actions: Sequence[QAction]) -> None:
        super().__init__(model, "networks-table", tr("Networks"), "", actions)
        self.set_widths(*(GRID * width for width in (22, 14, 10, 16, 22, 16)))


class Lower(QWidget):
    """Three tabs: what the chosen network gave out, all cards of the host's machines, all packet filters."""

    def __init__(self, parts: Parts, host: str, acts: Acts) -> None:
        super().__init__()
        self._parts, self._host, self._acts = parts, host, acts
        self._chosen: NetworkDetails | None = None
        self._seen = Seen(())
        self._refusal: Text | None = None
        self.keep = self._action("keep", tr("Always this address"), "link", self._on_keep)
        self.release = self._action("release", tr("Give it free"), "link-off", self._on_release)
        self.goto = self._action("goto", tr("Go to the machine"), "open", self._on_goto)
        self.filter = self._action("filter", tr("Packet filter…"), "shield-check", self._on_filter)
        self.card_goto = self._action("card-goto", tr("Go to the machine"), "open", self._on_card_goto)
        self.leases = LinesTable(LeasesModel(self), "leases", tr("Addresses"), "", (self.keep, self.release, self.goto))
        self.leases.set_widths(*(GRID * width for width in (20, 22, 20, 20)))
        self.cards = LinesTable(
            CardsModel(self),
            "cards",
            tr("Network cards"),
            tr("No machine of this host has a network card."),
            (self.filter, self.card_goto),
        )
        self.cards.set_widths(*(GRID * width for width in (22, 18, 19, 15, 18)))
        self.filters = LinesTable(
            FiltersModel(self), "filters", tr("Packet filters"), tr("This host has no packet filters.")
        )
        self.filters.set_widths(*(GRID * width for width in (26, 10, 8, 40)))
        self.tabs = InnerTabs("networks-lower")
        self.tabs.addTab(self._page(self.leases, (self.keep, self.release, self.goto)), tr("Addresses"))
        self.tabs.addTab(self._page(self.cards, (self.filter, self.card_goto)), tr("Network cards"))
        self.tabs.addTab(self._page(self.filters, ()), tr("Packet filters"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        for table in (self.leases, self.cards):
            table.selectionModel().selectionChanged.connect(lambda *_: self._show_actions())
        self.leases.opened.connect(lambda _row: self.goto.trigger())
        self.cards.opened.connect(lambda _row: self.card_goto.trigger())

    def _action(self, name: str, words: str, picture: str, do: Callable[[], None]) -> QAction:
        action = QAction(icon(picture), words, self)
        action.setIconText(words)
        action.setObjectName(name)
        action.triggered.connect(lambda _checked=False: do())
        return action

    def _page(self, table: LinesTable, actions: Sequence[QAction]) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(GRID)
        if actions:
            row = QHBoxLayout()
            row.setSpacing(GRID // 2)
            for action in actions:
                button = QToolButton()
                button.setObjectName(f"networks-{action.objectName()}")
                button.setDefaultAction(action)
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
                button.setIconSize(QSize(18, 18))
                button.setAutoRaise(True)
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                button.setAccessibleName(action.text().rstrip("…"))
                row.addWidget(button)
            row.addStretch(1)
            layout.addLayout(row)
        layout.addWidget(table, 1)
        return page

    # ---------------------------------------------------------------- showing

    def show_seen(
        self, seen: Seen, chosen: NetworkDetails | None, leases: Sequence[Lease], refusal: Text | None
    ) -> None:
        """What was read. refusal: why nothing can be changed here."""
        self._seen, self._chosen, self._refusal = seen, chosen, refusal
        domains = {one.uuid: one for one in self._parts.store.of_host(self._host)}
        rows = networks.lease_rows(chosen, leases, seen.cards, domains) if chosen else []
        self.leases.show_lines([lease_line(row) for row in rows], LeaseColumn.MACHINE, LeaseColumn.NAME)
        self.leases.set_empty(self._no_leases(chosen))
        cards = sorted(
            (card for card in seen.cards if card.machine in domains),
            key=lambda card: (domains[card.machine].name, card.mac),
        )
        lines = [card_line(card, domains[card.machine]) for card in cards]
        self.cards.show_lines(lines, CardColumn.MACHINE, CardColumn.NETWORK)
        filters = [filter_line(one, _users(one.name, cards, domains)) for one in seen.filters or ()]
        self.filters.show_lines(filters, FilterColumn.NAME)
        self._show_actions()

    def _no_leases(self, chosen: NetworkDetails | None) -> str:
        if chosen is None:
            return tr("Select a network to see its addresses.")
        name = chosen.network.name
        if chosen.kind not in networks.ADDRESSED:
            return tr("{network} gives no addresses out: others in that network do.", network=name)
        if not chosen.network.active:
            return tr("{network} is off.", network=name)
        if not chosen.network.dhcp:
            return tr("{network} gives no addresses out: switch DHCP on with Edit.", network=name)
        return tr("{network} has given no address out yet. Machines ask when they start.", network=name)

    def row(self) -> LeaseRow | None:
        line = self.leases.chosen()
        return line.thing if line is not None and isinstance(line.thing, LeaseRow) else None

    def card(self) -> Card | None:
        line = self.cards.chosen()
        return line.thing if line is not None and isinstance(line.thing, Card) else None

    def _show_actions(self) -> None:
        row, card = self.row(), self.card()
        no_row = self._refusal or (None if row else text("Select an address first."))
        no_card = self._refusal or (None if card else text("Select a network card first."))
        unknown = text("It belongs to no machine of this host.")
        reasons: tuple[tuple[QAction, Text | None], ...] = (
            (self.keep, no_row or (text("It is kept for that card already.") if row and row.fixed else None)),
            (self.release, no_row or (None if row and row.fixed else text("It is not kept for anybody."))),
            (self.goto, (None if row.uuid else unknown) if row else text("Select an address first.")),
            (self.filter, no_card or self._no_filter(card)),
            (self.card_goto, None if card else text("Select a network card first.")),
        )
        for action, why in reasons:
            action.setEnabled(why is None)
            action.setToolTip(plain_tip(str(why) if why is not None else action.text()))

    def _no_filter(self, card: Card | None) -> Text | None:
        if self._seen.filters is None:
            return text("This host has no packet filters.")
        if card is not None and card.kind not in ("network", "bridge", "ethernet"):
            return text("libvirt filters only cards on its networks and on bridges.")
        return None

    # ---------------------------------------------------------------- doing

    def _on_keep(self) -> None:
        if self._chosen is not None and (row := self.row()) is not None:
            self._acts.fix(self._chosen, row)

    def _on_release(self) -> None:
        if self._chosen is not None and (row := self.row()) is not None:
            self._acts.release(self._chosen, row)

    def _on_goto(self) -> None:
        if (row := self.row()) is not None and row.uuid:
            self._parts.shell.open_machine(DomainKey(self._host, row.uuid))

    def _on_card_goto(self) -> None:
        if (card := self.card()) is not None:
            self._parts.shell.open_machine(DomainKey(self._host, card.machine))

    def _on_filter(self) -> None:
        if (card := self.card()) is not None:
            self._acts.set_filter(card)


def _users(name: str, cards: Sequence[Card], domains: dict[str, Domain]) -> list[str]:
    return list(dict.fromkeys(domains[card.machine].name for card in cards if card.filter == name))
