"""A screen with all that is said about it. Connected from when it is first seen until it is closed."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage, QPainter, QPaintEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from vmdesk.console.screen import Backend, Cursor, Rect, Surface
from vmdesk.core.screen import Screen
from vmdesk.core.screen_state import EXCLUSIVE, Phase, Status
from vmdesk.core.screens import Screens
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, tr
from vmdesk.ui.console.card import Card, Strip
from vmdesk.ui.console.rates import Speed
from vmdesk.ui.console.transform import Mode
from vmdesk.ui.console.view import ConsoleView
from vmdesk.ui.console.words import Deeds, words_of
from vmdesk.ui.theme import GRID

PATIENCE = 400  # ms before "Connecting" is said: most connections are there sooner


class ConsolePane(QWidget):
    """The view, with a card over it where there is no picture and a strip where there is more to say.

    changed      the status or the size of the picture is another
    captured     keys go to the guest, or no longer do
    left         the person took the keyboard back
    """

    changed = Signal()
    captured = Signal(bool)
    left = Signal()
    copied = Signal(str)  # the guest's clipboard

    def __init__(self, screens: Screens, key: DomainKey, deeds: Deeds, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._screens, self._key, self._deeds = screens, key, deeds
        self._wish, self._head = "", 0
        self._shown = False
        self._dark = False
        self._domain: Domain | None = None
        self._why_not_start: Text | None = None
        self._ears = _Ears(self)
        self.screen_status = Status()
        self.view = ConsoleView(self._inputs)
        self.view.captured.connect(self.captured)
        self.view.left.connect(self.left)
        self.view.dark.connect(self._on_dark)
        self.area = QScrollArea(self)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setBackgroundRole(QPalette.ColorRole.Base)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.area.setWidget(self.view)
        self.strip = Strip(self)
        self.card = Card(self.area)
        self.speed = _Speed(self.area)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE)
        self._patience.timeout.connect(self._show_words)
        self._every = QTimer(self)
        self._every.setInterval(500)
        self._every.timeout.connect(self._show_speed)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.strip)
        box.addWidget(self.area, 1)
        self.setFocusProxy(self.view)
        self.destroyed.connect(self._ears.let_go)  # a method of ours would not be called any more

    # ---------------------------------------------------------------- what it shows

    @property
    def wish(self) -> str:
        return self._wish

    @property
    def screen_held(self) -> Screen | None:
        return self._ears.screen

    @property
    def is_seen(self) -> bool:
        return self._shown

    @property
    def backend(self) -> Backend | None:
        return self._ears.screen.backend if self._ears.screen else None

    @property
    def size_shown(self) -> tuple[int, int] | None:
        transform = self.view.transform
        return (transform.guest_width, transform.guest_height) if transform else None

    @property
    def head(self) -> int:
        return self._head

    def choose(self, wish: str, head: int = 0) -> None:
        """Show it over another protocol ("" for the best), or another monitor."""
        if (wish, head) != (self._wish, self._head):
            self._wish, self._head = wish, head
            if self._ears.screen:
                self.close_screen()
                self._open()

    def set_mode(self, mode: Mode) -> None:
        self.view.set_mode(mode)

    def set_speed(self, on: bool) -> None:
        """Rates and delays in a corner."""
        self.speed.setVisible(on)
        if on and self._shown:
            self._every.start()
            self._show_speed()
        else:
            self._every.stop()

    def show_machine(self, domain: Domain | None, why_not_start: Text | None, texts: bool = False) -> None:
        """What the words say of it."""
        self._domain, self._why_not_start = domain, why_not_start
        self._deeds = replace(self._deeds, texts=texts)
        self._show_words()

    def close_screen(self) -> None:
        """Give the connection back."""
        self.view.picture(None)
        self._ears.let_go()

    def still(self) -> QImage:
        return self.view.still()

    def _open(self) -> None:
        screen = self._ears.screen = self._screens.hold(self._key, self._wish, self._head)
        screen.attach(self._ears)
        screen.hear(True)

    def _inputs(self) -> Backend | None:
        return self.backend if self.screen_status.phase is Phase.LIVE else None

    def show_status(self, status: Status) -> None:
        self.screen_status = status
        if status.phase is Phase.CONNECTING:
            self._patience.start()
        else:
            self._patience.stop()
            self._show_words()
        self.changed.emit()
        self.captured.emit(self.view.capturing)

    def show_picture(self, surface: Surface | None) -> None:
        self.view.picture(surface)
        self._show_words()
        self.changed.emit()

    # ---------------------------------------------------------------- words

    @property
    def _shared(self) -> str:
        """The protocol of a way in that throws nobody out; "" there is none."""
        doors = self._ears.screen.found.doors if self._ears.screen else ()
        return next((door.kind for door in doors if door.kind not in EXCLUSIVE), "")

    def _show_words(self) -> None:
        status = self.screen_status
        words = words_of(status, self._domain, self._why_not_start, self._deeds, self._shared)
        if words is not None and words.kind == "connecting" and self._patience.isActive():
            if self.card.kind != "connecting":
                self.card.show_words(None)
        else:
            self.card.show_words(words)
        if status.phase is Phase.LIVE and status.taken:
            said = tr("Another viewer took this display; it goes on over a shared one.")
            self.strip.show_words(said, "account", (tr("Take back"), self._deeds.take_back))
        elif status.phase is Phase.LIVE and self._dark:
            self.strip.show_words(
                tr("The screen is black. The guest may have switched it off: press a key."), "monitor"
            )
        else:
            self.strip.show_words("")

    def _on_dark(self, dark: bool) -> None:
        self._dark = dark
        self._show_words()

    def _show_speed(self) -> None:
        self.speed.show_text(self.view.rates.speed())

    # ---------------------------------------------------------------- the widget

    def _see(self, shown: bool) -> None:
        if shown == self._shown:
            return
        self._shown = shown
        if shown and not self._ears.screen:
            self._open()
        elif self._ears.screen:
            self._ears.screen.look()
        if shown and not self.speed.isHidden():
            self._every.start()
        else:
            self._every.stop()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._see(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._see(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return done

    def _place(self) -> None:
        if not self.card.isHidden():
            self.card.place()
        self.speed.move(self.area.width() - self.speed.width() - GRID, GRID)


class _Ears:
    """What a screen tells its watchers, handed to a pane as long as it lives."""

    def __init__(self, pane: ConsolePane) -> None:
        self.screen: Screen | None = None
        self._pane: ConsolePane | None = pane

    def let_go(self) -> None:
        screen, self.screen = self.screen, None
        if screen is not None:
            pane, self._pane = self._pane, None
            screen.detach(self)
            screen.hear(False)
            self._pane = pane
            screen.release()

    @property
    def seen(self) -> bool:
        return self._pane is not None and self._pane.is_seen

    def status(self, status: Status) -> None:
        if self._pane:
            self._pane.show_status(status)

    def picture(self, surface: Surface | None) -> None:
        if self._pane:
            self._pane.show_picture(surface)

    def damaged(self, rects: tuple[Rect, ...], since: float) -> None:
        if self._pane:
            self._pane.view.damaged(rects, since)

    def cursor(self, cursor: Cursor | None) -> None:
        if self._pane:
            self._pane.view.cursor_shape(cursor)

    def pointer_mode(self, absolute: bool) -> None:
        if self._pane:
            self._pane.view.pointer_mode(absolute)

    def leds(self, leds: int) -> None:
        """The lights of the host's keyboard are the desktop's."""

    def clipboard(self, text: str) -> None:
        if self._pane:
            self._pane.copied.emit(text)

    def bell(self) -> None:
        """A guest that beeps is not worth a noise here."""

    def ended(self, problem: Problem | None) -> None:
        """The screen's status tells."""


class _Speed(QLabel):
    """Numbers in the corner."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("console-speed")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setMargin(GRID)
        self.resize(QSize(24 * GRID, 8 * GRID))
        self.hide()

    def show_text(self, speed: Speed) -> None:
        lines = [
            tr("{n} pictures a second", n=f"{speed.frames:.0f}"),
            tr("{n} ms from change to paint", n=f"{speed.paint:.1f}"),
            tr("{n} ms from key to picture", n=f"{speed.key:.0f}") if speed.key else "",
        ]
        self.setText("\n".join(line for line in lines if line))
        self.adjustSize()
        around = self.parentWidget()
        assert around is not None
        self.move(around.width() - self.width() - GRID, GRID)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setOpacity(0.85)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
        painter.end()
        super().paintEvent(event)
