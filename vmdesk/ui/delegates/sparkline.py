"""A figure with its last minutes as a thin line: in the table's cells and in the inspector."""

import math
import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby

from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter, QPainterPath, QPalette, QPen

from vmdesk.core.columns import COLUMNS, Column, memory_whole
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.ui import theme
from vmdesk.ui.delegates.canvas import Box, Canvas
from vmdesk.ui.delegates.cell import CellDelegate
from vmdesk.ui.models.domains import DomainsModel

POINTS = 30  # a cell's line: five minutes at the standard interval
STEPS = (2.0, 4.0, 10.0)  # seconds a point: finer in the first minutes, or lines would be dots
FLOOR = 100_000.0  # bytes/s: traffic below this is a flat line, not a mountain range

_line, _ground = QPainterPath(), QPainterPath()

Recent = Callable[[DomainKey, str, int, float], list[float]]

# The widest text each figure column can show: the numbers stand at the right, the line keeps its width.
_WIDEST = {"cpu": "100 %", "wait": "100 %", "memory": "15.9 / 15.9 GiB", "disk": "888 MB/s", "network": "888 MB/s"}


def values_of(recent: Recent, key: DomainKey, column: Column, count: int, step: float) -> list[float]:
    """The sum of one or two series, NaN counting as nothing where the other is known; or what stands in for them."""
    first = recent(key, column.series[0], count, step)
    if column.instead and all(value != value for value in first):
        return recent(key, column.instead, count, step)
    if len(column.series) == 1:
        return first
    second = recent(key, column.series[1], count, step)
    return [b if a != a else a if b != b else a + b for a, b in zip(first, second)]


def top_of(column_id: str, values: Sequence[float], whole: float) -> float:
    """What the upper edge stands for: everything for shares and memory, the highest for traffic."""
    if column_id in ("cpu", "wait"):
        return 100.0
    if column_id == "memory":
        return max(whole, 1.0)
    return max(FLOOR, max((value for value in values if value == value), default=0.0))


@cache
def _inks(rgba: int) -> tuple[QPen, QBrush]:
    """(the line, the ground below it) of a colour."""
    fill = QColor.fromRgba(rgba)
    pen = QPen(fill, 1.25)
    fill.setAlpha(46)
    return pen, QBrush(fill)


def _runs(values: Sequence[float]) -> list[range]:
    """What lies between the gaps."""
    if not math.isnan(sum(values)):
        return [range(len(values))]
    runs = (list(some) for known, some in groupby(range(len(values)), lambda at: values[at] == values[at]) if known)
    return [range(run[0], run[-1] + 1) for run in runs]


def draw_line(
    painter: QPainter, area: Box, values: Sequence[float], points: int, top: float, color: QColor, bare: bool = False
) -> None:
    """The newest value at the right edge; NaN parts the line; light fill below, with `bare` nothing else."""
    bottom, scale = area.top + area.height, area.height / top
    step = area.width / max(points - 1, 1)
    left = area.left + area.width - step * (len(values) - 1)
    pen, fill = _inks(color.rgba())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for run in _runs(values):
        if len(run) > 1:  # one point is no line yet
            # Paths that are used again, point by point: a QPointF for each would let go of Python's lock (canvas.py).
            _line.clear()
            _ground.clear()
            _ground.moveTo(left + run[0] * step, bottom)
            place = _line.moveTo
            for at in run:
                x, y = left + at * step, bottom - (v if (v := values[at]) < top else top) * scale
                place(x, y)
                place = _line.lineTo
                _ground.lineTo(x, y)
            _ground.lineTo(left + run[-1] * step, bottom)
            painter.fillPath(_ground, fill)
            if not bare:
                painter.strokePath(_line, pen)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


class SparklineDelegate(CellDelegate):
    """Line at the left, number at the right; in a narrow column what is below the line, behind the number."""

    def __init__(self, model: DomainsModel, recent: Recent) -> None:
        super().__init__(model)
        self._recent = recent
        self._widest: dict[tuple[str, int, int], int] = {}  # column and font -> pixels of its widest text
        self._born = time.monotonic()

    def _step(self) -> float:
        """The finest step that shows all there can be."""
        age = time.monotonic() - self._born
        return next((step for step in STEPS if age <= step * POINTS), STEPS[-1])

    def _number_width(self, column_id: str, metrics: QFontMetrics) -> int:
        """Measuring a text costs half as much as drawing it."""
        key = column_id, metrics.height(), metrics.averageCharWidth()
        if key not in self._widest:
            self._widest[key] = metrics.horizontalAdvance(_WIDEST[column_id])
        return self._widest[key]

    def paint_cell(self, canvas: Canvas, box: Box, domain: Domain, place: int, selected: bool) -> None:
        ink = self.ink(canvas, domain, selected, second=not domain.active)
        if domain.active:
            self._paint_line(canvas, box, domain, COLUMNS[place], ink if selected or self.stale(domain) else None)
        if words := self._model.text(domain, place):
            canvas.painter.setPen(ink)
            canvas.write(box, words, right=True)

    def _paint_line(self, canvas: Canvas, box: Box, domain: Domain, column: Column, ink: QColor | None) -> None:
        values = values_of(self._recent, domain.key, column, POINTS, self._step())
        if not values:
            return
        width = box.width - self._number_width(column.id, canvas.metrics) - theme.GRID
        behind = width < 2 * theme.GRID  # a line there would cross the number out
        area = Box(box.left, box.top + 5, box.width if behind else width, box.height - 10)
        whole = memory_whole(domain, self._model.figures_of(domain.key))
        color = ink or canvas.color(QPalette.ColorRole.Accent)
        draw_line(canvas.painter, area, values, POINTS, top_of(column.id, values, whole), color, bare=behind)
