"""The row of buttons under the menu bar."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.actions import Actions

_DOMAIN = ("domain.start", "domain.pause", "domain.resume", "domain.shutdown", "domain.open")
_HARDER = ("domain.reboot", "domain.reset", "domain.poweroff", "domain.save")  # behind the arrow of "Shut down"
_WINDOW = ("window.palette", "window.activity", "window.inspector")


def toolbar(actions: Actions, line: QWidget, parent: QWidget) -> QHBoxLayout:
    """What is done most often; `line`, the filter, is at the right."""
    row = QHBoxLayout()
    row.setContentsMargins(theme.GRID, theme.GRID * 3 // 4, theme.GRID, theme.GRID * 3 // 4)
    row.setSpacing(theme.GRID // 2)
    new = _button(actions, "window.new", parent, text_too=True)
    new.setText(tr("New"))
    row.addWidget(new)
    more = QMenu(parent)
    more.setToolTipsVisible(True)
    more.addActions([actions[command_id] for command_id in _HARDER])
    for command_id in _DOMAIN:
        button = _button(actions, command_id, parent, text_too=True)
        if command_id == "domain.shutdown":
            button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
            button.setMenu(more)
        row.addWidget(button)
    row.addStretch(1)
    row.addWidget(line)
    for command_id in _WINDOW:
        row.addWidget(_button(actions, command_id, parent))
    return row


def _button(actions: Actions, command_id: str, parent: QWidget, text_too: bool = False) -> QToolButton:
    button = QToolButton(parent)
    button.setObjectName(f"tool-{command_id}")
    button.setDefaultAction(actions[command_id])
    button.setAutoRaise(True)
    button.setIconSize(QSize(20, 20))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(actions[command_id].text())
    if text_too:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
