"""Where one is on the way through a wizard, and the way back to any page that was seen."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from vmdesk.model.text import tr
from vmdesk.ui.theme import GRID, muted
from vmdesk.ui.widgets.glyph import Glyph

_CIRCLE = 20


class Step(QToolButton):
    """A number in a circle, and what the page is about."""

    def __init__(self, number: int, title: str) -> None:
        super().__init__()
        self._number = number
        self.setText(title)
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Step {n}: {title}", n=number, title=title))

    def sizeHint(self) -> QSize:
        font = self.font()
        font.setBold(True)
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) * 11 // 10 + _CIRCLE + 3 * GRID, 4 * GRID)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, on = self.palette(), self.isChecked()
        accent = palette.color(QPalette.ColorRole.Highlight)
        quiet = muted(palette)
        circle = QRectF(GRID // 2, (self.height() - _CIRCLE) / 2, _CIRCLE, _CIRCLE)
        painter.setPen(accent if on else quiet)
        painter.setBrush(accent if on else QColor(0, 0, 0, 0))
        painter.drawEllipse(circle.adjusted(0.5, 0.5, -0.5, -0.5))
        font = self.font()
        font.setBold(on)
        painter.setFont(font)
        painter.setPen(palette.color(QPalette.ColorRole.HighlightedText) if on else quiet)
        painter.drawText(circle, Qt.AlignmentFlag.AlignCenter, str(self._number))
        group = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
        ink = palette.color(group, QPalette.ColorRole.WindowText) if on or self.underMouse() else quiet
        painter.setPen(ink)
        words = self.rect().adjusted(_CIRCLE + 3 * GRID // 2, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        if self.hasFocus():
            painter.setPen(palette.color(QPalette.ColorRole.Accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.end()


class Steps(QWidget):
    """chosen(place)."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("steps")
        self.setAccessibleName(tr("Steps"))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GRID // 2)
        self._titles: list[str] = []
        self.steps: list[Step] = []

    def show_steps(self, titles: list[str], at: int, reachable: int) -> None:
        """at: -1 for a page beside the way."""
        if titles != self._titles:
            self._titles = titles
            self._build()
        for place, step in enumerate(self.steps):
            step.setChecked(place == at)
            step.setEnabled(place <= reachable)

    def _build(self) -> None:
        while item := self._row.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        self.steps = []
        for place, title in enumerate(self._titles):
            if place:
                self._row.addWidget(Glyph("chevron-right", 16, muted))
            step = Step(place + 1, title)
            step.setObjectName(f"step-{place + 1}")
            step.clicked.connect(lambda _on=False, place=place: self.chosen.emit(place))
            self.steps.append(step)
            self._row.addWidget(step)
        self._row.addStretch(1)
