"""What is made when it is first looked at: tabs that nobody opens cost nothing."""

from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget


class Late(QWidget):
    """`inner`: what `make()` made, None before."""

    def __init__(self, name: str, make: Callable[[], QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._make = make
        self.inner: Any = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)

    def open(self) -> Any:
        """What is in it, made if it is not there yet."""
        if self.inner is None:
            self.inner = self._make()
            self._box.addWidget(self.inner)
            self.setFocusProxy(self.inner)
        return self.inner

    def showEvent(self, event: QShowEvent) -> None:
        self.open()
        super().showEvent(event)
