"""Where a machine runs: read, chosen, applied; what was not applied stays."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from tests.ui.desk import full_machine, parts_of, until
from tests.ui.machines import machine
from tests.ui.widgets.test_host_topology import FACTS
from vmdesk.core.limiting import Known
from vmdesk.model.cpu_set import ALL, EMULATOR
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.hardware import Cpu, CpuLimits, Hardware, Limits
from vmdesk.model.text import Text, text
from vmdesk.ui.pages import machine_pinning
from vmdesk.ui.pages.machine_pinning import MachinePinning
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.virt.hardware import Applied

Run = Callable[[Any], Any]


@dataclass
class Host:
    """A machine whose limits are kept here; what is set is remembered."""

    found: Hardware = field(default_factory=lambda: Hardware(cpu=Cpu(2, 2)))
    wishes: list[dict[str, object]] = field(default_factory=list)
    later: Text | None = None
    running: Hardware | None = None  # where that is another one

    async def facts(self, _connection: object) -> object:
        return FACTS

    async def read(self, _links: object, domain: Domain) -> Known:
        return Known((self.running or self.found) if domain.active else None, self.found)

    async def apply(
        self, _ctx: object, _domain: Domain, _known: Known, wishes: Mapping[str, object]
    ) -> dict[str, Applied]:
        self.wishes.append(dict(wishes))
        pins = tuple(
            (int(key.rpartition(".")[2]), str(cpus)) for key, cpus in wishes.items() if key.startswith("cpu.pin.")
        )
        limits = replace(self.found.limits, cpu=CpuLimits(pins=pins), numa_nodes=str(wishes.get("memory.nodes") or ""))
        self.found = replace(self.found, limits=limits)
        return {key: Applied(text("set"), self.later is None, True, self.later) for key in wishes}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host()
    monkeypatch.setattr(machine_pinning, "virt_facts", SimpleNamespace(facts=host.facts))
    limiting = machine_pinning.limiting
    monkeypatch.setattr(limiting, "read", host.read)
    monkeypatch.setattr(limiting, "apply", host.apply)
    return host


@pytest.fixture
def page(host: Host, tmp_path: Path, qtbot: QtBot) -> MachinePinning:
    parts = parts_of(tmp_path)
    domain = full_machine()
    parts.store.update([domain])
    parts.context = SimpleNamespace(sessions=SimpleNamespace(of=lambda _key: SimpleNamespace(require=lambda: None)))
    page = MachinePinning(parts, domain.key)
    qtbot.addWidget(page)
    page.resize(900, 500)
    return page


def shown(run_async: Run, page: MachinePinning, talk: Callable[[], Any]) -> None:
    async def main() -> None:
        page.show()
        await asyncio.sleep(0.02)
        await talk()
        page.hide()
        await page._parts.jobs.close()

    run_async(main())


def click(page: MachinePinning, name: str) -> None:
    button = page.findChild(QPushButton, name) or page.findChild(QToolButton, name)
    assert button.isEnabled(), button.toolTip()
    button.click()


def words(page: MachinePinning, name: str) -> str:
    return page.findChild(QLabel, name).text()


def choose(page: MachinePinning, part: int) -> None:
    combo = page.findChild(QComboBox, "pin-part")
    combo.setCurrentIndex(combo.findData(part))


def test_all_vcpus_to_a_node_then_one_elsewhere(run_async: Run, page: MachinePinning, host: Host) -> None:
    async def talk() -> None:
        assert words(page, "pin-summary") == "all vCPUs: any CPU · emulator: any CPU"
        assert not page.unsaved and not page.findChild(QPushButton, "pin-apply").isEnabled()
        click(page, "pin-node-1")
        choose(page, 0)
        assert page.picture.cpus == {4, 5, 6, 7}
        page.picture.set_cpus(frozenset({0, 1}))
        assert words(page, "pin-summary") == "vCPU 0: 0-1 · vCPU 1: 4-7 · emulator: any CPU"
        assert page.unsaved and words(page, "pin-note") == "Not applied yet."
        click(page, "pin-apply")
        await asyncio.sleep(0.02)
        assert host.wishes == [{"cpu.pin.0": "0-1", "cpu.pin.1": "4-7"}]
        assert not page.unsaved and words(page, "pin-note") == "It holds now."

    shown(run_async, page, talk)


def test_nodes_of_memory_and_their_mode(run_async: Run, page: MachinePinning, host: Host) -> None:
    async def talk() -> None:
        mode = page.findChild(QComboBox, "numa-mode")
        assert not mode.isEnabled() and mode.toolTip() == "Choose the nodes first."
        page.findChild(CheckBox, "numa-node-1").click()
        mode.setCurrentIndex(mode.findData("interleave"))
        host.later = text("The mode is chosen at the start.")
        click(page, "pin-apply")
        await asyncio.sleep(0.02)
        assert host.wishes == [{"memory.nodes": "1", "memory.mode": "interleave"}]
        assert words(page, "pin-note") == "Stored. Not all of it holds now: The mode is chosen at the start."

    shown(run_async, page, talk)


def test_what_somebody_else_pins_does_not_take_the_draft(run_async: Run, page: MachinePinning, host: Host) -> None:
    async def talk() -> None:
        choose(page, EMULATOR)
        page.picture.set_cpus(frozenset({3}))
        host.found = replace(host.found, limits=Limits(CpuLimits(pins=((0, "2"), (1, "2")))))
        page._parts.store.update([replace(full_machine(), name="renamed")])
        await asyncio.sleep(0.02)
        assert page.unsaved and page.picture.cpus == {3}
        click(page, "pin-discard")
        choose(page, ALL)
        assert page.picture.cpus == {2} and not page.unsaved

    shown(run_async, page, talk)


def test_what_runs_otherwise_than_it_is_stored(run_async: Run, page: MachinePinning, host: Host) -> None:
    host.running = host.found
    host.found = replace(host.found, limits=Limits(CpuLimits(pins=((0, "2"), (1, "2")))))

    async def talk() -> None:
        assert words(page, "pin-summary").split("\n") == [
            "all vCPUs: 2 · emulator: any CPU",
            "Now, until it is restarted: all vCPUs: any CPU · emulator: any CPU",
        ]
        assert page.picture.cpus == {2} and not page.unsaved
        page.picture.set_cpus(frozenset())
        click(page, "pin-apply")
        await asyncio.sleep(0.02)
        assert host.wishes == [{"cpu.pin.0": None, "cpu.pin.1": None}]
        host.running = replace(host.found, limits=Limits(CpuLimits(pins=((0, "5"),))))
        await page._load()
        choose(page, EMULATOR)
        page.picture.set_cpus(frozenset({7}))
        click(page, "pin-apply")
        await asyncio.sleep(0.02)
        # What only the running machine has is set right, too.
        assert host.wishes[-1] == {"cpu.pin.0": None, "cpu.emulator-pin": "7"}

    shown(run_async, page, talk)


def test_others_on_the_host_are_seen(run_async: Run, page: MachinePinning) -> None:
    async def talk() -> None:
        other = machine(77, "laptop", "build-farm", state=State.SHUTOFF)
        other = replace(other, definition=replace(other.definition, vcpus=1, pins=((0, "6"),)))
        elsewhere = replace(other, key=DomainKey("lab", other.uuid), name="distant")
        page._parts.store.update([other, elsewhere])
        told = page.picture.words_at(*page.picture.area_of(6).center().toTuple())
        assert told.endswith("pinned here:\nbuild-farm (off)") and "distant" not in told

    shown(run_async, page, talk)


def test_read_only_says_so_on_each_control(run_async: Run, page: MachinePinning) -> None:
    async def talk() -> None:
        store = page._parts.store
        config = replace(store.hosts["laptop"].config, readonly=True)
        store.put_host(replace(store.hosts["laptop"], config=config))
        await asyncio.sleep(0.02)
        assert "read-only" in words(page, "pin-note")
        for widget in (page.picture, page.findChild(QComboBox, "pin-part"), page.findChild(QPushButton, "pin-apply")):
            assert not widget.isEnabled() and "read-only" in widget.toolTip()

    shown(run_async, page, talk)


def test_closing_asks_about_what_was_not_applied(run_async: Run, page: MachinePinning) -> None:
    asked: list[str] = []

    async def confirm(question: Any) -> bool:
        asked.append(str(question.message))
        return False

    async def talk() -> None:
        page._parts.context.ask = SimpleNamespace(confirm=confirm)
        assert await page.may_lose() and asked == []
        page.picture.set_cpus(frozenset({1}))
        assert not await page.may_lose()
        assert asked == ["You have chosen where web-01 runs and not applied it."]

    shown(run_async, page, talk)


def test_keys_reach_the_picture(run_async: Run, page: MachinePinning, qtbot: QtBot) -> None:
    async def talk() -> None:
        page.picture.setFocus()
        qtbot.keyClick(page.picture, Qt.Key.Key_Space)
        assert words(page, "pin-summary").startswith("all vCPUs: 0 ")

    shown(run_async, page, talk)


def test_with_the_keyboard_alone(run_async: Run, page: MachinePinning, host: Host, qtbot: QtBot) -> None:
    """In the order in which it is seen; what is pressed and off then hands the keyboard on within the part."""

    def press(key: Qt.Key) -> str:
        focus = QApplication.focusWidget()
        assert focus is not None
        qtbot.keyClick(focus, key)
        after = QApplication.focusWidget()
        return after.objectName() if after is not None else ""

    async def talk() -> None:
        page.activateWindow()
        page.findChild(QComboBox, "pin-part").setFocus()
        await until(lambda: QApplication.focusWidget() is not None, "it has the keyboard")
        assert [press(Qt.Key.Key_Tab) for _ in range(3)] == ["pin-node-0", "pin-node-1", "host-topology"]
        press(Qt.Key.Key_Right)
        press(Qt.Key.Key_Space)
        stops = [press(Qt.Key.Key_Tab) for _ in range(4)]
        assert stops == ["numa-node-0", "numa-node-1", "pin-apply", "pin-discard"]
        assert press(Qt.Key.Key_Space) == "pin-part" and not page.unsaved
        press(Qt.Key.Key_Tab)
        press(Qt.Key.Key_Space)  # all of node 0
        assert page.unsaved
        while press(Qt.Key.Key_Tab) != "pin-apply":
            pass
        press(Qt.Key.Key_Space)
        await until(lambda: host.wishes and not page._working, "it is applied")
        await until(lambda: QApplication.focusWidget() is not page, "the keyboard is handed on")
        assert QApplication.focusWidget() is page.findChild(QComboBox, "pin-part")
        assert press(Qt.Key.Key_Tab) == "pin-any"
        assert press(Qt.Key.Key_Space) == "host-topology" and page.unsaved

    shown(run_async, page, talk)
