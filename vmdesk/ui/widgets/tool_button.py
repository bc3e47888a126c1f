"""Flat buttons with a picture: what they say stands beside it or is their tip, and is always read out."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QAction, QIcon, QKeySequence, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QStyle, QStyleOptionToolButton, QStylePainter, QToolButton, QWidget

from vmdesk.ui.icons import icon
from vmdesk.ui.theme import GRID

_BETWEEN = 4  # pixels that Qt leaves between the picture and the words
_ARROW = 8  # pixels


class ToolButton(QToolButton):
    """Picture and words in its middle, and the arrow of a menu on their line: Qt has them at the left, and the arrow in
    the lower corner.
    """

    def paintEvent(self, event: QPaintEvent) -> None:
        beside = self.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        if self.popupMode() is self.ToolButtonPopupMode.MenuButtonPopup and self.menu() is not None:
            super().paintEvent(event)  # two buttons in one
            return
        painter, option = QStylePainter(self), QStyleOptionToolButton()
        self.initStyleOption(option)
        words, picture, whole = option.text, QIcon(option.icon), QRect(option.rect)  # copies: Qt lends its own
        features = QStyleOptionToolButton.ToolButtonFeature
        arrow = bool(option.features & features.HasMenu)
        option.features &= ~features.HasMenu
        option.text, option.icon = "", QIcon()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        option.text, option.icon = words, picture
        inner = whole.adjusted(0, 0, -_ARROW - _BETWEEN if arrow else 0, 0)
        used = inner.width()
        if beside:
            wide = option.fontMetrics.size(Qt.TextFlag.TextShowMnemonic, words).width()
            used = option.iconSize.width() + _BETWEEN + wide
            inner = inner.adjusted(max(0, (inner.width() - used) // 2), 0, 0, 0)
        option.rect = inner
        painter.drawControl(QStyle.ControlElement.CE_ToolButtonLabel, option)
        if arrow:
            left = min(inner.left() + used + _BETWEEN // 2, whole.right() - _ARROW)
            option.rect = QRect(left, whole.center().y() - _ARROW // 2 + 1, _ARROW, _ARROW)
            painter.drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorArrowDown, option)
        painter.end()


def icon_button(
    picture: str,
    said: str,
    act: Callable[[], object] | None = None,
    parent: QWidget | None = None,
    name: str = "",
    words: bool = False,
) -> QToolButton:
    """`words`: what it says stands beside the picture. `name` is the object's, for tests and styles."""
    button = ToolButton(parent)
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
    button = ToolButton(parent)
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
