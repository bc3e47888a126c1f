"""Flat buttons with a picture: what they say stands beside it or is their tip, and is always read out."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolButton, QWidget

from vmdesk.ui.icons import icon


def icon_button(
    picture: str,
    said: str,
    act: Callable[[], object] | None = None,
    parent: QWidget | None = None,
    name: str = "",
    words: bool = False,
) -> QToolButton:
    """`words`: what it says stands beside the picture. `name` is the object's, for tests and styles."""
    button = QToolButton(parent)
    button.setObjectName(name)
    button.setIcon(icon(picture))
    button.setText(said)
    button.setToolTip(said)
    button.setAccessibleName(said)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if words:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    if act is not None:
        button.clicked.connect(lambda _checked=False: act())
    return button


def action_button(action: QAction, name: str, size: int = 20, parent: QWidget | None = None) -> QToolButton:
    """A command of a page with its words beside it; `size` of the picture in pixels."""
    button = QToolButton(parent)
    button.setObjectName(name)
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setIconSize(QSize(size, size))
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(action.text().rstrip("…"))
    return button
