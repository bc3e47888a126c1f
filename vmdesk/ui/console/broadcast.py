"""The strip that is seen while keys go to many machines. It has the keyboard; without it nothing is sent."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from vmdesk.core.broadcast import Broadcast
from vmdesk.core.settings import Settings
from vmdesk.model.text import tr, trn
from vmdesk.ui import theme
from vmdesk.ui.console.keyboard import Keyboard
from vmdesk.ui.console.send_keys import written
from vmdesk.ui.console.tile import faded
from vmdesk.ui.icons import icon, tinted
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID, warning_color

CHORDS = ("esc", "ctrl-alt-delete", "ctrl-c", "meta", "alt-f4", "ctrl-alt-f1", "ctrl-alt-f2")
_NAMED = 5  # machines that are called by name


class BroadcastStrip(QWidget):
    """stopped: the person ended it. wanted(names): a combination was chosen from the menu."""

    stopped = Signal()
    wanted = Signal(str)

    def __init__(self, broadcast: Broadcast, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._broadcast = broadcast
        self.keyboard = Keyboard(broadcast.key, self.stopped.emit)
        self.setObjectName("broadcast-strip")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self._sign = QLabel(self)
        self.words = PlainLabel(parent=self)
        self.words.setObjectName("broadcast-words")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.hint = PlainLabel(parent=self)
        self.hint.setFont(theme.caption_font(self.font()))
        self.chords = QToolButton(self)
        self.chords.setObjectName("broadcast-chords")
        self.chords.setText(tr("Send keys"))
        self.chords.setAccessibleName(tr("Send keys"))
        self.chords.setAutoRaise(True)
        self.chords.setIcon(icon("keyboard-outline"))
        self.chords.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.chords.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.chords.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.chords)
        for names in CHORDS:
            action = menu.addAction(written(names))
            action.setObjectName(f"broadcast-{names}")
            action.triggered.connect(lambda _checked=False, names=names: self.wanted.emit(names))
        self.chords.setMenu(menu)
        self.stop = QPushButton(tr("Stop sending"), self)
        self.stop.setObjectName("broadcast-stop")
        self.stop.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.stop.clicked.connect(self.stopped)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID, GRID // 2, 2 * GRID, GRID // 2)
        row.setSpacing(GRID)
        row.addWidget(self._sign)
        row.addWidget(self.words, 1)
        for widget in (self.hint, self.chords, self.stop):
            row.addWidget(widget)
        self.hide()

    def configure(self, settings: Settings) -> None:
        self.keyboard.configure(settings.release_keys, settings.passed_keys)
        self.hint.setText(tr("Esc or {keys} ends it.", keys=written(settings.release_keys)))

    def show_targets(self, names: Sequence[str], reached: int) -> None:
        """Called again when their number changes."""
        shown = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
        said = trn(
            "Every key goes to {n} machine: {names}", "Every key goes to {n} machines: {names}", len(names), names=shown
        )
        if reached < len(names):
            missing = len(names) - reached
            said += " · " + trn("{n} of them takes no keys now", "{n} of them take no keys now", missing)
        self.words.setText(said)
        self.words.setToolTip("\n".join(names))
        self.setAccessibleName(said)
        self.setAccessibleDescription(self.hint.text())
        size = 18
        self._sign.setPixmap(tinted("keyboard", warning_color(self.palette()), size, self.devicePixelRatioF()))
        self._sign.setFixedSize(QSize(size, size))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Window))
        warning = warning_color(self.palette())
        painter.fillRect(self.rect(), faded(warning, 48))
        painter.fillRect(0, 0, self.width(), 2, warning)
        painter.fillRect(0, self.height() - 2, self.width(), 2, warning)
        painter.end()

    # ---------------------------------------------------------------- keys

    def event(self, event: QEvent) -> bool:
        """Tab and shortcuts are the guests', too."""
        if isinstance(event, QKeyEvent) and self._broadcast.on and self._on_key(event):
            event.accept()
            return True
        return super().event(event)

    def _on_key(self, event: QKeyEvent) -> bool:
        kind = event.type()
        ends = event.key() == Qt.Key.Key_Escape and not event.modifiers()
        if kind == QEvent.Type.ShortcutOverride:
            return not self.keyboard.passes(event)
        if kind == QEvent.Type.KeyPress:
            if ends:
                self.stopped.emit()
                return True
            return not self.keyboard.passes(event) and self.keyboard.press(event)
        if kind == QEvent.Type.KeyRelease:
            return ends or self.keyboard.release(event)
        return False

    def focusNextPrevChild(self, forward: bool) -> bool:
        return False if self._broadcast.on else super().focusNextPrevChild(forward)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Whoever types elsewhere would not expect it to go on; its own menu is not elsewhere."""
        super().focusOutEvent(event)
        self.keyboard.let_go()
        if self._broadcast.on and event.reason() != Qt.FocusReason.PopupFocusReason:
            self.stopped.emit()

    def let_go(self) -> None:
        self.keyboard.let_go()
