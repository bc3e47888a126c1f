"""A line to type in. However the words come in, by keys, by an input method or by a screen reader, it is told."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit


class Line(QLineEdit):
    """typed(words): by the person; Qt's own textEdited leaves out what assistive programs write."""

    typed = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._ours = False
        self.setObjectName(name)
        self.textChanged.connect(self._on_changed)

    def show_text(self, words: str) -> None:
        """By us: nobody is told."""
        if self.text() != words:
            self._ours = True
            self.setText(words)
            self._ours = False

    def _on_changed(self, words: str) -> None:
        if not self._ours:
            self.typed.emit(words)
