"""The networks of a host: what is shown, what can be done and why not, each work with its dialog; on libvirt's test
driver, which is asked and changed for real.
"""

import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from tests.testbed.connecting import PRACTICE, opened
from tests.ui.desk import Desk as PageDesk
from tests.ui.desk import dialog_of, until
from vmdesk.core.networks import wanted_of
from vmdesk.core.networks_map import draw
from vmdesk.core.store import Store
from vmdesk.model.host import Host, HostConfig, Link
from vmdesk.model.network import Card, Filter, Lease, StaticLease
from vmdesk.model.wish import Forward
from vmdesk.ui.dialogs.network_filter import FilterDialog
from vmdesk.ui.models.networks import NetworkColumn
from vmdesk.ui.pages.networks import NetworksPage
from vmdesk.ui.widgets.network_map import NetworkMapView
from vmdesk.virt import listing, networks
from vmdesk.virt.connection import Connection

Story = Callable[["Desk"], Coroutine[Any, Any, None]]
GATEWAY = "52:54:00:4c:00:01"


class Desk(PageDesk):
    """The page over the practice host."""

    size = (1100, 700)

    def __init__(self, folder: Path, connection: Connection, domains: Sequence[Any], readonly: bool) -> None:
        config = HostConfig("h", "laptop", PRACTICE, readonly=readonly)
        store = Store()
        store.put_host(Host(config, Link.UP, capabilities=connection.capabilities))
        store.update(domains)
        super().__init__(folder, store)
        self.connection = connection
        session = SimpleNamespace(connected=True, require=lambda: connection)
        self.parts.sessions = SimpleNamespace(get=lambda _host: session)
        self.page = NetworksPage(self.parts, "h")

    def ready(self) -> bool:
        return self.page.seen is not None and self.page.model.rowCount() == 5

    def cells(self, column: NetworkColumn) -> dict[str, str]:
        return {line.key: line.cells[column] for line in self.page.model.rows}

    def words(self, table: Any) -> list[tuple[str, ...]]:
        return [line.cells for line in table.lines.rows]

    def able(self, name: str) -> tuple[bool, str]:
        action = self.page.actions_[name]
        return action.isEnabled(), action.toolTip()


@pytest.fixture
def play(tmp_path: Path, qtbot: QtBot, run_async: Any) -> Any:
    def run(story: Story, readonly: bool = False) -> None:
        async def whole() -> None:
            async with opened(PRACTICE, readonly=readonly) as connection:
                desk = Desk(tmp_path, connection, await listing.list_all(connection), readonly)
                await desk.play(story, qtbot)

        run_async(whole())

    return run


def test_what_is_there(play: Any) -> None:
    async def story(desk: Desk) -> None:
        assert desk.cells(NetworkColumn.KIND) == {
            "bridge-eno2": "bridge",
            "default": "NAT",
            "lab": "isolated",
            "office": "routed",
            "servers": "isolated",
        }
        assert desk.cells(NetworkColumn.SUBNET)["office"] == "10.20.0.1/24"
        assert desk.cells(NetworkColumn.MACHINES)["default"] == "4, 2 running"
        chosen = desk.page.chosen()
        assert chosen is not None and chosen.network.name == "default"  # the usual one
        assert desk.able("start") == (False, "It is on.")
        desk.page.choose("bridge-eno2")
        able, why = desk.able("edit")
        assert not able and "given by others" in why and "given by others" in desk.page.why.text()
        assert all(button.accessibleName() for button in desk.page.findChildren(QToolButton) if button.objectName())

    play(story)


