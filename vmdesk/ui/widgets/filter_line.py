"""The filter line: every keystroke filters; a filter that makes no sense is marked where, and says why."""

from PySide6.QtCore import QPoint, QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMoveEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QToolButton, QWidget

from vmdesk.core.filter import FIELDS, FilterError, parse
from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.widgets.glyph import Glyph

PATIENCE = 450  # ms: who is still typing `state:` is not told that a value is missing


class _Complaint(QFrame):
    """What is wrong, in a small frame below the line; part of the window, not a window of its own."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("filter-complaint")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self._text = PlainLabel(parent=self)
        self._text.setWordWrap(True)
        self._text.setObjectName("filter-complaint-text")
        sign = Glyph("alert-circle", color=theme.error_color, parent=self)
        box = QHBoxLayout(self)
        box.setContentsMargins(theme.GRID, theme.GRID // 2, theme.GRID, theme.GRID // 2)
        box.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        box.addWidget(self._text, 1)
        self.hide()

    def say(self, message: str) -> None:
        self._text.setText(message)
        self._text.setAccessibleName(message)


class FilterLine(QLineEdit):
    """Emits `changed(Filter | None)` for each text that makes sense; the table keeps the last one that did.

    left: the person pressed Down or Enter: on to the table
    """

    changed = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._error: FilterError | None = None
        self._complaint: _Complaint | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE)
        self._patience.timeout.connect(self._complain)
        self.setObjectName("filter")
        self.setAccessibleName(tr("Filter machines"))
        self.setPlaceholderText(tr("Filter:  web state:running cpu>50"))
        self.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self._name_buttons(tr("Filter machines"))
        fields = "\n".join(f"{name}:  {meaning}" for name, meaning in FIELDS.items())
        self.setToolTip(tr("Words are looked for in name, title, tags and description.\nFields:") + "\n" + fields)
        self.textChanged.connect(self._on_text)

    @property
    def error(self) -> FilterError | None:
        return self._error

    def _on_text(self, text: str) -> None:
        self._patience.stop()
        if not self.isClearButtonEnabled():
            self.setClearButtonEnabled(True)  # looks through the desktop's icons: not before the first picture
            self._name_buttons(tr("Clear the filter"))
        try:
            condition = parse(text)
        except FilterError as error:
            self._error = error
            self._patience.start()
        else:
            self._error = None
            self.changed.emit(None if condition.empty else condition)
        if self._error is None or (self._complaint and self._complaint.isVisible()):
            self._complain()
        self.setAccessibleDescription(self._message())
        self.update()

    def _name_buttons(self, name: str) -> None:
        """Qt gives the buttons in a line no name that could be read out; those without one get this."""
        for button in self.findChildren(QToolButton):
            if not button.accessibleName():
                button.setAccessibleName(name)
                button.setToolTip(name)

    def _message(self) -> str:
        if self._error is None:
            return ""
        return tr("At character {n}: {why}", n=self._error.position + 1, why=str(self._error.message))

    def _complain(self) -> None:
        """Show, change or take away the frame."""
        if self._error is None:
            if self._complaint:
                self._complaint.hide()
            return
        if self._complaint is None:
            self._complaint = _Complaint(self.window())
        self._complaint.say(self._message())
        self._place()
        self._complaint.show()
        self._complaint.raise_()

    def complain_now(self) -> None:
        """Without waiting (tests, tour)."""
        self._patience.stop()
        self._complain()

    def _place(self) -> None:
        if self._complaint is None:
            return
        window = self.window()
        self._complaint.setFixedWidth(max(self.width(), 36 * theme.GRID))
        self._complaint.adjustSize()
        corner = self.mapTo(window, QPoint(self.width() - self._complaint.width(), self.height() + theme.GRID // 2))
        self._complaint.move(max(corner.x(), 0), corner.y())

    def sizeHint(self) -> QSize:
        return QSize(40 * theme.GRID, super().sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._error is None:
            return
        # A wave below what is wrong, from there to the end of that part.
        text, start = self.text(), min(self._error.position, max(len(self.text()) - 1, 0))
        end = next((place for place in range(start + 1, len(text)) if text[place] == " "), len(text))
        metrics = self.fontMetrics()
        zero = self.cursorRect().center().x() - metrics.horizontalAdvance(text[: self.cursorPosition()])
        left = zero + metrics.horizontalAdvance(text[:start])
        right = max(zero + metrics.horizontalAdvance(text[:end]), left + theme.GRID)
        bottom = self.cursorRect().bottom() - 1.0
        steps = range(int(left), int(right) + 1, 2)
        wave = QPolygonF([QPointF(x, bottom + (0.0 if place % 2 else 2.0)) for place, x in enumerate(steps)])
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.error_color(self.palette()), 1.2))
        painter.drawPolyline(wave)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            self.complain_now()
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.complain_now()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()
