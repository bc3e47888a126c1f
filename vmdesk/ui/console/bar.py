"""The console's buttons, and the line under the screen. What they do is told by whoever builds them."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLayout, QMenu, QSizePolicy, QToolButton, QWidget

from vmdesk.model.text import Text, text, tr
from vmdesk.ui import theme
from vmdesk.ui.console.transform import Mode
from vmdesk.ui.icons import icon
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.tool_button import icon_button

MODES: tuple[tuple[Mode, Text, str, Text], ...] = (
    (Mode.FIT, text("Fit"), "fit-to-screen-outline", text("The whole screen, as large as the window allows")),
    (Mode.ONE, text("1:1"), "aspect-ratio", text("A pixel is a pixel; what does not fit is scrolled")),
    (Mode.GUEST, text("Resize the guest"), "resize", text("The guest is asked for a screen as large as the window")),
)


class ConsoleBar(QWidget):
    """A button an attribute; those with a menu have it in `menu_of`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("console-bar")
        self.display = _menu("console-display", "monitor", tr("Display"))
        self.display.setToolTip(tr("Which screen is shown, and how it is reached"))
        self.mode = _menu("console-mode", "fit-to-screen-outline", tr("Fit"))
        self.mode.setToolTip(tr("How the screen is put into the window"))
        self.modes = self._make_modes()
        self.keys = _menu("console-keys", "keyboard-outline", tr("Send keys"))
        self.keys.setToolTip(tr("Key combinations for the guest"))
        self.type = _tool("console-type", "form-textbox", tr("Type the clipboard"))
        self.type.setToolTip(tr("Types the text on the clipboard as keys: works without anything in the guest"))
        self.clipboard = _menu("console-clipboard", "clipboard-off-outline", "")
        shared = menu_of(self.clipboard)
        self.to_guest = _switch(shared, "console-clipboard-to", tr("From this desktop to the guest"))
        self.from_guest = _switch(shared, "console-clipboard-from", tr("From the guest to this desktop"))
        shared.addSeparator()
        self.clipboard_note = shared.addAction("")
        self.clipboard_note.setEnabled(False)
        self.sound = _menu("console-sound", "volume-high", tr("Sound"))
        self.share = _menu("console-share", "folder", tr("Share"))
        self.share.setToolTip(tr("Files, USB devices and folders; what the machine's definition allows"))
        self.view_only = _tool("console-view-only", "eye", tr("View only"))
        self.view_only.setCheckable(True)
        self.view_only.setToolTip(tr("Look only: no key and no click goes to the guest"))
        self.shot = _menu("console-shot", "camera-outline", tr("Screenshot"))
        self.shot.setToolTip(tr("A picture of the guest's screen"))
        self.shot_file = menu_of(self.shot).addAction(icon("save"), tr("Save as a file…"))
        self.shot_file.setObjectName("console-shot-file")
        self.shot_copy = menu_of(self.shot).addAction(icon("copy"), tr("Copy to the clipboard"))
        self.shot_copy.setObjectName("console-shot-copy")
        self.record = _tool("console-record", "record", tr("Record"), words=False)
        self.record.setCheckable(True)
        self.speed = _tool("console-speed", "speedometer", tr("Speed"), words=False)
        self.speed.setCheckable(True)
        self.own = _tool("console-window", "dock-window", tr("Own window"), words=False)
        self.full = _tool("console-full", "fullscreen", tr("Full screen"), words=False)
        # What makes no sense for a text console.
        self.for_screens: tuple[QWidget, ...] = (
            self.mode,
            self.keys,
            self.type,
            self.clipboard,
            self.share,
            self.view_only,
            self.shot,
            self.record,
            self.speed,
        )
        # Where it is narrow these lose their words, the first one first.
        self._worded = (
            self.type,
            self.shot,
            self.share,
            self.view_only,
            self.keys,
            self.sound,
            self.mode,
            self.display,
            self.clipboard,
        )
        self._fitted: tuple[object, ...] = ()
        self._tips: dict[QToolButton, str] = {}  # what each says while it is on
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        row.setSpacing(GRID // 2)
        row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        for button in (self.display, self.mode, self.keys, self.type, self.clipboard, self.sound, self.share):
            row.addWidget(button)
        for button in (self.view_only, self.shot, self.record):
            row.addWidget(button)
        row.addStretch(1)
        for button in (self.speed, self.own, self.full):
            row.addWidget(button)

    def minimumSizeHint(self) -> QSize:
        """All buttons without words."""
        buttons = [one for one in self.findChildren(QToolButton) if not one.isHidden()]
        icons = self.full.sizeHint()
        return QSize(len(buttons) * (icons.width() + GRID) + 2 * GRID, icons.height() + GRID)

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._fit()
        return done

    def _fit(self) -> None:
        """As many words as there is room for."""
        state = (self.width(), *((one.text(), one.isHidden()) for one in (*self._worded, self.record)))
        layout = self.layout()
        if state == self._fitted or layout is None:
            return
        self._fitted = state
        for button in self._worded:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for button in self._worded:
            layout.invalidate()
            if layout.sizeHint().width() <= self.width():
                break
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)

    def _make_modes(self) -> QActionGroup:
        group = QActionGroup(self)
        for mode, name, picture, hint in MODES:
            action = menu_of(self.mode).addAction(icon(picture), str(name))
            action.setObjectName(f"console-mode-{mode.value}")
            action.setCheckable(True)
            action.setToolTip(str(hint))
            action.setData(mode)
            group.addAction(action)
        return group

    def allow(self, button: QToolButton, why_not: Text | None) -> None:
        """On, or off with the reason in its tip."""
        usual = self._tips.setdefault(button, button.toolTip())
        button.setEnabled(why_not is None)
        button.setToolTip(str(why_not) if why_not else usual)
        button.setAccessibleDescription(str(why_not or ""))

    def show_mode(self, mode: Mode) -> None:
        for one, name, picture, _hint in MODES:
            if one is mode:
                self.mode.setText(str(name))
                self.mode.setIcon(icon(picture))
                self.mode.setAccessibleName(tr("Size: {mode}", mode=name))
        for action in self.modes.actions():
            action.setChecked(action.data() is mode)

    def show_full(self, on: bool) -> None:
        said = tr("Leave the full screen") if on else tr("Full screen")
        self.full.setIcon(icon("fullscreen-exit" if on else "fullscreen"))
        self.full.setToolTip(said)
        self.full.setAccessibleName(said)

    def show_own(self, on: bool) -> None:
        said = tr("Back to the tab") if on else tr("Own window")
        self.own.setToolTip(said)
        self.own.setAccessibleName(said)

    def show_clipboard(self, words: str, picture: str, tip: str, note: str) -> None:
        self.clipboard.setText(words)
        self.clipboard.setAccessibleName(words)
        self.clipboard.setToolTip(tip)
        self.clipboard.setIcon(icon(picture))
        self.clipboard_note.setText(note)


