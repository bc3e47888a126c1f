"""The tour: the real window walks through its pages and leaves a picture of each.

On the way it pauses, resumes and starts a machine, so that there is something to see. It does that on the practice host
and with machines that carry the tag "demo" only: what else runs on a host is somebody's.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QRadioButton, QTabWidget, QWidget

from vmdesk.core import practice
from vmdesk.core.slow import PINS
from vmdesk.core.store import Store
from vmdesk.core.tiles import MOST
from vmdesk.model.domain import Domain, State
from vmdesk.model.host import Link
from vmdesk.ui.main_window import MainWindow
from vmdesk.ui.models.domains import Scope
from vmdesk.ui.theme import Theme

WAIT = 30.0  # seconds for the hosts to answer
GATHER = 40.0  # seconds of figures before the first picture, so that the lines are lines
SIZE = (1440, 880)
LOOKS = ("light", "dark")
ACTING = 20.0  # seconds for an action to be seen
MAY_ACT = "demo"  # the tag
# File names are the same in every language.
MACHINE_TABS = ("overview", "console", "hardware", "limits", "snapshots", "files", "xml", "history", "activity")


class Tour:
    """Pictures go to `folder` as NUMBER-NAME-LOOK.png. `run` returns how many there are."""

    def __init__(self, window: MainWindow, store: Store, theme: Theme, folder: Path) -> None:
        self._window = window
        self._store = store
        self._theme = theme
        self._folder = folder
        self._number = 0
        self._taken = 0

    async def run(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        window = self._window
        window.resize(*SIZE)
        await self._until(lambda: any(host.link in (Link.UP, Link.FAILED) for host in self._store.hosts.values()))
        star = self._star()
        if star is not None:
            window.reveal(star.key)
        await asyncio.sleep(GATHER)
        window.notices.dismiss()
        await self._take("machines")
        window.machines.table.selectAll()
        await self._take("many-selected")
        if star is not None:
            window.reveal(star.key)
        window.filter.setText("state:running cpu>=0")
        await self._take("filter")
        window.filter.setText("state:running colour:red")
        window.filter.complain_now()
        await self._take("filter-mistake")
        window.filter.setText("nothing-is-called-so")
        await self._take("nothing-found")
        window.filter.clear()
        if star is not None:
            window.reveal(star.key)
        group = next((one.labels.group for one in self._store.domains.values() if one.labels.group), "")
        if group:
            window.sidebar.choose(Scope("group", group))
            window.machines.set_scope(Scope("group", group))
            await self._take("group")
            window.sidebar.choose(Scope())
            window.machines.set_scope(Scope())
        if star is not None:
            window.reveal(star.key)
        await self._act(star)
        await self._fail(star)
        await self._take("notice")
        window.notices.dismiss()
        window.open_palette()
        window.palette_.type("st")
        await self._take("command-palette")
        window.palette_.leave()
        if star is not None:
            await self._machine(star)
        await self._wall()
        host = next(iter(self._store.hosts.values()), None)
        if host is not None:
            window.open_host(host.id)
            await asyncio.sleep(3.0)
            await self._take("host")
            page: Any = window.tabs.currentWidget()
            page.show_allocation()
            await self._take("host-allocation")
            page.show_checks()
            await self._take("host-checks")
            page.show_storage()
            await asyncio.sleep(2.0)
            await self._take("host-storage")
            networks = page.show_networks()
            await asyncio.sleep(2.0)
            await self._take("host-networks")
            networks.as_map.setChecked(True)
            await self._take("host-networks-picture")
        for name in ("activity", "preferences"):
            window.open_page(name)
            await asyncio.sleep(0.7)
            await self._take(name)
        await self._new_machine()
        return self._taken

    def _star(self) -> Domain | None:
        """The machine to show: one that runs and has a graph to show."""
        running = [one for one in self._store.domains.values() if one.state is State.RUNNING and one.responding]
        running.sort(key=lambda one: (not self._may_act(one), not one.labels.tags, not one.addresses, one.name))
        return next(iter(running), None) or next(iter(self._store.domains.values()), None)

    async def _machine(self, star: Domain) -> None:
        self._window.open_machine(star.key)
        await asyncio.sleep(2.5)
        page: Any = self._window.tabs.currentWidget()
        inner = page.findChild(QTabWidget)
        for place in range(inner.count() if inner else 1):
            if inner:
                inner.setCurrentIndex(place)
                await asyncio.sleep(0.7)
            name = MACHINE_TABS[place] if place < len(MACHINE_TABS) else str(place + 1)
            await self._take(f"machine-{name}")
            if name == "overview":
                page.overview.why_slow.click()
                await asyncio.sleep(3.0)
                await self._take("machine-why-slow")
                page.overview.why_slow.click()
            elif name == "limits":
                page.show_control(PINS)
                await asyncio.sleep(0.7)
                await self._take("machine-where-it-runs")

    async def _wall(self) -> None:
        """The screens of all machines that run, and of two that do not, if there are any."""
        domains = sorted(self._store.domains.values(), key=lambda one: (not one.active, one.name))
        shown = [one for one in domains if one.active][:MOST]
        shown += [one for one in domains if not one.active][: min(2, MOST - len(shown))]
        self._window.open_screens([one.key for one in shown])
        page: Any = self._window.tabs.currentWidget()
        tiles = page.grid.tiles if shown else ()
        live = [tile for tile, domain in zip(tiles, shown) if domain.active]
        await self._until(lambda: all(tile.has_picture or tile.tile.note for tile in live), ACTING)
        await self._take("wall")

    async def _new_machine(self) -> None:
        """The wizard's pages. Nothing is made; without a medium they are those of an empty machine."""
        if not any(host.link is Link.UP and not host.config.readonly for host in self._store.hosts.values()):
            return
        self._window.open_new()
        wizard: Any = self._window.tabs.currentWidget()
        await self._until(lambda: wizard.desk.draft.found is not None and not wizard.desk.looking)
        await self._take("new-where")
        empty = wizard.findChild(QRadioButton, "source-empty")
        empty.click()
        await self._until(lambda: wizard.next.isEnabled())
        wizard.go_on()
        await self._take("new-machine")
        wizard.details.click()
        await self._take("new-details")
        wizard.go_on()
        wizard.go_on()
        await self._take("new-summary")
        self._window.tabs.close_page(wizard)

    def _may_act(self, domain: Domain) -> bool:
        return domain.key.host == practice.ID or MAY_ACT in domain.labels.tags

    async def _act(self, star: Domain | None) -> None:
        """Something for the activity and for "What did this do"."""
        if star is None or not self._may_act(star) or star.state is not State.RUNNING:
            return
        for command, state in (("domain.pause", State.PAUSED), ("domain.resume", State.RUNNING)):
            self._window.run(command, [star.key])
            await self._until(lambda state=state: self._store.domains[star.key].state is state, ACTING)  # type: ignore[misc]
            await asyncio.sleep(1.0)

    async def _fail(self, star: Domain | None) -> None:
        """A real notice: a start that fails, or one that makes no sense."""
        off = [one for one in self._store.domains.values() if not one.active and MAY_ACT in one.labels.tags]
        one = min(off, key=lambda one: one.name, default=star)
        if one is not None:
            self._window.run("domain.start", [one.key])
            await self._until(lambda: self._window.notices.current is not None, ACTING)

    async def _until(self, ready: Callable[[], bool], seconds: float = WAIT) -> None:
        end = time.monotonic() + seconds
        while not ready() and time.monotonic() < end:  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.1)

    async def _take(self, name: str) -> None:
        """One picture in each look."""
        self._number += 1
        for look in LOOKS:
            self._theme.apply(look)
            self._window.machines.settle()
            await asyncio.sleep(0.25)
            self._picture(self._window, self._folder / f"{self._number:02}-{name}-{look}.png")

    def _picture(self, widget: QWidget, file: Path) -> None:
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        focus = QApplication.focusWidget()
        if focus is not None and focus.cursor().shape() == Qt.CursorShape.IBeamCursor:
            focus.clearFocus()  # a blinking cursor is in one picture and not in the next
        if widget.grab().save(str(file)):
            self._taken += 1
