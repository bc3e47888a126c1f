"""A graph of figures over time: thin line, light fill, the unit on the axis, limits dashed, gaps left empty.

Painted here and not by a plotting library: measured on one page of ten graphs, pyqtgraph with numpy costs 0.6 s and
84 MB when it is first opened and 97 ms of the GUI thread every second; this costs nothing to load and a tenth of that.
"""

import csv
from collections.abc import Callable, Sequence
from datetime import datetime
from io import StringIO
from math import floor, isnan
from pathlib import Path

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFileDialog, QMenu, QSizePolicy, QToolButton, QWidget

from vmdesk.model.text import tr
from vmdesk.ui.widgets.graph_drawing import COUNT, DURATION, KIB, PAD, PERCENT, RATE, ROW, Drawing, Unit
from vmdesk.ui.widgets.plot import Gap, Limit, Line
from vmdesk.ui.widgets.timeline import Timeline

__all__ = ["COUNT", "DURATION", "KIB", "PERCENT", "RATE", "Gap", "Graph", "Limit", "Line", "Unit"]

HEIGHT = 184


class Graph(QWidget):
    """One graph card. Several share a Timeline and so their zoom and crosshair.

    Mouse: drag pans, Ctrl+wheel (or the wheel once it has the focus) zooms, double click goes back to now.
    Keys: arrows move the crosshair, + and - zoom, Page Up/Down pan, Home goes back to now, Escape hides the crosshair.
    """

    failed = Signal(str)  # a file could not be written; the reason in words

    def __init__(
        self, title: str, unit: Unit, timeline: Timeline, owner: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._drawing = Drawing(title, unit, timeline)
        self._timeline, self._owner = timeline, owner
        self._still: QPixmap | None = None  # everything but the crosshair and the figures
        self._drag: tuple[float, float] | None = None
        self._hovered = False
        self._provider: Callable[[], Sequence[Line]] | None = None
        self._stale = False
        self.setObjectName(f"graph-{title}")
        self.setAccessibleName(title)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._menu: QMenu | None = None  # made when first wanted
        self._button = QToolButton(self)
        self._button.setText("⋮")
        self._button.setAutoRaise(True)
        self._button.setFixedSize(24, 24)
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.setToolTip(tr("Save this graph"))
        self._button.setAccessibleName(tr("Save the graph {name}", name=title))
        self._button.clicked.connect(
            lambda: self.menu().popup(self._button.mapToGlobal(self._button.rect().bottomLeft()))
        )
        timeline.moved.connect(self._on_moved)
        timeline.cursor_moved.connect(self._on_cursor_moved)

    # -- what it shows

    def set_lines(self, lines: Sequence[Line]) -> None:
        """New readings. Cheap when hidden: nothing is worked out before it is painted."""
        same = [line.name for line in lines] == [line.name for line in self._drawing.lines]
        self._drawing.lines = tuple(lines)
        if not same or not self._timeline.span.live or self._worth_redrawing():
            self._redraw()
        else:
            self._redraw_figures()

    def set_provider(self, provider: Callable[[], Sequence[Line]] | None) -> None:
        """Where new readings are to be had when the graph is painted; None: only what `set_lines` gave."""
        self._provider = provider
        self._stale = provider is not None

    def expire(self, everything: bool = False) -> None:
        """There are new readings, or other ones. They are fetched when the graph is next painted, if it is on the
        screen at all.
        """
        self._stale = True
        if everything or self._worth_redrawing():
            self._still = None
            self.update()
        else:
            self.update(0, 0, self.width(), 8 + 2 * ROW)
        if self.hasFocus():
            self._tell()

    def _pull(self) -> None:
        if self._stale and self._provider is not None:
            lines = tuple(self._provider())
            if [line.name for line in lines] != [line.name for line in self._drawing.lines]:
                self._still = None
            self._drawing.lines = lines
        self._stale = False

    def set_nothing(self, words: str) -> None:
        """What stands there while there is nothing to draw."""
        if words != self._drawing.nothing:
            self._drawing.nothing = words
            self._redraw()

    def set_limits(self, limits: Sequence[Limit]) -> None:
        if tuple(limits) != self._drawing.limits:
            self._drawing.limits = tuple(limits)
            self._redraw()

    def set_gaps(self, gaps: Sequence[Gap]) -> None:
        if tuple(gaps) != self._drawing.gaps:
            self._drawing.gaps = tuple(gaps)
            self._redraw()

    def figures(self) -> list[tuple[str, str]]:
        """(name, value in words) of each line at the crosshair, else now."""
        self._pull()
        return self._drawing.figures()

    @property
    def lines(self) -> tuple[Line, ...]:
        self._pull()
        return self._drawing.lines

    def csv(self) -> str:
        """What is shown as a table: local time, Unix time, one column a line (two with maxima)."""
        self._pull()
        out = StringIO()
        table = csv.writer(out, lineterminator="\n")
        head = [tr("time"), tr("Unix time")]
        for line in self._drawing.lines:
            head.append(line.name or self._drawing.title)
            if line.high:
                head.append(tr("{name} (maximum)", name=line.name or self._drawing.title))
        table.writerow(head)
        rows: dict[float, list[float | str]] = {}
        width = sum(2 if line.high else 1 for line in self._drawing.lines)
        place = 0
        for line in self._drawing.lines:
            for i, moment in enumerate(line.times):
                if self._timeline.start <= moment <= self._timeline.end:
                    row = rows.setdefault(moment, [""] * width)
                    row[place] = "" if isnan(line.values[i]) else round(line.values[i], 3)
                    if line.high:
                        row[place + 1] = "" if isnan(line.high[i]) else round(line.high[i], 3)
            place += 2 if line.high else 1
        for moment in sorted(rows):
            local = datetime.fromtimestamp(moment).astimezone().isoformat(timespec="seconds")
            table.writerow([local, f"{moment:.3f}", *rows[moment]])
        return out.getvalue()

    def picture(self, scale: float = 2.0) -> QImage:
        """The card as a picture."""
        self._prepare()
        image = QImage(self.size() * scale, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(scale)
        image.fill(self.palette().color(QPalette.ColorRole.Base))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._drawing.paint_still(painter)
        self._drawing.paint_head(painter, self._owner)
        self._drawing.paint_cursor(painter)
        painter.end()
        return image

    # -- saving

    def menu(self) -> QMenu:
        """What can be done with the graph."""
        if self._menu is not None:
            return self._menu
        menu = self._menu = QMenu(self)
        menu.addAction(tr("Save as picture (PNG)…"), lambda: self._ask_file("png"))
        menu.addAction(tr("Save as table (CSV)…"), lambda: self._ask_file("csv"))
        menu.addAction(tr("Copy picture"), lambda: QGuiApplication.clipboard().setImage(self.picture()))
        menu.addAction(tr("Copy table"), lambda: QGuiApplication.clipboard().setText(self.csv()))
        menu.addSeparator()
        menu.addAction(tr("Back to now"), self._timeline.back_to_now)
        return menu

    def _ask_file(self, kind: str) -> QFileDialog:
        dialog = QFileDialog(self, tr("Save {name}", name=self._drawing.title))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("PNG (*.png)" if kind == "png" else "CSV (*.csv)")
        dialog.setDefaultSuffix(kind)
        stamp = datetime.now().strftime("%Y-%m-%d-%H%M")
        name = "-".join(part for part in (self._owner, self._drawing.title, stamp) if part)
        dialog.selectFile("".join(c if c.isalnum() or c in "-_." else "-" for c in name) + f".{kind}")
        dialog.fileSelected.connect(self.save)
        dialog.open()
        return dialog

    def save(self, file: str) -> None:
        """Write the picture or, if `file` ends in .csv, the table."""
        try:
            if file.endswith(".csv"):
                Path(file).write_text(self.csv(), encoding="utf-8")
            elif not self.picture().save(file):
                raise OSError(tr("The picture could not be written."))
        except OSError as error:
            self.failed.emit(tr("{file} could not be saved: {why}", file=file, why=error.strerror or str(error)))

    # -- geometry

    def sizeHint(self) -> QSize:
        return QSize(400, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(280, HEIGHT)

    # -- painting

    def _worth_redrawing(self) -> bool:
        """In a wide view a second is less than a pixel: wait until the next bucket begins."""
        start, end = self._drawing.shown
        bucket = self._drawing.bucket
        if not self._still or not self._timeline.following or bucket <= 1.0:
            return True
        if abs(end - start - self._timeline.width) > 0.001:
            return True
        return floor(self._timeline.end / bucket) != floor(end / bucket)

    def _prepare(self) -> None:
        self._pull()
        self._drawing.size, self._drawing.palette, self._drawing.font = self.size(), self.palette(), self.font()
        self._drawing.telling = self._hovered or self.hasFocus()

    def _redraw(self) -> None:
        self._still = None
        self.update()
        self._tell()

    def _redraw_figures(self) -> None:
        self.update(0, 0, self.width(), 8 + 2 * ROW)
        self._tell()

    def _tell(self) -> None:
        if QAccessible.isActive() and self.isVisible():
            self._pull()
            self.setAccessibleDescription(self._drawing.describe())

    def paintEvent(self, event: QPaintEvent) -> None:
        self._prepare()
        if self._still is None or self._still.deviceIndependentSize().toSize() != self.size():
            ratio = self.devicePixelRatioF()
            self._still = QPixmap(self.size() * ratio)
            self._still.setDevicePixelRatio(ratio)
            self._still.fill(Qt.GlobalColor.transparent)
            self._drawing.shown = (self._timeline.start, self._timeline.end)
            still = QPainter(self._still)
            still.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._drawing.paint_still(still)
            still.end()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, self._still)
        self._drawing.paint_head(painter, "")
        self._drawing.paint_cursor(painter)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 7, 7)

    # -- what the person does

    def _on_moved(self) -> None:
        if self._worth_redrawing():
            self._redraw()

    def _on_cursor_moved(self) -> None:
        self.update()
        self._tell()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._button.move(self.width() - PAD - 20, 6)
        self._still = None
        super().resizeEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._tell()
        super().focusInEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._redraw()
        super().changeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._drag = (event.position().x(), self._timeline.end)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        self._hovered = True
        if self._drag:
            from_x, from_end = self._drag
            seconds = (from_x - x) / max(self._drawing.area().width(), 1) * self._timeline.width
            if abs(from_x - x) > 3:
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
                self._timeline.pan(from_end + seconds - self._timeline.end)
            return
        field = self._drawing.area()
        self._timeline.point(self._drawing.moment_at(x) if field.left() <= x <= field.right() + 1 else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._timeline.back_to_now()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = False
        if not self.hasFocus():
            self._timeline.point(None)
        self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu().popup(event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        if turn.x() and abs(turn.x()) > abs(turn.y()):
            self._timeline.pan(-turn.x() / 120 * self._timeline.width / 10)
        elif self.hasFocus() or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._timeline.zoom(0.8 ** (turn.y() / 120), self._drawing.moment_at(event.position().x()))
        else:
            event.ignore()  # the page scrolls
            return
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        time = self._timeline
        far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                self._step(far if event.key() == Qt.Key.Key_Right else -far)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                time.zoom(0.8)
            case Qt.Key.Key_Minus:
                time.zoom(1.25)
            case Qt.Key.Key_PageUp:
                time.pan(-time.width / 2)
            case Qt.Key.Key_PageDown:
                time.pan(time.width / 2)
            case Qt.Key.Key_Home:
                time.back_to_now()
            case Qt.Key.Key_Escape if time.cursor is not None:
                time.point(None)
            case _:
                super().keyPressEvent(event)

    def _step(self, count: int) -> None:
        """Move the crosshair by that many readings, at least by a pixel each."""
        times = max((line.times for line in self._drawing.lines), key=len, default=())
        usual = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 1.0
        step = max(usual, self._timeline.width / max(self._drawing.area().width(), 1))
        here = self._timeline.cursor if self._timeline.cursor is not None else self._timeline.end
        self._timeline.point(here + count * step)
