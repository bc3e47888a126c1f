"""A line for key combinations by their names; what is no key is said under it and not taken."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from vmdesk.console import keys
from vmdesk.model.errors import VirtError
from vmdesk.ui import theme
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Muted

TYPING = 600  # ms after the last key before it is looked at


class KeysLine(QWidget):
    """chosen(tuple of combinations): what the line says now, when all of it are keys."""

    chosen = Signal(tuple)

    def __init__(self, name: str, several: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._several = several
        self.setObjectName(name)
        self.line = QLineEdit(self)
        self.line.setObjectName(f"{name}-line")
        self.line.setMinimumWidth(25 * GRID)
        self.setFocusProxy(self.line)
        self._wrong = Muted("", parent=self)
        self._wrong.hide()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING)
        self._typing.timeout.connect(self._look)
        self.line.textEdited.connect(lambda _text: self._typing.start())
        self.line.editingFinished.connect(self._look)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID // 2)
        box.addWidget(self.line)
        box.addWidget(self._wrong)

    @property
    def complaint(self) -> str:
        return "" if self._wrong.isHidden() else self._wrong.text()

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        self.line.setAccessibleName(name)

    def show_keys(self, combinations: tuple[str, ...]) -> None:
        said = ", ".join(combinations)
        if not self.line.hasFocus() and self.line.text() != said:
            self.line.setText(said)
            self._complain("")

    def _look(self) -> None:
        self._typing.stop()
        words = self.line.text()
        parts = [one.strip().lower() for one in words.split(",")] if self._several else [words.strip().lower()]
        try:
            found = tuple(keys.named(keys.parse(one)) for one in parts if one)
        except VirtError as error:
            self._complain(str(error.problem))
            return
        self._complain("")
        if found or self._several:
            self.chosen.emit(found)

    def _complain(self, words: str) -> None:
        self._wrong.setText(words)
        self._wrong.setVisible(bool(words))
        palette = self._wrong.palette()
        palette.setColor(QPalette.ColorRole.PlaceholderText, theme.error_color())
        self._wrong.setPalette(palette)
