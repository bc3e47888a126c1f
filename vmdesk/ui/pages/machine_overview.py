"""The machine's page, first tab: state with its reason, what can be done, graphs, facts, labels."""

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from vmdesk.core import units
from vmdesk.core.archive import Archived
from vmdesk.core.commands.domain import BY_ID
from vmdesk.core.history import Series
from vmdesk.core.jobs import Job
from vmdesk.core.slow_watch import SlowWatch
from vmdesk.core.words import state_text
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import text, tr
from vmdesk.ui.pages.machine_facts import facts_of
from vmdesk.ui.pages.machine_plans import plans_of
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.theme import GRID, title_font
from vmdesk.ui.widgets.command_buttons import CommandButtons
from vmdesk.ui.widgets.facts import Facts
from vmdesk.ui.widgets.form import Muted, Section
from vmdesk.ui.widgets.graphs import Graphs
from vmdesk.ui.widgets.slow_view import SlowView
from vmdesk.ui.widgets.state_badge import StateBadge
from vmdesk.ui.widgets.tags import TagRow

SIDE_BY_SIDE = 1000  # pixels from which the facts stand beside the graphs, not under them
FACTS_WIDTH = 40 * GRID
LOOK_AGAIN = 5000  # ms between two looks at what does not come with the readings, while it is asked why it is slow


class _Readings:
    """A machine's series for its graphs."""

    def __init__(self, parts: Parts, key: DomainKey) -> None:
        self._parts, self._key = parts, key

    def live(self, series: str, since: float) -> Series:
        found: Series = self._parts.history.series(self._key, series, since)
        return found

    async def archived(self, series: str, start: float, end: float) -> Archived:
        found: Archived = await self._parts.archive.read(self._key, series, start, end)
        return found


