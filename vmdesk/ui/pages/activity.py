"""What happened on all hosts: a page of its own."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from vmdesk.model.domain import DomainKey
from vmdesk.model.text import tr
from vmdesk.ui.parts import Parts
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.activity_view import ActivityView
from vmdesk.ui.widgets.form import Heading, Muted
from vmdesk.ui.widgets.inner_tabs import InnerTabs
from vmdesk.ui.widgets.trace import TracePane


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
        self.trace = TracePane(parts.trace, parts.shell)
        self.tabs = InnerTabs("activity-tabs")
        happened = tr("A double click goes to the machine. Ctrl+C copies the selected lines.")
        self.tabs.addTab(_tab(happened, self.view), tr("What happened"))
        did = tr("What you did since VMDesk was started, for students to read and for admins to paste.")
        self.tabs.addTab(_tab(did, self.trace), tr("What did this do"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        layout.addWidget(Heading(self.title))
        layout.addWidget(self.tabs, 1)

    def watched(self) -> set[DomainKey]:
        return set()

    def show_trace(self) -> None:
        """What VMDesk told libvirt, of all machines."""
        self.tabs.setCurrentIndex(1)


def _tab(about: str, view: QWidget) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, GRID, 0, 0)
    layout.setSpacing(GRID)
    layout.addWidget(Muted(about))
    layout.addWidget(view, 1)
    return page
