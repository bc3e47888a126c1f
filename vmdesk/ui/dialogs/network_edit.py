"""A network that there is: what DHCP gives out, fixed addresses, names in DNS, its domain, NAT's ports."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from vmdesk.core import networks
from vmdesk.core.networks import Wanted
from vmdesk.model.network import DnsHost, NetworkChange, NetworkDetails, Range, SetDomain, SetNatPorts, StaticLease
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.delegates.plain import PlainDelegate
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.lines import Warned
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Form, Heading, Muted, Section
from vmdesk.ui.widgets.header import FlatHeader
from vmdesk.ui.widgets.inner_tabs import InnerTabs
from vmdesk.ui.widgets.scroll_bar import thin

ROWS = 7


class _Cells(QTableWidget):
    """Lines of words to be written; Del takes the chosen ones away, Ins begins a new one."""

    def __init__(self, name: str, words: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        super().__init__(0, len(titles))
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setHorizontalHeader(FlatHeader(self, active=False))
        self.setHorizontalHeaderLabels(list(titles))
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().setHighlightSections(False)
        self.verticalHeader().hide()
        height = self.fontMetrics().height() + GRID + GRID // 2
        self.verticalHeader().setDefaultSectionSize(height)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setItemDelegate(PlainDelegate(self))
        self.setAlternatingRowColors(True)
        self.setFixedHeight(ROWS * height + self.horizontalHeader().sizeHint().height() + 4)
        thin(self)
        for row in rows:
            self._append(row)

    def _append(self, row: Sequence[str]) -> None:
        at = self.rowCount()
        self.insertRow(at)
        for column, words in enumerate(row):
            self.setItem(at, column, QTableWidgetItem(words))

    def begin(self) -> None:
        """A new line, to be written now."""
        self._append([""] * self.columnCount())
        self.setCurrentCell(self.rowCount() - 1, 0)
        self.setFocus()
        if (first := self.item(self.rowCount() - 1, 0)) is not None:
            self.editItem(first)

    def drop(self) -> None:
        for row in sorted({index.row() for index in self.selectedIndexes()}, reverse=True):
            self.removeRow(row)

    def lines(self) -> list[tuple[str, ...]]:
        """What is written, lines without a word left out."""
        found = []
        for row in range(self.rowCount()):
            items = [self.item(row, column) for column in range(self.columnCount())]
            cells = tuple(item.text().strip() if item is not None else "" for item in items)
            if any(cells):
                found.append(cells)
        return found

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self.state() != self.State.EditingState:
            self.drop()
        elif event.key() == Qt.Key.Key_Insert:
            self.begin()
        else:
            super().keyPressEvent(event)


class EditNetworkDialog(Dialog):
    """`wanted()` is what is wanted, `changes()` how to come there."""

    def __init__(self, parent: QWidget | None, details: NetworkDetails) -> None:
        title = tr("Edit the network {network}", network=details.network.name)
        super().__init__(parent, title, tr("Save"))
        self._details = details
        self._filled = False
        self._old = networks.wanted_of(details)
        self.setMinimumWidth(84 * GRID)
        self.body.addWidget(Heading(title))
        self.tabs = InnerTabs("network-edit-tabs")
        self.tabs.addTab(self._make_addresses(), tr("Addresses"))
        self.tabs.addTab(self._make_names(), tr("Names"))
        if details.kind == "nat":
            self.tabs.addTab(self._make_nat(), tr("NAT"))
        self.body.addWidget(self.tabs)
        self.what = Muted()
        self.what.setObjectName("what")
        self.what.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._wrong = Warned()
        self._said = QStackedWidget()
        self._said.addWidget(self.what)
        self._said.addWidget(self._wrong)
        self._said.setFixedHeight(3 * self.fontMetrics().height())
        self.body.addWidget(self._said)
        self._filled = True
        self.cancel.setAutoDefault(False)  # or it is what Enter does while nothing is changed
        self.action.setDefault(True)
        self.range4.setFocus()
        self._on_changed()

    # ---------------------------------------------------------------- what it is made of

    def _make_addresses(self) -> QWidget:
        page, layout = _page()
        form = Form()
        layout.addLayout(form)
        self.range4 = self._range_line("range4", self._old.ranges, 4)
        self.range6 = self._range_line("range6", self._old.ranges6, 6)
        hint = tr("Two addresses with a dash between them; several with commas; nothing: none are given out.")
        if self._details.of(4):
            form.add(tr("&Given out by DHCP"), self.range4, hint)
        if self._details.of(6):
            form.add(tr("Given out by DHCPv&6"), self.range6)
        layout.addSpacing(GRID)
        layout.addWidget(Section(tr("Always the same address")))
        rows = [(lease.ip, lease.mac, lease.name) for lease in self._old.leases]
        titles = (tr("Address"), tr("Card (MAC)"), tr("Name in DNS, if any"))
        self.leases = self._cells("leases", tr("Fixed addresses"), titles, rows, layout)
        return page

    def _make_names(self) -> QWidget:
        page, layout = _page()
        form = Form()
        layout.addLayout(form)
        self.domain = QLineEdit(self._old.domain)
        self.domain.setObjectName("domain")
        self.domain.setPlaceholderText(tr("none"))
        self.domain.textChanged.connect(lambda _words: self._on_changed())
        form.add(tr("&Domain"), self.domain)
        self.local = CheckBox(tr("Never ask other servers for names in it"))
        self.local.setObjectName("local")
        self.local.setChecked(self._old.local)
        self.local.toggled.connect(lambda _on: self._on_changed())
        form.add("", self.local)
        layout.addSpacing(GRID)
        layout.addWidget(Section(tr("Names that the network's DNS knows")))
        rows = [(host.ip, ", ".join(host.names)) for host in self._old.hosts]
        titles = (tr("Address"), tr("Names, with commas between them"))
        self.hosts = self._cells("hosts", tr("Names in DNS"), titles, rows, layout)
        return page

    def _make_nat(self) -> QWidget:
        page, layout = _page()
        form = Form()
        layout.addLayout(form)
        ports = self._old.nat_ports
        self.ports = QLineEdit(f"{ports[0]} - {ports[1]}" if ports else "")
        self.ports.setObjectName("ports")
        self.ports.setPlaceholderText(tr("libvirt's own choice"))
        self.ports.textChanged.connect(lambda _words: self._on_changed())
        hint = tr(
            "From which ports of the host the machines' connections seem to come: first and last with a dash. "
            "This is no way in: libvirt forwards no ports into a NAT network."
        )
        form.add(tr("&Ports of the host"), self.ports, hint)
        layout.addStretch(1)
        return page

    def _range_line(self, name: str, ranges: Sequence[Range], version: int) -> QLineEdit:
        line = QLineEdit(networks.written_ranges(ranges))
        line.setObjectName(name)
        line.setPlaceholderText(tr("none"))
        line.textChanged.connect(lambda _words: self._on_changed())
        line.setEnabled(self._details.of(version) is not None)
        return line

    def _cells(
        self, name: str, words: str, titles: Sequence[str], rows: Sequence[Sequence[str]], layout: QVBoxLayout
    ) -> _Cells:
        cells = _Cells(name, words, titles, rows)
        for column in range(len(titles) - 1):
            cells.setColumnWidth(column, 22 * GRID)
        cells.itemChanged.connect(lambda _item: self._on_changed())
        cells.model().rowsRemoved.connect(lambda *_: self._on_changed())
        layout.addWidget(cells)
        buttons = QHBoxLayout()
        for title, ending, do in ((tr("Add"), "add", cells.begin), (tr("Remove"), "remove", cells.drop)):
            button = QPushButton(title)
            button.setObjectName(f"{name}-{ending}")
            button.setAccessibleName(f"{words}: {title}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, do=do: do())
            buttons.addWidget(button)
            if ending == "remove":
                self._follow(cells, button)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        return cells

    def _follow(self, cells: _Cells, button: QPushButton) -> None:
        """It works once a line is chosen."""

        def show() -> None:
            chosen = bool(cells.selectedIndexes())
            button.setEnabled(chosen)
            button.setToolTip("" if chosen else tr("Select a line first."))

        cells.itemSelectionChanged.connect(show)
        show()

    # ---------------------------------------------------------------- what is wanted

    def wanted(self) -> Wanted:
        """Raises ValueError with the words that cannot be read."""
        return Wanted(
            networks.ranges_of(self.range4.text()),
            networks.ranges_of(self.range6.text()),
            tuple(StaticLease(mac.lower(), ip, name) for ip, mac, name in self.leases.lines()),
            tuple(DnsHost(ip, _words(names)) for ip, names in self.hosts.lines()),
            self.domain.text().strip(),
            self.local.isChecked() and bool(self.domain.text().strip()),
            _ports(self.ports.text()) if self._details.kind == "nat" else self._old.nat_ports,
        )

    def changes(self) -> tuple[NetworkChange, ...]:
        return networks.changes(self._details, self.wanted())

    def _on_changed(self) -> None:
        if not self._filled:
            return
        why: Text | None = None
        found: tuple[NetworkChange, ...] = ()
        try:
            wanted = self.wanted()
        except ValueError as error:
            why = text("{words} is no range: write first and last with a dash between them.", words=str(error))
        else:
            why = networks.problem(self._details, wanted)
            found = networks.changes(self._details, wanted)
        self._wrong.tell(why)
        self._said.setCurrentWidget(self._wrong if why is not None else self.what)
        self.what.setText(self._consequence(found) if why is None else "")
        self.action.setEnabled(why is None and bool(found))
        self.action.setToolTip(str(why) if why else "" if found else tr("Nothing was changed."))

    def _consequence(self, found: Sequence[NetworkChange]) -> str:
        if not found:
            return tr("Nothing was changed.")
        if not self._details.network.active:
            return tr("The network is off: it holds when it is started.")
        late = [str(networks.change_words(one)) for one in found if isinstance(one, SetDomain | SetNatPorts)]
        if not late:
            return tr("The network is on: it holds at once. Machines hear of it when they ask for their address again.")
        words = tr("Only after the network was restarted: {changes}", changes="; ".join(late))
        return words if len(late) == len(found) else f"{words}\n{tr('The rest holds at once.')}"


def _page() -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 2 * GRID, 0, GRID)
    layout.setSpacing(GRID)
    return page, layout


def _words(names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in names.replace(",", " ").split()))


def _ports(words: str) -> tuple[int, int] | None:
    if not words.strip():
        return None
    first, dash, last = words.replace("–", "-").partition("-")
    try:
        return int(first), int(last if dash else first)
    except ValueError:
        raise ValueError(words.strip()) from None
