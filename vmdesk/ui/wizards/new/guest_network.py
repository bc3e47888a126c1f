"""Which address a cloud image's first card has: the network's (DHCP), a fixed one, or what one's own data say."""

from dataclasses import replace
from typing import Any

from vmdesk.core.creating.draft import Draft
from vmdesk.model import names
from vmdesk.model.text import tr
from vmdesk.model.wish import CloudWish
from vmdesk.ui.wizards.new.data_edit import DataEdit
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Fields, combo, fill
from vmdesk.ui.wizards.new.line import Line

_DHCP, _FIXED, _OWN = "dhcp", "fixed", "own"


class GuestNetwork:
    """Rows of a form."""

    def __init__(self, desk: Desk, fields: Fields) -> None:
        self._desk, self._fields = desk, fields
        self._kept = CloudWish()  # what was typed, for who looks at another way and comes back
        self._way = _DHCP
        self.way = combo("cloud-network", 24)
        self.address, self.gateway, self.dns = Line("cloud-address"), Line("cloud-gateway"), Line("cloud-dns")
        self.address.setPlaceholderText("192.168.122.10/24")
        self.gateway.setPlaceholderText("192.168.122.1")
        self.dns.setPlaceholderText("192.168.122.1, 9.9.9.9")
        self.own = DataEdit(desk, "cloud-network-config", tr("Network configuration"), "version: 2\nethernets: …")
        fields.add(tr("Addr&ess by"), self.way, stretch=False)
        self._address = fields.add(tr("&Address"), self.address)
        self._gateway = fields.add(
            tr("&Gateway"), self.gateway, tr("The way out of its network; empty: there is none.")
        )
        self._dns = fields.add(tr("DNS ser&vers"), self.dns, tr("Asked for names, with commas between them."))
        self._own = fields.add(tr("&Configuration"), self.own, tr("cloud-init's own format, version 2."))
        self.way.currentIndexChanged.connect(self._on_way)
        self.address.typed.connect(lambda words: self._set(address=words.strip()))
        self.gateway.typed.connect(lambda words: self._set(gateway=words.strip()))
        self.dns.typed.connect(lambda words: self._set(dns=_servers(words)))
        self.own.edit.textChanged.connect(lambda: self._set(network=self.own.edit.toPlainText()))

    def show_cloud(self, draft: Draft, cloud: CloudWish) -> None:
        if cloud.network:
            self._way = _OWN
        elif cloud.address or cloud.gateway or cloud.dns:
            self._way = _FIXED
        ways: list[tuple[str, object]] = [
            (tr("The network (DHCP)"), _DHCP),
            (tr("A fixed address"), _FIXED),
            (tr("My own network configuration"), _OWN),
        ]
        fill(self.way, ways, self._way)
        fixed = self._way == _FIXED
        for row in (self._address, self._gateway, self._dns):
            self._fields.show_row(row, fixed)
        self._fields.show_row(self._own, self._way == _OWN)
        several = len(names.names(draft.wish)) > 1
        more = tr("Of the first machine; each further one has the next.")
        self._address.explain(more if several else tr("With its prefix, /24 in most networks; empty: by DHCP."))
        for line, value in ((self.address, cloud.address), (self.gateway, cloud.gateway)):
            if line.text().strip() != value and fixed:
                line.show_text(value)
        if _servers(self.dns.text()) != cloud.dns and fixed:
            self.dns.show_text(", ".join(cloud.dns))
        if self._way == _OWN and self.own.edit.toPlainText() != cloud.network:
            self.own.edit.setPlainText(cloud.network)

    def _on_way(self, _place: int) -> None:
        cloud = self._desk.draft.wish.cloud
        way = str(self.way.currentData())
        if cloud is None or way == self._way:
            return
        if self._way == _OWN:
            self._kept = replace(self._kept, network=cloud.network)
        elif self._way == _FIXED:
            self._kept = replace(self._kept, address=cloud.address, gateway=cloud.gateway, dns=cloud.dns)
        self._way = way
        fixed, kept = way == _FIXED, self._kept
        self._set(
            address=kept.address if fixed else "",
            gateway=kept.gateway if fixed else "",
            dns=kept.dns if fixed else (),
            network=kept.network if way == _OWN else "",
        )
        self._desk.changed.emit()  # the rows are others, even if the wish is the same
        {_FIXED: self.address, _OWN: self.own.edit}.get(way, self.way).setFocus()

    def _set(self, **values: Any) -> None:
        cloud = self._desk.draft.wish.cloud
        if cloud is not None:
            self._desk.wish(cloud=replace(cloud, **values))


def _servers(words: str) -> tuple[str, ...]:
    return tuple(words.replace(",", " ").split())
