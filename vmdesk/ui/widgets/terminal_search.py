"""The bar below a terminal that looks for words in it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLineEdit, QWidget

from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.widgets.tool_button import icon_button


class SearchBar(QFrame):
    """changed: other words or another case. stepped: -1 the one before (older), 1 the next. closed: enough."""

    changed = Signal()
    stepped = Signal(int)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("terminal-search")
        self.setAccessibleName(tr("Find in the text console"))
        self.setAutoFillBackground(True)
        self.line = QLineEdit(self)
        self.line.setObjectName("terminal-search-line")
        self.line.setAccessibleName(tr("Words to find"))
        self.line.setPlaceholderText(tr("Find"))
        self.line.setClearButtonEnabled(True)
        self.line.setMaxLength(1000)
        self.line.textChanged.connect(lambda _text: self.changed.emit())
        self.case = QCheckBox(tr("Match case"), self)
        self.case.setObjectName("terminal-search-case")
        self.case.toggled.connect(lambda _on: self.changed.emit())
        self._count = PlainLabel(parent=self)
        self._count.setObjectName("terminal-search-count")
        self._count.setMinimumWidth(self._count.fontMetrics().horizontalAdvance("10000 / 10000"))
        box = QHBoxLayout(self)
        box.setContentsMargins(theme.GRID, theme.GRID // 2, theme.GRID, theme.GRID // 2)
        box.setSpacing(theme.GRID)
        box.addWidget(self.line, 1)
        box.addWidget(self._count)
        box.addWidget(icon_button("chevron-up", tr("The one before (Shift+Enter)"), lambda: self.stepped.emit(-1)))
        box.addWidget(icon_button("chevron-down", tr("The next one (Enter)"), lambda: self.stepped.emit(1)))
        box.addWidget(self.case)
        box.addWidget(icon_button("close", tr("Close (Escape)"), self.closed.emit))

    def show_count(self, place: int, count: int) -> None:
        """`place` from 1; 0 while none is chosen."""
        if not self.line.text():
            words = ""
        elif not count:
            words = tr("not found")
        else:
            words = tr("{place} of {count}", place=place, count=count)
        self._count.setText(words)
        self.line.setAccessibleDescription(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.stepped.emit(-1 if back else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