def test_addresses_with_machines_and_a_click_that_keeps_one(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [Lease(GATEWAY, "192.168.122.17", "gw", time.time() + 600), Lease("52:54:00:99:99:99", "192.168.122.3")]

    async def leases(_connection: Connection, name: str) -> list[Lease]:
        return given if name == "default" else []

    monkeypatch.setattr(networks, "leases", leases)

    async def story(desk: Desk) -> None:
        below = desk.page.below
        await until(lambda: len(desk.words(below.leases)) == 2)
        assert [cells[:2] for cells in desk.words(below.leases)] == [
            ("192.168.122.3", ""),
            ("192.168.122.17", "gateway"),
        ]
        below.leases.selectRow(0)
        assert not below.goto.isEnabled() and "no machine" in below.goto.toolTip()
        below.leases.selectRow(1)
        below.goto.trigger()
        assert [key.uuid for key in desk.shell.opened] == [below.row().uuid]  # type: ignore[attr-defined]
        assert "192.168.122.17\tgateway" in below.leases.copy_text()
        below.keep.trigger()
        await until(lambda: below.row() is not None and below.row().fixed)
        assert not below.keep.isEnabled() and below.release.isEnabled()
        found = desk.page.chosen()
        assert found is not None and found.leases == (StaticLease(GATEWAY, "192.168.122.17", "gw"),)
        below.release.trigger()
        await until(lambda: desk.page.chosen().leases == ())

    play(story)


def test_stopped_says_who_loses_it_and_started_again(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.page.actions_["stop"].trigger()
        await until(lambda: desk.cells(NetworkColumn.STATE)["default"] == "off")
        (asked,) = desk.ask.asked
        assert asked.items == ("gateway", "vpn") and "lose their network" in str(asked.message)
        assert desk.able("stop") == (False, "It is off.")
        desk.page.actions_["start"].trigger()
        await until(lambda: desk.cells(NetworkColumn.STATE)["default"] == "on")
        desk.page.actions_["autostart"].trigger()
        await until(lambda: desk.cells(NetworkColumn.AUTOSTART)["default"] == "with the host")
        assert desk.page.actions_["autostart"].isChecked()

    play(story)


def test_a_new_one(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.page.actions_["new"].trigger()
        dialog = await dialog_of()
        assert dialog.name.text() == "net-1" and dialog.action.isEnabled()
        for words, why in (("192.168.122.0/24", "in use"), ("10.9.0.0/31", "too small"), ("x", "Write the subnet")):
            dialog.subnet.setText(words)
            assert why in dialog.action.toolTip() and not dialog.action.isEnabled()
        dialog.name.setText("default")
        assert "taken already" in dialog.action.toolTip()
        dialog.name.setText("mine")
        dialog.subnet.setText("10.9.0.0/24")
        dialog.range.setText("10.9.0.5 - 10.9.0.9")
        dialog.six.setChecked(True)
        await desk.accept(dialog)
        await until(lambda: "mine" in desk.cells(NetworkColumn.STATE))
        made = desk.page.seen.named("mine")
        assert made is not None and made.network.active and made.network.autostart
        assert made.of(4).address == "10.9.0.1/24" and made.of(6).address.startswith("fd")
        desk.page.choose("mine")
        desk.page.actions_["delete"].trigger()
        await until(lambda: "mine" not in desk.cells(NetworkColumn.STATE))
        assert "No machine uses it" in str(desk.ask.asked[-1].message)

    play(story)


def test_kinds_show_what_they_have(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.page.actions_["new"].trigger()
        dialog = await dialog_of()
        shown = {}
        for at in range(dialog.kind.count()):
            dialog.kind.setCurrentIndex(at)
            shown[dialog.chosen_kind()] = {name for name, widgets in dialog._rows.items() if not widgets[0].isHidden()}
        assert shown["nat"] == {"device", "subnet", "dhcp", "range", "six", "domain"}
        assert shown["isolated"] == shown["open"] == shown["nat"] - {"device"}
        assert shown["bridge"] == {"bridge"} and shown["macvtap"] == {"interface"}
        dialog.interface.setCurrentText("")
        assert "Which interface" in dialog.action.toolTip()
        dialog.interface.setCurrentText("eth7")
        assert '<interface dev="eth7"/>' in dialog.wish().xml
        dialog.reject()

    play(story)


def test_edited(play: Any) -> None:
    async def story(desk: Desk) -> None:
        before = desk.page.chosen()
        assert before is not None
        desk.page.actions_["edit"].trigger()
        dialog = await dialog_of()
        assert dialog.action.toolTip() == "Nothing was changed."
        dialog.leases.begin()
        dialog.leases.item(0, 0).setText("192.168.122.9")
        assert "not a card's address" in dialog.action.toolTip()
        dialog.leases.item(0, 1).setText(GATEWAY)
        assert "at once" in dialog.what.text()
        dialog.range4.setText("nonsense")
        assert "nonsense is no range" in dialog.action.toolTip()
        dialog.range4.setText("192.168.122.10 - 192.168.122.99")
        dialog.domain.setText("x.lan")
        assert "Only after the network was restarted: Domain: x.lan" in dialog.what.text()
        dialog.hosts.begin()
        dialog.hosts.item(0, 0).setText("192.168.122.1")
        dialog.hosts.item(0, 1).setText("host, router")
        dialog.ports.setText("2000-3000")
        await desk.accept(dialog)
        await until(lambda: desk.page.chosen().domain == "x.lan")
        after = desk.page.chosen()
        assert after is not None
        wanted = wanted_of(after)
        assert wanted.nat_ports == (2000, 3000) and wanted.hosts[0].names == ("host", "router")
        assert wanted.leases == (StaticLease(GATEWAY, "192.168.122.9"),)

    play(story)


def test_cards_and_what_cannot_be_filtered(play: Any) -> None:
    async def story(desk: Desk) -> None:
        below = desk.page.below
        assert ("gateway", "office") in {cells[:2] for cells in desk.words(below.cards)}
        assert not below.filter.isEnabled() and below.filter.toolTip() == "Select a network card first."
        below.cards.selectRow(0)
        assert "no packet filters" in below.filter.toolTip()  # of this host
        below.card_goto.trigger()
        assert len(desk.shell.opened) == 1

    play(story)


def test_the_filters_dialog(qtbot: QtBot) -> None:
    filters = [Filter("clean-traffic", "u"), Filter("no-mac-spoofing", "v")]
    dialog = FilterDialog(None, Card("u", GATEWAY, "network", "lab", filter="lost"), "web", filters, True)
    qtbot.addWidget(dialog)
    assert dialog.chosen() == "lost" and not dialog.action.isEnabled()
    dialog.filter.setCurrentIndex(dialog.filter.findData("clean-traffic"))
    assert dialog.action.isEnabled() and dialog.chosen() == "clean-traffic"
    dialog.filter.setCurrentIndex(0)
    assert dialog.chosen() == ""


def test_read_only_says_why(play: Any) -> None:
    async def story(desk: Desk) -> None:
        for name in ("new", "edit", "stop", "delete", "autostart"):
            able, why = desk.able(name)
            assert not able and "read-only" in why
        assert "read-only" in desk.page.why.text()

    play(story, readonly=True)


def test_what_somebody_else_does_with_a_network_is_read_at_once(play: Any) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        await until(lambda: not page.reading.busy)
        await networks.stop_network(desk.connection, "lab")
        was = desk.cells(NetworkColumn.STATE)["lab"]
        desk.parts.store.stir_networks("elsewhere")
        assert not page.reading.busy and desk.cells(NetworkColumn.STATE)["lab"] == was
        desk.parts.store.stir_networks("h")
        await until(lambda: desk.cells(NetworkColumn.STATE)["lab"] != was)
        page.as_map.setChecked(True)
        with pytest.raises(KeyError):
            page.map.picture.area_of("net:theirs")
        await desk.connection.control.call(lambda c: c.networkDefineXML("<network><name>theirs</name></network>"))
        desk.parts.store.stir_networks("h")
        await until(lambda: "theirs" in desk.cells(NetworkColumn.NAME))
        assert page.map.picture.area_of("net:theirs").width() > 0

    play(story)


# ---------------------------------------------------------------- the picture


def test_the_picture_leads_to_machines_and_networks(play: Any, qtbot: QtBot) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        page.as_map.setChecked(True)
        picture = page.map.picture
        assert page.stack.currentWidget() is page.map
        lab = picture.area_of("net:lab").center()
        assert "Networks" not in picture.words_of(picture.node_at(lab))
        qtbot.mouseClick(picture, Qt.MouseButton.LeftButton, pos=lab.toPoint())
        assert page.as_list.isChecked() and page.chosen().network.name == "lab"
        page.as_map.setChecked(True)
        picture.setFocus(Qt.FocusReason.TabFocusReason)
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Return):
            qtbot.keyClick(picture, key)
        assert len(desk.shell.opened) == 1
        assert picture.accessibleDescription().startswith(picture.current.title)

    play(story)


def test_the_picture_of_many(qtbot: QtBot) -> None:
    from_hand = [Card(f"u{n}", f"52:54:00:00:00:{n:02x}", "user", forwards=(Forward(2200 + n, 22),)) for n in range(60)]
    machines = [
        SimpleNamespace(uuid=f"u{n}", name=f"vm-{n}", active=True, key=("h", f"u{n}"), state=None) for n in range(60)
    ]
    view = NetworkMapView()
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.picture.show_map(draw([], [], machines, from_hand))  # type: ignore[arg-type]
    view.show()
    assert view.verticalScrollBar().maximum() > 500
    last = view.picture.area_of("vm:u9")
    node = view.picture.node_at(last.center())
    assert node is not None and "2209 → 22" in view.picture.words_of(node)
    view.fit()
    assert view.picture.zoom < 1 and view.picture.area_of("vm:u9").width() < last.width()
    assert view.picture.node_at(QPointF(-1, -1)) is None
    view.picture.setFocus()
    for _ in range(3):
        qtbot.keyClick(view.picture, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(view.picture, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert view.picture.zoom == 1
