"""Networks, the addresses they gave out, the cards on them and the packet filters, as rows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication, QPalette

from vmdesk.core.networks import LeaseRow, forward_words, kind_words
from vmdesk.model.domain import Domain
from vmdesk.model.network import Card, Filter, NetworkDetails
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.models.plain import PlainModel
from vmdesk.ui.models.roles import Index
from vmdesk.ui.plain import plain_tip


@dataclass(frozen=True, slots=True)
class Line:
    """One row. `key` finds it again, `muted`: of second rank now."""

    key: str
    cells: tuple[str, ...]
    thing: object = None
    tip: str = ""
    muted: bool = False


class LinesModel(PlainModel):
    """What its subclasses make of things; the rows stay where only words changed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Line] = ()

    @property
    def rows(self) -> Sequence[Line]:
        return self._rows

    def show_lines(self, lines: Sequence[Line]) -> bool:
        """Whether rows came or went (then nothing is selected)."""
        lines = tuple(lines)
        if lines == self._rows:
            return False
        if [line.key for line in lines] == [line.key for line in self._rows]:
            self._rows = lines
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, len(self.titles) - 1))
            return False
        self.beginResetModel()
        self._rows = lines
        self.endResetModel()
        return True

    def place_of(self, key: str) -> int:
        """Its row, -1 if it is not there."""
        return next((at for at, line in enumerate(self._rows) if line.key == key), -1)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        line, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return line.cells[column]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.titles[column]}: {line.cells[column]}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(line.tip or line.cells[column]) or None
        if role == Qt.ItemDataRole.ForegroundRole and line.muted:
            return QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText)
        return None


class NetworkColumn(IntEnum):
    NAME = 0
    KIND = 1
    STATE = 2
    AUTOSTART = 3
    SUBNET = 4
    MACHINES = 5
    BRIDGE = 6


_NETWORKS: dict[int, Text] = {
    NetworkColumn.NAME: text("Network"),
    NetworkColumn.KIND: text("Kind"),
    NetworkColumn.STATE: text("State"),
    NetworkColumn.AUTOSTART: text("Starts"),
    NetworkColumn.SUBNET: text("Subnet"),
    NetworkColumn.MACHINES: text("Machines"),
    NetworkColumn.BRIDGE: text("Bridge or interface"),
}


class NetworksModel(LinesModel):
    titles = _NETWORKS


def network_line(details: NetworkDetails, machines: Sequence[Domain]) -> Line:
    network = details.network
    running = sum(one.active for one in machines)
    if not machines:
        many = ""
    elif running:
        many = tr("{n}, {running} running", n=len(machines), running=running)
    else:
        many = str(len(machines))
    return Line(
        network.name,
        (
            network.name,
            str(kind_words(details.kind)),
            tr("on") if network.active else tr("off"),
            tr("with the host") if network.autostart else "" if network.persistent else tr("gone when stopped"),
            ", ".join(one.address for one in details.addresses),
            many,
            ", ".join(one for one in (network.bridge, *details.devices) if one),
        ),
        details,
        "\n".join(one.name for one in machines[:20]),
        not network.active,
    )


class LeaseColumn(IntEnum):
    ADDRESS = 0
    MACHINE = 1
    NAME = 2
    MAC = 3
    UNTIL = 4


_LEASES: dict[int, Text] = {
    LeaseColumn.ADDRESS: text("Address"),
    LeaseColumn.MACHINE: text("Machine"),
    LeaseColumn.NAME: text("Calls itself"),
    LeaseColumn.MAC: text("Card"),
    LeaseColumn.UNTIL: text("Kept until"),
}


class LeasesModel(LinesModel):
    titles = _LEASES


def lease_line(row: LeaseRow) -> Line:
    if row.fixed:
        until = tr("always") if row.expires is not None else tr("always; not in use now")
    elif not row.expires:
        until = tr("no end")
    else:
        until = _until(row.expires)
    cells = (row.ip, row.machine, row.name, row.mac, until)
    return Line(f"{row.mac} {row.ip}", cells, row, muted=row.expires is None)


def _until(moment: float) -> str:
    left = moment - time.time()
    clock = datetime.fromtimestamp(moment).strftime("%H:%M" if abs(left) < 86_400 else "%Y-%m-%d %H:%M")
    if left <= 0:
        return tr("{time}, over", time=clock)
    minutes = max(round(left / 60), 1)
    if minutes > 24 * 60:
        return clock
    return trn("{time}, {n} minute more", "{time}, {n} minutes more", minutes, time=clock)


class CardColumn(IntEnum):
    MACHINE = 0
    NETWORK = 1
    MAC = 2
    INTERFACE = 3
    FILTER = 4
    FORWARDS = 5


_CARDS: dict[int, Text] = {
    CardColumn.MACHINE: text("Machine"),
    CardColumn.NETWORK: text("Connected to"),
    CardColumn.MAC: text("Card"),
    CardColumn.INTERFACE: text("On the host"),
    CardColumn.FILTER: text("Filter"),
    CardColumn.FORWARDS: text("Port forwards"),
}


class CardsModel(LinesModel):
    titles = _CARDS


def card_words(card: Card) -> str:
    """What a card is connected to."""
    match card.kind:
        case "network":
            return card.source
        case "bridge":
            return tr("bridge {name}", name=card.source)
        case "direct":
            return tr("macvtap on {name}", name=card.source)
        case "user":
            return tr("user-mode")
    return card.kind


def card_line(card: Card, domain: Domain) -> Line:
    where = card_words(card)
    forwards = [forward_words(one) for one in card.forwards]
    cells = (domain.name, where, card.mac, card.target, card.filter, ", ".join(forwards))
    return Line(f"{card.machine} {card.mac}", cells, card, "\n".join(forwards), not domain.active)


class FilterColumn(IntEnum):
    NAME = 0
    CHAIN = 1
    RULES = 2
    REFERS = 3
    USED = 4


_FILTERS: dict[int, Text] = {
    FilterColumn.NAME: text("Filter"),
    FilterColumn.CHAIN: text("Chain"),
    FilterColumn.RULES: text("Rules"),
    FilterColumn.REFERS: text("Made of"),
    FilterColumn.USED: text("Used by"),
}


class FiltersModel(LinesModel):
    titles = _FILTERS
    numbers = frozenset({FilterColumn.RULES})


def filter_line(one: Filter, users: Sequence[str]) -> Line:
    used = ", ".join(users)
    cells = (one.name, one.chain, str(one.rules or ""), ", ".join(one.refers), used)
    return Line(one.name, cells, one, muted=not users)