class MachineOverview(QScrollArea):
    """Follows store and history while it is visible.

    control_wanted: a control that would make it faster, by the name that core/slow.py has for it.
    """

    control_wanted = Signal(str)

    def __init__(self, parts: Parts, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._key = parts, key
        self._series: tuple[str, ...] = ()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setObjectName("machine-overview")
        self.setAccessibleName(tr("Overview"))
        body = QWidget()
        body.setObjectName("machine-overview-body")
        self.setWidget(body)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 3 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addLayout(self._make_head())
        self._buttons = CommandButtons(lambda command: parts.shell.run(command, (key,)))
        layout.addWidget(self._buttons)
        layout.addLayout(self._make_slow())
        self._split = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._split.setSpacing(3 * GRID)
        domain = parts.store.domains.get(key)
        self._graphs = Graphs(_Readings(parts, key), parts.jobs, domain.name if domain else "")
        self._graphs.failed.connect(self._on_failed)
        graphs = QVBoxLayout()
        graphs.addWidget(self._graphs)
        graphs.addStretch(1)
        self._side = QWidget()
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        self._facts = Facts(parts.shell.copy)
        side.addWidget(self._facts)
        self._notes_title = Section(tr("Notes"))
        self._notes_title.setContentsMargins(0, 2 * GRID, 0, 0)
        self._notes = PlainLabel()
        self._notes.setWordWrap(True)
        self._notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        side.addWidget(self._notes_title)
        side.addWidget(self._notes)
        side.addStretch(1)
        self._split.addLayout(graphs, 1)
        self._split.addWidget(self._side)
        layout.addLayout(self._split)
        layout.addStretch(1)
        self.show_machine()

    def _make_head(self) -> QHBoxLayout:
        self._badge = StateBadge(32)
        self._name = PlainLabel()
        self._name.setObjectName("machine-name")
        self._name.setFont(title_font(self._name.font()))
        self._name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._state = PlainLabel()
        self._state.setObjectName("machine-state")
        self._tags = TagRow()
        self._description = Muted("", caption=False)
        words = QVBoxLayout()
        words.setSpacing(GRID // 2)
        for widget in (self._name, self._state, self._description, self._tags):
            words.addWidget(widget)
        head = QHBoxLayout()
        head.setSpacing(2 * GRID)
        head.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        return head

    def _make_slow(self) -> QVBoxLayout:
        """Folded until it is asked for: it reads more than the graphs need."""
        self._watch = SlowWatch(self._parts.store, self._parts.history, self._key)
        self._tasks = Tasks(self._parts.jobs)
        self.destroyed.connect(self._tasks.end)
        self._look_again = QTimer(self)
        self._look_again.setInterval(LOOK_AGAIN)
        self._look_again.timeout.connect(self._look)
        self.slow = SlowView()
        self.slow.control_wanted.connect(self.control_wanted)
        self.slow.hide()
        self.why_slow = QToolButton()
        self.why_slow.setObjectName("why-slow")
        self.why_slow.setText(tr("Why is it slow?"))
        self.why_slow.setAccessibleName(tr("Why is it slow?"))
        self.why_slow.setCheckable(True)
        self.why_slow.setAutoRaise(True)
        self.why_slow.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.why_slow.setArrowType(Qt.ArrowType.RightArrow)
        self.why_slow.toggled.connect(self._on_why_slow)
        box = QVBoxLayout()
        box.setSpacing(GRID)
        box.addWidget(self.why_slow, 0, Qt.AlignmentFlag.AlignLeft)
        box.addWidget(self.slow)
        return box

    def _on_why_slow(self, on: bool) -> None:
        self.why_slow.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.slow.setVisible(on)
        if on:
            self._look()
            self._look_again.start()
        else:
            self._look_again.stop()

    def _look(self) -> None:
        self._tasks.spawn(f"why is {self._key.uuid} slow", self._look_now())

    async def _look_now(self) -> None:
        await self._watch.look(self._parts.context.sessions)
        self._show_slow()

    def _show_slow(self) -> None:
        if self.why_slow.isChecked():
            running = self._watch.running
            why = "" if running else tr("It does not run: only a machine at work can be slow.")
            self.slow.show_verdict(self._watch.verdict(), why)

    # -- what it shows

    def show_machine(self) -> None:
        """The machine as the store has it now."""
        domain = self._parts.store.domains.get(self._key)
        if domain is None:
            return
        host = self._parts.store.hosts.get(self._key.host)
        self._name.setText(domain.name)
        self._show_state(domain)
        title, description = domain.labels.title, domain.labels.description
        self._description.setText(" · ".join(part for part in (title, description) if part))
        self._description.setVisible(bool(title or description))
        self._tags.set_tags(domain.labels.tags)
        self._tags.setVisible(bool(domain.labels.tags))
        self._notes.setText(domain.labels.notes)
        self._notes.setVisible(bool(domain.labels.notes))
        self._notes_title.setVisible(bool(domain.labels.notes))
        self._buttons.setEnabled(True)
        self._buttons.show_machine(domain, host, self._shortcut)
        self._facts.set_groups(facts_of(domain, host))
        self._show_slow()
        self._plan(domain)

    def _shortcut(self, command_id: str) -> str:
        """The person's keys for a command, as the desktop writes them."""
        keys = self._parts.settings.current.shortcuts.get(command_id, BY_ID[command_id].shortcut)
        return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)

    def _doing(self) -> str:
        """What a job is doing to the machine now; "" for nothing."""
        running = [job for job in self._parts.jobs.running if self._key in job.keys]
        return str(running[-1].title) if running else ""

    def show_job(self, job: Job) -> None:
        """A job began, ended or went on."""
        domain = self._parts.store.domains.get(self._key)
        if self._key in job.keys and domain is not None:
            self._show_state(domain)

    def show_gone(self) -> None:
        """Its definition was deleted, or its host was removed."""
        self._state.setText(
            tr("This machine is not there any more. Its graphs and its activity stay until VMDesk ends.")
        )
        self._buttons.setEnabled(False)

    def _show_state(self, domain: Domain) -> None:
        host = self._parts.store.hosts.get(self._key.host)
        stale = host.stale if host else True
        doing = self._doing()
        words = state_text(domain, stale, doing)
        self._badge.show_machine(domain, bool(doing))
        if domain.active and domain.started and not doing:
            words += " · " + tr("for {time}", time=units.duration(max(time.time() - domain.started, 0)))
        if words != self._state.text():
            self._state.setText(words)

    def _plan(self, domain: Domain) -> None:
        self._series = self._names()
        self._graphs.set_plans(plans_of(domain, self._series))
        self._graphs.set_nothing("" if domain.active else tr("The machine is off"))

    def _names(self) -> tuple[str, ...]:
        """The series that there are; not those that the driver never tells."""
        names: tuple[str, ...] = self._parts.history.names(self._key)
        reading = self._parts.history.reading(self._key)
        if reading is None:
            return names
        gauges = {"wait": reading.wait_ns, "used": reading.used_kib, "given": reading.given_kib, "rss": reading.rss_kib}
        return tuple(name for name in names if gauges.get(name, 0) >= 0)

    def refresh(self) -> None:
        """New readings of this machine are there."""
        self._watch.take()
        if not self.isVisible():
            return
        self._show_slow()
        domain = self._parts.store.domains.get(self._key)
        if domain is not None:
            if self._names() != self._series:
                self._plan(domain)
            self._show_state(domain)
        self._graphs.refresh()

    def _on_failed(self, words: str) -> None:
        self._parts.shell.notify(Notice(Problem(text("The graph could not be saved."), details=words), Level.ERROR))

    # -- where things stand

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.viewport().width() >= SIDE_BY_SIDE
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._split.direction() != direction:
            self._split.setDirection(direction)
        self._side.setFixedWidth(FACTS_WIDTH if wide else min(self.viewport().width() - 6 * GRID, 2 * FACTS_WIDTH))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.show_machine()
        if self.why_slow.isChecked():
            self._on_why_slow(True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._look_again.stop()
        super().hideEvent(event)
