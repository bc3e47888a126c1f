"""A console in a window of its own, or over the whole screen."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QIcon, QKeySequence, QMouseEvent, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vmdesk.ui.console.bar import ConsoleBar
from vmdesk.ui.theme import GRID

STAYS = 1500  # ms that the bar stays after the pointer left it
_EDGE = 2  # pixels at the top where it comes out


class ConsoleWindow(QWidget):
    """Holds one console. closed: the console is to go back to where it came from; `content` is it."""

    closed = Signal()
    full_wanted = Signal()  # F11

    def __init__(self, content: QWidget, title: str, icon: QIcon) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.content = content
        self.setObjectName("console-window-own")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.show_title(title)
        self.setWindowIcon(icon)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(content)
        content.show()
        self.resize(QSize(130 * GRID, 100 * GRID))
        QShortcut(QKeySequence(Qt.Key.Key_F11), self).activated.connect(self.full_wanted)

    def show_title(self, title: str) -> None:
        self.setWindowTitle(f"{title} – VMDesk")

    def closeEvent(self, event: QCloseEvent) -> None:
        event.accept()
        self.closed.emit()


class FullBar(QObject):
    """Over a full screen the bar hides; a pointer at the upper edge, or taking the keyboard back, fetches it."""

    def __init__(self, bar: ConsoleBar, view: QWidget, around: QWidget) -> None:
        super().__init__(around)
        self._bar, self._view, self._around = bar, view, around
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(STAYS)
        self._timer.timeout.connect(self._hide)
        bar.setAutoFillBackground(True)
        bar.hide()
        view.installEventFilter(self)
        around.installEventFilter(self)

    def show(self) -> None:
        self._bar.setGeometry(0, 0, self._around.width(), self._bar.sizeHint().height())
        self._bar.show()
        self._bar.raise_()
        self._timer.start()

    def end(self) -> None:
        self._timer.stop()
        self._view.removeEventFilter(self)
        self._around.removeEventFilter(self)
        self._bar.setAutoFillBackground(False)
        self._bar.show()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            if self._view.mapTo(self._around, event.position().toPoint()).y() <= _EDGE:
                self.show()
        elif event.type() == QEvent.Type.Resize and watched is self._around and not self._bar.isHidden():
            self.show()
        return False

    def _hide(self) -> None:
        if self._bar.underMouse() or self._bar.isAncestorOf(self._around.focusWidget() or self._view):
            self._timer.start()
        else:
            self._bar.hide()
