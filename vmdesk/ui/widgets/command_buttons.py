"""Commands of one machine as buttons: always the same ones in the same place, off with their reason."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QToolButton, QWidget

from vmdesk.core.command import Command, reason
from vmdesk.core.commands.domain import BY_ID, COMMANDS
from vmdesk.model.domain import Domain, State
from vmdesk.model.host import Host
from vmdesk.model.text import Text, tr
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.flow import Flow
from vmdesk.ui.widgets.tool_button import ToolButton

Run = Callable[[str], None]
# Pause and Resume, Start and Restore share a place: one of the two makes sense at a time.
SHOWN: tuple[tuple[str, ...], ...] = (
    ("domain.start", "domain.restore"),
    ("domain.pause", "domain.resume"),
    ("domain.shutdown",),
    ("domain.reboot",),
    ("domain.poweroff",),
)
NOT_IN_MENU = ("domain.open",)


class CommandButtons(QWidget):
    """`run(command id)` is called by a click."""

    def __init__(self, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = run
        self._flow = Flow(self, GRID)
        self._buttons: list[QToolButton] = []
        self._commands: list[Command] = []
        for place, ids in enumerate(SHOWN):
            button = ToolButton()
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(18, 18))
            button.setMinimumHeight(4 * GRID)
            button.clicked.connect(lambda _=False, place=place: self._run(self._commands[place].id))
            self._buttons.append(button)
            self._commands.append(BY_ID[ids[0]])
            self._flow.addWidget(button)
        self._more = QPushButton()
        self._more.setText(tr("More"))
        self._more.setObjectName("more")
        self._more.setAccessibleName(tr("More commands"))
        self._more.setMinimumHeight(4 * GRID)
        self._menu = QMenu(self._more)
        self._menu.setToolTipsVisible(True)
        self._more.setMenu(self._menu)
        self._actions: dict[str, QAction] = {}
        shown = {one for ids in SHOWN for one in ids}
        for command in COMMANDS:
            if command.id in shown or command.id in NOT_IN_MENU:
                continue
            action = self._menu.addAction(icon(command.icon), str(command.text))
            action.triggered.connect(lambda _=False, name=command.id: self._run(name))
            self._actions[command.id] = action
            if command.id in ("domain.discard-save", "domain.no-autostart", "domain.labels", "domain.ssh"):
                self._menu.addSeparator()
        self._flow.addWidget(self._more)

    def show_machine(self, domain: Domain, host: Host | None, shortcuts: Callable[[str], str] = lambda _: "") -> None:
        """What can be done with it now."""
        for place, ids in enumerate(SHOWN):
            command = _fitting([BY_ID[one] for one in ids], domain, host)
            self._commands[place] = command
            button = self._buttons[place]
            why = reason(command, domain, host)
            button.setObjectName(command.id)
            button.setText(str(command.text))
            button.setIcon(icon(command.icon))
            button.setAccessibleName(str(command.text))
            button.setEnabled(why is None)
            tip = _tip(command, why, shortcuts(command.id))
            button.setToolTip(plain_tip(tip))
            button.setAccessibleDescription(tip)
        for name, action in self._actions.items():
            why = reason(BY_ID[name], domain, host)
            action.setEnabled(why is None)
            action.setToolTip(plain_tip(_tip(BY_ID[name], why, shortcuts(name))))

    def button(self, command_id: str) -> QToolButton | None:
        """The button that stands for a command now."""
        return next((b for b, c in zip(self._buttons, self._commands, strict=True) if c.id == command_id), None)


def _fitting(commands: Sequence[Command], domain: Domain, host: Host | None) -> Command:
    """The one of a place that can run; if none can, the one that fits the state."""
    able = [command for command in reversed(commands) if reason(command, domain, host) is None]
    if able:
        return able[0]
    by_id = {command.id: command for command in commands}
    if domain.state in (State.PAUSED, State.PMSUSPENDED) and "domain.resume" in by_id:
        return by_id["domain.resume"]
    return commands[0]


def _tip(command: Command, why: Text | None, shortcut: str) -> str:
    if why is not None:
        return str(why)
    return f"{command.text} ({shortcut})" if shortcut else str(command.text)
