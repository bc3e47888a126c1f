"""The tray icon: there only while the window is hidden."""

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from vmdesk.model.text import tr
from vmdesk.ui.icons import icon


class Tray(QObject):
    """`show` and `leave` are what its menu does."""

    def __init__(self, show: Callable[[], None], leave: Callable[[], None]) -> None:
        super().__init__()
        self._show = show
        self._leave = leave
        self._icon: QSystemTrayIcon | None = None
        self._menu: QMenu | None = None

    @property
    def icon(self) -> QSystemTrayIcon | None:
        return self._icon

    @staticmethod
    def there() -> bool:
        """Whether the desktop has a tray."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def enter(self) -> None:
        """Show the icon."""
        self._menu = QMenu()  # in the language of now
        self._menu.addAction(tr("Show VMDesk"), self._show)
        self._menu.addAction(tr("Quit"), self._leave)
        if self._icon is None:
            self._icon = QSystemTrayIcon(icon("machine"), self)
            self._icon.setToolTip("VMDesk")
            self._icon.activated.connect(lambda _why: self._show())
        self._icon.setContextMenu(self._menu)
        self._icon.show()

    def go(self) -> None:
        """Hide the icon."""
        if self._icon is not None:
            self._icon.hide()
