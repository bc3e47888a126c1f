"""Tabs within a page."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QTabBar, QTabWidget, QWidget

from vmdesk.model.text import tr
from vmdesk.ui.theme import GRID


class _Bar(QTabBar):
    """As high as its letters want it: the style cuts off what hangs below the line."""

    def tabSizeHint(self, index: int) -> QSize:
        size = super().tabSizeHint(index)
        return QSize(size.width(), max(size.height(), self.fontMetrics().height() + 2 * GRID))


class InnerTabs(QTabWidget):
    """In document mode, named for tests and screen readers."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabBar(_Bar(self))
        self.setDocumentMode(True)
        self.setObjectName(name)
        self.setAccessibleName(tr("Pages"))

    def tabInserted(self, index: int) -> None:
        """What is in a tab is called as the tab, if it has no name of its own."""
        super().tabInserted(index)
        page = self.widget(index)
        if page is not None and not page.accessibleName():
            page.setAccessibleName(self.tabText(index))
