"""A machine's state as a shape in its colour."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from vmdesk.core.words import state_text
from vmdesk.model.domain import Domain
from vmdesk.ui.theme import draw_shape, state_color, state_shape


class StateBadge(QWidget):
    """The shape alone; its accessible name is the word."""

    def __init__(self, size: int = 24, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(QSize(size, size))
        self._domain: Domain | None = None
        self._working = False

    def show_machine(self, domain: Domain, working: bool = False) -> None:
        """`working`: a job is at it."""
        if (domain, working) == (self._domain, self._working):
            return
        self._domain, self._working = domain, working
        self.setAccessibleName(state_text(domain))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._domain is None:
            return
        one = self._domain
        working = self._working or bool(one.busy)
        shape = state_shape(one.state, one.responding, working)
        color = state_color(one.state, one.responding, working, self.palette())
        draw_shape(QPainter(self), QRectF(self.rect()), shape, color)
