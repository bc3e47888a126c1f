"""A text console as a page shows it: the console, words on how it stands, a bar to find words in it."""

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vmdesk.console.text import SCROLLBACK
from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.widgets.terminal_search import SearchBar
from vmdesk.ui.widgets.terminal_view import TerminalView
from vmdesk.virt.consoles import TextState, TextStatus


class TerminalPane(QWidget):
    """A text console with its search bar and, above it, the words on how it stands.

    taking  the person wants a console that another program has
    again   try to open it again
    """

    taking = Signal()
    again = Signal()

    def __init__(
        self, send: Callable[[bytes], bool], scrollback: int = SCROLLBACK, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.view = TerminalView(send, scrollback, self)
        self.search = SearchBar(self)
        self.search.hide()
        self._notice = QFrame(self)
        self._notice.setObjectName("terminal-notice")
        self._notice.setAutoFillBackground(True)
        self._notice.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self._words = PlainLabel(parent=self._notice)
        self._words.setObjectName("terminal-words")
        self._words.setWordWrap(True)
        self._button = QPushButton(self._notice)
        self._button.setObjectName("terminal-act")
        self._button.clicked.connect(self._on_button)
        row = QHBoxLayout(self._notice)
        row.setContentsMargins(theme.GRID, theme.GRID // 2, theme.GRID, theme.GRID // 2)
        row.setSpacing(theme.GRID)
        row.addWidget(self._words, 1)
        row.addWidget(self._button)
        self._notice.hide()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._notice)
        box.addWidget(self.view, 1)
        box.addWidget(self.search)
        self.setFocusProxy(self.view)
        self._state = TextState(TextStatus.OPENING)
        self._again = QTimer(self)  # what is new is looked through, but not for every picture
        self._again.setSingleShot(True)
        self._again.setInterval(300)
        self._again.timeout.connect(self._on_again)
        self.view.searching.connect(self.open_search)
        self.view.changed.connect(self._on_changed)
        self.search.changed.connect(self._on_words)
        self.search.stepped.connect(self._on_step)
        self.search.closed.connect(self.close_search)

    # -- how it stands

    def show_state(self, state: TextState) -> None:
        """Say it, and offer what helps."""
        if state.status is TextStatus.OPEN and self._state.status is not TextStatus.OPEN:
            self.view.begin_again()
        self._state = state
        words, button = self._saying(state)
        self._words.setText(words)
        self._words.setAccessibleName(words)
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self._notice.setVisible(bool(words))
        self.view.setAccessibleDescription(words or tr("Keys go to the machine. Ctrl+Tab leaves, Ctrl+Shift+F finds."))

    def _saying(self, state: TextState) -> tuple[str, str]:
        problem = state.problem
        match state.status:
            case TextStatus.OPEN:
                return "", ""
            case TextStatus.OPENING:
                return tr("The text console is being opened ..."), ""
            case TextStatus.TAKEN:
                return str(problem or tr("Another program has the text console.")), tr("Take over")
            case TextStatus.WAITING:
                what = str(problem.what) + " " if problem else ""
                return what + tr("The text console opens again by itself."), ""
        return str(problem or tr("The text console cannot be opened.")), tr("Try again")

    def _on_button(self) -> None:
        (self.taking if self._state.status is TextStatus.TAKEN else self.again).emit()
        self.view.setFocus()

    # -- finding

    def open_search(self) -> None:
        marked = self.view.selected_text
        self.search.show()
        if marked and "\n" not in marked:
            self.search.line.setText(marked)
        self.search.line.selectAll()
        self.search.line.setFocus()
        self._on_words()

    def close_search(self) -> None:
        self.search.hide()
        self.view.look_for("")
        self.view.setFocus()

    def _on_words(self) -> None:
        self.view.look_for(self.search.line.text(), self.search.case.isChecked())
        self.search.show_count(*self.view.found)

    def _on_step(self, by: int) -> None:
        self.view.step(by)
        self.search.show_count(*self.view.found)

    def _on_changed(self) -> None:
        if self.search.isVisible() and not self._again.isActive():
            self._again.start()

    def _on_again(self) -> None:
        if self.search.isVisible():
            self.view.refind(self.search.line.text(), self.search.case.isChecked())
            self.search.show_count(*self.view.found)
