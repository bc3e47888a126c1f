"""What happened on all hosts: a page of its own."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from vmdesk.model.domain import DomainKey
from vmdesk.model.text import tr
from vmdesk.ui.parts import Parts
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.activity_view import ActivityView
from vmdesk.ui.widgets.form import Heading, Muted


class ActivityPage(QWidget):
    """Every event with its time and reason, kept across restarts."""

    icon = "activity"
    key = "activity"

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = tr("Activity")
        self.setObjectName("activity-page")
        self.setAccessibleName(self.title)
        self.view = ActivityView(parts)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        layout.addWidget(Heading(self.title))
        layout.addWidget(Muted(tr("A double click goes to the machine. Ctrl+C copies the selected lines.")))
        layout.addSpacing(GRID)
        layout.addWidget(self.view, 1)

    def watched(self) -> set[DomainKey]:
        return set()
