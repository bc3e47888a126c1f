"""Where a console is: in its tab, in a window of its own, or over the whole screen. Made when it is first looked at."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vmdesk.model.text import tr
from vmdesk.ui.console.card import Card, Words
from vmdesk.ui.console.window import ConsoleWindow
from vmdesk.ui.icons import icon


class ConsolePlace(QWidget):
    """`make()` builds the console (pages/machine_console.py); `title()` is the machine's name now."""

    def __init__(self, make: Callable[[], Any], title: Callable[[], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make, self._title = make, title
        self.console: Any = None
        self.window_: ConsoleWindow | None = None
        self._from_tab = False  # the full screen was wanted in the tab: back to it afterwards
        self.setObjectName("console-place")
        self._card = Card(self)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self.destroyed.connect(_Closer(self).close)

    def open(self) -> Any:
        """The console, made if it is not there yet."""
        if self.console is None:
            self.console = self._make()
            self.console.window_wanted.connect(self._on_window)
            self.console.full_wanted.connect(self._on_full)
            self._box.addWidget(self.console)
        return self.console

    def show_title(self) -> None:
        """The machine may have another name now."""
        if self.window_ is not None:
            self.window_.show_title(self._title())

    # ---------------------------------------------------------------- out and back

    def _on_window(self) -> None:
        if self.window_ is None:
            self._move_out()
        else:
            self._move_back()

    def _on_full(self) -> None:
        if self.window_ is not None and self.window_.isFullScreen():
            if self._from_tab:
                self._move_back()
            else:
                self._set_full(False)
            return
        self._from_tab = self.window_ is None
        if self.window_ is None:
            self._move_out()
        self._set_full(True)

    def _set_full(self, on: bool) -> None:
        assert self.window_ is not None
        self.console.set_full(on)
        if on:
            self.window_.showFullScreen()
        else:
            self.window_.showNormal()
        self.console.setFocus()

    def _move_out(self) -> None:
        self._box.removeWidget(self.console)
        window = ConsoleWindow(self.console, self._title(), icon("monitor"))
        window.closed.connect(self._move_back)
        window.full_wanted.connect(self._on_full)
        screen = self.screen()
        if screen is not None:
            window.move(screen.availableGeometry().center() - window.rect().center())
        self.window_ = window
        self.console.set_own_window(True)
        self._card.show_words(
            Words(
                "elsewhere",
                "dock-window",
                tr("The screen is in a window of its own."),
                actions=((tr("Bring it back"), self._move_back), (tr("Show the window"), self._raise)),
            )
        )
        window.show()
        self.console.setFocus()

    def _move_back(self) -> None:
        window, self.window_ = self.window_, None
        if window is None or self.console is None:
            return
        self._from_tab = False
        self.console.set_full(False)
        self.console.set_own_window(False)
        self._box.addWidget(self.console)
        self.console.show()
        self._card.show_words(None)
        window.hide()
        window.deleteLater()

    def _raise(self) -> None:
        if self.window_ is not None:
            self.window_.setWindowState(self.window_.windowState() & ~Qt.WindowState.WindowMinimized)
            self.window_.raise_()
            self.window_.activateWindow()

    def showEvent(self, event: QShowEvent) -> None:
        self.open()
        super().showEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._card.isHidden():
            self._card.place()


class _Closer:
    """Closes the window when the page behind it is gone; a method of the page would not be called any more."""

    def __init__(self, place: ConsolePlace) -> None:
        self._place = place

    def close(self) -> None:
        window, self._place.window_ = self._place.window_, None
        if window is not None:
            window.hide()
            window.deleteLater()
