"""One machine in full."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from vmdesk.core.store import Changes
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import tr
from vmdesk.ui.console.place import ConsolePlace
from vmdesk.ui.heard import Heard
from vmdesk.ui.later import load
from vmdesk.ui.pages.machine_overview import MachineOverview
from vmdesk.ui.parts import Parts
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.activity_view import ActivityView
from vmdesk.ui.widgets.form import Section
from vmdesk.ui.widgets.inner_tabs import InnerTabs
from vmdesk.ui.widgets.late import Late
from vmdesk.ui.widgets.trace import TracePane

LOOKED = 300  # milliseconds after which the page is drawn, and its console may be wanted next


class MachinePage(QWidget):
    """Tabs; the parts that are not seen do no work."""

    title_changed = Signal(str)
    icon = "machine"

    def __init__(self, parts: Parts, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._machine = parts, key
        domain = parts.store.domains.get(key)
        self.title = domain.name if domain else key.uuid
        self.key = f"machine:{key.host}/{key.uuid}"
        self.setObjectName("machine-page")
        self.setAccessibleName(self.title)
        self._heard = Heard()
        self.overview = MachineOverview(parts, key)
        self.overview.control_wanted.connect(self.show_control)
        self.tabs = InnerTabs("machine-tabs")
        self.tabs.addTab(self.overview, tr("Overview"))
        self.console = ConsolePlace(lambda: load("machine-console")(parts, key), lambda: self.title)
        self.tabs.addTab(self.console, tr("Console"))
        self.hardware = Late("machine-hardware-place", self._make_hardware)
        self.tabs.addTab(self.hardware, tr("Hardware"))
        self.limits = Late("machine-limits-place", lambda: load("machine-limits")(parts, key))
        self.tabs.addTab(self.limits, tr("Limits"))
        self.snapshots = Late("machine-snapshots-place", lambda: load("machine-snapshots")(parts, key))
        self.tabs.addTab(self.snapshots, tr("Snapshots"))
        self.chain = Late("machine-chain-place", lambda: load("machine-chain")(parts, key))
        self.tabs.addTab(self.chain, tr("Disk files"))
        self.xml = Late("machine-xml-place", lambda: load("machine-xml")(parts, key))
        self.tabs.addTab(self.xml, tr("XML"))
        self.history = Late("machine-history-place", lambda: load("machine-history")(parts, key))
        self.tabs.addTab(self.history, tr("History"))
        self.tabs.addTab(self._make_activity(), tr("Activity"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.pending = load("machine-pending")(parts, key)
        layout.addWidget(self.pending)
        layout.addWidget(self.tabs)
        self.tabs.currentChanged.connect(lambda _place: self.pending.watch(self._shows_definition))
        self._looked = QTimer(self)
        self._looked.setSingleShot(True)
        self._looked.timeout.connect(self._load_console)

    @property
    def _shows_definition(self) -> bool:
        """Whether what waits for a restart is of interest to what is seen."""
        return self.tabs.currentWidget() in (self.overview, self.hardware, self.limits)

    def watched(self) -> set[DomainKey]:
        """Sampled every second while its graphs are on the screen."""
        return {self._machine}

    def show_control(self, control: str) -> None:
        """What would make it faster: a limit, a page of its hardware, or what its host lacks (see core/slow.py)."""
        area, _, name = control.partition(":")
        if area == "host":
            self._parts.shell.open_checks(self._machine.host)
            return
        tab = self.hardware if area == "hardware" else self.limits
        self.tabs.setCurrentWidget(tab)
        tab.open().reveal(name or control)

    def show_console(self) -> None:
        """The tab with its screen."""
        self.tabs.setCurrentWidget(self.console)

    def _make_hardware(self) -> QWidget:
        made: Any = load("machine-hardware")(self._parts, self._machine)
        made.xml_wanted.connect(lambda: self.tabs.setCurrentWidget(self.xml))
        return made  # type: ignore[no-any-return]

    @property
    def _written(self) -> list[Late]:
        """The tabs in which something was written and not applied."""
        return [tab for tab in (self.hardware, self.limits, self.xml) if tab.inner is not None and tab.inner.unsaved]

    @property
    def unsaved(self) -> bool:
        """Whether closing the page would lose something that was written."""
        return bool(self._written)

    def keeps_open(self, close: Callable[[], None]) -> bool:
        """True: the person is asked first, and `close` is called if that is the answer."""
        if not self.unsaved:
            return False

        async def ask() -> None:
            for tab in self._written:
                self.tabs.setCurrentWidget(tab)
                if not await tab.inner.may_lose():
                    return
            close()

        self.tabs.setCurrentWidget(self._written[0])
        self._parts.jobs.spawn("close page", ask())
        return True

    def _make_activity(self) -> QWidget:
        self.trace = TracePane(self._parts.trace, self._parts.shell, self._machine)
        self.activity = ActivityView(self._parts, self._machine)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setObjectName("machine-activity")
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        for title, widget in ((tr("What happened"), self.activity), (tr("What did this do"), self.trace)):
            part = QWidget()
            layout = QVBoxLayout(part)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(GRID)
            layout.addWidget(Section(title))
            layout.addWidget(widget, 1)
            split.addWidget(part)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.addWidget(split)
        return page

    def _on_changes(self, changes: Changes) -> None:
        if self._machine in changes.changed or self._machine in changes.added or self._machine.host in changes.hosts:
            self.overview.show_machine()
            self._rename()
        if self._machine in changes.removed:
            self.overview.show_gone()

    def _rename(self) -> None:
        domain = self._parts.store.domains.get(self._machine)
        if domain is not None and domain.name != self.title:
            self.title = domain.name
            self.setAccessibleName(self.title)
            self.title_changed.emit(self.title)
            self.console.show_title()

    def _on_readings(self, keys: frozenset[DomainKey]) -> None:
        if self._machine in keys:
            self.overview.refresh()

    def _load_console(self) -> None:
        """What the console needs, though nobody has opened it yet: loading takes a third of the time to its picture."""
        domain = self._parts.store.domains.get(self._machine)
        kinds = {one.kind for one in domain.definition.graphics} if domain else set()
        if kinds and self.console.console is None:
            load("machine-console")
            load("screens-ahead")(kinds)

    def showEvent(self, event: QShowEvent) -> None:
        self._heard.begin(
            lambda: (
                self._parts.store.subscribe(self._on_changes),
                self._parts.history.subscribe(self._on_readings),
                self._parts.jobs.subscribe(self.overview.show_job),
            )
        )
        self._rename()
        self.pending.follow(True)
        self._looked.start(LOOKED)
        if self._machine not in self._parts.store.domains:
            self.overview.show_gone()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._heard.end()
        self.pending.follow(False)
        self._looked.stop()
        super().hideEvent(event)
