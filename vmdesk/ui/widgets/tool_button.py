"""Flat buttons with a picture: what they say stands beside it or is their tip, and is always read out."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from vmdesk.ui.icons import icon
from vmdesk.ui.theme import GRID


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
    button.setAccessibleName(action.text())
    return button


def page_action(owner: QWidget, name: str, words: str, picture: str, keys: str, do: Callable[[], object]) -> QAction:
    """A command of a page's own, for its bar and its menu."""
    action = QAction(icon(picture), words, owner)
    action.setIconText(words)
    action.setObjectName(name)
    if keys:
        action.setShortcut(QKeySequence(keys))
    action.triggered.connect(lambda _checked=False: do())
    return action


def action_bar(page: str, actions: Iterable[QAction], at_the_end: QWidget | None = None) -> QHBoxLayout:
    """The page's commands in a row; buttons are called `page-action`."""
    row = QHBoxLayout()
    row.setSpacing(GRID // 2)
    for action in actions:
        row.addWidget(action_button(action, f"{page}-{action.objectName()}"))
    row.addStretch(1)
    if at_the_end is not None:
        row.addWidget(at_the_end)
    return row
