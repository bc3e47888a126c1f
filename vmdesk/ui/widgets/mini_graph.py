"""A figure of one machine with its last minutes, as wide as there is room."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from vmdesk.core.columns import BY_ID, memory_whole
from vmdesk.model.domain import Domain
from vmdesk.model.host import Host
from vmdesk.model.stats import Figures
from vmdesk.ui import theme
from vmdesk.ui.delegates.canvas import Box
from vmdesk.ui.delegates.sparkline import Recent, draw_line, top_of, values_of

POINTS = 60
STEP = 2.0  # seconds: two minutes
_TEXT = Qt.TextFlag.TextSingleLine | Qt.AlignmentFlag.AlignVCenter


class MiniGraph(QWidget):
    """Title at the left, figure at the right, line below."""

    def __init__(self, column_id: str, recent: Callable[..., list[float]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = BY_ID[column_id]
        self._recent: Recent = recent
        self._domain: Domain | None = None
        self._text = ""
        self._top = 1.0
        self._values: list[float] = []
        self.setObjectName(f"mini-{column_id}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(str(self._column.about or self._column.title))

    def sizeHint(self) -> QSize:
        return QSize(20 * theme.GRID, self.fontMetrics().height() + 4 * theme.GRID)

    def show_domain(self, domain: Domain | None, host: Host | None, figures: Figures) -> None:
        """Take the newest figures."""
        self._domain = domain
        active = bool(domain and domain.active)
        self._text = self._column.text(domain, host, figures) if domain else ""
        self._values = values_of(self._recent, domain.key, self._column, POINTS, STEP) if domain and active else []
        whole = memory_whole(domain, figures) if domain else 1.0
        self._top = top_of(self._column.id, self._values, whole)
        self.setAccessibleName(f"{self._column.title} {self._text}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        palette = self.palette()
        head = self.rect().adjusted(0, 0, 0, -4 * theme.GRID + 2)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(head, _TEXT | Qt.AlignmentFlag.AlignLeft, str(self._column.title))
        painter.setFont(theme.figure_font(self.font()))
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        painter.drawText(head, _TEXT | Qt.AlignmentFlag.AlignRight, self._text)
        area = Box(0, head.bottom() + 2, self.width(), self.height() - head.bottom() - theme.GRID)
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawLine(0, area.top + area.height, area.width, area.top + area.height)
        if self._values:
            draw_line(painter, area, self._values, POINTS, self._top, palette.color(QPalette.ColorRole.Accent))
        painter.end()
