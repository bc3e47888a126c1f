"""Pages as tabs, and as windows of their own when the person wants them so."""

from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QTabBar, QTabWidget, QToolButton, QVBoxLayout, QWidget

from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.widgets.scroll_bar import thin_all


class PageWindow(QWidget):
    """One page in a window of its own. Closing it closes the page; a button puts it back."""

    returned = Signal(object)
    closed = Signal(object)
    changed = Signal()

    def __init__(self, page: Any, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.page = page
        self.leaving = False  # close without asking
        self.setObjectName("page-window")
        self.setWindowTitle(f"VMDesk – {page.title}")
        self.setWindowIcon(parent.windowIcon())
        back = QToolButton(self)
        back.setObjectName("put-back")
        back.setText(tr("Back to the main window"))
        back.setIcon(icon("dock-left"))
        back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        back.setAutoRaise(True)
        back.clicked.connect(lambda: self.returned.emit(self))
        row = QHBoxLayout()
        row.setContentsMargins(theme.GRID, theme.GRID // 2, theme.GRID, theme.GRID // 2)
        row.addWidget(PlainLabel(str(page.title), self))
        row.addStretch(1)
        row.addWidget(back)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(row)
        box.addWidget(page, 1)
        page.show()
        self.resize(QSize(112 * theme.GRID, 88 * theme.GRID))

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.leaving and _keeps_open(self.page, self._leave):
            event.ignore()
            return
        super().closeEvent(event)
        self.closed.emit(self)

    def _leave(self) -> None:
        self.leaving = True
        self.close()


class Tabs(QTabWidget):
    """The first tab is the home page and stays. `changed`: other pages are seen; `dropped(page)`: a page was closed."""

    changed = Signal()
    dropped = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.windows: list[PageWindow] = []
        self.setObjectName("tabs")
        self.setAccessibleName(tr("Pages"))
        self.setDocumentMode(True)
        self.setMovable(True)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.setIconSize(QSize(16, 16))
        bar = self.tabBar()
        bar.setObjectName("tab-bar")
        bar.setExpanding(False)
        bar.setDrawBase(True)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        bar.customContextMenuRequested.connect(self._on_menu)
        self.currentChanged.connect(lambda _place: self.changed.emit())

    def pages(self) -> Iterator[Any]:
        """Every open page, in tabs first."""
        for place in range(self.count()):
            yield self.widget(place)
        for window in self.windows:
            yield window.page

    def seen(self) -> Iterator[Any]:
        """The pages on the screen now."""
        if self.window().isVisible() and not self.window().isMinimized():
            yield self.currentWidget()
        for window in self.windows:
            if window.isVisible() and not window.isMinimized():
                yield window.page

    def page_of(self, key: str) -> Any | None:
        return next((page for page in self.pages() if page.key == key), None)

    def add_page(self, page: Any, raised: bool = True) -> None:
        thin_all(page)
        place = self.addTab(page, icon(page.icon), _tab_text(page.title))
        if not self._is_home(page):
            self.tabBar().setTabButton(place, QTabBar.ButtonPosition.RightSide, self._close_button(page))
        if hasattr(page, "title_changed"):
            page.title_changed.connect(lambda title, page=page: self._on_title(page, title))
        if hasattr(page, "looked_elsewhere") and not self._is_home(page):
            page.looked_elsewhere.connect(self.changed)
        if raised:
            self.setCurrentWidget(page)

    def _close_button(self, page: Any) -> QToolButton:
        """The style's own is a red box in some styles."""
        button = QToolButton(self.tabBar())
        button.setIcon(icon("close"))
        button.setIconSize(QSize(14, 14))
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(tr("Close the tab"))
        button.setAccessibleName(tr("Close {page}", page=page.title))
        button.clicked.connect(lambda: self.close_page(page))
        return button

    def raise_page(self, page: Any) -> None:
        for window in self.windows:
            if window.page is page:
                window.raise_()
                window.activateWindow()
                return
        self.setCurrentWidget(page)

    def close_page(self, page: Any) -> None:
        """Close a page wherever it is; the home page stays."""
        for window in self.windows:
            if window.page is page:
                window.close()
                return
        self.close_at(self.indexOf(page))

    def close_at(self, place: int) -> None:
        page = self.widget(place)
        if page is None or self._is_home(page) or _keeps_open(page, lambda: self._leave(page)):
            return
        self._leave(page)

    def _leave(self, page: Any) -> None:
        place = self.indexOf(page)
        if place >= 0:
            self.removeTab(place)
            self._drop(page)

    def detach(self, page: Any) -> None:
        """Move a tab to its own window."""
        place = self.indexOf(page)
        if place < 0 or self._is_home(page):
            return
        self.removeTab(place)
        window = PageWindow(page, self.window())
        window.returned.connect(self._on_returned)
        window.closed.connect(self._on_closed)
        self.windows.append(window)
        window.show()
        self.changed.emit()

    def close_windows(self) -> None:
        """Without asking: the program ends."""
        for window in tuple(self.windows):
            window.leaving = True
            window.close()

    def _close_all(self, pages: list[Any]) -> None:
        for page in pages:
            self.close_page(page)

    def _is_home(self, page: Any) -> bool:
        return bool(page.key == "machines")

    def _drop(self, page: Any) -> None:
        page.hide()
        page.setParent(None)
        page.deleteLater()
        self.dropped.emit(page)
        self.changed.emit()

    def _on_returned(self, window: PageWindow) -> None:
        self.windows.remove(window)
        self.add_page(window.page)
        window.hide()
        window.deleteLater()
        self.changed.emit()

    def _on_closed(self, window: PageWindow) -> None:
        if window in self.windows:
            self.windows.remove(window)
            self._drop(window.page)
            window.deleteLater()

    def _on_title(self, page: Any, title: str) -> None:
        place = self.indexOf(page)
        if place >= 0:
            self.setTabText(place, _tab_text(title))
        self.changed.emit()

    def _on_menu(self, point: QPoint) -> None:
        page: Any = self.widget(self.tabBar().tabAt(point))
        if page is None or self._is_home(page):
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("detach"), tr("Move to its own window"), lambda: self.detach(page))
        menu.addAction(icon("close"), tr("Close the tab"), lambda: self.close_page(page))
        others = [one for one in self.pages() if one is not page and not self._is_home(one)]
        close_others = menu.addAction(tr("Close the other tabs"))
        close_others.triggered.connect(lambda: self._close_all(others))
        close_others.setEnabled(bool(others))
        menu.popup(self.tabBar().mapToGlobal(point))


def _keeps_open(page: Any, close: Callable[[], None]) -> bool:
    """Whether a page asks something before it is closed; it calls `close` then."""
    return hasattr(page, "keeps_open") and bool(page.keeps_open(close))


def _tab_text(title: str) -> str:
    """An & in a machine's name is no shortcut."""
    return title.replace("&", "&&")
