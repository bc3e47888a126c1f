"""One host: how busy it is and who uses it, what it can do for machines, how it is built."""

import time
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from vmdesk.core.archive import Archived
from vmdesk.core.history import Series
from vmdesk.core.store import Changes
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.facts import HostFacts
from vmdesk.model.host import Host, Link
from vmdesk.model.kvm import KvmProof
from vmdesk.model.pinning import by_cpu
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.heard import Heard
from vmdesk.ui.later import load
from vmdesk.ui.models.users import Column
from vmdesk.ui.pages.host_allocation import HostAllocation
from vmdesk.ui.pages.host_check_list import CheckList
from vmdesk.ui.pages.host_checks import checks_of
from vmdesk.ui.pages.host_facts import groups_of
from vmdesk.ui.pages.host_usage import HostUsage
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID, title_font
from vmdesk.ui.widgets.facts import Facts
from vmdesk.ui.widgets.form import Muted, Section
from vmdesk.ui.widgets.glyph import Glyph
from vmdesk.ui.widgets.graph import KIB, PERCENT, RATE, Limit
from vmdesk.ui.widgets.graphs import Curve, Graphs, Plan
from vmdesk.ui.widgets.inner_tabs import InnerTabs
from vmdesk.ui.widgets.late import Late
from vmdesk.ui.widgets.topology import Topology
from vmdesk.virt import facts as virt_facts

WATCH_ALL = 32  # machines of a host that are all read every second while its page is seen
WATCH_MOST = 16  # so many of them where there are more
WATCH_AGAIN = 15.0  # seconds
FACTS_EVERY = 30_000  # ms after which free memory and KSM counters are read again
SIDE_BY_SIDE = 1000
FACTS_WIDTH = 40 * GRID

_LINKS: dict[Link, Text] = {
    Link.OFF: text("Not connected"),
    Link.CONNECTING: text("Connecting"),
    Link.UP: text("Connected"),
    Link.LOST: text("Connection lost; connecting again"),
    Link.FAILED: text("Could not connect"),
}


class _Readings:
    """A host's series for its graphs."""

    def __init__(self, parts: Parts, host_id: str) -> None:
        self._parts, self._host = parts, host_id

    def live(self, series: str, since: float) -> Series:
        found: Series = self._parts.history.host(self._host, series, since)
        return found

    async def archived(self, series: str, start: float, end: float) -> Archived:
        found: Archived = await self._parts.archive.read(DomainKey(self._host, ""), series, start, end)
        return found


