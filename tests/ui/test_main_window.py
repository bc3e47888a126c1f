"""The main window: filtering, selecting, tabs, notices, what is watched, what is remembered."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QMenu, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.machines import LAB, LAPTOP, machine, store_of
from tests.ui.window import Standing
from vmdesk.core.columns import COLUMNS, STANDARD
from vmdesk.core.commands.domain import COMMANDS
from vmdesk.core.store import Store
from vmdesk.model.domain import DomainKey, Labels, State
from vmdesk.model.errors import Problem
from vmdesk.model.host import Host, Link
from vmdesk.model.text import text
from vmdesk.ui.actions import WINDOW_COMMANDS
from vmdesk.ui.icons import GLYPHS
from vmdesk.ui.models.domains import Scope
from vmdesk.ui.parts import Level, Notice
from vmdesk.ui.widgets.domains_table import DomainsTable


@pytest.fixture
def standing(qtbot: QtBot, tmp_path: Path) -> Iterator[Standing]:
    made = Standing(tmp_path)
    made.window.show()
    qtbot.waitExposed(made.window)
    made.window.machines.settle()
    yield made
    made.close()
    assert not made.bugs


class Page(QWidget):
    """Stands in for a page of the others."""

    icon = "machine"

    def __init__(self, key: str, watched: set[DomainKey] | None = None) -> None:
        super().__init__()
        self.key, self.title = key, key
        self._watched = watched or set()

    def watched(self) -> set[DomainKey]:
        return self._watched


def test_every_machine_is_there(standing: Standing) -> None:
    assert standing.model.rowCount() == 24
    assert standing.window.windowTitle() == "VMDesk"
    assert standing.window.tabs.tabText(0) == "Machines (24)"


def test_filter_and_back(standing: Standing, qtbot: QtBot) -> None:
    line = standing.window.filter
    qtbot.keyClicks(line, "web state:running")
    assert standing.names()
    assert all(name.startswith("web") for name in standing.names())
    assert "of 24" in standing.window.tabs.tabText(0)
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    assert standing.model.rowCount() == 24


def test_a_wrong_filter_says_where_and_keeps_the_last_right_one(standing: Standing, qtbot: QtBot) -> None:
    line = standing.window.filter
    line.setText("web")
    shown = standing.names()
    line.setText("web colour:red")
    assert standing.names() == shown
    assert line.error is not None and line.error.position == 4
    complaint = standing.window.findChild(QWidget, "filter-complaint")
    assert complaint is None or not complaint.isVisible()  # who still types is not told off
    qtbot.waitUntil(
        lambda: bool((found := standing.window.findChild(QWidget, "filter-complaint")) and found.isVisible())
    )
    assert "character 5" in line.accessibleDescription()
    line.clear()
    found = standing.window.findChild(QWidget, "filter-complaint")
    assert found is not None and not found.isVisible()


def test_nothing_found_offers_to_clear(standing: Standing) -> None:
    standing.window.filter.setText("nobody-is-called-so")
    empty = standing.window.machines.empty
    assert empty.isVisible() and empty.kind == "no-match"
    button = empty.findChild(QAbstractButton, "empty-action-0")
    assert button is not None
    button.click()
    assert standing.table.isVisible() and standing.model.rowCount() == 24


def test_a_figure_in_the_filter_makes_readings_faster(standing: Standing) -> None:
    standing.window.filter.setText("cpu>5")
    assert standing.sampler.is_fast
    standing.window.filter.clear()
    assert not standing.sampler.is_fast


def test_the_command_that_mends_a_host_can_be_copied(qtbot: QtBot, tmp_path: Path) -> None:
    store = Store()
    store.put_host(Host(LAPTOP, Link.FAILED, Problem(text("It does not run."), command="sudo systemctl start x")))
    made = Standing(tmp_path, store=store)
    made.window.show()
    empty = made.window.machines.empty
    next(one for one in empty.findChildren(QAbstractButton) if one.text() == "Copy the command").click()
    assert QGuiApplication.clipboard().text() == "sudo systemctl start x"
    store.put_host(Host(LAPTOP, Link.FAILED, Problem(text("It may not."), command="sudo usermod -aG libvirt me")))
    made.window.machines.settle()
    qtbot.waitUntil(lambda: "It may not." in empty.accessibleDescription())
    next(one for one in empty.findChildren(QAbstractButton) if one.text() == "Copy the command").click()
    assert QGuiApplication.clipboard().text() == "sudo usermod -aG libvirt me", "not the one of before"
    made.close()


@pytest.mark.parametrize(
    ("links", "kind"),
    [
        ((), "no-hosts"),
        ((Link.CONNECTING,), "connecting"),
        ((Link.FAILED,), "failed"),
        ((Link.OFF,), "off"),
        ((Link.UP,), "no-machines"),
        ((Link.UP, Link.FAILED), "no-machines"),
    ],
)
def test_empty_states_teach(qtbot: QtBot, tmp_path: Path, links: tuple[Link, ...], kind: str) -> None:
    store = Store()
    for config, link in zip((LAPTOP, LAB), links):
        problem = Problem(text("It does not answer.")) if link is Link.FAILED else None
        store.put_host(Host(config, link, problem))
    made = Standing(tmp_path, store=store)
    made.window.show()
    empty = made.window.machines.empty
    assert empty.isVisible() and empty.kind == kind
    for button in empty.findChildren(QAbstractButton):
        if button.text() != "Create one…":  # tests/ui/wizards
            button.click()
    if kind != "connecting":
        assert made.hosts.done
    made.close()


def test_selection_survives_filtering_and_resets(standing: Standing, qtbot: QtBot) -> None:
    keys = [key for key in standing.model.keys if standing.store.domains[key].name.startswith("web")][:3]
    standing.table.select(keys)
    standing.window.filter.setText("web")
    assert standing.table.selected_keys() == keys
    standing.table.sort_by("name", True)
    assert set(standing.table.selected_keys()) == set(keys)
    standing.window.filter.setText("db")
    assert standing.table.selected_keys() == []  # what is not seen is not acted on


def test_commands_follow_the_selection(standing: Standing) -> None:
    running = next(one for one in standing.store.domains.values() if one.state is State.RUNNING)
    off = next(one for one in standing.store.domains.values() if one.state is State.SHUTOFF)
    actions = standing.window.actions_
    standing.window.machines.settle()
    assert not actions["domain.start"].isEnabled()
    assert actions["domain.start"].toolTip()  # the reason
    standing.table.select([running.key])
    standing.window.machines.settle()
    assert not actions["domain.start"].isEnabled() and actions["domain.shutdown"].isEnabled()
    standing.table.select([running.key, off.key])
    standing.window.machines.settle()
    assert actions["domain.start"].isEnabled() and actions["domain.shutdown"].isEnabled()


def test_a_change_of_state_changes_what_can_be_done(standing: Standing, qtbot: QtBot) -> None:
    off = next(one for one in standing.store.domains.values() if one.state is State.SHUTOFF)
    standing.table.select([off.key])
    standing.window.machines.settle()
    standing.store.update([replace(off, state=State.RUNNING)])
    qtbot.waitUntil(lambda: standing.window.actions_["domain.shutdown"].isEnabled())


def test_the_inspector_shows_and_watches_one_machine(standing: Standing, qtbot: QtBot) -> None:
    key = standing.model.keys[3]
    assert standing.sampler.watched == set()
    standing.table.select([key])
    standing.window.machines.settle()
    assert standing.window.machines.inspector.key == key
    assert standing.sampler.watched == {key}
    standing.history.tell(frozenset([key]))
    standing.table.select(standing.model.keys[:5])
    standing.window.machines.settle()
    assert standing.sampler.watched == set()
    standing.table.select([key])
    standing.window.machines.settle()
    standing.window.actions_["window.inspector"].trigger()
    assert standing.sampler.watched == set()
    standing.window.actions_["window.inspector"].trigger()
    assert standing.sampler.watched == {key}
    standing.window.hide()
    assert not standing.sampler.is_visible and standing.sampler.watched == set()
    standing.window.show()
    assert standing.sampler.is_visible


def test_enter_and_double_click_open_the_machine(
    standing: Standing, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "vmdesk.ui.main_window.load", lambda name: lambda parts, key: Page(f"machine:{key.host}/{key.uuid}", {key})
    )
    key = standing.model.keys[2]
    standing.table.select([key])
    qtbot.keyClick(standing.table, Qt.Key.Key_Return)
    assert standing.window.tabs.count() == 2
    assert standing.sampler.watched == {key}
    assert standing.window.acted_on() == [standing.store.domains[key]]
    standing.window.open_page("machines")
    standing.window.open_machine(key)
    assert standing.window.tabs.count() == 2 and standing.window.tabs.currentIndex() == 1
    standing.window.actions_["window.detach"].trigger()
    assert standing.window.tabs.count() == 1
    (window,) = standing.window.tabs.windows
    assert window.isVisible() and standing.sampler.watched == {key}
    button = window.findChild(QToolButton, "put-back")
    assert button is not None
    button.click()
    assert standing.window.tabs.count() == 2 and not standing.window.tabs.windows
    standing.window.actions_["window.detach"].trigger()
    standing.window.tabs.windows[0].close()
    assert standing.window.tabs.count() == 1 and not standing.window.tabs.windows
    standing.window.open_machine(key)
    standing.window.actions_["window.close-tab"].trigger()
    assert standing.window.tabs.count() == 1
    standing.window.actions_["window.close-tab"].trigger()
    assert standing.window.tabs.count() == 1  # home stays


def test_columns_are_chosen_and_remembered(standing: Standing, qtbot: QtBot) -> None:
    assert standing.table.columns() == STANDARD
    standing.table.show_column("uuid", True)
    standing.table.show_column("network", False)
    assert "uuid" in standing.settings.current.columns
    assert "network" not in standing.settings.current.columns
    standing.table.horizontalHeader().moveSection(0, 2)
    assert standing.settings.current.columns.index("name") == 2
    standing.table.sort_by("memory", True)
    standing.window.remember()
    second = Standing(standing.paths.settings)
    assert second.table.columns() == standing.table.columns()
    assert second.table.sorting() == ("memory", True)
    second.close()


def test_a_broken_window_file_is_set_aside(qtbot: QtBot, tmp_path: Path) -> None:
    for nonsense in ('{"geometry": 7, "machines": [], "splitter": ["x"], "tabs": [3, "machine:"]}', "{", "[]"):
        (tmp_path / "window.json").write_text(nonsense)
        made = Standing(tmp_path)
        made.window.show()
        made.window.remember()
        assert json.loads((tmp_path / "window.json").read_text())["version"] == 1
        made.close()
    assert list(tmp_path.glob("window.json.broken-*"))


def test_tabs_come_back_when_their_machine_does(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "vmdesk.ui.main_window.load", lambda name: lambda parts, key: Page(f"machine:{key.host}/{key.uuid}")
    )
    key = DomainKey("laptop", machine(0).uuid)
    (tmp_path / "window.json").write_text(json.dumps({"tabs": [f"machine:{key.host}/{key.uuid}", "machine:lab/gone"]}))
    store = store_of(0)
    made = Standing(tmp_path, store=store)
    made.window.show()
    assert made.window.tabs.count() == 1
    store.update([machine(0)])
    made.window.machines.settle()
    assert made.window.tabs.count() == 2 and made.window.tabs.currentIndex() == 0
    made.window.remember()
    assert len(json.loads((tmp_path / "window.json").read_text())["tabs"]) == 2  # the other one is waited for
    made.close()


def test_the_sidebar_filters(standing: Standing, qtbot: QtBot) -> None:
    bar, model = standing.window.sidebar, standing.window.sidebar_model
    bar.setCurrentIndex(model.index_of(Scope("host", "lab")))
    assert standing.model.rowCount() == 12
    assert standing.window.tabs.tabText(0) == "lab-2 (12)"
    bar.setCurrentIndex(model.index_of(Scope("tag", "db")))
    assert all("db" in standing.store.domains[key].labels.tags for key in standing.model.keys)
    standing.window.actions_["window.all"].trigger()
    assert standing.model.rowCount() == 24
    bar.setCurrentIndex(model.index_of(Scope("host", "lab")))
    standing.store.drop_host("lab")
    model.settle()
    standing.window.machines.settle()
    assert standing.model.scope == Scope()


def test_the_host_menu_fits_the_host(standing: Standing) -> None:
    def words(host_id: str) -> list[str]:
        return [action.text() for action in standing.window.host_menu(host_id).actions() if action.text()]

    assert "Disconnect" in words("lab") and "Connect" not in words("lab")
    standing.store.put_host(replace(standing.store.hosts["lab"], link=Link.OFF))
    assert "Connect" in words("lab") and "Disconnect" not in words("lab")
    assert words("") == ["Show the screens of all that run", "Connect to a host", "Open the practice host"]
    for action in standing.window.host_menu("lab").actions():
        if action.text() in ("Connect", "Edit…", "Remove from the list…"):
            action.trigger()
    assert [name for name, _ in standing.hosts.done] == ["connect", "edit", "remove"]


def test_a_failed_host_is_told_once_and_withdrawn(standing: Standing) -> None:
    notices = standing.window.notices
    host = standing.store.hosts["lab"]
    problem = Problem(text("lab-2 does not answer."), what_next=text("Is it switched on?"))
    standing.store.put_host(replace(host, link=Link.FAILED, problem=problem))
    assert notices.isVisible() and notices.current is not None
    assert "Is it switched on?" in standing.window.findChild(QWidget, "notice-text").text()  # type: ignore[union-attr]
    button = notices.findChild(QAbstractButton, "notice-action-0")
    assert button is not None
    button.click()
    assert standing.hosts.done == [("connect", "lab")]
    standing.store.put_host(replace(host, link=Link.CONNECTING))
    standing.store.put_host(replace(host, link=Link.LOST))
    assert notices.isVisible()
    standing.store.put_host(replace(host, link=Link.UP))
    assert not notices.isVisible()


def test_the_palette_knows_everything(standing: Standing, qtbot: QtBot) -> None:
    window = standing.window
    window.actions_["window.palette"].trigger()
    line = window.palette_.findChild(QLineEdit, "palette-line")
    assert line is not None and window.palette_.isVisible()
    titles = {choice.title for choice in window.palette_._model._all}
    assert {str(command.text) for command in (*COMMANDS, *WINDOW_COMMANDS)} <= titles
    assert {domain.name for domain in standing.store.domains.values()} <= titles
    assert {f"Storage of {host.config.name}" for host in standing.store.hosts.values()} <= titles
    qtbot.keyClicks(line, "look: dark")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert not window.palette_.isVisible()
    assert standing.settings.current.theme == "dark"
    window.open_palette()
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    assert not window.palette_.isVisible()


def test_shortcuts_come_from_the_settings(standing: Standing) -> None:
    assert standing.window.actions_["domain.start"].shortcut().toString() == "Ctrl+R"
    standing.settings.set(shortcuts={"domain.start": "Ctrl+Alt+S", "domain.reboot": ""})
    assert standing.window.actions_["domain.start"].shortcut().toString() == "Ctrl+Alt+S"
    assert standing.window.actions_["domain.reboot"].shortcut().isEmpty()


def test_no_two_commands_share_a_shortcut_and_all_have_an_icon() -> None:
    keys = [one.shortcut for one in (*COMMANDS, *WINDOW_COMMANDS) if one.shortcut]  # type: ignore[attr-defined]
    assert len(keys) == len(set(keys))
    assert {one.icon for one in (*COMMANDS, *WINDOW_COMMANDS)} <= GLYPHS.keys()  # type: ignore[attr-defined]


def test_closing_asks_first(standing: Standing, qtbot: QtBot) -> None:
    with qtbot.waitSignal(standing.window.close_wanted):
        standing.window.close()
    assert standing.window.isVisible()


def test_copy_says_so(standing: Standing) -> None:
    standing.window.copy("192.168.122.7")
    assert QGuiApplication.clipboard().text() == "192.168.122.7"
    assert standing.window.notices.current is not None
    assert standing.window.notices.current.level is Level.INFO


def test_a_failed_job_is_a_notice(standing: Standing, run_async: Any) -> None:
    async def work() -> None:
        from vmdesk.model.errors import VirtError

        raise VirtError(Problem(text("web-0 could not start."), details="no KVM"))

    async def main() -> None:
        await asyncio.gather(*(standing.jobs.start(text("Starting {name}", name=f"web-{n}"), work()) for n in range(3)))

    run_async(main())
    current = standing.window.notices.current
    assert current == Notice(Problem(text("web-0 could not start."), details="no KVM"))


def test_a_row_says_what_is_done_to_it(standing: Standing, run_async: Any) -> None:
    key = standing.model.keys[0]

    async def main() -> None:
        task = standing.jobs.start(text("Starting {name}", name="web-0"), asyncio.sleep(0.2), (key,))
        await asyncio.sleep(0.15)
        assert standing.model.index(0, 1).data() == "Starting …"
        await task

    run_async(main())
    standing.window.machines.settle()
    assert standing.model.index(0, 1).data() != "Starting …"


def test_a_job_that_ended_in_the_tray_is_not_shown_as_running(standing: Standing, run_async: Any) -> None:
    bar = standing.window.jobs_bar
    cancel = bar.findChild(QToolButton, "job-cancel")

    async def main() -> None:
        ended = asyncio.Event()
        task = standing.jobs.start(text("Copying"), ended.wait())
        while bar.isHidden():
            await asyncio.sleep(0.02)
        assert not cancel.isHidden()
        standing.window.hide()
        ended.set()
        await task
        await asyncio.sleep(0.15)
        standing.window.show()
        assert cancel.isHidden()

    run_async(main())


def test_everything_has_a_name_for_a_screen_reader(standing: Standing) -> None:
    standing.table.select([standing.model.keys[0]])
    standing.window.machines.settle()
    nameless = []
    for widget in standing.window.findChildren(QWidget):
        if not widget.isVisible() or widget.focusPolicy() == Qt.FocusPolicy.NoFocus:
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface is not None and not interface.text(QAccessible.Text.Name):
            nameless.append((type(widget).__name__, widget.objectName()))
    assert nameless == []


def test_context_menu_and_header_menu(standing: Standing) -> None:
    standing.table.select([standing.model.keys[0]])
    standing.window._on_machine_menu(QPoint(10, 10))
    menu = standing.window.findChild(QMenu, "machine-menu")
    assert menu is not None and menu.isVisible()
    first = [action for action in menu.actions() if not action.isSeparator()]
    inner = [action for one in first if isinstance(within := one.menu(), QMenu) for action in within.actions()]
    assert {command.id for command in COMMANDS} <= {action.objectName() for action in (*first, *inner)}
    assert len(first) < 20, "it is to be seen whole on a small screen"
    menu.close()
    columns = standing.table.columns_menu()
    assert len([action for action in columns.actions() if action.isCheckable()]) >= 15


def test_the_palette_says_when_nothing_fits(standing: Standing, qtbot: QtBot) -> None:
    window = standing.window
    window.open_palette()
    line, nothing = (
        window.palette_.findChild(QLineEdit, "palette-line"),
        window.palette_.findChild(QWidget, "palette-nothing"),
    )
    assert line is not None and nothing is not None and not nothing.isVisible()
    qtbot.keyClicks(line, "qqqq")
    assert nothing.isVisible() and line.accessibleDescription()
    line.clear()
    assert not nothing.isVisible() and not line.accessibleDescription()


def test_the_list_of_jobs_is_opened_and_closed_by_one_key(standing: Standing) -> None:
    jobs = standing.window.actions_["window.jobs"]
    jobs.trigger()
    listed = standing.window.jobs_bar.findChild(QWidget, "jobs-list")
    assert listed is not None and listed.isVisible()
    jobs.trigger()
    assert not listed.isVisible()


def test_buttons_in_the_filter_line_have_names(standing: Standing) -> None:
    line = standing.window.filter
    line.setText("web")
    names = {button.accessibleName() for button in line.findChildren(QToolButton)}
    assert names == {"Filter machines", "Clear the filter"}


def test_all_machines_are_shown_with_the_keyboard_in_them(standing: Standing) -> None:
    window = standing.window
    window.sidebar.setFocus()
    window.actions_["window.all"].trigger()
    assert window.focusWidget() is window.machines.table


def test_names_take_the_room_that_is_left_until_they_are_sized(standing: Standing) -> None:
    window, table = standing.window, standing.table
    header = table.horizontalHeader()
    window.resize(1200, 700)
    narrow, chosen = header.sectionSize(0), table.widths()
    window.resize(2500, 900)
    assert header.sectionSize(0) >= narrow + 100
    assert table.widths() == chosen, "what is remembered is what was chosen"
    header.resizeSection(0, 90)
    window.resize(2400, 900)
    assert header.sectionSize(0) == 90 == table.widths()["name"]


def test_in_a_narrow_window_lines_are_shorter_and_reasons_are_read(standing: Standing) -> None:
    window, table = standing.window, standing.table
    header = table.horizontalHeader()
    places = {column.id: place for place, column in enumerate(COLUMNS)}
    window.resize(2500, 900)
    wide = {one: header.sectionSize(places[one]) for one in ("cpu", "memory", "disk")}
    window.resize(1000, 700)
    narrow = {one: header.sectionSize(places[one]) for one in wide}
    assert all(wide[one] - 24 <= narrow[one] < wide[one] for one in wide)
    assert header.sectionSize(places["state"]) >= table.fontMetrics().horizontalAdvance("Off could not start") + 40
    window.resize(2500, 900)
    assert wide == {one: header.sectionSize(places[one]) for one in wide}


def test_commands_are_for_the_machine_of_the_page_whatever_its_host_is_called(tmp_path: Path, qtbot: QtBot) -> None:
    """A host of --connect is called as its URI, with slashes."""
    store = store_of(1, (replace(LAPTOP, id="test:///default"),))
    made = Standing(tmp_path, store=store)
    qtbot.addWidget(made.window)
    [domain] = store.domains.values()
    made.window.tabs.setCurrentWidget(made.window.machines)
    page = QWidget()
    page.key, page.title, page.icon = f"machine:{domain.key.host}/{domain.key.uuid}", "one", "machine"  # type: ignore[attr-defined]
    page.watched = set  # type: ignore[attr-defined]
    made.window.tabs.add_page(page)
    made.window.tabs.setCurrentWidget(page)
    assert made.window.acted_on() == [domain]
    made.close()


def _sizes(table: DomainsTable) -> dict[str, int]:
    header = table.horizontalHeader()
    places = {column.id: place for place, column in enumerate(COLUMNS)}
    return {one: header.sectionSize(places[one]) for one in table.columns()}


def test_names_get_what_their_titles_need(standing: Standing) -> None:
    window, table, store = standing.window, standing.table, standing.store
    domain = next(iter(store.domains.values()))
    wide, title = table.fontMetrics().horizontalAdvance, "Build farm, worker 3 (nightly)"
    need = wide(domain.name) + wide(title) + 24
    window.resize(1460, 700)
    before = _sizes(table)
    store.update([replace(domain, labels=Labels(title=title)), machine(900, name="new-one")])
    standing.model.settle()
    assert before["name"] < need <= _sizes(table)["name"], "what comes makes room for itself"
    assert _sizes(table)["cpu"] < before["cpu"], "lines are shorter for it"
    window.resize(1000, 700)
    assert 160 <= _sizes(table)["name"] < need, "names are whole, titles are cut"
    assert table.widths() == {}, "nobody chose a width"
    store.update([machine(901, name="x" * 200)])
    standing.model.settle()
    window.resize(3000, 700)
    assert _sizes(table)["name"] == 360, "one long name does not push the others out of sight"


def test_a_short_name_of_a_host_leaves_its_room_to_the_machines(standing: Standing) -> None:
    window, table = standing.window, standing.table
    window.resize(1400, 700)
    sizes = _sizes(table)
    assert table.columns()[-1] == "host" and sizes["host"] >= table.fontMetrics().horizontalAdvance("laptop") + 16
    table.show_column("uuid", True)
    assert _sizes(table)["host"] == 104, "in the middle it has its usual width"
    table.show_column("state", False)
    table.show_column("state", True)
    assert table.widths() == {}, "hidden and shown again is not sized"


def test_where_no_machine_is_the_menu_is_the_tables(standing: Standing, qtbot: QtBot) -> None:
    window, table = standing.window, standing.table
    window.resize(1200, 1200)
    view = table.viewport()
    below = QPoint(60, table.rowViewportPosition(standing.model.rowCount() - 1) + 60)
    assert not table.indexAt(below).isValid() and view.rect().contains(below)

    def ask(point: QPoint, reason: QContextMenuEvent.Reason = QContextMenuEvent.Reason.Mouse) -> str:
        QApplication.sendEvent(view, QContextMenuEvent(reason, point, view.mapToGlobal(point)))
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        name, words = menu.objectName(), [one.text() for one in menu.actions() if one.isEnabled() and one.text()]
        if name == "ground-menu":
            assert words[0] == "New machine" and "Select all" in words and "Columns" in words
            next(one for one in menu.actions() if one.text() == "Select all").trigger()
        menu.close()
        return name

    table.select(standing.model.keys[2:4])
    assert ask(below) == "ground-menu"
    assert len(table.selected_keys()) == len(standing.model.keys), "Select all"
    assert ask(below, QContextMenuEvent.Reason.Keyboard) == "machine-menu", "the key asks for what is selected"
    table.clearSelection()
    assert ask(QPoint(30, 10), QContextMenuEvent.Reason.Keyboard) == "ground-menu"
    table.select(standing.model.keys[2:4])
    assert ask(QPoint(30, 10)) == "machine-menu"
