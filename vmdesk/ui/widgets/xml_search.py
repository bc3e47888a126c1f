"""The bars of the XML editor: find and replace, go to a line."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QIntValidator, QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.tool_button import icon_button


class _Keys(QObject):
    """Enter, Shift+Enter and Escape in a line."""

    entered = Signal(bool)  # with Shift
    left = Signal()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.entered.emit(bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.left.emit()
                return True
            if event.key() == Qt.Key.Key_F3:
                self.entered.emit(bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
                return True
        return super().eventFilter(watched, event)


class FindBar(QFrame):
    """changed: other words. stepped(±1). replaced(all): with `instead`. closed: enough."""

    changed = Signal()
    stepped = Signal(int)
    replaced = Signal(bool)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("xml-find")
        self.setAccessibleName(tr("Find in the XML"))
        self.setAutoFillBackground(True)
        keys = _Keys(self)
        keys.entered.connect(lambda back: self.stepped.emit(-1 if back else 1))
        keys.left.connect(self.closed)
        self.line = self._field("xml-find-line", tr("Find"), keys)
        self.line.textChanged.connect(lambda _words: self.changed.emit())
        instead_keys = _Keys(self)
        instead_keys.entered.connect(lambda _back: self.replaced.emit(False))
        instead_keys.left.connect(self.closed)
        self.instead = self._field("xml-replace-line", tr("Replace with"), instead_keys)
        self.case = CheckBox(tr("Match case"), self)
        self.case.setObjectName("xml-find-case")
        self.case.toggled.connect(lambda _on: self.changed.emit())
        self._count = PlainLabel(parent=self)
        self._count.setObjectName("xml-find-count")
        self._count.setMinimumWidth(self._count.fontMetrics().horizontalAdvance("1000 / 1000 "))
        self._one = QPushButton(tr("Replace"), self)
        self._one.clicked.connect(lambda: self.replaced.emit(False))
        self._all = QPushButton(tr("Replace all"), self)
        self._all.clicked.connect(lambda: self.replaced.emit(True))
        steps = QHBoxLayout()
        steps.setSpacing(theme.GRID // 2)
        steps.addWidget(self._count)
        steps.addWidget(icon_button("chevron-up", tr("The one before (Shift+F3)"), lambda: self.stepped.emit(-1)))
        steps.addWidget(icon_button("chevron-down", tr("The next one (F3)"), lambda: self.stepped.emit(1)))
        steps.addWidget(self.case)
        replacing = QHBoxLayout()
        replacing.setSpacing(theme.GRID)
        replacing.addWidget(self._one)
        replacing.addWidget(self._all)
        replacing.addStretch(1)
        box = QGridLayout(self)
        box.setContentsMargins(theme.GRID, theme.GRID // 2, theme.GRID, theme.GRID // 2)
        box.setHorizontalSpacing(theme.GRID)
        box.setVerticalSpacing(theme.GRID // 2)
        box.addWidget(self.line, 0, 0)
        box.addLayout(steps, 0, 1)
        box.addWidget(icon_button("close", tr("Close (Escape)"), self.closed.emit), 0, 2)
        box.addWidget(self.instead, 1, 0)
        box.addLayout(replacing, 1, 1)
        box.setColumnStretch(0, 1)
        self.show_replacing(False)

    def show_replacing(self, on: bool) -> None:
        """With or without its second row."""
        for widget in (self.instead, self._one, self._all):
            widget.setVisible(on)

    def show_count(self, place: int, count: int) -> None:
        """`place` from 1; 0 while none is chosen."""
        words = ""
        if self.line.text():
            words = tr("{place} of {count}", place=place, count=count) if count else tr("not found")
        self._count.setText(words)
        self.line.setAccessibleDescription(words)
        self._one.setEnabled(bool(count))
        self._all.setEnabled(bool(count))

    def _field(self, name: str, words: str, keys: QObject) -> QLineEdit:
        line = QLineEdit(self)
        line.setObjectName(name)
        line.setPlaceholderText(words)
        line.setAccessibleName(words)
        line.setClearButtonEnabled(True)
        line.setMaxLength(1000)
        line.installEventFilter(keys)
        return line


class LineBar(QFrame):
    """chosen(line): from 1. closed: enough."""

    chosen = Signal(int)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("xml-go")
        self.setAccessibleName(tr("Go to a line"))
        self.setAutoFillBackground(True)
        self.line = QLineEdit(self)
        self.line.setObjectName("xml-go-line")
        self.line.setAccessibleName(tr("Line"))
        self.line.setFixedWidth(12 * theme.GRID)
        self._check = QIntValidator(1, 1, self)
        self.line.setValidator(self._check)
        keys = _Keys(self)
        keys.entered.connect(lambda _back: self._on_entered())
        keys.left.connect(self.closed)
        self.line.installEventFilter(keys)
        self._most = PlainLabel(parent=self)
        label = PlainLabel(tr("Go to line:"), self)
        label.setBuddy(self.line)
        box = QHBoxLayout(self)
        box.setContentsMargins(theme.GRID, theme.GRID // 2, theme.GRID, theme.GRID // 2)
        box.setSpacing(theme.GRID)
        for widget in (label, self.line, self._most):
            box.addWidget(widget)
        box.addStretch(1)

    def open(self, line: int, most: int) -> None:
        self._check.setTop(most)
        self._most.setText(tr("of {count}", count=most))
        self.line.setText(str(line))
        self.line.selectAll()
        self.show()
        self.line.setFocus()

    def _on_entered(self) -> None:
        if self.line.text().isdigit():
            self.chosen.emit(int(self.line.text()))
        self.closed.emit()
