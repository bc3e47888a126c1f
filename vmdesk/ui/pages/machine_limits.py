"""The machine's page, tab "Limits": what it may use of its host, with the graph of the same beside each slider."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QScrollArea, QToolButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from vmdesk.core import limiting, redefining
from vmdesk.core.jobs import Job
from vmdesk.core.limiting import Figure, Known
from vmdesk.core.slow import PINS
from vmdesk.core.store import Changes
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.hardware import Hardware
from vmdesk.model.text import Text, text, tr
from vmdesk.model.uri import is_session
from vmdesk.ui.heard import Heard
from vmdesk.ui.pages.machine_limits_rows import Part, Row, limits_of, parts_of
from vmdesk.ui.pages.machine_pinning import MachinePinning
from vmdesk.ui.parts import Parts
from vmdesk.ui.subject import Subject
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.empty import EmptyView, of_problem
from vmdesk.ui.widgets.form import Muted, Section
from vmdesk.ui.widgets.graph import Graph, Line
from vmdesk.ui.widgets.graphs import Curve
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.widgets.slider_row import SliderRow
from vmdesk.ui.widgets.timeline import Timeline
from vmdesk.virt import facts
from vmdesk.virt.hardware import Applied

FOLLOW = 5000  # ms between two looks at a machine's limits: libvirt tells of few changes
SIDE_BY_SIDE = 900  # pixels from which the graphs stand beside the sliders, not under them
GRAPH_WIDTH = 50 * GRID
WIDEST_LABEL = 26 * GRID


class _PartView(QWidget):
    """One section: heading, rows, what is behind its switch, and its graphs."""

    def __init__(self, part: Part, graphs: Sequence[Graph]) -> None:
        super().__init__()
        self.part = part
        self.setObjectName(f"part-{part.id}")
        self.setAccessibleName(part.title)
        self.rows: dict[str, SliderRow] = {}
        self.box = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.box.setSpacing(3 * GRID)
        controls = QVBoxLayout()
        controls.setSpacing(GRID)
        self._more = QWidget()
        more = QVBoxLayout(self._more)
        more.setContentsMargins(0, 0, 0, 0)
        more.setSpacing(GRID)
        for row in part.rows:
            made = self.rows[row.key] = self._row(row)
            (more if row.more else controls).addWidget(made)
        self.switch = self._make_switch(part.more)
        controls.addWidget(self.switch)
        controls.addWidget(self._more)
        self._more.hide()
        controls.addStretch(1)
        self.graphs = QWidget()
        column = QVBoxLayout(self.graphs)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        for graph in graphs:
            column.addWidget(graph)
        column.addStretch(1)
        self.box.addLayout(controls, 1)
        self.box.addWidget(self.graphs, 0, Qt.AlignmentFlag.AlignTop)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(GRID)
        whole.addWidget(Section(part.title))
        whole.addLayout(self.box)
        self.graphs.setVisible(bool(graphs))  # in its place: before, it would be a window for a moment
        self.switch.setVisible(bool(part.more))

    def _row(self, row: Row) -> SliderRow:
        return SliderRow(row.key, row.title, row.written, row.scale, row.bounds, row.optional, row.usual, row.tip)

    def _make_switch(self, words: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(f"more-{self.part.id}")
        button.setText(words)
        button.setAccessibleName(words)
        button.setAutoRaise(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setArrowType(Qt.ArrowType.RightArrow)
        button.clicked.connect(lambda: self.open(self._more.isHidden()))
        return button

    def open(self, on: bool) -> None:
        """Show what is behind the switch."""
        self.switch.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._more.setVisible(on)

    def label_width(self) -> int:
        words = [row.label for row in self.rows.values()]
        return max((one.fontMetrics().horizontalAdvance(one.text()) for one in words), default=0)

    def set_label_width(self, width: int) -> None:
        for row in self.rows.values():
            row.label.setFixedWidth(width)

    def place_graphs(self, wide: bool) -> None:
        self.box.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        if wide:
            self.graphs.setFixedWidth(GRAPH_WIDTH)
        else:
            self.graphs.setMinimumWidth(0)
            self.graphs.setMaximumWidth(16_777_215)


class MachineLimits(QScrollArea):
    """Reads while it is visible. A figure that is let go of is set at once; what came of it stands below it."""

    def __init__(self, parts: Parts, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._machine = parts, key
        self._subject = Subject(parts.store, key)
        self._known: Known | None = None
        self._cpus = 0
        self._host_kib = 0
        self._wanted: dict[str, Figure] = {}
        self._working: dict[str, Figure] = {}
        self.setting = False  # until what came of it is shown
        self._done: dict[str, Applied] = {}
        self._layout_of: tuple[Part, ...] = ()
        self._revealed = ""  # what is to be brought into view as soon as it is there
        self._heard = Heard()
        self._tasks = Tasks(parts.jobs)
        self.destroyed.connect(self._tasks.end)
        self.views: dict[str, _PartView] = {}
        self.graphs: dict[str, Graph] = {}
        self.timeline = Timeline(time.time(), self)
        self.setObjectName("machine-limits")
        self.setAccessibleName(tr("Limits"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        thin(self, QPalette.ColorRole.Window)
        self._build()
        self._follow = QTimer(self)
        self._follow.setInterval(FOLLOW)
        self._follow.timeout.connect(self.refresh)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)

    def _build(self) -> None:
        body = QWidget()
        body.setObjectName("machine-limits-body")
        self.setWidget(body)
        self._box = QVBoxLayout(body)
        self._box.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 3 * GRID)
        self._box.setSpacing(3 * GRID)
        self.hint = Muted("", caption=False)
        self.hint.setObjectName("limits-hint")
        self.empty = EmptyView()
        self.empty.hide()
        self.pinning = MachinePinning(self._parts, self._machine)
        self.pinning.picture.reached.connect(self._see_cpu)
        self.pinning.hide()  # until something is known
        self._box.addWidget(self.hint)
        self._box.addWidget(self.empty, 1000)  # the whole page while it is there
        self._box.addWidget(self.pinning)
        self._box.addStretch(1)

    # ---------------------------------------------------------------- what there is

    def refresh(self) -> None:
        """Read again, in the background."""
        if self._subject.domain is not None and not self._working:
            self._tasks.spawn("read limits", self._read())

    async def _read(self) -> None:
        domain = self._subject.domain
        if domain is None:
            return
        try:
            if not self._cpus:
                await self._read_host()
            known = await limiting.read(self._parts.context.sessions, domain)
        except VirtError as error:
            if self._known is None:
                self._show_problem(error.problem)
            return
        if known != self._known or not self.views:
            self._known = known
        self.show_limits()

    async def _read_host(self) -> None:
        """How many processors and how much memory there are to be shared out."""
        found = await facts.facts(self._parts.context.sessions.of(self._machine).require())
        self._cpus, self._host_kib = found.cpus or 0, found.memory_kib or 0

    def _show_problem(self, problem: Problem) -> None:
        self.empty.show_state(of_problem(problem, self.refresh))
        self.empty.show()
        self.hint.hide()

    # ---------------------------------------------------------------- what is shown

    def show_limits(self) -> None:
        """Everything as it was read last, and as the person wants it meanwhile."""
        known = self._known
        if known is None:
            return
        self.empty.hide()
        self._lay_out(known.shown)
        values = limiting.figures(known.shown, self._cpus)
        stored = limiting.figures(known.stored, self._cpus) if known.stored else values
        host = self._subject.host
        why, session = redefining.why_not(self._subject.domain, host), host is not None and is_session(host.config.uri)
        for view in self.views.values():
            for key, row in view.rows.items():
                reason = why or limiting.blocked(key, values, known.shown, session)
                value = {**values, **self._working, **self._wanted}.get(key)
                figure = value if isinstance(value, int | float) else None
                row.show_figure(figure, self._note(key, values, stored, row), str(reason) if reason else "")
        vcpus = known.shown.cpu.count
        for plan, graph in self.graphs.items():
            graph.set_limits(limits_of(plan, values, vcpus))
            graph.set_nothing("" if known.running else tr("The machine is off"))
        self.hint.setText(self._hint_words(why))
        self.hint.show()
        self._bring_into_view()

    @property
    def unsaved(self) -> bool:
        """Whether something was chosen and not applied: a figure is set at once, where it runs is not."""
        return self.pinning.unsaved

    async def may_lose(self) -> bool:
        """Whether that may be lost; asks if there is something."""
        return await self.pinning.may_lose()

    def reveal(self, key: str) -> None:
        """Bring a figure into view, by the name of its limit, as soon as it is there; PINS: where it runs."""
        self._revealed = key
        if self.views:
            self._bring_into_view()

    def _bring_into_view(self) -> None:
        key, self._revealed = self._revealed, ""
        view = next((view for view in self.views.values() if key in view.rows), None)
        if view is not None:
            if any(one.key == key and one.more for one in view.part.rows):
                view.open(True)
            row = view.rows[key]
            # What was just made is seen from the next turn on.
            QTimer.singleShot(0, self, lambda: self._go_to(row, row.slider))
        elif key == PINS:
            QTimer.singleShot(0, self, lambda: self._go_to(self.pinning, self.pinning.picture))

    def _go_to(self, part: QWidget, control: QWidget) -> None:
        if isValid(part):
            self.ensureWidgetVisible(part, 0, 8 * GRID)
            control.setFocus()

    def _see_cpu(self, area: QRectF) -> None:
        body = self.widget()
        if body is not None:
            place = self.pinning.picture.mapTo(body, area.center().toPoint())
            self.ensureVisible(place.x(), place.y(), 0, 4 * GRID)

    def _hint_words(self, why: Text | None) -> str:
        domain = self._subject.domain
        if why is not None or domain is None:
            return tr("Nothing can be changed here: {why}", why=str(why or ""))
        if not domain.active:
            return tr("The machine is off: what you set is stored and holds from its next start.")
        if not domain.persistent:
            return tr("What you set holds at once. The machine has no stored definition: it ends with this run.")
        return tr("What you set holds at once and from every start on, as far as the host can do that.")

    def _note(self, key: str, values: dict[str, Figure], stored: dict[str, Figure], row: SliderRow) -> str:
        """What came of it, and what will be different at the next start."""
        if key in self._working:
            return tr("Being set…")
        done = self._done.get(key)
        if values.get(key) != stored.get(key):
            later = tr("From the next start: {value}.", value=row.write(stored.get(key)))
            return f"{later} {done.later}" if done is not None and done.later else later
        return str(_outcome(done)) if done is not None else ""

    # ---------------------------------------------------------------- how it is built

    def _lay_out(self, found: Hardware) -> None:
        """Sections for what the machine has; they stay as long as that stays."""
        # Of the memory, the scale follows what the machine is built with, not what the balloon leaves it just now.
        steady = replace(found, limits=replace(found.limits, io_threads=0))
        parts = parts_of(steady, self._host_kib)
        if parts == self._layout_of:
            return
        for view in self.views.values():
            self._box.removeWidget(view)
            view.deleteLater()
        self._layout_of, self.graphs = parts, {}
        self.views = {part.id: self._view(part) for part in parts}
        for place, view in enumerate(self.views.values()):
            self._box.insertWidget(2 + place, view)
        self._box.removeWidget(self.pinning)
        self._box.insertWidget(4, self.pinning)  # after processors and memory, of which it tells
        self.pinning.show()
        width = max(view.label_width() for view in self.views.values())
        values = limiting.figures(found, self._cpus)
        for view in self.views.values():
            view.set_label_width(min(width + GRID // 2, WIDEST_LABEL))
            view.open(any(values.get(row.key) for row in view.part.rows if row.more))
        self._arrange()

    def _view(self, part: Part) -> _PartView:
        domain = self._subject.domain
        made = []
        for plan in part.plans:
            graph = Graph(plan.title, plan.unit, self.timeline, domain.name if domain else "")
            graph.set_provider(lambda curves=plan.curves: self._lines(curves))  # type: ignore[misc]
            self.graphs[plan.id] = graph
            made.append(graph)
        view = _PartView(part, made)
        for row in view.rows.values():
            row.changed.connect(self.set_figure)
        return view

    def _lines(self, curves: Sequence[Curve]) -> list[Line]:
        since = self.timeline.start - self.timeline.span.hole
        found = []
        for curve in curves:
            series = self._parts.history.series(self._machine, curve.series, since)
            found.append(Line(curve.name, series.times, series.values))
        return found

    def _arrange(self) -> None:
        wide = self.viewport().width() >= SIDE_BY_SIDE
        for view in self.views.values():
            view.place_graphs(wide)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    # ---------------------------------------------------------------- changing

    def set_figure(self, key: str, value: Figure) -> None:
        """A person wants it so. What is wanted while something is being set follows in one go."""
        self._done.pop(key, None)
        self._wanted[key] = value
        if not self.setting:
            self.setting = True
            self._tasks.spawn("set limits", self._set_all())

    async def _set_all(self) -> None:
        try:
            await asyncio.sleep(0)  # what was let go of together is set together
            while self._wanted:
                self._working, self._wanted = self._wanted, {}
                await self._set_some(self._working)
        finally:
            self.setting = False

    async def _set_some(self, wishes: dict[str, Figure]) -> None:
        domain, known = self._subject.domain, self._known
        try:
            if domain is None or known is None:
                return
            self.show_limits()
            done = await limiting.apply(self._parts.context, domain, known, wishes)
        finally:
            self._working = {}
        if isValid(self):
            self._done.update(done)
            self._see_definition()
            await self._read()

    def _see_definition(self) -> None:
        """Into the history of definitions, of which libvirt does not tell."""
        if self._parts.watcher is not None:
            self._parts.watcher.look_at((self._machine,))

    # ---------------------------------------------------------------- being seen

    def _tick(self) -> None:
        self.timeline.tick(time.time())
        for graph in self.graphs.values():
            graph.expire()

    def _on_changes(self, changes: Changes) -> None:
        if self._machine in changes.changed or self._machine in changes.added:
            self.refresh()
        if self._machine.host in changes.hosts or self._machine in changes.removed:
            self.show_limits()

    def _on_job(self, job: Job) -> None:
        if self._machine in job.keys and not job.running and not self.setting:
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._heard.begin(
            lambda: (self._parts.store.subscribe(self._on_changes), self._parts.jobs.subscribe(self._on_job))
        )
        self._follow.start()
        self._clock.start()
        self._tick()
        self.show_limits()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._follow.stop()
        self._clock.stop()
        self._heard.end()


def _outcome(one: Applied) -> Text:
    if one.live and one.stored:
        return text("Holds now and from every start on.")
    if one.live:
        return text("Holds now, until the machine is switched off.")
    if one.later is not None:
        return text("Holds from the next start. {why}", why=one.later)
    return text("Holds from the next start.")
