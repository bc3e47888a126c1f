"""The wizard's frame: the steps and the host above, the buttons and why one cannot go on below."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from vmdesk.model.text import tr
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.primary import PrimaryButton
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.wizards.new.fields import Note, combo
from vmdesk.ui.wizards.new.steps import Steps

WIDTH = 100 * GRID  # a form wider than that is hard to read


class Head(QWidget):
    """Above the pages."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = Steps()
        self.host = combo("host", 20)
        self.host.setAccessibleName(tr("Host"))
        row = QHBoxLayout(self)
        row.setContentsMargins(5 * GRID // 2, 3 * GRID // 2, 3 * GRID, GRID)
        row.setSpacing(GRID)
        row.addWidget(self.steps, 1)
        row.addWidget(self.host)


class Foot(QFrame):
    """Below them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.problem = Note()
        self.problem.setObjectName("problem")
        self._why_not = Muted()
        self._why_not.setObjectName("why-not")
        self._narrow = False
        self.details = _button("details", tr("&Details…"), tr("All choices"))
        self.shown = _button("show", tr("Sho&w XML"), tr("Show XML and command"))
        self.shown.setToolTip(tr("The definition as it is so far, and the command that does the same"))
        self.back = _button("back", tr("Bac&k"), tr("Back"))
        self.next = PrimaryButton()
        self.next.setObjectName("next")
        self.next.setMinimumWidth(14 * GRID)
        self._row = row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.details)
        row.addWidget(self.shown)
        row.addWidget(self._why_not, 1)
        row.addWidget(self.back)
        row.addWidget(self.next)
        self._lines = lines = QVBoxLayout(self)
        lines.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID * 3 // 2)
        lines.setSpacing(GRID)
        lines.addWidget(self.problem)
        lines.addLayout(row)

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        """From left to right."""
        return self.details, self.shown, self.back, self.next

    @property
    def why_not(self) -> Muted:
        return self._why_not

    def say_why_not(self, why: str) -> None:
        """Why one cannot go on; "" one can."""
        self._why_not.setText(why)
        self._why_not.setVisible(bool(why) or not self._narrow)
        self.next.setEnabled(not why)
        self.next.setAccessibleDescription(why)

    def call_next(self, words: str) -> None:
        self.next.setText(words)
        self.next.setAccessibleName(words.replace("&", ""))

    def fold(self, narrow: bool) -> None:
        """narrow: between the buttons there is no room for a sentence, it stands above them."""
        if narrow == self._narrow:
            return
        self._narrow = narrow
        (self._row if narrow else self._lines).removeWidget(self._why_not)
        if narrow:
            self._row.insertStretch(2, 1)
            self._lines.insertWidget(1, self._why_not)
        else:
            self._row.takeAt(2)
            self._row.insertWidget(2, self._why_not, 1)


def line() -> QFrame:
    """Between the pages and the buttons."""
    found = QFrame()
    found.setFrameShape(QFrame.Shape.HLine)
    found.setForegroundRole(QPalette.ColorRole.Mid)
    found.setFixedHeight(1)
    return found


def area(page: QWidget) -> QScrollArea:
    """The page at the left, not wider than it can be read."""
    holder = QWidget()
    page.setMaximumWidth(WIDTH)
    row = QHBoxLayout(holder)
    row.setContentsMargins(3 * GRID, GRID, 3 * GRID, 2 * GRID)
    row.addWidget(page, 1)
    row.addStretch(0)
    found = QScrollArea()
    found.setWidgetResizable(True)
    found.setFrameShape(QFrame.Shape.NoFrame)
    found.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    found.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    found.setWidget(holder)
    thin(found, QPalette.ColorRole.Window)
    return found


def _button(name: str, words: str, tells: str) -> QPushButton:
    button = QPushButton(words)
    button.setObjectName(name)
    button.setAccessibleName(tells)
    button.setMinimumWidth(12 * GRID)
    return button
