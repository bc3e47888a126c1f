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

    def show_machine(self, domain: Domain) -> None:
        self._domain = domain
        self.setAccessibleName(state_text(domain))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._domain is None:
            return
        one = self._domain
        shape = state_shape(one.state, one.responding, bool(one.busy))
        color = state_color(one.state, one.responding, bool(one.busy), self.palette())
        draw_shape(QPainter(self), QRectF(self.rect()), shape, color)
