"""A new network: its kind, addresses that collide with nothing, and what it leads to."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from vmdesk.core import networks
from vmdesk.core.networks import ABOUT, ADDRESSED, DIRECT, Subnet
from vmdesk.model.network import Addresses, Network, NetworkDetails, Range
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.lines import Warned
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Form, Heading, Muted
from vmdesk.virtxml import networks as networks_xml

KINDS = ("nat", "isolated", "route", "open", "bridge", "macvtap")
_NAMES = {
    "nat": text("Behind address translation (NAT)"),
    "isolated": text("Isolated"),
    "route": text("Routed"),
    "open": text("Open"),
    "bridge": text("A bridge of the host"),
    "macvtap": text("An interface of the host (macvtap)"),
}
NAME_LONGEST = 50


@dataclass(frozen=True, slots=True)
class Grounds:
    """What has to be known first. subnet: proposed, None if all are taken; interfaces: (name, kind)."""

    names: tuple[str, ...]
    subnet: ipaddress.IPv4Network | None
    subnet6: ipaddress.IPv6Network
    taken: tuple[Subnet, ...]
    interfaces: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class NewNetwork:
    """What is wanted."""

    name: str
    xml: str
    autostart: bool


class NewNetworkDialog(Dialog):
    """`wish()` is what is wanted. What a kind does not have is not shown."""

    def __init__(self, parent: QWidget | None, grounds: Grounds) -> None:
        super().__init__(parent, tr("New network"), tr("Make and start"))
        self._grounds = grounds
        self.setMinimumWidth(76 * GRID)
        self.body.addWidget(Heading(tr("New network")))
        self._form = form = Form()
        self.body.addLayout(form)
        self.name = self._line("name", _free_name(grounds.names))
        form.add(tr("&Name"), self.name)
        self.kind = QComboBox()
        self.kind.setObjectName("kind")
        for kind in KINDS:
            self.kind.addItem(str(_NAMES[kind]), kind)
        form.add(tr("&Kind"), self.kind)
        self._about = Muted()
        self._about.setMinimumHeight(2 * self._about.fontMetrics().height())
        form.addWidget(self._about, form.rowCount(), 1)
        self._rows: dict[str, tuple[QWidget, ...]] = {}
        self._make_leads()
        self._make_addresses()
        self.autostart = CheckBox(tr("&Start it with the host"))
        self.autostart.setObjectName("autostart")
        self.autostart.setChecked(True)
        form.add("", self.autostart)
        self._wrong = Warned()
        self.body.addWidget(self._wrong)
        self.body.addStretch(1)
        self.kind.currentIndexChanged.connect(lambda _at: self._on_kind())
        for box in (self.dhcp, self.six):
            box.toggled.connect(lambda _on: self._on_kind())
        for line in (self.name, self.subnet, self.range, self.subnet6, self.domain):
            line.textChanged.connect(lambda _words: self._on_changed())
        self.subnet.textEdited.connect(lambda _words: self._propose_range())
        for choice in (self.device, self.bridge, self.interface):
            choice.currentTextChanged.connect(lambda _words: self._on_changed())
        self._on_kind()
        self.name.setFocus()
        self.name.selectAll()

    # ---------------------------------------------------------------- what it is made of

    def _line(self, name: str, words: str = "", hint: str = "") -> QLineEdit:
        line = QLineEdit(words)
        line.setObjectName(name)
        line.setPlaceholderText(hint)
        return line

    def _add(self, row: str, label: str, control: QWidget, hint: str = "") -> None:
        """A row that can be hidden as a whole."""
        before = self._form.rowCount()
        self._form.add(label, control, hint)
        found = []
        for at in range(before, self._form.rowCount()):
            for column in (0, 1):
                item = self._form.itemAtPosition(at, column)
                if item is not None and (widget := item.widget()) is not None:
                    found.append(widget)
        self._rows[row] = tuple(found)

    def _choice(self, name: str, items: Sequence[str]) -> QComboBox:
        box = QComboBox()
        box.setObjectName(name)
        box.setEditable(True)
        box.addItems(list(items))
        if line := box.lineEdit():
            line.setAccessibleName(name)
        return box

    def _make_leads(self) -> None:
        plain = [name for name, kind in self._grounds.interfaces if kind != "bridge"]
        bridges = [name for name, kind in self._grounds.interfaces if kind == "bridge"]
        self.device = self._choice("device", ("", *plain))
        if line := self.device.lineEdit():
            line.setPlaceholderText(tr("any"))
        self._add("device", tr("&Leads to"), self.device, tr("Only by this interface of the host, or by any."))
        self.bridge = self._choice("bridge", bridges)
        if line := self.bridge.lineEdit():
            line.setPlaceholderText("br0")
        self._add("bridge", tr("&Bridge"), self.bridge, tr("It must be there on the host; VMDesk does not make one."))
        self.interface = self._choice("interface", plain)
        if line := self.interface.lineEdit():
            line.setPlaceholderText("eth0")
        self._add("interface", tr("&Interface"), self.interface)
        names = {self.device: tr("Leads to"), self.bridge: tr("Bridge"), self.interface: tr("Interface")}
        for box, words in names.items():
            if line := box.lineEdit():
                line.setAccessibleName(words)

    def _make_addresses(self) -> None:
        subnet = self._grounds.subnet
        self.subnet = self._line("subnet", str(subnet) if subnet else "", "10.7.0.0/24")
        hint = tr("The first address is the host's. What is proposed is used by no network or route that VMDesk sees.")
        self._add("subnet", tr("S&ubnet"), self.subnet, hint)
        self.dhcp = CheckBox(tr("Give out &addresses (DHCP)"))
        self.dhcp.setObjectName("dhcp")
        self.dhcp.setChecked(True)
        self._add("dhcp", "", self.dhcp)
        self.range = self._line("range", hint="10.7.0.10 - 10.7.0.254")
        self._add("range", tr("&From - to"), self.range)
        self.six = CheckBox(tr("IPv&6, too"))
        self.six.setObjectName("six")
        self._add("six", "", self.six)
        self.subnet6 = self._line("subnet6", str(self._grounds.subnet6))
        self._add("subnet6", tr("IPv6 subnet"), self.subnet6, tr("Proposed by chance, so that nobody else has it."))
        self.domain = self._line("domain", hint=tr("none"))
        self._add("domain", tr("&Domain"), self.domain, tr("What machines' names end with in the network's DNS."))
        self._propose_range()

    # ---------------------------------------------------------------- what is wanted

    def chosen_kind(self) -> str:
        return str(self.kind.currentData())

    def wish(self) -> NewNetwork:
        """For a dialog without a problem."""
        kind = self.chosen_kind()
        addressed = kind in ADDRESSED
        dhcp = addressed and self.dhcp.isChecked()
        xml = networks_xml.build(
            self.name.text().strip(),
            kind,
            self._subnet() if addressed else None,
            dhcp=dhcp,
            bridge=self.bridge.currentText().strip() if kind == "bridge" else "",
            device=self._device(kind),
            ranges=networks.ranges_of(self.range.text()) if dhcp else (),
            subnet6=self._subnet6() if addressed and self.six.isChecked() else None,
            domain=self.domain.text().strip() if addressed else "",
        )
        return NewNetwork(self.name.text().strip(), xml, self.autostart.isChecked())

    def _device(self, kind: str) -> str:
        if kind in DIRECT:
            return self.interface.currentText().strip()
        return self.device.currentText().strip() if kind in ("nat", "route") else ""

    def _subnet(self) -> ipaddress.IPv4Network | None:
        words = self.subnet.text().strip()
        return ipaddress.IPv4Network(words, strict=False) if words else None

    def _subnet6(self) -> ipaddress.IPv6Network:
        return ipaddress.IPv6Network(self.subnet6.text().strip(), strict=False)

    def _propose_range(self) -> None:
        try:
            subnet = self._subnet()
        except ValueError:
            return
        if subnet is not None and subnet.num_addresses >= networks.LEAST:
            self.range.setText(networks.written_ranges((networks.proposed_range(subnet),)))

    # ---------------------------------------------------------------- what is wrong

    def problem(self) -> Text | None:
        """Why it cannot be made; None: it can."""
        name, kind = self.name.text().strip(), self.chosen_kind()
        if not name or len(name) > NAME_LONGEST or "/" in name or not name.isprintable() or name in (".", ".."):
            return text("The network needs a name of at most {n} plain letters.", n=NAME_LONGEST)
        if name in self._grounds.names:
            return text("The name {name} is taken already.", name=name)
        if kind == "bridge" and not self.bridge.currentText().strip():
            return text("Which bridge of the host?")
        if kind in DIRECT and not self.interface.currentText().strip():
            return text("Which interface of the host?")
        return self._addresses_problem() if kind in ADDRESSED else None

    def _addresses_problem(self) -> Text | None:
        try:
            subnet = self._subnet()
        except ValueError:
            return text("Write the subnet like 10.7.0.0/24.")
        if subnet is not None and (why := networks.subnet_problem(subnet, self._grounds.taken)):
            return why
        if self.dhcp.isChecked():
            if subnet is None:
                return text("Without a subnet no addresses can be given out.")
            if why := self._range_problem(subnet):
                return why
        if self.six.isChecked():
            try:
                subnet6 = self._subnet6()
            except ValueError:
                return text("Write the IPv6 subnet like fd12:3456:789a::/64.")
            if why := networks.subnet_problem(subnet6, self._grounds.taken):
                return why
        domain = self.domain.text().strip()
        return text("{name} cannot be a domain.", name=domain) if domain and not networks.is_host_name(domain) else None

    def _range_problem(self, subnet: ipaddress.IPv4Network) -> Text | None:
        try:
            ranges: tuple[Range, ...] = networks.ranges_of(self.range.text())
        except ValueError as error:
            return text("{words} is no range: write two addresses with a dash between them.", words=str(error))
        if not ranges:
            return text("Which addresses are given out? Write two with a dash between them.")
        own = Addresses(f"{subnet.network_address + 1}/{subnet.prefixlen}")
        return networks.problem(NetworkDetails(Network("", ""), addresses=(own,)), networks.Wanted(ranges))

    def _on_kind(self) -> None:
        kind = self.chosen_kind()
        self._about.setText(str(ABOUT[kind]))
        self.kind.setAccessibleDescription(str(ABOUT[kind]))
        addressed = kind in ADDRESSED
        shown = {
            "device": kind in ("nat", "route"),
            "bridge": kind == "bridge",
            "interface": kind in DIRECT,
            "subnet": addressed,
            "dhcp": addressed,
            "range": addressed and self.dhcp.isChecked(),
            "six": addressed,
            "subnet6": addressed and self.six.isChecked(),
            "domain": addressed,
        }
        for row, visible in shown.items():
            for widget in self._rows[row]:
                widget.setVisible(visible)
        self._on_changed()
        if self.isVisible():
            self.fit()

    def fit(self) -> None:
        """As high as what is shown now."""
        layout = self.layout()
        if layout is not None:
            layout.activate()  # what was hidden just now has no room any more
            height = layout.totalHeightForWidth(self.width())
            self.setMinimumHeight(height)
            self.resize(self.width(), height)

    def _on_changed(self) -> None:
        why = self.problem()
        self._wrong.tell(why)
        self.action.setEnabled(why is None)
        self.action.setToolTip(str(why or ""))


def _free_name(names: Sequence[str]) -> str:
    """A short name that no network has."""
    numbers = range(1, len(names) + 2)
    return next(name for name in (f"net-{number}" for number in numbers) if name not in names)
