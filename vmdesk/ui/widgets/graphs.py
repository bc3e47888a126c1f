"""The graphs of one machine or host: side by side as the width allows, one span and one crosshair for all."""

import asyncio
import time
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from vmdesk.core.archive import Archived
from vmdesk.core.history import Series
from vmdesk.core.jobs import Jobs
from vmdesk.model.text import tr
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.graph import Gap, Graph, Limit, Line, Unit
from vmdesk.ui.widgets.timeline import SPANS, Timeline

NARROWEST = 320  # pixels a graph needs; the number of columns follows
ARCHIVE_EVERY = 60.0  # seconds after which an archive view is read again
HOUR = 3600.0  # what the live views reach back


@dataclass(frozen=True, slots=True)
class Curve:
    """`series` is a name in the history, `archived` one in the archive; "" where it is not kept."""

    name: str
    series: str
    archived: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one graph shows. `nothing`: what stands there while there are no readings, if there is a better word."""

    id: str
    title: str
    unit: Unit
    curves: tuple[Curve, ...]
    limits: tuple[Limit, ...] = ()
    nothing: str = ""

    @property
    def live(self) -> bool:
        return any(curve.series for curve in self.curves)

    @property
    def archived(self) -> bool:
        return any(curve.archived for curve in self.curves)


class Source(Protocol):
    """Where the readings come from."""

    def live(self, series: str, since: float) -> Series: ...
    async def archived(self, series: str, start: float, end: float) -> Archived: ...


class Graphs(QWidget):
    """Works only while it is visible; a graph that is not on the screen fetches nothing."""

    failed = Signal(str)

    def __init__(self, source: Source, jobs: Jobs, owner: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source, self._owner = source, owner
        self._tasks = Tasks(jobs)
        self.destroyed.connect(self._tasks.end)
        self.timeline = Timeline(time.time(), self)
        self._plans: tuple[Plan, ...] = ()
        self._graphs: dict[str, Graph] = {}
        self._columns = 0
        self._refreshed = 0.0
        self._archive_read = 0.0
        self._loading = 0  # the number of the newest archive reading; older answers are dropped
        # What was before the first live reading (a restart), by the name in the archive; read once.
        self._kept: frozenset[str] = frozenset()
        self._past: dict[str, Series] = {}
        self._past_gaps: tuple[Gap, ...] = ()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(self._make_bar())
        self._hint = Muted(tr("Only CPU, memory, disk and network totals are kept beyond the last hour."))
        self._hint.hide()
        layout.addWidget(self._hint)
        self._grid = QGridLayout()
        self._grid.setSpacing(GRID)
        layout.addLayout(self._grid)
        # Time goes on, too, where no readings come (a machine that is off).
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._on_clock)
        self.timeline.span_changed.connect(self._on_span_changed)
        self.timeline.moved.connect(self._on_moved)
        self.timeline.following_changed.connect(self._on_moved)

    def set_plans(self, plans: Sequence[Plan]) -> None:
        """Which graphs there are; those that stay are kept as they are."""
        if tuple(plans) == self._plans:
            return
        wanted = {plan.id: plan for plan in plans}
        for gone in set(self._graphs) - set(wanted):
            self._graphs.pop(gone).deleteLater()
        for plan in plans:
            graph = self._graphs.get(plan.id)
            if graph is None:
                graph = self._graphs[plan.id] = Graph(plan.title, plan.unit, self.timeline, self._owner)
                graph.failed.connect(self.failed)
            graph.set_limits(plan.limits)
        self._plans = tuple(plans)
        self._kept = frozenset(curve.archived for plan in plans for curve in plan.curves if curve.archived)
        self._columns = 0
        self._arrange()
        self._on_span_changed()

    def graph(self, plan_id: str) -> Graph | None:
        return self._graphs.get(plan_id)

    def refresh(self) -> None:
        """New readings are there."""
        if not self.isVisible():
            return
        now = time.time()
        self._refreshed = now
        self.timeline.tick(now)
        if self.timeline.span.live:
            for graph in self._graphs.values():
                graph.expire()
            if not self._kept <= self._past.keys():
                self._read_past()
        elif now - self._archive_read > ARCHIVE_EVERY:
            self._read_archive()

    def set_nothing(self, words: str) -> None:
        """What stands in the graphs while there is nothing to draw."""
        for plan in self._plans:
            self._graphs[plan.id].set_nothing(words or plan.nothing)

    def _live(self, plan: Plan) -> list[Line]:
        since = self.timeline.start - self.timeline.span.hole
        return [self._line(curve, since) for curve in plan.curves]

    def _line(self, curve: Curve, since: float) -> Line:
        series = self._source.live(curve.series, since)
        past = self._past.get(curve.archived)
        if past is None or not past.times or past.times[-1] < since:
            return Line(curve.name, series.times, series.values)
        first = bisect_left(past.times, since)
        last = bisect_left(past.times, series.times[0]) if series.times else len(past.times)
        return Line(curve.name, past.times[first:last] + series.times, past.values[first:last] + series.values)

    # -- the bar over the graphs

    def _make_bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(0)
        self._spans = QButtonGroup(self)
        for place, span in enumerate(SPANS):
            button = QToolButton()
            button.setText(str(span.title))
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setChecked(span is self.timeline.span)
            button.setObjectName(f"span-{span.id}")
            button.setAccessibleName(tr("Show {span}", span=span.title))
            button.setMinimumHeight(3 * GRID + GRID // 2)
            self._spans.addButton(button, place)
            bar.addWidget(button)
        self._spans.idClicked.connect(lambda place: self.timeline.set_span(SPANS[place]))
        bar.addStretch(1)
        self._back = QToolButton()
        self._back.setText(tr("Back to now"))
        self._back.setObjectName("back-to-now")
        self._back.setAccessibleName(tr("Back to now"))
        self._back.setToolTip(tr("Double click on a graph or the Home key do the same"))
        self._back.setMinimumHeight(3 * GRID + GRID // 2)
        self._back.clicked.connect(self.timeline.back_to_now)
        policy = self._back.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the bar must not move
        self._back.setSizePolicy(policy)
        self._back.hide()
        bar.addWidget(self._back)
        return bar

    # -- the archive

    def _on_span_changed(self) -> None:
        live = self.timeline.span.live
        self._spans.button(SPANS.index(self.timeline.span)).setChecked(True)
        self._hint.setVisible(not live and any(not plan.archived for plan in self._plans))
        for plan in self._plans:
            graph = self._graphs[plan.id]
            graph.set_gaps(self._past_gaps if live and plan.archived else [])
            graph.set_lines([])
            graph.set_provider(partial(self._live, plan) if live else None)
        self._columns = 0
        self._arrange()
        if live:
            self._loading += 1
            self.refresh()
        elif self.isVisible():
            self._read_archive()

    def _read_archive(self) -> None:
        self._archive_read = time.time()
        self._loading += 1
        self._tasks.spawn("graphs from the archive", self._load(self._loading))

    async def _load(self, number: int) -> None:
        span = self.timeline.span
        end = self.timeline.now
        for plan in self._plans:
            curves = [curve for curve in plan.curves if curve.archived]
            lines: list[Line] = []
            gaps: list[Gap] = []
            for curve in curves:
                found = await self._source.archived(curve.archived, end - span.reach, end)
                if number != self._loading:
                    return
                lines.append(Line(curve.name, found.times, found.average, found.maximum))
                gaps = [Gap(gap.start, gap.end, str(gap.why)) for gap in found.gaps]
            graph = self._graphs.get(plan.id)
            if graph is not None and curves:
                graph.set_gaps(gaps)
                graph.set_lines(lines)

    # -- what was before VMDesk was started, in the live views

    def _read_past(self) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return  # shown before the loop runs: at the next reading
        missing = sorted(self._kept - self._past.keys())
        for name in missing:
            self._past[name] = Series(array("d"), array("f"))
        self._tasks.spawn("graphs of the last hour", self._load_past(missing))

    async def _load_past(self, names: Sequence[str]) -> None:
        end = self.timeline.now
        for name in names:
            found = await self._source.archived(name, end - HOUR, end)
            self._past[name] = _spread(found)
            self._past_gaps = tuple(Gap(gap.start, gap.end, str(gap.why)) for gap in found.gaps)
        if self.timeline.span.live:
            for plan in self._plans:
                if plan.archived:
                    self._graphs[plan.id].set_gaps(self._past_gaps)
                    self._graphs[plan.id].expire(everything=True)

    # -- where they stand

    def _arrange(self) -> None:
        columns = max(self.width() // (NARROWEST + GRID), 1)
        if columns == self._columns:
            return
        self._columns = columns
        live = self.timeline.span.live
        shown = [plan for plan in self._plans if (plan.live if live else plan.archived)]
        for plan in self._plans:
            graph = self._graphs[plan.id]
            self._grid.removeWidget(graph)
            if plan not in shown:
                graph.hide()
        for place, plan in enumerate(shown):
            graph = self._graphs[plan.id]
            self._grid.addWidget(graph, place // columns, place % columns)
            graph.show()  # in its place: before, it would be a window of its own for a moment
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()
        super().resizeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        self._clock.start()
        # Only now is it known which graphs are on the screen.
        QTimer.singleShot(0, self, self.refresh)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._clock.stop()
        super().hideEvent(event)

    def _on_clock(self) -> None:
        if time.time() - self._refreshed > 1.4:
            self.refresh()

    def _on_moved(self) -> None:
        self._back.setVisible(not self.timeline.untouched)


def _spread(found: Archived) -> Series:
    """Two points for each known minute: so near to each other that a live view joins them."""
    times, values = array("d"), array("f")
    for at, value in zip(found.times, found.average):
        if value == value:
            times.extend((at + found.step / 4, at + found.step * 3 / 4))
            values.extend((value, value))
    return Series(times, values)
