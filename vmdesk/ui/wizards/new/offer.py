"""A wizard that was left half-way is offered again."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from vmdesk.core.creating import kept
from vmdesk.model.text import tr
from vmdesk.ui.models.snapshots import when
from vmdesk.ui.theme import GRID
from vmdesk.ui.wizards.new.fields import Note


class Offer(QWidget):
    """wanted(values): go on with it; refused: it is not wanted any more."""

    wanted = Signal(object)
    refused = Signal()

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self.values = values
        self.setObjectName("offer")
        self._words = Note()
        self.go_on = QPushButton(tr("&Go on where you stopped"))
        self.go_on.setObjectName("offer-go-on")
        self.go_on.setAccessibleName(tr("Go on where you stopped"))
        self.fresh = QPushButton(tr("Start f&resh"))
        self.fresh.setObjectName("offer-fresh")
        self.fresh.setAccessibleName(tr("Start fresh"))
        self.fresh.setToolTip(tr("What was filled in then is forgotten."))
        row = QHBoxLayout(self)
        row.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID)
        row.setSpacing(GRID)
        row.addWidget(self._words, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.go_on)
        row.addWidget(self.fresh)
        self.go_on.clicked.connect(self._on_wanted)
        self.fresh.clicked.connect(self._on_refused)
        if values:
            self._words.say(_words(values))
        self.hide()

    def show_on(self, on: bool) -> None:
        self.setVisible(on and bool(self.values))

    def take_back(self) -> None:
        """It is not offered any more."""
        self.values = {}
        self.hide()

    def _on_wanted(self) -> None:
        values = self.values
        self.take_back()
        self.wanted.emit(values)

    def _on_refused(self) -> None:
        self.take_back()
        self.refused.emit()


def _words(values: dict[str, Any]) -> str:
    at = values.get("at")
    moment = when(at) if isinstance(at, int | float) and 0 < at < 1 << 33 else ""
    name = kept.called(values)
    if name and moment:
        return tr("Left half-way: {name}, {moment}", name=name, moment=moment)
    return tr("A new machine was left half-way: {moment}", moment=name or moment or "?")