class HostPage(QWidget):
    """Reads the host's facts when it is first shown and now and then while it is visible."""

    title_changed = Signal(str)
    looked_elsewhere = Signal()  # `watched` is another set now
    icon = "host"

    def __init__(self, parts: Parts, host_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._host = parts, host_id
        host = parts.store.hosts.get(host_id)
        self.title = host.config.name if host else host_id
        self.key = f"host:{host_id}"
        self.setObjectName("host-page")
        self.setAccessibleName(self.title)
        self._heard = Heard()
        self._facts: HostFacts | None = None
        self._proof: KvmProof | None = None
        self._reading = False
        self._total = 0.0
        self._watched: frozenset[DomainKey] = frozenset()
        self._watch_again = 0.0
        self._clock = QTimer(self)
        self._clock.setInterval(FACTS_EVERY)
        self._clock.timeout.connect(self._read_facts)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setAccessibleName(self.title)
        body = self._body = QWidget()
        self._scroll.setWidget(body)
        self.tabs = InnerTabs("host-tabs")
        self.tabs.addTab(self._scroll, tr("Overview"))
        self.storage = Late("host-storage-place", lambda: load("host-storage")(parts, host_id))
        self.tabs.addTab(self.storage, tr("Storage"))
        self.networks = Late("host-networks-place", lambda: load("host-networks")(parts, host_id))
        self.tabs.addTab(self.networks, tr("Networks"))
        self.tabs.currentChanged.connect(lambda _place: self._refresh_usage() if self._heard.on else None)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.tabs)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 3 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addLayout(self._make_head())
        self._split = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._split.setSpacing(3 * GRID)
        self._split.addLayout(self._make_main(), 1)
        self._side = QWidget()
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        self._fact_list = Facts(parts.shell.copy)
        side.addWidget(self._fact_list)
        side.addStretch(1)
        self._split.addWidget(self._side)
        layout.addLayout(self._split)
        layout.addStretch(1)
        self._show_host()

    def watched(self) -> set[DomainKey]:
        """The machines of "Who uses it": on a large host the greatest users only."""
        return set(self._watched)

    def _watch(self) -> None:
        keys = [share.key for share in self._usage.model.rows]
        now = time.monotonic()
        # Who is among the greatest may change with each reading, and each change is a reading: not on and on.
        if len(keys) > WATCH_ALL and (now < self._watch_again or self._usage.model.by is not Column.CPU):
            return
        self._watch_again = now + WATCH_AGAIN
        watched = frozenset(keys if len(keys) <= WATCH_ALL else keys[:WATCH_MOST])
        if watched != self._watched:
            self._watched = watched
            self.looked_elsewhere.emit()

    def show_checks(self) -> None:
        """Scroll to what it can do for machines."""
        self._scroll_to(self._known)

    def show_allocation(self) -> None:
        """Scroll to what is promised of it."""
        self._scroll_to(self._allocation)

    def _scroll_to(self, part: QWidget) -> None:
        self.tabs.setCurrentWidget(self._scroll)
        self._scroll.verticalScrollBar().setValue(part.mapTo(self._body, QPoint(0, -2 * GRID)).y())

    def show_storage(self) -> None:
        """The tab with its pools and volumes."""
        self.tabs.setCurrentWidget(self.storage)

    def show_networks(self) -> Any:
        """The tab with its networks."""
        self.tabs.setCurrentWidget(self.networks)
        return self.networks.open()

    # -- what it is made of

    def _make_head(self) -> QHBoxLayout:
        picture = Glyph("host", 32)
        self._name = PlainLabel()
        self._name.setFont(title_font(self._name.font()))
        self._name.setObjectName("host-name")
        self._name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._state = PlainLabel()
        self._state.setObjectName("host-state")
        self._state.setWordWrap(True)
        self._state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words = QVBoxLayout()
        words.setSpacing(GRID // 2)
        words.addWidget(self._name)
        words.addWidget(self._state)
        self._connect = QPushButton(tr("Connect"))
        self._connect.setObjectName("connect")
        self._connect.setAccessibleName(tr("Connect"))
        self._connect.clicked.connect(lambda: self._parts.sessions.connect(self._host))
        head = QHBoxLayout()
        head.setSpacing(2 * GRID)
        head.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        head.addWidget(self._connect, 0, Qt.AlignmentFlag.AlignTop)
        return head

    def _make_main(self) -> QVBoxLayout:
        self._graphs = Graphs(_Readings(self._parts, self._host), self._parts.jobs, self.title)
        self._graphs.failed.connect(self._on_failed)
        self._plan()
        self._usage = HostUsage(self._parts, self._host)
        self._allocation = HostAllocation(self._parts, self._host)
        self._checks = CheckList(self._parts.shell)
        self._map_title = Section(tr("Processors and memory"))
        self._map = Topology()
        self._map_hint = Muted(
            tr(
                "A square is a CPU, a frame its core, a box a node: memory of its own node is nearest to a CPU. "
                "Its corner is marked where a machine is pinned."
            )
        )
        self._known = QWidget()
        known = QVBoxLayout(self._known)
        known.setContentsMargins(0, 0, 0, 0)
        known.setSpacing(GRID)
        known.addWidget(Section(tr("What it can do for machines")))
        known.addWidget(self._checks)
        known.addSpacing(GRID)
        known.addWidget(self._map_title)
        known.addWidget(self._map)
        known.addWidget(self._map_hint)
        self._known.hide()
        main = QVBoxLayout()
        main.setSpacing(3 * GRID)
        main.addWidget(self._graphs)
        main.addWidget(self._usage)
        main.addWidget(self._allocation)
        main.addWidget(self._known)
        main.addStretch(1)
        return main

    def _plan(self) -> None:
        limits = (Limit(tr("all"), self._total),) if self._total else ()
        used = Curve(tr("Used"), "used", "memory")
        parts = (Curve(tr("Machines and programs"), "user"), Curve(tr("Linux itself"), "system"))
        plans = [
            Plan("cpu", tr("CPU"), PERCENT, (Curve("", "cpu", "cpu"),)),
            Plan("memory", tr("Memory"), KIB, (used,), limits),
            Plan("parts", tr("What the CPU works on"), PERCENT, parts),
            Plan("iowait", tr("CPU waiting for disks"), PERCENT, (Curve("", "iowait"),)),
        ]
        traffic = (
            ("disk", tr("All machines' disks"), "read", "write"),
            ("net", tr("All machines' network"), "rx", "tx"),
        )
        names = {"read": tr("Read"), "write": tr("Written"), "rx": tr("Received"), "tx": tr("Sent")}
        for plan, title, first, second in traffic:
            plans.append(Plan(plan, title, RATE, tuple(Curve(names[one], "", one) for one in (first, second))))
        self._graphs.set_plans(plans)

    # -- what it shows

    def _show_host(self) -> None:
        host = self._parts.store.hosts.get(self._host)
        if host is None:
            self._state.setText(tr("This host was removed from VMDesk."))
            self._connect.hide()
            return
        if host.config.name != self.title:
            self.title = host.config.name
            self.title_changed.emit(self.title)
        self._name.setText(host.config.name)
        self._state.setText(_state(host))
        self._connect.setVisible(host.link in (Link.OFF, Link.FAILED))

    def _show_facts(self) -> None:
        facts = self._facts
        if facts is None:
            return
        self._known.show()
        self._checks.show_checks(checks_of(facts, self._proof))
        self._checks.offer(
            "kvm",
            tr("Try it: start a tiny machine, take it away at once"),
            self._on_prove,
            self._proof is None and facts.driver.upper() == "QEMU",
        )
        self._map.show_facts(facts)
        self._show_pinned()
        for widget in (self._map_title, self._map_hint):
            widget.setVisible(not self._map.isHidden())
        self._fact_list.set_groups(groups_of(facts))
        if facts.memory_kib and facts.memory_kib != self._total:
            self._total = float(facts.memory_kib)
            self._plan()

    def _show_pinned(self) -> None:
        """Which machines may run on some of its CPUs only."""
        cpus = [number for numbers in self._map.node_cpus().values() for number in numbers]
        here = [one for key, one in self._parts.store.domains.items() if key.host == self._host]
        self._map.show_pinned(by_cpu(here, cpus))

    def _read_facts(self) -> None:
        if not self._reading:
            self._reading = True
            self._parts.jobs.spawn(f"facts of {self._host}", self._load())

    async def _load(self) -> None:
        try:
            session = self._parts.sessions.get(self._host)
            if session is None or not session.connected:
                return
            connection = session.require()
            self._proof = connection.kvm_proof
            self._facts = await virt_facts.facts(connection)
            self._show_facts()
        except VirtError:
            pass  # what is wrong with the connection is said in the head of the page; what was known stays
        finally:
            self._reading = False

    def _on_prove(self) -> None:
        self._checks.button("kvm").setEnabled(False)
        self._parts.jobs.spawn("prove KVM", self._prove())

    async def _prove(self) -> None:
        try:
            self._proof = await virt_facts.prove_kvm(self._parts.sessions.get(self._host).require())
            self._show_facts()
        except VirtError as error:
            self._parts.shell.notify(Notice(error.problem, Level.ERROR))
        finally:
            self._checks.button("kvm").setEnabled(True)

    def _on_failed(self, words: str) -> None:
        self._parts.shell.notify(Notice(Problem(text("The graph could not be saved."), details=words), Level.ERROR))

    # -- following

    def _on_changes(self, changes: Changes) -> None:
        self._show_pinned()
        if self._host in changes.hosts:
            self._show_host()
            host = self._parts.store.hosts.get(self._host)
            if host is not None and host.link is Link.UP:
                self._read_facts()

    def _on_host_reading(self, host_id: str) -> None:
        if host_id == self._host:
            self._graphs.refresh()
            self._refresh_usage()

    def _on_readings(self, keys: frozenset[DomainKey]) -> None:
        if any(key.host == self._host for key in keys):
            self._refresh_usage()

    def _refresh_usage(self) -> None:
        """Only while it is looked at: a thousand machines take a moment, which the other tabs need."""
        if self.tabs.currentWidget() is not self._scroll:
            return
        self._usage.refresh()
        self._allocation.refresh()
        self._watch()

    def showEvent(self, event: QShowEvent) -> None:
        self._heard.begin(
            lambda: (
                self._parts.store.subscribe(self._on_changes),
                self._parts.history.subscribe_hosts(self._on_host_reading),
                self._parts.history.subscribe(self._on_readings),
            )
        )
        self._show_host()
        self._refresh_usage()
        self._read_facts()
        self._clock.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._heard.end()
        self._clock.stop()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= SIDE_BY_SIDE
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._split.direction() != direction:
            self._split.setDirection(direction)
        self._side.setFixedWidth(FACTS_WIDTH if wide else max(min(self.width() - 8 * GRID, 2 * FACTS_WIDTH), 1))


def _state(host: Host) -> str:
    """How the connection stands, with the reason."""
    words = [str(_LINKS[host.link]), host.config.uri]
    if host.capabilities and host.capabilities.readonly:
        words.append(tr("read-only"))
    if host.retry_at and host.link is Link.LOST:
        words.append(tr("next try in {n} s", n=max(round(host.retry_at - time.monotonic()), 0)))
    line = " · ".join(words)
    return f"{line}\n{host.problem}" if host.problem else line
