"""From what holds a machine back to what changes it, over libvirt's test driver."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from tests.ui.desk import until
from tests.ui.pages.xml_bench import Bench, bench
from vmdesk.core.slow import CHECKS, CPUS, PINS
from vmdesk.ui.pages.machine import MachinePage


def over(run_async: Callable[[Any], Any], folder: Path, qtbot: QtBot, talk: Callable[[MachinePage], Any]) -> Bench:
    """A machine's page that is seen; what it was built from."""
    used: list[Bench] = []

    async def whole() -> None:
        async with bench(folder) as made:
            used.append(made)
            page = MachinePage(made.parts, made.runner.key)
            qtbot.addWidget(page)
            page.resize(1100, 700)
            page.show()
            try:
                await talk(page)
            finally:
                page.hide()
                for part in (page.limits.inner, page.hardware.inner):
                    if part is not None:
                        part._tasks.end()

    run_async(whole())
    return used[0]


def test_a_limit_is_brought_into_view(run_async: Callable[[Any], Any], tmp_path: Path, qtbot: QtBot) -> None:
    async def talk(page: MachinePage) -> None:
        page.overview.control_wanted.emit("cpu.total-quota")
        limits = page.limits.inner
        assert page.tabs.currentWidget() is page.limits
        await until(lambda: limits.views, "it was read")
        rows = limits.views["cpu"].rows
        await until(lambda: page.focusWidget() is rows["cpu.total-quota"].slider, "it is gone to")
        hidden = rows["cpu.emulator-quota"]
        assert not hidden.isVisible()
        page.show_control("cpu.emulator-quota")
        await until(lambda: page.focusWidget() is hidden.slider, "it is unfolded")
        page.show_control(PINS)
        await until(lambda: limits.verticalScrollBar().value() > 0, "it is scrolled to")
        limits.pinning._tasks.end()

    over(run_async, tmp_path, qtbot, talk)


def test_its_processors_and_what_its_host_lacks(run_async: Callable[[Any], Any], tmp_path: Path, qtbot: QtBot) -> None:
    async def talk(page: MachinePage) -> None:
        page.show_control(CPUS)
        hardware = page.hardware.inner
        assert page.tabs.currentWidget() is page.hardware
        await until(lambda: hardware.sheet is not None, "it was read")
        assert hardware.sheet.key == "cpu"
        page.show_control("hardware:memory")
        assert hardware.sheet.key == "memory"
        page.show_control(CHECKS)

    made = over(run_async, tmp_path, qtbot, talk)
    shell: Any = made.parts.shell
    assert [one[0] for one in shell.opened] == ["checks"]
