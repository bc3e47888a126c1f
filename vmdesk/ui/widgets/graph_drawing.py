"""How a graph is drawn: everything that needs a painter and a palette, and nothing that needs a widget."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, isnan, nan

from PySide6.QtCore import QDateTime, QLocale, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPalette, QPen, QPolygonF

from vmdesk.core import units
from vmdesk.model.text import tr
from vmdesk.ui.colors import faded, line_color
from vmdesk.ui.theme import caption_font, figure_font
from vmdesk.ui.widgets.plot import (
    DAY,
    HOUR,
    Gap,
    Limit,
    Line,
    Run,
    highest,
    milliseconds,
    nice_steps,
    per_second,
    runs,
    time_step,
    time_ticks,
)
from vmdesk.ui.widgets.timeline import Timeline

PAD = 12
ROW = 20
HEIGHT = 184
LEGEND_MOST = 3  # more lines than that are drawn as strips, one under the other
HOVER_MOST = 8
WIDEST = "888 MB/s"  # the gutter is as wide in all graphs, so that their times stand under each other


@dataclass(frozen=True, slots=True)
class Unit:
    """How an axis counts. `top` is the fixed upper end, None to follow the values; `least` the lowest upper end."""

    write: Callable[[float], str]
    widest: str  # the widest that `write` gives
    binary: bool = False
    top: float | None = None
    least: float = 1.0


PERCENT = Unit(units.percent, "100 %", top=100.0)
KIB = Unit(units.kib, "1023 MiB", binary=True, least=1024.0)
RATE = Unit(units.rate, "888 MB/s", least=1000.0)
COUNT = Unit(per_second, "888 k/s", least=1.0)
DURATION = Unit(milliseconds, "888 ms", least=1.0)


def _qt(moment: datetime) -> QDateTime:
    return QDateTime.fromSecsSinceEpoch(int(moment.timestamp()))


@dataclass(slots=True)
class Drawing:
    """One graph, ready to be painted into `size` with `palette` and `font`.

    shown    the stretch of time in the still picture (start, end), Unix seconds
    bucket   seconds that share one point of a curve in it, 0 for none
    nothing  what stands there while there is nothing to draw
    telling  whether the box with time and values stands beside the crosshair
    """

    title: str
    unit: Unit
    timeline: Timeline
    lines: tuple[Line, ...] = ()
    limits: tuple[Limit, ...] = ()
    gaps: tuple[Gap, ...] = ()
    size: QSize = field(default_factory=QSize)
    palette: QPalette = field(default_factory=QPalette)
    font: QFont = field(default_factory=QFont)
    shown: tuple[float, float] = (0.0, 1.0)
    bucket: float = 0.0
    telling: bool = False
    nothing: str = ""

    def figures(self) -> list[tuple[str, str]]:
        """(name, value) of each line at the crosshair, else now."""
        told: list[tuple[str, str]] = []
        for line in self.lines:
            value, top = self._value(line)
            words = self.unit.write(value)
            if not isnan(top) and top > value:
                words = tr("{mean}, at most {top}", mean=words, top=self.unit.write(top))
            told.append((line.name, words))
        return told

    def _value(self, line: Line) -> tuple[float, float]:
        """(value, maximum) at the crosshair, else now."""
        moment = self.timeline.cursor
        if moment is not None:
            return line.at(moment, self.timeline.span.hole)
        return (line.values[-1] if line.values else nan), nan

    def _highest_figure(self) -> str:
        """Which of many lines is the highest at the crosshair, else now."""
        known = [(value, line.name) for line in self.lines if not isnan(value := self._value(line)[0])]
        if not known:
            return ""
        value, name = max(known)
        return tr("highest: {name} with {value}", name=name, value=self.unit.write(value))

    def describe(self) -> str:
        """The graph in words, for who cannot see it."""
        figures = "; ".join(f"{name} {words}".strip() for name, words in self.figures()) or tr("no readings")
        moment = self.timeline.cursor
        when = tr("now") if moment is None else self._moment(moment)
        limits = "; ".join(f"{limit.name} {self.unit.write(limit.value)}" for limit in self.limits)
        return f"{when}: {figures}" + (f" ({limits})" if limits else "")

    def area(self) -> QRectF:
        """Where the curves are."""
        gutter = QFontMetrics(figure_font(caption_font(self.font))).horizontalAdvance(WIDEST) + 8
        top, bottom = 8 + 2 * ROW + 8, 8 + ROW
        return QRectF(PAD + gutter, top, self.size.width() - 2 * PAD - gutter, self.size.height() - top - bottom)

    def _x(self, moment: float, field: QRectF) -> float:
        start, end = self.shown
        return field.left() + (moment - start) / (end - start) * field.width()

    def moment_at(self, x: float) -> float:
        field = self.area()
        start, end = self.shown
        return start + (x - field.left()) / max(field.width(), 1) * (end - start)

    def paint_still(self, painter: QPainter) -> None:
        palette = self.palette
        ink = palette.color(QPalette.ColorRole.Text)
        painter.setPen(QPen(faded(ink, 0.12), 1))
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(QRect(QPoint(), self.size)).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.setFont(figure_font(caption_font(self.font)))
        field = self.area()
        if field.width() < 40 or field.height() < 24:
            return
        if len(self.lines) > LEGEND_MOST:
            self._paint_strips(painter, field, ink)
            self._paint_times(painter, field, ink)
            self._paint_gaps(painter, field, ink)
            return
        levels = self._levels()
        self._paint_levels(painter, field, levels, ink)
        self._paint_times(painter, field, ink)
        self._paint_gaps(painter, field, ink)
        painter.save()
        painter.setClipRect(field.adjusted(0, -2, 0, 2))
        start, end = self.shown
        points = max((len(line.times) for line in self.lines), default=0)
        points_seen = points * min((end - start) / max(self._reach(), 1.0), 1.0)
        self.bucket = 2 * (end - start) / field.width() if points_seen > field.width() / 1.5 else 0.0
        drawn = False
        for index in reversed(range(len(self.lines))):
            pieces = runs(self.lines[index], start, end, self.bucket, self.timeline.span.hole)
            drawn = drawn or bool(pieces)
            for piece in pieces:
                self._paint_run(painter, field, piece, levels[-1], index)
        painter.restore()
        self._paint_limits(painter, field, levels[-1], ink)
        if not drawn:
            painter.setPen(faded(ink, 0.62))
            words = self.nothing or tr("No readings yet")
            if not self.timeline.span.live:
                words = tr("Nothing recorded in this time")
            painter.drawText(field, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)

    def _reach(self) -> float:
        """Seconds from the first to the last reading."""
        return max((line.times[-1] - line.times[0] for line in self.lines if line.times), default=0.0)

    def _levels(self) -> list[float]:
        """The marks of the vertical axis; the last is its end."""
        if self.unit.top is not None:
            return [self.unit.top * part / 4 for part in (0, 2, 4)]
        start, end = self.shown
        top = max((highest(line, start, end) for line in self.lines), default=0.0)
        top = max(top, self.unit.least)
        # A limit far above what is used would press the curve flat; then the axis follows the curve.
        near = [limit.value for limit in self.limits if limit.value <= 8 * top]
        return nice_steps(max([top, *near]), self.unit.binary, 3)

    def _paint_levels(self, painter: QPainter, field: QRectF, levels: list[float], ink: QColor) -> None:
        for level in levels:
            y = round(field.bottom() - level / levels[-1] * field.height()) + 0.5
            painter.setPen(QPen(faded(ink, 0.22 if level == 0 else 0.08), 1))
            painter.drawLine(QPointF(field.left(), y), QPointF(field.right(), y))
            painter.setPen(faded(ink, 0.66))
            label = QRectF(PAD, y - ROW / 2, field.left() - PAD - 8, ROW)
            painter.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.unit.write(level))

    def _paint_times(self, painter: QPainter, field: QRectF, ink: QColor) -> None:
        start, end = self.shown
        metrics = painter.fontMetrics()
        widest = metrics.horizontalAdvance("88:88:88") + 24
        step = time_step(end - start, int(field.width() / widest))
        free = -1.0
        for tick in time_ticks(start, end, step):
            x = round(self._x(tick.timestamp(), field)) + 0.5
            painter.setPen(QPen(faded(ink, 0.08), 1))
            painter.drawLine(QPointF(x, field.top()), QPointF(x, field.bottom()))
            label = self._tick_label(tick, step)
            width = metrics.horizontalAdvance(label)
            left = min(max(x - width / 2, field.left() - 8), field.right() + 4 - width)
            if left > free:
                painter.setPen(faded(ink, 0.66))
                painter.drawText(QRectF(left, field.bottom() + 4, width + 1, ROW), Qt.AlignmentFlag.AlignLeft, label)
                free = left + width + 8

    def _tick_label(self, tick: datetime, step: int) -> str:
        locale = QLocale()
        if step >= 28 * DAY:
            return locale.toString(_qt(tick), "MMM yyyy")
        if step >= DAY or (tick.hour == tick.minute == tick.second == 0 and step >= HOUR):
            return locale.toString(_qt(tick), "d MMM")
        return tick.strftime("%H:%M:%S" if step < 60 else "%H:%M")

    def _paint_gaps(self, painter: QPainter, field: QRectF, ink: QColor) -> None:
        start, end = self.shown
        for gap in self.gaps:
            if gap.end <= start or gap.start >= end:
                continue
            left, right = (self._x(min(max(edge, start), end), field) for edge in (gap.start, gap.end))
            area = QRectF(left, field.top(), max(right - left, 1), field.height())
            painter.fillRect(area, faded(ink, 0.05))
            metrics = painter.fontMetrics()
            if metrics.horizontalAdvance(gap.name) + 8 <= area.width():
                painter.setPen(faded(ink, 0.62))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, gap.name)

    def _paint_strips(self, painter: QPainter, field: QRectF, ink: QColor) -> None:
        """Many lines: a strip each, the stronger the colour the higher the value; readable with 64, too."""
        start, end = self.shown
        columns, rows = max(int(field.width() / 2), 1), len(self.lines)
        self.bucket = (end - start) / columns
        top = self._levels()[-1]
        stride = (columns + 3) // 4 * 4  # QImage wants lines of whole 32-bit words
        cells = bytearray(stride * rows)
        for row, line in enumerate(self.lines):
            for piece in runs(line, start, end, self.bucket, self.timeline.span.hole):
                before = None
                for moment, mean in zip(piece.times, piece.means, strict=True):
                    column = min(max(int((moment - start) / self.bucket), 0), columns - 1)
                    first = column if before is None else min(before + 1, column)
                    # 0 is "nothing known"; a known zero is already a little tinted.
                    shade = 1 + int(min(mean / top, 1.0) * 254)
                    cells[row * stride + first : row * stride + column + 1] = bytes([shade]) * (column + 1 - first)
                    before = column
        image = QImage(cells, columns, rows, stride, QImage.Format.Format_Indexed8)
        color = line_color(self.palette, 0)
        shades = [faded(color, 0.05 + 0.95 * shade / 255).rgba() for shade in range(1, 256)]
        image.setColorTable([0, *shades])
        painter.drawImage(field, image)
        painter.setPen(QPen(self.palette.color(QPalette.ColorRole.Base), 1))
        height = field.height() / rows
        if height >= 4:
            for row in range(1, rows):
                y = field.top() + row * height
                painter.drawLine(QPointF(field.left(), y), QPointF(field.right(), y))
        painter.setPen(faded(ink, 0.66))
        every = max(ceil(painter.fontMetrics().height() / height), 1)
        for row in range(0, rows, every):
            area = QRectF(PAD, field.top() + (row + 0.5) * height - ROW / 2, field.left() - PAD - 8, ROW)
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(area, side, self.lines[row].name)

    def _paint_run(self, painter: QPainter, field: QRectF, run: Run, top: float, index: int) -> None:
        color = line_color(self.palette, index)
        height, bottom = field.height() / top, field.bottom()
        xs = [self._x(moment, field) for moment in run.times]
        curve = [QPointF(x, bottom - mean * height) for x, mean in zip(xs, run.means, strict=True)]
        painter.setPen(Qt.PenStyle.NoPen)
        # More bands than two lie over each other and hide the lines.
        if len(self.lines) <= 2 and any(high > mean for high, mean in zip(run.tops, run.means, strict=True)):
            above = [QPointF(x, bottom - high * height) for x, high in zip(xs, run.tops, strict=True)]
            painter.setBrush(faded(color, 0.22))
            painter.drawPolygon(QPolygonF([*above, *reversed(curve)]))
        if index == 0 or len(self.lines) <= 2:
            painter.setBrush(faded(color, 0.14 if index == 0 else 0.08))
            painter.drawPolygon(QPolygonF([QPointF(xs[0], bottom), *curve, QPointF(xs[-1], bottom)]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(color, 1.5)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        if len(curve) == 1:
            painter.setBrush(color)
            painter.drawEllipse(curve[0], 1, 1)
        else:
            painter.drawPolyline(QPolygonF(curve))

    def _paint_limits(self, painter: QPainter, field: QRectF, top: float, ink: QColor) -> None:
        for limit in self.limits:
            if limit.value > top or limit.value <= 0:
                continue
            y = round(field.bottom() - limit.value / top * field.height()) + 0.5
            pen = QPen(faded(ink, 0.6), 1)
            pen.setDashPattern([4, 4])
            painter.setPen(pen)
            painter.drawLine(QPointF(field.left(), y), QPointF(field.right(), y))
            words = f"{limit.name} {self.unit.write(limit.value)}"
            width = painter.fontMetrics().horizontalAdvance(words) + 8
            below = y - field.top() < ROW
            plate = QRectF(field.right() - width, y + 2 if below else y - ROW + 2, width, ROW - 4)
            painter.fillRect(plate, faded(self.palette.color(QPalette.ColorRole.Base), 0.8))
            painter.setPen(faded(ink, 0.66))
            painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)

    def paint_head(self, painter: QPainter, owner: str) -> None:
        ink = self.palette.color(QPalette.ColorRole.Text)
        painter.setFont(self.font)
        painter.setPen(ink)
        room = self.size.width() - 2 * PAD - 24
        title = f"{owner} · {self.title}" if owner else self.title
        title = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRect(PAD, 8, room, ROW), Qt.AlignmentFlag.AlignVCenter, title)
        painter.setFont(figure_font(caption_font(self.font)))
        metrics = painter.fontMetrics()
        x, y, end = float(PAD), 8 + ROW, self.size.width() - PAD
        figures = self.figures() if any(line.times for line in self.lines) else []
        if len(figures) > LEGEND_MOST:
            painter.setPen(faded(ink, 0.66))
            painter.drawText(QRectF(x, y, end - x, ROW), Qt.AlignmentFlag.AlignVCenter, self._highest_figure())
            return
        dot = 12 if len(figures) > 1 or any(name for name, _ in figures) else 0
        gap, blank = 12, metrics.horizontalAdvance(" ") * 1.5
        reserved = metrics.horizontalAdvance(self.unit.widest)
        natural = [(metrics.horizontalAdvance(name), metrics.horizontalAdvance(value)) for name, value in figures]
        # Room for the widest figure, so that the next name does not move with this one's digits; if there is room.
        if sum(dot + name + blank + max(value, reserved) + gap for name, value in natural) - gap > end - x:
            reserved = 0
        figures_width = sum(dot + blank + value + gap for _, value in natural) - gap
        # Too narrow even so: the names give way, the figures never.
        name_room = max(int((end - x - figures_width) / max(len(figures), 1)), 0)
        if sum(name for name, _ in natural) <= end - x - figures_width:
            name_room = 10_000
        for index, (name, value) in enumerate(figures):
            if dot:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(line_color(self.palette, index))
                painter.drawEllipse(QRectF(x, y + ROW / 2 - 4, 8, 8))
                painter.setPen(faded(ink, 0.66))
                name = metrics.elidedText(name, Qt.TextElideMode.ElideRight, name_room)
                painter.drawText(QRectF(x + dot, y, end - x, ROW), Qt.AlignmentFlag.AlignVCenter, name)
                x += dot + metrics.horizontalAdvance(name) + blank
            painter.setPen(ink)
            painter.drawText(QRectF(x, y, end - x, ROW), Qt.AlignmentFlag.AlignVCenter, value)
            x += max(natural[index][1], reserved) + gap

    def paint_cursor(self, painter: QPainter) -> None:
        moment = self.timeline.cursor
        field = self.area()
        if moment is None or not self.shown[0] <= moment <= self.shown[1] or field.width() < 40:
            return
        ink = self.palette.color(QPalette.ColorRole.Text)
        x = self._x(moment, field)
        painter.setPen(QPen(faded(ink, 0.45), 1))
        painter.drawLine(QPointF(x, field.top()), QPointF(x, field.bottom()))
        top = self._levels()[-1]
        strips = len(self.lines) > LEGEND_MOST
        for index, line in enumerate(() if strips else self.lines):
            value, _ = line.at(moment, self.timeline.span.hole)
            if not isnan(value):
                painter.setPen(QPen(self.palette.color(QPalette.ColorRole.Base), 1.5))
                painter.setBrush(line_color(self.palette, index))
                painter.drawEllipse(QPointF(x, field.bottom() - min(value / top, 1.0) * field.height()), 3.5, 3.5)
        if self.telling:
            self._paint_box(painter, field, x, moment)

    def _paint_box(self, painter: QPainter, field: QRectF, x: float, moment: float) -> None:
        """Time and values beside the crosshair. Many lines: those with the highest values."""
        figures = list(enumerate(self.figures()))
        if len(figures) > HOVER_MOST:
            hole = self.timeline.span.hole
            value = [(line.at(moment, hole)[0], i) for i, line in enumerate(self.lines)]
            busiest = {i for _, i in sorted((v, i) for v, i in value if not isnan(v))[-HOVER_MOST:]}
            figures = [pair for pair in figures if pair[0] in busiest]
        painter.setFont(figure_font(caption_font(self.font)))
        metrics = painter.fontMetrics()
        head = self._moment(moment)
        gap = next((gap.name for gap in self.gaps if gap.start <= moment <= gap.end), "")
        if gap:
            figures = []
            head = f"{head} · {gap}"
        name_width = max((metrics.horizontalAdvance(name) for _, (name, _) in figures), default=0)
        value_width = max((metrics.horizontalAdvance(words) for _, (_, words) in figures), default=0)
        row = metrics.height() + 2
        width = max(metrics.horizontalAdvance(head), (12 + name_width + 12 if name_width else 0) + value_width) + 16
        height = row * (len(figures) + 1) + 10
        left = x + 10 if x + 10 + width <= self.size.width() - 4 else x - 10 - width
        # Beside the pointer and inside the card, over the head line if there are many lines.
        top = max(min(field.top() + 2, self.size.height() - height - 4), 4)
        box = QRectF(max(left, 4), top, width, height)
        palette = self.palette
        ink = palette.color(QPalette.ColorRole.ToolTipText)
        painter.setPen(QPen(faded(ink, 0.3), 1))
        painter.setBrush(palette.color(QPalette.ColorRole.ToolTipBase))
        painter.drawRoundedRect(box, 4, 4)
        inner = box.adjusted(8, 5, -8, -5)
        painter.setPen(faded(ink, 0.75))
        painter.drawText(QRectF(inner.left(), inner.top(), inner.width(), row), Qt.AlignmentFlag.AlignVCenter, head)
        for place, (index, (name, words)) in enumerate(figures, start=1):
            line = QRectF(inner.left(), inner.top() + place * row, inner.width(), row)
            if name_width:
                if len(self.lines) <= LEGEND_MOST:
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.setBrush(line_color(palette, index))
                    painter.drawEllipse(QRectF(line.left(), line.center().y() - 4, 8, 8))
                painter.setPen(ink)
                painter.drawText(
                    line.adjusted(12 if len(self.lines) <= LEGEND_MOST else 0, 0, 0, 0),
                    Qt.AlignmentFlag.AlignVCenter,
                    name,
                )
            painter.setPen(ink)
            side = Qt.AlignmentFlag.AlignRight if name_width else Qt.AlignmentFlag.AlignLeft
            painter.drawText(line, side | Qt.AlignmentFlag.AlignVCenter, words)

    def _moment(self, moment: float) -> str:
        local = datetime.fromtimestamp(moment)
        if self.timeline.span.live:
            return local.strftime("%H:%M:%S")
        return QLocale().toString(_qt(local), "d MMM yyyy HH:mm")
