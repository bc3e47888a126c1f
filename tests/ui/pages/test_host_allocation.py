"""The bars of what is promised: pieces, what is over, the way to the machine."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from tests.ui.desk import GIB, parts_of
from tests.ui.machines import LAPTOP, store_of
from tests.unit.core.test_allocation import POOL, machine, user, volume
from vmdesk.core.storage.work import Seen
from vmdesk.model.domain import DomainKey, State
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.stats import DomainCounters, HostCounters
from vmdesk.model.text import text
from vmdesk.ui.pages.host_allocation import HostAllocation
from vmdesk.ui.parts import Parts
from vmdesk.ui.widgets.stack_bar import BAR, ROW, StackBar

Run = Callable[[Any], Any]
DB, WEB, OLD = (DomainKey("laptop", name) for name in ("db", "web", "old"))


class Storage:
    """One pool, or none that can be read."""

    def __init__(self) -> None:
        rows = (volume("db.qcow2", 80, 20, user("db")), volume("web.qcow2", 40, 30, user("web")))
        self.seen: Seen | None = Seen((POOL,), rows)

    async def look(self, _host: str) -> Seen:
        if self.seen is None:
            raise VirtError(Problem(text("No pools here.")))
        return self.seen


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    parts = parts_of(tmp_path, store_of(0, (LAPTOP,)))
    parts.store.update([machine("db", 4, 8), machine("web", 2, 4), machine("old", 8, 2, State.SHUTOFF)])
    parts.sessions = SimpleNamespace(get=lambda host: SimpleNamespace(connected=True))
    parts.storage = Storage()
    for second in (0.0, 1.0):
        busy = {"db": int(second * 1e9), "web": 0}
        readings = {
            name: DomainCounters(second, cpu_ns=ns, vcpus=4, given_kib=GIB, rss_kib=2 * GIB)
            for name, ns in busy.items()
        }
        parts.history.add("laptop", readings)
        parts.history.add_host("laptop", HostCounters(second, 4, 0, 0, 0, 0, 8 * GIB, 3 * GIB))
    return parts


@pytest.fixture
def page(parts: Parts, qtbot: QtBot) -> HostAllocation:
    page = HostAllocation(parts, "laptop")
    qtbot.addWidget(page)
    page.resize(600, 300)
    return page


def shown(run_async: Run, page: HostAllocation, talk: Callable[[], Any]) -> None:
    async def main() -> None:
        page.show()
        page.refresh()
        await asyncio.sleep(0.02)
        talk()
        page.hide()
        await page._parts.jobs.close()

    run_async(main())


def told(bar: StackBar) -> list[str]:
    return [piece.words.replace("\n", ": ") for piece in bar._pieces]


def test_what_is_promised_and_used(run_async: Run, page: HostAllocation) -> None:
    def talk() -> None:
        assert page.cpu._total == "6 promised of 4, 1 used · over-committed by 2 (1.5 ×)"
        assert told(page.cpu) == ["db: 4 promised, 1 used", "web: 2 promised, 0 used"]
        assert page.cpu._mark == pytest.approx(4 / 6) and not page.cpu._warn
        assert told(page.memory) == [
            "db: 8.0 GiB promised, 2.0 GiB used",
            "web: 4.0 GiB promised, 2.0 GiB used",
            "the host itself: 1.0 GiB",
        ]
        assert page.memory._total.endswith("over-committed by 5.0 GiB (1.5 ×)") and page.memory._warn
        bar = page.pools["images"]
        assert told(bar) == ["db: 80 B promised, 20 B used", "web: 40 B promised, 30 B used", "other files: 10 B"]
        assert bar._warn and not bar.grab().isNull()

    shown(run_async, page, talk)


def test_also_those_that_are_off(run_async: Run, page: HostAllocation) -> None:
    def talk() -> None:
        page.off.click()
        assert told(page.cpu)[0] == "old (off): 8 promised, 0 used"
        assert page.cpu._total.startswith("14 promised of 4")

    shown(run_async, page, talk)


def test_double_click_and_keys_go_to_the_machine(
    run_async: Run, page: HostAllocation, parts: Parts, qtbot: QtBot
) -> None:
    def talk() -> None:
        shell: Any = parts.shell
        y = ROW + BAR // 2
        assert page.cpu.words_at(10, y).startswith("db")
        qtbot.mouseDClick(page.cpu, Qt.MouseButton.LeftButton, pos=QPoint(page.cpu.width() - 20, y))
        assert shell.opened == [WEB]
        qtbot.mouseDClick(page.memory, Qt.MouseButton.LeftButton, pos=QPoint(page.memory.width() - 4, y))
        assert shell.opened == [WEB]  # the host itself is no machine
        page.memory.setFocus()
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Right, Qt.Key.Key_Return):
            qtbot.keyClick(page.memory, key)
        assert shell.opened == [WEB, DB, WEB, WEB]
        qtbot.keyClick(page.memory, Qt.Key.Key_Home)
        assert page.memory.current is not None and page.memory.current.target == DB
        assert page.memory.accessibleDescription().startswith("db, 8.0 GiB promised")

    shown(run_async, page, talk)


def test_many_small_ones_stand_together(run_async: Run, page: HostAllocation, parts: Parts) -> None:
    def talk() -> None:
        parts.store.update(machine(f"m{n:03}", 1, 1) for n in range(100))
        page.refresh()
        words = told(page.cpu)
        assert len(words) == 41 and words[-1].startswith("62 other machines: 62 promised")

    shown(run_async, page, talk)


def test_disk_space_that_cannot_be_read(run_async: Run, page: HostAllocation, parts: Parts) -> None:
    def note() -> str:
        label = page.findChild(QLabel, "allocation-note")
        return "" if label.isHidden() else str(label.text())

    parts.storage.seen = None
    shown(run_async, page, lambda: None)
    assert page.pools == {} and note() == ""
    parts.storage.seen = Seen((), ())
    shown(run_async, page, lambda: None)
    assert note() == "No storage pool is on: of disk space nothing is known."


def test_nothing_is_known_yet(parts: Parts, qtbot: QtBot) -> None:
    page = HostAllocation(parts, "elsewhere")
    qtbot.addWidget(page)
    page.refresh()
    assert page.cpu._total == "0 promised, 0 used" and page.cpu.current is None
    assert page.cpu.focusPolicy() == Qt.FocusPolicy.NoFocus