class ConsoleFoot(QWidget):
    """Who has the keyboard, and what the screen is shown over."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("console-foot")
        self._sign = QLabel(self)
        self.keys = QLabel(self)
        self.keys.setObjectName("console-captured")
        self.over = QLabel(self)
        self.over.setObjectName("console-over")
        self.over.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.over.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.over.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.over.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._words = ""
        for label in (self.keys, self.over):
            label.setFont(theme.caption_font(self.font()))
            label.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        row.setSpacing(GRID)
        row.addWidget(self._sign)
        row.addWidget(self.keys)
        row.addWidget(self.over, 1)

    def show_keys(self, words: str, captured: bool) -> None:
        role = QPalette.ColorRole.Accent if captured else QPalette.ColorRole.PlaceholderText
        self._sign.setPixmap(icon("keyboard" if captured else "keyboard-outline", role).pixmap(QSize(16, 16)))
        self._sign.setVisible(bool(words))
        self.keys.setText(words)
        self.keys.setForegroundRole(QPalette.ColorRole.WindowText if captured else role)

    def show_over(self, words: str) -> None:
        self._words = words
        self.over.setToolTip(words)
        self._elide()

    def _elide(self) -> None:
        self.over.setText(
            self.over.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, self.over.width())
        )

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._elide()
        return done


def menu_of(button: QToolButton) -> QMenu:
    menu = button.menu()
    assert isinstance(menu, QMenu)
    return menu


def _tool(name: str, picture: str, said: str, words: bool = True) -> QToolButton:
    button = icon_button(picture, said, name=name, words=words)
    button.setIconSize(QSize(18, 18))
    return button


def _menu(name: str, picture: str, said: str) -> QToolButton:
    button = _tool(name, picture, said)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    menu = QMenu(button)
    menu.setObjectName(f"{name}-menu")
    menu.setToolTipsVisible(True)
    button.setMenu(menu)
    return button


def _switch(menu: QMenu, name: str, said: str) -> QAction:
    action = menu.addAction(said)
    action.setObjectName(name)
    action.setCheckable(True)
    return action
